"""Images: folders or archives with one folder per class, or images with a table of their labels."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnrun.config.datasets import ImagesData, ImagesPart
from nnrun.config.datasets.images import Color
from nnrun.config.facts import DataFacts
from nnrun.data.images.form import ImageForm
from nnrun.data.own_splits import files_here, located_files
from nnrun.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nnrun.data.images.gathering import Layout
    from nnrun.data.images.labels import LabelTable
    from nnrun.data.images.parts import ImagePart
    from nnrun.data.images.request import Request
    from nnrun.data.images.store import ImageStore
    from nnrun.data.raw import RawData

SCAN_FILES = 50_000
SCAN_BYTES = 10_000_000
"""Beyond these, `check` does not look into a folder or an archive: it has to stay quick."""


def facts(section: ImagesData) -> DataFacts:
    """Looks at the names of the files; what is not there, or too much to be looked at quickly, is left unknown.

    Raises:
        DataError: A class has too few images, or an option has no effect.
    """
    _check_options(section)
    known = DataFacts(
        shape=None if section.size is None else _form_of(section.size, section.color).shape,
        splits=frozenset(name for name in ("validation", "test") if getattr(section, name) is not None),
    )
    path = files_here(section)["samples"]
    if section.labels is not None:
        return _facts_of_labels(section, known)
    known = dataclasses.replace(known, target="classes")
    counts = None if path is None else _quick_counts(path, section)
    if counts is None:
        return known
    from nnrun.data.images.counts import check_counts

    # Readable or not: if there are too few of all, there are too few.
    check_counts(counts, section.min_per_class, section.samples_per_class, str(path), "dataset")
    names = tuple(counts)
    samples: int | None = sum(counts.values())
    if section.samples_per_class is not None:
        samples = section.samples_per_class * len(names)
    elif section.unreadable == "skip":
        samples = None  # how many of them can be read, only reading tells
    return dataclasses.replace(known, train_samples=samples, classes=len(names), class_names=names)


def _form_of(size: list[int], color: Color) -> ImageForm:
    height, width = size
    return ImageForm(height, width, color)


def _facts_of_labels(section: ImagesData, known: DataFacts) -> DataFacts:
    from nnrun.data.images.labels import read_labels
    from nnrun.data.sources.text_labels import kind_of_labels, sorted_classes

    assert section.labels is not None  # noqa: S101 (checked by the caller)
    table = Path(section.labels.path)
    if not table.is_file() or table.stat().st_size > SCAN_BYTES:
        return known
    labels = read_labels(section.labels, "labels").labels
    counts = Counter(labels)
    kind = kind_of_labels(counts)
    samples = len(labels) if section.unreadable == "fail" and section.samples_per_class is None else None
    known = dataclasses.replace(known, train_samples=samples)
    if kind == "number":
        fractional = any(not float(label).is_integer() for label in counts)
        return dataclasses.replace(known, target="values" if fractional else None)
    names = sorted_classes(counts, kind)
    target = None if kind == "whole" else "classes"
    return dataclasses.replace(known, classes=len(names), class_names=names, target=target)


def _quick_counts(path: Path, section: ImagesData) -> dict[str, int] | None:
    """Returns how many images each class has, if that can be told quickly."""
    from nnrun.data.images.gathering import gather, gather_from_archive, is_image_archive
    from nnrun.data.images.listing import TooManyFilesError
    from nnrun.data.images.request import known_classes, no_images_at

    layout = _layout(section, "dataset")
    if not is_image_archive(path):
        if not path.is_dir():
            raise DataError(*no_images_at(path, "dataset"))
        try:
            return gather(path, layout, most=SCAN_FILES).classes()
        except TooManyFilesError:
            return None
    counts = known_classes(_request(path, section, "samples"))
    if counts is not None or path.stat().st_size > SCAN_BYTES:
        return counts
    return gather_from_archive(path, layout).classes()


def load(section: ImagesData, seed: int) -> RawData:
    """Decodes the images, or takes them out of the cache.

    Raises:
        DataError: With the file or the row, for everything that is not as it should be.
        StorageError: The cache cannot be written.
    """
    import numpy as np

    from nnrun.data.images.parts import from_folders, samples_of, selected
    from nnrun.data.images.store import image_store
    from nnrun.data.raw import RawData

    _check_options(section)
    seed = seed if section.split.seed is None else section.split.seed
    tables = _tables(section)  # first, as it is quick to find a mistake in one
    files = located_files(section)
    stores = {name: image_store(_request(path, section, name)) for name, path in files.items()}
    form = _common_form(stores)
    skip = section.unreadable == "skip"
    if section.labels is None:
        classes = tuple(stores["samples"].classes)
        parts = {name: from_folders(store, classes, _key(name), skip=skip) for name, store in stores.items()}
        labels: dict[str, NDArray[Any]] = {name: np.asarray(part.labels) for name, part in parts.items()}
        numbers: dict[str, NDArray[Any]] = labels
    else:
        parts, labels = _labelled(tables, stores, skip=skip)
        classes, numbers = _numbered(section, labels)
    notes: list[str] = [note for part in parts.values() for note in part.notes]
    samples: dict[str, Any] = {}
    places = {}
    for name, part in parts.items():
        used, rows = selected(part, numbers[name], classes, _section(section, name), _key(name), seed)
        samples[name] = samples_of(used, labels[name] if rows is None else labels[name][rows])
        places[name] = used.place
    return RawData(
        kind="images",
        samples=samples["samples"],
        validation=samples.get("validation"),
        test=samples.get("test"),
        class_names=classes if section.labels is None else None,
        value_range=(0, 255),
        image=form,
        image_sizes=stores["samples"].sizes,
        notes=tuple(notes),
        place=places["samples"],
    )


def _tables(section: ImagesData) -> dict[str, LabelTable]:
    """Returns the table of labels of each part that has one."""
    from nnrun.data.images.labels import read_labels

    names = ["samples", *(name for name in ("validation", "test") if getattr(section, name) is not None)]
    labels = {name: _section(section, name).labels for name in names}
    return {
        name: read_labels(found, "labels" if name == "samples" else f"{name}.labels")
        for name, found in labels.items()
        if found is not None
    }


def _labelled(
    tables: Mapping[str, LabelTable], stores: Mapping[str, ImageStore], *, skip: bool
) -> tuple[dict[str, ImagePart], dict[str, NDArray[Any]]]:
    """Returns the images that the tables name, and their labels: all of them numbers, or all texts."""
    import numpy as np

    from nnrun.data.images.parts import from_table
    from nnrun.data.sources.text_labels import kind_of_labels, values_of_labels

    parts = {name: from_table(store, tables[name], skip=skip) for name, store in stores.items()}
    kind = kind_of_labels({str(label) for part in parts.values() for label in part.labels})
    return parts, {
        name: np.array(values_of_labels([str(label) for label in part.labels], kind))
        for name, part in parts.items()
    }


def _numbered(
    section: ImagesData, labels: dict[str, NDArray[Any]]
) -> tuple[tuple[str, ...], dict[str, NDArray[Any]]]:
    """Returns classes and the class of each image, where something is asked of each class; else a single one."""
    import numpy as np

    sections = [_section(section, name) for name in labels]
    if all(each.min_per_class is None and each.samples_per_class is None for each in sections):
        return ("",), {name: np.zeros(len(values), np.int64) for name, values in labels.items()}
    values = np.concatenate(list(labels.values()))
    if values.dtype.kind == "f":
        raise DataError(
            f"dataset.samples_per_class: the labels are numbers such as {values[0]:g}, and no classes",
            "leave `samples_per_class` and `min_per_class` out, or limit the samples with `dataset.limit`",
        )
    names, numbers = np.unique(values, return_inverse=True)
    ends = np.cumsum([len(each) for each in labels.values()])[:-1]
    return tuple(map(str, names)), dict(zip(labels, np.split(numbers.reshape(-1), ends), strict=True))


def _common_form(stores: dict[str, ImageStore]) -> ImageForm:
    """Returns the form of all images; without `size`, those of all parts must have the same."""
    form = stores["samples"].form
    for store in stores.values():
        if store.form != form:
            raise DataError(
                f"the images of {store.path} have {store.form.height} x {store.form.width} pixels, those of "
                f"{stores['samples'].path} have {form.height} x {form.width}",
                "set `dataset.size: [height, width]`: then all of them get this size",
            )
    return form


def _request(path: Path, section: ImagesData, name: str) -> Request:
    from nnrun.data.images.request import Request

    size = None if section.size is None else (section.size[0], section.size[1])
    return Request(path, _layout(section, _key(name)), size, section.color, section.resize)


def _layout(section: ImagesData, key: str) -> Layout:
    from nnrun.data.images.gathering import Layout

    return Layout(section.labels is None, tuple(sorted(section.exclude)), key)


def _section(section: ImagesData, name: str) -> ImagesPart:
    """Returns the section of a part: `samples`, `validation` or `test`."""
    part: ImagesPart = section if name == "samples" else getattr(section, name)
    return part


def _key(name: str) -> str:
    return "dataset" if name == "samples" else f"dataset.{name}"


def _check_options(section: ImagesData) -> None:
    """Refuses what contradicts itself, whatever the images are."""
    parts = {name: getattr(section, name) for name in ("validation", "test")}
    for name, part in parts.items():
        if part is not None and (part.labels is None) != (section.labels is None):
            with_labels, without = ("dataset", f"dataset.{name}")[:: 1 if part.labels is None else -1]
            raise DataError(
                f"{without}: `labels` is missing: {with_labels} has a table of them, so these images need one, too",
                "either all parts have one folder per class, or all have tables",
            )
    if section.labels is not None and section.exclude:
        raise DataError(
            "dataset.exclude: it is for folders of classes, but `labels` gives the classes here",
            "leave it out: images that the table does not name are left out anyway",
        )
