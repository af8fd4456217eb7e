"""Old data is deleted, in short steps; the fact that a chat got a paper stays for ever."""

from collections.abc import Callable
from datetime import timedelta
from itertools import islice

import pytest
from sqlalchemy import text

from subscriptions.model import CallbackToken
from subscriptions.service import retention as retention_room
from subscriptions.service.access import redeem_code
from subscriptions.service.amendments import set_settings
from subscriptions.service.chat_status import find_callback, share_link
from subscriptions.service.next_deliveries import get_chat
from subscriptions.service.paper_search import papers_named
from subscriptions.service.plan import plan_due
from subscriptions.service.retention import clean_up_steps
from subscriptions.service.sending import dismiss, outbox_entries, retry_delivery
from subscriptions.store import retention
from subscriptions.store.conversations import begin_lookup, set_conversation_state
from subscriptions.store.database.store import Store
from subscriptions.store.deliveries import deliveries_of
from subscriptions.store.entries import outbox_counts
from subscriptions.store.platforms import complete_installation
from tests.bot_harness import BotHarness
from tests.conversation.deliverer import Deliverer
from tests.filling import PER_CHAT, PER_DELIVERY, fill
from tests.make import NOON, address, clean_up, ingested, paper, subscribes, summary
from tests.stored import change

DAY = timedelta(days=1)

pytestmark = pytest.mark.both_databases


def count(store: Store, what: str) -> int:
    with store.read() as session:
        return int(session.execute(text(f"SELECT count(*) FROM {what}")).scalar_one())  # noqa: S608 - words of this file


@pytest.fixture
def bot(store: Store) -> BotHarness:
    return BotHarness(store)


async def delivered(bot: BotHarness, *, title: str = "A graph") -> Deliverer:
    """A chat that was sent a paper just now."""
    post = Deliverer(bot)
    subscribes(bot.store, "telegram:42", "graph", every="now")
    set_settings(bot.store, address("telegram:42"), {"quiet": "off"}, now=NOON)
    ingested(bot.store, paper(title, "cs.LG", arxiv_id="2601.00001", abstract="Words."), now=bot.clock.now())
    await post.deliver_due()
    assert len(post.to("telegram:42")) == 1
    return post


async def test_after_a_month_a_delivery_is_chat_paper_and_day(
    bot: BotHarness,
) -> None:
    post = await delivered(bot)
    clean_up(bot.store, now=bot.later(days=29))
    assert count(bot.store, "delivery") == count(bot.store, "message") == 1
    clean_up(bot.store, now=bot.later(days=2))
    assert count(bot.store, "delivery") == count(bot.store, "message") == 0
    with bot.store.read() as session:
        row = session.execute(text("SELECT chat, paper, delivered_on, because FROM delivery_item")).one()
    assert (row.chat, row.paper, str(row.delivered_on), str(row.because)) == (1, 1, "2026-01-22", "[]")
    ingested(
        bot.store,
        paper("A graph", "cs.LG", "cs.AI", arxiv_id="2601.00001", version=3, summaries=summary("x")),
        now=bot.clock.now(),
    )
    subscribes(bot.store, "telegram:42", "cat:cs.AI", now=bot.clock.now())
    bot.later(days=1)
    await post.deliver_due()
    assert not any("A graph" in sent.text for sent in post.to("telegram:42")[1:])
    known = papers_named(bot.store, ["2601.00001"])["2601.00001"]
    assert deliveries_of(bot.store, get_chat(bot.store, address("telegram:42")).id, known.id)
    assert "It came here before." in (await bot.says("/why 2601.00001")).text
    told = await bot.says("/export bib 9 weeks")
    assert "2601.00001" in (told.file.text if told.file else told.text)


async def test_a_refused_message_stays_whole_until_somebody_decides(bot: BotHarness) -> None:
    await delivered(bot)
    change(
        bot.store,
        "UPDATE message SET state = 'dead'",
    )
    clean_up(bot.store, now=bot.later(days=400))
    with bot.store.read() as session:
        assert session.execute(text("SELECT payload != '' FROM message")).scalars().all() == [1]
    assert outbox_counts(bot.store).dead == 1
    with bot.store.read() as session:
        delivery = session.execute(text("SELECT id FROM delivery")).scalar_one()
    retry_delivery(bot.store, delivery, now=bot.clock.now())
    assert outbox_counts(bot.store).waiting == 1
    dismiss(bot.store, delivery, now=bot.clock.now())
    clean_up(bot.store, now=bot.later(days=29))
    assert (count(bot.store, "delivery"), count(bot.store, "delivery_item")) == (1, 1)
    clean_up(bot.store, now=bot.later(days=2))
    assert (count(bot.store, "delivery"), count(bot.store, "delivery_item")) == (0, 1)


def test_the_clean_up_can_stop_after_any_step(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention_room, "STEP", 7)
    fill(store, 20)
    later = NOON + 31 * DAY
    before = count(store, "delivery")
    done = 0
    while count(store, "delivery"):
        assert done < 100
        for handled in islice(clean_up_steps(store, now=later), 13):  # a new process each time
            assert handled <= 7
            subscribes(
                store, f"telegram:{5000 + done}", "graph", now=later
            )  # it would wait for a transaction that is open
        done += 1
    assert done > before // (13 * 7), "several calls"
    assert count(store, "delivery_item") == 20 * PER_CHAT


def test_papers_are_kept_unless_the_operator_chose_an_age(store: Store) -> None:
    old = paper("A graph of old", "cs.LG", arxiv_id="2601.00001", abstract="Words.", summaries=summary("x"))
    ingested(store, old, now=NOON)
    ingested(store, paper("A newer graph", "cs.LG", arxiv_id="2601.00002", abstract="Words."), now=NOON + 300 * DAY)
    clean_up(store, now=NOON + 350 * DAY)
    assert count(store, "paper WHERE abstract != ''") == 2
    clean_up(store, now=NOON + 350 * DAY, papers=100 * DAY)
    clean_up(store, now=NOON + 350 * DAY, papers=100 * DAY)
    assert count(store, "paper WHERE abstract != ''") == 1
    assert [count(store, table) for table in ("paper", "paper_key", "summary", "appearance")] == [2, 2, 0, 1]
    subscribes(store, "telegram:1", "graph", every="now", now=NOON + 351 * DAY)
    ingested(store, old, now=NOON + 351 * DAY, name="again")
    plan_due(store, now=NOON + 351 * DAY + timedelta(minutes=1))
    assert count(store, "paper") == 2, "it is known by its key"
    assert count(store, "delivery_item") == 0, "and no news"


async def test_a_paper_in_a_delivery_that_is_not_over_is_kept_whole(bot: BotHarness) -> None:
    await delivered(bot)
    change(
        bot.store,
        "UPDATE delivery SET settled_at = NULL",
    )
    clean_up(bot.store, now=bot.later(days=400), papers=100 * DAY)
    assert count(bot.store, "paper WHERE abstract != ''") == 1


async def test_changes_and_warnings_go_after_ninety_days(bot: BotHarness) -> None:
    await bot.says("/sub graph")
    change(
        bot.store,
        "INSERT INTO source (name, kind, location, title, home, schedule, validators, state)"
        " VALUES ('s', '', '', '', '', '', '{}', '{}')",
        "INSERT INTO digest (content_hash, source, format, date, received_at, counts, warnings)"
        " VALUES ('h', 's', 'x', '2026-01-22', '2026-01-22 12:00:00.000000', '{}', '[1]')",
    )
    clean_up(bot.store, now=bot.later(days=89))
    assert (count(bot.store, "undo"), count(bot.store, "digest WHERE CAST(warnings AS VARCHAR) = '[1]'")) == (1, 1)
    clean_up(bot.store, now=bot.later(days=2))
    assert (count(bot.store, "undo"), count(bot.store, "digest WHERE CAST(warnings AS VARCHAR) = '[]'")) == (0, 1)


async def test_parts_of_a_conversation_are_kept_as_long_as_needed(bot: BotHarness) -> None:
    subscribes(bot.store, "telegram:42", "graph", now=NOON)
    link = share_link(bot.store, address("telegram:42"), 1, now=NOON)
    redeem_code(bot.store, address("telegram:42"), "wrong", admins=(), now=NOON)
    complete_installation(bot.store, "i1", now=NOON)
    begin_lookup(bot.store, "looks-up:telegram:1", CallbackToken(verb="", place="telegram:42"), now=NOON)
    for name, lasts in (("import:telegram:42", timedelta(hours=1)), ("connect:telegram:42", 90 * DAY)):
        token = CallbackToken(verb="x", place="telegram:42")
        set_conversation_state(bot.store, name, token, lasts=lasts, now=NOON)
    tables = ("conversation_state", "wrong_code", "completed_installation", "pending_lookup", "offer")
    kept = {}
    for age in (timedelta(minutes=10), timedelta(hours=2), 2 * DAY, 89 * DAY, 91 * DAY):
        clean_up(bot.store, now=NOON + age)
        kept[age] = tuple(count(bot.store, table) for table in tables)
    assert list(kept.values()) == [(2, 1, 1, 1, 1), (1, 0, 0, 1, 1), (1, 0, 0, 0, 1), (1, 0, 0, 0, 1), (0, 0, 0, 0, 1)]
    assert find_callback(bot.store, link) is not None


@pytest.mark.sqlite_alone("it counts the steps of SQLite's machine")
@pytest.mark.parametrize("clean", [retention.reduce_deliveries, retention.drop_texts_of_notices])
def test_a_step_of_the_clean_up_does_not_pass_over_what_stays(store: Store, clean: Callable[..., int]) -> None:
    """Dead letters wait for a person, perhaps for years: each is looked at once, and not each day."""
    fill(store, 100)
    later = NOON + 31 * DAY
    change(
        store,
        "UPDATE message SET state = 'dead'",
    )
    for _ in range(count(store, "delivery") // 50 + 1):
        with store.write() as session:
            clean(session, later, 50)
    stays = count(store, "delivery")
    assert stays == 100 * PER_CHAT // PER_DELIVERY
    with store.write() as session:
        worked: list[int] = []
        session.connection().connection.set_progress_handler(lambda: worked.append(1), 10)  # each ten steps of SQLite
        assert clean(session, later, 50) == 0
        session.connection().connection.set_progress_handler(None, 0)
    assert len(worked) < stays


async def test_one_that_was_passed_over_goes_after_it_was_sent_at_last(bot: BotHarness) -> None:
    post = await delivered(bot)
    change(
        bot.store,
        "UPDATE message SET state = 'dead'",
    )
    clean_up(bot.store, now=bot.later(days=40))
    (entry,) = outbox_entries(bot.store, now=bot.clock.now())
    retry_delivery(bot.store, entry.id, now=bot.clock.now())
    await post.deliver_due()
    assert len(post.to("telegram:42")) == 2
    clean_up(bot.store, now=bot.later(days=29))
    assert count(bot.store, "delivery") == 1
    clean_up(bot.store, now=bot.later(days=2))
    assert count(bot.store, "delivery") == 0


async def test_a_clock_set_back_hides_no_delivery_from_the_clean_up(bot: BotHarness) -> None:
    await delivered(bot)
    change(
        bot.store,
        "UPDATE message SET state = 'dead'",
        "UPDATE delivery SET settled_at = '2027-01-22 12:00:00.000000'",
    )
    clean_up(bot.store, now=NOON + 500 * DAY)
    change(
        bot.store,
        "UPDATE message SET state = 'sent'",
        "UPDATE delivery SET settled_at = '2026-01-22 12:00:00.000000'",
    )
    clean_up(bot.store, now=NOON + 31 * DAY)
    assert count(bot.store, "delivery") == 0
