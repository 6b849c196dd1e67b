"""The JSON Schema of a config, for editors: built from the sections and the catalogue, without Keras.

It is looser than the check, and stricter in one way only: it leaves out old names of classes (`Convolution2D`,
`MSE`), so that editors do not offer them. What needs more than one place of the file, such as the units of the
last layer, is left to `nnrun check`.
"""

from __future__ import annotations

import json
from typing import Any

FILE_NAME = "nnrun.schema.json"
"""Where the modelines expect the schema: beside the config."""

MODELINES = (
    f"# yaml-language-server: $schema=./{FILE_NAME}",  # VS Code, Neovim, Helix, Emacs, …
    f"# $schema: ./{FILE_NAME}",  # JetBrains
)
"""Comments that connect a config with the schema, one per family of editors."""

_TITLE = "Config of nnrun"


def config_schema() -> dict[str, Any]:
    """Returns the schema of a config as a JSON value (draft-07)."""
    # `init` imports this module for its names only.
    from nnrun.catalog.reading import catalog
    from nnrun.config.schema.objects import object_definitions
    from nnrun.config.schema.sections import sections

    root, definitions = sections()
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": f"{_TITLE}, with Keras {catalog().keras_version}",
        **root,
        "definitions": dict(sorted({**definitions, **object_definitions()}.items())),
    }


def schema_text() -> str:
    """Returns the schema as the text of a JSON file."""
    return json.dumps(config_schema(), indent=1, ensure_ascii=False) + "\n"


def is_schema(content: bytes) -> bool:
    """Tells whether the content of a file is a schema that any version of nnrun wrote."""
    try:
        value = json.loads(content)
    except ValueError:
        return False
    return isinstance(value, dict) and str(value.get("title", "")).startswith(_TITLE)
