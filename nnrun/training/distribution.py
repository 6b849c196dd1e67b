"""Starting a `tf.distribute` strategy: its devices, and the other processes.

TensorFlow must not have run anything in this process before, and Keras must be imported (`nnrun.training.startup`).
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from nnrun.config.experiment import DistributeSection
from nnrun.errors import EnvironmentFault, Interrupted
from nnrun.interrupts import Interrupts
from nnrun.training.cluster import Cluster
from nnrun.training.rendezvous import meet

JOIN_SECONDS = 120.0
"""How long TensorFlow may take to join workers that are all there; then this process ends."""


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
    section: DistributeSection,
    device: str,
    cluster: Cluster | None,
    facts: Mapping[str, Any],
    interrupts: Interrupts,
) -> Distribution:
    """Starts the strategy of a config.

    A second training of this process gets the strategy of the first: TensorFlow numbers what devices tell each other
    by strategy, and two that begin to count at 1 take each other's messages.

    Args:
        section: The section `distribute`, with a strategy.
        device: `auto`, `cpu` or `gpu`; see `nnrun.training.cluster.check_device_fits`.
        cluster: All processes, for `multi_worker`.
        facts: What has to be the same for all of them, see `nnrun.training.rendezvous.meet`.
        interrupts: Tells of Ctrl-C and SIGTERM, also while it waits for other processes.

    Raises:
        EnvironmentFault: There are too few devices, or the other processes do not come, or differ.
    """
    wanted = (section.strategy, section.devices, device)
    if wanted not in _STARTED:
        if _STARTED:
            raise EnvironmentFault(
                "TensorFlow cannot change its devices once it runs, and an earlier config of this command used others",
                "Train this config with a command of its own.",
            )
        _STARTED[wanted] = _start(section, device, cluster, facts, interrupts)
    return _STARTED[wanted]


_STARTED: dict[tuple[str, int | None, str], Distribution] = {}
"""What runs in this process, at most one, by what was asked for."""


def _start(
    section: DistributeSection,
    device: str,
    cluster: Cluster | None,
    facts: Mapping[str, Any],
    interrupts: Interrupts,
) -> Distribution:
    kind, count = _choose_devices(section, device, cluster)
    if cluster is None:
        strategy = tf.distribute.MirroredStrategy([f"{kind}:{number}" for number in range(count)])
        return Distribution(section.strategy, strategy, kind)

    def check() -> None:
        interrupts.raise_if_requested()
        if cluster.is_orphan:
            raise Interrupted(signal.SIGTERM)

    meet(cluster, facts, section.wait_seconds, check)
    return Distribution(section.strategy, _join(cluster, interrupts), kind, cluster)


def _choose_devices(section: DistributeSection, device: str, cluster: Cluster | None) -> tuple[str, int]:
    """Makes the devices of this process visible to TensorFlow.

    Returns:
        `CPU` or `GPU`, and how many there are.
    """
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
def _unchanged(kind: str, count: int) -> Iterator[None]:
    """Lets it pass that TensorFlow runs already, if the devices are there."""
    try:
        yield
    except RuntimeError as error:
        if len(tf.config.list_logical_devices(kind)) < count:
            raise EnvironmentFault(
                f"TensorFlow runs in this process already, and cannot be given {count} devices any more",
                "Train this config with a command of its own.",
            ) from error


def _join(cluster: Cluster, interrupts: Interrupts) -> tf.distribute.Strategy:
    """Starts TensorFlow's part of a cluster, whose workers have met just before.

    Raises:
        EnvironmentFault: It cannot be started.
    """
    os.environ["TF_CONFIG"] = cluster.tf_config
    # TensorFlow waits for ever for a worker that ended since, and lets nothing else of this process run meanwhile.
    faulthandler.dump_traceback_later(JOIN_SECONDS, exit=True, file=2)
    try:
        return tf.distribute.MultiWorkerMirroredStrategy()
    except tf.errors.OpError as error:
        raise EnvironmentFault(
            f"{cluster.name(cluster.index).capitalize()} cannot join the others: {error}",
            f"Check that no other process uses the port of {cluster.addresses[cluster.index]}.",
        ) from error
    except RuntimeError as error:
        raise EnvironmentFault(
            f"TensorFlow runs in this process already, and cannot join other workers any more: {error}",
            "Train this config with a command of its own.",
        ) from error
    finally:
        faulthandler.cancel_dump_traceback_later()
        # It takes SIGTERM for itself, to tell other workers of it, and forgets to end then.
        interrupts.reinstall()
