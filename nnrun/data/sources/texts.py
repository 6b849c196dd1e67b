"""Texts with their classes or values: a folder of `.txt` files per class, or a table with a column of texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnrun.config.datasets.texts import MAX_TOKENS, SEQUENCE_LENGTH, TextData
from nnrun.config.facts import DataFacts
from nnrun.data.own_splits import files_here, located_files
from nnrun.data.sources.text_labels import alike_notes, kind_of_labels, sorted_classes, values_of_labels
from nnrun.data.sources.text_parts import TextPart, labels_in, read_part
from nnrun.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nnrun.data.raw import RawData

SCAN_BYTES = 20_000_000
"""Beyond it, `check` does not read a table: it has to stay quick."""


def facts(section: TextData) -> DataFacts:
    """Scans the folders or tables; what is not there, or too large to be read quickly, is left unknown.

    Raises:
        DataError: If a folder or table is not as it should be.
    """
    _check_options(section)
    files = files_here(section)
    tokens = section.output == "int"
    known = DataFacts(
        shape=(section.sequence_length or SEQUENCE_LENGTH,) if tokens else None,
        dtype="int32" if tokens else "float32",
        splits=frozenset(files) - {"samples"},
        max_token=section.max_tokens - 1 if tokens and section.max_tokens is not None else None,
    )
    labels = {
        name: labels_in(path, section, name)
        for name, path in files.items()
        if path is not None
        and _check_form(path, section)
        and (path.is_dir() or path.stat().st_size <= SCAN_BYTES)
    }
    if "samples" not in labels:
        return known
    known = replace(known, train_samples=len(labels["samples"]))
    different = {label for each in labels.values() for label in each}
    kind = "text" if _are_folders(files.values()) else kind_of_labels(different)
    if kind == "number":
        values = any(not float(label).is_integer() for label in different)
        return replace(known, target="values" if values else None)
    names = sorted_classes(different, kind)
    return replace(known, classes=len(names), class_names=names, target="classes" if kind == "text" else None)


def load(section: TextData, seed: int) -> RawData:  # noqa: ARG001 - all sources are called alike
    """Reads the texts. Labels of a table are integers where all are whole numbers, floats where all are numbers.

    Raises:
        DataError: With the file or the row, for everything that is not as it should be.
    """
    from nnrun.data.raw import RawData
    from nnrun.data.vocabulary import Vectorization

    _check_options(section)
    files = located_files(section)
    for path in files.values():
        _check_form(path, section)
    found = {name: read_part(path, section, name) for name, path in files.items()}
    counts = Counter(label for each in found.values() for label in each.labels)
    kind = "text" if _are_folders(files.values()) else kind_of_labels(counts)

    def part(name: str) -> Any:
        from nnrun.data.raw import Part

        if name not in found:
            return None
        return Part(_array(found[name].texts), _labels(values_of_labels(found[name].labels, kind)))

    return RawData(
        kind="texts",
        samples=part("samples"),
        validation=part("validation"),
        test=part("test"),
        vectorization=Vectorization(
            max_tokens=section.max_tokens or MAX_TOKENS,
            sequence_length=section.sequence_length or SEQUENCE_LENGTH,
            standardize=section.standardize,
            tokenize=section.tokenize,
            ngrams=section.ngrams,
            output=section.output,
        ),
        notes=(
            *(note for each in found.values() for note in (*each.notes, *_empty_note(each))),
            *alike_notes(counts),
        ),
        place=found["samples"].place,
    )


def _array(texts: Iterable[str]) -> NDArray[Any]:
    import numpy as np

    texts = list(texts)
    array: NDArray[Any] = np.empty(len(texts), dtype=object)
    array[:] = texts
    return array


def _labels(values: list[int] | list[float] | list[str]) -> NDArray[Any]:
    import numpy as np

    return np.array(values)


def _are_folders(files: Iterable[Path | None]) -> bool:
    return any(path is not None and path.is_dir() for path in files)


def _check_options(section: TextData) -> None:
    """Refuses keys that would have no effect, whatever the files are."""
    if section.output != "int" and section.sequence_length is not None:
        raise DataError(
            f"dataset.sequence_length: it is for sequences, but `output` is {section.output}",
            "leave it out, or write `output: int`",
        )
    if section.scale != "none":
        raise DataError(
            "dataset.scale: texts are no quantities that could be scaled",
            "leave it out; see `dataset.output`",
        )


def _check_form(path: Path, section: TextData) -> bool:
    """Refuses keys that do not fit a folder or a table.

    Raises:
        DataError: With the key.
    """
    if path.is_dir():
        for key in ("text", "target", "delimiter", "quoting"):
            if getattr(section, key) is not None:
                raise DataError(f"dataset.{key}: it is for tables, but {path} is a folder", "leave it out")
        return True
    for key in ("text", "target"):
        if path.is_file() and getattr(section, key) is None:
            raise DataError(
                f"{path} is a table, and no key dataset.{key} says which column it is",
                f"add `{key}` with the name of the column, or its number from 0 with `header: false`",
            )
    if path.is_file() and section.exclude:
        raise DataError(f"dataset.exclude: it is for folders, but {path} is a file", "leave it out")
    return True


def _empty_note(part: TextPart) -> list[str]:
    empty = [position for position, text in enumerate(part.texts) if not text.strip()]
    if not empty:
        return []
    count = f"{len(empty):,} of {len(part.texts):,} texts {'is' if len(empty) == 1 else 'are'} empty"
    return [f"{count} and kept all the same, the first: {part.place(empty[0])}"]
