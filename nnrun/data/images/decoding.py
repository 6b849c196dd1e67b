"""From the bytes of an image file to pixels, with Pillow.

Each file goes to the decoder of what its first bytes say, and to no other: Pillow alone would try dozens, some of which
start programs.
"""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from PIL import Image
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from nnrun.data.images.form import ImageForm
from nnrun.data.images.plain_png import damaged_chunk, plain_png, plain_png_size

FORMATS = "JPEG, PNG, BMP, GIF or WebP"

MAX_PIXELS = 100_000_000
"""Larger images are refused before they are decoded: a file of some kilobytes can claim to have gigabytes of them."""

MAX_FILE_BYTES = 500_000_000

_PNG = b"\x89PNG\r\n\x1a\n"
_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What makes an image upright, by the orientation that its camera noted."""

_SWAPPING = (_UPRIGHT[5], _UPRIGHT[6], _UPRIGHT[7], _UPRIGHT[8])
"""What makes columns of rows."""

_ORIENTED = frozenset({"exif", "xmp", "XML:com.adobe.xmp", "Raw profile type exif"})
"""Keys of `Image.info` that may have an orientation in them."""

_REDUCING_GAP = 2
"""A JPEG is decoded at a fraction of its size where that is at least so many times the size that is wanted."""


class UnreadableImageError(Exception):
    """An image cannot be decoded.

    Args:
        reason: Why, as a part of a sentence.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class OtherSizeError(Exception):
    """An image does not have the size that all should have.

    Args:
        size: Its width and height.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        super().__init__(size)
        self.size = size


@dataclass(frozen=True, slots=True)
class Decoded:
    """An image in its form.

    Args:
        pixels: Shape `(height, width, channels)`, uint8, row by row.
        size: Width and height that it had, upright.
        animated: Whether there are more frames than this first one.
    """

    pixels: bytes
    size: tuple[int, int]
    animated: bool


def decoded(content: bytes, form: ImageForm) -> Decoded:
    """Decodes an image.

    It is made upright as its camera says. 16 bits per channel become 8. What is transparent shows white, as on a page.
    Resizing is bilinear with a filter as wide as the reduction, so that small images are not made of single pixels.
    Pillow warns about damaged notes of a camera and the like; `quiet` silences it.

    Args:
        content: The file.
        form: The form to give it.

    Raises:
        UnreadableImageError: It is no image, or a damaged one, or too large.
        OtherSizeError: It does not have the size of an exact form.
    """
    plain = _plain(content)
    if plain is not None:
        return Decoded(_in_form(plain, plain.size, form), plain.size, animated=False)
    image = _opened(content)
    # Everything until the pixels are there is Pillow at work on what somebody else wrote. A damaged file makes its
    # decoders raise almost anything, which then is the reason why this image cannot be read.
    try:
        turn = _turn(image)
        size = _upright(image.size, turn)
        if not form.exact:
            _reduce(image, form, swapped=size != image.size)
        image.load()
        animated = bool(getattr(image, "is_animated", False))
        if turn is None:
            # A PNG may have it behind its pixels.
            turn = _turn(image)
            size = _upright(size, turn)
        pixels = _in_form(image if turn is None else image.transpose(turn), size, form)
    except OtherSizeError:
        raise
    except Exception as error:  # noqa: BLE001, RUF100 - see above
        raise UnreadableImageError(_reason(error)) from error
    return Decoded(pixels, size, animated)


@contextmanager
def quiet() -> Iterator[None]:
    """Within it, Pillow does not warn: what is wrong with an image is said in other ways, or does not matter."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def size_of(content: bytes) -> tuple[int, int]:
    """Returns width and height of an image, upright, without decoding it.

    Raises:
        UnreadableImageError: It is no image.
    """
    image = _opened(content)
    return _upright(image.size, _turn(image))


def _in_form(image: Image.Image, size: tuple[int, int], form: ImageForm) -> bytes:
    """Returns the pixels of an upright image in its form; it had this size before it was reduced."""
    if form.exact and size != (form.width, form.height):
        raise OtherSizeError(size)
    return _resized(_in_color(image, form), form).tobytes()


def _plain(content: bytes) -> Image.Image | None:
    """Returns a plain PNG, decoded; None for any other file."""
    if not content.startswith(_PNG) or len(content) > MAX_FILE_BYTES:
        return None
    size = plain_png_size(content)
    if size is None:
        return None
    _check_pixels(size)
    return plain_png(content)


def _opened(content: bytes) -> ImageFile:
    """Reads the header of an image, and refuses it if it would be too large."""
    if not content:
        raise UnreadableImageError("an empty file")
    if len(content) > MAX_FILE_BYTES:
        raise UnreadableImageError(f"a file of more than {MAX_FILE_BYTES:,} bytes")
    opener = _opener(content)
    if opener is None:
        raise UnreadableImageError(f"not {FORMATS}")
    if opener is WebPImageFile:
        # Its decoder allocates the whole canvas before it says how large that is.
        _check_pixels(_webp_size(content))
    if opener is PngImageFile and (chunk := damaged_chunk(content)) is not None:
        raise UnreadableImageError(f"damaged: the checksum of chunk {chunk} is wrong")
    try:
        image = opener(io.BytesIO(content))
    except Exception as error:  # noqa: BLE001, RUF100 - as in `decoded`
        raise UnreadableImageError(_reason(error)) from error
    _check_pixels(image.size)
    return image


def _opener(content: bytes) -> Callable[[io.BytesIO], ImageFile] | None:
    if content.startswith(_PNG):
        return PngImageFile
    if content.startswith(b"\xff\xd8\xff"):
        return JpegImageFile
    if content.startswith((b"GIF87a", b"GIF89a")):
        return GifImageFile
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return WebPImageFile
    if content.startswith(b"BM"):
        return BmpImageFile
    return None


def _check_pixels(size: tuple[int, int]) -> None:
    width, height = size
    if width * height > MAX_PIXELS:
        raise UnreadableImageError(f"{width:,} x {height:,} pixels, which is more than {MAX_PIXELS:,}")
    if width < 1 or height < 1:
        raise UnreadableImageError(f"{width} x {height} pixels")


def _webp_size(content: bytes) -> tuple[int, int]:
    """Reads width and height out of the header of a WebP file (RFC 9649)."""
    chunk, header = content[12:16], content[20:30].ljust(10, b"\0")
    if chunk == b"VP8X":
        return int.from_bytes(header[4:7], "little") + 1, int.from_bytes(header[7:10], "little") + 1
    if chunk == b"VP8L":
        bits = int.from_bytes(header[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack_from("<HH", header, 6)
    return max(width & 0x3FFF, 1), max(height & 0x3FFF, 1)


def _turn(image: Image.Image) -> Image.Transpose | None:
    """Returns what makes an image upright; None where it is, or where what its camera noted is damaged."""
    if not image.info or _ORIENTED.isdisjoint(image.info):
        return None
    try:
        return _UPRIGHT.get(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # noqa: BLE001, RUF100 - a damaged note is no reason to leave out the image
        return None


def _upright(size: tuple[int, int], turn: Image.Transpose | None) -> tuple[int, int]:
    """Returns width and height of an image after it was turned."""
    return size[::-1] if turn in _SWAPPING else size


def _reduce(image: Image.Image, form: ImageForm, *, swapped: bool) -> None:
    """Lets the decoder of a large JPEG halve it, once or more, which saves most of the time."""
    if isinstance(image, JpegImageFile):
        wanted = (form.height, form.width) if swapped else (form.width, form.height)
        image.draft(None, (wanted[0] * _REDUCING_GAP, wanted[1] * _REDUCING_GAP))


def _in_color(image: Image.Image, form: ImageForm) -> Image.Image:
    wanted = "L" if form.color == "gray" else "RGB"
    if image.mode == wanted and "transparency" not in image.info:
        return image
    image = _in_8_bits(image)
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    if image.mode not in ("1", "L", "RGB"):
        image = image.convert("RGB")
    return image.convert(wanted) if image.mode != wanted else image


def _in_8_bits(image: Image.Image) -> Image.Image:
    """Keeps the upper byte of 16 bits; Pillow's own conversion would cut off everything above 255."""
    if image.mode.startswith("I;16"):
        content = image.tobytes()
        return Image.frombytes("L", image.size, content[0::2] if image.mode.endswith("B") else content[1::2])
    if image.mode == "I":  # older Pillow: 16 bits in native integers of 32
        values = struct.unpack(f"={image.width * image.height}i", image.tobytes())
        return Image.frombytes("L", image.size, bytes(min(max(value >> 8, 0), 255) for value in values))
    return image


def _resized(image: Image.Image, form: ImageForm) -> Image.Image:
    width, height = image.size
    target = (form.width, form.height)
    if (width, height) == target:
        return image
    bilinear = Image.Resampling.BILINEAR
    if form.resize == "stretch":
        return image.resize(target, bilinear)
    if form.resize == "crop":
        # The largest part in the middle that has the wanted proportions.
        part_width = min(width, height * form.width / form.height)
        part_height = min(height, width * form.height / form.width)
        left, top = (width - part_width) / 2, (height - part_height) / 2
        return image.resize(target, bilinear, box=(left, top, left + part_width, top + part_height))
    scale = min(form.width / width, form.height / height)
    inner = (max(1, round(width * scale)), max(1, round(height * scale)))
    padded = Image.new(image.mode, target)
    padded.paste(image.resize(inner, bilinear), ((form.width - inner[0]) // 2, (form.height - inner[1]) // 2))
    return padded


def _reason(error: Exception) -> str:
    """Returns what a decoder says, in a line."""
    told: Any = str(error) or type(error).__name__
    return "damaged: " + " ".join(told.split())[:200]
