"""The loopback CDN: links that look signed and expire (API Reference, Signed Attachment CDN URLs)."""

from __future__ import annotations

import hmac
import time
from hashlib import sha256
from urllib.parse import quote

from aiohttp import web

from sandbox.entities import Attachment
from sandbox.world import World


class Cdn:
    """Signs links to attachments and serves them; `origin` is scheme, host and port."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.origin = ""
        self.served = 0

    def sign(self, attachment: Attachment) -> str:
        """Return a link that works for `world.cdn_lifetime_s` seconds."""
        now = time.time()
        path = f"/attachments/{attachment.channel_id}/{attachment.id}/{quote(attachment.filename, safe='')}"
        expires, issued = f"{int(now + self._world.cdn_lifetime_s):x}", f"{int(now):x}"
        mark = self._mark(attachment.id, expires, issued)
        return f"{self.origin}{path}?ex={expires}&is={issued}&hm={mark}&"

    def routes(self) -> list[web.AbstractRouteDef]:
        """The routes to bind."""
        return [web.get("/attachments/{channel_id}/{attachment_id}/{filename}", self._serve)]

    def _mark(self, attachment_id: int, expires: str, issued: str) -> str:
        signed = f"{attachment_id}:{expires}:{issued}".encode()
        return hmac.new(self._world.cdn_secret, signed, sha256).hexdigest()

    async def _serve(self, request: web.Request) -> web.Response:
        query = request.query
        expires, issued = query.get("ex", ""), query.get("is", "")
        try:
            attachment_id = int(request.match_info["attachment_id"])
            alive = int(expires, 16) > time.time()
        except ValueError:
            return _gone()
        attachment = self._world.attachments.get(attachment_id)
        signed = hmac.compare_digest(query.get("hm", ""), self._mark(attachment_id, expires, issued))
        if attachment is None or not alive or not signed:
            return _gone()
        self.served += 1
        return web.Response(
            body=attachment.data,
            headers={
                "Content-Type": attachment.content_type,
                "Content-Security-Policy": "sandbox",
                "X-Content-Type-Options": "nosniff",
            },
        )


def _gone() -> web.Response:
    return web.Response(status=404, text="This content is no longer available.")
