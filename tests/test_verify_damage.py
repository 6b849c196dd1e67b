"""`nnrun verify` finds every damage, and names it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from nnrun.verification.checks import CHECKS
from nnrun.verification.verify import Verification, verify
from tests.damage import DAMAGES, LAST, NEWEST, Damage

NAMES = [check.__name__ for check in CHECKS]


@pytest.fixture
def run(complete_run: Path, tmp_path: Path) -> Path:
    """A complete run to damage."""
    return Path(shutil.copytree(complete_run, tmp_path / "runs" / "scripted" / complete_run.name))


def found(result: Verification) -> list[tuple[str, str, str]]:
    """The broken promises: check, file and text."""
    return [(name, one.file, one.text) for name, one in result.findings if one.state == "broken"]


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_damage_is_found(run: Path, damage: Damage) -> None:
    """Whatever is damaged is named with its file, and with what is wrong."""
    damage.do(run)
    broken = found(verify(run))
    assert any(
        (name, file) == (damage.check, damage.file) and damage.text in text for name, file, text in broken
    ), broken


def test_every_check_has_a_damage() -> None:
    """No check of the list is there that nothing can break, but the two that only tell."""
    assert {damage.check for damage in DAMAGES.values()} == set(NAMES) - {"status", "leftovers"}


@pytest.mark.parametrize(
    "name",
    [
        "run.json",
        "metrics.csv",
        "events.jsonl",
        "summary.json",
        "config.yaml",
        "resolved.yaml",
        "model/preprocessing.json",
        LAST,
        f"{NEWEST}/manifest.json",
        f"{NEWEST}/state.npz",
    ],
)
@pytest.mark.parametrize("instead", ["folder", "pipe", "link to nothing"])
def test_something_else_in_place_of_a_file_is_found(run: Path, name: str, instead: str) -> None:
    """A folder, a pipe (at which reading would wait for ever) or a dead link is told like any other damage."""
    (run / name).unlink()
    if instead == "folder":
        (run / name).mkdir()
    elif instead == "pipe":
        os.mkfifo(run / name)
    else:
        (run / name).symlink_to("nowhere")
    assert not verify(run).holds
