"""The config is there, and the resolved one can be run again."""

from __future__ import annotations

from collections.abc import Iterator

from nnrun.verification.evidence import Evidence
from nnrun.verification.findings import Finding, broken, ok
from nnrun.verification.reading import Unreadable


def config(evidence: Evidence) -> Iterator[Finding]:
    """Both configs are there and belong to this run."""
    if not (evidence.path / "config.yaml").is_file():
        yield broken("it is missing", "config.yaml")
    yield from _resolved(evidence)
    yield ok("both are there, and resolved.yaml can be run again")


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
