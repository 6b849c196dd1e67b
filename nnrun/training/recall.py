"""The trained network of a run, run once more over one of its splits."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nnrun.config.experiment import Experiment
from nnrun.config.load import load_experiment
from nnrun.data.loading import load_splits
from nnrun.data.splits import Split, SplitName, Splits
from nnrun.errors import DataError
from nnrun.rundir.reading import Run
from nnrun.training.resuming import stored_preprocessing
from nnrun.training.startup import import_tensorflow, output_to


@dataclass(frozen=True, slots=True)
class Recall:
    """What the network of a run says about one of its splits.

    Args:
        experiment: The run's resolved config.
        splits: The data, loaded again and preprocessed as in training.
        split_name: Which split was asked for, or chosen.
        split: That split.
        predictions: Outputs of the network, shape `(samples, ...)`.
        metrics: The compiled loss and metrics by name, `loss` first.
        data_changed: Whether the data are not those that the run was trained on.
    """

    experiment: Experiment
    splits: Splits
    split_name: SplitName
    split: Split
    predictions: NDArray[np.float32]
    metrics: dict[str, float]
    data_changed: bool


def recall(
    run: Run, split: SplitName | None, weights: Literal["best", "last"], device: str = "auto"
) -> Recall:
    """Loads data and network of a run and predicts.

    Args:
        run: The run.
        split: Which split; by default the test split, else the validation split, else the training split.
        weights: Those of the best epoch, or of the last one.
        device: `auto`, `cpu`, `gpu` or `gpu:N`.

    Raises:
        DataError: The run has no such split or weights, or its data are gone.
        ConfigError: The run's config cannot be used any more.
    """
    model_file = run.model_path(weights)
    loaded = load_experiment(run.resolved_path)
    experiment = loaded.experiment
    splits = load_splits(experiment.dataset, experiment.compile.loss, loaded.seed, stored_preprocessing(run))
    chosen = split or _default_split(splits)
    samples = splits.get(chosen)
    if samples is None:
        present = [name for name in ("train", "validation", "test") if splits.get(name) is not None]
        raise DataError(f"run {run.id} has no {chosen} split", f"It has: {', '.join(present)}.")
    with tempfile.TemporaryDirectory(prefix="nnrun-") as folder, output_to(Path(folder) / "tensorflow.log"):
        import_tensorflow(device)
        from nnrun.training.inference import infer, load_network

        model = load_network(loaded, model_file, samples.x.shape[1:], str(samples.x.dtype))
        fit = experiment.fit
        inference = infer(model, samples, fit.validation_batch_size or fit.batch_size)
    trained_on = (run.record.get("data") or {}).get("fingerprint")
    return Recall(
        experiment,
        splits,
        chosen,
        samples,
        inference.predictions,
        inference.metrics,
        data_changed=trained_on is not None and trained_on != splits.fingerprint,
    )


def _default_split(splits: Splits) -> SplitName:
    if splits.test is not None:
        return "test"
    return "train" if splits.validation is None else "validation"
