"""The form that all images of a run get. Free of Pillow and NumPy: it is part of `preprocessing.json`.

Processes that decode import it, so it does not load pydantic either.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nnrun.config.datasets.images import Color, Resize


@dataclass(frozen=True, slots=True)
class ImageForm:
    """Size and colour.

    Args:
        height: Rows of pixels.
        width: Columns of pixels.
        color: One channel or three.
        resize: How an image of another shape gets this one.
        exact: Whether images of another size are refused instead.
    """

    height: int
    width: int
    color: Color = "rgb"
    resize: Resize = "stretch"
    exact: bool = False

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of one image, `(height, width, channels)`."""
        return self.height, self.width, 1 if self.color == "gray" else 3

    @property
    def bytes(self) -> int:
        """Bytes of one image."""
        height, width, channels = self.shape
        return height * width * channels

    def to_json(self) -> dict[str, Any]:
        """Returns a JSON object."""
        return {
            "height": self.height,
            "width": self.width,
            "color": self.color,
            "resize": self.resize,
            "exact": self.exact,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> ImageForm:
        """Reads what `to_json` wrote."""
        return cls(value["height"], value["width"], value["color"], value["resize"], value["exact"])
