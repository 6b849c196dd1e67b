"""What stands before the numbers of a `.npy` file or of a member of an `.npz` archive. Free of NumPy.

The format is described in the documentation of `numpy.lib.format`. Reading it here keeps `check` quick, and nothing
that is pickled is ever touched: NumPy pickles arrays of objects, and unpickling runs whatever a file says.
"""

from __future__ import annotations

import ast
import math
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from nnrun.errors import DataError

MAGIC = b"\x93NUMPY"

_LENGTHS = {
    1: "<H",
    2: "<I",
    3: "<I",
}  # by version of the format, how the length of the description is written
_LONGEST = 10_000  # bytes of a description; NumPy itself writes some hundred at most
_DTYPE = re.compile(r"[<>|=]?([biufcmMSUVO?])(\d{0,9})(?:\[.*\])?")
_SIZES = {"b": (1,), "i": (1, 2, 4, 8), "u": (1, 2, 4, 8), "f": (2, 4, 8)}


@dataclass(frozen=True, slots=True)
class Header:
    """What is known about an array before it is read.

    Args:
        dtype: Type of the values as NumPy writes it, such as `<f4`.
        shape: Shape of the array.
        fortran: Whether the first axis varies fastest.
        offset: Bytes before the first value.
    """

    dtype: str
    shape: tuple[int, ...]
    fortran: bool
    offset: int

    @property
    def kind(self) -> str:
        """The kind of the values: `b`, `i`, `u`, `f`, `U` or `S`."""
        return _parts(self.dtype)[0]

    @property
    def nbytes(self) -> int:
        """Bytes of all values."""
        code, size = _parts(self.dtype)
        return math.prod(self.shape) * size * (4 if code == "U" else 1)


def read_header(stream: IO[bytes], size: int, where: str) -> Header:
    """Reads the header of an array that can be used: numbers, booleans or texts.

    Args:
        stream: The file, at its beginning; it is left at the first value.
        size: Bytes of the file.
        where: What to call it in messages.

    Raises:
        DataError: It is no `.npy` file, damaged, or holds something else, such as pickled objects.
    """
    start = stream.read(8)
    if len(start) < 8 or not start.startswith(MAGIC):
        raise DataError(f"{where} is no array of NumPy", "save it with `numpy.save` or `numpy.savez`")
    form = _LENGTHS.get(start[6])
    if form is None:
        raise _damaged(where, f"version {start[6]}.{start[7]} of the format does not exist")
    packed = stream.read(struct.calcsize(form))
    if len(packed) < struct.calcsize(form):
        raise _damaged(where, "its header is cut off")
    (length,) = struct.unpack(form, packed)
    if length > _LONGEST:
        raise _damaged(where, f"its header has {length:,} bytes")
    text = stream.read(length)
    if len(text) < length:
        raise _damaged(where, "its header is cut off")
    dtype, fortran, shape = _described(text, where)
    header = Header(dtype, shape, fortran, len(start) + len(packed) + length)
    found = size - header.offset
    if found != header.nbytes:
        raise _damaged(
            where, f"its header says {dtype} {shape} = {header.nbytes:,} bytes, but there are {found:,}"
        )
    return header


def _described(text: bytes, where: str) -> tuple[str, bool, tuple[int, ...]]:
    try:
        value = ast.literal_eval(text.decode("utf-8").strip())
        dtype, fortran, shape = value["descr"], value["fortran_order"], value["shape"]
    except (ValueError, SyntaxError, KeyError, TypeError, RecursionError, MemoryError) as error:
        raise _damaged(where, "its header cannot be read") from error
    if isinstance(dtype, list):
        raise DataError(
            f"{where} is an array of records with fields of their own", "save one array of numbers per file"
        )
    if not (
        isinstance(dtype, str)
        and isinstance(fortran, bool)
        and isinstance(shape, tuple)
        and all(type(size) is int and 0 <= size < 2**63 for size in shape)
        and len(shape) <= 32
        and math.prod(shape) < 2**63
    ):
        raise _damaged(where, "its header cannot be read")
    code, size = _parts(dtype)
    if code == "O":
        raise DataError(
            f"{where} holds pickled Python objects, which could run code when they are read",
            "save it as an array of numbers or texts, for instance padded to one length",
        )
    if code not in ("U", "S") and size not in _SIZES.get(code, ()):
        raise DataError(f"{where} holds values of type {dtype!r}", "numbers, booleans and texts can be read")
    return dtype, fortran, shape


def _parts(dtype: str) -> tuple[str, int]:
    """Returns the letter of a type and the number behind it; an empty letter where it is none."""
    found = _DTYPE.fullmatch(dtype)
    if found is None:
        return "", 0
    return ("b", 1) if found[1] == "?" else (found[1], int(found[2] or 0))


@contextmanager
def damages_named(path: str) -> Iterator[None]:
    """Turns what goes wrong while an archive is read into an error that names it."""
    try:
        yield
    except FileNotFoundError as error:
        raise DataError(
            f"{path}: no such file", "dataset.path is relative to the folder of the config"
        ) from error
    except MemoryError as error:
        raise DataError(
            f"{path} does not fit into memory",
            "save its arrays as `.npy` files, which are not loaded as a whole",
        ) from error
    except (
        OSError,
        EOFError,
        ValueError,
        RuntimeError,  # also NotImplementedError: encrypted, or compressed in a way that Python does not know
        struct.error,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise _damaged(path, str(error)) from error


def _damaged(where: str, why: str) -> DataError:
    return DataError(f"{where} cannot be read: {why}", "the file may be damaged: make or fetch it again")
