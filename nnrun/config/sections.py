"""What all sections of a config have in common."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Section(BaseModel):
    """A mapping of a config: unknown keys are errors, values are never converted, nothing changes later."""

    # Deferred: the validator of the whole config holds those of all sections, so their own are rarely needed.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, defer_build=True)


Count = Annotated[int, Field(gt=0)]
"""A whole number of at least 1."""

Seed = Annotated[int, Field(ge=0, le=2**32 - 1)]
"""A seed that Python, NumPy and TensorFlow all accept."""
