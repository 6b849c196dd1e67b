"""`nnrun schema`: what editors need for completion."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nnrun.cli.options import global_options
from nnrun.errors import StorageError, UsageError


def schema(
    context: typer.Context,
    output: Annotated[
        Path | None, typer.Option("--output", help="Write it to this file; an older schema is replaced.")
    ] = None,
) -> None:
    """Print the JSON Schema (draft-07) of a config.

    Editors use it for completion, for help on every key and argument, and to mark mistakes while you type.
    Configs that `nnrun init` writes expect it beside them, under the name nnrun.schema.json.

    \b
    Example:
      nnrun schema --output nnrun.schema.json
    """
    from nnrun.config.schema import is_schema, schema_text

    if output is None:
        typer.echo(schema_text(), nl=False)
        return
    from nnrun.rundir.atomic import storage_error, write_text

    try:
        if output.exists() and not is_schema(output.read_bytes()):
            raise UsageError(
                f"{output} exists and is no schema of nnrun", "choose another name, or delete the file first"
            )
    except OSError as error:
        raise StorageError(
            f"cannot write {output}: {error.strerror}", storage_error(output, error).advice
        ) from error
    write_text(output, schema_text())
    if not global_options(context).quiet:
        typer.echo(f"wrote {output}", err=True)
