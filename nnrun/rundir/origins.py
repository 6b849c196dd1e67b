"""The config of a run, with the place where each of its values was written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

from nnrun.config.document import Document, parse_document, read_source
from nnrun.config.load import LoadedConfig, load_experiment
from nnrun.config.overrides import apply_overrides, looks_like_override
from nnrun.config.problems import ConfigError, KeyPath
from nnrun.config.resolved import lines_with_origins, origin_of, with_origins
from nnrun.errors import DataError
from nnrun.rundir.reading import Run

_OPTIONS = {"name": "--name", "seed": "--seed"}
"""Keys that options of `nnrun train` set."""

_WITHOUT = {"name": "file name", "seed": "drawn"}
"""Where they come from if nothing says them."""

_OF_A_FOLD: tuple[KeyPath, ...] = (("dataset", "split", "fold"), ("dataset", "split", "folds"))
_INSTEAD_OF: tuple[KeyPath, ...] = (("dataset", "split", "validation"), ("fit", "validation_data"))
"""Keys that `nnrun crossval` sets, and those that it takes back where they are given."""


def config_of_run(run: Run, overrides: Sequence[str] = ()) -> str:
    """Returns the config of a run, complete, with a comment after each value that says where it comes from.

    Args:
        run: The run.
        overrides: `KEY=VALUE` arguments to apply to it.

    Returns:
        Lines are those of `config.yaml` in the run directory; `override` is what stood in the command, and `crossval`
        what makes the run a fold of a cross-validation. The files that
        the config extended are not kept, so their values cannot be told from defaults.

    Raises:
        ConfigError: An override does not fit, or the config can no longer be used.
        DataError: The run has no `resolved.yaml`.
    """
    loaded = load_experiment(run.resolved_path, overrides)
    origin = _origin(run, loaded)
    return with_origins(loaded) if origin is None else f"# run {run.id}\n{with_origins(loaded, origin)}"


def lines_of_run(run: Run) -> list[tuple[str, str | None]]:
    """Returns the lines of the same, each with where its value comes from; None where there is no value on it.

    Raises:
        ConfigError: The config can no longer be used.
        DataError: The run has no `resolved.yaml`.
    """
    loaded = load_experiment(run.resolved_path)
    return lines_with_origins(loaded, _origin(run, loaded))


def _origin(run: Run, loaded: LoadedConfig) -> Callable[[KeyPath], str] | None:
    """Returns what tells where a value was written; None where the user's config is missing or damaged."""
    written = _as_written(run)
    if written is None:
        return None
    words = [word for command in _commands(run) for word in command]
    otherwise = "base or default" if "extends" in written.root.entries else "default"

    def origin(path: KeyPath) -> str:
        if origin_of(loaded.document, path) == "override":
            return "override"
        if "crossval" in run.record and (
            path in _OF_A_FOLD or (path in _INSTEAD_OF and written.node(path) is not None)
        ):
            return "crossval"
        key = str(path[0])
        if len(path) == 1 and key in _OPTIONS and written.node(path) is None:
            given = any(word.partition("=")[0] == _OPTIONS[key] for word in words)
            return "override" if given else _WITHOUT[key]
        return origin_of(written, path, otherwise)

    return origin


def _as_written(run: Run) -> Document | None:
    """Returns the user's config with the overrides of the commands; None where it is missing or damaged."""
    try:
        source, _ = read_source(run.config_path)
        document = parse_document(source)
    except (ConfigError, DataError):
        return None
    for word in (word for command in _commands(run) for word in command if looks_like_override(word)):
        # Values of options look like overrides, too, and fit nowhere.
        with suppress(ConfigError):
            document = apply_overrides(document, [word])
    return document


def _commands(run: Run) -> list[list[str]]:
    """Returns the commands that started the training and continued it."""
    parts = [run.record, *(run.record.get("resumed") or [])]
    commands = [part.get("command") for part in parts if isinstance(part, dict)]
    return [[str(word) for word in command] for command in commands if isinstance(command, list)]
