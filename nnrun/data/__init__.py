"""From a source to the arrays of each split, ready for the network. Never imports TensorFlow."""
