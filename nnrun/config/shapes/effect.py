"""What a layer does to the shape of a sample, and the two ways in which that cannot be told."""

from __future__ import annotations

from typing import Any, NamedTuple

from nnrun.catalog.reading import catalog
from nnrun.config.keras_object import KerasObject

Shape = tuple[int | None, ...]
"""Shape of one sample, without the batch dimension; None for a size that differs from batch to batch."""

KINDS = {
    1: "one row of numbers",
    2: "a sequence (steps, features)",
    3: "an image (height, width, channels)",
    4: "a volume (depth, height, width, channels)",
}
"""What samples with so many dimensions are, in the words of the messages."""


class Effect(NamedTuple):
    """What a layer puts out and holds.

    Args:
        shape: Shape of its output for one sample.
        trainable: Numbers that training changes.
        non_trainable: Numbers that it holds beside them, such as moving averages.
    """

    shape: Shape
    trainable: int = 0
    non_trainable: int = 0

    @property
    def parameters(self) -> int:
        """All numbers that the layer holds."""
        return self.trainable + self.non_trainable


class MisfitError(Exception):
    """A layer cannot take its input.

    Args:
        expected: What it takes, as the end of "the layer expects ...".
        received: What it gets, as the end of "it receives ..."; by default the shape.
        argument: The argument that decides it, if one does.
        rank: How many dimensions it takes, where that is what is wrong.
        hint: What to do.
    """

    def __init__(
        self,
        expected: str,
        received: str = "",
        *,
        argument: str | None = None,
        rank: int | None = None,
        hint: str = "",
    ) -> None:
        super().__init__(expected)
        self.expected = expected
        self.received = received
        self.argument = argument
        self.rank = rank
        self.hint = hint


class NotKnownError(Exception):
    """Only Keras knows what a layer does with its input; the message says why."""


class Arguments:
    """The arguments of a layer, with Keras's defaults for those that the config leaves out.

    Args:
        layer: A layer of the catalogue.
    """

    def __init__(self, layer: KerasObject) -> None:
        self._given = layer.arguments
        self._info = catalog().find("layer", layer.class_name or layer.name)

    def __getitem__(self, name: str) -> Any:
        """Returns an argument, or None where the layer has no such one."""
        if name in self._given:
            return self._given[name]
        argument = self._info.arguments.get(name) if self._info is not None else None
        return None if argument is None else argument.default

    def integer(self, name: str) -> int:
        """Returns an argument that is a whole number."""
        value = self[name]
        if isinstance(value, bool) or not isinstance(value, int):
            raise NotKnownError(f"{name} is no whole number")
        return value

    def integers(self, name: str, count: int) -> tuple[int, ...]:
        """Returns an argument that is one number for all of `count` dimensions, or one for each."""
        value = self[name]
        if isinstance(value, (list, tuple)):
            if len(value) != count or not all(type(item) is int for item in value):
                raise NotKnownError(f"{name} is not {count} whole numbers")
            return tuple(value)
        return (self.integer(name),) * count

    def pairs(self, name: str, count: int) -> tuple[tuple[int, int], ...]:
        """Returns an argument that says for each of `count` dimensions what happens before and after."""
        value = self[name]
        items = value if isinstance(value, (list, tuple)) else (value,) * count
        pairs = [tuple(item) if isinstance(item, (list, tuple)) else (item, item) for item in items]
        if len(pairs) != count or not all(
            len(pair) == 2 and all(type(number) is int for number in pair) for pair in pairs
        ):
            raise NotKnownError(f"{name} is not {count} pairs of whole numbers")
        return tuple((pair[0], pair[1]) for pair in pairs)


def take(shape: Shape, rank: int) -> Shape:
    """Returns a shape that must have `rank` dimensions.

    Raises:
        MisfitError: It has more or fewer.
    """
    if len(shape) != rank:
        raise MisfitError(f"{KINDS[rank]} per sample", rank=rank)
    return shape


def channels_of(shape: Shape) -> int:
    """Returns the size of the last dimension, which weights depend on.

    Raises:
        MisfitError: It differs from batch to batch, or there is no dimension at all.
    """
    if not shape:
        raise MisfitError("at least one number per sample", rank=1)
    if shape[-1] is None:
        raise MisfitError("a last dimension of known size", hint="write its size instead of null in Input")
    return shape[-1]


def written(shape: Shape) -> str:
    """Returns a shape as Python writes it, with `any` for sizes that differ from batch to batch."""
    sizes = ["any" if size is None else str(size) for size in shape]
    return f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"
