"""Reading tar archives as a stream, strictly.

The `tarfile` of the standard library ends without a word at a damaged header, and keeps an object for every member:
half of a data set would be trained on, and hundreds of thousands of images fill the memory. This reads the formats
that are in use (POSIX.1-1988 ustar, POSIX.1-2001 pax, GNU tar, and V7 before them) and refuses the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

BLOCK = 512

_LONGEST_EXTRA = 1 << 20
"""Bytes of a header that continues another one; the names in it have at most a few thousand."""

_REGULAR = frozenset({b"0", b"\0", b"7"})
_FOLDER = b"5"
_LONG_NAME, _LONG_LINK = b"L", b"K"
_PAX = frozenset({b"x", b"X"})
_GLOBAL_PAX, _LABEL = b"g", b"V"

_OTHERS = {
    b"1": "a link to another member",
    b"2": "a symbolic link",
    b"3": "a device",
    b"4": "a device",
    b"6": "a pipe",
    b"S": "a file with holes",
    b"M": "the rest of a file in another archive",
    b"D": "a list of files",
}


class ArchiveError(Exception):
    """An archive is damaged, or has something in it that is refused.

    Args:
        reason: What is wrong, as a part of a sentence.
        member: Name of the member that it is about; None where it is about none.
    """

    def __init__(self, reason: str, member: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.member = member


@dataclass(frozen=True, slots=True)
class TarHeader:
    """A file or folder in an archive.

    Args:
        name: Its path, as it stands there: not checked in any way. Bytes that are no UTF-8 are surrogates.
        size: Its size in bytes; 0 for a folder.
        is_folder: Whether it is one.
    """

    name: str
    size: int
    is_folder: bool


class TarStream:
    """Goes through an archive once, from its beginning to its end.

        for header in archive:
            content = archive.read(header.size)  # or nothing, to skip it

    Args:
        file: The archive, decompressed; only read, never sought in.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left = 0
        self._padding = 0
        self.position = 0
        """Bytes of the archive that were read."""

    def __iter__(self) -> Iterator[TarHeader]:
        """Yields the files and folders.

        Raises:
            ArchiveError: The archive is damaged, ends too early, or has something else in it.
        """
        name: str | None = None
        size: int | None = None
        while (block := self._next_block()) is not None:
            kind, own_name, own_size = _parsed(block, first=self.position == BLOCK)
            if kind == _LONG_NAME:
                name = _text(self._extra(own_size, own_name).rstrip(b"\0"))
            elif kind in _PAX:
                records = _pax_records(self._extra(own_size, own_name), own_name)
                if any(key.startswith(b"GNU.sparse") for key in records):
                    raise ArchiveError("a file with holes", name or own_name)
                if b"path" in records:
                    name = _text(records[b"path"])
                if b"size" in records:
                    size = _decimal(records[b"size"], own_name)
            elif kind == _GLOBAL_PAX:
                if {b"path", b"size"} & _pax_records(self._extra(own_size, own_name), own_name).keys():
                    raise ArchiveError("a header that gives all members one name or size", own_name)
            elif kind in (_LONG_LINK, _LABEL):
                self._extra(own_size, own_name)
            else:
                own_name = own_name if name is None else name
                own_size = own_size if size is None else size
                yield self._member(kind, own_name, own_size)
                name = size = None
                self._skip()
        if name is not None or size is not None:
            raise ArchiveError("it ends after a header that belongs to a further member")

    def read(self, count: int) -> bytes:
        """Returns the next bytes of the member that came last; fewer where it has no more.

        Raises:
            ArchiveError: The archive ends in it.
        """
        wanted = min(count, self._left)
        data = self._take(wanted)
        self._left -= wanted
        return data

    def _member(self, kind: bytes, name: str, size: int) -> TarHeader:
        if kind == _FOLDER or (kind == b"\0" and name.endswith("/")):
            # The size of a folder, where there is one, says how much room it may take.
            self._left = self._padding = 0
            return TarHeader(name, 0, is_folder=True)
        if kind not in _REGULAR:
            raise ArchiveError(_OTHERS.get(kind, f"of the unknown kind {kind!r}"), name)
        self._left, self._padding = size, -size % BLOCK
        return TarHeader(name, size, is_folder=False)

    def _skip(self) -> None:
        while self._left:
            self.read(1 << 20)
        self._take(self._padding)
        self._padding = 0

    def _extra(self, size: int, name: str) -> bytes:
        if size > _LONGEST_EXTRA:
            raise ArchiveError(f"a header of {size:,} bytes", name)
        content = self._take(size)
        self._take(-size % BLOCK)
        return content

    def _next_block(self) -> bytes | None:
        """Returns the next header, or None at the end."""
        block = self._file.read(BLOCK)
        self.position += len(block)
        if not block:
            raise ArchiveError("it has no end: the rest of it is missing" if self.position else "it is empty")
        if len(block) < BLOCK:
            raise ArchiveError("it ends in the middle of a header")
        if block.count(0) < BLOCK:
            return block
        while rest := self._file.read(1 << 16):
            self.position += len(rest)
            if rest.count(0) < len(rest):
                raise ArchiveError("there are more members after its end")
        return None

    def _take(self, count: int) -> bytes:
        data = self._file.read(count)
        self.position += len(data)
        if len(data) < count:
            raise ArchiveError("it ends in the middle of a member")
        return data


def is_tar_header(block: bytes) -> bool:
    """Tells whether these bytes are the header of a member."""
    return len(block) >= BLOCK and block.count(0, 0, BLOCK) < BLOCK and _has_checksum(block[:BLOCK])


def _parsed(block: bytes, *, first: bool) -> tuple[bytes, str, int]:
    """Returns kind, name and size out of a header."""
    if not _has_checksum(block):
        raise ArchiveError("it is no tar archive" if first else "a header in it is damaged")
    name = _until_null(block[:100])
    if block[257:263] == b"ustar\0":
        prefix = _until_null(block[345:500])
        name = prefix + b"/" + name if prefix else name
    return block[156:157], _text(name), _number(block[124:136], _text(name))


def _has_checksum(block: bytes) -> bool:
    try:
        expected = int(_until_null(block[148:156]).strip() or b"x", 8)
    except ValueError:
        return False
    rest = block[:148] + block[156:]
    # The checksum itself counts as spaces.
    found = sum(rest) + 8 * 32
    # Some old implementations added up signed bytes.
    return expected in (found, found - 256 * sum(byte > 127 for byte in rest)) if found != expected else True


def _number(field: bytes, name: str) -> int:
    """Reads octal digits or, as GNU tar writes large numbers, bytes after the first one."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:])
    try:
        value = int(_until_null(field).strip() or b"0", 8)
    except ValueError:
        value = -1
    if value < 0:
        raise ArchiveError("a size that is no number", name)
    return value


def _pax_records(content: bytes, name: str) -> dict[bytes, bytes]:
    """Reads records of the form `LENGTH KEY=VALUE` and a line feed, where the length is that of all of it."""
    records: dict[bytes, bytes] = {}
    start = 0
    while start < len(content):
        space = content.find(b" ", start, start + 20)
        digits = content[start:space] if space > 0 else b""
        end = start + int(digits) if digits.isdigit() else 0
        record = content[space + 1 : end]
        key, equals, value = record[:-1].partition(b"=")
        if end <= space or end > len(content) or not record.endswith(b"\n") or not equals:
            raise ArchiveError("a header in it is damaged", name)
        records[key] = value
        start = end
    return records


def _decimal(value: bytes, name: str) -> int:
    if not value.isdigit() or len(value) > 19:
        raise ArchiveError("a size that is no number", name)
    return int(value)


def _until_null(field: bytes) -> bytes:
    return field.partition(b"\0")[0]


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")
