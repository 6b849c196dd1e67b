"""A folder with one folder per class: which files belong to which class, and what was left out. Free of NumPy."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass

from nnrun.errors import DataError

_SHOWN = 3
"""Names in a sentence about what was left out."""


@dataclass(frozen=True, slots=True)
class ClassFolders:
    """The files of each class.

    Args:
        names: The classes, sorted.
        files: For each class, the paths of its files, sorted.
        left_out: A sentence for each kind of thing that lies there and is no file of a class.
    """

    names: tuple[str, ...]
    files: tuple[tuple[str, ...], ...]
    left_out: tuple[str, ...]


def class_folders(
    folder: str, suffixes: Collection[str], exclude: Collection[str] = (), *, all_there: bool = True
) -> ClassFolders:
    """Finds the classes and their files.

    A folder in that of a class is not looked into, so a link that leads back upwards does no harm. Hidden files and
    folders are left out; every name that is left out is counted.

    Args:
        folder: The folder with the folders of the classes.
        suffixes: How the names of the files end, in lower case, such as `.txt`.
        exclude: Classes to leave out.
        all_there: Whether each of them must be there.

    Raises:
        DataError: There is no such folder, none in it, or a class without a file.
    """
    names: list[str] = []
    files: list[tuple[str, ...]] = []
    hidden: list[str] = []
    others: list[str] = []
    nested: list[str] = []
    excluded: list[str] = []
    for entry in _entries(folder):
        if entry.name.startswith("."):
            hidden.append(entry.name)
        elif not entry.is_dir():
            others.append(entry.name)
        elif entry.name in exclude:
            excluded.append(entry.name)
        else:
            names.append(_checked_name(entry.name, folder))
            own: list[str] = []
            for file in _entries(entry.path):
                shown = f"{entry.name}/{file.name}"
                if file.name.startswith("."):
                    hidden.append(shown)
                elif file.is_dir():
                    nested.append(shown)
                elif file.name.lower().endswith(tuple(suffixes)) and file.is_file():
                    own.append(file.path)
                else:
                    others.append(shown)
            files.append(tuple(own))
    missing = sorted(set(exclude) - set(excluded))
    if missing and all_there:
        raise DataError(
            f"dataset.exclude: {folder} has no folder '{missing[0]}'", f"it has {_listed(names, 20)}"
        )
    _check(folder, names, files, suffixes)
    wanted = " or ".join(sorted(suffixes))
    left_out = (
        _sentence(excluded, "folder", "that dataset.exclude names"),
        _sentence(hidden, "hidden entry", "", plural="hidden entries"),
        _sentence(nested, "folder", "inside the folder of a class"),
        _sentence(others, "entry", f"outside the {wanted} files of the classes", plural="entries"),
    )
    return ClassFolders(
        tuple(names), tuple(files), tuple(f"{folder}: left out {text}" for text in left_out if text)
    )


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except FileNotFoundError as error:
        raise DataError(
            f"{folder}: no such folder", "dataset.path is relative to the folder of the config"
        ) from error
    except OSError as error:
        raise DataError(f"{folder} cannot be read: {error.strerror}") from error


def _checked_name(name: str, folder: str) -> str:
    """Refuses the name of a class that cannot be written as text."""
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise DataError(
            f"{folder}: the name of the folder {name!a} is not UTF-8",
            "rename it: a folder in it is a class, and the classes are written into the run",
        ) from error
    return name


def _check(
    folder: str,
    names: list[str],
    files: list[tuple[str, ...]],
    suffixes: Collection[str],
) -> None:
    wanted = " or ".join(sorted(suffixes))
    if not names:
        raise DataError(
            f"{folder} has no folder in it", f"it needs one folder per class, with {wanted} files in it"
        )
    empty = [name for name, own in zip(names, files, strict=True) if not own]
    if empty:
        raise DataError(
            f"{folder}: there is no {wanted} file in the folder of {_listed(empty, 10)}",
            "each folder is a class; remove it, or name it in `dataset.exclude`",
        )


def _sentence(names: list[str], what: str, why: str, plural: str = "") -> str:
    if not names:
        return ""
    count = f"{len(names):,} {what if len(names) == 1 else plural or what + 's'}"
    return f"{count}{' ' if why else ''}{why}: {_listed(names, _SHOWN)}"


def _listed(names: list[str], most: int) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most:,} more"
