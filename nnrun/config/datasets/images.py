"""Images: `source: images`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from nnrun.config.datasets.common import DatasetSection
from nnrun.config.datasets.files import FileSection, problem
from nnrun.config.sections import Count, Section

Color = Literal["gray", "rgb"]

Resize = Literal["stretch", "crop", "pad"]

MOST_PIXELS = 100_000_000
"""As many as an image file may have."""


def _checked_size(size: list[int]) -> list[int]:
    height, width = size
    if height * width > MOST_PIXELS:
        raise problem(
            "out-of-range",
            f"expected a height and a width with at most {MOST_PIXELS:,} pixels, received {height:,} x {width:,}",
            "`size` is what all images get; large ones are reduced to it",
        )
    return size


Size = Annotated[list[Count], Field(min_length=2, max_length=2), AfterValidator(_checked_size)]


class LabelsSection(Section):
    """A table that says which image has which label, instead of one folder per class."""

    path: str
    """The CSV, relative to the config."""

    file: str
    """The column with the names of the image files, relative to the folder or archive of the images."""

    target: str
    """The column to predict."""

    suffix: str = ""
    """What is missing at the end of each name, such as `.jpg`."""

    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    """The character between two fields; a tab is written "\\t", in double quotes."""


class ImagesPart(FileSection):
    """A folder or archive of images: those to train on, or those of a split that has its own.

    It holds one folder per class, or, with `labels`, any images.
    """

    labels: LabelsSection | None = None
    """The table with the labels, where there is no folder per class."""

    min_per_class: Count | None = None
    """Fewer readable images of a class are an error."""

    samples_per_class: Count | None = None
    """Use so many images of each class, chosen at random by the seed; fewer are an error."""


class ImagesData(ImagesPart, DatasetSection):
    """Images: a folder with one folder per class, an archive of one, or images with a table of their labels.

    They are decoded once, into a cache. An image is made upright as its camera says, transparent parts are white,
    and of an animation the first frame is used.
    """

    source: Literal["images"]
    """Where the data come from."""

    size: Size | None = None
    """`[height, width]` that all images get; by default the size that all of them have."""

    color: Color = "rgb"
    """Whether an image has one channel or three."""

    resize: Resize = "stretch"
    """How an image of another shape gets this size: `stretch` it, `crop` what is too much, `pad` it with black."""

    unreadable: Literal["fail", "skip"] = "fail"
    """Whether an image that cannot be read is an error, or left out and named."""

    exclude: list[str] = Field(default_factory=list)
    """Folders of classes to leave out."""

    validation: ImagesPart | None = None
    """A folder or archive of its own for the validation split."""

    test: ImagesPart | None = None
    """A folder or archive of its own for the test split."""
