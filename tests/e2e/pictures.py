"""Small pictures in the formats that people send."""

from __future__ import annotations

import io

from PIL import Image


def picture(kind: str = "PNG", colour: str = "orange") -> bytes:
    """A picture of 64 by 48 px in one colour; `kind` is PNG, JPEG, WEBP or GIF."""
    file = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(file, kind)
    return file.getvalue()


def size_px(data: bytes) -> tuple[int, int]:
    """Width and height of an encoded picture."""
    with Image.open(io.BytesIO(data)) as opened:
        return opened.size
