"""Figures of inputs that are no table: the values of images, and the lengths of texts and sequences."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnrun.data.preprocessing import Preprocessing
from nnrun.data.raw import RawData
from nnrun.data.rows import CHUNK_BYTES
from nnrun.data.summary.bounded import some
from nnrun.data.vocabulary import Vocabulary

MOST_TEXTS = 20_000


def summarise_values(raw: RawData, preprocessing: Preprocessing, rows: NDArray[np.int64]) -> dict[str, Any]:
    """Returns figures of the samples at some positions of the source.

    Args:
        raw: Images, texts, sequences of tokens or of numbers.
        preprocessing: Knows the vocabulary of texts.
        rows: Positions of the samples to look at, shape `(samples,)`.
    """
    if preprocessing.vocabulary is not None:
        return _texts(raw.samples.x[rows[some(len(rows), MOST_TEXTS)]], preprocessing.vocabulary)
    if raw.kind == "tokens":
        return _tokens(raw.samples.x[rows])
    figures = _numbers(raw.samples.x, rows) | {"sample_shape": list(raw.samples.x.shape[1:])}
    if raw.image_sizes:
        figures["file_sizes"] = [
            {"width": width, "height": height, "images": count} for width, height, count in raw.image_sizes
        ]
    return figures


def _numbers(x: NDArray[Any], rows: NDArray[np.int64]) -> dict[str, Any]:
    """Returns type, range, mean and deviation of all values, and how many samples have one value only."""
    step = max(1, CHUNK_BYTES // max(1, x.nbytes // max(1, len(x))))
    low, high, total, squares, blank = np.inf, -np.inf, 0.0, 0.0, 0
    for start in range(0, len(rows), step):
        piece = x[rows[start : start + step]].reshape(min(step, len(rows) - start), -1)
        lows, highs = piece.min(axis=1), piece.max(axis=1)
        low, high = min(low, float(lows.min())), max(high, float(highs.max()))
        blank += int((lows == highs).sum())
        exact = piece.astype(np.float64)
        total += float(exact.sum())
        squares += float(np.square(exact, out=exact).sum())
    count = len(rows) * max(1, int(np.prod(x.shape[1:], dtype=np.int64)))
    mean = total / count
    return {
        "dtype": str(x.dtype),
        "min": low,
        "max": high,
        "mean": mean,
        "deviation": float(np.sqrt(max(squares / count - mean**2, 0.0))),
        "blank_samples": blank,
    }


def _texts(texts: NDArray[Any], vocabulary: Vocabulary) -> dict[str, Any]:
    """Returns how many tokens texts have, and how many of them the vocabulary of the training split has."""
    known = set(vocabulary.words)
    lengths = np.zeros(len(texts), dtype=np.int64)
    unknown = characters = 0
    for row, text in enumerate(texts):
        tokens = vocabulary.how.tokens(text)
        lengths[row] = len(tokens)
        unknown += sum(token.decode(errors="replace") not in known for token in tokens)
        characters += len(text)
    total = int(lengths.sum())
    figures: dict[str, Any] = {
        "texts_looked_at": len(texts),
        "vocabulary": len(vocabulary.words),
        "unknown_share": unknown / total if total else 0.0,
        "characters": characters / max(len(texts), 1),
        **lengths_of(lengths),
    }
    if vocabulary.how.output == "int":
        figures["sequence_length"] = vocabulary.how.sequence_length
        figures["longer_than_sequence"] = int((lengths > vocabulary.how.sequence_length).sum())
    return figures


def _tokens(x: NDArray[Any]) -> dict[str, Any]:
    """Returns how long sequences are without padding (token 0), and which tokens there are."""
    lengths = (x != 0).sum(axis=1)
    return {
        "sequence_length": int(x.shape[1]),
        "tokens": len(np.unique(x)),
        "min": int(x.min()),
        "max": int(x.max()),
        **lengths_of(lengths),
    }


def lengths_of(lengths: NDArray[np.int64]) -> dict[str, Any]:
    """Returns figures of the lengths of some texts."""
    return {
        "shortest": int(lengths.min()),
        "median_length": float(np.median(lengths)),
        "longest": int(lengths.max()),
        "empty": int((lengths == 0).sum()),
    }
