"""The table after a training: what came out, in how much time, and where it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TextIO

from nnrun.display.formats import duration, number, printable
from nnrun.display.stream import SafeStream, is_terminal
from nnrun.events import RunEnded

_GAP = "  "


def show_result(ended: RunEnded, *, name: str, directory: str, stream: TextIO, monitor: str = "") -> None:
    """Prints how a run ended: with colours on a terminal, as plain text elsewhere.

    Args:
        ended: The end of the run.
        name: Name of the experiment.
        directory: The run directory, as it should be shown to the user.
        stream: Where to print: stdout.
        monitor: The metric that decided which epoch is the best.
    """
    text = result_text(ended, name=name, directory=directory, monitor=monitor)
    out = SafeStream(stream)
    if not is_terminal(stream):
        out.write(text)
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(file=stream, highlight=False, soft_wrap=True)
    styled = Text(text)
    styled.highlight_regex(r"^.*\n", "bold")
    styled.highlight_regex(r"\n {2,}.*(?=\nmetric)", "dim")
    styled.highlight_regex(r"\nmetric.*", "dim")
    with console.capture() as capture:
        console.print(styled, end="")
    out.write("\n" + capture.get())  # apart from the epochs above it


def result_text(ended: RunEnded, *, name: str, directory: str, monitor: str = "") -> str:
    """Returns the text that `show_result` prints, without colours; it ends with a newline."""
    lines = [printable(f"{name}: {ended.status}, {ended.reason}")]
    if ended.final:
        lines += ["", *_metric_table(ended)]
    lines.append("")
    facts = [("time", f"{duration(ended.seconds)}{_timing(ended.timing)}")]
    if ended.best_epoch is not None and monitor:
        value = f" {number(ended.best[monitor])}" if monitor in ended.best else ""
        facts.append(("best", f"epoch {ended.best_epoch} by {monitor}{value}"))
    facts.append(("run", directory))
    lines += [printable(f"{title:<4}  {text}") for title, text in facts]
    return "\n".join(lines) + "\n"


def _metric_table(ended: RunEnded) -> list[str]:
    blocks = []
    if ended.best_epoch is not None and ended.best_epoch != ended.epochs:
        blocks.append((f"best: epoch {ended.best_epoch}", ended.best))
    title = "last and best" if ended.best_epoch == ended.epochs else "last"
    blocks.append((f"{title}: epoch {ended.epochs}", ended.final))

    names = list(dict.fromkeys(key.removeprefix("val_") for _, metrics in blocks for key in metrics))
    validated = any(key.startswith("val_") for _, metrics in blocks for key in metrics)
    splits = ("train", "validation") if validated else ("train",)
    rows: list[list[str]] = [["metric", *(split for _ in blocks for split in splits)]]
    for metric in names:
        cells = [_cell(metrics, metric, split) for _, metrics in blocks for split in splits]
        rows.append([printable(metric), *cells])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    # The title of a block stands above its columns; a longer one makes the last of them wider.
    per_block = len(splits)
    for index, (text, _) in enumerate(blocks):
        first = 1 + index * per_block
        have = sum(widths[first : first + per_block]) + len(_GAP) * (per_block - 1)
        widths[first] += max(len(text) - have, 0)
    head = " " * widths[0]
    for index, (text, _) in enumerate(blocks):
        first = 1 + index * per_block
        have = sum(widths[first : first + per_block]) + len(_GAP) * (per_block - 1)
        head += _GAP + text.rjust(have)
    return [head.rstrip(), *(_row(row, widths) for row in rows)]


def _cell(metrics: Mapping[str, float], metric: str, split: str) -> str:
    value = metrics.get(metric if split == "train" else f"val_{metric}")
    return "" if value is None else number(value)


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    rest = (cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True))
    return _GAP.join([cells[0].ljust(widths[0]), *rest]).rstrip()


def _timing(timing: Mapping[str, float]) -> str:
    """Names where the time went: what took at least a twentieth of it."""
    total = sum(timing.values())
    parts = [
        f"{phase} {duration(seconds)}"
        for phase, seconds in timing.items()
        if seconds >= total / 20 and seconds
    ]
    return f" ({', '.join(parts)})" if parts else ""
