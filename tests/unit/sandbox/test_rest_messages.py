"""Messages by the bot's own token: limits, refusals, nonces, flags, files."""

from __future__ import annotations

import json
import time

import aiohttp
import pytest

from sandbox import Channel, Fault, Message, Rule, Sandbox
from tests.unit.sandbox.conftest import Answer, Raw


@pytest.fixture(autouse=True)
def _no_hurry(sandbox: Sandbox) -> None:
    """These tests are not about rate limits."""
    for name in ("create", "edit", "history", "reaction"):
        sandbox.limits.rules[name] = Rule(1000, 1.0)


@pytest.fixture
def general(sandbox: Sandbox) -> Channel:
    return sandbox.world.channel("general")


async def _send(raw: Raw, channel: Channel, **body: object) -> Answer:
    return await raw("POST", f"/channels/{channel.id}/messages", body)


async def _edit(raw: Raw, message: Message, **body: object) -> Answer:
    return await raw("PATCH", f"/channels/{message.channel.id}/messages/{message.id}", body)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"content": "x" * 2001}, 400, 50035),
        ({"content": "\U0001f600" * 1001}, 400, 50035),
        ({"content": " \n "}, 400, 50006),
        ({}, 400, 50006),
        ({"content": "x", "nonce": "n" * 26}, 400, 50035),
        ({"content": "x", "embeds": [{}] * 11}, 400, 50035),
        ({"content": "x", "components": [{"type": 1, "components": []}]}, 400, 50035),
        ({"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}}, 400, 50035),
    ],
)
async def test_message_beyond_a_limit_is_refused(
    raw: Raw, general: Channel, body: dict[str, object], status: int, code: int
) -> None:
    """Tests must fail where production would."""
    answer = await _send(raw, general, **body)

    assert (answer.status, answer.json["code"]) == (status, code)
    assert raw.sandbox.world.messages(general) == []


async def test_longest_content_is_counted_in_utf16_units(raw: Raw, general: Channel) -> None:
    """A thousand emoji fill a message."""
    assert (await _send(raw, general, content="\U0001f600" * 1000)).status == 200


def _button(**changes: object) -> list[dict[str, object]]:
    button = {"type": 2, "style": 1, "label": "Go", "custom_id": "go"} | changes
    return [{"type": 1, "components": [button]}]


@pytest.mark.parametrize(
    "components",
    [
        _button(custom_id="c" * 101),
        _button(label="l" * 81),
        _button(label=None),
        _button(custom_id=None),
        _button() + _button(),
        [{"type": 1, "components": _button()[0]["components"]}] * 6,
        [{"type": 2, "label": "bare"}],
    ],
)
async def test_malformed_buttons_are_refused_with_their_place(
    raw: Raw, general: Channel, components: object
) -> None:
    """The errors object names the component."""
    answer = await _send(raw, general, content="x", components=components)

    assert answer.json["code"] == 50035
    assert "components" in json.dumps(answer.json["errors"])


async def test_same_nonce_returns_the_first_message_and_tells_nobody(raw: Raw, general: Channel) -> None:
    """Ours retries creates with the same nonce."""
    world = raw.sandbox.world
    first = await _send(raw, general, content="one", nonce="n", enforce_nonce=True)
    second = await _send(raw, general, content="two", nonce="n", enforce_nonce=True)
    unforced = await _send(raw, general, content="three", nonce="n")

    assert first.json["id"] == second.json["id"]
    assert (second.status, second.json["content"], second.json["nonce"]) == (200, "one", "n")
    assert unforced.json["content"] == "three"
    world.nonce_memory_s = 0.0
    assert (await _send(raw, general, content="four", nonce="n", enforce_nonce=True)).json[
        "content"
    ] == "four"


async def test_fetched_message_has_no_nonce(raw: Raw, general: Channel) -> None:
    """Only the create's answer and its event carry it: a lost create must be found by other marks."""
    sent = await _send(raw, general, content="one", nonce="n")
    fetched = await raw("GET", f"/channels/{general.id}/messages/{sent.json['id']}")

    assert "nonce" not in fetched.json


async def test_edit_changes_what_it_names_and_no_more(raw: Raw, general: Channel) -> None:
    """Buttons and previews stay as they were."""
    sent = await _send(raw, general, content="one", flags=4, components=_button())
    message = raw.sandbox.world.message(int(str(sent.json["id"])))
    assert message

    await _edit(raw, message, content="two")
    assert (message.content, message.flags, len(message.buttons)) == ("two", 4, 1)
    assert message.edited_ms

    await _edit(raw, message, flags=0, components=[])
    assert (message.content, message.flags, message.buttons) == ("two", 0, [])


async def test_edit_that_leaves_nothing_is_refused(raw: Raw, general: Channel) -> None:
    """50006 holds for edits, too."""
    message = raw.sandbox.world.post(raw.sandbox.world.bot, general, "one")

    assert (await _edit(raw, message, content="")).json["code"] == 50006


@pytest.mark.parametrize(("content", "code"), [("mine", 50005), ("gone", 10008)])
async def test_edit_of_what_is_not_ours_or_gone_is_refused(
    raw: Raw, general: Channel, content: str, code: int
) -> None:
    """The two ways in which a growing reply ends early."""
    world = raw.sandbox.world
    message = world.person("alice").says(general, content)
    if content == "gone":
        world.delete(message)

    assert (await _edit(raw, message, content="x")).json["code"] == code


async def test_old_message_has_a_hidden_limit_of_edits(raw: Raw, general: Channel) -> None:
    """Code 30046: no header warns of it."""
    world = raw.sandbox.world
    message = world.post(world.bot, general, "old")
    del general.messages[message.id]
    message.id = world.snowflakes.next(aged_s=7200)
    general.messages[message.id] = message

    answers = [await _edit(raw, message, content=str(at)) for at in range(4)]

    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    assert answers[3].json["code"] == 30046


async def test_files_arrive_by_multipart_and_are_served(raw: Raw, general: Channel) -> None:
    """payload_json and files[n], as discord.py sends them."""
    form = aiohttp.FormData()
    payload = {"content": "see", "attachments": [{"id": 0, "filename": "my cat.png", "description": "a cat"}]}
    form.add_field("payload_json", json.dumps(payload), content_type="application/json")
    png = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + (3).to_bytes(4, "big") + (2).to_bytes(4, "big")
    form.add_field("files[0]", png, filename="my cat.png", content_type="application/octet-stream")

    sent = await raw("POST", f"/channels/{general.id}/messages", data=form)
    attachments = sent.json["attachments"]
    assert isinstance(attachments, list)
    attachment = attachments[0]

    assert attachment["filename"] == "my_cat.png"
    assert (attachment["content_type"], attachment["size"]) == ("image/png", len(png))
    assert (attachment["width"], attachment["height"]) == (3, 2)
    assert attachment["description"] == "a cat"
    async with raw.session.get(attachment["url"]) as served:
        assert await served.read() == png


async def test_too_many_files_are_refused(raw: Raw, general: Channel) -> None:
    """Ten is the most."""
    form = aiohttp.FormData()
    form.add_field("payload_json", "{}", content_type="application/json")
    for number in range(11):
        form.add_field(f"files[{number}]", b"x", filename=f"{number}.txt")

    assert (await raw("POST", f"/channels/{general.id}/messages", data=form)).json["code"] == 50035


async def test_history_is_newest_first_and_bounded(raw: Raw, general: Channel) -> None:
    """limit, before and after."""
    world = raw.sandbox.world
    sent = [world.post(world.bot, general, str(number)) for number in range(5)]
    path = f"/channels/{general.id}/messages"

    async def contents(query: str) -> list[object]:
        answer = await raw("GET", path + query)
        assert isinstance(answer.body, list)
        return [item["content"] for item in answer.body]

    assert await contents("?limit=2") == ["4", "3"]
    assert await contents(f"?before={sent[2].id}") == ["1", "0"]
    assert await contents(f"?after={sent[1].id}&limit=2") == ["3", "2"]
    assert await contents(f"?around={sent[2].id}&limit=3") == ["3", "2", "1"]
    assert (await raw("GET", path + "?limit=101")).json["code"] == 50035
    world.deny(general, "READ_MESSAGE_HISTORY")
    assert await contents("") == []


@pytest.mark.parametrize(
    ("denied", "code"), [("VIEW_CHANNEL", 50001), ("SEND_MESSAGES", 50013), ("ATTACH_FILES", None)]
)
async def test_denied_permission_has_its_own_code(
    raw: Raw, general: Channel, denied: str, code: int | None
) -> None:
    """Not seeing a channel is another refusal than not writing in it."""
    raw.sandbox.world.deny(general, denied)
    assert (await _send(raw, general, content="x")).json.get("code") == code

    raw.sandbox.world.allow(general, denied)
    assert (await _send(raw, general, content="x")).status == 200


async def test_threads_ask_for_their_own_permission(raw: Raw, general: Channel) -> None:
    """SEND_MESSAGES counts for nothing in them."""
    world = raw.sandbox.world
    thread = world.add_thread(general, "a thread")
    world.deny(general, "SEND_MESSAGES")
    assert (await _send(raw, thread, content="x")).status == 200

    world.deny(general, "SEND_MESSAGES_IN_THREADS")
    assert (await _send(raw, thread, content="x")).json["code"] == 50013


async def test_archived_thread_takes_no_edit_and_wakes_for_a_message(raw: Raw, general: Channel) -> None:
    """50083, until somebody writes."""
    world = raw.sandbox.world
    thread = world.add_thread(general, "a thread")
    message = world.post(world.bot, thread, "one")
    world.change_channel(thread, archived=True)

    assert (await _edit(raw, message, content="two")).json["code"] == 50083
    assert (await _send(raw, thread, content="x")).status == 200
    assert not thread.archived


async def test_closed_direct_message_is_refused(raw: Raw) -> None:
    """50007."""
    world = raw.sandbox.world
    alice = world.person("alice")
    opened = await raw("POST", "/users/@me/channels", {"recipient_id": alice.id})
    assert opened.json["id"] == str(world.dm(alice).id)

    alice.dms_open = False
    assert (await _send(raw, world.dm(alice), content="x")).json["code"] == 50007


async def test_reactions_come_and_go(raw: Raw, general: Channel) -> None:
    """Percent-encoded, by name."""
    world = raw.sandbox.world
    message = world.person("alice").says(general, "hi")
    path = f"/channels/{general.id}/messages/{message.id}/reactions"

    assert (await raw("PUT", f"{path}/%E2%8F%B3/@me")).status == 204
    assert message.reactions == {"\u23f3": [world.bot.id]}
    assert (await raw("DELETE", f"{path}/%E2%8F%B3/@me")).status == 204
    assert message.reactions == {}
    assert (await raw("PUT", f"{path}/nonsense/@me")).json["code"] == 10014
    world.deny(general, "ADD_REACTIONS")
    assert (await raw("PUT", f"{path}/%E2%8F%B3/@me")).json["code"] == 50013


async def test_deleting_takes_permission_for_others_words(raw: Raw, general: Channel) -> None:
    """One's own may always go."""
    world = raw.sandbox.world
    theirs, mine = world.person("bob").says(general, "theirs"), world.post(world.bot, general, "mine")
    path = f"/channels/{general.id}/messages/"

    assert (await raw("DELETE", f"{path}{theirs.id}")).json["code"] == 50013
    assert (await raw("DELETE", f"{path}{mine.id}")).status == 204
    assert mine.deleted
    world.allow(general, "MANAGE_MESSAGES")
    assert (await raw("DELETE", f"{path}{theirs.id}")).status == 204


async def test_expired_or_forged_link_is_not_served(raw: Raw, general: Channel) -> None:
    """CDN links die: who wants a file downloads it at once."""
    world = raw.sandbox.world
    said = world.person("alice").says(general, "see", files=[("a.txt", b"x")])
    good = raw.sandbox.cdn.sign(said.attachments[0])
    world.cdn_lifetime_s = -1.0
    expired = raw.sandbox.cdn.sign(said.attachments[0])

    for url, status in ((good, 200), (expired, 404), (good.replace("hm=", "hm=0"), 404)):
        async with raw.session.get(url) as served:
            assert served.status == status
    world.delete(said)
    async with raw.session.get(good) as served:
        assert served.status == 404


async def test_faults_meet_their_route_in_order(raw: Raw, general: Channel) -> None:
    """Before the effect nothing happened; after it only the answer is lost."""
    world, faults = raw.sandbox.world, raw.sandbox.faults
    faults.next(
        "POST", "/channels/{c}/messages", Fault.reset_before(), Fault.reset_after(), Fault.status(500)
    )

    for expected in (0, 1):
        with pytest.raises((aiohttp.ClientError, OSError)):
            await _send(raw, general, content="x")
        assert len(world.messages(general)) == expected
    assert (await _send(raw, general, content="x")).status == 500
    assert (await _send(raw, general, content="x")).status == 200
    met = [request.fault for request in raw.sandbox.requests]
    assert met == [Fault.reset_before(), Fault.reset_after(), Fault.status(500), None]
    with pytest.raises(LookupError):
        faults.next("POST", "/channel/{c}/messages", Fault.status(500))


async def test_latency_is_paid_both_ways(raw: Raw) -> None:
    """What a benchmark sets."""
    raw.sandbox.faults.latency_s = 0.03
    started = time.monotonic()
    await raw("GET", "/users/@me")

    assert time.monotonic() - started >= 0.06


async def test_requests_are_recorded_by_their_template(raw: Raw, general: Channel) -> None:
    """What tests count."""
    await _send(raw, general, content="hi")
    await raw("GET", "/no/such/route")
    (sent, lost) = raw.sandbox.requests

    assert (sent.method, sent.route, sent.status) == ("POST", "/channels/{channel_id}/messages", 200)
    assert sent.body == {"content": "hi"}
    assert (lost.path, lost.status) == ("/no/such/route", 404)


async def test_json_answers_carry_no_charset(raw: Raw) -> None:
    """With one discord.py crashes on its first call."""
    assert (await raw("GET", "/users/@me")).headers["Content-Type"] == "application/json"
