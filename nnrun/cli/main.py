"""The program: its commands, their common options, and what happens to errors."""

from __future__ import annotations

import atexit
import contextlib
import gc
import os
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from nnrun.cli import failures
from nnrun.cli.baseline import baseline
from nnrun.cli.check import check
from nnrun.cli.completion import VARIABLE, prepare
from nnrun.cli.crossval import crossval
from nnrun.cli.data import data
from nnrun.cli.data_display import showing_data
from nnrun.cli.diff import diff
from nnrun.cli.doctor import doctor
from nnrun.cli.evaluate import evaluate
from nnrun.cli.init import init
from nnrun.cli.options import GlobalOptions, global_first, global_options
from nnrun.cli.plot import plot
from nnrun.cli.predict import predict
from nnrun.cli.report import report
from nnrun.cli.resume import resume
from nnrun.cli.runs import runs
from nnrun.cli.schema import schema
from nnrun.cli.show import show
from nnrun.cli.smoke import smoke
from nnrun.cli.streams import open_standard_streams
from nnrun.cli.tensorboard import tensorboard
from nnrun.cli.train import train
from nnrun.cli.verify import verify
from nnrun.errors import NnrunError

COMMANDS: tuple[Callable[..., None], ...] = (
    init,
    check,
    show,
    schema,
    data,
    train,
    smoke,
    resume,
    crossval,
    baseline,
    evaluate,
    predict,
    plot,
    report,
    runs,
    diff,
    tensorboard,
    verify,
    doctor,
)
"""Every command, in the order of the help; the name of the function is the name of the command."""


class _Commands(TyperGroup):
    """Ends a command that failed with nnrun's message and exit code, before click sees the error."""

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]
        try:
            return super().invoke(ctx)
        except (NnrunError, KeyboardInterrupt, BrokenPipeError) as error:
            raise typer.Exit(failures.report(error, global_options(ctx).debug)) from None


app = typer.Typer(
    name="nnrun",
    cls=_Commands,
    rich_markup_mode=None,  # rich would take longer to load than a config takes to check
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from nnrun import __version__

        typer.echo(f"nnrun {__version__}")
        raise typer.Exit


@app.callback()
def nnrun(
    context: typer.Context,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only results and errors.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="More about what happens.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[  # noqa: ARG001 - its callback prints it
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Train Keras networks from one YAML file.

    \b
    Example:
      nnrun check configs/iris_mlp.yaml
      nnrun train configs/iris_mlp.yaml fit.epochs=20
    """
    context.obj = GlobalOptions(quiet, verbose, debug)
    context.with_resource(showing_data(quiet=quiet))


if VARIABLE in os.environ:
    prepare(COMMANDS)
for _command in COMMANDS:
    app.command()(_command)


def run(arguments: Sequence[str]) -> int:
    """Runs a command.

    Args:
        arguments: What stands after the name of the program.

    Returns:
        The exit code; an error was explained on stderr.
    """
    try:
        try:
            app(args=global_first(arguments))
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        else:
            code = 0
        sys.stdout.flush()
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001, RUF100 - what nothing else handled is a bug
        return failures.report(error, debug="--debug" in arguments)
    return code


def main() -> NoReturn:
    """Runs the program with the arguments of the process, and exits."""
    # A good part of the time of a short command would go into looking for garbage while modules load, and
    # into plugins of pydantic, of which nnrun has none. Training still collects, less often.
    gc.set_threshold(50_000, 20, 20)
    open_standard_streams()
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    code = run(sys.argv[1:])
    # Taking down the interpreter piece by piece costs as much as checking a config, with TensorFlow more than half a
    # second. Everything is written: `run` flushes stdout, and stderr has no buffer worth mentioning.
    atexit._run_exitfuncs()
    with contextlib.suppress(OSError):
        sys.stderr.flush()
    os._exit(code)
