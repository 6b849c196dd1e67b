"""Which processes train together, told from the environment: our own launcher, `TF_CONFIG`, or SLURM.

SLURM's variables are read here, and not by TensorFlow's `SlurmClusterResolver`: that one asks `nvidia-smi` for GPUs
and fails on machines without any, and it knows nothing of the node that a task really runs on. For the rest both give
the same addresses, which a test compares.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nnrun.config.experiment import DistributeSection
from nnrun.errors import EnvironmentFault, UsageError

LAUNCHED = "NNRUN_LAUNCHED"
"""Environment variable by which `--workers` tells its processes what they have in common, as JSON."""

_EXPECTED = 'Expected {"cluster": {"worker": ["host:port", ...]}, "task": {"type": "worker", "index": 0}}.'


@dataclass(frozen=True, slots=True)
class Launched:
    """What a launcher tells the workers that it starts.

    Args:
        launcher: Its process id.
        seed: The seed of all workers, where the config has none.
        notify: File descriptor on which the chief says where the run is; None for the others.
        run: Path of the run to continue; None for a new one.
    """

    launcher: int
    seed: int
    notify: int | None = None
    run: str | None = None

    def to_json(self) -> str:
        """Returns the value of the variable `LAUNCHED`."""
        return json.dumps({name: getattr(self, name) for name in ("launcher", "seed", "notify", "run")})


@dataclass(frozen=True, slots=True)
class Cluster:
    """All processes of a training, as one of them sees them.

    Args:
        addresses: `host:port` of each, the chief first.
        index: Number of this process, from 0.
        tf_config: What `tf.distribute` reads.
        local_index: Number of this process among those on its machine, as far as that is known.
        local_workers: How many those are, where they have to share the GPUs of the machine.
        launched: What our own launcher said, if it started this process.
    """

    addresses: tuple[str, ...]
    index: int
    tf_config: str = field(repr=False)
    local_index: int = 0
    local_workers: int = 1
    launched: Launched | None = None

    @property
    def workers(self) -> int:
        """How many processes train."""
        return len(self.addresses)

    @property
    def is_chief(self) -> bool:
        """Whether this process shows the progress and writes the run directory."""
        return self.index == 0

    @property
    def is_orphan(self) -> bool:
        """Whether the launcher that started this process is gone, so that nobody can end it any more."""
        return self.launched is not None and self.launched.launcher != os.getppid()

    def name(self, index: int) -> str:
        """Returns how a worker is called in messages."""
        return f"{'the chief, worker 0' if index == 0 else f'worker {index}'} of {self.workers}"


def find_cluster(environment: Mapping[str, str] | None = None) -> Cluster | None:
    """Returns the cluster that the environment describes, or None.

    Raises:
        EnvironmentFault: It describes one that cannot be.
    """
    environment = os.environ if environment is None else environment
    if environment.get("TF_CONFIG", "").strip():
        return _from_tf_config(environment["TF_CONFIG"], launched(environment))
    if "SLURM_STEP_NUM_TASKS" in environment:
        return _from_slurm(environment)
    return None


def shared_seed(cluster: Cluster) -> int:
    """Returns the seed of all workers, for a config without one.

    Raises:
        UsageError: There is none, and each worker would draw its own.
    """
    if cluster.launched is None:
        raise UsageError(
            "The workers of one training need one seed: write `seed: 0` into the config, or give --seed."
        )
    return cluster.launched.seed


def announce(cluster: Cluster, run: Path) -> None:
    """Tells our launcher, if there is one, where the chief keeps the run."""
    if cluster.launched is not None and cluster.launched.notify is not None:
        # Nobody may listen any more; that is for `Team` to notice.
        with contextlib.suppress(OSError):
            os.write(cluster.launched.notify, os.fsencode(run) + b"\n")


def cluster_of(section: DistributeSection) -> Cluster | None:
    """Returns the cluster that a config trains with, or None where it needs none.

    Raises:
        EnvironmentFault: It needs one, and the environment describes none.
    """
    if section.strategy != "multi_worker":
        return None
    cluster = find_cluster()
    if cluster is None:
        raise EnvironmentFault(
            "distribute.strategy is multi_worker, and neither TF_CONFIG nor SLURM says which workers there are",
            "To try it on this machine: --workers 2.",
        )
    return cluster


def check_device_fits(section: DistributeSection, device: str) -> None:
    """Refuses a single device where several are to train.

    Args:
        section: The section `distribute` of a config.
        device: `auto`, `cpu`, `gpu` or `gpu:N`.

    Raises:
        UsageError: `device` is one GPU, and there is a strategy.
    """
    if section.strategy != "none" and device.startswith("gpu:"):
        raise UsageError(
            f"--device {device} is a single device, and the config says distribute.strategy {section.strategy}.",
            "Give --device gpu, and the number of GPUs as distribute.devices.",
        )


def tf_config(addresses: tuple[str, ...], index: int) -> str:
    """Returns a value of `TF_CONFIG` for one of several workers."""
    return json.dumps(
        {"cluster": {"worker": list(addresses)}, "task": {"type": "worker", "index": index}},
    )


def launched(environment: Mapping[str, str] | None = None) -> Launched | None:
    """Returns what our launcher told this process, or None where it was started by somebody else."""
    text = (os.environ if environment is None else environment).get(LAUNCHED)
    if text is None:
        return None
    told = Launched(**json.loads(text))
    # A program that a worker starts inherits the variable, and is no worker.
    return told if told.launcher == os.getppid() else None


def _from_tf_config(text: str, launched: Launched | None) -> Cluster | None:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise EnvironmentFault(f"TF_CONFIG is no JSON: {error}", _EXPECTED) from None
    cluster = value.get("cluster") if isinstance(value, dict) else None
    if cluster in ({}, None) and isinstance(value, dict):
        return None
    jobs = _jobs(cluster)
    task = value.get("task")
    kind, index = (task.get("type"), task.get("index")) if isinstance(task, dict) else (None, None)
    if kind not in jobs:
        raise _bad_tf_config(f"task.type is {kind!r}, and cluster has {', '.join(jobs)}")
    if type(index) is not int or not 0 <= index < len(jobs[kind]):
        raise _bad_tf_config(f"task.index is {index!r}, and cluster has {len(jobs[kind])} of {kind}")
    addresses = (*jobs.get("chief", ()), *jobs.get("worker", ()))
    before = len(jobs["chief"]) if kind == "worker" and "chief" in jobs else 0
    number = before + index
    if launched is None:
        return Cluster(addresses, number, text)
    return Cluster(addresses, number, text, number, len(addresses), launched)


def _jobs(cluster: Any) -> dict[str, list[str]]:
    """Returns the addresses by kind of task."""
    if not isinstance(cluster, dict):
        raise _bad_tf_config(f"cluster is {cluster!r}")
    for kind, addresses in cluster.items():
        if kind not in ("chief", "worker"):
            raise EnvironmentFault(
                f"TF_CONFIG has tasks of type {kind!r}; nnrun trains with workers, one of which may be the chief",
                "Leave parameter servers and evaluators out.",
            )
        fits = isinstance(addresses, list) and addresses and all(map(_is_address, addresses))
        if not fits:
            raise _bad_tf_config(f"cluster.{kind} is {addresses!r}")
    if len(cluster.get("chief", ())) > 1:
        raise _bad_tf_config("there is more than one chief")
    if len({address for addresses in cluster.values() for address in addresses}) < sum(
        map(len, cluster.values())
    ):
        raise _bad_tf_config("two tasks have the same address")
    return cluster


def _is_address(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    host, _, port = value.rpartition(":")
    return bool(host) and port.isascii() and port.isdigit() and 0 < int(port) < 1 << 16


def _bad_tf_config(wrong: str) -> EnvironmentFault:
    return EnvironmentFault(f"TF_CONFIG cannot be used: {wrong}", _EXPECTED)


def _from_slurm(environment: Mapping[str, str]) -> Cluster:
    """Reads the variables that `srun` sets for each task of a job step."""
    try:
        index, tasks = int(environment["SLURM_PROCID"]), int(environment["SLURM_STEP_NUM_TASKS"])
        nodes = list(_nodes(environment["SLURM_STEP_NODELIST"]))
        per_node = list(_tasks_per_node(environment["SLURM_STEP_TASKS_PER_NODE"]))
        job = int(environment.get("SLURM_JOB_ID", "0"))
    except KeyError as error:
        raise EnvironmentFault(
            f"{error.args[0]} is not set, so this is no step of a SLURM job", _SRUN
        ) from None
    except ValueError as error:
        raise EnvironmentFault(f"SLURM's variables cannot be read: {error}", _SRUN) from None
    if len(nodes) != len(per_node) or sum(per_node) != tasks or not 0 <= index < tasks:
        raise EnvironmentFault(
            f"SLURM's variables contradict each other: task {index} of {tasks}, {per_node} on {nodes}", _SRUN
        )
    # Two jobs can share a node, so the ports follow the number of the job: eight for each of 1,250 jobs.
    first_port = 20_000 + job % 1_250 * 8
    places = [(node, local) for node, count in enumerate(per_node) for local in range(count)]
    node, local = places[index]
    if environment.get("SLURM_NODEID", str(node)) != str(node):
        raise EnvironmentFault(
            f"SLURM runs task {index} on node {environment['SLURM_NODEID']} of the step, and by its number it belongs"
            f" to node {node}",
            "Start the tasks with `srun --distribution=block`.",
        )
    addresses = tuple(f"{nodes[number]}:{first_port + offset}" for number, offset in places)
    # Where SLURM binds GPUs to tasks, each sees its own only.
    bound = any(name in environment for name in ("SLURM_GPUS_PER_TASK", "SLURM_TRES_PER_TASK"))
    share = (0, 1) if bound else (local, per_node[node])
    return Cluster(addresses, index, tf_config(addresses, index), *share)


_SRUN = "Start the tasks with `srun`, or set TF_CONFIG."


def _nodes(text: str) -> Iterator[str]:
    """Yields the hosts of a list such as `gpu[01-03,07],login`."""
    for part in re.findall(r"[^,\[\]]+(?:\[[^\]]*\])?|.", text):
        match = re.fullmatch(r"([A-Za-z0-9._-]+)(?:\[([0-9,-]+)\])?", part)
        if part == ",":
            continue
        if match is None:
            raise ValueError(f"no list of hosts: {text!r}")
        name, ranges = match.groups()
        if ranges is None:
            yield name
            continue
        for piece in ranges.split(","):
            first, _, last = piece.partition("-")
            for number in range(int(first), int(last or first) + 1):
                yield f"{name}{number:0{len(first)}d}"


def _tasks_per_node(text: str) -> Iterator[int]:
    """Yields the number of tasks on each node of a list such as `2(x3),1`."""
    for part in text.split(","):
        match = re.fullmatch(r"([0-9]+)(?:\(x([0-9]+)\))?", part)
        if match is None:
            raise ValueError(f"no numbers of tasks: {text!r}")
        yield from [int(match[1])] * int(match[2] or 1)
