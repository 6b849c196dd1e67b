"""How much memory the data may take: what the environment says, or a share of what is free."""

from __future__ import annotations

import pytest

from nnrun.errors import EnvironmentFault
from nnrun.training.memory import VARIABLE, available_memory, data_memory, parse_bytes


@pytest.mark.parametrize(("text", "size"), [("4GB", 4e9), ("1.5 GiB", 1.5 * 2**30), ("700mb", 7e8)])
def test_sizes(text: str, size: float) -> None:
    """Sizes have a unit."""
    assert parse_bytes(text) == size


@pytest.mark.parametrize("text", ["", "4", "GB", "-1GB", "nanGB", "infGB", "4TB", "0MB", "1e30GB"])
def test_sizes_that_are_none(text: str) -> None:
    """Everything else is refused."""
    with pytest.raises(ValueError):
        parse_bytes(text)


@pytest.mark.parametrize(
    ("text", "size"), [("2GB", 2 * 10**9), ("1.5GiB", 3 << 29), ("1000", 1000), (" 7mb ", 7 * 10**6)]
)
def test_environment_decides(monkeypatch: pytest.MonkeyPatch, text: str, size: int) -> None:
    """A size has a unit, or is a number of bytes."""
    monkeypatch.setenv(VARIABLE, text)
    assert data_memory("CPU") == data_memory("GPU:0") == size


@pytest.mark.parametrize("text", ["lots", "-1", "2 TB", "1e9"])
def test_what_is_no_size_is_told(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """It is not taken for nothing."""
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(EnvironmentFault, match=f"NNRUN_DATA_MEMORY is '{text}'"):
        data_memory("CPU")


def test_a_share_of_what_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    """By default, the data take a quarter of it on a processor."""
    monkeypatch.setenv(VARIABLE, "")
    assert data_memory("CPU") == pytest.approx(available_memory() / 4, rel=0.2)
