"""Settings of chats on the command line."""

import pytest

from tests.integration.cli import Terminal

MORNING = ("--now", "2026-01-22T06:00:00Z")
ME = ("--as", "telegram:42")


@pytest.fixture
def known(terminal: Terminal) -> Terminal:
    """A folder whose database knows a chat."""
    terminal("subscribe", "graph", *ME, "--every", "daily", "--at", "8", *MORNING)
    return terminal


def test_settings_are_all_there_with_those_that_were_chosen(known: Terminal) -> None:
    known("set", "limit", "5", *ME)
    document = known("settings", *ME, "--json").json
    assert document["settings"]["limit"] == "5"
    assert document["chosen"] == ["limit"]
    assert (document["chat"], document["kind"], document["state"]) == ("telegram:42", "private", "active")
    for name, value in document["settings"].items():  # what is shown can be set
        assert known("set", name, *value.split(), *ME).status == 0
    head, columns, *rows = known("settings", *ME).out.splitlines()
    assert head == "telegram:42 · private · active"
    assert [row.split()[0] for row in rows] == list(document["settings"])
    assert all(
        row.startswith(name.ljust(columns.index("value"))) for row, name in zip(rows, document["settings"], strict=True)
    )


def test_an_address_of_no_chat_is_refused(known: Terminal) -> None:
    ended = known("settings", "--as", "slack:foo")
    assert (ended.status, ended.out) == (2, "")
    assert "“slack:foo” is not a Slack chat." in ended.err


@pytest.mark.parametrize("line", [("settings",), ("say", "/list"), ("say", "/pause")])
def test_a_chat_that_is_not_known_is_not_made(known: Terminal, line: tuple[str, ...]) -> None:
    ended = known(*line, "--as", "console:stranger")
    assert (ended.status, ended.out) == (1, "")
    assert ended.err.startswith("There is no such chat: console:stranger.")


LIBRARY = "@article{a, title = {Graph Search}, doi = {10.1000/1}}\n@misc{b, year = 2020}\n"


def test_a_library_is_stored_from_a_file_and_from_standard_input(known: Terminal) -> None:
    path = known.folder / "mine.bib"
    path.write_text(LIBRARY)
    said = known("library", str(path), *ME, *MORNING).out.splitlines()
    assert said[0].endswith(
        "The library is stored: 1 entry. Papers like these come first, and papers that are in it are left out."
    )
    assert said[1].strip() == "1 entry cannot be read: @misc{b, year = 2020}"
    document = known("library", "-", *ME, "--json", stdin=LIBRARY.encode()).json
    assert document == {"chat": "telegram:42", "entries": 1, "broken": 1, "examples": ["@misc{b, year = 2020}"]}
    assert "The library here has 1 entry" in known("say", "/library", *ME).out


@pytest.mark.parametrize(
    ("given", "said"),
    [(b"<html>", "it looks like an HTML page"), (b"@misc{a, year = 2020}", "No entry of this file can be read.")],
)
def test_a_file_that_is_no_library_is_refused(known: Terminal, given: bytes, said: str) -> None:
    ended = known("library", "-", *ME, stdin=given)
    assert (ended.status, ended.out) == (2, "")
    assert said in ended.err
