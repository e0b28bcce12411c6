"""Pictures made ready to be sent."""

from __future__ import annotations

import base64
import io
import random
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageCms, ImageDraw, PngImagePlugin, features

from reka_provider import RekaRequestError, prepare_image, to_bytes

ROOT = Path(__file__).parents[3]


def photo(width_px: int = 320, height_px: int = 200, mode: str = "RGB") -> Image.Image:
    """Noise: more colours than any drawing."""
    rng = random.Random(7)
    bands = len(Image.new(mode, (1, 1)).getbands())
    return Image.frombytes(mode, (width_px, height_px), rng.randbytes(width_px * height_px * bands))


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def png_header(width_px: int, height_px: int) -> bytes:
    """A PNG that claims a size and holds next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width_px, height_px, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0"))
        + chunk(b"IEND", b"")
    )


def test_a_photo_becomes_a_jpeg_of_the_largest_side() -> None:
    """1568 px is what models look at; more is only slower."""
    made = prepare_image(encoded(photo(2000, 1000), "JPEG"))
    assert (made.media_type, made.width_px, made.height_px) == ("image/jpeg", 1568, 784)
    assert opened(made.data).size == (1568, 784)


def test_a_small_picture_keeps_its_size() -> None:
    """Enlarging adds nothing."""
    assert prepare_image(encoded(photo(), "PNG")).width_px == 320


def test_a_drawing_becomes_a_png() -> None:
    """JPEG smears lines and letters."""
    image = Image.new("RGB", (400, 300), "white")
    ImageDraw.Draw(image).line((0, 0, 400, 300), fill="black", width=3)
    made = prepare_image(encoded(image, "JPEG", quality=95))
    assert made.media_type == "image/png"


def test_a_photo_with_transparency_becomes_a_webp() -> None:
    """JPEG has no transparency, PNG makes photos large."""
    made = prepare_image(encoded(photo(mode="RGBA"), "PNG"))
    assert made.media_type == "image/webp"
    assert opened(made.data).mode == "RGBA"


def test_transparency_that_hides_nothing_is_dropped() -> None:
    """Many cameras and editors write an alpha channel of 255."""
    image = photo()
    image.putalpha(255)
    assert prepare_image(encoded(image, "PNG")).media_type == "image/jpeg"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_picture_is_turned_upright(kind: str) -> None:
    """Telephones write the turn into EXIF and leave the pixels as the sensor saw them."""
    image = Image.new("RGB", (300, 100), "red")
    image.paste("blue", (0, 0, 150, 100))
    exif = Image.Exif()
    exif[0x0112] = 6
    made = prepare_image(encoded(image, kind, exif=exif))
    assert (made.width_px, made.height_px) == (100, 300)
    colour = opened(made.data).convert("RGB").getpixel((50, 20))
    assert isinstance(colour, tuple)
    assert colour[2] > 200


def test_all_metadata_is_removed() -> None:
    """A picture must not tell where somebody lives."""
    exif = Image.Exif()
    exif[0x010E] = "SECRET-exif"
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "SECRET-text")
    text.add_itxt("XML:com.adobe.xmp", "<x>SECRET-xmp</x>")
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for image in (photo(), photo(mode="RGBA"), Image.new("RGB", (60, 40), "green")):
        made = prepare_image(encoded(image, "PNG", pnginfo=text, exif=exif, icc_profile=srgb))
        assert b"SECRET" not in made.data
        assert not {"exif", "xmp", "icc_profile", "comment"} & set(opened(made.data).info)


def test_a_jpeg_comment_is_removed() -> None:
    """Some programs write names there."""
    made = prepare_image(encoded(photo(), "JPEG", comment=b"SECRET"))
    assert b"SECRET" not in made.data


def test_an_animation_gives_its_first_frame() -> None:
    """Models look at stills."""
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "green", "blue")]
    for kind in ("GIF", "WEBP", "PNG"):
        data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)
        colour = opened(prepare_image(data).data).convert("RGB").getpixel((5, 5))
        assert isinstance(colour, tuple)
        assert colour[0] > 200 > 60 > colour[1]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "CMYK", "I;16", "I", "RGBA"])
def test_each_mode_is_understood(mode: str) -> None:
    """People send scans, screenshots and prints."""
    kind = "TIFF" if mode in {"CMYK", "I", "LA"} else "PNG"
    made = prepare_image(encoded(Image.new(mode, (50, 40)), kind))
    assert (made.width_px, made.height_px) == (50, 40)


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow reads no AVIF")
def test_an_avif_is_understood() -> None:
    """Some sites give nothing else any more."""
    assert prepare_image(encoded(photo(), "AVIF")).media_type == "image/jpeg"


def test_deep_greys_keep_their_brightness() -> None:
    """A plain conversion of 16 bits to 8 clips everything to white."""
    made = prepare_image(encoded(Image.new("I;16", (20, 20), 128 * 257), "PNG"))
    grey = opened(made.data).convert("L").getpixel((3, 3))
    assert grey in {127, 128, 129}


def test_a_palette_with_transparency_keeps_it() -> None:
    """Logos come like this."""
    image = Image.new("P", (30, 30), 1)
    image.putpalette([255, 0, 0, 0, 255, 0] + [0] * 762)
    image.paste(0, (0, 0, 10, 10))
    made = prepare_image(encoded(image, "PNG", transparency=0))
    assert opened(made.data).convert("RGBA").getpixel((2, 2)) == (255, 0, 0, 0)


@pytest.mark.parametrize("size", [(30_000, 30_000), (10_000, 9_000), (7_100, 7_100)])
def test_too_many_pixels_are_refused_from_the_header(size: tuple[int, int]) -> None:
    """A few bytes must not become gigabytes; also between Pillow's own two limits, where it only warns."""
    with pytest.raises(RekaRequestError, match="megapixels"):
        prepare_image(png_header(*size))


def test_the_limit_of_pixels_is_a_parameter() -> None:
    """A small machine may set its own."""
    with pytest.raises(RekaRequestError, match=r"64 x 48 pixels.*0\.001 megapixels"):
        prepare_image(encoded(Image.new("RGB", (64, 48)), "PNG"), max_pixels=1000)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
@pytest.mark.parametrize("part", [0.02, 0.5, 0.9])
def test_a_truncated_picture_is_refused(kind: str, part: float) -> None:
    """Half a picture, quietly filled up with grey, gives a wrong answer."""
    data = encoded(photo(), kind)
    with pytest.raises(RekaRequestError):
        prepare_image(data[: int(len(data) * part)])


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"hello, I am a text", "not an image"),
        (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x18ftypavif\0\0\0\0mif1avif", "damaged"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isomiso2", "video"),
        (b"%PDF-1.7", "not an image"),
        (b"\x89PNG\r\n\x1a\n", "damaged"),
        (b"\xff\xd8\xff", "damaged"),
        (b"GIF89a", "damaged"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "damaged"),
        (b"BM", "damaged"),
        (b"II*\0", "damaged"),
    ],
)
def test_what_is_no_picture_is_refused_and_told_why(data: bytes, said: str) -> None:
    """The sentence says what was wrong and what would be right."""
    with pytest.raises(RekaRequestError, match=said):
        prepare_image(data)


def test_broken_bytes_never_raise_anything_else() -> None:
    """Pillow raises a dozen kinds of errors for broken files."""
    rng = random.Random(3)
    for kind in ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"):
        whole = encoded(photo(40, 30), kind)
        for _ in range(60):
            data = bytearray(whole)
            for _ in range(8):
                data[rng.randrange(len(data))] = rng.randrange(256)
            try:
                prepare_image(bytes(data))
            except RekaRequestError as error:
                assert str(error)  # noqa: PT017 - either outcome is right; only another error is wrong


def test_each_kind_gives_its_bytes(tmp_path: Path) -> None:
    """Callers have pictures in many forms."""
    data = encoded(photo(), "JPEG")
    path = tmp_path / "cat.jpg"
    path.write_bytes(data)
    url = "data:image/jpeg;base64," + base64.b64encode(data).decode()
    for image in (data, bytearray(data), memoryview(data), path, str(path), io.BytesIO(data), url):
        assert to_bytes(image) == data
    assert opened(to_bytes(photo())).size == (320, 200)
    assert opened(to_bytes(Image.new("CMYK", (5, 5)))).mode == "RGB"


@pytest.mark.parametrize(
    ("image", "said"),
    [
        ("no-such-file.png", "No such file"),
        ("https://example.org/cat.png", "download"),
        ("bad\0path", "cannot be read"),
        ("data:image/png;base64,###", "data: URL"),
        (io.StringIO("text"), 'mode "rb"'),
        (io.BytesIO(b""), "empty"),
        (7, "bytes, a path"),
        (None, "bytes, a path"),
    ],
)
def test_what_gives_no_bytes_is_refused(image: Any, said: str) -> None:
    """Before any request is made."""
    with pytest.raises(RekaRequestError, match=said):
        to_bytes(image)


def test_a_closed_file_is_refused() -> None:
    """Its ValueError is not ours."""
    file = io.BytesIO(b"x")
    file.close()
    with pytest.raises(RekaRequestError, match="cannot be read"):
        to_bytes(file)


def test_text_alone_does_not_load_pillow() -> None:
    """It costs time and memory that a program without pictures need not pay."""
    code = "import sys, reka_provider; sys.exit('PIL' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
