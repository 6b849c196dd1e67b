"""What a power failure leaves of a folder: less than what a process sees, as most of that is in memory only.

Two disks are imagined, which are the extremes of what a file system may do. The `lazy` one stores nothing before it
has to: a file has the content of its last `fsync`, a folder has the names of its last `fsync`. The `eager` one stores
all names at once, also those that a rename made, but contents only by `fsync`.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from tests.faults import install

MOMENTS = frozenset({"fsync", "rename", "remove", "replace", "mkdir", "pwrite"})
"""The calls before which something may be different on one of the two disks."""


class Disk:
    """Follows all that this process syncs, for ever, and writes down what a power failure would leave.

    Args:
        root: The folder that is followed; itself, it is safe.
        states: An empty folder, in which a folder appears for every moment and disk.
        promised: Says which epoch was saved by then; it ends the name of the folder.
    """

    def __init__(self, root: Path, states: Path, promised: Callable[[], int]) -> None:
        self._root = root
        self._states = states
        self._promised = promised
        self._contents: dict[int, bytes] = {}
        self._names: dict[int, dict[str, tuple[int, bool]]] = {}
        self._busy = True
        self._count = 0
        install(self._before)
        counted = os.fsync

        def fsync(descriptor: int) -> None:
            counted(descriptor)
            self._quietly(lambda: self._synced(descriptor))

        os.fsync = fsync
        self._busy = False

    def _before(self, count: int, name: str) -> bool:
        if name in MOMENTS:
            self._quietly(lambda: self._write_down(name))
        return False

    def _quietly(self, work: Callable[[], None]) -> None:
        """Does something that is no part of what is followed."""
        if not self._busy:
            self._busy = True
            work()
            self._busy = False

    def _synced(self, descriptor: int) -> None:
        facts = os.fstat(descriptor)
        if stat.S_ISDIR(facts.st_mode):
            with os.scandir(descriptor) as entries:
                self._names[facts.st_ino] = {
                    entry.name: (entry.inode(), entry.is_dir(follow_symlinks=False)) for entry in entries
                }
        else:
            self._contents[facts.st_ino] = os.pread(descriptor, facts.st_size, 0)

    def _write_down(self, name: str) -> None:
        self._count += 1
        where, epoch = f"{self._count:04d}-{name}", self._promised()
        self._lazy(self._root.stat().st_ino, self._states / f"{where}-lazy-{epoch}")
        self._eager(self._root, self._states / f"{where}-eager-{epoch}")

    def _lazy(self, number: int, target: Path) -> None:
        target.mkdir()
        for name, (inner, is_folder) in self._names.get(number, {}).items():
            if is_folder:
                self._lazy(inner, target / name)
            else:
                (target / name).write_bytes(self._contents.get(inner, b""))

    def _eager(self, source: Path, target: Path) -> None:
        target.mkdir()
        for path in source.iterdir():
            if path.is_dir():
                self._eager(path, target / path.name)
            else:
                (target / path.name).write_bytes(self._contents.get(path.stat().st_ino, b""))
