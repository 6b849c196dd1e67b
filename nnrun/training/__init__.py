"""Building and training networks: the only package that imports TensorFlow."""
