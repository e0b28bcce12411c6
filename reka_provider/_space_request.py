"""Headers and body of a chat request to space.reka.ai, and what its refusal speaks of; pure.

Wire: POST /api/chat (reka-api.md 1.3).
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

from reka_provider._errors import RekaRequestError

DEFAULT_MODEL = "reka-core"
_NAMES_SEEN = ("reka-core", "reka-flash", "reka-edge")
_LARGEST_SEED = 2**63 - 1
_ABOUT_PICTURES = re.compile(r"image|media|picture|photo|upload|file|url|not.found|expired", re.IGNORECASE)
_ABOUT_THE_MODEL = re.compile(r"(?<![a-z])model", re.IGNORECASE)
_STATUSES_OF_PICTURES = frozenset({None, 400, 404, 409, 410, 422})  # None: said inside a stream
_USER_AGENT = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)


@dataclass(frozen=True, slots=True)
class ChatOptions:
    """What a question asks for besides its words. Raises RekaRequestError for values of a wrong kind."""

    model: str | None = None
    use_search_engine: bool = False
    use_code_interpreter: bool = False
    random_seed: int | None = None

    def __post_init__(self) -> None:
        if self.model is not None and not isinstance(self.model, str):
            raise RekaRequestError(f'model must be a name like "{DEFAULT_MODEL}".')
        for name in ("use_search_engine", "use_code_interpreter"):
            if not isinstance(getattr(self, name), bool):
                raise RekaRequestError(f"{name} must be True or False.")
        seed = self.random_seed
        if seed is None:
            return
        if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= _LARGEST_SEED:
            raise RekaRequestError("random_seed must be a whole number from 0 to 2**63 - 1.")

    def body(self, history: Sequence[dict[str, str]]) -> bytes:
        """The request in JSON; without a seed the time in milliseconds is one."""
        seed = self.random_seed
        return json.dumps(
            {
                "conversation_history": history,
                "stream": True,
                "use_search_engine": self.use_search_engine,
                "use_code_interpreter": self.use_code_interpreter,
                "model_name": self.model or DEFAULT_MODEL,
                "random_seed": time.time_ns() // 1_000_000 if seed is None else seed,
            }
        ).encode()


def browser_headers(origin: str) -> dict[str, str]:
    """What a browser would send; which of it Reka needs is unknown (reka-api.md 1.2)."""
    return {
        "Accept": "*/*",
        "Accept-Language": "en-US,en;q=0.9",
        "Origin": origin,
        "Referer": f"{origin}/chat",
        "Sec-Fetch-Dest": "empty",
        "Sec-Fetch-Mode": "cors",
        "Sec-Fetch-Site": "same-origin",
        "User-Agent": _USER_AGENT,
    }


def speaks_of_pictures(error: RekaRequestError) -> bool:
    """Whether a refusal may mean that Reka no longer knows a picture by its URL."""
    return error.status in _STATUSES_OF_PICTURES and bool(_ABOUT_PICTURES.search(str(error)))


def with_known_models(error: RekaRequestError, model: str | None) -> RekaRequestError:
    """The same error, with names that would be right where it speaks of the model that was asked for."""
    if not model or error.status not in (400, 404, 422) or not _ABOUT_THE_MODEL.search(str(error)):
        return error
    names = ", ".join(_NAMES_SEEN)
    return RekaRequestError(
        f"{error} Names that space.reka.ai has taken: {names}.",
        status=error.status,
        request_id=error.request_id,
    )
