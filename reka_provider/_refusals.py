"""What Reka's refusals mean: statuses, redirects, error objects and web pages to errors; pure.

Wire: `{"error": {"type": ..., "message": ...}}`, `{"detail": ...}` or nothing of the kind (reka-api.md 1.5, 2.6).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from reka_provider._errors import (
    RekaAuthError,
    RekaError,
    RekaQuotaError,
    RekaRateLimitError,
    RekaRequestError,
    RekaResponseError,
)

LOGIN_ADVICE = (
    "Log in at https://space.reka.ai in a browser and copy the cookie appSession anew (REKA_APP_SESSION)."
)
KEY_ADVICE = "Get a key at https://platform.reka.ai (REKA_API_KEY)."

_LARGEST_QUOTE_CHARS = 200
_LARGEST_PAGE_BYTES = 64 * 1024
_LOGIN_ADDRESS = re.compile(r"log.?in|sign.?in|auth", re.IGNORECASE)
_HTML_LOGIN = re.compile(rb"log.?in|sign.?in|password", re.IGNORECASE)
_CREDITS = re.compile(
    r"(?<![a-z])(?:credits?|billing|payment)(?![a-z])|insufficient[ _](?:quota|balance|funds)", re.IGNORECASE
)

Scrub = Callable[[str], str]
"""Takes secrets out of a text that somebody else wrote."""


@dataclass(frozen=True, slots=True)
class Service:
    """What a refusal must know of the service that it comes from."""

    url_setting: str
    """The setting of its address, as a message names it."""
    advice: str
    """Where to get credentials that it takes."""
    has_sessions: bool
    """Whether people log in, so that a web page or a redirect may say that a session has ended."""


SPACE = Service("base_url (REKA_URL)", LOGIN_ADVICE, has_sessions=True)
PLATFORM = Service("base_url (REKA_API_URL)", KEY_ADVICE, has_sessions=False)


def status_error(status: int, body: bytes, scrub: Scrub, service: Service) -> RekaError:
    """The error for an answer whose status is 4xx or 5xx."""
    said = _quote(body, scrub)
    says = f" and says: {said}" if said else ""
    if status == 401:
        return RekaAuthError(f"Reka does not accept the credentials (401). {service.advice}")
    if status == 402 or (status == 429 and _object_in(body) and _lacks_credits(body)):
        return RekaQuotaError(f"Reka's account has no credits left ({status}){says}.")
    if status == 403:
        return RekaAuthError(f"Reka refuses access (403){says}. {service.advice}")
    if status == 429:
        return RekaRateLimitError(f"Reka asks to wait (429){says}.")
    if status == 413:
        return RekaRequestError("The request is larger than Reka takes (413): send a smaller image.")
    if status < 500:
        return RekaRequestError(f"Reka calls the request wrong ({status}){says}.")
    return RekaResponseError(f"Reka has a fault of its own ({status}){says}.")


def redirect_error(location: str, *, base_url: str, service: Service) -> RekaError:
    """The error for an answer whose status is 3xx: redirects are never followed."""
    try:
        target, here = urlsplit(location), urlsplit(base_url)
        host = target.hostname or here.hostname
    except ValueError:
        return RekaResponseError(f"Reka redirects to an address that is none. Check {service.url_setting}.")
    to_login = _LOGIN_ADDRESS.search(target.netloc + target.path)
    same_site = target.netloc in {"", here.netloc} and target.scheme in {"", here.scheme}
    if service.has_sessions and (to_login or same_site):
        return RekaAuthError(f"Reka redirects to its log-in page: the session has ended. {service.advice}")
    where = f"{target.scheme or here.scheme}://{host}"[:_LARGEST_QUOTE_CHARS]
    return RekaResponseError(f"Reka redirects to {where}. If it has moved, set {service.url_setting}.")


def page_error(body: bytes, service: Service) -> RekaError:
    """The error for a web page in the place of an answer."""
    if service.has_sessions and _HTML_LOGIN.search(body[:_LARGEST_PAGE_BYTES]):
        return RekaAuthError(f"Reka answered with a log-in page: the session has ended. {service.advice}")
    return RekaResponseError("Reka answered with a web page where an answer was expected.")


def error_from_object(value: dict[str, Any], scrub: Scrub = str, service: Service = SPACE) -> RekaError:
    """The error that an error object inside an answer stands for, its message scrubbed."""
    kind, message = _kind_and_message(value)
    said = f"Reka reports an error: {scrub(message or kind)[:_LARGEST_QUOTE_CHARS] or 'no reason given'}"
    if kind in {"validation_error", "not_found_error"}:
        return RekaRequestError(said)
    if kind == "authentication_error":
        return RekaAuthError(f"{said} {service.advice}")
    if _CREDITS.search(f"{kind} {message}"):
        return RekaQuotaError(said)
    if kind == "rate_limit_error":
        return RekaRateLimitError(said)
    return RekaResponseError(said)


def _kind_and_message(value: dict[str, Any]) -> tuple[str, str]:
    error = value.get("error", value)
    if isinstance(error, dict):
        said = error.get("message") or error.get("detail") or error.get("text") or ""
        return str(error.get("type", "")), said if isinstance(said, str) else json.dumps(said)
    return "", error if isinstance(error, str) else ""


def _lacks_credits(body: bytes) -> bool:
    return bool(_CREDITS.search(" ".join(_kind_and_message(_object_in(body) or {}))))


def _quote(body: bytes, scrub: Scrub) -> str:
    """What a body says, in one line that fits into a message."""
    if body.lstrip()[:1] == b"<":
        return "a web page"
    text = body.decode("utf-8", "replace")
    found = _object_in(body)
    if found is not None:
        text = _kind_and_message(found)[1] or text
    return " ".join(scrub(text).split())[:_LARGEST_QUOTE_CHARS]


def _object_in(body: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
