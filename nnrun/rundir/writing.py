"""A run directory that is being written: created exclusively, its record kept up to date until the end."""

from __future__ import annotations

import errno
import hashlib
import secrets
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from nnrun.errors import EnvironmentFault, StorageError
from nnrun.events import Status
from nnrun.rundir.atomic import (
    json_bytes,
    make_folders,
    new_folder,
    remove_folder,
    remove_leftovers,
    write_bytes,
    write_json,
)
from nnrun.rundir.checkpoints import remove_superseded
from nnrun.rundir.event_files import cut_back
from nnrun.rundir.provenance import git_state, host_facts, process_facts, redact_command, versions
from nnrun.rundir.reading import Run

FORMAT = 1
"""Version of the layout of a run directory; it grows when a reader has to know."""

_TAKEN = frozenset({errno.EEXIST, errno.ENOTEMPTY})
"""Another process has a run of this id: see rename(2), which replaces an empty folder only."""

_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""Faults that another folder on the same disk would have, too."""


class RunDirectory:
    """The directory of a run that this process writes.

    Attributes:
        path: The directory.
        record: The content of `run.json`.
    """

    def __init__(self, path: Path, record: dict[str, Any], made: Sequence[Path] = ()) -> None:
        self.path = path
        self.record = record
        self._made = made  # the folders above it that did not exist before, the lowest first
        self._started = time.monotonic()
        self._seconds_before = float(record.get("seconds") or 0)

    @property
    def id(self) -> str:
        """The id of the run: the name of its directory, unless that was copied or renamed."""
        return str(self.record["id"])

    @classmethod
    def create(
        cls,
        runs_dir: Path,
        name: str,
        *,
        config: bytes,
        resolved: str,
        command: Sequence[str],
        seed: int,
        config_path: Path | None = None,
    ) -> Self:
        """Makes a new directory `runs_dir/name/<YYYYMMDD-HHMMSS>-<4 hex>` with the config and a first record.

        It appears complete, or not at all.

        Args:
            runs_dir: Where the runs are; made if missing.
            name: Name of the experiment, which is a valid folder name.
            config: The user's file, byte for byte.
            resolved: The complete config, runnable again.
            command: The command line; credentials in URLs are not recorded.
            seed: The seed, drawn or given.
            config_path: Where the config lies; the git repository around it is recorded.

        Raises:
            EnvironmentFault: The directory cannot be made there.
            StorageError: The disk is full or failed.
        """
        started = datetime.now(UTC)
        folder = runs_dir / name
        made = [each for each in (folder, *folder.parents) if not each.exists()]
        files = {"config.yaml": config, "resolved.yaml": resolved.encode()}
        record = {
            "format": FORMAT,
            "id": None,
            "name": name,
            "status": "running",
            "reason": None,
            "exit_code": None,
            "command": redact_command(command),
            "config": None if config_path is None else str(config_path),
            "sha256": {name: [_digest(content)] for name, content in files.items()},
            "seed": seed,
            "started": _iso(started),
            "ended": None,
            "seconds": None,
            "device": None,
            "distribute": None,
            "git": git_state(config_path.parent if config_path else Path()),
            "versions": versions(),
            "host": host_facts(),
            "process": process_facts(),
            "data": None,
            "class_names": None,
            "timing": {},
        }
        try:
            path = _new_directory(folder, started, record, files)
        except BaseException:
            # Folders without a run help nobody, and the reason to tell is the first one.
            _remove_empty(made)
            raise
        return cls(path, record, made)

    @classmethod
    def reopen(cls, run: Run, *, resolved: str, command: Sequence[str], epoch: int) -> Self:
        """Takes up a run directory to continue its training.

        Args:
            run: The run, whose lock this process holds.
            resolved: The complete config, with what was changed for going on.
            command: The command line; credentials in URLs are not recorded.
            epoch: The last complete epoch, after which it goes on.

        Raises:
            StorageError: A file cannot be written.
        """
        directory = cls(run.path, dict(run.record))
        remove_leftovers(run.path)
        remove_superseded(run.path, epoch)
        cut_back(run.path, epoch)
        directory.write("resolved.yaml", resolved.encode())
        resumed = {
            "started": _iso(datetime.now(UTC)),
            "command": redact_command(command),
            "after_epoch": epoch,
            "versions": versions(),
            "host": host_facts(),
        }
        directory.update(
            status="running",
            reason=None,
            exit_code=None,
            ended=None,
            process=process_facts(),
            resumed=[*(run.record.get("resumed") or []), resumed],
        )
        return directory

    def write(self, name: str, content: bytes) -> None:
        """Writes a file with its checksum in the record, so that `nnrun verify` finds every later change of it.

        The record has the checksums of all contents that the file had: which of them is on the disk is not known
        where a process was killed between the two.

        Args:
            name: The file, relative to the directory.
            content: Its content.

        Raises:
            StorageError: One of the two could not be written; the old content is there.
        """
        known = self.record.get("sha256") or {}
        digests = known.get(name, [])
        if _digest(content) not in digests:
            self.update(sha256={**known, name: [*digests, _digest(content)]})
        write_bytes(self.path / name, content)

    def update(self, **fields: Any) -> None:
        """Sets fields of the record and writes it.

        Raises:
            StorageError: It could not be written.
        """
        self.record.update(fields)
        write_json(self.path / "run.json", self.record)

    def finish(self, status: Status, exit_code: int, reason: str, **fields: Any) -> None:
        """Writes how the run ended, and when.

        Args:
            status: `completed`, `interrupted` or `failed`.
            exit_code: What the command ends with.
            reason: One sentence.
            **fields: Other fields of the record to set, such as `timing`.

        Raises:
            StorageError: It could not be written.
        """
        self.update(
            status=status,
            exit_code=exit_code,
            reason=reason,
            ended=_iso(datetime.now(UTC)),
            seconds=round(self._seconds_before + time.monotonic() - self._started, 3),
            **fields,
        )

    def discard(self) -> None:
        """Removes the directory, and the folders above it that were made for it and hold nothing else.

        Raises:
            StorageError: It could not be removed.
        """
        try:
            remove_folder(self.path)
        except StorageError as error:
            raise StorageError(
                f"cannot remove {self.path}: {error.__cause__}", "Remove the folder by hand."
            ) from error
        _remove_empty(self._made)


def _new_directory(folder: Path, started: datetime, record: dict[str, Any], files: dict[str, bytes]) -> Path:
    """Makes a directory with files and a record; it appears when all of them are on the disk.

    Args:
        folder: Where; made if missing.
        started: The start of the run, for its id.
        record: The content of `run.json`; its id is set.
        files: Other files by name.
    """
    stamp = started.astimezone().strftime("%Y%m%d-%H%M%S")
    while True:
        path = folder / f"{stamp}-{secrets.token_hex(2)}"
        if path.exists():
            continue
        record["id"] = path.name
        try:
            make_folders(folder)
            with new_folder(path) as temporary:
                for name, content in (files | {"run.json": json_bytes(record)}).items():
                    (temporary / name).write_bytes(content)
        except StorageError as error:
            cause = error.__cause__
            if not isinstance(cause, OSError) or cause.errno in _DISK:
                raise
            if cause.errno in _TAKEN and path.exists():
                continue
            if cause.errno == errno.ENOENT and folder.parent.exists():
                # Another process discarded its run, and the empty folder with it, between our two calls.
                continue
            raise EnvironmentFault(
                f"cannot make the run directory {path}: {cause.strerror}",
                "Choose a folder that you may write to with --runs-dir.",
            ) from error
        return path


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _remove_empty(folders: Sequence[Path]) -> None:
    # Not empty: another run is there.
    with suppress(OSError):
        for folder in folders:
            folder.rmdir()


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
