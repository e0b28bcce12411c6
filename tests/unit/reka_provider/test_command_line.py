"""The pure parts of `reka`: what is asked, of whom, and how an error is told."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import cast

import pytest
from PIL import Image

from reka_provider import (
    CompletionState,
    RekaAuthError,
    RekaConnectionError,
    RekaError,
    RekaProxyError,
    RekaQuotaError,
    RekaRateLimitError,
    RekaRequestError,
    RekaResponseError,
    RekaTimeoutError,
)
from reka_provider._command_line import Exit, answer_as_json, exit_of, sentence_of
from reka_provider._command_options import parse, service_of
from reka_provider._command_output import Output, one_line, plain
from reka_provider._command_question import LARGEST_STDIN_BYTES, messages_of, question_of


class Terminal(io.StringIO):
    """A stream that a person looks at."""

    def isatty(self) -> bool:
        return True


class Keyboard(io.BytesIO):
    """Standard input that nobody has piped anything into."""

    def isatty(self) -> bool:
        return True


# ---------------------------------------------------------------------- options


def test_words_and_options_may_stand_in_any_order() -> None:
    """People type the question as they think of it."""
    options = parse(["What", "--model", "m", "is", "--image", "a.png", "this?", "--image", "b.png"])

    assert (options.question, options.model, options.images) == (
        ["What", "is", "this?"],
        "m",
        ["a.png", "b.png"],
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--nonsense", "Hi"], "There is no --nonsense (reka --help says more)."),
        (["--mod", "m", "Hi"], "There is no --mod"),
        (["--service", "moon", "Hi"], "'moon'"),
        (["--timeout", "0", "Hi"], "a number of seconds above 0"),
        (["--timeout", "nan", "Hi"], "a number of seconds above 0"),
        (["--timeout", "soon", "Hi"], "a number of seconds above 0"),
        (["--image"], "expected one argument"),
    ],
)
def test_wrong_option_is_told_in_one_sentence(arguments: list[str], said: str) -> None:
    """The whole usage on each slip hides what was wrong."""
    with pytest.raises(RekaRequestError) as caught:
        parse(arguments)

    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "option", ["--api-key=sk-very-secret", "--token=sk-very-secret", "--cookies=sk-very-secret"]
)
def test_secret_on_the_command_line_is_refused_and_not_repeated(option: str) -> None:
    """Every user of the machine can read the arguments of its programs; a message would go to logs besides."""
    with pytest.raises(RekaRequestError, match="credentials come from the environment") as caught:
        parse([option, "Hi"])

    assert "sk-very-secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("chosen", "environment", "service"),
    [
        (None, {"REKA_API_KEY": "k", "REKA_APP_SESSION": "s"}, "official"),
        (None, {"REKA_APP_SESSION": "s"}, "space"),
        (None, {"REKA_COOKIES": "c.txt"}, "space"),
        (None, {"REKA_BEARER_TOKEN": "b"}, "space"),
        (None, {"REKA_API_KEY": "", "REKA_APP_SESSION": "s"}, "space"),
        (None, {"REKA_API_URL": "http://127.0.0.1:8000/v1"}, "official"),
        (None, {"REKA_API_URL": "http://127.0.0.1:8000/v1", "REKA_APP_SESSION": "s"}, "space"),
        ("space", {"REKA_API_KEY": "k"}, "space"),
        ("official", {}, "official"),
    ],
)
def test_service_follows_the_credentials(
    chosen: str | None, environment: dict[str, str], service: str
) -> None:
    """Who has one account should not have to say which."""
    assert service_of(chosen, environment) == service


def test_no_credentials_at_all_names_both_ways_to_get_some() -> None:
    """A newcomer has neither and must choose."""
    with pytest.raises(RekaAuthError, match=r"REKA_API_KEY .* or REKA_APP_SESSION"):
        service_of(None, {})


# ---------------------------------------------------------------------- question


@pytest.mark.parametrize(
    ("words", "piped", "question"),
    [
        (["What", "is", "Reka?"], None, "What is Reka?"),
        (["Hi"], io.BytesIO(b""), "Hi"),
        ([], io.BytesIO(b"From a pipe\n"), "From a pipe"),
        (["Explain"], io.BytesIO(b"line 1\nline 2\n"), "Explain\n\nline 1\nline 2"),
        (["Explain", "-"], Keyboard(b"typed\n"), "Explain\n\ntyped"),
        (["-"], Keyboard(b"typed\n"), "typed"),
        (["Hi"], Keyboard(b"not asked for"), "Hi"),
        ([], io.BytesIO(b"\xef\xbb\xbfwith a mark"), "with a mark"),
        ([], io.BytesIO("größer".encode()), "größer"),
        ([], io.BytesIO(b"broken \xff byte"), "broken \N{REPLACEMENT CHARACTER} byte"),
    ],
)
def test_question_comes_from_arguments_and_pipe(
    words: list[str], piped: io.BytesIO | None, question: str
) -> None:
    """`cat log.txt | reka Explain` is what a command line is for."""
    assert question_of(words, piped) == question


@pytest.mark.parametrize(
    ("words", "piped", "said"),
    [
        ([], Keyboard(b""), "There is no question: write one"),
        (["  "], None, "There is no question: write one"),
        (["-"], io.BytesIO(b" \n"), "standard input is empty"),
        ([], io.BytesIO(b"\x89PNG\r\n\x1a\n\0\0"), "--image FILE"),
        ([], io.BytesIO(b"x" * (LARGEST_STDIN_BYTES + 1)), "more than 4 MiB"),
    ],
)
def test_no_question_is_told_with_what_would_be_one(
    words: list[str], piped: io.BytesIO | None, said: str
) -> None:
    """Waiting for input in silence looks like a hang."""
    with pytest.raises(RekaRequestError, match=said):
        question_of(words, piped)


def test_pictures_keep_their_order_before_the_text(tmp_path: Path) -> None:
    """ "The first picture" must be the first."""
    for name, width_px in (("b.png", 10), ("a.png", 20)):
        Image.new("RGB", (width_px, 8), "red").save(tmp_path / name)
    paths = [str(tmp_path / "b.png"), "https://media.example/c.png", str(tmp_path / "a.png")]

    system, asked = messages_of("Be brief.", "Which?", paths)

    parts = [dict(part) for part in asked["content"] if isinstance(part, dict)]
    first, third = (Image.open(io.BytesIO(cast("bytes", parts[index]["image"]))) for index in (0, 2))
    assert system == {"role": "system", "content": "Be brief."}
    assert (first.width, third.width) == (10, 20)
    assert parts[1] == {"type": "image_url", "image_url": {"url": "https://media.example/c.png"}}
    assert parts[3:] == [{"type": "text", "text": "Which?"}]


def test_wrong_picture_is_named(tmp_path: Path) -> None:
    """Of four files one is to blame."""
    (tmp_path / "notes.png").write_text("no picture")

    with pytest.raises(RekaRequestError, match=r"notes\.png: "):
        messages_of(None, "What?", [str(tmp_path / "notes.png")])


# ---------------------------------------------------------------------- output


def test_terminal_gets_no_control_characters() -> None:
    """A model's text could retitle the window, move the cursor, or write to the clipboard."""
    hostile = "a\x1b]0;title\x07b\x1b[2Jc\x9b31md\x00e\rf\tg\nh\x7f"

    assert plain(hostile) == "a]0;titleb[2Jc31mdef\tg\nh"
    assert one_line("two\n lines\x1b[1m") == "two lines[1m"


def test_pipe_gets_the_text_as_it_is() -> None:
    """A program that reads it wants what Reka wrote."""
    stream = io.StringIO()

    Output(stream, {}).write("a\x1b[1mb\r\n")

    assert stream.getvalue() == "a\x1b[1mb\r\n"


@pytest.mark.parametrize(
    ("stream", "environment", "written"),
    [
        (Terminal(), {}, "\x1b[2mHm.\x1b[22m\n"),
        (Terminal(), {"NO_COLOR": "1"}, "Hm.\n"),
        (Terminal(), {"TERM": "dumb"}, "Hm.\n"),
        (io.StringIO(), {}, "Hm.\n"),
    ],
)
def test_thinking_is_dim_where_a_terminal_can(
    stream: io.StringIO, environment: dict[str, str], written: str
) -> None:
    """And each piece ends its own dimness, so that no death leaves the terminal dim."""
    output = Output(stream, environment)

    output.write("Hm.", dim=True)
    output.end_line()
    output.end_line()

    assert stream.getvalue() == written


def test_closed_stream_swallows() -> None:
    """`reka Hi >&-` has no standard output at all."""
    output = Output(None, {})

    output.write("text")
    output.end_line()
    output.abandon()

    assert not output.is_terminal


def test_json_is_one_line_that_a_terminal_can_show() -> None:
    """JSON escapes ESC by itself, but neither DEL, C1 nor half a surrogate pair."""
    state = CompletionState("a\x1b\x7f\x9b\ud83d größer\n")

    line = answer_as_json(state)

    assert line.isprintable() or line[:-1].isprintable()
    assert json.loads(line) == {
        "text": state.text,
        "reasoning": "",
        "finish_reason": None,
        "usage": None,
    }


# ---------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RekaResponseError("x"), Exit.FAILED),
        (RekaConnectionError("x"), Exit.FAILED),
        (RekaTimeoutError("x"), Exit.FAILED),
        (RekaProxyError("x"), Exit.FAILED),
        (RekaRequestError("x"), Exit.USAGE),
        (RekaAuthError("x"), Exit.AUTH),
        (RekaRateLimitError("x"), Exit.LIMITED),
        (RekaQuotaError("x"), Exit.LIMITED),
    ],
)
def test_each_error_has_its_status(error: RekaError, status: Exit) -> None:
    """A script decides by it whether to try again."""
    assert exit_of(error) is status


def test_sentence_says_when_to_come_back_and_holds_no_controls() -> None:
    """A message may quote what a server wrote."""
    error = RekaRateLimitError("Reka asks to wait (429)\nand says: \x1b[31mno.", retry_after=11.2)

    assert sentence_of(error) == "Reka asks to wait (429) and says: [31mno. Try again in 12 s."
