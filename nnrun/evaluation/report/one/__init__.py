"""The sections about one run: each module has a function `section`, and they are listed in `sections.py`."""
