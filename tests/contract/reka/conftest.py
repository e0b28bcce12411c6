"""Each of the four faces before the loopback server of its wire."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from reka_provider import AsyncReka, AsyncRekaPlatform
from sandbox.reka_platform import RekaPlatformServer
from sandbox.reka_space import RekaSpace
from tests.contract.reka.faces import PLATFORM, SPACE, AsyncFace, Face, Kind, MakeFace
from tests.contract.reka.wires import PlatformWire, SpaceWire, Wire


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A case runs over the faces of the wire whose fixture it asks for, else over all four.

    One that asks for `client` runs over the asynchronous ones.
    """
    if "kind" not in metafunc.fixturenames:
        return
    asked = {"space", "platform"} & set(metafunc.fixturenames)
    kinds = [kind for kind in (*SPACE, *PLATFORM) if not asked or kind.wire in asked]
    if "client" in metafunc.fixturenames:
        kinds = [kind for kind in kinds if kind.face is AsyncFace]
    metafunc.parametrize("kind", kinds, ids=[kind.name for kind in kinds])


@pytest.fixture
async def wire(kind: Kind) -> AsyncIterator[Wire]:
    """The loopback server of the face's wire."""
    if kind.wire == "space":
        async with RekaSpace(token_s=0.0) as space:
            yield SpaceWire(space)
    else:
        async with RekaPlatformServer(token_s=0.0) as platform:
            yield PlatformWire(platform)


@pytest.fixture
def space(wire: Wire) -> RekaSpace:
    """The same, for the cases of space.reka.ai alone."""
    assert isinstance(wire.server, RekaSpace)
    return wire.server


@pytest.fixture
def platform(wire: Wire) -> RekaPlatformServer:
    """The same, for the cases of the official API alone."""
    assert isinstance(wire.server, RekaPlatformServer)
    return wire.server


@pytest.fixture
async def make(kind: Kind, wire: Wire) -> AsyncIterator[MakeFace]:
    """Makes faces that speak to the loopback server, and closes them."""
    async with AsyncExitStack() as stack:

        def made(**options: object) -> Face:
            given = {} if {"api_key", "cookies"} & options.keys() else wire.credentials
            client = kind.client(**{"base_url": wire.server.url, "backoff": 0.01, **given, **options})
            face = kind.face(client)
            stack.push_async_callback(face.close)
            return face

        yield made


@pytest.fixture
def reka(make: MakeFace) -> Face:
    """A face as it is made by default."""
    return make()


@pytest.fixture
def client(reka: Face) -> AsyncReka | AsyncRekaPlatform:
    """The asynchronous client itself, for what blocking ones have not."""
    found: AsyncReka | AsyncRekaPlatform = reka.client
    return found
