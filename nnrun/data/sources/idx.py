"""The IDX files that MNIST and Fashion-MNIST were published in.

The format is described on http://yann.lecun.com/exdb/mnist/: a big-endian header (two zero bytes, the type,
the number of dimensions, one 32-bit size per dimension), then the bytes of the array.
"""

from __future__ import annotations

import math
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from nnrun.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from nnrun.data.raw import Part

_UNSIGNED_BYTE = 0x08

CLASSES = 10

PARTS = {"train": "train", "test": "t10k"}
"""How the files of each part begin."""


def find(folder: Path, part: str, content: str) -> Path:
    """Returns the file of a part, `.gz` or not.

    Args:
        folder: Where the files are.
        part: `train` or `test`.
        content: `images-idx3` or `labels-idx1`.

    Raises:
        DataError: If there is none.
    """
    stem = f"{PARTS[part]}-{content}-ubyte"
    # Some copies of the set were unpacked with a dot in the name.
    for name in (f"{stem}.gz", stem, f"{PARTS[part]}-{content.replace('-', '.')}-ubyte"):
        path = folder / name
        if path.is_file():
            return path
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder", "dataset.path names the folder of the four IDX files")
    raise DataError(
        f"{folder}: no file {stem}.gz",
        "the folder needs train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and "
        "t10k-labels-idx1-ubyte, with or without .gz",
    )


def read_part(folder: Path, part: str) -> Part:
    """Reads images of shape `(samples, height, width, 1)` and labels of shape `(samples,)`, both uint8.

    Args:
        folder: Where the files are.
        part: `train` or `test`.

    Raises:
        DataError: If a file is missing, damaged, or does not belong to the other.
    """
    from nnrun.data.raw import Part

    image_path = find(folder, part, "images-idx3")
    label_path = find(folder, part, "labels-idx1")
    images = read(image_path, dimensions=3)
    labels = read(label_path, dimensions=1)
    if len(images) != len(labels):
        raise DataError(
            f"{image_path} has {len(images):,} images, but {label_path.name} has {len(labels):,} labels",
            "the files do not belong together: fetch both again",
        )
    if labels.max() >= CLASSES:
        wrong = int((labels >= CLASSES).argmax())
        raise DataError(f"{label_path}: label {labels[wrong]} of sample {wrong} is not between 0 and 9")
    return Part(images[..., None], labels)


def read(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """Reads one file into an array of the shape that its header says.

    Args:
        path: The file, compressed with gzip or not.
        dimensions: Number of dimensions that the array must have.

    Raises:
        DataError: If the file is not what the header says, to the byte.
    """
    import numpy as np

    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    stream = _Gzip(path, content) if content[:2] == b"\x1f\x8b" else _Plain(content)
    header = stream.take(4 + 4 * dimensions)
    shape = _shape(path, header, dimensions)
    size = math.prod(shape)
    body = stream.take(size)
    if len(body) < size:
        raise DataError(
            f"{path}: the header says {_times(shape)} = {size:,} bytes, but there are only {len(body):,}",
            "the file is truncated: fetch it again",
        )
    if stream.take(1):
        raise DataError(f"{path}: there are more bytes than the {_times(shape)} = {size:,} of the header")
    stream.finish()
    return np.frombuffer(body, dtype=np.uint8).reshape(shape)


def read_shape(path: Path, dimensions: int) -> tuple[int, ...]:
    """Returns the shape that the header says, without reading the rest.

    Raises:
        DataError: If this is no such file.
    """
    try:
        with path.open("rb") as file:
            content = file.read(512)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    stream = _Gzip(path, content) if content[:2] == b"\x1f\x8b" else _Plain(content)
    return _shape(path, stream.take(4 + 4 * dimensions), dimensions)


def _shape(path: Path, header: bytes, dimensions: int) -> tuple[int, ...]:
    magic = bytes([0, 0, _UNSIGNED_BYTE, dimensions])
    if header[:4] != magic:
        raise DataError(
            f"{path} is not an IDX file of {dimensions} dimensions: it begins with "
            f"{header[:4].hex(' ') or 'nothing'} instead of {magic.hex(' ')}",
            "is it another file under this name?",
        )
    if len(header) < 4 + 4 * dimensions:
        raise DataError(f"{path}: the header is cut off after {len(header)} bytes", "fetch the file again")
    shape = struct.unpack(f">{dimensions}I", header[4:])
    if 0 in shape:
        raise DataError(f"{path}: the header says {_times(shape)}, so there is no data in it")
    return shape


def _times(shape: tuple[int, ...]) -> str:
    return " x ".join(f"{size:,}" for size in shape)


class _Plain:
    """Takes bytes from the front of a content."""

    def __init__(self, content: bytes) -> None:
        self._rest = memoryview(content)

    def take(self, count: int) -> bytes:
        """Returns the next bytes; fewer only at the end."""
        taken, self._rest = self._rest[:count], self._rest[count:]
        return bytes(taken)

    def finish(self) -> None:
        """Nothing is left to verify."""


class _Gzip:
    """Takes bytes from the front of a compressed content, never unpacking more than is asked for."""

    def __init__(self, path: Path, content: bytes) -> None:
        self._path = path
        self._rest = content
        self._stream = zlib.decompressobj(wbits=31)

    def take(self, count: int) -> bytes:
        """Returns the next bytes; fewer only at the end."""
        parts: list[bytes] = []
        while count > 0:
            try:
                part = self._stream.decompress(self._rest, count)
            except zlib.error as error:
                raise DataError(
                    f"{self._path}: the compressed data are damaged ({error})", "fetch the file again"
                ) from error
            self._rest = self._stream.unconsumed_tail
            if not part:
                break
            parts.append(part)
            count -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def finish(self) -> None:
        """Checks that the compressed data are complete, checksum included."""
        if not self._stream.eof:
            raise DataError(f"{self._path}: the compressed data are cut off", "fetch the file again")
