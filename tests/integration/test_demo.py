"""`paperwire demo` and its gallery. The expected papers of each chat were listed by hand, from bot/samples."""

import asyncio
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from rich.console import Console

from bot import demo
from bot.demo import run_demo
from bot.demo.story import Story, run_story
from bot.errors import WrongUsage
from bot.rendering.language import Language
from tests.fakes.process import ROOT
from tests.html_page import HtmlPage
from tests.patience import PATIENCE

# the beginnings of the papers' titles. "ComputerRL" is missing: the feed has it as a replacement, which no chat gets
VIGA, PHYS, UNIX, OMNI, MULL = "Vision-as-Inverse", "PhysRVG", "UniX", "OmniView", "Mull-Tokens"
SKETCH, PERCEPTION, ONE_STOP = "VideoSketcher", "Video Perception Models", "Your One-Stop Solution"
MEMORY, REASONERS, QUBITS = "Memorization In Stable", "Large Language Models are Universal", "Practical insights"
LENS, MINT, FILES, CELLS, WEB = "FocalLens", "AlcheMinT", "Filesystem-Based", "Benchmarking LLM-based", "WebChallenger"
SOCIETIES, TREES, CLINICAL, ARABIC = (
    "Reasoning Models Generate",
    "Reasoning in Trees",
    "Safety and accuracy",
    "Automated Scoring",
)
SHARPENING, PROVER, PACMAN, FLOW = "When Sharpening", "PhysProver", "PAC-MAN", "Test-Time Gradient"
GUIDE, WRITING, FISSION = "Natural Language Processing", "Reward Modeling", "Robust Tool Use"
MIRAGE, AUQ, SQL, CAUSES = "MiRAGE", "Agentic Uncertainty", "AgentSM", "On Decision-Making"

RECEIVED = {
    "researcher": {UNIX, MEMORY, SKETCH, REASONERS, OMNI, MULL, LENS, FILES, CELLS, WEB, FISSION},
    "reader": {ONE_STOP, MINT, PERCEPTION, SKETCH, PHYS, PROVER, SOCIETIES, FLOW, SHARPENING, FISSION, PACMAN},
    "lab": {QUBITS, MEMORY, PERCEPTION, SKETCH, ONE_STOP, REASONERS, UNIX, PHYS, VIGA, MULL, OMNI},
    "reading-group": {SOCIETIES, TREES, ARABIC, CLINICAL, PHYS, FLOW, GUIDE, PROVER, SHARPENING, WRITING, PACMAN},
    "terminal": {CAUSES, SQL, AUQ, CELLS, MIRAGE, FISSION, VIGA, WEB, FILES},
}
EVERY_TITLE = set().union(*RECEIVED.values())
MESSAGES = {"researcher": 1, "reader": 1, "lab": 1, "reading-group": 2, "terminal": 3}
AT = {"researcher": "08:00", "reader": "18:00", "lab": "09:00", "reading-group": "09:00", "terminal": "05:00"}


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    return asyncio.run(run_story(tmp_path_factory.mktemp("demo") / "demo.db"))


def read(story: Story, anchor: str) -> list[str]:
    """Returns the texts of all messages of a chat. A reply follows the message that it answers."""
    exhibit = next(exhibit for exhibit in demo.exhibits(story, Language("en", "UTC")) if exhibit.anchor == anchor)
    messages = [each for message in demo.shown_messages(exhibit) for each in (message, *message.replies)]
    return ["\n".join(paragraph.text for paragraph in message.display.paragraphs) for message in messages]


@pytest.mark.parametrize("anchor", RECEIVED)
def test_a_chat_receives_what_it_asked_for_and_each_paper_once(story: Story, anchor: str) -> None:
    exhibit = next(exhibit for exhibit in demo.exhibits(story, Language("en", "UTC")) if exhibit.anchor == anchor)
    texts = read(story, anchor)
    brought = texts[1:] if anchor == "reading-group" else texts  # the first message only announces the thread
    shown = Counter(title for text in brought for title in EVERY_TITLE if title in text)
    assert dict(shown) == dict.fromkeys(RECEIVED[anchor], 1)
    assert len(texts) == MESSAGES[anchor]
    assert demo.shown_messages(exhibit)[0].time == AT[anchor]


def test_the_story_is_that_of_the_samples(story: Story) -> None:
    assert (story.papers, story.digests, story.messages, story.undelivered) == (73, 4, 8, 0)
    # the bilingual list translates 38 papers of the other lists; one paper of the feed is also in the daily list
    assert story.repeated == 39
    root, _ = read(story, "reading-group")
    assert {title for title in EVERY_TITLE if title in root} == {SOCIETIES, TREES}
    assert "and 9 more in the thread" in root
    (text,) = read(story, "reader")
    assert text.count("AI: ") == 8  # the other three have a translation of their abstract
    assert "用强化学习让视频生成模型遵守刚体运动的物理规律。" in text


@pytest.mark.parametrize(
    ("language", "rule"),
    [("en", "video models -Reinforcement"), ("zh", "视频生成 -Reinforcement")],
)
def test_the_conversation_goes_through_the_real_commands(story: Story, language: str, rule: str) -> None:
    (exhibit,) = (one for one in demo.exhibits(story, Language(language, "UTC")) if one.anchor == "conversation")
    said, echo, link, card, ruled = demo.shown_messages(exhibit)
    assert [message.mine for message in (said, echo, link, card, ruled)] == [True, False, True, False, False]
    assert said.display.paragraphs[0].html.count("<kbd>/sub</kbd>") == 1
    assert "Video Perception Models" in echo.display.paragraphs[0].text
    assert len([key for row in card.display.keys for key in row if key.data in exhibit.pressed]) == 1
    assert ruled.edited
    assert any(rule in paragraph.text for paragraph in ruled.display.paragraphs)


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
        | {"PYTHONPATH": str(ROOT)},
    )
    assert (done.returncode, done.stderr) == (0, "")
    *shown_above, blank, colours, words, connect = done.stdout.splitlines()
    assert blank == ""
    assert re.fullmatch(rf"Look at the gallery: +{re.escape(str(out / 'index.html'))}", colours)
    assert re.fullmatch(r"Try your own words: +\S.* match 'diffusion -survey' \S+daily_arxiv\.md", words)
    assert re.fullmatch(r"Connect a chat: +PAPERWIRE_TELEGRAM_TOKEN=… \S.* run", connect)
    assert any(line.startswith("73 papers from 4 digests, 8 messages to 5 chats.") for line in shown_above)
    assert {path.name for path in out.iterdir()} == set(demo.PAGES.values())
    assert [path.name for path in tmp_path.iterdir()] == ["new"]
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
    page = HtmlPage((tmp_path / demo.PAGES[language]).read_text(encoding="utf-8"))
    assert page.complaints == []
    assert {link.rsplit("/", 1)[0] for link in page.links if link.startswith("http")} == {
        "https://arxiv.org/abs",
        "https://arxiv.org/pdf",
    }
    assert page.languages[0] == language
    assert whose in page.text
    assert all((tmp_path / link).is_file() for link in page.links if link.endswith(".html"))
    assert all(title in page.text for title in EVERY_TITLE)
    assert len({link for link in page.links if "/abs/" in link}) == len(EVERY_TITLE)  # each title is a link


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(WrongUsage, match=r"The gallery cannot be written to .*taken.* paperwire demo --out DIR"):
        run_demo(tmp_path / "taken", Console(quiet=True))
