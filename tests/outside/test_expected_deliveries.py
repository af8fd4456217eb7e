"""When deliveries come, and which moments the bot announces, if sources are on time, late, or have a quiet day.

The clock starts at noon on Thursday 22 January 2026. arXiv's batch of a day can be read from 05:05 UTC on.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from tests.clock import NOON
from tests.fakes.arxiv import FakeArxiv
from tests.fakes.telegram import FakeTelegram
from tests.papers import paper
from tests.prepared import prepared
from tests.product import INBOX, Product, Seen

ME, CHANNEL = "42", "-1009"
MIDNIGHT = NOON - timedelta(hours=12)
FRIDAY, SATURDAY, MONDAY = (MIDNIGHT + timedelta(days=days) for days in (1, 2, 4))
BATCH = timedelta(hours=5, minutes=5)  # from midnight UTC until arXiv's batch of the day can be read, in winter
NEVER = "arXiv has not come yet; its papers come with the next digest."


def moves(product: Product, moment: datetime) -> None:
    """Moves the clock, and delivers nothing."""
    product.clock.advance(moment - product.clock.now())


class Source:
    """The feed of arXiv, which the program awaits on arXiv's days."""

    def __init__(self, product: Product, fake: FakeArxiv) -> None:
        self.fake, self._product = fake, product

    def announces(self, *titles: str) -> None:
        """ArXiv announces the batch of the day, and the program looks for it."""
        self.fake.announces(self._product.clock.now().date(), *(paper(title) for title in titles))
        self.is_polled()

    def is_polled(self) -> None:
        self._product.runs("sources", "poll")


@pytest.fixture
def arxiv(product: Product) -> Iterator[Source]:
    """The only source, which has not come yet."""
    with FakeArxiv() as fake:
        product.writes("paperwire.toml", f'[[source]]\nname = "arXiv"\nurl = "{fake.url}/rss/cs"\nschedule = "arxiv"\n')
        product.sets(ALLOWED_HOSTS="127.0.0.1")
        yield Source(product, fake)


@pytest.fixture
def begun(product: Product, arxiv: Source) -> Source:
    """The source has come on Thursday, and a chat has its first papers."""
    arxiv.announces("Diffusion at first")
    assert "Diffusion at first" in product.says("/sub diffusion").text
    return arxiv


def test_it_waits_for_the_source_and_comes_once_a_day_not_before_its_first_time(
    product: Product, begun: Source
) -> None:
    moves(product, FRIDAY + timedelta(hours=6))
    product.brings("Diffusion early")
    assert product.at(FRIDAY.replace(hour=9)) == []
    begun.announces("Diffusion of Friday")
    (came,) = product.later(minutes=1)
    assert "Diffusion early" in came.text
    assert "Diffusion of Friday" in came.text
    assert "arXiv" not in came.text.replace("arxiv.org", "")
    product.brings("Diffusion late")
    assert product.at(FRIDAY.replace(hour=19)) == []
    assert product.at(SATURDAY.replace(hour=7, minute=59)) == []
    assert len(product.at(SATURDAY.replace(hour=8))) == 1


@pytest.mark.parametrize(
    ("how", "line"),
    [
        ("is not asked", NEVER),
        ("is late", "arXiv is late; its papers come with the next digest."),
        ("fails", "arXiv could not be read; its papers come with the next digest."),
    ],
)
def test_at_its_second_time_it_goes_with_what_is_there_and_says_what_is_missing(
    product: Product, begun: Source, how: str, line: str
) -> None:
    moves(product, FRIDAY + timedelta(hours=6))
    product.brings("Diffusion early")
    if how == "fails":
        begun.fake.fails(404, 99)
    for hour in range(7, 20) if how != "is not asked" else ():
        moves(product, FRIDAY.replace(hour=hour))
        begun.is_polled()
    assert product.at(FRIDAY.replace(hour=19, minute=59)) == []
    (came,) = product.at(FRIDAY.replace(hour=20))
    assert "Diffusion early" in came.text
    assert came.lines[-1] == line


def test_what_comes_at_once_opens_no_window_beside_it(product: Product, begun: Source) -> None:
    product.says("/sub trees now")
    moves(product, FRIDAY.replace(hour=9))
    product.brings("Diffusion early", "Trees early")
    (came,) = product.later(minutes=1)
    assert ("Trees early" in came.text, "Diffusion early" in came.text) == (True, False)
    begun.announces("Stars")
    (came,) = product.later(minutes=1)
    assert "Diffusion early" in came.text


def test_a_source_with_a_title_is_named_at_the_end(product: Product) -> None:
    table = '[[source]]\nname = "daily"\npath = "inbox/*"\ntitle = "daily arXiv"\nhome = "https://example.org/daily"\n'
    product.writes("paperwire.toml", table)
    product.brings("Diffusion early")
    assert product.says("/sub diffusion").lines[-1] == "from daily arXiv"


def test_what_the_settings_do_not_name_any_more_is_not_waited_for(product: Product, begun: Source) -> None:
    assert begun
    moves(product, FRIDAY.replace(hour=6))
    product.brings("Diffusion early")
    assert product.at(FRIDAY.replace(hour=9)) == []
    product.writes("paperwire.toml", INBOX)
    product.listens()
    assert "Diffusion early" in product.telegram.posted_to(ME)[-1].text


def test_after_an_outage_it_waits_for_the_batch_of_the_day_in_the_window_of_the_day(
    product: Product, begun: Source
) -> None:
    moves(product, MONDAY.replace(hour=10))  # no process ran since Thursday
    product.brings("Diffusion of Friday")
    assert product.later(minutes=1) == []
    begun.announces("Diffusion of Monday")
    (came,) = product.later(minutes=1)
    assert all(title in came.text for title in ("Diffusion of Friday", "Diffusion of Monday"))
    assert product.at(MONDAY.replace(hour=20)) == []


def test_another_subscription_that_brings_something_spends_no_days_of_it(product: Product, begun: Source) -> None:
    product.says("/tz Asia/Tokyo")  # in Tokyo, the batch comes at 14:05
    product.says("/sub graphs daily 9:00")
    moves(product, FRIDAY - timedelta(hours=1))
    product.brings("Graphs overnight")
    (came,) = product.at(FRIDAY)  # 09:00 in Tokyo
    assert "Graphs" in came.text
    moves(product, FRIDAY + BATCH)
    begun.announces("Diffusion of the batch")
    (came,) = product.later(minutes=1)
    assert "Diffusion of the batch" in came.text


def test_the_first_is_computed_from_the_rhythm_of_the_sources(product: Product, arxiv: Source) -> None:
    arxiv.announces("Stars")
    for subscription, first in (
        ("/sub diffusion daily 9", "First: Fri 23 Jan 09:00."),
        ("/sub graphs now", "First: Fri 23 Jan about 08:00 (quiet hours hold it until 08:00)."),
    ):
        assert first in product.says(subscription).text
    moves(product, FRIDAY + BATCH)
    arxiv.announces("Trees")
    moves(product, SATURDAY.replace(hour=12))
    quiet = " (arXiv is quiet at the weekend)."
    assert f"First: Mon 26 Jan about 05:05{quiet}" in product.says("/sub kelp when-out 5:00-20:00").text
    assert product.says("/schedule 1 daily 10").lines[1] == f"Next: Mon 26 Jan 10:00{quiet}"


def test_while_a_batch_is_late_nothing_that_passed_is_promised(product: Product, arxiv: Source) -> None:
    product.runs("subscribe", "diffusion", "--as", f"telegram:{ME}")
    assert arxiv
    assert "Next: as soon as papers are out, Thu 22 Jan 20:00 at the latest." in product.says("/status").lines
    said = product.says("/sub graphs")
    assert "First: as soon as papers are out, Thu 22 Jan 20:00 at the latest." in said.text
    (came,) = product.at(NOON.replace(hour=20))
    assert came.text == (
        "No new papers have come. arXiv is late; its papers come with the next digest. Next: Fri 23 Jan about 08:00."
    )


def test_an_empty_first_delivery_comes_when_it_was_promised(product: Product, arxiv: Source) -> None:
    moves(product, FRIDAY + BATCH)
    arxiv.announces("Stars")
    moves(product, SATURDAY.replace(hour=12))
    product.says("/sub diffusion")
    for moment in (SATURDAY.replace(hour=20), SATURDAY + timedelta(hours=44)):  # the ends of two windows
        assert product.at(moment) == []
    moves(product, MONDAY + BATCH)
    arxiv.announces("Trees")
    (came,) = product.at(MONDAY.replace(hour=8))
    assert came.text == "The only paper of Mon 26 Jan did not match. Next: Tue 27 Jan about 08:00."
    assert product.at(MONDAY.replace(hour=20)) == []


def test_the_status_says_what_is_missing_and_when_more_is_expected(product: Product, arxiv: Source) -> None:
    product.says("/start")
    said = product.says("/status")
    assert "arXiv is late: due since Thu 22 Jan 05:05." in said.lines
    assert "More papers are expected Fri 23 Jan about 05:05." in said.lines
    arxiv.fake.fails(404, 99)
    arxiv.is_polled()
    assert "arXiv could not be read: due since Thu 22 Jan 05:05." in product.says("/status").lines
    moves(product, FRIDAY + BATCH)
    arxiv.fake.recovers()
    arxiv.announces("Stars")
    assert product.says("/status").lines[0] == "arXiv, Fri 23 Jan: 1 paper."


def test_a_note_on_a_quiet_day_is_sent_where_it_is_wanted_once_a_day(product: Product, begun: Source) -> None:
    moves(product, FRIDAY + BATCH)
    begun.announces("Trees")
    for hour in (12, 20):
        assert product.at(FRIDAY.replace(hour=hour)) == []
    product.says("/set quiet day note on")
    moves(product, MONDAY + BATCH)
    begun.announces("Stars")
    (note,) = product.at(MONDAY.replace(hour=12))
    assert note.text == "The only paper of Mon 26 Jan did not match. Next: Tue 27 Jan about 08:00."
    assert product.at(MONDAY.replace(hour=20)) == []


def days(product: Product, *titles: str) -> list[Seen]:
    """Brings one paper in the morning of each day, and delivers at noon. Returns the messages."""
    delivered = []
    for title in titles:
        moves(product, product.clock.now().replace(hour=6) + timedelta(days=1))
        product.brings(title)
        delivered += product.later(hours=6)
    return delivered


@prepared
def daily(product: Product) -> None:
    """A chat that has got its first papers."""
    product.brings("Diffusion at first")
    product.says("/sub diffusion daily 13")
    assert len(product.at(NOON.replace(hour=13))) == 1
    product.says("/schedule 1 daily 11")


def trees(first: int, end: int) -> tuple[str, ...]:
    return tuple(f"Trees {number}" for number in range(first, end))


def test_five_days_with_nothing_are_said_once_with_what_can_be_done(daily: Product) -> None:
    (line,) = days(daily, *trees(0, 9))
    assert line.lines[:2] == ["0 of 5 papers.", "Nothing matched for 5 days."]
    assert line.buttons == ["preview", "edit", "fine"]
    assert daily.presses("preview").text == "Nothing fits among the 7 papers of the last 7 days."
    assert "Write what it shall be instead." in daily.presses("edit").text
    fine = daily.presses("fine")
    assert (fine.changed, fine.buttons) == (True, [])
    daily.says("/edit 1 stars")  # another query begins it anew
    (line,) = days(daily, *trees(10, 17))
    assert line.lines[0] == "0 of 5 papers."


def test_a_paper_that_fits_begins_the_count_anew(daily: Product) -> None:
    delivered = days(daily, *trees(0, 4), "Diffusion again", *trees(5, 7))
    assert ["Diffusion again" in one.text for one in delivered] == [True]
    (line,) = days(daily, *trees(10, 14))
    assert line.lines[0] == "0 of 5 papers."


def test_days_on_which_nothing_came_do_not_count(daily: Product) -> None:
    days(daily, *trees(0, 4))
    for _ in range(4):
        assert daily.later(days=1) == []


@pytest.fixture
def channel(product: Product, arxiv: Source, telegram: FakeTelegram) -> Source:
    """A channel that Ada set up and that has got its first papers."""
    telegram.knows(CHANNEL, "channel", title="Daily vision", people={ME: "creator"})
    product.says("/start")
    telegram.adds(CHANNEL, by=ME)
    product.listens()
    product.runs("subscribe", "diffusion", "--as", f"telegram:{CHANNEL}", "--when", "daily 13:00")
    arxiv.announces("Diffusion at first")
    assert [one.chats for one in product.at(NOON.replace(hour=13))] == [[CHANNEL]]
    return arxiv


def test_what_is_missing_in_a_channel_is_told_to_who_set_it_up(product: Product, channel: Source) -> None:
    assert channel
    moves(product, FRIDAY.replace(hour=6))
    product.brings("Diffusion early")
    came = {one.chats[0]: one for one in (*product.at(FRIDAY.replace(hour=13)), *product.later(minutes=1))}
    assert "arXiv" not in came[CHANNEL].text.replace("arxiv.org", "")
    assert came[ME].lines == [
        "Daily vision got its papers without some that were expected.",
        NEVER,
        "Nothing was said of it there.",
    ]


def test_days_with_nothing_in_a_channel_are_told_to_who_set_it_up(product: Product, channel: Source) -> None:
    assert channel
    delivered = []
    for number in range(1, 8):
        moves(product, NOON + timedelta(days=number))
        product.brings(f"Trees {number}")
        delivered += [*product.later(hours=1), *product.later(minutes=1)]
    assert [(one.chats, one.lines[0]) for one in delivered] == [([ME], "Daily vision: 0 of 5 papers.")]
    product.runs("say", "/set quiet day note on", "--as", f"telegram:{CHANNEL}")
    (came,) = product.later(days=1)
    assert (came.chats, came.lines[0]) == ([ME], "Daily vision had no papers today.")
