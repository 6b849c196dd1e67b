"""What came after the training, evaluations and pictures, is whole."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from nnrun.rundir.atomic import TEMPORARY_PREFIX
from nnrun.verification.evidence import Evidence
from nnrun.verification.findings import Finding, broken, ok
from nnrun.verification.reading import Unreadable, read_file, read_object

_PNG = b"\x89PNG\r\n\x1a\n"
_LEAST = 12
"""Bytes of a chunk without data: its length, its type and its checksum (RFC 2083, section 3.2)."""


def results(evidence: Evidence) -> Iterator[Finding]:
    """Every evaluation is JSON, and every picture has its end."""
    evaluations = _files(evidence, "evaluation", "json")
    pictures = _files(evidence, "plots", "png")
    for name in evaluations:
        try:
            read_object(evidence.path / name)
        except Unreadable as error:
            yield broken(str(error), name)
    for name in pictures:
        try:
            content = read_file(evidence.path / name)
        except Unreadable as error:
            yield broken(str(error), name)
            continue
        if content is not None and not is_complete_png(content):
            yield broken("it is no complete PNG picture", name)
    counts = [
        f"{len(names)} {word if len(names) == 1 else word + 's'}"
        for names, word in ((evaluations, "evaluation"), (pictures, "picture"))
        if names
    ]
    yield ok(f"{' and '.join(counts)}, complete" if counts else "no evaluation and no picture")


def is_complete_png(content: bytes) -> bool:
    """Tells whether a PNG picture has all its chunks, up to the last one, each with the right checksum."""
    position = len(_PNG)
    kind = b""
    while content.startswith(_PNG) and len(content) - position >= _LEAST and kind != b"IEND":
        length = int.from_bytes(content[position : position + 4], "big")
        end = position + _LEAST + length
        kind, data = content[position + 4 : position + 8], content[position + 8 : end - 4]
        if int.from_bytes(content[end - 4 : end], "big") != zlib.crc32(data, zlib.crc32(kind)):
            return False
        position = end
    return kind == b"IEND" and position == len(content)


def _files(evidence: Evidence, folder: str, suffix: str) -> list[str]:
    return sorted(
        f"{folder}/{path.name}"
        for path in (evidence.path / folder).glob(f"*.{suffix}")
        if not path.name.startswith(TEMPORARY_PREFIX)
    )
