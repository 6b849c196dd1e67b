"""What a run depends on besides its config: the code, the versions, the machine. Secrets stay out."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from nnrun.config.urls import redact

PACKAGES = ("numpy", "tensorflow", "keras")
"""The packages whose version can change the weights of a run."""

RECORDED_ENVIRONMENT = (
    "CUDA_VISIBLE_DEVICES",
    "KERAS_MAX_EPOCHS",
    "KERAS_MAX_STEPS_PER_EPOCH",
    "MKL_NUM_THREADS",
    "NVIDIA_TF32_OVERRIDE",
    "OMP_NUM_THREADS",
    "ONEDNN_DEFAULT_FPMATH_MODE",
    "ONEDNN_MAX_CPU_ISA",
    "OPENBLAS_NUM_THREADS",
    "PYTHONHASHSEED",
    "TF_CUDNN_DETERMINISTIC",
    "TF_DETERMINISTIC_OPS",
    "TF_ENABLE_ONEDNN_OPTS",
    "TF_FORCE_GPU_ALLOW_GROWTH",
    "TF_GPU_ALLOCATOR",
    "TF_NUM_INTEROP_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_USE_LEGACY_KERAS",
    "TF_XLA_FLAGS",
    "XLA_FLAGS",
)
"""Variables that can change a result. No other one is ever recorded: an environment is full of secrets.

`KERAS_BACKEND` is none of them: nnrun sets it itself."""

_GIT_STATUS = ("status", "--porcelain=v2", "--branch", "--untracked-files=no")
_GIT_SECONDS = 2.0


def redact_command(command: Sequence[str]) -> list[str]:
    """Returns a command as it may be recorded; see `redact`."""
    return [redact(argument) for argument in command]


def versions() -> dict[str, str | None]:
    """Returns the version of Python, nnrun and each of `PACKAGES`; None where one is not installed.

    Reads the metadata of the installed packages; none of them is imported.
    """
    import platform

    import nnrun

    found: dict[str, str | None] = {"python": platform.python_version(), "nnrun": nnrun.__version__}
    for name in PACKAGES:
        found[name] = installed_version(name)
    return found


def installed_version(package: str) -> str | None:
    """Returns the version of an installed package by its name on PyPI, or None if it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def host_facts(environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Returns what results and speed depend on: system, processors, and the variables that are recorded.

    Args:
        environment: The environment variables; by default those of this process.
    """
    environment = os.environ if environment is None else environment
    system = os.uname()
    return {
        "name": system.nodename,
        "system": f"{system.sysname} {system.release}",
        "machine": system.machine,
        "cpus": os.cpu_count(),
        "usable_cpus": usable_cpus(),
        "environment": {name: environment[name] for name in RECORDED_ENVIRONMENT if name in environment},
    }


def usable_cpus() -> int:
    """Returns on how many processors this process may run."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def git_state(folder: Path) -> dict[str, Any] | None:
    """Returns `commit` and `dirty` of the git repository that a folder lies in.

    Args:
        folder: Any folder.

    Returns:
        The commit (None before the first one) and whether tracked files were changed since; None where there
        is no repository, no git, or no answer within two seconds.
    """
    folder = folder.resolve()
    if not any((parent / ".git").exists() for parent in (folder, *folder.parents)):
        return None
    git = shutil.which("git")
    if git is None:
        return None
    try:
        result = subprocess.run(  # noqa: S603 (a fixed command; the folder is no part of it)
            # A repository can name a program as its file-system monitor: it is not started.
            [git, "-c", "core.fsmonitor=false", "--no-optional-locks", *_GIT_STATUS],
            cwd=folder,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_GIT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    if result.returncode != 0:
        return None
    commit: str | None = None
    dirty = False
    for line in result.stdout.splitlines():
        if line.startswith("# branch.oid "):
            oid = line.removeprefix("# branch.oid ")
            commit = None if oid == "(initial)" else oid
        elif not line.startswith("#"):
            dirty = True
    return {"commit": commit, "dirty": dirty}


def process_facts() -> dict[str, Any]:
    """Returns what identifies this process on this machine for ever: host, boot, process id and its start."""
    return {"host": os.uname().nodename, "boot": _boot_id(), "pid": os.getpid(), "start": _start(os.getpid())}


def process_is_alive(facts: Mapping[str, Any]) -> bool | None:
    """Tells whether the process that `process_facts` described still runs.

    Args:
        facts: What was recorded; not trusted to be complete.

    Returns:
        False if it is certainly gone; None where that cannot be known, as it ran on another machine.
    """
    if facts.get("host") != os.uname().nodename:
        return None
    if facts.get("boot") != _boot_id():
        return False
    pid = facts.get("pid")
    if type(pid) is not int or pid <= 0:
        return None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    # The number may belong to another process by now: that one started at another time.
    start = facts.get("start")
    return start is None or _start(pid) == start


def _boot_id() -> str | None:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None


def _start(pid: int) -> int | None:
    """Returns the start of a process in clock ticks since boot.

    None where the system does not tell, and for a process that has ended and waits only for its parent to notice.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    # Fields 3 and 22 of proc(5); the name in field 2 may contain spaces and brackets.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in {"Z", "X"} else int(fields[19])
