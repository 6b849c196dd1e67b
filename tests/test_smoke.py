"""Smoke: a sound config passes every step, and a fault in any of them is caught there and named."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnrun.rundir.checkpoints import Checkpoint
from nnrun.rundir.reading import Run
from nnrun.smoke.comparing import compare_metrics, compare_model, compare_predictions
from nnrun.smoke.proof import prove
from nnrun.smoke.results import STEPS, ConfigResult, Mismatch, StepResult
from nnrun.smoke.steps import Options

pytestmark = pytest.mark.tensorflow

CONFIG = """
name: moons
dataset:
  source: synthetic
  generator: moons
  samples: 90
  split: {validation: 0.2, test: 0.2}
model:
  layers:
    - Dense: {units: 4, activation: relu}
    - Dropout: {rate: 0.3}
    - Dense: {units: 1, activation: sigmoid}
compile:
  optimizer: {Adam: {learning_rate: 0.05}}
  loss: binary_crossentropy
  metrics: [accuracy]
fit:
  epochs: 50
  batch_size: 8
"""

Prove = Callable[..., ConfigResult]


@pytest.fixture
def proven(tmp_path: Path) -> Iterator[Prove]:
    """Proves the config with texts replaced, in an empty folder."""

    def run(*replacements: tuple[str, str], told: list[str] | None = None) -> ConfigResult:
        text = CONFIG
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "moons.yaml"
        path.write_text(text)
        folder = tmp_path / "work"
        folder.mkdir()
        return prove(path, Options(), folder, [].append if told is None else told.append)

    yield run


def only_failure(result: ConfigResult) -> StepResult:
    """Returns the one step that failed, which says what was expected and what came."""
    (failure,) = result.failed
    assert failure.expected
    assert failure.received
    assert result.code == failure.code > 0
    return failure


def test_sound_config_passes(proven: Prove, tmp_path: Path) -> None:
    """Every step is tried in its order and says what it showed; the epochs of the config do not matter."""
    told: list[str] = []
    # TensorBoard counts how often it is called, and that is not the same after a resume.
    result = proven(("batch_size: 8", "batch_size: 8\n  callbacks: [TensorBoard]"), told=told)
    assert [step.status for step in result.steps] == ["passed"] * len(STEPS)
    assert told == [step.name for step in result.steps] == list(STEPS)
    assert all(step.detail for step in result.steps)
    assert result.code == 0
    assert ConfigResult.from_json(json.loads(json.dumps(result.to_json()))) == result
    whole, resumed = (
        Run.read(next((tmp_path / "work" / name / "moons").iterdir())) for name in ("whole", "resumed")
    )
    assert whole.epochs == resumed.epochs == 2
    assert "resumed" in resumed.record
    assert whole.evaluations == ["validation-best"]


def test_proof_stays_on_this_machine(proven: Prove) -> None:
    """A config that is logged to MLflow and trained by several processes is proven without both, which is said."""
    result = proven(
        (
            "name: moons",
            "name: moons\ndistribute: {strategy: multi_worker}\ntrack: {mlflow: {uri: sqlite:///no/where.db}}",
        )
    )
    assert not result.failed, result.failed
    assert result.notes == ("proven on one device, without distribute.strategy multi_worker",)


def test_broken_config_is_named(proven: Prove) -> None:
    """A mistake in the config ends it at once, with the line."""
    result = proven(("relu", "relo"))
    failure = only_failure(result)
    assert (failure.name, failure.code) == ("check", 3)
    assert "moons.yaml:10" in failure.received
    assert failure.annotations[0].startswith("::error file=")
    assert {step.status for step in result.steps[1:]} == {"skipped"}


def test_data_that_do_not_fit(proven: Prove) -> None:
    """Data that cannot be divided as the config says are found before anything is trained."""
    failure = only_failure(proven(("0.2, test: 0.2", "0.2, test: 0.2, stratify: true, fold: 1, folds: 80")))
    assert failure.name in ("check", "data")
    assert failure.code in (3, 4)


def test_divergence(proven: Prove) -> None:
    """A loss that is not finite any more fails the training, with the exit code of one."""
    failure = only_failure(
        proven(("Adam: {learning_rate: 0.05}", "SGD: {learning_rate: 1.0e+38}"), ("sigmoid", "linear"))
    )
    assert (failure.name, failure.code) == ("train", 5)
    assert "loss" in failure.received


def test_checkpoint_that_was_changed(proven: Prove, monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint whose bytes are not those that were written is found by its checksum."""
    from nnrun.training import saver

    def write(run: Path, checkpoint: Checkpoint) -> Path:
        folder = original(run, checkpoint)
        if "whole" in str(run):
            arrays = folder / "state.npz"
            content = bytearray(arrays.read_bytes())
            content[len(content) // 2] ^= 1
            arrays.write_bytes(content)
        return folder

    original = saver.write_checkpoint
    monkeypatch.setattr(saver, "write_checkpoint", write)
    result = proven()
    assert result.failed[0].name == "checkpoint"
    assert "state.npz" in result.failed[0].received


def test_resume_that_forgets_dropout(proven: Prove, monkeypatch: pytest.MonkeyPatch) -> None:
    """A layer whose random numbers begin anew after a resume is caught by its weights, and the array is named."""
    from nnrun.training import session

    class Forgetful(session.Engine):
        def run(self, *arguments: Any, **others: Any) -> bool:
            if self.restored is not None:
                arrays = [
                    np.zeros_like(a) if a.shape == (2,) and a.dtype.kind in "iu" else a
                    for a in self.restored.arrays
                ]
                self.restored = replace(self.restored, arrays=tuple(arrays))
            return super().run(*arguments, **others)

    monkeypatch.setattr(session, "Engine", Forgetful)
    failure = only_failure(proven())
    assert (failure.name, failure.code) == ("resume", 6)
    assert "arrays differ after epoch 2" in failure.received


def test_model_file_that_says_something_else(proven: Prove, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model file with other weights than those that were trained is caught by its outputs."""
    from nnrun.training import saving

    def save(model: Any, path: Path) -> None:
        weights = model.get_weights()
        model.set_weights([weight * 1.01 for weight in weights])
        original(model, path)
        model.set_weights(weights)

    original = saving._save
    monkeypatch.setattr(saving, "_save", save)
    result = proven()
    # Evaluate reads the same files, and notices, too.
    assert [step.name for step in result.failed] == ["reload", "evaluate"]
    assert "differ by up to" in result.failed[0].received
    assert result.steps[-1].status == "skipped"


def test_evaluation_on_other_weights(proven: Prove, monkeypatch: pytest.MonkeyPatch) -> None:
    """Metrics that are not those of the training are caught, with both values."""
    from nnrun.training import inference

    def load(*arguments: Any) -> Any:
        model = original(*arguments)
        model.layers[0].bias.assign_add([0.5] * 4)
        return model

    original = inference.load_network
    monkeypatch.setattr(inference, "load_network", load)
    failure = only_failure(proven())
    assert (failure.name, failure.code) == ("evaluate", 6)
    assert "as val_loss in training" in failure.expected


def test_prediction_without_preprocessing(proven: Prove, monkeypatch: pytest.MonkeyPatch) -> None:
    """Raw input that is not scaled as in training is caught by what is predicted."""
    from nnrun.data.scaling import Scaling
    from nnrun.evaluation.predictions import predict

    def stored(run: Run) -> Any:
        return replace(original(run), scaling=Scaling("none"))

    original = predict.stored_preprocessing
    monkeypatch.setattr(predict, "stored_preprocessing", stored)
    failure = only_failure(proven(("samples: 90", "samples: 90\n  scale: [50, 100]")))
    assert (failure.name, failure.code) == ("predict", 6)
    assert "of sample 0" in failure.received or "for sample 0" in failure.received


def test_bug_is_told_with_its_place(proven: Prove, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that nobody expected fails its step with exit code 1 and the end of its traceback; others go on."""
    monkeypatch.setattr("nnrun.evaluation.files.write_evaluation", lambda *_: {}["nothing"])
    result = proven()
    failure = only_failure(result)
    assert (failure.name, failure.code) == ("evaluate", 1)
    assert "KeyError" in failure.received
    assert [step.status for step in result.steps[3:6]] == ["passed"] * 3


def test_interruption_that_is_not_heard(proven: Prove, monkeypatch: pytest.MonkeyPatch) -> None:
    """A training that goes on to its end when a signal comes does not pass."""
    from nnrun.training import session

    class Deaf(session.Engine):
        def run(self, *arguments: Any, **others: Any) -> bool:
            self.stop_requested = lambda: False
            return super().run(*arguments, **others)

    monkeypatch.setattr(session, "Engine", Deaf)
    failure = only_failure(proven())
    assert (failure.name, failure.code) == ("resume", 6)
    assert failure.expected == "an interruption in epoch 2"


def test_every_kind_of_input(tmp_path: Path) -> None:
    """Tables with texts and empty cells, texts, and regression come back through predict as they went in."""
    table = tmp_path / "table.csv"
    rows = [f'{n % 7},"{"a,b" if n % 2 else "c"}",{"" if n % 9 == 0 else n / 3},{n % 5}' for n in range(60)]
    table.write_text("one,two,three,y\n" + "\n".join(rows) + "\n")
    texts = tmp_path / "texts.csv"
    texts.write_text(
        "text,target\n" + "\n".join(f'"so {"good" if n % 2 else "bad"}, n{n}",{n % 2}' for n in range(60))
    )
    for name, dataset, layers, loss in (
        (
            "table",
            f"{{source: csv, path: {table}, target: y, missing: mean, split: {{test: 0.3}}}}",
            "[Dense: {units: 1}]",
            "mse",
        ),
        (
            "texts",
            f"{{source: text, path: {texts}, text: text, target: target, max_tokens: 50, sequence_length: 6, "
            "split: {test: 0.3}}",
            "[{Embedding: {input_dim: 50, output_dim: 4}}, Flatten, {Dense: {units: 1, activation: sigmoid}}]",
            "binary_crossentropy",
        ),
    ):
        path = tmp_path / f"{name}.yaml"
        path.write_text(
            f"name: {name}\ndataset: {dataset}\nmodel: {{layers: {layers}}}\n"
            f"compile: {{optimizer: adam, loss: {loss}}}\nfit: {{epochs: 3, batch_size: 10}}\n"
        )
        folder = tmp_path / name
        folder.mkdir()
        result = prove(path, Options(), folder)
        assert not result.failed, result.failed
        assert result.steps[-1].status == "passed"


def test_differences_are_told(tmp_path: Path) -> None:
    """What differs is named: an array, a metric, a class, a number of samples, a file that is no model."""
    with pytest.raises(Mismatch, match=r"loss is 0\.5") as error:
        compare_metrics({"val_loss": 0.4, "loss": 0.5}, {"loss": 0.5})
    assert error.value.expected == "loss is 0.4, as val_loss in training"
    compare_metrics({"val_loss": 0.4}, {"loss": 0.4 + 1e-6, "mae": 3.0})
    from nnrun.evaluation.answers import ValueAnswers

    values = ValueAnswers(("y",), np.ones((2, 1)), np.ones((2, 1)))
    compare_predictions(values, [{"prediction": 1.0}, {"prediction": "1.0"}])
    with pytest.raises(Mismatch, match="1 predictions"):
        compare_predictions(values, [{"prediction": 1.0}])
    with pytest.raises(Mismatch, match="2 for 'prediction' of sample 1"):
        compare_predictions(values, [{"prediction": 1.0}, {"prediction": 2.0}])
    file = tmp_path / "no.keras"
    file.write_text("nothing")
    with pytest.raises(Mismatch, match=r"keras\.models\.load_model"):
        compare_model(file, np.zeros((1, 2)), np.zeros((1, 1)), exactly=True)
