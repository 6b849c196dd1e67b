"""When it was started and continued, and what it said meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnrun.evaluation.report.blocks import Block, Cell, Column, More, Note, Section, Table
from nnrun.evaluation.report.material import Material
from nnrun.evaluation.report.past import Said
from nnrun.evaluation.report.texts import NONE, clock, command, listing, mapping, moment, plural

_MESSAGES = 200
"""So many messages are shown, at most."""

_LONGEST = 1_000
"""So many characters of a message are shown."""

_OPEN = 12
"""More messages than these are in a table that is closed at first."""


def section(material: Material) -> Section:
    """Returns the history of a run."""
    blocks: list[Block] = [_starts(material)]
    past = material.past
    warnings = sum(said.level == "warning" for said in past.messages)
    if past.messages:
        table = _messages(past.messages[-_MESSAGES:])
        many = len(past.messages) > _OPEN
        title = plural(len(past.messages), "message")
        if len(past.messages) > _MESSAGES:
            title += f", the last {_MESSAGES}"
        blocks.append(More(title, [table]) if many else table)
    if past.damaged:
        blocks.append(Note("warning", f"{plural(past.damaged, 'line')} of events.jsonl cannot be read."))
    summary = f"{plural(warnings, 'warning')}." if warnings else ""
    return Section("history", "History", blocks, summary)


def _starts(material: Material) -> Table:
    record = material.run.record
    resumed = [part for part in listing(record.get("resumed")) if isinstance(part, Mapping)]
    rows = [_start("started", record)]
    before = mapping(record.get("versions"))
    for part in resumed:
        now = mapping(part.get("versions"))
        rows.append(
            _start(f"continued after epoch {part.get('after_epoch', NONE)}", part, _changed(before, now))
        )
        before = now or before
    if record.get("ended"):
        reason = str(record.get("reason") or "")
        code = record.get("exit_code")
        text = f"{reason} (exit code {code})" if code is not None else reason
        rows.append([Cell(moment(record["ended"]), mark="time"), Cell(material.run.status), Cell(text)])
    return Table([Column("time"), Column("what"), Column("command, or reason")], rows, "Starts and ends")


def _start(what: str, part: Mapping[str, Any], changed: str = "") -> list[Cell]:
    return [
        Cell(moment(part.get("started")), mark="time"),
        Cell(f"{what}{changed}"),
        Cell(command(part), mark="code"),
    ]


def _changed(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    other = [f"{name} {now[name]}" for name in now if before and now[name] != before.get(name)]
    return f", now with {', '.join(other)}" if other else ""


def _text(said: Said) -> str:
    text = said.text if len(said.text) <= _LONGEST else f"{said.text[: _LONGEST - 1]}\u2026"
    return text if said.count == 1 else f"{text} ({said.count:,} times)"


def _messages(messages: list[Said]) -> Table:
    rows = [
        [
            Cell("" if said.time is None else clock(said.time), mark="time"),
            Cell(said.level, mark="bad" if said.level == "warning" else "faint"),
            Cell(_text(said)),
        ]
        for said in messages
    ]
    return Table([Column("time"), Column("level"), Column("message")], rows, "Messages")
