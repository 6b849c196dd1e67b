"""Sweeps over all system calls of the writers: a kill, or an error, at each one; run as a process of its own.

It forks for every trial, which is quick only where neither TensorFlow nor a test runner is in the process:

python -m tests.sweep kills FOLDER
"""

from __future__ import annotations

import csv
import errno
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from nnrun.config.load import load_experiment
from nnrun.config.resolved import to_yaml
from nnrun.errors import DataError, StorageError
from nnrun.rundir.checkpoints import checkpoint_folders, read_checkpoint
from nnrun.rundir.writing import RunDirectory
from nnrun.verification.verify import verify
from tests.faults import Fault, fail_at, in_child, install, kill_before, kill_within
from tests.power import Disk
from tests.scripted_run import Script, config_file, weights

KILLED = -9

STORAGE = StorageError.exit_code

MAKING = frozenset({"open", "write", "pwrite", "mkdir", "file open", "file write"})
"""The calls that fail on a full disk."""

CHANGING = MAKING | {"fsync", "ftruncate", "rename", "replace"}
"""The calls that fail on a broken disk, and whose failure must be loud."""


@dataclass
class Report:
    """What a sweep did.

    Args:
        trials: How many processes were ended, or met an error.
        calls: At which calls, by name.
        failures: What was wrong afterwards.
        seconds: How long it took.
    """

    trials: int = 0
    calls: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0


Work = Callable[[Path], object]


def calls_of(work: Work, folder: Path) -> list[str]:
    """Returns the names of all calls that a piece of work makes."""
    log = folder / "calls"

    def child() -> None:
        names: list[str] = []
        install(lambda count, name: bool(names.append(name)))  # type: ignore[func-returns-value]
        work(folder)
        with open(log, "w") as file:  # noqa: PTH123  (the built-in one is not counted)
            json.dump(names, file)

    assert in_child(child) == 0
    names: list[str] = json.loads(log.read_text())
    return names


def trial(work: Work, folder: Path, fault: Fault) -> int:
    """Does a piece of work in a child with a fault; returns how the child ended."""

    def child() -> None:
        install(fault)
        work(folder)

    return in_child(child)


class Sweep:
    """Interrupts runs, examines what is left, and compares with a run that nothing happened to.

    Args:
        folder: An empty folder.
        first: Epochs of a run before it is resumed.
        epochs: Epochs of a run in the end.
    """

    def __init__(self, folder: Path, first: int, epochs: int) -> None:
        self.folder = folder
        self.first, self.epochs = first, epochs
        self.whole = self.train_twice(self.new("whole"))
        self.report = Report()

    def train_twice(self, folder: Path, script: Script | None = None) -> Path:
        """Makes a run and resumes it."""
        script = script or Script()
        path = script.begin(folder / "runs", folder / "scripted.yaml", self.first)
        script.resume(path, self.epochs)
        return path

    def train_damaged(self, folder: Path) -> Path:
        """Makes a run, and damages its newest checkpoint."""
        path = Script().begin(folder / "runs", folder / "scripted.yaml", self.first)
        file = checkpoint_folders(path)[0] / "state.npz"
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
        return path

    def go_on(self, folder: Path) -> None:
        """Resumes the run in a folder."""
        for path in runs_in(folder):
            Script().resume(path, self.epochs)

    def new(self, name: str) -> Path:
        """Makes a folder with the config in it."""
        folder = self.folder / name
        folder.mkdir()
        config_file(folder)
        return folder

    def problem(self, text: str) -> None:
        """Notes that something is wrong."""
        self.report.failures.append(text)

    def kills(self, work: Work, prepare: Work | None = None, known: Collection[str] = ()) -> None:
        """Ends a piece of work before each of its calls, and in the middle of each of its writes.

        Args:
            work: The work.
            prepare: Done before, without being interrupted.
            known: Files and folders that it damages.
        """
        template = self.new("template")
        if prepare is not None:
            prepare(template)
        counted = Path(shutil.copytree(template, self.folder / "counted"))
        names = calls_of(work, counted)
        shutil.rmtree(counted)
        for number, name in enumerate(names, start=1):
            faults = {"before": kill_before(number)}
            if "write" in name:
                faults["within"] = kill_within(number)
            for word, fault in faults.items():
                what = f"killed {word} call {number}, {name}"
                folder = Path(shutil.copytree(template, self.folder / "trial"))
                if (code := trial(work, folder, fault)) != KILLED:
                    self.problem(f"{what}: ended with {code}")
                self.finish(folder, what, name, known)
        shutil.rmtree(template)

    def errors(self) -> None:
        """Lets every call of a run fail: by a broken disk, and by one that is full from there on."""
        counted = self.new("counted")
        names = calls_of(self.train_twice, counted)
        shutil.rmtree(counted)
        for number, name in enumerate(names, start=1):
            faults = {"EIO": fail_at(number, errno.EIO, names=frozenset({name}))}
            if name in MAKING:
                faults["ENOSPC"] = fail_at(number, errno.ENOSPC, names=MAKING, lasting=True)
            if "write" in name:
                # One of the two, in turn: they differ in whether the end of the run can be recorded.
                half = partial(fail_at, number, errno.ENOSPC, names=MAKING, short=True)
                if number % 2:
                    faults["ENOSPC after a half"] = half(lasting=True)
                else:
                    faults["ENOSPC for a moment"] = half()
            for word, fault in faults.items():
                self.error(number, name, fault, word)

    def error(self, number: int, name: str, fault: Fault, word: str) -> None:
        """Lets one call fail, and looks at how the work ended."""
        what = f"{word} at call {number}, {name}"
        folder = self.new("trial")
        code = trial(self.train_twice, folder, fault)
        if code != STORAGE and not (code == 0 and name not in CHANGING):
            self.problem(f"{what}: ended with {code}")
        if name in CHANGING and (leftovers := list(folder.rglob(".tmp-*"))):
            self.problem(f"{what}: {leftovers} are left")
        self.finish(folder, what, f"{word} {name}")

    def power_failures(self) -> None:
        """Cuts the power at every moment at which that makes a difference, on a lazy and on an eager disk."""
        folder, states = self.new("powered"), self.folder / "states"
        states.mkdir()

        def work() -> None:
            script = Script()
            Disk(folder, states, lambda: script.saved)
            self.train_twice(folder, script)

        assert in_child(work) == 0
        for state in sorted(states.iterdir()):
            config_file(state)
            _, call, disk, promised = state.name.split("-")
            saved = [read_checkpoint(path)[0].epoch for path in runs_in(state) if checkpoint_folders(path)]
            if max(saved, default=0) < int(promised):
                self.problem(
                    f"no power in call {state.name}: epoch {promised} was saved, and there is {saved}"
                )
            self.finish(state, f"no power in call {state.name}", f"{call}, {disk} disk")

    def limits(self) -> None:
        """Trains under limits for the size of a file."""
        for limit in (0, 1, 50, 300, 1000, 2000, 5000, 10_000, 16_000, 32_000):
            folder = self.new("trial")

            def work(folder: Path = folder, limit: int = limit) -> None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
                self.train_twice(folder)

            if (code := in_child(work)) != STORAGE:
                self.problem(f"limit {limit}: ended with {code}")
            if leftovers := list(folder.rglob(".tmp-*")):
                self.problem(f"limit {limit}: {leftovers} are left")
            self.finish(folder, f"limit {limit}", "EFBIG")

    def full_disks(self) -> None:
        """Trains on a disk of its own with more and more space on it; this process may mount what it likes."""
        disk = self.folder / "disk"
        disk.mkdir()
        mount("-t", "tmpfs", "-o", "size=512k", "tmpfs", str(disk))
        for free in range(0, 320, 8):
            folder = self.new("disk/trial")
            self.fill(folder / "filler", free << 10)
            code = in_child(lambda folder=folder: self.train_twice(folder))  # type: ignore[misc]
            if code not in (0, STORAGE):
                self.problem(f"{free} kB: ended with {code}")
            if leftovers := list(folder.rglob(".tmp-*")):
                self.problem(f"{free} kB: {leftovers} are left")
            (folder / "filler").unlink()
            self.finish(folder, f"{free} kB", f"ended with {code}")

    def fill(self, file: Path, free: int) -> None:
        """Leaves so many bytes of a disk."""
        with file.open("wb") as target:
            space = os.statvfs(file.parent)
            os.posix_fallocate(target.fileno(), 0, max(space.f_bavail * space.f_frsize - free, 1))

    def read_only(self) -> None:
        """Resumes a run on a disk that became read-only, and begins one there; this process may mount things."""
        folder = self.new("trial")
        path = Script().begin(folder / "runs", folder / "scripted.yaml", self.first)
        before = everything(path)
        mount("--bind", str(folder), str(folder))
        mount("-o", "remount,bind,ro", str(folder))
        for work, expected in ((self.go_on, STORAGE), (self.train_twice, DataError.exit_code)):
            code = in_child(lambda work=work: work(folder))  # type: ignore[misc]
            if code != expected:
                self.problem(f"read-only: ended with {code}, expected {expected}")
            if everything(path) != before:
                self.problem("read-only: something changed")
            self.report.trials += 1
        subprocess.run(["umount", str(folder)], check=True)
        self.finish(folder, "read-only", "EROFS")

    def finish(self, folder: Path, what: str, call: str, known: Collection[str] = ()) -> None:
        """Counts a trial, examines what it left, and removes it."""
        self.report.trials += 1
        self.report.calls[call] += 1
        self.examine(folder, what, known)
        shutil.rmtree(folder)

    def examine(self, folder: Path, what: str, known: Collection[str]) -> None:
        """Looks at the run in a folder, goes on with it, and looks again."""
        paths = runs_in(folder)
        for path in paths:
            for one in verify(path).broken:
                if one.file not in known:
                    self.problem(f"{what}: {one.file}: {one.text}")
            epochs = epochs_in(path)
            if epochs != list(range(1, len(epochs) + 1)):
                self.problem(f"{what}: metrics.csv has the epochs {epochs}")
            try:
                checkpoint, _ = read_checkpoint(path)
            except DataError:
                if checkpoint_folders(path):
                    self.problem(f"{what}: no checkpoint can be loaded")
                continue
            if not np.array_equal(checkpoint.arrays["weights"], weights(checkpoint.epoch)):
                self.problem(f"{what}: the checkpoint has other weights")
            if checkpoint.epoch > len(epochs):
                self.problem(f"{what}: a checkpoint of epoch {checkpoint.epoch}, and {len(epochs)} rows")
            Script().resume(path, self.epochs)
            self.compare(path, what)
        if not paths:
            self.train_twice(folder)

    def compare(self, path: Path, what: str) -> None:
        """Compares a run that went on with the one that nothing happened to."""
        for one in verify(path).broken:
            self.problem(f"{what}, continued: {one.file}: {one.text}")
        for name in ("metrics.csv", "summary.json", "model/best.keras", "model/last.keras"):
            if (path / name).read_bytes() != (self.whole / name).read_bytes():
                self.problem(f"{what}, continued: {name} is another one")
        names = [found.name for found in checkpoint_folders(path)]
        if names != [found.name for found in checkpoint_folders(self.whole)]:
            self.problem(f"{what}, continued: the checkpoints are {names}")
        if leftovers := list(path.rglob(".tmp-*")):
            self.problem(f"{what}, continued: {leftovers} are left")


def runs_in(folder: Path) -> list[Path]:
    """Returns the run directories that a reader would find."""
    return [path for path in (folder / "runs").glob("*/*") if not path.name.startswith(".")]


def epochs_in(path: Path) -> list[int]:
    """Returns the epochs in the table of a run."""
    file = path / "metrics.csv"
    if not file.exists():
        return []
    with file.open(newline="") as lines:
        return [int(row["epoch"]) for row in csv.DictReader(lines)]


def everything(path: Path) -> dict[str, bytes]:
    """Returns the content of all files below a folder."""
    return {str(file.relative_to(path)): file.read_bytes() for file in path.rglob("*") if file.is_file()}


def mount(*arguments: str) -> None:
    """Mounts something, in the namespace of this process."""
    subprocess.run(["mount", *arguments], check=True)


def begin_and_discard(folder: Path) -> None:
    """Makes a run directory that is not needed."""
    config = folder / "scripted.yaml"
    experiment = load_experiment(config).experiment
    RunDirectory.create(
        folder / "runs",
        "scripted",
        config=config.read_bytes(),
        resolved=to_yaml(experiment),
        command=[],
        seed=1,
    ).discard()


def main(kind: str, folder: Path) -> None:
    """Runs a sweep and prints its report as JSON."""
    started = time.perf_counter()
    if kind == "kills":
        sweep = Sweep(folder, 2, 4)
        sweep.kills(sweep.train_twice)
    else:
        sweep = Sweep(folder, 2, 3)
    match kind:
        case "kills after damage":
            sweep.kills(sweep.go_on, sweep.train_damaged, known=("checkpoints", "checkpoints/epoch-000002"))
        case "kills while discarding":
            sweep.kills(begin_and_discard)
        case "errors":
            sweep.errors()
        case "power failures":
            sweep.power_failures()
        case "limits":
            sweep.limits()
        case "full disks":
            sweep.full_disks()
        case "read-only":
            sweep.read_only()
    sweep.report.seconds = round(time.perf_counter() - started, 1)
    json.dump(vars(sweep.report), sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
