"""Checkpoints are complete, tell every change of a byte, and are two."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

from nnrun.errors import DataError
from nnrun.rundir.checkpoints import (
    Checkpoint,
    checkpoint_folders,
    damage,
    read_checkpoint,
    remove_superseded,
    write_checkpoint,
)


def write(run: Path, epoch: int) -> Path:
    """Writes a small checkpoint."""
    arrays = {"weights": np.arange(3.0) * epoch, "count": np.asarray(epoch)}
    return write_checkpoint(run, Checkpoint(epoch, arrays, {"best_epoch": epoch, "words": ["ü"]}))


def epochs(run: Path) -> list[int]:
    """The epochs of all checkpoints, the newest first."""
    return [int(path.name.removeprefix("epoch-")) for path in checkpoint_folders(run)]


def flip(file: Path, position: int) -> None:
    """Flips one bit."""
    content = bytearray(file.read_bytes())
    content[position] ^= 1
    file.write_bytes(content)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    """Arrays with their types, and the rest of the state."""
    write(tmp_path, 3)
    checkpoint, notes = read_checkpoint(tmp_path)
    assert (checkpoint.epoch, checkpoint.state, notes) == (3, {"best_epoch": 3, "words": ["ü"]}, ())
    np.testing.assert_array_equal(checkpoint.arrays["weights"], [0.0, 3.0, 6.0])
    assert checkpoint.arrays["count"].shape == ()


def test_the_last_two_are_kept(tmp_path: Path) -> None:
    """However long a training is, its directory does not grow by its checkpoints."""
    for epoch in range(1, 30):
        write(tmp_path, epoch)
        assert epochs(tmp_path) == [epoch, epoch - 1][:epoch]
    assert len(list((tmp_path / "checkpoints").iterdir())) == 2


def test_the_number_tells_which_is_newer(tmp_path: Path) -> None:
    """Also beyond the digits of the name, where the order of texts is another one."""
    for epoch in (999_998, 999_999, 1_000_000, 1_000_001):
        write(tmp_path, epoch)
    assert epochs(tmp_path) == [1_000_001, 1_000_000]
    assert read_checkpoint(tmp_path)[0].epoch == 1_000_001


def test_other_folders_are_left_alone(tmp_path: Path) -> None:
    """What a person puts there is neither read nor removed."""
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    names = {"epoch-000001 (copy)", "epoch-best", "epoch-1", "notes"}
    for name in names:
        (folder / name).mkdir()
    for epoch in (1, 2, 3):
        write(tmp_path, epoch)
    assert {path.name for path in folder.iterdir()} == names | {"epoch-000002", "epoch-000003"}


def test_every_flipped_bit_is_told(tmp_path: Path) -> None:
    """Each byte of the manifest and of the arrays, one after the other."""
    path = write(tmp_path, 3)
    for name in ("manifest.json", "state.npz"):
        for position in range((path / name).stat().st_size):
            flip(path / name, position)
            assert damage(path) is not None, (name, position)
            flip(path / name, position)
    assert damage(path, load=True) is None


def test_every_lost_end_is_told(tmp_path: Path) -> None:
    """Both files, cut at every length."""
    path = write(tmp_path, 3)
    for name in ("manifest.json", "state.npz"):
        content = (path / name).read_bytes()
        for length in range(len(content)):
            (path / name).write_bytes(content[:length])
            assert damage(path) is not None, (name, length)
        (path / name).write_bytes(content)


def test_the_one_before_is_used_and_named(tmp_path: Path) -> None:
    """A damaged checkpoint is passed over, with a sentence about it."""
    write(tmp_path, 1)
    flip(write(tmp_path, 2) / "state.npz", 100)
    checkpoint, notes = read_checkpoint(tmp_path)
    assert checkpoint.epoch == 1
    assert notes == ("checkpoint epoch-000002 is damaged (the checksum of state.npz does not match)",)


def test_a_damaged_one_goes_when_a_new_one_is_safe(tmp_path: Path) -> None:
    """The training went on from the one before: until it saves again, nothing is removed."""
    write(tmp_path, 1)
    write(tmp_path, 4)
    flip(tmp_path / "checkpoints/epoch-000004/state.npz", 100)
    write(tmp_path, 2)
    assert epochs(tmp_path) == [2, 1]
    assert read_checkpoint(tmp_path)[1] == ()


def test_a_damaged_one_of_the_same_epoch_is_replaced(tmp_path: Path) -> None:
    """And one that is intact stays as it is."""
    path = write(tmp_path, 2)
    flip(path / "manifest.json", 5)
    write(tmp_path, 2)
    assert damage(path) is None
    before = (path / "state.npz").stat().st_ino
    write(tmp_path, 2)
    assert (path / "state.npz").stat().st_ino == before


def test_what_is_superseded_is_removed_without_a_save(tmp_path: Path) -> None:
    """A process that was killed before it removed the oldest leaves three, of which the next one removes it."""
    (tmp_path / "other").mkdir()
    for epoch in (1, 2, 3):
        shutil.copytree(write(tmp_path / "other", epoch), tmp_path / f"checkpoints/epoch-{epoch:06d}")
    remove_superseded(tmp_path, 2)
    assert epochs(tmp_path) == [3, 2, 1]  # not of the last one, which may be damaged
    remove_superseded(tmp_path, 3)
    assert epochs(tmp_path) == [3, 2]


def test_a_checkpoint_of_another_epoch_is_damaged(tmp_path: Path) -> None:
    """Renaming a folder does not make a later epoch of it."""
    write(tmp_path, 1).rename(tmp_path / "checkpoints/epoch-000007")
    with pytest.raises(DataError, match="it is no checkpoint of epoch 7"):
        read_checkpoint(tmp_path)


def test_a_newer_format_is_told(tmp_path: Path) -> None:
    """A checkpoint of a later version of nnrun is not guessed at."""
    manifest = write(tmp_path, 1) / "manifest.json"
    values = json.loads(manifest.read_text())
    del values["sha256"]
    manifest.write_text(json.dumps(values | {"format": 3}))
    with pytest.raises(DataError, match="format 3 is of a newer version of nnrun"):
        read_checkpoint(tmp_path)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", "[" * 100_000, '{"format": 2, "epoch": "1"}', '"\\ud800"']
)
def test_a_manifest_that_is_none_is_told(tmp_path: Path, text: str) -> None:
    """Whatever is in the file, the error is one of nnrun's."""
    (write(tmp_path, 1) / "manifest.json").write_text(text)
    with pytest.raises(DataError, match=r"no checkpoint in .* is intact"):
        read_checkpoint(tmp_path)


def test_objects_are_never_loaded(tmp_path: Path) -> None:
    """Arrays of objects are pickles, which can run code: one with the right checksum is refused all the same."""

    class Trap:
        def __reduce__(self) -> tuple[object, tuple[object, ...]]:
            return (Path.touch, (tmp_path / "trap",))

    assert pickle.dumps(Trap())
    array = np.empty(1, dtype=object)
    array[0] = Trap()
    write_checkpoint(tmp_path, Checkpoint(1, {"weights": array}, {}))
    with pytest.raises(DataError, match=r"state\.npz cannot be loaded: Object arrays cannot be loaded"):
        read_checkpoint(tmp_path)
    assert not (tmp_path / "trap").exists()


def test_no_checkpoint_is_told(tmp_path: Path) -> None:
    """A run that ended before its first save cannot go on."""
    with pytest.raises(DataError, match="has no checkpoint"):
        read_checkpoint(tmp_path)
