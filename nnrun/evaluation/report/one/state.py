"""How the run stands, where that is not simply well."""

from __future__ import annotations

from nnrun.evaluation.report.blocks import Code, Level, Line, More, Note, Section
from nnrun.evaluation.report.material import Material
from nnrun.evaluation.report.texts import mapping, plural

_TAIL = 30
"""So many lines of the log of a failed run are shown."""


def section(material: Material) -> Section | None:
    """Returns what the reader has to know before everything else."""
    run, done = material.run, len(material.rows)
    planned = mapping(run.config_values.get("fit")).get("epochs")
    of = f"{done:,} of {planned:,} epochs" if isinstance(planned, int) else plural(done, "epoch")
    reason = str(run.record.get("reason") or "no reason was recorded").removesuffix(".")
    again = (
        f"To continue it: nnrun resume {run.id}"
        if any((run.path / "checkpoints").glob("epoch-*"))
        else "It was never saved, so it cannot be continued."
    )
    level: Level = "warning"
    if run.status == "running":
        text = f"The run was still going when this page was made, with {of} complete. Everything here is as of then."
    elif run.status == "interrupted":
        text = f"The run was interrupted with {of} complete. {again}"
    elif run.status == "lost":
        text = (
            f"The process of this run is gone without a word: it was killed, or the power failed. {of} are "
            f"complete. {again}"
        )
    elif run.status == "failed":
        level, text = "error", f"The run failed with {of} complete: {reason}."
    else:
        return None
    blocks: list[Note | More] = [Note(level, text)]
    if run.status == "failed":
        tail = _log(material)
        if tail:
            blocks.append(More(f"The last {len(tail)} lines of train.log", [Code(tail)]))
    if not done:
        blocks.append(Note("info", "No epoch is complete, so there are no curves and no figures."))
    return Section("state", "", blocks)


def _log(material: Material) -> list[Line]:
    try:
        text = (material.run.path / "train.log").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []  # written only where TensorFlow had something to say
    return [Line(line[:500]) for line in text.splitlines()[-_TAIL:]]
