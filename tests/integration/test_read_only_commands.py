"""A command that changes nothing does its work before the transaction that stores its reply, so that no other command waits."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from bot.commands.context import CommandContext
from bot.context import MAX_OF_CHAT, ConversationContext
from bot.conversation import handler
from bot.ports.channel import Reply
from subscriptions.service import known_papers
from subscriptions.service.chat_status import find_callback
from subscriptions.store import paper_index
from subscriptions.store.database.store import Store, WouldWrite
from tests.bot_harness import BotHarness
from tests.make import NOON, ingested, paper, subscribes


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path / 'look.db'}")
    store.open(now=NOON)
    yield store
    store.close()


def test_nobody_writes_in_a_look(store: Store) -> None:
    with pytest.raises(WouldWrite), store.read() as transaction:
        subscribes(transaction, "telegram:1", "graph")
    subscribes(store, "telegram:1", "graph")


@pytest.mark.parametrize("words", ["/list", "/help", "/search graph", "/preview graph", "/whynot 2601.00001", "graph"])
async def test_a_look_holds_up_no_writer(store: Store, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the reply is prepared, another thread may write: the write lock is taken only to store the reply."""
    ingested(store, paper("A graph", arxiv_id="2601.00001"))
    bot = BotHarness(store)
    await bot.says("/sub tree")
    turns: list[bool] = []
    run = handler._run

    def looked(
        conversation: ConversationContext, command: CommandContext, *rest: Any
    ) -> tuple[Reply | None, CommandContext]:
        turns.append(store._turn.locked())
        return run(conversation, command, *rest)

    monkeypatch.setattr(handler, "_run", looked)
    assert await bot.says(words)
    assert turns == [False]


async def test_a_reading_command_may_ask_to_write_once(store: Store) -> None:
    bot = BotHarness(store)
    said = await bot.says("/start")
    assert said.text
    assert find_callback(store, said.keys[0].get("data", "")) is not None


def watched(store: Store, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bool]]:
    """(function, whether a writer had to wait meanwhile), for each function that matches or counts papers."""
    seen: list[tuple[str, bool]] = []

    def watch(module: object, name: str) -> None:
        function = getattr(module, name)

        def call(*args: Any, **named: Any) -> Any:
            seen.append((name, store._turn.locked()))
            return function(*args, **named)

        monkeypatch.setattr(module, name, call)

    for name in ("_find", "matching_papers"):
        watch(known_papers, name)
    for name in ("having", "news", "sequenced"):
        watch(paper_index, name)
    return seen


@pytest.mark.parametrize(
    "words",
    [
        "/sub tree",
        "/sub forest graph daily 9",
        "/sub tree\nauthor:Lovelace",
        "/edit 1 tree",
        "/edit 1 title:tree weekly mon 9",
        "subscribe to leaf",
    ],
)
async def test_an_echo_counts_before_the_transaction_that_subscribes(
    store: Store, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingested(store, paper("A tree"), paper("A forest graph"))
    bot = BotHarness(store)
    await bot.says("/sub graph")
    seen = watched(store, monkeypatch)
    assert await bot.says(words)
    assert ("_find", False) in seen
    assert [name for name, waits in seen if waits] == []


@pytest.mark.parametrize(
    ("words", "label"),
    [("tree", "subscribe"), ("/sub graph daily 25:00", "as words"), ("/sub tree graph", "as a phrase")],
)
async def test_a_button_that_subscribes_counts_before_its_transaction(
    store: Store, words: str, label: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingested(store, paper("A tree graph"), *(paper(f"A tree of a graph {n}") for n in range(4)))
    bot = BotHarness(store)
    await bot.says(words)
    seen = watched(store, monkeypatch)
    assert await bot.presses(label)
    assert [name for name, waits in seen if waits] == []


async def test_the_answer_to_a_question_counts_before_its_transaction(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingested(store, paper("A tree"))
    bot = BotHarness(store)
    await bot.says("/sub graph")
    await bot.says("/edit 1")
    seen = watched(store, monkeypatch)
    assert await bot.says("tree")
    assert ("_find", False) in seen
    assert [name for name, waits in seen if waits] == []


@pytest.mark.parametrize("words", ["/today", "/today tree", "/today 1", "/resume", "/resume 1", "send 1", "skip"])
async def test_what_is_sent_or_waits_is_matched_before_the_transaction(
    store: Store, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot = BotHarness(store)
    await bot.says("/sub graph now")
    if not words.startswith("/today"):
        await bot.says("/pause")
    ingested(store, paper("A tree"), paper("A forest graph"))
    if not words.startswith("/"):
        await bot.says("/resume")
        ingested(store, paper("Another tree"))  # so that all is matched again
    seen = watched(store, monkeypatch)
    said = await (bot.says(words) if words.startswith("/") else bot.presses(words))
    assert said.text
    assert ("_find", False) in seen
    assert [name for name, waits in seen if waits] == []


async def test_papers_that_come_before_the_transaction_are_counted(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingested(store, paper("A tree"))
    bot = BotHarness(store)
    seen = watched(store, monkeypatch)
    ahead, left = handler._match_ahead, [paper("Another tree")]

    def matched(*args: Any) -> None:
        ahead(*args)
        if left:
            with ThreadPoolExecutor(1) as another:  # this thread is reading
                another.submit(ingested, store, left.pop()).result()

    monkeypatch.setattr(handler, "_match_ahead", matched)
    said = await bot.says("/sub tree")
    assert "2 papers" in said.text
    assert [name for name, waits in seen if waits] == []


async def test_many_commands_of_a_chat_match_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ingested(store, paper("A tree"))
    bot = BotHarness(store)
    for _ in range(MAX_OF_CHAT):
        await bot.says("/lang en")
    seen = watched(store, monkeypatch)
    await bot.says("/sub tree")
    assert "_find" not in [name for name, _ in seen]
