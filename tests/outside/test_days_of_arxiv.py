"""A date of the envelope is not the date of the content.

A day is done only with a paper that its source had not brought before.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.fakes.arxiv import FakeArxiv
from tests.fakes.arxiv_pages import feed
from tests.papers import Paper, paper
from tests.product import Product

MONDAY, TUESDAY, WEDNESDAY = (date(2026, 1, day) for day in (12, 13, 14))
EARLY = {day: datetime(2026, 1, day.day, 5, 20, tzinfo=UTC) for day in (MONDAY, TUESDAY, WEDNESDAY)}
OWLS, MICE = paper("Owls", "cs.AI", kind="new"), paper("Mice", "cs.AI", kind="new")
LATER = paper("Voles", "cs.AI", kind="new")
ATOM = (
    '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:arxiv="http://arxiv.org/schemas/atom">'
    "<id>http://rss.arxiv.org/atom/cs.AI</id><title>cs.AI updates on arXiv.org</title>"
    "<updated>{day}T05:00:02+00:00</updated>{entries}</feed>"
)
ATOM_ENTRY = (
    "<entry><id>oai:arXiv.org:{id}v1</id><title>{title}</title><link href='https://arxiv.org/abs/{id}'/>"
    "<summary>arXiv:{id}v1 Announce Type: new \nAbstract: Words.</summary><category term='cs.AI'/>"
    "<arxiv:announce_type>new</arxiv:announce_type></entry>"
)


def rss(day: date, *papers: Paper) -> bytes:
    return feed("cs.AI", day, papers, built=day.day)


def atom(day: date, *papers: Paper) -> bytes:
    entries = "".join(ATOM_ENTRY.format(id=one.arxiv_id, title=one.title) for one in papers)
    return ATOM.format(day=day, entries=entries).encode()


def page(day: date, *papers: Paper) -> bytes:
    """Returns a page that another site makes each day of arXiv's papers."""
    heads = (
        f"### [{n}] [{one.title}]({one.url})\n*Ada Example*\n\nMain category: cs.AI\n\nTL;DR: Words.\n"
        for n, one in enumerate(papers, 1)
    )
    return (f"# arXiv papers of {day}\n\n" + "\n".join(heads)).encode()


class Feed:
    """A source of the product that a fake server serves."""

    def __init__(self, product: Product, server: FakeArxiv) -> None:
        self.product, self._server = product, server
        product.sets(ALLOWED_HOSTS="127.0.0.1")
        product.writes("paperwire.toml", f'[[source]]\nname = "ai"\nurl = "{server.url}/ai"\nschedule = "arxiv"\n')

    def serves(self, document: bytes) -> None:
        self._server.holds("/ai", document)

    def polled(self, at: datetime) -> tuple[str, datetime]:
        """Polls at a moment. Returns the outcome and when it is polled next."""
        self.product.clock.set_now(at)
        (source,) = self.product.runs("sources", "poll", "--json").json
        return source["last"]["outcome"], datetime.fromisoformat(source["next_at"])


@pytest.fixture
def ai(product: Product) -> Iterator[Feed]:
    product.clock.set_now(EARLY[MONDAY])
    with FakeArxiv() as server:
        yield Feed(product, server)


def minutes(found: tuple[str, datetime], since: datetime) -> tuple[str, float]:
    return found[0], (found[1] - since).total_seconds() / 60


@pytest.mark.parametrize(
    ("document", "still"), [(rss, (MICE, OWLS)), (atom, (OWLS, MICE)), (page, (OWLS, MICE)), (rss, (MICE,))]
)
def test_papers_of_yesterday_under_the_date_of_today_are_no_news(
    ai: Feed, document: Any, still: tuple[Paper, ...]
) -> None:
    ai.product.says("/sub cat:cs.AI when-out 04:00-22:00")
    ai.serves(document(MONDAY, OWLS, MICE))
    outcome, following = ai.polled(EARLY[MONDAY])
    assert (outcome, following.date()) == ("new", TUESDAY)
    assert "Owls" in ai.product.listens().text
    ai.serves(document(TUESDAY, *still))
    assert minutes(ai.polled(EARLY[TUESDAY]), EARLY[TUESDAY]) == ("stale", 15)
    again = EARLY[TUESDAY].replace(minute=35)
    assert minutes(ai.polled(again), again) == ("stale", 15)  # whether it has been read before or not
    assert not ai.product.delivers()
    ai.serves(document(TUESDAY, LATER))
    outcome, following = ai.polled(EARLY[TUESDAY].replace(hour=7))
    assert (outcome, following.date()) == ("new", WEDNESDAY)
    (delivery,) = ai.product.delivers()
    assert "Voles" in delivery.text


@pytest.mark.parametrize("zone", [b"GMT", b"+0900"])
def test_a_mirror_that_writes_midnight_in_another_zone_means_the_same_day(ai: Feed, zone: bytes) -> None:
    for day, one in ((MONDAY, OWLS), (TUESDAY, LATER)):
        ai.serves(rss(day, one).replace(b"-0500", zone))
        outcome, following = ai.polled(EARLY[day])
        assert (outcome, following.date()) == ("new", day + timedelta(days=1))


@pytest.mark.parametrize("before", [True, False])
def test_a_day_that_came_minutes_before_it_was_due_is_done(ai: Feed, before: bool) -> None:
    if before:
        ai.serves(rss(MONDAY, OWLS))
        ai.polled(EARLY[MONDAY])
    ai.serves(rss(TUESDAY, LATER))
    outcome, _ = ai.polled(EARLY[TUESDAY].replace(minute=2))
    assert outcome == "new"
    _, following = ai.polled(EARLY[TUESDAY])
    assert following.date() == WEDNESDAY


def test_a_day_that_does_not_come_is_late(ai: Feed) -> None:
    ai.serves(rss(MONDAY, OWLS))
    ai.polled(EARLY[MONDAY])
    ai.serves(rss(TUESDAY, OWLS))
    assert ai.polled(EARLY[TUESDAY].replace(hour=12))[0] == "late"
    (source,) = ai.product.runs("sources", "--json").json
    assert "Dated 2026-01-13, but it brings only papers of before." in source["last"]["detail"]
    ai.serves(rss(TUESDAY, OWLS, LATER))
    assert ai.polled(EARLY[TUESDAY].replace(hour=13))[0] == "new"


REPLACED, AGAIN = (paper("Owls", "cs.AI", arxiv_id=OWLS.arxiv_id, kind="replace", version=n) for n in (2, 3))
CROSSED = paper("Owls", "stat.ML", "cs.AI", arxiv_id=OWLS.arxiv_id, kind="cross")


@pytest.mark.parametrize(
    "days",
    [((OWLS,), (REPLACED,)), ((OWLS, REPLACED), (AGAIN,)), ((OWLS,), (CROSSED,)), ((REPLACED,), (REPLACED, LATER))],
)
def test_a_day_of_replacements_and_cross_lists_of_known_papers_is_a_day(ai: Feed, days: tuple[Any, Any]) -> None:
    before, now = days
    ai.serves(rss(MONDAY, *before))
    ai.polled(EARLY[MONDAY])
    ai.serves(rss(TUESDAY, *before))
    assert ai.polled(EARLY[TUESDAY])[0] == "stale"
    ai.serves(rss(TUESDAY, *now))
    outcome, following = ai.polled(EARLY[TUESDAY].replace(hour=6))
    assert (outcome, following.date()) == ("new", WEDNESDAY)


def test_papers_that_another_source_brought_complete_the_day(ai: Feed) -> None:
    ai.product.brings(OWLS, MICE, source="another")
    ai.serves(rss(MONDAY, OWLS, MICE))
    assert ai.polled(EARLY[MONDAY])[1].date() == TUESDAY


def test_a_weekend_is_quiet_whatever_date_the_feed_has(ai: Feed) -> None:
    friday, saturday = date(2026, 1, 16), date(2026, 1, 17)
    ai.serves(rss(friday, OWLS))
    ai.polled(datetime(2026, 1, 16, 5, 20, tzinfo=UTC))
    ai.serves(rss(saturday, OWLS))
    outcome, following = ai.polled(datetime(2026, 1, 17, 5, 20, tzinfo=UTC))
    assert (outcome, following.date()) == ("quiet", date(2026, 1, 19))
