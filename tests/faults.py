"""Faults in the system calls of this process: an end, or an error, at any one of them.

Meant for a child process, which never takes the patches back. Every call that changes something on the disk is
counted: those of the module `os`, which `nnrun.rundir.atomic`, `pathlib` and `shutil` use, and the writes of file
objects, which `numpy.savez` and `zipfile` use.
"""

from __future__ import annotations

import fcntl
import io
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nnrun.errors import NnrunError
from nnrun.rundir.atomic import TEMPORARY_PREFIX

CALLS = ("open", "write", "pwrite", "fsync", "ftruncate", "rename", "replace", "mkdir", "unlink", "rmdir")
"""The functions of `os` that are counted; besides them `file open`, `file write`, `flock` and `remove`."""

Fault = Callable[[int, str], bool]
"""Gets the number of a call, from 1, and its name. May end the process, raise, or return True: write only a half."""

_CHANGING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_BUFFER = 8192  # as io.DEFAULT_BUFFER_SIZE was before Python 3.14


def install(fault: Fault) -> None:
    """Lets every call that changes something on the disk ask `fault` first."""
    count = 0

    def ask(name: str) -> bool:
        nonlocal count
        count += 1
        return fault(count, name)

    for name in CALLS:
        setattr(os, name, _asking(name, getattr(os, name), ask))
    real_flock, real_open = fcntl.flock, io.open

    class Raw(io.FileIO):
        def write(self, data: Any) -> int:
            view = memoryview(data).cast("B")
            return super().write(view[: len(view) // 2] if ask("file write") else view) or 0

    def open_file(file: Any, mode: str = "r", buffering: int = -1, *text: Any, **more: Any) -> Any:
        if not set(mode) & set("wxa+"):
            return real_open(file, mode, buffering, *text, **more)
        ask("file open")
        size = buffering if buffering > 1 else _BUFFER
        binary = io.BufferedWriter(Raw(file, mode.replace("b", "").replace("t", "")), size)
        return binary if "b" in mode else io.TextIOWrapper(binary, *text, **more)

    def flock(descriptor: int, operation: int) -> None:
        ask("flock")
        real_flock(descriptor, operation)

    io.open = open_file  # type: ignore[assignment]
    fcntl.flock = flock


def _asking(name: str, real: Callable[..., Any], ask: Callable[[str], bool]) -> Callable[..., Any]:
    def call(first: Any, *rest: Any, **more: Any) -> Any:
        if name == "open" and not rest[0] & _CHANGING:
            return real(first, *rest, **more)
        # A folder that goes is renamed first.
        goes = name == "rename" and Path(rest[0]).name.startswith(TEMPORARY_PREFIX)
        if ask("remove" if goes else name):
            rest = (rest[0][: len(rest[0]) // 2], *rest[1:])
        return real(first, *rest, **more)

    return call


def kill_before(number: int) -> Fault:
    """Ends the process before a call."""

    def fault(count: int, name: str) -> bool:
        if count == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return False

    return fault


def kill_within(number: int) -> Fault:
    """Ends the process in the middle of a write: half of it is written."""

    def fault(count: int, name: str) -> bool:
        if count > number:
            os.kill(os.getpid(), signal.SIGKILL)
        return count == number and "write" in name

    return fault


def fail_at(
    number: int, code: int, *, names: frozenset[str], lasting: bool = False, short: bool = False
) -> Fault:
    """Lets calls fail.

    Args:
        number: The first call that fails, from 1.
        code: The error number.
        names: Which calls fail.
        lasting: All of them from there on, not only the first.
        short: The first, if it writes, writes a half, and the next one fails.
    """
    failed = False

    def fault(count: int, name: str) -> bool:
        nonlocal failed
        if count == number and short and "write" in name:
            return True
        if count >= number and name in names and (lasting or not failed):
            failed = True
            raise OSError(code, os.strerror(code))
        return False

    return fault


def in_child(work: Callable[[], object]) -> int:
    """Runs something in a fork of this process.

    Returns:
        Its exit code: that of the error where nnrun raised one, 99 and a traceback on stderr for any other
        exception; minus the number of the signal that ended it.
    """
    with warnings.catch_warnings():
        # Python 3.12 warns of threads, which NumPy starts and the child does not use.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    code = 99
    try:
        work()
        code = 0
    except NnrunError as error:
        code = error.exit_code
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)
