"""The statements of storage/history.py, made once: to build one costs more than to run it.

A parameter named like a column is a value to write (SET, VALUES); those of conditions have other names.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, bindparam, delete, func, insert, or_, select, update

from storage.tables import asks, pictures, replies, reply_pages, turns

_USER = "user"
_ASSISTANT = "assistant"


def _in_place(*, private: bool) -> ColumnElement[bool]:
    # Without the guild: a channel's id is unique over all of them.
    whose = turns.c.private_to == bindparam("of_person") if private else turns.c.private_to.is_(None)
    return (turns.c.channel_id == bindparam("in_channel")) & whose


# Of each pair, the second is for a private place: in SQL, NULL is equal to nothing.
BEFORE = tuple(
    select(turns)
    .where(_in_place(private=private), turns.c.reply_id < bindparam("before_reply"))
    # Newest first, so the answer comes before its question: "assistant" sorts before "user".
    .order_by(turns.c.reply_id.desc(), turns.c.role)
    .limit(bindparam("at_most"))
    for private in (False, True)
)
FORGET_PLACE = tuple(delete(turns).where(_in_place(private=private)) for private in (False, True))
FORGET_CHANNEL = delete(turns).where(turns.c.channel_id == bindparam("in_channel"))
FORGET_GUILD = delete(turns).where(turns.c.guild_id == bindparam("in_guild"))

_IS_QUESTION = (turns.c.reply_id == bindparam("of_reply")) & (turns.c.role == _USER)
QUESTION = select(turns).where(_IS_QUESTION)
# Locked, so that it is not forgotten before the transaction ends (SQLite has one writer anyway).
LOCK_QUESTION = (
    select(turns.c.id, turns.c.channel_id, turns.c.guild_id, turns.c.private_to, turns.c.quote_text)
    .where(_IS_QUESTION)
    .with_for_update()
)
DELETE_ANSWER = delete(turns).where(turns.c.reply_id == bindparam("of_reply"), turns.c.role == _ASSISTANT)
INSERT_TURN = insert(turns)

LAST_POSITION = select(func.max(pictures.c.position)).where(pictures.c.turn_id == bindparam("of_turn"))
INSERT_PICTURE = insert(pictures)
PICTURES = (
    select(pictures)
    .where(pictures.c.turn_id.in_(bindparam("of_turns", expanding=True)))
    .order_by(pictures.c.turn_id, pictures.c.position)
)

# What one message of Discord's has to do with: the question that it is, the answer that it shows, and quotes of it,
# which always lie in the channel of the question (a forward keeps no id).
_ASKED_BY_IT = turns.c.reply_id.in_(
    select(replies.c.id).where(
        replies.c.question_channel_id == bindparam("in_channel"),
        replies.c.question_message_id == bindparam("of_message"),
    )
)
_SHOWN_BY_IT = turns.c.reply_id.in_(
    select(reply_pages.c.reply_id).where(
        reply_pages.c.channel_id == bindparam("in_channel"),
        reply_pages.c.message_id == bindparam("of_message"),
    )
)
_QUOTES_IT = (turns.c.quote_message_id == bindparam("of_message")) & (
    turns.c.channel_id == bindparam("in_channel")
)
_GOES_WITH_IT = or_(_ASKED_BY_IT, _SHOWN_BY_IT & (turns.c.role == _ASSISTANT))
_IS_IT = _ASKED_BY_IT & (turns.c.role == _USER)
# Looked at before a write: nearly every message that is edited or deleted in a guild is none of ours.
HAS_TO_FORGET = select(turns.c.id).where(or_(_GOES_WITH_IT, _QUOTES_IT)).limit(1)
HAS_TO_REVISE = select(turns.c.id).where(or_(_IS_IT, _QUOTES_IT)).limit(1)
FORGET_WITH_IT = delete(turns).where(_GOES_WITH_IT)
# Locked, so that no quoted picture is added before the quotes are gone.
LOCK_QUOTES = select(turns.c.id).where(_QUOTES_IT).with_for_update()
FORGET_QUOTED_PICTURES = delete(pictures).where(
    pictures.c.turn_id.in_(bindparam("of_turns", expanding=True)), pictures.c.quoted
)
FORGET_QUOTES = (
    update(turns).where(_QUOTES_IT).values(quote_author_name=None, quote_text=None, quote_message_id=None)
)
REVISE = update(turns).where(_IS_IT)
REVISE_QUOTES = update(turns).where(_QUOTES_IT)

PURGE_TURNS = delete(turns).where(turns.c.written_at_s < bindparam("before_s"))
PURGE_REPLIES = delete(replies).where(
    replies.c.updated_at_s < bindparam("before_s"),
    ~select(turns.c.id).where(turns.c.reply_id == replies.c.id).exists(),
)
PURGE_ASKS = delete(asks).where(asks.c.at_s < bindparam("before_s"))
