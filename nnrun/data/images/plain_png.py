"""The quick way for the plainest PNG files: 8 bits of grey or RGB, not interlaced, nothing that changes their look.

Pillow's reader of PNG files spends twice as long in Python, for each of its chunks, as its decoder needs for a small
image. Here the chunks are gone through directly, and their content goes to the same decoder. Whatever is unusual or
damaged is left to Pillow, which knows or says what it is.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from PIL import Image

_CHUNK = struct.Struct(">I4s")
_CHECKSUM = struct.Struct(">I")
_HEADER = struct.Struct(">II5B")
_MODES = {0: "L", 2: "RGB"}
_FIRST_CHUNK = 33

_WITHOUT_EFFECT = frozenset(
    {
        b"IHDR",
        b"PLTE",
        b"bKGD",
        b"cHRM",
        b"gAMA",
        b"hIST",
        b"iCCP",
        b"pHYs",
        b"sBIT",
        b"sRGB",
        b"tEXt",
        b"tIME",
    }
)
"""Chunks that Pillow reads, and that do not change the pixels that it gives."""


def plain_png_size(content: bytes) -> tuple[int, int] | None:
    """Returns width and height of a PNG file that may go the quick way; None for all others.

    Args:
        content: A file that begins as a PNG file does.
    """
    if len(content) < _FIRST_CHUNK or content[8:16] != b"\0\0\0\rIHDR":
        return None
    width, height, depth, kind, *others = _HEADER.unpack_from(content, 16)
    return (width, height) if depth == 8 and kind in _MODES and not any(others) else None


def plain_png(content: bytes) -> Image.Image | None:
    """Returns the image of a file that `plain_png_size` knows the size of; None where Pillow has to look at it."""
    width, height, _, kind, *_ = _HEADER.unpack_from(content, 16)
    parts: list[bytes] = []
    for name, start, end, whole in _chunks(content):
        if not whole:
            return None
        if name == b"IDAT":
            parts.append(content[start:end])
        elif name == b"IEND":
            break
        elif name not in _WITHOUT_EFFECT:
            return None
    else:
        return None  # it ends too early
    mode = _MODES[kind]
    data = parts[0] if len(parts) == 1 else b"".join(parts)
    try:
        # The decoder of Pillow's own reader, with its arguments: the mode of the rows, and no interlacing.
        return Image.frombytes(mode, (width, height), data, "zip", mode, 0)
    except (ValueError, OSError):
        return None


def damaged_chunk(content: bytes) -> str | None:
    """Returns the name of a chunk of a PNG file whose checksum is wrong; Pillow does not look at those of pixels."""
    for name, _, _, whole in _chunks(content):
        if not whole:
            return ascii(name)[1:]
        if name == b"IEND":
            break
    return None


def _chunks(content: bytes) -> Iterator[tuple[bytes, int, int, bool]]:
    """Yields name, beginning and end of each complete chunk, and whether its checksum is right."""
    position, last = 8, len(content) - 12
    while position <= last:
        length, name = _CHUNK.unpack_from(content, position)
        end = position + 8 + length
        if end > last + 8:
            return
        (checksum,) = _CHECKSUM.unpack_from(content, end)
        yield name, position + 8, end, zlib.crc32(content[position + 4 : end]) == checksum
        position = end + 4
