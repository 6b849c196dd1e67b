"""Archives from elsewhere: their files one by one, or extracted into the cache. Nothing leaves its folder.

What is refused is an error that names the member: paths that lead out, links, devices, names that are there twice, and
archives that are mostly air. The filters of `tarfile` are not relied on, they were bypassed more than once; no file is
written under a name that was not checked here.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

from nnrun.data.cache import Entry, key_of, made_once
from nnrun.data.names import clean, path_fault, quoted, shown
from nnrun.data.progress import Meter, tell
from nnrun.data.tar_stream import ArchiveError, TarStream, is_tar_header
from nnrun.data.verification import stat_of
from nnrun.errors import DataError

T = TypeVar("T")

MAX_MEMBERS = 5_000_000
MAX_BYTES = 500_000_000_000

MAX_RATIO = 200
"""How many times larger than itself an archive may be when it is unpacked: text reaches 20, and a bomb a million."""

FREE_BYTES = 100_000_000
"""Up to here, the ratio does not matter."""

_BUFFER = 1 << 18
_PIECE = 1 << 20

_OPENERS: dict[bytes, Callable[[BinaryIO], BinaryIO]] = {
    b"\x1f\x8b": lambda file: cast(BinaryIO, gzip.GzipFile(fileobj=file)),
    b"BZh": lambda file: cast(BinaryIO, bz2.BZ2File(file)),
    b"\xfd7zXZ\0": lambda file: cast(BinaryIO, lzma.LZMAFile(file)),  # noqa: SIM115 - closed by the caller
}
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")

FORMATS = ".tar, .tar.gz, .tar.bz2, .tar.xz and .zip"

_DAMAGED = (
    EOFError,
    OSError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    ValueError,
    NotImplementedError,
)
"""What the decompressors of the standard library raise for a damaged file."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive.

    Args:
        name: Its path, checked and without `.` and double slashes.
        size: Its size in bytes.
        pieces: Yields its content; before the next member, or never.
        position: Bytes of the archive file that lie before it.
    """

    name: str
    size: int
    pieces: Callable[[], Iterator[bytes]]
    position: int

    def read(self) -> bytes:
        """Returns the whole content."""
        return b"".join(self.pieces())


def is_archive(path: Path) -> bool:
    """Tells by its first bytes whether a file is an archive, or at least compressed as one."""
    try:
        with path.open("rb") as file:
            start = file.read(512)
    except OSError:
        return False
    return start.startswith((*_ZIP, *_OPENERS)) or is_tar_header(start)


@contextmanager
def reading(path: Path) -> Iterator[Iterator[Member]]:
    """Gives the files of an archive, in its own order.

    Args:
        path: The archive; its first bytes say what it is, not its name.

    Yields:
        The files. Folders are left out.

    Raises:
        DataError: It cannot be read, or has something in it that is refused; the message names the member.
    """
    with ExitStack() as stack:
        try:
            file = stack.enter_context(path.open("rb"))
            size = os.fstat(file.fileno()).st_size
            start = file.read(512)
            file.seek(0)
        except OSError as error:
            raise DataError(f"{path} cannot be read: {error.strerror}") from error
        found: Iterator[_Found]
        if start.startswith(_ZIP):
            found = _zip_members(file)
        else:
            opener = next((opener for magic, opener in _OPENERS.items() if start.startswith(magic)), None)
            if opener is None and not is_tar_header(start):
                raise DataError(
                    f"{path} is no archive: it begins with {start[:12]!r}",
                    f"archives are {FORMATS}; if it was downloaded, look at what came instead",
                )
            stream = file if opener is None else stack.enter_context(opener(file))
            buffered = io.BufferedReader(cast(io.RawIOBase, stream), _BUFFER)
            found = _tar_members(TarStream(cast(BinaryIO, buffered)), file)
        yield _checked(path, found, size)


def extracted(path: Path) -> Path:
    """Returns a folder with what is in an archive, which is extracted into the cache the first time.

    Args:
        path: The archive.

    Raises:
        DataError: It cannot be read, or has something in it that is refused; the message names the member.
        StorageError: It cannot be written.
    """
    try:
        state = key_of(stat_of(path.stat()))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    entry = Entry("archives", str(path.resolve()), None, state, f"extracting {path.name}")
    return made_once(entry, lambda folder: _extract(path, folder), lambda folder: folder)


def _extract(path: Path, folder: Path) -> None:
    meter = Meter("extract", path.name, "bytes", path.stat().st_size)
    count = 0
    with reading(path) as members:
        for member in members:
            target = folder / member.name
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                # A new file, and no link that something else put there.
                descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666)
            except (FileExistsError, NotADirectoryError):
                raise refused(path, member.name, "a name that another member has on this disk") from None
            with os.fdopen(descriptor, "wb", buffering=0) as file:
                for piece in member.pieces():
                    file.write(piece)
            count += 1
            meter.add(member.position - meter.done)
    meter.end()
    tell(f"extracted {path.name}, {count:,} files, in {meter.seconds:.1f}s")


def refused(path: Path, name: str, what: str) -> DataError:
    """Returns the error about a member of an archive."""
    return DataError(
        f"{path}: member {quoted(name)} is refused: {what}",
        "an honest archive of data has no such thing; if you trust it, unpack it yourself and name the folder",
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """What stands in an archive, not checked."""

    name: str
    size: int
    is_folder: bool
    pieces: Callable[[], Iterator[bytes]]
    position: int


def _checked(path: Path, found: Iterator[_Found], archive_size: int) -> Iterator[Member]:
    names: set[str] = set()
    allowed = min(MAX_BYTES, max(FREE_BYTES, MAX_RATIO * archive_size))
    total = 0
    last = ""
    while True:
        one = _next(found, path, last)
        if one is None:
            return
        last = one.name
        if one.is_folder and not clean(one.name) and not one.name.startswith("/"):
            continue  # the folder that all of it was packed in
        fault = path_fault(one.name)
        if fault is not None:
            raise refused(path, one.name, fault)
        if one.is_folder:
            continue
        name = clean(one.name)
        if name in names:
            raise refused(path, name, "a name that is there twice")
        names.add(name)
        if len(names) > MAX_MEMBERS:
            raise refused(path, name, f"more than {MAX_MEMBERS:,} members")
        total += one.size
        if total > allowed:
            raise refused(
                path, name, f"{total:,} bytes up to it, out of an archive of {archive_size:,}: a bomb"
            )
        yield Member(name, one.size, partial(_pieces, path, one), one.position)


def _pieces(path: Path, one: _Found) -> Iterator[bytes]:
    found = one.pieces()
    while (piece := _next(found, path, one.name)) is not None:
        yield piece


def _next(found: Iterator[T], path: Path, last: str) -> T | None:
    """Returns the next item, or None; what readers of archives raise becomes an error that says where it is.

    Args:
        found: The items.
        path: The archive.
        last: The member that was read last, or is being read.
    """
    try:
        return next(found, None)
    except ArchiveError as error:
        if error.member is not None:
            raise refused(path, error.member, error.reason) from error
        raise _damaged(path, error.reason, last) from error
    except _DAMAGED as error:
        raise _damaged(path, str(error) or type(error).__name__, last) from error


def _damaged(path: Path, reason: str, last: str) -> DataError:
    where = f", after member {quoted(last)}" if last else ""
    return DataError(f"{path} cannot be read{where}: {shown(reason)}", "it may be damaged: fetch it again")


def _tar_members(archive: TarStream, file: BinaryIO) -> Iterator[_Found]:
    for header in archive:

        def pieces(left: int = header.size) -> Iterator[bytes]:
            while left:
                piece = archive.read(min(left, _PIECE))
                left -= len(piece)
                yield piece

        yield _Found(header.name, header.size, header.is_folder, pieces, file.tell())


def _zip_members(file: BinaryIO) -> Iterator[_Found]:
    position = 0
    with zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            # The name up to a NUL byte is what the library calls the file; all of it is checked here.
            name = info.orig_filename
            kind = stat.S_IFMT(info.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise ArchiveError("a symbolic link" if kind == stat.S_IFLNK else "a device", name)
            if info.flag_bits & 1:
                raise ArchiveError("encrypted", name)

            def pieces(info: zipfile.ZipInfo = info) -> Iterator[bytes]:
                with archive.open(info) as content:
                    while piece := content.read(_PIECE):
                        yield piece

            yield _Found(name, info.file_size, info.is_dir(), pieces, position)
            position += info.compress_size
