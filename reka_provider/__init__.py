"""A client for Reka. Usable alone, without Discord."""

from __future__ import annotations

from reka_provider._errors import (
    RekaAuthError,
    RekaConnectionError,
    RekaError,
    RekaProxyError,
    RekaQuotaError,
    RekaRateLimitError,
    RekaRequestError,
    RekaResponseError,
    RekaTimeoutError,
)
from reka_provider._images import PreparedImage, prepare_image, to_bytes
from reka_provider._space import AsyncReka
from reka_provider._sync import Reka
from reka_provider._types import (
    AbstractProvider,
    ChatMessage,
    CompletionState,
    ContentPart,
    CookiesType,
    CreateResult,
    ImagePart,
    ImageType,
    ImageUrlPart,
    Messages,
    TextPart,
    Usage,
)

__all__ = [
    "AbstractProvider",
    "AsyncReka",
    "ChatMessage",
    "CompletionState",
    "ContentPart",
    "CookiesType",
    "CreateResult",
    "ImagePart",
    "ImageType",
    "ImageUrlPart",
    "Messages",
    "PreparedImage",
    "Reka",
    "RekaAuthError",
    "RekaConnectionError",
    "RekaError",
    "RekaProxyError",
    "RekaQuotaError",
    "RekaRateLimitError",
    "RekaRequestError",
    "RekaResponseError",
    "RekaTimeoutError",
    "TextPart",
    "Usage",
    "prepare_image",
    "to_bytes",
]
