"""`nnrun init`: a commented config to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nnrun.cli.options import global_options
from nnrun.errors import UsageError


def init(
    context: typer.Context,
    template: Annotated[
        str | None, typer.Argument(metavar="TEMPLATE", help="What to start from; without it, a list.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", help="Write to this file instead of printing.")
    ] = None,
    from_csv: Annotated[
        Path | None, typer.Option("--from-csv", metavar="FILE", help="Draft a config for this table.")
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(
            "--target", metavar="COLUMN", help="The column to predict; a number from 0 without a header."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the output file if it exists.")] = False,
) -> None:
    """Write a commented config to start from: a template, or a draft for a table of yours.

    With --from-csv, the table is looked at, and every choice of the draft has a comment that says why. With
    --output, the schema for editors (nnrun.schema.json) is written beside the config, unless it is there.

    \b
    Example:
      nnrun init tabular --output wine.yaml
      nnrun init --from-csv iris.csv --target species --output iris.yaml
    """
    if output is not None and output.exists() and not force:
        raise UsageError(f"{output} exists already", "choose another name, or replace it with --force")
    if output is not None and not output.parent.is_dir():
        raise UsageError(f"there is no folder {output.parent}", "make it first")
    if from_csv is not None:
        if template is not None:
            raise UsageError(f"expected a template or --from-csv, received both: {template} and {from_csv}")
        from nnrun.data.drafting.draft import draft_config

        text = draft_config(from_csv, target, (output or Path("draft.yaml")).absolute().parent)
    elif target is not None:
        raise UsageError("--target needs the table that it is a column of", "add --from-csv FILE")
    elif template is None and output is None:
        _list_templates()
        return
    else:
        text = _template(template)
    _deliver(text, output, global_options(context).quiet)


def _list_templates() -> None:
    from nnrun.config.templates import TEMPLATES

    width = max(map(len, TEMPLATES))
    for name, purpose in TEMPLATES.items():
        typer.echo(f"{name:{width}}  {purpose}")


def _template(name: str | None) -> str:
    from nnrun.config.suggestions import closest
    from nnrun.config.templates import TEMPLATES, template_text

    names = f"choose one of {', '.join(TEMPLATES)}"
    if name is None:
        raise UsageError("--output needs a template, or --from-csv", names)
    if name not in TEMPLATES:
        meant = closest(name, TEMPLATES)
        raise UsageError(f"there is no template '{name}'", f"did you mean '{meant}'?" if meant else names)
    return template_text(name)


def _deliver(text: str, output: Path | None, quiet: bool) -> None:
    """Prints a config, or writes it with the schema that its first lines name beside it."""
    from nnrun.config.schema import FILE_NAME, MODELINES

    text = "\n".join((*MODELINES, text))
    if output is None:
        typer.echo(text, nl=False)
        return
    from nnrun.rundir.atomic import write_text

    write_text(output, text)
    schema = output.parent / FILE_NAME
    written = f"wrote {output}"
    if not schema.exists():
        from nnrun.config.schema import schema_text

        write_text(schema, schema_text())
        written += f", and {schema} for completion in your editor"
    if not quiet:
        typer.echo(f"{written}\nnext: nnrun train {output}", err=True)
