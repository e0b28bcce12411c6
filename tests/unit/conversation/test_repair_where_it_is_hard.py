"""Repair where little can be seen, Discord or the database stumbles, or people act meanwhile; each was a bug once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import cast

from conversation.mending import MOST_TRIES
from conversation.model import FileUnavailable, IncomingFile, LeftReply, Place, ReplyState, Turn
from conversation.ports import MemoryUnavailable, Scene
from conversation.repair import RENEW_EVERY_S
from delivery.surface import Surface
from reka_provider import RekaConnectionError
from tests.contract.memory_store import MemoryStore
from tests.unit.cogs.paper_client import PaperClient, payload_of
from tests.unit.conversation.talk import Talk, epoch_s
from tests.unit.conversation.test_repair import RESTARTED, Finder, half_answered, killed, succeeding
from tests.unit.delivery.fake_surface import CHANNEL_ID, FakeSurface, Lost, Status
from tests.unit.virtual_time import until

TWO_PAGES = "word " * 500


async def _gone(_limit_bytes: int) -> bytes:
    raise FileUnavailable("file-gone")


async def _begun(talk: Talk, pages: int) -> Talk:
    """Kill the process when so many messages stand there and the journal is one behind."""
    asking = talk.begin(talk.ask("tell me all"))
    await until(lambda: len(talk.discord.messages) == pages, every_s=0.001)
    assert len(talk.store.replies()[0].messages) == pages - 1
    assert not asking.done()
    return await killed(talk)


class OfFollowups(Finder):
    """Followups carry no nonce and cannot be listed: only what the journal knows is found."""

    def surface(self, left: LeftReply) -> Surface | None:
        self.surfaces.append(FakeSurface(self.talk.discord, self.talk.ledger, repeatable=False))
        return self.surfaces[-1]

    async def look(self, left: LeftReply, *, before_each: Callable[[], Awaitable[None]]) -> Scene:
        await before_each()
        self.looks += 1
        shown = (ref for ref in left.stored.messages if ref.message_id in self.talk.discord.messages)
        return Scene(tuple(self._seen(ref) for ref in shown))


@dataclass(slots=True)
class SlowQueries(MemoryStore):
    """A database that takes writes, and cuts one kind of question off at its statement time-out."""

    slow: bool = False

    async def turns_before(self, place: Place, reply_id: int, *, limit: int) -> list[Turn]:
        if self.slow:
            raise MemoryUnavailable("The database took too long.")
        return await MemoryStore.turns_before(self, place, reply_id, limit=limit)


async def test_a_refused_create_where_nothing_may_be_read_is_nothing_unexpected() -> None:
    """The permissions to read and to write went together while the process was dead."""
    talk = Talk()
    talk.model.answers("Half", asyncio.Event())
    talk = await _begun(talk, 1)
    talk.discord.fails("create", *[Status(403)] * 5)
    async with succeeding(talk, Finder(talk, readable=False)):
        await until(lambda: talk.store.replies()[0].state is not ReplyState.CLAIMED, every_s=0.05)

    assert talk.conversation.counts.unexpected == 0


async def test_an_unanswered_create_where_nothing_may_be_read_is_tried_again() -> None:
    """Discord comes back in a minute; neither a traceback nor an end helps who waits."""
    talk = Talk()
    talk.model.answers("Half", asyncio.Event())
    talk = await _begun(talk, 1)
    talk.discord.fails("create", Status(503))
    async with succeeding(talk, Finder(talk, readable=False)):
        await until(lambda: talk.store.replies()[0].state is not ReplyState.CLAIMED, every_s=0.05)

    assert talk.conversation.counts.unexpected == 0
    assert talk.discord.screen() == ["Fine."]


async def test_the_nonce_finds_a_message_that_was_long_in_coming() -> None:
    """Its two minutes begin with the create, and not with the claim: it waited in line, or the model thought."""
    talk = Talk()
    talk.model.answers(130.0, "Half", asyncio.Event())
    talk = await _begun(talk, 1)
    async with succeeding(talk, Finder(talk, readable=False)) as successor:
        await successor.repaired()

    assert len(successor.screen) == 1


async def test_the_nonce_finds_a_second_page_too() -> None:
    """Else it stands below the new answer for ever, where nothing may be read."""
    talk = Talk()
    talk.model.answers("word", 1.0, TWO_PAGES, TWO_PAGES + "end", asyncio.Event())
    talk = await _begun(talk, 2)
    async with succeeding(talk, Finder(talk, readable=False)) as successor:
        await successor.repaired()

    assert successor.screen == ["Fine."]


async def test_the_words_stay_where_they_may_not_be_read() -> None:
    """The note of a restart must not take the place of what the person was reading."""
    talk = await half_answered(Talk(), "Half of it")
    await asyncio.sleep(600)
    async with succeeding(talk, Finder(talk, readable=False)) as successor:
        await successor.repaired()

    assert successor.screen[0].startswith("Half of it")


async def test_a_question_deleted_while_its_files_come_again_leaves_nothing_on_screen() -> None:
    """`_first_alone` leaves `work.live` with the later messages alone, so the first is not taken back."""
    talk = Talk()
    talk.model.answers(TWO_PAGES, TWO_PAGES + "end", asyncio.Event())
    ask = talk.ask("what is it?", files=(IncomingFile("cat.png", 3, _gone),))
    talk.begin(ask)
    await until(lambda: len(talk.discord.messages) == 2, every_s=0.05)
    await asyncio.sleep(5)
    talk = await killed(talk)
    reading = asyncio.Event()

    async def read(_limit_bytes: int) -> bytes:
        reading.set()
        await asyncio.sleep(10)
        raise FileUnavailable("file-gone")

    async with succeeding(talk, Finder(talk, files=(IncomingFile("cat.png", 3, read),))) as successor:
        await reading.wait()
        assert len(successor.screen) == 1
        assert ask.question is not None
        await talk.conversation.memory.message_deleted(CHANNEL_ID, ask.question.message_id)

    assert talk.store.replies()[0].state is ReplyState.DROPPED
    assert successor.screen == []


async def test_a_message_that_discord_never_takes_is_given_up() -> None:
    """Each try keeps the next question of its place waiting; they come ever more seldom, and then no more."""
    talk = await half_answered(Talk(), "Half of it")
    await asyncio.sleep(600)
    talk.discord.fails("edit", *[Status(503)] * 10_000)
    async with succeeding(talk) as successor:
        await asyncio.sleep(3 * 3_600)

    reply = talk.store.replies()[0]
    assert (reply.state, reply.attempt) == (ReplyState.BROKEN, 1 + MOST_TRIES)
    assert successor.talk.conversation.repair.counts.given_up == 1


async def test_a_followup_whose_answer_is_lost_is_not_posted_again_and_again() -> None:
    """Without a nonce each try may be one more message; nobody died, so no count of deaths ends it."""
    talk = Talk()
    talk.model.answers(asyncio.Event())
    talk.begin(talk.ask("why?"))
    await until(lambda: bool(talk.model.streams), every_s=0.01)
    talk = await killed(talk)
    await asyncio.sleep(600)
    talk.discord.fails("create", *[Lost(took_effect=True)] * 20)
    async with succeeding(talk, OfFollowups(talk)) as successor:
        await asyncio.sleep(20 * RENEW_EVERY_S)

    assert len(successor.screen) <= 2


async def test_a_whole_answer_keeps_the_note_under_it() -> None:
    """It came to its end on screen; to show it from memory takes away what we said of its picture."""
    talk = Talk()
    await talk.answer(talk.ask("what is it?", files=(IncomingFile("cat.png", 3, _gone),)))
    before = talk.discord.screen()
    assert before != ["Fine."]
    talk.store.lose_the_end(1)
    talk = await killed(talk)
    async with succeeding(talk) as successor:
        await successor.repaired()

    assert successor.screen == before


async def test_a_second_try_that_died_is_not_taken_for_the_end_of_the_first() -> None:
    """The button under the old last page says nothing of the new first one, which breaks off in the middle."""
    talk = Talk()
    talk.model.answers(TWO_PAGES, RekaConnectionError("cut"))
    await talk.says("tell me all")
    assert len(talk.discord.screen()) == 2
    talk.model.answers("New half", asyncio.Event())
    pressing = asyncio.create_task(talk.again(talk.store.replies()[0]))
    await until(lambda: talk.discord.screen()[0] == "New half", every_s=0.05)
    assert not pressing.done()
    talk = await killed(talk)
    async with succeeding(talk) as successor:
        await successor.repaired()

    assert successor.screen == [f"New half\n\n{RESTARTED}"]


async def test_a_slow_database_is_no_death() -> None:
    """Five tries of the same process are not five deaths: the half answer has to get its note."""
    talk = Talk(store=SlowQueries(now_s=epoch_s))
    talk = await half_answered(talk, "Half of it")
    await asyncio.sleep(600)
    store = cast("SlowQueries", talk.store)
    store.slow = True
    async with succeeding(talk) as successor:
        await asyncio.sleep(300)
        store.slow = False
        await until(lambda: talk.store.replies()[0].state is not ReplyState.CLAIMED, every_s=1)

    assert successor.screen == [f"Half of it\n\n{RESTARTED}"]


async def test_a_note_that_waits_an_hour_keeps_nobody_waiting() -> None:
    """Edits of the channel are refused for an hour, and creates are not: new questions could be answered."""
    talk = await half_answered(Talk(), "Half of it")
    await asyncio.sleep(600)
    talk.discord.fails("edit", Status(429, retry_after_s=3_600))
    async with succeeding(talk) as successor:
        await until(lambda: successor.finder.looks > 0, every_s=0.01)
        await asyncio.sleep(1)
        asking = talk.begin(talk.ask("and now?"))
        await asyncio.sleep(60)
        before = successor.screen
        await asking

    assert "Fine." in before


class OnPaper(Finder):
    """Looks as the room of Discord does."""

    client: PaperClient

    async def look(self, left: LeftReply, *, before_each: Callable[[], Awaitable[None]]) -> Scene:
        self.looks += 1
        return await self.client.finder.look(left, before_each=before_each)


async def test_a_question_that_was_edited_while_nobody_heard_is_asked_as_it_stands() -> None:
    """Discord tells a new session of no edit; the look at its message is the one chance to see it."""
    talk = Talk()
    talk.model.answers(asyncio.Event())
    ask = talk.ask("what is the capital of Austria?")
    talk.begin(ask)
    await until(lambda: bool(talk.model.streams), every_s=0.01)
    talk = await killed(talk)
    finder = OnPaper(talk)
    finder.client = PaperClient(payload_of(ask.event_id, "what is the capital of Australia?"))
    async with succeeding(talk, finder) as successor:
        await successor.repaired()

    assert successor.screen == ["Fine."]
    assert talk.model.streams[-1].question.endswith("Australia?")


class LateArrival(Finder):
    """The dead one's create was still on its way when the screen was looked at."""

    async def look(self, left: LeftReply, *, before_each: Callable[[], Awaitable[None]]) -> Scene:
        scene = await super().look(left, before_each=before_each)
        nonce = f"{left.stored.event_id}.{left.stored.attempt}.0"
        if self.looks == 1:
            asyncio.get_running_loop().call_later(0.02, self.talk.discord.post, "Half", nonce, ())
        return scene


class WithoutReference(Finder):
    """The create reached Discord when its question was deleted: its message replies to nothing, and is not found."""

    async def look(self, left: LeftReply, *, before_each: Callable[[], Awaitable[None]]) -> Scene:
        scene = await super().look(left, before_each=before_each)
        return replace(scene, messages=())


async def test_an_answer_that_came_after_its_question_was_deleted_is_taken_away() -> None:
    """A soak found it: the process died before the journal heard of the message."""
    talk = Talk()
    talk.model.answers("Half", asyncio.Event())
    talk = await _begun(talk, 1)
    finder = WithoutReference(talk)
    question = talk.store.replies()[0].question
    assert question is not None
    finder.gone_questions.add(question.message_id)
    async with succeeding(talk, finder) as successor:
        await successor.repaired()

    assert successor.screen == []
    assert talk.store.replies()[0].state is ReplyState.DROPPED


async def test_a_create_that_arrives_after_the_look_doubles_nothing() -> None:
    """A busy Discord takes seconds for one; the next process looks within one."""
    talk = Talk()
    talk.model.answers(asyncio.Event())
    talk.begin(talk.ask("why?"))
    await until(lambda: bool(talk.model.streams), every_s=0.01)
    talk = await killed(talk)
    async with succeeding(talk, LateArrival(talk)) as successor:
        await successor.repaired()

    assert successor.screen == ["Fine."]
