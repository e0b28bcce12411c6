"""A running sandbox and a client that speaks raw HTTP to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import pytest

from sandbox import Sandbox


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: object

    @property
    def json(self) -> dict[str, object]:
        """The body, which must be an object."""
        assert isinstance(self.body, dict)
        return self.body


class Raw:
    """A client without any manners: no waiting, no retries."""

    def __init__(self, sandbox: Sandbox, session: aiohttp.ClientSession) -> None:
        self.sandbox = sandbox
        self.session = session

    async def __call__(
        self, method: str, path: str, json: object = None, *, token: str | None = None, data: object = None
    ) -> Answer:
        """Send one request below /api/v10 with the bot's token, or with `token`."""
        bearer = self.sandbox.token if token is None else token
        headers = {"Authorization": f"Bot {bearer}"}
        url = self.sandbox.api_url + path
        async with self.session.request(method, url, json=json, data=data, headers=headers) as response:
            is_json = response.headers.get("Content-Type") == "application/json"
            body = await response.json() if is_json else await response.text()
            return Answer(response.status, dict(response.headers), body)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox() as running:
        yield running


@pytest.fixture
async def raw(sandbox: Sandbox) -> AsyncIterator[Raw]:
    async with aiohttp.ClientSession() as session:
        yield Raw(sandbox, session)
