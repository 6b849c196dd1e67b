"""What the samples of an array are, told by type and shape. Free of NumPy, so that `check` can ask too."""

from __future__ import annotations

from nnrun.config.datasets.arrays import Kind
from nnrun.errors import DataError

_AXES = {
    "table": "(samples, columns)",
    "images": "(samples, height, width, channels) or (samples, height, width)",
    "tokens": "whole numbers of shape (samples, tokens)",
    "sequences": "(samples, steps, features), or more axes",
}


def kind_of(dtype: str, shape: tuple[int, ...], asked: Kind | None, where: str) -> Kind:
    """Returns what the samples of an array are.

    Args:
        dtype: Type of the values as NumPy writes it, such as `<f4` or `|u1`.
        shape: Shape of the array.
        asked: `dataset.kind`; None to tell it by type and shape.
        where: What to call the array in messages.

    Raises:
        DataError: The array cannot be what was asked for, or has no samples.
    """
    kind, axes = dtype.lstrip("<>|=")[:1].replace("?", "b"), len(shape)
    if kind not in "biuf":
        raise DataError(f"{where} holds texts, and the network needs numbers", "see `source: text` for texts")
    if not axes or not shape[0]:
        raise DataError(f"{where} has shape {shape}, so there are no samples")
    if 0 in shape:
        raise DataError(f"{where} has shape {shape}, so its samples are empty")
    if asked is None:
        asked = _told(dtype, axes)
    fits = {
        "table": axes <= 2,
        "images": axes in (3, 4),
        "tokens": axes == 2 and kind in "iu",
        "sequences": axes >= 3,
    }
    if not fits[asked]:
        raise DataError(
            f"dataset.kind: {where} is {dtype} of shape {shape}, but {asked} are {_AXES[asked]}",
            "leave `kind` out to have it told by type and shape, or name another array",
        )
    return asked


def sample_shape(kind: Kind, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Returns the shape of one sample as the network sees it, for an array of this kind and shape."""
    if kind == "table" and len(shape) == 1:
        return (1,)
    return (*shape[1:], 1) if kind == "images" and len(shape) == 3 else shape[1:]


def _told(dtype: str, axes: int) -> Kind:
    if axes <= 2:
        return "table"
    is_byte = dtype.lstrip("<>|=") == "u1"
    return "images" if axes == 4 or (axes == 3 and is_byte) else "sequences"
