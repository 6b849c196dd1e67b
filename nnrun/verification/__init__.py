"""`nnrun verify`: whether a run directory keeps every promise that was made about it."""
