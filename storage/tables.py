"""The tables, portable between SQLite and PostgreSQL; a migration under migrations/ goes with each change.

Times are epoch seconds, ids are Discord's unless they are named `id` or `reply_id`.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

__all__ = ["asks", "command_digests", "metadata", "owners", "pictures", "replies", "reply_pages", "turns"]

# Constraints need names that are the same in every database, so that a later migration can drop them.
metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)

# SQLite counts up a key by itself only where its type is spelled INTEGER (64 bits all the same).
_Id = BigInteger().with_variant(Integer, "sqlite")

_CLAIMED = text("state = 'claimed'")

replies = Table(
    "replies",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("event_id", BigInteger, nullable=False, unique=True),
    Column("channel_id", BigInteger, nullable=False),
    Column("guild_id", BigInteger),
    Column("private_to", BigInteger),
    Column("author_id", BigInteger, nullable=False),
    Column("author_name", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("question_channel_id", BigInteger),
    Column("question_message_id", BigInteger),
    Column("claimed_at_s", Double, nullable=False),
    Column("updated_at_s", Double, nullable=False),
    # Who works on it: an id of `owners`; NULL where it was left to whoever comes.
    Column("owner", BigInteger),
    Column("deaths", Integer, nullable=False, server_default=text("0")),
    Column("files", Integer, nullable=False, server_default=text("0")),
    Column("way_back", LargeBinary),  # sealed
    Column("way_back_ends_at_s", Double),
    Index("ix_replies_question", "question_message_id", "question_channel_id"),
    Index("ix_replies_updated", "updated_at_s"),
    # What is under way is a handful of rows among millions, and is looked for every few seconds.
    Index("ix_replies_claimed", "id", sqlite_where=_CLAIMED, postgresql_where=_CLAIMED),
    # Replies are ordered by id, so an id must never be given out again after a purge.
    sqlite_autoincrement=True,
)

reply_pages = Table(
    "reply_pages",
    metadata,
    Column("reply_id", BigInteger, ForeignKey("replies.id", ondelete="CASCADE"), primary_key=True),
    Column("page", Integer, primary_key=True, autoincrement=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("message_id", BigInteger, nullable=False),
    Index("ix_reply_pages_message", "message_id", "channel_id"),
)

asks = Table(
    "asks",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("author_id", BigInteger, nullable=False),
    Column("at_s", Double, nullable=False),
    Index("ix_asks_author", "author_id", "at_s"),
    Index("ix_asks_at", "at_s"),
)

# A turn repeats the place of its reply: replies outlive forgotten turns, and recall, which runs once a
# question, must not walk over them.
turns = Table(
    "turns",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("reply_id", BigInteger, ForeignKey("replies.id", ondelete="CASCADE"), nullable=False),
    Column("role", Text, nullable=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("guild_id", BigInteger),
    Column("private_to", BigInteger),
    Column("author_name", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("complete", Boolean, nullable=False),
    Column("quote_author_name", Text),
    Column("quote_text", Text),
    Column("quote_message_id", BigInteger),
    Column("written_at_s", Double, nullable=False),
    UniqueConstraint("reply_id", "role"),
    Index("ix_turns_place", "channel_id", "private_to", "reply_id", "role"),
    Index("ix_turns_guild", "guild_id"),
    Index("ix_turns_quote", "quote_message_id", "channel_id"),
    Index("ix_turns_written", "written_at_s"),
)

pictures = Table(
    "pictures",
    metadata,
    Column("turn_id", BigInteger, ForeignKey("turns.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("filename", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("width_px", Integer, nullable=False),
    Column("height_px", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("quoted", Boolean, nullable=False),
)

# The processes: each renews its row while it lives. A `slot` names the shards that it answers for.
owners = Table(
    "owners",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("slot", Text, nullable=False),
    Column("renewed_at_s", Double, nullable=False),
    Column("left_at_s", Double),
    # Whether it has read what was asked before it came; until then, what it missed is missed.
    Column("caught_up", Boolean, nullable=False, server_default=false()),
)

command_digests = Table(
    "command_digests",
    metadata,
    Column("application_id", BigInteger, primary_key=True, autoincrement=False),
    Column("api_url", Text, primary_key=True),
    Column("digest", Text, nullable=False),
)
