"""Images: found in folders and archives, decoded in parallel, kept as an array in the cache."""
