"""The two programs that people write first, word for word, against the loopback Reka."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from PIL import Image

from sandbox.reka_space import RekaSpace

ROOT = Path(__file__).parents[2]

PROGRAMS = """\
from reka_provider import Reka

reka = Reka()
messages = [{"role": "user", "content": "Hello"}]
for chunk in reka.create_completion(model="reka-core", messages=messages, stream=True):
    print(chunk, end="")

image_url = Reka.upload_image(access_token=Reka.get_access_token(), image=open("cat.png", "rb").read())
for chunk in Reka.create_completion(model="reka-core", messages=messages, stream=True, api_key="your_api_key"):
    print(chunk, end="")
"""


async def test_the_two_programs_run_word_for_word(tmp_path: Path) -> None:
    """They are what the class is for: no setting but the environment, no clean-up, no warning of ours."""
    (tmp_path / "programs.py").write_text(PROGRAMS, encoding="utf-8")
    Image.new("RGB", (64, 48), "orange").save(tmp_path / "cat.png")
    async with RekaSpace(token_s=0.001) as space:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "programs.py",
            cwd=tmp_path,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "REKA_URL": space.url,
                "REKA_APP_SESSION": "a-session",
            },
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(20):
            output, errors = await process.communicate()
        assert (process.returncode, errors.decode()) == (0, "")
        text = output.decode()
        assert text.count("You asked: “Hello”") == 2
        assert [chat.finished for chat in space.chats] == [True, True]
        assert space.chats[1].headers["Authorization"] == "Bearer your_api_key"
        assert space.uploads[0].data == (tmp_path / "cat.png").read_bytes()
