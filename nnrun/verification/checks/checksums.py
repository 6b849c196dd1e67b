"""Files whose checksum is in the record have not changed since."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from nnrun.verification.evidence import Evidence
from nnrun.verification.findings import Finding, broken, ok
from nnrun.verification.reading import Unreadable, read_file


def checksums(evidence: Evidence) -> Iterator[Finding]:
    """Every file with a checksum in the record is there, byte for byte."""
    stated = evidence.record.get("sha256", {})  # records of version 0.1 have none
    if not isinstance(stated, Mapping):
        yield broken(f"sha256 is {stated!r}, expected an object", "run.json")
        return
    for name, digests in stated.items():
        yield from _compared(evidence, name, digests)
    names = ", ".join(stated)
    yield ok(f"{names}: unchanged since written" if names else "none in the record")


def _compared(evidence: Evidence, name: str, digests: object) -> Iterator[Finding]:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not isinstance(digests, list):
        yield broken(
            f"sha256 of {name!r} is {digests!r}, expected a list for a file in this folder", "run.json"
        )
        return
    try:
        content = read_file(evidence.path / path)
    except Unreadable as error:
        yield broken(str(error), name)
        return
    if content is None:
        yield broken("it is missing", name)
    elif hashlib.sha256(content).hexdigest() not in digests:
        yield broken("it is not the file that nnrun wrote: its checksum is another one", name)
