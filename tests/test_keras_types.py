"""How a config writes Keras objects, and what it is told when it writes them wrongly."""

from __future__ import annotations

import copy
import math
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from nnrun.catalog.families import Family
from nnrun.catalog.reading import catalog
from nnrun.config.keras_check import read_object
from nnrun.config.keras_hints import OLD_ARGUMENTS, OLD_CLASSES
from nnrun.config.keras_names import canonical_loss, metric_log_name
from nnrun.config.keras_object import KerasObject
from nnrun.config.keras_scalars import ObjectProblem
from nnrun.config.keras_types import LayerObject, LossObject, MetricObject, OptimizerObject


def accepted(family: Family, value: Any) -> KerasObject:
    """Reads an object that must be right."""
    found, problems = read_object(family, value)
    assert found is not None, problems
    return found


def problems_of(family: Family, value: Any) -> tuple[ObjectProblem, ...]:
    """Reads an object that must be wrong."""
    found, problems = read_object(family, value)
    assert found is None
    assert problems
    return problems


def problem_of(family: Family, value: Any) -> ObjectProblem:
    """Reads an object that must have exactly one problem."""
    (problem,) = problems_of(family, value)
    return problem


@pytest.mark.parametrize("value", ["Flatten", {"Flatten": None}, {"Flatten": {}}])
def test_a_name_alone_and_a_name_without_arguments_are_the_same(value: Any) -> None:
    """`Flatten`, `Flatten:` and `Flatten: {}`."""
    assert accepted("layer", value) == KerasObject("layer", "Flatten", "Flatten")


def test_arguments_nest_by_the_same_rule() -> None:
    """A regularizer in a layer in a wrapper."""
    found = accepted(
        "layer",
        {"Bidirectional": {"layer": {"LSTM": {"units": 4, "kernel_regularizer": {"L2": {"l2": 0.1}}}}}},
    )
    lstm = found.arguments["layer"]
    assert lstm.class_name == "LSTM"
    assert lstm.arguments["kernel_regularizer"] == KerasObject("regularizer", "L2", "L2", {"l2": 0.1})


def test_what_was_read_is_written_back_the_same() -> None:
    """`resolved.yaml` is a config again."""
    value = {"Conv2D": {"filters": 3, "kernel_size": [3, 3], "activation": "relu", "dtype": None}}
    assert accepted("layer", value).written() == value


def test_an_object_cannot_be_changed() -> None:
    """Neither its arguments nor the lists and mappings in them."""
    found = accepted("layer", {"Conv2D": {"filters": 3, "kernel_size": [3, 3]}})
    with pytest.raises(TypeError):
        found.arguments["filters"] = 4  # type: ignore[index]
    assert found.arguments["kernel_size"] == (3, 3)


def test_keras_is_given_lists() -> None:
    """Some metrics of Keras refuse tuples."""
    found = accepted("metric", {"Precision": {"thresholds": [0.2, 0.8]}})
    assert found.keyword_arguments() == {"thresholds": [0.2, 0.8]}


def test_an_object_can_be_pickled_and_copied() -> None:
    """A sweep sends experiments to worker processes."""
    found = accepted("layer", {"RNN": {"cell": [{"LSTMCell": {"units": 3}}]}})
    assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301  # own bytes
    assert copy.deepcopy(found) == found


@pytest.mark.parametrize(
    ("family", "name", "class_name"),
    [
        ("layer", "MaxPool2D", "MaxPooling2D"),
        ("optimizer", "adam", "Adam"),
        ("optimizer", "RMSPROP", "RMSprop"),
        ("loss", "mse", "MeanSquaredError"),
        ("loss", "MSE", "MeanSquaredError"),
        ("loss", "huber", "Huber"),
        ("loss", "crossentropy", None),
        ("metric", "acc", None),
        ("metric", "accuracy", None),
        ("metric", "Accuracy", None),
        ("metric", "auc", "AUC"),
        ("initializer", "he_normal", "HeNormal"),
        ("regularizer", "l2", "L2"),
        ("activation", "relu", None),
        ("activation", "swish", None),
    ],
)
def test_aliases_of_keras_are_accepted(family: Family, name: str, class_name: str | None) -> None:
    """The name stays as it was written, and its class is known where there is one."""
    found = accepted(family, name)
    assert (found.name, found.class_name) == (name, class_name)


def test_an_alias_with_arguments_is_its_class() -> None:
    """`Accuracy` with arguments is the class of that name, and not what Keras makes of the bare string."""
    assert accepted("metric", {"mse": {"name": "error"}}).class_name == "MeanSquaredError"
    assert accepted("metric", {"Accuracy": {"name": "same"}}).class_name == "Accuracy"


def test_an_activation_may_be_an_activation_layer() -> None:
    """Keras takes a layer where an activation function stands; a function has no arguments in a config."""
    found = accepted("layer", {"Dense": {"units": 1, "activation": {"LeakyReLU": {"negative_slope": 0.1}}}})
    assert found.arguments["activation"].family == "layer"
    problem = problem_of(
        "layer", {"Dense": {"units": 1, "activation": {"leaky_relu": {"negative_slope": 1}}}}
    )
    assert problem.hint == "write the class instead: 'LeakyReLU: {...}'"


def test_a_learning_rate_is_a_number_or_a_schedule() -> None:
    """A whole number becomes the float that Keras insists on."""
    rate = accepted("optimizer", {"SGD": {"learning_rate": 1}}).arguments["learning_rate"]
    assert isinstance(rate, float)
    schedule = {"CosineDecay": {"initial_learning_rate": 0.1, "decay_steps": 100}}
    found = accepted("optimizer", {"SGD": {"learning_rate": schedule}})
    assert found.arguments["learning_rate"].family == "schedule"


@pytest.mark.parametrize(
    ("family", "value", "code", "hint"),
    [
        ("layer", "Densee", "unknown-class", "did you mean 'Dense'?"),
        ("layer", "dense", "unknown-class", "did you mean 'Dense'?"),
        ("layer", "max_pooling2d", "unknown-class", "did you mean 'MaxPooling2D'?"),
        ("layer", "CuDNNLSTM", "unknown-class", "did you mean 'LSTM'?"),
        ("layer", "Adam", "unknown-class", "'Adam' is an optimizer: it belongs to 'compile.optimizer'"),
        ("layer", "EarlyStopping", "unknown-class", "it belongs into 'fit.callbacks'"),
        ("layer", "relu", "unknown-class", "write 'Activation: {activation: relu}'"),
        ("optimizer", "Adamm", "unknown-class", "did you mean 'Adam'?"),
        ("optimizer", "adamm", "unknown-class", "did you mean 'adam'?"),
        ("optimizer", "CosineDecay", "unknown-class", "'CosineDecay' is a learning-rate schedule"),
        ("loss", "categorical_crosentropy", "unknown-class", "did you mean 'categorical_crossentropy'?"),
        ("loss", "accuracy", "unknown-class", "'accuracy' is a metric"),
        ("metric", "acuracy", "unknown-class", "did you mean 'accuracy'?"),
        ("metric", "rmse", "unknown-class", "did you mean 'RootMeanSquaredError'?"),
        ("activation", "rleu", "unknown-class", "did you mean 'relu'?"),
        ("layer", "Layer", "refused-class", ""),
        ("layer", {"Lambda": {"function": "x"}}, "refused-class", ""),
        ("callback", "LearningRateScheduler", "refused-class", ""),
        ("layer", 3, "bad-object", "write its name, or 'Name: {argument: value}'"),
        ("layer", None, "bad-object", "write its name, or 'Name: {argument: value}'"),
        ("layer", ["Dense"], "bad-object", "write its name, or 'Name: {argument: value}'"),
        ("layer", {"Dense": None, "units": 3}, "bad-object", "indent 'units' further, below 'Dense'"),
        ("layer", {"Dense": {"units": 3}, "Flatten": None}, "bad-object", "as an item of its own"),
        ("optimizer", {"class_name": "Adam", "config": {}}, "bad-object", "instead of 'class_name'"),
        ("layer", {"Activation": "relu"}, "bad-object", "write 'Activation: {activation: relu}'"),
        ("layer", {"Dropout": 0.5}, "bad-object", "write 'Dropout: {rate: 0.5}'"),
        ("layer", {"Flatten": True}, "bad-object", "write 'Flatten: {data_format: ...}'"),
        ("loss", {"crossentropy": {"name": "x"}}, "bad-object", "'CategoricalCrossentropy: {...}'"),
        ("layer", "Dense", "missing-argument", "write 'Dense: {units: ...}'"),
        ("layer", {"Dense": {"unit": 3}}, "unknown-argument", "did you mean 'units'?"),
        ("layer", {"Dense": {"output_dim": 3}}, "unknown-argument", "it is called 'units' now"),
        ("layer", {"Dense": {"units": 3, "init": "zeros"}}, "unknown-argument", "'kernel_initializer' now"),
        ("layer", {"Dense": {"units": 3, "W_regularizer": "l2"}}, "unknown-argument", "'kernel_regularizer'"),
        ("layer", {"Dropout": {"p": 0.5}}, "unknown-argument", "it is called 'rate' now"),
        ("layer", {"Dense": {"units": 3, "input_shape": [4]}}, "unknown-argument", "the input shape follows"),
        ("layer", {"Dense": {"units": 3, "kernel_size": 3}}, "unknown-argument", "it is an argument of"),
        ("optimizer", {"Adam": {"lr": 0.1}}, "unknown-argument", "it is called 'learning_rate' now"),
        ("optimizer", {"SGD": {"decay": 0.1}}, "unknown-argument", "InverseTimeDecay"),
        ("layer", {"Dense": {"units": "3"}}, "wrong-type", "remove the quotes"),
        ("layer", {"Dense": {"units": 3.0}}, "wrong-type", "write 3"),
        ("layer", {"Dense": {"units": True}}, "wrong-type", ""),
        ("layer", {"Dense": {"units": None}}, "wrong-type", ""),
        ("layer", {"Dense": {"units": 3, "use_bias": 1}}, "wrong-type", ""),
        ("layer", {"Dense": {"units": 3, "dtype": "flaot32"}}, "wrong-type", "did you mean 'float32'?"),
        (
            "layer",
            {"Flatten": {"data_format": "channel_last"}},
            "wrong-type",
            "did you mean 'channels_last'?",
        ),
        (
            "layer",
            {"Embedding": {"input_dim": 3, "output_dim": 2, "weights": [1]}},
            "wrong-type",
            "leave it out",
        ),
        ("layer", {"TimeDistributed": {"layer": None}}, "bad-object", ""),
        ("layer", {"RNN": {"cell": {"Dense": {"units": 3}}}}, "wrong-type", ""),
        ("layer", {"Conv2D": {"filters": 3, "kernel_size": [3]}}, "wrong-type", ""),
        ("layer", {"Dropout": {"rate": 1.5}}, "out-of-range", ""),
        ("layer", {"Dense": {"units": 0}}, "out-of-range", ""),
        ("layer", {"Dense": {"units": 10**4000}}, "out-of-range", ""),
        ("layer", {"GaussianNoise": {"stddev": math.inf}}, "out-of-range", ""),
        ("layer", {"GaussianNoise": {"stddev": 10**400}}, "out-of-range", ""),
        ("optimizer", {"SGD": {"learning_rate": "0.1"}}, "wrong-type", "remove the quotes"),
        (
            "optimizer",
            {"SGD": {"learning_rate": "CosinDecay"}},
            "unknown-class",
            "did you mean 'CosineDecay'?",
        ),
    ],
    ids=repr,
)
def test_a_mistake_is_named_and_put_right(family: Family, value: Any, code: str, hint: str) -> None:
    """One problem with a stable code, and the hint says what was probably meant."""
    problem = problem_of(family, value)
    assert problem.code == code
    assert hint in problem.hint
    assert problem.message


@pytest.mark.parametrize(
    ("value", "loc", "at"),
    [
        ("Densee", (), "value"),
        ({"Densee": {}}, ("Densee",), "key"),
        ("Dense", (), "value"),
        ({"Dense": {}}, ("Dense",), "key"),
        ({"Dense": {"units": 3, "unit": 3}}, ("Dense", "unit"), "key"),
        ({"Dense": {"units": "x"}}, ("Dense", "units"), "value"),
        ({"Dense": {"units": 3, "activation": "rleu"}}, ("Dense", "activation"), "value"),
        ({"Conv2D": {"filters": 3, "kernel_size": [3, "x"]}}, ("Conv2D", "kernel_size", 1), "value"),
        ({"TimeDistributed": {"layer": {"Dens": {}}}}, ("TimeDistributed", "layer", "Dens"), "key"),
    ],
    ids=repr,
)
def test_a_problem_points_at_the_key_or_value_that_is_wrong(value: Any, loc: Any, at: str) -> None:
    """The place goes on from where the object stands."""
    problem = problem_of("layer", value)
    assert (problem.loc, problem.at) == (loc, at)


def test_a_number_too_long_to_print_is_refused() -> None:
    """Python itself refuses to write more than 4,300 digits."""
    assert problem_of("layer", {"Dense": {"units": 10**5000}}).code == "out-of-range"
    assert problem_of("layer", {"Dense": {"units": 3, 10**5000: 1}}).code == "unknown-argument"
    assert problem_of("layer", 10**5000).code == "bad-object"


def test_all_problems_of_an_object_come_at_once() -> None:
    """Also those of the objects inside it."""
    value = {"Dense": {"use_bias": "yes", "activation": "rleu", "kernel_regularizer": {"L2": {"l3": 1}}}}
    codes = [problem.code for problem in problems_of("layer", value)]
    assert codes == ["wrong-type", "unknown-class", "unknown-argument", "missing-argument"]


def test_a_misspelt_argument_is_not_missing_too() -> None:
    """One mistake is one problem."""
    assert [problem.code for problem in problems_of("layer", {"Dense": {"Units": 3}})] == ["unknown-argument"]


def test_messages_say_what_was_expected_and_received() -> None:
    """In whole words, without the notation of the catalogue."""
    problem = problem_of("layer", {"Conv2D": {"filters": 3, "kernel_size": "big"}})
    assert problem.message == (
        "'kernel_size' of Conv2D must be an integer greater than 0, or a list of 2 integers greater than 0,"
        " received 'big' (a string)"
    )


def test_problems_become_those_of_the_model_around() -> None:
    """Pydantic puts the path of the field before that of the problem, and keeps the code and the hint."""

    class Network(BaseModel):
        layers: list[LayerObject]

    with pytest.raises(ValidationError) as caught:
        Network.model_validate({"layers": ["Flatten", {"Dense": {"unit": {"{message}": 1}}}]})
    (error,) = caught.value.errors(include_url=False)
    assert error["loc"] == ("layers", 1, "Dense", "unit")
    assert error["type"] == "unknown-argument"
    assert error["msg"] == "Dense has no argument 'unit'"
    assert error["ctx"]["hint"] == "did you mean 'units'?"
    assert error["ctx"]["at"] == "key"


def test_objects_are_dumped_as_they_are_written() -> None:
    """`model_dump` of an experiment is the config again, and objects validate as they are."""
    adapter = TypeAdapter(list[OptimizerObject])
    value = [{"Adam": {"learning_rate": 0.1}}, "sgd"]
    objects = adapter.validate_python(value)
    assert adapter.dump_python(objects) == value
    assert adapter.validate_python(objects) == objects


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("accuracy", "accuracy"),
        ("acc", "acc"),
        ("mse", "mse"),
        ("AUC", "auc"),
        ({"AUC": {"curve": "PR"}}, "auc"),
        ({"AUC": {"name": "area"}}, "area"),
        ({"mse": {"dtype": "float32"}}, "mean_squared_error"),
        ("MeanSquaredError", "mean_squared_error"),
        ({"SparseTopKCategoricalAccuracy": {"k": 2}}, "sparse_top_k_categorical_accuracy"),
    ],
    ids=repr,
)
def test_metrics_are_logged_under_the_name_that_keras_gives_them(value: Any, name: str) -> None:
    """A given name, an alias as written, or the default of the class."""
    assert metric_log_name(TypeAdapter(MetricObject).validate_python(value)) == name


def test_losses_are_known_by_their_class() -> None:
    """Where Keras chooses by the labels, there is none."""
    read = TypeAdapter(LossObject).validate_python
    assert canonical_loss(read("sparse_categorical_crossentropy")) == "SparseCategoricalCrossentropy"
    assert canonical_loss(read({"Huber": {"delta": 2}})) == "Huber"
    assert canonical_loss(read("crossentropy")) is None


def test_suggested_old_names_exist_today() -> None:
    """A suggestion that Keras does not know would be worse than none."""
    known = catalog()
    for (family, old), now in OLD_CLASSES.items():
        assert known.find(family, old) is None, old
        assert known.find(family, now) is not None or now in known.aliases(family), now
    arguments = {
        name
        for family in ("layer", "optimizer", "callback")
        for info in known.classes(family).values()
        for name in info.arguments
    }
    assert {now for names in OLD_ARGUMENTS.values() for now in names} <= arguments


YAML = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["Dense", "adam", "mse", "relu", "units", "LSTM", "layer", "L2"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(max_size=6) | st.sampled_from(["Dense", "units", "Adam", "layer"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@given(family=st.sampled_from(["layer", "optimizer", "loss", "metric", "callback"]), value=YAML)
def test_any_value_is_read_or_has_located_problems(family: Family, value: Any) -> None:
    """Nothing else comes out of it, and every place exists in the value."""
    found, problems = read_object(family, value)
    assert (found is None) == bool(problems)
    for problem in problems:
        at = value
        for part in problem.loc:
            at = at[part]


@given(name=st.sampled_from(sorted(catalog().names("layer"))), key=st.text(max_size=8), value=YAML)
def test_any_argument_of_any_layer_is_read_or_has_located_problems(name: str, key: str, value: Any) -> None:
    """As above, for arguments that exist and for others."""
    info = catalog().find("layer", name)
    assert info is not None
    for argument in (*info.arguments, key):
        found, problems = read_object("layer", {name: {argument: value}})
        assert (found is None) == bool(problems)
