"""Who may ask, and how much: permissions, quotas, queue length -> a refusal or nothing; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from conversation.model import Place, Refusal

HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Rules:
    """What the operator allows."""

    allowed_guilds: frozenset[int] = frozenset()  # empty: all
    questions_per_user_hour: int = 60  # 0: no limit
    waiting_per_place: int = 3


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known when a question comes in."""

    in_line: int  # questions of this place that are being answered or wait
    asked_at: Sequence[float]  # when this person asked in the last hour, epoch seconds, oldest first
    now_s: float
    shares_allowed_guild: bool = True


def refuse_place(place: Place, rules: Rules, *, shares_allowed_guild: bool) -> Refusal | None:
    """Refuse what comes from outside the servers that the operator opened the bot to."""
    if not rules.allowed_guilds:
        return None
    if place.guild_id is None:
        return None if shares_allowed_guild else Refusal("dm-not-allowed")
    return None if place.guild_id in rules.allowed_guilds else Refusal("guild-not-allowed")


def refuse_queue(rules: Rules, *, in_line: int) -> Refusal | None:
    """Refuse a question that would wait behind too many others."""
    if in_line > rules.waiting_per_place:
        return Refusal("queue-full", {"waiting": rules.waiting_per_place})
    return None


def refuse_quota(rules: Rules, *, asked_at: Sequence[float], now_s: float) -> Refusal | None:
    """Refuse a person whose questions of the last hour are used up, and say when the oldest leaves it."""
    limit = rules.questions_per_user_hour
    recent = [at for at in asked_at if at > now_s - HOUR_S]
    if limit == 0 or len(recent) < limit:
        return None
    return Refusal("quota-spent", {"limit": limit}, retry_at=recent[-limit] + HOUR_S)


def admit(place: Place, facts: Facts, rules: Rules) -> Refusal | None:
    """The first reason not to answer, or None: the place, then the queue, then the person's quota."""
    return (
        refuse_place(place, rules, shares_allowed_guild=facts.shares_allowed_guild)
        or refuse_queue(rules, in_line=facts.in_line)
        or refuse_quota(rules, asked_at=facts.asked_at, now_s=facts.now_s)
    )
