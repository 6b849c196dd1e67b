"""The process in which configs are proven, one after the other: TensorFlow is loaded once.

`nnrun.smoke.supervising` starts it with the number of a file descriptor and talks to it in lines of JSON: what is the
same for all configs comes first, then the configs; back go the steps as they begin, and what came out. It is a process
of its own because nothing else ends a computation that hangs, or takes too much memory.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import shutil
import sys
import tempfile
import threading
from pathlib import Path
from queue import SimpleQueue
from typing import Any


def main() -> None:
    """Proves what it is told to, until it is ended or nobody is there any more to tell it."""
    descriptor = int(sys.argv[1])
    setup = json.loads(sys.stdin.readline())
    told: SimpleQueue[str] = SimpleQueue()
    threading.Thread(target=_listen, args=(told, setup["folder"]), daemon=True).start()
    from nnrun.data.permission import allow_code

    allow_code(setup["allow_code"] is True)
    with os.fdopen(descriptor, "w", encoding="utf-8") as back:

        def tell(**message: Any) -> None:
            back.write(json.dumps(message) + "\n")
            back.flush()

        while True:
            _prove(json.loads(told.get())["config"], setup, tell)


def _listen(told: SimpleQueue[str], folder: str) -> None:
    """Hands on what comes; when who started this process is gone, so are its files and then itself."""
    for line in sys.stdin:
        told.put(line)
    shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(OSError):
        Path(folder).parent.rmdir()
    os._exit(1)


def _prove(config: str, setup: dict[str, Any], tell: Any) -> None:
    from dataclasses import replace

    from nnrun.smoke.memory import begin_peak, peak_of
    from nnrun.smoke.proof import prove
    from nnrun.smoke.steps import Options

    begin_peak()
    options = Options(setup["overrides"], setup["batches"], setup["device"])
    folder = tempfile.mkdtemp(dir=setup["folder"])
    try:
        result = prove(Path(config), options, Path(folder), lambda step: tell(step=step))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _forget()
    tell(result=replace(result, peak=peak_of(os.getpid())).to_json())


def _forget() -> None:
    """Frees what is left of a network: graphs refer to themselves in circles, and Keras remembers every layer."""
    if "keras" in sys.modules:
        sys.modules["keras"].utils.clear_session()
    gc.collect()


if __name__ == "__main__":
    gc.set_threshold(50_000, 20, 20)  # as `nnrun.cli.main` does
    main()
