"""A command that changes nothing does its work before the transaction that stores its reply. Also: a read-only
database.
"""

import re
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from bot.commands.context import CommandContext
from bot.context import MAX_OF_CHAT
from bot.conversation import handler
from bot.ports.channel import Reply
from subscriptions.service import known_papers
from subscriptions.store import known_papers as stored_papers
from subscriptions.store.database.store import Store, WouldWrite
from tests.bot_harness import BotHarness
from tests.integration.cli import Terminal
from tests.make import NOON, ingested, paper, subscribes


@pytest.fixture
def bot(store: Store) -> BotHarness:
    return BotHarness(store)


def test_nobody_writes_in_a_look(store: Store) -> None:
    with pytest.raises(WouldWrite), store.read() as transaction:
        subscribes(transaction, "telegram:1", "graph")
    subscribes(store, "telegram:1", "graph")


@pytest.mark.parametrize("words", ["/list", "/help", "/search graph", "/preview graph", "/whynot 2601.00001", "graph"])
async def test_a_look_holds_up_no_writer(
    store: Store, bot: BotHarness, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the reply is prepared, another thread may write: the write lock is taken only to store the reply."""
    ingested(store, paper("A graph", arxiv_id="2601.00001"))
    await bot.says("/sub tree")
    turns: list[bool] = []
    run = handler._run

    def looked(command: CommandContext, *rest: Any, **named: Any) -> tuple[Reply | None, CommandContext]:
        turns.append(store._turn.locked())
        return run(command, *rest, **named)

    monkeypatch.setattr(handler, "_run", looked)
    assert await bot.says(words)
    assert turns == [False]


def watched(store: Store, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bool]]:
    """Returns (function, whether writers had to wait), which is filled for each function that matches or counts papers."""
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
        watch(stored_papers, name)
    return seen


@pytest.mark.parametrize(
    ("before", "words"),
    [
        # an echo says how many papers there were
        (["/sub graph"], "/sub forest graph daily 9"),
        (["/sub graph"], "/sub tree\nauthor:Lovelace"),
        (["/sub graph"], "/edit 1 title:tree weekly mon 9"),
        (["/sub graph"], "subscribe to leaf"),
        (["/sub graph", "/edit 1"], "tree"),  # the answer to the question of /edit
        # what is sent, or waits
        (["/sub graph now"], "/today"),
        (["/sub graph now"], "/today tree"),
        (["/sub graph now", "/pause"], "/resume"),
        (["/sub graph now", "/pause"], "/resume 1"),
    ],
)
async def test_papers_are_matched_before_the_transaction_that_stores(
    store: Store, bot: BotHarness, before: list[str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingested(store, paper("A tree"), paper("A forest graph"))
    for one in before:
        await bot.says(one)
    ingested(store, paper("A second forest graph"))
    seen = watched(store, monkeypatch)
    assert (await bot.says(words)).text
    assert ("_find", False) in seen
    assert [name for name, waits in seen if waits] == []


@pytest.mark.parametrize(
    ("before", "label"),
    [
        (["tree"], "subscribe"),
        (["/sub graph daily 25:00"], "as words"),
        (["/sub tree graph"], "as a phrase"),
        (["/sub graph now", "/pause", "/resume"], "send 15"),
        (["/sub graph now", "/pause", "/resume"], "skip"),
    ],
)
async def test_papers_are_matched_before_the_transaction_of_a_button(
    store: Store, bot: BotHarness, before: list[str], label: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for one in before:
        ingested(store, paper("A tree graph"), *(paper(f"A tree of a graph {n}") for n in range(4)))
        await bot.says(one)
    ingested(store, paper("Another tree of a graph"))  # after this, everything is matched again
    seen = watched(store, monkeypatch)
    assert await bot.presses(label)
    assert ("_find", False) in seen
    assert [name for name, waits in seen if waits] == []


async def test_papers_that_come_before_the_transaction_are_counted(
    store: Store, bot: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingested(store, paper("A tree"))
    seen = watched(store, monkeypatch)
    ahead, left = handler._match_ahead, [paper("Another tree")]

    def matched(*args: Any) -> None:
        ahead(*args)
        if left:
            with ThreadPoolExecutor(1) as another:  # another thread, because this one is reading
                another.submit(ingested, store, left.pop()).result()

    monkeypatch.setattr(handler, "_match_ahead", matched)
    said = await bot.says("/sub tree")
    assert "2 papers" in said.text
    assert [name for name, waits in seen if waits] == []


async def test_many_commands_of_a_chat_match_nothing(
    store: Store, bot: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingested(store, paper("A tree"))
    for _ in range(MAX_OF_CHAT):
        await bot.says("/lang en")
    seen = watched(store, monkeypatch)
    await bot.says("/sub tree")
    assert "_find" not in [name for name, _ in seen]


DIGEST = (Path(__file__).parents[1] / "digests" / "daily_standard.md").read_text()


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    made = Terminal(tmp_path, monkeypatch)
    assert made("subscribe", "graph", "--as", "console:me", "--now", NOON.isoformat()).status == 0
    return made


@contextmanager
def connections(make: Callable[..., sqlite3.Connection]) -> Iterator[None]:
    """Makes the program connect by `make`. Rights of files would not do, because tests may run as root."""

    def connect(_dialect: object, _record: object, cargs: list[Any], cparams: dict[str, Any]) -> sqlite3.Connection:
        return make(cargs[0], **cparams)

    event.listen(Engine, "do_connect", connect)
    try:
        yield
    finally:
        event.remove(Engine, "do_connect", connect)


def read_only(path: str, **named: Any) -> sqlite3.Connection:
    made: sqlite3.Connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, **named)
    return made


@pytest.mark.parametrize("subcommand", [("run",), ("run", "--once"), ("deliver",), ("ingest", "digest.md")])
def test_a_database_that_cannot_be_written_to_is_one_sentence(terminal: Terminal, subcommand: tuple[str, ...]) -> None:
    terminal.file("digest.md", DIGEST)
    with connections(read_only):
        ended = terminal(*subcommand)
    assert ended.status == 2
    said = [line for line in ended.err.splitlines() if line]
    assert len([line for line in said if "cannot be written to" in line]) == 1, ended.err
    assert "Traceback" not in ended.err
    assert re.search(r"The database \S+paperwire\.db cannot be written to\. Check the rights", ended.err)
