"""The shapes of samples on their way through a network are followed without TensorFlow."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nnrun.catalog.reading import catalog
from nnrun.check import check_config
from nnrun.config.cross_checks import Finding, cross_check
from nnrun.config.experiment import ModelSection
from nnrun.config.facts import DataFacts
from nnrun.config.load import load_experiment
from nnrun.config.problems import format_path
from nnrun.config.shapes import Walk, walk
from nnrun.config.shapes.layer import WRAPPERS
from nnrun.config.shapes.table import LAYERS
from nnrun.display.layer_table import layer_table
from tests.configs import nnrun, write_iris

CONFIGS = sorted((Path(__file__).resolve().parent.parent / "configs").glob("*.yaml"))
IMAGE = (28, 28, 1)


def stack(*layers: Any) -> ModelSection:
    """Returns layers as a config has them."""
    return ModelSection.model_validate({"layers": list(layers)})


def walked(*layers: Any, shape: tuple[int, ...] | None = IMAGE) -> Walk:
    """Follows a sample through layers."""
    return walk(stack(*layers).layers, shape)


def found(folder: Path, layers: str, facts: DataFacts, *overrides: str) -> list[Finding]:
    """Returns what the cross-checks say about an iris config with other layers before its last one."""
    path = write_iris(folder, ("- Dense: {units: 16, activation: sigmoid}", layers))
    findings = cross_check(load_experiment(path, overrides).experiment, facts)
    return [
        finding for finding in findings if finding.code in ("layer-input", "missing-flatten", "token-floats")
    ]


def facts(*shape: int, dtype: str = "float32") -> DataFacts:
    """Returns data of which only the shape is known."""
    return DataFacts(shape=shape, dtype=dtype)


def test_every_layer_of_the_table_is_in_the_catalogue() -> None:
    """No entry is misspelt."""
    assert {*LAYERS, *WRAPPERS} <= set(catalog().names("layer"))


def test_shapes_and_counts_follow_the_layers() -> None:
    """The network of Keras's MNIST example has the shapes and counts of its documentation."""
    way = walked(
        {"Conv2D": {"filters": 32, "kernel_size": [3, 3]}},
        {"MaxPooling2D": {"pool_size": [2, 2]}},
        {"Conv2D": {"filters": 64, "kernel_size": [3, 3]}},
        {"MaxPooling2D": {"pool_size": [2, 2]}},
        "Flatten",
        {"Dropout": {"rate": 0.5}},
        {"Dense": {"units": 10}},
    )
    assert [row.effect.shape for row in way.rows] == [
        (26, 26, 32), (13, 13, 32), (11, 11, 64), (5, 5, 64), (1600,), (1600,), (10,)
    ]  # fmt: skip
    assert [row.effect.parameters for row in way.rows] == [320, 0, 18496, 0, 0, 0, 16010]
    assert (way.complete, way.parameters) == (True, 34826)


def test_the_walk_stops_where_only_keras_knows() -> None:
    """The layers before are known, and the reason is said."""
    way = walked("Flatten", {"Dense": {"units": 4, "lora_rank": 2}}, {"Dense": {"units": 1}})
    assert (len(way.rows), way.complete, way.unknown) == (1, False, "it has lora_rank")


def test_nothing_is_said_of_samples_that_are_not_known() -> None:
    """Without data there are no rows, unless an Input declares what they are."""
    assert walked({"Dense": {"units": 4}}, shape=None).rows == ()
    declared = walked({"Input": {"shape": [None, 8]}}, {"LSTM": {"units": 4}}, shape=None)
    assert [row.effect.shape for row in declared.rows] == [(None, 8), (4,)]


def test_frozen_layers_have_no_trainable_parameters() -> None:
    """`trainable: false` counts all parameters of a layer as not trained, as Keras does."""
    way = walked({"Dense": {"units": 4, "trainable": False}}, {"BatchNormalization": {}}, shape=(3,))
    assert [(row.effect.trainable, row.effect.non_trainable) for row in way.rows] == [(0, 16), (8, 8)]


@pytest.mark.parametrize(
    ("layers", "data", "path", "message", "hint"),
    [
        (
            "- Flatten\n    - Conv2D: {filters: 2, kernel_size: 3}", facts(28, 28, 1), "model.layers[1]",
            "layer 1 Conv2D expects an image (height, width, channels) per sample, it receives one row of numbers "
            "(784,)",
            "put it before layer 0 Flatten, or remove that",
        ),
        (
            "- Conv2D: {filters: 2, kernel_size: 3}\n    - Flatten", facts(784), "model.layers[0]",
            "layer 0 Conv2D expects an image (height, width, channels) per sample, it receives one row of numbers "
            "(784,)",
            "put Reshape: {target_shape: [28, 28, 1]} before it",
        ),
        (
            "- Conv2D: {filters: 2, kernel_size: 3}\n    - Flatten", facts(8, 9), "model.layers[0]",
            "layer 0 Conv2D expects an image (height, width, channels) per sample, it receives a sequence (steps, "
            "features) (8, 9)",
            "put Reshape: {target_shape: [8, 9, 1]} before it",
        ),
        (
            "- LSTM: {units: 4}\n    - Dropout: {rate: 0.1}\n    - LSTM: {units: 4}", facts(9, 3),
            "model.layers[2]",
            "layer 2 LSTM expects a sequence (steps, features) per sample, it receives one row of numbers (4,)",
            "write return_sequences: true in layer 0 LSTM",
        ),
        (
            "- Bidirectional: {layer: {GRU: {units: 4}}}\n    - LSTM: {units: 4}", facts(9, 3),
            "model.layers[1]",
            "layer 1 LSTM expects a sequence (steps, features) per sample, it receives one row of numbers (8,)",
            "write return_sequences: true in GRU of layer 0 Bidirectional",
        ),
        (
            "- LSTM: {units: 4}", facts(9, dtype="int32"), "model.layers[0]",
            "layer 0 LSTM expects a sequence (steps, features) per sample, it receives one row of numbers (9,)",
            "put Embedding before it, as the samples are token numbers",
        ),
        (
            "- LSTM: {units: 4}", facts(28, 28, 1), "model.layers[0]",
            "layer 0 LSTM expects a sequence (steps, features) per sample, it receives an image (height, width, "
            "channels) (28, 28, 1)",
            "put Reshape: {target_shape: [28, 28]} before it",
        ),
        (
            "- MaxPooling2D\n    - Conv2D: {filters: 2, kernel_size: [5, 3]}\n    - Flatten", facts(8, 8, 1),
            "model.layers[1].Conv2D.kernel_size",
            "layer 1 Conv2D expects at least 5 x 3 for its kernel, it receives only 4 x 4",
            "write padding: same, or a smaller kernel_size, or shrink its input less before",
        ),
        (
            "- MaxPooling2D: {pool_size: 9}\n    - Flatten", facts(8, 8, 1),
            "model.layers[0].MaxPooling2D.pool_size",
            "layer 0 MaxPooling2D expects at least 9 x 9 for its pool, it receives only 8 x 8",
            "write padding: same, or a smaller pool_size, or shrink its input less before",
        ),
        (
            "- Reshape: {target_shape: [28, 28, 1]}\n    - Flatten", facts(100),
            "model.layers[0].Reshape.target_shape",
            "layer 0 Reshape expects 784 numbers per sample for target_shape (28, 28, 1), it receives 100 numbers "
            "(100,)",
            "write -1 for one of the sizes, or sizes whose product is 100",
        ),
        (
            "- Conv2D: {filters: 4, kernel_size: 1, groups: 2}\n    - Flatten", facts(8, 8, 3),
            "model.layers[0].Conv2D.groups",
            "layer 0 Conv2D expects a number of channels that is a multiple of its 2 groups, it receives an image "
            "(height, width, channels) (8, 8, 3)",
            "",
        ),
        (
            "- Input: {shape: [5]}\n    - Dense: {units: 2, activation: relu}", facts(4),
            "model.layers[0].Input.shape",
            "layer 0 Input expects samples of shape (5,), it receives one row of numbers (4,)",
            "leave Input out: the input shape follows the data",
        ),
        (
            "- TimeDistributed: {layer: {Conv2D: {filters: 2, kernel_size: 3}}}\n    - Flatten", facts(9, 8, 8),
            "model.layers[0].TimeDistributed.layer",
            "layer 0 TimeDistributed expects an image (height, width, channels) per sample at each step, for "
            "Conv2D, it receives (8, 8)",
            "",
        ),
        (
            "- LSTM: {units: 4, return_sequences: true}", facts(9, 3), "model.layers[1]",
            "layer 1 Dense receives a sequence (steps, features) (9, 4) per sample, so the network does not put out "
            "one row per sample",
            "remove return_sequences from layer 0 LSTM, or put Flatten before Dense",
        ),
    ],
)  # fmt: skip
def test_a_layer_that_does_not_fit_is_pointed_at_with_the_fix(
    tmp_path: Path, layers: str, data: DataFacts, path: str, message: str, hint: str
) -> None:
    """One error at the layer or at the argument that decides it: what it expects, what it gets, what to write."""
    (finding,) = found(tmp_path, layers, data)
    assert (format_path(finding.path), finding.message, finding.hint) == (path, message, hint)
    assert finding.severity == "error"


def test_the_fix_fixes_it(tmp_path: Path) -> None:
    """With the Reshape that the hint names, nothing is found any more."""
    layers = "- Conv2D: {filters: 2, kernel_size: 3}\n    - Flatten"
    (finding,) = found(tmp_path, layers, facts(784))
    fix = finding.hint.removeprefix("put ").removesuffix(" before it")
    assert found(tmp_path, f"- {fix}\n    {layers}", facts(784)) == []


@pytest.mark.parametrize("scale", ["none", "standard"])
def test_scaled_data_are_no_token_numbers(tmp_path: Path, scale: str) -> None:
    """An embedding of scaled data is a warning; whole numbers as floats are fine, as Keras rounds them."""
    layers = "- Embedding: {input_dim: 9, output_dim: 2}\n    - Flatten"
    codes = [
        (item.code, item.severity) for item in found(tmp_path, layers, facts(4), f"dataset.scale={scale}")
    ]
    assert codes == ([] if scale == "none" else [("token-floats", "warning")])


def test_an_embedding_after_other_layers_is_a_warning(tmp_path: Path) -> None:
    """Fractions look up nothing, and the layers before it cannot learn."""
    layers = (
        "- Dense: {units: 4, activation: relu}\n    - Embedding: {input_dim: 9, output_dim: 2}\n    - Flatten"
    )
    (finding,) = found(tmp_path, layers, facts(4))
    assert (finding.code, finding.path) == ("token-floats", ("model", "layers", 1))


def test_check_shows_the_layers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Below the line of a valid config stands what its layers put out and hold."""
    path = write_iris(tmp_path)
    assert nnrun("check", str(path)) == 0
    assert capsys.readouterr().out == (
        f"ok  {path}\n"
        "      layer      output shape  parameters\n"
        "      (samples)  (4,)\n"
        "    0 Dense      (16,)                 80\n"
        "    1 Dense      (3,)                  51\n"
        "      total                           131\n"
        "    weights: 524 B in float32\n"
    )


def test_check_shows_the_layers_of_several_files_only_when_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Several files are a list of ok; `-v` shows the layers of all, `-q` nothing."""
    path = str(write_iris(tmp_path))
    nnrun("check", path, path)
    assert "total" not in capsys.readouterr().out
    nnrun("-v", "check", path, path)
    assert capsys.readouterr().out.count("total") == 2
    nnrun("-q", "check", path)
    assert capsys.readouterr().out == ""


def test_check_says_where_the_table_stops(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A layer that only Keras knows is named, with the option that asks Keras."""
    path = write_iris(tmp_path, ("- Dense: {units: 16", "- Dense: {lora_rank: 2, units: 16"))
    assert nnrun("check", str(path)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[3].split() == ["0", "Dense", "…", "…"]
    assert lines[-1] == "    … not known without Keras: --build asks it"


def test_json_holds_the_layers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Shapes are lists without the batch dimension."""
    nnrun("check", "--format", "json", str(write_iris(tmp_path)))
    (file,) = json.loads(capsys.readouterr().out)["files"]
    model = file["model"]
    assert (model["input_shape"], model["parameters"], model["complete"]) == ([4], 131, True)
    assert model["layers"][0] == {
        "index": 0, "layer": "Dense", "output_shape": [16], "parameters": 80, "trainable": 80
    }  # fmt: skip


def test_the_table_stays_within_80_columns() -> None:
    """Long names, large shapes and large counts included."""
    layers = stack(
        {"TimeDistributed": {"layer": {"SeparableConv2D": {"filters": 4096, "kernel_size": 3}}}},
        "GlobalAveragePooling3D",
        {"Dense": {"units": 10**9}},
    ).layers
    text = layer_table(layers, walk(layers, (1000, 1024, 1024, 1024)))
    assert max(map(len, text.splitlines())) <= 80
    assert "4,097,004,207,616" in text


@pytest.mark.tensorflow
@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_the_table_of_a_config_is_that_of_keras(path: Path) -> None:
    """Shapes and counts of the built model are those that were shown without building it."""
    from nnrun.training.building import build_model

    loaded = check_config(path)
    shape = loaded.facts.shape or (8,)  # the columns of a table and the tokens of a text show in the file
    model = build_model(loaded, shape, loaded.facts.dtype, 0)
    way = walk(loaded.experiment.model.layers, shape)
    built = [(tuple(layer.output.shape[1:]), layer.count_params()) for layer in model.layers]
    assert built == [(row.effect.shape, row.effect.parameters) for row in way.rows]
