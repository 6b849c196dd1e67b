"""`nnrun data`: what the network will see."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nnrun.cli.arguments import split_arguments
from nnrun.cli.options import AllowCode, RunsDir
from nnrun.errors import UsageError


def data(
    arguments: Annotated[
        list[str],
        typer.Argument(
            metavar="CONFIG|RUN|KEY=VALUE", help="A config file or a run, and values to override."
        ),
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="Everything that is known, as one JSON object.")
    ] = False,
    runs_dir: RunsDir = Path("runs"),
    allow_code: AllowCode = False,  # noqa: ARG001 - its callback does it
) -> None:
    """Show what the network will see of its data, without loading TensorFlow.

    Samples and classes of every split, columns with their range and empty cells, features that give the target
    away, duplicates, examples. What should be looked at comes first.

    \b
    Example:
      nnrun data configs/iris_mlp.yaml
      nnrun data latest --json
    """
    from nnrun.config.load import load_experiment
    from nnrun.data.summary.record import to_record
    from nnrun.data.summary.summary import summarise
    from nnrun.display.summary_text import summary_text
    from nnrun.rundir.atomic import json_text
    from nnrun.training.memory import data_memory

    paths, overrides = split_arguments(arguments)
    if len(paths) != 1:
        raise UsageError(f"expected one config or run, received {len(paths)}")
    path, memory = paths[0], data_memory("CPU")
    if path.is_file() or path.suffix in (".yaml", ".yml"):
        summary = summarise(load_experiment(path, overrides), memory)
    else:
        from nnrun.rundir.selectors import find_run
        from nnrun.training.resuming import stored_preprocessing

        if overrides:
            raise UsageError(f"{overrides[0]}: a run is as it is", "Give a config to try other values.")
        run = find_run(str(path), runs_dir)
        loaded = load_experiment(run.resolved_path)
        summary = summarise(loaded, memory, stored_preprocessing(run), run.record.get("data"))
    record = to_record(summary)
    typer.echo(json_text(record) if as_json else summary_text(record), nl=False)
