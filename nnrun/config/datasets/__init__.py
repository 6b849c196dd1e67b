"""The `dataset` section: one model per source, chosen by `source`. Each kind of source has a module here."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from nnrun.config.datasets.common import DatasetSection, OwnSplit, Scale, SplitSection
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
from nnrun.config.datasets.tables import CsvData, Missing, TableSplitSection

__all__ = [
    "BlobsData",
    "CirclesData",
    "ClassificationData",
    "CsvData",
    "Dataset",
    "DatasetSection",
    "KerasData",
    "Missing",
    "MoonsData",
    "OwnSplit",
    "RegressionData",
    "Scale",
    "SklearnData",
    "SplitSection",
    "SyntheticData",
    "SyntheticSection",
    "TableSplitSection",
    "TokensData",
]

Dataset = Annotated[SklearnData | KerasData | CsvData | SyntheticData, Field(discriminator="source")]
