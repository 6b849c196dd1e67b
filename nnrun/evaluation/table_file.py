"""Tables as CSV that no spreadsheet takes for anything else."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Returns a table as CSV.

    Args:
        header: Names of the columns.
        rows: Cells; texts that a spreadsheet would execute get a quote in front.
    """
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow([cell(item) for item in header])
    writer.writerows([cell(item) for item in row] for row in rows)
    return target.getvalue()


def cell(value: object) -> object:
    """Returns a cell that no spreadsheet takes for a formula (OWASP, CSV injection)."""
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return value
