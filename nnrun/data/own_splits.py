"""Data whose splits may lie in files of their own: where each of them is. Free of NumPy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from nnrun.config.datasets import ImagesData, NpzData, TextData
from nnrun.config.datasets.files import FileSection


def files_here(section: ImagesData | NpzData | TextData) -> dict[str, Path | None]:
    """Returns the file or folder of each part, None for one that is not on this machine; fetches nothing.

    Returns:
        By part: `samples`, which the splits are cut from, and those of `validation` and `test` that have one.
    """
    return {name: _here(file) for name, _, file in _files(section)}


def located_files(section: ImagesData | NpzData | TextData) -> dict[str, Path]:
    """Returns the same, with those fetched that are to be downloaded; see `nnrun.data.download.located`."""
    from nnrun.data.download import located

    return {name: located(file, key) for name, key, file in _files(section)}


def _files(section: ImagesData | NpzData | TextData) -> Iterator[tuple[str, str, FileSection]]:
    yield "samples", "dataset", section
    for name, file in (("validation", section.validation), ("test", section.test)):
        if file is not None:
            yield name, f"dataset.{name}", file


def _here(file: FileSection) -> Path | None:
    if file.download is None:
        path = Path(file.path or "")
        return path if path.exists() else None
    from nnrun.data.download import whereabouts

    return whereabouts(file)
