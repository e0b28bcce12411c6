"""What can go wrong between a caller and Reka.

    RekaError                     .status  .request_id  .retry_after  .partial
    ├── RekaAuthError             no valid credentials; also a ValueError
    ├── RekaRateLimitError        Reka asks to wait
    │   └── RekaQuotaError        the account has no credits left; waiting does not help
    ├── RekaTimeoutError          no connection, or no byte, for too long
    ├── RekaConnectionError       Reka could not be reached, or the connection broke off
    │   ├── RekaProxyError        the proxy refuses; also a RekaRequestError, since a setting is to blame
    │   └── RekaUnavailableError  Reka has been down, so it was not asked; .retry_after says when it will be
    ├── RekaResponseError         Reka answered something that is no answer
    │   └── RekaNoTextError       it ended its answer without any text; .finish_reason and .reasoning say how
    └── RekaRequestError          what the caller asked for is wrong

No message, attribute or repr of these holds a cookie, a token or a key.
"""

from __future__ import annotations


class RekaError(Exception):
    """Anything that goes wrong with Reka."""

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
        partial: str = "",
    ) -> None:
        super().__init__(message)
        self.status = status
        """The HTTP status, where there was an answer."""
        self.request_id = request_id
        """Reka's name for the request, where it gave one."""
        self.retry_after = retry_after
        """Seconds to wait before another try, where Reka said so."""
        self.partial = partial
        """The text yielded before a stream broke off."""


class RekaAuthError(RekaError, ValueError):
    """Reka does not accept the credentials, or there are none."""


class RekaRateLimitError(RekaError):
    """Reka asks to wait `.retry_after` seconds, where it said how long."""


class RekaQuotaError(RekaRateLimitError):
    """The account has no credits left. Waiting does not help, so `.retry_after` is None."""


class RekaTimeoutError(RekaError):
    """No connection came about in time, or no byte came for the idle time-out."""


class RekaConnectionError(RekaError):
    """Reka could not be reached, or the connection broke off."""


class RekaUnavailableError(RekaConnectionError):
    """Reka has failed several times in a row, so it was not asked; `.retry_after` seconds from now it will be."""


class RekaResponseError(RekaError):
    """Reka answered, but with an error of its own or with something that is no answer."""


class RekaNoTextError(RekaResponseError):
    """Reka ended its answer properly, but without any text: it may have spent all of its tokens on reasoning."""

    def __init__(self, message: str, *, finish_reason: str | None = None, reasoning: str = "") -> None:
        super().__init__(message)
        self.finish_reason = finish_reason
        """Why the answer ended, as Reka says it: `length` where it ran out of tokens."""
        self.reasoning = reasoning
        """What Reka thought before it ended."""


class RekaRequestError(RekaError):
    """The request is wrong, and repeating it unchanged would be as wrong."""


class RekaProxyError(RekaConnectionError, RekaRequestError):
    """The proxy cannot be reached or refuses to serve."""
