"""What the chat page uses: one websocket that shows the world to a person, and calls that act as one.

JSON in and out; errors are {"message": ...} with a 4xx status.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

from aiohttp import WSCloseCode, web

from sandbox import changes
from sandbox.cdn import Cdn
from sandbox.entities import Channel, Json, Message
from sandbox.forms import CONTENT_CHARS, FILE_BYTES, FILES, utf16_units
from sandbox.page_requests import Refused, answering, read_payload
from sandbox.page_view import PageView
from sandbox.person import OptionValue, Person
from sandbox.world import World

_WEB = Path(__file__).parent / "web"
_COUNTER_PAUSE_S = 0.5
_BOOLEAN, _INTEGER, _NUMBER = 5, 4, 10


class People:
    """The people's door to the world: the page's files, its websocket, and its calls."""

    def __init__(
        self,
        world: World,
        cdn: Cdn,
        *,
        online: Callable[[], bool],
        counters: Callable[[], Json],
        reka: Json,
    ) -> None:
        self._world = world
        self._view = PageView(world, cdn)
        self._online = online
        self._counters = counters
        self._reka = reka
        self._watchers: dict[asyncio.Queue[Json], tuple[Person, web.WebSocketResponse]] = {}
        self._counters_due: asyncio.TimerHandle | None = None
        world.listeners.append(self._on_change)

    def routes(self) -> list[web.AbstractRouteDef]:
        """The routes to bind."""
        return [
            web.get("/", self._page),
            web.get("/static/{file}", self._static),
            web.get("/sandbox/live", self._live),
            web.post("/sandbox/messages", answering(self._say)),
            web.patch("/sandbox/messages/{message_id}", answering(self._edit)),
            web.delete("/sandbox/messages/{message_id}", answering(self._delete)),
            web.post("/sandbox/commands", answering(self._use)),
            web.post("/sandbox/context", answering(self._use_on)),
            web.post("/sandbox/components", answering(self._press)),
        ]

    async def close(self) -> None:
        """Close every page's websocket."""
        if self._counters_due:
            self._counters_due.cancel()
        for _person, ws in list(self._watchers.values()):
            await ws.close(code=WSCloseCode.GOING_AWAY)

    def set_reka(self, label: str, *, stand_in: bool) -> None:
        """Change what the page says of who answers."""
        self._reka = {"label": label, "stand_in": stand_in}
        self._tell_all({"t": "reka", "reka": self._reka})

    def counters_changed(self) -> None:
        """Show the counters anew, a few times a second at most."""
        if self._watchers and self._counters_due is None:
            self._counters_due = asyncio.get_running_loop().call_later(_COUNTER_PAUSE_S, self._tell_counters)

    def _tell_counters(self) -> None:
        self._counters_due = None
        self._tell_all({"t": "counters", "counters": self._counters()})

    # ------------------------------------------------------------------ files

    async def _page(self, _request: web.Request) -> web.StreamResponse:
        return await asyncio.to_thread(_file, "index.html")

    async def _static(self, request: web.Request) -> web.StreamResponse:
        return await asyncio.to_thread(_file, request.match_info["file"])

    # ------------------------------------------------------------------ showing

    async def _live(self, request: web.Request) -> web.StreamResponse:
        person = self._world.people.get(_number(request.query.get("user")))
        if person is None:
            person = next(iter(self._world.people.values()))
        ws = web.WebSocketResponse(heartbeat=30.0)
        await ws.prepare(request)
        outbox: asyncio.Queue[Json] = asyncio.Queue()
        outbox.put_nowait(self._state(person))
        self._watchers[outbox] = (person, ws)
        sender = asyncio.create_task(_send_all(ws, outbox))
        try:
            async for _frame in ws:
                continue  # the page only listens; reading notices its end
        finally:
            del self._watchers[outbox]
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)
        return ws

    def _state(self, me: Person) -> Json:
        return self._view.state(me) | {
            "t": "state",
            "bot_online": self._online(),
            "reka": self._reka,
            "counters": self._counters(),
        }

    def _on_change(self, change: changes.Change) -> None:
        if not self._watchers:
            return
        single = [change]
        if isinstance(change, changes.MessagesDeleted):
            single = [changes.MessageDeleted(message) for message in change.messages]
        for outbox, (person, _ws) in self._watchers.items():
            for each in single:
                shown = self._shown(each, person)
                if shown:
                    outbox.put_nowait(shown)

    def _shown(self, change: changes.Change, person: Person) -> Json | None:
        match change:
            case (
                changes.MessageCreated(message)
                | changes.MessageChanged(message)
                | changes.ReactionAdded(message)
                | changes.ReactionRemoved(message)
                | changes.ReactionsCleared(message)
            ) if self._sees(person, message):
                return {"t": "message", "message": self._view.message(message, person)}
            case changes.MessageDeleted(message) if self._sees(person, message):
                return {
                    "t": "gone",
                    "channel_id": str(message.channel.id),
                    "message_id": str(message.id),
                }
            case changes.TypingStarted(channel, user) if self._view.sees_channel(person, channel):
                return {"t": "typing", "channel_id": str(channel.id), "user_id": str(user.id)}
            case changes.CommandsChanged():
                return {"t": "commands", "commands": self._view.commands()}
            case changes.BotPresence():
                bot = self._view.user(self._world.bot)
                return {"t": "bot", "bot": bot, "bot_online": self._online()}
            case changes.ChannelCreated() | changes.ChannelChanged() | changes.ChannelDeleted():
                return {"t": "channels", "channels": self._view.channels(person)}
        return None

    def _sees(self, person: Person, message: Message) -> bool:
        return self._view.sees_channel(person, message.channel) and message.seen_by(person)

    def _tell_all(self, shown: Json) -> None:
        for outbox in self._watchers:
            outbox.put_nowait(shown)

    # ------------------------------------------------------------------ acting

    async def _say(self, request: web.Request) -> Json:
        payload, files = await read_payload(request)
        person, channel = self._person(payload.get("user_id")), self._channel(payload)
        content = str(payload.get("content") or "")
        attached = [file for group in files.values() for file in group]
        if not content.strip() and not attached:
            raise Refused(400, "There is nothing to send.")
        if utf16_units(content) > CONTENT_CHARS * 2:
            raise Refused(400, f"A message has at most {CONTENT_CHARS * 2} characters.")
        if len(attached) > FILES or any(len(data) > FILE_BYTES for _name, data in attached):
            raise Refused(413, f"At most {FILES} files of {FILE_BYTES >> 20} MiB each.")
        reply_to = self._world.message(_number(payload.get("reply_to"))) if payload.get("reply_to") else None
        if reply_to and reply_to.channel is not channel:
            raise Refused(400, "That message is not in this channel.")
        message = person.says(channel, content, files=attached, reply_to=reply_to)
        return self._view.message(message, person)

    async def _edit(self, request: web.Request) -> Json:
        payload, _files = await read_payload(request)
        person = self._person(payload.get("user_id"))
        message = self._message(request.match_info["message_id"], person)
        content = str(payload.get("content") or "")
        if not content.strip() and not message.attachments:
            raise Refused(400, "A message cannot become empty.")
        try:
            return self._view.message(person.edits(message, content), person)
        except PermissionError as error:
            raise Refused(403, str(error)) from error

    async def _delete(self, request: web.Request) -> Json:
        person = self._person(request.query.get("user"))
        message = self._message(request.match_info["message_id"], person)
        if message.author is not person and message.author is not self._world.bot:
            raise Refused(403, f"{person.name} did not write that message")
        self._world.delete(message)
        return {}

    async def _use(self, request: web.Request) -> Json:
        payload, files = await read_payload(request)
        person, channel = self._person(payload.get("user_id")), self._channel(payload)
        given = payload.get("options")
        options: dict[str, OptionValue] = {}
        name = str(payload.get("name"))
        for key, value in (given if isinstance(given, dict) else {}).items():
            if isinstance(value, str | bool | int | float):
                options[str(key)] = self._converted(name, str(key), value, channel)
        for field, group in files.items():
            if field.startswith("file:"):
                options[field.removeprefix("file:")] = group[0]
        try:
            person.uses(channel, name, options)
        except LookupError as error:
            raise Refused(404, str(error)) from error
        return {}

    def _converted(
        self, command: str, option: str, value: str | bool | int | float, channel: Channel
    ) -> OptionValue:
        """A form gives text; the option's type says what it means."""
        try:
            defined = self._world.command(command.split()[0], 1, channel).options
        except (LookupError, IndexError) as error:
            raise Refused(404, f"There is no command {command!r} here.") from error
        kind = next((known.get("type") for known in defined if known.get("name") == option), None)
        if not isinstance(value, str):
            return value
        if kind == _BOOLEAN:
            return value.lower() in ("true", "1", "yes", "on")
        try:
            return int(value) if kind == _INTEGER else float(value) if kind == _NUMBER else value
        except ValueError as error:
            raise Refused(400, f"{option!r} must be a number.") from error

    async def _use_on(self, request: web.Request) -> Json:
        payload, _files = await read_payload(request)
        person = self._person(payload.get("user_id"))
        message = self._message(payload.get("message_id"), person)
        try:
            person.uses_on(message, str(payload.get("name")))
        except LookupError as error:
            raise Refused(404, str(error)) from error
        return {}

    async def _press(self, request: web.Request) -> Json:
        payload, _files = await read_payload(request)
        person = self._person(payload.get("user_id"))
        message = self._message(payload.get("message_id"), person)
        try:
            person.presses(message, custom_id=str(payload.get("custom_id")))
        except LookupError as error:
            raise Refused(404, str(error)) from error
        return {}

    def _person(self, user_id: object) -> Person:
        person = self._world.people.get(_number(user_id))
        if person is None:
            raise Refused(404, "There is no such person.")
        return person

    def _channel(self, payload: Json) -> Channel:
        channel = self._world.channels.get(_number(payload.get("channel_id")))
        person = self._person(payload.get("user_id"))
        if channel is None or not self._view.sees_channel(person, channel):
            raise Refused(404, "There is no such channel.")
        return channel

    def _message(self, message_id: object, person: Person) -> Message:
        message = self._world.message(_number(message_id))
        if message is None or not self._sees(person, message):
            raise Refused(404, "That message is gone.")
        return message


async def _send_all(ws: web.WebSocketResponse, outbox: asyncio.Queue[Json]) -> None:
    while True:
        shown = await outbox.get()
        try:
            await ws.send_str(json.dumps(shown))
        except ConnectionError:
            return  # the reader of this websocket sees the end and settles it


def _file(name: str) -> web.StreamResponse:
    path = _WEB / name
    if path.parent != _WEB or not path.is_file():
        return web.Response(status=404, text="There is no such page.")
    return web.FileResponse(path, headers={"Cache-Control": "no-cache"})


def _number(value: object) -> int:
    text = str(value)
    return int(text) if text.isdigit() else 0
