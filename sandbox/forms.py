"""What Discord checks in the body of a message before it takes it; pure."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.entities import Json, MessageFlag, objects
from sandbox.person import UploadedFile
from sandbox.refusals import ApiError, Form

CONTENT_CHARS = 2000
NONCE_CHARS = 25
FILES = 10
EMBEDS = 10
ROWS = 5
BUTTONS_IN_ROW = 5
CUSTOM_ID_CHARS = 100
LABEL_CHARS = 80
FILE_BYTES = 10 * 1024 * 1024
REQUEST_BYTES = 25 * 1024 * 1024

_ROW, _BUTTON, _LINK_STYLE, _PREMIUM_STYLE = 1, 2, 5, 6


def utf16_units(text: str) -> int:
    """Count as Discord does."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def check_message(body: Json, files: list[UploadedFile], *, attachments_kept: int = 0) -> None:
    """Refuse what breaks a limit; raises ApiError 400/50035, or 413/40005 for files that are too large."""
    form = Form()
    content = body.get("content")
    if content is not None and not isinstance(content, str):
        form.bad("content", "BASE_TYPE_BAD_TYPE", "Not a string.")
    elif content is not None and utf16_units(content) > CONTENT_CHARS:
        form.bad("content", "BASE_TYPE_MAX_LENGTH", f"Must be {CONTENT_CHARS} or fewer in length.")
    nonce = body.get("nonce")
    if nonce is not None and len(str(nonce)) > NONCE_CHARS:
        form.bad("nonce", "BASE_TYPE_MAX_LENGTH", f"Must be {NONCE_CHARS} or fewer in length.")
    if len(objects(body.get("embeds"))) > EMBEDS:
        form.bad("embeds", "BASE_TYPE_MAX_LENGTH", f"Must be {EMBEDS} or fewer in length.")
    if len(files) + attachments_kept > FILES:
        form.bad("attachments", "BASE_TYPE_MAX_LENGTH", f"Must be {FILES} or fewer in length.")
    v2 = bool(flags_of(body) & MessageFlag.COMPONENTS_V2)
    if v2 and content:
        form.bad("content", "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", "Not with components V2.")
    if not v2:
        _check_rows(form, objects(body.get("components")))
    _check_allowed_mentions(form, body.get("allowed_mentions"))
    form.done()
    if (
        any(len(file.data) > FILE_BYTES for file in files)
        or sum(len(file.data) for file in files) > REQUEST_BYTES
    ):
        raise ApiError(413, 40005, "Request entity too large")


def is_empty(body: Json, files: list[UploadedFile]) -> bool:
    """Whether a new message would hold nothing at all."""
    content = body.get("content")
    said = isinstance(content, str) and content.strip()
    return not (said or files or body.get("embeds") or body.get("sticker_ids") or body.get("components"))


def cannot_be_empty() -> ApiError:
    """The refusal of a message that holds nothing."""
    return ApiError(400, 50006, "Cannot send an empty message")


def flags_of(body: Json) -> int:
    """Return the message flags that a body asks for."""
    flags = body.get("flags")
    return flags if isinstance(flags, int) else 0


def _check_rows(form: Form, rows: list[Json]) -> None:
    if len(rows) > ROWS:
        form.bad("components", "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {ROWS} in length.")
    seen: set[object] = set()
    for at, row in enumerate(rows):
        path = f"components.{at}"
        if row.get("type") != _ROW:
            form.bad(f"{path}.type", "UNION_TYPE_CHOICES", f'Value of field "type" must be one of ({_ROW},).')
            continue
        children = objects(row.get("components"))
        if not 1 <= len(children) <= BUTTONS_IN_ROW:
            form.bad(f"{path}.components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.")
        for child_at, child in enumerate(children):
            _check_child(form, f"{path}.components.{child_at}", child, seen)


def _check_child(form: Form, path: str, child: Json, seen: set[object]) -> None:
    if child.get("type") != _BUTTON:
        return
    label, custom_id, style = child.get("label"), child.get("custom_id"), child.get("style")
    if isinstance(label, str) and utf16_units(label) > LABEL_CHARS:
        form.bad(f"{path}.label", "BASE_TYPE_MAX_LENGTH", f"Must be {LABEL_CHARS} or fewer in length.")
    if not label and not child.get("emoji") and style != _PREMIUM_STYLE:
        form.bad(path, "BUTTON_COMPONENT_INVALID", "A button needs a label or an emoji.")
    if style in (_LINK_STYLE, _PREMIUM_STYLE):
        return
    if not isinstance(custom_id, str) or not custom_id:
        form.bad(f"{path}.custom_id", "BASE_TYPE_REQUIRED", "This field is required")
    elif utf16_units(custom_id) > CUSTOM_ID_CHARS:
        form.bad(
            f"{path}.custom_id", "BASE_TYPE_MAX_LENGTH", f"Must be {CUSTOM_ID_CHARS} or fewer in length."
        )
    elif custom_id in seen:
        form.bad(
            f"{path}.custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated"
        )
    seen.add(custom_id)


def _check_allowed_mentions(form: Form, rules: object) -> None:
    if not isinstance(rules, dict):
        return
    for kind in ("users", "roles"):
        if rules.get(kind) and kind in _strings(rules.get("parse")):
            form.bad(
                "allowed_mentions.parse",
                "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
                f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.',
            )


def _strings(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, Iterable) and not isinstance(value, str) else []
