"""`run.json` is there, complete, and says one thing only."""

from __future__ import annotations

from collections.abc import Iterator

from nnrun.verification.evidence import Evidence
from nnrun.verification.findings import Finding, broken, note, ok

_FILE = "run.json"

_CODES = {"completed": (0, 6), "interrupted": (129, 130, 143), "failed": (1, 2, 3, 4, 5, 7, 8)}
"""The exit codes that belong to each status."""


def record(evidence: Evidence) -> Iterator[Finding]:
    """The record can be read, and its parts agree with each other."""
    if evidence.run is None:
        yield broken(
            evidence.record_problem, _FILE, "Without it no command knows this run; its other files are below."
        )
        return
    values = evidence.record
    status, code = values["status"], values.get("exit_code")
    if evidence.is_finished:
        if code not in _CODES[status]:
            expected = ", ".join(map(str, _CODES[status]))
            yield broken(f"status is {status!r} and exit_code {code!r}, expected one of {expected}", _FILE)
        if not isinstance(values.get("ended"), str):
            yield broken(f"status is {status!r} and ended {values.get('ended')!r}, expected a time", _FILE)
    elif code is not None:
        yield broken(f"status is 'running' and exit_code {code!r}, expected null", _FILE)
    if values["id"] != evidence.path.name:
        yield note(
            f"the folder is called {evidence.path.name!r} and the run {values['id']!r}: "
            "it was copied or renamed",
            _FILE,
        )
    yield ok(f"status {status}, and all that belongs to it")
