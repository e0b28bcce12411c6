"""`python -m sandbox` as a person meets it: what it prints, and its page."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import aiohttp

from tests.e2e.processes import Program, running

_ADDRESS = re.compile(r"https?://\S+")
_ANSWERS_WITHIN_S = 20.0


def demo(
    folder: Path, *arguments: str, env: Mapping[str, str] | None = None
) -> AbstractAsyncContextManager[Program]:
    """The demo on a port that is free, unless `arguments` name one, with its data in `folder`."""
    port = () if "--port" in arguments else ("--port", "0")
    return running(
        ["-m", "sandbox", "--data", str(folder / "data"), *port, *arguments], env or {}, folder=folder
    )


async def page_of(program: Program) -> str:
    """The first http address that it prints."""
    await program.until(lambda: _ADDRESS.search("\n".join(program.output)))
    found = _ADDRESS.search("\n".join(program.output))
    assert found
    return found[0]


async def say(
    page: str,
    words: str,
    *,
    file: tuple[str, bytes] | None = None,
    until: Callable[[str], bool] = bool,
) -> str:
    """Say something in #general as the page does; what the bot answers there, once `until` holds for it."""
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{page}sandbox/live") as live:
        state = await live.receive_json(timeout=5)
        bot, me = state["bot"], state["me"]
        channel = next(channel for channel in state["channels"] if channel["name"] == "general")
        said = {"user_id": me["id"], "channel_id": channel["id"], "content": f"<@{bot['id']}> {words}"}
        form = aiohttp.FormData({"payload": json.dumps(said)}, default_to_multipart=True)
        if file is not None:
            form.add_field("file", file[1], filename=file[0])
        async with session.post(f"{page}sandbox/messages", data=form) as response:
            assert response.status == 200, await response.text()
            asked = await response.json()
        while True:
            shown = await live.receive_json(timeout=_ANSWERS_WITHIN_S)
            message = shown.get("message") or {}
            if shown["t"] != "message" or message["author"]["id"] != bot["id"]:
                continue
            if int(message["id"]) > int(asked["id"]) and until(message["content"]):
                return str(message["content"])
