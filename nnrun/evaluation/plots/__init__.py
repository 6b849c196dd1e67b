"""Pictures of a run: one module per kind, each a function from values to PNG bytes."""
