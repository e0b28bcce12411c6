"""One growing reply on a channel of Discord: what people see, when, and what becomes of it when things go wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from delivery.ledger import Ledger
from delivery.live_reply import GIVE_UP_EDITS_S, NONCE_HOLDS_S, LiveReply, LiveReplyCounts
from delivery.scheduler import Scheduler
from delivery.surface import (
    Draft,
    MessageRef,
    Offer,
    OfferKind,
    SurfaceError,
    SurfaceForbidden,
    SurfaceGone,
    SurfaceRefused,
    SurfaceUnsure,
)
from tests.unit.delivery.fake_surface import (
    Bucket,
    FakeDiscordChannel,
    FakeSurface,
    FixedWindow,
    LeakyBucket,
    Lost,
    Silent,
    Slow,
    Status,
    Torn,
    Unlimited,
)
from tests.unit.virtual_time import now_s, run_virtually

OFFER = Offer(OfferKind.TRY_AGAIN, 7, "Try again")


@dataclass(slots=True)
class Script:
    """Drafts as a model makes them: `(seconds to wait, draft)` each, and an error at the end if there is one."""

    steps: list[tuple[float, Draft]]
    error: Exception | None = None
    lingers_s: float = 0.0
    ended_at: float = 0.0
    closed: bool = False
    gave: int = 0

    async def drafts(self) -> AsyncGenerator[Draft, None]:
        try:
            for wait_s, draft in self.steps:
                await asyncio.sleep(wait_s)
                self.gave += 1
                if draft.ended:
                    self.ended_at = now_s()
                yield draft
            await asyncio.sleep(self.lingers_s)
            if self.error is not None:
                raise self.error
        finally:
            self.closed = True


def growing(words: int, *, every_s: float = 0.02, ended: bool = True) -> Script:
    """An answer that grows word by word."""
    text = ""
    steps: list[tuple[float, Draft]] = []
    for number in range(words):
        text = f"{text} word{number}".strip()
        steps.append((every_s, Draft(text)))
    if ended:
        steps.append((every_s, Draft(text, ended=True)))
    return Script(steps)


@dataclass(slots=True)
class Room:
    """Everything that one reply needs, and what it told."""

    discord: FakeDiscordChannel = field(default_factory=FakeDiscordChannel)
    ledger: Ledger = field(default_factory=lambda: Ledger(clock=now_s))
    posted: list[tuple[int, MessageRef, int]] = field(default_factory=list)
    scheduler: Scheduler = field(init=False)
    surface: FakeSurface = field(init=False)

    def __post_init__(self) -> None:
        self.scheduler = Scheduler(self.ledger, clock=now_s)
        self.surface = FakeSurface(self.discord, self.ledger)

    def reply(
        self,
        *,
        shown: tuple[MessageRef, ...] = (),
        posted: Callable[[int, MessageRef], Awaitable[None]] | None = None,
    ) -> LiveReply:
        return LiveReply(
            self.surface, self.scheduler, nonce_base="55.1", posted=posted or self._posted, shown=shown
        )

    async def measured(
        self, counts: LiveReplyCounts, script: Script, *, waited_s: float | None = 0.0
    ) -> None:
        reply = LiveReply(
            self.surface,
            self.scheduler,
            nonce_base="55.1",
            posted=self._posted,
            counts=counts,
            waited_s=waited_s,
        )
        await reply.deliver(script.drafts())

    async def _posted(self, page: int, ref: MessageRef) -> None:
        requests = len(self.discord.requests)
        await asyncio.sleep(0.05)  # as long as a database may take
        assert len(self.discord.requests) == requests, "something was sent before the journal knew"
        self.posted.append((page, ref, requests))


@pytest.fixture
async def room() -> Room:
    return Room()


async def tasks_left() -> int:
    """Tasks besides the test's own, once those that only have to notice their end have noticed."""
    for _ in range(5):
        await asyncio.sleep(0)
    return len(asyncio.all_tasks()) - 1


# Growing ----------------------------------------------------------------------------------------------------


async def test_the_first_message_comes_with_the_first_token(room: Room) -> None:
    """Somebody is waiting for a sign of life."""
    await room.reply().deliver(growing(50).drafts())

    assert room.discord.times("create")[0] == pytest.approx(0.02 + room.discord.latency_s)
    assert room.discord.requests[0].content == "word0"


async def test_the_whole_answer_stands_there_at_the_end(room: Room) -> None:
    """One message, grown to its end, told to the journal once."""
    script = growing(200)

    reply = room.reply()
    await reply.deliver(script.drafts())

    assert room.discord.screen() == [script.steps[-1][1].text]
    assert [(page, ref) for page, ref, _ in room.posted] == [(0, reply.messages[0])]
    assert script.closed
    assert set(room.discord.statuses()) == {200}


async def test_tokens_never_wait_for_discord(room: Room) -> None:
    """A slow screen must not slow the stream: tokens in the buffer cost memory at Reka's end."""
    room.discord.fails("create", Slow(5.0))
    script = growing(100)

    await room.reply().deliver(script.drafts())

    assert script.ended_at == pytest.approx(101 * 0.02)


async def test_the_last_edit_never_waits(room: Room) -> None:
    """Whoever reads sees the end the moment that Reka ends."""
    script = growing(500)

    await room.reply().deliver(script.drafts())

    assert room.discord.times("edit")[-1] - script.ended_at < 2 * room.discord.latency_s + 0.06


async def test_the_end_is_seen_soon_though_an_edit_is_under_way(room: Room) -> None:
    """Its answer is all there is to wait for."""
    room.discord.fails("edit", Slow(0.5))
    script = growing(25)

    await room.reply().deliver(script.drafts())

    assert room.discord.screen() == [script.steps[-1][1].text]
    assert now_s() < script.ended_at + 1.0


async def test_a_draft_that_ends_while_its_edit_waits_hastens_it(room: Room) -> None:
    """The pace of progress is not for the last words."""
    room.discord.edits = FixedWindow(limit=2, span_s=30.0)
    script = Script(
        [(0.0, Draft("a")), (1.0, Draft("a b")), (1.0, Draft("a b c")), (1.0, Draft("d", ended=True))]
    )

    await room.reply().deliver(script.drafts())

    assert room.discord.screen() == ["d"]
    assert now_s() < 3.3


async def test_an_answer_that_is_there_at_once_takes_one_request(room: Room) -> None:
    """A create and an edit for the same text would waste a slot."""
    await room.reply().deliver(Script([(0.0, Draft("All of it.", ended=True, offers=(OFFER,)))]).drafts())

    assert [request.kind for request in room.discord.requests] == ["create"]
    assert list(room.discord.offers.values()) == [(OFFER,)]


async def test_drafts_that_end_without_saying_so_have_ended(room: Room) -> None:
    """A generator that returns has nothing more to say."""
    await room.reply().deliver(growing(3, ended=False).drafts())

    assert room.discord.screen() == ["word0 word1 word2"]


async def test_nothing_said_is_nothing_shown(room: Room) -> None:
    """Discord refuses empty messages."""
    await room.reply().deliver(Script([(0.0, Draft("", ended=True))]).drafts())

    assert room.discord.requests == []


async def test_a_draft_that_changes_nothing_is_not_sent(room: Room) -> None:
    """Slots are for news."""
    script = Script([(0.0, Draft("same")), (5.0, Draft("same")), (5.0, Draft("same", ended=True))])

    await room.reply().deliver(script.drafts())

    assert [request.kind for request in room.discord.requests] == ["create"]


async def test_a_generator_that_lingers_after_its_end_is_closed(room: Room) -> None:
    """Nothing it could still do is part of the answer, and being cut off is no failure of ours."""
    script = Script([(0.0, Draft("done")), (0.1, Draft("done", ended=True))], lingers_s=60.0)

    await room.reply().deliver(script.drafts())

    assert script.closed
    assert now_s() < 1.0


async def test_the_first_edit_waits_until_there_is_more_to_read(room: Room) -> None:
    """Two requests in the first tenth of a second would show hardly more than one."""
    await room.reply().deliver(growing(100).drafts())

    created, edited = room.discord.times("create")[0], room.discord.times("edit")[0]
    assert edited - created >= 0.4


# Pages ------------------------------------------------------------------------------------------------------


async def test_a_long_answer_goes_on_in_a_second_message(room: Room) -> None:
    """Each message is told to the journal before anything else is sent."""
    room.surface.limit_chars = 200
    script = growing(80)

    reply = room.reply()
    await reply.deliver(script.drafts())

    assert " ".join(room.discord.screen()) == script.steps[-1][1].text
    assert len(reply.messages) > 2
    assert [page for page, _, _ in room.posted] == list(range(len(reply.messages)))
    assert set(room.discord.statuses()) == {200}


async def test_a_page_with_a_successor_is_whole_before_that_appears(room: Room) -> None:
    """Readers go from top to bottom; a hole in the middle would look like a mistake."""
    room.surface.limit_chars = 200
    await room.reply().deliver(growing(200).drafts())

    creates = [request for request in room.discord.requests if request.kind == "create"]
    for earlier, later in pairwise(creates):
        assert earlier.message_id is not None
        changed = [r.at_s for r in room.discord.requests if r.message_id == earlier.message_id]
        assert max(changed) < later.at_s


async def test_full_pages_leave_the_last_edit_its_slot(room: Room) -> None:
    """A page that is full is no reason to keep the end from those who wait for it."""
    room.surface.limit_chars = 200
    for words in (150, 160, 170, 180):
        script = growing(words, every_s=0.05)
        await Room(room.discord, room.ledger).reply().deliver(script.drafts())
        # A page may still have to be finished and created before the last one: three requests in all.
        assert now_s() - script.ended_at < 6 * room.discord.latency_s + 0.2
        await asyncio.sleep(10)


async def test_a_revised_text_is_followed_and_needs_fewer_messages(room: Room) -> None:
    """Reka may take words back; what stands there at the end is its last word."""
    room.surface.limit_chars = 200
    long = growing(80).steps[-2][1].text
    script = Script([(0.1, Draft(long)), (20.0, Draft("Short.")), (5.0, Draft("Short.", ended=True))])

    reply = room.reply()
    await reply.deliver(script.drafts())

    assert room.discord.screen() == ["Short."]
    assert len(reply.messages) == 1


async def test_the_note_stands_under_the_text_with_its_button(room: Room) -> None:
    """The button belongs to the last page, where a reader ends."""
    room.surface.limit_chars = 100
    text = "word " * 40
    script = Script(
        [(0.1, Draft(text)), (3.0, Draft(text, ended=True, note="-# It broke off.", offers=(OFFER,)))]
    )

    reply = room.reply()
    await reply.deliver(script.drafts())

    assert room.discord.screen()[-1].endswith("-# It broke off.")
    assert room.discord.offers == {reply.messages[-1].message_id: (OFFER,)}


async def test_another_attempt_writes_over_the_messages_of_the_first(room: Room) -> None:
    """Trying again must not leave the broken answer standing above the good one."""
    first, second = (room.discord.post(f"broken {number}", str(number), (OFFER,)) for number in range(2))
    script = growing(50)

    reply = room.reply(shown=(first, second))
    await reply.deliver(script.drafts())

    assert room.discord.screen() == [script.steps[-1][1].text]
    assert reply.messages == (first,)
    assert room.discord.offers == {}
    assert room.discord.times("create") == []


# Limits -----------------------------------------------------------------------------------------------------


BUCKETS = st.one_of(
    st.builds(FixedWindow, st.integers(1, 6), st.sampled_from([1.0, 2.0, 5.0, 10.0])),
    st.builds(LeakyBucket, st.integers(2, 6), st.sampled_from([0.5, 1.0, 2.0])),
    st.just(Unlimited()),
)


@settings(max_examples=150, deadline=None)
@given(
    edits=BUCKETS,
    creates=st.one_of(
        st.builds(FixedWindow, st.integers(1, 5), st.sampled_from([2.0, 5.0])),
        st.just(Unlimited()),
    ),
    latency_s=st.sampled_from([0.01, 0.05, 0.3]),
    delays=st.lists(
        st.builds(Slow, st.sampled_from([0.0, 0.4, 2.0, 6.0]), st.sampled_from([0.0, 0.4, 2.0, 6.0])),
        max_size=30,
    ),
    paces_s=st.lists(
        st.lists(st.sampled_from([0.0, 0.01, 0.03, 0.2, 1.5, 4.0]), min_size=1, max_size=60),
        min_size=1,
        max_size=4,
    ),
)
def test_no_pace_of_tokens_makes_discord_say_429(
    edits: Bucket, creates: Bucket, latency_s: float, delays: list[Slow], paces_s: list[list[float]]
) -> None:
    """10,000 of them in ten minutes are a ban, and each one is a stall that somebody watches."""

    async def main() -> None:
        room = Room(FakeDiscordChannel(edits=edits, creates=creates, latency_s=latency_s))
        room.surface.limit_chars = 120
        room.discord.fails("edit", *delays)
        room.discord.fails("create", *delays)

        async def answer(number: int, paces: list[float]) -> str:
            text, steps = f"{number}:", list[tuple[float, Draft]]()
            for index, pace_s in enumerate(paces):
                text += f" word{index}"
                steps.append((pace_s, Draft(text)))
            steps.append((0.0, Draft(text, ended=True)))
            live = LiveReply(room.surface, room.scheduler, nonce_base=f"{number}.1", posted=_deaf)
            await live.deliver(Script(steps).drafts())
            return " ".join(room.discord.messages[ref.message_id] for ref in live.messages)

        # Several replies of one channel at once: its threads' limits are their own, its interactions' are not.
        shown = await asyncio.gather(*(answer(number, paces) for number, paces in enumerate(paces_s)))
        assert 429 not in room.discord.statuses()
        for number, (text, paces) in enumerate(zip(shown, paces_s, strict=True)):
            assert text == " ".join([f"{number}:", *(f"word{index}" for index in range(len(paces)))])
        await room.scheduler.aclose()
        assert await tasks_left() == 0

    run_virtually(main())


async def _deaf(_page: int, _ref: MessageRef) -> None:
    """A journal that forgets."""


async def test_a_leaking_bucket_gets_a_steady_pace(room: Room) -> None:
    """Taken for a window it would give a burst of four and then seconds of silence."""
    room.discord.edits = LeakyBucket(limit=5, slot_s=1.0)
    await room.reply().deliver(growing(1_000).drafts())

    edits = room.discord.times("edit")
    gaps = [late - early for early, late in pairwise(edits[5:-1])]
    assert set(room.discord.statuses()) == {200}
    assert max(gaps) < 1.2


async def test_a_429_makes_the_reply_wait_and_lose_nothing(room: Room) -> None:
    """A shadow limit shows in no header before it strikes."""
    room.discord.fails("edit", Status(429, retry_after_s=12.0))
    script = growing(100)

    await room.reply().deliver(script.drafts())

    assert room.discord.screen() == [script.steps[-1][1].text]
    assert room.discord.statuses().count(429) == 1


async def test_the_last_slot_of_a_window_does_not_stall_the_next_page(room: Room) -> None:
    """discord.py withholds the new message's id until the bucket resets; the answer's body does not."""
    room.discord.creates = FixedWindow(limit=1, span_s=3.0)
    room.surface.limit_chars = 100
    script = Script([(0.0, Draft("word " * 10)), (0.2, Draft("word " * 12, ended=True))])

    await room.reply().deliver(script.drafts())

    assert now_s() < 1.0


# Faults -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [Lost(took_effect=True), Lost(took_effect=False), Status(503), Torn()])
async def test_a_create_whose_answer_was_lost_is_repeated_and_never_doubled(
    room: Room, fault: Lost | Status | Torn
) -> None:
    """Two same replies to one question look broken; none looks worse."""
    room.discord.fails("create", fault, Lost(took_effect=True))
    script = growing(100)

    reply = room.reply()
    await reply.deliver(script.drafts())

    creates = [request for request in room.discord.requests if request.kind == "create"]
    assert {(request.content, request.nonce) for request in creates} == {("word0", "55.1.0")}
    assert room.discord.screen() == [script.steps[-1][1].text]
    assert len(room.posted) == 1


async def test_a_silent_create_is_repeated(room: Room) -> None:
    """Half a minute without an answer is none."""
    room.discord.fails("create", Silent(took_effect=True))
    script = growing(10)

    await room.reply().deliver(script.drafts())

    assert room.discord.screen() == [script.steps[-1][1].text]
    assert 30.0 < now_s() < 35.0


async def test_a_create_lost_for_two_minutes_is_looked_for(room: Room) -> None:
    """Discord forgets nonces: one more repeat could be a second message."""
    room.discord.fails("create", Lost(took_effect=True), *[Lost(took_effect=False)] * 100)
    script = growing(10)

    reply = room.reply()
    await reply.deliver(script.drafts())

    assert room.discord.screen() == [script.steps[-1][1].text]
    assert room.discord.statuses("find") == [200]
    assert now_s() > NONCE_HOLDS_S
    assert len(reply.messages) == 1


async def test_a_create_that_never_happened_fails_after_two_minutes(room: Room) -> None:
    """Not seen does not mean not there: it is never posted again."""
    room.discord.fails("create", *[Lost(took_effect=False)] * 100)

    with pytest.raises(SurfaceUnsure):
        await room.reply().deliver(growing(10).drafts())

    assert room.discord.screen() == []
    assert max(r.at_s for r in room.discord.requests if r.kind == "find") < NONCE_HOLDS_S + 20.0


async def test_no_repeat_leaves_after_the_nonce_is_forgotten(room: Room) -> None:
    """The wait for a slot counts: a 429 of minutes must not end in a second message."""
    room.discord.fails("create", Lost(took_effect=True))
    reply = room.reply()
    delivery = asyncio.create_task(reply.deliver(growing(10).drafts()))
    await asyncio.sleep(0.2)
    room.ledger.paused_until = 300.0  # somebody else met the global limit

    await delivery

    assert len(room.discord.screen()) == 1
    assert len(reply.messages) == 1


async def test_a_create_that_must_not_be_repeated_is_not(room: Room) -> None:
    """A followup carries no nonce: a repeat would double it."""
    room.surface = FakeSurface(room.discord, room.ledger, repeatable=False)
    room.discord.fails("create", Lost(took_effect=True))

    with pytest.raises(SurfaceUnsure):
        await room.reply().deliver(growing(10).drafts())

    assert len(room.discord.screen()) == 1


@pytest.mark.parametrize(
    "fault",
    [
        Status(500),
        Status(502, took_effect=True),
        Status(503),
        Lost(took_effect=True),
        Silent(took_effect=True),
    ],
)
async def test_old_text_never_lands_last(room: Room, fault: Status | Lost | Silent) -> None:
    """A repeat inside discord.py would put it there, after the newest."""
    room.discord.fails("edit", fault, fault)
    script = growing(100)

    reply = room.reply()
    await reply.deliver(script.drafts())
    await asyncio.sleep(120.0)

    seen = room.discord.history[reply.messages[0].message_id]
    assert seen == sorted(seen, key=len)
    assert seen[-1] == script.steps[-1][1].text


async def test_a_last_edit_that_fails_is_repeated_for_two_minutes(room: Room) -> None:
    """After that the journal's open row leaves it to the next start."""
    script = growing(10)
    room.discord.fails("edit", *[Status(503)] * 1_000)

    with pytest.raises(SurfaceUnsure):
        await room.reply().deliver(script.drafts())

    assert GIVE_UP_EDITS_S < now_s() < GIVE_UP_EDITS_S + 20.0


async def test_an_edit_that_fails_in_the_middle_is_not_given_up(room: Room) -> None:
    """The end is yet to come, and Discord may be back by then."""
    room.discord.fails("edit", *[Status(503)] * 30)
    script = growing(100, every_s=3.0)

    await room.reply().deliver(script.drafts())

    assert room.discord.screen() == [script.steps[-1][1].text]


@pytest.mark.parametrize(
    ("code", "error"), [(404, SurfaceGone), (403, SurfaceForbidden), (400, SurfaceRefused)]
)
async def test_what_cannot_be_shown_ends_the_stream(room: Room, code: int, error: type[SurfaceError]) -> None:
    """Tokens that nobody will read cost money."""
    room.discord.fails("edit", Status(code))
    script = growing(1_000)

    with pytest.raises(error):
        await room.reply().deliver(script.drafts())

    assert script.closed
    assert script.gave < 100
    assert await tasks_left() == 0


async def test_a_reply_that_may_not_begin_ends_the_stream(room: Room) -> None:
    """No permission is no reason for a storm of repeats."""
    room.discord.fails("create", Status(403))
    script = growing(1_000)

    with pytest.raises(SurfaceForbidden):
        await room.reply().deliver(script.drafts())

    assert script.closed
    assert room.discord.statuses() == [403]


async def test_a_message_deleted_while_it_is_edited_ends_the_stream(room: Room) -> None:
    """The 404 of the next edit may come before the gateway tells."""
    script = growing(1_000)
    reply = room.reply()
    delivery = asyncio.create_task(reply.deliver(script.drafts()))
    await asyncio.sleep(3.0)
    room.discord.remove(reply.messages[0].message_id)

    with pytest.raises(SurfaceGone):
        await delivery

    assert script.closed
    assert now_s() < 5.0


async def test_drafts_that_raise_leave_what_was_shown(room: Room) -> None:
    """Whoever asked decides what to say of it; nothing vanishes."""
    script = growing(100, ended=False)
    script.error = RuntimeError("the model fell over")
    reply = room.reply()

    with pytest.raises(RuntimeError, match="fell over"):
        await reply.deliver(script.drafts())

    assert len(room.discord.screen()) == 1
    assert len(reply.messages) == 1
    assert await tasks_left() <= 1  # the sleep after the last slot, at most


async def test_drafts_that_raise_end_a_reply_that_discord_does_not_take(room: Room) -> None:
    """Nothing new will come, so nothing is worth repeating; the failure has to be told."""
    script = growing(100, ended=False)
    script.error = RuntimeError("the model fell over")
    room.discord.fails("edit", *[Status(503)] * 10_000)

    with pytest.raises(RuntimeError, match="fell over"):
        await room.reply().deliver(script.drafts())

    assert now_s() < 60.0


async def test_a_message_taken_away_by_the_reply_itself_is_known(room: Room) -> None:
    """Discord's event of it looks like that of a person who deletes the answer."""
    first, second = (room.discord.post(f"broken {number}", str(number), ()) for number in range(2))
    told: list[MessageRef] = []

    async def removed(ref: MessageRef) -> None:
        told.append(ref)

    taken_away: set[MessageRef] = set()
    live = LiveReply(
        room.surface,
        room.scheduler,
        nonce_base="55.2",
        posted=_deaf,
        removed=removed,
        shown=(first, second),
        taken_away=taken_away,
    )
    await live.deliver(growing(5).drafts())

    assert taken_away == {second}
    assert told == [second]


async def test_a_journal_that_fails_ends_the_stream(room: Room) -> None:
    """A message that no journal knows must not grow."""

    async def fails(_page: int, _ref: MessageRef) -> None:
        raise OSError("disk full")

    script = growing(1_000)
    with pytest.raises(OSError, match="disk full"):
        await room.reply(posted=fails).deliver(script.drafts())

    assert script.closed


async def test_a_page_that_cannot_be_removed_is_tried_again(room: Room) -> None:
    """A page of an older text under the new one would read as a part of it."""
    first, second = (room.discord.post(f"broken {number}", str(number), ()) for number in range(2))
    room.discord.fails("delete", Status(503), Lost(took_effect=False))

    await room.reply(shown=(first, second)).deliver(growing(5).drafts())

    assert room.discord.screen() == ["word0 word1 word2 word3 word4"]


# Cancelling -------------------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(
    after_s=st.floats(0.0, 4.0),
    faults=st.lists(
        st.sampled_from(
            [Lost(took_effect=True), Lost(took_effect=False), Status(500, took_effect=True), Slow(1.0)]
        ),
        max_size=3,
    ),
    tight=st.booleans(),
)
def test_a_reply_cancelled_at_any_instant_can_be_withdrawn(
    after_s: float, faults: list[Lost | Status | Slow], tight: bool
) -> None:
    """The question may be deleted at any instant, also while a create is under way or its answer is lost."""

    async def main() -> None:
        room = Room()
        if tight:
            room.discord.creates = FixedWindow(limit=1, span_s=2.0)
            room.discord.edits = FixedWindow(limit=1, span_s=2.0)
        room.surface.limit_chars = 150
        room.discord.fails("create", *faults)
        script = growing(100)
        reply = room.reply(posted=_deaf)
        delivery = asyncio.create_task(reply.deliver(script.drafts()))
        await asyncio.sleep(after_s)
        delivery.cancel()
        with suppress(asyncio.CancelledError):
            await delivery

        await reply.withdraw()
        await asyncio.sleep(60.0)

        assert room.discord.screen() == []
        assert reply.messages == ()
        assert script.closed or script.gave == 0
        assert room.scheduler.waiting == 0
        assert await tasks_left() == 0

    run_virtually(main())


async def test_withdrawing_repeats_what_fails(room: Room) -> None:
    """The question is gone; an answer to nothing is litter."""
    reply = room.reply()
    await reply.deliver(growing(5).drafts())
    room.discord.fails("delete", Status(503), Status(500), Lost(took_effect=False))

    await reply.withdraw()

    assert room.discord.screen() == []


async def test_withdrawing_passes_what_is_gone(room: Room) -> None:
    """The message may have been deleted along with its question."""
    reply = room.reply()
    await reply.deliver(growing(5).drafts())
    room.discord.fails("delete", Status(404))

    await reply.withdraw()

    assert reply.messages == ()


async def test_withdrawing_what_was_refused_finds_nothing(room: Room) -> None:
    """A create that Discord refused after the question was deleted left no message."""
    room.discord.fails("create", Slow(1.0), Status(403))
    reply = room.reply()
    delivery = asyncio.create_task(reply.deliver(growing(5).drafts()))
    await asyncio.sleep(0.3)
    delivery.cancel()
    await asyncio.wait({delivery})
    room.discord.fails("create", Status(403))

    await reply.withdraw()

    assert room.discord.screen() == []


async def test_cancelling_gives_the_slot_back(room: Room) -> None:
    """Replies that come and go must not use up a window."""
    room.discord.creates = FixedWindow(limit=1, span_s=2.0)
    await room.reply().deliver(growing(1).drafts())
    second = asyncio.create_task(room.reply(posted=_deaf).deliver(growing(1).drafts()))
    await asyncio.sleep(1.0)
    second.cancel()
    with suppress(asyncio.CancelledError):
        await second

    third = LiveReply(room.surface, room.scheduler, nonce_base="56.1", posted=_deaf)
    await third.deliver(growing(1).drafts())

    assert len(third.messages) == 1
    assert now_s() < 2.5


async def test_an_unstarted_generator_is_closed(room: Room) -> None:
    """A reply cancelled before its first step still owns its drafts."""
    script = growing(5)
    drafts = script.drafts()
    delivery = asyncio.create_task(room.reply().deliver(drafts))
    await asyncio.sleep(0)
    delivery.cancel()
    with suppress(asyncio.CancelledError):
        await delivery

    async with aclosing(drafts):
        assert script.gave == 0
    assert await tasks_left() == 0


# What is measured -------------------------------------------------------------------------------------------


def test_first_words_count_from_the_question() -> None:
    """Somebody who stood in line for a minute waited for a minute, however quick the model was then."""
    room, counts = Room(), LiveReplyCounts()

    run_virtually(room.measured(counts, growing(5), waited_s=60.0))

    assert sum(counts.first_words_s.counts) == 1
    assert counts.first_words_s.total == pytest.approx(60.0, abs=1.0)


def test_text_grows_old_only_while_it_waits_to_be_seen() -> None:
    """A model that pauses for a minute leaves nothing unseen: the screen is as fresh as can be."""
    room, counts = Room(), LiveReplyCounts()
    paused = Script(
        [(0.0, Draft("One.")), (60.0, Draft("One. Two.")), (60.0, Draft("One. Two.", ended=True))]
    )

    run_virtually(room.measured(counts, paused))

    assert counts.text_age_s.total < 1.0
    assert sum(counts.text_age_s.counts) == counts.creates + counts.edits


def test_text_that_a_lost_edit_brought_is_still_unseen() -> None:
    """Else the measure would be best where Discord is worst."""
    room, counts = Room(), LiveReplyCounts()
    room.discord.fails("edit", Silent())
    script = Script([(0.0, Draft("One.")), (5.0, Draft("One. Two.", ended=True))])

    run_virtually(room.measured(counts, script))

    assert counts.repeated_edits == 1
    assert counts.text_age_s.total >= 30.0


def test_the_end_lags_by_what_the_last_change_took() -> None:
    """The reader waits for the whole answer, and the model's end is when it could be there."""
    room, counts = Room(), LiveReplyCounts()

    run_virtually(room.measured(counts, growing(40)))

    assert sum(counts.end_lag_s.counts) == 1
    assert 0.0 <= counts.end_lag_s.total < 2.0


def test_our_own_sentences_are_not_measured() -> None:
    """A refusal is quick, and a hundred of them would hide that answers are slow."""
    room, counts = Room(), LiveReplyCounts()

    run_virtually(room.measured(counts, growing(5), waited_s=None))

    assert counts.creates == 1
    assert (
        sum(counts.first_words_s.counts) + sum(counts.text_age_s.counts) + sum(counts.end_lag_s.counts) == 0
    )
