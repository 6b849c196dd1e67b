"""From YAML text to one frozen `Experiment`, with every problem located. Never imports TensorFlow."""
