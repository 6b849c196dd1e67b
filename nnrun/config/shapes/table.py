"""The layers whose effect is known without Keras, each with its function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial
from importlib import import_module

from nnrun.config.shapes.effect import Arguments, Effect, Shape

LayerFunction = Callable[[Arguments, Shape], Effect]

LAYERS: Mapping[str, tuple[str, str, Mapping[str, int]]] = {
    "Input": ("dense", "declared_input", {}),
    "InputLayer": ("dense", "declared_input", {}),
    "Dense": ("dense", "dense", {}),
    "Embedding": ("dense", "embedding", {}),
    "Conv1D": ("convolution", "convolution", {"rank": 1}),
    "Conv2D": ("convolution", "convolution", {"rank": 2}),
    "Conv3D": ("convolution", "convolution", {"rank": 3}),
    "Conv1DTranspose": ("convolution", "transposed", {"rank": 1}),
    "Conv2DTranspose": ("convolution", "transposed", {"rank": 2}),
    "Conv3DTranspose": ("convolution", "transposed", {"rank": 3}),
    "SeparableConv1D": ("convolution", "separable", {"rank": 1}),
    "SeparableConv2D": ("convolution", "separable", {"rank": 2}),
    "DepthwiseConv1D": ("convolution", "depthwise", {"rank": 1}),
    "DepthwiseConv2D": ("convolution", "depthwise", {"rank": 2}),
    "MaxPooling1D": ("pooling", "pooling", {"rank": 1}),
    "MaxPooling2D": ("pooling", "pooling", {"rank": 2}),
    "MaxPooling3D": ("pooling", "pooling", {"rank": 3}),
    "AveragePooling1D": ("pooling", "pooling", {"rank": 1}),
    "AveragePooling2D": ("pooling", "pooling", {"rank": 2}),
    "AveragePooling3D": ("pooling", "pooling", {"rank": 3}),
    "GlobalMaxPooling1D": ("pooling", "global_pooling", {"rank": 1}),
    "GlobalMaxPooling2D": ("pooling", "global_pooling", {"rank": 2}),
    "GlobalMaxPooling3D": ("pooling", "global_pooling", {"rank": 3}),
    "GlobalAveragePooling1D": ("pooling", "global_pooling", {"rank": 1}),
    "GlobalAveragePooling2D": ("pooling", "global_pooling", {"rank": 2}),
    "GlobalAveragePooling3D": ("pooling", "global_pooling", {"rank": 3}),
    "Flatten": ("reshaping", "flatten", {}),
    "Reshape": ("reshaping", "reshape", {}),
    "Permute": ("reshaping", "permute", {}),
    "RepeatVector": ("reshaping", "repeat_vector", {}),
    "ZeroPadding1D": ("reshaping", "zero_padding", {"rank": 1}),
    "ZeroPadding2D": ("reshaping", "zero_padding", {"rank": 2}),
    "ZeroPadding3D": ("reshaping", "zero_padding", {"rank": 3}),
    "Cropping1D": ("reshaping", "cropping", {"rank": 1}),
    "Cropping2D": ("reshaping", "cropping", {"rank": 2}),
    "Cropping3D": ("reshaping", "cropping", {"rank": 3}),
    "UpSampling1D": ("reshaping", "up_sampling", {"rank": 1}),
    "UpSampling2D": ("reshaping", "up_sampling", {"rank": 2}),
    "UpSampling3D": ("reshaping", "up_sampling", {"rank": 3}),
    "SimpleRNN": ("recurrent", "recurrent", {"gates": 1}),
    "GRU": ("recurrent", "recurrent", {"gates": 3}),
    "LSTM": ("recurrent", "recurrent", {"gates": 4}),
    "BatchNormalization": ("normalization", "batch_normalization", {}),
    "LayerNormalization": ("normalization", "layer_normalization", {}),
    "RMSNormalization": ("normalization", "rms_normalization", {}),
    "GroupNormalization": ("normalization", "group_normalization", {}),
    "UnitNormalization": ("normalization", "unit_normalization", {}),
    "Activation": ("elementwise", "unchanged", {}),
    "ReLU": ("elementwise", "unchanged", {}),
    "LeakyReLU": ("elementwise", "unchanged", {}),
    "ELU": ("elementwise", "unchanged", {}),
    "Softmax": ("elementwise", "unchanged", {}),
    "PReLU": ("elementwise", "prelu", {}),
    "Dropout": ("elementwise", "unchanged", {}),
    "AlphaDropout": ("elementwise", "unchanged", {}),
    "GaussianDropout": ("elementwise", "unchanged", {}),
    "GaussianNoise": ("elementwise", "unchanged", {}),
    "SpatialDropout1D": ("elementwise", "spatial_dropout", {"rank": 1}),
    "SpatialDropout2D": ("elementwise", "spatial_dropout", {"rank": 2}),
    "SpatialDropout3D": ("elementwise", "spatial_dropout", {"rank": 3}),
    "ActivityRegularization": ("elementwise", "unchanged", {}),
    "Masking": ("elementwise", "unchanged", {}),
    "Identity": ("elementwise", "unchanged", {}),
    "Rescaling": ("elementwise", "unchanged", {}),
    "RandomBrightness": ("images", "augmented", {}),
    "RandomContrast": ("images", "augmented", {}),
    "RandomFlip": ("images", "augmented", {}),
    "RandomRotation": ("images", "augmented", {}),
    "RandomShear": ("images", "augmented", {}),
    "RandomTranslation": ("images", "augmented", {}),
    "RandomZoom": ("images", "augmented", {}),
    "RandomCrop": ("images", "resized", {}),
    "CenterCrop": ("images", "resized", {}),
    "Resizing": ("images", "resized", {}),
}
"""For each class the module here and the function in it, with what tells it from its relatives.

Modules are named and not imported: a config has layers of few families, and a check is quick.
"""


@cache
def function_of(name: str) -> LayerFunction | None:
    """Returns the function of a class of layers, or None where there is none."""
    if name not in LAYERS:
        return None
    module, function, options = LAYERS[name]
    return partial(getattr(import_module(f"{__package__}.{module}"), function), **options)
