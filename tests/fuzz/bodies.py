"""What is read outside of streams: error bodies, lists of models, headers, redirects."""

from __future__ import annotations

import json
import math

from reka_provider import RekaError
from reka_provider._models import image_limit, models_in
from reka_provider._refusals import (
    PLATFORM,
    SPACE,
    error_from_object,
    page_error,
    redirect_error,
    status_error,
)
from reka_provider._retry_after import LONGEST_S, reset_s, retry_after_s
from tests.fuzz.corpus import SECRET
from tests.fuzz.streams import scrub

_STATUSES = (400, 401, 402, 403, 404, 413, 422, 429, 500, 503)
_LONGEST_MESSAGE_CHARS = 600
_NOW_S = 1_795_000_000.0


def refusal(data: bytes) -> None:
    """A body of any status becomes one RekaError, short and without a secret."""
    for service in (SPACE, PLATFORM):
        errors = [status_error(status, data, scrub, service) for status in _STATUSES]
        errors.append(page_error(data, service))
        value = _json(data)
        if isinstance(value, dict):
            errors.append(error_from_object(value, scrub, service))
        for error in errors:
            _check(error)


def models(data: bytes) -> None:
    """Any JSON is a list of models or a RekaError."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return  # the client catches these two around json.loads
    try:
        found = models_in(value)
    except RekaError as error:
        _check(error)
        return
    for model in found:
        limit = image_limit(model.id, found)
        assert limit is None or limit >= 0


def waits(data: bytes) -> None:
    """Headers ask for a wait that can be waited for, or for none."""
    lines = data.decode("latin-1").split("\n")
    headers = {name: value.strip() for name, colon, value in (line.partition(":") for line in lines) if colon}
    asked = [retry_after_s(headers, now_s=_NOW_S, status=status) for status in (429, 503)]
    for seconds in (*asked, reset_s(headers, now_s=_NOW_S)):
        assert seconds is None or (math.isfinite(seconds) and 0 <= seconds <= LONGEST_S)


def redirect(data: bytes) -> None:
    """Any Location becomes one RekaError."""
    for service in (SPACE, PLATFORM):
        location = scrub(data.decode("latin-1"))
        _check(redirect_error(location, base_url="https://space.reka.ai", service=service))


def _json(data: bytes) -> object:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _check(error: RekaError) -> None:
    assert isinstance(error, RekaError)
    assert SECRET not in str(error), "an error quotes a secret"
    assert len(str(error)) <= _LONGEST_MESSAGE_CHARS, "an error is longer than a message"
