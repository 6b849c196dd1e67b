"""Commented starter configs; each one trains as it is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

FOLDER = Path(__file__).parent

TEMPLATES: Mapping[str, str] = {
    "tabular": "a table with several classes; how to read your own CSV instead",
    "binary": "a table with two classes: one sigmoid unit, AUC beside accuracy",
    "regression": "a table with a number to predict",
    "mnist": "handwritten digits with convolutions (11 MB are downloaded, or a local copy is used)",
    "images": "small images with convolutions and augmentation; nothing is downloaded",
    "text": "texts with an embedding, and how to read your own; nothing is downloaded",
}
"""What each template is for, in the order in which `nnrun init` lists them."""


def template_text(name: str) -> str:
    """Returns the text of a template, without modelines.

    Args:
        name: A key of `TEMPLATES`.
    """
    return (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
