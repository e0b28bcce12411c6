"""Answers that come as they should, in every form that they may take."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from reka_provider import RekaNoTextError, RekaResponseError
from sandbox.reka_platform import RekaPlatformServer
from sandbox.reka_space import RekaSpace, Script
from tests.contract.reka.faces import Face
from tests.contract.reka.failures import failure_of
from tests.contract.reka.wires import Wire, chunk, data

MIXED = ["né ", "🦉 ", '"x": {', "\\n\n", "data: [DONE] ", "a ", "a ", "a ", "終"]


async def test_repeated_text_stays(reka: Face, wire: Wire) -> None:
    """4: replacing the old text in the new makes "a a a a" lose its repetitions."""
    wire.server.enqueue(Script(pieces=["a ", "a ", "a ", "a"], token_s=0.01))
    assert "".join(await reka.pieces()) == "a a a a"


async def test_pieces_come_as_the_text_grows(reka: Face, wire: Wire) -> None:
    """1.3, 2.1: each event repeats the text or adds to it; what is yielded is what each adds, never empty."""
    wire.server.enqueue(Script(pieces=["The ", "", "tower ", "is red."], token_s=0.02))
    pieces = await reka.pieces()
    assert "".join(pieces) == "The tower is red."
    assert len(pieces) > 1
    assert all(pieces)


async def test_without_streaming_the_text_comes_once(reka: Face, wire: Wire) -> None:
    """Ours: `stream=False` yields the whole text once."""
    wire.server.enqueue(Script("one two three", token_s=0.01))
    assert await reka.pieces(stream=False) == ["one two three"]


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"newline": "\r\n"},
        {"newline": "\r"},
        {"space": False},
        {"multiline": True},
        {"ascii_only": True},
        {"compress": True},
        {"burst": True},
        {"burst": True, "newline": "\r\n", "space": False},
        {"multiline": True, "newline": "\r\n", "space": False, "burst": True},
        {"compress": True, "burst": True, "ascii_only": True},
    ],
    ids=lambda form: "-".join(form) or "plain",
)
@pytest.mark.parametrize("chunk_bytes", [None, 1, 7], ids=["whole", "1", "7"])
async def test_an_answer_is_the_same_in_every_form(
    reka: Face, wire: Wire, form: dict[str, Any], chunk_bytes: int | None
) -> None:
    """1.3, 2.1: an event stream; lines may end in CRLF, data may span lines, a proxy may compress and cut."""
    wire.server.enqueue(replace(Script(pieces=MIXED, chunk_bytes=chunk_bytes), **form))
    assert "".join(await reka.pieces()) == "".join(MIXED)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7])
async def test_characters_split_between_chunks_arrive_whole(reka: Face, wire: Wire, size: int) -> None:
    """1.3, 2.1: UTF-8 in JSON; the network cuts anywhere."""
    events = b"".join(wire.whole("né ", "🦉")).replace(b"\\u00e9", "é".encode())
    events = events.replace(b"\\ud83e\\udd89", "🦉".encode())
    wire.server.enqueue(Script(raw_chunks=[events[i : i + size] for i in range(0, len(events), size)]))
    assert "".join(await reka.pieces()) == "né 🦉"


async def test_a_character_split_between_events_arrives_whole(
    reka: Face, platform: RekaPlatformServer
) -> None:
    """2.1: JSON writes an owl as two escapes, and a server may put them into two deltas."""
    halves = [rb'data: {"choices": [{"index": 0, "delta": {"content": "\ud83e"}}]}' + b"\n\n"]
    halves += [rb'data: {"choices": [{"index": 0, "delta": {"content": "\udd89!"}}]}' + b"\n\n"]
    platform.enqueue(Script(raw_chunks=[*halves, chunk({}, "stop")]))
    assert "".join(await reka.pieces()) == "🦉!"


async def test_a_bare_object_is_an_answer(reka: Face, wire: Wire) -> None:
    """1.3: a short answer may come as one bare JSON object; some servers of the other form do the same."""
    wire.server.enqueue(Script("Hi there.", bare_json=True))
    assert await reka.pieces() == ["Hi there."]


async def test_comments_and_unknown_fields_are_skipped(reka: Face, wire: Wire) -> None:
    """4: comments with "data" in them raise errors in the known client."""
    noise = b': data: {"oops\n\nid: 7\nretry: 10\nfoo: data: x\n:\n\n'
    events = [part for event in wire.whole("Hi", " you") for part in (noise, event)]
    wire.server.enqueue(Script(raw_chunks=[*events, noise]))
    assert "".join(await reka.pieces()) == "Hi you"


async def test_events_of_other_names_and_kinds_are_skipped(reka: Face, wire: Wire) -> None:
    """1.3: be ready for events of other types, and for events without text. Ours: unknown events are skipped."""
    other = b'event: status\ndata: searching\n\ndata: {"type": "tool", "name": "search"}\n\n'
    first, *rest = wire.whole("Hi", " you")
    wire.server.enqueue(Script(raw_chunks=[other, first, other, *rest], token_s=0.01))
    assert "".join(await reka.pieces()) == "Hi you"


async def test_a_byte_order_mark_is_no_text(reka: Face, wire: Wire) -> None:
    """Ours: the standard of event streams lets one stand at the very beginning."""
    wire.server.enqueue(Script(raw_chunks=[b"\xef\xbb\xbf" + b"".join(wire.whole("Hi", " you"))]))
    assert "".join(await reka.pieces()) == "Hi you"


async def test_a_burst_of_five_hundred_events_is_read_whole(reka: Face, wire: Wire) -> None:
    """Ours (decision 7): of events that wait only what is needed is parsed, and nothing is lost by it."""
    pieces = [f"word{number} " for number in range(500)]
    wire.server.enqueue(Script(pieces=pieces, burst=True))
    assert "".join(await reka.pieces()) == "".join(pieces)


async def test_a_line_of_a_mebibyte_is_read_in_time(reka: Face, wire: Wire) -> None:
    """4: the known client took 7 s for it."""
    wire.server.enqueue(Script(pieces=["x" * 1024 * 1024]))
    start_s = time.monotonic()
    assert len("".join(await reka.pieces())) == 1024 * 1024
    assert time.monotonic() - start_s < 2.0


@pytest.mark.parametrize("fragment", ["\n <", "\n <s", "\n <se", "\n <sep", "\n <sep>"])
@pytest.mark.parametrize("apart", [False, True], ids=["one-piece", "pieces"])
async def test_a_stop_marker_fragment_is_no_part_of_the_answer(
    reka: Face, wire: Wire, fragment: str, apart: bool
) -> None:
    """1.3: the final text can end with a fragment of the stop marker; ours: never shown, in either wire."""
    wire.server.enqueue(Script(pieces=["Done.", *(fragment if apart else [fragment])], token_s=0.005))
    assert "".join(await reka.pieces()) == "Done."


@pytest.mark.parametrize("text", ["a\n <b>", "a <", "a\n<s", "if a\n < b", "\n <sep> is a marker"])
async def test_what_only_looks_like_a_stop_marker_stays(reka: Face, wire: Wire, text: str) -> None:
    """1.3: the marker stands at the end alone; HTML and comparisons are text."""
    wire.server.enqueue(Script(pieces=list(text), token_s=0.002))
    assert "".join(await reka.pieces()) == text


@pytest.mark.parametrize("end", ["open", "kept"])
async def test_an_answer_ends_with_its_finish_reason(reka: Face, wire: Wire, end: str) -> None:
    """1.3, 2.1: it comes with the last text; a server that then keeps the line open must not keep us."""
    wire.server.enqueue(Script("one two", hold_open=end == "open", done=False))
    start_s = time.monotonic()
    assert "".join(await reka.pieces()) == "one two"
    assert time.monotonic() - start_s < 1.0


async def test_an_end_without_its_last_blank_line_is_an_end(reka: Face, wire: Wire) -> None:
    """Ours: some servers leave the last blank line out."""
    events = wire.whole("a", "b")
    wire.server.enqueue(Script(raw_chunks=[*events[:-1], events[-1].rstrip()]))
    assert "".join(await reka.pieces()) == "ab"


async def test_an_answer_of_the_site_needs_no_finish_reason(reka: Face, space: RekaSpace, wire: Wire) -> None:
    """1.3: it is a key that one client has seen in the last event; HTTP says that the body is whole."""
    space.enqueue(Script(raw_chunks=wire.grown("a", "b")))
    assert "".join(await reka.pieces()) == "ab"


async def test_revised_text_is_an_error_for_pieces(reka: Face, space: RekaSpace) -> None:
    """1.3: with cumulative events text may be revised; pieces cannot be taken back."""
    space.enqueue(Script("The tower", token_s=0.1, revise_to="A lighthouse"))
    failure = await failure_of(reka)
    assert isinstance(failure, RekaResponseError)
    assert failure.partial == "The tower"


async def test_text_revised_within_a_burst_is_never_seen(reka: Face, space: RekaSpace) -> None:
    """1.3: what nobody was shown can still be taken back."""
    space.enqueue(Script("The tower", burst=True, revise_to="A lighthouse"))
    assert await reka.pieces() == ["A lighthouse"]


async def test_without_streaming_a_revision_is_followed(reka: Face, space: RekaSpace) -> None:
    """1.3: the whole text is the last one."""
    space.enqueue(Script("The tower", token_s=0.02, revise_to="A lighthouse"))
    assert await reka.pieces(stream=False) == ["A lighthouse"]


async def test_a_first_chunk_may_hold_the_role_alone(reka: Face, platform: RekaPlatformServer) -> None:
    """2.1: the first chunk may hold only the role."""
    first = [chunk({"role": "assistant"}), chunk({"content": "Hi"}), chunk({}, "stop"), data("[DONE]")]
    platform.enqueue(Script(raw_chunks=first))
    assert await reka.pieces() == ["Hi"]


async def test_content_may_be_null(reka: Face, platform: RekaPlatformServer) -> None:
    """2.1: content may be null."""
    platform.enqueue(Script("one two", reasoning=["Hm."], null_content=True))
    assert "".join(await reka.pieces()) == "one two"


async def test_choices_may_be_empty_absent_or_others(reka: Face, platform: RekaPlatformServer) -> None:
    """2.1: choices may be empty (usage chunk); only the first choice is ours."""
    second = {"choices": [{"index": 1, "delta": {"content": "NOT OURS"}, "finish_reason": None}]}
    odd = [data({"choices": []}), data({"id": "c1"}), data({"choices": None}), data(second)]
    platform.enqueue(Script(raw_chunks=[*odd, chunk({"content": "Hi"}), *odd, chunk({}, "stop"), *odd]))
    assert await reka.pieces() == ["Hi"]


async def test_done_alone_is_an_end(reka: Face, platform: RekaPlatformServer) -> None:
    """2.1: [DONE] is a data value of its own; a server may give no finish reason."""
    platform.enqueue(Script("one two", finish_reason=None))
    assert "".join(await reka.pieces()) == "one two"


async def test_a_finish_reason_alone_is_an_end(reka: Face, platform: RekaPlatformServer) -> None:
    """Ours: an end has a finish reason or [DONE]; either will do."""
    platform.enqueue(Script("one two", done=False, usage=False))
    assert "".join(await reka.pieces()) == "one two"


async def test_done_within_a_string_is_text(reka: Face, platform: RekaPlatformServer) -> None:
    """2.1: the same characters inside a JSON string are text."""
    platform.enqueue(Script(pieces=["data: ", "[DONE]", "\n\n", "data: [DONE]\n\n", "."]))
    assert "".join(await reka.pieces()) == "data: [DONE]\n\ndata: [DONE]\n\n."


@pytest.mark.parametrize("tags", [False, True], ids=["field", "tags"])
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize("chunk_bytes", [None, 1], ids=["", "1"])
async def test_reasoning_is_no_part_of_the_pieces(
    reka: Face, platform: RekaPlatformServer, tags: bool, stream: bool, chunk_bytes: int | None
) -> None:
    """2.2: it comes in reasoning_content, or in tags within the text."""
    platform.enqueue(
        Script("It is four.", reasoning=["Add ", "them."], reasoning_tags=tags, chunk_bytes=chunk_bytes)
    )
    assert "".join(await reka.pieces(stream=stream)) == "It is four."


async def test_tags_cut_between_events_are_still_tags(reka: Face, platform: RekaPlatformServer) -> None:
    """2.2: a tokenizer knows nothing of tags."""
    platform.enqueue(
        Script(pieces=["<rea", "soning>Add", " them.</rea", "soning", ">\n\nFour."], token_s=0.005)
    )
    assert "".join(await reka.pieces()) == "Four."


async def test_tags_later_in_a_text_are_text(reka: Face, platform: RekaPlatformServer) -> None:
    """2.2: only at the beginning is it reasoning; people may ask about the tags themselves."""
    text = "Write <reasoning>why</reasoning> first."
    platform.enqueue(Script(pieces=list(text)))
    assert "".join(await reka.pieces()) == text


@pytest.mark.parametrize("tags", [False, True], ids=["field", "tags"])
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
async def test_an_answer_that_was_all_reasoning_says_so(
    reka: Face, platform: RekaPlatformServer, tags: bool, stream: bool
) -> None:
    """2.2: with max_tokens 256 the answer was `content: ""`, `finish_reason: "length"`."""
    platform.enqueue(Script(reasoning=["Let me ", "think"], reasoning_tags=tags, finish_reason="length"))
    failure = await failure_of(reka, stream=stream)
    assert isinstance(failure, RekaNoTextError)
    assert failure.finish_reason == "length"
    assert failure.reasoning == "Let me think"
    assert "reasoning" in str(failure)


@pytest.mark.parametrize("reason", ["length", "content_filter", "tool_calls", "something_new"])
async def test_any_finish_reason_ends_an_answer_that_has_text(reka: Face, wire: Wire, reason: str) -> None:
    """2.1: stop, length, tool_calls, content_filter; the text that came is the answer."""
    wire.server.enqueue(Script("one two", finish_reason=reason))
    assert "".join(await reka.pieces()) == "one two"


async def test_a_filtered_answer_without_text_tells_its_reason(
    reka: Face, platform: RekaPlatformServer
) -> None:
    """2.1: content_filter; callers must be able to say so."""
    platform.enqueue(Script(finish_reason="content_filter"))
    failure = await failure_of(reka)
    assert isinstance(failure, RekaNoTextError)
    assert failure.finish_reason == "content_filter"


async def test_content_may_be_a_list_of_parts(reka: Face, platform: RekaPlatformServer) -> None:
    """3: older endpoints give a list of parts; servers of the form still do."""
    parts = [{"type": "text", "text": "one "}, {"type": "image_url"}, {"type": "text", "text": "two"}]
    platform.enqueue(Script(raw_chunks=[chunk({"content": parts}), chunk({}, "stop")]))
    assert "".join(await reka.pieces()) == "one two"
