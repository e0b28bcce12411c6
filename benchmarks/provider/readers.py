"""The clients under measurement, each as a way to ask one question; a peer is imported only by who asks for it."""

from __future__ import annotations

import asyncio
import importlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager

MESSAGES = [{"role": "user", "content": "Tell me about lighthouses."}]
KEY = "made-up-key"

Began = Callable[[], None]
"""Called at the first text, or the first bytes of a body."""

Ask = Callable[[Began], Awaitable[str | None]]
"""Asks and reads to the end; the text of the answer, None where only bytes were read."""

Reader = Callable[[str, int], AbstractAsyncContextManager[Ask]]
"""A client for the server at a URL, for so many questions at once."""


@asynccontextmanager
async def ours_space(url: str, streams: int) -> AsyncIterator[Ask]:
    """AsyncReka, as a program uses it."""
    from reka_provider import AsyncReka

    async with AsyncReka(api_key=KEY, base_url=url) as reka:

        async def ask(began: Began) -> str:
            found: list[str] = []
            async with aclosing(reka.create_completion(model="reka-core", messages=MESSAGES)) as answer:
                async for piece in answer:
                    if not found:
                        began()
                    found.append(piece)
            return "".join(found)

        yield ask


@asynccontextmanager
async def ours_official(url: str, streams: int) -> AsyncIterator[Ask]:
    """AsyncRekaPlatform, as a program uses it."""
    from reka_provider import AsyncRekaPlatform

    async with AsyncRekaPlatform(api_key=KEY, base_url=f"{url}/v1") as reka:

        async def ask(began: Began) -> str:
            found: list[str] = []
            async with aclosing(reka.create_completion(model="reka-flash-3", messages=MESSAGES)) as answer:
                async for piece in answer:
                    if not found:
                        began()
                    found.append(piece)
            return "".join(found)

        yield ask


@asynccontextmanager
async def _bytes_alone(url: str) -> AsyncIterator[Ask]:
    import aiohttp

    body = json.dumps({"messages": MESSAGES}).encode()
    timeout = aiohttp.ClientTimeout(total=None, sock_read=60)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout) as session:

        async def ask(began: Began) -> None:
            async with session.post(url, data=body) as response:
                if await response.content.readany():
                    began()
                while await response.content.readany():
                    pass

        yield ask


def bytes_space(url: str, streams: int) -> AbstractAsyncContextManager[Ask]:
    """The bytes of a cumulative answer through aiohttp, looked at by nobody."""
    return _bytes_alone(f"{url}/api/chat")


def bytes_official(url: str, streams: int) -> AbstractAsyncContextManager[Ask]:
    """The bytes of an answer in pieces through aiohttp, looked at by nobody."""
    return _bytes_alone(f"{url}/v1/chat/completions")


@asynccontextmanager
async def g4f(url: str, streams: int) -> AsyncIterator[Ask]:
    """g4f's Reka provider. It blocks, so each answer has a thread."""
    provider = importlib.import_module("g4f.Provider").Reka
    provider.url = url

    def read(began: Began) -> str:
        found: list[str] = []
        answer = provider.create_completion(model="reka-core", messages=MESSAGES, stream=True, api_key=KEY)
        for piece in answer:
            if not found:
                began()
            found.append(piece)
        return "".join(found)

    with ThreadPoolExecutor(streams) as threads:
        yield lambda began: asyncio.get_running_loop().run_in_executor(threads, read, began)


@asynccontextmanager
async def openai(url: str, streams: int) -> AsyncIterator[Ask]:
    """The SDK as it is; it allows 1,000 connections."""
    sdk = importlib.import_module("openai")
    async with sdk.AsyncOpenAI(api_key=KEY, base_url=f"{url}/v1", max_retries=0) as client:

        async def ask(began: Began) -> str:
            found: list[str] = []
            answer = await client.chat.completions.create(
                model="reka-flash-3", messages=MESSAGES, stream=True
            )
            async with answer:
                async for chunk in answer:
                    piece = chunk.choices[0].delta.content if chunk.choices else None
                    if piece:
                        if not found:
                            began()
                        found.append(piece)
            return "".join(found)

        yield ask


def readers() -> dict[str, Reader]:
    """All of them by name."""
    return {
        "bytes-official": bytes_official,
        "ours-official": ours_official,
        "openai": openai,
        "bytes-space": bytes_space,
        "ours-space": ours_space,
        "g4f": g4f,
    }
