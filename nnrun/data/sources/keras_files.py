"""The published files of Keras's data sets: where they are fetched, and where Keras keeps them.

Sizes and checksums are those of the modules in `keras.datasets`, which a test compares; Fashion-MNIST has none there,
those of its files are widely published.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nnrun.errors import DataError, EnvironmentFault

if TYPE_CHECKING:
    from nnrun.data.transfer import Remote

GOOGLE = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
TORONTO = "https://www.cs.toronto.edu/~kriz/"


_REMOVE = "remove it, and the published one is fetched; data of your own are read with `source: npz`"


@dataclass(frozen=True, slots=True)
class Published:
    """A file as it was published.

    Args:
        url: Its address.
        size: Its size in bytes.
        sha256: Its SHA-256 in hexadecimal.
        names: What it may be called in Keras's cache; a new copy gets the first name.
    """

    url: str
    size: int
    sha256: str
    names: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name at the end of the address."""
        return self.url.rpartition("/")[2]


def _google(name: str, size: int, sha256: str, folder: str = "") -> Published:
    return Published(GOOGLE + name, size, sha256, (folder + name,))


FILES: dict[str, tuple[Published, ...]] = {
    "mnist": (
        _google("mnist.npz", 11_490_434, "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"),
    ),
    "fashion_mnist": tuple(
        _google(f"{name}-ubyte.gz", size, sha256, "fashion-mnist/")
        for name, size, sha256 in (
            (
                "train-images-idx3",
                26_421_880,
                "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            ),
            ("train-labels-idx1", 29_515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
            (
                "t10k-images-idx3",
                4_422_102,
                "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            ),
            ("t10k-labels-idx1", 5_148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
        )
    ),
    "cifar10": (
        Published(
            TORONTO + "cifar-10-python.tar.gz",
            170_498_071,
            "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
            # As Keras 3 calls it, as Keras 2 did, and as it is called at its address.
            ("cifar-10-batches-py-target_archive", "cifar-10-batches-py.tar.gz", "cifar-10-python.tar.gz"),
        ),
    ),
    "cifar100": (
        Published(
            TORONTO + "cifar-100-python.tar.gz",
            169_001_437,
            "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
            ("cifar-100-python-target_archive", "cifar-100-python.tar.gz"),
        ),
    ),
    "imdb": (
        _google("imdb.npz", 17_464_789, "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f"),
    ),
    "reuters": (
        _google("reuters.npz", 2_110_848, "d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916"),
    ),
    "california_housing": (
        _google(
            "california_housing.npz",
            743_530,
            "1a2e3a52e0398de6463aebe6f4a8da34fb21fbb6b934cf88c3425e766f2a1a6f",
        ),
    ),
}
"""The files of each data set."""


def cache() -> Path:
    """Returns the folder where Keras keeps its data sets."""
    home = os.environ.get("KERAS_HOME")
    if home:
        return Path(home).expanduser() / "datasets"
    user = Path.home()
    return (user if os.access(user, os.W_OK) else Path("/tmp")) / ".keras" / "datasets"  # noqa: S108 - as Keras does


def cached_files(name: str) -> list[Path]:
    """Returns the published files of a data set in Keras's cache; those that are missing are fetched.

    Raises:
        DataError: A file is there that is another one, or another one came.
        EnvironmentFault: One cannot be fetched: the message says all that has to be, and where to put it.
        StorageError: One cannot be stored.
    """
    from nnrun.data.download import fetched

    files = {one: _place(one) for one in FILES[name]}
    for one, path in files.items():
        if path.exists():
            check_published(one, path)
            continue
        try:
            fetched(_remote(one), path)
        except EnvironmentFault as error:
            raise EnvironmentFault(error.message, _by_hand(files)) from error
    return list(files.values())


def check_published(one: Published, path: Path, advice: str = _REMOVE) -> None:
    """Refuses a file that is not the published one.

    Args:
        one: The published one.
        path: The file.
        advice: What the user can do.

    Raises:
        DataError: With the difference.
    """
    from nnrun.data.verification import mismatch

    difference = mismatch(path, _remote(one))
    if difference is not None:
        raise DataError(f"{path} is not the {one.name} that was published: {difference}", advice)


def local_file(name: str, path: Path) -> Path:
    """Returns the file of a data set that a path leads to: the file itself, or one in the folder.

    Raises:
        DataError: There is none.
    """
    (one,) = FILES[name]
    if path.is_file():
        return path
    names = dict.fromkeys((*one.names, one.name))
    for each in names:
        if (path / each).is_file():
            return path / each
    if not path.exists():
        raise DataError(
            f"{path}: no such file or folder", f"dataset.path names a copy of {one.name}, or its folder"
        )
    raise DataError(f"{path} has no file {' or '.join(names)}", f"dataset.path names a copy of {one.name}")


def _place(one: Published) -> Path:
    places = [cache() / name for name in one.names]
    return next((place for place in places if place.exists()), places[0])


def _remote(one: Published) -> Remote:
    from nnrun.data.transfer import Remote

    return Remote(one.url, one.name, one.size, one.sha256)


def _by_hand(files: dict[Published, Path]) -> str:
    missing = [(one, path) for one, path in files.items() if not path.exists()]
    what = " and ".join(f"{one.url} ({one.size:,} bytes)" for one, _ in missing)
    first = missing[0][1]
    place = f"put it at {first}" if len(missing) == 1 else f"put them into {first.parent}"
    return f"download {what} on another machine and {place}; or name a local copy with dataset.path"
