"""Samples that are there more than once: within a split they count twice, across splits they make figures too good."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnrun.data.rows import CHUNK_BYTES

_EXAMPLES = 5

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
"""2^64 divided by the golden ratio, as in Fibonacci hashing."""


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Equal inputs; labels may differ.

    Args:
        looked_at: Samples that were compared.
        samples: Of how many.
        within: By split: samples that repeat an earlier one of the same split.
        across: By pair of splits, such as `train, test`: samples of the second that the first has too.
        conflicting: Samples whose input occurs with different labels.
        groups: A few groups of equal samples, each as pairs of a split and a position in it.
    """

    looked_at: int
    samples: int
    within: Mapping[str, int]
    across: Mapping[tuple[str, str], int]
    conflicting: int
    groups: tuple[tuple[tuple[str, int], ...], ...]


def find_duplicates(
    splits: Mapping[str, NDArray[np.uint64]], labels: Mapping[str, NDArray[Any]], samples: int
) -> Duplicates:
    """Compares all samples.

    Args:
        splits: By split: what `hashes` gave of its samples, shape `(samples,)`.
        labels: By split: what is the same for the same label, shape `(samples,)`.
        samples: How many samples there are, those included that were not looked at.
    """
    names = list(splits)
    every = np.concatenate([splits[name] for name in names])
    owner = np.repeat(np.arange(len(names)), [len(splits[name]) for name in names])
    _, group = np.unique(every, return_inverse=True)
    within: dict[str, int] = {}
    across: dict[tuple[str, str], int] = {}
    members = [group[owner == number] for number in range(len(names))]
    for number, name in enumerate(names):
        within[name] = len(members[number]) - len(np.unique(members[number]))
        for earlier in range(number):
            across[names[earlier], name] = int(np.isin(members[number], members[earlier]).sum())
    return Duplicates(
        len(every),
        samples,
        within,
        across,
        _conflicting(group, np.concatenate([labels[name] for name in names])),
        _groups(names, owner, group),
    )


def _conflicting(group: NDArray[np.int64], labels: NDArray[Any]) -> int:
    _, label = np.unique(labels, return_inverse=True)
    counts = np.bincount(group)
    pairs = np.unique(np.stack([group, label.reshape(-1)]), axis=1)
    several = np.flatnonzero(np.bincount(pairs[0], minlength=len(counts)) > 1)
    return int(counts[several].sum())


def _groups(
    names: list[str], owner: NDArray[np.int64], group: NDArray[np.int64]
) -> tuple[tuple[tuple[str, int], ...], ...]:
    """Returns the groups that reach over several splits first, then the largest ones."""
    counts = np.bincount(group)
    spread = np.bincount(np.unique(np.stack([group, owner]), axis=1)[0])
    order = np.lexsort((-counts, -spread))
    starts = np.cumsum([0, *np.bincount(owner, minlength=len(names))])
    chosen: list[tuple[tuple[str, int], ...]] = []
    for number in order[:_EXAMPLES]:
        if counts[number] < 2:
            break
        places = np.flatnonzero(group == number)[:_EXAMPLES]
        chosen.append(tuple((names[owner[place]], int(place - starts[owner[place]])) for place in places))
    return tuple(chosen)


def hashes(x: NDArray[Any], rows: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Returns a number for each sample that is the same for the same bytes, shape `(samples,)`.

    Two different samples have the same number once in about 2^64 / samples^2 data sets.

    Args:
        x: Samples of shape `(all samples, ...)`; one in a file is read in pieces. Texts are allowed.
        rows: Positions of the samples to look at.
    """
    if x.dtype.kind in "OUS":
        return _text_hashes([str(x[row]) for row in rows])
    result = np.empty(len(rows), dtype=np.uint64)
    size = max(1, x.nbytes // max(1, len(x)))
    step = max(1, CHUNK_BYTES // size)
    for start in range(0, len(rows), step):
        result[start : start + step] = _hashed(np.ascontiguousarray(x[rows[start : start + step]]))
    return result


def _hashed(x: NDArray[Any]) -> NDArray[np.uint64]:
    if x.dtype.kind == "f":
        x = x + 0.0  # -0.0 equals 0.0
    content = x.reshape(len(x), -1).view(np.uint8)
    lacking = -content.shape[1] % 8
    if lacking:
        content = np.concatenate([content, np.zeros((len(content), lacking), np.uint8)], axis=1)
    words = content.view(np.uint64)
    result = np.full(len(words), words.shape[1] + 1, dtype=np.uint64)
    for column in words.T:
        result = (result ^ column) * _MULTIPLIER
        result ^= result >> np.uint64(29)
    return result


def _text_hashes(texts: list[str]) -> NDArray[np.uint64]:
    import hashlib

    digests = [hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=8).digest() for text in texts]
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)
