"""The data sets of Keras: fetched, verified and read as Keras does, without loading it."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import pickle
import re
import struct
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nnrun.config.datasets import KerasData
from nnrun.data.facts import facts_of
from nnrun.data.raw import RawData
from nnrun.data.sources import keras, keras_files
from nnrun.data.sources.keras_files import FILES, Published
from nnrun.data.sources.keras_names import CIFAR100, REUTERS
from nnrun.errors import DataError, EnvironmentFault
from tests.web_server import Server, serving

GENERATOR = np.random.Generator(np.random.PCG64(0))


def section(name: Any, **options: Any) -> KerasData:
    """Returns the section of a data set."""
    return KerasData(source="keras", name=name, **options)


def load(name: str, **options: Any) -> RawData:
    """Loads a data set."""
    return keras.load(section(name, **options), seed=0)


# --- Tiny files in the published layouts ------------------------------------------------------------------


def npz(**arrays: Any) -> bytes:
    """Returns an archive as Keras publishes them, with pickled lists where they are."""
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def idx(array: NDArray[np.uint8]) -> bytes:
    """Returns a compressed IDX file."""
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return gzip.compress(header + array.tobytes())


def texts(*lengths: int) -> NDArray[Any]:
    """Returns an array of lists of word numbers from 1."""
    made = np.empty(len(lengths), dtype=object)
    for place, length in enumerate(lengths):
        made[place] = GENERATOR.integers(1, 60, length).tolist()
    return made


def cifar(folder: str, batches: dict[str, Any]) -> bytes:
    """Returns an archive of pickled batches."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, batch in batches.items():
            content = batch if isinstance(batch, bytes) else pickle.dumps(batch, protocol=4)
            member = tarfile.TarInfo(f"{folder}/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def images(*shape: int) -> NDArray[np.uint8]:
    """Returns random pixels."""
    return GENERATOR.integers(0, 256, shape, dtype=np.uint8)


def batch(count: int, key: bytes) -> dict[bytes, Any]:
    """Returns a batch of CIFAR."""
    return {
        b"data": images(count, 3072),
        key: GENERATOR.integers(0, 10, count).tolist(),
        b"batch_label": b"1",
    }


BATCHES = {
    **{f"data_batch_{number}": batch(4, b"labels") for number in range(1, 6)},
    "test_batch": batch(3, b"labels"),
}

CONTENTS: dict[str, list[bytes]] = {
    "mnist": [
        npz(
            x_train=images(6, 28, 28), y_train=images(6) % 10, x_test=images(4, 28, 28), y_test=images(4) % 10
        )
    ],
    "fashion_mnist": [
        idx(images(6, 28, 28)),
        idx(images(6) % 10),
        idx(images(4, 28, 28)),
        idx(images(4) % 10),
    ],
    "cifar10": [cifar("cifar-10-batches-py", BATCHES)],
    "cifar100": [
        cifar("cifar-100-python", {"train": batch(8, b"fine_labels"), "test": batch(3, b"fine_labels")})
    ],
    "imdb": [
        npz(
            x_train=texts(5, 1, 0, 30, 12),
            y_train=np.array([0, 1, 0, 1, 1]),
            x_test=texts(3, 40, 7),
            y_test=np.array([1, 0, 1]),
        )
    ],
    "reuters": [npz(x=texts(9, 2, 30, 4, 5, 6, 7, 8, 1, 3, 11), y=np.arange(11))],
    "california_housing": [npz(x=GENERATOR.normal(size=(23, 8)), y=GENERATOR.normal(size=23))],
}
"""Of each data set, files like the published ones, in the order of `FILES`."""

NAMES = list(CONTENTS)


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keras's cache and that of nnrun are empty folders."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("NNRUN_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Takes tiny files for the published ones, at the address of a server."""

    def publish(name: str, contents: list[bytes], urls: list[str] | None = None) -> None:
        files = tuple(
            Published(
                one.url if urls is None else urls[number],
                len(contents[number]),
                hashlib.sha256(contents[number]).hexdigest(),
                one.names,
            )
            for number, one in enumerate(FILES[name])
        )
        monkeypatch.setitem(FILES, name, files)

    return publish


@pytest.fixture
def cached(published: Callable[..., None]) -> Callable[[str], list[Path]]:
    """Puts tiny files into Keras's cache."""

    def put(name: str) -> list[Path]:
        published(name, CONTENTS[name])
        paths = [keras_files.cache() / one.names[0] for one in FILES[name]]
        for path, content in zip(paths, CONTENTS[name], strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return paths

    return put


# --- Reading ----------------------------------------------------------------------------------------------

SHAPES = {
    "mnist": ((6, 28, 28, 1), 4),
    "fashion_mnist": ((6, 28, 28, 1), 4),
    "cifar10": ((20, 32, 32, 3), 3),
    "cifar100": ((8, 32, 32, 3), 3),
    "imdb": ((5, 200), 3),
    "reuters": ((8, 200), 3),
    "california_housing": ((18, 8), 5),
}


@pytest.mark.parametrize("name", NAMES)
def test_the_cache_of_keras_is_read_without_keras(cached: Callable[[str], list[Path]], name: str) -> None:
    """All of its layouts, where Keras itself put the files."""
    cached(name)
    raw = load(name)
    assert raw.test is not None
    assert (raw.samples.x.shape, len(raw.test)) == SHAPES[name]
    assert len(raw.samples.x) == len(raw.samples.y)
    assert raw.samples.y.ndim == 1


@pytest.mark.parametrize("name", NAMES)
def test_facts_need_no_file(name: str) -> None:
    """Shape, samples, classes and splits of the published sets are known."""
    facts = facts_of(section(name))
    assert facts.shape == (SHAPES[name][0][1:])
    assert facts.splits == {"test"}
    assert facts.train_samples == keras.KNOWN[name].samples


@pytest.mark.parametrize("name", NAMES)
def test_a_local_copy_is_read_from_its_path(
    cached: Callable[[str], list[Path]], tmp_path: Path, name: str
) -> None:
    """By the path of the file, or that of its folder; what is in the cache does not matter then."""
    paths = cached(name)
    folder = tmp_path / "copies"
    folder.mkdir()
    for one, path in zip(FILES[name], paths, strict=True):
        path.rename(folder / one.name)
    in_folder = load(name, path=str(folder))
    assert in_folder.samples.x.shape == SHAPES[name][0]
    if len(paths) == 1:
        by_file = load(name, path=str(folder / FILES[name][0].name))
        np.testing.assert_array_equal(by_file.samples.x, in_folder.samples.x)


def keras_loads(
    name: str, path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, **options: Any
) -> Any:
    """Returns what `keras.datasets` makes of a file, or of a folder with the files."""
    import importlib

    module = importlib.import_module(f"keras.src.datasets.{name}")

    def get_file(fname: str, *_args: Any, **_options: Any) -> str:
        if not name.startswith("cifar"):
            return str(path / fname if path.is_dir() else path)
        with tarfile.open(path) as archive:
            archive.extractall(tmp_path, filter="data")
        return str(tmp_path)

    monkeypatch.setattr(module, "get_file", get_file)
    return module.load_data(**options)


@pytest.mark.tensorflow
# Keras's loader of CIFAR-10 takes nothing but 10,000 images per batch.
@pytest.mark.parametrize("name", [name for name in NAMES if name != "cifar10"])
def test_samples_equal_those_of_keras(
    cached: Callable[[str], list[Path]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    """Order, split and values are those of `keras.datasets`, for texts after padding."""
    from keras.utils import pad_sequences

    paths = cached(name)
    path = paths[0] if len(paths) == 1 else paths[0].parent
    (x, y), (x_test, y_test) = keras_loads(name, path, monkeypatch, tmp_path)
    raw = load(name)
    assert raw.test is not None
    if name in ("imdb", "reuters"):
        x, x_test = pad_sequences(x, 200), pad_sequences(x_test, 200)
    for found, expected in ((raw.samples, (x, y)), (raw.test, (x_test, y_test))):
        np.testing.assert_array_equal(found.x.reshape(expected[0].shape), expected[0])
        np.testing.assert_array_equal(found.y, np.reshape(expected[1], -1))


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", ["imdb", "reuters"])
@pytest.mark.parametrize(("max_tokens", "length"), [(None, 1), (None, 13), (20, 6), (5, 50), (1, 4)])
def test_tokens_equal_those_of_keras(
    cached: Callable[[str], list[Path]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    name: str,
    max_tokens: int | None,
    length: int,
) -> None:
    """With a start token in front, unknown ones for rare words, and padding; also where texts are cut."""
    from keras.utils import pad_sequences

    (path,) = cached(name)
    (x, _), (x_test, _) = keras_loads(name, path, monkeypatch, tmp_path, num_words=max_tokens)
    raw = load(name, max_tokens=max_tokens, sequence_length=length)
    assert raw.test is not None
    np.testing.assert_array_equal(raw.samples.x, pad_sequences(x, length))
    np.testing.assert_array_equal(raw.test.x, pad_sequences(x_test, length))
    assert raw.samples.x.dtype == np.int32


def test_cifar_keeps_its_batches_in_order(cached: Callable[[str], list[Path]]) -> None:
    """Red, green and blue of a pixel come together, and labels stay with their images."""
    cached("cifar10")
    raw = load("cifar10")
    first = BATCHES["data_batch_1"]
    np.testing.assert_array_equal(raw.samples.x[1, 2, 3], first[b"data"][1].reshape(3, 32, 32)[:, 2, 3])
    assert raw.samples.y[4:8].tolist() == BATCHES["data_batch_2"][b"labels"]


@pytest.mark.tensorflow
def test_addresses_checksums_and_names_are_those_of_keras() -> None:
    """The copies of what stands in Keras's sources are compared with them."""
    import importlib
    import inspect

    from keras.datasets.reuters import get_label_names

    for name, files in FILES.items():
        source = inspect.getsource(importlib.import_module(f"keras.src.datasets.{name}"))
        for one in files:
            assert one.name in source
            assert one.url.removesuffix(one.name) in source
            assert (one.sha256 in source) == (name != "fashion_mnist")
        if name.startswith("cifar"):
            assert f'"{files[0].names[0].removesuffix("_archive")}"' in source
    assert get_label_names() == REUTERS
    assert len(CIFAR100) == 100


# --- Downloads --------------------------------------------------------------------------------------------


@pytest.fixture
def server(published: Callable[..., None]) -> Iterator[Callable[[str], list[Server]]]:
    """Serves the files of a data set on 127.0.0.1."""
    with ExitStack() as stack:

        def serve(name: str) -> list[Server]:
            servers = [stack.enter_context(serving(Server(content))) for content in CONTENTS[name]]
            urls = [
                one.url.replace("file.bin", published.name)
                for one, published in zip(servers, FILES[name], strict=True)
            ]
            published(name, CONTENTS[name], urls)
            return servers

        yield serve


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "cifar100"])
def test_a_missing_set_is_downloaded_into_the_cache_of_keras_once(
    server: Callable[[str], list[Server]], name: str
) -> None:
    """The second start asks nobody, and Keras would find the file."""
    servers = server(name)
    assert load(name).samples.x.shape == SHAPES[name][0]
    assert load(name).samples.x.shape == SHAPES[name][0]
    assert [len(one.requests) for one in servers] == [1] * len(servers)
    there = sorted(path.name for path in keras_files.cache().rglob("*") if path.is_file())
    assert there == sorted(Path(one.names[0]).name for one in FILES[name])


def test_a_download_that_is_another_file_is_refused(server: Callable[[str], list[Server]]) -> None:
    """Nothing of it is kept."""
    (one,) = server("mnist")
    one.content = b"x" * len(CONTENTS["mnist"][0])
    with pytest.raises(DataError, match="is not the file that is expected: its SHA-256 is"):
        load("mnist")
    assert not list(keras_files.cache().rglob("*.npz"))


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_without_network_one_message_says_what_to_fetch(
    published: Callable[..., None], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Every address, and the place for the files."""
    monkeypatch.setattr("nnrun.data.download.FIRST_WAIT", 0)
    urls = [f"http://127.0.0.1:9/{one.name}" for one in FILES[name]]
    published(name, CONTENTS[name], urls)
    with pytest.raises(EnvironmentFault, match=r"cannot fetch http://127\.0\.0\.1:9/") as caught:
        load(name)
    for url in urls:
        assert url in caught.value.advice
    place = FILES[name][0].names[0] if len(urls) == 1 else "fashion-mnist "
    assert str(keras_files.cache() / place.strip()) in caught.value.advice
    assert "or name a local copy with dataset.path" in caught.value.advice


def test_an_older_name_in_the_cache_is_found(published: Callable[..., None]) -> None:
    """Keras 2 kept CIFAR under another name."""
    published("cifar10", CONTENTS["cifar10"])
    keras_files.cache().mkdir(parents=True)
    (keras_files.cache() / "cifar-10-batches-py.tar.gz").write_bytes(CONTENTS["cifar10"][0])
    assert load("cifar10").samples.x.shape == SHAPES["cifar10"][0]


# --- Bad files --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_file_in_the_cache_that_is_another_one_is_refused(
    cached: Callable[[str], list[Path]], name: str
) -> None:
    """It is named with the difference, and neither used nor overwritten."""
    path = cached(name)[-1]
    path.write_bytes(path.read_bytes() + b"!")
    with pytest.raises(DataError, match=r"is not the .* that was published: it has") as caught:
        load(name)
    assert str(path) in caught.value.message
    assert path.read_bytes().endswith(b"!")


@pytest.mark.parametrize("name", ["imdb", "reuters", "cifar10", "cifar100"])
def test_pickles_of_unknown_files_are_not_touched(tmp_path: Path, name: str) -> None:
    """A local copy with another checksum could run code."""
    path = tmp_path / FILES[name][0].name
    path.write_bytes(CONTENTS[name][0])
    with pytest.raises(DataError, match=r"is not the .* that was published"):
        load(name, path=str(path))


class Hostile:
    """Would leave a file behind when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (Path.touch, (self.path,))


@pytest.mark.parametrize("name", ["imdb", "reuters", "cifar10"])
def test_a_hostile_pickle_runs_nothing_whatever_its_checksum(
    tmp_path: Path, published: Callable[..., None], name: str
) -> None:
    """Only arrays can be made."""
    hostile = Hostile(tmp_path / "ran")
    if name == "cifar10":
        content = cifar("cifar-10-batches-py", {**BATCHES, "test_batch": {b"data": hostile}})
    else:
        values = np.array([hostile], dtype=object)
        content = npz(x_train=values, y_train=values, x_test=values, y_test=values, x=values, y=values)
    published(name, [content])
    path = tmp_path / FILES[name][0].name
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"cannot be read: it wants .*, which is no array"):
        load(name, path=str(path))
    assert not (tmp_path / "ran").exists()


BROKEN: dict[str, tuple[str, bytes, str]] = {
    "no zip": ("imdb", b"hello", "cannot be read: File is not a zip file"),
    "no array": ("reuters", npz(a=np.zeros(2)), "cannot be read: .*x.npy"),
    "no archive": ("cifar10", b"hello", "cannot be read"),
    "no batch": (
        "cifar10",
        cifar("cifar-10-batches-py", {"test_batch": BATCHES["test_batch"]}),
        "data_batch_1",
    ),
    "no pickle": ("cifar100", cifar("cifar-100-python", {"train": b"x", "test": b"y"}), "cannot be read"),
    "other houses": ("california_housing", npz(x=np.zeros((5, 3)), y=np.zeros(5)), "expected 8 numbers"),
    "no houses": ("california_housing", npz(a=np.zeros(3)), "has no array x, y; it has a"),
    "pickled digits": ("mnist", npz(x_train=np.array([{}])), "has no array y_train"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_local_copy_is_named(tmp_path: Path, published: Callable[..., None], case: str) -> None:
    """Whatever is in it, the error has its path."""
    name, content, message = BROKEN[case]
    published(name, [content])
    path = tmp_path / FILES[name][0].name
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        load(name, path=str(path))
    assert str(path) in caught.value.message
    assert re.search(message, caught.value.message)


def test_a_path_that_leads_nowhere_is_told(tmp_path: Path) -> None:
    """With the name of the file that is meant."""
    with pytest.raises(DataError, match="no such file or folder"):
        load("imdb", path=str(tmp_path / "no"))
    with pytest.raises(DataError, match=r"has no file imdb\.npz"):
        load("imdb", path=str(tmp_path))
    with pytest.raises(DataError, match="does not exist"):
        load("mnist", path=str(tmp_path / "no"))


QUIET = """
import sys
from nnrun.config.datasets import KerasData
from nnrun.data.sources import keras, keras_files
import json, hashlib
content = open(sys.argv[1], "rb").read()
one = keras_files.FILES["imdb"][0]
digest = hashlib.sha256(content).hexdigest()
keras_files.FILES["imdb"] = (keras_files.Published(one.url, len(content), digest, one.names),)
keras.load(KerasData(source="keras", name="imdb", path=sys.argv[1]), 0)
print(json.dumps(sorted({"keras", "tensorflow", "sklearn", "pandas"} & set(sys.modules))))
"""


def test_nothing_heavy_is_loaded(tmp_path: Path) -> None:
    """Reading texts needs NumPy alone."""
    path = tmp_path / "imdb.npz"
    path.write_bytes(CONTENTS["imdb"][0])
    result = subprocess.run(
        [sys.executable, "-c", QUIET, str(path)],
        capture_output=True,
        text=True,
        env=dict(os.environ),
        check=True,
    )
    assert json.loads(result.stdout) == []
