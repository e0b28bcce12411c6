"""Who may ask, and how much."""

from __future__ import annotations

import pytest

from conversation.admit import HOUR_S, Facts, Rules, admit
from conversation.model import Ask, Author, Place

NOW_S = 1_800_000_000.0
IN_GUILD = Ask(1, Place(10, guild_id=5), Author(2, "Ada"), "Why?")
IN_DM = Ask(1, Place(11), Author(2, "Ada"), "Why?")


def facts(*asked_ago_s: float, in_line: int = 0, shares: bool = True) -> Facts:
    return Facts(in_line, sorted(NOW_S - ago_s for ago_s in asked_ago_s), NOW_S, shares)


def kind(ask: Ask, known: Facts, rules: Rules) -> str | None:
    refusal = admit(ask.place, known, rules)
    return refusal.kind if refusal else None


def test_everybody_may_ask_where_the_operator_names_no_guild() -> None:
    """Allowed guilds are a fence that one has to put up."""
    assert admit(IN_GUILD.place, facts(), Rules()) is None
    assert admit(IN_DM.place, facts(shares=False), Rules()) is None


@pytest.mark.parametrize(
    ("ask", "allowed", "shares", "expected"),
    [
        (IN_GUILD, {5}, False, None),
        (IN_GUILD, {6}, True, "guild-not-allowed"),
        (IN_DM, {6}, True, None),
        (IN_DM, {6}, False, "dm-not-allowed"),
    ],
)
def test_a_stranger_spends_none_of_the_operators_money(
    ask: Ask, allowed: set[int], shares: bool, expected: str | None
) -> None:
    """A direct message comes from nowhere; a common guild vouches for its sender."""
    assert kind(ask, facts(shares=shares), Rules(frozenset(allowed))) == expected


def test_at_most_three_wait() -> None:
    """One is being answered, three wait, and the fifth is told so."""
    assert kind(IN_GUILD, facts(in_line=3), Rules()) is None
    assert kind(IN_GUILD, facts(in_line=4), Rules()) == "queue-full"


def test_a_spent_quota_says_when_the_next_question_is_free() -> None:
    """Not when the oldest leaves the hour: two may have to."""
    refusal = admit(IN_GUILD.place, facts(3000, 2000, 1000), Rules(questions_per_user_hour=2))

    assert refusal is not None
    assert refusal.kind == "quota-spent"
    assert refusal.retry_at == NOW_S - 2000 + HOUR_S
    assert refusal.values == {"limit": 2}


def test_questions_older_than_an_hour_cost_nothing() -> None:
    """The hour slides."""
    assert admit(IN_GUILD.place, facts(HOUR_S, HOUR_S + 1), Rules(questions_per_user_hour=1)) is None


def test_a_quota_of_zero_is_none() -> None:
    """An operator who pays nothing limits nobody."""
    assert admit(IN_GUILD.place, facts(*range(500)), Rules(questions_per_user_hour=0)) is None
