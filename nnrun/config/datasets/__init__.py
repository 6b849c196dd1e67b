"""The `dataset` section: one model per source, chosen by `source`. Each kind of source has a module here."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from nnrun.config.datasets.arrays import NpzData, PythonData
from nnrun.config.datasets.common import DatasetSection, Scale, SplitSection
from nnrun.config.datasets.images import ImagesData, ImagesPart
from nnrun.config.datasets.libraries import KerasData, SklearnData
from nnrun.config.datasets.synthetic import (
    BlobsData,
    CirclesData,
    ClassificationData,
    MoonsData,
    RegressionData,
    SyntheticData,
    SyntheticSection,
    TokensData,
)
from nnrun.config.datasets.tables import CsvData, Missing, TableFiles, TableSplitSection
from nnrun.config.datasets.texts import TextData

__all__ = [
    "BlobsData",
    "CirclesData",
    "ClassificationData",
    "CsvData",
    "Dataset",
    "DatasetSection",
    "ImagesData",
    "ImagesPart",
    "KerasData",
    "Missing",
    "MoonsData",
    "NpzData",
    "PythonData",
    "RegressionData",
    "Scale",
    "SklearnData",
    "SplitSection",
    "SyntheticData",
    "SyntheticSection",
    "TableFiles",
    "TableSplitSection",
    "TextData",
    "TokensData",
]

Dataset = Annotated[
    SklearnData | KerasData | CsvData | ImagesData | NpzData | PythonData | TextData | SyntheticData,
    Field(discriminator="source"),
]
