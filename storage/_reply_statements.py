"""The statements of storage/journal.py, made once: to build one costs more than to run it.

A parameter named like a column is a value to write (SET, VALUES); those of conditions have other names.
"""

from __future__ import annotations

from sqlalchemy import (
    ColumnElement,
    Select,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    true,
    update,
)

from conversation.model import ReplyState, Shards
from storage.tables import asks, owners, replies, reply_pages, turns

_IS_IT = replies.c.id == bindparam("of_reply")
INSERT_REPLY = insert(replies).returning(replies.c.id)
INSERT_TURN = insert(turns)
INSERT_ASK = insert(asks)
KNOWS_EVENT = select(replies.c.id).where(replies.c.event_id == bindparam("event"))
TAKE_AGAIN = (
    update(replies)
    .where(_IS_IT, replies.c.state == ReplyState.BROKEN)
    .values(state=ReplyState.CLAIMED, attempt=replies.c.attempt + 1, deaths=0)
    .returning(replies.c.attempt)
)
UPDATE = update(replies).where(_IS_IT)
# Written into the statement, since SQLite uses the partial index for that alone.
CLAIMED = replies.c.state == literal_column(f"'{ReplyState.CLAIMED}'")
HAND_ON = update(replies).where(_IS_IT, CLAIMED).values(owner=None)
GIVE_BACK = (
    update(replies)
    .where(_IS_IT, CLAIMED, replies.c.attempt == bindparam("of_attempt"))
    .values(owner=None, attempt=replies.c.attempt - 1)
)
HAND_ON_ALL = update(replies).where(CLAIMED, replies.c.owner == bindparam("of_owner")).values(owner=None)
TAKE_OVER = (
    update(replies)
    .where(
        _IS_IT,
        CLAIMED,
        replies.c.owner.is_not_distinct_from(bindparam("owner_before")),
        replies.c.attempt == bindparam("attempt_before"),
    )
    .values(
        attempt=replies.c.attempt + 1,
        # What its own process failed to end is no death of it.
        deaths=replies.c.deaths
        + case((or_(replies.c.owner.is_(None), replies.c.owner == bindparam("of_owner")), 0), else_=1),
    )
    .returning(replies.c.attempt)
)
_IS_PAGE_OF_IT = reply_pages.c.reply_id == bindparam("of_reply")
_IS_MESSAGE = (reply_pages.c.channel_id == bindparam("in_channel")) & (
    reply_pages.c.message_id == bindparam("of_message")
)
DELETE_PAGE = delete(reply_pages).where(_IS_PAGE_OF_IT, reply_pages.c.page == bindparam("number"))
DELETE_MESSAGE = delete(reply_pages).where(_IS_PAGE_OF_IT, _IS_MESSAGE)
INSERT_PAGE = insert(reply_pages)
PAGES = (
    select(reply_pages.c.channel_id, reply_pages.c.message_id)
    .where(_IS_PAGE_OF_IT)
    .order_by(reply_pages.c.page)
)
_NEWEST = select(replies).order_by(replies.c.id.desc()).limit(1)
FIND = _NEWEST.where(_IS_IT)
FIND_SHOWING = _NEWEST.where(replies.c.id.in_(select(reply_pages.c.reply_id).where(_IS_MESSAGE)))
FIND_ASKED_BY = _NEWEST.where(
    replies.c.question_channel_id == bindparam("in_channel"),
    replies.c.question_message_id == bindparam("of_message"),
)
ASKED_SINCE = (
    select(asks.c.at_s)
    .where(asks.c.author_id == bindparam("author"), asks.c.at_s >= bindparam("since_s"))
    .order_by(asks.c.at_s)
)

_GUILDS_BEFORE_SHARDS = 1 << 22  # Discord: shard = (guild_id >> 22) % count


def _of_shards(shards: Shards | None) -> ColumnElement[bool]:
    if shards is None:
        return true()
    shard = (replies.c.guild_id // _GUILDS_BEFORE_SHARDS) % shards.count
    theirs = shard.in_(sorted(shards.ids))
    return or_(theirs, replies.c.guild_id.is_(None)) if 0 in shards.ids else theirs


def left(shards: Shards | None) -> Select[*tuple[object, ...]]:
    """What a process of these shards should repair."""
    return (
        select(replies)
        .where(
            CLAIMED,
            _of_shards(shards),
            or_(
                replies.c.owner.is_(None),
                replies.c.owner.in_(bindparam("dead", expanding=True)),
                (replies.c.owner == bindparam("of_owner"))
                & (replies.c.updated_at_s < bindparam("before_s"))
                & replies.c.id.not_in(bindparam("in_flight", expanding=True)),
                replies.c.owner.not_in(
                    select(owners.c.id).union_all(select(bindparam("of_owner", type_=owners.c.id.type)))
                ),
            ),
        )
        .order_by(replies.c.id)
        .limit(bindparam("at_most"))
    )


def places_since(shards: Shards | None) -> Select[*tuple[object, ...]]:
    """Where something happened lately."""
    return (
        select(replies.c.channel_id, replies.c.guild_id)
        .where(
            replies.c.updated_at_s >= bindparam("since_s"), replies.c.private_to.is_(None), _of_shards(shards)
        )
        .group_by(replies.c.channel_id, replies.c.guild_id)
        .order_by(func.max(replies.c.updated_at_s).desc())
        .limit(bindparam("at_most"))
    )
