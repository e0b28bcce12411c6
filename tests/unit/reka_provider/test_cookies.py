"""Cookies in all their forms, and back into their file."""

from __future__ import annotations

import json
import stat
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reka_provider import RekaAuthError
from reka_provider._cookie_export import cookies_of, parsed_export, replaced
from reka_provider._cookies import CookieFile, cookie_file, read_cookies
from reka_provider._set_cookie import Rotation, is_of_host, rotation_in

HOST = "space.reka.ai"
LONG_AGO_S = 1_500_000_000
FAR_OFF_S = 4_000_000_000

NETSCAPE = (
    "# Netscape HTTP Cookie File\n"
    "# https://curl.se/docs/http-cookies.html\n"
    "\n"
    "#HttpOnly_space.reka.ai\tFALSE\t/\tTRUE\t4000000000\tappSession\told\n"
    ".example.org\tTRUE\t/\tTRUE\t4000000000\tappSession\tof another site\n"
    ".reka.ai\tTRUE\t/\tFALSE\t0\ttheme\tdark\n"
)
EXTENSION = [
    {
        "domain": "space.reka.ai",
        "expirationDate": FAR_OFF_S + 0.25,
        "hostOnly": True,
        "httpOnly": True,
        "name": "appSession",
        "session": False,
        "storeId": None,
        "value": "old",
        "note": "mine",
    },
    {"domain": ".example.org", "name": "appSession", "value": "of another site"},
]
STORAGE_STATE = {
    "cookies": [
        {"name": "appSession", "value": "old", "domain": "space.reka.ai", "path": "/", "expires": FAR_OFF_S},
        {"name": "sid", "value": "é", "domain": ".example.org", "path": "/", "expires": -1},
    ],
    "origins": [{"origin": "https://space.reka.ai", "localStorage": []}],
}


def written(path: Path, text: str | object) -> CookieFile:
    """A file with this text, or this as JSON, that was looked at once."""
    path.write_text(text if isinstance(text, str) else json.dumps(text, indent=2), encoding="utf-8")
    file = CookieFile(path, host=HOST)
    file.read()
    return file


def refusal_of(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RekaAuthError) as caught:
        read_cookies(path)
    assert "s3cret" not in str(caught.value)
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    return str(caught.value)


# --- reading ---


def test_a_header_gives_its_cookies() -> None:
    """What a browser's network tab shows; a value may hold an equals sign."""
    assert read_cookies("Cookie: appSession=a=b; theme=dark;") == {"appSession": "a=b", "theme": "dark"}


@pytest.mark.parametrize(
    "exported",
    [
        [{"name": "appSession", "value": "x", "domain": "space.reka.ai"}],
        [{"name": "appSession", "value": "x"}, {"name": "sid", "value": "y", "domain": ".example.org"}],
        {"appSession": "x"},
        {"cookies": [{"name": "appSession", "value": "x", "domain": ".reka.ai"}]},
    ],
)
def test_an_exported_json_gives_rekas_cookies(tmp_path: Path, exported: object) -> None:
    """Browser extensions write these forms; cookies of other sites are nothing for Reka."""
    path = tmp_path / "cookies.json"
    path.write_text(json.dumps(exported), encoding="utf-8")
    assert read_cookies(path) == {"appSession": "x"}
    assert read_cookies(str(path)) == {"appSession": "x"}
    assert read_cookies(json.dumps(exported)) == {"appSession": "x"}


@pytest.mark.parametrize("name", ["cookies.txt", "cookies", "reka=me.txt"])
def test_a_netscape_file_gives_rekas_cookies(tmp_path: Path, name: str) -> None:
    """The form of cookies.txt; HttpOnly cookies hide behind a comment sign."""
    path = tmp_path / name
    path.write_text("\ufeff" + NETSCAPE.replace("\n", "\r\n"), encoding="utf-8")
    assert read_cookies(path) == {"appSession": "old", "theme": "dark"}
    assert read_cookies(str(path)) == {"appSession": "old", "theme": "dark"}


def test_a_json_file_may_be_called_txt(tmp_path: Path) -> None:
    """What a file is called says little about what was pasted into it."""
    path = tmp_path / "cookies.txt"
    path.write_text(json.dumps(EXTENSION), encoding="utf-8")
    assert read_cookies(path) == {"appSession": "old"}


def test_the_cookie_for_fewer_hosts_counts(tmp_path: Path) -> None:
    """Two of a name: the one of the whole domain is usually left over."""
    items = [
        {"name": "appSession", "value": "host", "domain": "space.reka.ai"},
        {"name": "appSession", "value": "domain", "domain": ".reka.ai"},
    ]
    path = tmp_path / "cookies.json"
    for order in (items, items[::-1]):
        path.write_text(json.dumps(order), encoding="utf-8")
        assert read_cookies(path) == {"appSession": "host"}


def test_expired_cookies_are_left_out(tmp_path: Path) -> None:
    """Exports keep what a browser would no longer send; some tools count in milliseconds."""
    items = [
        {"name": "appSession.0", "value": "a", "expires": FAR_OFF_S * 1000},
        {"name": "appSession.1", "value": "b", "expires": -1},
        {"name": "appSession", "value": "stale", "expirationDate": LONG_AGO_S},
        {"name": "theme", "value": "dark", "expiry": LONG_AGO_S},
    ]
    path = tmp_path / "cookies.json"
    path.write_text(json.dumps(items), encoding="utf-8")
    assert read_cookies(path) == {"appSession.0": "a", "appSession.1": "b"}


@pytest.mark.parametrize("name", ["appSession", "appSession.0"])
def test_an_expired_session_is_told_with_its_end(tmp_path: Path, name: str) -> None:
    """Reka would only say 401."""
    line = f"space.reka.ai\tFALSE\t/\tTRUE\t{LONG_AGO_S}\t{name}\ts3cret\n"
    said = refusal_of(tmp_path / "cookies.txt", line)
    assert "expired on 2017-07-14 02:40 UTC" in said
    assert "copy the cookie appSession anew" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "neither JSON nor a cookies.txt"),
        ("appSession: s3cret", "neither JSON nor a cookies.txt"),
        ("space.reka.ai FALSE / TRUE 0 appSession s3cret", "parted by tabs"),
        ('[{"name": "appSession", "value": "s3cret"', "no JSON, though it begins like it"),
        ('["s3cret"]', 'must hold [{"name"'),
        ('{"appSession": {"value": "s3cret"}}', 'must hold [{"name"'),
        (
            '[{"name": "appSession", "value": "s3cret", "domain": "example.org"}]',
            "no cookies of space.reka.ai",
        ),
        ("[]", "no cookies of space.reka.ai"),
        ("[" * 100_000, "no JSON"),
    ],
)
def test_a_file_that_holds_no_cookies_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """Said by its name, without its content, and with what would be right."""
    refused = refusal_of(tmp_path / "cookies.json", text)
    assert said in refused
    assert str(tmp_path / "cookies.json") in refused


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """A folder, a file of bytes, or nothing at all."""
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe\x00")
    for name, said in (("none.json", "No such file"), ("bytes.txt", "it is no text"), (".", "directory")):
        with pytest.raises(RekaAuthError, match=said):
            read_cookies(tmp_path / name)


def test_a_text_that_is_no_path_is_never_looked_up() -> None:
    """A header is longer than a file name may be."""
    assert cookie_file("appSession=" + "x" * 5000) is None
    with pytest.raises(RekaAuthError, match=r"appSession=\.\.\."):
        read_cookies("x" * 5000)


def test_cookies_of_a_mirror_are_its_own(tmp_path: Path) -> None:
    """Behind another address stand its own cookies, or those of Reka itself."""
    path = tmp_path / "cookies.json"
    path.write_text('[{"name": "appSession", "value": "x", "domain": ".mirror.example"}]', encoding="utf-8")
    assert read_cookies(path, host="reka.mirror.example") == {"appSession": "x"}
    path.write_text('[{"name": "appSession", "value": "x", "domain": ".reka.ai"}]', encoding="utf-8")
    assert read_cookies(path, host="reka.mirror.example") == {"appSession": "x"}


# --- Set-Cookie ---


@pytest.mark.parametrize(
    ("line", "rotation"),
    [
        ("appSession=new; Path=/; HttpOnly; Secure; SameSite=Lax", Rotation("new")),
        ("appSession=a=b", Rotation("a=b")),
        ("appSession=new; Domain=.reka.ai", Rotation("new")),
        ("appSession=new; domain=SPACE.reka.ai; max-age=60", Rotation("new", 1060.0)),
        ("appSession=new; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", Rotation("new", 1060.0)),
        ("appSession=new; Expires=Thu, 01-Jan-1970 01:00:00 GMT", Rotation("new", 3600.0)),
        ("appSession=new; Expires=whenever", Rotation("new")),
        ("appSession=; Max-Age=0", Rotation(None)),
        ("appSession=x; Max-Age=-1", Rotation(None)),
        ("appSession=; Expires=Thu, 01 Jan 1970 00:00:00 GMT", Rotation(None)),
    ],
)
def test_a_set_cookie_line_is_read_as_browsers_do(line: str, rotation: Rotation) -> None:
    """Max-Age counts before Expires; an end in the past deletes."""
    assert rotation_in(line, HOST, now_s=1000.0) == ("appSession", rotation)


@pytest.mark.parametrize(
    "line",
    [
        "appSession",
        "",
        "=x",
        "app session=x",
        "appSession=é",
        "appSession=new; Domain=example.org",
        "appSession=new; Domain=auth.reka.ai",
        "appSession=new; Domain=ai",
        "appSession=new; Domain=eka.ai",
        "appSession=new; Path=/admin",
        "appSession=" + "x" * 5000,
    ],
)
def test_lines_that_are_no_cookie_of_ours_are_passed_over(line: str) -> None:
    """As a browser would."""
    assert rotation_in(line, HOST, now_s=1000.0) is None


def test_an_address_has_no_parent_domain() -> None:
    """0.0.1 is no domain of 127.0.0.1."""
    assert is_of_host("127.0.0.1", "127.0.0.1")
    assert not is_of_host("0.0.1", "127.0.0.1")


@given(st.text(max_size=40), st.text(max_size=40))
@settings(max_examples=300, deadline=None)
def test_no_set_cookie_line_raises(value: str, attributes: str) -> None:
    """Whatever a server sends."""
    rotation_in(f"appSession={value}; Max-Age={value}; Expires={attributes}; {attributes}", HOST, now_s=0.0)


# --- writing back ---


def test_a_rotated_cookie_of_a_netscape_file_is_replaced_alone(tmp_path: Path) -> None:
    """Comments, other sites' cookies and the order stay byte for byte."""
    path = tmp_path / "cookies.txt"
    file = written(path, NETSCAPE)
    assert file.write({"appSession": Rotation("new", 4_100_000_000.5)}) is None
    assert path.read_text(encoding="utf-8") == NETSCAPE.replace(
        "4000000000\tappSession\told", "4100000000\tappSession\tnew"
    )
    file.write({"theme": Rotation("light")})
    assert read_cookies(path) == {"appSession": "new", "theme": "light"}


def test_line_ends_and_the_mark_at_the_beginning_stay(tmp_path: Path) -> None:
    """Some editors write both."""
    path = tmp_path / "cookies.txt"
    text = "\ufeff" + NETSCAPE.replace("\n", "\r\n")
    path.write_bytes(text.encode())
    file = CookieFile(path, host=HOST)
    file.read()
    file.write({"appSession": Rotation("new", FAR_OFF_S)})
    assert path.read_bytes() == text.replace("\told", "\tnew").encode()


@pytest.mark.parametrize("indent", [None, 2, "\t"])
@pytest.mark.parametrize("exported", [EXTENSION, STORAGE_STATE, {"appSession": "old", "other": "ü"}])
def test_a_rotated_cookie_of_a_json_file_is_replaced_alone(
    tmp_path: Path, exported: object, indent: int | str | None
) -> None:
    """Unknown keys, other sites' cookies and the layout stay."""
    path = tmp_path / "cookies.json"
    text = json.dumps(exported, indent=indent, ensure_ascii=False) + "\n"
    file = written(path, text)
    file.write({"appSession": Rotation("new", FAR_OFF_S)})
    expected = text.replace('"old"', '"new"').replace(str(FAR_OFF_S + 0.25), str(FAR_OFF_S))
    assert path.read_text(encoding="utf-8") == expected


def test_a_cookie_without_an_end_is_written_as_one(tmp_path: Path) -> None:
    """Each form has its own way to say so; an old end would make the new cookie expire."""
    path = tmp_path / "cookies.json"
    written(path, EXTENSION).write({"appSession": Rotation("new")})
    (first, _) = json.loads(path.read_text(encoding="utf-8"))
    assert "expirationDate" not in first
    assert first["session"] is True
    written(path, STORAGE_STATE).write({"appSession": Rotation("new")})
    assert json.loads(path.read_text(encoding="utf-8"))["cookies"][0]["expires"] == -1
    written(path, NETSCAPE).write({"appSession": Rotation("new")})
    assert "\t0\tappSession\tnew\n" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("exported", [NETSCAPE, EXTENSION, STORAGE_STATE, {"appSession": "old"}])
def test_a_session_that_is_split_anew_is_written_whole(tmp_path: Path, exported: object) -> None:
    """A grown session comes as two cookies, and the one before is deleted; and back again."""
    path = tmp_path / "cookies.json"
    file = written(path, exported)
    file.write({"appSession": Rotation(None), "appSession.0": Rotation("a"), "appSession.1": Rotation("b")})
    found = read_cookies(path)
    found.pop("theme", None)
    assert found == {"appSession.0": "a", "appSession.1": "b"}
    file.write({"appSession": Rotation("c"), "appSession.0": Rotation(None), "appSession.1": Rotation(None)})
    found = read_cookies(path)
    found.pop("theme", None)
    assert found == {"appSession": "c"}


def test_a_log_out_is_not_written(tmp_path: Path) -> None:
    """What a person exported is theirs to throw away."""
    path = tmp_path / "cookies.txt"
    written(path, NETSCAPE).write({"appSession": Rotation(None)})
    assert path.read_text(encoding="utf-8") == NETSCAPE


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644])
def test_the_file_keeps_its_mode(tmp_path: Path, mode: int) -> None:
    """A secret that was for one must not become one for all."""
    path = tmp_path / "cookies.txt"
    file = written(path, NETSCAPE)
    path.chmod(mode)
    file.write({"appSession": Rotation("new")})
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """What it points to is the file."""
    target = tmp_path / "real.txt"
    target.write_text(NETSCAPE, encoding="utf-8")
    link = tmp_path / "cookies.txt"
    link.symlink_to(target)
    file = CookieFile(link, host=HOST)
    file.read()
    file.write({"appSession": Rotation("new")})
    assert link.is_symlink()
    assert read_cookies(target)["appSession"] == "new"


def test_another_hands_cookies_win(tmp_path: Path) -> None:
    """Somebody who exported anew knows more than an older session; their cookies are handed back."""
    path = tmp_path / "cookies.txt"
    file = written(path, NETSCAPE)
    by_hand = NETSCAPE.replace("\told\n", "\tfresh\n")
    path.write_text(by_hand, encoding="utf-8")
    assert file.write({"appSession": Rotation("new")}) == {"appSession": "fresh", "theme": "dark"}
    assert path.read_text(encoding="utf-8") == by_hand
    assert file.fresher() is None
    assert file.write({"appSession": Rotation("newer")}) is None
    assert read_cookies(path)["appSession"] == "newer"


def test_changes_elsewhere_in_the_file_are_merged(tmp_path: Path) -> None:
    """Another site's cookies are none of this program's business, but they must not be lost."""
    path = tmp_path / "cookies.txt"
    file = written(path, NETSCAPE)
    path.write_text(NETSCAPE.replace("of another site", "renewed"), encoding="utf-8")
    assert file.write({"appSession": Rotation("new")}) is None
    text = path.read_text(encoding="utf-8")
    assert "renewed" in text
    assert read_cookies(path)["appSession"] == "new"


def test_a_file_that_lost_its_session_is_left_alone(tmp_path: Path) -> None:
    """It may be half written just now."""
    path = tmp_path / "cookies.txt"
    file = written(path, NETSCAPE)
    path.write_text(NETSCAPE[:80], encoding="utf-8")
    with pytest.raises(RekaAuthError):
        file.write({"appSession": Rotation("new")})
    assert path.read_text(encoding="utf-8") == NETSCAPE[:80]


def test_a_file_is_whole_at_every_instant(tmp_path: Path) -> None:
    """Two programs rotate as fast as they can while a third one reads."""
    path = tmp_path / "cookies.json"
    written(path, STORAGE_STATE)
    ended = threading.Event()
    failures: list[BaseException] = []

    def rotate(who: str) -> None:
        try:
            file = CookieFile(path, host=HOST)
            file.read()
            for number in range(30):
                file.write({"appSession": Rotation(f"{who}{number}" * 50)})
        except (OSError, RekaAuthError) as error:
            failures.append(error)

    def read() -> None:
        while not ended.is_set():
            value = read_cookies(path)["appSession"]
            assert value == "old" or len(set(value)) <= 4

    threads = [threading.Thread(target=rotate, args=(who,)) for who in ("a", "b")]
    reader = threading.Thread(target=read)
    reader.start()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ended.set()
    reader.join()
    assert not [failure for failure in failures if "keep writing" not in str(failure)]
    assert list(tmp_path.iterdir()) == [path]


NAMES = st.sampled_from(["appSession", "appSession.0", "appSession.1", "theme"])
VALUES = st.text("abc=/+-_.%", min_size=1, max_size=8)


@given(
    st.sampled_from(
        [NETSCAPE, json.dumps(EXTENSION), json.dumps(STORAGE_STATE, indent=1), '{"appSession": "o"}']
    ),
    st.lists(st.dictionaries(NAMES, st.builds(Rotation, st.none() | VALUES), max_size=3), max_size=4),
)
@settings(max_examples=200, deadline=None)
def test_any_rotations_leave_the_file_with_what_they_set(
    text: str, rounds: list[dict[str, Rotation]]
) -> None:
    """What is read back is what was set, unless that would leave no session; other sites' cookies stay."""
    hosts = [HOST]
    now_s = time.time()
    for changes in rounds:
        before = cookies_of(parsed_export(text), hosts, now_s=now_s)
        expected = {name: entry.value for name, entry in before.items()}
        expected.update({name: change.value for name, change in changes.items() if change.value is not None})
        deleted = {name for name, change in changes.items() if change.value is None}
        if any(name.startswith("appSession") and name not in deleted for name in expected):
            expected = {name: value for name, value in expected.items() if name not in deleted}
        text = replaced(text, changes, hosts, now_s=now_s)
        after = cookies_of(parsed_export(text), hosts, now_s=now_s)
        assert {name: entry.value for name, entry in after.items()} == expected
    others = [entry for entry in parsed_export(text).entries() if "example" in entry.domain]
    assert [entry.value for entry in others] in ([], ["of another site"], ["é"])
