"""What the store promises on each kind of database: one morning as a whole, and its triggers."""

import sqlite3
from bisect import bisect_left
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import insert, select

from bot.settings import source_name
from subscriptions.addresses import parse_address
from subscriptions.errors import Refused
from subscriptions.model import Lane, Message
from subscriptions.planning.receipts import Outcome, Receipt
from subscriptions.service.plan import plan_due
from subscriptions.service.requests import SubscriptionRequest, subscribe
from subscriptions.service.sending import ClaimRequest, claim, confirm, outbox_entries
from subscriptions.store import planner
from subscriptions.store.attempts import mark_sending
from subscriptions.store.claims import Claim, Rendered, store_rendered
from subscriptions.store.database.store import Store, connection_of
from subscriptions.store.entries import outbox_counts
from subscriptions.store.rows import PaperKeyRow, QueryRow
from subscriptions.store.sources import latest, put_receipt
from subscriptions.store.workers import begin_worker
from tests.make import NOON, ingested, paper, stored_papers, subscribes

pytestmark = pytest.mark.both_databases


def test_a_paper_goes_its_whole_way_once(store: Store, kind_of_database: str) -> None:
    assert store.url.get_backend_name() == kind_of_database
    begin_worker(store, holds_sender_lock=True)
    subscribes(store, "telegram:-100", "graph", every="now", since="1d")
    ingested(store, paper("Deep graph networks", "cs.LG"), paper("Tea"), now=NOON - timedelta(hours=1))
    lane = Lane("telegram", "-100")
    assert (plan_due(store, now=NOON), plan_due(store, now=NOON)) == ((lane,), ())
    asking = ClaimRequest(lane=lane, now=NOON, wall=NOON, on_unclear="resend", can_find=False, tried=frozenset())
    unrendered = claim(store, asking)
    assert isinstance(unrendered, Claim)
    message = Message(number=1, payload='{"text": "Deep graph networks"}', plain="Deep graph networks")
    store_rendered(store, [Rendered(seq=unrendered.seq, messages=(message,))], now=NOON)
    rendered = claim(store, asking)
    assert isinstance(rendered, Claim)
    assert mark_sending(store, rendered, wall=NOON)
    assert not mark_sending(store, rendered, wall=NOON)
    assert confirm(store, rendered, "m1", asking) == (1, None)
    assert claim(store, asking) is None
    assert [(entry.chat, entry.papers, entry.state) for entry in outbox_entries(store, now=NOON)] == [
        ("telegram:-100", 1, "sent")
    ]
    assert outbox_counts(store).waiting == 0


def test_what_happens_to_a_chat_reaches_its_deliveries(store: Store) -> None:
    subscribes(store, "telegram:-100", "graph", every="now", since="1d")
    ingested(store, paper("A graph"), now=NOON - timedelta(hours=1))
    plan_due(store, now=NOON)
    asked = "SELECT chat_active, sendable FROM subscription JOIN delivery USING (chat)"
    with store.write() as session:
        connection = session.connection()
        assert [tuple(map(bool, row)) for row in connection.exec_driver_sql(asked)] == [(True, True)]
        connection.exec_driver_sql("UPDATE chat SET state = 'paused'")
        assert [tuple(map(bool, row)) for row in connection.exec_driver_sql(asked)] == [(False, False)]
        connection.exec_driver_sql("UPDATE chat SET state = 'active'")
        assert [tuple(map(bool, row)) for row in connection.exec_driver_sql(asked)] == [(True, True)]


def test_a_query_that_comes_or_goes_is_noted(store: Store) -> None:
    subscribes(store, "telegram:1", "graph")
    with store.read() as session:
        before = planner.newest_change(session)
    subscribes(store, "telegram:1", "bread")
    with store.read() as session:
        found = planner.changes_after(session, before)
        assert found is not None
        assert list(planner.queries_by_id(session, sorted(found[1])).values()) == ["bread"]


def test_no_character_of_a_text_is_refused(store: Store) -> None:
    """PostgreSQL allows no NUL in texts and stores another character; a search with NUL still finds it."""
    hostile = "Graphs\0of\x01 '\"; DROP TABLE paper; -- %s %% \\ \U0001f600\u202e"
    ingested(store, paper(hostile, abstract="\0", authors=["\0"], comment="\0"), paper("Tea", key="\0", arxiv_id=None))
    subscribes(store, "telegram:1", "graphs")
    with store.read() as session:
        known = {known.paper.title.replace("\ufffd", "\0"): known for known in stored_papers(session)}
        assert known.keys() == {hostile, "Tea"}
        asked = select(PaperKeyRow.paper).where(PaperKeyRow.key == "\0")
        assert session.exec(asked).one() == known["Tea"].id


def test_a_source_is_known_by_its_newest_receipt(store: Store) -> None:
    for hours, outcome in enumerate((Outcome.NEW, Outcome.FAILED, Outcome.QUIET, Outcome.STALE)):
        with store.write() as session:
            put_receipt(session, Receipt(source="daily", at=NOON + timedelta(hours=hours), outcome=outcome))
        with store.read() as session:
            assert {name: found.outcome for name, found in latest(session).items()} == {"daily": outcome}


def test_a_transaction_that_outlives_its_store_closes_cleanly(store: Store) -> None:
    closed = Store(str(store.url))
    with closed.read() as session:
        driver = connection_of(session).connection.dbapi_connection
        assert driver is not None
        closed.close()
        assert session.execute(select(PaperKeyRow)).all() == []
    with pytest.raises((sqlite3.ProgrammingError, psycopg.OperationalError), match="closed"):
        driver.cursor().execute("SELECT 1")


@pytest.mark.parametrize("words", ["".join(chr(0x4E00 + 37 * number % 20_000) for number in range(990)), "graph"])
def test_a_query_is_stored_once_however_long_it_is(store: Store, words: str) -> None:
    for chat in ("telegram:1", "telegram:2"):
        subscribes(store, chat, words)
    with store.write() as session:
        (known,) = session.execute(select(QueryRow.canonical)).scalars()
        again = insert(QueryRow).values(canonical=known)
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(again)


def test_a_paper_is_found_again_by_a_very_long_title(store: Store) -> None:
    signs = [chr(0x4E00 + 37 * number % 20_000) for number in range(2_000)]
    title, other = "".join(signs), "".join(signs[:-1]) + "末"
    ingested(store, paper(title, arxiv_id=None))
    ingested(store, paper(title, arxiv_id="2601.00001"), paper(other, arxiv_id="2601.00002"))
    with store.read() as transaction:
        found = {known.paper.arxiv_id: known.paper.title for known in stored_papers(transaction)}
    assert found == {"2601.00001": title, "2601.00002": other}


@pytest.mark.parametrize("form", ["console:{}", "slack:T{0}/C{0}/1234567890.123456", "telegram:@a{}/1"])
def test_chats_and_sources_may_have_the_longest_names(store: Store, form: str) -> None:
    """PostgreSQL refuses what its indexes cannot hold: 2,704 bytes, if it cannot be compressed."""
    name = longest_in(form)
    chat = parse_address(form.format(name))
    with pytest.raises(Refused):
        parse_address(form.format(name + name[0]))
    subscribe(store, chat, SubscriptionRequest(text="graph", every="now", since="1d"), now=NOON)
    source = source_name("--source", longest_in("console:{}"))
    for day in range(2):
        ingested(store, paper("A graph"), source=source, name=str(day), now=NOON - timedelta(hours=2 - day))
        with store.write() as session:
            put_receipt(session, Receipt(source=source, at=NOON, outcome=Outcome.NEW))
    (lane,) = plan_due(store, now=NOON)
    assert lane.platform == chat.platform
    with store.read() as session:
        assert latest(session).keys() == {source}


def longest_in(form: str) -> str:
    """The longest name that gives a valid address of a chat: of four-byte characters where any are allowed."""
    signs = "".join(chr(0x20000 + 7919 * number % 40_000) for number in range(3000))
    letters = "".join("ABCDEFGHIJKLMNOPQRSTUVWXYZ"[7919 * number % 101 % 26] for number in range(3000))
    name = signs if form == "console:{}" else letters
    lengths = range(1, 3000)
    return name[: bisect_left(lengths, True, key=lambda length: not is_chat(form.format(name[:length])))]


def is_chat(text: str) -> bool:
    try:
        parse_address(text)
    except Refused:
        return False
    return True
