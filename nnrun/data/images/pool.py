"""Decoding on all processors: this process and others that it starts take blocks of images in turns."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from nnrun.data.images.blocks import Block, Report, decode_block
from nnrun.data.images.decoding import quiet
from nnrun.data.images.form import ImageForm
from nnrun.data.images.worker import receive_report, send_block
from nnrun.data.names import quoted
from nnrun.errors import DataError
from nnrun.rundir.provenance import usable_cpus

SECONDS_PER_IMAGE = 4e-5
SECONDS_PER_BYTE = 3e-8
"""Roughly what decoding takes; a JPEG of 100 kB is 3 ms."""

WORTH_A_PROCESS = 0.15
"""Seconds of decoding for which it pays to start another process."""

THREAD_BYTES = 2000
"""Files that are larger on average are decoded by several threads, where other processes do not pay."""

MOST_PROCESSES = 32

_AT_ONCE = 2
"""Blocks that a process has, one of which it is working on."""

_START = "import sys; sys.path[:] = {path!r}; from nnrun.data.images.worker import main; main()"


@dataclass(frozen=True, slots=True)
class Workforce:
    """Who helps this thread.

    Args:
        processes: How many processes to start.
        threads: How many threads to start instead.
    """

    processes: int = 0
    threads: int = 0


def workforce_for(images: int, size: int) -> Workforce:
    """Returns who should help.

    Args:
        images: How many images there are.
        size: Bytes of all of them.
    """
    seconds = images * SECONDS_PER_IMAGE + size * SECONDS_PER_BYTE
    others = min(usable_cpus() - 1, MOST_PROCESSES)
    if seconds >= WORTH_A_PROCESS and sys.executable:
        return Workforce(processes=min(others, int(seconds / WORTH_A_PROCESS)))
    # Small files keep Python busy, which only one thread at a time may be; large ones the decoders.
    return Workforce(threads=min(others, images // 32) if size > images * THREAD_BYTES else 0)


def decode_all(
    blocks: Iterable[Block],
    form: ImageForm,
    pixels: Path,
    workforce: Workforce,
    progress: Callable[[Report], None],
) -> Report:
    """Decodes all blocks.

    Args:
        blocks: The images; each block is asked for when there is room for it.
        form: The form that they get.
        pixels: The file for their pixels, which exists.
        workforce: Who helps this thread.
        progress: Told of each block that is done, on this thread.

    Raises:
        DataError: A decoder crashed.
        OSError: The pixels cannot be written.
    """
    whole = Report()

    def done(report: Report) -> None:
        whole.add(report)
        progress(report)

    descriptor = os.open(pixels, os.O_WRONLY | os.O_CLOEXEC)
    try:
        with quiet(), _helpers(form, pixels, workforce, descriptor) as helpers:
            for block in blocks:
                if not helpers.take(block):
                    done(decode_block(block, form, descriptor))
                for report in helpers.reports():
                    done(report)
            for report in helpers.rest():
                done(report)
    finally:
        os.close(descriptor)
    return whole


class _Helpers:
    """Threads that decode, or that hand blocks to a process of their own and wait for the reports.

    Args:
        processes: The processes; whoever made them ends them.
        threads: How many threads decode.
        decode: Decodes a block.
    """

    def __init__(
        self, processes: Sequence[subprocess.Popen[bytes]], threads: int, decode: Callable[[Block], Report]
    ) -> None:
        self._blocks: queue.Queue[Block | None] = queue.Queue(maxsize=max(len(processes) + threads, 1))
        self._reports: queue.Queue[Report | Exception] = queue.Queue()
        self._waiting = 0
        self._threads = [
            *(threading.Thread(target=self._serve, args=(process,), daemon=True) for process in processes),
            *(threading.Thread(target=self._decode, args=(decode,), daemon=True) for _ in range(threads)),
        ]
        for thread in self._threads:
            thread.start()

    def take(self, block: Block) -> bool:
        """Gives a block away, unless all of them have enough to do."""
        if not self._threads:
            return False
        try:
            self._blocks.put_nowait(block)
        except queue.Full:
            return False
        self._waiting += 1
        return True

    def reports(self) -> Iterator[Report]:
        """Yields the reports that are there."""
        while self._waiting:
            try:
                yield self._received(self._reports.get_nowait())
            except queue.Empty:
                return

    def rest(self) -> Iterator[Report]:
        """Waits for the reports that are missing."""
        while self._waiting:
            yield self._received(self._reports.get())

    def _received(self, report: Report | Exception) -> Report:
        self._waiting -= 1
        if isinstance(report, Exception):
            raise report
        return report

    def _decode(self, decode: Callable[[Block], Report]) -> None:
        while (block := self._blocks.get()) is not None:
            try:
                self._reports.put(decode(block))
            except OSError as error:
                self._reports.put(error)

    def _serve(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None and process.stdout is not None  # noqa: S101 (both are pipes)
        sent: deque[Block] = deque()
        while True:
            # A second block lies ready for the process, which else would wait until this thread has its turn.
            while len(sent) < _AT_ONCE:
                try:
                    block = self._blocks.get(block=not sent)
                except queue.Empty:
                    break
                if block is None:
                    return
                sent.append(block)
                with suppress(BrokenPipeError):  # that it has ended shows below
                    send_block(process.stdin, block)
            report: Report | Exception | None
            try:
                report = receive_report(process.stdout)
            except OSError as error:
                report = error
            self._reports.put(_crash(process, sent[0]) if report is None else report)
            sent.popleft()

    def close(self) -> None:
        """Lets the threads end; their processes have ended, or have nothing to do."""
        with suppress(queue.Empty):
            while True:
                self._blocks.get_nowait()
        for _ in self._threads:
            self._blocks.put(None)
        for thread in self._threads:
            thread.join()


def _crash(process: subprocess.Popen[bytes], block: Block) -> DataError:
    code = process.wait()
    where = f"one of {len(block.items)} images"
    if isinstance(block.items[0], str):
        where += f", the first of which is {quoted(block.items[0])}"
    how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
    return DataError(
        f"a process {how} while it decoded {where}",
        "it ran out of memory, or one of these files is made to crash a decoder",
    )


@contextmanager
def _helpers(form: ImageForm, pixels: Path, workforce: Workforce, descriptor: int) -> Iterator[_Helpers]:
    started: list[subprocess.Popen[bytes]] = []
    try:
        # Where no more can be started, fewer do.
        with suppress(OSError):
            while len(started) < workforce.processes:
                started.append(_start(form, pixels))
        helpers = _Helpers(started, workforce.threads, lambda block: decode_block(block, form, descriptor))
        try:
            yield helpers
        finally:
            for process in started:
                process.kill()  # nothing that it could still do is wanted
            helpers.close()
    finally:
        for process in started:
            process.kill()
            # Waits for it and closes its pipes, into which nothing goes any more.
            with suppress(OSError), process:
                pass


def _start(form: ImageForm, pixels: Path) -> subprocess.Popen[bytes]:
    # Isolated from the current folder and the environment: modules come from where this process has them.
    code = _START.format(path=[str(Path(entry or ".").absolute()) for entry in sys.path])
    return subprocess.Popen(  # noqa: S603 (the same interpreter, with a fixed program)
        [sys.executable, "-I", "-c", code, json.dumps(form.to_json()), str(pixels)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
