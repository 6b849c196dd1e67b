"""Checking a run directory: all checks, over evidence that is collected once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nnrun.rundir.reading import RunStatus
from nnrun.verification.checks import CHECKS
from nnrun.verification.evidence import collect
from nnrun.verification.findings import Finding


@dataclass(frozen=True, slots=True)
class Verification:
    """What is true of one run directory.

    Args:
        path: The directory.
        id: The id of the run, or the name of its folder where there is no record.
        name: The name of the experiment, likewise.
        status: The status, `lost` included; None where there is no record.
        epochs: Complete epochs.
        size: Bytes in the directory.
        findings: What each check found, by its name, in their order. A check of something that this run does not
            have yet has none.
    """

    path: Path
    id: str
    name: str
    status: RunStatus | None
    epochs: int
    size: int
    findings: tuple[tuple[str, Finding], ...]

    @property
    def holds(self) -> bool:
        """Whether every promise holds."""
        return not self.broken

    @property
    def broken(self) -> tuple[Finding, ...]:
        """The broken promises."""
        return tuple(finding for _, finding in self.findings if finding.state == "broken")


def verify(path: Path) -> Verification:
    """Checks every promise about a run directory; changes nothing in it.

    Args:
        path: The directory; whatever is in it, there is an answer.
    """
    evidence = collect(path)
    findings: list[tuple[str, Finding]] = []
    for check in CHECKS:
        found = list(check(evidence))
        broken = any(finding.state == "broken" for finding in found)
        findings += [(check.__name__, finding) for finding in found if not (broken and finding.state == "ok")]
    run = evidence.run
    return Verification(
        path=path,
        id=path.name if run is None else run.id,
        name=path.parent.name if run is None else run.name,
        status=evidence.status,
        epochs=evidence.epochs,
        size=evidence.content.size,
        findings=tuple(findings),
    )
