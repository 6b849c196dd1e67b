"""Which state of a network an evaluation is about: a run that is continued gets another one."""

from __future__ import annotations

import hashlib

from nnrun.rundir.reading import Run
from nnrun.training.recall import Weights


def model_sha256(run: Run, weights: Weights) -> str:
    """Returns the checksum of the file of a trained network, in hexadecimal.

    Args:
        run: The run.
        weights: Those of the best epoch, or of the last one.

    Raises:
        DataError: The run has none (yet).
    """
    with run.model_path(weights).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
