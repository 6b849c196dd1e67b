"""Text files as they have to be: UTF-8, with the line of whatever is not."""

from __future__ import annotations

from pathlib import Path

from nnrun.errors import DataError

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read_utf8(path: str) -> bytes:
    """Returns the content of a text file, without a byte-order mark.

    Raises:
        DataError: If the file is missing or cannot be read, is not UTF-8, or has NUL bytes.
    """
    if Path(path).exists() and not Path(path).is_file():
        raise DataError(f"{path} is no file", "dataset.path names a file, not a folder, a device or a pipe")
    try:
        content = Path(path).read_bytes()
    except FileNotFoundError as error:
        raise DataError(
            f"{path}: no such file", "dataset.path is relative to the folder of the config"
        ) from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    # A single text is rarely made by a spreadsheet.
    excel = "" if path.endswith(".txt") else ", which Excel calls 'CSV UTF-8'"
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError(f"{path} is UTF-16 text", f"save it as UTF-8{excel}")
    content = content.removeprefix(BYTE_ORDER_MARK)
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}, line {_line(content, error.start)}: not UTF-8 text: byte "
            f"0x{content[error.start]:02x} in {_shown(content, error.start)}",
            f"save the file as UTF-8{excel}",
        ) from error
    null = content.find(b"\0")
    if null >= 0:
        raise DataError(
            f"{path}, line {_line(content, null)}: a NUL byte in {_shown(content, null)}",
            "this is no text file, or a damaged one",
        )
    return content


def _line(content: bytes, position: int) -> int:
    return content.count(b"\n", 0, position) + 1


def _shown(content: bytes, position: int) -> str:
    """Returns the surroundings of a byte as text that is safe to print."""
    start = max(content.rfind(b"\n", 0, position) + 1, position - 30)
    piece = content[start : position + 20].split(b"\n")[0]
    return ascii(piece.decode("utf-8", errors="backslashreplace"))
