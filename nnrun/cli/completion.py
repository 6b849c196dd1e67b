"""Completion in shells: what may stand where the help says RUN, CONFIG and the like.

A shell starts nnrun anew for every TAB, so nothing is loaded here, and runs are told by the names of their folders.
"""

from __future__ import annotations

import json
import os
import sys
import typing
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import typer
from typer.models import ParameterInfo

VARIABLE = "_NNRUN_COMPLETE"
"""Set by the shells when they ask for completions."""

_NEWEST = 10
"""So many ids are offered before anything is typed; all others after their beginning."""

_LOOKED_INTO = 5
"""The metrics are those of the newest of so many runs that has some."""

_ENDINGS = (".yaml", ".yml")

Completer = Callable[[typer.Context, str], list[str]]


def prepare(commands: Iterable[Callable[..., None]]) -> None:
    """Gives every parameter of commands its completions, by the word that stands for it in the help.

    Args:
        commands: The functions of the commands; to be called only where a shell asks for completions.
    """
    words, at = _words_of_bash()
    if words[at : at + 1] == [":"]:
        # What is to be completed is the empty word behind it.
        os.environ |= {"COMP_WORDS": "\n".join([*words[: at + 1], ""]), "COMP_CWORD": str(at + 1)}
    # typer would load rich to write the help of a command, which takes longer than everything else.
    sys.modules["rich"] = None  # type: ignore[assignment]
    for command in commands:
        # As objects, not as texts, so that typer sees what is changed in them.
        command.__annotations__ = typing.get_type_hints(command, include_extras=True)
        for hint in command.__annotations__.values():
            for info in getattr(hint, "__metadata__", ()):
                if isinstance(info, ParameterInfo) and info.autocompletion is None:
                    info.autocompletion = _completer(info.metavar or "")


def _completer(metavar: str) -> Completer | None:
    known = [_BY_WORD[word] for word in metavar.replace("|", " ").split() if word in _BY_WORD]
    if not known:
        return None

    def complete(ctx: typer.Context, incomplete: str) -> list[str]:  # typer goes by these names
        # After `best:` no file can follow.
        sources = [_runs] if _runs in known and _metric_after_best(incomplete) is not None else known
        found = [text for source in sources for text in source(ctx, incomplete)]
        return list(dict.fromkeys(found))

    return complete


def _runs(context: typer.Context, incomplete: str) -> Iterator[str]:
    """Yields selectors: `latest`, names, ids, and `best:` with the metrics of a run that is newest."""
    folder = _runs_dir(context)
    metric = _metric_after_best(incomplete)
    if metric is not None:
        before, begun = metric
        yield from (before + name for name in _metrics(folder) if name.startswith(begun))
        return
    names = sorted(_folders(folder))
    ids = sorted((run for name in names for run in _folders(folder / name)), reverse=True)
    candidates = ["latest", *names, *(ids if incomplete else ids[:_NEWEST]), "best:"]
    yield from (text for text in candidates if text.startswith(incomplete))


def _metric_after_best(incomplete: str) -> tuple[str, str] | None:
    """Returns what to write before a metric, and its beginning, where one follows `best:`."""
    words, at = _words_of_bash()
    # For bash a colon is a word of its own, and only what follows it is wanted.
    if words[:at][-2:] == ["best", ":"]:
        return "", incomplete
    return ("best:", incomplete.removeprefix("best:")) if incomplete.startswith("best:") else None


def _words_of_bash() -> tuple[list[str], int]:
    """Returns the words of the command line, and which of them is to be completed."""
    at = os.environ.get("COMP_CWORD", "")
    return os.environ.get("COMP_WORDS", "").split("\n"), int(at) if at.isdigit() else 0


def _configs(_: typer.Context, incomplete: str) -> Iterator[str]:
    """Yields config files, and folders; the only folder is looked into, as bash would put a space behind it."""
    found = list(_files(incomplete, _ENDINGS))
    while len(found) == 1 and found[0].endswith("/"):
        inside = list(_files(found[0], _ENDINGS))
        if not inside:
            break
        found = inside
    yield from found


def _templates(_: typer.Context, incomplete: str) -> Iterator[str]:
    from nnrun.config.templates import TEMPLATES

    yield from (name for name in TEMPLATES if name.startswith(incomplete))


def _keys(context: typer.Context, incomplete: str) -> Iterator[str]:
    """Yields what runs can be ordered by and shown with, after the last comma."""
    before, comma, begun = incomplete.rpartition(",")
    keys = ["started", "id", "name", "status", "epochs", "seconds", *_metrics(_runs_dir(context))]
    yield from (before + comma + key for key in keys if key.startswith(begun.removeprefix("+")))


_BY_WORD: dict[str, Callable[[typer.Context, str], Iterator[str]]] = {
    "RUN": _runs,
    "CONFIG": _configs,
    "TEMPLATE": _templates,
    "KEY": _keys,
    "KEYS": _keys,
}


def _files(begun: str, endings: tuple[str, ...]) -> Iterator[str]:
    folder, slash, name = begun.rpartition("/")
    try:
        with os.scandir(f"{folder}{slash}" or ".") as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                if not entry.name.startswith(name) or (entry.name[0] == "." and not name):
                    continue
                if entry.is_dir():
                    yield f"{folder}{slash}{entry.name}/"
                elif entry.name.endswith(endings):
                    yield f"{folder}{slash}{entry.name}"
    except OSError:
        return


def _runs_dir(context: typer.Context) -> Path:
    given = context.params.get("runs_dir") or os.environ.get("NNRUN_RUNS_DIR") or "runs"
    return Path(given)


def _folders(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries if entry.name[0] != "." and entry.is_dir()]
    except OSError:
        return []


def _metrics(runs_dir: Path) -> list[str]:
    """Returns the metrics of a run that is one of the newest."""
    runs = [(run, name) for name in _folders(runs_dir) for run in _folders(runs_dir / name)]
    for run, name in sorted(runs, reverse=True)[:_LOOKED_INTO]:
        try:
            summary = json.loads((runs_dir / name / run / "summary.json").read_bytes())
        except (OSError, ValueError):
            continue
        if isinstance(summary, dict):
            best = [key.removeprefix("best_") for key in summary if key.startswith("best_")]
            return [key for key in best if key != "epoch"]
    return []
