"""Discord's refusals as exceptions: status, code, message and the errors of a form."""

from __future__ import annotations

from sandbox.entities import Json


class ApiError(Exception):
    """The request is answered with this error (Opcodes and Status Codes, JSON error codes)."""

    def __init__(self, status: int, code: int, message: str, errors: Json | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body: Json = {"message": message, "code": code}
        if errors is not None:
            self.body["errors"] = errors


def unauthorized() -> ApiError:
    """The token is wrong."""
    return ApiError(401, 0, "401: Unauthorized")


def unknown(what: str) -> ApiError:
    """There is no such thing, or none any more."""
    codes = {
        "Channel": 10003,
        "Guild": 10004,
        "Member": 10007,
        "Message": 10008,
        "User": 10013,
        "Emoji": 10014,
        "Webhook": 10015,
        "interaction": 10062,
        "application command": 10063,
    }
    return ApiError(404, codes[what], f"Unknown {what}")


def missing_access() -> ApiError:
    """The bot does not see that place."""
    return ApiError(403, 50001, "Missing Access")


def missing_permissions() -> ApiError:
    """The bot sees the place but may not do that there."""
    return ApiError(403, 50013, "Missing Permissions")


class Form:
    """Collects what is wrong with a request's body, and refuses it whole at the end (code 50035)."""

    def __init__(self) -> None:
        self._errors: Json = {}

    def bad(self, path: str, code: str, message: str) -> None:
        """Note an error at a dotted path, as "components.0.components.1.label"."""
        at = self._errors
        for name in path.split("."):
            inner = at.setdefault(name, {})
            if not isinstance(inner, dict):
                raise TypeError(f"{name} of {path} is no place for errors")
            at = inner
        found = at.setdefault("_errors", [])
        if isinstance(found, list):
            found.append({"code": code, "message": message})

    def done(self) -> None:
        """Raise ApiError where anything was bad."""
        if self._errors:
            raise ApiError(400, 50035, "Invalid Form Body", self._errors)
