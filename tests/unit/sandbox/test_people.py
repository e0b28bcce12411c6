"""What the chat page relies on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from sandbox import Message, Sandbox
from sandbox.entities import Json
from tests.unit.sandbox.conftest import Raw

Shown = dict[str, Any]


@asynccontextmanager
async def _watching(raw: Raw, name: str) -> AsyncIterator[tuple[Shown, aiohttp.ClientWebSocketResponse]]:
    person = raw.sandbox.world.person(name)
    url = f"{raw.sandbox.url}/sandbox/live?user={person.id}"
    async with raw.session.ws_connect(url) as ws:
        yield await ws.receive_json(), ws


async def _act(raw: Raw, method: str, path: str, payload: Json | None = None) -> tuple[int, Shown]:
    async with raw.session.request(method, raw.sandbox.url + "/sandbox" + path, json=payload) as response:
        return response.status, await response.json()


def _as(raw: Raw, name: str, /, **more: object) -> Json:
    world = raw.sandbox.world
    who: Json = {"user_id": str(world.person(name).id), "channel_id": str(world.channel("general").id)}
    return who | more


async def test_state_shows_what_one_person_sees(raw: Raw) -> None:
    """Channels, the own direct message, who answers."""
    world = raw.sandbox.world
    world.person("bob").says(world.dm(world.person("bob")), "not for alice")
    async with _watching(raw, "alice") as (state, _ws):
        pass

    assert state["t"] == "state"
    assert state["me"]["name"] == "alice"
    assert [channel["kind"] for channel in state["channels"]] == ["text", "text", "dm"]
    assert "not for alice" not in json.dumps(state)
    assert (state["bot"]["name"], state["bot_online"]) == ("Reka", False)
    assert state["guild"]["name"] == "Reka House"
    assert set(state["counters"]) == {"rate_limited", "requests"}
    assert set(state["reka"]) == {"label", "stand_in"}


async def test_message_travels_to_everybody_in_the_channel(raw: Raw) -> None:
    """Two tabs, one channel; names of mentions come along."""
    bot = raw.sandbox.world.bot
    async with _watching(raw, "alice") as (_, alice), _watching(raw, "bob") as (_, bob):
        status, sent = await _act(raw, "POST", "/messages", _as(raw, "alice", content=f"{bot.mention} hi"))
        shown = [await ws.receive_json() for ws in (alice, bob)]

    assert status == 200
    assert [frame["message"] for frame in shown] == [sent, sent]
    assert sent["mentions"] == {str(bot.id): "Reka"}


async def test_files_come_by_form_and_their_links_work(raw: Raw) -> None:
    """A picture dragged onto the page."""
    form = aiohttp.FormData()
    form.add_field("payload", json.dumps(_as(raw, "alice", content="")))
    form.add_field("file", b"GIF89a\x02\x00\x03\x00", filename="cat.gif", content_type="image/gif")
    async with raw.session.post(f"{raw.sandbox.url}/sandbox/messages", data=form) as response:
        sent = await response.json()
    (attachment,) = sent["attachments"]

    assert (attachment["filename"], attachment["width"], attachment["height"]) == ("cat.gif", 2, 3)
    async with raw.session.get(attachment["url"]) as served:
        assert served.status == 200


async def test_reply_edit_and_delete(raw: Raw) -> None:
    """One's own words; the bot's may be deleted by anybody here."""
    world = raw.sandbox.world
    said = world.person("bob").says(world.channel("general"), "hi")
    _, reply = await _act(raw, "POST", "/messages", _as(raw, "alice", content="yes?", reply_to=str(said.id)))
    assert reply["reply_to"]["author"]["name"] == "bob"

    status, edited = await _act(raw, "PATCH", f"/messages/{reply['id']}", _as(raw, "alice", content="no"))
    assert (status, edited["content"], edited["edited"]) == (200, "no", True)
    assert (await _act(raw, "PATCH", f"/messages/{said.id}", _as(raw, "alice", content="x")))[0] == 403
    alice = world.person("alice").id
    assert (await _act(raw, "DELETE", f"/messages/{said.id}?user={alice}"))[0] == 403
    mine = world.post(world.bot, world.channel("general"), "mine")
    assert (await _act(raw, "DELETE", f"/messages/{mine.id}?user={alice}"))[0] == 200
    assert mine.deleted


async def test_ephemeral_message_is_pushed_to_its_person_alone(raw: Raw) -> None:
    """And a thinking one says so."""
    world = raw.sandbox.world
    world.set_commands(None, [{"name": "ask", "description": "Ask"}], replace=True)
    used = world.person("alice").uses(world.channel("general"), "ask")
    async with _watching(raw, "alice") as (_, alice), _watching(raw, "bob") as (_, bob):
        world.post(world.bot, used.channel, "", flags=64 | 128, interaction=used)
        shown = await alice.receive_json()
        with pytest.raises(TimeoutError):
            await bob.receive_json(timeout=0.05)

    assert shown["message"]["ephemeral"]
    assert shown["message"]["thinking"]
    assert shown["message"]["interaction"]["name"] == "ask"


async def test_commands_menus_and_buttons_reach_the_bot(raw: Raw) -> None:
    """Text of a form becomes what the option's type says."""
    world = raw.sandbox.world
    options = [
        {"type": 3, "name": "question", "description": "What", "required": True},
        {"type": 5, "name": "private", "description": "For me"},
    ]
    ask: Json = {"name": "ask", "description": "Ask", "options": options}
    world.set_commands(None, [ask, {"name": "Explain", "type": 3}], replace=True)
    given = {"question": "why", "private": "true"}

    assert await _act(raw, "POST", "/commands", _as(raw, "alice", name="ask", options=given)) == (200, {})
    (used,) = world.interactions.values()
    assert used.data["options"] == [
        {"name": "question", "type": 3, "value": "why"},
        {"name": "private", "type": 5, "value": True},
    ]
    message = _with_button(raw.sandbox)
    on = {"message_id": str(message.id)}
    assert (await _act(raw, "POST", "/context", _as(raw, "bob", name="Explain", **on)))[0] == 200
    assert (await _act(raw, "POST", "/components", _as(raw, "bob", custom_id="go", **on)))[0] == 200
    assert (await _act(raw, "POST", "/components", _as(raw, "bob", custom_id="no", **on)))[0] == 404
    assert [interaction.name for interaction in world.interactions.values()] == ["ask", "Explain", "go"]


def _with_button(sandbox: Sandbox) -> Message:
    button: Json = {"type": 2, "style": 1, "label": "Go", "custom_id": "go"}
    row: Json = {"type": 1, "components": [button]}
    world = sandbox.world
    return world.post(world.bot, world.channel("general"), "press", components=[row])


async def test_changes_are_pushed(raw: Raw) -> None:
    """Deleting, typing, commands, channels, counters."""
    world = raw.sandbox.world
    general = world.channel("general")
    said = world.person("bob").says(general, "hi")
    async with _watching(raw, "alice") as (_, ws):
        world.show_typing(world.bot, general)
        world.react(said, world.bot, "\u23f3")
        world.delete(said)
        world.set_commands(None, [], replace=True)
        world.add_thread(general, "a thread")
        raw.sandbox.people.set_reka("somebody", stand_in=False)
        shown = [await ws.receive_json() for _ in range(6)]
        await raw("GET", "/users/@me")
        counted = await asyncio.wait_for(ws.receive_json(), 2)

    kinds = [frame["t"] for frame in shown]
    assert kinds == ["typing", "message", "gone", "commands", "channels", "reka"]
    assert shown[1]["message"]["reactions"] == [{"emoji": "\u23f3", "count": 1, "me": False}]
    assert counted == {"t": "counters", "counters": {"rate_limited": 0, "requests": 1}}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 404),
        ({"Host": "reka.example"}, 403),
        ({"Origin": "https://reka.example"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 404),
        ({"Host": "[::1]:80"}, 404),
    ],
)
async def test_other_sites_cannot_speak_here(raw: Raw, headers: dict[str, str], status: int) -> None:
    """A web page elsewhere could otherwise talk to the sandbox through the browser."""
    async with raw.session.get(raw.sandbox.url + "/static/nothing.js", headers=headers) as response:
        assert response.status == status


@pytest.mark.parametrize(
    ("payload", "status"),
    [
        ({"user_id": "1"}, 404),
        ({"channel_id": "1"}, 404),
        ({"content": " "}, 400),
        ({"content": "x" * 4001}, 400),
    ],
)
async def test_nonsense_is_refused_in_words(raw: Raw, payload: Json, status: int) -> None:
    """The page shows the sentence."""
    refused, said = await _act(raw, "POST", "/messages", _as(raw, "alice", content="hi") | payload)

    assert refused == status
    assert said["message"]
