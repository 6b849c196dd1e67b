"""A split that is read in pieces: the batches of an epoch, each of them once and in its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnrun.data.rows import MappedRows
from nnrun.data.scaling import Scaling

pytestmark = pytest.mark.tensorflow

SCALING = Scaling("unit", (0.0,), (255.0,))


def batches(data: Any, order: Any) -> list[tuple[Any, ...]]:
    """Returns what the graph would gather from the feeds of an epoch, batch by batch."""
    found = []
    for feed in data.feeds(order):
        assert feed.first == len(found)
        assert feed.steps == -(-feed.rows // data.batch_size)
        places = feed.order.numpy()
        for start in range(0, feed.rows, data.batch_size):
            rows = places[start : min(start + data.batch_size, feed.rows)]
            found.append(tuple(tensor.numpy()[rows] for tensor in feed.tensors))
    return found


@pytest.mark.parametrize("in_file", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    ("samples", "batch_size", "piece_steps"),
    [(100, 7, 3), (96, 8, 4), (50, 1, 20), (5, 10, 1), (64, 8, 8), (1, 1, 1)],
)
def test_every_sample_is_in_its_batch(
    tmp_path: Path, in_file: bool, weighted: bool, samples: int, batch_size: int, piece_steps: int
) -> None:
    """In two epochs, in other orders, from a file and from memory."""
    from nnrun.training.streaming import StreamedData

    random = np.random.default_rng(samples)
    images = random.integers(0, 256, (samples + 20, 3, 2, 1)).astype(np.uint8)
    chosen = random.permutation(samples + 20)[:samples]
    expected = SCALING.apply(images[chosen])
    x: Any = expected
    if in_file:
        np.save(tmp_path / "x.npy", images)
        mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
        x = MappedRows(mapped, chosen, SCALING.apply, SCALING.apply_to_bytes)
    others = [random.normal(size=(samples, 2)).astype(np.float32), random.random(samples).astype(np.float32)]
    arrays = (x, *others[: 1 + weighted])
    data = StreamedData(arrays, samples, batch_size, piece_steps)
    for _ in range(2):
        order = random.permutation(samples).astype(np.int32)
        received = batches(data, order)
        assert len(received) == data.steps
        for number, batch in enumerate(received):
            rows = order[number * batch_size : (number + 1) * batch_size]
            for one, other in zip(batch, (expected, *others[: 1 + weighted]), strict=True):
                np.testing.assert_array_equal(one, other[rows])


def test_a_failure_to_read_is_an_error_of_the_epoch() -> None:
    """Not of a thread that nobody asks."""
    from nnrun.training.streaming import StreamedData

    def broken(raw: Any, out: Any) -> None:
        raise OSError("the disk is gone")

    x: Any = MappedRows(np.zeros((40, 3), np.uint8), np.arange(40), SCALING.apply, broken)
    data = StreamedData((x, np.zeros((40, 1), np.float32)), 40, 4, 2)
    with pytest.raises(OSError, match="the disk is gone"):
        list(data.feeds(np.arange(40, dtype=np.int32)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16, np.int32, np.int64, np.uint8])
def test_a_tensor_sees_what_its_buffer_has(dtype: Any) -> None:
    """The memory is the same on a processor, and begins where TensorFlow wants it."""
    from nnrun.training.buffers import Buffer

    for size in (1, 3, 1000):
        buffer = Buffer((size, 5), np.dtype(dtype))
        assert not buffer.on_device().numpy().any()
        buffer.array[:] = np.arange(size * 5).reshape(size, 5) % 100
        np.testing.assert_array_equal(buffer.on_device().numpy(), buffer.array)
        assert buffer.array.ctypes.data % 64 == 0
