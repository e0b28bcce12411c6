"""The three ports of storage in memory: what tests use where SQL is not the point."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from conversation.model import (
    Ask,
    Claim,
    LeftReply,
    MessageRef,
    Picture,
    Place,
    Quote,
    ReplyState,
    StoredReply,
    Turn,
    WayBack,
)

_Role = Literal["user", "assistant"]

UNWATCHED_S = 30.0


@dataclass(slots=True)
class _Reply:
    stored: StoredReply
    pages: dict[int, MessageRef]
    updated_at_s: float
    owner: int | None
    asked_at_s: float
    files: int = 0
    deaths: int = 0
    way_back: WayBack | None = None


@dataclass(slots=True)
class _Written:
    turn: Turn
    place: Place
    at_s: float


@dataclass(slots=True)
class _Ask:
    author_id: int
    at_s: float


@dataclass(slots=True)
class MemoryStore:
    """History, ReplyJournal and CommandDigests in one; it promises what the contract suites ask for.

    Every call lets other tasks run first, as a database would.
    """

    now_s: Callable[[], float] = time.time
    owner: int = 1
    _replies: dict[int, _Reply] = field(default_factory=dict)
    _turns: dict[tuple[int, _Role], _Written] = field(default_factory=dict)
    _asks: list[_Ask] = field(default_factory=list)
    _digests: dict[tuple[int, str], str] = field(default_factory=dict)
    _last_id: int = 0

    def replies(self) -> list[StoredReply]:
        """Every reply in the order of the claims, for a test that asks what happened at all."""
        return [self._stored(reply) for reply in self._replies.values()]

    def said(self, place: Place) -> list[Turn]:
        """Every turn remembered of `place`, oldest first, for a test that looks at the whole memory."""
        return [written.turn for written in self._in_order() if _same_place(written.place, place)]

    def die_over(self, reply_id: int, *, times: int) -> None:
        """Have so many processes die while they repaired this reply, which is as they found it."""
        self._replies[reply_id].deaths += times

    def lose_the_end(self, reply_id: int) -> None:
        """Have its process die after the last edit, and before the journal heard of it."""
        reply = self._replies[reply_id]
        reply.stored = replace(reply.stored, state=ReplyState.CLAIMED)

    # History

    async def turns_before(self, place: Place, reply_id: int, *, limit: int) -> list[Turn]:
        await asyncio.sleep(0)
        older = [turn for turn in self.said(place) if turn.reply_id < reply_id]
        return older[-limit:] if limit > 0 else []

    async def question(self, reply_id: int) -> Turn | None:
        await asyncio.sleep(0)
        written = self._turns.get((reply_id, "user"))
        return written.turn if written else None

    async def add_pictures(self, reply_id: int, pictures: Sequence[Picture]) -> None:
        await asyncio.sleep(0)
        if written := self._turns.get((reply_id, "user")):
            kept = (picture for picture in pictures if written.turn.quote or not picture.quoted)
            clean = (replace(picture, filename=_storable(picture.filename)) for picture in kept)
            written.turn = replace(written.turn, pictures=(*written.turn.pictures, *clean))

    async def remember(self, reply_id: int, text: str, *, complete: bool) -> None:
        await asyncio.sleep(0)
        if question := self._turns.get((reply_id, "user")):
            turn = Turn("assistant", _storable(text), complete=complete, reply_id=reply_id)
            self._turns[reply_id, "assistant"] = _Written(turn, question.place, self.now_s())

    async def forget(self, place: Place) -> int:
        await asyncio.sleep(0)
        return self._forget(key for key, written in self._turns.items() if _same_place(written.place, place))

    async def forget_message(self, channel_id: int, message_id: int) -> int:
        await asyncio.sleep(0)
        ref = MessageRef(channel_id, message_id)
        keys: list[tuple[int, _Role]] = []
        for reply_id, reply in self._replies.items():
            if reply.stored.question == ref:
                keys += [(reply_id, "user"), (reply_id, "assistant")]
            elif ref in reply.pages.values():
                keys.append((reply_id, "assistant"))
        forgotten = self._forget(keys)
        for written in self._quoting(ref):
            own = tuple(picture for picture in written.turn.pictures if not picture.quoted)
            written.turn = replace(written.turn, quote=None, pictures=own)
        return forgotten

    async def forget_channel(self, channel_id: int) -> int:
        await asyncio.sleep(0)
        return self._forget(
            key for key, written in self._turns.items() if written.place.channel_id == channel_id
        )

    async def forget_guild(self, guild_id: int) -> int:
        await asyncio.sleep(0)
        return self._forget(key for key, written in self._turns.items() if written.place.guild_id == guild_id)

    async def revise(self, channel_id: int, message_id: int, text: str, *, quoted: str | None = None) -> bool:
        await asyncio.sleep(0)
        ref = MessageRef(channel_id, message_id)
        found = False
        for reply_id, reply in self._replies.items():
            written = self._turns.get((reply_id, "user"))
            if reply.stored.question == ref and written:
                written.turn = replace(written.turn, text=_storable(text))
                found = True
        words = _storable(text if quoted is None else quoted)
        for written in self._quoting(ref):
            if quote := written.turn.quote:
                written.turn = replace(written.turn, quote=replace(quote, text=words))
                found = True
        return found

    async def purge(self, *, before_s: float) -> int:
        await asyncio.sleep(0)
        forgotten = self._forget(key for key, written in self._turns.items() if written.at_s < before_s)
        remembered = {reply_id for reply_id, _ in self._turns}
        for reply_id, reply in list(self._replies.items()):
            if reply.updated_at_s < before_s and reply_id not in remembered:
                del self._replies[reply_id]
        self._asks = [ask for ask in self._asks if ask.at_s >= before_s]
        return forgotten

    # ReplyJournal

    async def claim(self, ask: Ask, *, text: str) -> Claim | None:
        await asyncio.sleep(0)
        if any(reply.stored.event_id == ask.event_id for reply in self._replies.values()):
            return None
        self._last_id += 1
        author = replace(ask.author, name=_storable(ask.author.name))
        stored = StoredReply(
            reply_id=self._last_id,
            event_id=ask.event_id,
            place=ask.place,
            author=author,
            locale=_storable(ask.locale),
            state=ReplyState.CLAIMED,
            attempt=1,
            question=ask.question,
            messages=(),
        )
        now_s = self.now_s()
        quote = None
        if ask.quote is not None:
            name, words = _storable(ask.quote.author_name), _storable(ask.quote.text)
            quote = Quote(name, words, message_id=ask.quote.message_id)
        turn = Turn("user", _storable(text), author_name=author.name, reply_id=self._last_id, quote=quote)
        files = len(ask.files) + (len(ask.quote.files) if ask.quote else 0)
        self._replies[self._last_id] = _Reply(
            stored, {}, now_s, self.owner, now_s, files=files, way_back=ask.way_back
        )
        self._turns[self._last_id, "user"] = _Written(turn, ask.place, now_s)
        self._asks.append(_Ask(author.id, now_s))
        return Claim(self._last_id)

    async def claim_again(
        self, reply_id: int, author_id: int, *, way_back: WayBack | None = None
    ) -> Claim | None:
        await asyncio.sleep(0)
        reply = self._replies.get(reply_id)
        if reply is None or reply.stored.state is not ReplyState.BROKEN:
            return None
        attempt = reply.stored.attempt + 1
        reply.stored = replace(reply.stored, state=ReplyState.CLAIMED, attempt=attempt)
        reply.updated_at_s = self.now_s()
        reply.owner, reply.deaths, reply.way_back = self.owner, 0, way_back
        self._asks.append(_Ask(author_id, reply.updated_at_s))
        return Claim(reply_id, attempt)

    async def posted(self, reply_id: int, page: int, ref: MessageRef) -> None:
        await asyncio.sleep(0)
        if reply := self._replies.get(reply_id):
            reply.pages[page] = ref
            reply.updated_at_s = self.now_s()

    async def removed(self, reply_id: int, ref: MessageRef) -> None:
        await asyncio.sleep(0)
        if reply := self._replies.get(reply_id):
            reply.pages = {page: shown for page, shown in reply.pages.items() if shown != ref}

    async def finish(self, reply_id: int, state: ReplyState) -> None:
        await asyncio.sleep(0)
        if reply := self._replies.get(reply_id):
            reply.stored = replace(reply.stored, state=state)
            reply.updated_at_s = self.now_s()
            reply.way_back = None

    async def hand_on(self, reply_id: int) -> None:
        await asyncio.sleep(0)
        reply = self._replies.get(reply_id)
        if reply and reply.stored.state is ReplyState.CLAIMED:
            reply.owner = None

    async def left(
        self, *, dead: Collection[int], in_flight: Collection[int], limit: int = 200
    ) -> list[LeftReply]:
        await asyncio.sleep(0)
        found = [
            self._left(reply)
            for reply_id, reply in self._replies.items()
            if reply.stored.state is ReplyState.CLAIMED
            and (
                reply.owner is None
                or reply.owner in dead
                or (
                    reply.owner == self.owner
                    and reply_id not in in_flight
                    and reply.updated_at_s < self.now_s() - UNWATCHED_S
                )
            )
        ]
        return found[:limit]

    def _left(self, reply: _Reply) -> LeftReply:
        over = reply.way_back is not None and reply.way_back.ends_at_s <= self.now_s()
        return LeftReply(
            self._stored(reply),
            reply.owner,
            asked_at_s=reply.asked_at_s,
            touched_at_s=reply.updated_at_s,
            deaths=reply.deaths,
            files=reply.files,
            way_back=None if over else reply.way_back,
            had_way_back=reply.way_back is not None,
        )

    async def take_over(self, left: LeftReply) -> Claim | None:
        await asyncio.sleep(0)
        reply = self._replies.get(left.stored.reply_id)
        if reply is None or reply.stored.state is not ReplyState.CLAIMED:
            return None
        if (reply.owner, reply.stored.attempt) != (left.owner, left.stored.attempt):
            return None
        reply.deaths += reply.owner not in {None, self.owner}
        reply.owner = self.owner
        reply.updated_at_s = self.now_s()
        reply.stored = replace(reply.stored, attempt=reply.stored.attempt + 1)
        return Claim(reply.stored.reply_id, reply.stored.attempt)

    async def give_back(self, claim: Claim) -> None:
        await asyncio.sleep(0)
        reply = self._replies[claim.reply_id]
        if reply.stored.state is ReplyState.CLAIMED and reply.stored.attempt == claim.attempt:
            reply.owner = None
            reply.stored = replace(reply.stored, attempt=claim.attempt - 1)

    async def places_since(self, since_s: float, *, limit: int) -> list[Place]:
        await asyncio.sleep(0)
        newest: dict[Place, None] = {}
        for reply in sorted(self._replies.values(), key=lambda reply: -reply.updated_at_s):
            stored = reply.stored
            if reply.updated_at_s >= since_s and stored.place.private_to is None:
                newest.setdefault(stored.place)
        return list(newest)[:limit]

    async def find(self, reply_id: int) -> StoredReply | None:
        await asyncio.sleep(0)
        reply = self._replies.get(reply_id)
        return self._stored(reply) if reply else None

    async def find_by_message(self, channel_id: int, message_id: int) -> StoredReply | None:
        await asyncio.sleep(0)
        ref = MessageRef(channel_id, message_id)
        newest_first = list(reversed(self._replies.values()))
        shows = (reply for reply in newest_first if ref in reply.pages.values())
        asked = (reply for reply in newest_first if reply.stored.question == ref)
        found = next(shows, None) or next(asked, None)
        return self._stored(found) if found else None

    async def asked_since(self, author_id: int, since_s: float) -> list[float]:
        await asyncio.sleep(0)
        return sorted(ask.at_s for ask in self._asks if ask.author_id == author_id and ask.at_s >= since_s)

    # CommandDigests

    async def digest(self, application_id: int, api_url: str) -> str | None:
        await asyncio.sleep(0)
        return self._digests.get((application_id, api_url))

    async def keep(self, application_id: int, api_url: str, digest: str) -> None:
        await asyncio.sleep(0)
        self._digests[application_id, api_url] = digest

    def _in_order(self) -> list[_Written]:
        # The user's turn first: an answer may be written again later than the question of the next reply.
        keys = sorted(self._turns, key=lambda key: (key[0], key[1] != "user"))
        return [self._turns[key] for key in keys]

    def _quoting(self, ref: MessageRef) -> list[_Written]:
        return [
            written
            for written in self._turns.values()
            if written.turn.quote is not None
            and written.turn.quote.message_id == ref.message_id
            and written.place.channel_id == ref.channel_id
        ]

    def _forget(self, keys: Iterable[tuple[int, _Role]]) -> int:
        present = [key for key in keys if key in self._turns]
        for key in present:
            del self._turns[key]
        return len(present)

    @staticmethod
    def _stored(reply: _Reply) -> StoredReply:
        return replace(reply.stored, messages=tuple(ref for _, ref in sorted(reply.pages.items())))


def _same_place(one: Place, other: Place) -> bool:
    # A channel's id is unique over all guilds, and a message may come without its guild.
    return (one.channel_id, one.private_to) == (other.channel_id, other.private_to)


def _storable(text: str) -> str:
    return text.replace("\0", "").encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
