"""Several runs beside each other: chosen, ordered, listed, and how they differ."""
