"""Chats in a terminal: width, line ends in Chinese, and nothing that depends on colour."""

import io
import json
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from bot.demo.gallery import print_exhibit
from bot.demo.story import PersonMessage
from bot.rendering.terminal import wrapped
from tests.unit.deliveries import NINE, TELEGRAM, Post


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("one two three", 7, ["one two", "three"]),
        ("AI: 扩散模型很好。", 10, ["AI: 扩散模", "型很好。"]),
        ("用扩散，模型", 6, ["用扩", "散，模", "型"]),
        ("读（扩散）模型", 6, ["读（扩", "散）模", "型"]),
        ("  indented stays", 20, ["  indented stays"]),
        ("one\n\ntwo", 20, ["one", "", "two"]),
        ("", 20, [""]),
    ],
)
def test_lines_end_where_a_reader_expects_it(text: str, width: int, lines: list[str]) -> None:
    assert [line.plain for line in wrapped(Text(text), width)] == lines


@given(st.text(alphabet="ab 扩散。（“", max_size=60), st.integers(min_value=12, max_value=30))
def test_no_line_is_too_long_and_nothing_is_lost(text: str, width: int) -> None:
    lines = [line.plain for line in wrapped(Text(text), width)]
    assert all(cell_len(line) <= width for line in lines if len(line.split()) > 1)
    assert "".join("".join(lines).split()) == "".join(text.split())


def printed(
    *payloads: Mapping[str, object], width: int = 80, platform: str = "telegram", terminal: bool = False
) -> str:
    posts = [Post(payload=json.dumps(payload), id=str(number)) for number, payload in enumerate(payloads)]
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=terminal, color_system="standard" if terminal else None)
    print_exhibit(replace(TELEGRAM, platform=platform, posts=posts), console)
    return out.getvalue()


LONG = {"text": "word " * 60 + "\n" + "扩散模型" * 30 + "\n<blockquote expandable>" + "fold " * 90 + "</blockquote>"}


@pytest.mark.parametrize("width", [40, 80, 120])
def test_a_chat_fits_the_terminal(width: int) -> None:
    lines = printed(LONG, width=width).splitlines()
    assert max(map(cell_len, lines)) <= width
    edges = {cell_len(line) for line in lines if line.startswith(("╭", "│", "╰"))}
    assert len(edges) == 1


def test_a_link_is_written_out_where_it_cannot_be_hidden() -> None:
    linked = {"text": '<a href="https://arxiv.org/abs/1">Title</a>'}
    assert "Title <https://arxiv.org/abs/1>" in printed(linked)
    on_screen = printed(linked, terminal=True)
    assert "<https://" not in on_screen
    assert "https://arxiv.org/abs/1" in on_screen  # the title's link, in the form for terminals


def test_what_a_platform_shows_can_be_read_without_colour() -> None:
    text = printed({"text": "<b>bold</b>", "silent": True, "buttons": [[{"text": "show 5 more", "data": "x"}]]})
    for words in ("Somebody", "a -b", "daily 09:00", "Telegram · paperwire (bot)", "Fri 23 Jan", "09:00"):
        assert words in text
    assert "sent without a sound" in text
    assert "[show 5 more]" in text


def test_slacks_headers_small_print_and_rules_are_drawn() -> None:
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": "3 papers"}},
        {"type": "divider"},
        {"type": "section", "text": {"type": "mrkdwn", "text": "one\n&gt; quoted"}},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "small"}]},
    ]
    text = printed({"text": "t", "blocks": blocks}, platform="slack")
    for words in ("Slack · #paperwire", "3 papers", "one", "│ quoted", "small"):
        assert words in text


def test_what_the_person_said_stands_on_the_right() -> None:
    out = io.StringIO()
    said = PersonMessage(text="/sub diffusion", at=NINE)
    print_exhibit(replace(TELEGRAM, posts=(said,), asks=(), when=""), Console(file=out, width=60))
    (line,) = (line for line in out.getvalue().splitlines() if "/sub" in line)
    assert line.endswith("/sub diffusion │")


def test_a_paper_cannot_steer_the_terminal() -> None:
    assert "\x1b" not in printed({"text": "a\x1b[2Jb\x07\x9bc"})
