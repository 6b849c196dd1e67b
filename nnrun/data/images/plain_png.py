"""The quick way for the plainest PNG files: 8 bits of grey or RGB, not interlaced, nothing that changes their look.

Pillow's reader of PNG files spends twice as long in Python, for each of its chunks, as its decoder needs for a small
image. Here the chunks are gone through directly, and their content goes to the same decoder. Whatever is unusual or
damaged is left to Pillow, which knows or says what it is.
"""

from __future__ import annotations

import struct
import zlib

from PIL import Image

_CHUNK = struct.Struct(">I4s")
_HEADER = struct.Struct(">II5B")
_MODES = {0: "L", 2: "RGB"}
_FIRST_CHUNK = 33

_WITHOUT_EFFECT = frozenset(
    {b"PLTE", b"bKGD", b"cHRM", b"gAMA", b"hIST", b"iCCP", b"pHYs", b"sBIT", b"sRGB", b"tEXt", b"tIME"}
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
    position = _FIRST_CHUNK
    view = memoryview(content)
    parts: list[bytes] = []
    try:
        while True:
            length, name = _CHUNK.unpack_from(content, position)
            end = position + 8 + length
            if name == b"IDAT":
                if zlib.crc32(view[position + 4 : end]) != int.from_bytes(content[end : end + 4]):
                    return None
                parts.append(content[position + 8 : end])
            elif name == b"IEND":
                break
            elif name not in _WITHOUT_EFFECT:
                return None
            position = end + 4
        mode = _MODES[kind]
        data = parts[0] if len(parts) == 1 else b"".join(parts)
        # The decoder of Pillow's own reader, with its arguments: the mode of the rows, and no interlacing.
        return Image.frombytes(mode, (width, height), data, "zip", mode, 0)
    except (struct.error, ValueError, OSError):
        return None
