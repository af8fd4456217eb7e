"""Tables are read in pages, so that no statement returns more rows than a page. A page begins after the last row of the
page before.
"""

import pytest

from subscriptions.service import import_export
from subscriptions.service.known_chats import listed
from subscriptions.store import outbox, stored_chats
from subscriptions.store.database import store as stored
from tests import filling
from tests.clock import NOON
from tests.stored import change

pytestmark = pytest.mark.both_databases

CHATS = 19
PAGE = 50  # rows of a page in these tests
DELIVERIES = CHATS * filling.PER_CHAT // filling.PER_DELIVERY


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("database.store", "stored_chats", "outbox"):
        monkeypatch.setattr(f"subscriptions.store.{module}.CHUNK", PAGE)
    monkeypatch.setattr("subscriptions.service.import_export.AT_ONCE", PAGE)


@pytest.fixture
def filled(store: stored.Store) -> stored.Store:
    filling.fill(store, CHATS, papers=filling.PER_CHAT + 5)
    assert DELIVERIES > 2 * PAGE
    return store


def test_a_dismissal_between_two_pages_moves_no_other_delivery(filled: stored.Store) -> None:
    entries = outbox.outbox_entries(filled, now=NOON)
    seen = [next(entries).id for _ in range(PAGE)]
    change(
        filled,
        "UPDATE delivery SET settled_at = NULL WHERE seq = 3",
        "UPDATE message SET state = 'waiting' WHERE delivery = 3",
    )
    outbox.dismiss(filled, seen[2], now=NOON)
    seen += [one.id for one in entries]
    assert len(seen) == len(set(seen)) == DELIVERIES


def test_all_chats_are_read_by_pages(store: stored.Store) -> None:
    filling.fill(store, PAGE + 20, papers=filling.PER_CHAT + 5)
    with store.read() as session:
        pages = list(stored_chats.all_chats(session))
    assert [len(page) for page in pages] == [PAGE, 20]
    addresses = [str(chat.address) for page in pages for chat in page]
    assert addresses == sorted(set(addresses))
    assert [str(one.chat.address) for one in listed(store, None)] == addresses
    assert "".join(import_export.export_all(store)).count("[telegram:") == PAGE + 20
