"""nnrun trains Keras networks that are described in one YAML file."""

__version__ = "0.1.0"
