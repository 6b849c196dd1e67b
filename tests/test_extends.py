"""A config that extends another one is that one with its own values laid over it."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnrun.check import check_config
from nnrun.config.datasets import CsvData, SyntheticSection
from nnrun.config.load import LoadedConfig, load_experiment
from nnrun.config.problems import ConfigError
from nnrun.config.resolved import plain, to_yaml, with_origins
from tests.configs import IRIS, nnrun


def load(folder: Path, text: str, *overrides: str, base: str = IRIS) -> LoadedConfig:
    """Loads a config that extends a base in the same folder."""
    (folder / "base.yaml").write_text(base)
    (folder / "child.yaml").write_text(f"extends: base.yaml\n{text}")
    return load_experiment(folder / "child.yaml", overrides)


def test_a_config_that_changes_nothing_is_its_base(tmp_path: Path) -> None:
    """`extends` alone gives the same experiment."""
    child = load(tmp_path, "").experiment
    assert child == load_experiment(tmp_path / "base.yaml").experiment


def test_mappings_merge_and_lists_replace(tmp_path: Path) -> None:
    """A section keeps the keys that the config does not name; a list is the config's own."""
    experiment = load(tmp_path, "fit: {epochs: 3}\ncompile: {metrics: []}\n").experiment
    assert (experiment.fit.epochs, experiment.fit.batch_size) == (3, 1)
    assert experiment.compile.metrics == []
    assert experiment.compile.loss.name == "categorical_crossentropy"


def test_null_replaces(tmp_path: Path) -> None:
    """What the base sets can be unset."""
    base = IRIS.replace("  batch_size: 1\n", "  batch_size: 1\n  class_weight: {setosa: 2.0}\n")
    assert load(tmp_path, "fit: {class_weight: null}\n", base=base).experiment.fit.class_weight is None


@pytest.mark.parametrize(
    ("optimizer", "expected"),
    [
        ("{Adam: {beta_1: 0.8}}", {"Adam": {"learning_rate": 0.01, "beta_1": 0.8}}),
        ("{adam: {beta_1: 0.8}}", {"adam": {"learning_rate": 0.01, "beta_1": 0.8}}),
        ("{SGD: {momentum: 0.9}}", {"SGD": {"momentum": 0.9}}),
        ("Adam", "Adam"),
        ("SGD", "SGD"),
    ],
)
def test_an_object_merges_with_the_same_class_only(tmp_path: Path, optimizer: str, expected: object) -> None:
    """Arguments of another class never reach an object; a bare name has no arguments."""
    experiment = load(tmp_path, f"compile: {{optimizer: {optimizer}}}\n").experiment
    assert experiment.compile.optimizer.written() == expected


def test_an_object_inside_an_object_merges_like_one(tmp_path: Path) -> None:
    """A schedule of another class replaces the base's as a whole, one of the same class merges."""
    schedule = "{CosineDecay: {initial_learning_rate: 0.1, decay_steps: 100}}"
    base = IRIS.replace("learning_rate: 0.01", f"learning_rate: {schedule}")
    same = "{CosineDecay: {decay_steps: 50}}"
    found = load(tmp_path, f"compile: {{optimizer: {{Adam: {{learning_rate: {same}}}}}}}\n", base=base)
    assert found.experiment.compile.optimizer.written() == {
        "Adam": {"learning_rate": {"CosineDecay": {"initial_learning_rate": 0.1, "decay_steps": 50}}}
    }
    other = "{ExponentialDecay: {initial_learning_rate: 1.0, decay_steps: 9, decay_rate: 0.5}}"
    found = load(tmp_path, f"compile: {{optimizer: {{Adam: {{learning_rate: {other}}}}}}}\n", base=base)
    schedule_written = found.experiment.compile.optimizer.written()["Adam"]["learning_rate"]
    assert list(schedule_written) == ["ExponentialDecay"]


def test_another_source_replaces_the_dataset(tmp_path: Path) -> None:
    """Nothing of the base's dataset is left where the config names another source."""
    child = load(tmp_path, "dataset: {source: synthetic, generator: blobs}\n").experiment
    assert isinstance(child.dataset, SyntheticSection)
    assert child.dataset.split.test is None
    kept = load(tmp_path, "dataset: {name: wine}\n").experiment.dataset
    assert (kept.split.test, kept.scale) == (0.5, "standard")


def test_several_levels(tmp_path: Path) -> None:
    """The base of a base counts too, and the nearest file wins."""
    (tmp_path / "root.yaml").write_text(IRIS)
    child = load(tmp_path, "fit: {epochs: 3}\n", base="extends: root.yaml\nfit: {epochs: 7, batch_size: 9}\n")
    assert (child.experiment.fit.epochs, child.experiment.fit.batch_size) == (3, 9)
    assert child.experiment.seed == 0


def test_the_name_is_inherited_else_the_file_s_own(tmp_path: Path) -> None:
    """`name` is a key like every other; where nobody has one, the file that was asked for lends its own."""
    assert load(tmp_path, "").experiment.name == "iris-mlp"
    assert load(tmp_path, "", base=IRIS.replace("name: iris-mlp\n", "")).experiment.name == "child"


def test_paths_are_relative_to_the_file_that_says_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bases are found beside the file that names them, data beside the file that says where they are."""
    (tmp_path / "shared" / "deep").mkdir(parents=True)
    (tmp_path / "shared" / "deep" / "root.yaml").write_text(
        IRIS.replace("source: sklearn\n  name: iris", "source: csv\n  path: ../a.csv\n  target: y")
    )
    (tmp_path / "shared" / "base.yaml").write_text("extends: deep/root.yaml\n")
    config = tmp_path / "child.yaml"
    monkeypatch.chdir(tmp_path)

    def path_of(text: str, *overrides: str) -> str:
        config.write_text("extends: shared/base.yaml\n" + text)
        dataset = load_experiment(Path("child.yaml"), overrides).experiment.dataset
        assert isinstance(dataset, CsvData)
        return dataset.path

    assert path_of("") == str(tmp_path / "shared" / "a.csv")
    assert path_of("dataset: {path: b.csv}\n") == str(tmp_path / "b.csv")
    monkeypatch.chdir(tmp_path / "shared")
    dataset = load_experiment(Path("../child.yaml"), ["dataset.path=c.csv"]).experiment.dataset
    assert isinstance(dataset, CsvData)
    assert dataset.path == str(tmp_path / "shared" / "c.csv")


def test_overrides_apply_last(tmp_path: Path) -> None:
    """An argument changes what the base says, also inside an object of it."""
    child = load(tmp_path, "fit: {epochs: 3}\n", "fit.epochs=5", "compile.optimizer.learning_rate=0.5")
    assert child.experiment.fit.epochs == 5
    assert child.experiment.compile.optimizer.written() == {"Adam": {"learning_rate": 0.5}}


def test_show_names_the_file_of_what_is_inherited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The origin is a line of the config itself, `base.yaml:LINE`, `override` or `default`."""
    load(tmp_path, "fit: {epochs: 3}\n")
    monkeypatch.chdir(tmp_path)
    text = with_origins(load_experiment(Path("child.yaml"), ["name=other"]))
    origins = {
        line.split(":")[0].strip(" -"): line.rpartition("# ")[2] for line in text.splitlines() if "# " in line
    }
    assert origins["epochs"] == "line 2"
    assert origins["batch_size"] == "base.yaml:18"
    assert origins["name"] in ("override", "base.yaml:5")
    assert origins["validation_freq"] == "default"
    assert origins["learning_rate"] == "base.yaml:13"


def test_the_resolved_config_stands_alone(tmp_path: Path) -> None:
    """It has every value and no `extends`, and loads as the same experiment elsewhere."""
    experiment = load(tmp_path, "fit: {epochs: 3}\n").experiment
    assert "extends" not in plain(experiment)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "resolved.yaml").write_text(to_yaml(experiment))
    assert load_experiment(elsewhere / "resolved.yaml").experiment == experiment


def test_the_source_is_the_users_file(tmp_path: Path) -> None:
    """What a run keeps as `config.yaml` is the file as it was given."""
    loaded = load(tmp_path, "fit: {epochs: 3}  # short\n")
    assert loaded.source == (tmp_path / "child.yaml").read_bytes()


def test_a_problem_points_into_the_base(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """File, line and caret are those of the file that has the wrong value, in every format."""
    with pytest.raises(ConfigError):
        load(tmp_path, "seed: 3\n", base=IRIS.replace("units: 16", "unit: 16"))
    base, child = tmp_path / "base.yaml", str(tmp_path / "child.yaml")
    assert nnrun("check", child) == 3
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"{base}:10:15: error: model.layers[0].Dense.unit")
    assert lines[1:3] == [
        "  10 |     - Dense: {unit: 16, activation: sigmoid}",
        "     |               ^^^^",
    ]
    assert nnrun("check", child, "--format", "github") == 3
    assert capsys.readouterr().out.startswith(f"::error file={base},line=10,col=15,")
    assert nnrun("check", child, "--format", "json") == 3
    assert f'"file": "{base}"' in capsys.readouterr().out


def test_what_the_config_replaces_is_not_looked_at(tmp_path: Path) -> None:
    """A wrong value of the base that the config replaces is no problem."""
    base = IRIS.replace("epochs: 100", "epochs: ten")
    assert load(tmp_path, "fit: {epochs: 3}\n", base=base).experiment.fit.epochs == 3


def test_a_circle_is_named_with_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message lists the files in the order in which they extend each other."""
    monkeypatch.chdir(tmp_path)
    for name, base in (("a", "b"), ("b", "c"), ("c", "b")):
        Path(f"{name}.yaml").write_text(f"extends: {base}.yaml\n")
    with pytest.raises(ConfigError) as caught:
        load_experiment(Path("a.yaml"))
    (problem,) = caught.value.problems
    assert problem.code == "extends-cycle"
    assert "b.yaml -> c.yaml -> b.yaml" in problem.message
    assert problem.place is not None
    assert problem.place.source.name == "c.yaml"


def test_a_circle_through_a_link_is_found(tmp_path: Path) -> None:
    """A file is the same one under another name."""
    (tmp_path / "a.yaml").write_text("extends: b.yaml\n")
    (tmp_path / "b.yaml").symlink_to("a.yaml")
    with pytest.raises(ConfigError, match="cannot extend itself"):
        load_experiment(tmp_path / "a.yaml")


def test_problems_are_in_the_order_of_the_files(tmp_path: Path) -> None:
    """Those of the config come first, then those of its base, then those of the arguments."""
    base = IRIS.replace("units: 16", "unit: 16").replace("batch_size: 1", "batch_size: 0")
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, "seed: -1\nfit: {epochs: 0}\n", "fit.shuffle=3", base=base)
    names = [Path(problem.place.source.name).name for problem in caught.value.problems if problem.place]
    assert names == ["child.yaml", "child.yaml", "base.yaml", "base.yaml", "fit.shuffle=3"]


def test_a_warning_may_lie_in_the_base(tmp_path: Path) -> None:
    """Cross-checks compare the merged values and point at the one to change, wherever it is."""
    base = IRIS.replace("batch_size: 1\n", "batch_size: 100\n")
    load(tmp_path, "seed: 3\n", base=base)
    (warning,) = check_config(tmp_path / "child.yaml").warnings
    assert warning.code == "batch-size"
    assert warning.place is not None
    assert (Path(warning.place.source.name).name, warning.place.line) == ("base.yaml", 18)
