"""Samples that already are numbers: `.npz`, `.npy` and HDF5 files, and folders of `.npy` files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnrun.data.inputs import ARRAY_SUFFIXES, Batch, Trained, Wanted, only_path
from nnrun.data.inputs.ranges import RangeCheck
from nnrun.data.sources.array_files import ArrayFile, NpyFolder, open_arrays
from nnrun.data.sources.npy import Header
from nnrun.errors import DataError, UsageError

_PIECE_BYTES = 1 << 24

_MOST_TOKEN = 2**31 - 1

_LISTED = 20

_WHAT = {
    "table": "a table",
    "images": "images",
    "tokens": "sequences of tokens",
    "texts": "texts",
    "sequences": "arrays of numbers",
}


@dataclass(frozen=True, slots=True)
class _Array:
    """An array in a file.

    Args:
        file: The file.
        name: Its name there.
        header: Its type and shape.
        label: How to call it in messages.
    """

    file: ArrayFile
    name: str
    header: Header
    label: str


@dataclass(slots=True)
class ArrayInput:
    """Samples in an array; what can be mapped into memory is read piece by piece.

    Args:
        array: Where they are.
        trained: What the run knows about them.
        shape: Shape of one sample.
        single: Whether the array is one sample instead of several.
    """

    array: _Array
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
        whole = self.array.file.read(self.array.name)
        if self.single:
            whole = whole[np.newaxis]
        if not len(whole):
            raise DataError(f"{self.array.label} has no samples")
        step = max(1, _PIECE_BYTES // max(1, whole.nbytes // len(whole)))
        for start in range(0, len(whole), step):
            piece = np.array(whole[start : start + step])
            stop = start + len(piece)
            yield Batch(np.arange(start, stop), self._checked(piece, start), share=stop / len(whole))

    def _checked(self, piece: NDArray[Any], start: int) -> NDArray[Any]:
        x = piece.reshape((len(piece), *self.shape))
        if x.dtype.kind == "b":
            x = x.astype(np.uint8)
        if x.dtype.kind == "f":
            fine = np.isfinite(x)
            for number in self.trained.preprocessing.fillers:
                fine[:, number] |= np.isnan(x[:, number])
            self._refuse(~fine, start, "a value that is not finite")
        if self.trained.preprocessing.kind == "tokens":
            outside = (x < 0) | (x > _MOST_TOKEN)
            self._refuse(outside, start, f"a token number below 0 or above {_MOST_TOKEN:,}")
        self._range.see(x)
        return x

    def _refuse(self, wrong: NDArray[np.bool_], start: int, what: str) -> None:
        rows = wrong.reshape(len(wrong), -1).any(axis=1)
        if rows.any():
            raise DataError(f"{self.array.label}: sample {start + int(np.argmax(rows))} has {what}")

    def notes(self) -> list[str]:
        """Returns what is suspicious about the values."""
        return self._range.notes(self.array.label)


@contextmanager
def open_input(wanted: Wanted, trained: Trained) -> Iterator[ArrayInput]:
    """Opens an array; see `nnrun.data.inputs`."""
    path = Path(only_path(wanted, "an array"))
    preprocessing = trained.preprocessing
    if not path.exists():
        raise DataError(f"{path}: no such file")
    if path.suffix.lower() not in ARRAY_SUFFIXES and not path.is_dir():
        raise DataError(
            f"{path}: expected an .npz, .npy or HDF5 file, as the run was trained on {_WHAT[preprocessing.kind]}"
        )
    if wanted.id_column is not None or wanted.keep:
        raise UsageError("--id and --keep name columns of a table, which an array has not")
    shape = preprocessing.raw_shape
    if shape is None:
        raise DataError(
            "the run does not say what shape its samples have: an older version of nnrun has trained it",
            "train it again",
        )
    if preprocessing.texts or preprocessing.kind == "texts":
        number = min(preprocessing.texts, default=0)
        name = preprocessing.columns[number] if preprocessing.columns else ""
        those = f": those of column '{name}'" if name else ""
        raise DataError(
            f"{path}: an array has no texts, and the network was trained on some{those}",
            "give a table with the names of its columns",
        )
    array = _chosen(path, _arrays(path), shape, wanted.array, getattr(trained.dataset, "x", None))
    _check_type(array, preprocessing.kind)
    yield ArrayInput(array, trained, shape, single=len(array.header.shape) == len(_shape_in(array, shape)))


def _arrays(path: Path) -> list[_Array]:
    if path.suffix.lower() == ".npy" and path.is_file():
        folder = NpyFolder(str(path.parent))
        name = path.name[: -len(".npy")]
        return [_Array(folder, name, folder.header(name), str(path))]
    file = open_arrays(path)
    found = [_Array(file, name, file.header(name), f"{path}, array '{name}'") for name in file.names()]
    if not found:
        raise DataError(f"{path} has no arrays")
    return found


def _shape_in(array: _Array, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Returns the shape that one sample has in an array: an axis of length 1 at the end may be left out."""
    found, short = array.header.shape, shape[:-1]
    if shape == (1,) and len(found) == 1:
        return ()
    fits_short = len(shape) == 3 and shape[-1] == 1 and found[-len(short) :] == short
    return short if fits_short and found[-len(shape) :] != shape else shape


def _fits(array: _Array, shape: tuple[int, ...]) -> bool:
    one, found = _shape_in(array, shape), array.header.shape
    return found[len(found) - len(one) :] == one and len(found) - len(one) in (0, 1)


def _chosen(
    path: Path, arrays: list[_Array], shape: tuple[int, ...], name: str | None, trained_name: object
) -> _Array:
    """Returns the array that is meant: by its name, else the one that was trained on, else the one that fits."""
    listed = ", ".join(f"'{one.name}' {one.header.shape}" for one in arrays[:_LISTED])
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
        found = f"shape {chosen[0].header.shape}" if chosen else listed
        sizes = ", ".join(map(str, ("samples", *shape)))
        raise DataError(
            f"{path}: expected samples of shape {shape}, as in training, so an array ({sizes}), received {found}"
        )
    return chosen[0]


def _check_type(array: _Array, kind: str) -> None:
    wanted = "iu" if kind == "tokens" else "iufb"
    if array.header.kind not in wanted:
        what = "whole numbers, the numbers of tokens" if kind == "tokens" else "numbers"
        raise DataError(f"{array.label}: expected {what}, received values of type {array.header.dtype}")
