"""when-out over real HTTP sources: one day of a bot, with chats that wait for the sources."""

from datetime import date, datetime, timedelta

import pytest

from subscriptions.model import ChatKind
from subscriptions.planning.receipts import Outcome, Receipt
from subscriptions.service.chat_status import store_chat
from subscriptions.service.notices import notify_source
from subscriptions.service.plan import plan_due
from subscriptions.service.sending import outbox_entries
from subscriptions.states import SourceTrouble
from subscriptions.store.database.store import Store
from tests import make
from tests.fakes.arxiv import FakeArxiv
from tests.source_harness import SourceHarness, arxiv_source, new_york

pytestmark = pytest.mark.both_databases

THURSDAY, FRIDAY = date(2026, 1, 22), date(2026, 1, 23)
STEP = timedelta(minutes=15)
OPERATOR, ABROAD = make.address("telegram:1"), make.address("telegram:2")


@pytest.fixture
def clock() -> make.FakeClock:
    """Five past midnight in New York, Thursday 22 January 2026."""
    return make.FakeClock(new_york("2026-01-22 00:05"))


async def a_day(feeding: SourceHarness, store: Store, until: datetime) -> dict[str, list[str]]:
    """Polls and plans minute by minute. Returns when each chat got something, in UTC."""
    came: dict[str, list[str]] = {}
    clock = feeding.clock
    while clock.now() < until:
        before = {entry.id for entry in outbox_entries(store, now=clock.now())}
        await feeding.due()
        plan_due(store, now=clock.now())
        for entry in outbox_entries(store, now=clock.now()):
            if entry.id not in before:
                came.setdefault(entry.chat, []).append(f"{clock.now():%a %H:%M}")
        clock.advance(STEP)
    return came


@pytest.mark.sqlite_alone("many like those that run on both: it takes long")
async def test_each_chat_gets_a_late_batch_when_its_schedule_says(
    store: Store, clock: make.FakeClock, arxiv: FakeArxiv
) -> None:
    feeding = SourceHarness(store, clock, arxiv, arxiv_source("cs.LG", name="arXiv"))
    arxiv.announces(THURSDAY, make.paper("Graphs one", "cs.LG"))
    await feeding.due()
    zones = {"10": "UTC", "11": "America/New_York", "12": "Asia/Tokyo"}
    for chat, zone in zones.items():
        make.subscribes(store, f"telegram:{chat}", "graphs", tz=zone, now=clock.now())
    make.subscribes(store, "telegram:13", "graphs", every="now", now=clock.now())
    make.subscribes(store, "telegram:14", "graphs", every="daily", at="09:00", now=clock.now())
    await a_day(feeding, store, new_york("2026-01-23 00:05"))

    arxiv.is_late()
    arxiv.announces(FRIDAY, make.paper("Graphs two", "cs.LG"), make.paper("Graphs three", "cs.LG"))
    early = await a_day(feeding, store, new_york("2026-01-23 07:00"))
    arxiv.catches_up()
    rest = await a_day(feeding, store, new_york("2026-01-23 23:00"))

    assert early == {}, "nothing came, and nobody was told that"
    assert rest == {
        "telegram:10": ["Fri 12:05"],  # in its window, as soon as the batch had arrived
        "telegram:11": ["Fri 13:05"],  # not before eight in the morning of its zone
        "telegram:13": ["Fri 12:05"],
        "telegram:12": ["Fri 23:05"],  # its window was over, so it comes at eight on Saturday morning
    }


class TestOperators:
    """Operators are notified about a source once a day, and not both before and after midnight."""

    def notified(self, store: Store, cause: str, moments: list[datetime]) -> list[str]:
        store_chat(store, ABROAD, ChatKind.PRIVATE, now=moments[0], timezone="Asia/Tokyo")
        notified = []
        for moment in moments:
            receipt = Receipt(source="arXiv", at=moment, outcome=Outcome(cause), detail="It is not there.")
            lanes = notify_source(store, (OPERATOR, ABROAD), SourceTrouble(cause), receipt, batch=True, now=moment)
            notified += [f"{lane.address} {moment:%a %H:%M}" for lane in lanes]
        return notified

    @pytest.mark.parametrize("cause", ["late", "failed"])
    def test_a_cause_that_lasts_over_midnight_is_told_once(self, store: Store, cause: str) -> None:
        begun = datetime.fromisoformat("2026-01-22T11:05+00:00")
        hours = [begun + timedelta(hours=n) for n in range(19)]  # a time span with midnight in UTC and in Tokyo
        assert self.notified(store, cause, hours) == ["1 Thu 11:05", "2 Thu 11:05"]

    def test_shortly_before_midnight_counts_for_the_day_after(self, store: Store) -> None:
        moments = [datetime.fromisoformat(f"2026-01-{text}:00+00:00") for text in ("22T23:50", "23T00:05", "23T12:00")]
        assert self.notified(store, "failed", moments) == ["1 Thu 23:50", "2 Thu 23:50"]

    def test_the_next_day_it_is_told_again(self, store: Store) -> None:
        begun = datetime.fromisoformat("2026-01-22T11:05+00:00")
        days = [begun + timedelta(hours=12 * n) for n in range(5)]
        assert self.notified(store, "late", days) == [
            f"{chat} {day} 11:05" for day in ("Thu", "Fri", "Sat") for chat in ("1", "2")
        ]
