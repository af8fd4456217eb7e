"""Fixtures: a bot over a new database, and the program as `tests/outside` has it, which answers without rounds."""

import pytest
from telegram.request import HTTPXRequest

from subscriptions.database.store import Store
from tests.bot_harness import BotHarness
from tests.conversation.talk import Talk
from tests.fakes import straight


@pytest.fixture
def bot(store: Store) -> BotHarness:
    return BotHarness(store)


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> type[Talk]:
    """Talks to the fake Telegram by calls. All other tests of the program do so over HTTP."""
    monkeypatch.setattr(HTTPXRequest, "do_request", straight.do_request)
    return Talk
