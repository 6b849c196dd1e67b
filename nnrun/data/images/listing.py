"""Which files of a folder or an archive are images, and which classes they make. Free of NumPy and Pillow."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import PurePosixPath
from typing import NamedTuple

from nnrun.data.names import DEEPEST, listed
from nnrun.errors import DataError

SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".gif", ".webp"})

OTHER_IMAGES = frozenset({
    ".tif", ".tiff", ".heic", ".heif", ".avif", ".svg", ".psd", ".ico", ".ppm", ".pgm", ".pbm", ".pnm", ".tga", ".jp2",
    ".jxl", ".eps", ".dng", ".cr2", ".nef", ".arw", ".raw",
})  # fmt: skip
"""Images that are not read. To leave them out as if they were none would be a surprise, so they count as unreadable."""

_ALL_SUFFIXES = SUFFIXES | OTHER_IMAGES

_SHOWN = 3


@dataclass(slots=True)
class LeftOut:
    """What lies among the images and is none, by reason; each a path below the folder or archive."""

    hidden: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    circles: list[str] = field(default_factory=list)
    special: list[str] = field(default_factory=list)
    excluded: list[str] = field(default_factory=list)

    def sentences(self) -> list[str]:
        """Returns what was left out, a part of a sentence for each reason."""
        kinds = Counter(PurePosixPath(name).suffix.lower() or "without a suffix" for name in self.others)
        shown = sorted(kinds.items(), key=lambda item: (-item[1], item[0]))[: _SHOWN + 2]
        found = (
            (self.excluded, "image", "images", " in folders that dataset.exclude names"),
            (self.hidden, "hidden file or folder", "hidden files and folders", ""),
            (self.outside, "image", "images", " outside of the folders of classes"),
            (
                self.others,
                "file that is no image by its name",
                "files that are no images by their names",
                f" ({', '.join(f'{count:,} {kind}' for kind, count in shown)})",
            ),
            (self.circles, "link", "links", " to folders that are there already"),
            (self.special, "entry that is", "entries that are", " neither file nor folder"),
        )
        return [
            f"{len(names):,} {one if len(names) == 1 else many}{more}: {listed(sorted(names), _SHOWN)}"
            for names, one, many, more in found
            if names
        ]


class ImageFile(NamedTuple):
    """An image, by its name."""

    name: str
    """Its path below the folder or archive, with `/`."""

    size: int
    """Bytes of the file."""

    state: tuple[int, ...] = ()
    """What changes whenever the file does; empty for a member of an archive."""


def is_image(name: str) -> bool:
    """Tells by its name whether a file should be an image."""
    # Not `Path.suffix`, as there may be a million names.
    return name[name.rfind(".") :].lower() in _ALL_SUFFIXES


def is_hidden(name: str) -> bool:
    """Tells whether a name is one that tools and systems leave behind: `.ipynb_checkpoints`, `._x.jpg`, `__MACOSX`."""
    return name.startswith(".") or name == "__MACOSX"


class TooManyFilesError(Exception):
    """There are more files than somebody wanted to look at."""


def files_in(
    folder: str, left_out: LeftOut, folders: list[str] | None = None, most: int | None = None
) -> list[ImageFile]:
    """Finds the images in a folder and all folders in it.

    Links are followed, but not to a folder that was gone through before: that ends circles.

    Args:
        folder: The folder.
        left_out: Gets what is there besides.
        folders: Gets the folders that were gone through, as paths below it.
        most: Look at no more than so many images.

    Raises:
        DataError: It cannot be read.
        TooManyFilesError: There are more than `most`.
    """
    found: list[ImageFile] = []
    seen: set[tuple[int, int]] = set()
    waiting = [("", folder, False)]
    while waiting:
        below, path, linked = waiting.pop()
        status = os.stat(path)  # noqa: PTH116 - as above
        identity = (status.st_dev, status.st_ino)
        if (linked and identity in seen) or below.count("/") > DEEPEST:
            left_out.circles.append(below.rstrip("/"))
            continue
        seen.add(identity)
        if most is not None and len(found) + len(left_out.others) > most:
            raise TooManyFilesError
        if below and folders is not None:
            folders.append(below.rstrip("/"))
        for entry in _entries(path):
            name = below + entry.name
            if is_hidden(entry.name):
                left_out.hidden.append(name)
            elif entry.is_dir():
                waiting.append((f"{name}/", entry.path, entry.is_symlink()))
            elif not is_image(entry.name):
                (left_out.others if entry.is_file() else left_out.special).append(name)
            elif entry.is_file():
                status = entry.stat()
                found.append(ImageFile(name, status.st_size, _state(status)))
            elif entry.is_symlink():
                found.append(ImageFile(name, 0))  # it leads nowhere, as reading it will tell
            else:
                left_out.special.append(name)
    return found


def _state(status: os.stat_result) -> tuple[int, ...]:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError as error:
        raise DataError(f"{folder} cannot be read: {error.strerror}") from error


def common_root(names: Sequence[str], *, classes: bool) -> str:
    """Returns the folders that all images lie in, with a slash at the end; an archive often has one around it all.

    Args:
        names: Paths of the images.
        classes: Whether the last folder on the way to an image may be a class, which is no common root then.
    """
    if not names:
        return ""
    shared = names[0].split("/")[:-1]
    for folder in {name.rpartition("/")[0] for name in names}:
        parts = folder.split("/") if folder else []
        same = zip(shared, parts, strict=False)
        shared = shared[: sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], same))]
    if classes:
        # At least one folder has to be left for every image.
        shared = shared[: max(min(name.count("/") for name in names) - 1, 0)]
    return "".join(f"{part}/" for part in shared)


def class_of(name: str) -> str:
    """Returns the first folder on the way to an image; empty where there is none."""
    first, slash, _ = name.partition("/")
    return first if slash else ""


def in_order(files: Iterable[ImageFile]) -> list[ImageFile]:
    """Returns images sorted by class, and by name within each class."""
    # `a b/x` would stand between the images of the class `a` if whole paths were compared.
    return sorted(files, key=lambda file: file.name.split("/", 1))
