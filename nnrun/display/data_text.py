"""How far the data are, in words; for all displays, and free of rich."""

from __future__ import annotations

from nnrun.display.formats import coarse
from nnrun.events import DataProgress

ACTIONS = {
    "download": "Downloading",
    "verify": "Checking",
    "extract": "Extracting",
    "decode": "Decoding",
}
"""What is going on, for each action of a `DataProgress`."""


def size(count: float) -> str:
    """Writes a number of bytes with three digits, in the units of disks: `8.46 MB`."""
    if count < 999.5:
        return f"{count:.0f} bytes"
    for unit in ("kB", "MB", "GB", "TB"):
        count /= 1000
        if count < 999.5 or unit == "TB":
            break
    decimals = 2 if count < 9.995 else 1 if count < 99.95 else 0
    return f"{count:.{decimals}f} {unit}"


def amount(event: DataProgress) -> str:
    """Writes how much is done: `84.1 MB of 247 MB`, `1,200 of 18,726 images`."""
    if event.unit == "bytes":
        return size(event.done) if event.total is None else f"{size(event.done)} of {size(event.total)}"
    done = f"{event.done:,}"
    return f"{done} {event.unit}" if event.total is None else f"{done} of {event.total:,} {event.unit}"


def rate(event: DataProgress) -> str:
    """Writes how fast it goes: `12.3 MB/s`; empty while nobody knows."""
    gone = event.done - event.resumed
    if event.seconds < 0.5 or gone <= 0:
        return ""
    each = gone / event.seconds
    return f"{size(each)}/s" if event.unit == "bytes" else f"{each:,.0f} {event.unit}/s"


def remaining(event: DataProgress) -> float | None:
    """Returns the seconds that are left, or None while nobody knows."""
    gone = event.done - event.resumed
    if event.total is None or event.seconds < 0.5 or gone <= 0:
        return None
    return max(event.total - event.done, 0) * event.seconds / gone


def heartbeat(event: DataProgress) -> str:
    """Writes the whole as one line for a log."""
    left = remaining(event)
    share = f" - {event.done / event.total:.0%}" if event.total else ""
    eta = f" - ETA {coarse(left)}" if left is not None else ""
    return f"{ACTIONS[event.action]} {event.name} - {amount(event)}{share}{eta}"


def beginning(event: DataProgress) -> str:
    """Writes that a download begins."""
    about = "" if event.total is None else f" ({size(event.total)})"
    more = f", going on after {size(event.resumed)}" if event.resumed else ""
    return f"{ACTIONS[event.action]} {event.name}{about}{more}"
