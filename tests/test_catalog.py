"""The generated catalogue as it is read, without Keras."""

from __future__ import annotations

import subprocess
import sys

import pytest

from nnrun.catalog.coverage import COUNTED, arguments_of, coverage, coverage_table
from nnrun.catalog.derive import derive_kind
from nnrun.catalog.docstrings import argument_texts, first_sentence
from nnrun.catalog.kinds import (
    Choice,
    Either,
    KindSyntaxError,
    Listing,
    Number,
    Object,
    Plain,
    Table,
    parse_kind,
)
from nnrun.catalog.reading import catalog
from nnrun.catalog.signatures import MISSING
from nnrun.config.keras_check import read_object


def test_coverage_does_not_fall() -> None:
    """For at least 99.5 % of all arguments, a value of the wrong kind is refused."""
    assert coverage(catalog()) >= 0.995, coverage_table(catalog())
    assert all(coverage(catalog(), family) >= 0.99 for family in COUNTED), coverage_table(catalog())


@pytest.mark.parametrize("family", COUNTED)
def test_every_known_kind_refuses_something(family: str) -> None:
    """The coverage counts what is really refused: a nested nonsense value is no argument of any class."""
    known = catalog()
    nonsense = {"NoSuchClass": {"x": [{}]}}
    for argument in arguments_of(known, family):  # type: ignore[arg-type]
        if argument.kind == Plain("any"):
            continue
        found, problems = read_object(argument.owner[0], {argument.owner[1]: {argument.name: nonsense}})
        assert found is None
        assert argument.name in {part for problem in problems for part in problem.loc}, argument


def test_the_file_loads_nothing_heavy() -> None:
    """Reading the catalogue and checking an object import neither Keras nor NumPy."""
    code = (
        "import sys; from nnrun.config.keras_check import read_object; read_object('layer', 'Densee');"
        "print(sorted({'keras', 'tensorflow', 'numpy', 'rich', 'pydantic'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("family", "name"),
    [
        ("layer", "Lambda"),
        ("layer", "TFSMLayer"),
        ("layer", "TorchModuleWrapper"),
        ("layer", "JaxLayer"),
        ("layer", "FlaxLayer"),
        ("callback", "LambdaCallback"),
        ("callback", "RemoteMonitor"),
        ("callback", "LearningRateScheduler"),
        ("metric", "MeanMetricWrapper"),
    ],
)
def test_classes_that_run_code_are_refused_with_a_reason(family: str, name: str) -> None:
    """Each of them is in the catalogue, so that the message can say why it is refused."""
    info = catalog().find(family, name)  # type: ignore[arg-type]
    assert info is not None
    assert info.refused


def test_no_usable_class_requires_what_a_config_cannot_give() -> None:
    """A class that needs a Python function is refused as a whole."""
    for family in COUNTED:
        for info in catalog().classes(family).values():
            if not info.refused and not info.abstract:
                assert all(info.arguments[name].kind != Plain("function") for name in info.required), (
                    info.name
                )


def test_base_class_arguments_are_known() -> None:
    """`**kwargs` hides them from the signature of most layers; what a subclass fixes is not offered."""
    conv = catalog().find("layer", "Conv2D")
    assert conv is not None
    assert {"name", "dtype", "trainable", "autocast", "activity_regularizer"} <= set(conv.arguments)
    assert not {"rank", "input_shape", "input_dim"} & set(conv.arguments)


def test_aliases_lead_to_public_classes() -> None:
    """Strings that Keras takes, and its second public names, mean a class or are resolved by shape."""
    known = catalog()
    assert known.aliases("loss")["mse"] == "MeanSquaredError"
    assert known.aliases("layer")["MaxPool2D"] == "MaxPooling2D"
    assert known.aliases("metric")["accuracy"] is None
    for family in COUNTED:
        for alias, name in known.aliases(family).items():
            assert name is None or known.find(family, alias) is known.find(family, name)


def test_log_names_are_those_of_instances() -> None:
    """`AUC` has no name in its signature; an instance has."""
    known = catalog()
    names = {
        name: known.classes("metric")[name].log_name for name in ("AUC", "F1Score", "MeanIoU", "LogCoshError")
    }
    assert names == {"AUC": "auc", "F1Score": "f1_score", "MeanIoU": "mean_io_u", "LogCoshError": "logcosh"}


def test_descriptions_come_from_keras() -> None:
    """They are read from their own file, only when somebody asks."""
    dense = catalog().find("layer", "Dense")
    assert dense is not None
    assert dense.description == "Just your regular densely-connected NN layer."
    assert dense.arguments["units"].description.startswith("Positive integer")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("int>0", Number(integer=True, bounds=((">", 0.0),))),
        ("float>=-0.5<=1", Number(integer=False, bounds=((">=", -0.5), ("<=", 1.0)))),
        ("'a'|'b'", Choice(("a", "b"))),
        ("[int]*2", Listing(Number(integer=True), 2)),
        ("{str}", Table(Plain("str"))),
        ("layer(LSTM,GRU)", Object("layer", ("LSTM", "GRU"))),
        ("bool|null", Either((Plain("bool"), Plain("null")))),
        ("size|null", Either((Number(integer=True), Plain("null")))),
        ("'a'|null|'b'", Either((Choice(("a", "b")), Plain("null")))),
    ],
)
def test_kinds_are_read_from_their_notation(text: str, kind: object) -> None:
    """The notation of the module's table."""
    assert parse_kind(text, {"size": "int"}) == kind


@pytest.mark.parametrize("text", ["", "int int", "[int", "nothing", "int|", "?", "layer(", "{int"])
def test_a_misspelt_kind_is_an_error(text: str) -> None:
    """The overlay is written by hand."""
    with pytest.raises(KindSyntaxError):
        parse_kind(text)


@pytest.mark.parametrize(
    ("name", "default", "text", "kind"),
    [
        ("units", MISSING, "Positive integer, dimensionality of the output space.", "int>0"),
        ("rate", MISSING, "Float between 0 and 1. Fraction of the input units to drop.", "float>=0<=1"),
        (
            "kernel_size",
            MISSING,
            "int or tuple/list of 1 integer, the size of the window.",
            "int>0|[int>0]*2",
        ),
        ("mode", "auto", 'One of `{"auto", "min", "max"}`. In `min` mode, it stops.', "'auto'|'min'|'max'"),
        ("padding", "valid", 'string, either `"valid"` or `"same"` (case-insensitive).', "'valid'|'same'"),
        ("use_bias", True, "", "bool"),
        ("scale", 1.0, "", "float"),
        ("baseline", None, "Float. To improve on.", "float|null"),
        ("kernel_initializer", "zeros", "", "initializer|null"),
        ("mystery", None, "", "any"),
    ],
)
def test_kinds_are_derived_from_prose_and_defaults(name: str, default: object, text: str, kind: str) -> None:
    """The rank of a two-dimensional class beats the copied prose of a one-dimensional one."""
    assert derive_kind("Conv2D", name, default, text) == kind


def test_the_args_section_is_read() -> None:
    """Entries may go on over several lines."""

    class Documented:
        """Does something.

        Args:
            first: Integer, the
                first one.
            second: A string.

        Example:
            third: not an argument
        """

    assert argument_texts(Documented) == {"first": "Integer, the first one.", "second": "A string."}


def test_abbreviations_do_not_end_a_sentence() -> None:
    """`i.e.` and `e.g.` are inside a sentence."""
    assert first_sentence("A rate, e.g. 0.5, of units. More.") == "A rate, e.g. 0.5, of units."
