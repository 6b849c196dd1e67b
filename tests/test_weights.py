"""Weights are read from files that may be damaged, or made to do harm."""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnrun.errors import DataError

pytestmark = pytest.mark.tensorflow

WEIGHTS = "model.weights.h5"


def network() -> Any:
    """A small network with weights that are no multiples of each other."""
    import keras

    keras.utils.set_random_seed(1)
    layers = keras.layers
    return keras.Sequential(
        [keras.Input((4,)), layers.Dense(8), layers.BatchNormalization(), layers.Dense(3)], name="network"
    )


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The content of a complete model file, with the state of an optimizer."""
    model = network()
    model.compile("adam", "mse")
    model.fit(np.ones((4, 4)), np.ones((4, 3)), verbose=0)
    path = tmp_path_factory.mktemp("saved") / "model.keras"
    model.save(path)
    return path.read_bytes()


def load(folder: Path, content: bytes) -> Any:
    """Loads a file of this content into a new network, and returns it."""
    from nnrun.training.weights import load_weights

    file = folder / "best.keras"
    file.write_bytes(content)
    model = network()
    load_weights(model, file)
    return model


def archive(weights: bytes, **others: bytes) -> bytes:
    """Returns a model file with these weights."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr(WEIGHTS, weights)
        for name, value in others.items():
            file.writestr(name.replace("_", "."), value)
    return content.getvalue()


def changed(saved: bytes, change: Callable[[Any], None]) -> bytes:
    """Returns a model file whose arrays were changed."""
    import h5py

    weights = io.BytesIO(member(saved))
    with h5py.File(weights, "a") as file:
        change(file)
    return archive(weights.getvalue())


def member(saved: bytes) -> bytes:
    """Returns the file of the arrays."""
    with zipfile.ZipFile(io.BytesIO(saved)) as file:
        return file.read(WEIGHTS)


def test_weights_are_those_that_were_saved(tmp_path: Path, saved: bytes) -> None:
    """Every array equals what Keras itself reads."""
    import keras

    model = load(tmp_path, saved)
    expected = keras.models.load_model(tmp_path / "best.keras")
    assert all(
        np.array_equal(ours, theirs)
        for ours, theirs in zip(model.get_weights(), expected.get_weights(), strict=True)
    )


def test_no_byte_can_change_unnoticed(tmp_path: Path, saved: bytes) -> None:
    """A changed bit among the arrays is refused, wherever it is: Keras alone would load some of them."""
    with zipfile.ZipFile(io.BytesIO(saved)) as file:
        info = file.getinfo(WEIGHTS)
    from nnrun.training.weights import load_weights

    start = saved.index(member(saved))
    draw = random.Random(1)
    model, file = network(), tmp_path / "best.keras"
    for _ in range(60):
        position = start + draw.randrange(info.file_size)
        content = bytearray(saved)
        content[position] ^= 1 << draw.randrange(8)
        file.write_bytes(content)
        with pytest.raises(DataError, match=r"best\.keras cannot be loaded"):
            load_weights(model, file)


def test_code_in_the_file_is_not_run(tmp_path: Path, saved: bytes) -> None:
    """The description of the layers in the file, which may hold code, is never read."""
    marker = tmp_path / "marker"
    hostile = {
        "module": "builtins",
        "class_name": "exec",
        "config": f"open({str(marker)!r}, 'w')",
        "registered_name": "exec",
    }
    model = load(tmp_path, archive(member(saved), config_json=json.dumps(hostile).encode()))
    assert not marker.exists()
    assert model.layers[0].name.startswith("dense")


def test_array_that_claims_to_be_huge_is_refused(tmp_path: Path, saved: bytes) -> None:
    """A small file may say that its array has gigabytes; none of it is made."""

    def grow(file: Any) -> None:
        group = file["layers/dense/vars"]
        del group["0"]
        group.create_dataset("0", (1 << 30, 2), "f4", compression="gzip")

    with pytest.raises(DataError, match="larger than anything in this network"):
        load(tmp_path, changed(saved, grow))


def test_archive_that_unpacks_to_gigabytes_is_refused(tmp_path: Path) -> None:
    """The size that the archive tells is compared before anything is unpacked."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(WEIGHTS, bytes(1 << 26))
    with pytest.raises(DataError, match="more than this network"):
        load(tmp_path, content.getvalue())


@pytest.mark.parametrize("kind", ["external link", "soft link", "external file"])
def test_arrays_elsewhere_are_refused(tmp_path: Path, saved: bytes, kind: str) -> None:
    """What a file refers to outside of itself is not read."""
    import h5py

    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["0"] = np.zeros((4, 8), "f4")
    raw = tmp_path / "secret.bin"
    raw.write_bytes(bytes(4 * 8 * 4))

    def redirect(file: Any) -> None:
        group = file["layers/dense/vars"]
        del group["0"]
        if kind == "external link":
            group["0"] = h5py.ExternalLink(str(secret), "0")
        elif kind == "soft link":
            group["0"] = h5py.SoftLink("/layers/dense/vars/1")
        else:
            group.create_dataset("0", (4, 8), "f4", external=[(str(raw), 0, h5py.h5f.UNLIMITED)])

    with pytest.raises(DataError, match="Not allowed"):
        load(tmp_path, changed(saved, redirect))


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    """The shapes have to fit."""
    import keras

    other = keras.Sequential([keras.Input((4,)), keras.layers.Dense(9), keras.layers.Dense(3)])
    other.save(tmp_path / "other.keras")
    with pytest.raises(DataError, match=r"best\.keras cannot be loaded"):
        load(tmp_path, (tmp_path / "other.keras").read_bytes())


def test_random_damage_ends_in_one_error(tmp_path: Path, saved: bytes) -> None:
    """Cut, changed and mixed up at any place, inside and outside of the arrays: a DataError, or the weights."""
    from nnrun.training.weights import load_weights

    draw = random.Random(2)
    inner = member(saved)
    refused = 0
    model, file = network(), tmp_path / "best.keras"
    for number in range(300):
        content = bytearray(inner if number % 2 else saved)
        for _ in range(draw.choice([1, 2, 10])):
            position = draw.randrange(len(content))
            if draw.random() < 0.7:
                content[position] ^= 1 << draw.randrange(8)
            else:
                del content[position : position + draw.randrange(1, 300)]
        try:
            file.write_bytes(archive(bytes(content)) if number % 2 else bytes(content))
            load_weights(model, file)
        except DataError:
            refused += 1
    assert refused > 150
