"""Parquet files of tables to batches of rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from nnrun.data.tables.header import check_names
from nnrun.data.tables.wanted import Batch, Wanted, batch_of
from nnrun.errors import DataError

_ROWS = 1 << 15
_FAULTS = (pa.ArrowException, OSError, UnicodeDecodeError)
"""What pyarrow raises for a damaged file."""

_SHOWN = (pa.types.is_string, pa.types.is_large_string, pa.types.is_boolean, pa.types.is_date)
"""Types that are read as texts."""


def parquet_columns(file: str) -> dict[str, bool]:
    """Returns the names of the columns, and whether each holds something else than numbers.

    Raises:
        DataError: The file is damaged, or two columns have the same name.
    """
    try:
        with pq.ParquetFile(file) as parquet:
            fields = list(parquet.schema_arrow)
    except _FAULTS as error:
        raise _damaged(file, error) from error
    check_names([field.name for field in fields], file)
    return {field.name: not _is_numeric(field.type) for field in fields}


@dataclass(frozen=True, slots=True)
class ParquetTable:
    """A Parquet file that is read batch by batch.

    Args:
        file: The file.
        wanted: What is wanted of its columns.
    """

    file: str
    wanted: Sequence[Wanted]

    def batches(self) -> Iterator[Batch]:
        """Yields the rows in order.

        Raises:
            DataError: The file is damaged, or a column holds what is no table cell.
        """
        columns = list(dict.fromkeys(want.column for want in self.wanted))
        try:
            with pq.ParquetFile(self.file) as parquet:
                for read in parquet.iter_batches(_ROWS, columns=columns):
                    yield self._batch(read)
        except _FAULTS as error:
            raise _damaged(self.file, error) from error

    def _batch(self, read: Any) -> Batch:
        arrays = {name: self._plain(name, read.column(name)) for name in read.schema.names}
        typed = {name for name, array in arrays.items() if pa.types.is_string(array.type)}
        batch = batch_of(read.num_rows, arrays, self.wanted, typed)
        if batch is None:
            # Some number is not finite: its text says which.
            arrays = {name: _finite_or_text(array) for name, array in arrays.items()}
            batch = batch_of(read.num_rows, arrays, self.wanted, typed)
            assert batch is not None  # noqa: S101 - texts can always be looked at
        return batch

    def _plain(self, name: str, array: Any) -> Any:
        """Returns a column as text, float64 or int64."""
        kind = array.type
        if pa.types.is_dictionary(kind):
            return self._plain(name, array.dictionary_decode())
        if _is_numeric(kind):
            # What int64 cannot hold, float64 cannot hold exactly either.
            whole = pa.types.is_integer(kind) and kind != pa.uint64()
            return pc.cast(array, pa.int64() if whole else pa.float64(), safe=False)
        if pa.types.is_timestamp(kind):
            # Finer than a microsecond is not looked at.
            array = pc.cast(array, pa.timestamp("us", kind.tz), safe=False)
            return pc.cast(array, pa.string())
        if any(is_kind(kind) for is_kind in _SHOWN):
            return pc.cast(array, pa.string())
        raise DataError(
            f"{self.file}: column '{name}' holds {kind}, which is no number and no text",
            f"leave it out with `dataset.exclude: ['{name}']`",
        )


def _is_numeric(kind: Any) -> bool:
    tests = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_null)
    return any(is_kind(kind) for is_kind in tests)


def _finite_or_text(array: Any) -> Any:
    if pa.types.is_floating(array.type) and not pc.all(pc.is_finite(array), min_count=0).as_py():
        return pc.cast(array, pa.string())
    return array


def _damaged(file: str, error: BaseException) -> DataError:
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return DataError(f"{file} cannot be read as Parquet: {text}")
