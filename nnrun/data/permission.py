"""Whether code that a config names may run: only if whoever started this process said so."""

from __future__ import annotations

from nnrun.config.datasets import Dataset, PythonData
from nnrun.errors import UsageError

_allowed = False


def allow_code(allowed: bool) -> None:
    """Says for the rest of this process whether Python functions that a config names may run.

    Args:
        allowed: What the user said on the command line. Nothing that was read from a file may be passed here.
    """
    global _allowed  # it is a decision about the process
    _allowed = allowed


def require_permission(dataset: Dataset) -> None:
    """Refuses data that only code can load, unless the user allowed it.

    Raises:
        UsageError: The user did not allow it.
    """
    if isinstance(dataset, PythonData) and not _allowed:
        raise UsageError(
            f"the config wants to run {dataset.function}, Python code in {dataset.path} or of an installed package",
            "read it, and if you trust it, add --allow-code",
        )
