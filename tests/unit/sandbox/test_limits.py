"""Rate limits as Discord enforces and shows them."""

from __future__ import annotations

import asyncio
import time

from sandbox.limits import GLOBAL, Lane, Limits, Rule
from tests.unit.sandbox.conftest import Raw


def _verdicts(limits: Limits, lane: Lane, count: int) -> list[bool]:
    return [limits.admit([lane]).allowed for _ in range(count)]


def test_fixed_window_starts_with_its_first_request() -> None:
    """Five fit whenever they come; the sixth waits for the window's end."""
    limits = Limits()
    lane = Lane("edit", "1")

    assert _verdicts(limits, lane, 6) == [True] * 5 + [False]
    assert limits.rejected == {"user": 1}


def test_other_channel_has_a_window_of_its_own() -> None:
    """The bucket is the route and the channel."""
    limits = Limits()
    _verdicts(limits, Lane("edit", "1"), 5)

    assert limits.admit([Lane("edit", "2")]).allowed
    assert limits.admit([Lane("create", "1")]).allowed


def test_headers_count_down_and_name_the_reset() -> None:
    """What the ledger reads."""
    limits = Limits()
    first, second = (limits.admit([Lane("edit", "1")]).headers for _ in range(2))

    assert (first["X-RateLimit-Limit"], first["X-RateLimit-Remaining"]) == ("5", "4")
    assert second["X-RateLimit-Remaining"] == "3"
    assert 4.9 < float(second["X-RateLimit-Reset-After"]) <= 5.0
    assert abs(float(second["X-RateLimit-Reset"]) - time.time() - 5.0) < 0.2
    assert first["X-RateLimit-Bucket"] == second["X-RateLimit-Bucket"]


async def test_window_opens_after_exactly_the_wait_it_named() -> None:
    """Rounded up: who waits that long is never too early."""
    limits = Limits()
    limits.rules["edit"] = Rule(1, 0.05)
    limits.admit([Lane("edit", "1")])
    refused = limits.admit([Lane("edit", "1")])

    await asyncio.sleep(refused.retry_after_s)

    assert limits.admit([Lane("edit", "1")]).allowed


async def test_leaky_window_gives_back_one_token_at_a_time() -> None:
    """The other shape that some routes have."""
    limits = Limits()
    limits.shape = "leaky"
    limits.rules["edit"] = Rule(2, 0.2)
    lane = Lane("edit", "1")
    assert _verdicts(limits, lane, 3) == [True, True, False]

    await asyncio.sleep(0.11)

    assert _verdicts(limits, lane, 2) == [True, False]


def test_hidden_limit_shows_in_no_header() -> None:
    """The 429 comes as a surprise, with a longer wait than the headers said."""
    limits = Limits()
    limits.rules["webhook"] = Rule(50, 2.0)
    lanes = [Lane("webhook", "t"), Lane("webhook-hidden", "c")]
    verdicts = [limits.admit(lanes) for _ in range(31)]

    assert verdicts[29].headers["X-RateLimit-Limit"] == "50"
    assert not verdicts[30].allowed
    assert verdicts[30].retry_after_s > 50
    assert int(verdicts[30].headers["X-RateLimit-Remaining"]) > 0
    assert limits.rejected == {"shared": 1}


def test_global_limit_comes_before_the_route() -> None:
    """Fifty requests in one second, whatever they are."""
    limits = Limits()
    verdicts = [limits.admit([GLOBAL, Lane("create", str(channel))]) for channel in range(51)]

    assert [verdict.allowed for verdict in verdicts] == [True] * 50 + [False]
    assert verdicts[50].headers["X-RateLimit-Global"] == "true"
    assert "X-RateLimit-Limit" not in verdicts[50].headers


async def test_hammered_route_answers_as_discord_does(raw: Raw) -> None:
    """Via, a JSON body, a float: else discord.py gives up instead of waiting."""
    channel = raw.sandbox.world.channel("general")
    path = f"/channels/{channel.id}/messages"
    answers = await asyncio.gather(*(raw("POST", path, {"content": str(at)}) for at in range(7)))
    refused = [answer for answer in answers if answer.status == 429]

    assert len(refused) == 2
    assert refused[0].headers["Via"]
    assert refused[0].headers["X-RateLimit-Scope"] == "user"
    assert isinstance(refused[0].json["retry_after"], float)
    assert refused[0].json["global"] is False
    assert raw.sandbox.limits.rejected == {"user": 2}
    assert raw.sandbox.invalid_requests == 2
    last = [answer for answer in answers if answer.headers.get("X-RateLimit-Remaining") == "0"]
    assert any(answer.status == 200 for answer in last)


async def test_interaction_routes_are_outside_the_global_limit(raw: Raw) -> None:
    """They carry no token and count by their own."""
    world = raw.sandbox.world
    raw.sandbox.limits.rules["global"] = Rule(1, 5.0, scope="global")
    world.set_commands(None, [{"name": "ask", "description": "Ask"}], replace=True)
    used = world.person("alice").uses(world.channel("general"), "ask")
    await raw("GET", "/users/@me")

    callback = f"/interactions/{used.id}/{used.token}/callback?with_response=1"
    answered = await raw("POST", callback, {"type": 4, "data": {"content": "hi"}}, token="none")

    assert answered.status == 200
    assert (await raw("GET", "/users/@me")).status == 429


async def test_headers_can_be_left_out(raw: Raw) -> None:
    """A fault that the ledger must survive."""
    raw.sandbox.faults.no_limit_headers = True
    channel = raw.sandbox.world.channel("general")

    answer = await raw("POST", f"/channels/{channel.id}/messages", {"content": "hi"})

    assert not any(name.lower().startswith("x-ratelimit") for name in answer.headers)
