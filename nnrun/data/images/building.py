"""Makes the array of all images: decodes them in the order in which they come, and sorts what came out."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nnrun.data.archives import Member, reading
from nnrun.data.cache import cache_folder
from nnrun.data.images.blocks import MOST_BYTES, MOST_IMAGES, Block, Report, read_file
from nnrun.data.images.decoding import MAX_FILE_BYTES, UnreadableImageError, size_of
from nnrun.data.images.form import ImageForm
from nnrun.data.images.gathering import Gathered, arranged, is_wanted
from nnrun.data.images.listing import ImageFile, LeftOut, class_of, in_order
from nnrun.data.images.pool import Workforce, decode_all, workforce_for
from nnrun.data.images.request import INDEX, NAMES, PIXELS, Request
from nnrun.data.names import quoted
from nnrun.data.progress import Meter, tell
from nnrun.errors import DataError, StorageError
from nnrun.rundir.atomic import sync

_ARRIVED = "arrived.bin"
_COPIED = 1 << 24

MOST_SIZES = 20
"""Sizes of the original images that are kept, the most frequent ones."""


def build_from_files(folder: Path, gathered: Gathered, wanted: Request) -> None:
    """Fills a folder of the cache with the images of a folder.

    Args:
        folder: The new folder.
        gathered: The images.
        wanted: The form that they get.

    Raises:
        DataError: Not one of them can be read, or they have different sizes and none was given.
    """
    base = f"{gathered.path}/{gathered.root}"
    paths = [base + file.name for file in gathered.files]
    form = wanted.form() or _exact(wanted, _first_size(gathered, paths))
    sizes = [file.size for file in gathered.files]
    _check_space(folder, len(paths), form)
    meter = Meter("decode", gathered.path.name, "images", len(paths))
    report = _decoded(
        folder,
        _blocks_of_paths(paths, sizes),
        form,
        workforce_for(len(paths), sum(sizes)),
        meter,
        by_images=True,
    )
    order = range(len(paths))
    names = [file.name for file in gathered.files]
    _finish(
        folder, _Arrived(gathered.path, gathered.root, names, order, gathered.left_out), form, report, meter
    )


def build_from_archive(folder: Path, wanted: Request) -> None:
    """Fills a folder of the cache with the images of an archive, which is read once and not extracted.

    Args:
        folder: The new folder.
        wanted: The archive, and the form that its images get.

    Raises:
        DataError: The archive is damaged or refused, or as for `build_from_files`.
    """
    path = wanted.path
    size = path.stat().st_size
    meter = Meter("decode", path.name, "bytes", size)
    incoming = _Incoming(meter)
    with reading(path) as members:
        images = incoming.images(members)
        first: list[bytes] = []
        form = wanted.form()
        while form is None:
            content = next(images, None)
            if content is None:
                arranged(incoming.files, incoming.left_out, wanted.layout, path)  # says so if there is none
                raise _none_readable(path, len(first), "")
            first.append(content)
            try:
                form = _exact(wanted, size_of(content))
            except UnreadableImageError:
                continue
        # Compressed images hardly get smaller: the size of the archive stands for that of all of them.
        workforce = workforce_for(size // 1000, size)
        report = _decoded(folder, _blocks_of_contents(first, images), form, workforce, meter, by_images=False)
    report.unreadable = [
        (position, incoming.too_large.get(position, reason)) for position, reason in report.unreadable
    ]
    root, used = arranged(incoming.files, incoming.left_out, wanted.layout, path)
    place = {file.name: position for position, file in enumerate(incoming.files)}
    order = [place[root + file.name] for file in in_order(used)]
    names = [file.name[len(root) :] for file in incoming.files]
    left_out = tuple(incoming.left_out.sentences())
    _finish(folder, _Arrived(path, root, names, order, left_out), form, report, meter)


@dataclass(slots=True)
class _Incoming:
    """What comes out of an archive."""

    meter: Meter
    files: list[ImageFile] = field(default_factory=list)
    left_out: LeftOut = field(default_factory=LeftOut)
    too_large: dict[int, str] = field(default_factory=dict)

    def images(self, members: Iterator[Member]) -> Iterator[bytes]:
        """Yields the content of each image; nothing for one that is too large."""
        for member in members:
            if not is_wanted(member.name, self.left_out):
                continue
            content = b""
            if member.size <= MAX_FILE_BYTES:
                content = member.read()
            else:
                self.too_large[len(self.files)] = f"a file of {member.size:,} bytes"
            self.files.append(ImageFile(member.name, member.size))
            self.meter.add(member.position - self.meter.done)
            yield content


@dataclass(frozen=True, slots=True)
class _Arrived:
    """Images in the order in which they were decoded.

    Args:
        path: Where they come from.
        root: Folders that all of them lie in.
        names: The name of each, below the root.
        order: Positions of those that are used, in the order in which they are kept.
        left_out: What was left out, in sentences.
    """

    path: Path
    root: str
    names: Sequence[str]
    order: Sequence[int]
    left_out: tuple[str, ...]


def _exact(wanted: Request, size: tuple[int, int]) -> ImageForm:
    width, height = size
    return ImageForm(height, width, wanted.color, wanted.resize, exact=True)


def _check_space(folder: Path, images: int, form: ImageForm) -> None:
    """Refuses what the disk has no room for, before all the work."""
    needed, free = images * form.bytes, shutil.disk_usage(folder).free
    if needed > free:
        raise StorageError(
            f"cannot decode {images:,} images of {form.height:,} x {form.width:,} pixels into {cache_folder()}: that "
            f"takes {needed:,} bytes, and only {free:,} are free",
            "set a smaller `dataset.size`, free some space on that disk",
        )


def _first_size(gathered: Gathered, paths: Sequence[str]) -> tuple[int, int]:
    reason = ""
    for path in paths:
        try:
            return size_of(read_file(path))
        except UnreadableImageError as error:
            reason = reason or f": {quoted(path)} is {error.reason}"
    raise _none_readable(gathered.path, len(paths), reason)


def _none_readable(path: Path, count: int, reason: str) -> DataError:
    return DataError(f"{path}: none of {count:,} images can be read{reason}", "are these images?")


def _blocks_of_paths(paths: Sequence[str], sizes: Sequence[int]) -> Iterator[Block]:
    start = size = 0
    for position, each in enumerate(sizes):
        if position - start >= MOST_IMAGES or (size + each > MOST_BYTES and position > start):
            yield Block(start, paths[start:position])
            start, size = position, 0
        size += each
    yield Block(start, paths[start:])


def _blocks_of_contents(first: Sequence[bytes], images: Iterator[bytes]) -> Iterator[Block]:
    start = size = 0
    waiting: list[bytes] = []
    for content in chain(first, images):
        if len(waiting) >= MOST_IMAGES or (size + len(content) > MOST_BYTES and waiting):
            yield Block(start, waiting)
            start, size, waiting = start + len(waiting), 0, []
        waiting.append(content)
        size += len(content)
    if waiting:
        yield Block(start, waiting)


def _decoded(
    folder: Path,
    blocks: Iterator[Block],
    form: ImageForm,
    workforce: Workforce,
    meter: Meter,
    *,
    by_images: bool,
) -> Report:
    """Decodes all blocks into a file, image after image as they came."""
    arrived = folder / _ARRIVED
    arrived.touch()

    def progress(report: Report) -> None:
        meter.add(report.count if by_images else 0)

    return decode_all(blocks, form, arrived, workforce, progress)


def _finish(folder: Path, arrived: _Arrived, form: ImageForm, report: Report, meter: Meter) -> None:
    """Sorts the pixels, and writes what there is to know about them."""
    used = set(arrived.order)
    _check_sizes(arrived, form, report, used)
    reasons = dict(report.unreadable)
    kept = [position for position in arrived.order if position not in reasons]
    if not kept:
        position, reason = report.unreadable[0]
        why = f": {quoted(arrived.names[position])} is {reason}"
        raise _none_readable(arrived.path, len(arrived.order), why)
    names = [arrived.names[position] for position in kept]
    digest = hashlib.sha256()
    names_json = json.dumps(names).encode()
    digest.update(json.dumps(form.shape).encode() + names_json)
    _sort_pixels(folder, np.array(kept), len(arrived.names), form, digest)
    # Synced as a part of the new folder.
    (folder / NAMES).write_bytes(names_json)
    index = {
        "shape": [len(kept), *form.shape],
        "form": form.to_json(),
        "classes": [[name, count] for name, count in Counter(map(class_of, names)).items()],
        "unreadable": sorted(
            [arrived.names[position], reason] for position, reason in reasons.items() if position in used
        ),
        "animated": sorted(arrived.names[position] for position in report.animated if position in used),
        "left_out": arrived.left_out,
        "sizes": [[*size, count] for size, count in report.sizes.most_common(MOST_SIZES)],
        "root": arrived.root,
        "digest": digest.hexdigest(),
    }
    (folder / INDEX).write_text(json.dumps(index))
    meter.end()
    tell(f"decoded {arrived.path.name}, {len(arrived.names):,} images, in {meter.seconds:.1f}s")


def _check_sizes(arrived: _Arrived, form: ImageForm, report: Report, used: set[int]) -> None:
    """Refuses images of different sizes where no size was given."""
    others = sorted(other for other in report.other_size if other[0] in used)
    if others:
        position, width, height = others[0]
        more = f" and {len(others) - 1:,} more images do" if len(others) > 1 else " does"
        raise DataError(
            f"{arrived.path}: {quoted(arrived.names[position])}, with {height} x {width} pixels,{more} not have "
            f"the {form.height} x {form.width} of the first image",
            "set `dataset.size: [height, width]`: then all of them get this size, as `dataset.resize` says",
        )


def _sort_pixels(
    folder: Path, kept: NDArray[np.int64], arrived: int, form: ImageForm, digest: hashlib._Hash
) -> None:
    """Writes the pixels of the images that are kept, in their order, and hashes them."""
    came = np.memmap(folder / _ARRIVED, np.uint8, "r", shape=(arrived, form.bytes))
    if len(kept) == arrived and np.array_equal(kept, np.arange(arrived)):
        with _reaching_the_disk(folder / _ARRIVED):
            for start in range(0, arrived, _step(form)):
                digest.update(came[start : start + _step(form)].data)
        (folder / _ARRIVED).rename(folder / PIXELS)
        return
    with (folder / PIXELS).open("wb") as file:
        for start in range(0, len(kept), _step(form)):
            piece = came[kept[start : start + _step(form)]].data
            digest.update(piece)
            file.write(piece)
    (folder / _ARRIVED).unlink()


@contextmanager
def _reaching_the_disk(path: Path) -> Iterator[None]:
    """Syncs a file while something else is done that takes as long; syncing it again costs nothing.

    Raises:
        OSError: The disk did not take it.
    """
    with ThreadPoolExecutor(1) as thread:
        synced = thread.submit(sync, path)
        yield
        synced.result()


def _step(form: ImageForm) -> int:
    return max(1, _COPIED // form.bytes)
