"""Arrays: `source: npz`, and what a function returns: `source: python`."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from nnrun.config.datasets.common import DatasetSection
from nnrun.config.datasets.files import FileSection
from nnrun.config.value_advice import received

_FUNCTION = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")

Kind = Literal["table", "images", "tokens", "sequences"]
"""What a sample of an array is. `table`: a row of numbers. `images`: `(height, width, channels)`, or without the
channels. `tokens`: a row of token numbers. `sequences`: `(steps, features)`, or any further axes."""


class ArraySection(DatasetSection):
    """What all sources of arrays understand."""

    kind: Kind | None = None
    """What a sample is. By default, an array of one or two axes is a table, one of four axes or of bytes with three
    axes is images, and any other is sequences.
    """

    class_names: Annotated[list[str], Field(min_length=2)] | None = None
    """Names of the classes, in the order of the class numbers in `y`."""


class NpzData(FileSection, ArraySection):
    """Arrays that NumPy saved: an `.npz` archive, a folder of `.npy` files, or an HDF5 file.

    Arrays of `.npy` files and contiguous data sets of HDF5 are not loaded as a whole, so they may be larger than
    the memory.
    """

    source: Literal["npz"]
    """Where the data come from."""

    x: str | None = None
    """Name of the array with the inputs; by default `x`, or `x_train` where there is none."""

    y: str | None = None
    """Name of the array with the labels, one per sample; by default `y`, or `y_train` where there is none."""

    x_validation: str | None = None
    """Name of the inputs of a validation split of its own; by default `x_validation` or `x_val`, where there is one."""

    y_validation: str | None = None
    """Name of its labels; by default `y_validation` or `y_val`, where there is one."""

    x_test: str | None = None
    """Name of the inputs of a test split of its own; by default `x_test`, where there is one."""

    y_test: str | None = None
    """Name of its labels; by default `y_test`, where there is one."""

    sample_weight: str | None = None
    """Name of the array that says how much each sample of `x` counts in the loss; by default all count the same."""

    validation: FileSection | None = None
    """A file of its own for the validation split, whose arrays have the names of those to train on."""

    test: FileSection | None = None
    """A file of its own for the test split, likewise."""


def _checked_function(text: str) -> str:
    if not _FUNCTION.fullmatch(text) or ".py:" in text:
        context = {
            "message": f"expected module:name, received {received(text)}",
            "hint": _function_hint(text),
        }
        raise PydanticCustomError("wrong-type", "{message}", context)
    return text


def _function_hint(text: str) -> str:
    """Returns how a function was probably meant: `my/data.py:load` as a path, `my.data.load` with dots only."""
    module, colon, name = text.removesuffix("()").replace("/", ".").replace(".py:", ":").partition(":")
    if not colon:
        module, _, name = module.rpartition(".")
    meant = f"{module}:{name}"
    return (
        f"write {meant}"
        if _FUNCTION.fullmatch(meant)
        else "write for instance mydata:load, for load in mydata.py"
    )


class PythonData(ArraySection):
    """What a Python function returns: the way out for data that no other source can read.

    It runs code, so it needs `--allow-code` on every command that loads data.
    """

    source: Literal["python"]
    """Where the data come from."""

    function: Annotated[str, AfterValidator(_checked_function)]
    """The function, as `module:name` or `package.module:name`."""

    path: str | None = None
    """The folder where its module is, if it is not an installed one; by default that of the config."""

    arguments: dict[str, Any] = Field(default_factory=dict)
    """The arguments of the function, by their names; one called `seed` gets that of the experiment by default."""
