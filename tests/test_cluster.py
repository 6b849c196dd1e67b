"""Which processes train together is read from the environment, and what cannot be is refused by name."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from nnrun.config.experiment import DistributeSection
from nnrun.errors import EnvironmentFault, UsageError
from nnrun.training.cluster import LAUNCHED, Launched, cluster_of, find_cluster, launched, shared_seed

WORKERS = {"worker": ["a:1", "b:2"]}


def tf_config(cluster: Any = WORKERS, kind: Any = "worker", index: Any = 0) -> dict[str, str]:
    """Returns an environment."""
    return {"TF_CONFIG": json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}})}


SLURM = {
    "SLURM_PROCID": "3",
    "SLURM_STEP_NUM_TASKS": "5",
    "SLURM_STEP_NODELIST": "gpu[01-02],login",
    "SLURM_STEP_TASKS_PER_NODE": "2(x2),1",
    "SLURM_JOB_ID": "1251",
    "SLURM_NODEID": "1",
}


def test_nothing_is_said() -> None:
    """Without variables there is no cluster, nor with those that say nothing."""
    assert find_cluster({}) is None
    assert find_cluster({"TF_CONFIG": " "}) is None
    assert find_cluster({"TF_CONFIG": '{"cluster": {}}'}) is None
    assert find_cluster({"SLURM_JOB_ID": "7"}) is None  # a job, but no step of one


def test_workers_of_tf_config() -> None:
    """Without a chief of its own, the first worker is the chief."""
    first, second = find_cluster(tf_config()), find_cluster(tf_config(index=1))
    assert first is not None
    assert second is not None
    assert first.addresses == second.addresses == ("a:1", "b:2")
    assert (first.index, first.is_chief, second.index, second.is_chief) == (0, True, 1, False)
    assert second.name(1) == "worker 1 of 2"


def test_a_chief_comes_before_the_workers() -> None:
    """Number 0 is the task of type chief, and the workers follow."""
    cluster = {"worker": ["b:2", "c:3"], "chief": ["a:1"]}
    worker = find_cluster(tf_config(cluster, index=1))
    assert worker is not None
    assert (worker.addresses, worker.index) == (("a:1", "b:2", "c:3"), 2)
    chief = find_cluster(tf_config(cluster, "chief"))
    assert chief is not None
    assert chief.is_chief


@pytest.mark.parametrize(
    ("environment", "part"),
    [
        ({"TF_CONFIG": "{"}, "is no JSON"),
        ({"TF_CONFIG": "[1]"}, "cluster is None"),
        (tf_config(cluster=["a:1"]), "cluster is"),
        (tf_config({"worker": "a:1"}), "cluster.worker is 'a:1'"),
        (tf_config({"worker": []}), "cluster.worker is []"),
        (tf_config({"worker": ["a"]}), "cluster.worker is ['a']"),
        (tf_config({"worker": ["a:0"]}), "cluster.worker is ['a:0']"),
        (tf_config({"worker": ["a:70000"]}), "cluster.worker is"),
        (tf_config({"worker": ["a:1", "a:1"]}), "same address"),
        (tf_config({"worker": ["a:1"], "ps": ["b:2"]}), "type 'ps'"),
        (tf_config({"chief": ["a:1", "b:2"]}, "chief"), "more than one chief"),
        (tf_config(index=2), "task.index is 2"),
        (tf_config(index="0"), "task.index is '0'"),
        (tf_config(index=True), "task.index is True"),
        (tf_config(kind="evaluator"), "task.type is 'evaluator'"),
        ({"TF_CONFIG": json.dumps({"cluster": WORKERS})}, "task.type is None"),
        (SLURM | {"SLURM_STEP_NODELIST": "gpu[01-"}, "no list of hosts"),
        (SLURM | {"SLURM_STEP_TASKS_PER_NODE": "2x2"}, "no numbers of tasks"),
        (SLURM | {"SLURM_STEP_NUM_TASKS": "6"}, "contradict each other"),
        (SLURM | {"SLURM_PROCID": "5"}, "contradict each other"),
        (SLURM | {"SLURM_PROCID": "x"}, "cannot be read"),
        (SLURM | {"SLURM_NODEID": "2"}, "belongs to node 1"),
        ({name: value for name, value in SLURM.items() if name != "SLURM_PROCID"}, "SLURM_PROCID is not set"),
    ],
)
def test_what_cannot_be_is_refused(environment: dict[str, str], part: str) -> None:
    """The message says which part is wrong, and what was expected."""
    with pytest.raises(EnvironmentFault) as caught:
        find_cluster(environment)
    assert part in caught.value.message
    assert caught.value.advice


def test_tasks_of_slurm() -> None:
    """Addresses follow the nodes of the step; a task knows its place on its node."""
    cluster = find_cluster(SLURM)
    assert cluster is not None
    # Job 1251 is the second of those that begin at port 20000.
    assert cluster.addresses == ("gpu01:20008", "gpu01:20009", "gpu02:20008", "gpu02:20009", "login:20008")
    assert (cluster.index, cluster.local_index, cluster.local_workers) == (3, 1, 2)
    assert json.loads(cluster.tf_config)["task"] == {"type": "worker", "index": 3}


def test_slurm_binds_gpus_itself() -> None:
    """Where SLURM gives each task GPUs of its own, there is nothing to share."""
    cluster = find_cluster(SLURM | {"SLURM_GPUS_PER_TASK": "2"})
    assert cluster is not None
    assert (cluster.local_index, cluster.local_workers) == (0, 1)


def test_tf_config_comes_before_slurm() -> None:
    """Somebody set it on purpose."""
    cluster = find_cluster(SLURM | tf_config())
    assert cluster is not None
    assert cluster.addresses == ("a:1", "b:2")


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("nodes", "per_node", "tasks"),
    [("gpu[01-02],login", "2(x2),1", 5), ("n1", "3", 3), ("a[8-10,12]", "1(x4)", 4)],
)
def test_slurm_is_read_as_tensorflow_reads_it(
    monkeypatch: pytest.MonkeyPatch, nodes: str, per_node: str, tasks: int
) -> None:
    """TensorFlow's resolver finds the same addresses, on nodes whose names are in order."""
    from nnrun.training.startup import import_tensorflow

    import_tensorflow("cpu")
    import tensorflow as tf

    environment = {
        "SLURM_PROCID": "0",
        "SLURM_STEP_NUM_TASKS": str(tasks),
        "SLURM_STEP_NODELIST": nodes,
        "SLURM_STEP_TASKS_PER_NODE": per_node,
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    # It needs a number of GPUs to divide.
    resolver = tf.distribute.cluster_resolver.SlurmClusterResolver(
        port_base=20_000, gpus_per_node=tasks, gpus_per_task=1, auto_set_gpu=False
    )
    cluster = find_cluster(environment)
    assert cluster is not None
    expected = resolver.cluster_spec().as_dict()["worker"]
    assert sorted(cluster.addresses) == sorted(expected)


def test_a_launched_worker_knows_its_launcher() -> None:
    """Seed and run come from the process that started it, and from no other one."""
    told = Launched(os.getppid(), seed=7, run="/runs/x")
    environment = tf_config(index=1) | {LAUNCHED: told.to_json()}
    cluster = find_cluster(environment)
    assert cluster is not None
    assert cluster.launched == told
    assert not cluster.is_orphan
    assert shared_seed(cluster) == 7
    assert (cluster.local_index, cluster.local_workers) == (1, 2)
    stranger = Launched(os.getppid() + 1, seed=7)
    assert launched({LAUNCHED: stranger.to_json()}) is None


def test_workers_that_were_started_by_hand_need_a_seed() -> None:
    """Each would draw its own, and train something else."""
    cluster = find_cluster(tf_config())
    assert cluster is not None
    with pytest.raises(UsageError, match="--seed"):
        shared_seed(cluster)


def test_a_config_that_needs_workers_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the environment names none, the message says how to try it."""
    for name in ("TF_CONFIG", "SLURM_STEP_NUM_TASKS"):
        monkeypatch.delenv(name, raising=False)
    assert cluster_of(DistributeSection(strategy="mirrored")) is None
    with pytest.raises(EnvironmentFault) as caught:
        cluster_of(DistributeSection(strategy="multi_worker"))
    assert "--workers 2" in caught.value.advice
