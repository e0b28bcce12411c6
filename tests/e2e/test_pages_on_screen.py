"""Long answers, and what an answer may do to the people who see it; looked at edit by edit."""

from __future__ import annotations

import asyncio
import itertools
import re

from sandbox.entities import Channel, Message, MessageFlag
from sandbox.reka_space import Script
from tests.e2e.house import CREATE, EDIT, House

LIMIT = 2_000
CODE = "".join(f"    line_{number} = compute({number}) ** 2  # a **bold** claim\n" for number in range(50))
LONG = (
    "## How it works\n\n"
    + "First some **important** words and `code` in between. " * 20
    + f"\n\n```python\ndef long():\n{CODE}```\n\n"
    + "And *after* the code ||a secret|| of ~~many~~ few words. " * 25
    + "The end."
)
PINGS = "@everyone @here <@{alice}> <@&{role}> look: https://example.com/a and [b](https://example.com/b)"


def _unbalanced(content: str) -> str | None:
    """What stays open at the end of a message, as Discord reads it; None where nothing does."""
    fences = [line for line in content.split("\n") if line.lstrip().startswith("```")]
    if len(fences) % 2:
        return "fence"
    prose = re.sub(r"^[ ]*```.*?^[ ]*```[ ]*$", "", content, flags=re.DOTALL | re.MULTILINE)
    if prose.count("`") % 2:
        return "code"
    prose = re.sub(r"`[^`\n]*`", "", prose)
    for mark in ("**", "||", "~~"):
        if prose.count(mark) % 2:
            return mark
    return "*" if prose.replace("**", "").count("*") % 2 else None


def _in_pieces(text: str, chars: int) -> list[str]:
    return [text[at : at + chars] for at in range(0, len(text), chars)]


async def _until_whole(
    house: House, end: str = "The end.", *, channel: Channel | None = None
) -> list[Message]:
    await house.world.until(lambda: any(end in reply.content for reply in house.replies(channel)), 15)
    await house.until_ended()
    return house.replies(channel)


def _check_every_edit(pages: list[Message]) -> None:
    for page in pages:
        for _, content in page.edits:
            assert len(content.encode("utf-16-le")) // 2 <= LIMIT
            assert content.strip()
            assert _unbalanced(content) is None, content


def test_the_checker_sees_what_is_open() -> None:
    """A checker that finds nothing proves nothing."""
    found = {
        text: _unbalanced(text)
        for text in ("```py\nx", "a `b", "**a", "||a", "~~a", "*a", "`**` ok", "**a**")
    }

    assert list(found.values()) == ["fence", "code", "**", "||", "~~", "*", None, None]


async def test_a_long_answer_is_pages_that_each_stand_alone(house: House) -> None:
    """5,000 characters, a code block over a page's end: every edit on screen is balanced and within the limit.

    A page with a successor never changes again: who reads it must not lose the line.
    """
    assert len(LONG) > 5_000
    house.reka.enqueue(Script(pieces=_in_pieces(LONG, 37), token_s=0.01))

    asked = house.alice.says(house.general, f"{house.at_reka} everything")
    pages = await _until_whole(house)

    assert len(pages) >= 3
    _check_every_edit(pages)
    assert sum(len(page.edits) for page in pages) > len(pages)
    assert all(page.edits[-1][0] <= later.edits[0][0] for page, later in itertools.pairwise(pages))
    assert [page.reply_to_id for page in pages] == [asked.id] + [None] * (len(pages) - 1)
    assert pages[0].content.startswith("## How it works")
    halves = [page for page in pages if "```python\n" in page.content]
    assert len(halves) >= 2
    words = re.sub(r"```(python)?|\s", "", "".join(page.content for page in pages))
    assert words == re.sub(r"```(python)?|\s", "", LONG)
    assert house.sandbox.limits.rejected.total() == 0


async def test_the_screen_only_ever_grows(house: House) -> None:
    """Each edit begins with what stood there, but for closing marks."""
    words = "Plain words without any mark, so that nothing needs closing. " * 20 + "The end."
    house.reka.enqueue(Script(pieces=_in_pieces(words, 11), token_s=0.015))

    house.alice.says(house.general, f"{house.at_reka} everything")
    [reply] = await _until_whole(house)

    contents = [content for _, content in reply.edits]
    assert len(contents) >= 3
    for before, after in itertools.pairwise(contents):
        assert after.startswith(before)


async def test_emoji_beyond_16_bits_fit_the_limit(house: House) -> None:
    """Discord counts such a character twice; a page cut between its halves would be broken."""
    house.reka.enqueue(Script("🎉🎊 " * 500 + "The end."))

    house.alice.says(house.general, f"{house.at_reka} party")
    pages = await _until_whole(house)

    assert len(pages) == 2
    _check_every_edit(pages)
    assert "".join(page.content for page in pages).count("🎉") == 500


async def test_the_pages_of_a_slash_answer_follow_in_the_channel(house: House) -> None:
    """The first is the response, the others are messages of the channel, so that no token ends them."""
    house.reka.enqueue(Script(pieces=_in_pieces(LONG, 60), token_s=0.01))

    used = house.alice.uses(house.general, "ask", {"question": "everything"})
    pages = await _until_whole(house)

    assert pages[0] is used.original
    assert all(page.interaction is None for page in pages[1:])
    _check_every_edit(pages)
    assert house.sandbox.limits.rejected.total() == 0


async def test_link_previews_stay_away_from_messages(house: House) -> None:
    """A flag at the start, which no later edit takes off again."""
    gate = asyncio.Semaphore(0)
    house.reka.enqueue(Script(pieces=["See https://example.com/a ", "or https://example.com/b."], gate=gate))

    house.alice.says(house.general, f"{house.at_reka} where?")
    gate.release()
    await house.world.until(house.replies)
    gate.release()
    await house.until_shown("See https://example.com/a or https://example.com/b.")

    [reply] = house.replies()
    assert reply.flags & MessageFlag.SUPPRESS_EMBEDS
    assert all(isinstance(sent.body, dict) and "flags" not in sent.body for sent in house.sent(EDIT))


async def test_link_previews_stay_away_from_slash_answers(house: House) -> None:
    """An edit of a response carries no flags, so the addresses themselves are wrapped."""
    house.reka.enqueue(
        Script("See https://example.com/a or [b](https://example.com/b), `https://c.example`.")
    )

    house.alice.uses(house.general, "ask", {"question": "where?"})
    await house.until_shown("See <https://example.com/a> or [b](https://example.com/b), `https://c.example`.")


async def test_half_an_address_is_never_a_link_to_elsewhere(house: House) -> None:
    """While it grows each edit of a slash answer holds the address wrapped, or not at all."""
    gate = asyncio.Semaphore(0)
    pieces = ["See https://exa", "mple.com/a", "bc for", " more."]
    house.reka.enqueue(Script(pieces=pieces, gate=gate))

    house.alice.uses(house.general, "ask", {"question": "where?"})
    for _ in pieces:
        gate.release()
        await asyncio.sleep(0.15)
    await house.until_shown("See <https://example.com/abc> for more.")

    for _, content in house.replies()[0].edits:
        assert "https://" not in content or "<https://" in content


async def test_nothing_that_the_model_writes_pings_anybody(house: House) -> None:
    """By every door, in the first version and in every edit."""
    words = PINGS.format(alice=house.alice.id, role=house.world.home.bot_role_id)
    house.world.allow(house.general, "MENTION_EVERYONE")
    house.reka.enqueue(*[Script(pieces=[f"{words} ", words], token_s=0.3) for _ in range(3)])
    playground, dm = house.world.channel("playground"), house.world.dm(house.alice)

    house.alice.says(house.general, f"{house.at_reka} one")
    house.alice.uses(playground, "ask", {"question": "two"})
    house.alice.says(dm, "three")
    rooms = (house.general, playground, dm)
    await house.world.until(lambda: all(house.replies(room) for room in rooms))
    await house.until_ended()

    for room in rooms:
        [reply] = house.replies(room)
        assert reply.content.count("@everyone") == 2
        assert reply.pinged == set()
        assert reply.mentions == []
        assert not reply.mentions_everyone
    sent = [request.body for request in house.sandbox.requests if request.method in ("POST", "PATCH")]
    bodies = [body for body in sent if isinstance(body, dict) and body.get("content")]
    assert bodies
    assert all(body["allowed_mentions"]["parse"] == [] for body in bodies)
    assert len(house.sent(CREATE)) == 2
