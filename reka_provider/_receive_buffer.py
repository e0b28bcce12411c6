"""How far ahead of its reader an answer is taken in."""

from __future__ import annotations

import socket

import aiohttp

RECEIVE_BUFFER_BYTES = 64 * 1024
READ_AHEAD_BYTES = 48 * 1024
"""For aiohttp's `read_bufsize`, which stops reading at twice as much; on its own it takes 256 KiB."""


def socket_for(address: aiohttp.AddrInfoType) -> socket.socket:
    """A socket whose system buffer does not grow.

    On its own Linux lets it grow to megabytes. asyncio then takes a quarter of one in a single read, from every
    connection before any of it is parsed: hundreds of cumulative answers that come at once would fill the memory.
    The price is what a connection carries: a buffer for each round trip, 640 KB a second where one takes 0.1 s.
    """
    family, kind, protocol, _, _ = address
    made = socket.socket(family, kind, protocol)
    # It has to be before connecting: that is when the largest window is agreed on.
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
    return made
