"""Files with tables for tests, and what is read from them."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nnrun.config.datasets import CsvData
from nnrun.data.raw import RawData
from nnrun.data.sources import csv_files
from nnrun.data.tables.files import TextFormat
from nnrun.data.tables.head import read_heads
from nnrun.data.tables.reading import read_table
from nnrun.data.tables.wanted import Wanted
from nnrun.errors import DataError


def write(folder: Path, content: str | bytes, name: str = "table.csv") -> Path:
    """Writes a file; what ends in `.gz` is packed."""
    path = folder / name
    data = content if isinstance(content, bytes) else content.encode()
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


def write_parquet(folder: Path, name: str = "table.parquet", **columns: Any) -> Path:
    """Writes a Parquet file."""
    path = folder / name
    pq.write_table(pa.table(columns), path)
    return path


def section(path: Path | Sequence[Path], target: Any = "y", **options: Any) -> CsvData:
    """Returns the section for one file or several."""
    paths = str(path) if isinstance(path, Path) else [str(each) for each in path]
    return CsvData(source="csv", path=paths, target=target, **options)


def load(path: Path | Sequence[Path], target: Any = "y", **options: Any) -> RawData:
    """Reads a table."""
    return csv_files.load(section(path, target, **options), seed=0)


def refusal(path: Path | Sequence[Path], target: Any = "y", **options: Any) -> tuple[str, str]:
    """Returns message and advice of the error that reading ends with."""
    with pytest.raises(DataError) as caught:
        load(path, target, **options)
    return caught.value.message, caught.value.advice


def cells_of(path: Path, form: TextFormat) -> list[list[str]]:
    """Returns all cells of a text file, rows of data by columns; those with nothing but spaces are empty."""
    heads = read_heads([str(path)], form)
    read = read_table(heads, [Wanted(name, "texts") for name in heads[0].names], 0)
    columns = [
        ["" if np.isnan(code) else (column.texts or ())[int(code)] for code in column.values]
        for column in read.columns
    ]
    return [list(row) for row in zip(*columns, strict=True)]
