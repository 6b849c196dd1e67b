"""A process that decodes images for another one. It reads blocks from stdin and writes reports to stdout.

Not `multiprocessing`: that would load the caller's main module once more in each process, and NumPy with it, which
takes longer than decoding thousands of small images. A message is a line of JSON; contents of files follow it as they
are.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
from typing import IO, Any

from nnrun.data.images.blocks import Block, Report, decode_block
from nnrun.data.images.decoding import quiet
from nnrun.data.images.form import ImageForm


def send_block(stream: IO[bytes], block: Block) -> None:
    """Writes a block, for `receive_block`."""
    contents = [item for item in block.items if isinstance(item, bytes)]
    message: dict[str, Any] = {"start": block.start}
    if contents:
        message["sizes"] = list(map(len, contents))
    else:
        message["paths"] = block.items
    # Names that are no UTF-8 are lone surrogates, which JSON can hold in ASCII.
    stream.write(json.dumps(message).encode() + b"\n")
    for content in contents:
        stream.write(content)
    stream.flush()


def receive_block(stream: IO[bytes]) -> Block | None:
    """Reads what `send_block` wrote; None at the end."""
    line = stream.readline()
    if not line:
        return None
    message = json.loads(line)
    items = message["paths"] if "paths" in message else [stream.read(size) for size in message["sizes"]]
    return Block(message["start"], items)


def send_report(stream: IO[bytes], report: Report) -> None:
    """Writes a report, for `receive_report`."""
    stream.write(json.dumps(report.to_json()).encode() + b"\n")
    stream.flush()


def receive_report(stream: IO[bytes]) -> Report | None:
    """Reads what `send_report` wrote; None where the process has ended.

    Raises:
        OSError: What the process met when it wrote pixels.
    """
    line = stream.readline()
    if not line.endswith(b"\n"):
        return None
    value = json.loads(line)
    if "errno" in value:
        raise OSError(value["errno"], os.strerror(value["errno"]))
    return Report.from_json(value)


def main() -> None:
    """Decodes until stdin ends. Its arguments are the form, as JSON, and the file for the pixels."""
    # Ctrl-C reaches all processes of a terminal; the one that started this one decides what happens.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    form = ImageForm.from_json(json.loads(sys.argv[1]))
    pixels = os.open(sys.argv[2], os.O_WRONLY | os.O_CLOEXEC)
    while (block := receive_block(sys.stdin.buffer)) is not None:
        try:
            with quiet():
                report = decode_block(block, form, pixels)
        except OSError as error:
            sys.stdout.buffer.write(json.dumps({"errno": error.errno or errno.EIO}).encode() + b"\n")
            return
        send_report(sys.stdout.buffer, report)
