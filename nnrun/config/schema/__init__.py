"""The JSON Schema of a config, for editors: built from the sections and the catalogue, without Keras.

It is looser than the check, never stricter, but for two kinds of spelling that it leaves out on purpose: old
names of classes (`Convolution2D`, `MSE`) and arguments that only Python code could give. What needs more than
one place of the file, such as the units of the last layer, is left to `nnrun check`.
"""

from __future__ import annotations

from typing import Any

FILE_NAME = "nnrun.schema.json"
"""Where the modelines expect the schema: beside the config."""

TITLE = "Config of nnrun"
"""How the title of the schema begins."""

MODELINES = (
    f"# yaml-language-server: $schema=./{FILE_NAME}",  # VS Code, Neovim, Helix, Emacs, …
    f"# $schema: ./{FILE_NAME}",  # JetBrains
)
"""Comments that connect a config with the schema, one per family of editors."""


def config_schema() -> dict[str, Any]:
    """Returns the schema of a config as a JSON value (draft-07)."""
    # Quick commands import this module for its names only.
    from nnrun.catalog.reading import catalog
    from nnrun.config.schema.objects import object_definitions
    from nnrun.config.schema.sections import sections

    version = catalog().keras_version
    root, definitions = sections()
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": f"{TITLE}, with Keras {version}",
        **root,
        "definitions": dict(sorted({**definitions, **object_definitions()}.items())),
    }
