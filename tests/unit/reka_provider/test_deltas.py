"""Bytes of an OpenAI-form answer to states, without a network."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reka_provider import (
    CompletionState,
    RekaAuthError,
    RekaConnectionError,
    RekaError,
    RekaNoTextError,
    RekaQuotaError,
    RekaRateLimitError,
    RekaResponseError,
    Usage,
)
from reka_provider._deltas import DeltaAnswer
from reka_provider._sse import EventParser

DONE = b"data: [DONE]\n\n"


def chunk_of(delta: object, *, end: str | None = None, eol: str = "\n", **more: Any) -> bytes:
    value = {"id": "c1", "choices": [{"index": 0, "delta": delta, "finish_reason": end}], **more}
    return f"data: {json.dumps(value)}{eol}{eol}".encode()


def said(text: str, **more: Any) -> bytes:
    return chunk_of({"content": text}, **more)


def thought(text: str) -> bytes:
    return chunk_of({"reasoning_content": text})


ROLE = chunk_of({"role": "assistant", "content": ""})
STOP = chunk_of({}, end="stop")
USAGE = (
    b'data: {"id":"c1","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":7,"total_tokens":16}}\n\n'
)


def states_of(*chunks: bytes) -> tuple[list[CompletionState], RekaError | None]:
    answer = DeltaAnswer()
    states = [state for chunk in chunks if answer.failure is None and (state := answer.feed(chunk))]
    if answer.failure is None and (last := answer.finish()):
        states.append(last)
    return states, answer.failure


def last_of(*chunks: bytes) -> CompletionState:
    states, failure = states_of(*chunks)
    assert failure is None
    return states[-1]


def failure_of(*chunks: bytes) -> RekaError:
    failure = states_of(*chunks)[1]
    assert failure is not None
    return failure


def test_the_answer_of_the_documentation_is_read() -> None:
    """Role only, reasoning, content, finish reason, usage, [DONE] (reka-api.md 2.1)."""
    states, failure = states_of(ROLE, thought("Add them."), said("4"), STOP, USAGE, DONE)
    assert failure is None
    assert states == [
        CompletionState("", "Add them."),
        CompletionState("4", "Add them."),
        CompletionState("4", "Add them.", "stop"),
        CompletionState("4", "Add them.", "stop", Usage(9, 7)),
    ]


def test_one_chunk_gives_one_state() -> None:
    """What nobody could see need not be made."""
    states, _ = states_of(ROLE + said("a") + said("b") + said("c") + STOP + USAGE + DONE)
    assert states == [CompletionState("abc", "", "stop", Usage(9, 7))]


@pytest.mark.parametrize("delta", [{"content": None}, {}, None, {"content": None, "reasoning_content": None}])
def test_a_delta_without_text_adds_nothing(delta: object) -> None:
    """Content may be null, and the first chunk may hold only the role (2.1)."""
    assert last_of(said("a"), chunk_of(delta), said("b"), STOP).text == "ab"


@pytest.mark.parametrize(
    "data", [b'{"choices":[]}', b'{"choices":null}', b'{"choices":[null]}', b"{}", b'{"choices":7}']
)
def test_an_event_without_choices_adds_nothing(data: bytes) -> None:
    """Choices may be empty (2.1)."""
    assert last_of(said("a"), b"data: " + data + b"\n\n", said("b"), STOP).text == "ab"


@pytest.mark.parametrize("reason", ["stop", "length", "tool_calls", "content_filter", "context"])
def test_the_finish_reason_comes_along(reason: str) -> None:
    """As Reka says it (2.1)."""
    assert last_of(said("a"), chunk_of({}, end=reason)).finish_reason == reason


def test_a_finish_reason_may_come_with_the_last_piece() -> None:
    """OpenAI sends an event of its own for it; others do not."""
    assert last_of(said("a"), said("b", end="stop")) == CompletionState("ab", "", "stop")


def test_done_in_a_string_is_text() -> None:
    """It is a data value of its own (2.1)."""
    assert last_of(said("[DONE]"), said(" data: [DONE]\n\n"), STOP).text == "[DONE] data: [DONE]\n\n"


def test_usage_may_come_with_any_chunk() -> None:
    """Some servers repeat it; the newest counts."""
    usage = {"prompt_tokens": 9, "completion_tokens": 7}
    assert last_of(
        said("a", usage={"prompt_tokens": 9, "completion_tokens": 1}), said("b", usage=usage), STOP
    ).usage == (Usage(9, 7))


def test_done_alone_ends_an_answer() -> None:
    """Some servers leave the finish reason out."""
    assert last_of(said("a"), DONE) == CompletionState("a")


def test_a_finish_reason_alone_ends_an_answer() -> None:
    """Some servers leave [DONE] out."""
    assert last_of(said("a"), STOP).text == "a"


def test_nothing_after_the_end_can_spoil_an_answer() -> None:
    """It is whole, whatever a proxy appends."""
    for tail in (
        b"data: oops\n\n",
        b'data: {"error": "late"}\n\n',
        b"event: error\ndata: x\n\n",
        b"data: {",
        said("b"),
    ):
        assert last_of(said("a") + STOP + tail).text == "a"


@pytest.mark.parametrize(
    "tail", [b"", b"data: ", b'data: {"id"', b"data: [DO", b"event: mess", said("b")[:-2], b": x"]
)
def test_an_end_without_a_sign_of_it_is_an_error(tail: bytes) -> None:
    """A cut answer must not pass for a whole one."""
    states, failure = states_of(said("a"), tail)
    assert states[0].text == "a"
    assert isinstance(failure, RekaConnectionError)


def test_the_last_event_needs_no_blank_line() -> None:
    """Some servers leave it out."""
    assert last_of(said("a"), STOP.rstrip()).finish_reason == "stop"
    assert last_of(said("a"), DONE.rstrip()).text == "a"


# Reasoning (2.2)


@pytest.mark.parametrize("key", ["reasoning_content", "reasoning"])
def test_reasoning_in_a_field_is_apart(key: str) -> None:
    """It is no part of the answer."""
    events = [chunk_of({key: piece}) for piece in ("Add", " them.")]
    assert last_of(*events, said("4"), STOP) == CompletionState("4", "Add them.", "stop")
    assert last_of(b"".join(events) + said("4") + STOP) == CompletionState("4", "Add them.", "stop")


def test_reasoning_under_both_names_counts_once() -> None:
    """Servers that changed the name send both."""
    both = chunk_of({"reasoning_content": "Hm.", "reasoning": "Hm."})
    assert last_of(both, both, said("4"), STOP).reasoning == "Hm.Hm."


@pytest.mark.parametrize("tag", ["reasoning", "think"])
@pytest.mark.parametrize("indent", ["", " ", "\n\n"])
def test_reasoning_in_tags_is_apart(tag: str, indent: str) -> None:
    """The open weights write it into the text."""
    content = f"{indent}<{tag}>Add them.</{tag}>\n\nThe sum is <b>4</b>."
    expected = CompletionState("The sum is <b>4</b>.", "Add them.", "stop")
    assert last_of(said(content), STOP) == expected
    states, _ = states_of(*map(said, content), STOP)
    assert states[-1] == expected
    assert all(expected.text.startswith(state.text) for state in states)
    assert all(expected.reasoning.startswith(state.reasoning) for state in states)


@pytest.mark.parametrize(
    "text",
    [
        "Write <reasoning>x</reasoning>.",
        "<reason>x</reason>",
        "<thi",
        "<",
        " <b>",
        "< think>a",
        "a</think>",
        " " * 70 + "<think>a</think>",
    ],
)
def test_tags_elsewhere_are_text(text: str) -> None:
    """Somebody may ask how they are written."""
    assert last_of(said(text), STOP).text == text
    assert last_of(*map(said, text), STOP).text == text


def test_the_same_tag_after_reasoning_is_text() -> None:
    """Only the beginning counts."""
    assert last_of(said("<think>a</think>b <think>c</think>"), STOP).text == "b <think>c</think>"


@pytest.mark.parametrize(
    "events",
    [[thought("Hm, well.")], [said("<reasoning>Hm, well.")], [said("<think>Hm,"), said(" well.</think>\n")]],
)
def test_an_answer_that_is_all_reasoning_says_so(events: list[bytes]) -> None:
    """Flash 3 with few tokens: content "", finish_reason "length"; the bot offers to continue."""
    states, failure = states_of(*events, chunk_of({"content": ""}, end="length"))
    assert isinstance(failure, RekaNoTextError)
    assert (failure.finish_reason, failure.reasoning) == ("length", "Hm, well.")
    assert (states[-1].text, states[-1].reasoning) == ("", "Hm, well.")


@pytest.mark.parametrize("reason", ["stop", "content_filter", "tool_calls"])
def test_an_empty_answer_is_an_error_that_tells_its_end(reason: str) -> None:
    """An empty reply would look like a bug of the bot."""
    failure = failure_of(ROLE, chunk_of({}, end=reason))
    assert isinstance(failure, RekaNoTextError)
    assert failure.finish_reason == reason


def test_done_alone_is_no_answer() -> None:
    """The same without any event."""
    assert isinstance(failure_of(DONE), RekaNoTextError)


# Errors inside a stream (2.6)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ({"error": {"type": "server_error", "message": "boom"}}, RekaResponseError),
        ({"error": "boom"}, RekaResponseError),
        ({"object": "error", "message": "boom", "code": 500}, RekaResponseError),
        ({"error": {"type": "rate_limit_error", "message": "slow down"}}, RekaRateLimitError),
        ({"error": {"type": "rate_limit_error", "message": "Insufficient credits"}}, RekaQuotaError),
        ({"error": {"type": "authentication_error", "message": "who?"}}, RekaAuthError),
    ],
)
def test_an_error_object_in_the_stream_is_an_error(data: object, kind: type[RekaError]) -> None:
    """A status of 200 was sent long before; the text until then is still shown."""
    event = f"data: {json.dumps(data)}\n\n".encode()
    for chunks in ((said("a"), said("b"), event), (said("a") + said("b") + event + said("c"),)):
        states, failure = states_of(*chunks)
        assert states[-1].text == "ab"
        assert type(failure) is kind


@pytest.mark.parametrize("data", [b'{"message": "boom"}', b"boom", b'{"error": {"message": "boom"}}', b"[1]"])
def test_an_event_named_error_is_an_error(data: bytes) -> None:
    """Whatever it holds."""
    assert isinstance(failure_of(said("a"), b"event: error\ndata: " + data + b"\n\n"), RekaResponseError)


def test_an_error_of_null_is_none() -> None:
    """Some servers write every field."""
    assert last_of(said("a", error=None), said("b", error=None), STOP).text == "ab"


@pytest.mark.parametrize("data", [b"oops", b"{", b"[]", b"7", b'"x"', b"null", b'{"a":' * 100_000])
def test_an_event_that_is_no_object_is_an_error(data: bytes) -> None:
    """What came before it is shown."""
    for chunks in ([said("a"), said("b")], [said("a") + said("b")]):
        states, failure = states_of(*chunks[:-1], chunks[-1] + b"data: " + data + b"\n\n" + said("c") + STOP)
        assert states[-1].text == "ab"
        assert isinstance(failure, RekaResponseError)


def test_a_page_is_told() -> None:
    """A proxy's, or the address lacks /v1."""
    assert "web page" in str(failure_of(b"<html>Bad day</html>"))
    assert "web page" in str(failure_of(b"<html>" + b"x" * 70_000))
    assert "web page" in str(failure_of(said("a"), b"data: <html>\n\n"))


def test_events_of_other_names_are_skipped() -> None:
    """They may hold anything."""
    assert last_of(said("a"), b"event: ping\ndata: now\n\n", said("b"), b": hello\n\n", STOP).text == "ab"


# One bare JSON object


def bare(message: dict[str, Any] | None, end: str | None = "stop", **more: Any) -> bytes:
    return json.dumps({"choices": [{"index": 0, "message": message, "finish_reason": end}], **more}).encode()


def test_a_bare_object_is_an_answer() -> None:
    """The form without streaming (2.1)."""
    body = bare(
        {"role": "assistant", "content": "4", "reasoning_content": "Add."},
        usage={"prompt_tokens": 9, "completion_tokens": 7},
    )
    expected = CompletionState("4", "Add.", "stop", Usage(9, 7))
    assert states_of(body) == ([expected], None)
    assert states_of(b"\n ", *(body[index : index + 1] for index in range(len(body)))) == ([expected], None)


def test_a_bare_object_may_lack_its_finish_reason() -> None:
    """Its end is the object's."""
    assert last_of(bare({"content": "<think>Add.</think>4"}, None)) == CompletionState("4", "Add.")


def test_content_may_be_a_list_of_parts() -> None:
    """The older form of the API says so."""
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}, 7, {"type": "x"}]
    assert last_of(bare({"content": parts})).text == "ab"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (bare({"content": None, "reasoning_content": "Hm"}, "length"), RekaNoTextError),
        (bare(None), RekaNoTextError),
        (b"{}", RekaResponseError),
        (b"[]", RekaResponseError),
        (b"{oops}", RekaResponseError),
        (bare({"content": "Hello"})[:-9], RekaConnectionError),
        (b'{"error": {"type": "authentication_error", "message": "who?"}}', RekaAuthError),
        (b"", RekaConnectionError),
        (b" \n", RekaConnectionError),
    ],
)
def test_a_body_that_is_no_answer_is_an_error(body: bytes, kind: type[RekaError]) -> None:
    """Of the kind that tells what to do."""
    assert type(failure_of(body)) is kind


# Characters


def test_halves_of_a_character_in_two_events_are_joined() -> None:
    """JSON may write a character as two escapes, and a server may cut between them."""
    halves = [
        b'data: {"choices":[{"delta":{"content":"\\ud83e"}}]}\n\n',
        b'data: {"choices":[{"delta":{"content":"\\udd89"}}]}\n\n',
    ]
    assert last_of(said("x"), *halves, STOP).text == "x🦉"
    assert last_of(said("x") + b"".join(halves) + STOP).text == "x🦉"
    states, _ = states_of(said("x"), *halves, STOP)
    assert [state.text for state in states] == ["x", "x🦉", "x🦉"]


def test_half_a_character_alone_becomes_a_replacement_character() -> None:
    """No output can encode it."""
    half = b'data: {"choices":[{"delta":{"content":"\\ud83e"}}]}\n\n'
    assert last_of(half, said("x"), STOP).text == "\ufffdx"
    assert last_of(said("x"), half, STOP).text == "x\ufffd"


def test_a_stop_marker_fragment_at_the_end_is_dropped() -> None:
    """It is the model's own end sign, and no part of the answer."""
    states, _ = states_of(*map(said, "Done.\n <sep>"), STOP)
    assert {state.text for state in states} <= {"D", "Do", "Don", "Done", "Done."}
    assert last_of(*map(said, "a\n <span>\n"), STOP).text == "a\n <span>\n"


@pytest.mark.parametrize("eol", ["\n", "\r\n", "\r"])
def test_a_stream_cut_at_any_byte_tells_what_had_come(eol: str) -> None:
    """A server may die at any instant."""
    words = ["The ", "sum ", "is ", '"4" ', "\\", "n", "🦉."]
    events = [said(word, eol=eol) for word in words]
    stream = b"".join(events) + chunk_of({}, end="stop", eol=eol) + DONE
    ends = [sum(map(len, events[: index + 1])) for index in range(len(events))]
    last_byte_of_answer = stream.index(b'"stop"}]}') + len(b'"stop"}]}')
    for cut in range(len(stream)):
        states, failure = states_of(stream[:cut])
        shown = states[-1].text if states else ""
        # An event is whole with its line, or with the blank one; the last one of a body needs neither.
        came = sum(end - 2 * len(eol) <= cut for end in ends)
        assert shown in ("".join(words[:came]), "".join(words[: max(came - 1, 0)]))
        assert (failure is None) == (cut >= last_byte_of_answer)
        assert failure is None or isinstance(failure, RekaConnectionError)


# Reading many events at once gives what reading each gives


def reference(stream: bytes) -> tuple[str, bool]:
    """The text that the events in `stream` add up to, each parsed by itself, and whether one is wrong."""
    text = ""
    wrong = False
    for event in EventParser().feed(stream):
        if not event.data.strip():
            continue
        try:
            value = json.loads(event.data.decode("utf-8", "replace"))
        except ValueError:
            wrong = True
            break
        text += value["choices"][0]["delta"]["content"]
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"), wrong


BODIES = st.text(
    alphabet=st.sampled_from('abc "\\\n\r\t/{}[]:,<>\x7f\u2028é中🦉\ud83e\udd89u0'), max_size=6
) | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="s"), max_size=4)
RAW_BODIES = st.lists(
    st.sampled_from(
        [
            b"a",
            b"\\",
            b'"',
            b"\\u",
            b"00e9",
            b"\\ud83e",
            b"\\udd89",
            b"\n",
            b"\r",
            b"\x7f",
            b"\xc3",
            b"\xa9",
            b'"},"finish_reason":null}]}\n\n',
            b"data: ",
            b"\xf0\x9f",
            b"n",
            b'","content":"',
            b"\x00",
        ]
    ),
    max_size=5,
).map(b"".join)
SHAPES = (
    b'data: {"id":"c1","choices":[{"index":0,"delta":{"content":"%s"},"finish_reason":null}]}',
    b'data:{"choices": [{"delta": {"content" : "%s", "role": "assistant"}}], "created": 1}',
    b'event: message\nid: 7\ndata: {"content":"x","choices":[{"delta":{"content":"%s"}}]}',
    b': hi\ndata: {"choices":[{"delta":{"content":"no","content":"%s"}}]}',
)


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    """Events of few shapes, mostly right, with pieces that may be anything."""
    eol = draw(st.sampled_from([b"\n", b"\r\n", b"\r"]))
    shapes = draw(st.lists(st.sampled_from(SHAPES), min_size=1, max_size=2))
    events = []
    for _ in range(draw(st.integers(1, 12))):
        if draw(st.integers(0, 9)):
            body = json.dumps(draw(BODIES), ensure_ascii=draw(st.booleans())).encode(
                "utf-8", "surrogatepass"
            )[1:-1]
        else:
            body = draw(RAW_BODIES)
        events.append(draw(st.sampled_from(shapes)).replace(b"\n", eol).replace(b"%s", body) + eol + eol)
    return said(".") + b"".join(events)


@given(streams(), st.data())
@settings(max_examples=600, deadline=None)
def test_many_events_at_once_are_read_as_one_by_one(stream: bytes, data: st.DataObject) -> None:
    """The fast way must not be a different way; and how the network cut the stream must not matter."""
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    answer = DeltaAnswer()
    shown = CompletionState("")
    for start, end in pairwise([0, *cuts, len(stream)]):
        shown = answer.feed(stream[start:end]) or shown
        if answer.failure is not None:
            break
        text, wrong = reference(stream[:end])
        assert not wrong
        assert without_loose_end(shown.text) == without_loose_end(text)
    else:
        return
    text, wrong = reference(stream)
    assert wrong
    assert text.startswith(shown.text)
    assert without_loose_end(shown.text) == without_loose_end(text)


@pytest.mark.parametrize("prefix", [b"event: ping\n", b": hello ", b"ignored: ", b"data: 1\n", b"data: "])
def test_a_known_form_within_an_event_is_no_event(prefix: bytes) -> None:
    """What begins in one chunk decides what the next one means."""
    start, rest = said("a") + said("b"), said("c") + said("d") + STOP
    cut = states_of(start, prefix, rest)
    whole = states_of(start + prefix + rest)
    assert cut[0][-1] == whole[0][-1]
    assert type(cut[1]) is type(whole[1])
    assert "c" not in cut[0][-1].text


def test_a_form_is_learned_from_one_event_alone() -> None:
    """That of two would swallow the first."""
    two = said("a", eol="\r") + said("b")
    assert last_of(ROLE, two, two, two, STOP).text == "ababab"


def test_a_form_is_learned_from_a_whole_event() -> None:
    """That of its rest would take for an event what is none."""
    event = said("a")
    no_event = event[3:]  # begins with "a: ", and so is a field that nobody knows
    assert last_of(ROLE, event[:3], event[3:], no_event, event, STOP).text == "aa"


def test_a_form_is_learned_from_data_alone() -> None:
    """A comment may hold the same bytes."""

    def twice(first: bytes, second: bytes) -> bytes:
        form = b'{"choices":[{"delta":{"content":"%s"}}]}'
        return b": " + form % first + b"\ndata: " + form % second + b"\n\n"

    assert last_of(ROLE + twice(b"a", b"a") + twice(b"b", b"a") + twice(b"c", b"d") + STOP).text == "aad"


def test_events_with_two_pieces_are_read_whole() -> None:
    """A form has one piece, and everything else of it is the same each time."""
    both = chunk_of({"content": "a", "reasoning_content": "r"})
    assert last_of(ROLE + both * 3 + STOP) == CompletionState("aaa", "rrr", "stop")


def test_usage_in_each_event_is_read() -> None:
    """The newest counts, whatever came between."""
    one = said("a", usage={"prompt_tokens": 9, "completion_tokens": 1})
    states, _ = states_of(ROLE, one, USAGE, one, STOP)
    assert [state.usage for state in states] == [Usage(9, 1), Usage(9, 7), Usage(9, 1), Usage(9, 1)]


def test_forms_that_alternate_are_read() -> None:
    """Where runs are short, each event is read by itself."""
    stream = b"".join(thought(str(index)) + said(str(index)) for index in range(40))
    text = "".join(map(str, range(40)))
    assert last_of(ROLE + stream + STOP) == CompletionState(text, text, "stop")


def test_a_stream_whose_events_never_repeat_is_read() -> None:
    """Some servers put a time or random bytes into each."""
    stream = b"".join(said(str(index), created=index) for index in range(40))
    assert last_of(stream + STOP).text == "".join(map(str, range(40)))


def without_loose_end(text: str) -> str:
    """Without what is held back until it is known what it becomes: a stop marker, half a character."""
    return text.rstrip("\n <\ufffd")
