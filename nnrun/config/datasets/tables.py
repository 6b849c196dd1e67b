"""Tables: `source: csv`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from nnrun.config.datasets.common import DatasetSection

Missing = Literal["error", "drop", "mean", "median", "most_frequent"]
"""What to do with empty cells. `drop` leaves their rows out; the last three fill them by the training split."""


class CsvData(DatasetSection):
    """A table in a text file.

    A column is named as in the header, or by its number from 0 where `header` is false. Text columns among
    the features, and those in `categorical`, become one column per category (one-hot).
    """

    source: Literal["csv"]
    """Where the data come from."""

    path: str
    """The file, relative to the config."""

    target: str | int | Annotated[list[str | int], Field(min_length=1)]
    """The column to predict, or several; by name, or by number from 0 where the file has no header."""

    features: Annotated[list[str | int], Field(min_length=1)] | None = None
    """The columns to predict from; by default all others."""

    exclude: list[str | int] = Field(default_factory=list)
    """Columns to leave out."""

    categorical: list[str | int] = Field(default_factory=list)
    """Columns whose numbers are codes of categories; text columns are categories anyway."""

    missing: Missing | dict[str, Missing | str | int | float] = "error"
    """What to do with empty cells: one word for all features, or a word or a value per column.

    `error` refuses them, `drop` leaves their rows out, those without a target too. `mean`, `median` and
    `most_frequent` fill them with what the training split has; `mean` and `median` mean `most_frequent` for
    text. Columns that a mapping does not name keep `error`.
    """

    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    """The character between two fields; a tab is written "\\t", in double quotes."""

    header: bool = True
    """Whether the first row holds the names of the columns."""
