"""`nnrun diff` says in what runs differ, and which is better."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from nnrun.comparison.config_rows import config_rows
from nnrun.comparison.difference import compare_runs
from nnrun.comparison.difference_text import report
from nnrun.config.load import load_experiment
from nnrun.config.resolved import plain, to_yaml
from nnrun.events import RunEnded, TrainingStarted
from nnrun.rundir.reading import Run
from nnrun.rundir.recorder import Recorder
from nnrun.rundir.writing import RunDirectory
from tests.configs import nnrun, write_iris
from tests.conftest import ROOT

MakeRun = Callable[..., Run]


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """Makes runs as a training leaves them, below `runs`."""

    def make(*overrides: str, changes: Mapping[str, Any] | None = None, **metrics: float) -> Run:
        path = write_iris(tmp_path)
        experiment = load_experiment(path, overrides).experiment
        directory = RunDirectory.create(
            tmp_path / "runs",
            experiment.name,
            config=path.read_bytes(),
            resolved=to_yaml(experiment),
            command=["nnrun"],
            seed=0,
        )
        ended = RunEnded("completed", "all", 3, 2.0, 2, metrics, metrics, {})
        with Recorder(directory.path) as recorder:
            recorder(TrainingStarted(3, 1, 75, {"train": 75, "test": 75}, 131, "CPU", 0, "loss"))
            recorder(ended)
        facts = {"device": "CPU", "data": {"fingerprint": "39b6f705c9f29678"}, "class_names": ["a", "b"]}
        directory.update(**{**facts, **(changes or {})})
        directory.finish("completed", 0, "all", timing={"train": 1.5})
        return Run.read(directory.path)

    return make


def differing(*overrides: str, tmp_path: Path) -> list[tuple[Any, ...]]:
    """Returns the keys of the iris config that overrides change, with the values before and after."""
    path = write_iris(tmp_path)
    configs = [plain(load_experiment(path, each).experiment) for each in ((), overrides)]
    return [(row.key, *map(repr, row.values)) for row in config_rows(configs) if not row.equal]


def test_the_reference_pair_differs_by_one_layer() -> None:
    """The network with dropout is the other one with a layer put in between, and nothing else."""
    files = [ROOT / "configs" / f"{name}.yaml" for name in ("mnist_mlp", "mnist_mlp_dropout")]
    rows = config_rows([plain(load_experiment(file).experiment) for file in files])
    found = {row.key: [str(value) for value in row.values] for row in rows if not row.equal}
    assert found == {
        "name": ["mnist-mlp", "mnist-mlp-dropout"],
        "model.layers[2]": ["-", "{'Dropout': {'rate': 0.2}}"],
    }


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (["fit.epochs=7"], [("fit.epochs", "100", "7")]),
        (["model.layers[0].units=32"], [("model.layers[0].Dense.units", "16", "32")]),
        (["compile.optimizer.learning_rate=0.1"], [("compile.optimizer.Adam.learning_rate", "0.01", "0.1")]),
        # What was left out before has its default.
        (["compile.optimizer.beta_1=0.8"], [("compile.optimizer.Adam.beta_1", "0.9", "0.8")]),
        (["compile.optimizer=adam"], [("compile.optimizer.Adam.learning_rate", "0.01", "0.001")]),
        (["compile.optimizer.beta_1=0.9"], []),
        (["compile.loss=CategoricalCrossentropy"], []),
        (["compile.optimizer=sgd"], [("compile.optimizer", "{'Adam': {'learning_rate': 0.01}}", "'SGD'")]),
        (["compile.metrics=[acc]"], [("compile.metrics[0]", "'accuracy'", "'acc'")]),
        (["compile.metrics=[accuracy, AUC]"], [("compile.metrics[1]", "-", "'AUC'")]),
        (
            ["fit.callbacks=[]"],
            [("fit.callbacks[0]", "{'EarlyStopping': {'monitor': 'loss', 'patience': 10}}", "-")],
        ),
        (["fit.callbacks[0].patience=9"], [("fit.callbacks[0].EarlyStopping.patience", "10", "9")]),
        (
            [
                "model.layers=[{Dense: {units: 9, activation: relu}}, {Dense: {units: 3, activation: softmax}}]"
            ],
            [
                ("model.layers[0].Dense.units", "16", "9"),
                ("model.layers[0].Dense.activation", "'sigmoid'", "'relu'"),
            ],
        ),
        (
            [
                "model.layers=[BatchNormalization, {Dense: {units: 16, activation: sigmoid}}, "
                "{Dense: {units: 3, activation: softmax, use_bias: false}}]"
            ],
            [
                ("model.layers[0]", "-", "'BatchNormalization'"),
                ("model.layers[1→2].Dense.use_bias", "True", "False"),
            ],
        ),
        (
            ["model.layers[0].kernel_regularizer={L2: {l2: 0.1}}"],
            [("model.layers[0].Dense.kernel_regularizer", "None", "{'L2': {'l2': 0.1}}")],
        ),
        (["dataset.scale=[0, 1]"], [("dataset.scale", "'standard'", "[0.0, 1.0]")]),
        (["fit.class_weight={'0': 2.0}"], [("fit.class_weight", "None", "{'0': 2.0}")]),
    ],
)
def test_differences_of_configs(
    tmp_path: Path, overrides: list[str], expected: list[tuple[str, ...]]
) -> None:
    """Each difference is named by the path at which it could be written."""
    assert differing(*overrides, tmp_path=tmp_path) == expected


def test_another_source_is_compared_key_by_key(tmp_path: Path) -> None:
    """Keys that one source lacks are missing there, and those that are null say nothing."""
    one = plain(load_experiment(write_iris(tmp_path)).experiment)
    other = plain(load_experiment(ROOT / "configs" / "moons_mlp.yaml").experiment)
    keys = [row.key for row in config_rows([one, other]) if not row.equal]
    assert keys[:4] == ["name", "dataset.source", "dataset.name", "dataset.split.stratify"]
    assert "dataset.noise" in keys
    assert "dataset.seed" not in keys


def test_several_configs_are_compared_with_the_first(tmp_path: Path) -> None:
    """A row has what each one says; a layer that one of them replaces or lacks is shown as that."""
    path = write_iris(tmp_path)
    variants = [
        [],
        ["model.layers[0].units=32"],
        ["model.layers=[{Dense: {units: 3, activation: softmax}}]"],
        ["model.layers[0]={GaussianNoise: {stddev: 0.1}}"],
    ]
    configs = [plain(load_experiment(path, each).experiment) for each in variants]
    rows = {row.key: list(map(str, row.values)) for row in config_rows(configs) if not row.equal}
    dense = "{'Dense': {'units': 16, 'activation': 'sigmoid'}}"
    assert rows["model.layers[0].Dense.units"] == ["16", "32", "-", "-"]
    assert rows["model.layers[0]"][0] == dense
    assert rows["model.layers[0]"][2:] == ["-", "{'GaussianNoise': {'stddev': 0.1}}"]


def test_the_report_of_two_runs(
    make_run: MakeRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Config, metrics with their direction, and a verdict; what is equal is only named."""
    one = make_run("name=one", loss=0.5, accuracy=0.75)
    make_run("name=two", "fit.batch_size=2", loss=0.25, accuracy=0.7)
    assert nnrun("diff", one.id, "two", "--runs-dir", str(tmp_path / "runs")) == 0
    text = capsys.readouterr().out
    lines = [line.split() for line in text.splitlines()]
    assert ["A", one.id, "one", "completed", "3", "2", "just", "now"] in lines
    assert ["fit.batch_size", "1", "2"] in lines
    assert ["best", "loss", "0.5000", "0.2500", "-0.2500", "B"] in lines
    assert ["best", "accuracy", "0.7500", "0.7000", "-0.0500", "A"] in lines
    assert "fit.epochs" not in text
    assert "train samples" not in text
    # Nothing was trained, so that both may also have lasted equally long.
    assert re.search(r"^equal: network, data, code, environment(, timing)?$", text, re.MULTILINE)
    assert text.endswith("better by loss: B (two), 0.2500 against 0.5000\n")


def test_all_shows_what_is_equal(
    make_run: MakeRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every key is there on demand."""
    make_run("name=one", loss=0.5)
    make_run("name=two", loss=0.5)
    assert nnrun("diff", "one", "two", "--all", "--runs-dir", str(tmp_path / "runs")) == 0
    text = capsys.readouterr().out
    for part in ("fit.epochs", "train samples", "versions.keras", "host.cpus", "train  ", "loss: equal"):
        assert part in text


def test_a_run_and_itself_are_equal(
    make_run: MakeRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same run twice differs in nothing, and that is no error."""
    run = make_run(loss=float("nan"))
    assert nnrun("diff", run.id, "latest", "--runs-dir", str(tmp_path / "runs")) == 0
    assert capsys.readouterr().out.endswith("\n\nA and B are the same run.\n")
    assert nnrun("diff", run.id, "latest", "--json", "--runs-dir", str(tmp_path / "runs")) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["same_run"]
    assert all(record["equal"].values())
    assert [record[group] for group in record["equal"]] == [[]] * 7


def test_data_code_and_environment_are_compared(make_run: MakeRun) -> None:
    """What the record says of them is shown where it differs; other data forbid a comparison of metrics."""
    git = {"commit": "8f3a2b19d0c4", "dirty": False}
    one = make_run(loss=0.5, changes={"git": git, "class_names": ["a", "b"]})
    host = {**one.record["host"], "name": "ôther", "environment": {"OMP_NUM_THREADS": "2"}}
    changes = {
        "git": {**git, "dirty": True},
        "versions": {**one.record["versions"], "numpy": "1.0", "nnrun": "9"},
        "host": host,
        "device": "GPU:0",
        "data": {"fingerprint": "other"},
        "class_names": ["a", "数"],
    }
    two = make_run(loss=0.5)
    two = Run(two.path, {**two.record, **changes})
    comparison = compare_runs([one, two])
    keys = {group: [row.key for row in comparison.differing(group)] for group in comparison.groups}
    assert keys["config"] == []
    assert keys["data"] == ["data.fingerprint", "classes"]
    assert keys["code"] == ["git.dirty", "versions.nnrun"]
    assert keys["environment"] == ["versions.numpy", "device", "host.name", "OMP_NUM_THREADS"]
    text = report(comparison, datetime.now(UTC), complete=False)
    assert "note: the data differ" in text
    assert "[a, 数]" in text or '["a", "数"]' in text or '[a, "数"]' in text
    assert "39b6f705c9f2  other" in text


@pytest.mark.parametrize(
    ("values", "direction", "best", "difference"),
    [
        ([0.5, 0.25], "min", 1, -0.25),
        ([0.5, 0.25], "max", 0, -0.25),
        ([0.5, 0.5], "min", None, 0.0),
        ([float("nan"), 0.5], "min", None, None),
        ([0.5, 0.25], None, None, -0.25),
        ([0.5, 0.25, 0.3], "min", 1, None),
        ([0.25, 0.5, 0.25], "min", None, None),
    ],
)
def test_which_is_better(
    values: list[float], direction: Any, best: int | None, difference: float | None
) -> None:
    """The direction of the metric decides; equal and non-finite values win nothing."""
    from nnrun.comparison.metric_rows import MetricRow

    row = MetricRow("best x", values, direction)
    assert (row.best, row.difference) == (best, difference)


def test_the_mode_of_the_config_tells_the_direction(make_run: MakeRun) -> None:
    """A metric with a name that tells nothing goes by what the config says of it."""
    changes = [
        "checkpoint.monitor=gain",
        "checkpoint.mode=max",
        "compile.metrics=[{CategoricalAccuracy: {name: gain}}]",
    ]
    comparison = compare_runs([make_run(*changes, gain=1.0), make_run(*changes, gain=2.0)])
    [row] = [row for row in comparison.groups["metrics"] if row.key == "best gain"]
    assert row.to_record()["direction"] == "max"


def test_evaluations_are_compared(make_run: MakeRun) -> None:
    """What `evaluate` wrote for both stands beside the other metrics, the test split first."""
    runs = [make_run(loss=0.5), make_run(loss=0.4)]
    for run, accuracy in zip(runs, (0.9, 0.8), strict=True):
        (run.path / "evaluation").mkdir()
        for name in ("validation-best", "test-last", "test-best"):
            record = {"figures": {"accuracy": accuracy, "ece": accuracy}}
            (run.path / "evaluation" / f"{name}.json").write_text(json.dumps(record))
    comparison = compare_runs(runs)
    rows = [row.to_record() for row in comparison.groups["metrics"]]
    assert [row["key"] for row in rows[2:] if "ece" not in row["key"]] == [
        "test accuracy",
        "test (last) accuracy",
        "validation accuracy",
    ]
    assert rows[2]["best"] == 0
    # Not every figure tells something: the rest is shown on demand.
    shown, everything = (report(comparison, datetime.now(UTC), complete=each) for each in (False, True))
    assert "test accuracy" in shown
    assert "test ece" not in shown
    assert "test ece" in everything


def test_json_is_complete(make_run: MakeRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A program gets who was compared, every difference with its values, and which is better."""
    make_run("name=one", "fit.class_weight={'0': 2.0}", loss=0.5)
    make_run("name=two", loss=float("inf"))
    assert nnrun("diff", "one", "two", "--json", "--runs-dir", str(tmp_path / "runs")) == 0
    record = json.loads(capsys.readouterr().out)
    assert [run["name"] for run in record["runs"]] == ["one", "two"]
    assert record["equal"]["data"] is True
    assert record["equal"]["config"] is False
    assert record["config"][1] == {
        "key": "fit.class_weight",
        "values": [{"0": 2.0}, None],
        "missing": [],
        "equal": False,
    }
    assert record["metrics"][0]["values"] == [0.5, "inf"]
    assert record["monitor"] == "loss"
    assert record["best"] is None
    nnrun("diff", "one", "two", "--json", "--all", "--runs-dir", str(tmp_path / "runs"))
    assert len(json.loads(capsys.readouterr().out)["config"]) > 20


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["latest"], 2, "expected two runs to compare, received 1"),
        ([], 2, ""),
        (["latest", "nothing"], 4, "no run 'nothing'"),
        (["latest", "latest", "--format"], 2, ""),
    ],
)
def test_wrong_usage(
    make_run: MakeRun,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    message: str,
) -> None:
    """Errors leave stdout empty."""
    make_run(loss=0.5)
    assert nnrun("diff", *arguments, "--runs-dir", str(tmp_path / "runs")) == code
    output = capsys.readouterr()
    assert output.out == ""
    assert message in output.err


def test_a_damaged_run_is_compared_as_far_as_it_goes(make_run: MakeRun) -> None:
    """Files that are missing or torn take only what they would have told."""
    one, two = make_run(loss=0.5), make_run(loss=0.4)
    (two.path / "resolved.yaml").unlink()
    (two.path / "summary.json").write_text("{")
    (two.path / "events.jsonl").write_text("{torn")
    text = report(compare_runs([one, Run.read(two.path)]), datetime.now(UTC), complete=False, width=80)
    assert "note: the config of B cannot be read" in text
    assert "data differ" not in text
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_report_fits_the_terminal(make_run: MakeRun, width: int) -> None:
    """Long values are cut, names of keys as long as there is space are not."""
    names = ", ".join(f"column_number_{index}" for index in range(40))
    one = make_run(loss=0.5, changes={"class_names": names.split(", ")})
    two = make_run("compile.optimizer={SGD: {momentum: 0.9, nesterov: true, clipnorm: 1.0}}", loss=0.4)
    text = report(compare_runs([one, two, two, one]), datetime.now(UTC), complete=True, width=width)
    assert max(map(len, text.splitlines())) <= width
    assert "compile.optimizer" in text or width == 60


def test_diff_loads_no_heavy_package(make_run: MakeRun, tmp_path: Path) -> None:
    """The command needs neither TensorFlow nor NumPy."""
    make_run(loss=0.5)
    code = (
        "import sys\n"
        "from nnrun.cli.main import run\n"
        "assert run(sys.argv[1:]) == 0\n"
        "heavy = {'tensorflow', 'keras', 'numpy', 'sklearn', 'pandas', 'pyarrow', 'matplotlib', 'rich'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, "diff", "latest", "latest", "--runs-dir", str(tmp_path / "runs")],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stderr == "[]\n"
