"""Settings: what an operator may write, and what each wrong setting says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from runtime.settings import Settings, SettingsError, load_settings

TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GaBcDe.abcdefghijklmnopqrstuvwxyz0123456789AB"
FLEET = {"SHARD_COUNT": "12", "DATABASE_URL": "postgresql+asyncpg://reka:hunter2@h/reka"}
DATA_KEY = "aGVsbG8gaGVsbG8gaGVsbG8gaGVsbG8gaGVsbG8gaDA="
SOUND = {"DISCORD_TOKEN": TOKEN, "REKA_APP_SESSION": "session-of-alice"}


def faults_of(**changes: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        load_settings(SOUND | changes, None)
    return caught.value.faults


def test_two_settings_are_enough() -> None:
    """A newcomer sets a token and a session; everything else has a default that works."""
    settings = load_settings(SOUND, None)

    assert settings.discord_token.get_secret_value() == TOKEN
    assert settings.database_url.get_secret_value() == "sqlite+aiosqlite:///data/reka.db"
    assert (settings.history_turns, settings.history_chars, settings.history_days) == (40, 60_000, 30)
    assert (settings.rest_budget, settings.grace_s, settings.questions_per_user_hour) == (46, 20, 60)
    assert (settings.message_content, settings.allowed_guilds) == (False, frozenset())
    assert (settings.health_port, settings.health_host) == (None, "127.0.0.1")
    assert (settings.log_level, settings.log_format) == ("INFO", "text")
    assert (settings.discord_api_url, settings.reka_proxy, settings.system_prompt) == (None, None, "")
    assert (settings.reka_api_key, settings.reka_fallback, settings.reka_concurrency) == (None, None, 0)
    assert (settings.reka_model, settings.reka_vision_model) == (None, "reka-edge-2603")
    assert (settings.shard_ids, settings.shard_count, settings.is_in_fleet) == ((), None, False)


# What must be there, too: a setting that is missing beside a wrong one would be a fault of its own.
BESIDE = {"SHARD_IDS": FLEET, "SHARD_COUNT": {"SHARD_IDS": "0"}}
WRONG = [
    ("DISCORD_TOKEN", "", "is not set", "Reset Token"),
    ("DISCORD_TOKEN", f"Bot {TOKEN}", 'begins with "Bot "', "Reset Token"),
    ("DISCORD_TOKEN", f'"{TOKEN}"', "stands in quotes", "Reset Token"),
    ("DISCORD_TOKEN", "0123456789abcdef0123456789abcdef", "is no bot token", "Reset Token"),
    ("DISCORD_TOKEN", "a..b", "is no bot token", "Reset Token"),
    ("DISCORD_TOKEN", f"{TOKEN[:40]}\n{TOKEN[40:]}", "holds a line break", "Reset Token"),
    ("DISCORD_TOKEN", f"{TOKEN} {TOKEN}", "holds a space", "Reset Token"),
    ("DISCORD_TOKEN", TOKEN.replace("a", "\u0430"), "a character that no token has", "Reset Token"),
    ("DISCORD_TOKEN", f"{TOKEN[:9]}\x07{TOKEN[9:]}", "control character", "Reset Token"),
    ("DISCORD_API_URL", "ftp://127.0.0.1/api/v10", "must begin with https:// or http://", "/api/v10"),
    ("DISCORD_API_URL", "127.0.0.1:8080/api/v10", "must begin with https:// or http://", "/api/v10"),
    ("DISCORD_API_URL", "http://127.0.0.1:8080", 'must end with "/api/v10"', "/api/v10"),
    ("DISCORD_API_URL", "http:///api/v10", "names no host", "/api/v10"),
    ("DISCORD_API_URL", "http://h:0/api/v10", "names no host", "/api/v10"),
    ("DISCORD_API_URL", "http://h:port/api/v10", "no address that can be read", "/api/v10"),
    ("DISCORD_API_URL", "http://u:p@h/api/v10", "a user name or password", "/api/v10"),
    ("DISCORD_API_URL", "http://h/api/v10?x=1", 'before any "?"', "/api/v10"),
    ("REKA_API_KEY", "Bearer abc", 'begins with "Bearer "', "https://platform.reka.ai"),
    ("REKA_API_KEY", "ab\ncd", "holds a line break", "https://platform.reka.ai"),
    ("REKA_API_KEY", "'abc'", "stands in quotes", "https://platform.reka.ai"),
    ("REKA_API_URL", "api.reka.ai/v1", "must begin with https:// or http://", "/v1"),
    ("REKA_API_URL", "https://me:pw@api.reka.ai/v1", "a user name or password", "/v1"),
    ("REKA_API_URL", "https://api.reka.ai/v1/chat/completions", "names one endpoint", "/v1"),
    ("REKA_APP_SESSION", "appSession=abc", 'begins with "appSession="', "https://space.reka.ai"),
    ("REKA_APP_SESSION", "abc; other=def", "more than one cookie", "https://space.reka.ai"),
    ("REKA_APP_SESSION", "'abc'", "stands in quotes", "https://space.reka.ai"),
    ("REKA_APP_SESSION", "ab\ncd", "holds a line break", "https://space.reka.ai"),
    ("REKA_COOKIES", "no/such/cookies.json", "nor the path of a file that exists", "cookies file"),
    ("REKA_COOKIES", "Cookie: appSession=abc", 'begins with "Cookie:"', "cookies file"),
    ("REKA_COOKIES", '"appSession=abc"', "stands in quotes", "cookies file"),
    ("REKA_COOKIES", "appSession=a\nb=c", "holds a line break", "cookies file"),
    ("REKA_COOKIES", "x" * 5000, "a file that cannot be read", "cookies file"),
    ("REKA_BEARER_TOKEN", "Bearer abc", 'begins with "Bearer "', "Authorization"),
    ("REKA_BEARER_TOKEN", "ab\rcd", "holds a line break", "Authorization"),
    ("REKA_URL", "space.reka.ai", "must begin with https://", "https://space.reka.ai"),
    ("REKA_URL", "https://me:pw@space.reka.ai", "a user name or password", "https://space.reka.ai"),
    ("DATA_KEYS", "hunter2", "holds something that is no key", "Fernet.generate_key()"),
    ("DATA_KEYS", f"{DATA_KEY},hunter2", "holds at place 2 something that is no key", "Fernet"),
    ("DATA_KEYS", f"{DATA_KEY},{DATA_KEY}", "holds the same key twice", "Fernet"),
    ("DATA_KEYS", " , ", "holds commas and no key", "Fernet"),
    ("REKA_MODEL", "reka\ncore", "holds a line break", "reka-core"),
    ("REKA_MODEL", '"reka-core"', "stands in quotes", "reka-core"),
    ("REKA_MODEL", "reka core", "holds a space", "reka-core"),
    ("REKA_MODEL", "m" * 201, "more than 200 characters", "reka-core"),
    ("REKA_VISION_MODEL", "reka\tedge", "a control character", "reka-edge-2603"),
    ("REKA_FALLBACK", "official", "must be space or nothing, not 'official'", "leave it out"),
    ("REKA_FALLBACK", "space", "needs REKA_API_KEY", "leave it out"),
    ("REKA_CONCURRENCY", "-1", "from 0 to 100000, not '-1'", "0"),
    ("REKA_PROXY", "socks5://127.0.0.1:1080", "a SOCKS proxy", "3128"),
    ("REKA_PROXY", "127.0.0.1:3128", "must begin with http://", "3128"),
    ("REKA_PROXY", "http://127.0.0.1:3128/path", "must end after host and port", "3128"),
    ("REKA_PROXY", "http://127.0.0.1:99999", "no address that can be read", "3128"),
    ("DATABASE_URL", "mysql://h/d", "must begin with sqlite+aiosqlite://", "data/reka.db"),
    ("DATABASE_URL", "sqlite:///data/reka.db", "must begin with sqlite+aiosqlite://", "data/reka.db"),
    ("DATABASE_URL", "data/reka.db", "must begin with sqlite+aiosqlite://", "data/reka.db"),
    ("DATABASE_URL", "sqlite+aiosqlite://data/reka.db", "a third slash", "data/reka.db"),
    ("DATABASE_URL", "sqlite+aiosqlite:///", "names no file", "data/reka.db"),
    ("DATABASE_URL", "sqlite+aiosqlite:////srv/", "names no file", "data/reka.db"),
    ("DATABASE_URL", "postgresql://u@h/d", "or postgresql+asyncpg://", "user:password@host"),
    ("DATABASE_URL", "postgresql+asyncpg://u:a/b@h/d", "no address that can be read", "user:password@host"),
    ("DATABASE_URL", "postgresql+asyncpg:///d", "names no host", "user:password@host"),
    ("DATABASE_URL", "postgresql+asyncpg://u:p@h/", "names no database after", "user:password@host"),
    ("SYSTEM_PROMPT", "x" * 20_001, "at most 20,000 characters", "leave it out"),
    ("HISTORY_TURNS", "many", "from 0 to 200, not 'many'", "40"),
    ("HISTORY_TURNS", "201", "from 0 to 200, not '201'", "40"),
    ("HISTORY_CHARS", "-1", "from 0 to 2000000, not '-1'", "60000"),
    ("HISTORY_DAYS", "0", "from 1 to 3650, not '0'", "30"),
    ("HISTORY_DAYS", "1.5", "from 1 to 3650, not '1.5'", "30"),
    ("MESSAGE_CONTENT", "perhaps", "must be 1 or 0, not 'perhaps'", "0"),
    ("ALLOWED_GUILDS", "1, general", "holds 'general', which is no server id", "Copy Server ID"),
    ("ALLOWED_GUILDS", "0", "holds '0', which is no server id", "Copy Server ID"),
    ("ALLOWED_GUILDS", str(2**63), "which is no server id", "Copy Server ID"),
    ("ALLOWED_GUILDS", "²", "which is no server id", "Copy Server ID"),
    ("QUESTIONS_PER_USER_HOUR", "-5", "from 0 to 100000, not '-5'", "60"),
    ("SHARD_IDS", "first", "holds 'first', which is neither a shard's number", "0-3"),
    ("SHARD_IDS", "0..3", "holds '0..3', which is neither a shard's number", "0-3"),
    ("SHARD_IDS", "3-0", "holds '3-0', which ends before it begins", "0-3"),
    ("SHARD_IDS", "0-100000", "no bot has so many shards", "0-3"),
    ("SHARD_IDS", ",", "which is neither a shard's number nor a range", "0-3"),
    ("SHARD_COUNT", "0", "from 1 to 100000, not '0'", "leave it and SHARD_IDS out"),
    ("REST_BUDGET", "0", "above 0 and at most 50, not '0'", "46"),
    ("REST_BUDGET", "51", "above 0 and at most 50, not '51'", "46"),
    ("REST_BUDGET", "nan", "above 0 and at most 50, not 'nan'", "46"),
    ("GRACE_S", "-1", "seconds from 0 to 600, not '-1'", "20"),
    ("GRACE_S", "inf", "seconds from 0 to 600, not 'inf'", "20"),
    ("HEALTH_PORT", "0", "from 1 to 65535, not '0'", "8080"),
    ("HEALTH_PORT", "http", "from 1 to 65535, not 'http'", "8080"),
    ("HEALTH_HOST", "http://localhost", "is an address of the web", "127.0.0.1"),
    ("HEALTH_HOST", "localhost:8080", "put that into HEALTH_PORT", "127.0.0.1"),
    ("HEALTH_HOST", "300.1.1.1", "neither an IP address nor a host name", "127.0.0.1"),
    ("HEALTH_HOST", "my host", "neither an IP address nor a host name", "127.0.0.1"),
    ("LOG_LEVEL", "loud", "one of DEBUG, INFO, WARNING, ERROR", "INFO"),
    ("LOG_FORMAT", "xml", "must be text or json, not 'xml'", "text"),
]


@pytest.mark.parametrize(("name", "value", "problem", "remedy"), WRONG)
def test_wrong_setting_says_what_is_wrong_and_what_to_do(
    name: str, value: str, problem: str, remedy: str
) -> None:
    """One sentence has to be enough for somebody who never saw the code."""
    (sentence,) = faults_of(**BESIDE.get(name, {}), **{name: value})

    assert sentence.startswith(f"{name} ")
    assert problem in sentence
    assert remedy in sentence.partition(problem)[2]
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_every_setting_has_a_wrong_value_in_the_table() -> None:
    """A new setting without a sentence for its wrong values fails here."""
    assert {name.lower() for name, *_ in WRONG} == set(Settings.model_fields)


def test_all_faults_are_told_at_once() -> None:
    """Nobody likes to start a bot five times to learn of five mistakes."""
    faults = faults_of(LOG_LEVEL="loud", DISCORD_TOKEN="x", REKA_APP_SESSION="", GRACE_S="x")

    names = [fault.split()[0] for fault in faults]
    assert names == ["DISCORD_TOKEN", "REKA_API_KEY", "GRACE_S", "LOG_LEVEL"]


def test_no_log_in_at_all_names_every_way_in() -> None:
    """Either service will do, and a newcomer knows neither."""
    (fault,) = faults_of(REKA_APP_SESSION="")

    assert fault.startswith("REKA_API_KEY is not set, and neither is REKA_APP_SESSION, REKA_COOKIES or")
    assert "https://platform.reka.ai" in fault
    assert "https://space.reka.ai" in fault


def test_falling_back_needs_somewhere_to_fall() -> None:
    """Else the operator would learn of it in the outage."""
    (fault,) = faults_of(REKA_APP_SESSION="", REKA_API_KEY="key", REKA_FALLBACK="space")

    assert fault.startswith("REKA_FALLBACK needs a log-in to fall back to: set REKA_APP_SESSION")


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("0", (0,)),
        ("0,1", (0, 1)),
        ("4-7", (4, 5, 6, 7)),
        (" 9, 0-2 1 ", (0, 1, 2, 9)),
        ("reka-bot-2", (2,)),
        ("shard-11", (11,)),
    ],
)
def test_shards_are_numbers_ranges_or_the_name_of_a_pod(text: str, ids: tuple[int, ...]) -> None:
    """A StatefulSet tells a process which it is by its name alone."""
    settings = load_settings(SOUND | {**FLEET, "SHARD_IDS": text}, None)

    assert (settings.shard_ids, settings.shard_count, settings.is_in_fleet) == (ids, 12, True)


def test_all_shards_in_one_process_are_no_fleet() -> None:
    """Then SQLite will do, and the whole budget is its own."""
    settings = load_settings(SOUND | {"SHARD_IDS": "0-3", "SHARD_COUNT": "4"}, None)

    assert (settings.shard_ids, settings.is_in_fleet) == ((0, 1, 2, 3), False)


@pytest.mark.parametrize(
    ("given", "name", "problem"),
    [
        ({"SHARD_IDS": "0"}, "SHARD_COUNT", "is not set, and SHARD_IDS is"),
        ({"SHARD_COUNT": "4"}, "SHARD_IDS", "is not set, and SHARD_COUNT is"),
        ({"SHARD_IDS": "0-4", "SHARD_COUNT": "4"}, "SHARD_IDS", "with SHARD_COUNT 4 the last one is 3"),
        ({"SHARD_IDS": "1", "SHARD_COUNT": "4"}, "DATABASE_URL", "is a SQLite file"),
    ],
)
def test_shards_that_cannot_be_are_refused(given: dict[str, str], name: str, problem: str) -> None:
    """A process that ran the wrong ones would leave servers without a bot, or answer beside another."""
    (fault,) = faults_of(**given)

    assert fault.startswith(f"{name} ")
    assert problem in fault


def test_both_services_may_be_configured() -> None:
    """The official API answers, and space stands in."""
    settings = load_settings(SOUND | {"REKA_API_KEY": "key", "REKA_FALLBACK": "Space"}, None)

    assert (settings.reka_fallback, settings.can_log_in_to_space) == ("space", True)


@pytest.mark.parametrize(
    "secret",
    [
        "DISCORD_TOKEN",
        "REKA_API_KEY",
        "REKA_APP_SESSION",
        "REKA_COOKIES",
        "REKA_BEARER_TOKEN",
        "REKA_PROXY",
        "DATABASE_URL",
    ],
)
@pytest.mark.parametrize("wrapping", ['"{}"', "Bot {}", "Bearer {}", "{}\nx", "{}/x?y#z"])
def test_wrong_secret_is_never_repeated(secret: str, wrapping: str) -> None:
    """Start-up errors end in logs, tickets and screenshots."""
    value = wrapping.format("hunter2hunter2 hunter2")

    with pytest.raises(SettingsError) as caught:
        load_settings(SOUND | {secret: value}, None)

    assert "hunter2" not in f"{caught.value} {caught.value!r} {caught.value.__cause__}"


@pytest.mark.parametrize("name", ["REKA_API_KEY", "REKA_APP_SESSION", "REKA_BEARER_TOKEN"])
def test_wrong_values_leave_no_secret_in_the_chain_of_errors(name: str) -> None:
    """pydantic's own error is what a traceback would show beneath ours."""
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate({"discord_token": TOKEN, name.lower(): "hunter2 hunter2"})

    assert "hunter2" not in str(caught.value)


def test_settings_cannot_be_printed_with_their_secrets() -> None:
    """A repr is one debug line away from a log."""
    settings = load_settings(
        SOUND
        | FLEET
        | {"SHARD_IDS": "0", "REKA_COOKIES": "appSession=c00kie", "REKA_PROXY": "http://u:pr0xy@h:1"},
        None,
    )

    assert not re.search(f"{TOKEN}|alice|c00kie|pr0xy|hunter2", f"{settings!r} {settings}")


def test_every_secret_is_named_for_the_logs() -> None:
    """The redaction of the logs masks exactly these, wherever they turn up."""
    settings = load_settings(
        SOUND
        | {
            "REKA_COOKIES": "appSession=c00kie; other=0ther",
            "REKA_BEARER_TOKEN": "b3arer",
            "REKA_API_KEY": "k3y",
            "REKA_PROXY": "http://u:pr%20xy@h:1",
            "DATABASE_URL": "postgresql+asyncpg://u:d%2Fb@h/reka",
        },
        None,
    )

    secrets = set(settings.secret_values())

    assert secrets == {
        TOKEN,
        "session-of-alice",
        "c00kie",
        "0ther",
        "b3arer",
        "k3y",
        "pr%20xy",
        "pr xy",
        "d%2Fb",
        "d/b",
    }


def test_each_data_key_is_a_secret() -> None:
    """Whoever has one reads what people said."""
    other = DATA_KEY.replace("aGV", "bGV")
    settings = load_settings(SOUND | {"DATA_KEYS": f" {DATA_KEY} , {other},"}, None)

    assert settings.all_data_keys == (DATA_KEY, other)
    assert {DATA_KEY, other} <= set(settings.secret_values())
    assert DATA_KEY not in repr(settings)


def test_settings_are_frozen() -> None:
    """What was checked at the start is what runs."""
    settings = load_settings(SOUND, None)

    with pytest.raises(ValidationError):
        settings.history_turns = 3


def test_environment_wins_over_the_file(tmp_path: Path) -> None:
    """`HISTORY_TURNS=3 make run` has to do what it says."""
    file = tmp_path / ".env"
    file.write_text(f"DISCORD_TOKEN={TOKEN}\nREKA_APP_SESSION=s\nHISTORY_TURNS=7\nGRACE_S=5\n")

    settings = load_settings({"HISTORY_TURNS": "3"}, file)

    assert (settings.history_turns, settings.grace_s) == (3, 5)


def test_an_empty_value_counts_as_unset(tmp_path: Path) -> None:
    """Container files often pass variables on as NAME= when the host has none."""
    file = tmp_path / ".env"
    file.write_text("HISTORY_TURNS=7\nLOG_LEVEL=\n")

    settings = load_settings(SOUND | {"HISTORY_TURNS": " ", "LOG_LEVEL": "", "REKA_PROXY": ""}, file)

    assert (settings.history_turns, settings.log_level, settings.reka_proxy) == (7, "INFO", None)


def test_the_file_may_come_from_windows(tmp_path: Path) -> None:
    """Notepad writes a byte order mark and CR LF; both would spoil a token unseen."""
    file = tmp_path / ".env"
    file.write_bytes(b"\xef\xbb\xbfDISCORD_TOKEN=" + TOKEN.encode() + b"\r\nREKA_APP_SESSION=s\r\n")

    assert load_settings({}, file).discord_token.get_secret_value() == TOKEN


def test_a_dollar_in_the_file_is_a_dollar(tmp_path: Path) -> None:
    """Passwords and prompts hold ${...}, and nobody expects them to be filled in."""
    file = tmp_path / ".env"
    file.write_text("SYSTEM_PROMPT='Prices are in ${CURRENCY}.'\n")

    assert load_settings(SOUND, file).system_prompt == "Prices are in ${CURRENCY}."


@pytest.mark.parametrize("content", [b"DISCORD_TOKEN=\xff\xfe\x00", "GRACE_S=1".encode("utf-16")])
def test_a_file_that_is_no_text_is_named(tmp_path: Path, content: bytes) -> None:
    """PowerShell's > writes UTF-16."""
    file = tmp_path / ".env"
    file.write_bytes(content)

    with pytest.raises(SettingsError, match=r"\.env is no UTF-8 text"):
        load_settings(SOUND, file)


def test_a_file_that_is_not_there_is_no_fault(tmp_path: Path) -> None:
    """Containers bring everything in the environment."""
    assert load_settings(SOUND, tmp_path / ".env").grace_s == 20


def test_unknown_variables_are_ignored() -> None:
    """The environment is full of other programs' variables."""
    assert load_settings(SOUND | {"PATH": "/bin", "REKA_FUTURE": "x"}, None).reka_model is None


@pytest.mark.parametrize("ids", ["81384788765712384,2", "81384788765712384 2", " 81384788765712384 ,\n2, "])
def test_servers_are_separated_by_commas_or_spaces(ids: str) -> None:
    """People paste lists in either form."""
    assert load_settings(SOUND | {"ALLOWED_GUILDS": ids}, None).allowed_guilds == {81384788765712384, 2}


@pytest.mark.parametrize(("text", "value"), [("1", True), ("true", True), ("0", False), ("no", False)])
def test_switches_take_the_usual_words(text: str, value: bool) -> None:
    """1 and 0 are documented; true and no are what people write."""
    assert load_settings(SOUND | {"MESSAGE_CONTENT": text}, None).message_content is value


def test_words_are_taken_in_either_case() -> None:
    """`LOG_LEVEL=debug` is what most people type."""
    settings = load_settings(SOUND | {"LOG_LEVEL": "debug", "LOG_FORMAT": "JSON"}, None)

    assert (settings.log_level, settings.log_format) == ("DEBUG", "json")


def test_another_discord_may_have_tokens_of_any_shape() -> None:
    """The sandbox and REST proxies hand out their own."""
    settings = load_settings(
        SOUND | {"DISCORD_API_URL": "http://127.0.0.1:8080/api/v10/", "DISCORD_TOKEN": "sandbox"}, None
    )

    assert settings.discord_token.get_secret_value() == "sandbox"
    assert settings.discord_api_url == "http://127.0.0.1:8080/api/v10"


def test_discord_itself_by_its_address_still_wants_a_real_token() -> None:
    """Writing the default out changes nothing."""
    (fault,) = faults_of(DISCORD_API_URL="https://discord.com/api/v10", DISCORD_TOKEN="sandbox")

    assert "is no bot token" in fault


@pytest.mark.parametrize(
    "credentials",
    [
        {"REKA_COOKIES": "other=1; appSession=abc=="},
        {"REKA_COOKIES": "appSession.0=abc; appSession.1=def"},
        {"REKA_COOKIES": "appSession=" + "a" * 8000},
        {"REKA_BEARER_TOKEN": "eyJh.eyJi.c"},
        {"REKA_API_KEY": "key"},
        {"REKA_BEARER_TOKEN": "t", "REKA_COOKIES": "cf_clearance=1"},
    ],
)
def test_any_one_way_to_reach_reka_is_enough(credentials: dict[str, str]) -> None:
    """People copy what their browser shows them."""
    load_settings({"DISCORD_TOKEN": TOKEN} | credentials, None)


def test_cookies_without_the_session_are_refused() -> None:
    """Reka would refuse them at the first question, hours later."""
    (fault,) = faults_of(REKA_APP_SESSION="", REKA_COOKIES="theme=dark; myappSession=1")

    assert fault.startswith("REKA_COOKIES holds no cookie appSession;")


@pytest.mark.parametrize("name", ["cookies.json", "exported=all.txt", "cookies"])
def test_cookies_may_be_a_file(tmp_path: Path, name: str) -> None:
    """Browser extensions export files, and they know no rule for their names but the suffix."""
    file = tmp_path / name
    file.write_text('[{"name": "appSession", "value": "abc"}]')

    settings = load_settings({"DISCORD_TOKEN": TOKEN, "REKA_COOKIES": str(file)}, None)

    assert settings.reka_cookies == SecretStr(str(file))


def test_a_cookies_file_without_the_session_is_refused(tmp_path: Path) -> None:
    """An export of the wrong site looks just like the right one."""
    file = tmp_path / "cookies.json"
    file.write_text('[{"name": "theme", "value": "dark"}]')

    (fault,) = faults_of(REKA_APP_SESSION="", REKA_COOKIES=str(file))

    assert fault.startswith("REKA_COOKIES holds no cookie appSession;")
