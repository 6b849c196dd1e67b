"""The configs of a cross-validation: that of the user, with one fold after the other as the validation split."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from nnrun.check import check_config
from nnrun.config.load import LoadedConfig, Reading, load_experiment, read_config
from nnrun.errors import UsageError

DEFAULT_FOLDS = 5


@dataclass(frozen=True, slots=True)
class FoldConfigs:
    """What a cross-validation trains.

    Args:
        first: The checked config of the first fold, with a seed, and with the warnings, which hold for all folds.
        folds: How many folds there are.
        overrides: The arguments that all folds have in common.
        notes: Sentences about what the folds take the place of.
    """

    first: LoadedConfig
    folds: int
    overrides: tuple[str, ...]
    notes: tuple[str, ...]

    def __iter__(self) -> Iterator[LoadedConfig]:
        """Yields the config of each fold, all with the same seed."""
        yield self.first
        for fold in range(2, self.folds + 1):
            loaded = load_experiment(self.first.path, [*self.overrides, f"dataset.split.fold={fold}"])
            yield loaded.with_seed(self.first.seed)


def fold_configs(path: Path, overrides: Sequence[str], folds: int | None = None) -> FoldConfigs:
    """Makes the config of each fold.

    Each is the user's with `dataset.split.fold` and `folds`: a fold can be trained, evaluated and continued alone.

    Args:
        path: The config file.
        overrides: `KEY=VALUE` arguments.
        folds: How many folds; by default `dataset.split.folds`, or 5.

    Raises:
        ConfigError: The config has problems.
        DataError: There is no such file, or the data certainly cannot be divided so.
        UsageError: The config or an argument chooses a fold.
    """
    reading = read_config(path, overrides)
    given = reading.loaded().experiment.dataset.split
    if given.fold is not None:
        raise UsageError(
            "dataset.split.fold chooses a single fold, and a cross-validation trains on all of them",
            "Leave it out, or use `nnrun train` for this one.",
        )
    folds = folds or given.folds or DEFAULT_FOLDS
    common = [*overrides, f"dataset.split.folds={folds}"]
    notes = []
    for key, told in (
        (("dataset", "split", "validation"), "the folds take the place of dataset.split.validation"),
        (("fit", "validation_data"), "each network is validated on its fold instead of fit.validation_data"),
    ):
        if _is_set(reading, key):
            common.append(f"{'.'.join(key)}=null")
            notes.append(told)
    # What the check finds is the same for all folds.
    first = check_config(path, [*common, "dataset.split.fold=1"]).with_seed(secrets.randbits(32))
    return FoldConfigs(first, folds, tuple(common), tuple(notes))


def _is_set(reading: Reading, path: tuple[str, ...]) -> bool:
    node = reading.document.node(path)
    return node is not None and getattr(node, "value", path) is not None
