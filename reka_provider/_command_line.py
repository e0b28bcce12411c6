"""The command `reka`: one question, answered in the terminal while Reka writes."""

from __future__ import annotations

import asyncio
import io
import json
import math
import os
import re
import sys
from collections.abc import AsyncGenerator, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import asdict
from enum import IntEnum
from typing import Any, NoReturn

from reka_provider._command_options import Options, parse, service_of
from reka_provider._command_output import Output, one_line
from reka_provider._command_question import messages_of, question_of
from reka_provider._errors import (
    RekaAuthError,
    RekaConnectionError,
    RekaError,
    RekaRateLimitError,
    RekaRequestError,
    RekaResponseError,
)
from reka_provider._models import VISION_MODEL
from reka_provider._platform import AsyncRekaPlatform
from reka_provider._space import AsyncReka
from reka_provider._types import ChatMessage, CompletionState

_CONNECT_TIMEOUT_S = 10.0
_NOTES = {
    "length": "The answer reached its longest length and stops here.",
    "content_filter": "Reka's content filter ended the answer here.",
}
# JSON may hold these as they are; a terminal would obey the first, and UTF-8 cannot hold the second.
_UNSHOWN_IN_JSON = re.compile(r"[\x7f-\x9f\ud800-\udfff]")


class Exit(IntEnum):
    """How the command ended."""

    OK = 0
    FAILED = 1
    USAGE = 2
    AUTH = 3
    LIMITED = 4
    INTERRUPTED = 130
    BROKEN_PIPE = 141


class _AbandonedThreads(ThreadPoolExecutor):
    """Threads that nobody waits for in the end: one may sit in the system's resolver for half a minute."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        super().shutdown(wait=False, cancel_futures=True)


def run() -> NoReturn:
    """Be the program: never returns."""
    status = main()
    if status is Exit.INTERRUPTED or status is Exit.BROKEN_PIPE:
        os._exit(status)  # sys.exit would wait for such a thread; everything is written and closed
    sys.exit(status)


def main(arguments: Sequence[str] | None = None) -> Exit:
    """Answer one question as the arguments (default: the program's) say; the exit status."""
    out, err = Output(sys.stdout, os.environ), Output(sys.stderr, os.environ)
    try:
        try:
            return _main(arguments, out, err)
        except KeyboardInterrupt:
            out.end_line()
            return Exit.INTERRUPTED
        except RekaError as error:
            _tell(err, sentence_of(error))
            return exit_of(error)
        except BrokenPipeError:
            raise
        except OSError as error:
            _tell(err, f"The output cannot be written: {error.strerror or type(error).__name__}.")
            out.abandon()
            return Exit.FAILED
    except BrokenPipeError:
        out.abandon()
        return Exit.BROKEN_PIPE


def _main(arguments: Sequence[str] | None, out: Output, err: Output) -> Exit:
    try:
        options = parse(arguments)
    except SystemExit:  # --help and --version: argparse has written, but perhaps not yet through
        out.flush()
        return Exit.OK
    service = service_of(options.service, os.environ)
    if service == "official" and (options.search or options.code):
        flag = "--search" if options.search else "--code"
        raise RekaRequestError(f"{flag} works on space.reka.ai alone: add --service space.")
    if options.models:
        if service == "space":
            raise RekaRequestError("space.reka.ai has no list of its models: add --service official.")
        return _run(_list_models(options, out))
    stdin = getattr(sys.stdin, "buffer", None)  # there is no sys.stdin where it was closed (<&-)
    piped = stdin if isinstance(stdin, io.BufferedIOBase) else None
    messages = messages_of(options.system, question_of(options.question, piped), options.images)
    return _run(_ask(options, service, messages, out, err))


def _run(work: Coroutine[Any, Any, Exit]) -> Exit:
    with asyncio.Runner() as runner:
        runner.get_loop().set_default_executor(_AbandonedThreads())
        return runner.run(work)


async def _ask(options: Options, service: str, messages: list[ChatMessage], out: Output, err: Output) -> Exit:
    connect_s = min(_CONNECT_TIMEOUT_S, options.timeout)
    states: AsyncGenerator[CompletionState, None]
    if service == "space":
        async with AsyncReka(idle_timeout=options.timeout, connect_timeout=connect_s) as space:
            states = space.stream(
                messages=messages,
                model=options.model,
                use_search_engine=options.search,
                use_code_interpreter=options.code,
            )
            return await _show(states, options, out, err)
    model = options.model or (VISION_MODEL if options.images else None)
    async with AsyncRekaPlatform(idle_timeout=options.timeout, connect_timeout=connect_s) as platform:
        return await _show(platform.stream(messages=messages, model=model), options, out, err)


async def _show(
    states: AsyncGenerator[CompletionState, None], options: Options, out: Output, err: Output
) -> Exit:
    grows = options.stream and not options.json
    last, thought = CompletionState(""), ""
    try:
        async with aclosing(states):
            async for state in states:
                if options.show_reasoning and state.reasoning != thought:
                    err.write(state.reasoning.removeprefix(thought), dim=True)
                    thought = state.reasoning
                if grows and state.text != last.text:
                    err.end_line()
                    _grow(last.text, state.text, out, err)
                last = state
    finally:
        err.end_line()
        out.end_line()
    if options.json:
        out.write(answer_as_json(last))
    elif not grows:
        out.write(last.text)
        out.end_line()
    if last.finish_reason in _NOTES:
        _tell(err, _NOTES[last.finish_reason])
    return Exit.OK


def _grow(shown: str, text: str, out: Output, err: Output) -> None:
    """Write what `text` has beyond `shown`; a person gets a revised answer anew, a program an error."""
    if text.startswith(shown):
        out.write(text[len(shown) :])
        return
    if not out.is_terminal:
        raise RekaResponseError(
            "Reka revised text that is already written; --no-stream writes the final text.", partial=shown
        )
    out.end_line()
    _tell(err, "Reka revised its answer; here it is anew.")
    out.write(text)


async def _list_models(options: Options, out: Output) -> Exit:
    connect_s = min(_CONNECT_TIMEOUT_S, options.timeout)
    async with AsyncRekaPlatform(idle_timeout=options.timeout, connect_timeout=connect_s) as platform:
        models = await platform.list_models()
    if options.json:
        out.write(_json_line([asdict(model) for model in models]))
        return Exit.OK
    width = max((len(model.id) for model in models), default=0)
    for model in models:
        size = f"{model.context_length:,} tokens" if model.context_length else ""
        reads = ", ".join(model.input_modalities or ())
        out.write(f"{model.id:<{width}}  {size:>16}  {reads}".rstrip() + "\n")
    return Exit.OK


def answer_as_json(state: CompletionState) -> str:
    """One line of JSON: text, reasoning, finish_reason, and usage (input_tokens, output_tokens) or null."""
    return _json_line(asdict(state))


def _json_line(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return _UNSHOWN_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n"


def exit_of(error: RekaError) -> Exit:
    """The status that stands for `error`."""
    if isinstance(error, RekaAuthError):
        return Exit.AUTH
    if isinstance(error, RekaRateLimitError):
        return Exit.LIMITED
    # A proxy's failure is both; whoever runs the command again later may get through.
    if isinstance(error, RekaRequestError) and not isinstance(error, RekaConnectionError):
        return Exit.USAGE
    return Exit.FAILED


def sentence_of(error: RekaError) -> str:
    """What `error` says to a person, and when to come back."""
    said = one_line(str(error))
    return f"{said} Try again in {math.ceil(error.retry_after)} s." if error.retry_after else said


def _tell(err: Output, sentence: str) -> None:
    err.end_line()
    err.write(f"reka: {one_line(sentence)}\n")
