"""How much of Keras the catalogue understands: for which arguments a value of the wrong kind is refused."""

from __future__ import annotations

from nnrun.catalog.families import Family
from nnrun.catalog.kinds import Plain
from nnrun.catalog.reading import ArgumentInfo, Catalog

ANY = Plain("any")

COUNTED: tuple[Family, ...] = (
    "layer",
    "optimizer",
    "loss",
    "metric",
    "callback",
    "initializer",
    "regularizer",
    "constraint",
    "schedule",
)


def arguments_of(known: Catalog, family: Family) -> list[ArgumentInfo]:
    """Returns the arguments of all classes of a family that a config can use."""
    return [
        argument
        for info in known.classes(family).values()
        if not info.refused and not info.abstract
        for argument in info.arguments.values()
    ]


def coverage(known: Catalog, family: Family | None = None) -> float:
    """Returns the share of arguments, from 0 to 1, whose kind is known; of all families by default."""
    arguments = [
        argument for each in COUNTED if family in (None, each) for argument in arguments_of(known, each)
    ]
    typed = sum(argument.kind != ANY for argument in arguments)
    return typed / len(arguments) if arguments else 1.0


def coverage_table(known: Catalog) -> str:
    """Returns the coverage by family and in all, with the arguments that are missing, as text."""
    lines = [f"Keras {known.keras_version}: arguments whose kind is known"]
    for family in COUNTED:
        arguments = arguments_of(known, family)
        untyped = [f"{each.owner[1]}.{each.name}" for each in arguments if each.kind == ANY]
        line = f"  {family:12} {coverage(known, family):6.1%} of {len(arguments)}  {' '.join(untyped)}"
        lines.append(line.rstrip())
    return "\n".join([*lines, f"  {'all':12} {coverage(known):6.1%}", ""])
