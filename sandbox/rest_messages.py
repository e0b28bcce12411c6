"""REST: messages, typing and reactions by the channel's routes (Message Resource)."""

from __future__ import annotations

from urllib.parse import unquote

from sandbox import forms
from sandbox.access import Access, archived
from sandbox.call import Call, LaneFinder, Reply, Route, snowflake
from sandbox.entities import Channel, Message, MessageFlag, objects
from sandbox.limits import Lane
from sandbox.payloads import Payloads
from sandbox.permissions import Permission
from sandbox.person import Person
from sandbox.refusals import ApiError, Form, missing_permissions, unknown
from sandbox.snowflake import age_s
from sandbox.world import World

_CREATE_FLAGS = MessageFlag.SUPPRESS_EMBEDS | MessageFlag.SUPPRESS_NOTIFICATIONS | MessageFlag.COMPONENTS_V2
_HOUR_S, _TWO_WEEKS_S = 3600.0, 14 * 86_400.0
_YOUNG_S = 10.0


class MessageRoutes:
    """What the bot does to messages with its own token."""

    def __init__(self, world: World, payloads: Payloads, access: Access) -> None:
        self._world = world
        self._payloads = payloads
        self._access = access

    def routes(self) -> list[Route]:
        """The routes, with the rate limits that were observed for each."""
        channel = "/channels/{channel_id}"
        message = channel + "/messages/{message_id}"
        reactions = message + "/reactions"
        return [
            Route("POST", channel + "/messages", self.create, _lane("create")),
            Route("GET", channel + "/messages", self.history, _lane("history")),
            Route("POST", channel + "/messages/bulk-delete", self.bulk_delete, _lane("bulk-delete")),
            Route("GET", message, self.fetch, _lane("other")),
            Route("PATCH", message, self.edit, _edit_lanes),
            Route("DELETE", message, self.delete, _delete_lanes),
            Route("POST", channel + "/typing", self.typing, _lane("typing")),
            Route("PUT", reactions + "/{emoji}/@me", self.react, _lane("reaction")),
            Route("DELETE", reactions + "/{emoji}/@me", self.unreact, _lane("reaction")),
            Route("DELETE", reactions + "/{emoji}/{user_id}", self.unreact, _lane("reaction")),
            Route("DELETE", reactions + "/{emoji}", self.clear_reactions, _lane("reaction")),
            Route("DELETE", reactions, self.clear_reactions, _lane("reaction")),
            Route("GET", reactions + "/{emoji}", self.reacted, _lane("other")),
        ]

    def create(self, call: Call) -> Reply:
        """Send a message; the same nonce within minutes returns the first one and tells nobody."""
        body, files = call.form, list(call.files.values())
        channel = self._access.writable(call.id("channel_id"))
        if isinstance(channel.recipient, Person) and not channel.recipient.dms_open:
            raise ApiError(403, 50007, "Cannot send messages to this user")
        if files and not self._access.may(channel, Permission.ATTACH_FILES):
            raise missing_permissions()
        forms.check_message(body, files)
        if forms.is_empty(body, files):
            raise forms.cannot_be_empty()
        nonce = body.get("nonce")
        nonce = nonce if isinstance(nonce, str | int) else None
        if nonce is not None and body.get("enforce_nonce"):
            twin = self._world.same_nonce(self._world.bot, nonce)
            if twin:
                return 200, self._payloads.message(twin, with_nonce=True)
        rules = body.get("allowed_mentions")
        message = self._world.post(
            self._world.bot,
            channel,
            str(body.get("content") or ""),
            files=files,
            reply_to=self._referenced(channel, body.get("message_reference")),
            flags=forms.flags_of(body) & _CREATE_FLAGS,
            nonce=nonce,
            embeds=objects(body.get("embeds")),
            components=objects(body.get("components")),
            allowed_mentions=rules if isinstance(rules, dict) else None,
        )
        return 200, self._payloads.message(message, with_nonce=True)

    def _referenced(self, channel: Channel, reference: object) -> Message | None:
        """Find what a message replies to; unknown is refused unless `fail_if_not_exists` is false."""
        if not isinstance(reference, dict):
            return None
        if not self._access.may(channel, Permission.READ_MESSAGE_HISTORY):
            raise ApiError(400, 160002, "Cannot reply without permission to read message history")
        found = channel.messages.get(snowflake(reference.get("message_id")) or 0)
        if found and not found.ephemeral and not found.thinking:
            return found
        if reference.get("fail_if_not_exists", True):
            form = Form()
            form.bad("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
            form.done()
        return None

    def history(self, call: Call) -> Reply:
        """List messages, newest first; without READ_MESSAGE_HISTORY there are none."""
        channel = self._access.channel(call.id("channel_id"))
        limit = call.query.get("limit", "50")
        if not limit.isdigit() or not 1 <= int(limit) <= 100:
            form = Form()
            form.bad("limit", "NUMBER_TYPE_MAX", "int value should be between 1 and 100.")
            form.done()
        if not self._access.may(channel, Permission.READ_MESSAGE_HISTORY):
            return 200, []
        seen = sorted(self._world.messages(channel), key=lambda message: message.id, reverse=True)
        return 200, [self._payloads.message(message) for message in _cut(seen, call, int(limit))]

    def fetch(self, call: Call) -> Reply:
        """Return one message."""
        channel = self._access.channel(
            call.id("channel_id"), Permission.VIEW_CHANNEL | Permission.READ_MESSAGE_HISTORY
        )
        return 200, self._payloads.message(self._access.message(channel, call.id("message_id")))

    def edit(self, call: Call) -> Reply:
        """Change a message of the bot's own; a placeholder that still "thinks" yields to its token alone."""
        channel = self._access.channel(call.id("channel_id"))
        message = self._access.message(channel, call.id("message_id"))
        if message.author is not self._world.bot:
            raise ApiError(403, 50005, "Cannot edit a message authored by another user")
        if message.thinking:
            raise ApiError(400, 50021, "Cannot execute action on this message while its app is thinking")
        if channel.archived:
            raise archived()
        return 200, apply_edit(self._world, self._payloads, message, call)

    def delete(self, call: Call) -> Reply:
        """Remove a message, others' only with MANAGE_MESSAGES."""
        channel = self._access.channel(call.id("channel_id"))
        message = self._access.message(channel, call.id("message_id"))
        self._check_delete(channel, message)
        self._world.delete(message)
        return 204, None

    def _check_delete(self, channel: Channel, message: Message) -> None:
        if message.author is self._world.bot:
            return
        if channel.is_dm:
            raise ApiError(403, 50003, "Cannot execute action on a DM channel")
        if not self._access.may(channel, Permission.MANAGE_MESSAGES):
            raise missing_permissions()

    def bulk_delete(self, call: Call) -> Reply:
        """Remove 2 to 100 messages, none older than two weeks."""
        channel = self._access.channel(call.id("channel_id"), Permission.MANAGE_MESSAGES)
        wanted = call.form.get("messages")
        ids = [snowflake(item) or 0 for item in wanted] if isinstance(wanted, list) else []
        if not 2 <= len(ids) <= 100:
            raise ApiError(400, 50016, "Provided too few or too many messages to delete")
        if any(age_s(message_id) > _TWO_WEEKS_S for message_id in ids):
            raise ApiError(400, 50034, "A message provided was too old to bulk delete")
        found = [channel.messages[message_id] for message_id in ids if message_id in channel.messages]
        self._world.delete_together(found)
        return 204, None

    def typing(self, call: Call) -> Reply:
        """Show the typing sign for 10 s."""
        self._world.show_typing(self._world.bot, self._access.writable(call.id("channel_id")))
        return 204, None

    def react(self, call: Call) -> Reply:
        """Add a reaction; a new emoji needs ADD_REACTIONS."""
        channel = self._access.channel(
            call.id("channel_id"), Permission.VIEW_CHANNEL | Permission.READ_MESSAGE_HISTORY
        )
        message = self._access.message(channel, call.id("message_id"))
        name = _emoji(call)
        if name not in message.reactions and not self._access.may(channel, Permission.ADD_REACTIONS):
            raise missing_permissions()
        if channel.archived:
            raise archived()
        self._world.react(message, self._world.bot, name)
        return 204, None

    def unreact(self, call: Call) -> Reply:
        """Take a reaction back, others' only with MANAGE_MESSAGES."""
        channel = self._access.channel(call.id("channel_id"))
        message = self._access.message(channel, call.id("message_id"))
        user = self._world.bot
        if "user_id" in call.params:
            named = self._world.user(call.id("user_id"))
            if named is None:
                raise unknown("User")
            user = named
            if user is not self._world.bot and not self._access.may(channel, Permission.MANAGE_MESSAGES):
                raise missing_permissions()
        self._world.unreact(message, user, _emoji(call))
        return 204, None

    def clear_reactions(self, call: Call) -> Reply:
        """Remove all reactions, or all with one emoji; needs MANAGE_MESSAGES."""
        channel = self._access.channel(call.id("channel_id"), Permission.MANAGE_MESSAGES)
        message = self._access.message(channel, call.id("message_id"))
        if "emoji" not in call.params:
            self._world.clear_reactions(message)
            return 204, None
        for user_id in list(message.reactions.get(_emoji(call), [])):
            user = self._world.user(user_id)
            if user:
                self._world.unreact(message, user, _emoji(call))
        return 204, None

    def reacted(self, call: Call) -> Reply:
        """List who reacted with an emoji."""
        channel = self._access.channel(call.id("channel_id"))
        message = self._access.message(channel, call.id("message_id"))
        users = [self._world.user(user_id) for user_id in message.reactions.get(_emoji(call), [])]
        return 200, [self._payloads.user(user) for user in users if user]


def apply_edit(world: World, payloads: Payloads, message: Message, call: Call) -> object:
    """Change a message as a PATCH body says and return it; what the body does not name stays.

    `attachments` is the list of those kept; `flags` replaces, so that flags 0 shows previews again.
    """
    body, files = call.form, list(call.files.values())
    kept: set[int] | None = None
    if "attachments" in body:
        kept = {snowflake(item.get("id")) or 0 for item in objects(body["attachments"])}
    staying = [file for file in message.attachments if kept is None or file.id in kept]
    forms.check_message(body, files, attachments_kept=len(staying))
    content = str(body["content"] or "") if "content" in body else None
    embeds = objects(body["embeds"]) if "embeds" in body else None
    components = objects(body["components"]) if "components" in body else None
    left = (
        message.content if content is None else content.strip(),
        message.embeds if embeds is None else embeds,
        message.components if components is None else components,
        staying,
        files,
    )
    if not any(left):
        raise forms.cannot_be_empty()
    rules = body.get("allowed_mentions")
    world.edit(
        message,
        content=content,
        files=files,
        kept_attachments=kept,
        embeds=embeds,
        components=components,
        flags=forms.flags_of(body) if body.get("flags") is not None else None,
        allowed_mentions=rules if isinstance(rules, dict) else None,
    )
    return payloads.message(message)


def _cut(newest_first: list[Message], call: Call, limit: int) -> list[Message]:
    """Apply `before`, `after` (the oldest after it, still newest first) or `around`."""
    query = call.query
    if "before" in query:
        return [message for message in newest_first if message.id < int(query["before"])][:limit]
    if "after" in query:
        later = [message for message in newest_first if message.id > int(query["after"])]
        return later[-limit:]
    if "around" in query:
        middle = int(query["around"])
        older = [message for message in newest_first if message.id <= middle][: limit // 2 + 1]
        newer = [message for message in newest_first if message.id > middle]
        return newer[len(newer) - min(len(newer), limit // 2) :] + older
    return newest_first[:limit]


def _emoji(call: Call) -> str:
    """Read the emoji of a path; plain ASCII that names no custom emoji is unknown."""
    name = unquote(call.params["emoji"])
    if name.isascii() and not name.partition(":")[2].isdigit():
        raise ApiError(400, 10014, "Unknown Emoji")
    return name


def _lane(name: str) -> LaneFinder:
    return lambda call: [Lane(name, call.params["channel_id"])]


def _edit_lanes(call: Call) -> list[Lane]:
    lanes = [Lane("edit", call.params["channel_id"])]
    if age_s(call.id("message_id")) > _HOUR_S:
        lanes.append(Lane("edit-old", call.params["channel_id"]))
    return lanes


def _delete_lanes(call: Call) -> list[Lane]:
    old_s = age_s(call.id("message_id"))
    name = "delete-young" if old_s < _YOUNG_S else "delete-old" if old_s > _TWO_WEEKS_S else "delete"
    return [Lane(name, call.params["channel_id"])]
