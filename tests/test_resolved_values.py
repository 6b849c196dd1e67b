"""The quick reader of `resolved.yaml` finds what the YAML parser finds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnrun.config.document import parse_document
from nnrun.config.load import load_experiment
from nnrun.config.problems import Source
from nnrun.config.resolved import to_yaml
from nnrun.rundir.resolved_values import parse_values, read_values
from tests.conftest import ROOT
from tests.test_config_properties import CONFIGS


def as_yaml(text: str) -> Any:
    """What the YAML parser makes of a text."""
    return parse_document(Source("x", text)).data()


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_config_reads_as_yaml_does(path: Path) -> None:
    """The quick reader needs no help for what nnrun writes."""
    text = to_yaml(load_experiment(path).experiment)
    assert parse_values(text) == as_yaml(text)


names = st.text(max_size=12) | st.sampled_from(
    ["no", "1e3", "0", "a: b", "a #b", "- x", "[1]", "true", "a b", "ä", "~"]
)


@given(
    name=names,
    numbers=st.lists(
        st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**63), 2**63 - 1) | st.booleans(),
        max_size=3,
    ),
    weights=st.dictionaries(names, st.floats(0, 1e300), max_size=3),
    columns=st.lists(names, max_size=3),
)
def test_any_text_reads_as_yaml_does(
    name: str, numbers: list[float], weights: dict[str, float], columns: list[str]
) -> None:
    """Names that need quotes, numbers of any size, empty and nested collections."""
    from nnrun.config.resolved import _mapping

    value = {
        "x": {"path": name, "scale": numbers, "deep": [numbers, [1]]},
        "class_weight": weights,
        "exclude": columns,
    }
    value["layers"] = [{"Dense": {"units": 1, "names": columns}}, name, {"Dense": {}}]
    text = "".join(f"{line}\n" for line, _ in _mapping(value, (), 0))
    assert parse_values(text) == as_yaml(text)


@pytest.mark.parametrize(
    "text",
    [
        "fit: {batch_size: 64}\n",
        "fit:\n  batch_size: 64  # a comment\n",
        "# a comment: here\nfit:\n  batch_size: 64\n",
        "fit:\n\n  batch_size: 64\n",
        "---\nfit:\n  batch_size: 64\n",
        "a: &x 1\nb: *x\nfit:\n    batch_size: 64\n",
        "text: >\n  folded\n  lines\nfit: {batch_size: 64}\n",
        "metrics:\n- accuracy\n- mse\nfit:\n  batch_size: 64\n",
        "text: plain\n  over lines\nfit:\n  batch_size: 64\n",
        "fit:\n  'batch_size': 64\n",
        "fit:\n  batch_size: 64\nscale: [1.0, .inf]\n",
    ],
)
def test_a_file_that_somebody_edited_is_understood(tmp_path: Path, text: str) -> None:
    """What nnrun would not write so goes to the parser."""
    path = tmp_path / "resolved.yaml"
    path.write_text(text)
    assert read_values(path) == as_yaml(text)


@pytest.mark.parametrize("content", [b"", b"[", b"a", b"\xff", b"a: [\n", b"- a\n"])
def test_what_is_no_config_has_no_values(tmp_path: Path, content: bytes) -> None:
    """A damaged file hides a run from nobody."""
    path = tmp_path / "resolved.yaml"
    path.write_bytes(content)
    assert read_values(path) == {}
    assert read_values(tmp_path / "missing.yaml") == {}


def test_the_root_is_the_repository() -> None:
    """The configs that are read are those of the repository."""
    assert (ROOT / "configs" / "iris_mlp.yaml") in CONFIGS
