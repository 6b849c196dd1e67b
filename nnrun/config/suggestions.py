"""What was probably meant by a key or value that does not exist."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from pydantic import BaseModel

from nnrun.config.problems import KeyPath, format_path
from nnrun.config.spelling import nearest_of

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
    "directory": ("path",),
    "folder": ("path",),
    "image_size": ("size",),
    "img_size": ("size",),
    "target_size": ("size",),
    "color_mode": ("color",),
    "colour": ("color",),
    "data": ("dataset",),
    "label": ("target",),
    "labels": ("target",),
    "columns": ("features",),
    "weight": ("sample_weight",),
    "weights": ("sample_weight",),
    "groups": ("group",),
    "encoding": ("encode",),
    "quotes": ("quoting",),
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
    "base": ("extends",),
    "bases": ("extends",),
    "defaults": ("extends",),
    "include": ("extends",),
    "includes": ("extends",),
    "import": ("extends",),
    "inherit": ("extends",),
    "inherits": ("extends",),
    "parent": ("extends",),
}
"""Names that other tools, older versions of Keras, or habit give to keys."""

NEEDLESS_KEYS: Mapping[str, str] = {
    "verbose": "nnrun shows its progress itself, see --progress",
    "steps_per_epoch": "an epoch is one pass over the training data",
    "validation_steps": "all validation data are used",
    "initial_epoch": "`nnrun resume` continues a run",
    "workers": "the data are in memory",
    "use_multiprocessing": "the data are in memory",
    "max_queue_size": "the data are in memory",
    "steps_per_execution": "nnrun runs many steps at once anyway",
    "run_eagerly": "nnrun compiles the training step",
    "allow_code": "only the command line can allow it, with --allow-code",
    "x": "the section dataset says what is trained on",
    "y": "the section dataset says what is trained on",
}
"""Arguments of Keras's `fit` and `compile` that a config does not need, with the reason."""

_OPTIMIZER_ARGUMENTS = frozenset({"learning_rate", "lr", "momentum", "weight_decay", "clipnorm", "clipvalue"})


def closest(word: str, candidates: Iterable[str]) -> str | None:
    """Returns the candidate that a word is probably a misspelling of, or None.

    Case and separators do not count: `batchSize` and `batch-size` are `batch_size`.
    """
    by_bare = {bare(candidate): candidate for candidate in candidates}
    nearest = nearest_of(bare(word), by_bare)
    return by_bare[nearest] if nearest is not None else None


def keys_of(path: KeyPath, model: type[BaseModel]) -> tuple[str, ...]:
    """Returns the keys that a section takes; `extends` is one, though it is resolved before validation."""
    return (*model.model_fields, *(() if path else ("extends",)))


def meant_key(key: str, keys: Collection[str]) -> str | None:
    """Returns the key of a section that an unknown key probably stands for, or None.

    Args:
        key: The unknown key.
        keys: What the section takes.
    """
    return _known_as(key, keys) or closest(key, keys)


def _known_as(key: str, keys: Collection[str]) -> str | None:
    """Returns the key that is written otherwise, or has this name elsewhere."""
    for name in OLD_KEYS.get(key.lower().replace("-", "_"), ()):
        if name in keys:
            return name
    return next((name for name in keys if bare(name) == bare(key)), None)


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
    keys = keys_of(path, model)
    if key in NEEDLESS_KEYS:
        return f"remove it: {NEEDLESS_KEYS[key]}"
    meant = _known_as(key, keys)
    if meant is not None:
        return f"did you mean {meant!r}?"
    if key == "extends":
        return "'extends' belongs to the top of the file"
    if key.endswith(")"):
        return "if it is part of a tuple: write a list in square brackets, such as [0, 1]"
    names = [key, *OLD_KEYS.get(key, ())]
    homes = [
        where
        for where, other in sections.items()
        if other is not model and set(names) & set(other.model_fields)
    ]
    if "dataset.split" in homes:
        # A share of the samples, and not files of their own as some sources have them.
        homes = ["dataset.split"]
    if homes and len(homes) <= 2:
        known = next(name for name in names if name in sections[homes[0]].model_fields)
        example = ": write split: {validation: 0.2} there" if key == "validation_split" else ""
        return f"{known!r} belongs to {' or '.join(homes)}{example}"
    meant = closest(key, keys)
    if meant is not None:
        return f"did you mean {meant!r}?"
    where = format_path(path) or "a config"
    return f"{where} takes {', '.join(keys)}"


def value_hint(value: object, options: Iterable[object]) -> str:
    """Returns advice about a value that is none of the enumerated ones; empty where none comes to mind."""
    meant = closest(value, map(str, options)) if isinstance(value, str) else None
    return f"did you mean {meant!r}?" if meant else ""


def bare(word: str) -> str:
    """Returns a name without what people vary: case and separators."""
    return word.lower().replace("-", "").replace("_", "")
