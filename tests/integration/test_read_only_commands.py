"""A command that changes nothing does its work before the transaction that stores its reply, so that no other command waits."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.commands.core.context import CommandContext
from bot.context.dependencies import ConversationContext
from bot.conversation import execution
from bot.ports.reply import Reply
from subscriptions.service.chats import find_callback
from subscriptions.store import Store, WouldWrite
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
    """While the reply is being found out, another thread may write: the writer's turn is taken only to store it."""
    ingested(store, paper("A graph", arxiv_id="2601.00001"))
    bot = BotHarness(store)
    await bot.says("/sub tree")
    turns: list[bool] = []
    run = execution._run

    def looked(conversation: ConversationContext, command: CommandContext, *rest: Any) -> Reply | None:
        turns.append(store._turns._taken)
        return run(conversation, command, *rest)

    monkeypatch.setattr(execution, "_run", looked)
    assert await bot.says(words)
    assert turns == [False]


async def test_who_wants_to_write_after_all_does_it_once_in_the_transaction(store: Store) -> None:
    bot = BotHarness(store)
    said = await bot.says("/start")
    assert said.text
    assert find_callback(store, said.keys[0].get("data", "")) is not None
