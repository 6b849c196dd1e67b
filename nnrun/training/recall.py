"""The trained network of a run, run once more over one of its splits."""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nnrun.config.experiment import Experiment
from nnrun.config.load import load_experiment
from nnrun.config.problems import ConfigError
from nnrun.data.labelled import Labelled, load_labelled
from nnrun.data.new_data import load_new
from nnrun.data.splits import Split, SplitName, Splits
from nnrun.errors import DataError, UsageError
from nnrun.rundir.reading import Run
from nnrun.training.resuming import stored_preprocessing
from nnrun.training.startup import import_tensorflow, output_to

Weights = Literal["best", "last"]


@dataclass(frozen=True, slots=True)
class Recall:
    """What the network of a run says about one of its splits, or about new data.

    Args:
        experiment: The run's resolved config.
        labelled: The data, loaded again and preprocessed as in training.
        split_name: Which split was asked for, or chosen.
        split: That split.
        predictions: Outputs of the network, shape `(samples, ...)`.
        metrics: The compiled loss and metrics by name, `loss` first.
        data_changed: Whether the data are not those that the run was trained on.
        data: The file or folder of the new data; None for those of the run.
    """

    experiment: Experiment
    labelled: Labelled
    split_name: SplitName
    split: Split
    predictions: NDArray[np.float32]
    metrics: dict[str, float]
    data_changed: bool
    data: Path | None = None

    @property
    def splits(self) -> Splits:
        """The data as the network sees them."""
        return self.labelled.splits


def recall(
    run: Run, split: SplitName | None, weights: Weights, device: str = "auto", data: Path | None = None
) -> Recall:
    """Loads data and network of a run and predicts.

    Args:
        run: The run.
        split: Which split; by default the test split, else the validation split, else the training split.
        weights: Those of the best epoch, or of the last one.
        device: `auto`, `cpu`, `gpu` or `gpu:N`.
        data: New labelled data of the same kind to use instead of the run's; there is no split to choose then.

    Raises:
        DataError: The run has no such split or weights, or its data are gone.
        ConfigError: The run's config cannot be used any more.
        UsageError: The run's data are in no file that others could take the place of.
    """
    run.model_path(weights)  # before anything is loaded
    labelled, chosen = _labelled(run, split, data)
    return recall_on(run, labelled, chosen, weights, device, data)


def recall_on(
    run: Run,
    labelled: Labelled,
    split: SplitName | None,
    weights: Weights,
    device: str = "auto",
    data: Path | None = None,
) -> Recall:
    """Predicts for data that are loaded already; see `recall`.

    Args:
        run: The run.
        labelled: Its data, or new ones.
        split: Which split; by default the test split, else the validation split, else the training split.
        weights: Those of the best epoch, or of the last one.
        device: `auto`, `cpu`, `gpu` or `gpu:N`.
        data: Where new data come from.
    """
    model_file = run.model_path(weights)
    loaded = load_experiment(run.resolved_path)
    experiment = loaded.experiment
    splits = labelled.splits
    chosen = split or default_split(splits)
    samples = splits.get(chosen)
    if samples is None:
        present = [name for name in ("train", "validation", "test") if splits.get(name) is not None]
        raise DataError(f"run {run.id} has no {chosen} split", f"It has: {', '.join(present)}.")
    with _tensorflow(device):
        from nnrun.training.inference import infer, load_network

        try:
            model = load_network(loaded, model_file, samples.x.shape[1:], str(samples.x.dtype))
        except (ConfigError, DataError):
            if data is not None:
                _compare_shapes(data, samples.x.shape[1:], model_file)
            raise
        fit = experiment.fit
        inference = infer(model, samples, fit.validation_batch_size or fit.batch_size)
    trained_on = (run.record.get("data") or {}).get("fingerprint")
    return Recall(
        experiment,
        labelled,
        chosen,
        samples,
        inference.predictions,
        inference.metrics,
        data_changed=data is None and trained_on is not None and trained_on != splits.fingerprint,
        data=data,
    )


def respond(run: Run, x: NDArray[Any], weights: Weights, device: str = "auto") -> NDArray[np.float32]:
    """Returns what the network of a run says about inputs that are in no split.

    Args:
        run: The run.
        x: Inputs as the network sees them, shape `(samples, ...)`.
        weights: Those of the best epoch, or of the last one.
        device: `auto`, `cpu`, `gpu` or `gpu:N`.

    Returns:
        Its outputs, shape `(samples, ...)`.

    Raises:
        DataError: The run has no such weights.
        ConfigError: The run's config cannot be used any more.
    """
    model_file = run.model_path(weights)
    loaded = load_experiment(run.resolved_path)
    with _tensorflow(device):
        from nnrun.training.inference import load_network
        from nnrun.training.predicting import Predictor, fitting_batch_size

        model = load_network(loaded, model_file, x.shape[1:], str(x.dtype))
        return Predictor(model, fitting_batch_size(model, loaded.experiment.fit.batch_size))(x)


@contextmanager
def _tensorflow(device: str) -> Iterator[None]:
    """Has TensorFlow loaded, with what it prints out of the way."""
    with tempfile.TemporaryDirectory(prefix="nnrun-") as folder, output_to(Path(folder) / "tensorflow.log"):
        import_tensorflow(device)
        yield


def _labelled(run: Run, split: SplitName | None, data: Path | None) -> tuple[Labelled, SplitName | None]:
    loaded = load_experiment(run.resolved_path)
    section, loss = loaded.experiment.dataset, loaded.experiment.compile.loss
    preprocessing = stored_preprocessing(run)
    if data is None:
        return load_labelled(section, loss, loaded.seed, preprocessing), split
    if split is not None:
        raise UsageError("--split and --data were both given", "New data are evaluated as a whole.")
    return load_new(section, data, loss, loaded.seed, preprocessing)


def _compare_shapes(data: Path, shape: tuple[int, ...], model_file: Path) -> None:
    """Tells whether samples of another shape are the reason why a network cannot be loaded for them.

    Raises:
        DataError: They are.
    """
    try:
        with zipfile.ZipFile(model_file) as archive:
            built = json.loads(archive.read("config.json"))["build_config"]["input_shape"]
    except (OSError, zipfile.BadZipFile, ValueError, KeyError, TypeError):
        return  # the reason is the file itself, which the caller tells
    expected = tuple(built[1:])
    if expected != shape:
        raise DataError(
            f"the samples of {data} have the shape {shape}, and the network was trained on {expected}",
            "Give data of the same shape.",
        )


def default_split(splits: Splits) -> SplitName:
    """Returns the split that says most about a network: test, else validation, else train."""
    if splits.test is not None:
        return "test"
    return "train" if splits.validation is None else "validation"
