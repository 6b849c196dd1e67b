"""Everything that is computed from a finished run."""
