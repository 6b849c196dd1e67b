"""A run directory that is being written: created exclusively, its record kept up to date until the end."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from nnrun.errors import EnvironmentFault, StorageError
from nnrun.events import Status
from nnrun.rundir.atomic import remove_leftovers, write_bytes, write_json, write_text
from nnrun.rundir.provenance import git_state, host_facts, process_facts, redact_command, versions
from nnrun.rundir.reading import Run

FORMAT = 1
"""Version of the layout of a run directory; it grows when a reader has to know."""


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
        """The id of the run: the name of its directory."""
        return self.path.name

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

        Args:
            runs_dir: Where the runs are; made if missing.
            name: Name of the experiment, which is a valid folder name.
            config: The user's file, byte for byte.
            resolved: The complete config, runnable again.
            command: The command line; credentials in URLs are not recorded.
            seed: The seed, drawn or given.
            config_path: Where the config lies; the git repository around it is recorded.

        Raises:
            EnvironmentFault: The directory cannot be made.
            StorageError: The first files cannot be written.
        """
        started = datetime.now(UTC)
        folder = runs_dir / name
        made = [each for each in (folder, *folder.parents) if not each.exists()]
        path = _new_directory(folder, started)
        record = {
            "format": FORMAT,
            "id": path.name,
            "name": name,
            "status": "running",
            "reason": None,
            "exit_code": None,
            "command": redact_command(command),
            "config": None if config_path is None else str(config_path),
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
        directory = cls(path, record, made)
        try:
            write_bytes(path / "config.yaml", config)
            write_text(path / "resolved.yaml", resolved)
            write_json(path / "run.json", record)
        except BaseException:
            # Half a beginning helps nobody, and the reason to tell is the first one.
            with suppress(StorageError):
                directory.discard()
            raise
        return directory

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
        write_text(run.path / "resolved.yaml", resolved)
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
            shutil.rmtree(self.path)
        except OSError as error:
            raise StorageError(
                f"cannot remove {self.path}: {error.strerror}", "Remove the folder by hand."
            ) from error
        # Not empty: another run is there.
        with suppress(OSError):
            for folder in self._made:
                folder.rmdir()


def _new_directory(folder: Path, started: datetime) -> Path:
    stamp = started.astimezone().strftime("%Y%m%d-%H%M%S")
    while True:
        path = folder / f"{stamp}-{secrets.token_hex(2)}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path.mkdir()
        except FileExistsError as error:
            if path.exists():
                continue
            raise _no_directory(folder, error) from error
        except FileNotFoundError as error:
            if folder.parent.exists():
                # Another process discarded its run, and the empty folder with it, between our two calls.
                continue
            raise _no_directory(path, error) from error
        except OSError as error:
            raise _no_directory(path, error) from error
        return path


def _no_directory(path: Path, error: OSError) -> EnvironmentFault:
    return EnvironmentFault(
        f"cannot make the run directory {path}: {error.strerror}",
        "Choose a folder that you may write to with --runs-dir.",
    )


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
