"""Pictures that come with a question, good ones and others."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from sandbox.reka_space import Script
from tests.e2e.house import House
from tests.e2e.pictures import picture, size_px

MIB = 1024 * 1024


async def test_a_picture_reaches_reka(house: House) -> None:
    """Downloaded from the CDN, made ready, uploaded, and on the turn that it belongs to."""
    house.reka.enqueue(Script("A plain."))

    house.alice.says(house.general, f"{house.at_reka} what is this?", files=[("cat.png", picture())])
    await house.until_shown("A plain.")

    [upload] = house.reka.uploads
    assert size_px(upload.data) == (64, 48)
    assert house.told() == [("human", "alice: what is this?")]
    assert house.pictures_sent() == [upload.media_url]
    assert house.reka.chats[0].conversation_history[0]["media_type"] == "image"


async def test_a_message_of_only_a_picture_is_a_question(house: House) -> None:
    """In a direct message there is not even a mention beside it."""
    dm = house.world.dm(house.alice)
    house.reka.enqueue(Script("A plain."))

    house.alice.says(dm, "", files=[("cat.png", picture())])
    await house.until_shown("A plain.", channel=dm)

    assert house.told() == [("human", "alice: [A picture, without a word.]")]
    assert len(house.pictures_sent()) == 1


async def test_ask_takes_a_picture(house: House) -> None:
    """The command's upload is ephemeral at Discord: it is fetched while it is there."""
    house.reka.enqueue(Script("A plain."))

    house.alice.uses(house.general, "ask", {"question": "what is this?", "image": ("cat.png", picture())})
    await house.until_shown("A plain.")

    assert house.pictures_sent() == [house.reka.uploads[0].media_url]


async def test_ask_about_a_message_sees_its_picture(house: House) -> None:
    """Somebody else's picture, in a channel whose content is withheld."""
    said = house.bob.says(house.general, "", files=[("cat.png", picture())])
    house.reka.enqueue(Script("A plain."))

    house.alice.uses_on(said, "Ask about this message")
    await house.until_shown("A plain.")

    assert len(house.pictures_sent()) == 1


async def test_each_format_that_people_send(house: House) -> None:
    """Judged by their bytes: the names here are all wrong."""
    kinds = ["PNG", "JPEG", "WEBP", "GIF"]
    files = [(f"{at}.bin", picture(kind, "red")) for at, kind in enumerate(kinds)]
    house.reka.enqueue(Script("Four plains."))

    house.alice.says(house.general, f"{house.at_reka} look", files=files)
    await house.until_shown("Four plains.")

    assert len(house.pictures_sent()) == 4
    assert all(size_px(upload.data) == (64, 48) for upload in house.reka.uploads)


async def test_the_fifth_picture_is_named_in_a_note(house: House) -> None:
    """Nobody should wonder why the answer does not speak of it."""
    colours = ["red", "green", "blue", "white", "black", "pink"]
    house.reka.enqueue(Script("Many."))

    house.alice.says(
        house.general,
        f"{house.at_reka} look",
        files=[(f"{colour}.png", picture(colour=colour)) for colour in colours],
    )
    await house.until_shown(
        "Many.\n\n-# I looked at the first 4 pictures; left out: `black.png`, `pink.png`."
    )

    assert len(house.pictures_sent()) == len(house.reka.uploads) == 4
    assert house.sandbox.cdn.served == 4


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("cat.png", b"GIF? No, text.", "I can look at PNG, JPEG, WebP and GIF pictures only."),
        (
            "cat.svg",
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            "I can look at PNG, JPEG, WebP and GIF pictures only.",
        ),
        ("notes.txt", b"", "I can look at PNG, JPEG, WebP and GIF pictures only."),
        ("cat.jpg", picture("JPEG")[:200], "it is damaged, or too large a picture to open."),
        ("cat.png", picture()[:60], "it is damaged, or too large a picture to open."),
    ],
    ids=["text as png", "svg", "empty", "truncated jpeg", "truncated png"],
)
async def test_a_bad_file_costs_a_note_and_never_the_answer(
    house: House, name: str, data: bytes, reason: str
) -> None:
    """The question is answered, the good picture beside it is seen."""
    house.reka.enqueue(Script("I see one."))

    house.alice.says(house.general, f"{house.at_reka} look", files=[(name, data), ("good.png", picture())])
    await house.world.until(lambda: house.replies() and "-#" in house.replies()[0].content)

    [reply] = house.replies()
    assert reply.content.startswith(f"I see one.\n\n-# I left out `{name}`: ")
    assert reply.content.endswith(reason)
    assert len(house.pictures_sent()) == 1


async def test_a_file_that_says_it_is_too_large_is_not_even_fetched(house: House) -> None:
    """Its size field is enough to refuse it."""
    house.reka.enqueue(Script("I see none."))

    house.alice.says(house.general, f"{house.at_reka} look", files=[("huge.png", bytes(20 * MIB + 1))])
    await house.until_shown("I see none.\n\n-# I left out `huge.png`: it is larger than 20 MiB.")

    assert house.sandbox.cdn.served == 0
    assert house.pictures_sent() == []


async def test_an_expired_address_costs_a_note(house: House) -> None:
    """Discord's signed links die; the person can attach the picture again."""
    house.world.cdn_lifetime_s = -1.0
    house.reka.enqueue(Script("I see none."))

    house.alice.says(house.general, f"{house.at_reka} look", files=[("cat.png", picture())])
    await house.until_shown(
        "I see none.\n\n-# I left out `cat.png`: Discord no longer has it, so please attach it again."
    )


async def test_other_hosts_are_not_asked(house: House) -> None:
    """An address in a payload must not make the bot fetch from inside the operator's network."""
    house.sandbox.cdn.origin = house.sandbox.url.replace("127.0.0.1", "localhost")
    house.reka.enqueue(Script("I see none."))

    house.alice.says(house.general, f"{house.at_reka} look", files=[("cat.png", picture())])
    await house.until_shown("I see none.\n\n-# I left out `cat.png`: I download files from Discord only.")

    assert house.sandbox.cdn.served == 0


async def test_only_bad_files_and_no_words_get_the_note_alone(house: House) -> None:
    """There is nothing to ask Reka, so the note is the answer."""
    dm = house.world.dm(house.alice)

    house.alice.says(dm, "", files=[("notes.pdf", b"%PDF-1.7")])
    await house.until_shown(
        "-# I left out `notes.pdf`: I can look at PNG, JPEG, WebP and GIF pictures only.", channel=dm
    )

    assert house.reka.chats == []


async def test_a_file_name_cannot_write_markdown_or_ping(house: House) -> None:
    """The note quotes what a stranger typed."""
    house.reka.enqueue(Script("I see none."))

    house.alice.says(house.general, f"{house.at_reka} look", files=[("`@everyone`.png", b"no")])
    await house.world.until(lambda: house.replies() and "-#" in house.replies()[0].content)

    [reply] = house.replies()
    assert not reply.pinged
    assert reply.content.count("`") == 2


async def test_the_next_question_can_refer_to_the_picture(house: House) -> None:
    """The picture stays part of its turn: sent again, and neither downloaded nor uploaded again."""
    house.reka.enqueue(Script("A plain."), Script("Orange."))
    house.alice.says(house.general, f"{house.at_reka} what is this?", files=[("cat.png", picture())])
    await house.until_shown("A plain.")

    house.bob.says(house.general, f"{house.at_reka} which colour?")
    await house.until_shown("A plain.", "Orange.")

    [upload] = house.reka.uploads
    assert house.pictures_sent() == [upload.media_url]
    assert [turn["type"] for turn in house.reka.chats[1].conversation_history if "image_url" in turn] == [
        "human"
    ]
    assert "image_url" in house.reka.chats[1].conversation_history[0]
    assert house.sandbox.cdn.served == 1


async def test_after_a_restart_the_picture_is_still_there(house: House) -> None:
    """Its bytes are in the database; Discord's link may be long dead."""
    house.reka.enqueue(Script("A plain."), Script("Orange."))
    house.alice.says(house.general, f"{house.at_reka} what is this?", files=[("cat.png", picture())])
    await house.until_shown("A plain.")

    await house.stop_bot()
    await house.start_bot()
    await house.hears("which colour?", "A plain.", "Orange.")

    assert len(house.pictures_sent()) == 1
    assert house.reka.uploads[1].data == house.reka.uploads[0].data
    assert house.sandbox.cdn.served == 1


async def test_metadata_never_leaves(house: House) -> None:
    """A photo knows where it was taken."""
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    Image.new("RGB", (64, 48), "orange").save(file, "JPEG", exif=exif)
    house.reka.enqueue(Script("A plain."))

    house.alice.says(house.general, f"{house.at_reka} look", files=[("me.jpg", file.getvalue())])
    await house.until_shown("A plain.")

    assert b"SecretCamera" in file.getvalue()
    assert b"SecretCamera" not in house.reka.uploads[0].data
