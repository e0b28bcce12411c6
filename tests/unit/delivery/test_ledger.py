"""What the ledger learns from response headers, and what it then allows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

import pytest

from delivery.ledger import (
    IDLE_LANES_KEPT,
    Attempt,
    Ledger,
    Pace,
    create_lane,
    current_attempt,
    edit_lane,
    lane_of,
    outside_global_limit,
    webhook_channel_lane,
    webhook_lane,
)

LANE = edit_lane(1)
PATH = "/api/v10/channels/1/messages/2"
TOKEN = "aW50ZXJhY3Rpb246c2VjcmV0"


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.at_s = 1_000.0

    def __call__(self) -> float:
        return self.at_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(clock: Clock) -> Ledger:
    return Ledger(clock=clock)


@contextmanager
def attempt_on(ledger: Ledger, *lanes: str) -> Iterator[Attempt]:
    """A request of ours under way, as the scheduler makes it."""
    ledger.take(lanes)
    attempt = Attempt(lanes, lambda: None)
    before = current_attempt.set(attempt)
    try:
        yield attempt
    finally:
        current_attempt.reset(before)


def limits(limit: int, remaining: int, reset_after_s: float) -> dict[str, str]:
    """The headers of an ordinary answer."""
    return {
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": str(remaining),
        "X-RateLimit-Reset-After": str(reset_after_s),
    }


def edited(ledger: Ledger, remaining: int, reset_after_s: float, *, limit: int = 5) -> None:
    """One edit, sent and answered at once."""
    with attempt_on(ledger, LANE):
        ledger.observe("PATCH", PATH, 200, limits(limit, remaining, reset_after_s))


def wait_s(ledger: Ledger, clock: Clock, *lanes: str, spare: int = 0, pace: Pace | None = None) -> float:
    """How long the next request has to wait."""
    return ledger.ready_at(lanes or (LANE,), clock(), spare=spare, pace=pace) - clock()


def test_a_request_on_the_wire_finds_its_lane() -> None:
    """The trace sees a method and a path only; a wrong lane would teach one limit to another."""
    base = "/api/v10"
    assert lane_of("POST", f"{base}/channels/7/messages") == create_lane(7)
    assert lane_of("PATCH", f"{base}/channels/7/messages/9") == edit_lane(7)
    assert lane_of("PATCH", f"{base}/webhooks/5/{TOKEN}/messages/@original") == webhook_lane(TOKEN)
    assert lane_of("POST", f"{base}/webhooks/5/{TOKEN}") == webhook_lane(TOKEN)
    assert lane_of("DELETE", f"{base}/channels/7/messages/9") is None
    assert lane_of("GET", f"{base}/channels/7/messages") is None
    assert lane_of("POST", f"{base}/channels/7/typing") is None


def test_the_lane_of_an_interaction_does_not_name_its_token() -> None:
    """Lanes may stand in logs and metrics, and a token lets anybody answer in our name."""
    assert TOKEN not in webhook_lane(TOKEN)


def test_interactions_are_outside_the_global_limit() -> None:
    """Discord does not count them, so neither may we: it would slow everything else."""
    assert outside_global_limit("/api/v10/interactions/1/t/callback")
    assert outside_global_limit(f"/api/v10/webhooks/5/{TOKEN}")
    assert not outside_global_limit("/api/v10/channels/1/messages")


def test_an_unknown_lane_allows_its_default_at_once(ledger: Ledger, clock: Clock) -> None:
    """The first message of a reply must not wait for anything."""
    assert wait_s(ledger, clock) == 0.0


def test_requests_in_flight_count_before_they_are_answered(ledger: Ledger, clock: Clock) -> None:
    """Else a burst would leave before its first answer could forbid it."""
    edited(ledger, remaining=4, reset_after_s=5.0)
    for _ in range(4):
        assert wait_s(ledger, clock) == 0.0
        ledger.take((LANE,))

    assert wait_s(ledger, clock) > 0


def test_an_unknown_lane_is_asked_by_one_request_alone(ledger: Ledger, clock: Clock) -> None:
    """Its limit may be one, and discord.py would let no second one out either."""
    ledger.take((LANE,))
    assert wait_s(ledger, clock) > 0

    ledger.give_back((LANE,))
    assert wait_s(ledger, clock) == 0.0


def test_a_spent_window_opens_when_the_headers_said(ledger: Ledger, clock: Clock) -> None:
    """Reset-After is the only clock that both sides share."""
    edited(ledger, remaining=0, reset_after_s=3.5)

    assert wait_s(ledger, clock) == 3.5
    clock.at_s += 3.5
    assert wait_s(ledger, clock) == 0.0


def test_progress_leaves_the_last_slot_free(ledger: Ledger, clock: Clock) -> None:
    """The final edit takes it without waiting."""
    edited(ledger, remaining=1, reset_after_s=3.0)

    assert wait_s(ledger, clock, spare=1) == 3.0
    assert wait_s(ledger, clock, spare=0) == 0.0


def test_a_limit_of_one_still_lets_progress_through(ledger: Ledger, clock: Clock) -> None:
    """Keeping one of one slots free would silence the reply until its end."""
    edited(ledger, remaining=0, reset_after_s=1.0, limit=1)
    clock.at_s += 1.0

    assert wait_s(ledger, clock, spare=1) == 0.0
    assert wait_s(ledger, clock, spare=1, pace=Pace.EVEN) == pytest.approx(1.0)


@pytest.mark.parametrize(("limit", "step_s"), [(5, 1.25), (2, 5.0), (3, 2.5)])
def test_progress_keeps_an_even_pace(ledger: Ledger, clock: Clock, limit: int, step_s: float) -> None:
    """Four edits at once and then a stall of seconds reads worse than a steady growth."""
    edited(ledger, remaining=limit - 1, reset_after_s=5.0, limit=limit)

    assert wait_s(ledger, clock, spare=1, pace=Pace.EVEN) == pytest.approx(step_s)


def test_answers_that_overtook_each_other_count_the_lowest(ledger: Ledger, clock: Clock) -> None:
    """The answer that says "1 left" was given later, whenever it arrives."""
    ledger.take((LANE,))
    edited(ledger, remaining=1, reset_after_s=4.0)
    ledger.give_back((LANE,))
    edited(ledger, remaining=3, reset_after_s=4.2)

    assert wait_s(ledger, clock, spare=1) > 4.0


def test_a_late_answer_of_the_last_window_does_not_reopen_this_one(ledger: Ledger, clock: Clock) -> None:
    """Its reset is near and its slots are gone: believing it would forget what this window already spent."""
    edited(ledger, remaining=4, reset_after_s=5.0)
    with attempt_on(ledger, LANE):
        clock.at_s += 5.0
        for remaining in (4, 3, 2, 1, 0):
            edited(ledger, remaining=remaining, reset_after_s=5.0)
        ledger.observe("PATCH", PATH, 200, limits(5, 3, 0.01))

    clock.at_s += 0.02
    assert wait_s(ledger, clock) > 4.9


def test_a_request_in_flight_over_the_reset_counts_in_the_new_window(ledger: Ledger, clock: Clock) -> None:
    """Nobody knows in which window Discord will count it; the new one is the careful guess."""
    edited(ledger, remaining=0, reset_after_s=1.0)
    ledger.take((LANE,))
    clock.at_s += 1.0

    for _ in range(4):
        assert wait_s(ledger, clock) == 0.0
        ledger.take((LANE,))
    assert wait_s(ledger, clock) > 0


def test_answers_without_headers_are_counted_by_us(ledger: Ledger, clock: Clock) -> None:
    """A proxy may strip headers, and errors have none."""
    for _ in range(5):
        with attempt_on(ledger, LANE):
            ledger.observe("PATCH", PATH, 500, {})

    assert wait_s(ledger, clock) == pytest.approx(5.0)


def test_headers_that_are_no_numbers_do_no_harm(ledger: Ledger, clock: Clock) -> None:
    """A broken proxy must not take the bot down; what cannot be read is taken for the worst."""
    with attempt_on(ledger, LANE) as attempt:
        ledger.observe(
            "PATCH",
            PATH,
            200,
            {
                "X-RateLimit-Limit": "many",
                "X-RateLimit-Remaining": "some",
                "X-RateLimit-Reset-After": "soon",
            },
        )

    assert attempt.succeeded
    assert wait_s(ledger, clock) == pytest.approx(5.0)


def test_a_429_closes_the_lane_for_as_long_as_it_says(ledger: Ledger, clock: Clock) -> None:
    """Shadow limits show only so, and for longer than the headers of other answers suggest."""
    with attempt_on(ledger, LANE) as attempt:
        ledger.observe("PATCH", PATH, 429, {"Retry-After": "60", "X-RateLimit-Scope": "shared"})

    assert not attempt.succeeded
    assert wait_s(ledger, clock) == 60.0
    assert ledger.counts.rate_limited == {"shared": 1}


def test_an_answer_that_was_under_way_does_not_lift_a_429(ledger: Ledger, clock: Clock) -> None:
    """Its headers know nothing of the shadow limit, and the next request would be refused again."""
    ledger.take((LANE,))
    with attempt_on(ledger, LANE):
        ledger.observe("PATCH", PATH, 429, {"Retry-After": "60", "X-RateLimit-Scope": "shared"})
    ledger.give_back((LANE,))
    edited(ledger, remaining=3, reset_after_s=4.0)

    assert wait_s(ledger, clock) == 60.0


def test_a_429_without_headers_waits_a_window(ledger: Ledger, clock: Clock) -> None:
    """Cloudflare's have neither scope nor a time."""
    with attempt_on(ledger, LANE):
        ledger.observe("PATCH", PATH, 429, {})

    assert wait_s(ledger, clock) == 5.0
    assert ledger.counts.rate_limited == {"unknown": 1}


def test_a_global_429_pauses_all(ledger: Ledger, clock: Clock) -> None:
    """It is about the bot and not about the route, which need not even be known."""
    ledger.observe(
        "POST", "/api/v10/channels/1/typing", 429, {"Retry-After": "2", "X-RateLimit-Scope": "global"}
    )

    assert ledger.paused_until == clock() + 2.0


def test_requests_that_are_not_ours_count_too(ledger: Ledger, clock: Clock) -> None:
    """Discord counts them, whoever in the bot sent them."""
    ledger.observe("PATCH", PATH, 200, limits(5, 0, 2.0))

    assert wait_s(ledger, clock) == 2.0


def test_a_foreign_request_is_told_to_the_budget(ledger: Ledger) -> None:
    """Typing signs and reactions count against the bot's 50 per second as well."""
    told: list[str] = []
    ledger.on_foreign = lambda: told.append("foreign")

    ledger.started("/api/v10/channels/1/typing")
    ledger.started("/api/v10/interactions/1/t/callback")
    with attempt_on(ledger, LANE):
        ledger.started(PATH)

    assert told == ["foreign"]


def test_a_repeat_inside_discord_py_counts_again(ledger: Ledger, clock: Clock) -> None:
    """One call may be several requests, and Discord counts each."""
    with attempt_on(ledger, LANE) as attempt:
        ledger.observe("PATCH", PATH, 500, {})
        ledger.observe("PATCH", PATH, 200, limits(5, 3, 4.0))
        ledger.settle(attempt)

    assert attempt.succeeded
    for _ in range(3):
        assert wait_s(ledger, clock) == 0.0
        ledger.take((LANE,))
    assert wait_s(ledger, clock) > 0


def test_a_call_that_was_never_answered_counts_as_one_that_was(ledger: Ledger, clock: Clock) -> None:
    """Its answer may be lost though Discord counted the request."""
    for _ in range(5):
        with attempt_on(ledger, LANE) as attempt:
            ledger.settle(attempt)
            ledger.settle(attempt)

    assert wait_s(ledger, clock) == 5.0


def test_an_unused_slot_can_be_given_back(ledger: Ledger, clock: Clock) -> None:
    """A ticket whose reply vanished must not cost the others a window."""
    told: list[str] = []
    ledger.on_change = lambda lanes: told.append("changed")
    lanes = (LANE, webhook_channel_lane(1))
    edited(ledger, remaining=1, reset_after_s=5.0)
    told.clear()
    ledger.take(lanes)

    ledger.give_back(lanes)

    assert wait_s(ledger, clock, *lanes) == 0.0
    assert told == ["changed"]


def test_an_answer_that_was_long_on_its_way_opens_no_new_window(ledger: Ledger, clock: Clock) -> None:
    """Its Reset-After, counted from when it came, points past the window that it tells of."""

    def sent(remaining: int, reset_after_s: float, *, ago_s: float) -> None:
        with attempt_on(ledger, LANE):
            clock.at_s -= ago_s
            ledger.started(PATH)
            clock.at_s += ago_s
            ledger.observe("PATCH", PATH, 200, limits(3, remaining, reset_after_s))

    sent(2, 10.0, ago_s=0.1)
    clock.at_s += 6.7
    sent(0, 3.4, ago_s=0.1)
    clock.at_s += 2.5
    sent(1, 6.8, ago_s=6.0)

    assert wait_s(ledger, clock) > 0.0


def test_a_leaking_bucket_is_paced_by_its_slots(ledger: Ledger, clock: Clock) -> None:
    """Taken for a window of 1 s it would get four edits at once and then nothing for seconds."""
    edited(ledger, remaining=4, reset_after_s=1.0)
    clock.at_s += 0.25
    edited(ledger, remaining=3, reset_after_s=1.75)

    assert wait_s(ledger, clock, spare=1, pace=Pace.EVEN) == pytest.approx(1.0)


def test_a_window_is_not_taken_for_a_leaking_bucket_for_long(ledger: Ledger, clock: Clock) -> None:
    """After a restart the first answer may tell of the middle of a window longer than we thought."""
    edited(ledger, remaining=2, reset_after_s=8.0)
    clock.at_s += 8.0
    edited(ledger, remaining=4, reset_after_s=10.0)

    assert wait_s(ledger, clock, spare=1, pace=Pace.EVEN) == pytest.approx(2.5)

    clock.at_s += 2.5
    edited(ledger, remaining=3, reset_after_s=7.5)
    assert wait_s(ledger, clock, spare=1, pace=Pace.EVEN) == pytest.approx(2.5)


def test_a_leaking_bucket_that_became_a_window_is_noticed(ledger: Ledger, clock: Clock) -> None:
    """Discord changes its limits without notice; only headers tell."""
    edited(ledger, remaining=4, reset_after_s=1.0)
    edited(ledger, remaining=3, reset_after_s=1.9)
    clock.at_s += 5.0
    edited(ledger, remaining=4, reset_after_s=1.0)
    edited(ledger, remaining=3, reset_after_s=0.9)

    assert wait_s(ledger, clock, spare=1, pace=Pace.EVEN) == pytest.approx(0.25)


def test_at_most_25_webhook_edits_go_out_in_any_minute(ledger: Ledger, clock: Clock) -> None:
    """No header reports this limit, so the ledger keeps it alone."""
    lane = webhook_channel_lane(1)
    sent: list[float] = []
    while clock() < 1_300.0:
        clock.at_s += wait_s(ledger, clock, lane, spare=1, pace=Pace.EVEN)
        ledger.take((lane,))
        sent.append(clock())

    busiest = max(sum(1 for at in sent if begin <= at < begin + 60.0) for begin in sent)
    assert busiest <= 24
    assert wait_s(ledger, clock, lane, spare=0) == 0.0  # the 25th is the final edit's


def test_webhook_edits_are_dense_while_an_answer_is_young_and_never_stall(
    ledger: Ledger, clock: Clock
) -> None:
    """Spread evenly over the minute, 25 edits would leave an answer of 10 s a tenth old on screen."""
    lane = webhook_channel_lane(1)
    ledger.keep_end((lane,))
    sent = [clock()]
    ledger.take((lane,))
    while clock() < 1_180.0:
        clock.at_s += wait_s(ledger, clock, lane, spare=1, pace=Pace.EVEN)
        ledger.take((lane,))
        sent.append(clock())

    gaps = [after - before for before, after in pairwise(sent)]
    assert gaps[:4] == pytest.approx([0.5] * 4)
    assert sum(1 for at in sent if at < 1_010.0) >= 12
    assert max(gaps) < 8.0


def test_the_final_webhook_edit_waits_where_the_minute_is_spent(ledger: Ledger, clock: Clock) -> None:
    """Past the hidden limit comes a 429 of unknown length."""
    lane = webhook_channel_lane(1)
    for _ in range(25):
        ledger.take((lane,))
        clock.at_s += 1.0

    assert wait_s(ledger, clock, lane) == pytest.approx(35.0)


def test_an_answer_to_a_webhook_settles_its_lanes(ledger: Ledger, clock: Clock) -> None:
    """Both lanes of an interaction are counted by one request."""
    token_lane, channel_lane = webhook_lane(TOKEN), webhook_channel_lane(1)
    with attempt_on(ledger, token_lane, channel_lane):
        path = f"/api/v10/webhooks/5/{TOKEN}/messages/@original"
        ledger.observe("PATCH", path, 200, limits(5, 0, 2.0))

    assert wait_s(ledger, clock, token_lane) == 2.0
    assert wait_s(ledger, clock, channel_lane) == 0.0


def test_a_reply_that_moved_to_another_route_settles_the_lane_it_was_granted_for(
    ledger: Ledger, clock: Clock
) -> None:
    """An interaction's reply may go on in the channel when its token ends."""
    for _ in range(5):
        with attempt_on(ledger, webhook_lane(TOKEN)) as attempt:
            ledger.observe("PATCH", PATH, 200, limits(5, 4, 5.0))
            ledger.settle(attempt)

    assert wait_s(ledger, clock, webhook_lane(TOKEN)) == 2.0


def test_idle_lanes_are_dropped_and_busy_ones_kept(ledger: Ledger, clock: Clock) -> None:
    """A bot sees more channels in a year than memory should hold."""
    edited(ledger, remaining=0, reset_after_s=60.0)
    for channel_id in range(10, 10 + IDLE_LANES_KEPT):
        wait_s(ledger, clock, edit_lane(channel_id))
        wait_s(ledger, clock, webhook_channel_lane(channel_id))

    assert len(ledger._lanes) <= IDLE_LANES_KEPT  # noqa: SLF001 - memory has no other witness
    assert wait_s(ledger, clock) == 60.0


def test_an_attempt_tells_what_the_wire_showed() -> None:
    """The scheduler waits on it instead of on the call, which returns late."""
    told: list[tuple[bool, bool]] = []
    attempt = Attempt((LANE,), lambda: told.append((attempt.succeeded, attempt.message is not None)))

    attempt.answered(500)
    attempt.answered(204)
    attempt.shows(1, 2)

    assert told == [(False, False), (True, False), (True, True)]


def test_a_young_reply_shows_its_second_text_soon_and_the_rest_evenly(ledger: Ledger, clock: Clock) -> None:
    """The eye is on it while it is young, and the window's other slots must last until the window ends."""
    began_at, gaps = clock(), list[float]()

    for remaining in (4, 3, 2):
        edited(ledger, remaining, reset_after_s=5.0 - (clock() - began_at))
        gaps.append(wait_s(ledger, clock, spare=1, pace=Pace.YOUNG))
        clock.at_s += gaps[-1]

    assert gaps == pytest.approx([0.7143, 1.4286, 1.4286], abs=0.001)
