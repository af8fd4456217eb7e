"""Operators hear once of another version of paperwire, and not of the first."""

from subscriptions.service.notifying import notify_new_version
from subscriptions.store.database.store import Store
from tests.bot_harness import BotHarness
from tests.clock import NOON, FakeClock
from tests.conversation.deliverer import Deliverer
from tests.make import address


async def test_operators_hear_once_of_another_version(store: Store) -> None:
    heard = []
    post = Deliverer(BotHarness(store, clock=FakeClock(NOON)))
    for version in ("1.0.0", "1.0.0", "1.1.0", "1.1.0"):
        notify_new_version(store, [address("telegram:42")], version, now=NOON)
        heard.append([message.text for message in await post.deliver_due()])
    assert [len(messages) for messages in heard] == [0, 0, 1, 0]
    assert heard[2][0].startswith("Another version of paperwire runs now: 1.1.0.\nIt was 1.0.0 before;")
