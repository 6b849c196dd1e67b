"""The page about a run, and the one about several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from nnrun.comparison.difference import compare_runs
from nnrun.comparison.difference_text import letters_for
from nnrun.display.formats import duration
from nnrun.errors import DataError, UsageError
from nnrun.evaluation.report.beside import Beside
from nnrun.evaluation.report.html import GENERATOR, Head, render
from nnrun.evaluation.report.judging import Wish
from nnrun.evaluation.report.material import Material
from nnrun.evaluation.report.sections import OF_ONE, OF_SEVERAL
from nnrun.evaluation.report.texts import moment, number
from nnrun.rundir.atomic import write_text
from nnrun.rundir.reading import Run
from nnrun.training.startup import check_device

FILE = "report.html"
"""The name of the page in the directory of its run."""

FILE_OF_SEVERAL = "nnrun-report.html"
"""The name of a page about several runs, in the current folder."""


def write_report(runs: Sequence[Run], output: Path | None, wish: Wish, say: Callable[[str], None]) -> Path:
    """Writes the page about a run, or about several.

    Args:
        runs: The runs; one that is named twice counts once.
        output: The file; None for the default place.
        wish: How they should be judged.
        say: Tells the user what takes long, and what is missing.

    Returns:
        The file.

    Raises:
        UsageError: The file exists and is no such page.
        DataError: A run has no such split.
        StorageError: The page, or an evaluation that was computed, cannot be written.
    """
    check_device(wish.device)
    chosen = list({run.path.resolve(): run for run in runs}.values())
    materials = [Material(run, wish, say) for run in chosen]
    for material in materials:
        _check_split(material)
    one = len(chosen) == 1
    path = output or (chosen[0].path / FILE if one else Path(FILE_OF_SEVERAL))
    check_place(path)
    write_text(path, page_of(materials[0]) if one else page_of_several(materials))
    return path


def page_of(material: Material) -> str:
    """Returns the page about a run.

    Raises:
        StorageError: An evaluation that was computed cannot be written.
    """
    sections = [found for section in OF_ONE if (found := section(material)) is not None]
    return render(_head(material.run), sections)


def page_of_several(materials: Sequence[Material]) -> str:
    """Returns the page that compares runs.

    Raises:
        StorageError: An evaluation that was computed cannot be written.
    """
    # Compared by what the files say, so all evaluations have to be there before.
    for material in materials:
        _ = material.judgement
    runs = [material.run for material in materials]
    beside = Beside(materials, letters_for(len(runs)), compare_runs(runs))
    sections = [found for section in OF_SEVERAL if (found := section(beside)) is not None]
    names = list(dict.fromkeys(run.name for run in runs))
    return render(Head(f"{len(runs)} runs compared", "", names), sections)


def _check_split(material: Material) -> None:
    run, split, samples = material.run, material.wish.split, material.past.samples
    if split is not None and samples and split not in samples:
        raise DataError(f"run {run.id} has no {split} split", f"It has: {', '.join(samples)}.")


def _head(run: Run) -> Head:
    seconds = number(run.record.get("seconds"))
    facts = [run.id, f"started {moment(run.record['started'])}"]
    if seconds is not None:
        facts.append(f"took {duration(seconds)}")
    return Head(run.name, run.status, facts)


def check_place(path: Path) -> None:
    """Refuses to write over something that is no page of nnrun.

    Raises:
        UsageError: Something else is there.
    """
    if path.is_dir():
        raise UsageError(f"{path} is a folder", "Name a file, such as report.html.")
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            start = file.read(1000)
    except OSError:
        return  # nothing is there; what keeps it from being written is told then
    if start and GENERATOR not in start:
        raise UsageError(f"{path} is there already and no report of nnrun", "Name another file.")
