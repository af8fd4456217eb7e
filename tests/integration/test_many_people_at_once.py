"""Many people speak to one process at the same moment: each is answered, and no connection is waited for in vain."""

import asyncio
from collections.abc import Iterator
from contextlib import closing

import pytest

from bot.context import write_together
from subscriptions.service.next_deliveries import listed
from subscriptions.store.attempts import pause_lane
from subscriptions.store.database.store import Store
from tests.bot_harness import BotHarness
from tests.make import NOON, address
from tests.postgres.server import Server

PEOPLE = 40


@pytest.fixture(params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, store: Store) -> Iterator[Store]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        yield store
        return
    postgres: Server = request.getfixturevalue("postgres")
    with postgres.database() as url, closing(Store(url)) as opened:
        yield opened


async def test_everybody_who_speaks_at_once_is_answered(shared: Store) -> None:
    bot = BotHarness(shared)

    async def speaks(chat: str) -> tuple[str, str]:
        subscribed = await bot.says("/sub graph daily 9:00", chat)
        await write_together(
            pause_lane, shared, address(chat).lane, wall=NOON, until=NOON
        )  # as who sends the answer does
        return subscribed.text, (await bot.says("/list", chat)).text

    said = await asyncio.gather(*(speaks(f"telegram:{number}") for number in range(1, PEOPLE + 1)))
    assert all(subscribed.startswith("✓ 1") and "graph" in listing for subscribed, listing in said)
    assert len(listed(shared, None)) == PEOPLE
