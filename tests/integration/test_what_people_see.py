"""Messages of real digests in chats of every kind: each planned paper appears once, its title linked, within limits.

The fakes check limits and markup as the platforms do, and refuse messages that break them; a refused message would be
sent in its plain form, which has no links.
"""

import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot.app import App, build_app
from bot.digests import read_digest
from bot.settings import Settings, SlackSettings, SlackWorkspace, SourceSettings, TelegramSettings
from bot.sources.ingest import store_digest
from subscriptions.model import Announce, ChatAddress, ChatKind
from subscriptions.service.amendments import set_settings
from subscriptions.service.requests import SubscriptionRequest, subscribe
from tests.fakes.journal import Entry
from tests.fakes.markup import parse_html
from tests.fakes.slack import FakeSlack
from tests.fakes.telegram import FakeTelegram
from tests.make import FakeClock, address, ingested, paper

ALL = "a OR the OR of OR in OR we OR for OR and OR to OR is OR 的"  # what every abstract holds
CHATS: dict[str, tuple[ChatKind, dict[str, str]]] = {
    "telegram:1": (ChatKind.PRIVATE, {"limit": "all"}),
    "telegram:2": (ChatKind.PRIVATE, {"lang": "zh", "text": "abstract", "limit": "all"}),
    "telegram:-3": (ChatKind.GROUP, {"limit": "all"}),
    "telegram:-3/7": (ChatKind.GROUP, {"text": "titles", "limit": "all"}),
    "telegram:-4": (ChatKind.BROADCAST, {}),
    "telegram:-5": (ChatKind.BROADCAST, {"shape": "each", "lang": "zh"}),
    "slack:C1": (ChatKind.TEAM, {"limit": "all"}),
    "slack:C2": (ChatKind.TEAM, {"shape": "digest", "lang": "zh", "limit": "all"}),
    "slack:C3": (ChatKind.TEAM, {"shape": "each", "limit": "all"}),
    "slack:D4": (ChatKind.PRIVATE, {"limit": "all"}),
}
OLD = {Announce.REPLACE, Announce.REPLACE_CROSS}  # known, and not announced again
PART = re.compile(r"(?<!\d)(\d+)/(\d+)(?!\d)")


class BotOnBothPlatforms:
    """A bot on both platforms, with chats of every kind."""

    def __init__(self, app: App, telegram: FakeTelegram, slack: FakeSlack) -> None:
        self.app = app
        self.telegram = telegram
        self.slack = slack

    def chat(
        self,
        name: str,
        query: str,
        *,
        kind: ChatKind | None = None,
        sets: Mapping[str, str] | None = None,
        schedule: Mapping[str, str] | None = None,
    ) -> ChatAddress:
        """Adds a chat that subscribes; `schedule` says when."""
        at, now = address(name), self.app.clock.now()
        if at.platform == "slack":
            self.slack.knows(at.address)
        else:
            self.telegram.knows(at.address, topics=(7,))
        given = {"every": "now", "since": "1d", **(schedule or {})}
        subscribe(self.app.store, at, SubscriptionRequest(text=query, **given), now=now, kind=kind)
        for setting, value in (sets or {}).items():
            set_settings(self.app.store, at, {setting: value}, now=now)
        return at

    def posts(self, at: ChatAddress) -> list[Entry]:
        fake = self.telegram if at.platform == "telegram" else self.slack
        return fake.posted_to(at.address, at.topic if at.platform == "telegram" else None)

    async def only_message(self, at: ChatAddress) -> list[str]:
        """Delivers, and returns the lines of the only message of a chat."""
        await self.app.sender.deliver()
        (post,) = self.posts(at)
        return post.text.splitlines()


@pytest.fixture
async def running(tmp_path: Path, clock: FakeClock) -> AsyncIterator[BotOnBothPlatforms]:
    with ExitStack() as stack:
        telegram, slack = stack.enter_context(FakeTelegram()), stack.enter_context(FakeSlack())
        settings = Settings(
            database_url=SecretStr(f"sqlite:///{tmp_path}/paperwire.db"),
            telegram=TelegramSettings(token=SecretStr(telegram.token), api_url=telegram.url),
            slack=SlackSettings(workspaces=(SlackWorkspace(bot_token=SecretStr(slack.token)),), api_url=slack.url),
            sources=(SourceSettings(name="Daily", title="daily arXiv", home="https://example.org/"),),
        )
        app = build_app(settings, clock=clock)
        app.open()
        yield BotOnBothPlatforms(app, telegram, slack)
        await app.close()


def links(post: Entry) -> Iterator[tuple[str, str]]:
    """(address, title) of every link in a message, as its platform reads it."""
    if "parse_mode" in post.payload:
        read = parse_html(post.payload["text"])
        raw = read.text.encode("utf-16-le")
        for entity in read.entities:
            if "url" in entity["type"]:
                start, end = entity["offset"], entity["offset"] + entity["length"]
                yield entity["type"]["url"], raw[2 * start : 2 * end].decode("utf-16-le")
    else:
        yield from re.findall(r"<(https?://[^|>]+)\|([^>]*)>", str(post.payload.get("blocks", "")))


def first_line(post: Entry) -> str:
    block: dict[str, Any] = next(iter(post.payload.get("blocks", [])), {})
    if not block:
        return post.text.splitlines()[0]
    text = block["elements"][0] if "elements" in block else block["text"]
    return str(text["text"])


@pytest.mark.parametrize(
    "digest",
    [
        "seeds/daily_arxiv.md",
        "seeds/bilingual_three_line.txt",
        "corpus/daily_md/xm_2025-06-09_d7e8aae.md",
        "corpus/daily_md/dw_2026-05-06.md",
        "corpus/daily_md/nv_2026-02-07_vietnamese_excerpt.md",
        "corpus/arxiv_feed/td_e856935_atom.xml",
    ],
)
async def test_every_chat_is_shown_every_paper_of_a_real_digest_once(
    running: BotOnBothPlatforms, shared: Path, digest: str
) -> None:
    chats = [running.chat(name, ALL, kind=kind, sets=sets) for name, (kind, sets) in CHATS.items()]
    taken = read_digest((shared / digest).read_bytes(), Path(digest).name)
    await store_digest(running.app.context, taken, source="daily", announce=True)  # also with an old day
    new = {entry.arxiv_id: entry.title for entry in taken.entries if entry.announce_type not in OLD}
    titles = {f"https://arxiv.org/abs/{arxiv_id}": title for arxiv_id, title in new.items()}
    sent = await running.app.sender.deliver()
    assert (sent.planned, sent.sent, sent.waiting, sent.dead) == (len(chats), len(chats), 0, 0)
    for chat in chats:
        posts = running.posts(chat)
        found = [(url, label) for post in posts for url, label in links(post) if url in titles]
        assert sorted(url for url, _ in found) == sorted(titles), chat
        assert [label for url, label in found if not stands_for(label, titles[url])] == []
        if len(posts) > 1:
            parts = [PART.search(first_line(post)) for post in posts]
            numbered = (
                posts[1:] if posts[1].thread and chat.platform == "slack" else posts
            )  # those of a thread, without its root
            count = len(numbered) if len(numbered) > 1 else 0
            wanted = [(str(number), str(count)) for number in range(1, count + 1)]
            assert [part.groups() for part in parts if part] == wanted
            assert bool(parts[0]) is (numbered is posts)


def stands_for(label: str, title: str) -> bool:
    """Returns whether a link's text is this title: whole, or cut at a word in a long list; without one, a quotation."""
    if not title:
        return label.startswith("“")
    if re.search(r"[\\$^]|--", title):
        return bool(label.strip())
    return label == title or (label.endswith("…") and title.startswith(label.removesuffix("…")))


async def test_a_source_with_a_title_is_named_with_its_home(running: BotOnBothPlatforms) -> None:
    private, team = running.chat("telegram:1", "graph"), running.chat("slack:C1", "graph")
    silent = running.chat("telegram:2", "forest")
    ingested(running.app.store, *(paper(f"A graph {number}") for number in range(6)), source="daily")
    ingested(running.app.store, paper("A forest"), source="another")
    await running.app.sender.deliver()
    (post,) = running.posts(private)
    assert post.text.splitlines()[-1] == "from daily arXiv"
    assert ("https://example.org/", "daily arXiv") in list(links(post))
    assert ("https://example.org/", "daily arXiv") in list(links(running.posts(team)[-1]))
    assert "from" not in running.posts(silent)[0].text


async def test_what_lies_beyond_a_limit_is_counted_and_not_shown(running: BotOnBothPlatforms) -> None:
    private = running.chat("telegram:1", "graph", sets={"limit": "5"})
    ingested(running.app.store, *(paper(f"A graph {number}") for number in range(9)))
    sent = await running.app.sender.deliver()
    assert (sent.planned, sent.sent, sent.papers) == (1, 1, 5)
    (post,) = running.posts(private)
    assert "and 4 more" in post.text
    keyboard = json.loads(post.payload["reply_markup"])["inline_keyboard"]
    assert keyboard[-1][0]["text"] == "show 4 more"
    assert len(keyboard[-1][0]["callback_data"].encode()) <= 64
