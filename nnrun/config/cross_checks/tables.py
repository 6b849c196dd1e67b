"""The section of a table: keys that exclude each other, and categories against the layers."""

from __future__ import annotations

from collections.abc import Iterator

from nnrun.config.cross_checks.finding import Finding
from nnrun.config.datasets import CsvData
from nnrun.config.experiment import Experiment
from nnrun.config.facts import DataFacts
from nnrun.config.problems import KeyPath

_BEFORE_EMBEDDING = frozenset({"Input", "InputLayer"})


def table_keys_agree(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:  # noqa: ARG001
    """A table is divided in one way, and codes are not scaled."""
    data = experiment.dataset
    if not isinstance(data, CsvData):
        return
    split = data.split
    if split.group is not None and split.time is not None:
        yield _contradiction(
            ("split", "time"), "rows are divided by group or by time, not by both", "remove one"
        )
    for key, value, why in (
        ("group", split.group, "whole groups cannot have the classes in the same proportion"),
        ("time", split.time, "the order in time says which rows are in which split"),
    ):
        if value is not None and split.stratify:
            yield _contradiction(
                ("split", "stratify"), f"there is `{key}` too: {why}", f"remove stratify, or {key}"
            )
    if data.encode == "codes" and data.scale != "none":
        yield _contradiction(
            ("scale",),
            "with `encode: codes` the inputs are code numbers, which cannot be scaled",
            "remove scale",
        )


def _contradiction(path: KeyPath, message: str, hint: str) -> Finding:
    return Finding(("dataset", *path), "dataset-contradiction", message, hint, at="key")


def embedding_gets_codes(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:  # noqa: ARG001
    """What goes into an embedding are code numbers of categories."""
    data, layers = experiment.dataset, experiment.model.layers
    if not isinstance(data, CsvData) or data.encode == "codes" or data.scale != "none":
        return  # of scaled data another check tells
    first = next((n for n, layer in enumerate(layers) if layer.class_name not in _BEFORE_EMBEDDING), None)
    if first is not None and layers[first].class_name == "Embedding":
        yield Finding(
            ("model", "layers", first),
            "token-floats",
            f"layer {first} Embedding expects code numbers of categories, it receives numbers and columns of 0 and 1",
            "set dataset.encode: codes",
            "warning",
        )
