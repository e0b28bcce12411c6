"""What is deleted or edited on screen, deleted or edited in memory; what is under way for it ends."""

from __future__ import annotations

from conversation.model import MessageRef, Place
from conversation.ports import History
from conversation.thoughts import Thoughts
from conversation.work import Work, Works


class Forgetting:
    """Keeps memory no longer, and no other, than what people see."""

    def __init__(self, works: Works, history: History, thoughts: Thoughts) -> None:
        self._works = works
        self._history = history
        self._thoughts = thoughts

    async def forget(self, place: Place) -> int:
        """Forget what was said in `place`; the number of turns forgotten."""
        self._thoughts.forget_place(place)
        return await self._history.forget(place)

    async def message_deleted(self, channel_id: int, message_id: int) -> None:
        """A message is gone from the screen: end the answer that it asked for or that it shows, and forget it."""
        ref = MessageRef(channel_id, message_id)
        if any(ref in work.taken_away for work in self._works):
            return
        dropped = self._drop_by(ref)
        self._thoughts.forget_message(ref)
        await self._history.forget_message(channel_id, message_id)
        dropped += self._drop_by(ref)  # who came meanwhile may have read what was not forgotten yet
        if dropped:
            await self._works.ended(dropped)
            await self._history.forget_message(channel_id, message_id)  # what they wrote on their way out

    def _drop_by(self, ref: MessageRef) -> list[Work]:
        dropped = self._works.drop("question deleted", lambda work: work.ask.question == ref)
        return dropped + self._works.drop("reply deleted", lambda work: work.shows(ref))

    async def message_edited(self, channel_id: int, message_id: int, text: str, *, quoted: str) -> None:
        """A message was edited: memory holds what it says now, as a question (`text`) and where it is quoted."""
        ref = MessageRef(channel_id, message_id)
        undecided = [work for work in self._works if work.ask.question == ref and not work.decided.is_set()]
        await self._history.revise(channel_id, message_id, text, quoted=quoted)
        for work in undecided:
            await work.decided.wait()  # its claim was on the way to memory, with the words as they were
        if undecided:
            await self._history.revise(channel_id, message_id, text, quoted=quoted)

    async def message_withheld(self, channel_id: int, message_id: int) -> None:
        """A message was edited so that Discord shows it to us no more: what it said is not ours to keep."""
        await self._history.forget_message(channel_id, message_id)

    async def channel_gone(self, channel_id: int) -> None:
        """A channel was deleted: end what is under way in it and forget what was said."""
        dropped = self._works.drop("channel deleted", lambda work: work.ask.place.channel_id == channel_id)
        await self._works.ended(dropped)  # what they wrote on their way out is forgotten, too
        self._thoughts.forget_channel(channel_id)
        await self._history.forget_channel(channel_id)

    async def guild_gone(self, guild_id: int) -> None:
        """The bot was removed from a guild: end what is under way in it and forget what was said."""
        dropped = self._works.drop("guild left", lambda work: work.ask.place.guild_id == guild_id)
        await self._works.ended(dropped)
        self._thoughts.forget_guild(guild_id)
        await self._history.forget_guild(guild_id)
