"""Credentials: cookies for a token, keys, and what is said where they are not accepted."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from reka_provider import RekaAuthError, RekaResponseError
from sandbox.reka_platform import MODELS_PATH, RekaPlatformServer
from sandbox.reka_space import Fault, RekaSpace, Script
from tests.contract.reka.faces import Face, MakeFace
from tests.contract.reka.failures import everything_in, failure_of
from tests.contract.reka.wires import BEARER, KEY, SESSION, Wire

TWO_LINE_KEY = "first-half-Kq91\nsecond-half-Vm45"


async def test_cookies_are_traded_for_a_token(reka: Face, space: RekaSpace) -> None:
    """1.1: GET /bff/auth/access_token with the cookies answers {"accessToken": ...}."""
    assert await reka.call("get_access_token") in space.issued_tokens


async def test_the_token_is_kept(reka: Face, space: RekaSpace) -> None:
    """1.1: it is a JWT with an `exp`; until then one request is enough."""
    await reka.pieces()
    await reka.pieces()
    assert space.token_requests == 1


async def test_a_token_near_its_end_is_replaced_before_use(reka: Face, space: RekaSpace) -> None:
    """1.1: the JWT's `exp` claim tells when it ends."""
    space.token_life_s = 0.05
    await reka.call("get_access_token")
    await asyncio.sleep(0.06)
    await reka.pieces()
    assert space.token_requests == 2


async def test_a_split_session_cookie_counts(make: MakeFace, space: RekaSpace) -> None:
    """1.1: large sessions may be split into appSession.0, appSession.1."""
    space.sessions = {"leftright"}
    face = make(cookies={"appSession.0": "left", "appSession.1": "right"})
    assert await face.call("get_access_token")


@pytest.mark.parametrize("form", ["mapping", "header", "json", "netscape"])
async def test_cookies_come_in_four_forms(make: MakeFace, space: RekaSpace, tmp_path: Any, form: str) -> None:
    """1.1: the cookie is what counts, however a browser gave it out."""
    space.sessions = {SESSION}
    exported, listed = tmp_path / "cookies.json", tmp_path / "cookies.txt"
    exported.write_text(f'[{{"domain": "space.reka.ai", "name": "appSession", "value": "{SESSION}"}}]')
    listed.write_text(
        f"# Netscape HTTP Cookie File\nspace.reka.ai\tTRUE\t/\tTRUE\t0\tappSession\t{SESSION}\n"
    )
    given = {
        "mapping": {"appSession": SESSION},
        "header": f"theme=dark; appSession={SESSION}",
        "json": exported,
        "netscape": str(listed),
    }[form]
    assert await make(cookies=given).call("get_access_token")


async def test_a_bearer_token_needs_no_token_request(make: MakeFace, space: RekaSpace) -> None:
    """1.1: a ready-made token is accepted, and none is fetched."""
    assert "".join(await make(api_key=BEARER).pieces())
    assert space.token_requests == 0


async def test_an_expired_token_is_renewed_once_for_all_waiters(reka: Face, space: RekaSpace) -> None:
    """1.5: 401 is the likely code of an expired token; ten tabs must not fetch ten."""
    await reka.pieces()
    space.expire_tokens()
    space.token_delay_s = 0.1
    answers = await asyncio.gather(*(reka.pieces() for _ in range(10)))
    assert all(answers)
    assert space.token_requests == 2


async def test_a_second_401_is_an_auth_error(reka: Face, space: RekaSpace) -> None:
    """1.5: a fresh token that is refused will be refused again."""
    space.enqueue(Script(status=401), Script(status=401))
    failure = await failure_of(reka)
    assert isinstance(failure, RekaAuthError)
    assert failure.status == 401
    assert space.token_requests == 2


async def test_a_refused_bearer_token_is_an_auth_error(make: MakeFace, space: RekaSpace) -> None:
    """1.1: without cookies there is nothing to renew it with."""
    failure = await failure_of(make(api_key="stale-Token-5512"))
    assert isinstance(failure, RekaAuthError)
    assert space.token_requests == 0


@pytest.mark.parametrize(
    "fault",
    [
        Fault(401, '{"error": "gone"}'),
        Fault(200, "<html><body>Log in</body></html>", {"Content-Type": "text/html"}),
        Fault(302, "", {"Location": "https://auth.reka.ai/u/login?state=abc"}),
        Fault(307, "", {"Location": "/"}),
        Fault(200, '{"user": null}'),
        Fault(200, '{"accessToken": null}'),
        Fault(200, '{"accessToken": "two\\nlines"}'),
        Fault(200, "[]"),
        Fault(403, "<html>Are you a robot?</html>", {"Content-Type": "text/html"}),
    ],
    ids=["401", "page", "redirect", "redirect-path", "no-token", "null", "newline", "list", "robot"],
)
async def test_a_session_that_ended_is_an_auth_error(reka: Face, space: RekaSpace, fault: Fault) -> None:
    """1.1: its form is unknown; each likely one must say what to do."""
    space.faults.append(fault)
    failure = await failure_of(reka)
    assert isinstance(failure, RekaAuthError)
    assert isinstance(failure, ValueError)
    assert "appSession" in str(failure)


async def test_trouble_with_the_token_request_is_no_login_problem(reka: Face, space: RekaSpace) -> None:
    """4: the known client turns every failure of it into a ValueError."""
    space.faults.extend(Fault(503) for _ in range(4))
    failure = await failure_of(reka)
    assert isinstance(failure, RekaResponseError)
    assert not isinstance(failure, ValueError)


async def test_cookies_without_a_session_are_refused_before_any_request(
    make: MakeFace, space: RekaSpace
) -> None:
    """1.1: appSession is needed."""
    assert isinstance(await failure_of(make(cookies={"theme": "dark"})), RekaAuthError)
    assert space.token_requests == 0


async def test_a_cookie_with_a_newline_is_refused_before_any_request(
    make: MakeFace, space: RekaSpace
) -> None:
    """Ours: bad input is named before any request; a header must not be forged through it."""
    with pytest.raises(RekaAuthError) as caught:
        make(cookies={"appSession": TWO_LINE_KEY})
    assert "Kq91" not in everything_in(caught.value)
    assert space.token_requests == 0


@pytest.mark.parametrize("key", [TWO_LINE_KEY, "two Kq91 words", "schlüssel-Kq91", "tab\tKq91"])
async def test_a_key_of_impossible_characters_is_refused_before_any_request(
    make: MakeFace, wire: Wire, key: str
) -> None:
    """Ours: bad input is named before any request, and a secret is never repeated."""
    with pytest.raises(RekaAuthError) as caught:
        make(api_key=key)
    assert "without spaces or line ends" in str(caught.value)
    assert "Kq91" not in everything_in(caught.value)
    assert wire.requests_seen() == 0


async def test_the_key_goes_with_each_request(reka: Face, platform: RekaPlatformServer) -> None:
    """2: `Authorization: Bearer <key>`."""
    await reka.pieces()
    assert platform.chats[-1].headers["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("status", [401, 403])
async def test_a_key_that_is_not_accepted_is_told_at_once(
    reka: Face, platform: RekaPlatformServer, wire: Wire, status: int
) -> None:
    """2.6: 401 authentication_error: missing, invalid or revoked; trying again changes nothing."""
    platform.faults.append(wire.fault(status, '{"error": {"type": "authentication_error", "message": "no"}}'))
    failure = await failure_of(reka)
    assert isinstance(failure, RekaAuthError)
    assert "https://platform.reka.ai" in str(failure)
    assert platform.requests.total() == 1


async def test_an_unknown_key_is_an_auth_error_for_the_models_too(
    reka: Face, platform: RekaPlatformServer
) -> None:
    """2.4: 401 without a valid key."""
    platform.keys = {"another-key-Mn07"}
    with pytest.raises(RekaAuthError):
        await reka.call("list_models")
    assert platform.requests[MODELS_PATH] == 1


async def test_a_server_of_ones_own_needs_no_key(
    make: MakeFace, platform: RekaPlatformServer, wire: Wire
) -> None:
    """Ours: REKA_API_URL may name a vLLM or llama.cpp without keys; an empty one is no header."""
    platform.needs_key = False
    assert await make(api_key="").pieces()
    assert "Authorization" not in platform.chats[-1].headers


@pytest.mark.parametrize(
    "script",
    [
        Script(status=400, body='{"error": {"message": "bad credentials SECRETS"}}'),
        Script(status=500, body="Cookie: appSession=SECRETS"),
        Script(status=403, body="SECRETS"),
        Script(status=429, body='{"error": {"message": "wait, SECRETS"}}', headers={"Retry-After": "60"}),
        Script("a b", cut_after_pieces=1),
        Script("a b", cut_after_pieces=0),
        Script(status=401),
        Script(error={"type": "server_error", "message": "no session SECRETS"}),
        Script(status=302, headers={"Location": "https://else.example/?key=SECRETS"}),
        Script("a b", headers={"X-Request-ID": "SECRETS"}, cut_after_pieces=1),
    ],
    ids=["400", "500", "403", "429", "cut", "cut-at-once", "401", "in-stream", "redirect", "request-id"],
)
async def test_no_error_holds_a_secret(make: MakeFace, wire: Wire, script: Script) -> None:
    """Ours: errors are logged and shown, whatever a server echoes into them."""
    face = make()
    await face.pieces()  # from now on there is a token, too
    echoed = " ".join(wire.secrets)
    body = script.body.replace("SECRETS", echoed) if isinstance(script.body, str) else script.body
    error = script.error and {
        **script.error,
        "message": str(script.error["message"]).replace("SECRETS", echoed),
    }
    headers = {name: value.replace("SECRETS", echoed) for name, value in script.headers.items()}
    told = Script(
        script.text,
        status=script.status,
        body=body,
        error=error,
        headers=headers,
        cut_after_pieces=script.cut_after_pieces,
    )
    wire.server.enqueue(*[told] * 4)
    said = everything_in(await failure_of(face))
    assert wire.secrets
    assert not [secret for secret in wire.secrets if secret in said]


async def test_no_repr_holds_a_secret(make: MakeFace, wire: Wire) -> None:
    """Ours: a client ends up in logs and in tracebacks that show local values."""
    face = make()
    await face.pieces()
    said = repr(face.client) + str(face.client) + repr(face.breakers())
    assert not [secret for secret in wire.secrets if secret in said]
