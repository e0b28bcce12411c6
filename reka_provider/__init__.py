"""A client for Reka. Usable alone, without Discord."""

from __future__ import annotations

from reka_provider._decoder import PictureDecoder
from reka_provider._errors import (
    RekaAuthError,
    RekaConnectionError,
    RekaError,
    RekaNoTextError,
    RekaProxyError,
    RekaQuotaError,
    RekaRateLimitError,
    RekaRequestError,
    RekaResponseError,
    RekaTimeoutError,
    RekaUnavailableError,
)
from reka_provider._images import PreparedImage, prepare_image, to_bytes
from reka_provider._models import Model, image_limit
from reka_provider._platform import AsyncRekaPlatform
from reka_provider._sampling import Sampling
from reka_provider._space import AsyncReka
from reka_provider._sync import Reka, RekaPlatform
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
from reka_provider._version import __version__

__all__ = [
    "AbstractProvider",
    "AsyncReka",
    "AsyncRekaPlatform",
    "ChatMessage",
    "CompletionState",
    "ContentPart",
    "CookiesType",
    "CreateResult",
    "ImagePart",
    "ImageType",
    "ImageUrlPart",
    "Messages",
    "Model",
    "PictureDecoder",
    "PreparedImage",
    "Reka",
    "RekaAuthError",
    "RekaConnectionError",
    "RekaError",
    "RekaNoTextError",
    "RekaPlatform",
    "RekaProxyError",
    "RekaQuotaError",
    "RekaRateLimitError",
    "RekaRequestError",
    "RekaResponseError",
    "RekaTimeoutError",
    "RekaUnavailableError",
    "Sampling",
    "TextPart",
    "Usage",
    "__version__",
    "image_limit",
    "prepare_image",
    "to_bytes",
]
