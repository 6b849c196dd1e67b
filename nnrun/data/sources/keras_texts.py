"""IMDB and Reuters as token sequences, as `keras.datasets` and `keras.utils.pad_sequences` make them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nnrun.data.raw import Part
from nnrun.data.sources.known_pickles import sequences_in

START, UNKNOWN, FIRST_WORD = 1, 2, 3
"""Keras's `start_char`, `oov_char` and `index_from`: tokens that are no words, and where words begin."""

_SEED = 113
_TEST_SHARE = 0.2


def imdb(path: Path, max_tokens: int | None, length: int) -> tuple[Part, Part]:
    """Returns training and test part, in the order of Keras.

    Args:
        path: `imdb.npz`.
        max_tokens: Keras's `num_words`: greater tokens are unknown.
        length: Tokens per text.
    """
    x, y, x_test, y_test = sequences_in(path, ("x_train", "y_train", "x_test", "y_test"))
    random = np.random.RandomState(_SEED)
    order, order_test = _shuffled(random, len(x)), _shuffled(random, len(x_test))
    tokens = _tokens([*x[order], *x_test[order_test]], max_tokens, length)
    return Part(tokens[: len(x)], y[order]), Part(tokens[len(x) :], y_test[order_test])


def reuters(path: Path, max_tokens: int | None, length: int) -> tuple[Part, Part]:
    """Returns training and test part, likewise, of `reuters.npz`."""
    x, y = sequences_in(path, ("x", "y"))
    order = _shuffled(np.random.RandomState(_SEED), len(x))
    tokens, labels = _tokens(x[order], max_tokens, length), y[order]
    train = int(len(x) * (1 - _TEST_SHARE))
    return Part(tokens[:train], labels[:train]), Part(tokens[train:], labels[train:])


def _shuffled(random: np.random.RandomState, count: int) -> NDArray[np.int64]:
    order = np.arange(count)
    random.shuffle(order)
    return order


def _tokens(texts: Iterable[Sequence[int]], max_tokens: int | None, length: int) -> NDArray[np.int32]:
    """Returns words as tokens of shape `(texts, length)`: 0 in front of short texts, the beginning of long ones cut."""
    texts = list(texts)
    tokens = np.zeros((len(texts), length), dtype=np.int32)
    for row, text in zip(tokens, texts, strict=True):
        kept = text[-length:]
        place = length - len(kept)
        row[place:] = kept
        row[place:] += FIRST_WORD
        if place:
            row[place - 1] = START
    if max_tokens is None:
        # Keras takes the greatest token for the number of them, so that it becomes unknown itself.
        max_tokens = max(max(text, default=START - FIRST_WORD) for text in texts) + FIRST_WORD
    tokens[tokens >= max_tokens] = UNKNOWN
    return tokens
