"""Data sets that Keras downloads, or local copies of them. Neither Keras nor TensorFlow is loaded for them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from nnrun.config.datasets import KerasData
from nnrun.config.datasets.texts import SEQUENCE_LENGTH
from nnrun.config.facts import DataFacts
from nnrun.data.sources import idx
from nnrun.data.sources.array_files import NpzFile
from nnrun.data.sources.keras_files import FILES, cached_files, check_published, local_file
from nnrun.data.sources.keras_names import CALIFORNIA, CIFAR10, CIFAR100, FASHION_MNIST, REUTERS
from nnrun.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nnrun.data.raw import Part, RawData


class _Known(NamedTuple):
    samples: int
    shape: tuple[int, ...] | None
    classes: tuple[str, ...] | None


KNOWN: dict[str, _Known] = {
    "mnist": _Known(60_000, (28, 28, 1), tuple("0123456789")),
    "fashion_mnist": _Known(60_000, (28, 28, 1), FASHION_MNIST),
    "cifar10": _Known(50_000, (32, 32, 3), CIFAR10),
    "cifar100": _Known(50_000, (32, 32, 3), CIFAR100),
    "imdb": _Known(25_000, None, ("negative", "positive")),
    "reuters": _Known(8_982, None, REUTERS),
    "california_housing": _Known(16_512, (8,), None),
}
"""Training samples, shape of a sample and classes of each set."""

_IMAGES = ("mnist", "fashion_mnist", "cifar10", "cifar100")
_TEXTS = ("imdb", "reuters")
_DIGITS = ("mnist", "fashion_mnist")

_BATCHES = {
    "cifar10": (
        (
            *(f"cifar-10-batches-py/data_batch_{number}" for number in range(1, 6)),
            "cifar-10-batches-py/test_batch",
        ),
        b"labels",
    ),
    "cifar100": (("cifar-100-python/train", "cifar-100-python/test"), b"fine_labels"),
}
"""Of each CIFAR, the files in the archive, the test part last, and the key of the labels in them."""


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
        samples, local_shape = _local_facts(section, known)
        shape = shape if token else local_shape
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


def _local_facts(section: KerasData, known: _Known) -> tuple[int | None, tuple[int, ...] | None]:
    """Returns how many images of which shape a local copy has; a digit may have another size in a copy of one's own."""
    path = Path(section.path or "")
    if section.name not in _DIGITS or not path.is_dir() or _keras_digits(section, path) is not None:
        return (None, None) if section.name in _DIGITS else (known.samples, known.shape)
    samples, height, width = idx.read_shape(idx.find(path, "train", "images-idx3"), dimensions=3)
    return samples, (height, width, 1)


def load(section: KerasData, seed: int) -> RawData:  # noqa: ARG001 - all sources are called alike
    """Reads the set from `path`, else from Keras's cache, into which it is downloaded if it is not there.

    Raises:
        DataError: If the local copy is damaged, or not the published one where that matters.
        EnvironmentFault: If the set cannot be downloaded.
        StorageError: If it cannot be stored.
    """
    from nnrun.data.raw import RawData

    _check_options(section)
    known = KNOWN[section.name]
    train, test = _read(section)
    return RawData(
        kind="images" if section.name in _IMAGES else "tokens" if section.name in _TEXTS else "table",
        samples=train,
        test=test,
        class_names=known.classes,
        feature_names=CALIFORNIA if section.name == "california_housing" else None,
        value_range=(0, 255) if section.name in _IMAGES else None,
    )


def _check_options(section: KerasData) -> None:
    for option in ("max_tokens", "sequence_length"):
        if getattr(section, option) is not None and section.name not in _TEXTS:
            raise DataError(
                f"dataset.{option}: it is for texts ({' and '.join(_TEXTS)}), but {section.name} has none",
                "leave it out",
            )


def _read(section: KerasData) -> tuple[Part, Part]:
    name = section.name
    if name in _DIGITS:
        return _read_digits(section)
    file = cached_files(name)[0] if section.path is None else local_file(name, Path(section.path))
    if name == "california_housing":
        return _read_california(file)
    if section.path is not None:
        check_published(
            FILES[name][0],
            file,
            "such a file holds pickled objects, which could run code, so only the published one is read; without "
            "dataset.path it is fetched",
        )
    if name in _BATCHES:
        return _read_cifar(file, *_BATCHES[name])
    from nnrun.data.sources import keras_texts

    read = keras_texts.imdb if name == "imdb" else keras_texts.reuters
    return read(file, section.max_tokens, section.sequence_length or SEQUENCE_LENGTH)


def _read_digits(section: KerasData) -> tuple[Part, Part]:
    if section.path is None:
        files = cached_files(section.name)
        return _read_npz(files[0]) if len(files) == 1 else _read_idx(files[0].parent)
    path = Path(section.path)
    npz = _keras_digits(section, path)
    if npz is not None:
        return _read_npz(npz)
    if path.is_dir():
        return _read_idx(path)
    found = "is neither a folder of IDX files nor an .npz file" if path.exists() else "does not exist"
    raise DataError(f"{path} {found}", "dataset.path names the folder of the IDX files, or Keras's mnist.npz")


def _keras_digits(section: KerasData, path: Path) -> Path | None:
    """Returns the file of Keras that a path leads to, or None where it is another one, or a folder of IDX files."""
    if path.is_file():
        return path if path.suffix == ".npz" else None
    file = path / "mnist.npz"
    return file if section.name == "mnist" and file.is_file() and not any(path.glob("*-ubyte*")) else None


def _read_idx(folder: Path) -> tuple[Part, Part]:
    return idx.read_part(folder, "train"), idx.read_part(folder, "test")


def _read_npz(path: Path) -> tuple[Part, Part]:
    x, y, x_test, y_test = _arrays(path, ("x_train", "y_train", "x_test", "y_test"))
    return _image_part(path, x, y), _image_part(path, x_test, y_test)


def _read_california(path: Path) -> tuple[Part, Part]:
    """Shuffles and divides the houses as `keras.datasets.california_housing` does."""
    import numpy as np

    from nnrun.data.raw import Part

    x, y = _arrays(path, ("x", "y"))
    if x.ndim != 2 or x.shape[1] != len(CALIFORNIA) or y.shape != x.shape[:1] or x.dtype.kind != "f":
        raise DataError(
            f"{path}: expected 8 numbers and a value per district, received {x.shape} and {y.shape}"
        )
    order = np.arange(len(x))
    np.random.RandomState(113).shuffle(order)
    train = int(len(x) * (1 - 0.2))
    x, y = x[order], y[order]
    return Part(x[:train], y[:train]), Part(x[train:], y[train:])


def _read_cifar(path: Path, names: tuple[str, ...], key: bytes) -> tuple[Part, Part]:
    import numpy as np

    from nnrun.data.raw import Part
    from nnrun.data.sources.known_pickles import batches_in

    batches = batches_in(path, names)
    images = [batch[b"data"].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1) for batch in batches]
    labels = [np.array(batch[key], dtype=np.int64) for batch in batches]
    return (
        Part(np.concatenate(images[:-1]), np.concatenate(labels[:-1])),
        Part(np.ascontiguousarray(images[-1]), labels[-1]),
    )


def _arrays(path: Path, names: tuple[str, ...]) -> list[NDArray[Any]]:
    file = NpzFile(str(path))
    there = file.names()
    missing = [name for name in names if name not in there]
    if missing:
        raise DataError(
            f"{path} has no array {', '.join(missing)}; it has {', '.join(there) or 'none'}",
            f"Keras's layout is {', '.join(names)}",
        )
    return [file.read(name) for name in names]


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
