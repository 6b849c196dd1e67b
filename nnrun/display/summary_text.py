"""A summary of data for people, in 80 columns: what to look at first, then the figures."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from nnrun.display.formats import printable

_WIDTH = 80
_NAME = 24
_GAP = "  "
_CLASSES = 10
_COLUMNS = 60
_SIZES = 3
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def summary_text(record: Mapping[str, Any]) -> str:
    """Returns the text of a summary.

    Args:
        record: What `--json` prints.
    """
    blocks = [
        _head(record),
        _warnings(record),
        _splits(record),
        _targets(record),
        _columns(record),
        _values(record),
        _facts(record),
        _examples(record),
    ]
    lines = [line for block in blocks for line in (*block, "") if block]
    return "\n".join(printable(line).rstrip() for line in lines).rstrip() + "\n"


def _head(record: Mapping[str, Any]) -> list[str]:
    what = {"table": "rows", "images": "images", "tokens": "sequences", "texts": "texts"}
    kind = what.get(record["kind"], "samples")
    lines = [f"{record['name']}: {record['samples']:,} {kind} ({record['source']})"]
    if record["looked_at"] < record["samples"] and record["memory"]["in_file"]:
        lines += _wrapped(
            f"Columns, values and duplicates are those of {record['looked_at']:,} samples, evenly spread over all: the "
            "others were not read."
        )
    for note in record["notes"]:
        lines += _wrapped(f"note: {note}")
    return lines


def _warnings(record: Mapping[str, Any]) -> list[str]:
    return [
        line for one in record["warnings"] for line in _wrapped(f"warning: {one['message']} [{one['code']}]")
    ]


def _splits(record: Mapping[str, Any]) -> list[str]:
    splits: Mapping[str, Any] = record["splits"]
    head = ["", *splits]
    rows = [head, ["samples", *(f"{one['samples']:,} ({_percent(one['share'])})" for one in splits.values())]]
    names = record["classes"]
    if names is None:
        return _table(rows)
    train = splits["train"]["classes"]
    shown = names
    if len(names) > _CLASSES:
        # The extremes tell most about the balance.
        ranked = sorted(names, key=lambda name: -train[name])
        shown = [*ranked[: _CLASSES // 2], *ranked[-_CLASSES // 2 :]]
    for place, name in enumerate(shown):
        if len(names) > _CLASSES and place == _CLASSES // 2:
            rows.append([f"… {len(names) - len(shown):,} more", *("" for _ in splits)])
        rows.append(
            [
                _short(name),
                *(
                    f"{one['classes'][name]:,} ({_percent(one['classes'][name] / max(one['samples'], 1))})"
                    for one in splits.values()
                ),
            ]
        )
    return _table(rows)


def _targets(record: Mapping[str, Any]) -> list[str]:
    rows = [
        [_short(target["name"] or "target"), split, _range(target), _spread(target)]
        for split, one in record["splits"].items()
        for target in one["targets"]
    ]
    return _table([["target", "split", "range", "mean ± deviation"], *rows]) if rows else []


def _columns(record: Mapping[str, Any]) -> list[str]:
    columns = record["columns"]
    if not columns:
        return []
    gaps = any(one["missing"] for one in columns)
    rows = [["column", "kind", *(["empty"] if gaps else []), "distinct", "range; mean ± deviation"]]
    for one in columns[:_COLUMNS]:
        empty = [f"{one['missing']:,}" if one["missing"] else "."] if gaps else []
        rows.append([_short(one["name"]), one["kind"], *empty, f"{one['distinct']:,}", ""])
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]) - 1)]
    fixed = sum(widths) + len(_GAP) * len(widths)
    for row, one in zip(rows[1:], columns, strict=False):
        row[-1] = _column_values(one, _WIDTH - fixed)
    lines = _table(rows, right={2, 3} if gaps else {2})
    if len(columns) > _COLUMNS:
        lines.append(f"… {len(columns) - _COLUMNS:,} more columns; --json has all of them")
    return lines


def _column_values(column: Mapping[str, Any], room: int) -> str:
    if column["kind"] == "date":
        return _cut(f"{column['min']} to {column['max']}", room)
    if column["most_frequent"]:
        text = ", ".join(f"{_short(one['value'])} ({one['samples']:,})" for one in column["most_frequent"])
        return _cut(text, room)
    return "" if column["min"] is None else _cut(f"{_range(column)}; {_spread(column)}", room)


def _values(record: Mapping[str, Any]) -> list[str]:
    values = dict(record["values"])
    sizes = values.pop("file_sizes", ())
    rows = [[name.replace("_", " "), _plain(value)] for name, value in values.items()]
    if sizes:
        listed = ", ".join(f"{one['width']} x {one['height']} ({one['images']:,})" for one in sizes[:_SIZES])
        more = f" and {len(sizes) - _SIZES} more" if len(sizes) > _SIZES else ""
        rows.append(["file sizes", f"{listed}{more}"])
    return [_cut(line) for line in _table(rows)]


def _facts(record: Mapping[str, Any]) -> list[str]:
    network, memory, scaling = record["network"], record["memory"], record["scaling"]
    duplicates = record["duplicates"]
    rows = [
        ["network input", f"{_shape(network['input_shape'])} {network['input_dtype']}"],
        [
            "labels",
            f"{_LABELS[network['labels']]}, {_shape(network['label_shape'])} {network['label_dtype']}",
        ],
        ["scaling", _scaling(scaling)],
        ["memory", _memory(memory)],
        ["duplicates", _duplicates(duplicates)],
        ["fingerprint", record["fingerprint"][:16]],
    ]
    return _table(rows)


_LABELS = {"one_hot": "one-hot", "index": "class numbers", "binary": "0 or 1", "values": "numbers"}


def _scaling(scaling: Mapping[str, Any]) -> str:
    method = scaling["method"]
    if method == "none":
        return "none"
    count = len(scaling["shift"])
    if count > 3:
        return f"{method}, fitted for each of {count} columns"
    shift = ", ".join(_number(value) for value in scaling["shift"])
    divisor = ", ".join(_number(value) for value in scaling["divisor"])
    text = f"{method}: minus {shift}, divided by {divisor}"
    if scaling["factor"] != 1 or scaling["offset"]:
        text += f", times {_number(scaling['factor'])}, plus {_number(scaling['offset'])}"
    return text


def _memory(memory: Mapping[str, Any]) -> str:
    text = f"{_size(memory['bytes'])} as the network sees them"
    if memory["fits"]:
        return f"{text}; limit {_size(memory['limit'])}"
    return f"{text}, more than {_size(memory['limit'])}: read piece by piece while it trains"


def _duplicates(duplicates: Mapping[str, Any]) -> str:
    within = sum(duplicates["within"].values())
    across = sum(one["samples"] for one in duplicates["across"])
    if not within and not across:
        return f"none among {duplicates['looked_at']:,} samples"
    parts = ((within, "within a split"), (across, "across splits"))
    return ", ".join(f"{count:,} {where}" for count, where in parts if count)


def _examples(record: Mapping[str, Any]) -> list[str]:
    rows = [["example", "from", "label", "input"]]
    for one in record["examples"]:
        label = one["label"] if isinstance(one["label"], str) else _plain(one["label"])
        rows.append([one["split"], _end(one["place"]), _short(label), _input(one["input"])])
    return [_cut(line) for line in _table(rows)] if len(rows) > 1 else []


def _end(place: str) -> str:
    """Returns the end of a place, which says more than its beginning."""
    return place if len(place) <= _NAME else "…" + place[-_NAME + 1 :]


def _cut(line: str, room: int = _WIDTH) -> str:
    return line if len(line) <= room else line[: max(room - 1, 0)] + "…"


def _input(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_plain(cell)}" for name, cell in value.items())
    return value if isinstance(value, str) else _plain(value)


def _plain(value: Any) -> str:
    if value is None:
        return "(empty)"
    if isinstance(value, list):
        return ", ".join(_plain(item) for item in value)
    if isinstance(value, float):
        return _number(value)
    return f"{value:,}" if isinstance(value, int) else str(value)


def _range(figures: Mapping[str, Any]) -> str:
    return f"{_number(figures['min'])} to {_number(figures['max'])}"


def _spread(figures: Mapping[str, Any]) -> str:
    return f"{_number(figures['mean'])} ± {_number(figures['deviation'])}"


def _number(value: float | str) -> str:
    if isinstance(value, str):
        return value
    if float(value).is_integer() and abs(value) < 1e7:
        return f"{value:,.0f}"
    return f"{value:,.1f}" if 1e3 <= abs(value) < 1e7 else f"{value:.4g}"


def _percent(share: float) -> str:
    return f"{share:.1%}" if 0 < share < 0.1 else f"{share:.0%}"


def _shape(shape: Sequence[int]) -> str:
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})" if shape else "()"


def _size(size: float) -> str:
    for unit in _UNITS[:-1]:
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} {_UNITS[-1]}"


def _short(name: str) -> str:
    return name if len(name) <= _NAME else name[: _NAME - 1] + "…"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(printable(text), _WIDTH, subsequent_indent="  ", break_on_hyphens=False)


def _table(rows: Sequence[Sequence[str]], right: frozenset[int] | set[int] = frozenset()) -> list[str]:
    """Returns rows as lines with aligned columns, those in `right` to the right."""
    if not rows:
        return []
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return [
        _GAP.join(
            cell.rjust(width) if place in right else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
