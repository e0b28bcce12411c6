"""Pictures, and files that claim to be some."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image


def png(width_px: int = 64, height_px: int = 48, colour: str = "red") -> bytes:
    """A picture of one colour."""
    buffer = io.BytesIO()
    Image.new("RGB", (width_px, height_px), colour).save(buffer, "PNG")
    return buffer.getvalue()


def bomb(side_px: int) -> bytes:
    """A PNG of a hundred bytes that says it has `side_px` on each side."""
    header = struct.pack(">IIBBBBB", side_px, side_px, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 64)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_part(kind, content) for kind, content in parts)


def _part(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)


NOT_PICTURES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "empty"),
    "text": (b"hello", "not an image"),
    "svg": (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
    "heic": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 64, "HEIC"),
    "video": (b"\0\0\0\x18ftypisom\0\0\0\0isomiso2" + b"\0" * 64, "video"),
    "truncated": (png()[:-20], "damaged or cut off"),
    "header-alone": (png()[:40], "damaged or cut off"),
    "30000x30000": (bomb(30_000), "30000 x 30000"),
}
"""Bytes that no model can be shown, each with what the error says of it."""
