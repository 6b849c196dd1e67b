"""Layers that augment, crop and resize images `(height, width, channels)`."""

from __future__ import annotations

from nnrun.config.shapes.effect import Arguments, Effect, NotKnownError, Shape, take


def augmented(arguments: Arguments, shape: Shape) -> Effect:  # noqa: ARG001
    """Random changes of an image leave its shape."""
    return Effect(_image(shape))


def resized(arguments: Arguments, shape: Shape) -> Effect:
    """The image becomes `(height, width, channels)` with the `height` and `width` of the layer."""
    return Effect((arguments.integer("height"), arguments.integer("width"), _image(shape)[-1]))


def _image(shape: Shape) -> Shape:
    # A batch of samples with two dimensions is taken for one image: Keras does not refuse that.
    if len(shape) == 2:
        raise NotKnownError("its input is not an image (height, width, channels)")
    return take(shape, 3)
