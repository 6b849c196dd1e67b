"""The callback TensorBoard writes what `metrics.csv` has, once, whatever happens to the training."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnrun.rundir.event_files import cut_back, event_folders
from nnrun.rundir.reading import Run
from tests.test_resume import Lab, When, at_end_of, in_epoch, lab, single_batches

__all__ = ["lab", "single_batches"]

BOARD = "fit.callbacks=[{TensorBoard: {histogram_freq: 1, update_freq: batch}}]"


def read(folder: Path) -> Any:
    """What TensorBoard's own reader finds in a folder of event files, all of it."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    reader = EventAccumulator(str(folder), size_guidance={"tensors": 0})
    reader.Reload()
    return reader


def scalars(reader: Any, tag: str) -> list[tuple[int, float]]:
    """The steps and values of a tag."""
    from tensorboard.util.tensor_util import make_ndarray

    return [(event.step, float(make_ndarray(event.tensor_proto))) for event in reader.Tensors(tag)]


def expected(run: Run, metric: str) -> list[tuple[int, float]]:
    """What `metrics.csv` has of a metric, as TensorBoard counts epochs and stores numbers."""
    return [(int(row["epoch"] or 0) - 1, float(np.float32(row[metric] or 0.0))) for row in run.metrics]


def assert_complete(run: Run, steps: int) -> None:
    """Fails unless each epoch and each batch is there once, with the right numbers."""
    train, validation = (read(run.path / "tensorboard" / name) for name in ("train", "validation"))
    for metric in ("loss", "accuracy"):
        assert scalars(train, f"epoch_{metric}") == expected(run, metric)
        assert scalars(validation, f"epoch_{metric}") == expected(run, f"val_{metric}")
        batches = [step for step, _ in scalars(train, f"batch_{metric}")]
        assert batches == list(range(1, run.epochs * steps + 1))
    assert scalars(train, "epoch_learning_rate") == expected(run, "learning_rate")
    histograms = [tag for tag in train.Tags()["tensors"] if tag.endswith("/histogram")]
    assert len(histograms) == 8  # two kernels, two biases, four of the normalisation
    for tag in histograms:
        assert [event.step for event in train.Tensors(tag)] == list(range(run.epochs))
    by_iteration = [step for step, _ in scalars(validation, "evaluation_loss_vs_iterations")]
    assert by_iteration == [steps * (epoch + 1) for epoch in range(run.epochs)]


@pytest.mark.tensorflow
@pytest.mark.usefixtures("single_batches")
@pytest.mark.parametrize(
    "stops",
    [
        pytest.param([], id="never"),
        pytest.param([in_epoch(3, 2)], id="middle of an epoch"),
        pytest.param([in_epoch(2, 5), in_epoch(2, 2), at_end_of(4)], id="three times"),
    ],
)
def test_event_files_hold_the_metrics_once(lab: Lab, stops: Sequence[When]) -> None:
    """Scalars of epochs and batches and histograms are complete, also of a training that was interrupted."""
    run = lab.train(BOARD, "fit.epochs=5", stop=stops[0] if stops else None)
    for stop in (*stops[1:], None)[: len(stops)]:
        # TensorBoard's reader takes files of one second and one process in the order of text, `.10` before `.9`.
        time.sleep(1 - time.time() % 1)
        run = lab.resume(run, stop=stop)
    assert run.status == "completed"
    assert_complete(run, steps=7)
    assert read(run.path / "tensorboard" / "train").Tags()["graph"]


@pytest.mark.tensorflow
@pytest.mark.usefixtures("single_batches")
def test_epochs_after_the_checkpoint_are_not_doubled(lab: Lab) -> None:
    """After a kill, the event files are ahead of the checkpoint: what will be trained again is cut off."""
    import shutil

    run = lab.train(BOARD, "fit.epochs=3")
    killed = lab.folder / "runs" / "resumed" / "20260101-000000-abcd"
    shutil.copytree(run.path, killed)
    longer = lab.resume(run, "fit.epochs=5")
    # The checkpoint of the third epoch, and events of five.
    for name in ("train", "validation"):
        shutil.copytree(longer.path / "tensorboard" / name, killed / "tensorboard" / name, dirs_exist_ok=True)
    again = lab.resume(Run.read(killed), "fit.epochs=4")
    assert_complete(again, steps=7)


@pytest.mark.tensorflow
def test_a_graph_only_where_it_is_wanted(lab: Lab) -> None:
    """`write_graph: false` leaves out the graph and the network."""
    run = lab.train("fit.callbacks=[{TensorBoard: {write_graph: false, log_dir: logs/a}}]", "fit.epochs=1")
    assert [str(folder.relative_to(run.path)) for folder in event_folders(run.path)] == [
        "logs/a/train",
        "logs/a/validation",
    ]
    tags = read(run.path / "logs" / "a" / "train").Tags()
    assert not tags["graph"]
    assert "keras" not in tags["tensors"]


def write_events(file: Path, *events: tuple[str, int]) -> list[int]:
    """Writes an event file with tags and steps; returns where each record ends."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.summary.writer.record_writer import RecordWriter

    file.parent.mkdir(parents=True, exist_ok=True)
    ends = []
    with file.open("wb") as stream:
        writer = RecordWriter(stream)
        for tag, step in events:
            event = Event(step=step) if tag else Event(file_version="brain.Event:2")
            if tag:
                event.summary.value.add(tag=tag, simple_value=step)
            writer.write(event.SerializeToString())
            ends.append(stream.tell())
    return ends


def epochs(first: int, last: int) -> Iterator[tuple[str, int]]:
    """What is written of epochs with two batches each: batches, metrics, a histogram."""
    for epoch in range(first, last + 1):
        yield from [("batch_loss", 2 * epoch - 1), ("batch_loss", 2 * epoch)]
        yield from [("epoch_loss", epoch - 1), ("dense/kernel/histogram", epoch - 1)]


@pytest.mark.parametrize(("kept", "records"), [(0, 0), (1, 5), (2, 9), (3, 13), (9, 13)])
def test_records_of_later_epochs_go(tmp_path: Path, kept: int, records: int) -> None:
    """Batches stand before their epoch, whose number alone is counted."""
    file = tmp_path / "tensorboard" / "train" / "events.out.tfevents.1.host.1.0.v2"
    ends = write_events(file, ("", 0), *epochs(1, 3))
    before = file.read_bytes()
    cut_back(tmp_path, kept)
    assert file.read_bytes() == before[: [0, *ends][records]]


def test_files_of_later_epochs_go(tmp_path: Path) -> None:
    """A training that was continued before has several files, in the order of the numbers in their names."""
    folder = tmp_path / "logs" / "train"
    names = [f"events.out.tfevents.{begun}.v2" for begun in ("100.host.1.9", "100.host.1.10", "300.host.1.0")]
    first = write_events(folder / names[0], ("", 0), ("keras", 0), *epochs(1, 2))
    second = write_events(folder / names[1], ("", 0), ("keras", 0), *epochs(3, 5))
    write_events(folder / names[2], *epochs(6, 7))
    cut_back(tmp_path, 4)
    assert {file.name for file in folder.iterdir()} == set(names[:2])
    assert (folder / names[0]).stat().st_size == first[-1]
    assert (folder / names[1]).stat().st_size == second[9]


def test_a_torn_record_goes(tmp_path: Path) -> None:
    """What a killed process left half written is no event."""
    file = tmp_path / "tensorboard" / "train" / "events.out.tfevents.1.host.1.0.v2"
    ends = write_events(file, ("", 0), *epochs(1, 2))
    with file.open("ab") as stream:
        stream.write(b"\x30\x00\x00\x00\x00\x00\x00\x00torn")
    cut_back(tmp_path, 5)
    assert file.stat().st_size == ends[-1]
    file.write_bytes(b"\xff" * 100)
    cut_back(tmp_path, 5)
    assert file.read_bytes() == b""


def test_a_run_without_event_files_is_left_alone(tmp_path: Path) -> None:
    """Most runs have none."""
    (tmp_path / "metrics.csv").write_text("epoch\n")
    cut_back(tmp_path, 1)
    assert event_folders(tmp_path) == []
