"""`metrics.csv`: one row per epoch, in full precision, which any reader of CSV understands."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from nnrun.errors import DataError
from nnrun.events import EpochEnded
from nnrun.rundir.append_file import AppendFile
from nnrun.rundir.atomic import write_text

FIXED_COLUMNS = ("epoch", "seconds", "learning_rate")


class MetricsFile:
    """The table of epochs of one run, which grows by one row at a time.

    The header is that of the first epoch. An epoch that brings a new metric (the first with validation, where
    only every n-th epoch validates; a callback that reports something) adds a column: the file is then
    written anew, atomically, with empty cells in the rows before.

    Args:
        path: The file; it appears with the first row.
        epochs: Rows to keep of a file that is there: a resumed run repeats the epochs after its checkpoint.
    """

    def __init__(self, path: Path, epochs: int = 0) -> None:
        self._path = path
        self._file: AppendFile | None = None
        self._names: list[str] = []
        if epochs:
            self._file = self._cut_back(epochs)

    def append(self, event: EpochEnded) -> None:
        """Adds the row of an epoch.

        Raises:
            StorageError: It could not be written; the rows before are there.
        """
        metrics = {name: value for name, value in event.metrics.items() if name not in FIXED_COLUMNS}
        if self._file is None or not metrics.keys() <= set(self._names):
            self._file = self._with_columns(list(metrics))
        rate = event.learning_rate
        cells = [str(event.epoch), repr(event.seconds), "" if rate is None else repr(float(rate))]
        for name in self._names:
            value = metrics.get(name)
            cells.append("" if value is None else repr(float(value)))
        self._file.append(",".join(cells))

    def sync(self) -> None:
        """Returns when all rows are safe from a power failure."""
        if self._file is not None:
            self._file.sync()

    def close(self) -> None:
        """Closes the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _cut_back(self, epochs: int) -> AppendFile:
        rows: list[dict[str, str]] = []
        header: tuple[str, ...] = ()
        with suppress(FileNotFoundError), self._path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            rows = [row for row in reader if (row["epoch"] or "").isdigit() and int(row["epoch"]) <= epochs]
            header = tuple(reader.fieldnames or ())
        if [row["epoch"] for row in rows] != [str(number) for number in range(1, epochs + 1)]:
            raise DataError(
                f"{self._path} does not hold the epochs 1 to {epochs} of the checkpoint",
                "The file was changed by hand; the run cannot be continued.",
            )
        self._names = list(header[len(FIXED_COLUMNS) :])
        write_text(self._path, _table(header, rows))
        return AppendFile(self._path)

    def _with_columns(self, new: list[str]) -> AppendFile:
        names = [*self._names, *(name for name in new if name not in self._names)]
        # Training before validation, as Keras orders them, whenever a column came.
        names.sort(key=lambda name: name.startswith("val_"))
        self.close()
        rows: list[dict[str, str]] = []
        if self._names:
            with self._path.open(encoding="utf-8", newline="") as file:
                rows.extend(csv.DictReader(file))
        header = (*FIXED_COLUMNS, *names)
        write_text(self._path, _table(header, rows))
        self._names = names
        return AppendFile(self._path)


def _table(header: Sequence[str], rows: Sequence[dict[str, str]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, header, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
