"""Answers to interactions: deadlines, tokens, placeholders, followups."""

from __future__ import annotations

import pytest

from sandbox import Interaction, Rule, Sandbox
from sandbox.entities import Json
from tests.unit.sandbox.conftest import Answer, Raw

_ASK: Json = {
    "name": "ask",
    "description": "Ask",
    "options": [{"type": 3, "name": "question", "description": "What", "required": True}],
}


@pytest.fixture(autouse=True)
def _defined(sandbox: Sandbox) -> None:
    """One command; rate limits are not the subject."""
    sandbox.world.set_commands(None, [_ASK, {"name": "Explain", "type": 3}], replace=True)
    sandbox.limits.rules["webhook"] = Rule(1000, 1.0)


def _use(sandbox: Sandbox, *, aged_s: float = 0.0) -> Interaction:
    world = sandbox.world
    return world.person("alice").uses(world.channel("general"), "ask", {"question": "why"}, aged_s=aged_s)


async def _answer(raw: Raw, used: Interaction, kind: int, **data: object) -> Answer:
    path = f"/interactions/{used.id}/{used.token}/callback?with_response=1"
    return await raw("POST", path, {"type": kind, "data": data or None}, token="none")


async def _hook(raw: Raw, used: Interaction, method: str, end: str = "", **body: object) -> Answer:
    path = f"/webhooks/{raw.sandbox.application_id}/{used.token}{end}"
    return await raw(method, path, body if method in ("POST", "PATCH") else None, token="none")


async def test_answer_after_three_seconds_is_too_late(raw: Raw) -> None:
    """The person sees "did not respond"; the code is 10062."""
    used = _use(raw.sandbox)
    used.made_s -= 3.1

    answer = await _answer(raw, used, 5)

    assert (answer.status, answer.json["code"]) == (404, 10062)


async def test_second_answer_is_refused(raw: Raw) -> None:
    """40060."""
    used = _use(raw.sandbox)
    first = await _answer(raw, used, 4, content="hi")
    second = await _answer(raw, used, 4, content="hi")

    assert first.json["resource"]
    assert (second.status, second.json["code"]) == (400, 40060)


async def test_placeholder_belongs_to_its_token_until_it_is_filled(raw: Raw) -> None:
    """The channel's route may edit what an interaction made, but not while it thinks."""
    used = _use(raw.sandbox)
    await _answer(raw, used, 5)
    placeholder = used.original
    assert placeholder
    assert placeholder.thinking
    by_channel = f"/channels/{placeholder.channel.id}/messages/{placeholder.id}"

    assert (await raw("PATCH", by_channel, {"content": "x"})).status == 400
    assert (await _hook(raw, used, "PATCH", "/messages/@original", content="done")).status == 200
    assert placeholder.flags == 0
    assert placeholder.edited_ms is None
    assert (await raw("PATCH", by_channel, {"content": "by channel"})).status == 200
    assert [content for _at, content in placeholder.edits] == ["done", "by channel"]


async def test_first_followup_fills_the_placeholder(raw: Raw) -> None:
    """The documented, deprecated behaviour."""
    used = _use(raw.sandbox)
    await _answer(raw, used, 5)
    first = await _hook(raw, used, "POST", content="filled")
    second = await _hook(raw, used, "POST", content="new")

    assert used.original
    assert first.json["id"] == str(used.original.id)
    assert second.json["id"] != first.json["id"]
    assert len(used.messages) == 2


async def test_token_dies_after_fifteen_minutes(raw: Raw) -> None:
    """A backdated interaction is answered in time, and its token is already dead."""
    used = _use(raw.sandbox, aged_s=15 * 60 + 1)

    assert (await _answer(raw, used, 5)).status == 200
    late = await _hook(raw, used, "PATCH", "/messages/@original", content="x")
    assert (late.status, late.json["code"]) == (401, 50027)


async def test_webhook_before_any_answer_is_unknown(raw: Raw) -> None:
    """10015."""
    used = _use(raw.sandbox)

    assert (await _hook(raw, used, "POST", content="x")).json["code"] == 10015
    assert (await _hook(raw, used, "GET", "/messages/@original")).json["code"] == 10015


async def test_ephemeral_answer_is_deleted_by_its_token_alone(raw: Raw) -> None:
    """The channel's routes do not know it."""
    used = _use(raw.sandbox)
    await _answer(raw, used, 4, content="psst", flags=64)
    hidden = used.original
    assert hidden

    assert (await raw("GET", f"/channels/{hidden.channel.id}/messages/{hidden.id}")).json["code"] == 10008
    assert (await _hook(raw, used, "DELETE", "/messages/@original")).status == 204
    assert hidden.deleted


async def test_followups_are_edited_and_deleted_by_id(raw: Raw) -> None:
    """Page 2 and on of a long answer."""
    used = _use(raw.sandbox)
    await _answer(raw, used, 4, content="one")
    more = await _hook(raw, used, "POST", content="two")
    end = f"/messages/{more.json['id']}"

    assert (await _hook(raw, used, "PATCH", end, content="three")).json["content"] == "three"
    assert (await _hook(raw, used, "GET", end)).json["content"] == "three"
    assert (await _hook(raw, used, "DELETE", end)).status == 204
    assert (await _hook(raw, used, "PATCH", end, content="x")).json["code"] == 10008


async def test_command_cannot_be_answered_with_an_update(raw: Raw) -> None:
    """Types 6 and 7 are for components."""
    assert (await _answer(raw, _use(raw.sandbox), 7, content="x")).json["code"] == 50035


async def test_modal_comes_back_with_its_values(raw: Raw) -> None:
    """Shown to one person, submitted as an interaction of its own."""
    used = _use(raw.sandbox)
    await _answer(raw, used, 9, custom_id="m", title="A question", components=[])

    submitted = raw.sandbox.world.person("alice").submits(used, {"question": "why"})

    assert submitted.data["custom_id"] == "m"
    assert (await _answer(raw, submitted, 4, content="because")).status == 200


async def test_user_installed_app_has_five_followups(raw: Raw) -> None:
    """Where the bot is no member, its own token is worth nothing and followups are few."""
    world = raw.sandbox.world
    elsewhere = world.add_guild("Elsewhere", with_bot=False)
    channel = next(iter(elsewhere.channels.values()))
    used = world.person("alice").uses(channel, "ask", {"question": "why"})
    await _answer(raw, used, 4, content="one")

    statuses = [(await _hook(raw, used, "POST", content="x")).status for _ in range(6)]

    assert statuses == [200] * 5 + [400]
    refused = await raw("POST", f"/channels/{channel.id}/messages", {"content": "x"})
    assert refused.json["code"] == 50001


async def test_person_cannot_use_what_is_not_defined(sandbox: Sandbox) -> None:
    """A misspelt command or option in a test must not pass in silence."""
    world = sandbox.world
    alice, general = world.person("alice"), world.channel("general")

    for name, options in (("nope", {}), ("ask", {}), ("ask", {"question": "x", "colour": "red"})):
        with pytest.raises(LookupError):
            alice.uses(general, name, options)
    with pytest.raises(LookupError):
        alice.presses(alice.says(general, "hi"), label="Go")


async def test_guild_only_command_is_not_there_in_a_direct_message(sandbox: Sandbox) -> None:
    """`contexts` decides."""
    world = sandbox.world
    world.set_commands(None, [_ASK | {"contexts": [0]}], replace=True)

    with pytest.raises(LookupError):
        world.person("alice").uses(world.dm(world.person("alice")), "ask", {"question": "x"})


async def test_commands_are_replaced_and_keep_their_ids(raw: Raw) -> None:
    """One PUT is what a sync is; nulls are what discord.py sends for nothing."""
    path = f"/applications/{raw.sandbox.application_id}/commands"
    body = [_ASK | {"contexts": None, "nsfw": False}]
    first, second = await raw("PUT", path, body), await raw("PUT", path, body)
    assert isinstance(first.body, list)
    assert isinstance(second.body, list)

    assert [command["id"] for command in first.body] == [command["id"] for command in second.body]
    listed = await raw("GET", path)
    assert isinstance(listed.body, list)
    assert [command["name"] for command in listed.body] == ["ask"]
    assert (await raw("PUT", path, [_ASK | {"name": "Not Lower"}])).json["code"] == 50035
    assert (await raw("POST", path, {"name": "two", "description": "d"})).status == 201
