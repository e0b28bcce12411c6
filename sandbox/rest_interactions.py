"""REST: answers to interactions, by their token alone (Receiving and Responding to Interactions)."""

from __future__ import annotations

from sandbox import forms
from sandbox.call import Call, Reply, Route
from sandbox.entities import Interaction, Json, Message, MessageFlag, MessageKind, objects
from sandbox.limits import Lane
from sandbox.payloads import Payloads
from sandbox.refusals import ApiError, Form, unknown
from sandbox.rest_messages import apply_edit
from sandbox.world import World

_MESSAGE, _DEFERRED, _DEFERRED_UPDATE, _UPDATE, _AUTOCOMPLETE, _MODAL = 4, 5, 6, 7, 8, 9
_COMMAND, _COMPONENT, _MODAL_SUBMIT = 2, 3, 5
_FOLLOWUPS_WITHOUT_BOT = 5
_CREATE_FLAGS = (
    MessageFlag.SUPPRESS_EMBEDS
    | MessageFlag.EPHEMERAL
    | MessageFlag.SUPPRESS_NOTIFICATIONS
    | MessageFlag.COMPONENTS_V2
)


class InteractionRoutes:
    """The callback, the original response and the followups. None asks for the bot's token."""

    def __init__(self, world: World, payloads: Payloads) -> None:
        self._world = world
        self._payloads = payloads

    def routes(self) -> list[Route]:
        """The routes; all of one token share one limit, all of one channel another that no header shows."""
        hook = "/webhooks/{application_id}/{token}"
        original, followup = hook + "/messages/@original", hook + "/messages/{message_id}"
        return [
            Route("POST", "/interactions/{interaction_id}/{token}/callback", self.answer, None, bot=False),
            Route("GET", original, self.fetch, self._lanes, bot=False),
            Route("PATCH", original, self.edit, self._writing_lanes, bot=False),
            Route("DELETE", original, self.delete, self._lanes, bot=False),
            Route("POST", hook, self.follow_up, self._writing_lanes, bot=False),
            Route("GET", followup, self.fetch, self._lanes, bot=False),
            Route("PATCH", followup, self.edit, self._writing_lanes, bot=False),
            Route("DELETE", followup, self.delete, self._lanes, bot=False),
        ]

    # ------------------------------------------------------------------ the first answer

    def answer(self, call: Call) -> Reply:
        """Take the first answer: within 3 s, and only one."""
        interaction = self._world.interactions.get(call.params["token"])
        if interaction is None or interaction.id != call.id("interaction_id") or interaction.too_late:
            raise unknown("interaction")
        if interaction.answered_with is not None:
            raise ApiError(400, 40060, "Interaction has already been acknowledged.")
        kind, data = call.form.get("type"), call.form.get("data")
        body: Json = data if isinstance(data, dict) else {}
        if kind not in _allowed_answers(interaction):
            form = Form()
            form.bad("type", "BASE_TYPE_CHOICES", "Not for this kind of interaction.")
            form.done()
        message = self._first_answer(interaction, int(str(kind)), body, call)
        interaction.answered_with = int(str(kind))
        callback: Json = {"id": str(interaction.id), "type": interaction.kind}
        resource: Json = {"type": kind}
        if message:
            callback |= {
                "response_message_id": str(message.id),
                "response_message_loading": message.thinking,
                "response_message_ephemeral": message.ephemeral,
            }
            resource["message"] = self._payloads.message(message)
        if call.query.get("with_response", "").lower() not in ("1", "true"):
            return 204, None
        return 200, {"interaction": callback, "resource": resource}

    def _first_answer(self, interaction: Interaction, kind: int, body: Json, call: Call) -> Message | None:
        if kind == _MODAL:
            interaction.modal = body
            return None
        if kind == _AUTOCOMPLETE:
            interaction.choices = objects(body.get("choices"))
            return None
        if kind == _DEFERRED:
            flags = forms.flags_of(body) & MessageFlag.EPHEMERAL | MessageFlag.LOADING
            interaction.original = self._post(interaction, {"flags": flags}, call, flags=flags)
            return interaction.original
        if kind == _MESSAGE:
            interaction.original = self._new(interaction, body, call)
            return interaction.original
        interaction.original = interaction.source
        if kind == _UPDATE and interaction.source:
            inner = Call(call.method, call.route, call.params, call.query, body, call.files)
            apply_edit(self._world, self._payloads, interaction.source, inner)
            return interaction.source
        return None

    # ------------------------------------------------------------------ what comes after

    def fetch(self, call: Call) -> Reply:
        """Return the original response or a followup."""
        return 200, self._payloads.message(self._message(call))

    def edit(self, call: Call) -> Reply:
        """Change it; the first edit of a deferred answer fills it."""
        return 200, apply_edit(self._world, self._payloads, self._message(call), call)

    def delete(self, call: Call) -> Reply:
        """Remove it, ephemeral or not."""
        self._world.delete(self._message(call))
        return 204, None

    def follow_up(self, call: Call) -> Reply:
        """Send another message; after a deferred answer that still "thinks" it fills that one instead."""
        interaction = self._interaction(call)
        if interaction.answered_with is None:
            raise unknown("Webhook")
        original = interaction.original
        if original and original.thinking and not original.deleted:
            return 200, apply_edit(self._world, self._payloads, original, call)
        guild = interaction.channel.guild
        if guild and not guild.with_bot and len(interaction.messages) > _FOLLOWUPS_WITHOUT_BOT:
            raise ApiError(
                400, 40094, "This interaction has reached the maximum number of follow-up messages."
            )
        return 200, self._payloads.message(self._new(interaction, call.form, call))

    # ------------------------------------------------------------------ inside

    def _interaction(self, call: Call) -> Interaction:
        interaction = self._world.interactions.get(call.params["token"])
        if interaction is None or call.id("application_id") != self._world.application_id:
            raise unknown("Webhook")
        if interaction.token_expired:
            raise ApiError(401, 50027, "Invalid Webhook Token")
        return interaction

    def _message(self, call: Call) -> Message:
        interaction = self._interaction(call)
        if interaction.answered_with is None:
            raise unknown("Webhook")
        if "message_id" not in call.params:
            found = interaction.original
        else:
            wanted = call.id("message_id")
            known = [*interaction.messages, *([interaction.original] if interaction.original else [])]
            found = next((message for message in known if message.id == wanted), None)
        if found is None or found.deleted:
            raise unknown("Message")
        return found

    def _new(self, interaction: Interaction, body: Json, call: Call) -> Message:
        files = list(call.files.values())
        forms.check_message(body, files)
        if forms.is_empty(body, files):
            raise forms.cannot_be_empty()
        return self._post(interaction, body, call, flags=forms.flags_of(body) & _CREATE_FLAGS)

    def _post(self, interaction: Interaction, body: Json, call: Call, *, flags: int) -> Message:
        rules = body.get("allowed_mentions")
        kind = MessageKind.CHAT_INPUT_COMMAND
        if interaction.target:
            kind = MessageKind.CONTEXT_MENU_COMMAND
        source = interaction.source
        if interaction.original or interaction.kind in (_COMPONENT, _MODAL_SUBMIT):
            kind = MessageKind.REPLY if source or interaction.original else MessageKind.DEFAULT
        reply_to = interaction.original or source
        return self._world.post(
            self._world.bot,
            interaction.channel,
            str(body.get("content") or ""),
            files=list(call.files.values()),
            reply_to=reply_to,
            kind=kind,
            flags=flags,
            embeds=objects(body.get("embeds")),
            components=objects(body.get("components")),
            allowed_mentions=rules if isinstance(rules, dict) else None,
            interaction=interaction,
        )

    def _lanes(self, call: Call) -> list[Lane]:
        return [Lane("webhook", call.params["token"])]

    def _writing_lanes(self, call: Call) -> list[Lane]:
        interaction = self._world.interactions.get(call.params["token"])
        hidden = [Lane("webhook-hidden", str(interaction.channel.id))] if interaction else []
        return self._lanes(call) + hidden


def _allowed_answers(interaction: Interaction) -> tuple[int, ...]:
    if interaction.kind == _COMMAND:
        return (_MESSAGE, _DEFERRED, _MODAL)
    if interaction.kind == _COMPONENT:
        return (_MESSAGE, _DEFERRED, _DEFERRED_UPDATE, _UPDATE, _MODAL)
    if interaction.kind == _MODAL_SUBMIT:
        updates = (_DEFERRED_UPDATE, _UPDATE) if interaction.source else ()
        return (_MESSAGE, _DEFERRED, *updates)
    return (_AUTOCOMPLETE,)
