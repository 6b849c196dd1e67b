"""New labelled data of the kind that a network was trained on."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from nnrun.config.datasets import Dataset, ImagesData, TextData
from nnrun.config.datasets.images import LabelsSection
from nnrun.config.keras_object import KerasObject
from nnrun.data.archives import is_archive
from nnrun.data.labelled import Labelled, labelled
from nnrun.data.loading import as_trained
from nnrun.data.preprocessing import Preprocessing
from nnrun.data.raw import RawData
from nnrun.data.sources import source_of
from nnrun.data.splits import SplitName
from nnrun.errors import DataError, UsageError


def load_new(
    dataset: Dataset, path: Path, loss: KerasObject, seed: int, preprocessing: Preprocessing
) -> tuple[Labelled, SplitName]:
    """Loads new labelled data for the network of a run.

    They are read as the `dataset` section says, with its `path` replaced. None are held out or left out, and
    they keep their order. Classes and columns are found by name.

    Args:
        dataset: The `dataset` section of the run.
        path: The file or folder of the new data.
        loss: `compile.loss`; it decides the form of the labels.
        seed: Seed of the run.
        preprocessing: What was fitted on its training split.

    Returns:
        The data, and the split that they are in: `test` where they come with a test part of their own, which
        is then the only one that counts, else `train`.

    Raises:
        UsageError: The source of the run has no path.
        DataError: If the data are missing or damaged, or have other columns or classes.
    """
    keys = type(dataset).model_fields
    if "path" not in keys:
        raise UsageError(
            f"--data: the run was trained on data of the source '{dataset.source}', which are in no file",
            "New data can be given to runs whose `dataset` has a `path`.",
        )
    update: dict[str, object] = {
        "path": str(path.absolute()),
        "split": type(dataset.split)(),
        "limit": None,
        "shuffle": False,
    }
    # Parts of the run's own data, and where these come from.
    own = ("validation", "test", "download", "min_per_class", "samples_per_class")
    update |= {key: None for key in own if key in keys}
    if isinstance(dataset, ImagesData | TextData):
        # A class that was left out need not be among the new data.
        update["exclude"] = [name for name in dataset.exclude if (path / name).is_dir()]
    if not path.exists():
        raise DataError(f"--data: {path}: no such file or folder")
    if isinstance(dataset, ImagesData) and dataset.labels is not None:
        update |= _labelled_by(dataset.labels, path)
    section = as_trained(dataset.model_copy(update=update), preprocessing)
    try:
        raw = _with_names(source_of(section).load(section, seed), preprocessing)
        _check_form(raw, preprocessing)
        new = labelled(raw, section, loss, seed, preprocessing)
    except DataError as error:
        raise _about(path, error) from error
    return new, "train" if new.splits.test is None else "test"


def _labelled_by(trained: LabelsSection, path: Path) -> dict[str, object]:
    """Returns what replaces the table of labels of the training: a table, with the images in its folder.

    Args:
        trained: The table of the training; the new one has the same columns.
        path: The table, or a folder with one of the same name. Other images have their labels in the old table.
    """
    table = path if path.is_file() and not is_archive(path) else path / Path(trained.path).name
    if not table.is_file():
        return {}
    table = table.absolute()
    return {"path": str(table.parent), "labels": trained.model_copy(update={"path": str(table)})}


def _check_form(raw: RawData, preprocessing: Preprocessing) -> None:
    """Refuses images of another size, where the config of the run does not say that they get the right one."""
    new, trained = raw.image, preprocessing.image
    if new is not None and trained is not None and new.shape != trained.shape:
        raise DataError(
            f"the images have {new.height} x {new.width} pixels, and the network was trained on images of "
            f"{trained.height} x {trained.width}",
            "the config of the run has no `dataset.size` that would say how they get the right one",
        )


def _about(path: Path, error: DataError) -> DataError:
    """Returns an error of data that no config names: nobody can mend their section."""
    message = re.sub(r"^dataset\.\w+: ", "", error.message)
    if path.name not in message:
        message = f"{path}: {message}"
    advice = "they are read as the config of the run says" if "dataset." in error.advice else error.advice
    return DataError(f"--data: {message}", advice)


def _with_names(raw: RawData, preprocessing: Preprocessing) -> RawData:
    """Returns data whose labels are names, where the source numbers its classes in another way than the run."""
    known, names = preprocessing.class_names, raw.class_names
    if known is None or names is None or names == known:
        return raw
    texts = np.array(names)
    return replace(
        raw,
        class_names=None,
        samples=replace(raw.samples, y=texts[raw.samples.y]),
        test=None if raw.test is None else replace(raw.test, y=texts[raw.test.y]),
        validation=None if raw.validation is None else replace(raw.validation, y=texts[raw.validation.y]),
    )
