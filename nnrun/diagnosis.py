"""What this machine offers to nnrun, and what is missing for which feature."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import nnrun
from nnrun.errors import NnrunError
from nnrun.rundir.provenance import RECORDED_ENVIRONMENT, host_facts, installed_version

REQUIRED: Mapping[str, str] = {
    "h5py": "3.11",
    "keras": "3.15.1",
    "jinja2": "3.1",
    "matplotlib": "3.10",
    "numpy": "1.26",
    "pillow": "11",
    "pyarrow": "16",
    "pydantic": "2.8",
    "pyyaml": "6.0.1",
    "rich": "13.7",
    "scikit-learn": "1.5",
    "tensorboard": "2.18",
    "tensorflow": "2.18",
    "typer": "0.19",
}
"""The packages that every installation has, with their lowest versions; those of `pyproject.toml`."""

CORE_FEATURES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "tensorboard": ("nnrun tensorboard, and the callback TensorBoard", ("tensorboard",)),
}
"""Features that every installation should have: what each is for, and the packages that it needs."""

EXTRAS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "gpu": ("training on an NVIDIA GPU (Linux)", ("nvidia-cudnn-cu12", "nvidia-cublas-cu12")),
    "mlflow": ("logging runs to MLflow (track.mlflow)", ("mlflow-skinny", "sqlalchemy", "alembic")),
}
"""What each extra of `pyproject.toml` is for, and packages that tell whether it is installed."""

_KERAS_OVERRIDES = ("KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH")


@dataclass(frozen=True, slots=True)
class Device:
    """Something to train on.

    Args:
        name: As in `--device`: `cpu`, `gpu:0`.
        description: What it is, as far as TensorFlow tells.
    """

    name: str
    description: str


@dataclass(frozen=True, slots=True)
class Feature:
    """Something that needs packages which may not be there.

    Args:
        name: What to call it.
        purpose: What it is for.
        missing: The packages that are missing; empty if it can be used.
        install: The command that installs them.
    """

    name: str
    purpose: str
    missing: tuple[str, ...]
    install: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The findings.

    Args:
        versions: Version by package, None where it is missing; first Python and nnrun.
        host: Name, system, processors and the variables that change results; see `host_facts`.
        threads: Threads that TensorFlow uses in and between operations, 0 for its choice; empty if unknown.
        devices: What can be trained on.
        memory_bytes: Memory in all and the part that is free, 0 if unknown.
        disk_free_bytes: Free space where the runs go.
        runs_dir: Where the runs go.
        features: What needs packages that may not be there.
        problems: What must be repaired before nnrun works, each with the way to do it.
        notes: What may surprise.
    """

    versions: Mapping[str, str | None]
    host: Mapping[str, Any]
    threads: Mapping[str, int]
    devices: tuple[Device, ...]
    memory_bytes: Mapping[str, int]
    disk_free_bytes: int
    runs_dir: str
    features: tuple[Feature, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...]

    def to_record(self) -> dict[str, Any]:
        """Returns it as a JSON object."""
        return asdict(self)


def diagnose(runs_dir: Path, environment: Mapping[str, str] | None = None) -> Diagnosis:
    """Looks at this machine; starts TensorFlow, which takes some seconds.

    Args:
        runs_dir: Where the runs would go; it may not exist yet.
        environment: The environment variables; by default those of this process.
    """
    # A copy: starting Keras sets variables.
    environment = dict(os.environ if environment is None else environment)
    versions: dict[str, str | None] = {"python": sys.version.split()[0], "nnrun": nnrun.__version__}
    versions |= {name: installed_version(name) for name in REQUIRED}
    problems = package_problems(versions)
    notes = environment_notes(environment)

    devices: tuple[Device, ...] = ()
    threads: dict[str, int] = {}
    if versions["tensorflow"] is not None and versions["keras"] is not None:
        try:
            devices, threads = _ask_tensorflow()
        except (NnrunError, ImportError) as error:
            problems.append(f"TensorFlow does not start: {error}")
    if devices and len(devices) == 1 and Path("/proc/driver/nvidia/version").exists():
        notes.append("the machine has an NVIDIA GPU, but TensorFlow cannot use it: pip install 'nnrun[gpu]'")

    folder = next(parent for parent in (runs_dir.absolute(), *runs_dir.absolute().parents) if parent.is_dir())
    if not os.access(folder, os.W_OK | os.X_OK):
        problems.append(f"no run can be saved: {folder} is not writable; choose a folder with --runs-dir")
    return Diagnosis(
        versions=versions,
        host=host_facts(environment),
        threads=threads,
        devices=devices,
        memory_bytes=_memory(),
        disk_free_bytes=shutil.disk_usage(folder).free,
        runs_dir=str(runs_dir.absolute()),
        features=features(),
        problems=tuple(problems),
        notes=tuple(notes),
    )


def package_problems(versions: Mapping[str, str | None]) -> list[str]:
    """Returns a sentence for each required package that is missing or too old.

    Args:
        versions: Version by package, None where it is missing.
    """
    problems = []
    for name, lowest in REQUIRED.items():
        found = versions.get(name)
        if found is None:
            problems.append(f"{name} is not installed: pip install '{name}>={lowest}'")
        elif _release(found) < _release(lowest):
            problems.append(f"{name} {found} is too old: pip install --upgrade '{name}>={lowest}'")
    return problems


def environment_notes(environment: Mapping[str, str]) -> list[str]:
    """Returns a sentence for each variable that silently changes what Keras does."""
    notes = [
        f"{name}={environment[name]} is set: Keras cuts training short by it; unset it to be sure"
        for name in _KERAS_OVERRIDES
        if name in environment
    ]
    backend = environment.get("KERAS_BACKEND", "tensorflow")
    if backend != "tensorflow":
        notes.append(f"KERAS_BACKEND={backend} is set: nnrun trains with tensorflow")
    return notes


def features() -> tuple[Feature, ...]:
    """Returns the features that need further packages, with what is missing for each."""
    return tuple(
        Feature(
            name,
            purpose,
            tuple(package for package in packages if installed_version(package) is None),
            f"pip install 'nnrun[{name}]'" if name in EXTRAS else f"pip install {' '.join(packages)}",
        )
        for name, (purpose, packages) in {**CORE_FEATURES, **EXTRAS}.items()
    )


def report(diagnosis: Diagnosis) -> str:
    """Writes a diagnosis for people; it ends with a newline."""
    host = diagnosis.host
    rows = [(name, version or "missing") for name, version in diagnosis.versions.items()]
    rows += [("system", f"{host['system']} {host['machine']}")]
    rows += [("processors", f"{host['usable_cpus']} usable of {host['cpus']}")]
    if diagnosis.threads:
        threads = (f"{count or 'automatic'} {place}" for place, count in diagnosis.threads.items())
        rows.append(("threads", ", ".join(threads)))
    rows += [(device.name, device.description) for device in diagnosis.devices]
    if diagnosis.memory_bytes:
        total, free = diagnosis.memory_bytes["total"], diagnosis.memory_bytes["free"]
        rows.append(("memory", f"{_gib(free)} free of {_gib(total)}"))
    rows.append(("disk", f"{_gib(diagnosis.disk_free_bytes)} free for {diagnosis.runs_dir}"))
    rows += [
        (name, host["environment"][name]) for name in RECORDED_ENVIRONMENT if name in host["environment"]
    ]
    for feature in diagnosis.features:
        missing = f"missing {', '.join(feature.missing)}: {feature.install}"
        rows.append(
            (f"[{feature.name}]", f"{feature.purpose}: {missing if feature.missing else 'installed'}")
        )
    width = max(len(name) for name, _ in rows)
    lines = [f"{name:<{width}}  {text}" for name, text in rows]
    lines += [f"note: {note}" for note in diagnosis.notes]
    lines += [f"problem: {problem}" for problem in diagnosis.problems] or [
        "Everything that nnrun needs is there."
    ]
    return "\n".join(lines) + "\n"


def _ask_tensorflow() -> tuple[tuple[Device, ...], dict[str, int]]:
    from nnrun.training.startup import import_tensorflow, output_to

    # TensorFlow talks while it starts; what is worth knowing of that is in the findings.
    with output_to(Path(os.devnull)):
        import_tensorflow()
        import tensorflow as tf

        gpus = [
            tf.config.experimental.get_device_details(gpu).get("device_name", "GPU")
            for gpu in tf.config.list_physical_devices("GPU")
        ]
    devices = [Device("cpu", f"{host_facts()['usable_cpus']} processors")]
    devices += [Device(f"gpu:{number}", str(name)) for number, name in enumerate(gpus)]
    threads = {
        "in an operation": int(tf.config.threading.get_intra_op_parallelism_threads()),
        "between operations": int(tf.config.threading.get_inter_op_parallelism_threads()),
    }
    return tuple(devices), threads


def _memory() -> dict[str, int]:
    """Returns `total` and `free` memory in bytes; empty where the system does not tell."""
    try:
        page = os.sysconf("SC_PAGE_SIZE")
        total = page * os.sysconf("SC_PHYS_PAGES")
        free = page * os.sysconf("SC_AVPHYS_PAGES")
    except (ValueError, OSError):
        return {}
    try:
        # What the kernel would give, caches included, is more than what is unused.
        match = re.search(r"MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text())
    except OSError:
        match = None
    return {"total": total, "free": int(match[1]) * 1024 if match else free}


def _gib(size: int) -> str:
    return f"{size / 2**30:.1f} GiB"


def _release(version: str) -> tuple[int, ...]:
    """Returns the numbers of a version: `3.15.1rc2` counts as 3.15.1."""
    match = re.match(r"\d+(\.\d+)*", version)
    return tuple(int(part) for part in match[0].split(".")) if match else ()
