"""The config: every value, and where it comes from."""

from __future__ import annotations

from nnrun.config.problems import ConfigError
from nnrun.errors import DataError
from nnrun.evaluation.report.blocks import Block, Code, Line, More, Note, Section
from nnrun.evaluation.report.material import Material
from nnrun.rundir.origins import lines_of_run

_LONGEST = 3_000
"""Lines of a config that are shown, at most."""


def section(material: Material) -> Section:
    """Returns the config of a run."""
    blocks: list[Block] = []
    try:
        lines = lines_of_run(material.run)
    except (ConfigError, DataError) as error:
        blocks.append(Note("warning", f"The complete config cannot be read: {error.message}."))
    else:
        shown = [Line(text, origin or "", origin in (None, "default")) for text, origin in lines]
        blocks.append(Code(shown[:_LONGEST]))
        if len(shown) > _LONGEST:
            blocks.append(Note("info", f"The first {_LONGEST:,} of {len(shown):,} lines are shown."))
    written = _written(material)
    if written:
        blocks.append(More("The file as it was written", [Code(written)]))
    summary = "Every value of the run, with where it was written; what nobody wrote is a default."
    return Section("config", "Config", blocks, summary)


def _written(material: Material) -> list[Line]:
    try:
        text = material.run.config_path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []  # of a run that somebody tidied up; the complete config says more
    return [Line(line) for line in text.splitlines()[:_LONGEST]]
