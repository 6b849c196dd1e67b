"""Fixtures that every test may use."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True, scope="session")
def hanging_up_is_not_ignored() -> Iterator[None]:
    """Under `nohup` this process and all that it starts ignore that signal, and nnrun would leave it so."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.fixture
def test_data() -> Callable[[str], Path]:
    """Finds real data by its path below NNRUN_TEST_DATA, or skips the test."""

    def find(relative: str) -> Path:
        base = Path(os.environ.get("NNRUN_TEST_DATA", ROOT.parent / "shared" / "data"))
        path = base / relative
        if not path.exists():
            pytest.skip(f"no {relative} in the folder that NNRUN_TEST_DATA names ({base})")
        return path

    return find


@pytest.fixture(scope="session")
def complete_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A complete run of a scripted training, which no test changes."""
    from tests.damage import EPOCHS
    from tests.scripted_run import Script, config_file

    folder = tmp_path_factory.mktemp("complete")
    return Script().begin(folder / "runs", config_file(folder), EPOCHS)
