"""What a network will see of its data: counts, columns, leaks, duplicates, examples. Without TensorFlow."""
