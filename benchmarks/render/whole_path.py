"""CPU of the whole path of an answer: Reka's bytes read, parsed, conflated, rendered, paginated and scheduled.

    python -m benchmarks.render.whole_path [--answers 5]

Beside it, in the same process and on the same wire, a naive loop that parses, renders and paginates the whole text
at every token. A scripted Reka in a process of its own writes 400 tokens at 40 a second for each answer. Neither side
sends anything to Discord: what that costs stands in the table of benchmarks.delivery.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path

import aiohttp

from benchmarks.delivery.answers import Pace, question, whole
from benchmarks.delivery.processes import running
from delivery.compose import PageComposer
from delivery.ledger import Ledger, create_lane, edit_lane
from delivery.live_reply import LiveReply
from delivery.scheduler import Scheduler
from delivery.surface import Attachment, Draft, MessageRef, Offer
from reka_provider import AsyncReka

PACE = Pace(400, 40)
Answered = Callable[[int, str], Awaitable[str]]


class Screen:
    """A place for one reply that costs nothing: it only keeps what it is told."""

    limit_chars = 2_000
    ends_at_s = None
    wraps_urls = True
    takes_files = True

    def __init__(self, number: int) -> None:
        self._number = number
        self.pages: dict[MessageRef, str] = {}

    def repeatable(self, page: int) -> bool:
        """A create may be sent again."""
        return True

    def create_lanes(self, page: int) -> tuple[str, ...]:
        """The channel's lane of new messages."""
        return (create_lane(self._number),)

    def edit_lanes(self, ref: MessageRef) -> tuple[str, ...]:
        """The channel's lane of edits."""
        return (edit_lane(ref.channel_id),)

    async def create(
        self,
        page: int,
        content: str,
        *,
        nonce: str,
        offers: tuple[Offer, ...] = (),
        attachment: Attachment | None = None,
    ) -> MessageRef:
        """Keep a new page."""
        ref = MessageRef(self._number, page)
        self.pages[ref] = content
        return ref

    async def edit(
        self,
        ref: MessageRef,
        content: str,
        *,
        offers: tuple[Offer, ...] = (),
        attachment: Attachment | None = None,
    ) -> None:
        """Keep what a page now shows."""
        self.pages[ref] = content

    async def delete(self, ref: MessageRef) -> None:
        """Forget a page."""
        del self.pages[ref]

    async def typing(self) -> None:
        """Nobody watches."""

    async def waiting(self, shown: bool) -> None:
        """Nobody watches."""

    async def find(self, page: int, *, nonce: str, content: str) -> MessageRef | None:
        """No create is ever lost here."""
        return None


async def ours(number: int, reka_url: str) -> str:
    """What the bot does with one answer; the text on screen at its end."""

    async def drafts(reka: AsyncReka) -> AsyncGenerator[Draft, None]:
        asked = [{"role": "user", "content": question(number, PACE)}]
        async with aclosing(reka.stream(messages=asked)) as states:
            async for state in states:
                draft = Draft(state.text)
                yield draft
        yield Draft(draft.text, ended=True)

    async def posted(_page: int, _ref: MessageRef) -> None:
        return

    scheduler = Scheduler(Ledger())
    screen = Screen(number)
    reply = LiveReply(screen, scheduler, nonce_base=str(number), posted=posted)
    async with AsyncReka(api_key="benchmark", base_url=reka_url) as reka:
        await reply.deliver(drafts(reka))
    await scheduler.aclose()
    return "".join(screen.pages.values())


async def naive(number: int, reka_url: str) -> str:
    """Parse, render and paginate all of the text at every token; the text at its end."""
    body = {"conversation_history": [{"type": "human", "text": question(number, PACE)}], "stream": True}
    contents: list[str] = []
    async with aiohttp.ClientSession() as session, session.post(f"{reka_url}/api/chat", json=body) as answer:
        async for line in answer.content:
            if line.startswith(b"data:"):
                text = json.loads(line[5:])["text"]
                contents = PageComposer(wraps_urls=True).compose(text, ended=False)
    return "".join(contents)


async def cpu_s(work: Answered, numbers: range, reka_url: str) -> float:
    """CPU seconds that `work` took for these answers, all at once. Raises ValueError for a wrong answer."""
    begun_s = time.process_time()
    texts = await asyncio.gather(*(work(number, reka_url) for number in numbers))
    spent_s = time.process_time() - begun_s
    for number, text in zip(numbers, texts, strict=True):
        if text != whole(number, PACE.tokens):
            raise ValueError(f"answer {number} is not what Reka wrote")
    return spent_s


async def measure(answers: int) -> None:
    """Print CPU milliseconds per 1,000 tokens of both, and their ratio."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        folder = Path(name)
        arguments = ["-m", "benchmarks.delivery.scripted_reka", "--results", str(folder / "reka.json")]
        async with running(arguments, folder, folder / "said.txt", {}) as reka:
            line = b"" if reka.stdout is None else await reka.stdout.readline()
            url = f"http://127.0.0.1:{int(line)}"
            await cpu_s(ours, range(1), url)  # imports and caches
            fast_s = await cpu_s(ours, range(1, 1 + answers), url)
            slow_s = await cpu_s(naive, range(101, 101 + answers), url)
    fast_ms, slow_ms = (spent_s * 1e6 / (answers * PACE.tokens) for spent_s in (fast_s, slow_s))
    print("| whole path, CPU ms per 1,000 tokens | ours | naive | naive / ours |")
    print("| --- | ---: | ---: | ---: |")
    print(
        f"| {answers} answers of {PACE.tokens} tokens | {fast_ms:.0f} | {slow_ms:.0f} | {slow_ms / fast_ms:.1f} |"
    )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="CPU of the whole path of an answer")
    parser.add_argument("--answers", type=int, default=5)
    asyncio.run(measure(parser.parse_args().answers))


if __name__ == "__main__":
    main()
