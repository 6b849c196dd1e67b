"""`nnrun plot` for runs of every kind, and for configs that were not trained."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nnrun.evaluation.plots import boundary as boundary_module
from nnrun.evaluation.plots.kinds import KINDS, module_of
from nnrun.rundir.reading import Run
from tests.configs import nnrun, write_iris
from tests.docs.readme import current_help
from tests.test_evaluate import BINARY, CLASSES, VALUES, train_run

IMAGES = """
name: images
seed: 1
dataset: {source: sklearn, name: digits, scale: unit, limit: 300, split: {test: 0.5}}
model: {layers: [Flatten, {Dense: {units: 10, activation: softmax}}]}
compile: {optimizer: adam, loss: sparse_categorical_crossentropy, metrics: [accuracy]}
fit: {epochs: 1}
"""

TOKENS = """
name: tokens
seed: 1
dataset: {source: synthetic, generator: tokens, samples: 60, split: {test: 0.5}}
model: {layers: [{Embedding: {input_dim: 100, output_dim: 2}}, Flatten, {Dense: {units: 1}}]}
compile: {optimizer: adam, loss: hinge}
fit: {epochs: 1}
"""

FITTING = {
    "classes": {"curves", "samples", "pairs", "confusion", "misclassified", "calibration"},
    "binary": {"curves", "samples", "pairs", "confusion", "misclassified", "boundary", "roc", "calibration"},
    "values": {"curves", "samples", "pairs", "residuals"},
    "images": {"curves", "samples", "confusion", "misclassified", "calibration"},
    "tokens": {"curves", "samples", "confusion", "misclassified", "roc"},
}
"""Which pictures fit which run."""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """A run of each kind, barely trained: all of them make mistakes."""
    folder = tmp_path_factory.mktemp("runs")
    texts = {
        "classes": (CLASSES, "fit.epochs=1"),
        "binary": (BINARY, "dataset.scale=standard"),
        "values": (VALUES,),
        "images": (IMAGES,),
        "tokens": (TOKENS,),
    }
    return {name: train_run(folder, text, *overrides) for name, (text, *overrides) in texts.items()}


def size(path: Path) -> tuple[int, int]:
    """Returns width and height of a complete PNG."""
    with Image.open(path) as image:
        image.load()
        assert image.format == "PNG"
        return image.size


def test_every_kind_has_a_module_and_is_in_the_help() -> None:
    """One line in the list, one file, one word in the help."""
    assert len({kind.name for kind in KINDS} | {kind.file for kind in KINDS}) == 2 * len(KINDS)
    text = " ".join(current_help("plot").split())
    names = [kind.name for kind in KINDS]
    assert f"{', '.join(names[:-1])} or {names[-1]};" in text
    for kind in KINDS:
        assert callable(module_of(kind).draw)
        assert callable(module_of(kind).obstacle)


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", FITTING)
def test_all_pictures_that_fit(runs: dict[str, Run], name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a kind, every picture that fits is drawn, and its path printed."""
    run = runs[name]
    assert nnrun("plot", str(run.path)) == 0
    captured = capsys.readouterr()
    expected = [str(run.path / "plots" / kind.file) for kind in KINDS if kind.name in FITTING[name]]
    assert captured.out.splitlines() == expected
    assert captured.err == ""
    for path in expected:
        assert min(size(Path(path))) > 150


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("name", "kind"), [(n, k.name) for n in FITTING for k in KINDS if k.name not in FITTING[n]]
)
def test_a_picture_that_does_not_fit_says_why(
    runs: dict[str, Run], name: str, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, with the reason, and with those that fit."""
    assert nnrun("plot", str(runs[name].path), kind) == 2
    error = capsys.readouterr().err
    assert f"no picture '{kind}' of {name}: " in error
    fitting = error.partition("These fit: ")[2].partition(".")[0]
    assert set(fitting.split(", ")) == FITTING[name]


@pytest.mark.tensorflow
def test_one_picture_into_a_file(
    runs: dict[str, Run], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """--output, --split and --weights."""
    file = tmp_path / "matrix.png"
    arguments = ("--output", str(file), "--split", "train", "--weights", "last")
    assert nnrun("plot", str(runs["classes"].path), "confusion", *arguments) == 0
    assert capsys.readouterr().out == f"{file}\n"
    size(file)


@pytest.mark.tensorflow
@pytest.mark.parametrize("scaled", [False, True])
def test_boundary_has_the_probabilities_of_keras(
    runs: dict[str, Run], scaled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The grid is in the units of the features, or in those of the network where that is asked for."""
    import keras

    from nnrun.config.load import load_experiment
    from nnrun.data.labelled import load_labelled

    run = runs["binary"]
    planes: list[boundary_module.Plane] = []
    original = boundary_module.boundary

    def keep(plane: boundary_module.Plane, *rest: object) -> bytes:
        planes.append(plane)
        return original(plane, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(boundary_module, "boundary", keep)
    arguments = ["--range", "-3", "3", "--resolution", "20", *(["--scaled"] if scaled else [])]
    assert nnrun("plot", str(run.path), "boundary", *arguments) == 0
    [plane] = planes
    np.testing.assert_allclose(plane.across, np.linspace(-3, 3, 20))
    x, y = np.meshgrid(plane.across, plane.up)
    grid = np.stack([x, y], axis=-1).reshape(-1, 2)
    if not scaled:
        experiment = load_experiment(run.resolved_path).experiment
        train = load_labelled(experiment.dataset, experiment.compile.loss, 1).found("train")
        grid = (grid - train.mean(axis=0)) / train.std(axis=0)
    model = keras.models.load_model(run.model_path("best"))
    logits = model.predict(grid.astype(np.float32), verbose=0).reshape(20, 20)
    np.testing.assert_allclose(plane.probability, 1 / (1 + np.exp(-logits.astype(float))), atol=1e-5)
    np.testing.assert_array_equal(plane.classes, logits > 0)


@pytest.mark.tensorflow
def test_a_perfect_network_has_no_mistakes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Among all pictures it is left out; asked for, it is an error that says so."""
    blobs = (
        "{source: synthetic, generator: blobs, samples: 60, centers: 2, cluster_std: 0.1, split: {test: 30}}"
    )
    run = train_run(tmp_path, BINARY, f"dataset={blobs}", "fit.epochs=60")
    assert nnrun("plot", str(run.path), "misclassified") == 2
    assert "all 30 samples of the test split are classified correctly" in capsys.readouterr().err
    assert nnrun("plot", str(run.path)) == 0
    assert "misclassified" not in capsys.readouterr().out


@pytest.mark.tensorflow
def test_data_that_are_gone_spare_the_curves(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What needs no data is drawn; the missing file is told once, with exit code 4."""
    table = tmp_path / "t.csv"
    table.write_text("x,y\n" + "".join(f"{n},{'ab'[n % 2]}\n" for n in range(40)))
    dataset = f"dataset={{source: csv, path: {table}, target: y, split: {{test: 0.5, stratify: true}}}}"
    run = train_run(tmp_path, BINARY, dataset, "fit.epochs=1")
    table.unlink()
    assert nnrun("plot", str(run.path)) == 4
    captured = capsys.readouterr()
    assert captured.out.splitlines() == [str(run.path / "plots" / "curves.png")]
    assert captured.err.count("no such file") == 1


def test_data_of_a_config_need_no_training_and_no_tensorflow(tmp_path: Path) -> None:
    """Samples and pairs of a config that was never trained, in a fresh process."""
    config = write_iris(tmp_path)
    code = (
        "import sys\n"
        "from nnrun.cli.main import run\n"
        f"assert run(['plot', {str(config)!r}, '--runs-dir', {str(tmp_path / 'runs')!r}]) == 0\n"
        "loaded = set(sys.modules) & {'tensorflow', 'keras'}\n"
        "assert not loaded, loaded\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == ["iris-mlp-samples.png", "iris-mlp-pairs.png"]
    assert size(tmp_path / "iris-mlp-pairs.png")[0] > 700
    assert not (tmp_path / "runs").exists()


def test_overrides_change_the_data_of_a_config(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """KEY=VALUE works as for the other commands."""
    monkeypatch.chdir(tmp_path)
    config = write_iris(tmp_path)
    assert nnrun("plot", str(config), "samples", "dataset.limit=12") == 0
    twelve = size(tmp_path / capsys.readouterr().out.strip())
    assert nnrun("plot", str(config), "samples") == 0
    assert size(tmp_path / capsys.readouterr().out.strip())[1] > twelve[1]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["curves"], 2, "expected a run or a config before 'curves'"),
        (["nothing"], 4, "no run 'nothing'"),
        (["CONFIG", "curve"], 2, "Did you mean curves?"),
        (["CONFIG", "curves"], 4, "Train it first: nnrun train"),
        (["CONFIG", "samples", "fit.epoch=3"], 3, "did you mean 'epochs'?"),
        (["CONFIG", "confusion", "fit.epochs=3"], 2, "a run cannot be changed"),
        (["latest", "fit.epochs=3"], 2, "a run cannot be changed"),
        (["CONFIG", "--output", "x.png"], 2, "--output is for one picture, and no kinds"),
        (["CONFIG", "pairs", "samples", "--output", "x.png"], 2, "and 2 kinds were given"),
        (["CONFIG", "pairs", "--output", "nowhere/x.png"], 7, "cannot write nowhere/x.png"),
        (["CONFIG", "pairs", "--split", "validation"], 4, "iris-mlp has no validation split"),
        (["CONFIG", "boundary", "--range", "3", "-3"], 2, "expected LOW below HIGH"),
        (["CONFIG", "boundary", "--range", "nan", "1"], 2, "expected LOW below HIGH"),
        (["CONFIG", "boundary", "--range", "1", "inf"], 2, "expected LOW below HIGH"),
        (["CONFIG", "pairs", "--range", "1", "2"], 2, "for the picture 'boundary' only"),
        (["CONFIG", "pairs", "--scaled"], 2, "for the picture 'boundary' only"),
    ],
)  # fmt: skip
def test_wrong_arguments(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    message: str,
) -> None:
    """Each is told, with the exit code of its kind, before anything is loaded that takes long."""
    monkeypatch.chdir(tmp_path)
    config = str(write_iris(tmp_path))
    assert nnrun("plot", *(config if word == "CONFIG" else word for word in arguments)) == code
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.out == ""


def test_samples_of_every_kind_of_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Samples of a regression and of images, without training."""
    monkeypatch.chdir(tmp_path)
    for name, text in (("values", VALUES), ("images", IMAGES), ("tokens", TOKENS)):
        (tmp_path / f"{name}.yaml").write_text(text)
        assert nnrun("plot", f"{name}.yaml", "samples") == 0
        size(tmp_path / f"{name}-samples.png")
