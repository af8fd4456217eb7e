"""Notices as their readers get them: stored in the language of the chat."""

import json

from subscriptions import notices
from subscriptions.model import ChatKind
from subscriptions.service.known_chats import store_chat
from subscriptions.service.notifying import notify
from subscriptions.store.database.store import Store
from tests import make, stored
from tests.clock import NOON


def lines(store: Store) -> list[list[str]]:
    return [json.loads(facts)["lines"] for (facts,) in stored.rows(store, "SELECT facts FROM delivery ORDER BY seq")]


def test_a_notice_is_stored_in_the_language_of_its_chat_with_commands_as_typed_there(store: Store) -> None:
    store_chat(store, make.address("telegram:42"), ChatKind.PRIVATE, now=NOON, lang="zh")
    store_chat(store, make.address("slack:C1"), ChatKind.GROUP, now=NOON)
    for place in ("telegram:42", "slack:C1"):
        assert notify(store, make.address(place), notices.nothing_matched(7, 5, "1", edit=None), now=NOON)
    chinese, slack = lines(store)
    assert chinese[0] == "7 篇论文中 0 篇符合。"
    assert "/paperwire today 7d shows what would" in slack[-1]
