"""Pictures: what is sent, how often, and what is refused."""

from __future__ import annotations

import asyncio
import base64
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from reka_provider import AsyncReka, RekaRequestError, RekaResponseError
from sandbox.reka_platform import MODELS_PATH, RekaPlatformServer
from sandbox.reka_space import UPLOAD_PATH, Fault, RekaSpace, Script
from tests.contract.reka.faces import HELLO, Face, MakeFace
from tests.contract.reka.failures import failure_of
from tests.contract.reka.pictures import NOT_PICTURES, png
from tests.contract.reka.wires import BEARER, Wire

VISION = "reka-edge-2603"


def asked_with(*pictures: bytes, text: str = "What is it?") -> list[dict[str, Any]]:
    parts = [{"type": "image", "image": picture, "media_type": "image/png"} for picture in pictures]
    return [{"role": "user", "content": [*parts, {"type": "text", "text": text}]}]


def vision_of(wire: Wire) -> str | None:
    """The model to ask about a picture."""
    return VISION if isinstance(wire.server, RekaPlatformServer) else None


def received(wire: Wire) -> list[bytes]:
    """The pictures that arrived, as bytes."""
    if isinstance(wire.server, RekaSpace):
        return [upload.data for upload in wire.server.uploads]
    return [image.data or b"" for chat in wire.server.chats for image in chat.images]


@pytest.mark.parametrize(("data", "said"), NOT_PICTURES.values(), ids=NOT_PICTURES)
@pytest.mark.parametrize("way", ["image", "part", "path"])
async def test_what_is_no_picture_is_refused_before_it_is_sent(
    reka: Face, wire: Wire, tmp_path: Path, data: bytes, said: str, way: str
) -> None:
    """Ours: bad input is named before any request: no image, 30,000 x 30,000 px, truncated, SVG, HEIC, empty."""
    path = tmp_path / "cat.png"
    path.write_bytes(data)
    ways: dict[str, dict[str, Any]] = {
        "image": {"image": data},
        "part": {"messages": asked_with(data)},
        "path": {"image": str(path)},
    }
    failure = await failure_of(reka, model=vision_of(wire), **ways[way])
    assert type(failure) is RekaRequestError
    assert said in str(failure)
    assert wire.server.chats == []
    assert not received(wire)


@pytest.mark.parametrize(
    ("image", "said"),
    [
        ("/no/such/cat.png", "No such file"),
        (Path("/no/such/cat.png"), "No such file"),
        ("/", "Is a directory"),
        ("data:image/png;base64,????", "data: URL must look like"),
        ("data:,", "data: URL must look like"),
        (io.StringIO("text"), '"rb"'),
        (7, "must be bytes, a path"),
    ],
    ids=["missing", "missing-path", "folder", "broken-data", "empty-data", "text-file", "number"],
)
async def test_a_picture_that_cannot_be_read_is_named_before_any_request(
    reka: Face, wire: Wire, image: Any, said: str
) -> None:
    """Ours: bad input (a path that does not exist) is named before any request."""
    failure = await failure_of(reka, model=vision_of(wire), image=image)
    assert type(failure) is RekaRequestError
    assert said in str(failure)
    assert wire.requests_seen() == 0


@pytest.mark.parametrize(
    "kind_of_image", ["bytes", "path", "str", "file", "pil", "data-url", "bytearray", "view"]
)
async def test_each_kind_of_image_is_taken(
    reka: Face, wire: Wire, tmp_path: Path, kind_of_image: str
) -> None:
    """Ours: bytes, a path, a file object, a data URL or a PIL image."""
    path = tmp_path / "cat.png"
    path.write_bytes(png())
    image: Any = {
        "bytes": png(),
        "path": path,
        "str": str(path),
        "file": io.BytesIO(png()),
        "pil": Image.new("RGB", (64, 48)),
        "data-url": "data:image/png;base64," + base64.b64encode(png()).decode(),
        "bytearray": bytearray(png()),
        "view": memoryview(png()),
    }[kind_of_image]
    await reka.pieces(model=vision_of(wire), image=image)
    (data,) = received(wire)
    with Image.open(io.BytesIO(data)) as seen:
        assert seen.size == (64, 48)


@pytest.mark.parametrize("encoder", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
async def test_a_picture_is_sent_byte_for_byte(reka: Face, wire: Wire, encoder: str) -> None:
    """1.4, 2.3: the bytes of a supported image go as they are; who wants them smaller prepares them."""
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(buffer, encoder)
    await reka.pieces(model=vision_of(wire), image=buffer.getvalue())
    assert received(wire) == [buffer.getvalue()]


async def test_several_pictures_arrive_in_order(reka: Face, wire: Wire) -> None:
    """1.3: one image a turn, so the others come before it; 2.3: several parts of one message."""
    pictures = [png(colour=colour) for colour in ("red", "green", "blue")]
    await reka.pieces(asked_with(*pictures[:2]), model=vision_of(wire), image=pictures[2])
    if isinstance(wire.server, RekaSpace):
        urls = {upload.data: upload.media_url for upload in wire.server.uploads}
        turns = wire.server.chats[-1].conversation_history
        assert [turn.get("image_url") for turn in turns] == [urls[picture] for picture in pictures]
        assert turns[-1]["text"] == "What is it?"
    else:
        assert received(wire) == pictures


async def test_a_picture_by_its_address_is_passed_on(reka: Face, wire: Wire) -> None:
    """1.3, 2.3: an http(s) URL is a picture's place on either wire."""
    address = "https://cdn.example/cat.png"
    await reka.pieces(model=vision_of(wire), image=address)
    (chat,) = wire.server.chats
    assert address in str(chat.body)
    assert not isinstance(wire.server, RekaSpace) or not wire.server.uploads


async def test_an_earlier_picture_stays_with_its_turn(reka: Face, wire: Wire) -> None:
    """1.3: image_url and media_type on the turn that they belong to; 2.3: parts of that message."""
    later = [{"role": "assistant", "content": "A cat."}, {"role": "user", "content": "Sure?"}]
    await reka.pieces([*asked_with(png()), *later], model=vision_of(wire))
    body = wire.server.chats[-1].body
    turns = body.get("conversation_history") or body["messages"]
    assert len(turns) == 3
    assert "image_url" in str(turns[0])
    assert "image_url" not in str(turns[1:])


async def test_an_upload_has_the_form_of_the_wire(reka: Face, space: RekaSpace) -> None:
    """1.4: one part `image`, image.png, image/png; the answer holds media_url."""
    url = await reka.call("upload_image", png())
    (upload,) = space.uploads
    assert (upload.data, upload.filename, upload.content_type) == (png(), "image.png", "image/png")
    assert url == upload.media_url


@pytest.mark.parametrize(("data", "said"), NOT_PICTURES.values(), ids=NOT_PICTURES)
async def test_what_is_no_picture_is_not_uploaded(
    reka: Face, space: RekaSpace, data: bytes, said: str
) -> None:
    """1.4: what Reka would say to it is unknown, so it is said here."""
    with pytest.raises(RekaRequestError, match=said):
        await reka.call("upload_image", data)
    assert space.token_requests == 0


async def test_an_image_rides_on_the_last_user_message(reka: Face, space: RekaSpace) -> None:
    """1.3: image_url and media_type on the turn that they belong to."""
    await reka.pieces(image=png())
    (turn,) = space.chats[-1].conversation_history
    assert turn["image_url"] == space.uploads[0].media_url
    assert turn["media_type"] == "image"


async def test_the_same_picture_is_uploaded_once(reka: Face, space: RekaSpace) -> None:
    """Ours: a conversation carries its pictures in every request."""
    for _ in range(2):
        await reka.pieces(asked_with(png(), png()))
    assert len(space.uploads) == 1


async def test_parallel_questions_share_one_upload(reka: Face, space: RekaSpace) -> None:
    """Ours: the same, at the same time."""
    await reka.call("get_access_token")
    await asyncio.gather(*(reka.pieces(image=png()) for _ in range(5)))
    assert len(space.uploads) == 1


async def test_a_picture_that_reka_forgot_is_uploaded_once_more(reka: Face, space: RekaSpace) -> None:
    """Ours: uploaded images are uploaded again, once, when Reka no longer knows them."""
    await reka.pieces(image=png())
    space.forget_media()
    assert await reka.pieces(image=png())
    assert len(space.uploads) == 2


async def test_a_picture_is_forgotten_after_256_others(space: RekaSpace) -> None:
    """Ours: a client that lives for weeks must not remember every picture it saw."""
    async with AsyncReka(api_key=BEARER, base_url=space.url) as client:
        for number in [*range(257), 0]:
            space.enqueue(Script("Seen.", bare_json=True))
            picture = png(1, 1, f"rgb({number % 256},{number // 256},0)")
            async for _ in client.stream(messages=HELLO, image=picture):
                pass
    assert len(space.uploads) == 258


async def test_an_expired_token_is_renewed_for_an_upload(reka: Face, space: RekaSpace) -> None:
    """1.5: 401 there means the same as on chat."""
    await reka.call("get_access_token")
    space.expire_tokens()
    assert await reka.call("upload_image", png())


async def test_an_upload_takes_a_token_of_its_own(make: MakeFace, space: RekaSpace) -> None:
    """Ours: `access_token` takes the place of the client's credentials."""
    face = make(api_key="of-nobody-Bn31")
    assert await face.call("upload_image", png(), access_token=BEARER)
    assert "Cookie" not in space.uploads[0].headers


@pytest.mark.parametrize("body", ['{"ok": true}', '{"media_url": null}', "[]", "oops", "", "[" * 100_000])
async def test_an_upload_without_its_url_is_an_error(reka: Face, space: RekaSpace, body: str) -> None:
    """1.4: the answer is {"media_url": ...}."""
    space.faults.append(Fault(200, body, path=UPLOAD_PATH))
    with pytest.raises(RekaResponseError):
        await reka.call("upload_image", png())


@pytest.mark.parametrize("model", [VISION, "reka-edge"])
async def test_a_fourth_picture_is_refused_before_the_question(
    reka: Face, platform: RekaPlatformServer, model: str
) -> None:
    """2.3: reka-edge-2603 takes at most 3 images per prompt; all messages count."""
    talk = [*asked_with(png(), png()), {"role": "assistant", "content": "Two."}, *asked_with(png(), png())]
    failure = await failure_of(reka, messages=talk, model=model)
    assert type(failure) is RekaRequestError
    assert "at most 3 images" in str(failure)
    assert "4" in str(failure)
    assert platform.chats == []


async def test_three_pictures_are_taken(reka: Face, platform: RekaPlatformServer) -> None:
    """2.3: at most 3 images per prompt."""
    assert await reka.pieces(asked_with(png(), png(), png()), model=VISION)


@pytest.mark.parametrize("model", ["reka-flash-3", "glm5.3"])
async def test_a_picture_for_a_model_of_text_is_refused_with_one_that_reads_it(
    reka: Face, platform: RekaPlatformServer, model: str
) -> None:
    """2.3: a model accepts images if its `input_modalities` says so."""
    failure = await failure_of(reka, model=model, image=png())
    assert type(failure) is RekaRequestError
    assert f"{model} reads no images" in str(failure)
    assert VISION in str(failure)
    assert platform.chats == []


async def test_without_the_list_what_is_known_of_a_model_counts(
    reka: Face, platform: RekaPlatformServer
) -> None:
    """2.5: reka-flash-3 reads text; a list that cannot be had hinders nobody."""
    platform.faults.extend(Fault(404, path=MODELS_PATH) for _ in range(2))
    assert "reads no images" in str(await failure_of(reka, model="reka-flash-3", image=png()))
    assert await reka.pieces(model=VISION, image=png())


async def test_what_the_server_refuses_all_the_same_is_told(
    reka: Face, platform: RekaPlatformServer, wire: Wire
) -> None:
    """2.6: 400 validation_error; more than 3 images for reka-edge-2603."""
    platform.faults.append(wire.fault(400, '{"error": {"type": "validation_error", "message": "too many"}}'))
    failure = await failure_of(reka, model=VISION, image=png())
    assert type(failure) is RekaRequestError
    assert "too many" in str(failure)


@pytest.mark.parametrize("encoder", ["PNG", "JPEG", "WEBP", "GIF"])
async def test_a_data_url_names_what_it_holds(reka: Face, platform: RekaPlatformServer, encoder: str) -> None:
    """2.3: a base64 data URL."""
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, encoder)
    await reka.pieces(model=VISION, image=buffer.getvalue())
    (image,) = platform.chats[-1].images
    assert image.content_type == f"image/{encoder.lower()}"
