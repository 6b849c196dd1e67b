"""Predictions of a finished run for raw input, from the run directory alone."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from nnrun.config.load import load_experiment
from nnrun.data.inputs import Batch, Input, Trained, Wanted, open_input
from nnrun.errors import DataError, UsageError
from nnrun.evaluation.predictions.layout import Layout, Shown, as_rows, layout_of
from nnrun.evaluation.predictions.sinks import FORMATS, CsvSink, JsonSink, ParquetSink, Sink, check_names
from nnrun.rundir import atomic
from nnrun.rundir.reading import Run
from nnrun.training.resuming import stored_preprocessing
from nnrun.training.startup import import_tensorflow, output_to

Weights = Literal["best", "last"]

Progress = Callable[[int, float | None], None]
"""Receives how many samples more are done, and how much of the whole."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the user wants.

    Args:
        wanted: The input.
        output: The file to write; None for the standard output.
        json: JSON Lines instead of CSV on the standard output.
        weights: Those of the best epoch, or of the last one.
        shown: How many classes to show for each sample.
        batch_size: Samples per batch; None for what suits the network.
        device: `auto`, `cpu`, `gpu` or `gpu:N`.
    """

    wanted: Wanted
    output: Path | None = None
    json: bool = False
    weights: Weights = "best"
    shown: Shown = None
    batch_size: int | None = None
    device: str = "auto"


@dataclass(frozen=True, slots=True)
class Predicted:
    """What was done.

    Args:
        samples: How many samples were predicted.
        summary: What came out, in a few words.
        notes: Sentences that the user should read.
    """

    samples: int
    summary: str
    notes: tuple[str, ...]


def predict_run(run: Run, request: Request, progress: Progress) -> Predicted:
    """Predicts all samples of an input.

    Nothing else of the run is read than its resolved config, what was fitted to its training split, and its weights.
    The input is opened, and its first samples are read, before TensorFlow is loaded.

    Args:
        run: The run.
        request: What the user wants.
        progress: Is told how far it is.

    Raises:
        DataError: The run lacks something, or the input does not fit it.
        StorageError: The output cannot be written; an older file is untouched.
        UsageError: The options contradict each other or the input.
    """
    form = _format(request)
    model_file = run.model_path(request.weights)
    loaded = load_experiment(run.resolved_path)
    preprocessing = stored_preprocessing(run)
    network_input = preprocessing.network_input()
    if network_input is None:
        raise DataError(
            f"run {run.id} does not say what shape its samples have: an older version of nnrun has trained it",
            "Train it again.",
        )
    layout = layout_of(loaded.experiment, preprocessing, request.shown)
    samples = 0
    with open_input(request.wanted, Trained(loaded.experiment.dataset, preprocessing)) as given:
        check_names(given.id_name, given.kept_names, layout)
        batches = given.batches()
        first = next(batches, None)
        with _sink(request.output, form, layout, given) as sink, _quiet_tensorflow():
            import_tensorflow(request.device)
            from nnrun.training.inference import load_network
            from nnrun.training.predicting import Predictor, fitting_batch_size

            model = load_network(loaded, model_file, *network_input)
            fit = loaded.experiment.fit
            size = request.batch_size or fitting_batch_size(
                model, fit.validation_batch_size or fit.batch_size
            )
            predictor = Predictor(model, size)
            for batch in _chained(first, batches):
                outputs = predictor(preprocessing.apply(batch.x, batch.categories))
                kept = [_column(cells) for cells in batch.kept]
                sink.write(_column(batch.ids), kept, as_rows(outputs, batch.ids))
                samples += len(batch)
                progress(len(batch), batch.share)
            sink.close()
        return Predicted(samples, layout.summary(), tuple(given.notes()))


def _chained(first: Batch | None, rest: Iterator[Batch]) -> Iterator[Batch]:
    if first is not None:
        yield first
        yield from rest


def _column(cells: Any) -> Any:
    import pyarrow as pa

    return cells if isinstance(cells, pa.Array) else pa.array(cells)


def _format(request: Request) -> str:
    """Returns the format of the output.

    Raises:
        UsageError: The suffix of the file says none, or another one than `--json`, or it is an input.
    """
    if request.output is None:
        return "jsonl" if request.json else "csv"
    form = FORMATS.get(request.output.suffix.lower())
    if form is None:
        raise UsageError(
            f"--output {request.output}: expected a file that ends with one of {', '.join(FORMATS)}",
            "The suffix says the format.",
        )
    if request.json and form not in ("json", "jsonl"):
        raise UsageError(f"--json and --output {request.output} contradict each other", "Leave --json out.")
    for path in request.wanted.paths:
        if Path(path).exists() and request.output.exists() and request.output.samefile(path):
            raise UsageError(f"--output {request.output} is the input itself", "Choose another file.")
    return form


@contextmanager
def _sink(output: Path | None, form: str, layout: Layout, given: Input) -> Iterator[Sink]:
    """Gives what takes the predictions: into a file that appears when it is complete, or the standard output."""
    if output is None:
        # TensorFlow's messages take the place of the descriptor meanwhile.
        descriptor = os.dup(1)
        try:
            yield _text_sink(form, lambda content: _write_all(descriptor, content), layout, given)
        finally:
            os.close(descriptor)
        return
    with atomic.replacing(output) as temporary, temporary.open("wb") as file:
        if form == "parquet":
            yield ParquetSink(file, layout, given.id_name, given.kept_names)
        else:
            yield _text_sink(form, file.write, layout, given)


def _text_sink(form: str, write: Callable[[bytes], object], layout: Layout, given: Input) -> Sink:
    if form == "csv":
        return CsvSink(write, layout, given.id_name, given.kept_names)
    return JsonSink(write, layout, given.kept_names, lines=form == "jsonl")


def _write_all(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


@contextmanager
def _quiet_tensorflow() -> Iterator[None]:
    with tempfile.TemporaryDirectory(prefix="nnrun-") as folder, output_to(Path(folder) / "tensorflow.log"):
        yield
