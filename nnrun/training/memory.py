"""How much memory the data of a run may take."""

from __future__ import annotations

import os
from pathlib import Path

from nnrun.errors import EnvironmentFault

GPU_BYTES = 4 << 30
"""Data that are larger are not put into the memory of a GPU as a whole."""

VARIABLE = "NNRUN_DATA_MEMORY"
"""Environment variable with what the data may take in memory: bytes, or a size such as `2GB`."""

_UNITS = {"mb": 10**6, "gb": 10**9, "mib": 1 << 20, "gib": 1 << 30}


def parse_bytes(text: str) -> int:
    """Returns a size such as `4GB` or `1.5GiB` in bytes.

    Raises:
        ValueError: It is none.
    """
    lowered = text.strip().lower()
    for name, size in _UNITS.items():
        number = lowered.removesuffix(name).strip()
        if number != lowered and "n" not in number:  # as in `nan` and `inf`
            value = float(number) * size
            if 1 <= value < 1 << 60:
                return int(value)
    raise ValueError(text)


def data_memory(device: str) -> int:
    """Returns how many bytes the inputs of a run may take together.

    Args:
        device: `CPU` or `GPU:N`.

    Raises:
        EnvironmentFault: The environment says something else than a size.
    """
    given = os.environ.get(VARIABLE, "").strip()
    if given:
        try:
            return int(given) if given.isdecimal() else parse_bytes(given)
        except ValueError:
            advice = "Expected a size such as 2GB or 500MB, or a number of bytes."
            raise EnvironmentFault(f"The environment variable {VARIABLE} is {given!r}.", advice) from None
    # While they are moved to the device they are there twice, and there is more in a process than its data.
    return GPU_BYTES if device.startswith("GPU") else available_memory() // 4


def available_memory() -> int:
    """Returns the bytes of memory that this process may still take: of the machine, or of its control group."""
    free = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limits = [free]
    limits += [
        int(line.split()[1]) * 1024 for line in _lines("/proc/meminfo") if line.startswith("MemAvailable:")
    ]
    # What a control group uses includes files that the system keeps in memory as long as nobody wants it.
    for folder, limit, own in (("", "memory.max", "anon"), ("memory/", "memory.limit_in_bytes", "rss")):
        allowed = "".join(_lines(f"/sys/fs/cgroup/{folder}{limit}"))
        used = [
            line.split()[1]
            for line in _lines(f"/sys/fs/cgroup/{folder}memory.stat")
            if line.startswith(f"{own} ")
        ]
        if allowed.isdigit() and used:
            limits.append(max(0, int(allowed) - int(used[0])))
    return min(limits)


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []
