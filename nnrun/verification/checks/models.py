"""The model files are complete, and those that were saved are there."""

from __future__ import annotations

from collections.abc import Iterator

from nnrun.verification.evidence import Evidence
from nnrun.verification.findings import Finding, broken, ok

_LAYERS = "model.txt"


def models(evidence: Evidence) -> Iterator[Finding]:
    """Every `.keras` file is a complete archive, and none is missing that the run promised."""
    for file, problem in evidence.models.items():
        if problem is not None:
            yield broken(problem, file)
    expected = _expected(evidence)
    for file in sorted(expected.keys() - evidence.models.keys()):
        yield broken("it is missing", file)
    if _is_complete(evidence):
        for file, epoch in sorted(expected.items()):
            saved = evidence.log.models.get(file)
            if saved != epoch:
                yield broken(f"it should be that of epoch {epoch}, and events.jsonl has epoch {saved}", file)
    if evidence.epochs and not (evidence.path / _LAYERS).is_file():
        yield broken("it is missing", _LAYERS)
    names = ", ".join(sorted(file.removeprefix("model/") for file in evidence.models))
    yield ok(f"{names}: complete, checksums match" if names else "none was saved")


def _is_complete(evidence: Evidence) -> bool:
    return evidence.record.get("status") == "completed" and evidence.epochs > 0


def _expected(evidence: Evidence) -> dict[str, object]:
    """Returns the model files that have to be there, with the epoch of which each one should be."""
    files = dict(evidence.earlier.models)
    if _is_complete(evidence):
        files["model/last.keras"] = evidence.epochs
        best = None if evidence.log.ended is None else evidence.log.ended.get("best_epoch")
        if best is not None:
            files["model/best.keras"] = best
    return files
