"""DATA_KEYS in the whole bot: set later, changed, and lost."""

from __future__ import annotations

from pathlib import Path

from cryptography.fernet import Fernet

from sandbox.reka_space import Script
from tests.e2e.house import House, open_house, settings_for


async def starts_again_with(house: House, folder: Path, *keys: str) -> None:
    """Stop the bot and start it with these keys."""
    await house.until_ended()
    await house.stop_bot()
    house.settings = settings_for(house.sandbox, house.reka, folder, DATA_KEYS=",".join(keys))
    await house.start_bot()


def on_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("reka.db*"))


async def test_words_are_sealed_once_keys_are_set_and_remembered_all_the_same(tmp_path: Path) -> None:
    """An operator turns it on over a bot that has lived for months, and changes the key once a year."""
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    async with open_house(tmp_path) as house:
        house.reka.enqueue(Script("A tulip."), Script("The tulip."), Script("Still the tulip."))
        await house.hears("name a flower", "A tulip.")
        await starts_again_with(house, tmp_path, old)
        await house.hears("my word is zinnia", "A tulip.", "The tulip.")
        await starts_again_with(house, tmp_path, new, old)
        await house.hears("which flower?", "A tulip.", "The tulip.", "Still the tulip.")

        assert house.told()[:4] == [
            ("human", "alice: name a flower"),
            ("model", "A tulip."),
            ("human", "alice: my word is zinnia"),
            ("model", "The tulip."),
        ]
        await house.until_ended()
        await house.stop_bot()
        assert b"zinnia" not in on_disk(tmp_path)


async def test_lost_keys_cost_what_was_said_and_no_answer(tmp_path: Path) -> None:
    """The bot lives on."""
    async with open_house(tmp_path, DATA_KEYS=Fernet.generate_key().decode()) as house:
        house.reka.enqueue(Script("A tulip."), Script("Which one?"))
        await house.hears("name a flower", "A tulip.")
        await starts_again_with(house, tmp_path)
        await house.hears("which flower?", "A tulip.", "Which one?")

        assert house.told() == [("human", "alice: which flower?")]
