"""Which processes live, and which have left replies behind: leases in SQL, and what the database sees of them.

A lease is a value that moves. Whoever sees it stand still for LEASE_S takes its process for dead, and sooner where
the database has no connection of it any more. No clock of one machine is compared with another's (docs/adr/0011).
"""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.engine import Connection

from conversation.model import Shards
from storage import _reply_statements
from storage.engine import Database
from storage.tables import owners, replies

LEASE_S = 15.0
LONGEST_GAP_S = 8.0  # between two looks of which the second tells that a lease stood still
KEPT_S = 86_400.0

_IS_IT = owners.c.id == bindparam("of_owner")
_RENEW = update(owners).where(_IS_IT)
_INSERT = insert(owners)
_OTHERS = select(owners.c.id, owners.c.renewed_at_s, owners.c.left_at_s).where(
    owners.c.id != bindparam("of_owner")
)
_AWAY_SINCE = select(func.max(func.coalesce(owners.c.left_at_s, owners.c.renewed_at_s))).where(
    owners.c.id != bindparam("of_owner"), owners.c.slot == bindparam("in_slot"), owners.c.caught_up
)
_FORGET = delete(owners).where(
    owners.c.id != bindparam("of_owner"),
    owners.c.renewed_at_s < bindparam("before_s"),
    owners.c.id.not_in(
        select(replies.c.owner).where(_reply_statements.CLAIMED, replies.c.owner.is_not(None))
    ),
)


class SqlOwners:
    """The port Ownership over a database of storage.engine; every method raises StorageError."""

    def __init__(
        self,
        database: Database,
        now_s: Callable[[], float] = time.time,
        *,
        shards: Shards | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._now_s = now_s
        self._slot = shards.name if shards is not None else "all"
        self._clock = clock
        self._looked_at = float("-inf")
        # By owner: its lease, and since when it is that.
        self._still_since: dict[int, tuple[float, float]] = {}
        self._gone: frozenset[int] = frozenset()

    async def renew(self) -> frozenset[int]:
        """Tell that this process lives, and return those that do not."""
        others = await self._database.write(self._renew)
        gone = await self._database.gone([owner for owner, _, _ in others])
        self._gone = frozenset(owner for owner, _, left_at_s in others if left_at_s is None and owner in gone)
        now = self._clock()
        if now - self._looked_at > LONGEST_GAP_S:
            self._still_since.clear()  # the database was out of reach: they could not renew theirs either, maybe
        self._looked_at = now
        self._still_since = {
            owner: (renewed_at_s, self._since(owner, renewed_at_s, now)) for owner, renewed_at_s, _ in others
        }
        return frozenset(
            owner
            for owner, _, left_at_s in others
            if left_at_s is not None or self._is_dead(owner, now, gone=owner in gone)
        )

    @property
    def certain_in_s(self) -> float | None:
        """In how many seconds `renew` may tell of one more that it is dead; None: all others seem to live."""
        now, certain_after_s = self._clock(), self._database.gone_for_certain_after_s
        waits = (self._still_since[owner][1] + certain_after_s - now for owner in self._gone)
        return min((wait for wait in waits if wait > 0), default=None)

    async def leave(self) -> None:
        """Tell that this process ends, and hand on the replies that it still has."""
        which = {"of_owner": self._database.owner}
        left = {**which, "left_at_s": self._now_s(), "renewed_at_s": self._now_s()}

        def write(connection: Connection) -> None:
            connection.execute(_RENEW, left)
            connection.execute(_reply_statements.HAND_ON_ALL, which)

        await self._database.write(write)

    async def away_since_s(self) -> float | None:
        """Until when a process before this one heard all that was asked in the same shards; None: there was none."""
        which = {"of_owner": self._database.owner, "in_slot": self._slot}

        def load(connection: Connection) -> float | None:
            found: float | None = connection.execute(_AWAY_SINCE, which).scalar_one()
            return found

        return await self._database.read(load)

    async def caught_up(self) -> None:
        """Tell that this process has heard all that was asked before it came."""
        which = {"of_owner": self._database.owner, "caught_up": True}

        def write(connection: Connection) -> None:
            connection.execute(_RENEW, which)

        await self._database.write(write)

    def _renew(self, connection: Connection) -> list[tuple[int, float, float | None]]:
        owner, now_s = self._database.owner, self._now_s()
        which = {"of_owner": owner}
        if not connection.execute(_RENEW, {**which, "renewed_at_s": now_s}).rowcount:
            connection.execute(_INSERT, {"id": owner, "slot": self._slot, "renewed_at_s": now_s})
            connection.execute(_FORGET, {**which, "before_s": now_s - KEPT_S})
        return [(row.id, row.renewed_at_s, row.left_at_s) for row in connection.execute(_OTHERS, which)]

    def _since(self, owner: int, renewed_at_s: float, now: float) -> float:
        lease, since = self._still_since.get(owner, (None, now))
        return since if lease == renewed_at_s else now

    def _is_dead(self, owner: int, now: float, *, gone: bool) -> bool:
        still_s = now - self._still_since[owner][1]
        return still_s >= (self._database.gone_for_certain_after_s if gone else LEASE_S)
