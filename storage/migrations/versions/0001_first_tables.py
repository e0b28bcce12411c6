"""First tables: replies with their pages, turns with their pictures, asks, command digests.

Written out, not taken from storage/tables.py: a migration must stay what it was when the tables go on.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables."""
    _create_replies()
    _create_turns()
    op.create_table(
        "asks",
        sa.Column("id", _ID, nullable=False),
        sa.Column("author_id", sa.BigInteger, nullable=False),
        sa.Column("at_s", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_asks"),
    )
    op.create_index("ix_asks_author", "asks", ["author_id", "at_s"])
    op.create_index("ix_asks_at", "asks", ["at_s"])
    op.create_table(
        "command_digests",
        sa.Column("application_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("api_url", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("application_id", "api_url", name="pk_command_digests"),
    )


def _create_replies() -> None:
    op.create_table(
        "replies",
        sa.Column("id", _ID, nullable=False),
        sa.Column("event_id", sa.BigInteger, nullable=False),
        sa.Column("channel_id", sa.BigInteger, nullable=False),
        sa.Column("guild_id", sa.BigInteger),
        sa.Column("private_to", sa.BigInteger),
        sa.Column("author_id", sa.BigInteger, nullable=False),
        sa.Column("author_name", sa.Text, nullable=False),
        sa.Column("locale", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("question_channel_id", sa.BigInteger),
        sa.Column("question_message_id", sa.BigInteger),
        sa.Column("claimed_at_s", sa.Double, nullable=False),
        sa.Column("updated_at_s", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_replies"),
        sa.UniqueConstraint("event_id", name="uq_replies_event_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_replies_question", "replies", ["question_message_id", "question_channel_id"])
    op.create_index("ix_replies_updated", "replies", ["updated_at_s"])
    op.create_table(
        "reply_pages",
        sa.Column("reply_id", sa.BigInteger, nullable=False),
        sa.Column("page", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("channel_id", sa.BigInteger, nullable=False),
        sa.Column("message_id", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("reply_id", "page", name="pk_reply_pages"),
        sa.ForeignKeyConstraint(
            ["reply_id"], ["replies.id"], name="fk_reply_pages_reply_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_reply_pages_message", "reply_pages", ["message_id", "channel_id"])


def _create_turns() -> None:
    op.create_table(
        "turns",
        sa.Column("id", _ID, nullable=False),
        sa.Column("reply_id", sa.BigInteger, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("channel_id", sa.BigInteger, nullable=False),
        sa.Column("guild_id", sa.BigInteger),
        sa.Column("private_to", sa.BigInteger),
        sa.Column("author_name", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("complete", sa.Boolean, nullable=False),
        sa.Column("quote_author_name", sa.Text),
        sa.Column("quote_text", sa.Text),
        sa.Column("quote_message_id", sa.BigInteger),
        sa.Column("written_at_s", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_turns"),
        sa.UniqueConstraint("reply_id", "role", name="uq_turns_reply_id_role"),
        sa.ForeignKeyConstraint(["reply_id"], ["replies.id"], name="fk_turns_reply_id", ondelete="CASCADE"),
    )
    op.create_index("ix_turns_place", "turns", ["channel_id", "private_to", "reply_id", "role"])
    op.create_index("ix_turns_guild", "turns", ["guild_id"])
    op.create_index("ix_turns_quote", "turns", ["quote_message_id", "channel_id"])
    op.create_index("ix_turns_written", "turns", ["written_at_s"])
    op.create_table(
        "pictures",
        sa.Column("turn_id", sa.BigInteger, nullable=False),
        sa.Column("position", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("filename", sa.Text, nullable=False),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("width_px", sa.Integer, nullable=False),
        sa.Column("height_px", sa.Integer, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.Column("quoted", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("turn_id", "position", name="pk_pictures"),
        sa.ForeignKeyConstraint(["turn_id"], ["turns.id"], name="fk_pictures_turn_id", ondelete="CASCADE"),
    )
