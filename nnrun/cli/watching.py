"""What `train` and `resume` have in common: showing a training while it runs, and what came out."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import typer

from nnrun.cli.failures import report
from nnrun.errors import Interrupted, NnrunError, RequirementError, UsageError

if TYPE_CHECKING:
    from nnrun.display.base import Display
    from nnrun.display.choose import ProgressMode
    from nnrun.interrupts import Interrupts
    from nnrun.training.cluster import Cluster
    from nnrun.training.job import Finished


def watched(
    name: str, progress: ProgressMode, quiet: bool, start: Callable[[Display, Interrupts], Finished]
) -> int:
    """Runs a training with its progress on stderr, prints its result on stdout, and draws its curves.

    Args:
        name: Name of the experiment.
        progress: What `--progress` says.
        quiet: Whether `-q` was given.
        start: Trains.

    Returns:
        The exit code; a failure is explained on stderr.

    Raises:
        Interrupted: A signal came, after what was trained was saved.
    """
    from nnrun.display.choose import make_display
    from nnrun.display.result import show_result
    from nnrun.interrupts import Interrupts as Watch

    # TensorFlow's messages take the place of stderr meanwhile.
    with Watch() as interrupts, own_stderr() as stream:
        try:
            with make_display(progress, stream, quiet=quiet) as display:
                finished = start(display, interrupts)
        except Interrupted:
            raise
        except NnrunError as error:
            return report(error, debug=False)
    show_result(
        finished.ended,
        name=name,
        directory=str(finished.path),
        stream=sys.stdout,
        monitor=finished.monitor,
    )
    interrupts.raise_if_requested()  # one that came with the end, too late to stop this run
    # Only now, as Matplotlib takes its time: the result is on the screen, and nobody waits for a picture.
    draw_curves(finished.path)
    if finished.unmet:
        return report(RequirementError("; ".join(finished.unmet)), debug=False)
    return 0


def draw_curves(path: Path) -> None:
    """Draws the curves of a finished run, also where else it is logged."""
    from nnrun.evaluation.plots.saving import save_curves
    from nnrun.rundir.reading import Run

    run = Run.read(path)
    save_curves(run)
    from nnrun.tracking.trackers import add_plots

    if problem := add_plots(run):
        typer.echo(f"warning: {problem}", err=True)


def followed(cluster: Cluster, start: Callable[[Interrupts], Sequence[str]]) -> int:
    """Runs the part of a worker that is not the chief; says little, as the chief shows the progress.

    Args:
        cluster: All processes.
        start: Trains; returns one sentence for each requirement that does not hold.

    Returns:
        The exit code, which is that of the chief where nothing happened to this worker.

    Raises:
        Interrupted: A signal came, to this worker or another one.
    """
    from nnrun.interrupts import Interrupts as Watch

    name = cluster.name(cluster.index)
    sys.stderr.write(f"{name}: the chief, {cluster.addresses[0]}, shows the progress and keeps the run\n")
    sys.stderr.flush()
    with Watch() as interrupts:
        try:
            unmet = start(interrupts)
        except Interrupted:
            raise
        except NnrunError as error:
            return report(error, debug=False)
    sys.stderr.write(f"{name}: done\n")
    return report(RequirementError("; ".join(unmet)), debug=False) if unmet else 0


def checked_requirements(expressions: Sequence[str] | None) -> tuple[str, ...]:
    """Returns the expressions of `--require`.

    Raises:
        UsageError: One cannot be read.
    """
    from nnrun.config.requirements import parse_requirement

    for expression in expressions or ():
        try:
            parse_requirement(expression)
        except ValueError as error:
            raise UsageError(f"--require: {error}") from None
    return tuple(expressions or ())


@contextlib.contextmanager
def own_stderr() -> Iterator[TextIO]:
    """Gives a duplicate of stderr, for what is shown while file descriptor 2 leads to `train.log`."""
    stream = os.fdopen(os.dup(2), "w", encoding=sys.stderr.encoding or "utf-8", errors="replace")
    try:
        yield stream
    finally:
        # What a full disk or a gone reader did not take is written once more here, in vain.
        with contextlib.suppress(OSError):
            stream.close()
