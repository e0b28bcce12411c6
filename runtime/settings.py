"""Every knob of the bot, read once from the environment and from .env."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import unquote, urlsplit

from dotenv import dotenv_values
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from runtime import _setting_rules as rules

__all__ = ["Settings", "SettingsError", "load_settings"]

# Where an operator gets a right value. A setting that is not here names its default instead.
_SOURCES: Mapping[str, str] = {
    "discord_token": (
        "get one at https://discord.com/developers/applications > your application > Bot > Reset Token"
    ),
    "discord_api_url": "leave it out for Discord itself, or give one like http://127.0.0.1:8080/api/v10",
    "reka_api_key": (
        "get a key at https://platform.reka.ai, or log in at https://space.reka.ai and copy its cookie appSession "
        "(the browser's developer tools > Application > Cookies) to REKA_APP_SESSION"
    ),
    "reka_api_url": (
        "leave it out for Reka itself, or give one like http://127.0.0.1:8000/v1 of a server that speaks like it"
    ),
    "reka_app_session": (
        "log in at https://space.reka.ai and copy the cookie appSession "
        "(the browser's developer tools > Application > Cookies)"
    ),
    "reka_cookies": (
        'give "appSession=..." as the browser sends it to https://space.reka.ai, '
        "or the path of a cookies file (.json or .txt) exported there"
    ),
    "reka_bearer_token": (
        'copy what follows "Bearer" in the Authorization header '
        "of the browser's requests to https://space.reka.ai"
    ),
    "reka_model": "give a model's id, or leave it out for reka-flash-3 (with REKA_API_KEY) or reka-core",
    "reka_fallback": (
        "give space to have https://space.reka.ai answer where the official API cannot, or leave it out"
    ),
    "reka_proxy": "give one like http://user:password@127.0.0.1:3128, or leave it out",
    "health_port": "give a port that nobody else uses, such as 8080, or leave it out to serve no health pages",
    "health_host": (
        "leave it out for this machine alone, 127.0.0.1, or give 0.0.0.0 where a supervisor asks from elsewhere"
    ),
    "database_url": (
        "leave it out for a file, sqlite+aiosqlite:///data/reka.db, "
        "or give one like postgresql+asyncpg://user:password@host/name"
    ),
    "data_keys": (
        "make a key with: python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'"
    ),
    "shard_ids": (
        "give the shards of this process, such as 0 or 0-3, or the name of its StatefulSet's pod; "
        "leave it and SHARD_COUNT out to run all of them here"
    ),
    "shard_count": (
        "give the number of shards in all processes together, or leave it and SHARD_IDS out to run all of them here"
    ),
    "allowed_guilds": (
        "copy each with Discord's developer mode on: right-click the server > Copy Server ID; "
        "empty allows all"
    ),
}
_SPACE_LOG_INS = ("reka_app_session", "reka_cookies", "reka_bearer_token")
_DISCORD_HOSTS = frozenset({"discord.com", "discordapp.com"})


class SettingsError(Exception):
    """The bot cannot start with these settings; `faults` has one sentence for each bad variable.

    No sentence holds a secret's value.
    """

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def _secret(rule: Callable[[str], str]) -> AfterValidator:
    return AfterValidator(lambda secret: SecretStr(rule(secret.get_secret_value())))


def _whole(low: int, high: int) -> Any:  # pydantic types its Field as Any
    return Field(ge=low, le=high, description=f"a whole number from {low} to {high}")


def _read(change: Callable[[str], object]) -> BeforeValidator:
    return BeforeValidator(lambda value: change(value) if isinstance(value, str) else value)


class Settings(BaseSettings):
    """Every knob of the bot; a bad value stops the start.

    Made by `load_settings`. Made directly (in a test), it takes keywords alone and looks nowhere else.
    """

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", hide_input_in_errors=True, allow_inf_nan=False
    )

    discord_token: Annotated[SecretStr, _secret(rules.bot_token)]
    discord_api_url: Annotated[str, AfterValidator(rules.discord_api_url)] | None = None
    reka_api_key: Annotated[SecretStr, _secret(rules.api_key)] | None = None
    reka_api_url: Annotated[str, AfterValidator(rules.reka_api_url)] = "https://api.reka.ai/v1"
    reka_app_session: Annotated[SecretStr, _secret(rules.app_session)] | None = None
    reka_cookies: Annotated[SecretStr, _secret(rules.cookies)] | None = None
    reka_bearer_token: Annotated[SecretStr, _secret(rules.bearer_token)] | None = None
    reka_url: Annotated[str, AfterValidator(rules.reka_url)] = "https://space.reka.ai"
    reka_model: Annotated[str, AfterValidator(rules.model_id)] | None = None  # by the service that answers
    reka_vision_model: Annotated[str, AfterValidator(rules.model_id)] = "reka-edge-2603"
    reka_fallback: Annotated[
        Literal["space"] | None, _read(str.lower), Field(description="space or nothing")
    ] = None
    reka_concurrency: Annotated[int, _whole(0, 100_000)] = 0  # streams at once; 0: no bound
    reka_proxy: Annotated[SecretStr, _secret(rules.proxy_url)] | None = None
    # Secret for the password of a PostgreSQL.
    database_url: Annotated[SecretStr, _secret(rules.database_url)] = SecretStr(
        "sqlite+aiosqlite:///data/reka.db"
    )
    system_prompt: Annotated[str, Field(max_length=20_000, description="at most 20,000 characters")] = ""
    history_turns: Annotated[int, _whole(0, 200)] = 40
    # At worst a character is a token (Chinese, say): 60,000 leave room for the question and an answer in a
    # window of 64k tokens. In English they are about 15,000 tokens.
    history_chars: Annotated[int, _whole(0, 2_000_000)] = 60_000
    history_days: Annotated[int, _whole(1, 3650)] = 30
    message_content: Annotated[bool, Field(description="1 or 0")] = False
    allowed_guilds: Annotated[frozenset[int], _read(rules.guild_ids)] = frozenset()
    questions_per_user_hour: Annotated[int, _whole(0, 100_000)] = 60  # 0: no limit
    # Which shards this process runs, of how many in all; empty and None: as many as Discord recommends, all here.
    shard_ids: Annotated[tuple[int, ...], _read(rules.shard_ids)] = ()
    shard_count: Annotated[int | None, _whole(1, 100_000)] = None
    rest_budget: Annotated[float, Field(gt=0, le=50, description="a number above 0 and at most 50")] = (
        46.0  # requests per second, evenly spaced: Discord's 50 leave room for jitter
    )
    grace_s: Annotated[float, Field(ge=0, le=600, description="seconds from 0 to 600")] = 20.0
    # The first seals words and pictures at rest, each opens them; without any they are kept plain.
    data_keys: Annotated[SecretStr, _secret(rules.data_keys)] | None = None
    health_port: Annotated[int | None, _whole(1, 65_535)] = None
    health_host: Annotated[str, AfterValidator(rules.listen_host)] = "127.0.0.1"
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"],
        _read(str.upper),
        Field(description="one of DEBUG, INFO, WARNING, ERROR"),
    ] = "INFO"
    log_format: Annotated[Literal["text", "json"], _read(str.lower), Field(description="text or json")] = (
        "text"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Look nowhere but at what `load_settings` gathered: a test's settings hold what the test says."""
        return (init_settings,)

    @property
    def can_log_in_to_space(self) -> bool:
        """Whether there are credentials of space.reka.ai."""
        given = (self.reka_app_session, self.reka_cookies, self.reka_bearer_token)
        return any(secret is not None for secret in given)

    @property
    def all_data_keys(self) -> tuple[str, ...]:
        """Each key of DATA_KEYS, the one that seals first; empty where nothing is sealed."""
        return tuple(self.data_keys.get_secret_value().split(",")) if self.data_keys is not None else ()

    @property
    def is_in_fleet(self) -> bool:
        """Whether other processes run other shards of the same bot."""
        return self.shard_count is not None and len(self.shard_ids) < self.shard_count

    def secret_values(self) -> Iterator[str]:
        """Each string that no log may show, for `configure_logs`."""
        for secret in (
            self.discord_token,
            self.reka_api_key,
            self.reka_app_session,
            self.reka_bearer_token,
        ):
            if secret is not None:
                yield secret.get_secret_value()
        if self.reka_cookies is not None:
            for pair in self.reka_cookies.get_secret_value().split(";"):
                yield pair.partition("=")[2].strip()
        yield from self.all_data_keys
        for url in (self.reka_proxy, self.database_url):
            password = (urlsplit(url.get_secret_value()).password or "") if url is not None else ""
            yield from (password, unquote(password))


def load_settings(env: Mapping[str, str] | None = None, env_file: Path | None = Path(".env")) -> Settings:
    """Read the settings; the environment wins over the file, an empty value counts as unset.

    Args:
        env: the environment; None for the process's own.
        env_file: a file of KEY=value lines that need not exist; None for none.

    Raises:
        SettingsError: with one sentence for each variable that is missing or wrong.
    """
    given = {**_read_env_file(env_file), **_filled(os.environ if env is None else env)}
    faults: dict[str, str] = {}
    settings: Settings | None = None
    try:
        settings = Settings.model_validate(given)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            name = str(detail["loc"][0])
            faults.setdefault(name, _sentence(name, _problem(name, detail)))
    for name, problem in _faults_between(given, faults):
        faults.setdefault(name, _sentence(name, problem))
    if faults or settings is None:
        raise SettingsError(tuple(faults[name] for name in Settings.model_fields if name in faults))
    return settings


def _filled(variables: Mapping[str, str | None]) -> dict[str, str]:
    named = ((name, variables.get(name.upper()) or "") for name in Settings.model_fields)
    return {name: text.strip() for name, text in named if text.strip()}


def _read_env_file(path: Path | None) -> dict[str, str]:
    if path is None:
        return {}
    try:
        # utf-8-sig: Windows editors put a byte order mark first, which would become part of the first name.
        # No interpolation: a "$" in a password or a prompt is a "$".
        return _filled(dotenv_values(path, interpolate=False, encoding="utf-8-sig"))
    except UnicodeDecodeError:
        fault = f"{path} is no UTF-8 text; save it as UTF-8, or begin anew with a copy of .env.example."
    except OSError as error:
        fault = f"{path} cannot be read ({error.strerror}); give this user the right to read it."
    raise SettingsError((fault,))


def _faults_between(given: Mapping[str, str], found: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What is wrong with one setting because of another."""
    api_url = given.get("discord_api_url", "https://discord.com/api/v10")
    real_discord = "discord_api_url" not in found and urlsplit(api_url).hostname in _DISCORD_HOSTS
    if real_discord and _sound("discord_token", given, found):
        try:
            rules.token_shape(given["discord_token"])
        except ValueError as error:
            yield "discord_token", str(error)
    yield from _faults_of_log_ins(given, found)
    yield from _faults_of_shards(given, found)
    if _sound("reka_fallback", given, found):
        if "reka_api_key" not in given:
            yield "reka_fallback", "needs REKA_API_KEY: without a key space.reka.ai is all there is"
        elif not any(name in given for name in _SPACE_LOG_INS):
            yield (
                "reka_fallback",
                "needs a log-in to fall back to: set REKA_APP_SESSION, REKA_COOKIES or REKA_BEARER_TOKEN",
            )


def _faults_of_log_ins(given: Mapping[str, str], found: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if not any(name in given for name in ("reka_api_key", *_SPACE_LOG_INS)):
        yield "reka_api_key", "is not set, and neither is REKA_APP_SESSION, REKA_COOKIES or REKA_BEARER_TOKEN"
    if (
        "reka_app_session" in given
        or "reka_bearer_token" in given
        or not _sound("reka_cookies", given, found)
    ):
        return
    if not rules.holds_app_session(rules.cookies(given["reka_cookies"])):
        yield "reka_cookies", "holds no cookie appSession"


def _faults_of_shards(given: Mapping[str, str], found: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if "shard_ids" in given and "shard_count" not in given:
        yield "shard_count", "is not set, and SHARD_IDS is"
    if "shard_count" in given and "shard_ids" not in given:
        # Not taken for all of them: in a fleet each process would then run every shard.
        yield "shard_ids", "is not set, and SHARD_COUNT is"
    if not (_sound("shard_ids", given, found) and _sound("shard_count", given, found)):
        return
    ids, count = rules.shard_ids(given["shard_ids"]), int(float(given["shard_count"]))
    if ids[-1] >= count:
        yield (
            "shard_ids",
            f"names shard {ids[-1]}, and with SHARD_COUNT {count} the last one is {count - 1}",
        )
    on_sqlite = "database_url" not in found and rules.on_sqlite(
        given.get("database_url", _default_database())
    )
    if on_sqlite and len(ids) < count:
        yield (
            "database_url",
            "is a SQLite file, which the processes with the other shards cannot share: it takes a PostgreSQL",
        )


def _default_database() -> str:
    default: SecretStr = Settings.model_fields["database_url"].default
    return default.get_secret_value()


def _sound(name: str, given: Mapping[str, str], found: Mapping[str, str]) -> bool:
    return name in given and name not in found


def _problem(name: str, detail: ErrorDetails) -> str:
    if detail["type"] == "missing":
        return "is not set"
    if detail["type"] == "value_error":
        return str(detail["ctx"]["error"])
    # Only settings that are no secret have types and ranges of pydantic's, so that their value may be shown.
    return f"must be {Settings.model_fields[name].description}, not {rules.clipped(str(detail['input']))}"


def _sentence(name: str, problem: str) -> str:
    return f"{name.upper()} {problem}; {_SOURCES.get(name) or _default(name)}."


def _default(name: str) -> str:
    default = Settings.model_fields[name].default
    if default == "":
        return "leave it out for the bot's own"
    # +True is 1 and 46.0 is 46: as one writes them into .env.
    shown = default if isinstance(default, str) else f"{+default:g}"
    return f"leave it out for the default, {shown}"
