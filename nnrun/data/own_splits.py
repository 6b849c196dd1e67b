"""Data whose splits may lie in files of their own: where each of them is. Free of NumPy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from nnrun.config.datasets import ImagesData, NpzData, TextData
from nnrun.config.datasets.files import FileSection
from nnrun.config.datasets.texts import TextFile
from nnrun.errors import DataError

_NO_ARCHIVES = frozenset({".csv", ".tsv", ".tab", ".txt"})
"""Endings of files that are not looked into to see whether they are archives."""


def files_here(section: ImagesData | NpzData | TextData) -> dict[str, Path | None]:
    """Returns the file or folder of each part, None for one that is not on this machine, or in an archive.

    Returns:
        By part: `samples`, which the splits are cut from, and those of `validation` and `test` that have one.
    """
    return {name: _here(file) for name, _, file in _files(section)}


def located_files(section: ImagesData | NpzData | TextData) -> dict[str, Path]:
    """Returns the same, with what is to be downloaded fetched, and with archives of texts extracted into the cache.

    Raises:
        DataError: A file or an archive is not the one that was described, or damaged.
        EnvironmentFault: A file cannot be fetched.
        StorageError: A file cannot be stored.
    """
    from nnrun.data.download import located

    return {name: _opened(located(file, key), file, key) for name, key, file in _files(section)}


def _files(section: ImagesData | NpzData | TextData) -> Iterator[tuple[str, str, FileSection]]:
    yield "samples", "dataset", section
    for name, file in (("validation", section.validation), ("test", section.test)):
        if file is not None:
            yield name, f"dataset.{name}", file


def _here(file: FileSection) -> Path | None:
    if file.download is None:
        path: Path | None = Path(file.path or "")
    else:
        from nnrun.data.download import whereabouts

        path = whereabouts(file)
    if path is None or not path.exists() or _is_archive(path, file):
        return None
    return path


def _is_archive(path: Path, file: FileSection) -> bool:
    if not isinstance(file, TextFile) or path.suffix.lower() in _NO_ARCHIVES or not path.is_file():
        return False
    from nnrun.data.archives import is_archive

    return is_archive(path)


def _opened(path: Path, file: FileSection, key: str) -> Path:
    """Returns the folder or table of a part, which may lie in an archive."""
    inside = file.inside if isinstance(file, TextFile) else None
    if not _is_archive(path, file):
        if inside is not None and path.exists():
            raise DataError(f"{key}.inside: {path} is no archive", "leave it out")
        return path
    from nnrun.data.archives import extracted

    folder = extracted(path)
    if inside is None:
        return _only(folder)
    parts = PurePosixPath(inside).parts
    found = folder.joinpath(*parts)
    if not parts or parts[0] == "/" or ".." in parts or not found.exists():
        there = ", ".join(f"'{each.name}'" for each in sorted(folder.iterdir())[:20])
        raise DataError(f"{key}.inside: {path} has no '{inside}' in it", f"at its top are {there}")
    return found


def _only(folder: Path) -> Path:
    """Returns what a folder has in it as long as that is a single thing, else the folder."""
    while folder.is_dir():
        entries = [each for each in folder.iterdir() if not each.name.startswith((".", "__MACOSX"))]
        if len(entries) != 1:
            break
        folder = entries[0]
    return folder
