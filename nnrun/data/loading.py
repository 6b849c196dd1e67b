"""From a `dataset` section to the arrays of every split."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnrun.config.datasets import CsvData, Dataset
from nnrun.config.keras_object import KerasObject
from nnrun.config.labels import LabelForm, label_form
from nnrun.data.filling import filling_notes
from nnrun.data.fingerprint import fingerprint
from nnrun.data.labels import Classes, class_labels, classes_of, encode_classes, encode_values
from nnrun.data.preprocessing import Preprocessing, fit_preprocessing
from nnrun.data.raw import Part, RawData
from nnrun.data.rows import Inputs, MappedRows, is_mapped, prepared
from nnrun.data.sources import source_of
from nnrun.data.splits import Split, Splits
from nnrun.data.splitting import SplitIndices, split_indices
from nnrun.data.vocabulary_notes import vocabulary_notes
from nnrun.errors import DataError


def load_splits(
    dataset: Dataset, loss: KerasObject, seed: int, preprocessing: Preprocessing | None = None
) -> Splits:
    """Loads a data set and makes it ready for the network.

    Args:
        dataset: The `dataset` section, with paths that are absolute or relative to the working directory.
        loss: `compile.loss`; it decides the form of the labels.
        seed: Seed of the experiment: for the split and generated data, where they have no seed of their own.
        preprocessing: What was fitted before, in the run that is evaluated; by default it is fitted on the
            training split.

    Returns:
        The splits; `preprocessing` in it is what was applied.

    Raises:
        DataError: If a file is missing or damaged, or the data do not fit the loss or the split.
    """
    raw = source_of(dataset).load(as_trained(dataset, preprocessing), seed)
    return make_splits(raw, dataset, label_form(loss), seed, preprocessing)


def make_splits(
    raw: RawData,
    dataset: Dataset,
    form: LabelForm,
    seed: int,
    preprocessing: Preprocessing | None = None,
) -> Splits:
    """Splits, scales and encodes a data set that is already in memory, or mapped into it; see `load_splits`."""
    own = _own_parts(raw, dataset.limit)
    classes, numbers = _class_numbers(raw, own, form, preprocessing)
    index = numbers["samples"]
    indices = split_indices(
        len(raw.samples),
        dataset,
        seed,
        own=own,
        class_index=index,
        class_names=classes.names if classes else (),
        groups=raw.groups,
        times=raw.times,
    )
    if classes is not None and index is not None:
        _check_classes(classes, index, indices, numbers, trained=preprocessing is not None)
    _check_weights(raw.samples, indices.train)
    if preprocessing is None:
        names = classes.names if classes else None
        codes = isinstance(dataset, CsvData) and dataset.encode == "codes"
        preprocessing = fit_preprocessing(raw, indices.train, dataset.scale, names, codes=codes)

    def split(part: Part, rows: NDArray[np.int64], known: NDArray[np.int32] | None) -> Split:
        x = _inputs(part.x, rows, raw, preprocessing)
        weights = None if part.weights is None else part.weights[rows].astype(np.float32)
        if classes is None or known is None:
            return Split(x, encode_values(part.y, part.place or raw.place)[rows], None, weights)
        chosen = known[rows]
        return Split(x, encode_classes(chosen, classes, form), chosen, weights)

    held_out: dict[str, Split | None] = {}
    for name, rows in (("validation", indices.validation), ("test", indices.test)):
        if name in own:
            held_out[name] = split(own[name], np.arange(len(own[name])), numbers[name])
        else:
            held_out[name] = None if rows is None else split(raw.samples, rows, index)
    return Splits(
        train=split(raw.samples, indices.train, index),
        validation=held_out["validation"],
        test=held_out["test"],
        class_names=classes.names if classes else None,
        feature_names=preprocessing.feature_names,
        fingerprint=fingerprint(raw, indices),
        notes=tuple(_notes(raw, own, indices, preprocessing)),
        preprocessing=preprocessing,
        indices=indices,
    )


def as_trained(dataset: Dataset, preprocessing: Preprocessing | None) -> Dataset:
    """Returns the section of a table with the columns of the training, found by their names.

    The files may have them in another order, or more of them. What held texts still does, even where all of these
    happen to look like numbers now.

    Args:
        dataset: The `dataset` section.
        preprocessing: What was fitted on the training split; None before there is one.
    """
    if preprocessing is None or preprocessing.columns is None or not isinstance(dataset, CsvData):
        return dataset
    texts = [preprocessing.columns[number] for number in sorted(preprocessing.texts)]
    return dataset.model_copy(
        update={"features": list(preprocessing.columns), "exclude": [], "categorical": texts}
    )


def _own_parts(raw: RawData, limit: int | None) -> dict[str, Part]:
    """Returns the parts that the data set comes with, by split, each cut to the limit."""
    parts = {"validation": raw.validation, "test": raw.test}
    return {name: part.first(limit) for name, part in parts.items() if part is not None}


def _inputs(x: NDArray[Any], rows: NDArray[np.int64], raw: RawData, preprocessing: Preprocessing) -> Inputs:
    """Returns some samples as the network sees them: at once, or when they are asked for if they lie in a file."""
    prepare = partial(preprocessing.apply, categories=raw.categories)
    if not is_mapped(x):
        return prepared(x, rows, prepare)
    return MappedRows(x, rows, prepare, preprocessing.prepare_into(x.dtype))


def _class_numbers(
    raw: RawData, own: Mapping[str, Part], form: LabelForm, preprocessing: Preprocessing | None
) -> tuple[Classes | None, dict[str, NDArray[np.int32] | None]]:
    """Returns the classes, and by part, `samples` being the common one, the class of each sample, `(samples,)`."""
    parts = {"samples": raw.samples, **own}
    if form == "values":
        return None, dict.fromkeys(parts)
    if preprocessing is not None and preprocessing.class_names is not None:
        classes = Classes(preprocessing.class_names)
    else:
        classes = classes_of(raw)
    numbered = raw.class_names is not None
    return classes, {
        name: classes.index(class_labels(part.y), numbered=numbered) for name, part in parts.items()
    }


def _check_classes(
    classes: Classes,
    index: NDArray[np.int32],
    indices: SplitIndices,
    numbers: Mapping[str, NDArray[np.int32] | None],
    *,
    trained: bool,
) -> None:
    """Refuses a training split that lacks a class which another split has, or that has one class only."""
    trained_on = np.bincount(index[indices.train], minlength=len(classes.names))
    if not trained and np.count_nonzero(trained_on) < 2:
        name = classes.names[int(np.argmax(trained_on))]
        raise DataError(
            f"the training split has only one class, '{name}': nothing can be learned",
            "set `dataset.split.stratify: true`, or leave `shuffle: false` and `limit` out",
        )
    for split, rows in (("validation", indices.validation), ("test", indices.test)):
        known = numbers.get(split) if rows is None else index[rows]
        if known is None:
            continue
        missing = np.setdiff1d(known, np.flatnonzero(trained_on))
        if len(missing) and not trained:
            raise DataError(
                f"class '{classes.names[missing[0]]}' is in the {split} split but not in the training split",
                "set `dataset.split.stratify: true`, train on more samples, or set another "
                "`dataset.split.seed`",
            )


def _check_weights(part: Part, train: NDArray[np.int64]) -> None:
    if part.weights is not None and not part.weights[train].any():
        raise DataError(
            "all samples of the training split have the weight 0, so nothing can be learned",
            "set another `dataset.split.seed`, or look at what `dataset.sample_weight` names",
        )


def _notes(
    raw: RawData, own: Mapping[str, Part], indices: SplitIndices, preprocessing: Preprocessing
) -> list[str]:
    rows = {"validation": indices.validation, "test": indices.test}

    def held_out() -> Iterator[tuple[str, NDArray[Any]]]:
        for name, chosen in rows.items():
            if name in own:
                yield name, own[name].x
            elif chosen is not None:
                yield name, raw.samples.x[chosen]

    if preprocessing.vocabulary is not None:
        texts = {"training": raw.samples.x[indices.train], **dict(held_out())}
        return [*raw.notes, *vocabulary_notes(preprocessing.vocabulary, texts)]
    # Without categories there is nothing to look for, and the samples may lie in a large file.
    parts = list(held_out()) if preprocessing.categories else []
    become = "the code for such" if preprocessing.encoding.codes else "0 in all its columns"
    unseen = [
        f"{count:,} of {len(x):,} samples of the {split} split have a category in column '{column}' that the "
        f"training split does not have: {become}"
        for split, x in parts
        for column, count in preprocessing.unseen(x, raw.categories).items()
    ]
    return [*raw.notes, *filling_notes(raw, preprocessing.fillers), *unseen]
