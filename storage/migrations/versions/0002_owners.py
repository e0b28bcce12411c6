"""Who works on a reply, and what finds it again after a death.

Replies that were `claimed` before belong to nobody: the first process that starts repairs them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_CLAIMED = sa.text("state = 'claimed'")


def upgrade() -> None:
    """Add the owners, and the columns of replies that speak of them."""
    op.create_table(
        "owners",
        sa.Column("id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("slot", sa.Text, nullable=False),
        sa.Column("renewed_at_s", sa.Double, nullable=False),
        sa.Column("left_at_s", sa.Double),
        sa.Column("caught_up", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.PrimaryKeyConstraint("id", name="pk_owners"),
    )
    op.add_column("replies", sa.Column("owner", sa.BigInteger))
    op.add_column("replies", sa.Column("deaths", sa.Integer, nullable=False, server_default=sa.text("0")))
    op.add_column("replies", sa.Column("files", sa.Integer, nullable=False, server_default=sa.text("0")))
    op.add_column("replies", sa.Column("way_back", sa.LargeBinary))
    op.add_column("replies", sa.Column("way_back_ends_at_s", sa.Double))
    op.create_index("ix_replies_claimed", "replies", ["id"], sqlite_where=_CLAIMED, postgresql_where=_CLAIMED)
