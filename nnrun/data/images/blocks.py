"""Some images at a time: what one process does without asking another one. Free of NumPy, which starts slowly."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from nnrun.data.images.decoding import (
    MAX_FILE_BYTES,
    OtherSizeError,
    UnreadableImageError,
    decoded,
)
from nnrun.data.images.form import ImageForm

MOST_IMAGES = 128
MOST_BYTES = 1 << 16
"""A block is full when it has so many images, or so many bytes of files."""

_WRITTEN = 1 << 22
"""Pixels are written when there are so many bytes of them: small files may become large images."""


@dataclass(frozen=True, slots=True)
class Block:
    """Images that are decoded together.

    Args:
        start: Position of the first of them among all images.
        items: The path of each, or its content.
    """

    start: int
    items: Sequence[str | bytes]


@dataclass(slots=True)
class Report:
    """What came out of a block.

    Args:
        count: Images in it, readable or not.
        unreadable: Position and reason of each image that cannot be read.
        other_size: Position, width and height of each image that does not have the size of an exact form.
        animated: Position of each image with more than one frame.
        sizes: How many images have which width and height.
    """

    count: int = 0
    unreadable: list[tuple[int, str]] = field(default_factory=list)
    other_size: list[tuple[int, int, int]] = field(default_factory=list)
    animated: list[int] = field(default_factory=list)
    sizes: Counter[tuple[int, int]] = field(default_factory=Counter)

    def add(self, other: Report) -> None:
        """Adds what came out of another block."""
        self.count += other.count
        self.unreadable += other.unreadable
        self.other_size += other.other_size
        self.animated += other.animated
        self.sizes += other.sizes

    def to_json(self) -> dict[str, Any]:
        """Returns a JSON object."""
        return {
            "count": self.count,
            "unreadable": self.unreadable,
            "other_size": self.other_size,
            "animated": self.animated,
            "sizes": [[*size, count] for size, count in self.sizes.items()],
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Report:
        """Reads what `to_json` wrote."""
        return cls(
            value["count"],
            [(position, reason) for position, reason in value["unreadable"]],
            [(position, width, height) for position, width, height in value["other_size"]],
            value["animated"],
            Counter({(width, height): count for width, height, count in value["sizes"]}),
        )


def decode_block(block: Block, form: ImageForm, pixels: int) -> Report:
    """Decodes images and writes their pixels to where they belong; zeros for an image that cannot be read.

    Args:
        block: The images.
        form: The form that they get.
        pixels: Descriptor of the file with the pixels of all images.

    Raises:
        OSError: The pixels cannot be written.
    """
    report = Report(count=len(block.items))
    parts: list[bytes] = []
    size, offset = 0, block.start * form.bytes
    for position, item in enumerate(block.items, start=block.start):
        part = b""
        try:
            image = decoded(item if isinstance(item, bytes) else read_file(item), form)
            part = image.pixels
            report.sizes[image.size] += 1
            if image.animated:
                report.animated.append(position)
        except UnreadableImageError as error:
            report.unreadable.append((position, error.reason))
        except OtherSizeError as error:
            report.other_size.append((position, *error.size))
        parts.append(part or bytes(form.bytes))
        size += form.bytes
        if size >= _WRITTEN:
            _write(pixels, b"".join(parts), offset)
            offset += size
            parts, size = [], 0
    _write(pixels, b"".join(parts), offset)
    return report


def _write(descriptor: int, content: bytes, offset: int) -> None:
    left = memoryview(content)
    while left:
        written = os.pwrite(descriptor, left, offset)
        left, offset = left[written:], offset + written


def read_file(path: str) -> bytes:
    """Returns the content of an image file.

    Raises:
        UnreadableImageError: It cannot be read, or is no file.
    """
    try:
        # Not to wait for ever where somebody put a pipe.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise UnreadableImageError("no file")
            if status.st_size > MAX_FILE_BYTES:
                raise UnreadableImageError(f"a file of {status.st_size:,} bytes")
            content = os.read(descriptor, status.st_size + 1)
            # Longer than it was a moment ago: somebody is writing it.
            while len(content) > status.st_size and (piece := os.read(descriptor, 1 << 20)):
                content += piece
            return content
        finally:
            os.close(descriptor)
    except OSError as error:
        raise UnreadableImageError((error.strerror or str(error)).lower()) from error
