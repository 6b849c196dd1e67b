"""How much memory a process takes."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path


def peak_of(pid: int) -> int | None:
    """Returns the most bytes that a process has had in memory; None where the system does not tell.

    Where it only tells how many it has now, these.

    Args:
        pid: The process.
    """
    try:
        for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return None if sys.platform == "linux" else _resident(pid)


def begin_peak() -> None:
    """Forgets the peak of this process, where the system can: that of the next config is to be its own."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")


def _resident(pid: int) -> int | None:
    """Asks `ps`, which every other system has."""
    asked = subprocess.run(  # noqa: S603 - a number is all that is not written here
        ["/bin/ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return int(asked.stdout) * 1024 if asked.stdout.strip().isdigit() else None
