"""The event files that Keras's callback `TensorBoard` leaves in a run directory, without TensorFlow.

They grow until a training ends, whatever is saved. A training that goes on from a checkpoint writes some epochs once
more, which TensorBoard would draw twice; so the files are cut back to the checkpoint first, as `metrics.csv` is.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterator
from pathlib import Path

from nnrun.rundir.atomic import storage_error, write_bytes

_MARK = ".tfevents."
_HEAD = struct.Struct(
    "<QI"
)  # the length of a record and a checksum of that; another checksum follows the record
_TAIL = 4

_PER_BATCH = ("batch_", "evaluation_")
"""Beginnings of the tags whose steps are batches. The steps of all others are epochs, from 0."""


def event_folders(run: Path) -> list[Path]:
    """Returns the folders in a run directory that have event files; callbacks may write several.

    Args:
        run: The run directory.
    """
    # A callback cannot be given the run directory itself.
    below = (Path(folder) for folder, _, files in os.walk(run) if any(_MARK in name for name in files))
    return sorted(folder for folder in below if folder != run)


def cut_back(run: Path, epochs: int) -> None:
    """Removes what event files say of the epochs after a checkpoint.

    Args:
        run: The run directory, which nobody else writes to.
        epochs: The complete epochs in the checkpoint.

    Raises:
        StorageError: A file cannot be written or removed.
    """
    for folder in event_folders(run):
        files = sorted((file for file in folder.iterdir() if _MARK in file.name), key=_begun)
        try:
            contents = [file.read_bytes() for file in files]
            last, end = _end(contents, epochs)
            for file in files[last + 1 :]:
                file.unlink()
        except OSError as error:
            raise storage_error(folder, error) from error
        if end < len(contents[last]):
            write_bytes(files[last], contents[last][:end])


def _begun(file: Path) -> list[str | int]:
    """Orders files by the numbers in their names: the second when it was begun, and which one it was in its process."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"([0-9]+)", file.name)]


def _end(contents: list[bytes], epochs: int) -> tuple[int, int]:
    """Returns the file, and where in it, the last record ends that belongs to so many epochs."""
    last, end = 0, 0
    for number, content in enumerate(contents):
        for position, settled in _records(content, epochs):
            if settled:
                last, end = number, position
    return last, end


def _records(content: bytes, epochs: int) -> Iterator[tuple[int, bool]]:
    """Yields where each complete record ends, and whether it can only belong to one of so many epochs.

    What is said of a batch does not tell its epoch, but stands before what is said of the epoch.
    """
    from google.protobuf.message import DecodeError
    from tensorboard.compat.proto.event_pb2 import Event

    start = 0
    while start + _HEAD.size <= len(content):
        length, _ = _HEAD.unpack_from(content, start)
        end = start + _HEAD.size + length + _TAIL
        if end > len(content):
            return  # torn: the process was killed while it wrote
        try:
            event = Event.FromString(content[start + _HEAD.size : end - _TAIL])
        except DecodeError:
            return
        tags = [value.tag for value in event.summary.value]
        yield end, event.step < epochs and not any(tag.startswith(_PER_BATCH) for tag in tags)
        start = end
