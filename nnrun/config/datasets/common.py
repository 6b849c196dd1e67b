"""What the `dataset` sections of all sources have in common."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from nnrun.config.sections import Count, Section, Seed

Fraction = Annotated[float, Field(gt=0, lt=1)]

Scale = (
    Literal["none", "unit", "standard", "minmax"] | Annotated[list[float], Field(min_length=2, max_length=2)]
)
"""`unit`: the known range of the values (0 to 255 for pixels) becomes [0, 1]. `standard`: mean 0,
deviation 1. `minmax`: [0, 1]. `[low, high]`: like `unit` where the range is known, else like `minmax`,
onto that range."""


class SplitSection(Section):
    """How samples are divided; a share is a fraction of the samples (below 1) or a count of them."""

    validation: Fraction | Count | None = None
    """Share that is set aside to watch during training."""

    test: Fraction | Count | None = None
    """Share that is set aside for `nnrun evaluate`; data sets that come with a test part have it already."""

    stratify: bool = False
    """Whether every split has the classes in the same proportion."""

    seed: Seed | None = None
    """Decides which sample lies in which split; by default the seed of the experiment."""

    folds: Annotated[int, Field(ge=2)] | None = None
    """Into so many folds the samples are divided that are not for the test; `nnrun crossval` trains on each."""

    fold: Count | None = None
    """Which of the folds, from 1, is the validation split; the others are for training."""


class DatasetSection(Section):
    """What every source understands."""

    split: SplitSection = SplitSection()
    """How the samples are divided."""

    scale: Scale = "none"
    """How the inputs are scaled, fitted on the training split only."""

    limit: Count | None = None
    """Use only so many samples, before they are split."""

    shuffle: bool = True
    """Whether samples are shuffled before they are split."""
