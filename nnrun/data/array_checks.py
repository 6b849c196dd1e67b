"""Arrays that may be larger than the memory, looked through piece by piece: values that are none, and a checksum."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnrun.data.rows import CHUNK_BYTES
from nnrun.errors import DataError

WHOLE_BYTES = 1 << 30
"""Up to so many bytes all of an array goes into its checksum."""

BLOCKS, BLOCK_BYTES = 1024, 1 << 20
"""Of a larger array, so many blocks at equal distances go in, the first and the last bytes among them."""


def check_finite(array: NDArray[Any], where: str) -> None:
    """Refuses NaN and infinity.

    Args:
        array: Numbers of any type, shape `(samples, ...)`.
        where: What to call it in messages.

    Raises:
        DataError: With the place of the first one, and how many there are.
    """
    if array.dtype.kind != "f":
        return
    count = 0
    first: tuple[int, ...] = ()
    for start, piece in _pieces(array):
        wrong = ~np.isfinite(piece)
        here = int(np.count_nonzero(wrong))
        if here and not count:
            place = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
            first = (start + int(place[0]), *(int(index) for index in place[1:]))
        count += here
    if count:
        more = f"; {count:,} values in all are like that" if count > 1 else ""
        raise DataError(
            f"{where}[{', '.join(map(str, first))}] is {array[first]}{more}",
            "a network learns from finite numbers only: fill them in, or remove the samples",
        )


def check_tokens(array: NDArray[Any], where: str) -> None:
    """Refuses whole numbers that are no token numbers.

    Raises:
        DataError: One is negative, or greater than 32 bits can hold.
    """
    for start, piece in _pieces(array):
        wrong = (piece < 0) | (piece > np.iinfo(np.int32).max)
        if wrong.any():
            row, column = (int(index) for index in np.unravel_index(int(np.argmax(wrong)), wrong.shape))
            raise DataError(
                f"{where}[{start + row}, {column}] is {piece[row, column]}, which is no token number",
                "tokens are whole numbers from 0",
            )


def checksum(array: NDArray[Any]) -> str:
    """Returns a SHA-256, in hexadecimal, over type, shape and values.

    Of an array of more than `WHOLE_BYTES`, the values are those of `BLOCKS` blocks: a change elsewhere goes
    unnoticed, but a start does not wait for terabytes.

    Args:
        array: A mapped array.
    """
    digest = hashlib.sha256(f"{array.dtype.str} {array.shape} {array.flags.f_contiguous}".encode())
    if not array.flags.c_contiguous and not array.flags.f_contiguous:
        # A part of a file that does not lie in one piece has no blocks.
        for _, piece in _pieces(array):
            digest.update(np.ascontiguousarray(piece).data)
        return digest.hexdigest()
    content = _bytes_of(array)
    if len(content) <= WHOLE_BYTES:
        for start in range(0, len(content), CHUNK_BYTES):
            digest.update(content[start : start + CHUNK_BYTES].data)
    else:
        for start in np.linspace(0, len(content) - BLOCK_BYTES, BLOCKS).astype(np.int64).tolist():
            digest.update(content[start : start + BLOCK_BYTES].data)
    return digest.hexdigest()


def _bytes_of(array: NDArray[Any]) -> NDArray[np.uint8]:
    """Returns the bytes of an array in the order of the file, without copying them."""
    flat = array.T if array.flags.f_contiguous else array
    return flat.reshape(-1).view(np.uint8)


def _pieces(array: NDArray[Any]) -> Iterator[tuple[int, NDArray[Any]]]:
    """Yields pieces of some megabytes with the position of their first sample."""
    size = max(1, CHUNK_BYTES // max(1, array.nbytes // len(array)))
    for start in range(0, len(array), size):
        yield start, np.asarray(array[start : start + size])
