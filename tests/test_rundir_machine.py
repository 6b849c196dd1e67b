"""Whatever happens to run directories, in whatever order: what was promised holds, and only nnrun's errors come out."""

from __future__ import annotations

import functools
import os
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from nnrun.errors import RunInUseError
from nnrun.rundir.checkpoints import KEPT, checkpoint_folders
from nnrun.rundir.lock import locked
from nnrun.rundir.reading import Run
from nnrun.verification.evidence import collect
from nnrun.verification.verify import verify
from tests.faults import in_child, install, kill_before, kill_within
from tests.scripted_run import Script, config_file

MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108  (folders of its own are made there)

KILLED = -9

CHECKSUMMED = ("config.yaml", "checkpoints/*/state.npz", "checkpoints/*/manifest.json", "model/*.keras")
"""Files of which every change has to be found."""

OTHERS = (
    "resolved.yaml",
    "run.json",
    "metrics.csv",
    "events.jsonl",
    "summary.json",
    "model/preprocessing.json",
    ".lock",
)
"""Files that are compared with each other; a change may make another truth, and must not do harm."""


@functools.cache
def whole_table(epochs: int) -> bytes:
    """The table of a run that nothing happened to."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as name:
        folder = Path(name)
        path = Script().begin(folder / "runs", config_file(folder), epochs)
        return (path / "metrics.csv").read_bytes()


@dataclass
class Known:
    """What is known about a run.

    Args:
        path: Its directory.
        saved: The newest epoch that was found saved.
        damaged: The files that were damaged and have a checksum, with their damaged content.
        doubtful: Whether another file was damaged, so that nothing is promised any more.
    """

    path: Path
    saved: int = 0
    damaged: dict[Path, bytes] = field(default_factory=dict)
    doubtful: bool = False

    def still_damaged(self) -> list[Path]:
        """Returns the damaged files that are still there as they were damaged."""
        return [
            file for file, content in self.damaged.items() if file.is_file() and file.read_bytes() == content
        ]


kills = st.none() | st.tuples(st.integers(1, 250), st.booleans())
"""Where a process is killed: before a call, or in the middle of one that writes."""


shares = st.floats(0, 1, exclude_max=True)
"""A place in a list or a file; their lengths depend on the time of day, and so must not decide what is drawn."""


class RunDirectories(RuleBasedStateMachine):
    """A folder of runs, to which things happen."""

    runs = Bundle("runs")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=MEMORY))
        self.config = config_file(self.folder)
        self.known: list[Known] = []
        self.copies = 0

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    def train(self, script: Script, path: Path | None, epochs: int, kill: tuple[int, bool] | None) -> int:
        """Trains in a child; returns how it ended."""

        def child() -> None:
            if kill is not None:
                install(kill_within(kill[0]) if kill[1] else kill_before(kill[0]))
            if path is None:
                script.begin(self.folder / "runs", self.config, epochs)
            else:
                script.resume(path, epochs)

        return in_child(child)

    @rule(target=runs, epochs=st.integers(1, 4), save_every=st.integers(1, 3), kill=kills)
    def begin(self, epochs: int, save_every: int, kill: tuple[int, bool] | None) -> object:
        """A new run, which may be killed."""
        before = {known.path for known in self.known}
        assert self.train(Script(save_every), None, epochs, kill) in {0, KILLED}
        new = [Known(path) for path in (self.folder / "runs").glob("*/[!.]*") if path not in before]
        assert len(new) <= 1
        self.known += new
        return multiple(*new)

    @rule(run=runs, more=st.integers(0, 2), save_every=st.integers(1, 2), kill=kills)
    def resume(self, run: Known, more: int, save_every: int, kill: tuple[int, bool] | None) -> None:
        """A run goes on, and may be killed again."""
        newest = collect(run.path).newest_intact
        epochs = (newest.epoch if newest else 0) + more
        code = self.train(Script(save_every), run.path, max(epochs, 1), kill)
        if run.doubtful or run.damaged or newest is None:
            assert code in {0, KILLED, 3, 4, 7}
        else:
            assert code in {0, KILLED}
        if code == 0 and not run.doubtful:
            assert not list(run.path.rglob(".tmp-*"))
            assert (run.path / "metrics.csv").read_bytes() == whole_table(epochs)
            assert Run.read(run.path).status == "completed"
            assert len(checkpoint_folders(run.path)) <= KEPT

    @rule(target=runs, run=runs)
    def copy(self, run: Known) -> Known:
        """A run is copied, and the copy lives on."""
        target = run.path.with_name(f"copy-{self.copies}")
        self.copies += 1
        shutil.copytree(run.path, target)
        damaged = {target / file.relative_to(run.path): content for file, content in run.damaged.items()}
        copy = Known(target, run.saved, damaged, run.doubtful)
        self.known.append(copy)
        return copy

    @rule(run=runs)
    def second_writer(self, run: Known) -> None:
        """Somebody else wants to go on with a run that is in use."""
        with locked(run.path), pytest.raises(RunInUseError, match=f"process {os.getpid()} on "):
            Script().resume(run.path, 9)

    @rule(run=runs, which=shares, where=shares, bit=st.integers(0, 7))
    def flip_a_bit_of_a_checksummed_file(self, run: Known, which: float, where: float, bit: int) -> None:
        """Bit-rot, where it has to be found."""
        file = choose(run.path, CHECKSUMMED, which)
        if file is None:
            return
        content = bytearray(file.read_bytes())
        if file.suffix == ".keras":
            # The headers of an archive hold times and the like, of which nothing depends.
            where = 0.25 + where / 2
        content[int(where * len(content))] ^= 1 << bit
        self.damage(run, file, bytes(content))

    @rule(run=runs, which=shares, where=shares)
    def truncate_a_checksummed_file(self, run: Known, which: float, where: float) -> None:
        """A file loses its end, where it has to be found."""
        file = choose(run.path, CHECKSUMMED, which)
        if file is not None:
            content = file.read_bytes()
            self.damage(run, file, content[: int(where * len(content))])

    def damage(self, run: Known, file: Path, content: bytes) -> None:
        """Writes damaged content, unless the file was damaged before: two flips may be none."""
        if file not in run.damaged:
            file.write_bytes(content)
            run.damaged[file] = content

    @rule(run=runs, which=shares, where=shares, byte=st.none() | st.binary(min_size=1, max_size=1))
    def damage_another_file(self, run: Known, which: float, where: float, byte: bytes | None) -> None:
        """A byte of any other file becomes another one, or its end is lost."""
        file = choose(run.path, OTHERS, which)
        if file is not None:
            content = file.read_bytes()
            position = int(where * len(content))
            file.write_bytes(content[:position] + (b"" if byte is None else byte + content[position + 1 :]))
            run.doubtful = True

    @rule(run=consumes(runs))
    def forget(self, run: Known) -> None:
        """A run is removed by hand."""
        shutil.rmtree(run.path)
        self.known.remove(run)

    @invariant()
    def promises_hold(self) -> None:
        """Nothing is broken that was not damaged, and every damage of a checksummed file is told."""
        for run in self.known:
            broken = verify(run.path).broken  # never raises
            if run.doubtful:
                continue
            files = {str((run.path / one.file).relative_to(run.path)) for one in broken}
            damaged = {named(run.path, file) for file in run.still_damaged()}
            assert damaged <= files, broken
            if not run.damaged:
                assert broken == ()
                newest = collect(run.path).newest_intact
                assert (newest.epoch if newest else 0) >= run.saved
                run.saved = newest.epoch if newest else 0


def named(run: Path, file: Path) -> str:
    """Returns how a damaged file is named: a checkpoint by its folder."""
    relative = file.relative_to(run)
    return str(relative.parent if relative.parts[0] == "checkpoints" else relative)


def choose(run: Path, patterns: tuple[str, ...], which: float) -> Path | None:
    """Returns the file of a run that stands at a share of the list of all of them; none that is empty."""
    found = (file for pattern in patterns for file in run.glob(pattern) if ".tmp-" not in str(file))
    files = sorted(file for file in found if file.stat().st_size)
    return files[int(which * len(files))] if files else None


TestRunDirectories = RunDirectories.TestCase
TestRunDirectories.settings = settings(
    max_examples=15, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
