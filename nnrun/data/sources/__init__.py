"""One file per kind of data source, and the list of them."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Protocol, cast

from nnrun.config.facts import DataFacts

if TYPE_CHECKING:
    from nnrun.data.raw import RawData

SOURCES = {
    "csv": "nnrun.data.sources.csv_files",
    "images": "nnrun.data.sources.images",
    "keras": "nnrun.data.sources.keras",
    "npz": "nnrun.data.sources.npz",
    "python": "nnrun.data.sources.python",
    "sklearn": "nnrun.data.sources.sklearn",
    "synthetic": "nnrun.data.sources.synthetic",
    "text": "nnrun.data.sources.texts",
}
"""The module of each `dataset.source`. A module is imported when a config names its source, so that the
sources of other configs cost nothing."""


class SourceModule(Protocol):
    """What the module of a source offers. Importing it, and `facts`, load no NumPy: `check` needs them."""

    def facts(self, section: Any) -> DataFacts:
        """Returns what is known about the whole data set, before it is split; see `nnrun.data.facts`.

        `train_samples` counts the samples that the splits are cut from, `splits` names the parts that the
        data set comes with.

        Raises:
            DataError: If the data certainly do not fit the section.
        """

    def load(self, section: Any, seed: int) -> RawData:
        """Loads the data set.

        Args:
            section: The `dataset` section.
            seed: Seed of the experiment, for what is drawn at random.

        Raises:
            DataError: If a file is missing or damaged, or does not fit the section.
        """


def source_of(section: Any) -> SourceModule:
    """Returns the module of the source that a `dataset` section names."""
    return cast(SourceModule, importlib.import_module(SOURCES[section.source]))
