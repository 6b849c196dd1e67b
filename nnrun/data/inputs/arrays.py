"""Samples that already are numbers, in `.npz` and `.npy` files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnrun.data.inputs import ARRAY_SUFFIXES, Batch, Trained, Wanted, only_path
from nnrun.data.inputs.npy import ArrayFile, arrays_in
from nnrun.data.inputs.ranges import RangeCheck
from nnrun.errors import DataError, UsageError

_PIECE_BYTES = 1 << 24

_MOST_TOKEN = 2**31 - 1


@dataclass(slots=True)
class ArrayInput:
    """Samples in an array.

    Args:
        array: Where they are.
        trained: What the run knows about them.
        shape: Shape of one sample.
        single: Whether the array is one sample instead of several.
    """

    array: ArrayFile
    trained: Trained
    shape: tuple[int, ...]
    single: bool
    id_name: str = "index"
    kept_names: tuple[str, ...] = ()
    _range: RangeCheck = field(init=False)

    def __post_init__(self) -> None:
        self._range = RangeCheck(self.trained.preprocessing)

    def batches(self) -> Iterator[Batch]:
        """Yields the samples; their ids are their positions, from 0."""
        if self.single:
            whole = np.concatenate(list(self.array.pieces(1 << 62)))
            yield Batch(np.arange(1), self._checked(whole[np.newaxis], 0), share=1.0)
            return
        size = int(np.prod(self.shape, dtype=np.int64)) * self.array.dtype.itemsize
        total = self.array.shape[0]
        start = 0
        for piece in self.array.pieces(max(1, _PIECE_BYTES // max(size, 1))):
            stop = start + len(piece)
            yield Batch(np.arange(start, stop), self._checked(piece, start), share=stop / total)
            start = stop

    def _checked(self, piece: NDArray[Any], start: int) -> NDArray[Any]:
        x = piece.reshape((len(piece), *self.shape))
        if x.dtype.kind == "b":
            x = x.astype(np.uint8)
        if x.dtype.kind == "f":
            fine = np.isfinite(x)
            for number in self.trained.preprocessing.fillers:
                fine[:, number] |= np.isnan(x[:, number])
            wrong = np.flatnonzero(~fine.reshape(len(x), -1).all(axis=1))
            if len(wrong):
                raise DataError(
                    f"{self.array.label}: sample {start + int(wrong[0])} has a value that is not finite"
                )
        if self.trained.preprocessing.kind == "tokens":
            wrong = np.flatnonzero(((x < 0) | (x > _MOST_TOKEN)).reshape(len(x), -1).any(axis=1))
            if len(wrong):
                raise DataError(
                    f"{self.array.label}: sample {start + int(wrong[0])} has a token number below 0 or above "
                    f"{_MOST_TOKEN:,}"
                )
        self._range.see(x)
        return x

    def notes(self) -> list[str]:
        """Returns what is suspicious about the values."""
        return self._range.notes(self.array.label)


@contextmanager
def open_input(wanted: Wanted, trained: Trained) -> Iterator[ArrayInput]:
    """Opens an array; see `nnrun.data.inputs`."""
    path = Path(only_path(wanted, "an array"))
    preprocessing = trained.preprocessing
    if path.suffix.lower() not in ARRAY_SUFFIXES:
        raise DataError(
            f"{path}: expected an .npz or .npy file, as the run was trained on {_WHAT[preprocessing.kind]}"
        )
    if wanted.id_column is not None or wanted.keep:
        raise UsageError("--id and --keep name columns of a table, which an array has not")
    shape = preprocessing.raw_shape
    if shape is None:
        raise DataError(
            "the run does not say what shape its samples have: an older version of nnrun has trained it",
            "train it again",
        )
    if preprocessing.texts:
        number = min(preprocessing.texts)
        name = preprocessing.columns[number] if preprocessing.columns else str(number)
        raise DataError(
            f"{path}: an array has no texts, and the network was trained on some: those of column '{name}'",
            "give a table with the names of its columns",
        )
    array = _chosen(path, arrays_in(path), shape, wanted.array, getattr(trained.dataset, "x", None))
    _check_type(array, preprocessing.kind)
    yield ArrayInput(array, trained, shape, single=len(array.shape) == len(_shape_in(array, shape)))


_WHAT = {
    "table": "a table",
    "images": "images",
    "tokens": "sequences of tokens",
    "sequences": "arrays of numbers",
}


def _shape_in(array: ArrayFile, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Returns the shape that one sample has in an array: of grey images, the channel may be left out."""
    short = shape[:-1]
    fits_short = len(shape) == 3 and shape[-1] == 1 and array.shape[-len(short) :] == short
    return short if fits_short and array.shape[-len(shape) :] != shape else shape


def _fits(array: ArrayFile, shape: tuple[int, ...]) -> bool:
    one = _shape_in(array, shape)
    return array.shape[-len(one) :] == one and len(array.shape) - len(one) in (0, 1)


def _chosen(
    path: Path, arrays: list[ArrayFile], shape: tuple[int, ...], name: str | None, trained_name: object
) -> ArrayFile:
    """Returns the array that is meant: by its name, else the one that was trained on, else the one that fits."""
    if not arrays:
        raise DataError(f"{path} has no arrays")
    if name is not None and not arrays[0].name:
        raise UsageError(f"--array {name}: {path} holds a single array without a name", "leave it out")
    listed = ", ".join(f"'{one.name}' {one.shape}" for one in arrays[:20])
    if name is not None:
        chosen = [one for one in arrays if one.name == name]
        if not chosen:
            raise UsageError(f"--array {name}: {path} has no such array; it has {listed}")
    elif len(arrays) > 1:
        chosen = [one for one in arrays if _fits(one, shape)]
        if len(chosen) > 1:
            chosen = [one for one in chosen if one.name == trained_name] or chosen
    else:
        chosen = arrays
    if len(chosen) > 1:
        raise DataError(f"{path} has several arrays of samples: {listed}", "name one with --array")
    if not chosen or not _fits(chosen[0], shape):
        found = f"shape {chosen[0].shape}" if chosen else listed
        raise DataError(
            f"{path}: expected samples of shape {shape}, as in training, so an array "
            f"{('samples', *shape)}, received {found}".replace("'samples'", "samples")
        )
    return chosen[0]


def _check_type(array: ArrayFile, kind: str) -> None:
    if array.dtype.hasobject:
        raise DataError(
            f"{array.label} holds Python objects, which could run code when they are read: refused",
            "save numbers, such as x.astype('float32')",
        )
    wanted = "iu" if kind == "tokens" else "iufb"
    if array.dtype.kind not in wanted:
        what = "whole numbers, the numbers of tokens" if kind == "tokens" else "numbers"
        raise DataError(f"{array.label}: expected {what}, received values of type {array.dtype}")
