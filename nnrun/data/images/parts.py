"""The images of one part of a data set: those to train on, or those of a split that has its own."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnrun.config.datasets import ImagesPart
from nnrun.data.images.choosing import choose_images
from nnrun.data.images.counts import check_counts
from nnrun.data.images.labels import LabelTable
from nnrun.data.images.store import ImageStore
from nnrun.data.names import listed, quoted
from nnrun.data.raw import Part
from nnrun.data.rows import chosen
from nnrun.errors import DataError

_LISTED = 20
"""Images that a message names."""


@dataclass(frozen=True, slots=True)
class ImagePart:
    """Images with their labels.

    Args:
        store: All images of their folder or archive.
        positions: Which of them, shape `(images,)`; None for all as they lie.
        labels: The class of each: a number for folders, a text or number for a table of labels.
        place: Says where an image comes from, by its number here.
        notes: Sentences about what was left out.
    """

    store: ImageStore
    positions: NDArray[np.int64] | None
    labels: NDArray[np.int64] | Sequence[str]
    place: Callable[[int], str]
    notes: tuple[str, ...]


def from_folders(store: ImageStore, classes: Sequence[str], key: str, *, skip: bool) -> ImagePart:
    """Returns the images of folders that are classes.

    Args:
        store: The images.
        classes: The classes of the images to train on.
        key: The section of the config, such as `dataset.test`.
        skip: Whether unreadable images are left out instead of refused.

    Raises:
        DataError: An image cannot be read, or a class is unknown.
    """
    if not skip:
        refuse_unreadable(store)
    number = {name: place for place, name in enumerate(classes)}
    unknown = [name for name in store.classes if name not in number]
    if unknown:
        raise DataError(
            f"{key}: {store.path} has the class {quoted(unknown[0])}, which the images to train on do not have: "
            f"they have {listed(list(classes), 20)}",
            "the folders of classes have the same names in every part; others can be left out: `dataset.exclude`",
        )
    numbers = np.repeat([number[name] for name in store.classes], list(store.classes.values()))
    notes = [summary(store), *store_notes(store), *unreadable_note(store)]

    between = "/" if store.path.is_dir() else ": "

    def place(position: int) -> str:
        return f"{store.path}{between}{store.root}{store.names[position]}"

    return ImagePart(store, None, numbers.astype(np.int64), place, tuple(notes))


def from_table(store: ImageStore, table: LabelTable, *, skip: bool) -> ImagePart:
    """Returns the images that a table has labels for.

    Raises:
        DataError: With the row, for everything that does not fit.
    """
    found = table.match(store.names, dict(store.unreadable), store.root, skip=skip)
    notes = (*found.notes, *store_notes(store))
    return ImagePart(store, np.array(found.positions, np.int64), found.labels, found.place, notes)


def selected(
    part: ImagePart,
    numbers: NDArray[np.int64],
    classes: Sequence[str],
    section: ImagesPart,
    key: str,
    seed: int,
) -> tuple[ImagePart, NDArray[np.int64] | None]:
    """Chooses what `samples_per_class` asks for.

    Args:
        part: All images.
        numbers: The class of each, shape `(images,)`.
        classes: The classes.
        section: The section of the config.
        key: What it is called, such as `dataset.test`.
        seed: Decides which are chosen.

    Returns:
        The chosen images, and their numbers in `part`, shape `(chosen,)`; None for all of them as they were.

    Raises:
        DataError: A class has too few images.
    """
    counts = {
        name: int(count)
        for name, count in zip(classes, np.bincount(numbers, minlength=len(classes)), strict=True)
    }
    check_counts(counts, section.min_per_class, section.samples_per_class, str(part.store.path), key)
    # Those of a split of its own are mixed, so that a limit takes some of each class.
    rows = choose_images(numbers, classes, section.samples_per_class, seed, mixed=key != "dataset")
    if rows is None:
        return part, None
    positions = rows if part.positions is None else part.positions[rows]
    whole = part.place
    return ImagePart(
        part.store, positions, part.labels, lambda number: whole(int(rows[number])), part.notes
    ), rows


def samples_of(part: ImagePart, labels: NDArray[np.generic]) -> Part:
    """Returns images and labels as samples; nothing is read.

    Args:
        part: The images.
        labels: The label of each, shape `(images,)`.
    """
    store = part.store
    if part.positions is None:
        return Part(store.pixels, labels, digest=store.digest)
    digest = hashlib.sha256(store.digest.encode() + part.positions.astype("<i8").tobytes()).hexdigest()
    return Part(chosen(store.pixels, part.positions), labels, digest=digest)


def refuse_unreadable(store: ImageStore) -> None:
    """Raises an error about images that cannot be read.

    Raises:
        DataError: There are some.
    """
    if store.unreadable:
        raise DataError(
            f"{store.path}: {_unreadable(store)} cannot be read: {_names_and_reasons(store)}",
            "mend or remove them, or leave them out with `dataset.unreadable: skip`",
        )


def unreadable_note(store: ImageStore) -> list[str]:
    """Returns a sentence about images that cannot be read, if there are any."""
    if not store.unreadable:
        return []
    return [
        f"{store.path.name}: {_unreadable(store)} cannot be read and are left out: {_names_and_reasons(store)}"
    ]


def store_notes(store: ImageStore) -> list[str]:
    """Returns sentences about what was left out among the images, and about animations."""
    notes = [f"{store.path.name}: left out {text}" for text in store.left_out]
    if store.animated:
        notes.append(
            f"{store.path.name}: of {len(store.animated):,} animated images only the first frame is used: "
            f"{listed(list(store.animated), 5)}"
        )
    return notes


def summary(store: ImageStore) -> str:
    """Returns a sentence with the number of images and classes."""
    counts = Counter(store.classes).most_common()
    most, least = counts[0], counts[-1]
    each = f"{most[1]:,} of each"
    if most[1] != least[1]:
        each = f"from {least[1]:,} of {quoted(least[0])} to {most[1]:,} of {quoted(most[0])}"
    plural = "class" if len(counts) == 1 else "classes"
    return f"{store.path.name}: {len(store.pixels):,} images of {len(counts):,} {plural}, {each}"


def _unreadable(store: ImageStore) -> str:
    count = len(store.unreadable)
    return f"{count:,} of {count + len(store.pixels):,} images"


def _names_and_reasons(store: ImageStore) -> str:
    shown = [f"{quoted(name)} ({reason})" for name, reason in store.unreadable[:_LISTED]]
    more = len(store.unreadable) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more else "")
