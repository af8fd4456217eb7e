"""`paperwire demo` and its gallery. The expected papers of each chat were listed by hand, from bot/samples."""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bot import demo
from bot.demo.story import Story, run_story
from bot.rendering.dialects import without_markup
from subscriptions.language import Language
from tests.fakes.process import ROOT
from tests.html_page import HtmlPage, without_mails
from tests.patience import PATIENCE

# the beginnings of the titles that the chats of each language receive on Monday, at most two each
SKETCH, PERCEPTION, SHADOW = "VideoSketcher", "Video Perception Models", "ShadowDancer"
RECEIVED = {
    (language, anchor): {SKETCH, SHADOW if language == "en" and anchor != "conversation" else PERCEPTION}
    for language in ("en", "zh")
    for anchor in ("conversation", "team", "mail", "page")
}
EVERY_TITLE = {SKETCH, PERCEPTION, SHADOW, "AlcheMinT", "OmniView", "PhysRVG", "Your One-Stop Solution", "ComputerRL"}


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    return asyncio.run(run_story(tmp_path_factory.mktemp("demo") / "demo.db"))


def shown(story: Story, language: str, anchor: str) -> list[demo.ShownMessage]:
    """Returns what a chat shows."""
    found = demo.exhibits(story, Language(language, "UTC"))
    chat, posts = next((chat, posts) for chat, posts in found if chat.anchor == anchor)
    return [*demo.shown_messages(chat, posts)]


def text_of(message: demo.ShownMessage) -> str:
    return "\n".join(without_markup(block.html) for block in message.display.blocks)


@pytest.mark.parametrize(("language", "anchor"), RECEIVED)
def test_monday_brings_what_was_asked_for(story: Story, language: str, anchor: str) -> None:
    (digest,) = (one for one in shown(story, language, anchor) if f"{one.at:%H:%M}" == "08:00")
    assert {title for title in EVERY_TITLE if title in text_of(digest)} == RECEIVED[language, anchor]
    if anchor in ("mail", "page"):
        assert {title for title in EVERY_TITLE if title in re.sub("<[^>]*>", "", digest.display.whole)} == RECEIVED[
            language, anchor
        ]


@pytest.mark.parametrize(
    ("language", "said", "rule", "until"),
    [
        ("en", "video models every monday at 8", 'video models -"reinforcement learning"', "until Mon 9 Feb"),
        ("zh", "视频生成 每周一8点", "视频生成，不含 强化学习", "到 2月9日"),
    ],
)
def test_the_week_goes_through_the_real_commands(story: Story, language: str, said: str, rule: str, until: str) -> None:
    week = shown(story, language, "conversation")
    assert [text_of(one) for one in week if one.mine][:1] == [said]
    found, subscribed, digest, corrected, paused = (text_of(one) for one in week if not one.mine)
    assert "AlcheMinT" in found
    assert subscribed.startswith("✓ 1")
    assert "AlcheMinT" not in digest  # it was in the answer from which the subscription was made
    assert corrected.startswith("✓ 1")
    assert rule in corrected
    assert until in paused


def test_the_demo_runs_by_itself_and_is_the_same_each_time(story: Story, tmp_path: Path) -> None:
    out = tmp_path / "new" / "gallery"
    done = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", _WITHOUT_NETWORK, "demo", "--out", str(out)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if not name.startswith("PAPERWIRE_")}
        | {"PYTHONPATH": str(ROOT), "PAPERWIRE_DATABASE_URL": f"sqlite:///{tmp_path}/paperwire.db"},
    )
    assert (done.returncode, done.stderr) == (0, "")
    *shown_above, blank, colours, words, connect = done.stdout.splitlines()
    assert blank == ""
    assert re.fullmatch(rf"Look at the gallery: +{re.escape(str(out / 'index.html'))}", colours)
    assert re.fullmatch(r"Try your own words: +\S.* match 'diffusion -survey' \S+daily_arxiv\.md", words)
    assert re.fullmatch(r"Connect a chat: +PAPERWIRE_TELEGRAM_TOKEN=… \S.* run", connect)
    assert any(line.startswith("73 papers came from 4 digests.") for line in shown_above)
    assert {path.name for path in out.iterdir()} == set(demo.PAGES.values())
    assert [path.name for path in tmp_path.iterdir()] == ["new"], "it makes no database"
    demo.write_gallery(story, tmp_path / "again")
    for name in demo.PAGES.values():
        assert (out / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


_WITHOUT_NETWORK = """
import socket, sys
def refused(*_):
    raise AssertionError("the demo reached for the network")
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refused
from bot.__main__ import main
sys.argv[0] = "paperwire"
main()
"""


@pytest.mark.parametrize(
    ("language", "whose"), [("en", "summaries were written for this demonstration"), ("zh", "总结是为本演示撰写的")]
)
def test_the_gallery_is_a_whole_page_that_loads_nothing(
    story: Story, tmp_path: Path, language: str, whose: str
) -> None:
    demo.write_gallery(story, tmp_path)
    written = (tmp_path / demo.PAGES[language]).read_text(encoding="utf-8")
    page = HtmlPage(written)
    assert HtmlPage(without_mails(written)).complaints == []
    assert {link.rsplit("/", 1)[0] for link in page.links if link.startswith("http")} == {
        "https://arxiv.org/abs",
        "https://arxiv.org/pdf",
    }
    assert page.languages[0] == language
    assert whose in page.text
    assert all((tmp_path / link).is_file() for link in page.links if link.endswith(".html"))
    titles = set().union(*(titles for (code, _), titles in RECEIVED.items() if code == language))
    assert all(title in page.text for title in titles)
    assert len({link for link in page.links if "/abs/" in link}) >= len(titles)  # each title is a link
    assert not re.search(r"press:|<script|<form", written)
