"""Drawing any kind of picture of a run or config, and telling which ones fit it."""

from __future__ import annotations

from pathlib import Path

from nnrun.errors import UsageError
from nnrun.evaluation.plots.kinds import KINDS, Kind, module_of
from nnrun.evaluation.plots.subject import Subject
from nnrun.rundir.atomic import make_folder, write_bytes


def draw(kind: Kind, subject: Subject) -> bytes:
    """Draws a picture.

    Args:
        kind: Which one.
        subject: The run or config.

    Returns:
        The content of a PNG file.

    Raises:
        UsageError: It does not fit the run; the advice names those that do.
        DataError: The data, or the network, cannot be loaded.
    """
    reason = obstacle(kind, subject)
    if reason is not None:
        fitting = ", ".join(one.name for one in KINDS if obstacle(one, subject) is None)
        raise UsageError(f"no picture '{kind.name}' of {subject.name}: {reason}", f"These fit: {fitting}.")
    return module_of(kind).draw(subject)


def obstacle(kind: Kind, subject: Subject) -> str | None:
    """Says why there can be no picture of a kind, as far as that is known without predictions; None if there can."""
    if kind.needs != "data" and subject.run is None:
        return "it was not trained yet"
    return module_of(kind).obstacle(subject)


def place_of(kind: Kind, subject: Subject) -> Path:
    """Returns the file of a picture: in the folder `plots` of the run, or of a config in the current folder."""
    if subject.run is None:
        return Path(f"{subject.name}-{kind.file}")
    return subject.run.path / "plots" / kind.file


def save(kind: Kind, subject: Subject, path: Path) -> None:
    """Draws a picture into a file.

    Raises:
        UsageError: It does not fit the run.
        DataError: The data, or the network, cannot be loaded.
        StorageError: It cannot be written.
    """
    content = draw(kind, subject)
    if subject.run is not None and path.parent == subject.run.path / "plots":
        make_folder(path.parent)
    write_bytes(path, content)
