"""Parts of a config that contradict each other or the data are found without loading the data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nnrun.check import check_config
from nnrun.config.cross_checks import Finding, cross_check
from nnrun.config.facts import DataFacts
from nnrun.config.keras_object import KerasObject
from nnrun.config.labels import LABEL_FORMS, UNSUPPORTED, label_form
from nnrun.config.load import load_experiment
from nnrun.config.problems import ConfigError, Problem, format_path
from nnrun.config.requirements import parse_requirement
from tests.configs import write_iris

IRIS_FACTS = DataFacts(
    shape=(4,),
    train_samples=75,
    classes=3,
    class_names=("setosa", "versicolor", "virginica"),
    splits=frozenset({"test"}),
)


def findings(path: Path, facts: DataFacts, *overrides: str) -> list[Finding]:
    """Returns what the cross-checks find in a config over data with these facts."""
    return cross_check(load_experiment(path, overrides).experiment, facts)


def summary(found: list[Finding]) -> list[tuple[str, str, str]]:
    """Returns severity, code and key path of findings."""
    return [(finding.severity, finding.code, format_path(finding.path)) for finding in found]


def problems_of(path: Path, *overrides: str) -> tuple[Problem, ...]:
    """Returns all errors and warnings of a check."""
    try:
        return check_config(path, overrides).warnings
    except ConfigError as error:
        return error.problems


def test_a_sound_config_has_no_findings(tmp_path: Path) -> None:
    """Nothing is found in a config whose parts fit, whether or not anything is known about the data."""
    assert findings(write_iris(tmp_path), IRIS_FACTS) == []
    assert findings(write_iris(tmp_path), DataFacts()) == []


FIRST = "model.layers[0].Dense"
LAST = "model.layers[1].Dense"
STOPPING = "fit.callbacks[0].EarlyStopping"


@pytest.mark.parametrize(
    ("override", "severity", "code", "path"),
    [
        ("model.layers[1].units=2", "error", "units-classes", f"{LAST}.units"),
        ("model.layers[1].units=10", "error", "units-classes", f"{LAST}.units"),
        ("compile.loss=ctc", "error", "unsupported-loss", "compile.loss"),
        ("compile.loss=crossentropy", "error", "unsupported-loss", "compile.loss"),
        ("model.layers[1].activation=relu", "warning", "activation-loss", f"{LAST}.activation"),
        ("model.layers[1].activation=sigmoid", "warning", "activation-loss", f"{LAST}.activation"),
        (
            "compile.loss={CategoricalCrossentropy: {from_logits: true}}",
            "warning", "activation-loss", f"{LAST}.activation",
        ),
        ("model.layers[0].activation=linear", "warning", "no-nonlinearity", f"{FIRST}.activation"),
        ("fit.validation_data=validation", "error", "unknown-split", "fit.validation_data"),
        ("fit.batch_size=100", "warning", "batch-size", "fit.batch_size"),
        ("fit.class_weight={3: 1.0}", "error", "class-weight", "fit.class_weight.3"),
        ("fit.callbacks=[EarlyStopping]", "error", "unknown-monitor", "fit.callbacks[0]"),
        ("fit.callbacks[0].monitor=acc", "error", "unknown-monitor", f"{STOPPING}.monitor"),
        ("checkpoint.monitor=val_loss", "error", "unknown-monitor", "checkpoint.monitor"),
        ("require=[val_accuracy>=0.9]", "error", "unknown-monitor", "require[0]"),
        ("require=[accuracy]", "error", "bad-requirement", "require[0]"),
        ("fit.callbacks=[CSVLogger: {filename: x}]", "warning", "needless-callback", "fit.callbacks[0]"),
        ("dataset.scale=[1, 0]", "error", "out-of-range", "dataset.scale"),
        ("dataset.split={test: 0.5, validation: 0.5}", "error", "split-sum", "dataset.split"),
        ("fit.class_weight={stosa: 1.0}", "error", "class-weight", "fit.class_weight.stosa"),
        ("compile.metrics=[R2Score]", "warning", "metric-task", "compile.metrics[0]"),
        ("compile.metrics=[SparseCategoricalAccuracy]", "error", "metric-labels", "compile.metrics[0]"),
        ("compile.weighted_metrics=[BinaryAccuracy]", "warning", "metric-task", "compile.weighted_metrics[0]"),
        ("fit.callbacks[0].patience=100", "warning", "patience-epochs", f"{STOPPING}.patience"),
        ("fit.callbacks[0].mode=max", "warning", "monitor-mode", f"{STOPPING}.mode"),
        ("checkpoint.mode=max", "warning", "monitor-mode", "checkpoint.mode"),
    ],
)  # fmt: skip
def test_a_contradiction_is_found_at_its_place(
    tmp_path: Path, override: str, severity: str, code: str, path: str
) -> None:
    """Each kind of contradiction is one finding that names the value to change."""
    assert summary(findings(write_iris(tmp_path), IRIS_FACTS, override)) == [(severity, code, path)]


def test_units_that_do_not_fit_the_classes_name_layer_and_line(tmp_path: Path) -> None:
    """Ten classes and `Dense: {units: 3}` is an error at the units of that layer, with the right number."""
    path = write_iris(
        tmp_path, ("name: iris\n", "name: digits\n"), ("    - Dense", "    - Flatten\n    - Dense")
    )
    (problem,) = problems_of(path)
    assert problem.place is not None
    assert (problem.code, problem.place.line, problem.place.column) == ("units-classes", 12, 22)
    assert problem.path == "model.layers[2].Dense.units"
    assert problem.hint == "write units: 10"


def test_a_loss_for_two_classes_does_not_fit_three(tmp_path: Path) -> None:
    """Binary cross-entropy on iris is an error of the loss and of the last layer."""
    found = findings(write_iris(tmp_path), IRIS_FACTS, "compile.loss=binary_crossentropy")
    assert {finding.code for finding in found} == {"loss-classes", "units-loss", "activation-loss"}


def test_a_loss_for_classes_does_not_fit_numbers(tmp_path: Path) -> None:
    """A target that can only be a number needs a loss for numbers."""
    found = findings(write_iris(tmp_path), replace(IRIS_FACTS, classes=None, target="values"))
    assert ("error", "loss-target", "compile.loss") in summary(found)


def test_softmax_on_one_unit_is_an_error(tmp_path: Path) -> None:
    """Softmax over a single unit is always 1."""
    overrides = ["model.layers[1].units=1", "compile.loss=binary_crossentropy"]
    found = findings(write_iris(tmp_path), replace(IRIS_FACTS, classes=2), *overrides)
    assert summary(found) == [("error", "softmax-one-unit", f"{LAST}.activation")]


def test_more_units_than_classes_are_only_doubtful_for_class_numbers(tmp_path: Path) -> None:
    """Sparse losses work with units to spare."""
    overrides = ["model.layers[1].units=5", "compile.loss=sparse_categorical_crossentropy"]
    found = findings(write_iris(tmp_path), IRIS_FACTS, *overrides)
    assert summary(found) == [("warning", "units-classes", f"{LAST}.units")]


def test_an_activation_layer_counts_as_the_end(tmp_path: Path) -> None:
    """`Dense` followed by `Activation: {activation: softmax}` is as good as both in one layer."""
    path = write_iris(
        tmp_path,
        (
            "- Dense: {units: 3, activation: softmax}",
            "- Dense: {units: 3}\n    - Activation: {activation: softmax}",
        ),
    )
    assert findings(path, IRIS_FACTS) == []


def test_images_need_flatten_before_dense(tmp_path: Path) -> None:
    """A network of dense layers over images is an error at the first of them."""
    found = findings(write_iris(tmp_path), replace(IRIS_FACTS, shape=(28, 28, 1)))
    assert summary(found) == [("error", "missing-flatten", "model.layers[0]")]
    assert "Flatten" in found[0].hint


def test_a_convolution_after_flatten_is_an_error(tmp_path: Path) -> None:
    """The layer whose input has too few dimensions is named."""
    path = write_iris(
        tmp_path,
        (
            "- Dense: {units: 16, activation: sigmoid}",
            "- Flatten\n    - Conv2D: {filters: 2, kernel_size: 3}",
        ),
    )
    found = findings(path, replace(IRIS_FACTS, shape=(28, 28, 1)))
    assert summary(found) == [("error", "layer-input", "model.layers[1]")]
    assert "layer 1 Conv2D" in found[0].message


def test_token_numbers_need_rows_in_the_embedding(tmp_path: Path) -> None:
    """An embedding that is too small for the tokens is an error with the size to write."""
    path = write_iris(
        tmp_path,
        (
            "- Dense: {units: 16, activation: sigmoid}",
            "- Embedding: {input_dim: 50, output_dim: 4}\n    - GlobalAveragePooling1D",
        ),
    )
    found = findings(path, replace(IRIS_FACTS, shape=(20,), dtype="int32", max_token=99))
    assert summary(found) == [("error", "token-numbers", "model.layers[0].Embedding.input_dim")]
    assert found[0].hint == "write input_dim: 100"


@pytest.mark.parametrize(
    ("monitor", "meant"),
    [("val_acc", "'val_accuracy'"), ("val_los", "'val_loss'"), ("accurcy", "'accuracy'")],
)
def test_a_monitor_that_is_no_metric_gets_a_suggestion(tmp_path: Path, monitor: str, meant: str) -> None:
    """The logged name that was probably meant is suggested."""
    overrides = ["fit.validation_data=test", f"fit.callbacks[0].monitor={monitor}"]
    (finding,) = findings(write_iris(tmp_path), IRIS_FACTS, *overrides)
    assert finding.code == "unknown-monitor"
    assert meant in finding.hint


def test_monitors_of_validation_are_fine_with_validation_data(tmp_path: Path) -> None:
    """`val_` metrics exist once a split is validated on."""
    overrides = [
        "fit.validation_data=test",
        "fit.callbacks[0].monitor=val_accuracy",
        "checkpoint.monitor=val_loss",
    ]
    assert findings(write_iris(tmp_path), IRIS_FACTS, *overrides) == []


def test_metrics_are_known_by_the_names_that_keras_logs(tmp_path: Path) -> None:
    """A metric class logs under its own name, an alias under the alias, a named one under its name."""
    overrides = [
        "compile.metrics=[acc, TopKCategoricalAccuracy, {AUC: {name: area}}]",
        "require=[acc>0, top_k_categorical_accuracy>0, area>0]",
    ]
    assert findings(write_iris(tmp_path), IRIS_FACTS, *overrides) == []


def test_a_column_that_is_not_in_the_csv_is_pointed_at(tmp_path: Path) -> None:
    """A fault of the data is shown at the value that the message quotes, with exit code 4."""
    (tmp_path / "a.csv").write_text("x,species\n" + "1,a\n2,b\n" * 5)
    path = write_iris(
        tmp_path,
        ("source: sklearn\n  name: iris", "source: csv\n  path: a.csv\n  target: speciess"),
        ("units: 3", "units: 2"),
    )
    with pytest.raises(ConfigError) as caught:
        check_config(path)
    (problem,) = caught.value.problems
    assert caught.value.exit_code == 4
    assert problem.place is not None
    assert (problem.code, problem.place.line, problem.place.column) == ("data", 6, 11)


def test_data_that_are_elsewhere_are_a_warning(tmp_path: Path) -> None:
    """A config may be checked on a machine without its data."""
    path = write_iris(tmp_path, ("source: sklearn\n  name: iris", "source: csv\n  path: no.csv\n  target: y"))
    (problem,) = check_config(path).warnings
    assert (problem.code, problem.severity, problem.path) == ("no-data", "warning", "dataset.path")


def test_every_loss_of_keras_has_a_label_form_or_a_reason() -> None:
    """No public loss is forgotten."""
    from nnrun.catalog.reading import catalog

    losses = {name for name, info in catalog().classes("loss").items() if not info.abstract}
    assert losses <= set(LABEL_FORMS) | set(UNSUPPORTED)


def test_every_alias_of_a_loss_is_understood() -> None:
    """Whatever string Keras knows a loss by, its labels are known, or the reason why not."""
    from nnrun.catalog.reading import catalog

    for alias, class_name in catalog().aliases("loss").items():
        loss = KerasObject("loss", alias, class_name)
        try:
            assert label_form(loss) in ("one_hot", "index", "binary", "values")
        except ValueError as error:
            assert "labels are unknown" not in str(error), alias


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("accuracy>=0.97", True),
        ("accuracy > 0.97", False),
        ("accuracy<=0.97", True),
        ("accuracy<1", True),
        ("accuracy==0.97", True),
        ("other>=0", False),
        ("broken>=0", False),
    ],
)
def test_requirements_compare_metrics(text: str, holds: bool) -> None:
    """A requirement holds if the metric is there, finite, and compares as written."""
    assert parse_requirement(text).holds({"accuracy": 0.97, "broken": float("nan")}) is holds


@pytest.mark.parametrize(
    "text", ["", "accuracy", "accuracy=0.9", "0.9>=accuracy", "accuracy>=x", "accuracy>=nan"]
)
def test_a_requirement_that_is_none_is_refused(text: str) -> None:
    """Anything but a metric, a comparison and a finite number is refused."""
    with pytest.raises(ValueError, match="expected"):
        parse_requirement(text)


def schedule(written: str) -> str:
    """Returns an override that gives the optimizer a schedule."""
    return f"compile.optimizer={{SGD: {{learning_rate: {written}}}}}"


@pytest.mark.parametrize(
    ("written", "argument"),
    [
        ("{CosineDecay: {initial_learning_rate: 0.1, decay_steps: 7500}}", None),
        ("{CosineDecay: {initial_learning_rate: 0.1, decay_steps: 4000}}", None),
        ("{CosineDecay: {initial_learning_rate: 0.1, decay_steps: 3000}}", "decay_steps"),
        ("{CosineDecay: {initial_learning_rate: 0.1, decay_steps: 3000, warmup_steps: 4000}}", None),
        ("{CosineDecay: {initial_learning_rate: 0.1, decay_steps: 20000}}", "decay_steps"),
        ("{PolynomialDecay: {initial_learning_rate: 0.1, decay_steps: 10, cycle: true}}", None),
        ("{ExponentialDecay: {initial_learning_rate: 0.1, decay_steps: 10, decay_rate: 0.9}}", None),
        (
            "{ExponentialDecay: {initial_learning_rate: 0.1, decay_steps: 9999, decay_rate: 0.9, "
            "staircase: true}}",
            "decay_steps",
        ),
        ("{PiecewiseConstantDecay: {boundaries: [5000], values: [0.1, 0.01]}}", None),
        ("{PiecewiseConstantDecay: {boundaries: [5000, 7500], values: [3.0, 2.0, 1.0]}}", "boundaries[1]"),
    ],
)
def test_a_schedule_is_compared_with_the_steps(tmp_path: Path, written: str, argument: str | None) -> None:
    """One hundred epochs of 75 samples, one by one, are 7500 steps."""
    found = findings(write_iris(tmp_path), IRIS_FACTS, schedule(written))
    places = [finding[2].rpartition("Decay.")[2] for finding in summary(found)]
    assert places == ([] if argument is None else [argument])
    assert all(finding.severity == "warning" for finding in found)


def test_class_weights_take_names_and_numbers(tmp_path: Path) -> None:
    """Both ways of naming a class are understood, and a misspelt name comes with the right one."""
    override = "fit.class_weight={setosa: 1.0, 1: 2.0, versicolour: 1.0}"
    (finding,) = findings(write_iris(tmp_path), IRIS_FACTS, override)
    assert finding.hint == "did you mean 'versicolor'?"


def test_class_names_that_are_numbers_are_names(tmp_path: Path) -> None:
    """Where the classes are called 1, 2 and 3, the key 3 is the class of this name."""
    facts = replace(IRIS_FACTS, class_names=("1", "2", "3"))
    assert findings(write_iris(tmp_path), facts, "fit.class_weight={3: 1.0}") == []


def test_weights_restored_by_training_metrics_are_doubtful_only_with_validation(tmp_path: Path) -> None:
    """Where nothing is validated, the training loss is all there is."""
    override = "fit.callbacks[0].restore_best_weights=true"
    assert findings(write_iris(tmp_path), IRIS_FACTS, override) == []
    validated = replace(IRIS_FACTS, splits=frozenset({"validation"}))
    assert [finding.code for finding in findings(write_iris(tmp_path), validated, override)] == [
        "restore-training"
    ]


def test_a_metric_is_not_blamed_for_a_loss_of_the_wrong_kind(tmp_path: Path) -> None:
    """With a loss for numbers on a target of classes, the loss is the one thing to mend."""
    path = write_iris(tmp_path, ("loss: categorical_crossentropy", "loss: mse"))
    found = findings(path, replace(IRIS_FACTS, target="classes"))
    assert [finding.code for finding in found] == ["loss-target"]


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        (("epochs: 100", "epochs: ten"), ["wrong-type", "unknown-monitor"]),
        (("epochs: 100", "nb_epoch: 100"), ["unknown-key", "unknown-monitor"]),
        (("units: 16", "unit: 16"), ["unknown-argument", "unknown-monitor"]),
        (("scale: standard", "scale: standart"), ["unknown-value", "unknown-monitor"]),
        (("source: sklearn", "source: sklaern"), ["unknown-value"]),
        (("[accuracy]", "[acuracy]"), ["unknown-class"]),
        (("patience: 10", "patience: many"), ["wrong-type"]),
        (("fit:\n", "fti:\n"), ["unknown-key"]),
    ],
)
def test_sound_parts_are_compared_beside_wrong_ones(
    tmp_path: Path, change: tuple[str, str], codes: list[str]
) -> None:
    """A wrong monitor is reported beside another mistake, unless what it is compared with is the mistake."""
    path = write_iris(
        tmp_path, change, ("test: 0.5", "validation: 0.5"), ("monitor: loss", "monitor: val_acuracy")
    )
    assert [problem.code for problem in problems_of(path)] == codes


def test_nothing_is_concluded_from_what_is_wrong(tmp_path: Path) -> None:
    """Units are not compared with classes of a dataset that is misspelt, nor patience with wrong epochs."""
    path = write_iris(tmp_path, ("name: iris\n", "name: irsi\n"), ("units: 3", "units: 7"))
    assert [problem.code for problem in problems_of(path)] == ["unknown-value"]
    path = write_iris(tmp_path, ("epochs: 100", "Epochs: 5"), ("batch_size: 1", "batch_size: x"))
    assert [problem.code for problem in problems_of(path)] == ["unknown-key", "wrong-type"]


@pytest.mark.parametrize(
    ("metric", "advice"),
    [
        ("SparseCategoricalAccuracy", "write CategoricalAccuracy, or accuracy"),
        ("sparse_top_k_categorical_accuracy", "write TopKCategoricalAccuracy"),
        ("{MeanIoU: {num_classes: 3}}", "write OneHotMeanIoU"),
        ("{MeanIoU: {num_classes: 3, sparse_y_pred: false}}", "add sparse_y_true: false"),
    ],
)
def test_a_metric_of_class_numbers_does_not_fit_one_hot_labels(
    tmp_path: Path, metric: str, advice: str
) -> None:
    """Keras would stop, or compare what is no class number; the one to use is named."""
    (found,) = findings(write_iris(tmp_path), IRIS_FACTS, f"compile.metrics=[accuracy, {metric}]")
    assert (found.code, format_path(found.path)) == ("metric-labels", "compile.metrics[1]")
    assert found.hint == advice


@pytest.mark.parametrize(
    ("metric", "advice"),
    [
        ("CategoricalAccuracy", "write SparseCategoricalAccuracy, or accuracy"),
        ("AUC", "use categorical_crossentropy as the loss, for which labels are one-hot"),
        ("{MeanIoU: {num_classes: 3}}", "add sparse_y_pred: false"),
    ],
)
def test_a_metric_of_one_hot_labels_does_not_fit_class_numbers(
    tmp_path: Path, metric: str, advice: str
) -> None:
    """Also where Keras would compute something else without a word."""
    overrides = ("compile.loss=sparse_categorical_crossentropy", f"compile.metrics=[{metric}]")
    (found,) = findings(write_iris(tmp_path), IRIS_FACTS, *overrides)
    assert found.hint == advice


@pytest.mark.parametrize("name", ["loss", "val_auc"])
def test_a_metric_has_a_name_of_its_own(tmp_path: Path, name: str) -> None:
    """It would replace the loss, or a result of the validation, in the logs."""
    (found,) = findings(write_iris(tmp_path), IRIS_FACTS, f"compile.metrics=[{{AUC: {{name: {name}}}}}]")
    assert summary([found]) == [("error", "metric-name", "compile.metrics[0].AUC.name")]


@pytest.mark.parametrize("layer", ["Add", "{LSTMCell: {units: 2}}"])
def test_a_layer_that_no_sequence_can_hold(tmp_path: Path, layer: str) -> None:
    """Layers that merge several inputs, and cells of recurrent layers."""
    found = findings(write_iris(tmp_path), DataFacts(), f"model.layers[0]={layer}")
    assert summary(found)[0] == ("error", "several-inputs", "model.layers[0]")


def test_a_validation_that_never_happens_is_doubtful(tmp_path: Path) -> None:
    """Fewer epochs than `validation_freq` validate nothing."""
    overrides = ("fit.validation_data=test", "fit.validation_freq=200")
    (found,) = findings(write_iris(tmp_path), IRIS_FACTS, *overrides)
    assert summary([found]) == [("warning", "no-validation", "fit.validation_freq")]


@pytest.mark.parametrize("loss", ["binary_crossentropy", "categorical_crossentropy"])
def test_one_class_is_nothing_to_learn(tmp_path: Path, loss: str) -> None:
    """It is told as what it is, without advice for the units of the last layer."""
    facts = replace(IRIS_FACTS, classes=1, target="classes")
    found = findings(write_iris(tmp_path), facts, f"compile.loss={loss}")
    assert [one.code for one in found if one.severity == "error"] == ["one-class"]


@pytest.mark.parametrize(
    ("callback", "code"),
    [
        ("{CSVLogger: {filename: ../log.csv}}", "outside-run"),
        ("{CSVLogger: {filename: /tmp/log.csv}}", "outside-run"),
        ("{CSVLogger: {filename: ./metrics.csv}}", "own-file"),
        ("{BackupAndRestore: {backup_dir: .}}", "own-file"),
        ("{BackupAndRestore: {backup_dir: model}}", "own-file"),
        ("{TensorBoard: {log_dir: logs/../../up}}", "outside-run"),
        ("{ModelCheckpoint: {filepath: best.h5}}", "bad-file-name"),
        ("{ModelCheckpoint: {filepath: best.keras, save_weights_only: true}}", "bad-file-name"),
        ("{ModelCheckpoint: {filepath: '{epoch}-{val_loss}.keras'}}", "bad-file-name"),
        ("{ModelCheckpoint: {filepath: '{batch}.keras'}}", "bad-file-name"),
        ("{ModelCheckpoint: {filepath: '{epoch.keras'}}", "bad-file-name"),
        ("SwapEMAWeights", "no-moving-average"),
    ],
)
def test_a_callback_that_would_fail_or_harm(tmp_path: Path, callback: str, code: str) -> None:
    """Callbacks write into the run directory only, over nothing of nnrun's, and get what they need."""
    found = findings(write_iris(tmp_path), IRIS_FACTS, f"fit.callbacks=[{callback}]")
    assert [one.code for one in found if one.severity == "error"] == [code]


def test_callbacks_that_have_what_they_need(tmp_path: Path) -> None:
    """Names with the metrics of an epoch, and moving averages."""
    found = findings(
        write_iris(tmp_path),
        IRIS_FACTS,
        "fit.callbacks=[{ModelCheckpoint: {filepath: 'a/{epoch:02d}-{loss:.2f}.keras'}}, SwapEMAWeights, TensorBoard]",
        "compile.optimizer={SGD: {use_ema: true}}",
    )
    assert [one for one in found if one.severity == "error"] == []
