"""Tables in files: strict reading, and what their cells and columns are."""
