"""Names and titles that others chose move no cursor, end no line and turn no text around: on a terminal and in the log."""

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.cli.log import start_logging
from bot.settings import load_settings
from tests.integration.cli import PAGE, Terminal

NAME = "a\n✓ all is well\x1b[2J\u202egnp\u2066\u2028.md"
SHOWN = "a\\u000a✓ all is well\\u001b[2J\\u202egnp\\u2066\\u2028.md"
OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")
TITLED = PAGE.replace("](http", " \u202egnihtemos \u2066\u200f](http", 1)


@pytest.fixture
def hostile(terminal: Terminal) -> Terminal:
    terminal.file(NAME, TITLED)
    terminal.file(f"no digest {NAME}", "# About\n\nThese are notes.\n")
    terminal.file("paperwire.toml", '[[source]]\nname = "inbox"\npath = "*.md"\n')
    return terminal


@pytest.mark.parametrize(
    "arguments",
    [
        ("inspect", "."), ("inspect", "--papers", "."), ("ingest", "."), ("sources",), ("sources", "poll"), ("run", "--once"),
        ("match", "cs.LG", "."), ("inspect", f"nowhere {NAME}"), ("ingest", f"nowhere {NAME}"),
    ],
    ids=lambda arguments: " ".join(arguments).partition(" nowhere")[0],
)  # fmt: skip
def test_a_name_or_title_is_shown_and_not_obeyed(hostile: Terminal, arguments: tuple[str, ...]) -> None:
    if arguments == ("sources",):
        hostile("sources", "poll")
    ended = hostile(*arguments)
    said = ended.out + ended.err
    assert not OBEYED.search(said), ascii(said)
    assert not any(line.startswith("✓ all is well") for line in said.splitlines())
    assert "\\u202e" in said


def test_a_reply_in_a_terminal_is_shown_and_not_obeyed(hostile: Terminal) -> None:
    hostile("sources", "poll")
    hostile("subscribe", "gnihtemos", "--as", "console:me")
    ended = hostile("say", "/search gnihtemos", "--as", "console:me")
    assert "gnihtemos" in ended.out
    assert not OBEYED.search(ended.out + ended.err), ascii(ended.out)


@pytest.mark.parametrize("arguments", [("inspect", "--json", "--papers", "."), ("ingest", "--json", ".")])
def test_json_has_the_same_text_without_terminal_codes(hostile: Terminal, arguments: tuple[str, ...]) -> None:
    ended = hostile(*arguments)
    assert not OBEYED.search(ended.out), ascii(ended.out)
    assert json.loads(ended.out)
    assert (
        NAME in json.dumps(json.loads(ended.out), ensure_ascii=False).encode().decode("unicode_escape", "ignore")
        or "\\n✓ all is well" in ended.out
    )


def _texts(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    else:
        yield value


@pytest.mark.parametrize("columns", [60, 200])
def test_a_terminal_gets_only_the_codes_of_the_program(hostile: Terminal, columns: int) -> None:
    said = hostile.on_screen(columns, "inspect", "--papers", ".").out
    without_colours = re.sub(r"\x1b\[[\d;]*m", "", said)
    assert not OBEYED.search(without_colours), ascii(without_colours)
    assert "\\u202e" in without_colours


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_an_event_of_the_log_is_one_line_whatever_it_names(
    log_format: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    start_logging(load_settings({"PAPERWIRE_LOG_FORMAT": log_format}, tmp_path), quiet=False)
    logging.getLogger("paperwire").warning("%s cannot be read.", NAME, extra={"source": NAME})
    logging.getLogger().handlers.clear()
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert not OBEYED.search(said.rstrip("\n")), ascii(said)
    if log_format == "json":
        assert json.loads(said)["message"] == f"{NAME} cannot be read."
        assert json.loads(said)["source"] == NAME
    else:
        assert f"{SHOWN} cannot be read." in said
