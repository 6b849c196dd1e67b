"""Convolutions, their transposes, and the separable and depthwise ones; channels come last."""

from __future__ import annotations

from math import prod

from nnrun.config.shapes.effect import (
    Arguments,
    Effect,
    MisfitError,
    NotKnownError,
    Shape,
    channels_of,
    take,
    written,
)
from nnrun.config.shapes.window import slide


def convolution(arguments: Arguments, shape: Shape, rank: int) -> Effect:
    """`(*sizes, channels)` becomes `(*smaller sizes, filters)`, by one kernel of `rank` dimensions per filter."""
    kernel, sizes, channels = _input(arguments, shape, rank)
    filters, groups = arguments.integer("filters"), arguments.integer("groups")
    _strides_or_dilation(arguments, rank)
    if filters % groups:
        raise MisfitError(
            f"filters to be a multiple of its {groups} groups", f"filters: {filters}", argument="groups"
        )
    if channels % groups:
        raise MisfitError(
            f"a number of channels that is a multiple of its {groups} groups", argument="groups"
        )
    weights = prod(kernel) * (channels // groups) * filters
    return Effect((*sizes, filters), weights + _bias(arguments, filters))


def separable(arguments: Arguments, shape: Shape, rank: int) -> Effect:
    """Like a convolution, but first each channel for itself, then all channels at each place."""
    kernel, sizes, channels = _input(arguments, shape, rank)
    filters = arguments.integer("filters")
    inner = channels * arguments.integer("depth_multiplier")
    weights = prod(kernel) * inner + inner * filters
    return Effect((*sizes, filters), weights + _bias(arguments, filters))


def depthwise(arguments: Arguments, shape: Shape, rank: int) -> Effect:
    """`(*sizes, channels)` becomes `(*smaller sizes, channels * depth_multiplier)`."""
    kernel, sizes, channels = _input(arguments, shape, rank)
    filters = channels * arguments.integer("depth_multiplier")
    return Effect((*sizes, filters), prod(kernel) * filters + _bias(arguments, filters))


def transposed(arguments: Arguments, shape: Shape, rank: int) -> Effect:
    """`(*sizes, channels)` becomes `(*larger sizes, filters)`."""
    channels = channels_of(take(shape, rank + 1))
    filters, kernel = arguments.integer("filters"), arguments.integers("kernel_size", rank)
    strides, dilation = _strides_or_dilation(arguments, rank)
    extra = None if arguments["output_padding"] is None else arguments.integers("output_padding", rank)
    if extra is not None and any(more >= stride for more, stride in zip(extra, strides, strict=True)):
        raise MisfitError(
            f"output_padding below its strides {written(strides)}",
            f"output_padding {written(extra)}",
            argument="output_padding",
        )
    sizes: list[int | None] = []
    for index, size in enumerate(shape[:-1]):
        reach = (kernel[index] - 1) * dilation[index] + 1
        more = None if extra is None else extra[index]
        sizes.append(_stretched(size, reach, strides[index], more, same=arguments["padding"] == "same"))
    if any(size is not None and size < 1 for size in sizes):
        raise MisfitError("an input that leaves something of its output", argument="output_padding")
    return Effect((*sizes, filters), prod(kernel) * filters * channels + _bias(arguments, filters))


def _stretched(size: int | None, reach: int, stride: int, extra: int | None, same: bool) -> int | None:
    """Returns the size of one dimension after a transposed convolution whose kernel reaches over `reach`."""
    if size is None:
        return None
    if same:
        return size * stride if extra is None else (size - 1) * stride + reach % 2 + extra
    return (size - 1) * stride + reach + (max(reach, stride) - reach if extra is None else extra)


def _input(arguments: Arguments, shape: Shape, rank: int) -> tuple[tuple[int, ...], Shape, int]:
    """Returns the size of the kernel, the sizes after it and the channels before it."""
    channels = channels_of(take(shape, rank + 1))
    if arguments["lora_rank"] is not None:
        raise NotKnownError("it has lora_rank")
    kernel = arguments.integers("kernel_size", rank)
    dilation, strides = arguments.integers("dilation_rate", rank), arguments.integers("strides", rank)
    reach = tuple((size - 1) * step + 1 for size, step in zip(kernel, dilation, strict=True))
    sizes = slide(shape[:-1], reach, strides, arguments["padding"], "kernel_size")
    return kernel, sizes, channels


def _strides_or_dilation(arguments: Arguments, rank: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    strides, dilation = arguments.integers("strides", rank), arguments.integers("dilation_rate", rank)
    if max(strides) > 1 and max(dilation) > 1:
        raise MisfitError("strides or dilation_rate to be 1", "both above 1", argument="dilation_rate")
    return strides, dilation


def _bias(arguments: Arguments, filters: int) -> int:
    return filters if arguments["use_bias"] else 0
