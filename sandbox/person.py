"""What a person can do in the loopback Discord; tests and the chat page act through this."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.changes import InteractionCreated
from sandbox.entities import Attachment, Channel, Command, Interaction, Json, Message, User, objects
from sandbox.image_size import image_size
from sandbox.permissions import Permission

if TYPE_CHECKING:
    from sandbox.world import World

File = tuple[str, bytes]
"""A file's name and its bytes."""

OptionValue = str | bool | int | float | File | User | Channel
"""What a person may give to an option of a slash command."""

_UNSAFE = re.compile(r"[^\w.-]")
_SUBCOMMAND, _GROUP, _ATTACHMENT = 1, 2, 11


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file on its way to becoming an attachment."""

    filename: str
    data: bytes
    description: str | None = None

    def attach(self, *, snowflake: int, channel: Channel, ephemeral: bool = False) -> Attachment:
        """Make the attachment; like Discord it believes the name, cleaned, and measures pictures."""
        size = image_size(self.data)
        return Attachment(
            id=snowflake,
            channel_id=channel.id,
            filename=_UNSAFE.sub("_", self.filename) or "unknown",
            data=self.data,
            content_type=mimetypes.guess_type(self.filename)[0] or "application/octet-stream",
            width=size[0] if size else None,
            height=size[1] if size else None,
            ephemeral=ephemeral,
            description=self.description,
        )


class Person(User):
    """A human with a client: says, edits, deletes, reacts, uses commands, presses buttons.

    `dms_open` is False for who refuses direct messages; `manages_messages` makes a moderator.
    """

    def __init__(self, world: World, user_id: int, name: str) -> None:
        super().__init__(user_id, name)
        self._world = world
        self.locale = "en-US"
        self.dms_open = True
        self.manages_messages = False

    def says(
        self,
        channel: Channel,
        content: str,
        *,
        files: Sequence[File] = (),
        reply_to: Message | None = None,
        ping: bool = True,
    ) -> Message:
        """Send a message; `ping` tells whether a reply notifies the author of `reply_to`."""
        parse = ["users", "roles"]
        if Permission.MENTION_EVERYONE in self._world.permissions_of(self, channel):
            parse.append("everyone")
        return self._world.post(
            self,
            channel,
            content,
            files=[UploadedFile(name, data) for name, data in files],
            reply_to=reply_to,
            allowed_mentions={"parse": parse, "replied_user": ping},
        )

    def forwards(self, message: Message, channel: Channel) -> Message:
        """Forward a message as it stands; like Discord's own, the forward has no words beside it."""
        return self._world.post(self, channel, "", forwarded=message)

    def edits(self, message: Message, content: str) -> Message:
        """Change a message of one's own; raises PermissionError for another's."""
        if message.author is not self:
            raise PermissionError(f"{self.name} did not write that message")
        self._world.edit(message, content=content)
        return message

    def deletes(self, message: Message) -> None:
        """Remove a message: one's own, or any where this person may manage messages.

        An ephemeral one is only dismissed. Raises PermissionError where neither holds.
        """
        mine = message.author is self or message.only_for is self
        if not mine and Permission.MANAGE_MESSAGES not in self._world.permissions_of(self, message.channel):
            raise PermissionError(f"{self.name} may not delete that message")
        self._world.delete(message)

    def types(self, channel: Channel) -> None:
        """Show the typing sign."""
        self._world.show_typing(self, channel)

    def reacts(self, message: Message, emoji: str) -> None:
        """Add a reaction."""
        self._world.react(message, self, emoji)

    def uses(
        self,
        channel: Channel,
        name: str,
        options: Mapping[str, OptionValue] | None = None,
        *,
        aged_s: float = 0.0,
    ) -> Interaction:
        """Use a slash command ("ask", or "settings show" for a subcommand).

        `aged_s` makes the interaction, and so its 15-minute token, that old; the 3 s for a first answer start
        now. Raises LookupError for a command, an option or a choice of context that the bot did not define.
        """
        path = name.split()
        command = self._world.command(path[0], 1, channel)
        data: Json = {"id": str(command.id), "name": command.name, "type": 1}
        if command.guild_id is not None:
            data["guild_id"] = str(command.guild_id)
        interaction = self._world.new_interaction(2, self, channel, data, name=name, aged_s=aged_s)
        wanted = _Options(self._world, interaction, options or {})
        data["options"] = wanted.fill(command.options, path[1:])
        if wanted.resolved:
            data["resolved"] = wanted.resolved
        return self._send(interaction)

    def uses_on(self, message: Message, name: str, *, aged_s: float = 0.0) -> Interaction:
        """Use a message command of the context menu; raises LookupError for one that is not defined."""
        command: Command = self._world.command(name, 3, message.channel)
        data: Json = {"id": str(command.id), "name": command.name, "type": 3, "target_id": str(message.id)}
        if command.guild_id is not None:
            data["guild_id"] = str(command.guild_id)
        interaction = self._world.new_interaction(2, self, message.channel, data, name=name, aged_s=aged_s)
        interaction.target = message
        return self._send(interaction)

    def presses(
        self, message: Message, *, custom_id: str | None = None, label: str | None = None, aged_s: float = 0.0
    ) -> Interaction:
        """Press the button with that custom id or label; raises LookupError where there is none to press."""
        if message.deleted or not message.seen_by(self):
            raise LookupError(f"{self.name} does not see that message")
        for button in message.buttons:
            if (custom_id is not None and button.get("custom_id") == custom_id) or (
                label is not None and button.get("label") == label
            ):
                break
        else:
            raise LookupError(f"no button {custom_id or label!r} among {message.buttons}")
        if button.get("disabled") or not button.get("custom_id"):
            raise LookupError(f"the button {custom_id or label!r} cannot be pressed")
        data: Json = {"custom_id": button["custom_id"], "component_type": 2, "id": button.get("id", 0)}
        interaction = self._world.new_interaction(
            3, self, message.channel, data, name=str(button["custom_id"]), aged_s=aged_s
        )
        interaction.source = message
        return self._send(interaction)

    def submits(self, shown: Interaction, values: Mapping[str, str]) -> Interaction:
        """Send the modal that `shown` was answered with; `values` are texts by the inputs' custom ids."""
        if shown.modal is None or shown.user is not self:
            raise LookupError(f"{self.name} has no such modal open")
        data: Json = {
            "custom_id": shown.modal["custom_id"],
            "components": [
                {
                    "type": 18,
                    "id": at,
                    "component": {"type": 4, "id": at + 100, "custom_id": key, "value": value},
                }
                for at, (key, value) in enumerate(values.items(), start=1)
            ],
        }
        interaction = self._world.new_interaction(
            5, self, shown.channel, data, name=str(shown.modal["custom_id"])
        )
        interaction.source = shown.source
        shown.modal = None
        return self._send(interaction)

    def _send(self, interaction: Interaction) -> Interaction:
        self._world.emit(InteractionCreated(interaction))
        return interaction


class _Options:
    """Turns a person's values into the `options` and `resolved` of an interaction."""

    def __init__(self, world: World, interaction: Interaction, values: Mapping[str, OptionValue]) -> None:
        self._world = world
        self._interaction = interaction
        self._values = dict(values)
        self.resolved: Json = {}

    def fill(self, defined: list[Json], path: list[str]) -> list[Json]:
        if path:
            for option in defined:
                if option["name"] == path[0] and option["type"] in (_SUBCOMMAND, _GROUP):
                    below = objects(option.get("options"))
                    return [
                        {
                            "name": path[0],
                            "type": option["type"],
                            "options": self.fill(below, path[1:]),
                        }
                    ]
            raise LookupError(f"no subcommand {path[0]!r}")
        filled = [
            {"name": option["name"], "type": option["type"], "value": self._value(option)}
            for option in defined
            if option["name"] in self._values
        ]
        missing = [
            option["name"]
            for option in defined
            if option.get("required") and option["name"] not in self._values
        ]
        if missing or len(filled) < len(self._values):
            raise LookupError(
                f"options {sorted(self._values)} do not fit {[option['name'] for option in defined]}"
            )
        return filled

    def _value(self, option: Json) -> object:
        value = self._values[str(option["name"])]
        if isinstance(value, tuple):
            if option["type"] != _ATTACHMENT:
                raise LookupError(f"option {option['name']!r} takes no file")
            interaction = self._interaction
            attachment = UploadedFile(*value).attach(
                snowflake=self._world.snowflakes.next(), channel=interaction.channel, ephemeral=True
            )
            self._world.keep(attachment)
            interaction.resolved.append(attachment)
            return str(attachment.id)
        if isinstance(value, User | Channel):
            return str(value.id)
        return value
