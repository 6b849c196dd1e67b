"""What was probably meant by a key or value that does not exist."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from pydantic import BaseModel

from nnrun.config.problems import KeyPath, format_path

OLD_KEYS: Mapping[str, tuple[str, ...]] = {
    "nb_epoch": ("epochs",),
    "nb_epochs": ("epochs",),
    "n_epochs": ("epochs",),
    "num_epochs": ("epochs",),
    "max_epochs": ("epochs",),
    "batch": ("batch_size",),
    "batchsize": ("batch_size",),
    "val_batch_size": ("validation_batch_size",),
    "validation_split": ("validation",),
    "val": ("validation",),
    "train_test_split": ("split",),
    "test_size": ("test",),
    "random_state": ("seed",),
    "random_seed": ("seed",),
    "type": ("source", "generator"),
    "kind": ("source", "generator"),
    "n_samples": ("samples",),
    "normalize": ("scale",),
    "scaling": ("scale",),
    "file": ("path",),
    "filename": ("path",),
    "data": ("dataset",),
    "label": ("target",),
    "labels": ("target",),
    "columns": ("features",),
    "sep": ("delimiter",),
    "separator": ("delimiter",),
    "network": ("model",),
    "training": ("fit",),
    "train": ("fit",),
    "layer": ("layers",),
    "metric": ("metrics",),
    "optim": ("optimizer",),
    "criterion": ("loss",),
    "objective": ("loss",),
    "save_every": ("every_seconds",),
    "max_features": ("max_tokens",),
    "num_words": ("max_tokens",),
    "maxlen": ("sequence_length",),
}
"""Names that other tools, older versions of Keras, or habit give to keys."""

_OPTIMIZER_ARGUMENTS = frozenset({"learning_rate", "lr", "momentum", "weight_decay", "clipnorm", "clipvalue"})


def closest(word: str, candidates: Iterable[str]) -> str | None:
    """Returns the candidate that a word is probably a misspelling of, or None.

    Case and separators do not count: `batchSize` and `batch-size` are `batch_size`.
    """
    by_bare = {_bare(candidate): candidate for candidate in candidates}
    if _bare(word) in by_bare:
        return by_bare[_bare(word)]
    close = get_close_matches(_bare(word), by_bare, n=1, cutoff=0.7)
    return by_bare[close[0]] if close else None


def meant_key(key: str, model: type[BaseModel]) -> str | None:
    """Returns the key of a section that an unknown key probably stands for, or None."""
    fields = model.model_fields
    for name in OLD_KEYS.get(key.lower().replace("-", "_"), ()):
        if name in fields:
            return name
    return closest(key, fields)


def key_hint(key: str, path: KeyPath, model: type[BaseModel], sections: Mapping[str, type[BaseModel]]) -> str:
    """Returns advice about an unknown key.

    Args:
        key: The key.
        path: Path of the section that it stands in.
        model: Model of that section.
        sections: All sections by how to call them, such as `fit` or `dataset (source: csv)`.
    """
    if key in _OPTIMIZER_ARGUMENTS and path in ((), ("compile",), ("fit",)):
        name = "learning_rate" if key == "lr" else key
        return f"{name!r} is an argument of the optimizer: optimizer: {{Adam: {{{name}: …}}}}"
    meant = meant_key(key, model)
    if meant is not None:
        return f"did you mean {meant!r}?"
    names = [key, *OLD_KEYS.get(key, ())]
    homes = [
        where
        for where, other in sections.items()
        if other is not model and set(names) & set(other.model_fields)
    ]
    if homes and len(homes) <= 2:
        known = next(name for name in names if name in sections[homes[0]].model_fields)
        return f"{known!r} belongs to {' or '.join(homes)}"
    where = format_path(path) or "a config"
    return f"{where} takes {', '.join(model.model_fields)}"


def value_hint(value: object, options: Iterable[object]) -> str:
    """Returns advice about a value that is none of the enumerated ones; empty where none comes to mind."""
    meant = closest(value, map(str, options)) if isinstance(value, str) else None
    return f"did you mean {meant!r}?" if meant else ""


def _bare(word: str) -> str:
    return word.lower().replace("-", "").replace("_", "")
