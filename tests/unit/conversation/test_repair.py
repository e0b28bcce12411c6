"""What a dead process left on screen, and what the next one makes of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import discord
import pytest

from conversation.answering import Limits
from conversation.mending import MOST_DEATHS
from conversation.model import (
    FileUnavailable,
    IncomingFile,
    LeftReply,
    MessageRef,
    Place,
    ReplyState,
    WayBack,
)
from conversation.ports import MemoryUnavailable, Scene, Seen
from conversation.repair import RENEW_EVERY_S
from conversation.sentences import note, say
from delivery.surface import OfferKind, Surface, SurfaceForbidden, SurfaceUnsure
from reka_provider import CompletionState
from tests.contract.stores import picture
from tests.unit.cogs.paper_client import PaperClient
from tests.unit.conversation.talk import PLACE, Talk
from tests.unit.delivery.fake_surface import CHANNEL_ID, FakeSurface, Status
from tests.unit.virtual_time import now_s, until

RESTARTED = note(say("note-restarted", "en-US"))


@dataclass(slots=True)
class Finder:
    """Finds replies in the fake channel, as a look at Discord's history would."""

    talk: Talk
    gone_questions: set[int] = field(default_factory=set)
    waiting: bool = False
    readable: bool = True
    files: tuple[IncomingFile, ...] = ()
    unreachable: bool = False
    failures: list[Exception] = field(default_factory=list)
    looks: int = 0
    surfaces: list[FakeSurface] = field(default_factory=list)

    def surface(self, left: LeftReply) -> Surface | None:
        if self.unreachable:
            return None
        self.surfaces.append(FakeSurface(self.talk.discord, self.talk.ledger))
        return self.surfaces[-1]

    async def look(self, left: LeftReply, *, before_each: Callable[[], Awaitable[None]]) -> Scene:
        await before_each()
        self.looks += 1
        if self.failures:
            raise self.failures.pop(0)
        discord, stored = self.talk.discord, left.stored
        seen = [self._seen(ref) for ref in stored.messages if ref.message_id in discord.messages]
        nonce = discord.nonces.get(f"{stored.event_id}.{stored.attempt}.{len(seen)}")
        if self.readable and nonce is not None and nonce[0] in discord.messages:
            ref = MessageRef(CHANNEL_ID, nonce[0])
            seen += [] if ref in stored.messages else [self._seen(ref)]
        question_id = stored.question.message_id if stored.question else 0
        return Scene(
            tuple(seen),
            question_gone=question_id in self.gone_questions,
            waiting=self.waiting,
            files=self.files,
            readable=self.readable,
        )

    def _seen(self, ref: MessageRef) -> Seen:
        discord = self.talk.discord
        offers = frozenset(offer.kind for offer in discord.offers.get(ref.message_id, ()))
        content = discord.messages[ref.message_id] if self.readable else None
        return Seen(ref, content, offers)


@dataclass(slots=True)
class Leases:
    """Says who is dead."""

    dead: set[int] = field(default_factory=set)
    failing: Exception | None = None
    renewed: int = 0
    certain_in_s: float | None = None

    async def renew(self) -> frozenset[int]:
        self.renewed += 1
        if self.failing is not None:
            raise self.failing
        return frozenset(self.dead)

    async def leave(self) -> None:
        """Nobody asks for it here."""

    async def away_since_s(self) -> float | None:
        return None

    async def caught_up(self) -> None:
        """Nobody asks for it here."""


@dataclass(slots=True)
class Successor:
    """The process after a death."""

    talk: Talk
    finder: Finder
    leases: Leases

    async def repaired(self) -> None:
        """Wait until nothing is left."""
        owner = self.talk.store.owner
        await until(lambda: self.finder.looks > 0 or self.finder.unreachable, every_s=0.01)
        await until(lambda: not self.talk.conversation.in_flight, every_s=0.01)
        assert owner == self.talk.store.owner

    @property
    def screen(self) -> list[str]:
        return self.talk.discord.screen()


async def killed(talk: Talk) -> Talk:
    """End every task of this process where it stands, and hand its surroundings to the next one."""
    works = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in works:
        task.cancel()
    await asyncio.gather(*works, return_exceptions=True)
    talk.store.owner += 1
    return Talk(model=talk.model, store=talk.store, discord=talk.discord, last_event=talk.last_event)


@asynccontextmanager
async def succeeding(talk: Talk, finder: Finder | None = None) -> AsyncIterator[Successor]:
    """The next process, which repairs from the first."""
    finder = finder or Finder(talk)
    leases = Leases(set(range(1, talk.store.owner)))
    running = asyncio.create_task(talk.conversation.repair.run(leases))
    talk.conversation.repair.begin(finder)
    try:
        yield Successor(talk, finder, leases)
    finally:
        running.cancel()
        await asyncio.wait({running})
        await talk.conversation.drain(0.0)
        await talk.settle()


def _known(talk: Talk) -> bool:
    """Whether the journal knows of the message."""
    return bool(talk.store.replies()[0].messages)


async def half_answered(talk: Talk, *steps: str) -> Talk:
    """Kill the process when these words stand on the screen."""
    gate = asyncio.Event()
    talk.model.answers(*steps, gate)
    talk.begin(talk.ask("tell me all"))
    await until(lambda: talk.discord.screen() == [steps[-1]] and _known(talk), every_s=0.05)
    return await killed(talk)


async def test_a_young_question_is_asked_again_over_its_half_answer() -> None:
    """Who waits gets the answer, in the message where it began."""
    talk = await half_answered(Talk(), "Half ", "Half of")
    talk.model.answers("All of it.")
    async with succeeding(talk) as successor:
        await successor.repaired()

    assert successor.screen == ["All of it."]
    assert talk.store.replies()[0].state is ReplyState.ENDED
    assert talk.remembered() == ["tell me all", "All of it."]
    assert talk.conversation.repair.counts.asked_again == 1


async def test_a_claim_without_a_message_is_asked_again() -> None:
    """It died before the first word: there is nothing on screen, and somebody waits."""
    talk = Talk()
    talk.model.answers(asyncio.Event())
    talk.begin(talk.ask("why?"))
    await until(lambda: bool(talk.model.streams), every_s=0.01)
    talk = await killed(talk)
    async with succeeding(talk) as successor:
        await successor.repaired()

    assert successor.screen == ["Fine."]


async def test_a_message_whose_create_was_under_way_is_adopted() -> None:
    """The journal is one message behind the screen; a second message would double the answer."""
    talk = Talk()
    talk.model.answers("Half", asyncio.Event())
    talk.begin(talk.ask("why?"))
    await until(lambda: bool(talk.discord.messages), every_s=0.001)
    assert talk.store.replies()[0].messages == ()
    talk = await killed(talk)
    async with succeeding(talk) as successor:
        await successor.repaired()

    assert successor.screen == ["Fine."]
    assert len(talk.store.replies()[0].messages) == 1


async def test_where_nothing_may_be_read_the_nonce_finds_the_message() -> None:
    """Without the permission to read the history a look shows nothing at all; a repeated create doubles nothing."""
    talk = Talk()
    talk.model.answers("Half", asyncio.Event())
    talk.begin(talk.ask("why?"))
    await until(lambda: bool(talk.discord.messages), every_s=0.001)
    talk = await killed(talk)
    async with succeeding(talk, Finder(talk, readable=False)) as successor:
        await successor.repaired()

    assert successor.screen == ["Fine."]


async def test_an_old_question_is_ended_with_a_note_and_a_button() -> None:
    """Who asked ten minutes ago has gone on; the half answer must not look like a whole one."""
    talk = await half_answered(Talk(), "Half of it")
    await asyncio.sleep(600)
    async with succeeding(talk) as successor:
        await successor.repaired()

    assert successor.screen == [f"Half of it\n\n{RESTARTED}"]
    [offers] = talk.discord.offers.values()
    assert [offer.kind for offer in offers] == [OfferKind.TRY_AGAIN]
    assert talk.store.replies()[0].state is ReplyState.BROKEN
    assert len(talk.model.streams) == 1


async def test_the_button_of_a_note_works() -> None:
    """It is the same button as under any other answer that broke off."""
    talk = await half_answered(Talk(), "Half of it")
    await asyncio.sleep(600)
    async with succeeding(talk) as successor:
        await successor.repaired()
        assert await talk.again(talk.store.replies()[0]) is None

    assert successor.screen == ["Fine."]


async def test_an_old_question_without_a_word_gets_its_note_too() -> None:
    """Lost is a question that shows neither an answer nor a note."""
    talk = Talk()
    talk.model.answers(asyncio.Event())
    talk.begin(talk.ask("why?"))
    await until(lambda: bool(talk.model.streams), every_s=0.01)
    talk = await killed(talk)
    await asyncio.sleep(600)
    async with succeeding(talk) as successor:
        await successor.repaired()

    assert successor.screen == [RESTARTED]


async def test_a_long_answer_is_ended_on_its_last_message() -> None:
    """The pages before it are whole; a note that fits no more gets a message of its own."""
    talk = Talk()
    pages = ["word " * 900, "word " * 790]
    talk.model.answers(pages[0], pages[0] + "end", asyncio.Event())
    talk.begin(talk.ask("tell me all"))
    await until(lambda: len(talk.discord.messages) == 3, every_s=0.05)
    await asyncio.sleep(5)
    before = talk.discord.screen()
    talk = await killed(talk)
    await asyncio.sleep(600)
    async with succeeding(talk) as successor:
        await successor.repaired()

    assert successor.screen == [*before[:-1], f"{before[-1]}\n\n{RESTARTED}"]


async def test_a_long_answer_is_asked_again_over_its_first_message_alone() -> None:
    """Its later pages would go on from a text that stands there no more, and for good where it dies once more."""
    talk = Talk()
    pages = ["word " * 500, "word " * 500 + "end"]
    talk.model.answers(*pages, asyncio.Event())
    talk.begin(talk.ask("tell me all"))
    await until(lambda: len(talk.discord.messages) == 2 and _known(talk), every_s=0.05)
    await asyncio.sleep(5)
    talk = await killed(talk)
    talk.model.answers("Anew", asyncio.Event())
    async with succeeding(talk) as successor:
        await until(lambda: successor.screen == ["Anew"], every_s=0.05)
        talk = await killed(talk)
    async with succeeding(talk) as successor:
        await successor.repaired()

    assert successor.screen == [f"Anew\n\n{RESTARTED}"]
    assert len(talk.store.replies()[0].messages) == 1


async def test_the_line_of_a_thinking_model_goes_when_it_is_ended() -> None:
    """It thinks no more."""
    talk = Talk()
    talk.model.answers(CompletionState("", reasoning="The sky, well"), asyncio.Event())
    talk.begin(talk.ask("why?"))
    await until(lambda: bool(talk.discord.messages), every_s=0.05)
    await asyncio.sleep(1)
    talk = await killed(talk)
    await asyncio.sleep(600)
    async with succeeding(talk) as successor:
        await successor.repaired()

    assert successor.screen == [RESTARTED]


async def test_an_answer_that_memory_holds_whole_is_shown_from_there() -> None:
    """The model had ended and only the last edit was lost: to ask again would cost money and time."""
    talk = await half_answered(Talk(), "Half of")
    [reply] = talk.store.replies()
    await talk.store.remember(reply.reply_id, "Half of it, and the other half.", complete=True)
    await asyncio.sleep(600)
    async with succeeding(talk) as successor:
        await successor.repaired()

    assert successor.screen == ["Half of it, and the other half."]
    assert talk.store.replies()[0].state is ReplyState.ENDED
    assert len(talk.model.streams) == 1


async def test_an_answer_that_shows_its_end_is_left_alone() -> None:
    """Only the journal's last line was lost; a second note would help nobody."""
    talk = await half_answered(Talk(), "Half of it")
    await asyncio.sleep(600)
    async with succeeding(talk) as first:
        await first.repaired()
    talk.store.lose_the_end(1)
    talk = await killed(talk)
    async with succeeding(talk) as second:
        await second.repaired()

    assert second.screen == [f"Half of it\n\n{RESTARTED}"]
    assert talk.store.replies()[0].state is ReplyState.BROKEN


async def test_the_answer_of_a_deleted_question_is_removed_and_forgotten() -> None:
    """The person took it back while nobody was there to hear."""
    talk = await half_answered(Talk(), "Half of it")
    [reply] = talk.store.replies()
    assert reply.question is not None
    async with succeeding(talk, Finder(talk, gone_questions={reply.question.message_id})) as successor:
        await successor.repaired()

    assert successor.screen == []
    assert talk.remembered() == []
    assert talk.store.replies()[0].state is ReplyState.DROPPED
    assert len(talk.model.streams) == 1


async def test_an_answer_that_somebody_deleted_does_not_come_back() -> None:
    """A moderator did that while the process was dead."""
    talk = await half_answered(Talk(), "Half of it")
    talk.discord.remove(next(iter(talk.discord.messages)))
    async with succeeding(talk) as successor:
        await successor.repaired()

    assert successor.screen == []
    assert talk.store.replies()[0].state is ReplyState.DROPPED


async def test_a_question_that_killed_twice_is_ended_and_not_asked_a_third_time() -> None:
    """A poison question must not kill the bot again and again."""
    talk = await half_answered(Talk(), "Half")
    gate = asyncio.Event()
    talk.model.answers("Half again", gate)
    async with succeeding(talk) as successor:
        await until(lambda: successor.screen == ["Half again"], every_s=0.05)
        talk = await killed(talk)
    async with succeeding(talk) as successor:
        await successor.repaired()

    assert successor.screen == [f"Half again\n\n{RESTARTED}"]
    assert len(talk.model.streams) == 2


async def test_a_reply_that_kills_whoever_repairs_it_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    """Even the note may be what kills: a start that never succeeds helps nobody."""
    talk = await half_answered(Talk(), "Half")
    talk.store.die_over(1, times=MOST_DEATHS)
    async with succeeding(talk) as successor:
        await until(lambda: talk.store.replies()[0].state is ReplyState.BROKEN, every_s=0.01)

    assert successor.finder.looks == 0
    assert successor.screen == ["Half"]
    assert talk.conversation.repair.counts.given_up == 1
    assert "gave a reply up: whoever repairs it dies" in caplog.messages


async def test_a_reply_that_nothing_reaches_is_closed() -> None:
    """A private answer whose token has ended: nobody else may see what it says, and we cannot change it."""
    talk = await half_answered(Talk(), "Half")
    async with succeeding(talk, Finder(talk, unreachable=True)) as successor:
        await successor.repaired()
        await until(lambda: talk.store.replies()[0].state is ReplyState.DROPPED, every_s=0.01)

    assert successor.screen == ["Half"]
    assert talk.conversation.repair.counts.unreachable == 1
    assert talk.conversation.counts.lost == 0


async def test_a_place_that_is_closed_to_us_is_no_crash() -> None:
    """The permission went while the process was dead."""
    talk = await half_answered(Talk(), "Half")
    async with succeeding(talk, Finder(talk, failures=[SurfaceForbidden("403")])) as successor:
        await successor.repaired()

    assert talk.store.replies()[0].state is ReplyState.DROPPED


async def test_while_discord_does_not_answer_it_is_tried_again() -> None:
    """A bot often starts when the network comes back, and Discord with it."""
    talk = await half_answered(Talk(), "Half")
    finder = Finder(talk, failures=[SurfaceUnsure("503"), SurfaceUnsure("503")])
    async with succeeding(talk, finder) as successor:
        await until(lambda: successor.screen == ["Fine."], every_s=0.05)

    assert finder.looks == 3


async def test_an_answer_that_discord_did_not_take_for_minutes_is_repaired_by_the_same_process() -> None:
    """Nobody died: the last edits of an answer failed until they were given up."""
    talk = Talk()
    talk.model.answers("Half", 1.0, "Half and the other half")
    async with succeeding(talk) as successor:
        asked = talk.begin(talk.ask("why?"))
        await until(lambda: successor.screen == ["Half"], every_s=0.05)
        talk.discord.fails("edit", *[Status(503)] * 200)
        await asked
        talk.discord.faults.clear()
        await until(lambda: talk.store.replies()[0].state is ReplyState.ENDED, every_s=0.5)

    assert successor.screen == ["Half and the other half"]


async def test_files_are_fetched_again_where_they_can_be() -> None:
    """A question about a picture makes no sense without it."""
    talk = Talk()
    talk.model.answers("Half", asyncio.Event())
    lost = IncomingFile("cat.png", 3, _gone)
    talk.begin(talk.ask("what is it?", files=(lost,)))
    await until(lambda: talk.discord.screen() == ["Half"], every_s=0.05)
    talk = await killed(talk)
    fetched: list[str] = []

    async def read(_limit_bytes: int) -> bytes:
        fetched.append("cat.png")
        raise FileUnavailable("file-gone")

    async with succeeding(talk, Finder(talk, files=(IncomingFile("cat.png", 3, read),))) as successor:
        await successor.repaired()

    assert fetched == ["cat.png"]
    assert len(talk.model.streams) == 2


async def test_a_question_whose_files_are_gone_is_not_asked_again() -> None:
    """The upload of a slash command cannot be had a second time: the person attaches it anew."""
    talk = Talk()
    talk.model.answers("Half", asyncio.Event())
    talk.begin(talk.ask("what is it?", files=(IncomingFile("cat.png", 3, _gone),)))
    await until(lambda: bool(talk.discord.messages), every_s=0.05)
    await asyncio.sleep(1)
    talk = await killed(talk)
    async with succeeding(talk) as successor:
        await successor.repaired()

    assert successor.screen[0].endswith(RESTARTED)
    assert len(talk.model.streams) == 1


async def test_files_that_reached_memory_need_not_be_had_again() -> None:
    """The picture of a command cannot be fetched a second time, and need not be."""
    talk = Talk()
    talk.model.answers("Half", asyncio.Event())
    talk.begin(talk.ask("what is it?", files=(IncomingFile("cat.png", 3, _gone),)))
    await until(lambda: talk.discord.screen() == ["Half"], every_s=0.05)
    await talk.store.add_pictures(1, [picture("cat.png")])
    talk = await killed(talk)
    async with succeeding(talk) as successor:
        await successor.repaired()

    assert successor.screen == ["Fine."]


async def test_a_loop_that_meets_the_unexpected_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    """Without a lease the others would take this process for dead, and write over its answers."""
    talk = Talk()
    async with succeeding(talk) as successor:
        successor.leases.failing = ZeroDivisionError("a bug")
        await asyncio.sleep(2 * RENEW_EVERY_S)
        before = successor.leases.renewed
        await asyncio.sleep(RENEW_EVERY_S)

        assert successor.leases.renewed > before
    assert "unexpected" in caplog.messages


async def test_it_looks_again_when_a_death_is_certain() -> None:
    """People look at half an answer; five seconds more are long."""
    talk = await half_answered(Talk(), "Half")
    async with succeeding(talk) as successor:
        dead, successor.leases.dead = successor.leases.dead, set()
        successor.leases.certain_in_s = 0.5
        await asyncio.sleep(RENEW_EVERY_S)  # the first look had found nobody dead, and nobody gone
        successor.leases.dead = dead
        renewed = successor.leases.renewed
        await asyncio.sleep(0.6)

        assert successor.leases.renewed > renewed


async def test_what_was_left_is_in_line_when_nobody_is_taken_for_gone_any_more() -> None:
    """Whoever is gone may have left something, and it is older than what is asked now."""
    talk = Talk()
    leases = Leases(certain_in_s=1.0)
    running = asyncio.create_task(talk.conversation.repair.run(leases))
    looked = asyncio.create_task(talk.conversation.repair.looked())
    await asyncio.sleep(2)
    assert not looked.done()  # nobody has begun yet
    talk.conversation.repair.begin(Finder(talk))
    await asyncio.sleep(1.5)
    assert not looked.done()
    leases.certain_in_s = None
    await asyncio.sleep(1.5)
    assert looked.done()
    running.cancel()
    await asyncio.wait({running})


async def test_nobody_waits_for_ever_for_what_was_left() -> None:
    """Without a database nothing is known of it, and people ask on."""
    talk = Talk()
    began_s = now_s()
    await talk.conversation.repair.looked()
    assert now_s() - began_s < 15


async def _gone(_limit_bytes: int) -> bytes:
    raise FileUnavailable("file-gone")


async def test_the_sign_that_a_question_waits_is_taken_back() -> None:
    """The one who set it is dead, and nobody else would."""
    talk = await half_answered(Talk(), "Half")
    finder = Finder(talk, waiting=True)
    async with succeeding(talk, finder) as successor:
        await successor.repaired()

    assert finder.surfaces[0].waits == [False]


async def test_replies_of_a_place_are_repaired_in_order_and_before_new_questions() -> None:
    """The answers stand in the order of the questions, and each may need the one before."""
    talk = Talk()
    gate = asyncio.Event()
    talk.model.answers("Half", gate)
    for words in ("first", "second", "third"):
        talk.begin(talk.ask(words))
        await asyncio.sleep(0.01)
    await until(lambda: talk.discord.screen() == ["Half"], every_s=0.05)
    talk = await killed(talk)
    for words in ("One.", "Two.", "Three.", "Four."):
        talk.model.answers(words)
    async with succeeding(talk) as successor:
        await until(lambda: successor.finder.looks > 0, every_s=0.001)
        await talk.says("fourth")

    assert successor.screen == ["One.", "Two.", "Three.", "Four."]
    assert [stream.question.split(": ")[-1] for stream in talk.model.streams[1:]] == [
        "first",
        "second",
        "third",
        "fourth",
    ]


async def test_a_stop_begins_no_repair() -> None:
    """What is left stays left: the next process is as good."""
    talk = await half_answered(Talk(), "Half")
    await talk.conversation.drain(0.0)
    async with succeeding(talk) as successor:
        await asyncio.sleep(2 * RENEW_EVERY_S)

    assert successor.finder.looks == 0
    assert talk.store.replies()[0].state is ReplyState.CLAIMED


async def test_a_stop_in_the_middle_of_a_repair_leaves_it_ended_or_left() -> None:
    """The note of a restart comes again, with its button; nothing is half-made for good."""
    talk = await half_answered(Talk(), "Half")
    talk.model.answers("Half once more", asyncio.Event())
    async with succeeding(talk) as successor:
        await until(lambda: successor.screen == ["Half once more"], every_s=0.05)
        await talk.conversation.drain(0.0)

        assert successor.screen == [f"Half once more\n\n{RESTARTED}"]
    assert talk.store.replies()[0].state is ReplyState.BROKEN


async def test_a_lease_is_renewed_every_few_seconds_whatever_happens(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Who does not renew it is taken for dead, and its replies are taken over; one line tells of an outage."""
    talk = Talk()
    async with succeeding(talk) as successor:
        successor.leases.failing = MemoryUnavailable("The database is out of reach.")
        await asyncio.sleep(10 * RENEW_EVERY_S)
        assert successor.leases.renewed >= 10
        assert caplog.messages.count("cannot see what was left") == 1
        successor.leases.failing = None
        await asyncio.sleep(RENEW_EVERY_S)
        assert successor.leases.renewed >= 11


async def test_a_way_back_reaches_the_finder(caplog: pytest.LogCaptureFixture) -> None:
    """The room of Discord wrote it, and alone knows what it means; no log line may hold it."""
    talk = Talk()
    talk.model.answers("Half", asyncio.Event())
    way_back = WayBack("a-token", talk.store.now_s() + 900)
    with caplog.at_level(logging.DEBUG):
        talk.begin(replace(talk.ask("why?"), way_back=way_back))
        await until(lambda: talk.discord.screen() == ["Half"], every_s=0.05)
        talk = await killed(talk)
        [left] = await talk.store.left(dead={1}, in_flight=())
        async with succeeding(talk) as successor:
            await successor.repaired()

    assert left.way_back == way_back
    assert left.stored.place == PLACE
    assert not any("a-token" in str(record.__dict__) for record in caplog.records)


class ByTheRulesOfDiscord(Finder):
    """Tells what can be reached as the room of Discord does."""

    def surface(self, left: LeftReply) -> Surface | None:
        return None if PaperClient().finder.surface(left) is None else super().surface(left)


async def test_go_on_in_a_direct_message_survives_the_death_of_its_process() -> None:
    """Its claim is committed and its button is gone: with neither answer nor note it is lost."""
    talk = Talk(limits=Limits(answer_chars=10))
    talk.model.answers("0123456789 and more")
    dm = Place(CHANNEL_ID)
    await talk.says("tell me all", place=dm)
    before = talk.discord.screen()
    talk.model.answers(asyncio.Event())
    pressing = asyncio.create_task(talk.goes_on(talk.store.replies()[0]))
    await until(lambda: len(talk.model.streams) == 2, every_s=0.01)
    assert not pressing.done()
    talk = await killed(talk)
    async with succeeding(talk, ByTheRulesOfDiscord(talk)) as successor:
        await until(lambda: talk.store.replies()[1].state is not ReplyState.CLAIMED, every_s=0.05)

    assert len(successor.screen) == len(before) + 1


class Stumbling(Finder):
    """A thread whose parent nobody knows, say: discord.py raises where it is asked for permissions."""

    def surface(self, left: LeftReply) -> Surface | None:
        self.looks += 1
        raise discord.ClientException("Parent channel not found")


async def test_a_bug_on_the_way_to_a_reply_is_told_to_the_operator(caplog: pytest.LogCaptureFixture) -> None:
    """It is met again every few seconds, in a task that nobody reads."""
    talk = await half_answered(Talk(), "Half of it")
    async with succeeding(talk, Stumbling(talk)) as successor:
        await asyncio.sleep(12 * RENEW_EVERY_S)

    assert caplog.messages.count("unexpected") == successor.finder.looks == 3
    assert talk.conversation.counts.unexpected == 3
    assert talk.store.replies()[0].state is ReplyState.DROPPED


class StumblingOnce(Stumbling):
    """The bug goes by itself: the gateway has told of the thread's channel."""

    def surface(self, left: LeftReply) -> Surface | None:
        return Finder.surface(self, left) if self.looks else super().surface(left)


async def test_a_reply_that_was_stumbled_over_once_is_repaired() -> None:
    """What nobody foresaw may be over in five seconds."""
    talk = await half_answered(Talk(), "Half of it")
    async with succeeding(talk, StumblingOnce(talk)) as successor:
        await until(lambda: talk.store.replies()[0].state is ReplyState.ENDED, every_s=0.05)

    assert successor.screen == ["Fine."]


async def test_what_nothing_reaches_and_shows_nothing_is_lost() -> None:
    """A command in a direct message between people died before its first word, and its token has ended."""
    talk = Talk()
    talk.model.answers(asyncio.Event())
    talk.begin(talk.ask("why?"))
    await until(lambda: bool(talk.model.streams), every_s=0.01)
    talk = await killed(talk)
    async with succeeding(talk, Finder(talk, unreachable=True)):
        await until(lambda: talk.store.replies()[0].state is ReplyState.DROPPED, every_s=0.01)

    assert talk.conversation.counts.lost == 1
