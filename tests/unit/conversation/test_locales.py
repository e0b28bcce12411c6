"""The catalogue in every language: whole, the same kinds and values everywhere, safe to show, and in use."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from fluent.runtime import FluentBundle, FluentResource
from fluent.syntax import FluentParser
from fluent.syntax import ast as ftl

from conversation.answering import Interrupt
from conversation.sentences import FALLBACK, LOCALES, UnknownSentence, note, say

ROOT = LOCALES.parent.parent

TRANSLATIONS = ("de", "es-ES", "fr", "it", "ja", "ko", "nl", "pl", "pt-BR", "ru", "tr", "zh-CN")
LANGUAGES = (FALLBACK, *TRANSLATIONS)

NUMBERS = (1, 2, 3, 5, 21, 40_000)  # each plural category that a whole number has in one of the languages
RETRY = "<t:1790000000:R>"
NAMES = "`cat.png`, `dog.bmp`"
COUNTED = {"limit", "limit_mib", "minutes", "waiting"}
VALUES: dict[str, str] = {"retry": RETRY, "name": "`cat.png`", "names": NAMES, "why": "Reka went silent."}

BUTTON_CHARS = 80  # Discord: the longest label of a button
SENTENCE_CHARS = 400

ROOMS_THAT_SPEAK = ("cogs", "conversation", "runtime", "storage")
CALLS_WITH_A_KIND = {"say", "Refusal", "FileUnavailable", "_refuse"}  # as their first argument


@cache
def entries(locale: str) -> tuple[ftl.EntryType, ...]:
    source = (LOCALES / f"{locale}.ftl").read_text(encoding="utf-8")
    return tuple(FluentParser(with_spans=False).parse(source).body)


@cache
def messages(locale: str) -> dict[str, ftl.Message]:
    return {entry.id.name: entry for entry in entries(locale) if isinstance(entry, ftl.Message)}


def nodes(node: object) -> Iterator[ftl.BaseNode]:
    if isinstance(node, list):
        for one in node:
            yield from nodes(one)
    elif isinstance(node, ftl.BaseNode):
        yield node
        for child in vars(node).values():
            yield from nodes(child)


def variables(message: ftl.Message) -> set[str]:
    return {node.id.name for node in nodes(message) if isinstance(node, ftl.VariableReference)}


def own_words(message: ftl.Message) -> str:
    """What the message says itself, all variants one after another, without any value."""
    return " ".join(node.value for node in nodes(message) if isinstance(node, ftl.TextElement))


def plausible_values(message: ftl.Message) -> Iterator[dict[str, object]]:
    wanted = variables(message)
    words: dict[str, object] = {name: VALUES[name] for name in wanted - COUNTED}
    for number in NUMBERS if wanted & COUNTED else (0,):
        yield words | dict.fromkeys(wanted & COUNTED, number)


def spoken(locale: str) -> Iterator[tuple[str, str]]:
    """(kind, sentence) for every kind and every choice of plausible values."""
    for kind, message in messages(locale).items():
        for values in plausible_values(message):
            yield kind, say(kind, locale, **values)


def test_every_language_is_here() -> None:
    """A file under a name that Discord does not send would never be read."""
    assert {path.stem for path in LOCALES.glob("*.ftl")} == set(LANGUAGES)


@pytest.mark.parametrize("locale", LANGUAGES)
def test_nothing_in_the_file_is_skipped(locale: str) -> None:
    """Fluent drops what it cannot parse without a word, and of two sentences of one kind keeps one."""
    kinds = [entry.id.name for entry in entries(locale) if isinstance(entry, ftl.Message)]

    assert [entry.content for entry in entries(locale) if isinstance(entry, ftl.Junk)] == []
    assert len(kinds) == len(set(kinds))
    assert [kind for kind, message in messages(locale).items() if message.value is None] == []


@pytest.mark.parametrize("locale", TRANSLATIONS)
def test_language_has_exactly_the_kinds_of_english_in_its_order(locale: str) -> None:
    """A missing sentence would appear in English amid another language; an extra one is read by nobody."""
    assert list(messages(locale)) == list(messages(FALLBACK))


@pytest.mark.parametrize("locale", TRANSLATIONS)
def test_sentence_uses_exactly_the_values_of_the_english_one(locale: str) -> None:
    """A value that nobody hands over is shown as its bare name; one left out is a fact withheld."""
    english = {kind: variables(message) for kind, message in messages(FALLBACK).items()}

    assert {kind: variables(message) for kind, message in messages(locale).items()} == english


@pytest.mark.parametrize("locale", LANGUAGES)
def test_every_sentence_formats_without_an_error(locale: str) -> None:
    """`say` shows what it can and swallows the error: nobody would notice."""
    bundle = FluentBundle([locale], use_isolating=False)
    bundle.add_resource(FluentResource((LOCALES / f"{locale}.ftl").read_text(encoding="utf-8")))

    for kind, message in messages(locale).items():
        for values in plausible_values(message):
            pattern = bundle.get_message(kind).value
            assert pattern is not None, kind
            sentence, errors = bundle.format_pattern(pattern, values)
            assert errors == [], kind
            assert sentence == say(kind, locale, **values)


@pytest.mark.parametrize("locale", LANGUAGES)
def test_every_value_is_shown(locale: str) -> None:
    """The time to try again and the names of files are why those sentences exist."""
    for kind, message in messages(locale).items():
        for values in plausible_values(message):
            sentence = say(kind, locale, **values)
            shown = [value for name, value in values.items() if name not in COUNTED]
            assert [value for value in shown if str(value) not in sentence] == [], kind


@pytest.mark.parametrize("locale", LANGUAGES)
def test_every_sentence_is_one_short_line(locale: str) -> None:
    """A note is small print line by line, and a sentence that nobody finishes helps nobody."""
    for kind, sentence in spoken(locale):
        assert len(sentence.splitlines()) == 1, kind
        assert sentence == sentence.strip(), kind
        assert "  " not in sentence, kind
        assert note(sentence) == f"-# {sentence}", kind
        assert len(sentence) <= SENTENCE_CHARS, kind


@pytest.mark.parametrize("locale", LANGUAGES)
def test_no_sentence_mentions_or_breaks_off_in_syntax(locale: str) -> None:
    """A stray brace is a typing error in the file, and our own words ping nobody."""
    for kind, sentence in spoken(locale):
        assert not re.search(r"[{}@]", sentence), kind
        assert not re.search(r"<(?!t:\d+:R>)", sentence), kind


@pytest.mark.parametrize("locale", LANGUAGES)
def test_words_hold_no_markdown(locale: str) -> None:
    """A lone marker in our words would change how the file names and the rest of the line look."""
    marked = [
        kind for kind, message in messages(locale).items() if re.search(r"[*_~|`\\<>#]", own_words(message))
    ]

    assert marked == []


@pytest.mark.parametrize("locale", TRANSLATIONS)
def test_every_sentence_is_translated(locale: str) -> None:
    """A sentence copied from English and forgotten passes every other test."""
    english = {kind: own_words(message) for kind, message in messages(FALLBACK).items()}
    same = [kind for kind, message in messages(locale).items() if own_words(message) == english[kind]]

    assert same == []


@pytest.mark.parametrize("locale", TRANSLATIONS)
@pytest.mark.parametrize("name", ["/ask", "Ask about this message", "Reka", "Discord", "15", "PNG", "WebP"])
def test_names_of_commands_and_things_stay_as_they_are(locale: str, name: str) -> None:
    """Commands are not localised: a translated name is one that the reader will not find."""
    english = {kind for kind, message in messages(FALLBACK).items() if name in own_words(message)}
    theirs = {kind for kind, message in messages(locale).items() if name in own_words(message)}

    assert english
    assert english <= theirs


@pytest.mark.parametrize("locale", LANGUAGES)
def test_button_fits(locale: str) -> None:
    """Discord refuses the whole message for a label that is too long."""
    labels = [say(kind, locale) for kind in messages(FALLBACK) if kind.startswith("button-")]

    assert len(labels) == len(set(labels)) > 2
    assert all(0 < len(label) <= BUTTON_CHARS for label in labels)


@pytest.mark.parametrize(
    ("locale", "number", "words"),
    [
        ("en-US", 1, "1 question waiting"),
        ("en-US", 3, "3 questions waiting"),
        ("de", 1, "wartet schon 1 Frage:"),
        ("de", 3, "warten schon 3 Fragen:"),
        ("fr", 1, "1 question attend "),
        ("fr", 3, "3 questions attendent "),
        ("pl", 1, "1 pytanie:"),
        ("pl", 3, "3 pytania:"),
        ("pl", 5, "5 pytań:"),
        ("pl", 22, "22 pytania:"),
        ("ru", 3, "ждут 3 вопроса:"),
        ("ru", 5, "ждут 5 вопросов:"),
        ("ru", 12, "ждут 12 вопросов:"),
        ("ru", 21, "ждёт 21 вопрос:"),
        ("tr", 3, "3 soru "),
    ],
)
def test_noun_agrees_with_its_number(locale: str, number: int, words: str) -> None:
    """Slavic languages have three forms where English has two: one form for all reads like a machine."""
    assert words in say("queue-full", locale, waiting=number)


@pytest.mark.parametrize(
    ("locale", "limit"),
    [("en-US", "40,000"), ("de", "40.000"), ("es-ES", "40.000"), ("pl", "40\u00a0000"), ("zh-CN", "40,000")],
)
def test_number_is_written_as_the_language_writes_it(locale: str, limit: str) -> None:
    """40.000 is forty in one language and forty thousand in another."""
    assert limit in say("note-too-long", locale, limit=40_000)


@pytest.mark.parametrize(
    ("asked", "heard"),
    [
        *[(locale, locale) for locale in LANGUAGES],
        ("es-419", "es-ES"),
        ("en-GB", "en-US"),
        ("sv-SE", "en-US"),
        ("th", "en-US"),
        ("xx-YY", "en-US"),
        ("", "en-US"),
    ],
)
def test_reader_hears_the_nearest_language(asked: str, heard: str) -> None:
    """A dialect is understood better than English, and English better than nothing."""
    expected = own_words(messages(heard)["reset-done"])

    assert say("reset-done", asked) == expected


@pytest.mark.parametrize("locale", ["en-US", "de", "sv-SE"])
def test_unknown_kind_is_a_bug_in_every_language(locale: str) -> None:
    """A misspelt kind must not become an empty message."""
    with pytest.raises(UnknownSentence):
        say("no-such-sentence", locale)


# The catalogue and the code --------------------------------------------------------------------------------------


def speaking_files() -> list[Path]:
    files = [path for room in ROOMS_THAT_SPEAK for path in (ROOT / room).rglob("*.py")]
    return [*sorted(files), ROOT / "bot.py"]


def words_in(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


def kinds_asked_for(tree: ast.AST) -> Iterator[str]:
    """The kinds that stand in code: handed to a call that takes one, by name or as they are, or an Ask's notes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func).rpartition(".")[2]
            if name in CALLS_WITH_A_KIND and node.args:
                yield from words_in(node.args[0])
            elif name == "Ask":
                yield from (
                    word for given in node.keywords if given.arg == "notes" for word in words_in(given.value)
                )
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from kinds_asked_for_by_name(node)


def kinds_asked_for_by_name(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    """`kind = "a" if ... else "b"`, and later `say(kind, ...)`."""
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
    names = {
        call.args[0].id
        for call in calls
        if ast.unparse(call.func).rpartition(".")[2] in CALLS_WITH_A_KIND
        and call.args
        and isinstance(call.args[0], ast.Name)
    }
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and names & {ast.unparse(target) for target in node.targets}:
            yield from words_in(node.value)


def test_every_kind_that_the_code_asks_for_exists() -> None:
    """A kind without a sentence raises in the one moment in which something went wrong already."""
    asked = {
        kind
        for path in speaking_files()
        for kind in kinds_asked_for(ast.parse(path.read_text(encoding="utf-8")))
    }
    asked |= {why.value for why in Interrupt}

    assert {"hint-empty", "note-quote-withheld", "queue-full", "file-gone", "reset-done"} <= asked
    assert asked - set(messages(FALLBACK)) == set()


def test_every_sentence_is_used() -> None:
    """A sentence that nobody says is translated twelve times for nothing."""
    words = {
        word for path in speaking_files() for word in words_in(ast.parse(path.read_text(encoding="utf-8")))
    }

    assert set(messages(FALLBACK)) - words == set()
