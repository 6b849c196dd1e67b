"""Reading the documentation, and what it should say."""
