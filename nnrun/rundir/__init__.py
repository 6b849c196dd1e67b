"""The run directory: how it is written, read back and found."""
