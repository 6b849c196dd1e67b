"""Starting a `tf.distribute` strategy: its devices, and the other processes.

TensorFlow must not have run anything in this process before, and Keras must be imported (`nnrun.training.startup`).
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from nnrun.config.experiment import DistributeSection
from nnrun.errors import EnvironmentFault, Interrupted, UsageError
from nnrun.interrupts import Interrupts
from nnrun.training.cluster import Cluster


@dataclass(frozen=True, slots=True)
class Distribution:
    """A strategy that has started.

    Args:
        name: `mirrored` or `multi_worker`.
        strategy: The strategy.
        kind: `CPU` or `GPU`.
        cluster: All processes; None where this is the only one.
    """

    name: str
    strategy: tf.distribute.Strategy
    kind: str
    cluster: Cluster | None = None

    @property
    def replicas(self) -> int:
        """How many devices train, in all processes together."""
        return int(self.strategy.num_replicas_in_sync)

    @property
    def workers(self) -> int:
        """How many processes train."""
        return 1 if self.cluster is None else self.cluster.workers

    @property
    def is_chief(self) -> bool:
        """Whether this process shows the progress and writes the run directory."""
        return self.cluster is None or self.cluster.is_chief

    @property
    def device(self) -> str:
        """What it trains on, for people: `CPU x 2`, or `GPU x 8, 2 workers`."""
        return f"{self.kind} x {self.replicas}" + (f", {self.workers} workers" if self.cluster else "")

    def facts(self) -> dict[str, Any]:
        """Returns what the record of a run says about it."""
        return {"strategy": self.name, "replicas": self.replicas, "workers": self.workers}


def start(
    section: DistributeSection, device: str, cluster: Cluster | None, interrupts: Interrupts
) -> Distribution:
    """Starts the strategy of a config.

    A second training of this process gets the strategy of the first: TensorFlow numbers what devices tell each other
    by strategy, and two that begin to count at 1 take each other's messages.

    Args:
        section: The section `distribute`, with a strategy.
        device: `auto`, `cpu` or `gpu`.
        cluster: All processes, for `multi_worker`.
        interrupts: Tells of Ctrl-C and SIGTERM, also while it waits for other processes.

    Raises:
        UsageError: `device` is one single GPU.
        EnvironmentFault: There are too few devices, or the other processes cannot be reached.
    """
    wanted = (section.strategy, section.devices, device)
    if wanted not in _STARTED:
        if _STARTED:
            raise EnvironmentFault(
                "TensorFlow cannot change its devices once it runs, and an earlier config of this command used others",
                "Train this config with a command of its own.",
            )
        _STARTED[wanted] = _start(section, device, cluster, interrupts)
    return _STARTED[wanted]


_STARTED: dict[tuple[str, int | None, str], Distribution] = {}
"""What runs in this process, at most one, by what was asked for."""


def _start(
    section: DistributeSection, device: str, cluster: Cluster | None, interrupts: Interrupts
) -> Distribution:
    kind, count = _choose_devices(section, device, cluster)
    if cluster is None:
        strategy = tf.distribute.MirroredStrategy([f"{kind}:{number}" for number in range(count)])
        return Distribution(section.strategy, strategy, kind)
    strategy = _join(cluster, section.wait_seconds, interrupts)
    return Distribution(section.strategy, strategy, kind, cluster)


def _choose_devices(section: DistributeSection, device: str, cluster: Cluster | None) -> tuple[str, int]:
    """Makes the devices of this process visible to TensorFlow.

    Returns:
        `CPU` or `GPU`, and how many there are.
    """
    if device.startswith("gpu:"):
        raise UsageError(
            f"--device {device} is a single device, and the config says distribute.strategy {section.strategy}.",
            "Give --device gpu, and the number of GPUs as distribute.devices.",
        )
    found = [] if device == "cpu" else tf.config.list_physical_devices("GPU")
    mine = found if cluster is None else found[cluster.local_index :: cluster.local_workers]
    if device == "gpu" and not mine:
        whose = f", for {cluster.local_workers} workers" if cluster and cluster.local_workers > 1 else ""
        raise EnvironmentFault(
            f"--device gpu: TensorFlow sees {len(found) or 'no'} GPU{'s' if len(found) > 1 else ''}{whose}.",
            "See `nnrun doctor`; on Linux, `pip install nnrun[gpu]` brings CUDA.",
        )
    # Workers on one machine either have a GPU each, or all use its processor.
    if mine and (cluster is None or len(found) >= cluster.local_workers):
        count = section.devices or len(mine)
        if count > len(mine):
            raise EnvironmentFault(
                f"distribute.devices is {count}, and this process has {len(mine)} GPU{'s' if len(mine) > 1 else ''}.",
                "Lower it, or leave it out to use all GPUs.",
            )
        with _unchanged("GPU", count):
            tf.config.set_visible_devices(mine[:count], "GPU")
            for gpu in mine[:count]:
                # Otherwise TensorFlow takes all of the memory, also for a tiny model.
                tf.config.experimental.set_memory_growth(gpu, enable=True)
        return "GPU", count
    count = section.devices or 1
    if cluster is not None and count > 1:
        raise EnvironmentFault(
            f"distribute.devices is {count}, and this worker has no GPU: its processor is a single device.",
            "Leave it out, and start more workers.",
        )
    with _unchanged("CPU", count):
        tf.config.set_visible_devices([], "GPU")
        if count > 1:
            (processor,) = tf.config.list_physical_devices("CPU")
            parts = [tf.config.LogicalDeviceConfiguration() for _ in range(count)]
            tf.config.set_logical_device_configuration(processor, parts)
    return "CPU", count


@contextlib.contextmanager
def _unchanged(kind: str, count: int) -> Any:
    """Lets it pass that TensorFlow runs already, if the devices are there."""
    try:
        yield
    except RuntimeError as error:
        if len(tf.config.list_logical_devices(kind)) < count:
            raise EnvironmentFault(
                f"TensorFlow runs in this process already, and cannot be given {count} devices any more",
                "Train this config with a command of its own.",
            ) from error


def _join(cluster: Cluster, seconds: float, interrupts: Interrupts) -> tf.distribute.Strategy:
    """Waits until all workers are there.

    TensorFlow would wait for ever, and not let Python handle a signal meanwhile; so it waits in another thread. It
    also takes SIGTERM for itself, to tell other workers of it, and forgets to end then.
    """
    os.environ["TF_CONFIG"] = cluster.tf_config
    done: list[tf.distribute.Strategy | BaseException] = []

    def begin() -> None:
        try:
            done.append(tf.distribute.MultiWorkerMirroredStrategy())
        except BaseException as error:
            done.append(error)

    threading.Thread(target=begin, name="nnrun-join", daemon=True).start()
    waited_since = time.monotonic()
    while not done:
        interrupts.reinstall()
        interrupts.raise_if_requested()
        if cluster.is_orphan:
            raise Interrupted(signal.SIGTERM)
        if time.monotonic() - waited_since > seconds:
            others = [address for index, address in enumerate(cluster.addresses) if index != cluster.index]
            raise EnvironmentFault(
                f"{cluster.name(cluster.index).capitalize()} waited {seconds:g} seconds for the others:"
                f" {', '.join(others[:8])}{', …' if len(others) > 8 else ''}",
                "Start every worker with the same config, and check that they reach each other; distribute.wait_seconds"
                " says how long to wait.",
            )
        time.sleep(0.05)
    interrupts.reinstall()
    if isinstance(done[0], BaseException):
        raise _not_joined(cluster, done[0]) from done[0]
    return done[0]


def _not_joined(cluster: Cluster, error: BaseException) -> EnvironmentFault:
    own = cluster.addresses[cluster.index]
    if "Could not start gRPC server" in str(error):
        return EnvironmentFault(
            f"{cluster.name(cluster.index).capitalize()} cannot listen at {own}: {error}",
            "Another process uses the port, or the address is not one of this machine.",
        )
    if isinstance(error, RuntimeError) and "program startup" in str(error):
        return EnvironmentFault(
            "TensorFlow runs in this process already, and cannot join other workers any more",
            "Train this config with a command of its own.",
        )
    return EnvironmentFault(f"The workers cannot be joined: {type(error).__name__}: {error}")
