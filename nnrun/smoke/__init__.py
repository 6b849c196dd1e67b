"""Proving a config end to end on a few batches: `nnrun smoke`."""
