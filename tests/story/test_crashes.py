"""Crashes: the program runs as a process, and is killed at moments that the fake platform or the outbox shows.

The fake platform runs in its own process, and the checks read only its journal. No paper is ever lost, and each lane
keeps its order. A message may come twice if the platform cannot look it up, but at most one message for each kill.
"""

import re
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from subprocess import TimeoutExpired
from typing import Any

import pytest

from tests.clock import NOON
from tests.fakes.process import Remote, running
from tests.fakes.slack import TOKEN as SLACK_TOKEN
from tests.fakes.telegram import TOKEN as TELEGRAM_TOKEN
from tests.papers import paper
from tests.product import Process, Product

PAPERS = 39  # several messages in each delivery
CHATS = {"telegram": ("1", "2"), "slack": ("C1", "C2")}
LINK = re.compile(r"arxiv\.org/abs/([\d.]+)")


class Story:
    """Two chats that must get the same papers, and `paperwire deliver`, which runs as often as a test needs."""

    def __init__(self, folder: Path, platform: str, fake: Remote) -> None:
        self.platform, self.fake = platform, fake
        self.product = Product(folder)
        if platform == "telegram":
            self.product.sets(TELEGRAM_TOKEN=TELEGRAM_TOKEN, TELEGRAM_API_URL=fake.url)
        else:
            self.product.sets(SLACK_BOT_TOKEN=SLACK_TOKEN, SLACK_API_URL=fake.url)
        self._calls = 0

    def begins(self) -> None:
        """Papers come that both chats wait for."""
        for chat in CHATS[self.platform]:
            self.fake.call("knows", chat)
            where = f"{self.platform}:{chat}"
            assert self.product.runs("subscribe", "graph", "--as", where, "--when", "now").status == 0
            for setting in ("limit all", "quiet off"):
                assert self.product.tells("say", f"/set {setting}", "--as", where)["ok"]
        self.product.clock.advance(timedelta(minutes=30))
        self.product.brings(
            *(paper(f"A graph of kind {n}", arxiv_id=f"2601.{n:05d}", abstract="Text. " * 60) for n in range(PAPERS))
        )

    def starts(self) -> Process:
        now = NOON + timedelta(hours=1, minutes=self._calls)
        self._calls += 1
        return self.product.starts("deliver", "--now", now.isoformat(), "--json")

    def finishes(self) -> None:
        """Delivers all that is left."""
        assert self.starts().ends() == 0

    def delivered(self) -> dict[str, list[str]]:
        """Returns chat → the papers that it got, in the order in which the platform accepted them."""
        found: dict[str, list[str]] = {}
        for entry in self.fake.journal:
            if entry.kind == "post":
                links = dict.fromkeys(LINK.findall(str(entry.payload)))
                found.setdefault(entry.chat, []).extend(links)
        return found

    def is_whole(self, *, kills: int) -> None:
        """Checks that each chat got all papers in the same order, with at most one repeated message a kill (none on Slack)."""
        everything = {f"2601.{n:05d}" for n in range(PAPERS)}
        in_flight = kills if self.platform == "telegram" else 0
        messages = Counter((entry.chat, entry.text) for entry in self.fake.journal if entry.kind == "post")
        assert sum(times - 1 for times in messages.values()) <= in_flight * len(CHATS[self.platform])
        orders = set()
        for chat in CHATS[self.platform]:
            shown = self.delivered()[chat]
            assert set(shown) == everything
            orders.add(tuple(dict.fromkeys(shown)))
        assert len(orders) == 1


@pytest.fixture(scope="module", params=["telegram", "slack"])
def begun(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, bytes]:
    """A platform, and a database in which papers have come that two of its chats wait for."""
    folder = tmp_path_factory.mktemp("begun")
    with running(request.param, journal=folder / "journal") as fake:
        Story(folder, request.param, fake).begins()
    return request.param, (folder / "paperwire.db").read_bytes()


@pytest.fixture
def story(begun: tuple[str, bytes], tmp_path: Path) -> Iterator[Story]:
    platform, database = begun
    with running(platform, journal=tmp_path / "journal") as fake:
        found = Story(tmp_path, platform, fake)
        found.product.writes("paperwire.db", database)
        for chat in CHATS[platform]:
            fake.call("knows", chat)
        yield found


on_telegram = pytest.mark.parametrize("begun", ["telegram"], indirect=True)


@on_telegram
def test_without_a_crash_every_paper_comes_once(story: Story) -> None:
    story.finishes()
    story.finishes()
    story.is_whole(kills=0)


@pytest.mark.parametrize(
    ("begun", "moment", "n"),
    [
        ("telegram", "hang before", 3),
        ("telegram", "hang after", 0),
        ("slack", "hang after", 0),
    ],
    indirect=["begun"],
)
def test_killed_while_the_platform_has_the_nth_message_in_hand(story: Story, moment: str, n: int) -> None:
    story.fake.call("answers", moment, 1, after=n)
    process = story.starts()
    story.fake.call("waits_hanging")
    process.kill()
    story.fake.call("releases", drop=True)
    story.finishes()
    story.is_whole(kills=1)


def is_planned(outbox: list[Any]) -> bool:
    return bool(outbox)


def is_sending(outbox: list[Any]) -> bool:
    return any(entry["state"] == "sending" for entry in outbox)


def is_sent(outbox: list[Any]) -> bool:
    return any(entry["state"] == "sent" for entry in outbox)


@pytest.mark.parametrize(
    ("begun", "step"),
    [
        ("telegram", is_planned),
        ("telegram", is_sending),
        ("telegram", is_sent),
        ("slack", is_sending),
    ],
    indirect=["begun"],
)
def test_killed_as_soon_as_a_step_is_in_the_outbox(story: Story, step: Callable[[list[Any]], bool]) -> None:
    process = story.starts()
    while process.popen.poll() is None and not step(story.product.outbox()):
        with suppress(TimeoutExpired):
            process.popen.wait(0.001)  # without a wait, this loop would slow the program down
    process.kill()
    story.finishes()
    story.is_whole(kills=1)


def test_killed_again_and_again(story: Story) -> None:
    for n in range(3):
        story.fake.call("answers", ("hang before", "hang after")[n % 2], 1)
        process = story.starts()
        story.fake.call("waits_hanging")
        process.kill()
        story.fake.call("releases", drop=True)
    story.finishes()
    story.is_whole(kills=3)


@on_telegram
def test_asked_twice_it_ends_at_once_and_loses_nothing(story: Story) -> None:
    story.fake.call("answers", "hang after", 1)
    process = story.starts()
    story.fake.call("waits_hanging")
    while process.popen.poll() is None:  # the platform does not answer, so only the second signal can end the program
        process.signals(signal.SIGTERM)
        with suppress(TimeoutExpired):
            process.popen.wait(0.01)
    assert process.ends() == 1
    story.fake.call("releases", drop=True)
    story.finishes()
    story.is_whole(kills=1)


@on_telegram
def test_asked_to_stop_it_finishes_what_is_on_its_way_and_doubles_nothing(story: Story) -> None:
    story.fake.call("answers", "hang after", 1)
    process = story.starts()
    story.fake.call("waits_hanging")
    process.signals(signal.SIGTERM)
    story.fake.call("releases")
    assert process.ends() == 0
    story.finishes()
    story.is_whole(kills=0)
