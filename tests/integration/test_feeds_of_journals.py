"""Feeds of journals: what they show for the first time is news, whatever its date, and what they had at first is not."""

import datetime as dt
from collections.abc import Callable
from xml.sax.saxutils import escape

import pytest

from bot.settings import SourceSettings
from subscriptions.database.store import Store
from subscriptions.plan.plan import plan_due
from tests import stored
from tests.clock import FakeClock
from tests.fakes.arxiv import FakeArxiv
from tests.make import HOUR, subscribes
from tests.source_harness import polled

pytestmark = pytest.mark.both_databases

PATH = "/kites/feed"
ISSUE = "2025-09-01"  # the day of an issue to which papers are added for months
NOW = dt.datetime(2026, 1, 22, 12, tzinfo=dt.UTC)
EVERY_HOUR = "every 1h"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
def subscribed(store: Store) -> Store:
    """A store with a chat that wants all papers about kites at once."""
    subscribes(store, "console:me", "kites", now=NOW - HOUR)
    return store


def atom(*titles: str, published: str = ISSUE, updated: str = "2026-01-22") -> str:
    """Returns the feed of a journal in the form that Open Journal Systems gives it."""
    entries = "".join(
        f"<entry><id>http://kites.example/article/view/{escape(title)}</id><title>{escape(title)}</title>"
        f"<updated>{updated}T07:00:00+00:00</updated><author><name>Ada Quill</name></author>"
        f'<link rel="alternate" href="http://kites.example/article/view/{escape(title)}"/>'
        f"<summary>Kites that fly.</summary><published>{published}T00:00:00+00:00</published></entry>"
        for title in titles
    )
    return (
        f'<feed xmlns="http://www.w3.org/2005/Atom"><title>Kites</title><updated>{updated}T07:00:00Z</updated>'
        f"{entries}</feed>"
    )


def rss(*titles: str, published: str = "Mon, 01 Sep 2025 00:00:00 GMT") -> str:
    """Returns a feed whose entries have no other date than that of their issue."""
    items = "".join(
        f"<item><title>{escape(title)}</title><link>http://kites.example/doi/10.1234/{escape(title[-1])}</link>"
        f"<author>Ada Quill</author><pubDate>{published}</pubDate></item>"
        for title in titles
    )
    return f'<rss version="2.0"><channel><title>Kites</title>{items}</channel></rss>'


def delivered(store: Store, now: dt.datetime) -> list[str]:
    plan_due(store, now=now)
    items = "SELECT title FROM delivery_item JOIN paper ON paper.id = delivery_item.paper ORDER BY title"
    return [title for (title,) in stored.rows(store, items)]


def journal(arxiv: FakeArxiv) -> SourceSettings:
    return SourceSettings(name="kites", url=f"{arxiv.url}{PATH}", schedule=EVERY_HOUR)


@pytest.mark.parametrize("feed", [atom, rss])
async def test_what_a_feed_adds_is_news_though_its_issue_is_of_last_year(
    feed: Callable[..., str], subscribed: Store, clock: FakeClock, arxiv: FakeArxiv
) -> None:
    arxiv.holds(PATH, feed("Kites 1", "Kites 2"))
    feeding = await polled(subscribed, clock, arxiv, journal(arxiv))
    assert (feeding.outcomes("kites"), delivered(subscribed, clock.now())) == (["quiet"], [])
    arxiv.holds(PATH, feed("Kites 3", "Kites 1", "Kites 2"))
    await feeding.until(NOW + HOUR)
    assert feeding.outcomes("kites") == ["quiet", "new"]
    assert delivered(subscribed, clock.now()) == ["Kites 3"]
    (day,) = stored.rows(subscribed, "SELECT day FROM paper WHERE title = 'Kites 3'")
    assert str(day[0]) == str(NOW.date())


async def test_after_a_month_of_sleep_a_feed_brings_what_was_added_meanwhile_once(
    subscribed: Store, clock: FakeClock, arxiv: FakeArxiv
) -> None:
    arxiv.holds(PATH, atom("Kites 1"))
    feeding = await polled(subscribed, clock, arxiv, journal(arxiv))
    arxiv.holds(PATH, atom("Kites 2", "Kites 1", updated="2026-01-25"))
    clock.advance(dt.timedelta(days=31))
    for _ in range(2):
        await feeding.due()
        clock.advance(HOUR)
    assert delivered(subscribed, clock.now()) == ["Kites 2"]
    assert sum(receipt.counts["new"] for receipt in feeding.receipts("kites")) == 2
