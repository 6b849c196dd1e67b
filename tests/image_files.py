"""Image files for tests: tiny, of every kind, and broken in every way."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def pixels(height: int = 6, width: int = 8, channels: int = 3, seed: int = 0) -> NDArray[np.uint8]:
    """Returns random pixels."""
    shape = (height, width) if channels == 1 else (height, width, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def smooth(height: int, width: int, channels: int = 3) -> NDArray[np.uint8]:
    """Returns pixels without edges, which survive lossy compression and resizing."""
    rows, columns = np.mgrid[0:height, 0:width]
    one = (rows * 120 // max(height, 1) + columns * 120 // max(width, 1)).astype(np.uint8)
    return one if channels == 1 else np.stack([one + 5 * number for number in range(channels)], axis=-1)


def encoded(array: NDArray[Any], format: str = "PNG", **options: Any) -> bytes:  # noqa: A002 - Pillow's word
    """Returns a file of an image."""
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, format, **options)
    return buffer.getvalue()


def png(chunks: Sequence[tuple[bytes, bytes]]) -> bytes:
    """Returns a PNG file of chunks, whatever is in them."""
    parts = [b"\x89PNG\r\n\x1a\n"]
    for name, content in chunks:
        parts.append(struct.pack(">I", len(content)) + name + content)
        parts.append(struct.pack(">I", zlib.crc32(name + content)))
    return b"".join(parts)


def huge_png(width: int, height: int) -> bytes:
    """Returns a small file that claims to have very many pixels."""
    header = struct.pack(">II5B", width, height, 8, 0, 0, 0, 0)
    return png([(b"IHDR", header), (b"IDAT", zlib.compress(bytes(10_000))), (b"IEND", b"")])


def animation(frames: int = 3, format: str = "GIF") -> bytes:  # noqa: A002 - Pillow's word
    """Returns an image that moves."""
    images = [Image.fromarray(pixels(seed=seed)) for seed in range(frames)]
    buffer = io.BytesIO()
    images[0].save(
        buffer,
        format,
        save_all=True,
        append_images=images[1:],
        **({"lossless": True} if format == "WEBP" else {}),
    )
    return buffer.getvalue()


def turned(orientation: int, array: NDArray[Any], format: str = "PNG") -> bytes:  # noqa: A002 - Pillow's word
    """Returns a file whose camera noted how it was held."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(array, format, exif=exif.tobytes())


def write_folder(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Writes files below a folder, and returns it."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def class_files(classes: Mapping[str, int], size: int = 6) -> dict[str, bytes]:
    """Returns that many different images for each class, by their names."""
    return {
        f"{name}/{number:03d}.png": encoded(pixels(size, size, 1, seed=hash_of(name) + number))
        for name, count in classes.items()
        for number in range(count)
    }


def hash_of(name: str) -> int:
    """Returns a number for a name, the same in every process."""
    return zlib.crc32(name.encode("utf-8", "surrogateescape"))
