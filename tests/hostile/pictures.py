"""Files that attack whoever opens them, made in code: none of them is large on disk."""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Callable

from PIL import Image
from PIL.PngImagePlugin import PngInfo

File = tuple[str, bytes]
_PNG = b"\x89PNG\r\n\x1a\n"


def _chunk(kind: bytes, data: bytes, *, length: int | None = None, crc: int | None = None) -> bytes:
    size = len(data) if length is None else length
    return (
        struct.pack("!I", size)
        + kind
        + data
        + struct.pack("!I", zlib.crc32(kind + data) if crc is None else crc)
    )


def _png(
    width_px: int, height_px: int, *, colour: int = 2, depth: int = 8, interlaced: int = 0, extra: bytes = b""
) -> bytes:
    """A PNG of one grey, row by row, so that making it takes no memory."""
    row_bytes = (width_px * {0: 1, 2: 3, 3: 1, 6: 4}[colour] * depth + 7) // 8
    packer = zlib.compressobj(1)
    row = b"\0" + b"\x80" * row_bytes
    packed = b"".join(packer.compress(row) for _ in range(height_px)) + packer.flush()
    head = struct.pack("!IIBBBBB", width_px, height_px, depth, colour, 0, 0, interlaced)
    palette = _chunk(b"PLTE", bytes(768)) if colour == 3 else b""
    return _PNG + _chunk(b"IHDR", head) + palette + extra + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")


def _header_only(width_px: int, height_px: int) -> bytes:
    head = struct.pack("!IIBBBBB", width_px, height_px, 8, 6, 0, 0, 0)
    return _PNG + _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(bytes(99))) + _chunk(b"IEND", b"")


def _saved(kind: str, *, size: tuple[int, int] = (64, 48), mode: str = "RGB", **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size).save(buffer, kind, **options)
    return buffer.getvalue()


def _noise(kind: str, side_px: int = 64) -> bytes:
    buffer = io.BytesIO()
    pixels = random.Random(5).randbytes(side_px * side_px * 3)
    Image.frombytes("RGB", (side_px, side_px), pixels).save(buffer, kind)
    return buffer.getvalue()


def _flipped(data: bytes, seed: int) -> bytes:
    """A picture with some bits turned around, its first bytes whole."""
    chance = random.Random(seed)
    turned = bytearray(data)
    for _ in range(max(8, len(data) // 200)):
        turned[chance.randrange(16, len(turned))] ^= 1 << chance.randrange(8)
    return bytes(turned)


def _frames(kind: str, count: int) -> bytes:
    buffer = io.BytesIO()
    pictures = [Image.new("RGB", (40, 30), (number % 256, 0, 0)) for number in range(count)]
    pictures[0].save(buffer, kind, save_all=True, append_images=pictures[1:], duration=1)
    return buffer.getvalue()


def _text_bomb() -> bytes:
    info = PngInfo()
    info.add_text("Comment", "a" * 60_000_000, zip=True)
    return _saved("PNG", pnginfo=info)


def _long_row_of_jpeg() -> bytes:
    """A header that promises 65,500 pixels each way."""
    data = bytearray(_saved("JPEG"))
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack("!HH", 65_500, 65_500)
    return bytes(data)


def _many_scans() -> bytes:
    """A progressive photo whose scans are repeated: each makes a decoder walk over the whole picture."""
    data = _saved("JPEG", size=(2000, 2000), progressive=True)
    at = data.rindex(b"\xff\xda")
    scan = data[at:-2]
    return data[:at] + scan * 3000 + b"\xff\xd9"


def _endless_gif() -> bytes:
    head = b"GIF89a" + struct.pack("<HHBBB", 65_535, 65_535, 0x80, 0, 0) + bytes(6)
    frame = b"," + struct.pack("<HHHHB", 0, 0, 65_535, 65_535, 0) + b"\x08"
    return head + frame + (b"\xff" + b"\x55" * 255) * 400 + b"\0;"


def _webp(width_px: int, height_px: int) -> bytes:
    bits = (width_px - 1) | (height_px - 1) << 14
    body = b"VP8L" + struct.pack("<I", 9) + b"\x2f" + struct.pack("<I", bits) + bytes(5)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def _exif_loop() -> bytes:
    """EXIF whose directory points at itself."""
    tiff = b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 1)
    tiff += struct.pack("<HHII", 0x8769, 4, 1, 8) + struct.pack("<I", 8)
    return _saved("JPEG", exif=b"Exif\0\0" + tiff)


# By what is wrong with it: a file's name and its bytes.
FILES: dict[str, Callable[[], File]] = {
    "png of 50 megapixels": lambda: ("a.png", _png(7000, 7000)),
    "png of 49 megapixels with alpha": lambda: ("a.png", _png(7000, 7000, colour=6)),
    "png of 40 megapixels in 16 bit": lambda: ("a.png", _png(6500, 6000, colour=0, depth=16)),
    "png that promises 4 gigapixels": lambda: ("a.png", _header_only(65_535, 65_535)),
    "png that promises 2 to the 31 pixels a side": lambda: ("a.png", _header_only(2**31 - 1, 2**31 - 1)),
    "png of no width": lambda: ("a.png", _header_only(0, 5)),
    "png one pixel high and very wide": lambda: ("a.png", _png(1_000_000, 1)),
    "png one pixel wide and very high": lambda: ("a.png", _png(1, 1_000_000)),
    "png that is interlaced and is not": lambda: ("a.png", _png(500, 500, interlaced=1)),
    "png with a text of 60 megabytes": lambda: ("a.png", _text_bomb()),
    "png with a profile that is a bomb": lambda: (
        "a.png",
        _png(9, 9, extra=_chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(50_000_000)))),
    ),
    "png with a chunk of 2 gigabytes": lambda: (
        "a.png",
        _png(9, 9, extra=_chunk(b"tEXt", b"a", length=2**31 - 1)),
    ),
    "png with a chunk of negative length": lambda: (
        "a.png",
        _png(9, 9, extra=_chunk(b"tEXt", b"a", length=2**32 - 1)),
    ),
    "png with wrong checksums": lambda: ("a.png", _png(9, 9, extra=_chunk(b"PLTE", b"abc", crc=0))),
    "png with ten thousand chunks": lambda: ("a.png", _png(9, 9, extra=_chunk(b"tEXt", b"a\0b") * 10_000)),
    "png cut off in its header": lambda: ("a.png", _png(9, 9)[:20]),
    "apng of many frames": lambda: ("a.png", _frames("PNG", 300)),
    "png with noise turned around": lambda: ("a.png", _flipped(_noise("PNG"), 1)),
    "jpeg that promises 4 gigapixels": lambda: ("a.jpg", _long_row_of_jpeg()),
    "jpeg of three thousand scans": lambda: ("a.jpg", _many_scans()),
    "jpeg with noise turned around": lambda: ("a.jpg", _flipped(_noise("JPEG"), 2)),
    "jpeg that is only its start": lambda: ("a.jpg", b"\xff\xd8\xff" + b"\xff" * 100_000),
    "jpeg whose exif points at itself": lambda: ("a.jpg", _exif_loop()),
    "jpeg with a broken profile": lambda: ("a.jpg", _saved("JPEG", icc_profile=b"\xff" * 60_000)),
    "cmyk jpeg with a broken profile": lambda: ("a.jpg", _saved("JPEG", mode="CMYK", icc_profile=bytes(128))),
    "gif of 4 gigapixels": lambda: ("a.gif", _endless_gif()),
    "gif of a thousand frames": lambda: ("a.gif", _frames("GIF", 1000)),
    "gif with noise turned around": lambda: ("a.gif", _flipped(_noise("GIF"), 3)),
    "gif that is only its name": lambda: ("a.gif", b"GIF89a"),
    "webp that promises 268 megapixels": lambda: ("a.webp", _webp(16_384, 16_384)),
    "webp with noise turned around": lambda: ("a.webp", _flipped(_noise("WEBP"), 4)),
    "webp of many frames": lambda: ("a.webp", _frames("WEBP", 200)),
    "riff whose length is a lie": lambda: ("a.webp", b"RIFF\xff\xff\xff\xffWEBPVP8X" + b"\xff" * 99),
    "svg that reads a file": lambda: (
        "a.svg",
        b'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg xmlns="http://www.w3.org/2000/svg">&x;</svg>',
    ),
    "postscript named png": lambda: ("a.png", b"%!PS-Adobe-3.0 EPSF-3.0\n(/etc/passwd) (r) file\n"),
    "tiff named png": lambda: ("a.png", _saved("TIFF")),
    "zip named png": lambda: ("a.png", b"PK\x03\x04" + bytes(500)),
    "elf named jpg": lambda: ("a.jpg", b"\x7fELF" + bytes(500)),
    "picture and zip in one": lambda: ("a.png", _png(9, 9) + b"PK\x03\x04" + bytes(500)),
    "picture and script in one": lambda: ("a.gif", _saved("GIF") + b"<script>alert(1)</script>"),
    "20 mebibytes of the start of a png": lambda: ("a.png", _PNG + bytes(20 * 1024 * 1024 - 8)),
    "20 mebibytes of the start of a jpeg": lambda: ("a.jpg", b"\xff\xd8\xff" + bytes(20 * 1024 * 1024 - 3)),
    "more than 20 mebibytes": lambda: ("a.png", bytes(20 * 1024 * 1024 + 1)),
    "a file of nothing": lambda: ("a.png", b""),
    "name that climbs": lambda: ("../../../../etc/passwd.png", _png(9, 9)),
    "name in markdown with a mention": lambda: ("`@everyone`||<@1>||.png", b"no picture"),
    "name that turns around": lambda: ("\u202egnp.exe\u202c.png", b"no picture"),
    "name of 5,000 characters": lambda: ("a" * 5000 + ".png", b"no picture"),
    "name with line breaks": lambda: ("a\r\nX-Evil: 1\r\n.png", b"no picture"),
}
