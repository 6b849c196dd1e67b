"""The sections about several runs: each module has a function `section`, and they are listed in `sections.py`."""
