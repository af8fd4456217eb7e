"""Meaning in a conversation: papers that are near to a text in any language, and `about:` in subscriptions.

The encoder of these stories knows that some words of two languages mean the same.
"""

import asyncio
import json
import os
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest

from bot.digests import read_digest
from bot.embeddings import questions as dependencies
from bot.embeddings.process import ChildEncoder, is_installed
from bot.sources.ingest import store_digest
from subscriptions.errors import EmbeddingError, Sentence
from subscriptions.model import Paper
from tests import make
from tests.bot_harness import BotHarness
from tests.conversation import deliverer
from tests.fakes.meaning import FakeEncoder
from tests.patience import PATIENCE

SHARED = os.environ.get("PAPERWIRE_SHARED", "")
ENOUGH = 21  # of the questions of meaning.jsonl
SAME = {"蜜蜂": "honey bees swarm", "珊瑚": "coral reef fish", "abejas": "honey bees swarm"}
BEES = make.paper("Honey bees swarm", "q-bio.PE", arxiv_id="2601.80001", abstract="How honey bees find a new home.")
REEF = make.paper("Coral reef fish", "q-bio.PE", arxiv_id="2601.80002", abstract="Fish of a reef hide in coral.")
ROBOTS = make.paper("Robots carry", "cs.RO", arxiv_id="2601.80003", abstract="They carry boxes as bees do.")
OFF = EmbeddingError(Sentence("The encoder is broken."), Sentence(""))


def know(bot: BotHarness, *papers: Paper) -> FakeEncoder:
    """WriteQueue meaning on, and ingests papers with their codes."""
    bot.encoder = FakeEncoder(same=SAME)
    bot.brings(*(papers or (BEES, REEF, ROBOTS)), encoder=bot.encoder)
    bot.encoder.asked.clear()
    return bot.encoder


class TestSearch:
    async def test_a_question_in_another_language_finds_what_is_near(self, bot: BotHarness) -> None:
        encoder = know(bot)
        said = await bot.says("abejas")
        assert said.lines[:3] == ["No paper that I know has “abejas”.", "", "Near in meaning:"]
        assert said.lines[3] == "1 Honey bees swarm — Ada Example · q-bio.PE · closely related"
        assert said.buttons == ["1", "2", "subscribe", "daily at 8", "mondays at 9", "subscribe to the meaning"]
        assert encoder.asked == ["abejas"]
        await bot.presses("subscribe to the meaning")
        assert deliverer.texts(bot) == ["about:abejas"]
        assert encoder.asked == ["abejas"]
        await bot.says("有没有关于蜜蜂的论文？")  # a form, which is no part of what it asks for
        assert encoder.asked == ["abejas", "蜜蜂"]

    async def test_what_the_words_find_comes_first_and_nothing_comes_twice(self, bot: BotHarness) -> None:
        know(bot)
        said = await bot.says("/search fish in coral")
        assert deliverer.titles(said) == ["Coral reef fish"]
        assert "Near in meaning:" not in said.text
        said = await bot.says("home bees")
        assert deliverer.titles(said) == ["Honey bees swarm", "Robots carry"]
        assert said.lines.index("Near in meaning:") == said.lines.index("How honey bees find a new home.") + 2

    async def test_conditions_that_are_no_words_stay(self, bot: BotHarness) -> None:
        know(bot)
        assert deliverer.titles(await bot.says("abejas cat:cs.RO")) == ["Robots carry"]
        await bot.presses("subscribe to the meaning")
        assert deliverer.texts(bot) == ["about:abejas cat:cs.RO"]
        assert deliverer.titles(await bot.says("abejas -boxes")) == ["Honey bees swarm"]
        assert deliverer.titles(await bot.says("/search about:蜜蜂")) == ["Honey bees swarm", "Robots carry"]

    async def test_a_subscription_whose_words_find_nothing_may_take_the_meaning(self, bot: BotHarness) -> None:
        know(bot)
        said = await bot.says("/sub abejas daily 8")
        assert "2 papers are near in meaning." in said.lines
        done = await bot.presses("subscribe to the meaning")
        assert done.lines[0] == "✓ 1  about:abejas · daily 08:00 UTC"
        assert deliverer.texts(bot) == ["about:abejas"]

    async def test_a_slow_encoder_is_not_waited_for(self, bot: BotHarness, monkeypatch: pytest.MonkeyPatch) -> None:
        encoder, goes_on = know(bot), Event()
        encode = encoder.questions
        monkeypatch.setattr(encoder, "questions", lambda texts: goes_on.wait() and encode(texts))
        monkeypatch.setattr(dependencies, "EMBEDDING_TIMEOUT_SECONDS", 0.0)
        late = "What is near in meaning takes longer; ask again in a moment."
        said = await bot.says("abejas")
        assert "Near in meaning:" not in said.text
        assert late in said.lines
        goes_on.set()
        monkeypatch.setattr(dependencies, "EMBEDDING_TIMEOUT_SECONDS", 3.0)
        said = await bot.says("abejas")
        assert "Near in meaning:" in said.lines
        assert late not in said.lines


async def test_first_list_is_counted_while_it_is_read(bot: BotHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dependencies, "EMBEDDING_TIMEOUT_SECONDS", 0.0)  # the encoder is busy with papers
    bot.encoder = encoder = FakeEncoder()
    encode, is_busy, goes_on = encoder.papers, Event(), Event()

    def papers(some: Sequence[Paper]) -> list[bytes]:
        if len(encoder.asked) >= 16:
            is_busy.set()
            goes_on.wait(PATIENCE)
        return encode(some)

    monkeypatch.setattr(encoder, "papers", papers)
    digest = make.digest(*(make.paper(f"Kelp {at}", arxiv_id=f"2601.{at:05}", key=str(at)) for at in range(30)))
    assert (await bot.says("/today kelp")).lines[0] == "No papers are known yet."
    reading = asyncio.create_task(store_digest(bot.app, digest, source="daily"))
    await asyncio.to_thread(is_busy.wait, PATIENCE)
    said = "I am reading today's list (16 of 30)."
    assert (await bot.says("/today kelp")).lines[0] == said
    assert (await bot.says("kelp on rocks")).lines[0] == said
    assert said in (await bot.says("/sub kelp daily 8")).lines
    assert said in (await bot.says("2512.00009")).lines
    goes_on.set()
    await reading
    assert (await bot.says("/today kelp")).lines[0] == "30 papers of Thu 22 Jan"
    assert bot.store.being_read == {}


class TestSubscriptions:
    async def test_it_is_made_previewed_edited_and_exported(self, bot: BotHarness) -> None:
        know(bot)
        said = await bot.says('/sub about:"蜜蜂" -boxes now')
        assert said.lines[:2] == [
            "✓ 1  about:蜜蜂, not boxes · now",
            "It finds 1 paper in the last 7 days: Honey bees swarm (2601.80001)",
        ]
        assert (await bot.says("/list")).lines[1] == "1  about:蜜蜂, not boxes · now · 1 in 1 day"
        assert "Honey bees swarm" in (await bot.says("/preview 1")).text
        await bot.says("/edit 1 about:珊瑚")
        assert "Coral reef fish" in (await bot.says("/preview about:珊瑚")).text
        assert "about:珊瑚" in (await bot.says("/export")).text

    async def test_it_is_refused_where_meaning_fails(self, bot: BotHarness) -> None:
        encoder = know(bot)
        encoder.fails = OFF
        assert (await bot.says("abejas")).lines[0] == "No paper that I know has “abejas”.", "words still answer"
        said = await bot.says("/sub about:蜜蜂 now")
        assert said.lines == [
            "✗ I cannot tell now what is near to “蜜蜂”.",
            "Please try again in a minute, or write it in words.",
        ]
        assert deliverer.texts(bot) == []


class TestWhy:
    async def test_what_came_is_explained_by_its_nearness_and_its_words(self, bot: BotHarness) -> None:
        encoder = know(bot)
        await bot.says("/sub about:蜜蜂 boxes now")
        paper = make.paper("A bees swarm", arxiv_id="2601.80009", abstract="Swarm and boxes.")
        bot.brings(paper, encoder=encoder)
        sent = await deliverer.comes(bot)
        assert "A bees swarm" in sent.text
        said = await bot.says("/why 2601.80009")
        assert said.lines[1] == "In meaning closely related to “蜜蜂”."
        assert said.lines[-2:] == ["1  about:蜜蜂 boxes", "in the abstract: Swarm and boxes."]

    async def test_also_in_an_alternative(self, bot: BotHarness) -> None:
        know(bot)
        for query in ("about:蜜蜂 OR tides", "fish -(about:珊瑚 cat:q-bio.PE)"):
            await bot.says(f"/sub {query} now")
        assert (await bot.says("/whynot 2601.80002")).lines[2:] == [
            "1  about:蜜蜂 OR tides: lacks tides OR about:蜜蜂 (hardly related)",
            "2  fish -(about:珊瑚 cat:q-bio.PE): has (about:珊瑚 category:q-bio.PE) (closely related), which this excludes",
        ]


@pytest.mark.skipif(not SHARED or not is_installed(), reason="PAPERWIRE_SHARED names no folder with meaning.jsonl")
async def test_questions_in_other_languages_find_their_papers(bot: BotHarness) -> None:
    """With the real encoder, over a real digest: most have their paper among the first three of the answer."""
    asked = [json.loads(line) for line in (Path(SHARED) / "meaning.jsonl").read_text("utf-8").splitlines()]
    bot.encoder = ChildEncoder()
    with closing(bot.encoder):
        for name in {one["file"] for one in asked}:
            digest = read_digest((Path(SHARED) / name).read_bytes(), name)
            bot.brings(*digest.entries, encoder=bot.encoder)
        lost = []
        for one in asked:
            rows = [line.split(" ", 1) for line in (await bot.says(one["say"], is_local=True)).lines]
            titles = [row[1] for row in rows if row[0].isdigit()][: one["within"]]
            if not any(title.startswith(wanted) for title in titles for wanted in one["one_of"]):
                lost.append((one["say"], titles))
    assert len(lost) <= len(asked) - ENOUGH, lost
