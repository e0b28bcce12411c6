"""Who is pinged."""

from __future__ import annotations

from sandbox import World
from sandbox.entities import Json


def _pinged(world: World, content: str, rules: Json | None) -> set[int]:
    return world.post(world.bot, world.channel("general"), content, allowed_mentions=rules).pinged


def test_message_without_rules_pings_all_it_names() -> None:
    """Discord's default, and the reason for AllowedMentions.none()."""
    world = World()
    alice, bob = world.person("alice"), world.person("bob")

    assert _pinged(world, alice.mention, None) == {alice.id}
    assert _pinged(world, "@everyone", None) == {alice.id, bob.id}


def test_empty_parse_pings_nobody() -> None:
    """What every send of ours must look like."""
    world = World()
    alice, general = world.person("alice"), world.channel("general")
    said = alice.says(general, "hi")
    rules: Json = {"parse": [], "replied_user": False}
    reply = world.post(
        world.bot, general, f"{alice.mention} @everyone", reply_to=said, allowed_mentions=rules
    )

    assert reply.pinged == set()
    assert world.post(world.bot, general, "hi", reply_to=said).pinged == {alice.id}


def test_ids_come_as_numbers_or_text() -> None:
    """discord.py sends integers."""
    world = World()
    alice, bob = world.person("alice"), world.person("bob")
    both = f"{alice.mention} {bob.mention}"

    assert _pinged(world, both, {"parse": [], "users": [alice.id]}) == {alice.id}
    assert _pinged(world, both, {"parse": [], "users": [str(bob.id)]}) == {bob.id}


def test_edit_without_rules_would_ping() -> None:
    """Edits are parsed anew: `pinged` remembers the worst version."""
    world = World()
    alice = world.person("alice")
    sent = world.post(world.bot, world.channel("general"), "hi", allowed_mentions={"parse": []})

    world.edit(sent, content=f"hi {alice.mention}")

    assert sent.pinged == {alice.id}
