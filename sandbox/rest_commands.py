"""REST: application commands, global ones and a guild's own (Application Commands)."""

from __future__ import annotations

import re

from sandbox.access import Access
from sandbox.call import Call, Reply, Route
from sandbox.entities import Command, Json, objects
from sandbox.limits import Lane
from sandbox.payloads import Payloads
from sandbox.refusals import ApiError, Form, missing_access, unknown
from sandbox.world import World

_SLASH_NAME = re.compile(r"^[-_'\w]{1,32}$")
_LIMITS = {1: 100, 2: 15, 3: 15}
_OPTIONS = 25
_CHOICES = 25
_DESCRIPTION_CHARS = 100


class CommandRoutes:
    """How the bot defines its commands."""

    def __init__(self, world: World, payloads: Payloads, access: Access) -> None:
        self._world = world
        self._payloads = payloads
        self._access = access

    def routes(self) -> list[Route]:
        """The routes, each for the global scope and for a guild's."""
        routes = []
        for scope in ("/applications/{application_id}", "/applications/{application_id}/guilds/{guild_id}"):
            every, one = scope + "/commands", scope + "/commands/{command_id}"
            routes += [
                Route("GET", every, self.list, _lane),
                Route("PUT", every, self.replace, _lane),
                Route("POST", every, self.upsert, _lane),
                Route("GET", one, self.fetch, _lane),
                Route("PATCH", one, self.change, _lane),
                Route("DELETE", one, self.delete, _lane),
            ]
        return routes

    def list(self, call: Call) -> Reply:
        """List the commands of a scope."""
        guild_id = self._scope(call)
        return 200, [
            self._payloads.command(command)
            for command in self._world.commands.values()
            if command.guild_id == guild_id
        ]

    def replace(self, call: Call) -> Reply:
        """Replace all commands of a scope; those with the same name and type keep their ids."""
        guild_id = self._scope(call)
        if not isinstance(call.body, list):
            raise ApiError(400, 50035, "Invalid Form Body", {"_errors": []})
        bodies = objects(call.body)
        check_commands(bodies)
        made = self._world.set_commands(guild_id, bodies, replace=True)
        return 200, [self._payloads.command(command) for command in made]

    def upsert(self, call: Call) -> Reply:
        """Define one command: 201 where it is new, 200 where it takes the place of one."""
        guild_id = self._scope(call)
        check_commands([call.form])
        known = set(self._world.commands)
        (command,) = self._world.set_commands(guild_id, [call.form], replace=False)
        return 200 if command.id in known else 201, self._payloads.command(command)

    def fetch(self, call: Call) -> Reply:
        """Return one command."""
        return 200, self._payloads.command(self._find(call))

    def change(self, call: Call) -> Reply:
        """Change one command."""
        command = self._find(call)
        body = command.body | call.form
        check_commands([body])
        self._world.remove_command(command)
        (changed,) = self._world.set_commands(command.guild_id, [body], replace=False)
        self._world.commands.pop(changed.id)
        changed.id = command.id
        self._world.commands[command.id] = changed
        return 200, self._payloads.command(changed)

    def delete(self, call: Call) -> Reply:
        """Delete one command."""
        self._world.remove_command(self._find(call))
        return 204, None

    def _scope(self, call: Call) -> int | None:
        if call.id("application_id") != self._world.application_id:
            raise ApiError(403, 20012, "You are not authorized to perform this action on this application")
        if "guild_id" not in call.params:
            return None
        guild = self._world.guilds.get(call.id("guild_id"))
        if guild is None or not guild.with_bot:
            raise missing_access()
        return guild.id

    def _find(self, call: Call) -> Command:
        command = self._world.commands.get(call.id("command_id"))
        if command is None or command.guild_id != self._scope(call):
            raise unknown("application command")
        return command


def check_commands(bodies: list[Json]) -> None:
    """Refuse definitions that break a limit; raises ApiError 400/50035."""
    form = Form()
    kinds: dict[object, int] = {}
    for at, body in enumerate(bodies):
        kind = body.get("type") or 1
        kinds[kind] = kinds.get(kind, 0) + 1
        name, description = body.get("name"), body.get("description")
        if not isinstance(name, str) or not 1 <= len(name) <= 32:
            form.bad(f"{at}.name", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 32 in length.")
        elif kind == 1 and (not _SLASH_NAME.match(name) or name != name.lower()):
            form.bad(f"{at}.name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
        if kind == 1 and not (isinstance(description, str) and 1 <= len(description) <= _DESCRIPTION_CHARS):
            form.bad(f"{at}.description", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
        elif kind != 1 and description:
            form.bad(f"{at}.description", "APPLICATION_COMMAND_DESCRIPTION", "Context menus have none.")
        _check_options(form, str(at), objects(body.get("options")))
    for kind, count in kinds.items():
        if count > _LIMITS.get(kind if isinstance(kind, int) else 0, 0):
            raise ApiError(400, 30032, "Maximum number of application commands reached")
    form.done()


def _check_options(form: Form, path: str, options: list[Json]) -> None:
    if len(options) > _OPTIONS:
        form.bad(f"{path}.options", "BASE_TYPE_MAX_LENGTH", f"Must be {_OPTIONS} or fewer in length.")
    optional_seen = False
    for at, option in enumerate(options):
        where = f"{path}.options.{at}"
        name, description = option.get("name"), option.get("description")
        if not isinstance(name, str) or not _SLASH_NAME.match(name) or name != name.lower():
            form.bad(f"{where}.name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
        if not (isinstance(description, str) and 1 <= len(description) <= _DESCRIPTION_CHARS):
            form.bad(f"{where}.description", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
        if len(objects(option.get("choices"))) > _CHOICES:
            form.bad(f"{where}.choices", "BASE_TYPE_MAX_LENGTH", f"Must be {_CHOICES} or fewer in length.")
        if option.get("required") and optional_seen:
            form.bad(
                where,
                "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
                "Required options go before optional ones",
            )
        optional_seen = optional_seen or not option.get("required")
        if option.get("type") in (1, 2):
            optional_seen = False
            _check_options(form, where, objects(option.get("options")))


def _lane(call: Call) -> list[Lane]:
    return [Lane("other", f"{call.method} {call.route} {call.params.get('guild_id', '')}")]
