"""What is tried, by name, each with what its inputs are made from."""

from __future__ import annotations

from collections.abc import Sequence

from tests.fuzz import bodies, corpus, streams
from tests.fuzz.search import Check


def checks() -> dict[str, tuple[Check, Sequence[bytes]]]:
    """The targets that need no network."""
    return {
        "official": (streams.official, corpus.OFFICIAL),
        "space": (streams.space, corpus.SPACE),
        "refusal": (bodies.refusal, corpus.BODIES),
        "models": (bodies.models, corpus.BODIES),
        "waits": (bodies.waits, corpus.HEADERS),
        "redirect": (bodies.redirect, corpus.LOCATIONS),
    }
