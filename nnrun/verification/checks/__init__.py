"""The checks of `nnrun verify`, one file for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from nnrun.verification.checks.best import best
from nnrun.verification.checks.checkpoints import checkpoints
from nnrun.verification.checks.checksums import checksums
from nnrun.verification.checks.config import config
from nnrun.verification.checks.events import events
from nnrun.verification.checks.leftovers import leftovers
from nnrun.verification.checks.metrics import metrics
from nnrun.verification.checks.models import models
from nnrun.verification.checks.preprocessing import preprocessing
from nnrun.verification.checks.record import record
from nnrun.verification.checks.results import results
from nnrun.verification.checks.status import status
from nnrun.verification.checks.summary import summary
from nnrun.verification.evidence import Evidence
from nnrun.verification.findings import Finding

Check = Callable[[Evidence], Iterator[Finding]]
"""Gives what it finds: a broken promise, something to know, or that all is well. It never raises."""

CHECKS: tuple[Check, ...] = (
    record,
    status,
    checksums,
    config,
    events,
    metrics,
    summary,
    best,
    checkpoints,
    models,
    preprocessing,
    results,
    leftovers,
)
"""Every check, in the order of the output; the name of the function is the name of the check."""
