"""The chat page's pure modules, tested where they run: in JavaScript."""

from __future__ import annotations

import asyncio
from pathlib import Path

import playwright

HERE = Path(__file__).parent
# Playwright's package brings the Node.js that it runs on, so no machine lacks one of the right age.
NODE = Path(playwright.__file__).parent / "driver" / "node"


async def test_the_page_modules_pass_their_own_tests() -> None:
    """What Discord renders and what it leaves raw is decided there, and no Python test sees it."""
    files = sorted(str(path) for path in HERE.glob("*.test.mjs"))

    process = await asyncio.create_subprocess_exec(
        NODE, "--test", *files, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()

    assert process.returncode == 0, output.decode()
