"""The catalogue against the installed Keras: nothing is stale or missing, what it accepts is constructed."""

from __future__ import annotations

import inspect
import random
from collections.abc import Iterator
from difflib import unified_diff
from types import ModuleType
from typing import Any

import pytest

from nnrun.catalog.families import Family
from nnrun.catalog.kinds import Choice, Either, Kind, Listing, Number, Object, Table
from nnrun.catalog.reading import CATALOG_FILE, DESCRIPTIONS_FILE, ClassInfo, catalog
from nnrun.config.keras_check import read_object
from nnrun.config.keras_object import KerasObject

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]

CONSTRUCTED: tuple[Family, ...] = (
    "layer",
    "optimizer",
    "loss",
    "metric",
    "callback",
    "initializer",
    "regularizer",
    "constraint",
    "schedule",
    "dtype_policy",
)


@pytest.fixture(scope="module", name="keras")
def installed_keras() -> ModuleType:
    """The installed Keras."""
    return pytest.importorskip("keras")


def usable(family: Family) -> Iterator[ClassInfo]:
    """Yields the classes of a family that a config may name."""
    return (info for info in catalog().classes(family).values() if not info.refused and not info.abstract)


def public_module(keras: ModuleType, family: Family) -> Any:
    """Finds `keras.layers` for `layer`, and so on."""
    from nnrun.catalog.generate import MODULES

    module: Any = keras
    for part in MODULES[family].split("."):
        module = getattr(module, part)
    return module


def construct(keras: ModuleType, value: Any) -> Any:
    """Constructs what a checked object describes, with Keras's own classes."""
    if isinstance(value, KerasObject):
        if value.class_name is None:
            return value.name
        arguments = {name: construct(keras, item) for name, item in value.keyword_arguments().items()}
        return getattr(public_module(keras, value.family), value.class_name)(**arguments)
    if isinstance(value, list):
        return [construct(keras, item) for item in value]
    return value


def values(kind: Kind, draw: random.Random, depth: int = 0) -> list[Any]:
    """Returns values that a kind accepts, those at its bounds first."""
    if isinstance(kind, Number):
        return number_values(kind)
    if isinstance(kind, Choice):
        return draw.sample(kind.values, min(5, len(kind.values)))
    if isinstance(kind, Listing):
        items = values(kind.items, draw, depth + 1)
        return [[item] * (kind.length or 1) for item in items]
    if isinstance(kind, Table):
        return [{}]
    if isinstance(kind, Either):
        return [value for option in kind.options for value in values(option, draw, depth)]
    if isinstance(kind, Object):
        return object_values(kind, draw, depth)
    return {"bool": [True, False], "str": ["text"], "null": [None], "any": [1], "function": []}[kind.word]


def number_values(kind: Number) -> list[Any]:
    """Returns numbers at and within the bounds."""
    step = 1 if kind.integer else 0.125
    found: list[Any] = [2, 3, -1, 1000] if kind.integer else [0.5, 1, -1, 1000]
    for sign, limit in kind.bounds:
        bound = int(limit) if kind.integer else limit
        found.append({">": bound + step, ">=": bound, "<": bound - step, "<=": bound}[sign])
    return [each for each in found if not read_number_problem(kind, each)]


def read_number_problem(kind: Number, value: float) -> bool:
    """Tells whether a number is out of bounds."""
    from nnrun.config.keras_scalars import read_scalar

    return bool(read_scalar(kind, value, (), "").problems)


def object_values(kind: Object, draw: random.Random, depth: int) -> list[Any]:
    """Returns a few objects of a family: bare names, aliases, and classes with what they require."""
    if kind.family == "activation":
        return draw.sample([info.name for info in usable("activation")], 2)
    names = [info for info in usable(kind.family) if not kind.classes or info.name in kind.classes]
    if depth:  # no wrapper in a wrapper, which would never end
        names = [
            info
            for info in names
            if not any("layer" in info.arguments[each].kind_text for each in info.required)
        ]
    chosen = draw.sample(names, min(2, len(names)))
    found: list[Any] = [with_required(info, draw, depth + 1) for info in chosen]
    aliases = [name for name, target in catalog().aliases(kind.family).items() if target]
    if aliases and not kind.classes and kind.family in ("initializer", "regularizer", "constraint"):
        found.append(draw.choice(aliases))
    return found


COMPANIONS: dict[str, dict[str, Any]] = {
    "Conv1D": {"filters": 3000},
    "Conv2D": {"filters": 3000},
    "Conv3D": {"filters": 3000},
    "Discretization": {"num_bins": 3},
    "EinsumDense": {"equation": "ab,bc->ac", "output_shape": 4},
    "GroupQueryAttention": {"num_query_heads": 3000, "num_key_value_heads": 1},
    "IoU": {"num_classes": 4},
    "ModelCheckpoint": {"filepath": "model.keras"},
    "OneHotIoU": {"num_classes": 4},
    "Permute": {"dims": [2, 1]},
    "PiecewiseConstantDecay": {"boundaries": [1], "values": [0.5, 0.1]},
}
"""Arguments that fit each other, which no kind tells."""

DEPENDENT: dict[tuple[str, str], dict[str, Any] | None] = {
    ("AUC", "num_labels"): {"multi_label": True},
    ("Bidirectional", "backward_layer"): None,
    ("Conv1DTranspose", "output_padding"): {"strides": 1001},
    ("Conv2DTranspose", "output_padding"): {"strides": 1001},
    ("Conv3DTranspose", "output_padding"): {"strides": 1001},
    ("Discretization", "bin_boundaries"): {"num_bins": None},
    ("Discretization", "num_bins"): None,
    ("Discretization", "sparse"): {"output_mode": "one_hot"},
    ("EinsumDense", "bias_axes"): {"bias_axes": "c"},
    ("EinsumDense", "equation"): None,
    ("EinsumDense", "output_shape"): None,
    ("HashedCrossing", "dtype"): {"output_mode": "one_hot"},
    ("HashedCrossing", "sparse"): {"output_mode": "one_hot"},
    ("Hashing", "dtype"): {"output_mode": "one_hot"},
    ("Hashing", "sparse"): {"output_mode": "one_hot"},
    ("IntegerLookup", "idf_weights"): {"output_mode": "tf_idf", "vocabulary": [7]},
    ("IntegerLookup", "pad_to_max_tokens"): {"output_mode": "count", "max_tokens": 5},
    ("IntegerLookup", "salt"): {"oov_method": "farmhash"},
    ("IntegerLookup", "sparse"): {"output_mode": "count"},
    ("IntegerLookup", "vocabulary"): None,
    ("IoU", "target_class_ids"): {"num_classes": 1001},
    ("IoU", "num_classes"): {"target_class_ids": [0]},
    ("ModelCheckpoint", "filepath"): None,
    ("ModelCheckpoint", "save_weights_only"): {"filepath": "model.weights.h5"},
    ("Normalization", "mean"): None,
    ("Normalization", "variance"): None,
    ("OneHotIoU", "target_class_ids"): {"num_classes": 1001},
    ("OneHotIoU", "num_classes"): {"target_class_ids": [0]},
    ("Permute", "dims"): None,
    ("PiecewiseConstantDecay", "boundaries"): {"values": [0.5, 0.1]},
    ("PiecewiseConstantDecay", "values"): {"boundaries": []},
    ("RandomGaussianBlur", "kernel_size"): None,
    ("STFTSpectrogram", "frame_step"): {"frame_length": 1000},
    ("STFTSpectrogram", "fft_length"): {"frame_length": 1},
    ("StringLookup", "idf_weights"): {"output_mode": "tf_idf", "vocabulary": ["a"]},
    ("StringLookup", "pad_to_max_tokens"): {"output_mode": "count", "max_tokens": 5},
    ("StringLookup", "sparse"): {"output_mode": "count"},
    ("StringLookup", "vocabulary"): None,
    ("TextVectorization", "idf_weights"): {"output_mode": "tf_idf", "vocabulary": ["a"]},
    ("TextVectorization", "pad_to_max_tokens"): {"output_mode": "count", "max_tokens": 5},
    ("TextVectorization", "sparse"): {"output_mode": "count"},
    ("TextVectorization", "vocabulary"): None,
}
"""What must be given with an argument, beside what its class requires; None where a kind cannot tell its
form: a path of a file that exists, a permutation, an equation, an odd number."""


def with_required(info: ClassInfo, draw: random.Random, depth: int = 0) -> dict[str, Any]:
    """Returns a class with a value for each argument that it requires."""
    arguments = {name: values(info.arguments[name].kind, draw, depth)[0] for name in info.required}
    return {info.name: arguments | COMPANIONS.get(info.name, {})}


@pytest.mark.usefixtures("keras")
def test_the_committed_catalogue_is_what_the_installed_keras_offers() -> None:
    """A new Keras, or a changed generator, shows as a difference; run `python -m nnrun.catalog.generate`."""
    from nnrun.catalog.generate import build, render

    content, descriptions = build()
    for path, value in ((CATALOG_FILE, content), (DESCRIPTIONS_FILE, descriptions)):
        difference = list(
            unified_diff(path.read_text(encoding="utf-8").splitlines(), render(value).splitlines())
        )
        assert not difference, "\n".join(difference[:100])


def test_every_argument_of_every_signature_is_in_the_catalogue(keras: ModuleType) -> None:
    """Nothing that `inspect` sees is missing, and nothing is required that Keras does not require."""
    for family in CONSTRUCTED:
        for info in catalog().classes(family).values():
            signature = inspect.signature(getattr(public_module(keras, family), info.name))
            named = {
                name
                for name, parameter in signature.parameters.items()
                if parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
            }
            assert named <= set(info.arguments), info.name
            required = {
                name for name in named if signature.parameters[name].default is inspect.Parameter.empty
            }
            assert required <= set(info.required), info.name


def attempt(keras: ModuleType, family: Family, value: dict[str, Any]) -> str:
    """Checks and constructs; returns what is wrong, or an empty string."""
    found, problems = read_object(family, value)
    if found is None:
        return f"refused: {value}: {problems[0].message}"
    try:
        construct(keras, found)
    except Exception as error:  # whatever Keras raises is a finding
        return f"Keras: {value}: {type(error).__name__}: {str(error)[:200]}"
    return ""


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("family", CONSTRUCTED)
def test_whatever_the_check_accepts_keras_constructs(keras: ModuleType, family: Family) -> None:
    """Each argument of each class, with values at its bounds and of each alternative, one at a time."""
    draw = random.Random(0)  # samples, no secrets
    findings: list[str] = []
    for info in usable(family):
        base = with_required(info, draw)
        findings.append(attempt(keras, family, base))
        for argument in info.arguments.values():
            companions = DEPENDENT.get((info.name, argument.name), {})
            for value in values(argument.kind, draw) if companions is not None else ():
                beside = {} if value is None else companions
                changed = base[info.name] | (beside or {}) | {argument.name: value}
                findings.append(attempt(keras, family, {info.name: changed}))
    found = [finding for finding in findings if finding]
    assert not found, "\n".join(found)
