"""Finds the keys of configs: those that exist, and those that the README describes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from nnrun.config import datasets
from nnrun.config.experiment import Experiment
from tests.docs.readme import section, tables

SOURCES: dict[str, type[datasets.DatasetSection]] = {
    "sklearn": datasets.SklearnData,
    "keras": datasets.KerasData,
    "csv": datasets.CsvData,
    "images": datasets.ImagesData,
    "text": datasets.TextData,
    "npz": datasets.NpzData,
    "python": datasets.PythonData,
}


def fields(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Yields the keys of a section and of the sections in it, with their paths."""
    for name, field in model.model_fields.items():
        path = f"{prefix}{name}"
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from fields(field.annotation, f"{path}.")
            continue
        for option in get_args(field.annotation):  # a section that may be left out
            if isinstance(option, type) and issubclass(option, BaseModel) and name != "dataset":
                yield from fields(option, f"{path}.")
        if name != "dataset":
            yield path, field


def keys() -> dict[str, FieldInfo]:
    """Returns every key by its path; those of a source as `SOURCE KEY`."""
    found = dict(fields(Experiment))
    common = dict(fields(datasets.DatasetSection, "dataset."))
    found |= common
    found["dataset.source"] = datasets.CsvData.model_fields["source"]
    known = {name.split(".")[1] for name in common} | {"source"}
    for source, model in SOURCES.items():
        found |= {
            f"{source} {name}": field for name, field in model.model_fields.items() if name not in known
        }
        split = model.model_fields["split"].annotation
        assert isinstance(split, type) and issubclass(split, BaseModel)
        found |= {
            f"{source} split.{name}": field
            for name, field in split.model_fields.items()
            if f"dataset.split.{name}" not in common
        }
    found["synthetic generator"] = datasets.MoonsData.model_fields["generator"]
    found |= {
        f"synthetic {name}": field
        for name, field in datasets.SyntheticSection.model_fields.items()
        if name not in known
    }
    return found


def documented_keys() -> dict[str, str]:
    """Returns what the tables of the config file give as default, by key as in `keys`."""
    found: dict[str, str] = {}
    for header, body in tables(section("## The config file")):
        if header[-1] == "default":
            found |= {" ".join(cell.strip("`") for cell in row[:-2]): row[-1] for row in body}
    return found
