"""Which images of each class are used."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nnrun.data.splitting import permutation


def choose_images(
    numbers: NDArray[np.int64], names: Sequence[str], wanted: int | None, seed: int, *, mixed: bool
) -> NDArray[np.int64] | None:
    """Chooses the same number of images of each class.

    Args:
        numbers: The class of each image, shape `(images,)`.
        names: The classes.
        wanted: How many of each class; None for all.
        seed: Decides which, and the order.
        mixed: Whether to return them in an order that the seed decides, instead of that in which they lie.

    Returns:
        Positions of the chosen images, shape `(chosen,)`; None for all of them as they lie.
    """
    if wanted is None and not mixed:
        return None
    order = permutation(len(numbers), seed)
    if wanted is not None:
        of_order = numbers[order]
        taken = [np.flatnonzero(of_order == number)[:wanted] for number in range(len(names))]
        order = order[np.sort(np.concatenate(taken))]
    return order if mixed else np.sort(order)
