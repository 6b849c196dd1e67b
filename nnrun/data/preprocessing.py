"""What is learned from the training split before training, and repeated exactly at predict time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnrun.config.datasets import Scale
from nnrun.data.encoding import Encoding, Texts, UnfitCellError, fit_encoding
from nnrun.data.filling import Filler, filled, fit_fillers
from nnrun.data.images.form import ImageForm
from nnrun.data.raw import InputKind, RawData
from nnrun.data.rows import CHUNK_BYTES, MappedRows, is_mapped
from nnrun.data.scaling import Scaling, fit_scaling
from nnrun.data.vocabulary import Vocabulary, fit_vocabulary
from nnrun.errors import DataError


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """The way from raw inputs to what the network sees; part of a run.

    Args:
        kind: What one sample is.
        scaling: Fitted scaling of the numbers; categories and truth values are not scaled.
        columns: Names of the columns of a table before encoding, in their order; None where there are no
            names.
        encoding: What each column of a table becomes.
        fillers: For each column of a table that may have empty cells, by column number: the number or
            text that they get.
        vocabulary: The words of the training split, for texts.
        image: The form that image files get before all else.
        class_names: Names of the classes in the order of their numbers; None for regression.
        target_names: Names of the target columns, where they have names.
        sample_shape: Shape of one raw sample, such as `(28, 28, 1)`; None in runs of older versions.
    """

    kind: InputKind
    scaling: Scaling
    columns: tuple[str, ...] | None = None
    encoding: Encoding = field(default_factory=Encoding)
    fillers: Mapping[int, Filler] = field(default_factory=dict)
    vocabulary: Vocabulary | None = None
    image: ImageForm | None = None
    class_names: tuple[str, ...] | None = None
    target_names: tuple[str, ...] | None = None
    sample_shape: tuple[int, ...] | None = None

    @property
    def raw_shape(self) -> tuple[int, ...] | None:
        """Shape of one raw sample, as far as it is known."""
        if self.sample_shape is None and self.columns is not None:
            return (len(self.columns),)
        return self.sample_shape

    @property
    def categories(self) -> Texts:
        """For each column of categories of a table, by column number: those of the training split, sorted."""
        return self.encoding.categories

    @property
    def texts(self) -> frozenset[int]:
        """The columns of a table whose cells are texts: categories, truth values and dates."""
        return self.encoding.texts

    @property
    def feature_names(self) -> tuple[str, ...] | None:
        """Names of the columns that the network sees: `island=Biscoe` for a category, None without names."""
        return None if self.columns is None else self.encoding.feature_names(self.columns)

    def apply(self, x: NDArray[Any], categories: Texts | None = None) -> NDArray[Any]:
        """Returns what the network sees.

        Args:
            x: Raw inputs, shape `(samples, ...)`; NaN for an empty cell of a table; strings for texts.
            categories: What the numbers in the text columns of `x` stand for (`RawData.categories`).

        Returns:
            Shape `(samples, ...)`, float32 (int32 for tokens, codes, and texts as sequences). A category that the
            training split did not have is 0 in all columns of its feature, or the code that is kept for it.

        Raises:
            DataError: If a value is too great for float32 after scaling, a cell is empty in a column
                whose empty cells are not filled, or a column holds something else than in training.
        """
        if self.vocabulary is not None:
            return self.vocabulary.apply(x)
        if self.kind == "tokens":
            return np.ascontiguousarray(x, dtype=np.int32)
        if self.kind != "table":
            scaled = self.scaling.apply(x)
            # A byte cannot become too great.
            if x.dtype.kind == "f":
                self._check_finite(scaled)
            return scaled
        texts = categories or {}
        self._check_texts(texts)
        x, texts = filled(x, texts, self.fillers)
        self._check_filled(x)
        if self.encoding.is_plain:
            seen: NDArray[Any] = self.scaling.apply(x)
        else:
            try:
                seen = self.encoding.encoded(x, texts, self.scaling)
            except UnfitCellError as error:
                raise DataError(
                    f"column '{self._name(error.number)}' held {error.held} in training, and '{error.cell}' is none",
                    "mend the cells of this column that hold it",
                ) from error
        self._check_finite(seen)
        return seen

    def prepare_into(self, dtype: np.dtype[Any]) -> Callable[[NDArray[Any], NDArray[Any]], object] | None:
        """Returns what does the same as `apply`, into an array; None where it takes more than a scaling of bytes.

        Args:
            dtype: Type of the raw inputs.
        """
        if self.kind not in ("images", "sequences") or not self.scaling.takes_bytes(dtype):
            return None
        return self.scaling.apply_to_bytes

    def network_input(self) -> tuple[tuple[int, ...], str] | None:
        """Returns shape and type of one sample as the network sees it; None where the run does not know it."""
        shape = self.raw_shape
        if shape is None:
            return None
        # What it makes of some sample tells, and can never disagree with what it makes of others.
        some = np.array([""], dtype=object) if self.kind == "texts" else np.zeros((1, *shape))
        one = self.apply(some, self.encoding.some_texts)
        return tuple(one.shape[1:]), str(one.dtype)

    def unseen(self, x: NDArray[Any], categories: Texts) -> dict[str, int]:
        """Counts, by column name, the samples whose category the training split does not have."""
        x, texts = filled(x, categories, self.fillers)
        return {self._name(number): count for number, count in self.encoding.unseen(x, texts)}

    def _name(self, number: int) -> str:
        return self.columns[number] if self.columns else str(number)

    def _check_texts(self, texts: Texts) -> None:
        """Refuses a table with numbers where the training had texts, or the other way round."""
        other = sorted(self.texts.symmetric_difference(texts))
        if other:
            words = ("texts", "numbers") if other[0] in self.texts else ("numbers", "texts")
            raise DataError(
                f"column '{self._name(other[0])}' held {words[0]} in training, and it holds {words[1]} now",
                "are these the data that the network was made for?",
            )

    def _check_filled(self, x: NDArray[Any]) -> None:
        if x.dtype.kind != "f":
            return
        empty = np.flatnonzero(np.isnan(x).any(axis=0))
        if len(empty):
            raise DataError(
                f"column '{self._name(int(empty[0]))}' has empty cells, and nothing says what to fill them with",
                "train with `dataset.missing`, which says it",
            )

    def _check_finite(self, x: NDArray[Any]) -> None:
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
            **self.encoding.to_json(),
            # JSON has text keys only.
            "fillers": {str(number): filler for number, filler in self.fillers.items()},
            "vocabulary": None if self.vocabulary is None else self.vocabulary.to_json(),
            "image": None if self.image is None else self.image.to_json(),
            "class_names": None if self.class_names is None else list(self.class_names),
            "target_names": None if self.target_names is None else list(self.target_names),
            "sample_shape": None if self.sample_shape is None else list(self.sample_shape),
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Preprocessing:
        """Reads what `to_json` wrote, with this version or an older one, which had less."""
        shape = value.get("sample_shape")
        vocabulary, image = value.get("vocabulary"), value.get("image")
        return cls(
            kind=value["kind"],
            scaling=Scaling.from_json(value["scaling"]),
            columns=_names(value["columns"]),
            encoding=Encoding.from_json(value),
            fillers={int(number): filler for number, filler in value.get("fillers", {}).items()},
            vocabulary=None if vocabulary is None else Vocabulary.from_json(vocabulary),
            image=None if image is None else ImageForm.from_json(image),
            class_names=_names(value["class_names"]),
            target_names=_names(value["target_names"]),
            sample_shape=None if shape is None else tuple(shape),
        )


def fit_preprocessing(
    raw: RawData,
    train: NDArray[np.int64],
    scale: Scale,
    class_names: tuple[str, ...] | None,
    *,
    codes: bool = False,
) -> Preprocessing:
    """Learns what empty cells are filled with, scaling and categories from the training split.

    Args:
        raw: The whole data set.
        train: Positions of the training samples, shape `(samples of the split,)`.
        scale: `dataset.scale`.
        class_names: Names of the classes, or None for regression.
        codes: Whether the categories of a table become code numbers.

    Raises:
        DataError: If these inputs cannot be filled or scaled as asked.
    """
    if (raw.kind == "tokens" or codes) and scale != "none":
        raise DataError(
            f"dataset.scale cannot be used here: the inputs are {'codes' if codes else 'token numbers'}, not "
            "quantities",
            "leave `scale` out and begin the network with an `Embedding`",
        )
    if raw.vectorization is not None:
        vocabulary = fit_vocabulary(raw.samples.x[train], raw.vectorization)
        return Preprocessing(
            "texts", Scaling("none"), sample_shape=(), vocabulary=vocabulary, class_names=class_names
        )
    fillers = fit_fillers(raw, train)
    encoding = fit_encoding(raw, train, fillers, codes=codes)

    def numbers(x: NDArray[Any]) -> NDArray[Any]:
        x, texts = filled(x, raw.categories, fillers)
        return encoding.numbers(x, texts) if texts else x

    x = raw.samples.x
    if scale in ("none", "unit"):
        scaling = fit_scaling(scale, x[:0], raw.value_range)
    else:
        # What lies in a file, or is large, is not there twice.
        large = is_mapped(x) or x.nbytes > CHUNK_BYTES
        inputs = MappedRows(x, train, numbers) if large else numbers(x[train])
        scaling = fit_scaling(scale if inputs.shape[-1] else "none", inputs, raw.value_range)
    return Preprocessing(
        kind=raw.kind,
        scaling=scaling,
        columns=raw.feature_names,
        encoding=encoding,
        fillers=fillers,
        image=raw.image,
        class_names=class_names,
        target_names=raw.target_names,
        sample_shape=tuple(raw.samples.x.shape[1:]),
    )


def _names(value: list[str] | None) -> tuple[str, ...] | None:
    return None if value is None else tuple(value)
