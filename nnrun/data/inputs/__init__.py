"""Raw input for a trained network: one module per kind of sample, and the list of them.

A source (`nnrun.data.sources`) reads what a network is trained on, with its labels and as a whole. An input is read for
predictions: without labels, batch by batch, and known by what one sample is instead of by where it came from. Both make
numbers of it with the same functions, so that a network sees to the last bit what it was trained on.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

from nnrun.config.datasets import Dataset
from nnrun.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nnrun.data.preprocessing import Preprocessing

INPUTS = {
    "images": "nnrun.data.inputs.images",
    "texts": "nnrun.data.inputs.texts",
    "table": "nnrun.data.inputs.tables",
}
"""The module of each kind of sample (`nnrun.data.raw.InputKind`); imported when it is needed."""

ARRAYS = "nnrun.data.inputs.arrays"
"""The module for arrays of NumPy, which hold samples of any kind."""

ARRAY_SUFFIXES = (".npz", ".npy", ".h5", ".hdf5", ".hdf")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be predicted, as the user says it.

    Args:
        paths: Files or folders.
        id_column: The column of a table that names its rows; None for the number of the row.
        keep: Columns of a table that are carried over.
        delimiter: What stands between the cells of a table; None for that of the training.
        array: Which array of an `.npz` file; None where only one can be meant.
        text_column: The column of a table with the texts; None for that of the training.
        lines: Whether each line of a file is a text.
        unreadable: What to do with an image that cannot be read; None for what the config of the training says.
    """

    paths: tuple[str, ...]
    id_column: str | None = None
    keep: tuple[str, ...] = ()
    delimiter: str | None = None
    array: str | None = None
    text_column: str | None = None
    lines: bool = False
    unreadable: Literal["fail", "skip"] | None = None


@dataclass(frozen=True, slots=True)
class Trained:
    """What a run knows about its inputs.

    Args:
        dataset: The section that it was trained with.
        preprocessing: What was fitted on its training split.
    """

    dataset: Dataset
    preprocessing: Preprocessing


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Some samples, in the order of the input.

    Args:
        ids: Name or number of each sample.
        x: Raw samples, shape `(samples, ...)`, as `nnrun.data.raw.Part` has them.
        categories: What the numbers in the text columns of a table stand for, as in `RawData`.
        kept: The columns that are carried over, each with a cell per sample.
        share: How much of the input is read now, from 0 to 1; None where that is not known.
    """

    ids: Any
    x: NDArray[Any]
    categories: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    kept: Sequence[Any] = ()
    share: float | None = None

    def __len__(self) -> int:
        """Returns the number of samples."""
        return len(self.x)


class Input(Protocol):
    """An input that was looked into, and fits the run."""

    @property
    def id_name(self) -> str:
        """What the ids are: `row`, `file`, or the name of a column."""

    @property
    def kept_names(self) -> tuple[str, ...]:
        """Names of the columns that are carried over."""

    def batches(self) -> Iterator[Batch]:
        """Yields all samples, in constant memory; once.

        Raises:
            DataError: With the place, for whatever the network cannot take.
        """

    def notes(self) -> list[str]:
        """Returns what the user should know, as far as it is known: ask again after the last batch."""


class InputModule(Protocol):
    """What the module of a kind offers."""

    def open_input(self, wanted: Wanted, trained: Trained) -> AbstractContextManager[Input]:
        """Looks into an input, far enough to know whether it fits the run; it is closed at the end of the block.

        Raises:
            DataError: It is missing or damaged, or does not fit.
            UsageError: An option does not fit this kind of input.
        """


def open_input(wanted: Wanted, trained: Trained) -> AbstractContextManager[Input]:
    """Opens whatever the user wants to be predicted; see `InputModule.open_input`."""
    kind = trained.preprocessing.kind
    first = Path(wanted.paths[0])
    is_array = first.suffix.lower() in ARRAY_SUFFIXES or (kind == "table" and first.is_dir())
    name = ARRAYS if is_array or kind not in INPUTS else INPUTS[kind]
    return cast(InputModule, importlib.import_module(name)).open_input(wanted, trained)


def only_path(wanted: Wanted, what: str) -> str:
    """Returns the path of an input that is a single file.

    Args:
        wanted: What the user wants.
        what: What the file is, for the message: `a table`.

    Raises:
        UsageError: There are several.
    """
    if len(wanted.paths) > 1:
        raise UsageError(f"expected one file with {what}, received {len(wanted.paths)}")
    return wanted.paths[0]
