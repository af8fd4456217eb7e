"""Large digests and imports are stored in parts, so that other threads and processes can write in between.

The result is the same as if everything were stored at once. Exports are read in parts, and can be imported again.
"""

import contextlib
import sqlite3
from collections import Counter, abc
from dataclasses import replace
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from shutil import copy
from tempfile import TemporaryDirectory
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st
from sqlalchemy import event

from subscriptions import chat_settings
from subscriptions.addresses import parse_address
from subscriptions.errors import PaperwireError, Refused
from subscriptions.matching.full_text import index_document
from subscriptions.model import DAYS, Announce, ChatAddress, ChatKind, Digest, Paper, Summary, Translation
from subscriptions.portable import read_lines
from subscriptions.service import amendments, exporting, importing, requests
from subscriptions.service import ingest as ingest_room
from subscriptions.service.listing import listed
from subscriptions.service.paper_search import papers_named
from subscriptions.service.plan import plan_due
from subscriptions.service.retention import forget
from subscriptions.store import chats as stored_chats
from subscriptions.store import drafts, subscriptions
from subscriptions.store.database.store import Store, Transaction
from subscriptions.store.digests import Ingested
from tests import make
from tests.clock import NOON
from tests.make import DAY, digest, ingested, paper, subscribes
from tests.stored import value

TODAY = NOON.date()
_TABLES = {
    "paper": 'SELECT key, title, abstract, authors, categories, "primary", arxiv_id, doi, url, version, comment, "cross", '
    "withdrawn_at, first_seen_at, day, sequence, sequenced_at FROM paper",
    "paper_key": "SELECT k.key, p.key FROM paper_key k JOIN paper p ON p.id = k.paper",
    "paper_alias": "SELECT a.alias, p.key FROM paper_alias a JOIN paper p ON p.id = a.paper",
    "summary": "SELECT p.key, s.language, s.fields FROM summary s JOIN paper p ON p.id = s.paper",
    "translation": "SELECT p.key, t.language, t.title, t.abstract FROM translation t JOIN paper p ON p.id = t.paper",
    "appearance": "SELECT p.key, d.content_hash, a.kind FROM appearance a JOIN paper p ON p.id = a.paper "
    "JOIN digest d ON d.id = a.digest",
    "digest": "SELECT content_hash, source, format, date, counts FROM digest",
    "counter": "SELECT value FROM key_value WHERE name = 'sequence'",
    "words": "SELECT p.key, w.term, w.col, w.offset FROM words w JOIN indexed_paper e ON e.entry = w.doc "
    "JOIN paper p ON p.id = e.paper",
}


class WatchedStore(Store):
    """A store that records in `rows` how many rows each transaction writes, and calls `after_commit` after each one."""

    rows: list[int]
    after_commit: abc.Callable[[], None] = staticmethod(lambda: None)

    @contextlib.contextmanager
    def write(self) -> abc.Iterator[Transaction]:
        with super().write() as transaction:
            driver: Any = transaction.connection().connection.dbapi_connection
            before = driver.total_changes
            yield transaction
            self.rows.append(driver.total_changes - before)
        self.after_commit()


@contextlib.contextmanager
def stores(empty_database: Path, *names: str) -> abc.Iterator[list[WatchedStore]]:
    with TemporaryDirectory() as folder:
        made = [WatchedStore(f"sqlite:///{folder}/{name}.db") for name in names]
        for store in made:
            copy(empty_database, store.path)
            store.rows = []
        yield made
        for store in made:
            store.close()


@pytest.fixture
def watched(empty_database: Path) -> abc.Iterator[WatchedStore]:
    with stores(empty_database, "watched") as (store,):
        yield store


def content(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """Maps each table of papers (_TABLES) to its rows, without row ids. Includes the words of the search index."""
    with contextlib.closing(sqlite3.connect(store.path)) as connection:
        connection.execute("CREATE VIRTUAL TABLE temp.words USING fts5vocab(main, paper_words, instance)")
        return {name: sorted(connection.execute(asked).fetchall(), key=repr) for name, asked in _TABLES.items()}


def assert_same(one: Store, other: Store) -> None:
    """Fails the test if two stores have different papers, and shows the rows that differ."""
    ours, theirs = content(one), content(other)
    for name, rows in theirs.items():
        assert ours[name] == rows, name


@contextlib.contextmanager
def executed(store: Store) -> abc.Iterator[list[str]]:
    """Yields a list to which each statement is added that the store executes."""
    found: list[str] = []

    @event.listens_for(store._engine, "before_cursor_execute")
    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        found.append(statement)

    yield found
    event.remove(store._engine, "before_cursor_execute", note)


def stored(store: Store, some: Digest, *, day: date = TODAY, announce: bool = False) -> Ingested:
    return make.ingest_digest(store, some, source="daily", day=day, now=NOON, announce=announce)


def counts_of(done: Ingested) -> tuple[object, ...]:
    """Returns the results of an ingest that its receipt reports."""
    return (done.already_known, done.new, done.updated, done.unchanged, done.archive, done.archived, done.announced)


@st.composite
def papers(draw: st.DrawFn) -> Paper:
    """Draws a paper with any combination of arXiv id, DOI (either may be missing) and title.

    There are few of each, so different papers often have the same one.
    """
    number, doi = draw(st.none() | st.integers(1, 5)), draw(st.none() | st.integers(1, 3))
    title = draw(st.sampled_from(("On kites", "On boats", "On trees", "On DNA-like knots")))
    arxiv_id = None if number is None else f"2601.0000{number}"
    found = {} if doi is None else {"doi": f"10.1/{doi}"}
    if arxiv_id is None and doi is not None:
        found["key"] = f"10.1/{doi}"
    languages = draw(st.lists(st.sampled_from(("zh", "ja")), unique=True))
    return paper(
        title,
        *draw(st.lists(st.sampled_from(("cs.LG", "cs.CV", "stat.ML")), unique=True)),
        arxiv_id=arxiv_id,
        kind=draw(st.none() | st.sampled_from(Announce)),
        authors=draw(st.sampled_from(((), ("Ada Example",)))),
        abstract=draw(st.sampled_from(("", "A kite.", "A kite. It flies.", "This paper has been withdrawn"))),
        version=draw(st.none() | st.integers(1, 2)),
        summaries=tuple(Summary(language=code, fields={"tldr": f"短 {title}"}) for code in languages),
        translations=tuple(Translation(language=code, title="风筝", abstract="") for code in languages[:1]),
        **found,
    )


digests = st.lists(st.tuples(st.lists(papers(), max_size=9), st.sampled_from((0, 0, 20)), st.booleans()), max_size=4)


def stored_all(store: Store, said: list[tuple[list[Paper], int, bool]]) -> list[tuple[object, ...]]:
    return [
        counts_of(stored(store, digest(*some, name=str(n)), day=TODAY - ago * DAY, announce=announce))
        for n, (some, ago, announce) in enumerate(said)
    ]


@hypothesis.settings(max_examples=15, deadline=None)
@hypothesis.given(digests, st.lists(papers(), max_size=9), st.sampled_from((0, 20)))
def test_papers_merged_before_the_writing_give_the_same_store_as_papers_merged_in_it(
    empty_database: Path,
    said: list[tuple[list[Paper], int, bool]],
    last: list[Paper],
    ago: int,
) -> None:
    """One store writes what was merged before. For the other, somebody always commits in between, so it merges again."""
    with stores(empty_database, "before", "again") as (before, again), pytest.MonkeyPatch.context() as patched:
        some = digest(*last, name="the last one")
        stored_all(before, said)
        merged_before = stored(before, some, day=TODAY - ago * DAY)
        patched.setattr(Transaction, "is_current", lambda _, __: False)
        stored_all(again, said)
        assert counts_of(stored(again, some, day=TODAY - ago * DAY)) == counts_of(merged_before)
        assert_same(again, before)


class Killed(BaseException):
    """Ends the work at once, as if the process were killed. No code of the product catches it."""


@pytest.mark.parametrize("together", [2000, 4])
@hypothesis.settings(max_examples=10, deadline=None)
@hypothesis.given(digests, st.lists(papers(), min_size=3, max_size=9), st.integers(1, 3))
def test_a_digest_read_again_after_a_crash_is_stored_the_same(
    empty_database: Path,
    together: int,
    said: list[tuple[list[Paper], int, bool]],
    last: list[Paper],
    crash_after: int,
) -> None:
    """A process crashes after one of the commits of a digest, and the next process reads the digest again. Papers, sequence
    numbers, words and the counts of the receipt are the same as without a crash.

    There is one exception: if the digest was announced in parts, papers announced before the crash count as known.
    """
    with stores(empty_database, "calm", "crashed") as (calm, crashed), pytest.MonkeyPatch.context() as patched:
        stored_all(calm, said)
        stored_all(crashed, said)
        patched.setattr(ingest_room, "MOST_TOGETHER", together)
        some = digest(*last, name="the last one")
        commits = Counter[str]()

        def crash() -> None:
            commits["write"] += 1
            if commits["write"] == crash_after:
                raise Killed

        crashed.after_commit = crash
        expected = stored(calm, some)
        try:
            done = stored(crashed, some)
        except Killed:
            crashed.after_commit = lambda: None
            done = stored(crashed, some)
            if done.already_known:  # the process crashed after the last commit
                done = expected
        if together == 2000:
            assert counts_of(done) == counts_of(expected)
        assert_same(crashed, calm)


def test_an_archive_that_was_filed_in_parts_is_announced_whole(
    watched: WatchedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_room, "MOST_TOGETHER", 3)
    done = stored(watched, many(10), day=TODAY - 30 * DAY)
    assert (done.new, done.archived, done.announced) == (10, 10, 0)
    again = stored(watched, many(10), day=TODAY - 30 * DAY)
    assert (again.already_known, again.archived, again.unchanged) == (True, 10, 10)
    assert stored(watched, many(10), day=TODAY - 30 * DAY, announce=True).announced == 10
    assert value(watched, "SELECT count(DISTINCT sequence) FROM paper") == 10


def many(amount: int) -> Digest:
    return digest(*(paper(f"Kite {n}", "cs.LG", arxiv_id=f"2602.{n:05d}") for n in range(amount)))


def test_no_transaction_of_a_large_digest_writes_too_much(
    watched: WatchedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No transaction stores more papers than the limit. One transaction for 20,000 papers would make a /help
    wait for 22 seconds.
    """
    monkeypatch.setattr(ingest_room, "MOST_TOGETHER", 100)
    tables = "paper", "appearance", "paper WHERE sequence IS NOT NULL"
    seen: list[tuple[int, ...]] = [(0, 0, 0)]
    watched.after_commit = lambda: seen.append(
        tuple(value(watched, f"SELECT count(*) FROM {table}") for table in tables)  # noqa: S608 - words of this file
    )
    assert stored(watched, many(470)).new == 470
    for earlier, later in pairwise(seen):
        papers, appearances, announced = (after - before for before, after in zip(earlier, later, strict=True))
        assert papers == appearances == announced <= ingest_room.MOST_TOGETHER
    assert seen[-1] == (470, 470, 470)


@pytest.mark.parametrize(
    ("together", "papers", "deliveries"),
    [(100, 350, 4), (2000, 1200, 1)],
    ids=["announced in parts", "announced at once"],
)
def test_a_planner_between_the_parts_takes_each_paper_once(
    watched: WatchedStore, monkeypatch: pytest.MonkeyPatch, together: int, papers: int, deliveries: int
) -> None:
    monkeypatch.setattr(ingest_room, "MOST_TOGETHER", together)
    ingested(watched, paper("Boat", "cs.CV"), now=NOON - DAY)
    subscribes(watched, "console:me", "kite", when="now", now=NOON - DAY / 2)
    plan_due(watched, now=NOON - DAY / 4)
    planned: list[int] = []
    watched.after_commit = lambda: planned.append(len(plan_due(watched, now=NOON)))
    stored(watched, many(papers))
    assert (planned[-1], sum(planned)) == (1, deliveries)
    assert value(watched, "SELECT count(DISTINCT paper) FROM delivery_item") == papers
    assert value(watched, "SELECT count(*) FROM paper WHERE sequence IS NULL") == 0


@pytest.mark.both_databases
def test_a_digest_is_written_by_one_statement_for_each_table(store: Store, kind_of_database: str) -> None:
    """A digest with new and changed papers takes one statement for each table. With one for each paper, key and title,
    1,000 papers would take a second.
    """
    ingested(store, *many(40).entries[:20])
    changed = [paper(f"Kite {n}", "cs.LG", "cs.CV", arxiv_id=f"2602.{n:05d}") for n in range(20)]
    with executed(store) as statements:
        ingested(store, *changed, *many(400).entries[20:], now=NOON + DAY)
    words = [statement.replace('"', "").split() for statement in statements]
    written = Counter(
        " ".join(one[: 2 if one[0] == "UPDATE" else 3]) for one in words if one[0] in ("INSERT", "UPDATE", "DELETE")
    )
    assert written == {
        "INSERT INTO paper": 1,
        "INSERT INTO paper_key": 1,
        "INSERT INTO paper_alias": 1,
        "INSERT INTO appearance": 1,
        "INSERT INTO digest": 1,
        "INSERT INTO paper_spelling": 1,
        "UPDATE paper": 1,
        "INSERT INTO key_value": 2,  # the first one locks the counter of sequences, the second one raises it
        "INSERT INTO source": 1,
    } | (
        {"DELETE FROM indexed_paper": 1, "INSERT INTO indexed_paper": 1, "INSERT INTO paper_words": 1}
        if kind_of_database == "postgresql"
        else {}
    )


# known papers that changed are merged before the transaction that lets writers wait

PAPERS = [paper(f"A graph {n}", "cs.LG", arxiv_id=f"2601.{n:05d}", abstract="Words.") for n in range(1, 71)]
CHANGED = [replace(one, abstract="Other words.", version=2) for one in PAPERS]


@pytest.fixture
def known(store: Store) -> Store:
    ingested(store, *PAPERS)
    return store


@pytest.fixture
def made_while_writing(store: Store, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A list of the work that was done while other writers had to wait. It has the title of each paper whose index words were
    made then, and "N papers" for each look-up of several papers.
    """
    found: list[str] = []
    look_up = drafts.MergeBatch.look_up

    def made(one: Paper) -> tuple[str, ...]:
        if store._turn.locked():
            found.append(one.title)
        return index_document(one)

    def looked(batch: drafts.MergeBatch, session: Transaction, papers: abc.Sequence[drafts.Incoming]) -> None:
        if store._turn.locked() and len(papers) > 1:
            found.append(f"{len(papers)} papers")
        look_up(batch, session, papers)

    monkeypatch.setattr("subscriptions.store.digests.index_document", made)
    monkeypatch.setattr(drafts.MergeBatch, "look_up", looked)
    return found


def stores_beside_others(
    store: Store, *papers: Paper, meanwhile: tuple[Paper, ...] = (), before: int = 1
) -> tuple[Ingested, int]:
    """Stores a digest. Returns (the result, the number of its writes).

    Just before write number `before`, another source stores the papers `meanwhile`.
    """
    begins, writes, others = store.write, 0, list(meanwhile)

    @contextlib.contextmanager
    def write() -> abc.Iterator[Transaction]:
        nonlocal writes
        writes += 1
        if writes == before and others:
            with pytest.MonkeyPatch.context() as alone:
                alone.setattr(store, "write", begins)
                ingested(store, *others, source="other", of_arxiv=True)
        with begins() as transaction:
            yield transaction

    ingest = ingest_room.Ingest(source="daily", day=NOON.date(), now=NOON, of_arxiv=True)
    with pytest.MonkeyPatch.context() as counted:
        counted.setattr(store, "write", write)
        return ingest_room.ingest_digest(store, digest(*papers), ingest), writes


def abstracts(store: Store) -> set[str]:
    return {known.paper.abstract for known in papers_named(store, [one.arxiv_id or "" for one in PAPERS]).values()}


def test_nothing_of_them_is_made_while_others_wait(known: Store, made_while_writing: list[str]) -> None:
    result, writes = stores_beside_others(known, *CHANGED)
    assert (result.updated, result.new, writes) == (len(PAPERS), 0, 1)
    assert made_while_writing == []
    assert abstracts(known) == {"Other words."}


def test_papers_stored_meanwhile_are_merged(known: Store, made_while_writing: list[str]) -> None:
    newest = replace(PAPERS[0], abstract="The newest words.", version=3)
    result, _ = stores_beside_others(known, *CHANGED, meanwhile=(newest,))
    assert result.updated == len(PAPERS) - 1
    assert made_while_writing == ["70 papers"]  # our digest looks up its papers again
    assert abstracts(known) == {"Other words.", "The newest words."}


@pytest.mark.parametrize("before", [0, 1, 3])
def test_a_large_digest_is_stored_in_parts_beside_others(
    store: Store, made_while_writing: list[str], before: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large digest is stored in parts. Before one of its writes, another source stores some of these papers."""
    monkeypatch.setattr(ingest_room, "MOST_TOGETHER", 20)
    _, writes = stores_beside_others(store, *PAPERS, meanwhile=tuple(PAPERS[5:60:9]) if before else (), before=before)
    assert writes == 4
    assert before or not made_while_writing, "nothing is looked up"
    with store.read() as transaction:
        stored = make.stored_papers(transaction)
    assert sorted(known.paper.title for known in stored) == sorted(one.title for one in PAPERS)
    sequences = [known.sequence for known in stored]
    assert len(set(sequences)) == len(PAPERS)
    assert None not in sequences


def text_of(chats: int, each: int, *, first: int = 1) -> str:
    """Returns the text of an export of `chats` chats, each with `each` subscriptions."""
    blocks = []
    for chat in range(first, first + chats):
        lines = [f"daily 09:00 UTC | topic{chat} word{n} | name {n}\n" for n in range(each)]
        blocks.append("".join([f"[telegram:{chat}]\nset limit 7\n", *lines]))
    return "\n".join(blocks)


def test_a_long_import_is_applied_in_parts(watched: WatchedStore) -> None:
    lines = read_lines(text_of(chats=144, each=20))
    watched.rows.clear()
    seen = []

    def one_by_one(parts: abc.Sequence[Any]) -> abc.Iterator[Any]:
        for part in parts:
            yield part
            seen.append(len(listed(watched, None)))
            requests.subscribe(
                watched,
                make.address("console:me"),
                requests.SubscriptionRequest(text=f"other{len(seen)}"),
                now=NOON,
            )

    importing.import_lines(watched, lines, now=NOON, watched=one_by_one)
    assert len(lines) == 3024
    assert len(seen) == 6
    # a part has only whole chats; `one_by_one` adds one subscription after each part
    assert all(amount % 20 == place for place, amount in enumerate(seen))
    imported = [rows for rows in watched.rows if rows > 20]
    assert len(imported) == 6
    # the rows written: for a chat its row, setting and numbers; for a subscription its query and row
    assert max(imported) < 4 * (importing.MOST_AT_ONCE + 21)


def test_a_killed_import_is_completed_by_the_same_lines(watched: WatchedStore) -> None:
    lines = read_lines(text_of(chats=100, each=20))

    def killed(parts: abc.Sequence[Any]) -> abc.Iterator[Any]:
        yield from parts[:2]
        raise Killed

    with pytest.raises(Killed):
        importing.import_lines(watched, lines, now=NOON, watched=killed)
    half = len(listed(watched, None))
    assert 0 < half < 2000
    done = importing.import_lines(watched, lines, now=NOON)
    assert sum(sign == "=" for sign, _, _ in done) == half + half // 20
    assert len(listed(watched, None)) == 2000
    assert {sign for sign, _, _ in importing.import_lines(watched, lines, now=NOON)} == {"="}


@pytest.mark.parametrize(
    ("last", "why"),
    [
        ("set limit many", "Papers shown cannot be “many”"),
        ("set castle 5", "castle"),
        (
            "\n".join(f"now | more{n}" for n in range(200)),
            "A chat can have 200 subscriptions. It says: “now | more180”",
        ),
        (
            "[telegram:1]\n" + "\n".join(f"now | more{n}" for n in range(200)),
            "A chat can have 200 subscriptions. It says: “now | more180”",
        ),
    ],
)
def test_a_refused_line_of_the_last_part_changes_nothing(watched: WatchedStore, last: str, why: str) -> None:
    requests.subscribe(watched, make.address("telegram:1"), requests.SubscriptionRequest(text="graph"), now=NOON)
    lines = read_lines(f"{text_of(chats=60, each=19)}\nnow | one more\n{last}")
    before = "".join(exporting.export_all(watched))
    with pytest.raises(Refused) as refused:
        importing.import_lines(watched, lines, now=NOON)
    assert why in str(refused.value.sentence)
    assert "".join(exporting.export_all(watched)) == before


def test_a_dry_run_of_a_long_import_stores_nothing(watched: WatchedStore) -> None:
    importing.import_lines(watched, read_lines(text_of(chats=30, each=20)), now=NOON)
    before = "".join(exporting.export_all(watched))
    lines = read_lines(
        text_of(chats=60, each=20).replace("name 3", "another") + "\n[telegram:2]\nnow | topic2 word1 | \n"
    )
    plan = importing.import_lines(watched, lines, now=NOON, dry=True)
    assert "".join(exporting.export_all(watched)) == before
    assert importing.import_lines(watched, lines, now=NOON) == plan
    assert [line for _, _, line in plan] == [line.text for line in lines]
    assert {sign for sign, _, _ in plan} == {"+", "~", "="}


def test_all_lines_that_cannot_be_read_are_named_in_one_sentence() -> None:
    good, bad = "now | graph | \n", "nonsense\n"
    with pytest.raises(Refused) as refused:
        read_lines(
            good + bad + good + "now | -x | \n" + "[slack:foo]\n" + bad + bad + "[console:a]\n" + bad,
            make.address("telegram:1"),
        )
    said = str(refused.value.sentence)
    assert said.startswith("Line 2 cannot be imported: it is not WHEN | QUERY | NAME. It says: “nonsense”.")
    assert said.endswith(" Other lines that cannot: 4, 5, 8.")  # lines of an invalid chat are not checked
    with pytest.raises(Refused) as refused:
        read_lines(bad * 40, make.address("telegram:1"))
    assert str(refused.value.sentence).endswith(" Other lines that cannot: 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 29 more.")


def one_line_each(chats: int, line: str) -> str:
    return "\n".join(f"[telegram:{number}]\n{line}\n" for number in range(1, chats + 1))


@pytest.mark.parametrize(
    ("line", "own"),  # `own`: how many statements the change itself takes in each chat
    [("daily 09:00 UTC | tree | ", 0), ("daily 10:00 UTC | graph | ", 2), ("daily 09:00 UTC | graph | named", 2)],
)
def test_changes_of_many_chats_take_the_same_few_statements(watched: WatchedStore, line: str, own: int) -> None:
    """An import that changes 40 chats takes hardly more statements than one that changes 10. Only the change itself takes
    statements for each chat; a few statements store what /undo needs, for all chats.
    """
    taken = []
    for chats in (10, 40):
        importing.import_lines(watched, read_lines(one_line_each(chats, "daily 09:00 UTC | graph | ")), now=NOON)
        with executed(watched) as statements:
            importing.import_lines(watched, read_lines(one_line_each(chats, line)), now=NOON, who="7 Ada")
        taken.append(len(statements))
        for number in range(1, chats + 1):
            forget(watched, make.address(f"telegram:{number}"))
    assert taken[1] - taken[0] <= 30 * own + 3


def test_a_long_export_is_read_in_parts_and_blocks_nobody(
    watched: WatchedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    importing.import_lines(watched, read_lines(text_of(chats=20, each=3)), now=NOON)
    whole = "".join(exporting.export_all(watched))
    monkeypatch.setattr(exporting, "AT_ONCE", 6)
    parts = []
    with contextlib.closing(sqlite3.connect(watched.path, timeout=0)) as other:
        for part in exporting.export_all(watched):
            parts.append(part)
            requests.subscribe(
                watched, make.address("console:me"), requests.SubscriptionRequest(text="graph"), now=NOON
            )
            make.unsubscribes(watched, make.address("console:me"))
            busy, *_ = other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            assert not busy  # no reader keeps an older state open
    assert "".join(parts) == whole
    assert len(parts) == 4
    assert max(part.count("[telegram:") for part in parts) == 6


# ── An export can be imported again, and gives the same chats and subscriptions ───────────────────────────────────────

TRAPS = (
    "|", " | ", "a | b", "a|b", "| a", "a |", "||", '"a | b" | c', '"unclosed | phrase', "# a", "[a]", "[console:x]",
    "set limit 5", "now | x | y", "daily 09:00", "\ufeffa", "a\ufeff", "a\u2028b", "a\u2029b", "a\x85b", "a\x1cb", "a\x1db",
    "a\x0bb\x0cc", "a\r\nb", "a\rb", "a\tb", " a ", "\u3000a\u3000", "a\x00b", "a\x07b", "a\x1b[31mb", "\u202ea", "a\u200bb",
    "｜", "a｜b", "-b a", "a -b", "扩散模型", "🎓 a", "e\u0301a", "=RAG", "neuro*", 'author:"Jane Doe"', "cs.LG", "rlhf, dpo, reward model",
    "a\\b", "a ' b", "«a b»", "％", "a" * 61, "b" * 60, "作者：李飞飞", "diffusion OR (flow -survey)", "ti:(a cat:cs.LG)",
)  # fmt: skip
words = st.one_of(
    st.sampled_from(TRAPS), st.text(max_size=70), st.lists(st.sampled_from(TRAPS), max_size=4).map(" ".join)
)
queries = st.one_of(words, words.map("graph {}".format), st.lists(words, min_size=1, max_size=3).map(" | ".join))
zones = st.one_of(
    st.none(),
    st.sampled_from(("UTC", "Europe/Berlin", "Asia/Tokyo", "Japan", "Cuba", "PRC", "GMT", "EST5EDT", "NZ-CHAT", "W-SU", "Zulu", "+08:00"))
    | st.sampled_from(("-03:30", "UTC+14", "gmt-5", "america/argentina/buenos_aires", "Etc/GMT+5", "asia/kolkata", "Iran", "ROK")),
)  # fmt: skip
times = st.times().map("{:%H:%M}".format)
whens = st.one_of(
    st.just({}),
    st.just({"when": "now"}),
    times.map(lambda at: {"when": f"daily {at}"}),
    times.map(lambda at: {"when": f"weekdays {at}"}),
    st.tuples(st.sampled_from(DAYS), times).map(lambda both: {"when": f"weekly {both[0]} {both[1]}"}),
    st.sampled_from(({"when": "when-out"}, {"when": "when-out 06:15-21:45 weekdays"}, {"when": "when-out 00:00-23:59"})),
)  # fmt: skip


# (chat, does, what): a change of a chat, which a test makes by `does(store, address of chat, *what, now=NOON)`
Entered = tuple[str, abc.Callable[..., object], tuple[object, ...]]


def _asks(query: str, when: dict[str, str], zone: str | None, name: str | None) -> requests.SubscriptionRequest:
    return requests.SubscriptionRequest(text=query, tz=zone, name=name, **when)


def _edits(store: Store, at: ChatAddress, query: str, zone: str | None, *, now: datetime) -> None:
    amendments.edit(store, at, 1, query, when=f"daily 9 {zone}" if zone else None, now=now)


def _imports(store: Store, at: ChatAddress, query: str, name: str, *, now: datetime) -> None:
    importing.import_lines(store, read_lines(f"daily 9 | {query} | {name}", at), now=now)


_values = st.one_of(
    st.sampled_from(("all", "off", "on", "12", "5", "zh", "en", "+05:45", "Japan", "berlin", "22:00-08:00", "9pm - 6", "daily 7", "now")),
    st.sampled_from(sorted({word for name in chat_settings.SETTINGS for kind in ChatKind for word in chat_settings.choices(name, kind=kind)})),
    words,
)  # fmt: skip
chats = st.sampled_from(
    (
        "console:me",
        "telegram:42",
        "telegram:-1001234567890/7",
        "slack:C0123ABCD",
        "slack:C9/1769068800.000200",
    )
)
entered = st.one_of(
    *2
    * [
        st.tuples(
            chats,
            st.just(requests.subscribe),
            st.tuples(st.builds(_asks, queries, whens, zones, st.none() | words)),
        )
    ],
    st.tuples(chats, st.just(amendments.rename), st.tuples(st.just(1), words)),
    st.tuples(chats, st.just(_edits), st.tuples(queries, zones)),
    st.tuples(
        chats,
        st.just(amendments.set_settings),
        st.tuples(st.dictionaries(st.sampled_from(tuple(chat_settings.SETTINGS)), _values, min_size=1, max_size=1)),
    ),
    st.tuples(chats, st.just(_imports), st.tuples(queries, words)),
)


def entries_of(chat: str, *entries: tuple[str, dict[str, str], str | None, str | None]) -> list[Entered]:
    return [(chat, requests.subscribe, (_asks(*request),)) for request in entries]


def all_of_it(store: Store) -> list[tuple[object, ...]]:
    """Returns the fields of every subscription, and of every chat that has a subscription or has chosen a setting."""
    found = [
        (
            one.chat.address,
            one.zone,
            request.text,
            request.canonical,
            request.cadence,
            request.name,
            request.next_due_at,
        )
        for one in listed(store, None)
        for request in [one.subscription]
    ]
    speaking = {address for address, *_ in found}
    with store.read() as session:
        chats = [chat for page in stored_chats.all_chats(session) for chat in page]
    chosen = [(chat.address, chat.kind, chat.settings, chat.chosen) for chat in chats]
    return [*found, *(row for row in chosen if row[0] in speaking or row[3])]


def enter(store: Store, what: list[Entered]) -> None:
    for chat, does, values in what:
        with contextlib.suppress(PaperwireError):  # a refused entry changes nothing
            does(store, parse_address(chat), *values, now=NOON)


@hypothesis.settings(max_examples=25)
@hypothesis.given(what=st.lists(entered, min_size=1, max_size=8))
@hypothesis.example(what=entries_of("console:me", *((text, {"when": "daily"}, "Japan", None) for text in TRAPS)))
@hypothesis.example(what=entries_of("console:me", *((f"topic{n}", {}, None, name) for n, name in enumerate(TRAPS))))
@hypothesis.example(what=entries_of("telegram:42", ("graph", {"when": "now"}, None, None), ("graph", {}, "Cuba", None)))
def test_an_export_makes_the_same_again_elsewhere(empty_database: Path, what: list[Entered]) -> None:
    with stores(empty_database, "here", "there") as (here, there):
        enter(here, what)
        text = exporting.export(here, None)
        importing.import_lines(there, read_lines(text), now=NOON)
        assert exporting.export(there, None) == text
        assert all_of_it(there) == all_of_it(here)


@hypothesis.settings(max_examples=12)
@hypothesis.given(what=st.lists(entered.map(lambda one: ("console:me", *one[1:])), min_size=1, max_size=6))
def test_an_export_can_be_imported_into_another_chat(empty_database: Path, what: list[Entered]) -> None:
    with stores(empty_database, "here", "there") as (here, there):
        enter(here, [*entries_of("console:me", ("graph", {}, None, None)), *what])
        text = exporting.export(here, parse_address("console:me"))
        importing.import_lines(there, read_lines(text, parse_address("console:you")), now=NOON)
        assert exporting.export(there, parse_address("console:you")) == text


def test_a_channel_comes_back_as_a_channel(empty_database: Path) -> None:
    """A channel has the same form of address as a group, but other defaults. So the export must say that it is a channel."""
    with stores(empty_database, "here", "there") as (here, there):
        channel = parse_address("telegram:-1009876543210")
        requests.subscribe(
            here,
            channel,
            requests.SubscriptionRequest(text="graph", name="G"),
            now=NOON,
            kind=ChatKind.BROADCAST,
        )
        amendments.set_settings(here, channel, {"shape": "each"}, now=NOON)
        text = exporting.export(here, None)
        assert text.splitlines()[:3] == ["[telegram:-1009876543210]", "set kind broadcast", "set shape each"]
        importing.import_lines(there, read_lines(text), now=NOON)
        assert exporting.export(there, None) == text
        assert all_of_it(there) == all_of_it(here)
        assert {sign for sign, _, _ in importing.import_lines(there, read_lines(text), now=NOON)} == {"="}


def test_a_chat_with_nothing_of_its_own_is_left_out(empty_database: Path) -> None:
    with stores(empty_database, "here") as (here,):
        subscribes(here, "console:me", "graph")
        make.unsubscribes(here, parse_address("console:me"))
        assert exporting.export(here, None) == ""


@pytest.mark.parametrize("kept", ["a | b", "two\nlines", "x" * 100, "bell\x07", "|"])
def test_a_name_of_an_earlier_version_is_mended(empty_database: Path, kept: str) -> None:
    with stores(empty_database, "here", "there") as (here, there):
        made = subscribes(here, "console:me", "graph")
        with here.write() as session:
            subscriptions.change_subscription(session, made.subscription, made.subscription._replace(name=kept))
        text = exporting.export(here, None)
        importing.import_lines(there, read_lines(text), now=NOON)
        assert exporting.export(there, None) == text
