"""The config is the user's, byte for byte, and the resolved one can be run again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from nnrun.verification.evidence import Evidence
from nnrun.verification.findings import Finding, broken, ok
from nnrun.verification.reading import Unreadable, read_file


def config(evidence: Evidence) -> Iterator[Finding]:
    """Both configs are there, unchanged, and belong to this run."""
    yield from _original(evidence)
    yield from _resolved(evidence)
    yield ok("config.yaml is unchanged, and resolved.yaml can be run again")


def _original(evidence: Evidence) -> Iterator[Finding]:
    name = "config.yaml"
    try:
        content = read_file(evidence.path / name)
    except Unreadable as error:
        yield broken(str(error), name)
        return
    if content is None:
        yield broken("it is missing", name)
        return
    stated = evidence.record.get("config_sha256")  # records of version 0.1 have none
    if stated is not None and hashlib.sha256(content).hexdigest() != stated:
        yield broken("it is not the file that the run was started with: its checksum is another one", name)


def _resolved(evidence: Evidence) -> Iterator[Finding]:
    name = "resolved.yaml"
    try:
        experiment = evidence.experiment
    except Unreadable as error:
        yield broken(str(error), name, f"See: nnrun check {evidence.path / name}")
        return
    for key in ("name", "seed"):
        stated, said = evidence.record.get(key), getattr(experiment, key)
        if evidence.run is not None and stated != said:
            yield broken(f"{key} is {said!r}, and {stated!r} in run.json", name)
