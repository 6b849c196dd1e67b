"""The steps that prove a config: each does what a user would do, and compares what came out.

Everything happens in one process and in a temporary folder. The data are read once; the network is built and traced
once for the two trainings that begin from the start, and anew for the one that goes on after the interruption, which
finds nothing of the network before it but its checkpoint.
"""

from __future__ import annotations

import json
import math
import signal
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from nnrun.check import check_config
from nnrun.config.load import LoadedConfig
from nnrun.data.permission import require_permission
from nnrun.errors import Interrupted
from nnrun.events import EpochStarted, Event, RunStarted
from nnrun.interrupts import Interrupts
from nnrun.rundir.reading import Run
from nnrun.smoke.results import Mismatch

if TYPE_CHECKING:
    from nnrun.data.labelled import Labelled
    from nnrun.data.splits import SplitName
    from nnrun.evaluation.evaluate import Evaluation
    from nnrun.smoke.comparing import Outputs
    from nnrun.smoke.few import Few
    from nnrun.training.job import Finished, Request

EPOCHS = 2
"""The first one is complete when the training is interrupted, in the middle of the second."""

COMPARED = 16
"""So many samples plain Keras is asked about."""


@dataclass(frozen=True, slots=True)
class Options:
    """What is the same for all configs.

    Args:
        overrides: `KEY=VALUE` arguments.
        batches: Batches of an epoch; the last one is not full.
        device: `auto`, `cpu`, `gpu` or `gpu:N`.
    """

    overrides: Sequence[str] = ()
    batches: int = 3
    device: str = "auto"


class SkippedError(Exception):
    """There is nothing to try in a step; its text says why."""


@dataclass(slots=True)
class Steps:
    """What the steps of one config have in common; a step that is tried finds what those before it left.

    Args:
        path: The config file.
        options: What is the same for all configs.
        folder: Where everything is written.
        notes: What the user should know also where nothing fails.
    """

    path: Path
    options: Options
    folder: Path
    notes: list[str] = field(default_factory=list)
    _config: LoadedConfig | None = None
    _few: Few | None = None
    _run: Run | None = None
    _finished: Finished | None = None
    _outputs: Outputs | None = None
    _evaluation: Evaluation | None = None

    @property
    def config(self) -> LoadedConfig:
        """The config, made short."""
        assert self._config is not None  # noqa: S101 - `check` passed
        return self._config

    @property
    def few(self) -> Few:
        """The data, and the network that was trained."""
        assert self._few is not None  # noqa: S101 - `data` passed
        return self._few

    @property
    def run(self) -> Run:
        """The run that was not interrupted."""
        assert self._run is not None  # noqa: S101 - `train` passed
        return self._run

    @property
    def finished(self) -> Finished:
        """How it ended."""
        assert self._finished is not None  # noqa: S101 - `train` passed
        return self._finished

    @property
    def outputs(self) -> Outputs:
        """What the network of that run said when it was trained."""
        assert self._outputs is not None  # noqa: S101 - `train` passed
        return self._outputs

    def check(self) -> str:
        """The config is valid, with the numbers that it has and with those of a short training."""
        given = check_config(self.path, self.options.overrides)
        short = [f"fit.epochs={EPOCHS}"]
        if given.experiment.track.mlflow is not None:
            short.append("track.mlflow=null")
        strategy = given.experiment.distribute.strategy
        if strategy != "none":
            short.append("distribute.strategy=none")
            self.notes.append(f"proven on one device, without distribute.strategy {strategy}")
        self._config = check_config(self.path, [*self.options.overrides, *short]).with_seed(0)
        require_permission(given.experiment.dataset)
        warnings = len(given.warnings)
        return f"{warnings} warning{'' if warnings == 1 else 's'}" if warnings else "no problems"

    def data(self) -> str:
        """The data can be read, and fit the config."""
        from nnrun.check import compare
        from nnrun.data.splits import facts_of_splits
        from nnrun.smoke.few import Few

        experiment, size = self.config.experiment, self.config.experiment.fit.batch_size
        # The last batch is half full, as most are.
        self._few = Few(samples=size * (self.options.batches - 1) + max(size // 2, 1))
        splits = self._few.splits(experiment.dataset, experiment.compile.loss, self.config.seed)
        compare(self.config, facts_of_splits(splits))
        counts = [
            f"{len(part):,} {name}"
            for name in ("train", "validation", "test")
            if (part := splits.get(name)) is not None
        ]
        return f"{', '.join(counts)} samples"

    def train(self) -> str:
        """The network trains, its loss stays finite, and the run is complete."""
        from nnrun.smoke.comparing import outputs_of
        from nnrun.training.job import train

        request = self._request(self.folder / "whole", self.few)
        self._finished = train(self.config, request, lambda _: None, Interrupts())
        self._run = Run.read(self._finished.path)
        # Now, as the training that is interrupted takes over the network.
        self._outputs = outputs_of(self.few.model, self._labelled().splits.train.x[:COMPARED])
        ended = self.finished.ended
        wrong = [
            name for name, value in ended.final.items() if name.endswith("loss") and not math.isfinite(value)
        ]
        if wrong:
            raise Mismatch(f"{wrong[0]} is {ended.final[wrong[0]]} after {ended.epochs} epochs")
        rows = len(self.run.metrics)
        if rows != ended.epochs:
            raise Mismatch(f"{rows} rows in metrics.csv", f"{ended.epochs} rows in metrics.csv")
        losses = [f"{row['loss']:.4g}" for row in self.run.metrics if row.get("loss") is not None]
        return f"loss {', '.join(losses)}"

    def checkpoint(self) -> str:
        """What the training left is complete and undamaged."""
        from nnrun.rundir.checkpoints import read_checkpoint
        from nnrun.verification.verify import verify

        verified = verify(self.run.path)
        if verified.broken:
            raise Mismatch("; ".join(f"{found.file}: {found.text}" for found in verified.broken))
        checkpoint, damaged = read_checkpoint(self.run.path)
        if damaged or checkpoint.epoch != verified.epochs:
            found = "; ".join(damaged) or f"a checkpoint of epoch {checkpoint.epoch}"
            raise Mismatch(found, f"an intact checkpoint of epoch {verified.epochs}")
        promises = len({name for name, _ in verified.findings})
        return f"epoch {checkpoint.epoch}, {promises} promises kept"

    def resume(self) -> str:
        """A training that is interrupted and continued ends with the same bits."""
        from nnrun.rundir.lock import locked
        from nnrun.smoke.comparing import compare_runs
        from nnrun.training.job import resume
        from nnrun.training.resuming import prepare_resume

        path = self._interrupted()
        with locked(path):
            resumable = prepare_resume(Run.read(path), [])
            epoch = resumable.checkpoint.epoch
            # A network that was built anew, in which nothing is left of the training before.
            request = self._request(path.parent.parent, self.few.anew())
            resume(resumable, request, lambda _: None, Interrupts())
        arrays = compare_runs(self.run, Run.read(path))
        return f"{arrays} arrays equal after epoch {epoch} and on"

    def reload(self) -> str:
        """Plain Keras loads the model, and it says what the trained network said."""
        from nnrun.smoke.comparing import compare_model

        exactly = self.run.record["device"] == "CPU"
        count = compare_model(self.run.model_path("last"), *self.outputs, exactly=exactly)
        return f"{count} equal outputs"

    def evaluate(self) -> str:
        """`nnrun evaluate` measures what was measured in training."""
        from nnrun.evaluation.evaluate import evaluation_of
        from nnrun.evaluation.files import write_evaluation
        from nnrun.smoke.comparing import compare_metrics
        from nnrun.training.recall import recall_on

        labelled = self._labelled()
        compared = self._validated_on()
        recalled = recall_on(self.run, labelled, compared, "best", self.options.device)
        if compared is not None:
            compare_metrics(self.finished.ended.best, recalled.metrics)
        self._evaluation = evaluation_of(self.run, recalled, "best")
        write_evaluation(self.run, self._evaluation)
        name = next(iter(recalled.metrics), "")
        told = f"{name} {recalled.metrics[name]:.4g} on " if name else ""
        return f"{told}{self._evaluation.samples} {self._evaluation.split} samples"

    def predict(self) -> str:
        """`nnrun predict` says for raw input what `nnrun evaluate` said for the split."""
        from nnrun.data.inputs import Wanted
        from nnrun.evaluation.predictions.predict import Request, predict_run
        from nnrun.smoke.comparing import compare_predictions
        from nnrun.smoke.raw_input import write_raw

        evaluation = self._evaluation
        if evaluation is None:
            raise SkippedError("step evaluate failed")
        if evaluation.answers is None:
            raise SkippedError("the outputs have another form than the targets")
        dataset = self.config.experiment.dataset
        split = evaluation.split if evaluation.split in ("validation", "test") else "train"
        source = write_raw(self._labelled(), dataset, split, self.folder)  # type: ignore[arg-type]  # one of three
        output = self.folder / "predictions.jsonl"
        delimiter = getattr(dataset, "delimiter", None) if source.suffix == ".csv" else None
        predict_run(
            self.run,
            Request(
                Wanted((str(source),), delimiter=delimiter), output, device=self.options.device, shown="all"
            ),
            lambda *_: None,
        )
        lines = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
        compare_predictions(evaluation.answers, lines)
        return f"{len(lines)} samples from {source.name}"

    def _request(self, runs_dir: Path, few: Few) -> Request:
        from nnrun.training.job import Request

        return Request(runs_dir, ["nnrun", "smoke", str(self.path)], self.options.device, shared=few)

    def _interrupted(self) -> Path:
        """Trains once more, with an interruption in the second epoch; returns the run directory."""
        from nnrun.training.job import train

        interrupts, path = Interrupts(), Path()

        def listen(event: Event) -> None:
            nonlocal path
            if isinstance(event, RunStarted):
                path = Path(event.directory)
            elif isinstance(event, EpochStarted) and event.epoch == EPOCHS:
                interrupts.requested = signal.SIGINT

        try:
            finished = train(
                self.config, self._request(self.folder / "resumed", self.few), listen, interrupts
            )
        except Interrupted:
            return path
        raise Mismatch(
            f"a training that came to its end: {finished.ended.reason}", f"an interruption in epoch {EPOCHS}"
        )

    def _labelled(self) -> Labelled:
        experiment = self.config.experiment
        from nnrun.training.resuming import stored_preprocessing

        fitted = stored_preprocessing(self.run)
        return self.few.labelled(experiment.dataset, experiment.compile.loss, self.config.seed, fitted)

    def _validated_on(self) -> SplitName | None:
        """Returns the split that the training measured after every epoch; None for the default of evaluate."""
        fit = self.config.experiment.fit
        if not any(name.startswith("val_") for name in self.finished.ended.best):
            return None
        return fit.validation_data or "validation"
