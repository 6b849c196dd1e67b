"""Decoded images as one array in the cache, mapped into memory: decoded once, and there at once ever after."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnrun.data.cache import DamagedEntryError, Entry, made_once
from nnrun.data.images.building import build_from_archive, build_from_files
from nnrun.data.images.form import ImageForm
from nnrun.data.images.gathering import gather, is_image_archive
from nnrun.data.images.request import (
    INDEX,
    NAMES,
    PIXELS,
    Request,
    no_images_at,
    state_of_archive,
    state_of_files,
)
from nnrun.errors import DataError


@dataclass(frozen=True)
class ImageStore:
    """Decoded images.

    Args:
        path: The folder or archive that they come from.
        form: What all of them have.
        pixels: Shape `(images, height, width, channels)`, uint8, mapped into memory; sorted by class and name.
        classes: How many of them each class has, in their order.
        unreadable: Name and reason of each image that could not be read, sorted by name.
        animated: Names of images of which only the first frame is there.
        left_out: What else lies there and was left out, in sentences.
        sizes: Width, height and how many images have them, the most frequent first; not all of them.
        root: Folders that all of them lie in, with a slash at the end; names begin below.
        digest: Changes whenever a pixel or a name does.
        names_json: The name of each image, as a list.
    """

    path: Path
    form: ImageForm
    pixels: NDArray[np.uint8]
    classes: dict[str, int]
    unreadable: tuple[tuple[str, str], ...]
    animated: tuple[str, ...]
    left_out: tuple[str, ...]
    sizes: tuple[tuple[int, int, int], ...]
    root: str
    digest: str
    names_json: bytes

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Name of each image; parsed when it is needed, as that takes a while for a million of them."""
        return tuple(json.loads(self.names_json))


def image_store(request: Request) -> ImageStore:
    """Returns the decoded images of a folder or an archive, which are decoded if that was not done before.

    Raises:
        DataError: There are none, or not one of them can be read.
        StorageError: The cache cannot be written.
    """
    path = request.path
    if is_image_archive(path):
        entry = request.entry(state_of_archive(path))
        return _made(request, entry, lambda folder: build_from_archive(folder, request))
    if not path.is_dir():
        raise DataError(*no_images_at(path, request.layout.key))
    gathered = gather(path, request.layout)
    entry = request.entry(state_of_files(gathered.files))
    store = _made(request, entry, lambda folder: build_from_files(folder, gathered, request))
    # What else lies there may have changed without the images.
    return replace(store, left_out=gathered.left_out)


def _made(request: Request, entry: Entry, make: Callable[[Path], None]) -> ImageStore:
    return made_once(entry, make, lambda folder: _read(folder, request.path))


def _read(folder: Path, path: Path) -> ImageStore:
    try:
        index: dict[str, Any] = json.loads((folder / INDEX).read_bytes())
        shape = tuple(index["shape"])
        pixels = np.memmap(folder / PIXELS, np.uint8, "r", shape=shape)
        if pixels.nbytes != (folder / PIXELS).stat().st_size:
            raise DamagedEntryError
        return ImageStore(
            path,
            ImageForm.from_json(index["form"]),
            pixels,
            dict(index["classes"]),
            tuple((name, reason) for name, reason in index["unreadable"]),
            tuple(index["animated"]),
            tuple(index["left_out"]),
            tuple((width, height, count) for width, height, count in index["sizes"]),
            index["root"],
            index["digest"],
            (folder / NAMES).read_bytes(),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedEntryError from error
