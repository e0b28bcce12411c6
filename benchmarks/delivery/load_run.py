"""One load, once: ask, wait until all is shown, and see what came of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from benchmarks.delivery.answers import sizes_chars, tag, whole
from benchmarks.delivery.house import Afterwards, Conditions, House, ask, open_house
from benchmarks.delivery.loads import Load
from benchmarks.delivery.measures import Figures, Grown, budget_used, busiest_second, measure
from benchmarks.delivery.processes import Usage
from benchmarks.delivery.screen import Screen, Verdict
from sandbox.rest import RecordedRequest
from sandbox.server import Sandbox

PATIENCE_S = 60.0
HELD_INSIDE = (
    "a request waited inside discord.py"  # as bot.py says it; importing the bot here would run it twice
)

Trouble = Callable[[House], Awaitable[None]]
"""What goes wrong while a load runs; cancelled at its end."""

_KINDS = {
    ("POST", "/channels/{channel_id}/messages"): "create",
    ("PATCH", "/channels/{channel_id}/messages/{message_id}"): "edit",
    ("POST", "/channels/{channel_id}/typing"): "typing",
    ("PUT", "/channels/{channel_id}/messages/{message_id}/reactions/{emoji}/@me"): "reaction",
    ("DELETE", "/channels/{channel_id}/messages/{message_id}/reactions/{emoji}/@me"): "reaction",
    ("POST", "/interactions/{interaction_id}/{token}/callback"): "callback",
    ("PATCH", "/webhooks/{application_id}/{token}/messages/@original"): "response edit",
}


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of a load came to.

    `requests` are counted by kind, `rejected` are the 429s by scope. `requests_s` and `waits_s` (see
    measures.budget_used) are monotonic seconds; `calls` are all requests of the load in order.
    """

    load: Load
    conditions: Conditions
    figures: list[Figures]
    verdict: Verdict
    requests: Counter[str]
    rejected: Counter[str]
    calls: list[RecordedRequest] = field(repr=False)
    budget_used: float | None
    busiest_second: int
    bot: Usage
    tokens: int
    discord_late_ms: Counter[int]
    reka_late_ms: Counter[int]
    bot_said: str
    bot_status: int | None

    @property
    def held_inside(self) -> int:
        """Requests that waited inside discord.py before they left; the bot says one line for each."""
        return self.bot_said.count(HELD_INSIDE)

    @property
    def clean(self) -> bool:
        """Whether every answer stands there right and once, and no request was one too many."""
        return self.verdict.clean and not self.rejected.total()


def kind_of(call: RecordedRequest) -> str:
    """What a request was for."""
    return _KINDS.get((call.method, call.route), "other")


def counts_globally(call: RecordedRequest) -> bool:
    """Interaction and webhook routes are outside the bot's global limit (discord-facts 1.1)."""
    return not call.route.startswith(("/interactions/", "/webhooks/"))


async def run_load(
    load: Load,
    conditions: Conditions,
    *,
    prepare: Callable[[Sandbox], None] | None = None,
    trouble: Trouble | None = None,
) -> Run:
    """Run `load` once in a fresh house; see `Run`.

    Raises:
        BenchmarkError: the bot did not come online, or ended by itself.
    """
    after = Afterwards()
    async with open_house(load.places, conditions, after, prepare=prepare) as house:
        expected = {tag(one.number): whole(one.number, load.pace.tokens) for one in load.asked}
        sandbox = house.sandbox
        screen = Screen(sandbox.world, expected)
        stray_before = len(screen.messages().get("", []))
        calls_before, rejected_before = len(sandbox.requests), Counter(sandbox.limits.rejected)
        usage_before = house.bot_usage()
        troubling = asyncio.create_task(_trouble(trouble, house))
        try:
            asked_s = await _ask_all(load, house)
            await _until_shown(screen, load, house.bot)
            bot = house.bot_usage().since(usage_before)
            await asyncio.sleep(conditions.quiet_s)
        finally:
            screen.close()
            troubling.cancel()
            await asyncio.wait({troubling})
        if not troubling.cancelled():
            troubling.result()
        calls = sandbox.requests[calls_before:]
        rejected = sandbox.limits.rejected - rejected_before
        verdict = screen.verdict(stray_before=stray_before)
        contents = {
            name: messages[0].edits for name, messages in screen.messages().items() if name and messages
        }
    grown = [
        Grown(
            expected[tag(one.number)],
            asked_s[tag(one.number)],
            after.begun_s[tag(one.number)],
            after.written_s[tag(one.number)],
            sizes_chars(load.pace.tokens),
            contents[tag(one.number)],
            one.slash,
        )
        for one in load.asked
        if tag(one.number) in contents and len(after.written_s.get(tag(one.number), ())) == load.pace.tokens
    ]
    global_s = [call.at_s for call in calls if counts_globally(call)]
    waits_s = [
        (one.written_s[0], one.shown_whole_s)
        for one in grown
        if one.shown_whole_s is not None and not one.slash
    ]
    return Run(
        load=load,
        conditions=conditions,
        figures=measure(grown, one_way_s=conditions.one_way_s),
        verdict=verdict,
        requests=Counter(kind_of(call) for call in calls),
        rejected=rejected,
        calls=calls,
        budget_used=budget_used(waits_s, global_s, budget_per_s=conditions.budget_per_s),
        busiest_second=busiest_second(global_s),
        bot=bot,
        tokens=sum(len(one.written_s) for one in grown),
        discord_late_ms=house.late_ms,
        reka_late_ms=after.reka_late_ms,
        bot_said=after.bot_said,
        bot_status=after.bot_status,
    )


async def _ask_all(load: Load, house: House) -> dict[str, float]:
    """Ask each question at its time; when each was asked, by its answer's tag."""
    asked_s = {}
    loop = asyncio.get_running_loop()
    start_s = loop.time() + 0.1
    for one in load.asked:
        wait_s = start_s + one.at_s - loop.time()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        asked_s[tag(one.number)] = loop.time()
        ask(house, house.places[one.place], one.number, load.pace, slash=one.slash)
    return asked_s


async def _until_shown(screen: Screen, load: Load, bot: asyncio.subprocess.Process) -> None:
    """Wait until every answer stands there whole, the bot is gone, or the rest counts as lost."""
    waits = {asyncio.create_task(screen.all_shown.wait()), asyncio.create_task(bot.wait())}
    try:
        await asyncio.wait(waits, timeout=load.longest_s + PATIENCE_S, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.wait(waits)


async def _trouble(trouble: Trouble | None, house: House) -> None:
    if trouble is not None:
        await trouble(house)
