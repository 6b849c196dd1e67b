"""Which part of a config an error inside of Keras belongs to."""

from __future__ import annotations

import traceback
from collections.abc import Sequence


def culprit(error: BaseException, objects: Sequence[object]) -> int | None:
    """Finds the object in whose methods an error arose.

    Args:
        error: An error that was raised and caught.
        objects: Layers, callbacks and the like.

    Returns:
        The number of the object, of several the innermost one; None where it was none of them.
    """
    found = None
    for frame, _ in traceback.walk_tb(error.__traceback__):
        owner = frame.f_locals.get("self")
        for index, each in enumerate(objects):
            if owner is each:
                found = index
    return found
