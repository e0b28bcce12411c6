"""A conversation on a fake Discord with a fake model, as one value that a test can drive."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

from conversation.admit import Rules
from conversation.answering import Limits
from conversation.attach import Attachments
from conversation.model import Ask, Author, IncomingFile, MessageRef, Place, Quote, StoredReply, Turn
from conversation.pipeline import Conversation
from conversation.recall import Budget
from delivery.ledger import Ledger
from delivery.scheduler import Scheduler
from tests.contract.memory_store import MemoryStore
from tests.unit.conversation.fake_model import FakeModel
from tests.unit.delivery.fake_surface import CHANNEL_ID, FakeDiscordChannel, FakeSurface
from tests.unit.virtual_time import now_s

EPOCH_S = 1_800_000_000.0
PLACE = Place(CHANNEL_ID, guild_id=5)
ADA = Author(1, "Ada")
BOB = Author(2, "Bob")


def epoch_s() -> float:
    """The wall clock of these tests."""
    return EPOCH_S + now_s()


@dataclass(slots=True)
class Memberships:
    """Who is in a guild that the operator allows; each look takes a request to Discord."""

    members: set[int] = field(default_factory=set)
    takes_s: float = 0.2

    async def shares_guild(self, user_id: int, guild_ids: frozenset[int]) -> bool:
        await asyncio.sleep(self.takes_s)
        return user_id in self.members


@dataclass(slots=True)
class Talk:
    """The whole of a conversation's surroundings, and short words for what people do in it."""

    model: FakeModel = field(default_factory=FakeModel)
    store: MemoryStore = field(default_factory=lambda: MemoryStore(now_s=epoch_s))
    discord: FakeDiscordChannel = field(default_factory=FakeDiscordChannel)
    ledger: Ledger = field(default_factory=lambda: Ledger(clock=now_s))
    members: Memberships = field(default_factory=Memberships)
    rules: Rules = field(default_factory=Rules)
    budget: Budget = field(default_factory=Budget)
    limits: Limits = field(default_factory=Limits)
    surfaces: dict[int, FakeSurface] = field(default_factory=dict)
    scheduler: Scheduler = field(init=False)
    conversation: Conversation = field(init=False)
    last_event: int = 500
    went_on: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.scheduler = Scheduler(self.ledger, clock=now_s)
        self.conversation = Conversation(
            model=self.model,
            history=self.store,
            journal=self.store,
            members=self.members,
            scheduler=self.scheduler,
            attachments=Attachments(),
            rules=self.rules,
            budget=self.budget,
            limits=self.limits,
            system_prompt="",
            now_s=epoch_s,
        )

    def ask(
        self,
        text: str,
        *,
        place: Place = PLACE,
        author: Author = ADA,
        files: tuple[IncomingFile, ...] = (),
        quote: Quote | None = None,
    ) -> Ask:
        """A question as a person sends it, a message of its own."""
        self.last_event += 1
        question = MessageRef(place.channel_id, self.last_event)
        return Ask(self.last_event, place, author, text, files=files, quote=quote, question=question)

    def surface(self, ask: Ask, *, ends_at_s: float | None = None) -> FakeSurface:
        """Where the answer to `ask` appears."""
        surface = FakeSurface(self.discord, self.ledger, ends_at_s=ends_at_s)
        self.surfaces[ask.event_id] = surface
        return surface

    async def answer(self, ask: Ask, *, ends_at_s: float | None = None) -> None:
        """Have `ask` answered."""
        await self.conversation.answer(ask, self.surface(ask, ends_at_s=ends_at_s))

    def begin(self, ask: Ask) -> asyncio.Task[None]:
        """Have `ask` answered in the background, as a cog does for each event."""
        return asyncio.create_task(self.answer(ask))

    async def says(self, text: str, *, author: Author = ADA, place: Place = PLACE) -> None:
        """Ask and be answered."""
        await self.answer(self.ask(text, author=author, place=place))

    async def again(self, stored: StoredReply, author: Author = ADA) -> str | None:
        """Press Try again; the kind of refusal, where there is one."""
        surface = FakeSurface(self.discord, self.ledger)
        refusal = await self.conversation.answer_again(stored, author, surface)
        return refusal.kind if refusal else None

    async def goes_on(self, stored: StoredReply, author: Author = ADA) -> str | None:
        """Press Continue under the last page; the kind of refusal, where there is one."""
        surface = FakeSurface(self.discord, self.ledger)

        async def begun() -> None:
            self.went_on.append(stored.reply_id)

        page = Quote("Reka", "", message_id=stored.messages[-1].message_id)
        refusal = await self.conversation.go_on(stored, author, surface, page=page, begun=begun)
        return refusal.kind if refusal else None

    async def looks_at_thought(self, reply_id: int, reader: Author = ADA) -> None:
        """Press Show thinking."""
        ask = self.ask("", author=reader)
        await self.conversation.show_thought(ask, reply_id, self.surface(ask))

    async def reply_to(self, ask: Ask) -> StoredReply:
        """The journal's row of the reply to `ask`."""
        return next(reply for reply in self.store.replies() if reply.event_id == ask.event_id)

    def remembered(self, place: Place = PLACE) -> list[str]:
        """The texts remembered of a place, oldest first."""
        return [turn.text for turn in self.store.said(place)]

    def turns(self, place: Place = PLACE) -> list[Turn]:
        """All turns of a place without their ids."""
        return [replace(turn, reply_id=0) for turn in self.store.said(place)]

    async def settle(self) -> int:
        """The tasks that are left once nothing is under way, besides the test's own."""
        await self.scheduler.aclose()
        for _ in range(10):
            await asyncio.sleep(0)
        return len(asyncio.all_tasks()) - 1
