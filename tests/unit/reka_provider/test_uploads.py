"""Which uploaded pictures are remembered."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator

import pytest
from PIL import Image

from reka_provider import AsyncReka, RekaRequestError
from sandbox.reka_space import RekaSpace


@pytest.fixture
async def space() -> AsyncIterator[RekaSpace]:
    async with RekaSpace(token_s=0.0) as running:
        yield running


def png(colour: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(buffer, "PNG")
    return buffer.getvalue()


async def test_a_kept_picture_has_one_url(space: RekaSpace) -> None:
    """It is asked for with each question of a conversation."""
    async with AsyncReka(api_key="your_api_key", base_url=space.url) as client:
        assert await client.keep_image(png("red")) == await client.keep_image(png("red"))
        assert await client.keep_image(png("blue")) != await client.keep_image(png("red"))
    assert len(space.uploads) == 2


async def test_only_the_pictures_that_were_refused_are_forgotten(space: RekaSpace) -> None:
    """The others need no second upload."""
    async with AsyncReka(api_key="your_api_key", base_url=space.url) as client:
        kept = await client.keep_image(png("blue"))
        await client.keep_image(png("red"))
        space.forget_media()
        part = {"type": "image", "image": png("red"), "media_type": "image/png"}
        messages = [{"role": "user", "content": [part]}]
        assert [piece async for piece in client.create_completion(messages=messages)]
        assert await client.keep_image(png("blue")) == kept
    assert [upload.data for upload in space.uploads] == [png("blue"), png("red"), png("red")]


async def test_what_is_no_picture_is_never_remembered(space: RekaSpace) -> None:
    """It fails each time, before any request."""
    async with AsyncReka(api_key="your_api_key", base_url=space.url) as client:
        for _ in range(2):
            with pytest.raises(RekaRequestError):
                await client.keep_image(b"no picture")
    assert not space.uploads
