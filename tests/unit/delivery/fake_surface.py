"""A channel of Discord with its limits, and a surface over it that answers as discord.py does.

The surface repeats a request inside where discord.py would, sleeps after a bucket's last slot where discord.py
would, and shows the ledger each response in the task of its call, as the trace of the HTTP session does.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeVar

from delivery.ledger import Ledger, create_lane, current_attempt, edit_lane
from delivery.surface import (
    Attachment,
    MessageRef,
    Offer,
    SurfaceForbidden,
    SurfaceGone,
    SurfaceRefused,
    SurfaceUnsure,
)
from tests.unit.virtual_time import now_s

T = TypeVar("T")
Kind = Literal["create", "edit", "delete", "typing", "find"]

CHANNEL_ID = 100
RETRIED_BY_DISCORD_PY = (500, 502, 504)
NONCE_REMEMBERED_S = 180.0


# What can go wrong with one request -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Status:
    """Discord answers this instead; a 5xx may or may not have taken effect."""

    code: int
    took_effect: bool = False
    retry_after_s: float = 1.0
    scope: str = "shared"


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection is reset, before or after the effect."""

    took_effect: bool


@dataclass(frozen=True, slots=True)
class Silent:
    """No answer ever comes."""

    took_effect: bool = False


@dataclass(frozen=True, slots=True)
class Slow:
    """The way takes longer than usual, there or back: requests and answers overtake each other."""

    there_s: float
    back_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Torn:
    """The body comes in pieces, so that the trace cannot read the message's id from it."""


Fault = Status | Lost | Silent | Slow | Torn


# Limits -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Grant:
    """What a bucket says to one request."""

    allowed: bool
    headers: dict[str, str]
    remaining: int
    wait_s: float


class Bucket(Protocol):
    """One of Discord's limits."""

    def hit(self, now: float) -> Grant:
        """Count a request that arrives now."""
        ...


def _grant(*, allowed: bool, limit: int, remaining: int, reset_after_s: float, retry_after_s: float) -> Grant:
    headers = {
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": str(remaining),
        "X-RateLimit-Reset-After": f"{reset_after_s:.3f}",
    }
    if not allowed:
        headers |= {"Retry-After": str(math.ceil(retry_after_s)), "X-RateLimit-Scope": "user"}
    return Grant(allowed, headers, remaining, reset_after_s if allowed else retry_after_s)


@dataclass(slots=True)
class FixedWindow:
    """`limit` requests in each window, which begins with its first request."""

    limit: int = 5
    span_s: float = 5.0
    _ends_at: float = float("-inf")
    _used: int = 0

    def hit(self, now: float) -> Grant:
        if now >= self._ends_at:
            self._ends_at, self._used = now + self.span_s, 0
        left_s = self._ends_at - now
        allowed = self._used < self.limit
        self._used += allowed
        return _grant(
            allowed=allowed,
            limit=self.limit,
            remaining=self.limit - self._used,
            reset_after_s=left_s,
            retry_after_s=left_s,
        )


@dataclass(slots=True)
class LeakyBucket:
    """`limit` slots, of which one comes back every `slot_s`; Reset-After is the time until all are back."""

    limit: int = 5
    slot_s: float = 1.0
    _used: float = 0.0
    _seen_at: float = 0.0

    def hit(self, now: float) -> Grant:
        self._used = max(0.0, self._used - (now - self._seen_at) / self.slot_s)
        self._seen_at = now
        allowed = self._used <= self.limit - 1 + 1e-9
        self._used += allowed
        return _grant(
            allowed=allowed,
            limit=self.limit,
            remaining=max(0, math.floor(self.limit - self._used + 1e-9)),
            reset_after_s=self._used * self.slot_s,
            retry_after_s=(self._used - self.limit + 1) * self.slot_s,
        )


@dataclass(frozen=True, slots=True)
class Unlimited:
    """A route whose answers carry no rate limit headers."""

    def hit(self, now: float) -> Grant:
        return Grant(allowed=True, headers={}, remaining=1, wait_s=0.0)


# The channel ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it reached Discord."""

    at_s: float
    kind: Kind
    status: int
    message_id: int | None = None
    content: str = ""
    nonce: str = ""


@dataclass(slots=True)
class FakeDiscordChannel:
    """Messages on a screen, the limits of their routes, and faults to come."""

    creates: Bucket = field(default_factory=FixedWindow)
    edits: Bucket = field(default_factory=FixedWindow)
    latency_s: float = 0.05  # one way
    requests: list[Request] = field(default_factory=list)
    messages: dict[int, str] = field(default_factory=dict)
    offers: dict[int, tuple[Offer, ...]] = field(default_factory=dict)
    history: dict[int, list[str]] = field(default_factory=dict)
    nonces: dict[str, tuple[int, float]] = field(default_factory=dict)
    faults: dict[Kind, deque[Fault]] = field(default_factory=dict)
    last_id: int = 1_000

    def fails(self, kind: Kind, *faults: Fault) -> None:
        """Answer the next requests of this kind with `faults`, in order."""
        self.faults.setdefault(kind, deque()).extend(faults)

    def next_fault(self, kind: Kind) -> Fault | None:
        waiting = self.faults.get(kind)
        return waiting.popleft() if waiting else None

    def bucket(self, kind: Kind) -> Bucket:
        return {"create": self.creates, "edit": self.edits}.get(kind, Unlimited())

    def screen(self) -> list[str]:
        """What people see, oldest message first."""
        return [self.messages[message_id] for message_id in sorted(self.messages)]

    def statuses(self, kind: Kind | None = None) -> list[int]:
        """How the requests of this kind were answered, in order; those never answered are not among them."""
        return [request.status for request in self.requests if kind in (None, request.kind)]

    def times(self, kind: Kind) -> list[float]:
        """When the requests of this kind took effect."""
        return [request.at_s for request in self.requests if request.kind == kind and request.status == 200]

    # Effects

    def post(self, content: str, nonce: str, offers: tuple[Offer, ...]) -> MessageRef:
        """A new message, or the old one where Discord remembers the nonce."""
        known = self.nonces.get(nonce)
        if known is not None and now_s() - known[1] < NONCE_REMEMBERED_S:
            return MessageRef(CHANNEL_ID, known[0])
        self.last_id += 1
        self.nonces[nonce] = (self.last_id, now_s())
        self._show(self.last_id, content, offers)
        return MessageRef(CHANNEL_ID, self.last_id)

    def change(self, message_id: int, content: str, offers: tuple[Offer, ...]) -> None:
        if message_id not in self.messages:
            raise SurfaceGone("Discord answered 404 with code 10008")
        self._show(message_id, content, offers)

    def remove(self, message_id: int) -> None:
        """Delete a message, as we do or as a person does."""
        self.messages.pop(message_id, None)
        self.offers.pop(message_id, None)

    def _show(self, message_id: int, content: str, offers: tuple[Offer, ...]) -> None:
        self.messages[message_id] = content
        self.history.setdefault(message_id, []).append(content)
        self.offers.pop(message_id, None)
        if offers:
            self.offers[message_id] = offers


class FakeSurface:
    """A reply in a FakeDiscordChannel, with discord.py's habits between them."""

    wraps_urls = False
    takes_files = True

    def __init__(
        self,
        discord: FakeDiscordChannel,
        ledger: Ledger,
        *,
        limit_chars: int = 2_000,
        repeatable: bool = True,
        ends_at_s: float | None = None,
    ) -> None:
        self.discord = discord
        self.limit_chars = limit_chars
        self.ends_at_s = ends_at_s
        self.waits: list[bool] = []
        self._ledger = ledger
        self._repeatable = repeatable

    def repeatable(self, page: int) -> bool:
        return self._repeatable

    def create_lanes(self, page: int) -> tuple[str, ...]:
        return (create_lane(CHANNEL_ID),)

    def edit_lanes(self, ref: MessageRef) -> tuple[str, ...]:
        return (edit_lane(ref.channel_id),)

    async def create(
        self,
        page: int,
        content: str,
        *,
        nonce: str,
        offers: tuple[Offer, ...] = (),
        attachment: Attachment | None = None,
    ) -> MessageRef:
        assert len(nonce) <= 25
        self._check(content)

        def effect() -> MessageRef:
            return self.discord.post(content, nonce, offers)

        path = f"/api/v10/channels/{CHANNEL_ID}/messages"
        return await self._request("POST", path, "create", effect, content=content, nonce=nonce)

    async def edit(
        self,
        ref: MessageRef,
        content: str,
        *,
        offers: tuple[Offer, ...] = (),
        attachment: Attachment | None = None,
    ) -> None:
        self._check(content)

        def effect() -> MessageRef:
            self.discord.change(ref.message_id, content, offers)
            return ref

        path = f"/api/v10/channels/{ref.channel_id}/messages/{ref.message_id}"
        await self._request("PATCH", path, "edit", effect, content=content)

    async def delete(self, ref: MessageRef) -> None:
        def effect() -> MessageRef:
            self.discord.remove(ref.message_id)
            return ref

        path = f"/api/v10/channels/{ref.channel_id}/messages/{ref.message_id}"
        await self._request("DELETE", path, "delete", effect)

    async def find(self, page: int, *, nonce: str, content: str) -> MessageRef | None:
        def effect() -> MessageRef | None:
            known = self.discord.nonces.get(nonce)
            return MessageRef(CHANNEL_ID, known[0]) if known and known[0] in self.discord.messages else None

        return await self._request("GET", f"/api/v10/channels/{CHANNEL_ID}/messages", "find", effect)

    async def typing(self) -> None:
        await self._request("POST", f"/api/v10/channels/{CHANNEL_ID}/typing", "typing", lambda: None)

    async def waiting(self, shown: bool) -> None:
        self.waits.append(shown)

    def _check(self, content: str) -> None:
        if not content.strip() or len(content.encode("utf-16-le")) // 2 > self.limit_chars:
            raise SurfaceRefused("Discord answered 400 with code 50035")

    async def _request(
        self,
        method: str,
        path: str,
        kind: Kind,
        effect: Callable[[], T],
        *,
        content: str = "",
        nonce: str = "",
    ) -> T:
        """One call of discord.py: up to five requests."""
        discord = self.discord

        def record(status: int, message_id: int | None = None) -> None:
            discord.requests.append(Request(now_s(), kind, status, message_id, content, nonce))

        for again in range(5):
            self._ledger.started(path)
            await asyncio.sleep(discord.latency_s)
            fault = discord.next_fault(kind)
            if isinstance(fault, Slow):
                await asyncio.sleep(fault.there_s)
            if isinstance(fault, Lost | Silent | Status) and getattr(fault, "took_effect", False):
                effect()
            if isinstance(fault, Lost):
                raise SurfaceUnsure("ClientOSError")
            if isinstance(fault, Silent):
                await asyncio.get_running_loop().create_future()
            if isinstance(fault, Status):
                record(fault.code)
                await self._answered(method, path, fault.code, _headers(fault))
                await self._after(fault, again)
                continue
            grant = discord.bucket(kind).hit(now_s())
            if not grant.allowed:
                record(429)
                await self._answered(method, path, 429, grant.headers)
                await asyncio.sleep(grant.wait_s)
                continue
            try:
                result = effect()
            except SurfaceGone:
                record(404)
                await self._answered(method, path, 404, grant.headers)
                raise
            record(200, result.message_id if isinstance(result, MessageRef) else None)
            await asyncio.sleep(fault.back_s if isinstance(fault, Slow) else 0)
            await self._answered(method, path, 200, grant.headers)
            attempt = current_attempt.get()
            if attempt is not None and isinstance(result, MessageRef) and not isinstance(fault, Torn):
                attempt.shows(result.channel_id, result.message_id)
            if grant.remaining == 0:
                await asyncio.sleep(grant.wait_s)  # discord.py's sleep after a bucket's last slot
            return result
        raise SurfaceUnsure("Discord answered five times with an error")

    async def _answered(self, method: str, path: str, status: int, headers: dict[str, str]) -> None:
        await asyncio.sleep(self.discord.latency_s)
        self._ledger.observe(method, path, status, headers)

    @staticmethod
    async def _after(fault: Status, again: int) -> None:
        """What discord.py does with an error: sleep and go on, or raise."""
        told = f"Discord answered {fault.code}"
        if fault.code == 429:
            await asyncio.sleep(fault.retry_after_s)
        elif fault.code in RETRIED_BY_DISCORD_PY:
            await asyncio.sleep(1 + 2 * again)
        elif fault.code >= 500:
            raise SurfaceUnsure(told)
        elif fault.code == 404:
            raise SurfaceGone(told)
        elif fault.code == 403:
            raise SurfaceForbidden(told)
        else:
            raise SurfaceRefused(told)


def _headers(fault: Status) -> dict[str, str]:
    if fault.code != 429:
        return {}
    return {"Retry-After": str(math.ceil(fault.retry_after_s)), "X-RateLimit-Scope": fault.scope}
