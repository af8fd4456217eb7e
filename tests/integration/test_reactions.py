"""A reaction on Telegram to a message with one paper is heard over real HTTP, and becomes a signal of the chat."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from subscriptions.service.next_deliveries import get_chat
from subscriptions.states import Signal
from tests.fakes.telegram import FakeTelegram
from tests.integration.telegram_bot import RestingClock, a_listening_bot, confirmed, posts
from tests.make import NOON, address, ingested, paper, signals_of_paper, stored_papers, subscribes


@pytest.fixture
def telegram() -> Iterator[FakeTelegram]:
    with FakeTelegram() as fake:
        fake.knows("42")
        yield fake


async def test_a_reaction_is_noted_and_its_end_takes_it_back(tmp_path: Path, telegram: FakeTelegram) -> None:
    clock = RestingClock()
    async with a_listening_bot(tmp_path, telegram, clock) as app:
        store = app.store
        subscribes(store, "telegram:42", "swarm", every="now")
        ingested(store, paper("Swarm one"), now=NOON)
        await app.sender.deliver()
        await posts(telegram, 1)
        (sent,) = telegram.posted_to("42")
        with store.read() as transaction:
            (known,) = stored_papers(transaction)
        found: list[frozenset[Signal]] = []
        for before, after in (("", "👍"), ("👍", "👎"), ("👎", "")):
            telegram.reacts(int(sent.id), after, before=before)
            await confirmed(telegram)
            found.append(signals_of_paper(store, get_chat(store, address("telegram:42")), known.id))
    assert found == [{Signal.LIKED}, {Signal.DISLIKED}, frozenset()]
    assert len(telegram.posted_to("42")) == 1  # a reaction is not answered
