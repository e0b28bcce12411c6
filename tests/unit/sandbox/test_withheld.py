"""Which content reaches a bot without the MESSAGE_CONTENT intent."""

from __future__ import annotations

from sandbox import Interaction, Message, World
from sandbox.cdn import Cdn
from sandbox.payloads import Payloads


def _seen(world: World, message: Message) -> object:
    return Payloads(world, Cdn(world)).message(message)["content"]


def _answer(world: World) -> tuple[Interaction, Message]:
    world.set_commands(None, [{"name": "ask", "description": "Ask"}], replace=True)
    used = world.person("alice").uses(world.channel("general"), "ask")
    return used, world.post(world.bot, used.channel, "slash answer", interaction=used)


def test_plain_message_is_withheld_with_its_files() -> None:
    """Content, embeds, attachments and components are all empty."""
    world = World()
    said = world.person("bob").says(world.channel("general"), "secret", files=[("a.txt", b"x")])
    seen = Payloads(world, Cdn(world)).message(said)

    assert (seen["content"], seen["attachments"], seen["components"]) == ("", [], [])


def test_portal_switch_lifts_it() -> None:
    """The same message with the intent."""
    world = World()
    world.content_intent = True

    assert _seen(world, world.person("bob").says(world.channel("general"), "open")) == "open"


def test_mention_direct_message_and_own_words_are_delivered() -> None:
    """The three exceptions that a chat bot lives on."""
    world = World()
    bob, general = world.person("bob"), world.channel("general")
    mention = f"{world.bot.mention} hi"

    assert _seen(world, bob.says(general, mention)) == mention
    assert _seen(world, bob.says(world.dm(bob), "psst")) == "psst"
    assert _seen(world, world.post(world.bot, general, "mine")) == "mine"


def test_mention_inside_code_is_none() -> None:
    """Discord does not parse it, so it delivers nothing."""
    world = World()

    assert _seen(world, world.person("bob").says(world.channel("general"), f"`{world.bot.mention}` hi")) == ""


def test_ping_reply_to_the_bot_is_delivered_and_a_silent_one_is_not() -> None:
    """A reply that pings counts as a mention."""
    world = World()
    bob, general = world.person("bob"), world.channel("general")
    mine = world.post(world.bot, general, "mine")

    assert _seen(world, bob.says(general, "why", reply_to=mine)) == "why"
    assert _seen(world, bob.says(general, "why", reply_to=mine, ping=False)) == ""


def test_reply_to_an_interaction_answer_is_withheld() -> None:
    """Ping or not: the documented trap."""
    world = World()
    _used, answer = _answer(world)
    bob, general = world.person("bob"), world.channel("general")

    assert _seen(world, bob.says(general, "and?", reply_to=answer)) == ""
    named = f"{world.bot.mention} and?"
    assert _seen(world, bob.says(general, named, reply_to=answer)) == named


def test_role_mention_delivers_where_the_world_says_so() -> None:
    """Nobody documents it, so both are possible."""
    world = World()
    said = world.person("bob").says(world.channel("general"), f"<@&{world.home.bot_role_id}> hi")

    assert _seen(world, said) == said.content
    world.role_mentions_deliver = False
    assert _seen(world, said) == ""


def test_nested_message_is_withheld_by_the_same_rules() -> None:
    """A mention in reply to somebody else does not hand over what that one wrote."""
    world = World()
    bob, alice, general = world.person("bob"), world.person("alice"), world.channel("general")
    secret = bob.says(general, "secret")
    asked = alice.says(general, f"{world.bot.mention} explain", reply_to=secret)
    nested = Payloads(world, Cdn(world)).message(asked)["referenced_message"]

    assert isinstance(nested, dict)
    assert nested["content"] == ""
    bob.deletes(secret)
    assert Payloads(world, Cdn(world)).message(asked)["referenced_message"] is None


def test_session_without_the_intent_hears_nothing_more() -> None:
    """The portal's switch is not enough: the session must ask, too."""
    world = World()
    world.content_intent = True
    said = world.person("bob").says(world.channel("general"), "open")

    assert Payloads(world, Cdn(world)).message_event(said, intent=False)["content"] == ""


def test_forward_shows_its_snapshot_where_content_is_delivered() -> None:
    """All that a forward says is in the snapshot: in a guild it is withheld, in a direct message it is not."""
    world = World()
    bob, general = world.person("bob"), world.channel("general")
    said = bob.says(general, "a poem")
    payloads = Payloads(world, Cdn(world))

    def snapshot(message: Message) -> object:
        snapshots = payloads.message(message)["message_snapshots"]
        assert isinstance(snapshots, list)
        return snapshots[0]["message"]["content"]

    assert snapshot(bob.forwards(said, general)) == ""
    forward = bob.forwards(said, world.dm(bob))
    bob.edits(said, "changed since")
    assert snapshot(forward) == "a poem"


def test_mention_of_somebody_elses_role_delivers_nothing() -> None:
    """Only the bot's managed role stands for the bot."""
    world = World()
    role = world.add_role("Poets")

    assert _seen(world, world.person("bob").says(world.channel("general"), f"<@&{role}> hi")) == ""
