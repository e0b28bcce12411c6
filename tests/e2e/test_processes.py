"""The processes of the tests know nothing of whoever runs the tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.settings import Settings
from tests.e2e.processes import running

ALL = tuple(sorted(name.upper() for name in Settings.model_fields))


async def test_no_setting_of_the_shell_reaches_a_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A developer's SHARD_IDS would make the bot of a test deaf, and its REST_BUDGET slow."""
    for name in ALL:
        monkeypatch.setenv(name, "of the shell")
    program = f"import os; print([name for name in {ALL} if os.environ.get(name) == 'of the shell'])"

    async with running(["-c", program], {"GRACE_S": "of the test"}, folder=tmp_path) as running_program:
        assert await running_program.ended() == 0

    assert running_program.output == ["[]"]
