"""Pictures, checked and made ready to be sent; pure and synchronous, for a thread of its own.

Pillow is imported with the first picture, and none of its global settings are changed.
"""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from reka_provider._errors import RekaRequestError
from reka_provider._parts import data_url_bytes
from reka_provider._types import ImageType

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

MAX_PIXELS = 50_000_000
_SUPPORTED = "PNG, JPEG, WebP, GIF, BMP or TIFF"
_DAMAGED = "The image is damaged or cut off: send it again, whole."
_FEW_COLOURS = 4096
_SAMPLE_PX = 512
_SHRUNK_AT_ONCE = frozenset({"RGB", "RGBA", "L", "CMYK"})
_SIXTEEN_BIT = frozenset({"I;16", "I;16B", "I;16L", "I;16N"})
_DECODER_ERRORS = (
    # What Pillow's plugins raise for broken bytes; UserWarning where warnings are errors.
    *(OSError, ValueError, SyntaxError, EOFError, LookupError, TypeError, ArithmeticError, AttributeError),
    *(NotImplementedError, RuntimeError, struct.error, zlib.error, UserWarning),
)
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_QUALITY = 90


@dataclass(frozen=True, slots=True)
class PreparedImage:
    """A picture as it should be sent: upright, without metadata, no larger than asked."""

    data: bytes = field(repr=False)
    media_type: str
    width_px: int
    height_px: int


def load_decoders() -> None:
    """Import all that a picture may need, for a process that may open no file afterwards."""
    from PIL import ImageCms, ImageOps

    _opener_of(b"")
    ImageCms.createProfile("sRGB")
    buffer = io.BytesIO()
    one = ImageOps.exif_transpose(_plain_pixel())
    for kind in ("PNG", "JPEG", "WEBP"):
        one.save(buffer, kind)


def to_bytes(image: ImageType) -> bytes:
    """The bytes of a picture: bytes, a path, a `data:` URL, a file open for reading, or a PIL image (as PNG).

    Raises RekaRequestError where there is nothing to read.
    """
    if isinstance(image, (bytes, bytearray, memoryview)):
        data = bytes(image)
    elif isinstance(image, str) and image[:5].lower() == "data:":
        data = data_url_bytes(image)
    elif isinstance(image, (str, os.PathLike)):
        data = _read_path(os.fspath(image))
    else:
        data = _read_object(image)
    if not data:
        raise RekaRequestError(f"The image is empty: give a {_SUPPORTED} file.")
    return data


def source_of(image: ImageType) -> str | bytes:
    """The http(s) URL of a picture as it is, else its bytes. Raises RekaRequestError."""
    if isinstance(image, str) and image.lower().startswith(("https://", "http://")):
        return image
    return to_bytes(image)


def check_image(data: bytes, *, max_pixels: int = MAX_PIXELS) -> None:
    """Raise RekaRequestError unless `data` is a whole picture of a kind that Reka may be sent."""
    with _opened(data, max_pixels) as image:
        image.load()


def prepare_image(
    image: ImageType, *, max_side_px: int = 1568, max_pixels: int = MAX_PIXELS
) -> PreparedImage:
    """The first frame, upright, in sRGB, without any metadata, its longest side at most `max_side_px`.

    Few colours and line art become PNG, photos JPEG, photos with transparency WebP. `max_pixels` is checked
    from the header, before anything is decoded. Raises RekaRequestError.
    """
    from PIL import ImageOps  # not at the top: Pillow costs 50 ms, which users of text alone need not pay

    limit = (max_side_px, max_side_px)
    with _opened(to_bytes(image), max_pixels) as opened:
        opened.draft("RGB", limit)
        opened.load()
        if opened.mode in _SHRUNK_AT_ONCE:  # before anything is copied: 50 megapixels are 200 MB
            opened.thumbnail(limit)
        upright = _plain(ImageOps.exif_transpose(opened))
    upright.thumbnail(limit)
    return _encoded(upright)


def _read_path(path: str) -> bytes:
    if path[:8].lower().startswith(("http://", "https://")):
        raise RekaRequestError("An image's bytes are needed here, not its address: download it first.")
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or "this is no path"
        raise RekaRequestError(f"The image {path[:200]!r} cannot be read: {reason}.") from None


def _read_object(image: object) -> bytes:
    from PIL.Image import Image

    if isinstance(image, Image):
        return _png_of(image)
    read = getattr(image, "read", None)
    if not callable(read):
        raise RekaRequestError("An image must be bytes, a path, a file open for reading or a PIL image.")
    try:
        data = read()
    except (OSError, ValueError) as error:
        raise RekaRequestError(f"The image file cannot be read: {str(error)[:200]}.") from None
    if not isinstance(data, (bytes, bytearray)):
        raise RekaRequestError('The image file is open as text: open it with mode "rb".')
    return bytes(data)


def _png_of(image: Image) -> bytes:
    from PIL import ImageOps

    buffer = io.BytesIO()
    try:
        _png_mode(ImageOps.exif_transpose(image)).save(buffer, "PNG")
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise RekaRequestError(f"The PIL image cannot be written as PNG: {str(error)[:200]}.") from None
    return buffer.getvalue()


def _png_mode(image: Image) -> Image:
    return image if image.mode in {"1", "L", "LA", "I;16", "P", "RGB", "RGBA"} else image.convert("RGB")


@contextmanager
def _opened(data: bytes, max_pixels: int) -> Iterator[ImageFile]:
    """The picture behind its header. Whatever Pillow finds wrong, here or in the block, is ours to say."""
    if not data:
        raise RekaRequestError(f"The image is empty: give a {_SUPPORTED} file.")
    opener = _opener_of(data)
    # Pillow forgives a PNG whose end is missing, where no pixel is; who receives it may not.
    if data.startswith(b"\x89PNG") and b"IEND" not in data:
        raise RekaRequestError(_DAMAGED)
    if opener is None:
        raise RekaRequestError(f"{_kind_of(data)}: give a {_SUPPORTED} file.")
    from PIL.Image import DecompressionBombError

    try:
        with opener(io.BytesIO(data)) as image:
            width_px, height_px = image.size
            if width_px * height_px > max_pixels:
                raise RekaRequestError(
                    f"The image has {width_px} x {height_px} pixels: "
                    f"make it smaller than {max_pixels / 1_000_000:g} megapixels."
                )
            yield image
    except (*_DECODER_ERRORS, DecompressionBombError):
        raise RekaRequestError(_DAMAGED) from None
    except MemoryError:
        raise RekaRequestError("The image needs more memory than there is: make it smaller.") from None


def _opener_of(data: bytes) -> type[ImageFile] | None:
    """The class of Pillow that reads `data`.

    Not `Image.open`: it warns of a large picture before anybody can look at its size, and silencing a
    warning changes the whole process.
    """
    from PIL import (
        AvifImagePlugin,
        BmpImagePlugin,
        GifImagePlugin,
        JpegImagePlugin,
        PngImagePlugin,
        TiffImagePlugin,
        WebPImagePlugin,
        features,
    )

    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return PngImagePlugin.PngImageFile
    if data.startswith(b"\xff\xd8\xff"):
        return JpegImagePlugin.JpegImageFile
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return WebPImagePlugin.WebPImageFile
    if data.startswith((b"GIF87a", b"GIF89a")):
        return GifImagePlugin.GifImageFile
    if data.startswith((b"II*\0", b"MM\0*")):
        return TiffImagePlugin.TiffImageFile
    if data[4:8] == b"ftyp" and data[8:12] in _AVIF_BRANDS and features.check("avif"):
        return AvifImagePlugin.AvifImageFile
    return BmpImagePlugin.BmpImageFile if data.startswith(b"BM") else None


def _kind_of(data: bytes) -> str:
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<svg" in head:
        return "An SVG is a drawing, not a picture that can be sent"
    if data[4:8] == b"ftyp":
        if data[8:12] in {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}:
            return "HEIC images are not supported"
        if data[8:12] in _AVIF_BRANDS:
            return "AVIF images are not supported here"
        return "This is a video or a file like one, not an image"
    return "This is not an image"


def _plain_pixel() -> Image:
    from PIL import Image as Images

    return Images.new("RGB", (1, 1))


def _plain(image: Image) -> Image:
    """A copy in RGB, RGBA or L that holds pixels and nothing else."""
    from PIL import Image as Images

    image = _in_srgb(image)
    if image.mode in _SIXTEEN_BIT or image.mode in {"I", "F"}:
        image = _eight_bit(image)
    opaque = "L" if image.mode in {"1", "L"} else "RGB"
    target = "RGBA" if image.has_transparency_data else opaque
    converted = image.convert(target) if image.mode != target else image
    if target == "RGBA" and converted.getchannel("A").getextrema()[0] == 255:
        converted = converted.convert("RGB")
    plain = Images.new(converted.mode, converted.size)
    plain.paste(converted)
    return plain


def _eight_bit(image: Image) -> Image:
    """A picture of deeper greys in 256 of them; how deep they are is told by the mode, else by the pixels."""
    values = image.convert("F")
    brightest = values.getextrema()[1]
    if image.mode not in _SIXTEEN_BIT and isinstance(brightest, float) and brightest <= 255:
        return values.convert("L")
    return values.point(lambda value: value * (1 / 257) + 0.0).convert("L")


def _in_srgb(image: Image) -> Image:
    """The picture in sRGB where it carries a colour profile that can be followed; else as it is."""
    profile = image.info.get("icc_profile")
    if not isinstance(profile, bytes) or not profile or image.mode not in {"RGB", "RGBA", "CMYK", "L"}:
        return image
    from PIL import ImageCms

    mode = "RGBA" if image.mode == "RGBA" else "RGB"
    try:
        converted = ImageCms.profileToProfile(
            image,
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            outputMode=mode,
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return image  # a broken profile costs exact colours, never the picture
    return image if converted is None else converted


def _encoded(image: Image) -> PreparedImage:
    # The middle at full size: shrinking would blend colours and make a drawing look like a photo.
    left, top = max(0, (image.width - _SAMPLE_PX) // 2), max(0, (image.height - _SAMPLE_PX) // 2)
    sample = image.crop((left, top, min(image.width, left + _SAMPLE_PX), min(image.height, top + _SAMPLE_PX)))
    drawn = image.mode == "L" or sample.getcolors(_FEW_COLOURS) is not None
    if image.mode == "L":
        drawn = len(sample.getcolors(256) or ()) <= 64
    buffer = io.BytesIO()
    if drawn:
        media_type = "image/png"
        image.save(buffer, "PNG")
    elif image.mode == "RGBA":
        media_type = "image/webp"
        image.save(buffer, "WEBP", quality=_QUALITY)
    else:
        media_type = "image/jpeg"
        image.save(buffer, "JPEG", quality=_QUALITY)
    return PreparedImage(buffer.getvalue(), media_type, image.width, image.height)
