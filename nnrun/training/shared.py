"""What trainings of one process that follow each other have in common, so that it is done once.

The folds of a cross-validation divide the same data, and train the same network from the same first weights: the data
are read once, and where the sizes of the splits agree, the network is built and its graphs are traced once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nnrun.config.datasets import Dataset
from nnrun.config.keras_object import KerasObject
from nnrun.config.labels import label_form
from nnrun.data.loading import make_splits
from nnrun.data.preprocessing import Preprocessing
from nnrun.data.raw import RawData
from nnrun.data.sources import source_of
from nnrun.data.splits import Splits

if TYPE_CHECKING:
    import keras

    from nnrun.training.batches import DeviceData
    from nnrun.training.engine import Engine
    from nnrun.training.snapshot import Snapshot


@dataclass(slots=True)
class _Network:
    """A network whose graphs are traced.

    Args:
        engine: What trains it, or did.
        initial: Its state before it was trained.
        layout: What has to be the same for its graphs to be used again.
    """

    engine: Engine
    initial: Snapshot
    layout: Any


@dataclass(slots=True)
class Shared:
    """Data and network of trainings whose configs differ in nothing but the split, the epochs and the callbacks.

    The second one has the bits that it would have alone: everything that training changes, but for the metrics, which
    every epoch begins anew, is in the variables of the model and its optimizer.

    Args:
        raw: The data as they were found; None until they are loaded.
    """

    raw: RawData | None = None
    _network: _Network | None = None
    _layout: Any = None

    @property
    def model(self) -> keras.Sequential | None:
        """The network that was trained last, as it is now; None before there is one."""
        if self._network is None:
            return None
        model: keras.Sequential = self._network.engine.model
        return model

    def splits(
        self, dataset: Dataset, loss: KerasObject, seed: int, preprocessing: Preprocessing | None = None
    ) -> Splits:
        """Does what `nnrun.data.loading.load_splits` does, and reads the data only the first time."""
        if self.raw is None:
            self.raw = source_of(dataset).load(dataset, seed)
        return make_splits(self.raw, dataset, label_form(loss), seed, preprocessing)

    def model_for(self, jit_compile: bool, *data: DeviceData | None) -> keras.Sequential | None:
        """Returns the network of the training before, with its first weights.

        Args:
            jit_compile: Whether XLA is to compile the graphs.
            data: The splits that it is to be trained on and validated on.

        Returns:
            None where there is no such network, or its graphs do not fit; the memory of that one is freed.
        """
        self._layout = (jit_compile, *map(_layout, data))
        if self._network is None or self._network.layout != self._layout:
            self._network = None
            return None
        from nnrun.training.snapshot import restore

        model: keras.Sequential = self._network.engine.model
        restore(model, self._network.initial)
        return model

    def give_graphs(self, engine: Engine) -> bool:
        """Gives an engine the graphs of its model; returns whether there were any."""
        if self._network is None:
            return False
        engine.take_over(self._network.engine)
        return True

    def keep(self, engine: Engine) -> None:
        """Keeps a prepared engine, whose model is not trained yet."""
        from nnrun.training.snapshot import take

        initial = take(engine.model) if self._network is None else self._network.initial
        self._network = _Network(engine, initial, self._layout)


def _layout(data: DeviceData | None) -> Any:
    """Returns what the graphs over some data depend on."""
    if data is None:
        return None
    shapes = tuple((tuple(one.shape), one.dtype.name) for one in data.example().tensors)
    return type(data).__name__, data.samples, data.batch_size, shapes
