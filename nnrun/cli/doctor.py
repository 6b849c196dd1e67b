"""`nnrun doctor`: is everything here that nnrun needs?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nnrun.cli.options import RunsDir


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="The findings as one JSON object.")] = False,
    runs_dir: RunsDir = Path("runs"),
) -> None:
    """Show versions, devices, threads, memory and disk, and what is missing for which feature.

    Exits with 4 if something that nnrun needs is missing or too old. Starts TensorFlow, which takes seconds.

    \b
    Example:
      nnrun doctor --json
    """
    # Later than at the top: every command waits for what is imported there.
    import json

    from nnrun.diagnosis import diagnose, report

    diagnosis = diagnose(runs_dir)
    if as_json:
        typer.echo(json.dumps(diagnosis.to_record(), indent=2, ensure_ascii=False))
    else:
        typer.echo(report(diagnosis), nl=False)
    if diagnosis.problems:
        raise typer.Exit(4)
