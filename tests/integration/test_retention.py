"""How long the store keeps data, and what happens to data and due times if the clock was wrong."""

from collections import abc
from datetime import datetime, timedelta
from itertools import islice

import pytest
from sqlalchemy import event

from bot.run.maintenance import WORKS_FOR, with_rests
from subscriptions.chats.stored import chats as stored_chats
from subscriptions.chats.stored import conversations
from subscriptions.chats.stored import subscriptions as stored_subscriptions
from subscriptions.database.store import Store
from subscriptions.maintenance import retention as retention_room
from subscriptions.model import CallbackToken, PauseReason
from subscriptions.outbox.stored import entries as outbox
from subscriptions.outbox.stored.entries import outbox_counts
from subscriptions.plan import plan
from subscriptions.subscribing import access
from tests import filling, make, stored
from tests.bot_harness import BotHarness
from tests.clock import NOON, FakeClock
from tests.conversation.deliverer import Deliverer
from tests.make import DAY, HOUR, MINUTE, address, clean_up, ingested, paper, subscribes

pytestmark = pytest.mark.both_databases


def count(store: Store, what: str) -> int:
    return int(stored.value(store, f"SELECT count(*) FROM {what}"))  # noqa: S608 - words of this file


@pytest.fixture
def bot(store: Store) -> BotHarness:
    return BotHarness(store)


async def delivered(bot: BotHarness, *, title: str = "A graph") -> Deliverer:
    """Sends one paper to a chat. Returns the deliverer that sent it."""
    post = Deliverer(bot)
    bot.subscribes("telegram:42", "graph", when="now")
    bot.sets("telegram:42", quiet="off")
    bot.brings(paper(title, "cs.LG", arxiv_id="2601.00001", abstract="Words."))
    await post.deliver_due()
    assert len(post.to("telegram:42")) == 1
    return post


def cleans_up(bot: BotHarness, *, days: int) -> None:
    """Cleans up so many days later."""
    clean_up(bot.store, now=bot.later(days=days))


async def test_after_a_month_a_delivery_is_chat_paper_and_day(
    bot: BotHarness,
) -> None:
    post = await delivered(bot)
    cleans_up(bot, days=29)
    assert count(bot.store, "delivery") == count(bot.store, "message") == 1
    cleans_up(bot, days=2)
    assert count(bot.store, "delivery") == count(bot.store, "message") == 0
    (row,) = stored.rows(bot.store, "SELECT chat, paper, delivered_on, because FROM delivery_item")
    assert [str(value) for value in row] == ["1", "1", "2026-01-22", "[]"]
    bot.brings(paper("A graph", "cs.LG", "cs.AI", arxiv_id="2601.00001", version=3, summaries=make.summary("x")))
    bot.subscribes("telegram:42", "cat:cs.AI")
    bot.later(days=1)
    await post.deliver_due()
    assert not any("A graph" in sent.text for sent in post.to("telegram:42")[1:])
    assert "It came here before." in (await bot.says("/why 2601.00001")).text
    told = await bot.says("/export bib 9 weeks")
    assert "2601.00001" in (told.file.text if told.file else told.text)


async def test_a_refused_message_stays_whole_until_somebody_decides(bot: BotHarness) -> None:
    await delivered(bot)
    stored.change(
        bot.store,
        "UPDATE message SET state = 'dead'",
    )
    cleans_up(bot, days=400)
    assert count(bot.store, "message WHERE payload != ''") == 1
    assert bot.store.read_now(outbox_counts).dead == 1
    delivery = stored.value(bot.store, "SELECT id FROM delivery")
    bot.store.write_now(outbox.retry, delivery, now=bot.clock.now())
    assert bot.store.read_now(outbox_counts).waiting == 1
    bot.store.write_now(outbox.dismiss, delivery, now=bot.clock.now())
    cleans_up(bot, days=29)
    assert (count(bot.store, "delivery"), count(bot.store, "delivery_item")) == (1, 1)
    cleans_up(bot, days=2)
    assert (count(bot.store, "delivery"), count(bot.store, "delivery_item")) == (0, 1)


def test_the_clean_up_can_stop_after_any_step(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention_room, "STEP", 7)
    filling.fill(store, 6)
    later = NOON + 31 * DAY
    before = count(store, "delivery")
    done = 0
    while count(store, "delivery"):
        assert done < 100
        for handled in islice(retention_room.clean_up_steps(store, now=later), 15):  # a process that stops early
            assert handled <= 7
            # this would wait for ever if the clean-up had left a transaction open
            subscribes(store, f"telegram:{5000 + done}", "graph", now=later)
        done += 1
    assert done > before // (15 * 7), "several calls"
    assert count(store, "delivery_item") == 6 * filling.PER_CHAT


def test_the_daily_clean_up_rests_for_the_time_that_it_worked_and_not_for_jumps_of_the_clock(
    store: Store, clock: FakeClock
) -> None:
    event.listen(store._engine, "commit", lambda _: clock.advance(timedelta(hours=1)))
    rests: list[float] = []

    def rest(seconds: float) -> bool:
        rests.append(seconds)
        return len(rests) == 3

    with_rests(retention_room.clean_up_steps(store, now=NOON), rest=rest)
    assert len(rests) == 3
    assert 0 < sum(rests) < 3600
    assert WORKS_FOR <= 0.1


def test_who_has_been_gone_for_a_year_is_erased_but_not_who_is_back_meanwhile(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention_room, "CHATS", 1)
    for number in (1, 2):
        chat = subscribes(store, f"telegram:{number}", "graph").chat.id
        with store.writing() as transaction:
            stored_chats.mark_unreachable(transaction, chat, PauseReason.GONE, "blocked", now=NOON)
    clean_up(store, now=NOON + 364 * DAY)
    assert count(store, "chat") == 2
    steps = retention_room.clean_up_steps(store, now=NOON + 366 * DAY)
    while count(store, "chat") == 2:
        next(steps)
    with store.writing() as transaction:
        stored_chats.mark_reachable(transaction, int(stored.value(store, "SELECT id FROM chat")), now=NOON)
    assert [*steps]
    assert count(store, "chat") == 1


def test_an_address_that_does_not_say_yes_is_forgotten_after_a_month(store: Store) -> None:
    home, asked = map(address, ("web:ada", "email:ada@lab.org"))
    subscribes(store, str(home), "graph")
    store.write_now(access.ask_to_confirm, asked, source=home, now=NOON)
    kept = []
    for days in (29, 31):
        assert [*retention_room.clean_up_steps(store, now=NOON + days * DAY)]
        kept.append(count(store, "chat"))
    assert kept == [2, 1]


async def test_a_chat_that_only_talked_goes_a_month_after_its_last_word(bot: BotHarness) -> None:
    talks, subscribed, allowed, saved = (f"telegram:{number}" for number in (41, 42, 43, 44))
    bot.brings(paper("A graph", arxiv_id="2601.00001"))
    for said in ("/help", "/search trees", "/name"):
        for chat in (talks, subscribed, allowed, saved):
            await bot.says(said, chat)
    await bot.says("/sub graphs", subscribed)
    await bot.says("/unsub 1", subscribed)
    bot.store.write_now(access.allow, address(allowed), now=NOON)
    await bot.says("/save 2601.00001", saved)
    cleans_up(bot, days=20)
    await bot.says("/help", talks)
    cleans_up(bot, days=29)
    assert count(bot.store, "chat") == 4
    cleans_up(bot, days=2)
    assert [row[0] for row in stored.rows(bot.store, "SELECT address FROM chat ORDER BY address")] == ["42", "43", "44"]
    assert "trees" in (await bot.says("/search trees", talks)).text, "it begins anew"


async def test_changes_go_after_ninety_days(bot: BotHarness) -> None:
    await bot.says("/sub graph")
    cleans_up(bot, days=89)
    assert count(bot.store, "undo") == 1
    cleans_up(bot, days=2)
    assert count(bot.store, "undo") == 0


# a schedule → when it is next due at NOON, which is on a Thursday
EVERY = {
    "daily 09:00": NOON + 21 * HOUR,
    "weekdays 09:00": NOON + 21 * HOUR,
    "weekly mon 09:00": NOON + 3 * DAY + 21 * HOUR,
    "when-out 08:00-20:00": NOON - 4 * HOUR,
    "when-out 08:00-10:00 weekdays": NOON + 20 * HOUR,
}


async def test_parts_of_a_conversation_are_kept_as_long_as_needed(bot: BotHarness) -> None:
    chat = bot.subscribes("telegram:42", "graph", now=NOON).chat
    for name, lasts in (("question", timedelta(hours=1)), ("asked", 30 * DAY)):
        bot.store.write_now(conversations.remember, chat.id, name, CallbackToken(verb="x"), lasts=lasts, now=NOON)
    for age, kept in ((10 * MINUTE, 2), (2 * HOUR, 1), (29 * DAY, 1), (31 * DAY, 0)):
        clean_up(bot.store, now=NOON + age)
        assert count(bot.store, "callback") == kept, age


def due(store: Store) -> dict[str, datetime | None]:
    """Maps the name of each subscription to the time when it is next due."""
    with store.reading() as transaction:
        found = stored_subscriptions.subscriptions_of(transaction, range(1, 10))
    return {one.name: one.next_due_at for of_chat in found.values() for one in of_chat}


def filled(store: Store, schedules: abc.Iterable[str] = EVERY) -> None:
    """Subscribes a chat for each schedule, and ingests a paper that matches all the subscriptions."""
    for number, schedule in enumerate(schedules):
        subscribes(store, f"telegram:{number}", "graph", when=schedule, name=schedule)
    ingested(store, "A graph", now=NOON)


def test_after_a_clock_that_was_ahead_all_is_due_at_its_time(store: Store) -> None:
    filled(store)
    plan.plan_due(store, now=NOON + 400 * DAY)
    assert all(moment and moment > NOON + 399 * DAY for moment in due(store).values())
    plan.plan_due(store, now=NOON)
    assert due(store) == EVERY
    ingested(store, "Another graph", now=NOON)
    assert len(plan.plan_due(store, now=NOON + 22 * HOUR + timedelta(minutes=1))) == 4, "all but those of Monday"


@pytest.mark.sqlite_alone("it is about days, and takes long on a server")
def test_a_chat_without_a_match_is_told_once_however_long_that_lasts(store: Store) -> None:
    """The notice is kept for longer than the last delivery, from which the days are counted."""
    subscribes(store, "telegram:1", "graph", when="daily 09:00")
    ingested(store, "A graph", now=NOON)
    told = set()
    for day in (*range(20), *range(28, 33), *range(93, 98)):
        plan.plan_due(store, now=NOON + day * DAY + 21 * HOUR)
        told.update(stored.rows(store, "SELECT id FROM delivery WHERE kind = 'notice'"))
        stored.change(store, "UPDATE message SET state = 'sent'", "UPDATE delivery SET settled_at = created_at")
        clean_up(store, now=NOON + day * DAY + 22 * HOUR)
        ingested(store, f"Trees {day}", now=NOON + (day + 1) * DAY)
    assert len(told) == 1
