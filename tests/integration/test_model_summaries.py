"""Summaries by a language model: for which papers they are asked for, what of an answer is stored, and what a day may cost."""

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from zlib import crc32

import pytest
from aiohttp import web
from pydantic import SecretStr

from bot.llm.summaries import summarizer_of
from bot.settings import Settings
from subscriptions.database.store import Store
from subscriptions.model import Announce, ModelSummary, Paper
from subscriptions.papers.stored import llm_requests as model_requests
from subscriptions.subscribing.subscribe import set_settings
from tests import make
from tests.clock import NOON, FakeClock
from tests.fakes.chat_model import MODEL, FakeChatModel, summary_of
from tests.make import address, stored_papers, summary

ABSTRACT = (
    "We follow {subject} for one summer with small radio tags, in forty places of three countries. They move further than "
    "maps of their habitats say, and return when the water becomes colder. The tags and all tracks are free to use."
)


def paper(subject: str, *categories: str, **values: Any) -> Paper:
    known = {"arxiv_id": f"2601.{crc32(subject.encode()) % 10**5:05}", "abstract": ABSTRACT.format(subject=subject)}
    return make.paper(f"On {subject}", *categories, **{**known, **values})


@dataclass
class Worker:
    """A process with a language model."""

    store: Store
    server: FakeChatModel
    clock: FakeClock = field(default_factory=lambda: FakeClock(NOON))
    daily: int = 100

    def summarises(self) -> None:
        """Does all that can be done now."""
        settings = Settings(
            database_url=SecretStr("sqlite:///x"),
            model_url=self.server.url,
            model_name=MODEL,
            model_key=SecretStr("sesame"),
            model_daily=self.daily,
        )

        async def work() -> None:
            summaries = summarizer_of(settings, self.store, self.clock)
            await summaries.run()
            await summaries.close()

        asyncio.run(work())

    def chat(self, name: str, query: str, **settings: str) -> None:
        make.subscribes(self.store, name, query, when="now", now=self.clock.now())
        self.store.write_now(set_settings, address(name), settings, now=self.clock.now())

    def reads(self, *papers: Paper) -> None:
        make.ingested(self.store, *papers, now=self.clock.now())

    def wants_eels(self, **settings: str) -> None:
        """A chat subscribes to eels, a paper on eels comes, and the model is asked for its summary."""
        self.chat("telegram:1", "eels", **settings)
        self.reads(paper("eels"))
        self.summarises()

    @property
    def made(self) -> dict[str, dict[str, ModelSummary]]:
        """Maps titles to languages to what the model made."""
        with self.store.reading() as transaction:
            found = stored_papers(transaction)
        return {one.paper.title: {made.language: made for made in one.paper.by_model} for one in found}

    @property
    def day(self) -> model_requests.ModelDay:
        return self.store.read_now(model_requests.today, now=self.clock.now())


@pytest.fixture
def server() -> Iterator[FakeChatModel]:
    with FakeChatModel(say=summary_of) as server:
        yield server


@pytest.fixture
def worker(store: Store, server: FakeChatModel) -> Worker:
    return Worker(store, server)


# for which papers


@pytest.mark.both_databases
def test_papers_that_subscriptions_match_are_summarised_once_in_the_languages_of_their_chats(worker: Worker) -> None:
    worker.chat("telegram:1", "eels", lang="en")
    worker.chat("telegram:2", "eels OR crabs", lang="zh")
    worker.chat("telegram:3", "eels", lang="zh")
    worker.reads(paper("eels"), paper("crabs"), paper("whales"))
    worker.summarises()
    assert {title: [*made] for title, made in worker.made.items() if made} == {
        "On crabs": ["zh"],
        "On eels": ["en", "zh"],
    }
    english, chinese = worker.made["On eels"]["en"], worker.made["On eels"]["zh"]
    assert list(english.fields) == ["tldr", "motivation", "method", "result"]
    assert english.fields["tldr"] == "Radio tags show that eels move further than maps say."
    assert (english.title, english.model, english.made_at) == ("", MODEL, NOON)
    assert chinese.fields["tldr"] == "无线电标签显示，eels 移动得比地图上更远。"
    assert chinese.title == "eels的中文标题"
    worker.reads(paper("eels"), paper("crabs", "cs.LG"))
    worker.summarises()
    assert len(worker.server.asked) == worker.day.requests == worker.day.summaries == 3


@pytest.mark.parametrize(
    ("settings", "changed", "asked"),
    [
        ({}, {}, True),
        ({"text": "titles"}, {}, False),
        ({}, {"abstract": "A short one."}, False),
        ({}, {"summaries": summary("A summary.", "en")}, False),
        ({}, {"summaries": summary("Summary generation failed", "en")}, True),
        ({"lang": "zh", "text": "both"}, {"summaries": summary("一个总结。", "zh")}, True),  # a title is missing
        (
            {"lang": "zh", "text": "both"},
            {"summaries": summary("一个总结。", "zh"), "translations": make.translation(title="鳗鱼")},
            False,
        ),
        ({"crosslists": "out"}, {"announce_type": Announce.CROSS}, False),
    ],
)
def test_a_summary_is_asked_for_if_a_chat_shows_it_and_the_paper_lacks_it(
    worker: Worker, settings: dict[str, str], changed: dict[str, Any], asked: bool
) -> None:
    worker.chat("telegram:1", "eels", **settings)
    worker.reads(paper("eels", **changed))
    worker.summarises()
    assert len(worker.server.asked) == int(asked)


# what of an answer is stored


def answers(**members: object) -> Callable[[str, str], str]:
    """Returns what a model says whose answers have these members."""
    return lambda system, text: json.dumps({**json.loads(summary_of(system, text)), **members})


@pytest.mark.parametrize(
    ("members", "tldr"),
    [
        ({"tldr": "Eels move further than maps say. See https://evil.example/x now!"}, "Eels move further than maps say."),
        ({"tldr": "Eels move far, by recall@10 and p < 0.05, e.g. in the i.i.d. case and/or in 3.5 km."}, None),
        ({"tldr": "Ask @spammer for the tags. Eels move further than maps say."}, "Eels move further than maps say."),
        *(({"tldr": f"See {named} for more. Eels move further than maps say."}, "Eels move further than maps say.") for named in (
            "EVIL.COM", "T.ME/X", "/START", "пример.рф", "evil．com", "evil.\u200bcom", "𝐞𝐯𝐢𝐥.𝐜𝐨𝐦", "1.2.3.4", "mailto:x", "<!channel>", "(/start)",
            "nic.भारत", "evilx\u0301.com", "@\u034fadmin",
        )),
        ({"tldr": "Look at evil.com. Eels move further than maps say."}, "Eels move further than maps say."),
        ({"tldr": "Version 1.21 of eels melts at Tg: 105 °C, vs. 15 (10-20) in U.S. trials."}, None),
        ({"tldr": "[Eels](tg://user?id=1) move."}, ""),
        ({"tldr": "I'm sorry, but I cannot help with that."}, ""),
        ({"tldr": "这些鳗鱼移动得比地图上更远。", "motivation": "", "method": "", "result": ""}, ""),
        ({"tldr": "Eels move. " * 900}, "Eels move. " * 44 + "Eels move."),
    ],
)  # fmt: skip
def test_only_text_in_the_language_of_the_chat_is_a_summary(
    worker: Worker, members: dict[str, object], tldr: str
) -> None:
    worker.server.say = answers(**members)
    worker.wants_eels()
    made = worker.made["On eels"].get("en")
    assert (made.fields["tldr"] if made else "") == (members["tldr"] if tldr is None else tldr)
    worker.summarises()
    assert len(worker.server.asked) == 1


@pytest.mark.parametrize(
    ("members", "title"),
    [
        ({"title": "On eels"}, ""),
        ({"title": "鳗鱼" * 900}, "鳗鱼" * 124 + "鳗…"),
    ],
)
def test_a_title_is_translated_beside_the_summary(worker: Worker, members: dict[str, object], title: str) -> None:
    worker.server.say = answers(**members)
    worker.wants_eels(lang="zh", text="both")
    assert worker.made["On eels"]["zh"].title == title


# when the model is asked


@pytest.mark.both_databases
def test_a_day_has_so_many_requests_and_what_most_chats_want_comes_first(worker: Worker) -> None:
    worker.daily = 2
    worker.chat("telegram:1", "radio")
    worker.chat("telegram:2", "crabs")
    worker.reads(*map(paper, ("crabs", "eels", "gulls")))
    worker.summarises()
    worker.summarises()
    assert len(worker.server.asked) == worker.day.requests == 2
    assert worker.made["On crabs"]
    worker.clock.advance(timedelta(hours=14))
    worker.summarises()
    assert (len(worker.server.asked), worker.day.requests) == (3, 1)


@pytest.mark.parametrize(
    ("fault", "requests", "later"),
    [
        ("429", 0, "made"),
        ("500", 1, ""),  # the paper may be the reason, and others must not wait for it
        ("nonsense", 1, ""),
    ],
)
def test_a_model_that_is_down_gets_a_rest_and_what_it_did_not_read_is_asked_again(
    worker: Worker, fault: Any, requests: int, later: str, caplog: pytest.LogCaptureFixture
) -> None:
    worker.chat("telegram:1", "eels")
    worker.reads(paper("eels"))
    worker.server.always = fault
    worker.summarises()
    assert (len(worker.server.asked), worker.day.requests, worker.made["On eels"]) == (1, requests, {})
    assert worker.day.fails_since == NOON
    assert "Papers wait for their summaries" in caplog.text
    worker.server.always = None
    worker.summarises()
    assert bool(worker.made["On eels"]) == bool(later)


@pytest.mark.parametrize(
    "fault", ["4 MB", web.Response(status=400), lambda answer: {**answer, "choices": [{"message": {}}]}]
)
def test_one_refused_paper_is_the_failure_of_this_paper_and_many_are_the_models(worker: Worker, fault: Any) -> None:
    worker.chat("telegram:1", "radio")
    worker.reads(*map(paper, ("crabs", "eels", "gulls", "seals", "whales", "wrens")))
    worker.server.faults.append(fault)
    worker.summarises()
    assert (worker.day.requests, worker.day.summaries, worker.day.fails_since) == (6, 5, None)
    worker.clock.advance(timedelta(minutes=1))
    worker.reads(*map(paper, ("finches", "hares", "moles", "toads")))
    worker.server.always = fault
    worker.summarises()
    assert (worker.day.summaries, worker.day.fails_since) == (5, worker.clock.now())
