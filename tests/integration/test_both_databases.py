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
from subscriptions.planning.receipts import Outcome, Receipt
from subscriptions.service.plan import plan_due
from subscriptions.service.requests import SubscriptionRequest, subscribe
from subscriptions.store.database.store import Store
from subscriptions.store.rows import PaperKeyRow, QueryRow
from subscriptions.store.sources import latest, put_receipt
from tests.make import NOON, ingested, paper, stored_papers, subscribes

pytestmark = pytest.mark.both_databases


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


def test_a_transaction_that_outlives_its_store_closes_cleanly(store: Store) -> None:
    closed = Store(str(store.url))
    with closed.read() as session:
        driver = session.connection().connection.dbapi_connection
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
