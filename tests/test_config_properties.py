"""Whatever stands in a config, it is valid and can be written again, or every problem of it has a place."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nnrun.check import check_config
from nnrun.config.document import parse_document
from nnrun.config.load import load_experiment
from nnrun.config.problems import ConfigError, Problem, Source
from nnrun.config.resolved import with_origins
from nnrun.display.problems import as_github, as_record, render
from tests.conftest import ROOT

CONFIGS = sorted((ROOT / "configs").rglob("*.yaml"))
CORPUS = [
    path for path in sorted((ROOT / "tests" / "bad_configs").rglob("*.yaml")) if path.stat().st_size < 4000
]

_NUMBER = itertools.count()

quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(["Dense", "Adam", "relu", "val_loss", "iris", "csv", "x.yaml", "1e3", "no"])
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def outcome(path: Path) -> tuple[Problem, ...]:
    """Checks a config, shows what is wrong in every format, and returns it; of a valid one, the warnings."""
    try:
        found = check_config(path).warnings
        shown = path.with_name(f"shown{next(_NUMBER)}.yaml")
        loaded = load_experiment(path)
        shown.write_text(with_origins(loaded), encoding="utf-8", newline="")
        assert load_experiment(shown).experiment == loaded.experiment
    except ConfigError as error:
        found = error.problems
        assert any(problem.severity == "error" for problem in found)
    for problem in found:
        assert problem.place is not None
        lines = problem.place.source.text.count("\n") + 1
        assert 1 <= problem.place.line <= lines + 1
        assert problem.place.column >= 1
        assert problem.message
        assert problem.code.replace("-", "").isalnum()
        json.dumps(as_record(problem, str(path)))
        assert "\n" not in as_github(problem, str(path))
    assert "\x1b" not in render(found)
    return found


@quick
@given(st.sampled_from(CONFIGS), values, st.data())
def test_any_value_anywhere_is_valid_or_located(
    tmp_path: Path, config: Path, value: Any, data: st.DataObject
) -> None:
    """One value of a good config, at any depth, becomes any other value."""
    content = parse_document(Source("x", config.read_text())).data()
    place: Any = content
    key: Any = data.draw(st.sampled_from(sorted(place)))
    while place[key] and isinstance(place[key], (dict, list)) and data.draw(st.booleans()):
        place = place[key]
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
    place[key] = value
    path = tmp_path / f"changed{next(_NUMBER)}.yaml"
    path.write_text(json.dumps(content), encoding="utf-8")  # JSON is YAML
    outcome(path)


@quick
@given(st.sampled_from(CORPUS), st.text(max_size=6), st.integers(0, 1000), st.integers(0, 20))
def test_any_change_of_any_text_is_valid_or_located(
    tmp_path: Path, config: Path, added: str, at: int, removed: int
) -> None:
    """Characters of a config of the corpus are replaced by others."""
    text = config.read_bytes().decode("utf-8", errors="replace")
    path = tmp_path / f"text{next(_NUMBER)}.yaml"
    path.write_text(text[:at] + added + text[at + removed :], encoding="utf-8", newline="", errors="replace")
    outcome(path)


@quick
@given(st.binary(max_size=300))
def test_any_bytes_are_valid_or_located(tmp_path: Path, content: bytes) -> None:
    """Also what is no text at all."""
    path = tmp_path / f"bytes{next(_NUMBER)}.yaml"
    path.write_bytes(content)
    assert outcome(path)


@quick
@given(st.sampled_from(CONFIGS), st.sampled_from(CONFIGS), values)
def test_any_config_over_any_other_is_valid_or_located(
    tmp_path: Path, base: Path, config: Path, fit: Any
) -> None:
    """Two good configs laid over each other, with any value as one of their sections."""
    number = next(_NUMBER)
    (tmp_path / f"base{number}.yaml").write_text(base.read_text())
    content = parse_document(Source("x", config.read_text())).data()
    content["extends"] = f"base{number}.yaml"
    content["fit"] = fit
    path = tmp_path / f"over{number}.yaml"
    path.write_text(json.dumps(content), encoding="utf-8")
    outcome(path)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_what_show_prints_is_the_same_config(tmp_path: Path, path: Path) -> None:
    """Every config of the repository survives the round trip, and shows nothing to complain about."""
    copy = tmp_path / path.name
    copy.write_bytes(path.read_bytes())
    assert [problem.code for problem in outcome(copy) if problem.code != "no-data"] == []
