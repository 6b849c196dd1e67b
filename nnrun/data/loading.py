"""From a `dataset` section to the arrays of every split."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnrun.config.datasets import Dataset
from nnrun.config.keras_object import KerasObject
from nnrun.config.labels import LabelForm, label_form
from nnrun.data.filling import filling_notes
from nnrun.data.fingerprint import fingerprint
from nnrun.data.labels import Classes, class_labels, classes_of, encode_classes, encode_values
from nnrun.data.preprocessing import Preprocessing, fit_preprocessing
from nnrun.data.raw import Part, RawData
from nnrun.data.sources import source_of
from nnrun.data.splits import Split, Splits
from nnrun.data.splitting import SplitIndices, split_indices
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
    raw = source_of(dataset).load(dataset, seed)
    return make_splits(raw, dataset, label_form(loss), seed, preprocessing)


def make_splits(
    raw: RawData,
    dataset: Dataset,
    form: LabelForm,
    seed: int,
    preprocessing: Preprocessing | None = None,
) -> Splits:
    """Splits, scales and encodes a data set that is already in memory; see `load_splits`."""
    classes, index, test_index = _class_numbers(raw, form, preprocessing)
    indices = split_indices(
        len(raw.samples),
        dataset,
        seed,
        own_test=raw.test is not None,
        class_index=index,
        class_names=classes.names if classes else (),
    )
    if classes is not None and index is not None:
        _check_classes(classes, index, indices, test_index, trained=preprocessing is not None)
    if preprocessing is None:
        names = classes.names if classes else None
        preprocessing = fit_preprocessing(raw, indices.train, dataset.scale, names)

    def split(part: Part, rows: NDArray[np.int64] | slice, numbers: NDArray[np.int32] | None) -> Split:
        x = preprocessing.apply(part.x[rows], raw.categories)
        if classes is None or numbers is None:
            return Split(x, encode_values(part.y, raw.place)[rows])
        chosen = numbers[rows]
        return Split(x, encode_classes(chosen, classes, form), chosen)

    test = None
    if raw.test is not None:
        test = split(raw.test, slice(dataset.limit), test_index)
    elif indices.test is not None:
        test = split(raw.samples, indices.test, index)
    return Splits(
        train=split(raw.samples, indices.train, index),
        validation=None if indices.validation is None else split(raw.samples, indices.validation, index),
        test=test,
        class_names=classes.names if classes else None,
        feature_names=preprocessing.feature_names,
        fingerprint=fingerprint(raw, indices),
        notes=tuple(_notes(raw, indices, preprocessing)),
        preprocessing=preprocessing,
    )


def _class_numbers(
    raw: RawData, form: LabelForm, preprocessing: Preprocessing | None
) -> tuple[Classes | None, NDArray[np.int32] | None, NDArray[np.int32] | None]:
    """Returns the classes and the class of each sample, of shape `(samples,)`, also of the own test part."""
    if form == "values":
        return None, None, None
    if preprocessing is not None and preprocessing.class_names is not None:
        classes = Classes(preprocessing.class_names)
    else:
        classes = classes_of(raw)
    numbered = raw.class_names is not None
    index = classes.index(class_labels(raw.samples.y), numbered=numbered)
    if raw.test is None:
        return classes, index, None
    return classes, index, classes.index(class_labels(raw.test.y), numbered=numbered)


def _check_classes(
    classes: Classes,
    index: NDArray[np.int32],
    indices: SplitIndices,
    test_index: NDArray[np.int32] | None,
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
    held_out: Mapping[str, NDArray[Any] | None] = {
        "validation": None if indices.validation is None else index[indices.validation],
        "test": test_index if indices.test is None else index[indices.test],
    }
    for split, numbers in held_out.items():
        if numbers is None:
            continue
        missing = np.setdiff1d(numbers, np.flatnonzero(trained_on))
        if len(missing) and not trained:
            raise DataError(
                f"class '{classes.names[missing[0]]}' is in the {split} split but not in the training split",
                "set `dataset.split.stratify: true`, train on more samples, or set another "
                "`dataset.split.seed`",
            )


def _notes(raw: RawData, indices: SplitIndices, preprocessing: Preprocessing) -> list[str]:
    parts: list[tuple[str, NDArray[Any]]] = []
    for name, rows in (("validation", indices.validation), ("test", indices.test)):
        if rows is not None:
            parts.append((name, raw.samples.x[rows]))
    unseen = [
        f"{count:,} of {len(x):,} samples of the {split} split have a category in column '{column}' that the "
        "training split does not have: 0 in all its columns"
        for split, x in parts
        for column, count in preprocessing.unseen(x, raw.categories).items()
    ]
    return [*raw.notes, *filling_notes(raw, preprocessing.fillers), *unseen]
