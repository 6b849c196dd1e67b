"""The layers whose effect is known without Keras, each with its function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from nnrun.config.shapes.convolution import convolution, depthwise, separable, transposed
from nnrun.config.shapes.dense import declared_input, dense, embedding
from nnrun.config.shapes.effect import Arguments, Effect, Shape
from nnrun.config.shapes.elementwise import prelu, spatial_dropout, unchanged
from nnrun.config.shapes.images import augmented, resized
from nnrun.config.shapes.normalization import (
    batch_normalization,
    group_normalization,
    layer_normalization,
    rms_normalization,
    unit_normalization,
)
from nnrun.config.shapes.pooling import global_pooling, pooling
from nnrun.config.shapes.recurrent import recurrent
from nnrun.config.shapes.reshaping import (
    cropping,
    flatten,
    permute,
    repeat_vector,
    reshape,
    up_sampling,
    zero_padding,
)

LayerFunction = Callable[[Arguments, Shape], Effect]

LAYERS: Mapping[str, LayerFunction] = {
    "Input": declared_input,
    "InputLayer": declared_input,
    "Dense": dense,
    "Embedding": embedding,
    "Conv1D": partial(convolution, rank=1),
    "Conv2D": partial(convolution, rank=2),
    "Conv3D": partial(convolution, rank=3),
    "Conv1DTranspose": partial(transposed, rank=1),
    "Conv2DTranspose": partial(transposed, rank=2),
    "Conv3DTranspose": partial(transposed, rank=3),
    "SeparableConv1D": partial(separable, rank=1),
    "SeparableConv2D": partial(separable, rank=2),
    "DepthwiseConv1D": partial(depthwise, rank=1),
    "DepthwiseConv2D": partial(depthwise, rank=2),
    "MaxPooling1D": partial(pooling, rank=1),
    "MaxPooling2D": partial(pooling, rank=2),
    "MaxPooling3D": partial(pooling, rank=3),
    "AveragePooling1D": partial(pooling, rank=1),
    "AveragePooling2D": partial(pooling, rank=2),
    "AveragePooling3D": partial(pooling, rank=3),
    "GlobalMaxPooling1D": partial(global_pooling, rank=1),
    "GlobalMaxPooling2D": partial(global_pooling, rank=2),
    "GlobalMaxPooling3D": partial(global_pooling, rank=3),
    "GlobalAveragePooling1D": partial(global_pooling, rank=1),
    "GlobalAveragePooling2D": partial(global_pooling, rank=2),
    "GlobalAveragePooling3D": partial(global_pooling, rank=3),
    "Flatten": flatten,
    "Reshape": reshape,
    "Permute": permute,
    "RepeatVector": repeat_vector,
    "ZeroPadding1D": partial(zero_padding, rank=1),
    "ZeroPadding2D": partial(zero_padding, rank=2),
    "ZeroPadding3D": partial(zero_padding, rank=3),
    "Cropping1D": partial(cropping, rank=1),
    "Cropping2D": partial(cropping, rank=2),
    "Cropping3D": partial(cropping, rank=3),
    "UpSampling1D": partial(up_sampling, rank=1),
    "UpSampling2D": partial(up_sampling, rank=2),
    "UpSampling3D": partial(up_sampling, rank=3),
    "SimpleRNN": partial(recurrent, gates=1),
    "GRU": partial(recurrent, gates=3),
    "LSTM": partial(recurrent, gates=4),
    "BatchNormalization": batch_normalization,
    "LayerNormalization": layer_normalization,
    "RMSNormalization": rms_normalization,
    "GroupNormalization": group_normalization,
    "UnitNormalization": unit_normalization,
    "Activation": unchanged,
    "ReLU": unchanged,
    "LeakyReLU": unchanged,
    "ELU": unchanged,
    "Softmax": unchanged,
    "PReLU": prelu,
    "Dropout": unchanged,
    "AlphaDropout": unchanged,
    "GaussianDropout": unchanged,
    "GaussianNoise": unchanged,
    "SpatialDropout1D": partial(spatial_dropout, rank=1),
    "SpatialDropout2D": partial(spatial_dropout, rank=2),
    "SpatialDropout3D": partial(spatial_dropout, rank=3),
    "ActivityRegularization": unchanged,
    "Masking": unchanged,
    "Identity": unchanged,
    "Rescaling": unchanged,
    "RandomBrightness": augmented,
    "RandomContrast": augmented,
    "RandomFlip": augmented,
    "RandomRotation": augmented,
    "RandomShear": augmented,
    "RandomTranslation": augmented,
    "RandomZoom": augmented,
    "RandomCrop": resized,
    "CenterCrop": resized,
    "Resizing": resized,
}
