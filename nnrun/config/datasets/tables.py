"""Tables: `source: csv`."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from nnrun.config.datasets.common import DatasetSection, SplitSection
from nnrun.config.datasets.files import DownloadSection, needs_path, problem
from nnrun.config.sections import Section

Missing = Literal["error", "drop", "mean", "median", "most_frequent"]
"""What to do with empty cells. `drop` leaves their rows out; the last three fill them by the training split."""

ColumnName = str | int
"""The name of a column in the header, or its number from 0 where there is no header."""


class TableSplitSection(SplitSection):
    """How the rows of a table are divided; `group` and `time` name columns that decide it.

    Neither column is a feature, unless `dataset.features` names it.
    """

    group: ColumnName | None = None
    """A column of names or numbers: rows that have the same lie in the same split."""

    time: ColumnName | None = None
    """A column of dates or numbers: the last rows in time are for the test, those before for validation."""


class TableFiles(Section):
    """Files with rows of a table, here or, if it is a single one, to be downloaded."""

    path: str | Annotated[list[str], Field(min_length=1)] | None = None
    """The file, a pattern such as `2024-*.csv`, or a list of them; relative to the config. All files of a table
    have the same columns.
    """

    download: DownloadSection | None = None
    """Where to fetch the file if it is not there."""

    @model_validator(mode="after")
    def _names_files(self) -> Self:
        if self.path is None and self.download is None:
            raise needs_path()
        if isinstance(self.path, list) and self.download is not None:
            raise problem("wrong-type", "expected one path, as a download is one file; received a list")
        return self


class CsvData(TableFiles, DatasetSection):
    """A table in text files (CSV), packed or not, or in Parquet files.

    A column is named as in the header, or by its number from 0 where `header` is false. Text columns among
    the features, and those in `categorical`, are categories: each becomes one input (one-hot). Truth values
    become 0 and 1, dates their parts.
    """

    source: Literal["csv"]
    """Where the data come from."""

    validation: TableFiles | None = None
    """Files with the validation split, which have the same columns."""

    test: TableFiles | None = None
    """Files with the test split, which have the same columns."""

    target: ColumnName | Annotated[list[ColumnName], Field(min_length=1)]
    """The column to predict, or several; by name, or by number from 0 where the file has no header."""

    features: Annotated[list[ColumnName], Field(min_length=1)] | None = None
    """The columns to predict from; by default all others."""

    exclude: list[ColumnName] = Field(default_factory=list)
    """Columns to leave out."""

    categorical: list[ColumnName] = Field(default_factory=list)
    """Columns whose numbers, dates or truth values are to be categories; other text columns are anyway."""

    encode: Literal["one_hot", "codes"] = "one_hot"
    """What categories become: `one_hot` makes an input of each, 0 or 1. `codes` makes a number of each, for a stack
    that begins with `Embedding`; all features must be categories then.
    """

    missing: Missing | dict[str, Missing | str | int | float | bool] = "error"
    """What to do with empty cells: one word for all features, or a word or a value per column.

    `error` refuses them, `drop` leaves their rows out, those without a target too. `mean`, `median` and
    `most_frequent` fill them with what the training split has; `mean` and `median` mean `most_frequent` for
    what is no number. Columns that a mapping does not name keep `error`.
    """

    sample_weight: ColumnName | None = None
    """A column that says how much each row counts in the loss; no feature, unless `features` names it."""

    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    """The character between two fields; a tab is written "\\t", in double quotes."""

    quoting: Literal["csv", "none"] = "csv"
    """Whether double quotes enclose cells (`csv`) or are text as any other character (`none`)."""

    header: bool = True
    """Whether the first row holds the names of the columns."""

    split: TableSplitSection = TableSplitSection()
    """How the rows are divided."""
