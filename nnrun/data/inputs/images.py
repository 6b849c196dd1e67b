"""Image files: single ones, folders, archives, and the IDX files of MNIST."""

from __future__ import annotations

import itertools
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from nnrun.config.datasets import ImagesData
from nnrun.data.archives import is_archive, reading
from nnrun.data.images.blocks import read_file
from nnrun.data.images.decoding import Decoded, OtherSizeError, UnreadableImageError, decoded
from nnrun.data.images.form import ImageForm
from nnrun.data.images.listing import LeftOut, files_in, is_hidden, is_image
from nnrun.data.inputs import Batch, Trained, Wanted
from nnrun.data.inputs.ranges import RangeCheck
from nnrun.data.names import listed, quoted, shown
from nnrun.data.sources import idx
from nnrun.errors import DataError, UsageError
from nnrun.rundir.provenance import usable_cpus

_BATCH_IMAGES = 512
_BATCH_BYTES = 1 << 25
"""A batch is full when it has so many images, or so many bytes of pixels."""

_LISTED = 5

Content = bytes | str
"""An image file: its content, or its path."""


@dataclass(frozen=True, slots=True)
class _Found:
    """An image that is to be predicted.

    Args:
        name: Its id.
        content: The file.
        share: How much of the input lies before its end, from 0 to 1; None where that is not known.
    """

    name: str
    content: Content
    share: float | None


@dataclass(slots=True)
class ImageInput:
    """Images in files.

    Args:
        found: The images, in their order; gone through once.
        trained: What the run knows about them.
        form: The form that they get.
        unreadable: Whether an image that cannot be read is an error, or left out and named.
        left_out: What lies among the images and is none.
    """

    found: Iterable[_Found]
    trained: Trained
    form: ImageForm
    unreadable: Literal["fail", "skip"]
    left_out: LeftOut
    id_name: str = "file"
    kept_names: tuple[str, ...] = ()
    _skipped: list[tuple[str, str]] = field(default_factory=list)
    _animated: list[str] = field(default_factory=list)
    _sizes: Counter[tuple[int, int]] = field(default_factory=Counter)
    _range: RangeCheck = field(init=False)

    def __post_init__(self) -> None:
        self._range = RangeCheck(self.trained.preprocessing)

    def batches(self) -> Iterator[Batch]:
        """Yields the images in their order; they are decoded by several threads."""
        most = max(1, min(_BATCH_IMAGES, _BATCH_BYTES // self.form.bytes))
        names: list[str] = []
        pixels: list[bytes] = []
        share: float | None = None
        done = 0
        with ThreadPoolExecutor(usable_cpus()) as pool:
            for one, image in _in_order(pool, self.found, self.form):
                share = one.share
                if isinstance(image, Decoded):
                    names.append(shown(one.name))
                    pixels.append(image.pixels)
                    self._note(one.name, image)
                else:
                    self._refuse(one.name, image)
                if len(names) == most:
                    yield self._batch(names, pixels, share)
                    done += len(names)
                    names, pixels = [], []
        if names:
            yield self._batch(names, pixels, share)
        elif not done:
            why = f": none of {len(self._skipped):,} can be read" if self._skipped else ""
            raise DataError(f"there is no image to predict{why}", "files are known as images by their names")

    def _batch(self, names: list[str], pixels: list[bytes], share: float | None) -> Batch:
        x = np.frombuffer(b"".join(pixels), np.uint8).reshape(len(pixels), *self.form.shape)
        self._range.see(x)
        return Batch(names, x, share=share)

    def _note(self, name: str, image: Decoded) -> None:
        self._sizes[image.size] += 1
        if image.animated:
            self._animated.append(name)

    def _refuse(self, name: str, error: UnreadableImageError | OtherSizeError) -> None:
        if isinstance(error, OtherSizeError):
            width, height = error.size
            raise DataError(
                f"{shown(name)} has {width} x {height} pixels, and all images of the training had "
                f"{self.form.width} x {self.form.height}",
                "bring it to that size, or train with `dataset.size`",
            ) from error
        if self.unreadable == "fail":
            raise DataError(
                f"{shown(name)} cannot be read: {error.reason}",
                "with `--unreadable skip`, it is left out and named",
            ) from error
        self._skipped.append((name, error.reason))

    def notes(self) -> list[str]:
        """Returns which files were left out, and what was done to images."""
        notes = [f"left out {sentence}" for sentence in self.left_out.sentences()]
        if self._skipped:
            some = "; ".join(f"{quoted(name)}: {reason}" for name, reason in self._skipped[:_LISTED])
            more = f"; and {len(self._skipped) - _LISTED:,} more" if len(self._skipped) > _LISTED else ""
            notes.append(f"{len(self._skipped):,} images cannot be read and are left out: {some}{more}")
        other = self._sizes.total() - self._sizes[self.form.width, self.form.height]
        if other:
            how = {"stretch": "stretched", "crop": "cropped", "pad": "padded"}[self.form.resize]
            notes.append(
                f"{other:,} of {self._sizes.total():,} images have another size than {self.form.width} x "
                f"{self.form.height} and are {how}"
            )
        if self._animated:
            notes.append(f"of {listed(self._animated, _LISTED)} the first frame is used: there are several")
        return notes + self._range.notes("the images")


@dataclass(slots=True)
class IdxInput:
    """Images in an IDX file, such as `t10k-images-idx3-ubyte.gz`.

    Args:
        path: The file.
        trained: What the run knows about them.
    """

    path: Path
    trained: Trained
    id_name: str = "index"
    kept_names: tuple[str, ...] = ()

    def batches(self) -> Iterator[Batch]:
        """Yields the images; their ids are their positions, from 0."""
        x = idx.read(self.path, dimensions=3)[..., np.newaxis]
        shape = self.trained.preprocessing.raw_shape
        if x.shape[1:] != shape:
            raise DataError(
                f"{self.path} has images of shape {x.shape[1:]}, and the network was trained on {shape}"
            )
        for start in range(0, len(x), _BATCH_IMAGES):
            piece = x[start : start + _BATCH_IMAGES]
            yield Batch(np.arange(start, start + len(piece)), piece, share=(start + len(piece)) / len(x))

    def notes(self) -> list[str]:
        """There is nothing to tell."""
        return []


@contextmanager
def open_input(wanted: Wanted, trained: Trained) -> Iterator[ImageInput | IdxInput]:
    """Opens images; see `nnrun.data.inputs`."""
    if wanted.id_column is not None or wanted.keep:
        raise UsageError("--id and --keep name columns of a table, and images have none")
    paths = [Path(path) for path in wanted.paths]
    for path in paths:
        if not path.exists():
            raise DataError(f"{path}: no such file or folder")
    if len(paths) == 1 and _is_idx(paths[0]):
        yield IdxInput(paths[0], trained)
        return
    left_out = LeftOut()
    sources = [_images_in(path, left_out) for path in paths]
    section = trained.dataset
    default = section.unreadable if isinstance(section, ImagesData) else "fail"
    found = itertools.chain.from_iterable(sources)
    yield ImageInput(found, trained, _form(trained), wanted.unreadable or default, left_out)


def _is_idx(path: Path) -> bool:
    if not path.is_file():
        return False
    try:
        idx.read_shape(path, dimensions=3)
    except DataError:
        return False
    return True


def _form(trained: Trained) -> ImageForm:
    """Returns the form that images get: that of the training, or the shape of what was no image file there."""
    if trained.preprocessing.image is not None:
        return trained.preprocessing.image
    shape = trained.preprocessing.raw_shape
    if shape is None or len(shape) != 3 or shape[-1] not in (1, 3):
        raise DataError(
            f"the run was trained on samples of shape {shape}, which no image file has", "give an .npz file"
        )
    return ImageForm(shape[0], shape[1], "gray" if shape[2] == 1 else "rgb")


def _images_in(path: Path, left_out: LeftOut) -> Iterator[_Found]:
    if path.is_dir():
        files = sorted(files_in(str(path), left_out), key=lambda file: file.name.split("/"))
        for number, file in enumerate(files, 1):
            name = str(path / file.name)
            yield _Found(name, name, number / len(files))
        if not files:
            raise DataError(f"{path} has no images in it", "files are known as images by their names")
    elif is_archive(path):
        size = max(path.stat().st_size, 1)
        with reading(path) as members:
            for member in members:
                if any(map(is_hidden, member.name.split("/"))):
                    left_out.hidden.append(member.name)
                elif is_image(member.name):
                    yield _Found(member.name, member.read(), min(member.position / size, 1.0))
                else:
                    left_out.others.append(member.name)
    else:
        yield _Found(str(path), str(path), None)


def _in_order(
    pool: ThreadPoolExecutor, found: Iterable[_Found], form: ImageForm
) -> Iterator[tuple[_Found, Decoded | UnreadableImageError | OtherSizeError]]:
    """Yields images with what came out of them, in their order; some more of them are being decoded meanwhile."""
    ahead = 4 * usable_cpus()
    waiting: deque[tuple[_Found, Future[Any]]] = deque()
    for one in found:
        waiting.append((one, pool.submit(partial(_decoded, one.content, form))))
        if len(waiting) > ahead:
            first, future = waiting.popleft()
            yield first, future.result()
    for first, future in waiting:
        yield first, future.result()


def _decoded(content: Content, form: ImageForm) -> Decoded | UnreadableImageError | OtherSizeError:
    try:
        return decoded(read_file(content) if isinstance(content, str) else content, form)
    except (UnreadableImageError, OtherSizeError) as error:
        return error
