"""Which images are wanted in which form, and where in the cache they are. Free of NumPy and Pillow."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from nnrun.config.datasets.images import Color, Resize
from nnrun.data.cache import Entry, cache_folder, key_of, slot_of
from nnrun.data.images.form import ImageForm
from nnrun.data.images.gathering import Layout
from nnrun.data.images.listing import ImageFile
from nnrun.data.verification import stat_of
from nnrun.errors import DataError
from nnrun.rundir.provenance import installed_version

PIXELS, INDEX, NAMES = "pixels.bin", "index.json", "names.json"
"""Files of an entry of the cache."""

VERSION = 1
"""Changes whenever the same files would give other pixels, or the files of the cache have another form."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is wanted of the images of a folder or an archive.

    Args:
        path: The folder or archive.
        layout: How the images lie in it.
        size: Height and width; None for the size that all images have.
        color: One channel or three.
        resize: How an image of another shape gets this one.
    """

    path: Path
    layout: Layout
    size: tuple[int, int] | None
    color: Color
    resize: Resize

    def form(self) -> ImageForm | None:
        """Returns the form of the images, if it is known before one of them is opened."""
        return None if self.size is None else ImageForm(*self.size, self.color, self.resize)

    def entry(self, state: str) -> Entry:
        """Returns the folder of the cache for it, where its files are in this state."""
        options = (
            self.size,
            self.color,
            self.resize,
            self.layout.classes,
            self.layout.exclude,
            VERSION,
            installed_version("pillow"),
        )
        return Entry("images", str(self.path.resolve()), options, state, f"decoding {self.path.name}")


def state_of_archive(path: Path) -> str:
    """Returns what changes whenever an archive does.

    Raises:
        DataError: It is not there.
    """
    try:
        return key_of(stat_of(path.stat()))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error


def state_of_files(files: tuple[ImageFile, ...]) -> str:
    """Returns what changes whenever one of these files does, or one comes or goes."""
    text = "\n".join(f"{file.name}\0{file.size}\0{file.state}" for file in files)
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]


def known_classes(request: Request) -> dict[str, int] | None:
    """Returns how many readable images each class of an archive has, if it was decoded before."""
    try:
        entry = request.entry(state_of_archive(request.path))
        index = json.loads((cache_folder() / entry.kind / slot_of(entry) / entry.state / INDEX).read_bytes())
        return dict(index["classes"])
    except (OSError, ValueError, KeyError, TypeError, DataError):
        return None  # it is looked at when it is loaded


def no_images_at(path: Path, key: str) -> tuple[str, str]:
    """Returns message and advice for a path that is neither a folder nor an archive.

    Args:
        path: What the config names.
        key: What its section is called.
    """
    advice = f"`{key}.path` is relative to the folder of the config"
    if path.exists():
        return (
            f"{path} is neither a folder nor an archive",
            f"`{key}.path` is a folder of images, or an archive of one",
        )
    return f"{path}: no such folder or archive", advice
