"""What Keras offers: every public class with its arguments, read from a generated file. No TensorFlow."""
