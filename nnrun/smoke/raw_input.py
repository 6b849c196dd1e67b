"""Samples written as a user has them, for `nnrun predict`."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnrun.config.datasets import CsvData, Dataset
from nnrun.data.labelled import Labelled
from nnrun.data.splits import SplitName
from nnrun.rundir.atomic import as_utf8, make_folder, write_bytes


def write_raw(labelled: Labelled, dataset: Dataset, split: SplitName, folder: Path) -> Path:
    """Writes the samples of a split without their labels.

    A table with names becomes a CSV file in the form of that of the training, texts become files, and everything
    else an array.

    Args:
        labelled: The data.
        dataset: The section that they were read with.
        split: A split that exists.
        folder: Where to put it.

    Returns:
        A file, or a folder of texts.
    """
    x = labelled.found(split)
    preprocessing = labelled.splits.preprocessing
    if preprocessing.kind == "texts":
        texts = folder / "texts"
        make_folder(texts)
        for number, text in enumerate(x):
            write_bytes(texts / f"{number:06d}.txt", as_utf8(str(text)))
        return texts
    if preprocessing.columns is not None:
        path = folder / "input.csv"
        table = dataset if isinstance(dataset, CsvData) else None
        header = preprocessing.columns if table is None or table.header else None
        rows = [_cells(row, labelled.raw.categories) for row in x]
        lines = rows if header is None else [list(header), *rows]
        write_bytes(path, as_utf8(_table(lines, table)))
        return path
    path = folder / "input.npy"
    content = io.BytesIO()
    np.save(content, x, allow_pickle=False)
    write_bytes(path, content.getvalue())
    return path


def _cells(row: NDArray[Any], categories: Mapping[int, tuple[str, ...]]) -> list[str]:
    return [
        "" if value != value else categories[number][int(value)] if number in categories else repr(value)
        for number, value in enumerate(row.tolist())
    ]


def _table(lines: list[list[str]], table: CsvData | None) -> str:
    delimiter = "," if table is None else table.delimiter
    if table is not None and table.quoting == "none":
        return "".join(delimiter.join(cells) + "\n" for cells in lines)
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(lines)
    return text.getvalue()
