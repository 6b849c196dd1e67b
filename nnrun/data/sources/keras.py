"""Data sets that Keras downloads, or local copies of them."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from nnrun.config.datasets import KerasData
from nnrun.config.facts import DataFacts
from nnrun.data.sources import idx
from nnrun.data.sources.keras_names import CIFAR10, CIFAR100, FASHION_MNIST, REUTERS
from nnrun.errors import DataError, EnvironmentFault

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nnrun.data.raw import Part, RawData

SEQUENCE_LENGTH = 200
"""Tokens per text of imdb and reuters where the config does not say."""


class _Known(NamedTuple):
    samples: int
    shape: tuple[int, ...] | None
    classes: tuple[str, ...] | None
    cached: str
    url: str


_GOOGLE = "https://storage.googleapis.com/tensorflow/tf-keras-datasets"
_DIGITS = tuple(str(digit) for digit in range(10))

KNOWN: dict[str, _Known] = {
    "mnist": _Known(60_000, (28, 28, 1), _DIGITS, "mnist.npz", f"{_GOOGLE}/mnist.npz"),
    "fashion_mnist": _Known(60_000, (28, 28, 1), FASHION_MNIST, "fashion-mnist", f"{_GOOGLE}/*-ubyte.gz"),
    "cifar10": _Known(
        50_000,
        (32, 32, 3),
        CIFAR10,
        "cifar-10-python.tar.gz",
        "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
    ),
    "cifar100": _Known(
        50_000,
        (32, 32, 3),
        CIFAR100,
        "cifar-100-python.tar.gz",
        "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz",
    ),
    "imdb": _Known(25_000, None, ("negative", "positive"), "imdb.npz", f"{_GOOGLE}/imdb.npz"),
    "reuters": _Known(8_982, None, REUTERS, "reuters.npz", f"{_GOOGLE}/reuters.npz"),
    "california_housing": _Known(
        16_512, (8,), None, "california_housing.npz", f"{_GOOGLE}/california_housing.npz"
    ),
}
"""Training samples, shape of a sample and classes of each set, the file in Keras's cache, and its address."""

_IMAGES = ("mnist", "fashion_mnist", "cifar10", "cifar100")
_TEXTS = ("imdb", "reuters")
_WITH_PATH = ("mnist", "fashion_mnist")


def facts(section: KerasData) -> DataFacts:
    """Returns the known facts of the set; of local IDX files, what their headers say."""
    known = KNOWN[section.name]
    _check_options(section)
    samples: int | None = known.samples
    shape = known.shape
    token = section.name in _TEXTS
    if token:
        shape = (section.sequence_length or SEQUENCE_LENGTH,)
    if section.path is not None:
        samples, shape = _local_facts(Path(section.path))
    return DataFacts(
        shape=shape,
        dtype="int32" if token else "float32",
        train_samples=samples,
        classes=None if known.classes is None else len(known.classes),
        class_names=known.classes,
        target="values" if known.classes is None else None,
        splits=frozenset({"test"}),
        max_token=section.max_tokens - 1 if token and section.max_tokens else None,
    )


def _local_facts(path: Path) -> tuple[int | None, tuple[int, ...] | None]:
    if not path.is_dir():
        return None, None
    samples, height, width = idx.read_shape(idx.find(path, "train", "images-idx3"), dimensions=3)
    return samples, (height, width, 1)


def load(section: KerasData, seed: int) -> RawData:  # noqa: ARG001 - all sources are called alike
    """Loads the set from `path`, else from Keras's cache, else through Keras, which downloads it.

    Raises:
        DataError: If the local copy is damaged.
        EnvironmentFault: If Keras cannot download the set.
    """
    from nnrun.data.raw import RawData

    _check_options(section)
    known = KNOWN[section.name]
    if section.path is not None:
        train, test = _read_local(Path(section.path))
    elif section.name == "mnist" and (cache() / known.cached).is_file():
        train, test = _read_npz(cache() / known.cached)
    elif section.name == "fashion_mnist" and (cache() / known.cached).is_dir():
        train, test = _read_idx(cache() / known.cached)
    else:
        train, test = _through_keras(section)
    return RawData(
        kind="images" if section.name in _IMAGES else "tokens" if section.name in _TEXTS else "table",
        samples=train,
        test=test,
        class_names=known.classes,
        value_range=(0, 255) if section.name in _IMAGES else None,
    )


def cache() -> Path:
    """Returns the folder where Keras keeps its data sets."""
    home = os.environ.get("KERAS_HOME")
    return (Path(home) if home else Path("~/.keras").expanduser()) / "datasets"


def _check_options(section: KerasData) -> None:
    if section.path is not None and section.name not in _WITH_PATH:
        raise DataError(
            f"dataset.path is not supported for {section.name}, only for {' and '.join(_WITH_PATH)}",
            f"put the file of Keras into its cache instead: {cache() / KNOWN[section.name].cached}",
        )
    for option in ("max_tokens", "sequence_length"):
        if getattr(section, option) is not None and section.name not in _TEXTS:
            raise DataError(
                f"dataset.{option} is for texts ({' and '.join(_TEXTS)}), but {section.name} has none",
                "leave it out",
            )


def _read_local(path: Path) -> tuple[Part, Part]:
    if path.is_dir():
        npz = path / "mnist.npz"
        has_idx = any(path.glob("*-ubyte*"))
        return _read_npz(npz) if npz.is_file() and not has_idx else _read_idx(path)
    if path.suffix == ".npz" and path.is_file():
        return _read_npz(path)
    if not path.exists():
        raise DataError(
            f"{path}: no such file or folder",
            "dataset.path names the folder of the IDX files, or Keras's mnist.npz",
        )
    raise DataError(
        f"{path} is neither a folder of IDX files nor an .npz file",
        "dataset.path names the folder of the IDX files, or Keras's mnist.npz",
    )


def _read_idx(folder: Path) -> tuple[Part, Part]:
    return idx.read_part(folder, "train"), idx.read_part(folder, "test")


def _read_npz(path: Path) -> tuple[Part, Part]:
    import zipfile
    import zlib

    import numpy as np

    wanted = ("x_train", "y_train", "x_test", "y_test")
    try:
        with np.load(path, allow_pickle=False) as file:
            missing = [name for name in wanted if name not in file]
            if missing:
                raise DataError(
                    f"{path} has no array {', '.join(missing)}; it has {', '.join(file.files) or 'none'}",
                    "Keras's layout is x_train, y_train, x_test and y_test",
                )
            arrays = {name: file[name] for name in wanted}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(
            f"{path} cannot be read as an .npz file: {error}", "the file may be damaged: fetch it again"
        ) from error
    return (
        _image_part(path, arrays["x_train"], arrays["y_train"]),
        _image_part(path, arrays["x_test"], arrays["y_test"]),
    )


def _image_part(path: Path, x: NDArray[Any], y: NDArray[Any]) -> Part:
    import numpy as np

    from nnrun.data.raw import Part

    if x.ndim != 3 or x.dtype != np.uint8:
        raise DataError(f"{path}: images must be uint8 of shape (samples, 28, 28), not {x.dtype} {x.shape}")
    if y.ndim != 1 or y.dtype.kind not in "iu":
        raise DataError(f"{path}: labels must be integers of shape (samples,), not {y.dtype} {y.shape}")
    if len(x) != len(y):
        raise DataError(f"{path} has {len(x):,} images, but {len(y):,} labels")
    return Part(x[..., np.newaxis], y)


def _through_keras(section: KerasData) -> tuple[Part, Part]:
    import importlib

    from nnrun.data.raw import Part

    known = KNOWN[section.name]
    loader = importlib.import_module(f"keras.datasets.{section.name}")
    arguments = {"num_words": section.max_tokens} if section.name in _TEXTS else {}
    try:
        # Keras writes a progress bar to stdout, which is for results only.
        with contextlib.redirect_stdout(sys.stderr):
            (x, y), (x_test, y_test) = loader.load_data(**arguments)
    except Exception as error:
        # `keras.utils.get_file` raises a bare Exception when it cannot download.
        if type(error) is not Exception and not isinstance(error, (OSError, ValueError)):
            raise
        advice = f"download {known.url} on another machine and put it at {cache() / known.cached}"
        if section.name in _WITH_PATH:
            advice += "; or give the folder of the four original IDX files: dataset.path=FOLDER"
        raise EnvironmentFault(f"Keras cannot download {section.name}: {error}", advice) from error
    if section.name in _TEXTS:
        length = section.sequence_length or SEQUENCE_LENGTH
        x, x_test = pad(x, length), pad(x_test, length)
    elif section.name in _IMAGES and x.ndim == 3:
        x, x_test = x[..., None], x_test[..., None]
    if known.classes is not None:
        y, y_test = y.reshape(-1), y_test.reshape(-1)
    return Part(x, y), Part(x_test, y_test)


def pad(sequences: Any, length: int) -> NDArray[Any]:
    """Brings token sequences to one length, as `keras.utils.pad_sequences` does by default.

    Zeros come before short sequences, and the beginning of long ones is cut off.

    Args:
        sequences: Sequences of token numbers.
        length: Tokens that each one gets.

    Returns:
        Shape `(sequences, length)`, int32.
    """
    import numpy as np

    padded = np.zeros((len(sequences), length), dtype=np.int32)
    for row, sequence in zip(padded, sequences, strict=True):
        kept = sequence[-length:]
        if len(kept):
            row[-len(kept) :] = kept
    return padded
