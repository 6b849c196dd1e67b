"""What is learned from the training split before training, and repeated exactly at predict time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnrun.config.datasets import Scale
from nnrun.data.filling import Filler, filled, fit_fillers
from nnrun.data.raw import InputKind, RawData
from nnrun.data.rows import MappedRows, is_mapped
from nnrun.data.scaling import Scaling, fit_scaling
from nnrun.data.vocabulary import Vocabulary, fit_vocabulary
from nnrun.errors import DataError


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """The way from raw inputs to what the network sees; part of a run.

    Args:
        kind: What one sample is.
        scaling: Fitted scaling of the numbers; one-hot columns are not scaled.
        columns: Names of the columns of a table before encoding, in their order; None where there are no
            names.
        categories: For each text column of a table, by column number: the values that the training split
            has, sorted. The column becomes one column for each.
        fillers: For each column of a table that may have empty cells, by column number: the number or
            category that they get.
        vocabulary: The words of the training split, for texts.
        class_names: Names of the classes in the order of their numbers; None for regression.
        target_names: Names of the target columns, where they have names.
    """

    kind: InputKind
    scaling: Scaling
    columns: tuple[str, ...] | None = None
    categories: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    fillers: Mapping[int, Filler] = field(default_factory=dict)
    vocabulary: Vocabulary | None = None
    class_names: tuple[str, ...] | None = None
    target_names: tuple[str, ...] | None = None

    @property
    def feature_names(self) -> tuple[str, ...] | None:
        """Names of the columns that the network sees: `island=Biscoe` for a category, None without names."""
        if self.columns is None:
            return None
        names: list[str] = []
        for number, name in enumerate(self.columns):
            if number in self.categories:
                names += [f"{name}={category}" for category in self.categories[number]]
            else:
                names.append(name)
        return tuple(names)

    def apply(self, x: NDArray[Any], categories: Mapping[int, tuple[str, ...]] | None = None) -> NDArray[Any]:
        """Returns what the network sees.

        Args:
            x: Raw inputs, shape `(samples, ...)`; NaN for an empty cell of a table; strings for texts.
            categories: What the numbers in the text columns of `x` stand for (`RawData.categories`).

        Returns:
            Shape `(samples, ...)`, float32 (int32 for tokens, and for texts as sequences). A category that the
            training split did not have is 0 in all columns of its feature.

        Raises:
            DataError: If a value is too great for float32 after scaling, or a cell is empty in a column
                whose empty cells are not filled.
        """
        if self.vocabulary is not None:
            return self.vocabulary.apply(x)
        if self.kind == "tokens":
            return np.ascontiguousarray(x, dtype=np.int32)
        if self.kind == "table":
            x, categories = filled(x, categories or {}, self.fillers)
            self._check_filled(x)
        scaled = self._apply_to_columns(x, categories or {}) if self.categories else self.scaling.apply(x)
        # A byte cannot become too great.
        if self.kind == "table" or x.dtype.kind == "f":
            self._check_finite(scaled)
        return scaled

    def unseen(self, x: NDArray[Any], categories: Mapping[int, tuple[str, ...]]) -> dict[str, int]:
        """Counts, by column name, the samples whose category the training split does not have."""
        counts: dict[str, int] = {}
        x, categories = filled(x, categories, self.fillers)
        for number, known in self.categories.items():
            missing = [code for code, name in enumerate(categories[number]) if name not in known]
            count = int(np.isin(x[:, number], missing).sum()) if missing else 0
            if count:
                counts[self.columns[number] if self.columns else str(number)] = count
        return counts

    def _apply_to_columns(
        self, x: NDArray[Any], categories: Mapping[int, tuple[str, ...]]
    ) -> NDArray[np.float32]:
        numeric = [number for number in range(x.shape[1]) if number not in self.categories]
        scaled = self.scaling.apply(x[:, numeric])
        blocks: list[NDArray[np.float32]] = []
        for number in range(x.shape[1]):
            if number in self.categories:
                blocks.append(_one_hot(x[:, number], categories[number], self.categories[number]))
            else:
                place = numeric.index(number)
                blocks.append(scaled[:, place : place + 1])
        return np.concatenate(blocks, axis=1)

    def _check_filled(self, x: NDArray[Any]) -> None:
        if x.dtype.kind != "f":
            return
        empty = np.flatnonzero(np.isnan(x).any(axis=0))
        if len(empty):
            name = self.columns[empty[0]] if self.columns else str(empty[0])
            raise DataError(
                f"column '{name}' has empty cells, and nothing says what to fill them with",
                "train with `dataset.missing`, which says it",
            )

    def _check_finite(self, x: NDArray[np.float32]) -> None:
        wrong = np.flatnonzero(~np.isfinite(x).all(axis=tuple(range(x.ndim - 1))))
        if len(wrong):
            names = self.feature_names
            name = names[wrong[0]] if names else str(wrong[0])
            what = f"column '{name}'" if self.kind == "table" else f"position {wrong[0]} of the last axis"
            raise DataError(
                f"{what} has values that are greater than a 32-bit float can hold (3.4e38)",
                "use `scale: standard` or `scale: minmax`, or leave it out",
            )

    def to_json(self) -> dict[str, Any]:
        """Returns a JSON object from which `from_json` makes an equal value."""
        return {
            "kind": self.kind,
            "scaling": self.scaling.to_json(),
            "columns": None if self.columns is None else list(self.columns),
            # JSON has text keys only.
            "categories": {str(number): list(names) for number, names in self.categories.items()},
            "fillers": {str(number): filler for number, filler in self.fillers.items()},
            "vocabulary": None if self.vocabulary is None else self.vocabulary.to_json(),
            "class_names": None if self.class_names is None else list(self.class_names),
            "target_names": None if self.target_names is None else list(self.target_names),
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Preprocessing:
        """Reads what `to_json` wrote, with this version or an older one: without `fillers`, or `vocabulary`."""
        vocabulary = value.get("vocabulary")
        return cls(
            kind=value["kind"],
            scaling=Scaling.from_json(value["scaling"]),
            columns=_names(value["columns"]),
            categories={int(number): tuple(names) for number, names in value["categories"].items()},
            fillers={int(number): filler for number, filler in value.get("fillers", {}).items()},
            vocabulary=None if vocabulary is None else Vocabulary.from_json(vocabulary),
            class_names=_names(value["class_names"]),
            target_names=_names(value["target_names"]),
        )


def fit_preprocessing(
    raw: RawData, train: NDArray[np.int64], scale: Scale, class_names: tuple[str, ...] | None
) -> Preprocessing:
    """Learns what empty cells are filled with, scaling and categories from the training split.

    Args:
        raw: The whole data set.
        train: Positions of the training samples, shape `(samples of the split,)`.
        scale: `dataset.scale`.
        class_names: Names of the classes, or None for regression.

    Raises:
        DataError: If these inputs cannot be filled or scaled as asked.
    """
    if raw.kind == "tokens" and scale != "none":
        raise DataError(
            "dataset.scale cannot be used here: the inputs are token numbers, not quantities",
            "leave `scale` out and begin the network with an `Embedding`",
        )
    x = raw.samples.x
    if raw.vectorization is not None:
        vocabulary = fit_vocabulary(x[train], raw.vectorization)
        return Preprocessing("texts", Scaling("none"), vocabulary=vocabulary, class_names=class_names)
    fillers = fit_fillers(raw, train)
    known = raw.categories
    if fillers:
        x, known = filled(x, known, fillers)
    categories = {
        number: tuple(sorted(names[code] for code in np.unique(x[train, number]).astype(np.int64)))
        for number, names in known.items()
    }
    if categories:
        numeric = [number for number in range(x.shape[1]) if number not in categories]
        x = x[:, numeric]
    needs_values = scale not in ("none", "unit") and x.shape[-1] > 0
    if needs_values:
        # What lies in a file is not loaded as a whole.
        inputs = MappedRows(x, train, np.asarray) if is_mapped(x) else x[train]
        scaling = fit_scaling(scale, inputs, raw.value_range)
    else:
        scaling = _without_fit(scale, raw)
    return Preprocessing(
        kind=raw.kind,
        scaling=scaling,
        columns=raw.feature_names,
        categories=categories,
        fillers=fillers,
        class_names=class_names,
        target_names=raw.target_names,
    )


def _without_fit(scale: Scale, raw: RawData) -> Scaling:
    return fit_scaling(scale if scale in ("none", "unit") else "none", raw.samples.x[:0], raw.value_range)


def _one_hot(codes: NDArray[Any], names: tuple[str, ...], known: tuple[str, ...]) -> NDArray[np.float32]:
    """Returns shape `(samples, known)`; the codes are positions in `names`, shape `(samples,)`."""
    place = {name: number for number, name in enumerate(known)}
    lookup = np.array([place.get(name, -1) for name in names], dtype=np.int64)[codes.astype(np.int64)]
    encoded = np.zeros((len(codes), len(known)), dtype=np.float32)
    seen = np.flatnonzero(lookup >= 0)
    encoded[seen, lookup[seen]] = 1
    return encoded


def _names(value: list[str] | None) -> tuple[str, ...] | None:
    return None if value is None else tuple(value)
