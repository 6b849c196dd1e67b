"""`metrics.csv`: one row per epoch, in full precision, which any reader of CSV understands."""

from __future__ import annotations

import csv
import io
import itertools
from pathlib import Path

from nnrun.errors import DataError
from nnrun.events import EpochEnded
from nnrun.rundir.append_file import AppendFile
from nnrun.rundir.atomic import storage_error, write_text

FIXED_COLUMNS = ("epoch", "seconds", "learning_rate")


class MetricsFile:
    """The table of epochs of one run, which grows by one row at a time.

    The header is that of the first epoch. An epoch that brings a new metric (the first with validation, where
    only every n-th epoch validates; a callback that reports something) adds a column: the file is then
    written anew, atomically, with empty cells in the rows before.

    Args:
        path: The file; it appears with the first row.
        epochs: Rows to keep of a file that is there: a resumed run repeats the epochs after its checkpoint. They
            are cut off by `cut_back`, or by the first row.

    Raises:
        DataError: The file does not hold these epochs.
    """

    def __init__(self, path: Path, epochs: int = 0) -> None:
        self._path = path
        self._file: AppendFile | None = None
        self._names: list[str] = []
        self._kept = _first_rows(path, epochs) if epochs else None
        self._last = epochs

    def cut_back(self) -> None:
        """Removes the rows after those to keep, once the run goes on.

        Raises:
            StorageError: It could not be written; all rows are there.
        """
        if self._kept is None:
            return
        # A column without a value came with a later row: it goes with that row.
        columns = list(zip(*self._kept, strict=True))
        columns = columns[: len(FIXED_COLUMNS)] + [
            column for column in columns[len(FIXED_COLUMNS) :] if any(column[1:])
        ]
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(zip(*columns, strict=True))
        write_text(self._path, text.getvalue())
        self._names = [column[0] for column in columns[len(FIXED_COLUMNS) :]]
        self._file = AppendFile(self._path)
        self._kept = None

    def append(self, event: EpochEnded) -> None:
        """Adds the row of an epoch, unless it is there.

        Raises:
            StorageError: It could not be written; the rows before are there.
        """
        self.cut_back()
        if event.epoch == self._last:
            return
        metrics = {name: value for name, value in event.metrics.items() if name not in FIXED_COLUMNS}
        if self._file is None or not metrics.keys() <= set(self._names):
            self._file = self._with_columns(list(metrics))
        rate = event.learning_rate
        cells = [str(event.epoch), repr(event.seconds), "" if rate is None else repr(float(rate))]
        for name in self._names:
            value = metrics.get(name)
            cells.append("" if value is None else repr(float(value)))
        self._file.append(",".join(cells))
        self._last = event.epoch

    def sync(self) -> None:
        """Returns when all rows are safe from a power failure."""
        if self._file is not None:
            self._file.sync()

    def close(self) -> None:
        """Closes the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _with_columns(self, new: list[str]) -> AppendFile:
        names = [*self._names, *(name for name in new if name not in self._names)]
        # Training before validation, as Keras orders them, whenever a column came.
        names.sort(key=lambda name: name.startswith("val_"))
        self.close()
        rows: list[dict[str, str]] = []
        if self._names:
            try:
                with self._path.open(encoding="utf-8", newline="") as file:
                    rows.extend(csv.DictReader(file))
            except OSError as error:
                raise storage_error(self._path, error) from error
        text = io.StringIO()
        writer = csv.DictWriter(text, (*FIXED_COLUMNS, *names), restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_text(self._path, text.getvalue())
        self._names = names
        return AppendFile(self._path)


def _first_rows(path: Path, epochs: int) -> list[list[str]]:
    """Returns the header and the rows of the first epochs, as cells.

    Raises:
        DataError: They are not there, or it is no such table.
    """
    try:
        text = path.read_bytes().decode()
    except FileNotFoundError:
        text = ""
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(path, epochs) from error
    # A last line without its end was cut off by a power failure.
    reader = csv.reader(io.StringIO(text[: text.rfind("\n") + 1], newline=""))
    try:
        rows = list(itertools.islice(reader, epochs + 1))
    except csv.Error as error:
        raise _unusable(path, epochs) from error
    header = rows[0] if rows else []
    numbers = [row[:1] for row in rows[1:]]
    if (
        tuple(header[: len(FIXED_COLUMNS)]) != FIXED_COLUMNS
        or numbers != [[str(number)] for number in range(1, epochs + 1)]
        or any(len(row) != len(header) for row in rows)
    ):
        raise _unusable(path, epochs)
    return rows


def _unusable(path: Path, epochs: int) -> DataError:
    return DataError(
        f"{path} does not hold the epochs 1 to {epochs} of the checkpoint",
        "The file was changed or damaged; the run cannot be continued.",
    )
