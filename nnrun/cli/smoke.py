"""`nnrun smoke`: proof that configs work from end to end."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from nnrun.cli.arguments import split_arguments
from nnrun.cli.options import AllowCode, Device, global_options
from nnrun.errors import UsageError


def smoke(
    context: typer.Context,
    configs: Annotated[
        list[str],
        typer.Argument(
            metavar="CONFIG|KEY=VALUE", help="Config files, and values to override in all of them."
        ),
    ],
    batches: Annotated[
        int, typer.Option("--batches", min=1, max=1000, metavar="N", help="Batches of an epoch.")
    ] = 3,
    timeout: Annotated[
        float, typer.Option("--timeout", min=1, metavar="SECONDS", help="A config may take so long.")
    ] = 300,
    memory: Annotated[
        str | None,
        typer.Option("--memory", metavar="SIZE", help="The process may take so much, such as 4GB."),
    ] = None,
    junit: Annotated[
        Path | None,
        typer.Option("--junit", metavar="FILE", help="Write JUnit XML, with a test case per step."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything as one JSON object.")] = False,
    device: Device = "auto",
    allow_code: AllowCode = False,
) -> None:
    """Prove that configs work from end to end, each on a few batches and within seconds.

    For each config: check it, read its data, train two epochs, verify the run and its checkpoint, interrupt a second
    training and resume it to equal bits, load the model with Keras alone, evaluate, and predict raw input. Everything
    happens in a temporary folder, and in one process for all configs, which is ended if it takes too long or too much.

    Exits with the code of the first failure: 3 for a config, 4 for data, 5 for a training, 6 for a result that is not
    as expected, or a cap. Where GITHUB_ACTIONS is set, failures are annotated.

    \b
    Example:
      nnrun smoke configs/smoke/*.yaml
      nnrun smoke configs/*.yaml dataset.limit=2000 --timeout 60 --memory 4GB --junit smoke.xml
    """
    paths, overrides = split_arguments(configs)
    folder = next((path for path in paths if path.is_dir()), None)
    if folder is not None:
        raise UsageError(f"{folder} is a folder", f"Name its files: nnrun smoke {folder}/*.yaml")
    if junit is not None and not junit.absolute().parent.is_dir():
        raise UsageError(f"--junit {junit}: there is no folder {junit.absolute().parent}")
    from nnrun.interrupts import Interrupts
    from nnrun.smoke.progress import SmokeProgress
    from nnrun.smoke.steps import Options
    from nnrun.smoke.supervising import Caps, prove_all
    from nnrun.training.memory import parse_bytes
    from nnrun.training.startup import check_device

    check_device(device)
    try:
        caps = Caps(timeout, None if memory is None else parse_bytes(memory))
    except ValueError:
        raise UsageError(f"--memory {memory}: expected a size such as 4GB or 1500MB") from None
    options = global_options(context)
    progress = SmokeProgress(sys.stderr, len(paths), quiet=options.quiet)
    try:
        with Interrupts():
            results = prove_all(
                paths, Options(overrides, batches, device), caps, progress, allow_code=allow_code
            )
    finally:
        progress.close()
    from nnrun.smoke.output import as_record, as_text, github_commands

    if as_json:
        from nnrun.rundir.atomic import json_text

        typer.echo(json_text(as_record(results)), nl=False)
    else:
        from nnrun.cli.streams import style_of_stdout

        width, paint = style_of_stdout()
        typer.echo(as_text(results, width, paint, verbose=options.verbose), nl=False, color=True)
    if os.environ.get("GITHUB_ACTIONS") == "true":
        for command in github_commands(results):
            typer.echo(command, err=True)
    if junit is not None:
        from nnrun.rundir.atomic import write_text
        from nnrun.smoke.junit import as_junit

        write_text(junit, as_junit(results))
    code = next((result.code for result in results if result.failed), 0)
    if code:
        raise typer.Exit(code)
