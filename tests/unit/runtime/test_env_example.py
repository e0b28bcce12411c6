"""`.env.example` says what Settings says."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

from runtime.settings import Settings, load_settings

LINES = (Path(__file__).parents[3] / ".env.example").read_text(encoding="utf-8").splitlines()
NAMED = [match for line in LINES if (match := re.fullmatch(r"(#?)([A-Z_]+)=(.*)", line))]


def test_every_setting_is_there_in_the_order_of_settings() -> None:
    """A setting that nobody can find does not exist."""
    assert [match[2].lower() for match in NAMED] == list(Settings.model_fields)


def test_every_setting_has_its_reason_above_it() -> None:
    """A name alone does not tell whether one needs it."""
    for above, line in pairwise(LINES):
        if re.match(r"#?[A-Z_]+=", line):
            assert above.startswith("# "), line
            assert above.endswith("."), line


def test_defaults_shown_are_the_defaults() -> None:
    """Taking the # away must change nothing."""
    required = {"DISCORD_TOKEN": "a.b.c", "REKA_API_KEY": "key"}
    examples = {"DISCORD_API_URL", "REKA_MODEL", "REKA_FALLBACK", "REKA_PROXY", "HEALTH_PORT"}
    examples |= {"SHARD_IDS", "SHARD_COUNT"}
    shown = {match[2]: match[3] for match in NAMED if match[1] and match[2] not in examples}

    assert load_settings(required | shown, None) == load_settings(required, None)


def test_only_what_is_needed_stands_open() -> None:
    """A copy with two blanks filled in is a working .env."""
    assert [match[2] for match in NAMED if not match[1]] == ["DISCORD_TOKEN", "REKA_API_KEY"]
