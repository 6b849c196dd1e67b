"""TensorBoard on this machine, over the event files of runs."""

from __future__ import annotations

import io
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType

from nnrun.errors import DataError, EnvironmentFault, Interrupted
from nnrun.interrupts import Interrupts
from nnrun.rundir.event_files import event_folders
from nnrun.rundir.reading import Run

HOST = "127.0.0.1"

_SECONDS = 5.0
"""How often new events and new runs are looked for."""

_USUAL = "tensorboard"
"""The folder to which the callback writes unless the config says otherwise."""


class Links:
    """A folder of links to the event files of runs, named as TensorBoard should name them: `NAME/ID`.

    Left to itself it would show `NAME/ID/tensorboard/train`, and all runs of a folder instead of some.

    Args:
        folder: An empty folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: set[Path] = set()

    def add(self, runs: Sequence[Run]) -> list[Run]:
        """Links the event files that there are by now.

        Args:
            runs: The runs; those that are known already cost nothing.

        Returns:
            Those that have no event files, or none yet.
        """
        without = []
        for run in runs:
            if run.path not in self._known:
                tops = {each.relative_to(run.path).parts[0] for each in event_folders(run.path)}
                if not tops:
                    without.append(run)
                    continue
                self._known.add(run.path)
                self._link(run, sorted(tops))
        return without

    def _link(self, run: Run, tops: Sequence[str]) -> None:
        name = self._folder / run.name / run.id
        if tops == [_USUAL]:
            name.parent.mkdir(exist_ok=True)
            name.symlink_to((run.path / _USUAL).absolute())
            return
        name.mkdir(parents=True)
        for top in tops:
            (name / top).symlink_to((run.path / top).absolute())


def serve(
    choose: Callable[[], Sequence[Run]],
    port: int | None,
    title: str,
    started: Callable[[str, Sequence[Run], Sequence[Run]], None],
) -> None:
    """Shows runs in TensorBoard until Ctrl-C.

    Args:
        choose: Gives the runs; called again and again, so that new ones appear.
        port: The port; 0 for any that is free, None for the usual one (6006) or the next that is free.
        title: What the window is called.
        started: Called with the address, the runs that are shown and those that have no event files.

    Raises:
        DataError: None of the runs has event files.
        EnvironmentFault: The port is in use, or TensorBoard is not installed.
        Interrupted: SIGTERM came.
    """
    with Interrupts(), TemporaryDirectory(prefix="nnrun-tensorboard-") as folder:
        links = Links(Path(folder))
        runs = choose()
        without = links.add(runs)
        if len(without) == len(runs):
            raise DataError(
                f"none of the {len(runs)} runs has event files"
                if len(runs) > 1
                else "the run has no event files",
                "The callback TensorBoard writes them: add `callbacks: [TensorBoard]` to `fit` and train again.",
            )
        url = _start(Path(folder), port, title)
        started(url, [run for run in runs if run not in without], without)
        try:
            while True:
                time.sleep(_SECONDS)
                links.add(choose())
        except Interrupted as end:
            # This is how it is meant to end.
            if end.signum != signal.SIGINT:
                raise


def _start(folder: Path, port: int | None, title: str) -> str:
    """Starts TensorBoard in threads of this process, and returns its address."""
    # TensorBoard's own switch: it needs nothing of TensorFlow to show what event files have, and that takes
    # seconds to import.
    sys.modules.setdefault("tensorboard.compat.notf", ModuleType("tensorboard.compat.notf"))
    try:
        from tensorboard.program import TensorBoard, TensorBoardServerException
    except ImportError as error:
        raise EnvironmentFault(
            f"TensorBoard cannot be imported: {error}", "Install it with: pip install tensorboard"
        ) from error
    board = TensorBoard()
    board.configure(
        ["tensorboard"],
        logdir=str(folder),
        host=HOST,
        port=port,
        window_title=title,
        reload_interval=_SECONDS,
    )
    try:
        # It would advertise that it reads files in a faster way than it used to.
        with redirect_stderr(io.StringIO()):
            return str(board.launch())
    except TensorBoardServerException as error:
        raise EnvironmentFault(
            f"TensorBoard cannot be started: {error.msg}", "Choose another port with --port, or 0 for any."
        ) from error
