"""`nnrun predict`: what a finished run says about new data."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from nnrun.cli.options import Device, RunsDir, global_options
from nnrun.errors import UsageError


def predict(
    context: typer.Context,
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="Path, id, beginning of an id, name, latest or best:METRIC.")
    ],
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT",
            help="A table, images or a folder of them, texts, or an array; - for standard input.",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            metavar="FILE",
            help="Write to this file: .csv, .json, .jsonl or .parquet; else CSV on stdout.",
        ),
    ] = None,
    weights: Annotated[
        Literal["best", "last"], typer.Option("--weights", help="Those of the best or of the last epoch.")
    ] = "best",
    id_column: Annotated[
        str | None,
        typer.Option("--id", metavar="COLUMN", help="The column that names the rows; else their numbers do."),
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option("--keep", metavar="COLUMN", help="Carry this column over to the output; repeatable."),
    ] = None,
    top: Annotated[
        str | None,
        typer.Option(
            "--top", metavar="N|all", help="Classes to show for each sample; by default all up to 20, else 5."
        ),
    ] = None,
    delimiter: Annotated[
        str | None,
        typer.Option("--delimiter", metavar="C", help="Between the cells of the table; else as in training."),
    ] = None,
    array: Annotated[
        str | None,
        typer.Option("--array", metavar="NAME", help="The array of an .npz file that has several."),
    ] = None,
    text_column: Annotated[
        str | None,
        typer.Option(
            "--text", metavar="COLUMN", help="The column with the texts; else as in training, or text."
        ),
    ] = None,
    lines: Annotated[
        bool, typer.Option("--lines", help="Each line of a text file is a text of its own.")
    ] = False,
    unreadable: Annotated[
        Literal["fail", "skip"] | None,
        typer.Option(
            "--unreadable", help="What to do with an image that cannot be read; else as in training."
        ),
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(
            "--batch-size", min=1, metavar="N", help="Samples per step; by default what suits the network."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per sample and line.")] = False,
    device: Device = "auto",
    runs_dir: RunsDir = Path("runs"),
) -> None:
    """Predict new data with a finished run.

    Takes raw input of the kind that the run was trained on, and nothing else but the run directory. Columns of a
    table are found by name.

    \b
    Example:
      nnrun predict iris-mlp flowers.csv
      nnrun predict latest photos/ --output photos.csv --top 3
    """
    from nnrun.data.inputs import Wanted
    from nnrun.display.counting import Counting
    from nnrun.display.formats import printable
    from nnrun.evaluation.predictions.predict import Request, predict_run
    from nnrun.interrupts import Interrupts
    from nnrun.rundir.selectors import find_run

    wanted = Wanted(
        tuple(inputs),
        id_column,
        tuple(keep or ()),
        _character(delimiter),
        array,
        text_column,
        lines,
        unreadable,
    )
    request = Request(wanted, output, as_json, weights, _shown(top), batch_size, device)
    chosen = find_run(run, runs_dir)
    quiet = global_options(context).quiet
    # TensorFlow's messages take the place of stderr meanwhile.
    with Interrupts(), os.fdopen(os.dup(2), "w", encoding="utf-8", errors="backslashreplace") as stream:
        counting = Counting(stream, quiet=quiet, live=output is not None or not sys.stdout.isatty())
        try:
            predicted = predict_run(chosen, request, counting)
        finally:
            counting.close()
    if quiet:
        return
    for note in predicted.notes:
        typer.echo(printable(f"note: {note}"), err=True)
    said = f": {predicted.summary}" if predicted.summary else ""
    where = "" if output is None else f"; written to {output}"
    typer.echo(
        printable(f"{chosen.name} {chosen.id}: {predicted.samples:,} predicted{said}{where}"), err=True
    )


def _shown(top: str | None) -> int | Literal["all"] | None:
    if top is None or top == "all":
        return "all" if top else None
    if not top.isascii() or not top.isdigit() or int(top) < 1:
        raise UsageError(f"--top {top}: expected a whole number of at least 1, or all")
    return int(top)


def _character(delimiter: str | None) -> str | None:
    if delimiter is None:
        return None
    delimiter = {"\\t": "\t", "tab": "\t"}.get(delimiter, delimiter)
    if len(delimiter) != 1 or delimiter in '"\r\n' or not delimiter.isascii():
        raise UsageError(f"--delimiter {delimiter}: expected one character, such as ; or tab")
    return delimiter
