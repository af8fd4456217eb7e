"""Chats are read in pages, each of which begins after the last row of the page before: none is left out, none read twice."""

import pytest

from subscriptions.chats.known import listed
from subscriptions.chats.stored import chats as stored_chats
from subscriptions.database.store import Store
from subscriptions.subscribing import import_export
from tests import filling

PAGE = 50  # rows of a page in this test


@pytest.mark.both_databases
def test_all_chats_are_read_by_pages(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for size in ("database.store.CHUNK", "chats.stored.chats.CHUNK", "subscribing.import_export.AT_ONCE"):
        monkeypatch.setattr(f"subscriptions.{size}", PAGE)
    filling.fill(store, PAGE + 20, papers=filling.PER_CHAT + 5)
    with store.reading() as session:
        pages = list(stored_chats.all_chats(session))
    assert [len(page) for page in pages] == [PAGE, 20]
    addresses = [str(chat.address) for page in pages for chat in page]
    assert addresses == sorted(set(addresses))
    assert [str(one.chat.address) for one in store.read_now(listed, None)] == addresses
    assert "".join(import_export.export_all(store)).count("[telegram:") == PAGE + 20
