"""In which order the samples of an epoch are visited: a pure function of the seed and the epoch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def epoch_order(samples: int, seed: int, epoch: int, *, shuffle: bool) -> NDArray[np.int32]:
    """Returns the order of the samples in one epoch.

    The ranks of the raw numbers of a Philox generator keyed by (seed, epoch) are the permutation. NumPy keeps the
    raw numbers of its bit generators stable for ever, which it does not promise for `Generator.permutation`; so
    an epoch can be repeated years later, and a resumed run needs no state.

    Args:
        samples: How many samples there are.
        seed: The seed of the run.
        epoch: Number of the epoch, from 1.
        shuffle: False visits them as they stand, every epoch.

    Returns:
        Indices of all samples, shape `(samples,)`.
    """
    if not shuffle:
        return np.arange(samples, dtype=np.int32)
    # Key words are 64 bits wide each: no two (seed, epoch) pairs share a stream.
    raw = np.random.Philox(key=np.array([seed, epoch], dtype=np.uint64)).random_raw(samples)
    return np.argsort(raw, kind="stable").astype(np.int32)
