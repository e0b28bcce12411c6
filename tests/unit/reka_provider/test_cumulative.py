"""Bytes of an answer to states, without a network."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reka_provider import (
    CompletionState,
    RekaAuthError,
    RekaConnectionError,
    RekaError,
    RekaQuotaError,
    RekaRateLimitError,
    RekaResponseError,
    Usage,
)
from reka_provider._cumulative import CumulativeAnswer


def event(text: str, **more: object) -> bytes:
    return b"event: message\ndata: " + json.dumps({"type": "model", "text": text, **more}).encode() + b"\n\n"


def states_of(*chunks: bytes) -> tuple[list[CompletionState], RekaError | None]:
    answer = CumulativeAnswer()
    states = [state for chunk in chunks if (state := answer.feed(chunk))]
    if answer.failure is None and (last := answer.finish()):
        states.append(last)
    return states, answer.failure


def texts_of(*chunks: bytes) -> list[str]:
    states, failure = states_of(*chunks)
    assert failure is None
    return [state.text for state in states]


def test_only_the_newest_event_of_a_chunk_is_shown() -> None:
    """Each event repeats the whole text, so the ones before it say nothing more."""
    assert texts_of(event("a") + event("ab") + event("abc")) == ["abc"]


def test_an_event_without_text_does_not_hide_the_one_before() -> None:
    """Other events are to be expected between and after those of the model."""
    ping = b'event: ping\ndata: {"type": "ping"}\n\n'
    assert texts_of(event("a") + event("ab") + ping) == ["ab"]


def test_unknown_events_may_hold_anything() -> None:
    """Only events named message, or not named, are ours to read."""
    assert texts_of(b"event: ping\ndata: now\n\n" + event("a")) == ["a"]
    assert texts_of(b"event: ping\ndata: now\n\n", event("a"), b"event: ping\ndata: [1]\n\n") == ["a"]


def test_other_types_are_no_text() -> None:
    """Reca-API uses only events of type model."""
    other = b'data: {"type": "thought", "text": "hmm"}\n\n'
    assert texts_of(event("a"), other, event("ab")) == ["a", "ab"]


def test_usage_and_the_finish_reason_come_along() -> None:
    """They arrive in `metadata` and with the last event."""
    last = event("ab", finish_reason="stop", metadata={"input_tokens": 9, "generated_tokens": 5})
    states, _ = states_of(event("a") + last)
    assert states == [CompletionState("ab", finish_reason="stop", usage=Usage(9, 5))]


@pytest.mark.parametrize("fragment", ["\n <", "\n <s", "\n <se", "\n <sep", "\n <sep>"])
def test_a_stop_marker_fragment_at_the_end_is_dropped(fragment: str) -> None:
    """It is the model's own end sign, and no part of the answer."""
    grown = ["Done." + fragment[:index] for index in range(len(fragment) + 1)]
    assert set(texts_of(*map(event, grown))) == {"Done."}


def test_what_only_looked_like_a_stop_marker_is_kept() -> None:
    """Held back until it is known, then shown."""
    assert texts_of(event("x\n <"), event("x\n <span>")) == ["x", "x\n <span>"]
    assert texts_of(event("x\n")) == ["x", "x\n"]


def test_half_a_character_is_held_back() -> None:
    """A writer that cuts a character in two shows U+FFFD first; deltas could not take it back."""
    assert texts_of(event("owl \ufffd"), event("owl 🦉")) == ["owl ", "owl 🦉"]
    assert texts_of(b'data: {"text": "owl \\ud83e"}\n\n', event("owl 🦉")) == ["owl ", "owl 🦉"]


def test_lone_surrogates_become_replacement_characters() -> None:
    """No output can encode them."""
    assert texts_of(b'data: {"text": "a\\ud83eb"}\n\n') == ["a\ufffdb"]


def test_a_bare_object_is_an_answer() -> None:
    """A short answer may come without an event stream."""
    assert texts_of(b'\n{"type": "model", ', b'"text": "Hi"}') == ["Hi"]


def test_a_skipped_event_must_look_like_an_object() -> None:
    """Conflating must not hide a stream that is broken; what came before it is shown."""
    states, failure = states_of(event("a") + b"data: oops\n\n" + event("abc"))
    assert [state.text for state in states] == ["a"]
    assert isinstance(failure, RekaResponseError)


def test_a_skipped_event_is_not_parsed() -> None:
    """That it begins and ends as an object does is enough (decision 7)."""
    assert texts_of(event("a") + b"data: {oops}\n\n" + event("abc")) == ["abc"]


def test_the_newest_event_is_parsed() -> None:
    """It is the one that is shown."""
    states, failure = states_of(event("a") + b"data: {oops}\n\n")
    assert [state.text for state in states] == ["a"]
    assert isinstance(failure, RekaResponseError)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"error": {"type": "server_error", "message": "boom"}}, RekaResponseError),
        ({"error": "boom"}, RekaResponseError),
        ({"type": "error", "message": "boom"}, RekaResponseError),
        ({"error": {"type": "rate_limit_error", "message": "slow down"}}, RekaRateLimitError),
        ({"error": {"type": "rate_limit_error", "message": "Insufficient credits"}}, RekaQuotaError),
        ({"error": {"type": "authentication_error", "message": "who?"}}, RekaAuthError),
    ],
)
def test_an_error_object_in_the_stream_is_an_error(error: object, kind: type[RekaError]) -> None:
    """A status of 200 was sent long before; the text until then is still shown."""
    states, failure = states_of(event("a") + f"data: {json.dumps(error)}\n\n".encode())
    assert [state.text for state in states] == ["a"]
    assert type(failure) is kind


def test_an_answer_without_text_is_an_error() -> None:
    """An empty reply would look like a bug of the bot."""
    for stream in (b"", b"\n\n", b": ping\n\n", event(""), event("", finish_reason="stop"), b"{}"):
        assert isinstance(states_of(stream)[1], RekaResponseError)


def test_pages_are_told_apart() -> None:
    """A log-in page means that the session ended; any other page is a fault."""
    assert isinstance(states_of(b"<html><a href='/login'>Log in</a></html>")[1], RekaAuthError)
    assert isinstance(states_of(b"<html>Bad day</html>")[1], RekaResponseError)


def test_an_end_within_an_event_is_an_error() -> None:
    """A cut answer must not pass for a whole one."""
    states, failure = states_of(event("a"), event("abc")[:40])
    assert [state.text for state in states] == ["a"]
    assert isinstance(failure, RekaConnectionError)


def test_nesting_without_end_is_an_error_of_ours() -> None:
    """The JSON parser raises RecursionError for it."""
    assert isinstance(states_of(b"data: {" + b'"a":[' * 100_000 + b"}\n\n")[1], RekaResponseError)


@given(st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=6), st.data())
@settings(max_examples=120, deadline=None)
def test_any_split_gives_the_same_last_text(grown: list[str], data: st.DataObject) -> None:
    """What is answered must not depend on how the network cut it."""
    text = "".join(grown)
    stream = b"".join(event("." + text[: index + 1]) for index in range(len(text)))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    bounds = [0, *cuts, len(stream)]
    chunks = [stream[start:end] for start, end in pairwise(bounds)]
    assert texts_of(*chunks)[-1] == texts_of(stream)[-1]


@given(st.lists(st.binary(max_size=60), max_size=6))
@settings(max_examples=200, deadline=None)
def test_no_bytes_raise(chunks: list[bytes]) -> None:
    """Whatever a server sends ends in states or in an error of the family."""
    states_of(*chunks)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["type", "text", "error", "metadata", "finish_reason", "message"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=8,
    )
)
@settings(max_examples=200, deadline=None)
def test_no_json_raises(value: object) -> None:
    """The same for JSON of any shape."""
    states_of(f"data: {json.dumps(value)}\n\n".encode(), event("a"))
