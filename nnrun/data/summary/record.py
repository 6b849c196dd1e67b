"""A summary of data as JSON; the text for people is made of the same."""

from __future__ import annotations

from typing import Any

from nnrun.data.summary.columns import ColumnSummary
from nnrun.data.summary.duplicates import Duplicates
from nnrun.data.summary.summary import Summary
from nnrun.events import plain

FORMAT = 1
"""Version of the layout; it grows when a reader has to know."""


def to_record(summary: Summary) -> dict[str, Any]:
    """Returns everything that is known as a JSON object.

    Numbers that are not finite are the strings `"nan"`, `"inf"` and `"-inf"`, as JSON has none.
    """
    record: dict[str, Any] = {
        "format": FORMAT,
        "name": summary.name,
        "config": summary.config,
        "source": summary.source,
        "seed": summary.seed,
        "kind": summary.kind,
        "samples": summary.samples,
        "looked_at": summary.looked_at,
        "warnings": [{"code": one.kind, "message": one.message} for one in summary.warnings],
        "notes": list(summary.notes),
        "splits": {
            one.name: {
                "samples": one.samples,
                "share": one.share,
                "classes": None if one.classes is None else dict(one.classes),
                "targets": [
                    {"name": t.name, "min": t.low, "max": t.high, "mean": t.mean, "deviation": t.deviation}
                    for t in one.targets
                ],
                "bytes": one.bytes,
            }
            for one in summary.splits
        },
        "classes": None if summary.classes is None else list(summary.classes),
        "columns": [_column(one) for one in summary.columns],
        "leaks": [
            {
                "column": one.column,
                "target": one.target,
                "kind": one.kind,
                "reason": one.reason,
                "samples": one.samples,
                "exceptions": one.exceptions,
            }
            for one in summary.leaks
        ],
        "duplicates": _duplicates(summary.duplicates),
        "values": dict(summary.values),
        "network": {
            "input_shape": list(summary.input_shape),
            "input_dtype": summary.input_dtype,
            "features": None if summary.features is None else list(summary.features),
            "labels": summary.label_form,
            "label_shape": list(summary.label_shape),
            "label_dtype": summary.label_dtype,
        },
        "scaling": summary.scaling,
        "memory": {
            "bytes": sum(one.bytes for one in summary.splits),
            "limit": summary.memory,
            "fits": sum(one.bytes for one in summary.splits) <= summary.memory,
            "in_file": summary.in_file,
        },
        "examples": [
            {"split": one.split, "place": one.place, "label": one.label, "input": one.shown}
            for one in summary.examples
        ],
        "fingerprint": summary.fingerprint,
        "data_changed": summary.data_changed,
    }
    finite: dict[str, Any] = plain(record)
    return finite


def _column(column: ColumnSummary) -> dict[str, Any]:
    return {
        "name": column.name,
        "kind": column.kind,
        "missing": column.missing,
        "filled_with": column.filled_with,
        "distinct": column.distinct,
        "constant": column.is_constant,
        "min": column.low,
        "max": column.high,
        "mean": column.mean,
        "deviation": column.deviation,
        "most_frequent": [{"value": name, "samples": count} for name, count in column.most_frequent],
    }


def _duplicates(duplicates: Duplicates) -> dict[str, Any]:
    return {
        "looked_at": duplicates.looked_at,
        "within": dict(duplicates.within),
        "across": [
            {"splits": [first, second], "samples": count}
            for (first, second), count in duplicates.across.items()
        ],
        "conflicting": duplicates.conflicting,
        "groups": [
            [{"split": split, "position": place} for split, place in group] for group in duplicates.groups
        ],
    }
