"""Summaries by a language model: for which papers they are asked for, what of an answer is stored, and what a day may cost."""

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from zlib import crc32

import pytest
from pydantic import SecretStr

from bot.model.language_model import summarizer_of
from bot.model.settings import Budget, ModelSettings
from bot.settings import Settings
from subscriptions.model import Announce, ModelSummary, Paper
from subscriptions.service import model_summaries
from subscriptions.service.model_summaries import LEASE, WAITS
from subscriptions.service.subscribing import set_settings
from subscriptions.store.database.store import Store
from tests import make, stored, tables
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
    budget: Budget = field(default_factory=lambda: Budget(requests=100, tokens=1_000_000))

    def summarises(self) -> None:
        """Does all that can be done now."""
        settings = Settings(
            database_url=SecretStr("sqlite:///x"),
            of_rooms=(ModelSettings(url=self.server.url, name=MODEL, key=SecretStr("sesame"), daily=self.budget),),
        )

        async def work() -> None:
            summaries = summarizer_of(settings, self)
            assert summaries is not None
            await summaries.run()
            await summaries.close()

        asyncio.run(work())

    def chat(self, name: str, query: str, **settings: str) -> None:
        make.subscribes(self.store, name, query, when="now", now=self.clock.now())
        set_settings(self.store, address(name), settings, now=self.clock.now())

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
        with self.store.read() as transaction:
            found = stored_papers(transaction)
        return {one.paper.title: {made.language: made for made in one.paper.by_model} for one in found}

    @property
    def states(self) -> list[tuple[str, str, str]]:
        """(title, language, state) of all that was ever wanted."""
        return stored.rows(
            self.store,
            "SELECT p.title, s.language, s.state FROM model_summary s JOIN paper p ON p.id = s.paper ORDER BY 1, 2",
        )

    @property
    def day(self) -> Any:
        return model_summaries.today(self.store, now=self.clock.now())[0]


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
    assert worker.states == [("On crabs", "zh", "made"), ("On eels", "en", "made"), ("On eels", "zh", "made")]
    english, chinese = worker.made["On eels"]["en"], worker.made["On eels"]["zh"]
    assert list(english.fields) == ["tldr", "motivation", "method", "result"]
    assert english.fields["tldr"] == "Radio tags show that eels move further than maps say."
    assert (english.title, english.model, english.made_at) == ("", MODEL, NOON)
    assert chinese.fields["tldr"] == "无线电标签显示，eels 移动得比地图上更远。"
    assert chinese.title == "eels的中文标题"
    worker.reads(paper("eels"), paper("crabs", "cs.LG"))
    worker.summarises()
    assert len(worker.server.asked) == 3
    assert (worker.day.requests, worker.day.made, worker.day.failed) == (3, 3, 0)
    assert worker.day.tokens == worker.server.tokens


@pytest.mark.parametrize(
    ("settings", "changed", "asked"),
    [
        ({}, {}, True),
        ({"text": "both"}, {}, True),
        ({"text": "titles"}, {}, False),
        ({"text": "abstract"}, {}, False),
        ({}, {"abstract": "A short one."}, False),
        ({}, {"summaries": summary("A summary.", "en")}, False),
        ({}, {"summaries": summary("Summary generation failed", "en")}, True),
        ({}, {"summaries": summary("一个总结。", "zh")}, True),
        ({"lang": "zh"}, {"summaries": summary("一个总结。", "zh")}, False),
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


def test_nobody_is_asked_for_a_chat_that_gets_nothing_or_for_old_papers(worker: Worker) -> None:
    worker.reads(paper("eels"))
    worker.clock.advance(timedelta(hours=30))
    worker.chat("telegram:1", "eels")
    worker.chat("telegram:2", "eels", text="titles")
    worker.summarises()
    assert worker.server.asked == []


# what of an answer is stored


def answers(**members: object) -> Callable[[str, str], str]:
    """Returns what a model says whose answers have these members."""
    return lambda system, text: json.dumps({**json.loads(summary_of(system, text)), **members})


@pytest.mark.parametrize(
    ("members", "tldr"),
    [
        ({"tldr": "Eels move\n further \x07than maps say."}, "Eels move further than maps say."),
        ({"tldr": "Eels move further than maps say. See https://evil.example/x now!"}, "Eels move further than maps say."),
        ({"tldr": "Eels move far. Code is at evil-shop.com and here. They return."}, "Eels move far. They return."),
        ({"tldr": "Eels move far, by recall@10 and p < 0.05, e.g. in the i.i.d. case and/or in 3.5 km."}, None),
        ({"tldr": "Ask @spammer for the tags. Eels move further than maps say."}, "Eels move further than maps say."),
        ({"tldr": "[Eels](tg://user?id=1) move."}, ""),
        ({"tldr": "Join www.spam"}, ""),
        ({"tldr": "Write /forget to see what eels do."}, ""),
        ({"tldr": "I'm sorry, but I cannot help with that."}, ""),
        ({"tldr": "As an AI, there is no way to tell."}, ""),
        ({"tldr": "这些鳗鱼移动得比地图上更远。", "motivation": "", "method": "", "result": ""}, ""),
        ({"tldr": ""}, ""),
        ({"tldr": "N/A"}, ""),
        ({"tldr": "{tldr}"}, ""),
        ({"tldr": ["Eels move."]}, ""),
        ({"tldr": "Error: no summary"}, ""),
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
    assert worker.states[0][2] == ("failed" if tldr == "" else "made")
    assert len(worker.server.asked) == (2 if tldr == "" else 1)  # a model may say something else the next time


@pytest.mark.parametrize(
    ("members", "title"),
    [
        ({}, "eels的中文标题"),
        ({"title": "On eels"}, ""),
        ({"title": "About eels"}, ""),
        ({"title": "鳗鱼 www.spam"}, ""),
        ({"title": "鳗鱼" * 900}, "鳗鱼" * 124 + "鳗…"),
    ],
)
def test_a_title_is_translated_beside_the_summary(worker: Worker, members: dict[str, object], title: str) -> None:
    worker.server.say = answers(**members)
    worker.wants_eels(lang="zh", text="both")
    assert worker.made["On eels"]["zh"].title == title


def test_chinese_that_speaks_of_the_self_is_a_summary_and_a_refusal_is_none(worker: Worker) -> None:
    told = {"On eels": "我们提出一种自我监督的方法来跟踪鳗鱼。", "On crabs": "抱歉，我无法总结这篇论文。"}
    worker.server.say = lambda system, text: answers(tldr=told[text.partition("\n")[0]])(system, text)
    worker.chat("telegram:1", "eels OR crabs", lang="zh")
    worker.reads(paper("eels"), paper("crabs"))
    worker.summarises()
    assert worker.states == [("On crabs", "zh", "failed"), ("On eels", "zh", "made")]


def test_a_sentence_below_several_papers_is_no_summary_of_any(worker: Worker) -> None:
    same = "The abstract reports an interesting study of animals in their habitats."
    worker.server.say = lambda system, text: (answers(tldr=same) if "whales" not in text else summary_of)(system, text)
    worker.chat("telegram:1", "radio")
    worker.reads(paper("eels"))
    worker.summarises()
    assert worker.made["On eels"]["en"].fields["tldr"] == same
    worker.reads(paper("crabs"), paper("whales"))
    worker.summarises()
    assert worker.states == [("On crabs", "en", "failed"), ("On eels", "en", "failed"), ("On whales", "en", "made")]
    worker.summarises()
    assert len(worker.server.asked) == 3


@pytest.mark.both_databases
def test_papers_that_are_answered_at_the_same_moment_are_compared_too(worker: Worker) -> None:
    same = "The abstract reports an interesting study of animals in their habitats."
    worker.server.say, worker.server.answers_at = answers(tldr=same), 4
    worker.chat("telegram:1", "radio")
    worker.reads(*map(paper, ("eels", "crabs", "gulls", "seals")))
    worker.summarises()
    assert {state for _, _, state in worker.states} == {"failed"}


def test_queries_do_not_find_what_a_model_wrote(worker: Worker) -> None:
    worker.wants_eels()
    with worker.store.read() as transaction:
        (known,) = stored_papers(transaction)
    assert (known.paper.summaries, known.paper.translations) == ((), ())


# what a day may cost


@pytest.mark.both_databases
def test_the_budget_of_a_day_is_kept_and_the_next_day_has_its_own(worker: Worker) -> None:
    worker.budget = Budget(requests=3, tokens=10**6)
    worker.chat("telegram:1", "radio")
    worker.reads(*(paper(f"eels {number}") for number in range(5)))
    worker.summarises()
    worker.summarises()
    assert (len(worker.server.asked), worker.day.requests, worker.day.made) == (3, 3, 3)
    worker.clock.advance(timedelta(days=1))
    worker.summarises()
    assert (len(worker.server.asked), worker.day.requests) == (5, 2)
    worker.clock.advance(timedelta(days=1))
    worker.budget = Budget(requests=100, tokens=100)
    worker.reads(paper("crabs"))
    worker.summarises()
    assert (len(worker.server.asked), worker.day.tokens) == (5, 0)


@pytest.mark.both_databases
def test_a_paper_for_which_the_server_never_answers_holds_up_no_other(worker: Worker) -> None:
    def blocked(answer: dict[str, Any]) -> object:
        is_of_crabs = worker.server.asked[-1][1].startswith("On crabs")
        return {**answer, "choices": []} if is_of_crabs else answer

    worker.chat("telegram:1", "eels OR crabs")
    worker.chat("telegram:2", "crabs")
    worker.server.always = blocked
    worker.reads(paper("eels"), paper("crabs"))
    for requests in (1, 2):
        worker.budget = Budget(requests=requests, tokens=10**6)
        worker.summarises()
    assert worker.states == [("On crabs", "en", "wanted"), ("On eels", "en", "made")]


@pytest.mark.both_databases
def test_what_most_chats_want_comes_first_and_nothing_is_wanted_for_ever(worker: Worker) -> None:
    worker.budget = Budget(requests=1, tokens=10**6)
    worker.chat("telegram:1", "radio")
    worker.chat("telegram:2", "crabs")
    worker.reads(paper("crabs"), paper("eels"))
    worker.summarises()
    assert worker.states == [("On crabs", "en", "made"), ("On eels", "en", "wanted")]
    worker.clock.advance(WAITS + timedelta(days=1))
    worker.reads(paper("whales"))
    worker.summarises()
    assert worker.states == [("On crabs", "en", "made"), ("On whales", "en", "made")]


@pytest.mark.parametrize(
    ("fault", "state", "requests"),
    tables.rows("""
        429      → wanted → 1
        500      → wanted → 1
        cut      → wanted → 1
        nonsense → wanted → 1
        4 MB     → failed → 2
    """),
)
def test_a_model_that_fails_loses_nothing(
    worker: Worker, fault: str, state: str, requests: str, caplog: pytest.LogCaptureFixture
) -> None:
    worker.chat("telegram:1", "eels")
    worker.reads(paper("eels"))
    worker.server.always = fault
    worker.summarises()
    assert worker.states == [("On eels", "en", state)]
    assert len(worker.server.asked) == worker.day.requests == int(requests)
    fails = model_summaries.today(worker.store, now=worker.clock.now())[1]
    assert (fails is not None) == (state == "wanted") == ("Papers wait for their summaries" in caplog.text)
    worker.server.always = None
    worker.summarises()
    assert (worker.states[0][2] == "made") == (state == "wanted")
    assert model_summaries.today(worker.store, now=worker.clock.now())[1] is None


@pytest.mark.both_databases
def test_a_worker_that_was_killed_loses_nothing_and_its_requests_count(worker: Worker) -> None:
    worker.chat("telegram:1", "radio")
    worker.reads(*(paper(f"eels {number}") for number in range(9)))
    worker.server.always = "never"

    def ask(n: int) -> Any:
        return model_summaries.begin(
            worker.store, lambda _: 500, requests=100, tokens=10**6, now=worker.clock.now(), wall=worker.clock.wall()
        )

    first = model_summaries.find_wanted(worker.store, now=worker.clock.now())
    assert first is not None
    model_summaries.put_wanted(worker.store, first, now=worker.clock.now())
    begun = [ask(number) for number in range(5)]
    assert [task is None for task in begun] == [False] * 4 + [True]  # four at once, of all workers
    assert (worker.day.requests, worker.day.tokens) == (4, 2000)
    worker.server.always = None
    worker.summarises()
    assert worker.server.asked == []
    worker.clock.advance(LEASE + timedelta(seconds=1))
    worker.summarises()
    assert {state for *_, state in worker.states} == {"made"}
    assert (len(worker.server.asked), worker.day.requests) == (9, 13)
    assert worker.day.tokens == worker.server.tokens + 2000  # nobody knows what those of the killed worker cost
    late = begun[0]
    made = ModelSummary(language="en", fields={"tldr": "Late."}, title="", model=MODEL, made_at=NOON)
    model_summaries.put_made(worker.store, late, made, lambda _: None, tokens=300, now=worker.clock.now())
    assert all(one["en"].fields["tldr"] != "Late." for one in worker.made.values())
    assert worker.day.tokens == worker.server.tokens + 1800


@pytest.mark.both_databases
def test_at_most_four_requests_run_at_once(worker: Worker) -> None:
    worker.server.answers_at = 4
    worker.chat("telegram:1", "radio")
    worker.reads(*(paper(f"eels {number}") for number in range(9)))
    worker.summarises()
    assert (worker.day.made, worker.server.most_at_once) == (9, 4)
