"""The world's things as the JSON that Discord sends; shapes from the API Reference's resource pages."""

from __future__ import annotations

from sandbox.cdn import Cdn
from sandbox.entities import (
    Attachment,
    Command,
    Interaction,
    Json,
    Message,
    MessageKind,
)
from sandbox.place_payloads import PlacePayloads, iso
from sandbox.world import World

ATTACHMENT_LIMIT_BYTES = 10 * 1024 * 1024
"""What a guild without boosts takes for one file."""


class Payloads(PlacePayloads):
    """Writes things for the bot, content withheld where the rules say so."""

    def __init__(self, world: World, cdn: Cdn) -> None:
        super().__init__(world)
        self._cdn = cdn

    def attachment(self, attachment: Attachment) -> Json:
        """An attachment object with freshly signed links."""
        url = self._cdn.sign(attachment)
        written: Json = {
            "id": str(attachment.id),
            "filename": attachment.filename,
            "size": len(attachment.data),
            "url": url,
            "proxy_url": url,
            "content_type": attachment.content_type,
            "flags": 0,
        }
        if attachment.width is not None:
            written |= {"width": attachment.width, "height": attachment.height}
        if attachment.description is not None:
            written["description"] = attachment.description
        if attachment.ephemeral:
            written["ephemeral"] = True
        return written

    def message(
        self, message: Message, *, whole: bool = False, with_nonce: bool = False, intent: bool = True
    ) -> Json:
        """A message object as REST returns it; `whole` lifts the withholding for this one message.

        The message that it replies to comes along, and its content is withheld by the same rules. `intent`
        False writes it for a session that did not ask for message content.
        """
        written = self._one_message(message, whole=whole, intent=intent)
        if with_nonce and message.nonce is not None:
            written["nonce"] = message.nonce
        if message.forwarded:
            bare = not whole and self._world.content_withheld(message, intent=intent)
            written |= self._forward(message.forwarded, bare=bare)
        if message.reply_to:
            replied = message.reply_to
            reference: Json = {
                "type": 0,
                "message_id": str(replied.id),
                "channel_id": str(replied.channel.id),
            }
            if replied.channel.guild:
                reference["guild_id"] = str(replied.channel.guild.id)
            written["message_reference"] = reference
            written["referenced_message"] = (
                None if replied.deleted else self._one_message(replied, intent=intent)
            )
        return written

    def _forward(self, forwarded: Message, *, bare: bool) -> Json:
        """What a forward carries: where from, and the message as it was, without its author."""
        shown = self._one_message(forwarded, whole=True)
        kept = ("type", "content", "embeds", "attachments", "components", "timestamp", "edited_timestamp")
        snapshot: Json = {key: shown[key] for key in (*kept, "flags", "mentions", "mention_roles")}
        if bare:
            snapshot |= {"content": "", "embeds": [], "attachments": [], "components": []}
        channel = forwarded.channel
        reference: Json = {
            "type": 1,
            "message_id": str(forwarded.id),
            "channel_id": str(channel.id),
            **({"guild_id": str(channel.guild.id)} if channel.guild else {}),
        }
        return {"message_reference": reference, "message_snapshots": [{"message": snapshot}]}

    def message_event(self, message: Message, *, with_nonce: bool = False, intent: bool = True) -> Json:
        """A message as an event carries it: with guild and member, which ephemeral messages lack."""
        written = self.message(message, with_nonce=with_nonce, intent=intent)
        guild = message.channel.guild
        if guild and not message.ephemeral:
            written |= {
                "guild_id": str(guild.id),
                "member": self.member(guild, message.author, with_user=False),
            }
            written["mentions"] = [
                self.user(user) | {"member": self.member(guild, user, with_user=False)}
                for user in message.mentions
            ]
        return written

    def _one_message(self, message: Message, *, whole: bool = False, intent: bool = True) -> Json:
        bare = not whole and self._world.content_withheld(message, intent=intent)
        written: Json = {
            "id": str(message.id),
            "channel_id": str(message.channel.id),
            "type": int(message.kind),
            "author": self.user(message.author),
            "content": "" if bare else message.content,
            "attachments": [] if bare else [self.attachment(file) for file in message.attachments],
            "embeds": [] if bare else message.embeds,
            "components": [] if bare else message.components,
            "mentions": [self.user(user) for user in message.mentions],
            "mention_roles": [str(role) for role in message.mention_roles],
            "mention_everyone": message.mentions_everyone,
            "timestamp": iso(message.created_ms),
            "edited_timestamp": iso(message.edited_ms) if message.edited_ms else None,
            "flags": message.flags,
            "pinned": False,
            "tts": False,
        }
        if message.reactions:
            written["reactions"] = [
                {
                    "emoji": emoji(name),
                    "count": len(users),
                    "count_details": {"normal": len(users), "burst": 0},
                    "burst_colors": [],
                    "me": self._world.bot.id in users,
                    "me_burst": False,
                }
                for name, users in message.reactions.items()
            ]
        if message.author.webhook:
            written["webhook_id"] = str(message.author.id)
        if message.interaction:
            app_id = str(self._world.application_id)
            written |= {"webhook_id": app_id, "application_id": app_id}
            written["interaction_metadata"] = self._metadata(message.interaction, message)
            if message.kind in (MessageKind.CHAT_INPUT_COMMAND, MessageKind.CONTEXT_MENU_COMMAND):
                written["interaction"] = {
                    "id": str(message.interaction.id),
                    "type": message.interaction.kind,
                    "name": message.interaction.name,
                    "user": self.user(message.interaction.user),
                }
        return written

    def _metadata(self, interaction: Interaction, message: Message) -> Json:
        metadata: Json = {
            "id": str(interaction.id),
            "type": interaction.kind,
            "user": self.user(interaction.user),
            "authorizing_integration_owners": self._owners(interaction),
        }
        if interaction.kind == 2:
            metadata |= {"name": interaction.name, "command_type": 3 if interaction.target else 1}
            if interaction.target:
                metadata["target_message_id"] = str(interaction.target.id)
        if interaction.source:
            metadata["interacted_message_id"] = str(interaction.source.id)
        if interaction.original and interaction.original is not message:
            metadata["original_response_message_id"] = str(interaction.original.id)
        return metadata

    def _owners(self, interaction: Interaction) -> Json:
        guild = interaction.channel.guild
        if guild is None:
            return {"0": "0"}
        return {"0": str(guild.id)} if guild.with_bot else {"1": str(interaction.user.id)}

    def interaction(self, interaction: Interaction) -> Json:
        """An interaction as INTERACTION_CREATE carries it, targets of context menus in full."""
        channel, user, guild = interaction.channel, interaction.user, interaction.channel.guild
        data = dict(interaction.data)
        resolved: Json = {}
        if interaction.resolved:
            resolved["attachments"] = {str(file.id): self.attachment(file) for file in interaction.resolved}
        if interaction.target:
            resolved["messages"] = {str(interaction.target.id): self.message(interaction.target, whole=True)}
        if resolved:
            data["resolved"] = resolved
        granted = str(int(self._world.permissions_of(user, channel)))
        written: Json = {
            "id": str(interaction.id),
            "application_id": str(self._world.application_id),
            "type": interaction.kind,
            "token": interaction.token,
            "version": 1,
            "data": data,
            "channel_id": str(channel.id),
            "channel": self.channel(channel) | {"permissions": granted},
            "context": 0 if guild else 1,
            "locale": interaction.locale,
            "app_permissions": str(int(self._world.permissions_of(self._world.bot, channel))),
            "authorizing_integration_owners": self._owners(interaction),
            "attachment_size_limit": ATTACHMENT_LIMIT_BYTES,
            "entitlements": [],
            "entitlement_sku_ids": [],
        }
        if interaction.source:
            written["message"] = self.message(interaction.source)
        if guild is None:
            return written | {"user": self.user(user)}
        return written | {
            "guild_id": str(guild.id),
            "guild": {"id": str(guild.id), "locale": "en-US", "features": []},
            "guild_locale": "en-US",
            "member": self.member(guild, user) | {"permissions": granted},
        }

    def command(self, command: Command) -> Json:
        """An application command object."""
        guild: Json = {} if command.guild_id is None else {"guild_id": str(command.guild_id)}
        defaults: Json = {
            "type": 1,
            "description": "",
            "options": [],
            "name_localizations": None,
            "description_localizations": None,
            "default_member_permissions": None,
            "dm_permission": True,
            "nsfw": False,
            "integration_types": [0],
            "contexts": None,
        }
        given = {key: value for key, value in command.body.items() if value is not None}
        return (
            defaults
            | given
            | guild
            | {
                "id": str(command.id),
                "application_id": str(self._world.application_id),
                "version": str(command.version),
            }
        )

    def application(self) -> Json:
        """The application as it sees itself, with the content intent's flag where the portal grants it."""
        world = self._world
        owner = next(iter(world.people.values()), world.bot)
        return {
            "id": str(world.application_id),
            "name": world.bot.name,
            "icon": None,
            "description": "",
            "bot_public": True,
            "bot_require_code_grant": False,
            "verify_key": "0" * 64,
            "owner": self.user(owner),
            "team": None,
            "bot": self.user(world.bot),
            "flags": self.application_flags,
            "flags_new": str(self.application_flags),
            "type": None,
            "redirect_uris": [],
            "interactions_endpoint_url": None,
            "role_connections_verification_url": None,
            "explicit_content_filter": 0,
            "eligible_oauth2_scopes": [],
            "approximate_user_install_count": 0,
            "approximate_user_authorization_count": 0,
            "integration_types_config": {"0": {}, "1": {}},
            "summary": "",
            "approximate_guild_count": sum(guild.with_bot for guild in world.guilds.values()),
        }

    @property
    def application_flags(self) -> int:
        """GATEWAY_MESSAGE_CONTENT_LIMITED where the portal's switch is on."""
        return 1 << 19 if self._world.content_intent else 0


def emoji(name: str) -> Json:
    """An emoji object: unicode, or `name:id` for a custom one."""
    text, _, custom_id = name.partition(":")
    return {"id": custom_id or None, "name": text}
