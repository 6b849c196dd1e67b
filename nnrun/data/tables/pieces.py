"""A text file cut into pieces at the ends of lines."""

from __future__ import annotations

from dataclasses import dataclass
from queue import SimpleQueue

from nnrun.data.tables.files import TextStream
from nnrun.data.tables.records import MAX_RECORD


class EndlessLineError(Exception):
    """A line has more than `MAX_RECORD` bytes."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some lines.

    Args:
        buffer: Their bytes, and behind them some that do not count.
        end: How many bytes count.
    """

    buffer: bytearray
    end: int

    def has(self, sign: bytes) -> bool:
        """Whether a byte occurs in it."""
        return self.buffer.find(sign, 0, self.end) >= 0

    def view(self) -> memoryview:
        """Returns its bytes, which are not copied."""
        return memoryview(self.buffer)[: self.end]


class Pieces:
    """Cuts a file into pieces, in buffers that are used again: new memory costs more time than what is done with it.

    Args:
        stream: The file.
        size: Bytes of a piece, if lines are not longer.
        count: How many pieces may be in use.
    """

    def __init__(self, stream: TextStream, size: int, count: int) -> None:
        self._stream = stream
        self._rest = b""
        self._free: SimpleQueue[bytearray] = SimpleQueue()
        for _ in range(count):
            self._free.put(bytearray(size))

    def take(self) -> Piece | None:
        """Returns the next piece, once a buffer is free, or None at the end of the file.

        Raises:
            EndlessLineError: A line is too long.
            DataError: The file cannot be read.
        """
        buffer = self._free.get()
        filled = len(self._rest)
        if filled > len(buffer):
            buffer.extend(bytes(filled))
        buffer[:filled] = self._rest
        while True:
            if filled == len(buffer):
                buffer.extend(bytes(filled))
            with memoryview(buffer) as view:
                found = self._stream.readinto(view[filled:])
            filled += found
            end = _end_of_lines(buffer, filled) if found else filled
            if end or not found:
                break
            if filled > MAX_RECORD:
                raise EndlessLineError
        self._rest = bytes(buffer[end:filled])
        return Piece(buffer, end) if end else None

    def give_back(self, piece: Piece) -> None:
        """Takes back the buffer of a piece that nobody looks at any more."""
        self._free.put(piece.buffer)

    def rest(self, piece: Piece) -> bytes:
        """Returns the bytes of the last piece that was taken, and those that were read behind them."""
        return bytes(piece.view()) + self._rest


def _end_of_lines(buffer: bytearray, filled: int) -> int:
    """Returns where the last whole line ends; line breaks are those of Unix, Windows or old Macs."""
    # A carriage return at the end may belong to a line feed that is still to come.
    return buffer.rfind(b"\n", 0, filled) + 1 or buffer.rfind(b"\r", 0, filled - 1) + 1
