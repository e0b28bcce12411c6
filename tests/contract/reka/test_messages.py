"""Questions: what is refused before any request, and what goes over the wire for the rest."""

from __future__ import annotations

from typing import Any

import pytest

from reka_provider import RekaRequestError
from sandbox.reka_platform import MODELS_PATH, RekaPlatformServer
from sandbox.reka_space import RekaSpace, Script
from tests.contract.reka.faces import HELLO, Face, MakeFace
from tests.contract.reka.failures import failure_of
from tests.contract.reka.pictures import png
from tests.contract.reka.wires import SESSION, Wire

A_PICTURE = {"type": "image", "image": png(), "media_type": "image/png"}
TALK = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Hi"},
    {"role": "assistant", "content": "Hello."},
    {"role": "user", "content": [{"type": "text", "text": "Which"}, {"type": "text", "text": "colour?"}]},
]


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        ([], 'a list like [{"role": "user"'),
        ("Hello", 'a list like [{"role": "user"'),
        ({"role": "user", "content": "Hello"}, 'a list like [{"role": "user"'),
        ([{"role": "tool", "content": "x"}], "role of system, user or assistant"),
        ([{"content": "x"}], "role of system, user or assistant"),
        (["Hello"], "role of system, user or assistant"),
        ([{"role": "user"}], "needs content"),
        ([{"role": "user", "content": None}], "needs content"),
        ([{"role": "user", "content": 7}], "needs content"),
        ([{"role": "user", "content": ""}], "has no content"),
        ([{"role": "user", "content": []}], "has no content"),
        ([*HELLO, {"role": "assistant", "content": ""}], "messages[1] has no content"),
        ([{"role": "system", "content": "Be brief."}], "at least one of the user"),
        ([{"role": "user", "content": [{"type": "audio"}]}], "none of text"),
        ([{"role": "user", "content": [{"type": "text"}]}], "none of text"),
        ([*HELLO, {"role": "assistant", "content": [A_PICTURE]}], "Only messages of the user"),
    ],
    ids=lambda value: str(value)[:36] if isinstance(value, list) else "",
)
async def test_messages_that_cannot_be_right_are_refused_before_any_request(
    reka: Face, wire: Wire, messages: Any, said: str
) -> None:
    """Ours: bad input (a wrong role, no content) is named before any request, with what would be right."""
    failure = await failure_of(reka, messages=messages)
    assert type(failure) is RekaRequestError
    assert said in str(failure)
    assert wire.requests_seen() == 0


@pytest.mark.parametrize("address", ["api.reka.ai", "ftp://reka.example", "http://[", "http://a b"])
@pytest.mark.parametrize("setting", ["base_url", "proxy"])
async def test_an_address_that_is_none_is_refused_at_once(make: MakeFace, setting: str, address: str) -> None:
    """Ours: bad input is named before any request, by the setting that holds it."""
    with pytest.raises(RekaRequestError, match=setting):
        make(**{setting: address})


async def test_the_request_has_the_fields_of_the_site(reka: Face, space: RekaSpace) -> None:
    """1.3: the fields of POST /api/chat; a system text travels inside a human turn."""
    await reka.pieces(TALK, model="reka-flash")
    body = space.chats[-1].body
    assert body["conversation_history"] == [
        {"type": "human", "text": "Be brief.\n\nHi"},
        {"type": "model", "text": "Hello."},
        {"type": "human", "text": "Which\ncolour?"},
    ]
    assert body["model_name"] == "reka-flash"
    assert body["stream"] is True
    assert (body["use_search_engine"], body["use_code_interpreter"]) == (False, False)
    assert isinstance(body["random_seed"], int)


async def test_search_code_and_seed_are_asked_for(reka: Face, space: RekaSpace) -> None:
    """1.3: use_search_engine, use_code_interpreter, random_seed."""
    await reka.pieces(use_search_engine=True, use_code_interpreter=True, random_seed=7)
    body = space.chats[-1].body
    assert (body["use_search_engine"], body["use_code_interpreter"], body["random_seed"]) == (True, True, 7)


@pytest.mark.parametrize(
    "wrong", [{"random_seed": -1}, {"random_seed": "7"}, {"use_search_engine": "yes"}, {"model": 3}], ids=str
)
async def test_options_that_cannot_be_right_are_refused_before_any_request(
    reka: Face, space: RekaSpace, wrong: dict[str, Any]
) -> None:
    """1.3: an integer seed, and flags that are true or false."""
    assert type(await failure_of(reka, **wrong)) is RekaRequestError
    assert space.token_requests == 0


async def test_cookies_and_token_go_with_each_call(reka: Face, space: RekaSpace) -> None:
    """1.1: all calls carry the bearer token; the site's own also carry the cookies."""
    await reka.pieces()
    headers = space.chats[-1].headers
    assert headers["Cookie"] == f"appSession={SESSION}"
    assert headers["Authorization"].startswith("Bearer ")


async def test_the_default_model_of_the_site_is_reka_core(reka: Face, space: RekaSpace) -> None:
    """1.3: the name that the site is known to take."""
    await reka.pieces()
    assert space.chats[-1].model_name == "reka-core"


async def test_a_model_that_the_site_does_not_take_is_named_with_those_it_took(
    reka: Face, space: RekaSpace
) -> None:
    """1.3: names valid today are unknown; those that were seen are listed."""
    space.enqueue(Script(status=400, body='{"detail": "unknown model_name"}'))
    failure = await failure_of(reka, model="reka-giant")
    assert type(failure) is RekaRequestError
    assert "reka-core, reka-flash, reka-edge" in str(failure)


async def test_the_request_has_the_fields_of_the_official_api(
    reka: Face, platform: RekaPlatformServer
) -> None:
    """2.1: roles as they are, the system's too; texts as plain strings."""
    await reka.pieces(TALK, model="glm5.3")
    chat = platform.chats[-1]
    assert chat.told == [
        ("system", "Be brief."),
        ("user", "Hi"),
        ("assistant", "Hello."),
        ("user", "Which\ncolour?"),
    ]
    assert (chat.model, chat.stream) == ("glm5.3", True)
    assert set(chat.body) == {"model", "stream", "messages"}


async def test_the_default_model_is_reka_flash_3(reka: Face, platform: RekaPlatformServer) -> None:
    """2.5: the official API's own text model."""
    await reka.pieces()
    assert platform.chats[-1].model == "reka-flash-3"


async def test_without_streaming_none_is_asked_for(reka: Face, platform: RekaPlatformServer) -> None:
    """2.1: without `stream` the answer is one object."""
    platform.enqueue(Script("one two", reasoning=["Hm. "]))
    assert await reka.pieces(stream=False) == ["one two"]
    assert platform.chats[-1].stream is False


async def test_parameters_of_sampling_reach_the_api(reka: Face, platform: RekaPlatformServer) -> None:
    """2.1: their names; what is not given is left to the server."""
    given = {"max_tokens": 900, "temperature": 0.5, "top_p": 0.9, "top_k": 40, "seed": 7, "stop": ["END"]}
    more = {"frequency_penalty": 0.1, "presence_penalty": -0.1, "reasoning_effort": "low"}
    await reka.pieces(**given, **more)
    body = platform.chats[-1].body
    assert {name: body[name] for name in (given | more)} == given | more


@pytest.mark.parametrize(
    "wrong",
    [{"max_tokens": 0}, {"temperature": 3}, {"top_p": 0}, {"stop": []}, {"seed": "x"}, {"model": "a\nb"}],
    ids=str,
)
async def test_parameters_that_cannot_be_right_are_refused_before_any_request(
    reka: Face, platform: RekaPlatformServer, wrong: dict[str, Any]
) -> None:
    """2.1: their ranges; said here, since it costs nothing."""
    failure = await failure_of(reka, **wrong)
    assert type(failure) is RekaRequestError
    assert next(iter(wrong)) in str(failure)
    assert platform.requests.total() == 0


async def test_an_unknown_model_is_told_with_the_known_ones(reka: Face, platform: RekaPlatformServer) -> None:
    """2.6: 404 not_found_error; 2.4: GET /models lists what there is."""
    failure = await failure_of(reka, model="reka-giant")
    assert type(failure) is RekaRequestError
    assert failure.status == 404
    assert "'reka-giant'" in str(failure)
    assert "reka-flash-3, reka-edge-2603, glm5.3" in str(failure)
    assert platform.requests[MODELS_PATH] == 1


async def test_without_the_list_an_unknown_model_is_told_as_the_server_does(
    reka: Face, platform: RekaPlatformServer, wire: Wire
) -> None:
    """2.4: the list depends on the key, and may not be had; it only helps."""
    platform.models = []
    failure = await failure_of(reka, model="reka-giant")
    assert type(failure) is RekaRequestError
    assert "does not exist" in str(failure)


@pytest.mark.parametrize("bare", [False, True], ids=["object", "array"])
async def test_the_list_of_models_has_two_shapes(
    reka: Face, platform: RekaPlatformServer, bare: bool
) -> None:
    """2.4: an object with `data`, or the bare array of older pages."""
    platform.bare_models = bare
    models = await reka.call("list_models")
    assert [model.id for model in models] == ["reka-flash-3", "reka-edge-2603", "glm5.3"]
    assert models[1].input_modalities == (None if bare else ("text", "image", "video"))
    assert models[1].context_length == (None if bare else 16_384)


async def test_the_list_of_models_is_kept(reka: Face, platform: RekaPlatformServer) -> None:
    """Ours: `list_models()` is cached; who changes what was given changes nothing kept."""
    (await reka.call("list_models")).clear()
    assert await reka.call("list_models")
    assert platform.requests[MODELS_PATH] == 1
