"""The loopback Discord against an unmodified discord.py, and against raw requests where a bot is too polite."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field

import aiohttp
import discord
import pytest
import yarl
from discord import app_commands
from discord.ext import commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from sandbox import Fault, Rule, Sandbox

Handler = Callable[[discord.Message], Awaitable[object]]


class EchoBot(commands.AutoShardedBot):
    """The smallest bot that uses what ours uses: mention, edit, slash command, menu, button, direct message."""

    def __init__(self, **options: object) -> None:
        super().__init__(
            command_prefix=commands.when_mentioned,
            intents=discord.Intents(guilds=True, guild_messages=True, dm_messages=True, guild_reactions=True),
            allowed_mentions=discord.AllowedMentions.none(),
            guild_ready_timeout=0.01,
            **options,  # type: ignore[arg-type]  # whatever a test gives goes to discord.py as it is
        )
        self.heard: list[discord.Message] = []
        self.edits_seen: list[discord.RawMessageUpdateEvent] = []
        self.on_mention: Handler = self.echo
        self.tree.add_command(app_commands.Command(name="ask", description="Ask", callback=ask))
        self.tree.add_command(app_commands.ContextMenu(name="Explain", callback=explain))

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Identify without the 5 s pause between shards, which here nobody asks for."""

    async def setup_hook(self) -> None:
        await self.tree.sync()
        self.add_view(AgainView())

    async def on_message(self, message: discord.Message, /) -> None:
        if message.author != self.user:
            self.heard.append(message)
            if message.guild is None or self.user in message.mentions:
                await self.on_mention(message)

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        self.edits_seen.append(payload)

    async def echo(self, message: discord.Message) -> None:
        reply = await message.reply("one", view=AgainView(), suppress_embeds=True)
        await reply.edit(content=f"two: {message.content}")


class AgainView(discord.ui.View):
    """One persistent button."""

    def __init__(self) -> None:
        super().__init__(timeout=None)

    @discord.ui.button(label="Again", custom_id="again")
    async def again(self, interaction: discord.Interaction, _button: discord.ui.Button[AgainView]) -> None:
        await interaction.response.edit_message(content="pressed", view=None)


@app_commands.allowed_installs(guilds=True, users=True)
@app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
async def ask(
    interaction: discord.Interaction,
    question: str,
    image: discord.Attachment | None = None,
    private: bool = False,
) -> None:
    await interaction.response.defer(ephemeral=private)
    size = len(await image.read()) if image else 0
    await interaction.edit_original_response(content=f"answer to {question} ({size} bytes)")
    await interaction.followup.send("and more", ephemeral=private)


async def explain(interaction: discord.Interaction, message: discord.Message) -> None:
    await interaction.response.send_message(f"it says {message.content}", ephemeral=True)


@dataclass
class Stage:
    """A sandbox with a bot in it."""

    sandbox: Sandbox
    bot: EchoBot
    running: asyncio.Task[None] = field(repr=False)

    async def leave(self) -> None:
        """Stop the bot in the order that closes the gateway with 1000."""
        self.running.cancel()
        await asyncio.gather(self.running, return_exceptions=True)
        await self.bot.close()


@contextlib.contextmanager
def pointed_at(sandbox: Sandbox) -> Iterator[None]:
    """Point discord.py at the sandbox, and back."""
    base, gateway = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = sandbox.api_url, yarl.URL(sandbox.gateway_url)
    try:
        yield
    finally:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = base, gateway


@contextlib.asynccontextmanager
async def on_stage(sandbox: Sandbox) -> AsyncIterator[Stage]:
    """Run a bot in the sandbox until the block ends."""
    with pointed_at(sandbox):
        bot = EchoBot()
        stage = Stage(sandbox, bot, asyncio.create_task(bot.start(sandbox.token)))
        try:
            await sandbox.world.until(lambda: bot.is_ready() or stage.running.done())
            yield stage
        finally:
            await stage.leave()


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox() as running:
        yield running


@pytest.fixture
async def stage(sandbox: Sandbox) -> AsyncIterator[Stage]:
    async with on_stage(sandbox) as running:
        yield running


async def test_mention_is_answered_and_edited(stage: Stage) -> None:
    """The whole round: event in, reply out, edit, own events back."""
    world = stage.sandbox.world
    alice, general = world.person("alice"), world.channel("general")

    asked = alice.says(general, f"{world.bot.mention} hello", files=[("cat.txt", b"meow")])
    await world.until(lambda: world.messages(general)[-1].content.startswith("two"))
    reply = world.messages(general)[-1]
    await world.until(lambda: stage.bot.edits_seen)

    assert [content for _at, content in reply.edits] == ["one", f"two: {asked.content}"]
    assert reply.reply_to_id == asked.id
    assert reply.pinged == set()
    assert await stage.bot.heard[0].attachments[0].read() == b"meow"
    assert stage.sandbox.invalid_requests == 0


async def test_edit_by_message_shows_previews_again(stage: Stage) -> None:
    """discord.py 2.7.1 sends flags with every Message.edit: tests must be able to see it happen."""
    world = stage.sandbox.world
    general = world.channel("general")

    world.person("alice").says(general, f"{world.bot.mention} hello")
    await world.until(lambda: world.messages(general)[-1].content.startswith("two"))

    assert stage.sandbox.requests[-1].route == "/channels/{channel_id}/messages/{message_id}"
    assert world.messages(general)[-1].flags == 0


async def test_button_press_changes_its_message(stage: Stage) -> None:
    """A persistent view needs the whole message with its components in the interaction."""
    world = stage.sandbox.world
    general = world.channel("general")
    world.person("alice").says(general, f"{world.bot.mention} hello")
    await world.until(lambda: world.messages(general)[-1].content.startswith("two"))
    reply = world.messages(general)[-1]

    world.person("bob").presses(reply, label="Again")
    await world.until(lambda: reply.content == "pressed")

    assert not reply.buttons


async def test_slash_command_defers_edits_and_follows_up(stage: Stage) -> None:
    """The placeholder is the message that the answer fills; it keeps its id."""
    world = stage.sandbox.world
    general = world.channel("general")

    used = world.person("alice").uses(general, "ask", {"question": "why", "image": ("a.png", b"123")})
    await world.until(lambda: len(world.messages(general)) == 2)
    answer, more = world.messages(general)

    assert used.answered_with == 5
    assert used.original is answer
    assert [content for _at, content in answer.edits] == ["answer to why (3 bytes)"]
    assert not answer.thinking
    assert (more.content, more.reply_to_id) == ("and more", answer.id)


async def test_private_slash_answer_is_seen_by_its_user_alone(stage: Stage) -> None:
    """Ephemeral messages belong to one person."""
    world = stage.sandbox.world
    alice, bob, general = world.person("alice"), world.person("bob"), world.channel("general")

    alice.uses(general, "ask", {"question": "why", "private": True})
    await world.until(lambda: len(world.messages(general, viewer=alice)) == 2)

    assert world.messages(general) == []
    assert world.messages(general, viewer=bob) == []
    assert all(message.ephemeral for message in world.messages(general, viewer=alice))


async def test_menu_hands_over_the_content_of_its_message(stage: Stage) -> None:
    """The target of a context menu is exempt from the message content intent."""
    world = stage.sandbox.world
    alice, general = world.person("alice"), world.channel("general")
    said = world.person("bob").says(general, "a secret")

    alice.uses_on(said, "Explain")
    await world.until(lambda: len(world.messages(general, viewer=alice)) == 2)

    assert world.messages(general, viewer=alice)[-1].content == "it says a secret"
    assert stage.bot.heard[0].content == ""


async def test_direct_message_is_answered(stage: Stage) -> None:
    """Content of direct messages is never withheld."""
    world = stage.sandbox.world
    alice = world.person("alice")

    alice.says(world.dm(alice), "psst")
    await world.until(lambda: world.messages(world.dm(alice))[-1].content == "two: psst")


async def test_missed_events_arrive_after_a_resume(stage: Stage) -> None:
    """A session that is away keeps its events, whatever ended the connection."""
    sandbox, world = stage.sandbox, stage.sandbox.world
    sandbox.limits.rules["create"] = sandbox.limits.rules["edit"] = Rule(50, 5.0)
    general = world.channel("general")

    async def cut() -> None:
        await sandbox.gateway.drop()

    async def close() -> None:
        await sandbox.gateway.drop(4000)

    async def op_7() -> None:
        sandbox.gateway.reconnect()

    async def op_9() -> None:
        sandbox.gateway.invalid_session(resumable=True)

    for resumes, trouble in enumerate((cut, close, op_7, op_9), start=1):
        await trouble()
        world.person("alice").says(general, f"{world.bot.mention} number {resumes}")
        await _answered_and_resumed(stage, resumes)

    assert len(stage.bot.heard) == 4
    assert len(sandbox.gateway.identifies) == 1


async def _answered_and_resumed(stage: Stage, times: int) -> None:
    world = stage.sandbox.world
    said = world.messages(world.channel("general"))
    await world.until(lambda: stage.sandbox.gateway.resumes == times)
    answer = f"two: {said[-1].content}"
    await world.until(lambda: world.messages(world.channel("general"))[-1].content == answer)


async def test_redelivered_event_has_the_same_id(stage: Stage) -> None:
    """Discord may deliver an event twice; a bot can only tell by the id."""
    world = stage.sandbox.world
    said = world.person("alice").says(world.channel("general"), "nothing for a bot")

    stage.sandbox.gateway.redeliver(said)
    await world.until(lambda: len(stage.bot.heard) == 2)

    assert {message.id for message in stage.bot.heard} == {said.id}


async def test_close_code_of_the_client_is_recorded(sandbox: Sandbox) -> None:
    """Only 1000 and 1001 end a session: a bot that goes with 4000 seems online for minutes."""
    async with on_stage(sandbox):
        assert sandbox.gateway.online
    await sandbox.world.until(lambda: sandbox.gateway.close_codes == [1000])

    assert not sandbox.gateway.online


async def test_wrong_token_is_refused_at_login(sandbox: Sandbox) -> None:
    """`bot.py --check` lives on this 401."""
    with pointed_at(sandbox):
        bot = EchoBot()
        with pytest.raises(discord.LoginFailure):
            await bot.login("wrong")
        await bot.close()

    assert sandbox.invalid_requests == 1


async def test_intent_that_the_portal_refuses_ends_the_bot(sandbox: Sandbox) -> None:
    """MESSAGE_CONTENT without the portal's switch is close code 4014."""
    with pointed_at(sandbox):
        bot = EchoBot(shard_count=1)
        bot._connection._intents.message_content = True  # noqa: SLF001 (discord.py offers no public way)
        with pytest.raises(discord.PrivilegedIntentsRequired):
            await asyncio.wait_for(bot.start(sandbox.token), 5)
        await bot.close()


async def test_shards_hear_their_own_guilds(sandbox: Sandbox) -> None:
    """An event reaches exactly one shard: (guild id >> 22) % count."""
    world = sandbox.world
    world.recommended_shards = 2
    guilds = [world.home, *(world.add_guild(f"guild {number}") for number in range(8))]
    async with on_stage(sandbox) as stage:
        for guild in guilds:
            world.person("alice").says(next(iter(guild.channels.values())), f"in {guild.id}")
        await world.until(lambda: len(stage.bot.heard) == len(guilds))

        shards = {message.guild.id: message.guild.shard_id for message in stage.bot.heard if message.guild}
    assert shards == {guild.id: (guild.id >> 22) % 2 for guild in guilds}


async def test_bot_without_permission_is_refused_and_sees_it_coming(stage: Stage) -> None:
    """The refusal and the overwrite that a bot could have read go together."""
    world = stage.sandbox.world
    general = world.channel("general")
    channel = stage.bot.get_channel(general.id)
    assert isinstance(channel, discord.TextChannel)

    world.deny(general, "SEND_MESSAGES")
    await world.until(lambda: not channel.permissions_for(channel.guild.me).send_messages)
    with pytest.raises(discord.Forbidden) as refused:
        await channel.send("hello")

    assert refused.value.code == 50013


async def test_reply_without_history_permission_is_a_bad_request(stage: Stage) -> None:
    """160002: a plain send would have been allowed."""
    world = stage.sandbox.world
    general = world.channel("general")
    said = world.person("alice").says(general, f"{world.bot.mention} hi")
    await world.until(lambda: len(world.messages(general)) == 2)
    world.deny(general, "READ_MESSAGE_HISTORY")

    with pytest.raises(discord.HTTPException) as refused:
        await stage.bot.heard[0].reply("hello")

    assert (refused.value.status, refused.value.code) == (400, 160002)
    assert stage.bot.heard[0].id == said.id


async def test_reply_to_a_deleted_message_is_refused_unless_told_otherwise(stage: Stage) -> None:
    """`fail_if_not_exists` is true where nothing was said."""
    world = stage.sandbox.world
    alice, general = world.person("alice"), world.channel("general")
    said = alice.says(general, "gone soon")
    await world.until(lambda: stage.bot.heard)
    alice.deletes(said)

    with pytest.raises(discord.HTTPException, match="Unknown message"):
        await stage.bot.heard[0].reply("too late")
    plain = stage.bot.heard[0].to_reference(fail_if_not_exists=False)
    await stage.bot.heard[0].channel.send("plain", reference=plain)

    assert world.messages(general)[-1].reply_to is None


async def test_call_that_takes_the_last_slot_returns_late(stage: Stage) -> None:
    """The message is long visible while discord.py still sleeps: the trap that delivery is built around."""
    sandbox, world = stage.sandbox, stage.sandbox.world
    sandbox.limits.rules["create"] = Rule(2, 0.6)
    general = world.channel("general")
    channel = stage.bot.get_partial_messageable(general.id)

    started = time.monotonic()
    await channel.send("first")
    first_s = time.monotonic() - started
    await channel.send("second")
    second_s = time.monotonic() - started

    assert first_s < 0.4
    assert second_s > 0.55
    assert world.messages(general)[-1].edits[0][0] - started < 0.4
    assert sandbox.limits.rejected.total() == 0


async def test_429_is_waited_out_by_discord_py(stage: Stage) -> None:
    """It retries only what carries Via and a JSON body, as Discord's do."""
    sandbox, world = stage.sandbox, stage.sandbox.world
    general = world.channel("general")
    sandbox.faults.next("POST", "/channels/{c}/messages", Fault.rate_limit("user", 0.05))

    await stage.bot.get_partial_messageable(general.id).send("at last")

    assert [message.content for message in world.messages(general)] == ["at last"]
    assert sandbox.limits.rejected == {"user": 1}


async def test_503_is_not_retried_by_discord_py(stage: Stage) -> None:
    """Ours must do it."""
    general = stage.sandbox.world.channel("general")
    stage.sandbox.faults.next("POST", "/channels/{c}/messages", Fault.status(503))

    with pytest.raises(discord.DiscordServerError):
        await stage.bot.get_partial_messageable(general.id).send("lost")

    assert stage.sandbox.world.messages(general) == []


async def test_reset_after_the_effect_loses_the_answer_alone(stage: Stage) -> None:
    """The same nonce finds the message; nothing is doubled."""
    sandbox, world = stage.sandbox, stage.sandbox.world
    general = world.channel("general")
    channel = stage.bot.get_partial_messageable(general.id)
    sandbox.faults.next("POST", "/channels/{c}/messages", Fault.reset_after())

    with pytest.raises((aiohttp.ClientError, OSError)):
        await channel.send("once", nonce="n1")
    again = await channel.send("once", nonce="n1")

    assert [message.id for message in world.messages(general)] == [again.id]
    assert [request.status for request in sandbox.requests[-2:]] == [0, 200]


async def test_old_interaction_token_is_refused(stage: Stage) -> None:
    """After 15 minutes the answer must go on by the bot's own token."""
    world = stage.sandbox.world
    general = world.channel("general")

    used = world.person("alice").uses(general, "ask", {"question": "why"}, aged_s=15 * 60 + 1)
    await world.until(lambda: stage.sandbox.requests[-1].status == 401)

    assert used.original is not None
    assert used.original.thinking
