"""`nnrun check`: is a config valid?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from nnrun.cli.arguments import split_arguments
from nnrun.cli.options import global_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nnrun.config.keras_object import KerasObject
    from nnrun.config.load import LoadedConfig
    from nnrun.config.problems import Problem
    from nnrun.config.shapes import Walk


def check(
    context: typer.Context,
    configs: Annotated[
        list[str],
        typer.Argument(metavar="CONFIG|KEY=VALUE", help="Config files, and values to override."),
    ],
    build: Annotated[
        bool, typer.Option("--build", help="Build the model with TensorFlow and print its layers.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings are errors.")] = False,
    format_: Annotated[
        Literal["human", "json", "github"],
        typer.Option("--format", help="How to print problems; github: as annotations of a pull request."),
    ] = "human",
) -> None:
    """Check configs completely, without loading TensorFlow.

    Every problem is shown with its place. A single valid config is shown with its layers: the shape that each
    puts out for one sample, and how many parameters it has; -v shows the layers of several.

    Exits with 3 if a config is invalid, with 4 if a file is missing.

    \b
    Example:
      nnrun check configs/*.yaml
      nnrun check configs/iris_mlp.yaml fit.epochs=5 --build
    """
    paths, overrides = split_arguments(configs)
    from nnrun.display.problems import as_json

    results = [_Result(path, overrides, build, strict) for path in paths]
    quiet = global_options(context).quiet
    if format_ == "json":
        typer.echo(as_json([result.record() for result in results]))
    else:
        options = global_options(context)
        for result in results:
            result.show(format_, quiet, layers=options.verbose or (len(results) == 1 and not quiet))
        if len(results) > 1 and format_ == "human" and not quiet:
            invalid = sum(result.exit_code != 0 for result in results)
            typer.echo(f"{len(results)} configs: {len(results) - invalid} ok, {invalid} invalid")
    codes = {result.exit_code for result in results} - {0}
    if codes:
        raise typer.Exit(min(codes))


class _Result:
    """What checking one file found."""

    def __init__(self, path: Path, overrides: list[str], build: bool, strict: bool) -> None:
        from nnrun.check import check_config
        from nnrun.config.problems import ConfigError, Problem
        from nnrun.errors import DataError

        self.path = path
        self.exit_code = 0
        self.problems: tuple[Problem, ...] = ()
        self.table = ""
        self.way: Walk | None = None
        self.layers: Sequence[KerasObject] = ()
        try:
            loaded = check_config(path, overrides)
            self.problems = loaded.warnings
            if strict and loaded.warnings:
                self.exit_code = ConfigError.exit_code
            elif build:
                self.table = _built_table(loaded)
            if not self.exit_code:
                from nnrun.config.shapes import walk

                self.layers = loaded.experiment.model.layers
                self.way = walk(self.layers, loaded.facts.shape)
        except ConfigError as error:
            self.problems, self.exit_code = error.problems, error.exit_code
        except DataError as error:
            problem = Problem("no-file", error.message, None, hint=error.advice)
            self.problems, self.exit_code = (problem,), error.exit_code

    def record(self) -> dict[str, Any]:
        """Returns the result as a JSON object."""
        from nnrun.display.problems import as_record

        file = str(self.path)
        problems = [as_record(problem, file) for problem in self.problems]
        record = {"file": file, "valid": self.exit_code == 0, "problems": problems}
        if self.way is not None:
            from nnrun.display.layer_table import layer_records

            record["model"] = layer_records(self.layers, self.way)
        return record

    def show(self, format_: Literal["human", "github"], quiet: bool, layers: bool) -> None:
        """Prints the result; `layers`: with the table of the network, unless Keras made one."""
        from nnrun.display.problems import as_github, render, uses_colour

        if format_ == "github":
            for problem in self.problems:
                typer.echo(as_github(problem, str(self.path)))
            return
        if self.problems:
            import sys

            typer.echo(render(self.problems, uses_colour(sys.stdout)), color=True)
        if self.exit_code == 0 and not quiet:
            count = len(self.problems)
            warnings = f" ({count} warning{'s' if count > 1 else ''})" if count else ""
            typer.echo(f"ok  {self.path}{warnings}")
        if self.table:
            typer.echo(self.table)
        elif layers and self.way is not None:
            from nnrun.display.layer_table import layer_table

            typer.echo(layer_table(self.layers, self.way))


def _built_table(loaded: LoadedConfig) -> str:
    from nnrun.training.preview import build_table

    return str(build_table(loaded))
