"""From image files to pixels: every kind, every colour, every damage."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageOps

from nnrun.data.images import decoding
from nnrun.data.images.decoding import OtherSizeError, UnreadableImageError, decoded, quiet, size_of
from nnrun.data.images.form import ImageForm
from nnrun.data.images.plain_png import plain_png, plain_png_size
from tests.image_files import animation, encoded, huge_png, pixels, png, smooth, turned

ROOT = Path(__file__).resolve().parent.parent

RGB = ImageForm(6, 8, "rgb", exact=True)
GRAY = ImageForm(6, 8, "gray", exact=True)


def array_of(content: bytes, form: ImageForm) -> NDArray[np.uint8]:
    """Decodes a file into an array."""
    return np.frombuffer(decoded(content, form).pixels, np.uint8).reshape(form.shape)


@pytest.mark.parametrize("format", ["PNG", "BMP", "GIF", "WEBP", "JPEG"])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_format_is_decoded_as_pillow_does(format: str, channels: int) -> None:  # noqa: A002 - Pillow's word
    """In colour and in grey, whatever the file has."""
    content = encoded(smooth(6, 8, channels), format)
    image = Image.open(io.BytesIO(content))
    np.testing.assert_array_equal(array_of(content, RGB), np.asarray(image.convert("RGB")))
    expected = image.convert("L") if image.mode == "L" else image.convert("RGB").convert("L")
    np.testing.assert_array_equal(array_of(content, GRAY)[..., 0], np.asarray(expected))
    assert decoded(content, RGB).size == (8, 6)
    assert size_of(content) == (8, 6)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_mode_of_png_is_decoded(mode: str) -> None:
    """All of them end as grey or RGB."""
    image = Image.fromarray(smooth(6, 8)).convert(mode if mode != "I;16" else "L")
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image).astype(np.uint16) * 257)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    assert Image.open(io.BytesIO(buffer.getvalue())).mode == mode
    for form in (RGB, GRAY):
        assert array_of(buffer.getvalue(), form).shape == form.shape


def test_16_bits_keep_their_upper_half() -> None:
    """Pillow's own conversion makes white of everything above 255."""
    values = (np.arange(48, dtype=np.uint16) * 1300).reshape(6, 8)
    np.testing.assert_array_equal(array_of(encoded(values), GRAY)[..., 0], values >> 8)


def test_what_is_transparent_is_white() -> None:
    """A drawing in black on nothing would be all black without its transparency."""
    drawing = np.zeros((6, 8, 4), np.uint8)
    drawing[2:4, 2:6, 3] = 255
    found = array_of(encoded(drawing), GRAY)[..., 0]
    assert found[0, 0] == 255
    assert found[3, 3] == 0
    half = np.full((6, 8, 4), (200, 100, 0, 128), np.uint8)
    np.testing.assert_allclose(array_of(encoded(half), RGB)[0, 0], [227, 177, 127], atol=1)


def test_a_transparent_colour_of_a_palette_is_white() -> None:
    """GIF and PNG have palettes of which one colour may be nothing."""
    image = Image.fromarray(np.repeat(np.array([[0, 1]], np.uint8), 6, 0).repeat(4, 1), "P")
    image.putpalette([10, 20, 30, 40, 50, 60])
    for format in ("GIF", "PNG"):  # noqa: A001 - Pillow's word
        buffer = io.BytesIO()
        image.save(buffer, format, transparency=0)
        found = array_of(buffer.getvalue(), RGB)
        assert found[0, 0].tolist() == [255, 255, 255]
        assert found[0, 7].tolist() == [40, 50, 60]


def test_a_transparent_colour_of_rgb_is_white() -> None:
    """The chunk `tRNS` of a PNG without an alpha channel."""
    array = np.full((6, 8, 3), (1, 2, 3), np.uint8)
    array[:, 4:] = (9, 9, 9)
    found = array_of(encoded(array, transparency=(1, 2, 3)), RGB)
    assert found[0, 0].tolist() == [255, 255, 255]
    assert found[0, 7].tolist() == [9, 9, 9]


def test_cmyk_becomes_rgb() -> None:
    """Printers' JPEG files."""
    buffer = io.BytesIO()
    Image.fromarray(smooth(6, 8)).convert("CMYK").save(buffer, "JPEG", quality=95)
    np.testing.assert_allclose(array_of(buffer.getvalue(), RGB), smooth(6, 8), atol=12)


# --- Upright ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["PNG", "WEBP", "JPEG"])
def test_an_image_is_made_upright(orientation: int, format: str) -> None:  # noqa: A002 - Pillow's word
    """As Pillow's `exif_transpose` does, which is what viewers show."""
    content = turned(orientation, smooth(6, 8), format)
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
    form = ImageForm(expected.height, expected.width, "rgb", exact=True)
    np.testing.assert_array_equal(array_of(content, form), np.asarray(expected.convert("RGB")))
    assert size_of(content) == expected.size


def test_an_orientation_behind_the_pixels_counts() -> None:
    """The chunk `eXIf` may stand at the end of a PNG."""
    content = turned(6, smooth(6, 8))
    position = content.index(b"eXIf") - 4
    length = struct.unpack(">I", content[position : position + 4])[0] + 12
    chunk = content[position : position + length]
    moved = content[:position] + content[position + length : -12] + chunk + content[-12:]
    np.testing.assert_array_equal(
        array_of(moved, ImageForm(8, 6, exact=True)), array_of(content, ImageForm(8, 6, exact=True))
    )


@pytest.mark.parametrize("exif", [b"Exif\0\0", b"Exif\0\0garbage", b"Exif\0\0MM\0*\0\0\0\xff", b"\xff" * 40])
def test_damaged_notes_of_a_camera_do_not_matter(exif: bytes) -> None:
    """The image is there all the same."""
    content = encoded(smooth(6, 8), "JPEG", exif=exif)
    with quiet():
        found = array_of(content, RGB)
    np.testing.assert_array_equal(found, array_of(encoded(smooth(6, 8), "JPEG"), RGB))


# --- Size -------------------------------------------------------------------------------------------------


def test_stretching_is_pillows_bilinear_filter() -> None:
    """Which is as wide as the reduction: no pixel of the original is left out."""
    array = pixels(40, 60)
    expected = Image.fromarray(array).resize((8, 6), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(array_of(encoded(array), ImageForm(6, 8)), np.asarray(expected))


def test_cropping_keeps_the_middle() -> None:
    """As Pillow's `ImageOps.fit` does."""
    for shape in ((40, 90), (90, 40), (5, 50), (6, 8)):
        array = pixels(*shape)
        expected = ImageOps.fit(Image.fromarray(array), (8, 6), Image.Resampling.BILINEAR)
        found = array_of(encoded(array), ImageForm(6, 8, "rgb", "crop"))
        np.testing.assert_allclose(found.astype(int), np.asarray(expected).astype(int), atol=1)


def test_padding_keeps_all_of_it() -> None:
    """With black beside it."""
    found = array_of(encoded(np.full((20, 10), 200, np.uint8)), ImageForm(8, 8, "gray", "pad"))[..., 0]
    assert found[:, 2:6].tolist() == [[200] * 4] * 8
    assert found[:, :2].max() == found[:, 6:].max() == 0
    found = array_of(encoded(np.full((10, 1000), 200, np.uint8)), ImageForm(8, 8, "gray", "pad"))[..., 0]
    assert (found == 200).sum() == 8


@pytest.mark.parametrize("resize", ["stretch", "crop", "pad"])
@settings(max_examples=40, deadline=None)
@given(
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    target=st.tuples(st.integers(1, 30), st.integers(1, 30)),
)
def test_any_size_gets_any_other(resize: str, height: int, width: int, target: tuple[int, int]) -> None:
    """Also from and to a single pixel."""
    form = ImageForm(*target, "gray", resize)  # type: ignore[arg-type]
    array = np.full((height, width), 123, np.uint8)
    found = array_of(encoded(array), form)
    assert found.max() == 123
    assert resize == "pad" or found.min() == 123


def test_a_large_jpeg_is_reduced_while_it_is_decoded() -> None:
    """That saves most of the time, and hardly changes a pixel."""
    content = encoded(smooth(800, 1000), "JPEG", quality=95)
    form = ImageForm(50, 60)
    exact = Image.open(io.BytesIO(content)).resize((60, 50), Image.Resampling.BILINEAR)
    np.testing.assert_allclose(array_of(content, form).astype(int), np.asarray(exact).astype(int), atol=2)
    turned_content = turned(6, smooth(800, 1000), "JPEG")
    assert decoded(turned_content, form).size == (800, 1000)


def test_an_exact_form_refuses_other_sizes() -> None:
    """With the size that the image has, upright."""
    with pytest.raises(OtherSizeError) as error:
        decoded(encoded(smooth(5, 8)), RGB)
    assert error.value.size == (8, 5)
    with pytest.raises(OtherSizeError) as error:
        decoded(turned(6, smooth(6, 8)), RGB)
    assert error.value.size == (6, 8)


# --- What cannot be read ----------------------------------------------------------------------------------

BROKEN = {
    "empty": (b"", "an empty file"),
    "text": (b"no image\n" * 20, "not JPEG, PNG, BMP, GIF or WebP"),
    "TIFF": (encoded(smooth(6, 8), "TIFF"), "not JPEG, PNG, BMP, GIF or WebP"),
    "ICO": (encoded(smooth(16, 16), "ICO"), "not JPEG, PNG, BMP, GIF or WebP"),
    "PostScript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not JPEG, PNG, BMP, GIF or WebP"),
    "196 megapixels": (huge_png(14_000, 14_000), "14,000 x 14,000 pixels, which is more than 100,000,000"),
    "no pixels": (huge_png(0, 5), "damaged|0 x 5 pixels"),
    "a header alone": (huge_png(6, 8)[:33], "damaged"),
    "a file cut off": (encoded(pixels(60, 80))[:-200], "damaged"),
    "a JPEG cut off": (encoded(pixels(60, 80), "JPEG")[:-400], "damaged"),
    "a GIF cut off": (encoded(pixels(60, 80), "GIF")[:200], "damaged"),
    "a WebP cut off": (encoded(pixels(60, 80), "WEBP", lossless=True)[:300], "damaged"),
    "a BMP cut off": (encoded(pixels(60, 80), "BMP")[:300], "damaged"),
    "a wrong checksum": (
        encoded(smooth(6, 8))[:-14] + b"\0\0" + encoded(smooth(6, 8))[-12:],
        "damaged: the checksum of chunk 'IDAT' is wrong",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_cannot_be_read_has_a_reason(case: str) -> None:
    """In words, without the addresses of Python's objects."""
    content, reason = BROKEN[case]
    for form in (RGB, ImageForm(4, 4)):
        with pytest.raises(UnreadableImageError) as error:
            decoded(content, form)
        assert any(part in error.value.reason for part in reason.split("|")), error.value.reason
        assert "0x" not in error.value.reason


HUGE = r"""
import resource, struct, sys
from nnrun.data.images.decoding import UnreadableImageError, decoded
from nnrun.data.images.form import ImageForm
sys.path.insert(0, ".")
from tests.image_files import huge_png

resource.setrlimit(resource.RLIMIT_AS, (600_000_000, 600_000_000))
side = 14000
canvas = b"VP8X" + struct.pack("<I", 10) + bytes(4) + (side - 1).to_bytes(3, "little") * 2
lossless = b"VP8L" + struct.pack("<I", 5) + b"\x2f" + struct.pack("<I", side - 1 | side - 1 << 14)
webp = [b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk for chunk in (canvas, lossless)]
bmp = b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + struct.pack("<IiiHHIIiiII", 40, side, side, 1, 24, *[0] * 6)
gif = b"GIF89a" + struct.pack("<HHBBB", side, side, 0, 0, 0)
gif += b"," + struct.pack("<HHHHB", 0, 0, side, side, 0) + b"\x02\x02L\x01\x00;"
jpeg = b"\xff\xd8\xff\xc0" + struct.pack(">HBHHB", 17, 8, side, side, 3)
jpeg += b"\x01\x22\x00\x02\x11\x01\x03\x11\x01" + b"\xff\xda\x00\x0c\x03\x01\x00\x02\x11\x03\x11\x00?\x00"
for content in (huge_png(side, side), *webp, bmp, gif, jpeg):
    try:
        decoded(content, ImageForm(4, 4))
    except UnreadableImageError as error:
        print(error.reason)
"""


def test_huge_images_are_refused_before_they_take_memory() -> None:
    """In every format, by a process that may have little of it."""
    result = subprocess.run(
        [sys.executable, "-c", HUGE], capture_output=True, text=True, check=True, cwd=ROOT
    )
    lines = result.stdout.splitlines()
    assert len(lines) == 6
    assert all("which is more than 100,000,000" in line for line in lines), lines


def test_an_animation_gives_its_first_frame() -> None:
    """And says that it is one."""
    for format in ("GIF", "WEBP", "PNG"):  # noqa: A001 - Pillow's word
        content = animation(3, format)
        found = decoded(content, RGB)
        assert found.animated, format
        first = Image.open(io.BytesIO(content)).convert("RGB")
        np.testing.assert_array_equal(np.frombuffer(found.pixels, np.uint8), np.asarray(first).reshape(-1))
    assert not decoded(animation(1, "GIF"), RGB).animated


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_files_only_raise_what_they_should(data: st.DataObject) -> None:
    """Flipped, missing and doubled bytes: an image comes out, or the reason why not."""
    format = data.draw(st.sampled_from(["PNG", "JPEG", "GIF", "WEBP", "BMP"]))  # noqa: A001 - Pillow's word
    content = bytearray(encoded(pixels(9, 7, data.draw(st.sampled_from([1, 3]))), format))
    for _ in range(data.draw(st.integers(1, 5))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place : place + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
        if not content:
            break
    with suppress(UnreadableImageError), quiet():
        assert len(decoded(bytes(content), ImageForm(4, 5)).pixels) == 60


@settings(max_examples=200, deadline=None)
@given(
    start=st.sampled_from(
        [b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"BM", b"RIFF\0\0\0\0WEBP"]
    ),
    rest=st.binary(max_size=300),
)
def test_any_bytes_are_an_image_or_have_a_reason(start: bytes, rest: bytes) -> None:
    """Whatever somebody called `photo.jpg`."""
    with suppress(UnreadableImageError), quiet():
        decoded(start + rest, ImageForm(2, 2))


# --- The quick way ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("level", [0, 1, 9])
def test_the_quick_way_gives_the_same_pixels(channels: int, level: int) -> None:
    """For every filter and compression that Pillow writes."""
    for seed, make in enumerate((pixels, smooth)):
        array = make(31, 47, channels) if make is smooth else pixels(31, 47, channels, seed)
        content = encoded(array, compress_level=level)
        assert plain_png_size(content) == (47, 31)
        image = plain_png(content)
        assert image is not None
        np.testing.assert_array_equal(np.asarray(image), array)


def test_the_quick_way_takes_every_filter() -> None:
    """Rows of a PNG are filtered in five ways."""
    rows = b"".join(bytes([kind]) + bytes(range(kind, kind + 12)) for kind in range(5))
    chunks = [
        (b"IHDR", struct.pack(">II5B", 4, 5, 8, 2, 0, 0, 0)),
        (b"gAMA", struct.pack(">I", 45455)),
        (b"IDAT", zlib.compress(rows)[:10]),
        (b"IDAT", zlib.compress(rows)[10:]),
        (b"IEND", b""),
    ]
    content = png(chunks)
    image = plain_png(content)
    assert image is not None
    np.testing.assert_array_equal(np.asarray(image), np.asarray(Image.open(io.BytesIO(content))))


@pytest.mark.parametrize(
    "content",
    [
        encoded(smooth(6, 8), transparency=(1, 2, 3)),
        turned(6, smooth(6, 8)),
        animation(3, "PNG"),
        encoded(smooth(6, 8, 1).astype(np.uint16)),
        encoded(np.zeros((6, 8, 4), np.uint8)),
        png([(b"IHDR", struct.pack(">II5B", 8, 6, 8, 0, 0, 0, 1)), (b"IEND", b"")]),
        encoded(pixels(60, 80))[:-200],
        b"\x89PNG\r\n\x1a\n",
    ],
    ids=["transparent", "turned", "animated", "16 bits", "alpha", "interlaced", "cut off", "no header"],
)
def test_the_quick_way_leaves_the_rest_to_pillow(content: bytes) -> None:
    """Whatever it does not know, it does not touch."""
    assert plain_png_size(content) is None or plain_png(content) is None


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_the_quick_way_agrees_with_pillow_on_damaged_files(data: st.DataObject) -> None:
    """Where it gives an image, Pillow gives the same one."""
    content = bytearray(encoded(pixels(5, 7, data.draw(st.sampled_from([1, 3])))))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(8, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        size = plain_png_size(bytes(content))
        if size is None or size[0] * size[1] > 10_000:
            return
        image = plain_png(bytes(content))
    except UnreadableImageError:
        return
    if image is not None:
        np.testing.assert_array_equal(np.asarray(image), np.asarray(Image.open(io.BytesIO(bytes(content)))))


def test_a_file_of_many_gigabytes_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit counts before any decoder sees it."""
    monkeypatch.setattr(decoding, "MAX_FILE_BYTES", 100)
    with pytest.raises(UnreadableImageError, match="a file of more than 100 bytes"):
        decoded(encoded(pixels(40, 40)), RGB)


def test_the_form_survives_json() -> None:
    """It is stored with the run, for predictions."""
    form = ImageForm(28, 30, "gray", "pad", exact=True)
    assert ImageForm.from_json(form.to_json()) == form
    assert form.shape == (28, 30, 1)
    assert ImageForm(2, 3).bytes == 18
