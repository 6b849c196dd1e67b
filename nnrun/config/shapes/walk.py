"""The shapes of the samples on their way through the layers of a config."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from nnrun.config.keras_object import KerasObject
from nnrun.config.shapes.effect import Effect, MisfitError, NotKnownError, Shape, written
from nnrun.config.shapes.layer import effect_of

INPUTS = frozenset({"Input", "InputLayer"})


class Row(NamedTuple):
    """A layer with what it does.

    Args:
        layer: Its description.
        given: Shape of its input for one sample.
        effect: What it puts out and holds.
    """

    layer: KerasObject
    given: Shape
    effect: Effect


class Walk(NamedTuple):
    """How far the shapes are known.

    Args:
        start: Shape of one sample; None where that is not known.
        rows: The layers up to the first whose output is not known.
        misfit: Why the next layer cannot take its input.
        unknown: Why the output of the next layer is not known; empty where all are, or where one is a misfit.
    """

    start: Shape | None
    rows: tuple[Row, ...] = ()
    misfit: MisfitError | None = None
    unknown: str = ""

    @property
    def shape(self) -> Shape | None:
        """The shape after the last row."""
        return self.rows[-1].effect.shape if self.rows else self.start

    @property
    def complete(self) -> bool:
        """Whether the effect of every layer is known."""
        return self.start is not None and self.misfit is None and not self.unknown

    @property
    def trainable(self) -> int:
        """Numbers that training changes, in all rows."""
        return sum(row.effect.trainable for row in self.rows)

    @property
    def parameters(self) -> int:
        """Numbers that the layers of all rows hold."""
        return sum(row.effect.parameters for row in self.rows)


def walk(layers: Sequence[KerasObject], shape: Shape | None) -> Walk:
    """Follows a sample through layers.

    Args:
        layers: The stack.
        shape: Shape of one sample, where it is known; a first layer `Input` declares it too.

    Returns:
        The rows up to the first layer that does not fit or is not known.
    """
    if shape is None and layers[0].class_name in INPUTS:
        declared = layers[0].arguments.get("shape")
        shape = tuple(declared) if isinstance(declared, (list, tuple)) else None
    if shape is None:
        return Walk(
            None, unknown="the shape of the samples shows only when the data are loaded; --build does that"
        )
    start = shape
    rows: list[Row] = []
    for index, layer in enumerate(layers):
        try:
            if layer.class_name in INPUTS:
                _check_input(layer, shape, first=index == 0)
            effect = effect_of(layer, shape)
        except MisfitError as misfit:
            return Walk(start, tuple(rows), misfit)
        except NotKnownError as reason:
            return Walk(start, tuple(rows), unknown=str(reason))
        rows.append(Row(layer, shape, effect))
        shape = effect.shape
    return Walk(start, tuple(rows))


def _check_input(layer: KerasObject, shape: Shape, *, first: bool) -> None:
    """Compares a declared shape with that of the samples, and refuses a second input."""
    if not first:
        raise NotKnownError("it is not the first layer")  # which a check of its own tells
    declared = layer.arguments.get("shape")
    if not isinstance(declared, (list, tuple)):
        return
    fits = len(declared) == len(shape) and all(
        want in (None, have) for want, have in zip(declared, shape, strict=True)
    )
    if not fits:
        raise MisfitError(
            f"samples of shape {written(tuple(declared))}",
            argument="shape",
            hint="leave Input out: the input shape follows the data",
        )
