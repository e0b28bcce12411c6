"""REST: who and where: login, users, guilds, channels, threads, direct messages, the gateway's address."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.access import Access
from sandbox.call import Call, Reply, Route, snowflake
from sandbox.entities import Channel, ChannelKind
from sandbox.limits import Lane
from sandbox.payloads import Payloads
from sandbox.permissions import Permission
from sandbox.refusals import ApiError, Form, missing_permissions, unknown
from sandbox.world import World


class PlaceRoutes:
    """What the bot asks when it logs in, and when its caches miss."""

    def __init__(
        self, world: World, payloads: Payloads, access: Access, *, gateway_url: Callable[[], str]
    ) -> None:
        self._world = world
        self._payloads = payloads
        self._access = access
        self._gateway_url = gateway_url

    def routes(self) -> list[Route]:
        """The routes."""
        guild, channel = "/guilds/{guild_id}", "/channels/{channel_id}"
        return [
            Route("GET", "/users/@me", self.me, None),
            Route("GET", "/oauth2/applications/@me", self.application, None),
            Route("GET", "/applications/@me", self.application, None),
            Route("GET", "/gateway/bot", self.gateway_bot, None),
            Route("GET", "/gateway", self.gateway, None, bot=False),
            Route("POST", "/users/@me/channels", self.open_dm, _other),
            Route("GET", "/users/@me/guilds", self.guilds, _other),
            Route("GET", "/users/{user_id}", self.user, _other),
            Route("GET", guild, self.guild, _other),
            Route("GET", guild + "/channels", self.channels, _other),
            Route("GET", guild + "/roles", self.roles, _other),
            Route("GET", guild + "/members/{user_id}", self.member, _other),
            Route("GET", guild + "/threads/active", self.active_threads, _other),
            Route("GET", channel, self.channel, _other),
            Route("PATCH", channel, self.change_channel, _rename_lanes),
            Route("POST", channel + "/threads", self.new_thread, _other),
            Route("POST", channel + "/messages/{message_id}/threads", self.new_thread, _other),
            Route("PUT", channel + "/thread-members/@me", self.join_thread, _other),
        ]

    def me(self, call: Call) -> Reply:
        """Return the bot's user."""
        return 200, self._payloads.own_user()

    def application(self, call: Call) -> Reply:
        """Return the bot's application."""
        return 200, self._payloads.application()

    def gateway(self, call: Call) -> Reply:
        """Return the gateway's address."""
        return 200, {"url": self._gateway_url()}

    def gateway_bot(self, call: Call) -> Reply:
        """Return the gateway's address, how many shards Discord would like, and how many starts are left."""
        limit = {
            "total": 1000,
            "remaining": self._world.log_ins_left,
            "reset_after": self._world.log_ins_reset_ms,
            "max_concurrency": self._world.max_concurrency,
        }
        return 200, {
            "url": self._gateway_url(),
            "shards": self._world.recommended_shards,
            "session_start_limit": limit,
        }

    def open_dm(self, call: Call) -> Reply:
        """Return the direct message with somebody."""
        user = self._world.people.get(snowflake(call.form.get("recipient_id")) or 0)
        if user is None:
            form = Form()
            form.bad("recipient_id", "USER_INVALID", "Invalid recipient")
            form.done()
            raise unknown("User")
        return 200, self._payloads.channel(self._world.dm(user))

    def user(self, call: Call) -> Reply:
        """Return somebody."""
        user = self._world.user(call.id("user_id"))
        if user is None:
            raise unknown("User")
        return 200, self._payloads.user(user)

    def guilds(self, call: Call) -> Reply:
        """List the bot's guilds in brief."""
        mine = [guild for guild in self._world.guilds.values() if guild.with_bot]
        return 200, [
            {"id": str(guild.id), "name": guild.name, "icon": None, "owner": False, "features": []}
            for guild in mine[: int(call.query.get("limit", "200"))]
        ]

    def guild(self, call: Call) -> Reply:
        """Return a guild."""
        return 200, self._payloads.guild(self._access.guild(call.id("guild_id")))

    def channels(self, call: Call) -> Reply:
        """List a guild's channels, threads not among them."""
        guild = self._access.guild(call.id("guild_id"))
        return 200, [
            self._payloads.channel(channel)
            for channel in guild.channels.values()
            if channel.kind is ChannelKind.TEXT
        ]

    def roles(self, call: Call) -> Reply:
        """List a guild's roles."""
        return 200, self._payloads.roles(self._access.guild(call.id("guild_id")))

    def member(self, call: Call) -> Reply:
        """Return a member."""
        guild = self._access.guild(call.id("guild_id"))
        user = guild.members.get(call.id("user_id"))
        if user is None:
            raise unknown("Member")
        return 200, self._payloads.member(guild, user)

    def active_threads(self, call: Call) -> Reply:
        """List a guild's threads that are not archived."""
        guild = self._access.guild(call.id("guild_id"))
        threads = [
            self._payloads.channel(channel)
            for channel in guild.channels.values()
            if channel.kind is ChannelKind.THREAD and not channel.archived
        ]
        return 200, {"threads": threads, "members": []}

    def channel(self, call: Call) -> Reply:
        """Return a channel, thread or direct message."""
        return 200, self._payloads.channel(self._access.channel(call.id("channel_id")))

    def change_channel(self, call: Call) -> Reply:
        """Rename a channel; rename, archive or lock a thread. The bot's own threads need no permission."""
        channel = self._access.channel(call.id("channel_id"))
        thread = channel.kind is ChannelKind.THREAD
        needed = Permission.MANAGE_THREADS if thread else Permission.MANAGE_CHANNELS
        own = thread and channel.owner is self._world.bot
        if not own and not self._access.may(channel, needed):
            raise missing_permissions()
        name, archived, locked = (call.form.get(key) for key in ("name", "archived", "locked"))
        self._world.change_channel(
            channel,
            name=name if isinstance(name, str) else None,
            archived=archived if thread and isinstance(archived, bool) else None,
            locked=locked if thread and isinstance(locked, bool) else None,
        )
        return 200, self._payloads.channel(channel)

    def new_thread(self, call: Call) -> Reply:
        """Open a public thread, from a message or on its own; one message has one thread at most."""
        parent = self._access.channel(
            call.id("channel_id"), Permission.VIEW_CHANNEL | Permission.CREATE_PUBLIC_THREADS
        )
        if parent.kind is not ChannelKind.TEXT:
            raise ApiError(400, 50024, "Cannot execute action on this channel type")
        name = call.form.get("name")
        if not isinstance(name, str) or not 1 <= len(name) <= 100:
            form = Form()
            form.bad("name", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
            form.done()
        message = None
        if "message_id" in call.params:
            message = self._access.message(parent, call.id("message_id"))
            if message.id in self._world.channels:
                raise ApiError(400, 160004, "A thread has already been created for this message")
        thread: Channel = self._world.add_thread(parent, str(name), owner=self._world.bot, message=message)
        return 201, self._payloads.channel(thread)

    def join_thread(self, call: Call) -> Reply:
        """Join a thread; the bot hears all public threads of its guilds anyway."""
        if self._access.channel(call.id("channel_id")).kind is not ChannelKind.THREAD:
            raise ApiError(400, 50024, "Cannot execute action on this channel type")
        return 204, None


def _other(call: Call) -> list[Lane]:
    major = call.params.get("channel_id") or call.params.get("guild_id") or ""
    return [Lane("other", f"{call.method} {call.route} {major}")]


def _rename_lanes(call: Call) -> list[Lane]:
    lanes = _other(call)
    if isinstance(call.body, dict) and call.body.get("name") is not None:
        lanes.append(Lane("rename", call.params["channel_id"]))
    return lanes
