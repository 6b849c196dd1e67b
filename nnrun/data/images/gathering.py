"""The images of a folder or an archive, with what follows from where they lie: which are used, and their classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nnrun.data.archives import is_archive, reading
from nnrun.data.images.listing import (
    ImageFile,
    LeftOut,
    class_of,
    common_root,
    files_in,
    in_order,
    is_hidden,
    is_image,
)
from nnrun.data.names import listed, quoted
from nnrun.errors import DataError


@dataclass(frozen=True, slots=True)
class Gathered:
    """Images that belong together.

    Args:
        path: The folder or archive.
        root: The folders in it that all of them lie in, with a slash at the end; empty where there are none.
        files: The images in the order in which they are kept; their names begin below the root.
        left_out: What was left out, in sentences.
    """

    path: Path
    root: str
    files: tuple[ImageFile, ...]
    left_out: tuple[str, ...]

    def classes(self) -> dict[str, int]:
        """Returns how many images each class has, in the order of the classes."""
        return dict(Counter(class_of(file.name) for file in self.files))


@dataclass(frozen=True, slots=True)
class Layout:
    """How images lie in a folder or an archive.

    Args:
        classes: Whether there is one folder per class; else any images, which a table has labels for.
        exclude: Folders of classes to leave out.
        key: What the section of the config is called, for messages.
    """

    classes: bool
    exclude: tuple[str, ...] = ()
    key: str = "dataset"

    @property
    def all_there(self) -> bool:
        """Whether each excluded class must be there: among the images to train on, not among others."""
        return self.key == "dataset"


def gather(path: Path, layout: Layout, most: int | None = None) -> Gathered:
    """Finds the images of a folder.

    Args:
        path: The folder.
        layout: How they lie in it.
        most: Look at no more than so many.

    Raises:
        DataError: There is no such folder, no image in it, or a class without one.
        TooManyFilesError: There are more than `most`.
    """
    left_out = LeftOut()
    folders: list[str] = []
    files = files_in(str(path), left_out, folders, most)
    root, files = arranged(files, left_out, layout, path, folders)
    if layout.classes:
        below = _below(folders, root)
        classes = {class_of(file.name) for file in files}
        empty = sorted(below - classes - set(layout.exclude))
        if empty:
            raise DataError(
                f"{path}: there is no image in the folder {listed(empty, 5)}",
                f"each folder is a class; remove it, or name it in `{layout.key}.exclude`",
            )
    return Gathered(path, root, tuple(in_order(files)), tuple(left_out.sentences()))


def gather_from_archive(path: Path, layout: Layout) -> Gathered:
    """Finds the images of an archive, which is read to its end.

    Raises:
        DataError: It cannot be read, there is no image in it, or something that is refused.
    """
    left_out = LeftOut()
    with reading(path) as members:
        files = [
            ImageFile(member.name, member.size) for member in members if is_wanted(member.name, left_out)
        ]
    root, files = arranged(files, left_out, layout, path)
    return Gathered(path, root, tuple(in_order(files)), tuple(left_out.sentences()))


def is_wanted(name: str, left_out: LeftOut) -> bool:
    """Tells whether a member of an archive is an image, and notes what it is if not."""
    parts = name.split("/")
    if any(map(is_hidden, parts)):
        left_out.hidden.append(name)
    elif is_image(parts[-1]):
        return True
    else:
        left_out.others.append(name)
    return False


def arranged(
    files: Sequence[ImageFile], left_out: LeftOut, layout: Layout, path: Path, folders: Sequence[str] = ()
) -> tuple[str, list[ImageFile]]:
    """Returns the common root, and the images that are used, named below it.

    Args:
        files: All images.
        left_out: Gets those that are not used.
        layout: How they lie in the folder or archive.
        path: The folder or archive, for messages.
        folders: All folders in it, also those without images, where they are known.

    Raises:
        DataError: There is none, no class, or a class whose name is no text.
    """
    if not files:
        raise DataError(
            f"{path}: there is no image in it",
            f"`{layout.key}.path` is a folder with one folder per class, or an archive",
        )
    root = common_root([file.name for file in files], classes=layout.classes)
    named = [ImageFile(file.name[len(root) :], file.size, file.state) for file in files] if root else [*files]
    if not layout.classes:
        return root, named
    excluded = set(layout.exclude)
    used: list[ImageFile] = []
    seen: set[str] = set()
    for file in named:
        name = class_of(file.name)
        seen.add(name)
        if not name:
            left_out.outside.append(file.name)
        elif name in excluded:
            left_out.excluded.append(file.name)
        else:
            used.append(file)
    classes = seen - excluded - {""}
    missing = sorted(excluded - seen - _below(folders, root))
    if missing and layout.all_there:
        raise DataError(
            f"{layout.key}.exclude: there is no folder {quoted(missing[0])} with images in {path}",
            f"there are {listed(sorted(classes), 20)}",
        )
    if not used:
        raise DataError(
            f"{path}: no image lies in a folder of a class",
            f"put each class into a folder of its own, or give a table of labels: `{layout.key}.labels`",
        )
    for name in classes:
        try:
            name.encode()
        except UnicodeEncodeError:
            raise DataError(
                f"{path}: the name of the folder {quoted(name)} is not UTF-8",
                "rename it: a folder is a class, and classes are written into the run",
            ) from None
    return root, used


def _below(folders: Sequence[str], root: str) -> set[str]:
    """Returns the folders that lie directly below the root."""
    return {
        folder.removeprefix(root).partition("/")[0] for folder in folders if f"{folder}/".startswith(root)
    } - {""}


def is_image_archive(path: Path) -> bool:
    """Tells whether images are to be read from a file instead of from a folder."""
    return path.is_file() and is_archive(path)
