"""The chat page in a real browser, driven as a person would."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, Locator, Page, expect

from tests.e2e.browser import open_browser
from tests.e2e.house import House, open_house

PATIENCE_MS = 20_000


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A house whose stand-in writes at a reader's pace, only faster."""
    async with open_house(tmp_path, reka_label="stand-in") as opened:
        opened.reka.token_s = 0.005
        opened.reka.think_s = 0.6  # long enough for the typing sign to be seen
        yield opened


@pytest.fixture
async def context() -> AsyncIterator[BrowserContext]:
    async with open_browser() as browser:
        context = await browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme="dark")
        context.set_default_timeout(PATIENCE_MS)
        yield context


async def open_page(context: BrowserContext, house: House, *, person: str = "alice") -> Page:
    """The page as `person` sees it, with anything odd in its console a failure."""
    page = await context.new_page()
    page.on("pageerror", lambda error: pytest.fail(f"the page threw {error}"))
    await page.goto(f"{house.sandbox.page_url}?as={person}")
    await expect(page.get_by_test_id("bot-online")).to_contain_text("online")
    return page


async def say(page: Page, text: str) -> None:
    await page.get_by_test_id("composer").fill(text)
    await page.get_by_test_id("composer").press("Enter")


def messages(page: Page, author: str) -> Locator:
    return page.locator(f"[data-testid=message][data-author={author}]")


def png(width: int, height: int) -> bytes:
    """A plain red picture, made by hand so that the test knows every byte."""
    rows = b"".join(b"\0" + b"\xff\x00\x00" * width for _ in range(height))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


async def test_a_person_talks_with_the_bot_on_the_page(
    house: House, context: BrowserContext, tmp_path: Path
) -> None:
    """The whole product as a newcomer meets it, in one sitting."""
    page = await open_page(context, house)
    second_tab = await open_page(context, house, person="bob")
    await expect(page.get_by_test_id("reka")).to_contain_text("not a model")

    await say(page, "@Reka hello")
    await expect(page.get_by_test_id("typing")).to_contain_text("Reka")
    first = messages(page, "Reka").first
    await expect(first).to_contain_text("stand-in")
    await expect(first).to_contain_text("hello")
    await expect(messages(second_tab, "Reka").first).to_contain_text("hello")

    await _drop_picture(page, png(96, 64))
    await say(page, "@Reka what is this?")
    await expect(messages(page, "Reka").nth(1)).to_contain_text("PNG")
    await expect(messages(page, "Reka").nth(1)).to_contain_text("96 × 64")

    await say(page, "@Reka what did I ask before?")
    await expect(messages(page, "Reka").nth(2)).to_contain_text("what is this?")
    await _until_quiet(house, 3)
    await page.screenshot(path=Path(os.environ.get("SCREENSHOTS", tmp_path)) / "page.png")

    await say(page, "@Reka a long answer with code, please")
    await expect(messages(page, "Reka")).to_have_count(5)
    await _until_quiet(house, 4)
    assert sum(len(message.content) for message in house.replies()[3:]) > 2000
    await expect(messages(page, "Reka").locator("pre").first).to_be_visible()
    await expect(messages(second_tab, "Reka")).to_have_count(5)

    await _ask_by_slash_command(page, "what is a slash command?")
    await expect(messages(page, "Reka").last).to_contain_text("slash command")

    await expect(page.get_by_test_id("rate-limited")).to_contain_text("0")
    assert house.sandbox.limits.rejected.total() == 0


async def test_a_direct_message_needs_no_mention(house: House, context: BrowserContext) -> None:
    """In a direct message every message is for the bot, and what is said there stays there."""
    page = await open_page(context, house)
    await page.get_by_test_id("dm-Reka").click()

    await say(page, "hello in private")

    await expect(messages(page, "Reka")).to_have_count(1)
    await expect(messages(page, "Reka").first).to_contain_text("hello in private")
    await page.get_by_test_id("channel-general").click()
    await expect(messages(page, "Reka")).to_have_count(0)


async def _drop_picture(page: Page, data: bytes) -> None:
    """Drag a picture onto the page and let it fall."""
    transfer = await page.evaluate_handle(
        """bytes => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(bytes)], "cat.png", {type: "image/png"}));
            return transfer;
        }""",
        list(data),
    )
    for event in ("dragenter", "dragover", "drop"):
        await page.dispatch_event("body", event, {"dataTransfer": transfer})
    await expect(page.get_by_test_id("pending-file")).to_have_count(1)


async def _ask_by_slash_command(page: Page, question: str) -> None:
    """Choose /ask from the menu and fill in its form."""
    await page.get_by_test_id("composer").fill("/")
    await page.get_by_test_id("command-ask").click()
    await page.get_by_test_id("option-question").fill(question)
    await page.get_by_test_id("run-command").click()


async def _until_quiet(house: House, answers: int) -> None:
    """Wait until Reka has ended so many answers."""
    await house.world.until(
        lambda: len(house.reka.chats) == answers and all(chat.finished for chat in house.reka.chats),
        timeout_s=20,
    )
