"""Digests are stored whole, huge ones and imports in parts, so that others can write in between.

The result is the same as if everything were stored at once. Exports can be imported again.
"""

import asyncio
import contextlib
import sqlite3
from collections import Counter, abc
from datetime import date, datetime
from pathlib import Path
from shutil import copy
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st
from sqlalchemy import event

from bot.sources import ingest as source_ingest
from subscriptions import chat_settings
from subscriptions.addresses import parse_address
from subscriptions.errors import PaperwireError
from subscriptions.model import DAYS, Announce, ChatAddress, ChatKind, Digest, Paper, Summary, Translation
from subscriptions.portable import read_lines
from subscriptions.service import import_export, subscribing
from subscriptions.service.known_chats import listed
from subscriptions.store import stored_chats
from subscriptions.store.database.store import Store, Transaction
from subscriptions.store.stored_digests import Ingested
from tests import make
from tests.clock import NOON, FakeClock
from tests.make import DAY, digest, ingested, paper, subscribes
from tests.stored import value

TODAY = NOON.date()
_TABLES = {
    "paper": 'SELECT key, title, abstract, authors, categories, "primary", arxiv_id, doi, url, version, comment, "cross", '
    "withdrawn_at, first_seen_at, day, sequence, sequenced_at FROM paper",
    "paper_key": "SELECT k.key, p.key FROM paper_key k JOIN paper p ON p.id = k.paper",
    "paper_alias": "SELECT a.alias, p.key FROM paper_alias a JOIN paper p ON p.id = a.paper",
    "paper_text": "SELECT p.key, t.kind, t.language, t.texts FROM paper_text t JOIN paper p ON p.id = t.paper",
    "appearance": "SELECT p.key, d.content_hash, a.kind FROM appearance a JOIN paper p ON p.id = a.paper "
    "JOIN digest d ON d.id = a.digest",
    "digest": "SELECT content_hash, source, format, date, counts FROM digest",
    "counter": "SELECT value FROM key_value WHERE name = 'sequence'",
    "words": "SELECT p.key, w.term, w.col, w.offset FROM words w JOIN indexed_paper e ON e.entry = w.doc "
    "JOIN paper p ON p.id = e.paper",
}


class WatchedStore(Store):
    """A store that calls `after_commit` after each writing transaction."""

    after_commit: abc.Callable[[], None] = staticmethod(lambda: None)

    @contextlib.contextmanager
    def write(self, *, fenced: bool = True) -> abc.Iterator[Transaction]:
        with super().write(fenced=fenced) as transaction:
            yield transaction
        self.after_commit()


@contextlib.contextmanager
def stores(empty_database: Path, *names: str) -> abc.Iterator[list[WatchedStore]]:
    with TemporaryDirectory() as folder:
        made = [WatchedStore(f"sqlite:///{folder}/{name}.db") for name in names]
        for store in made:
            copy(empty_database, store.path)
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


class Killed(BaseException):
    """Ends the work at once, as if the process were killed. No code of the product catches it."""


@hypothesis.settings(max_examples=15, deadline=None)
@hypothesis.given(digests, st.lists(papers(), min_size=3, max_size=9))
def test_a_digest_is_stored_whole_or_not_at_all(
    empty_database: Path, said: list[tuple[list[Paper], int, bool]], last: list[Paper]
) -> None:
    """A process is killed at the end of the transaction that stores a digest. The next process reads the digest again."""
    with stores(empty_database, "calm", "killed") as (calm, killed), pytest.MonkeyPatch.context() as patched:
        stored_all(calm, said)
        stored_all(killed, said)
        some = digest(*last, name="the last one")
        patched.setattr("subscriptions.store.stored_digests._result", _killed)
        with pytest.raises(Killed):
            stored(killed, some)
        assert_same(killed, calm)
        patched.undo()
        assert stored(killed, some) == stored(calm, some)
        assert_same(killed, calm)


def _killed(*_: object) -> None:
    raise Killed


def many(amount: int) -> Digest:
    return digest(*(paper(f"Kite {n}", "cs.LG", arxiv_id=f"2602.{n:05d}") for n in range(amount)))


def test_a_huge_digest_that_is_cut_off_is_completed_by_the_next_reading(
    watched: WatchedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is stored in parts, so that others can write between them. The last part brings the receipt of the whole."""
    monkeypatch.setattr(source_ingest, "MOST_TOGETHER", 3)
    deps = SimpleNamespace(store=watched, clock=FakeClock(NOON), encoder=None)
    noted: list[Ingested] = []

    def reads() -> Ingested:
        ingest = source_ingest.store_digest(deps, many(10), source="daily", note=lambda _, done: noted.append(done))
        return asyncio.run(ingest)

    def kill() -> None:
        if value(watched, "SELECT count(*) FROM paper") == 6:
            raise Killed

    watched.after_commit = kill
    with pytest.raises(Killed):
        reads()
    watched.after_commit = lambda: None
    done = reads()
    assert (done.already_known, done.new, done.unchanged, noted) == (False, 4, 6, [done])
    assert reads() == Ingested(already_known=True, unchanged=10)
    assert value(watched, "SELECT count(DISTINCT sequence) FROM paper") == 10


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
        "UPDATE paper": 1,
        "INSERT INTO key_value": 1,  # raises the counter of sequences
        "INSERT INTO source": 1,
    } | (
        {"DELETE FROM indexed_paper": 1, "INSERT INTO indexed_paper": 1, "INSERT INTO paper_words": 1}
        if kind_of_database == "postgresql"
        else {}
    )


def text_of(chats: int, each: int, *, first: int = 1) -> str:
    """Returns the text of an export of `chats` chats, each with `each` subscriptions."""
    blocks = []
    for chat in range(first, first + chats):
        lines = [f"daily 09:00 UTC | topic{chat} word{n} | name {n}\n" for n in range(each)]
        blocks.append("".join([f"[telegram:{chat}]\nset limit 7\n", *lines]))
    return "\n".join(blocks)


def test_a_killed_import_changes_nothing_and_can_be_given_again(watched: WatchedStore) -> None:
    lines = read_lines(text_of(chats=100, each=20))

    def killed(some: abc.Sequence[Any]) -> abc.Iterator[Any]:
        yield from some[:1000]
        raise Killed

    with pytest.raises(Killed):
        import_export.import_lines(watched, lines, now=NOON, watched=killed)
    assert not listed(watched, None)
    import_export.import_lines(watched, lines, now=NOON)
    assert len(listed(watched, None)) == 2000
    assert {sign for sign, _, _ in import_export.import_lines(watched, lines, now=NOON)} == {"="}


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


def _subscribes(
    store: Store, at: ChatAddress, query: str, when: str | None, name: str | None, *, now: datetime
) -> None:
    subscribing.subscribe(store, at, query, when=when, name=name, now=now)


def _timed(when: dict[str, str], zone: str | None) -> str | None:
    return f"{when['when']} {zone or ''}".strip() if when else None


def _edits(store: Store, at: ChatAddress, query: str, zone: str | None, *, now: datetime) -> None:
    subscribing.edit(store, at, 1, query, when=f"daily 9 {zone}" if zone else None, now=now)


def _imports(store: Store, at: ChatAddress, query: str, name: str, *, now: datetime) -> None:
    import_export.import_lines(store, read_lines(f"daily 9 | {query} | {name}", at), now=now)


_values = st.one_of(
    st.sampled_from(("all", "off", "on", "12", "5", "zh", "en", "+05:45", "Japan", "berlin", "22:00-08:00", "9pm - 6", "daily 7", "now")),
    st.sampled_from(sorted({word for name in chat_settings.SETTINGS for kind in ChatKind for word in chat_settings.SETTINGS[name].choices_in(kind, public=False)})),
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
            st.just(_subscribes),
            st.tuples(queries, st.builds(_timed, whens, zones), st.none() | words),
        )
    ],
    st.tuples(chats, st.just(subscribing.rename), st.tuples(st.just(1), words)),
    st.tuples(chats, st.just(_edits), st.tuples(queries, zones)),
    st.tuples(
        chats,
        st.just(subscribing.set_settings),
        st.tuples(st.dictionaries(st.sampled_from(tuple(chat_settings.SETTINGS)), _values, min_size=1, max_size=1)),
    ),
    st.tuples(chats, st.just(_imports), st.tuples(queries, words)),
)


def entries_of(chat: str, *entries: tuple[str, dict[str, str], str | None, str | None]) -> list[Entered]:
    return [(chat, _subscribes, (query, _timed(when, zone), name)) for query, when, zone, name in entries]


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
        text = "".join(import_export.export_all(here))
        import_export.import_lines(there, read_lines(text), now=NOON)
        assert "".join(import_export.export_all(there)) == text
        assert all_of_it(there) == all_of_it(here)


def test_a_channel_comes_back_as_a_channel(empty_database: Path) -> None:
    """A channel has the same form of address as a group, but other defaults. So the export must say that it is a channel."""
    with stores(empty_database, "here", "there") as (here, there):
        channel = parse_address("telegram:-1009876543210")
        subscribing.subscribe(
            here,
            channel,
            "graph",
            name="G",
            now=NOON,
            kind=ChatKind.BROADCAST,
        )
        subscribing.set_settings(here, channel, {"shape": "each"}, now=NOON)
        text = "".join(import_export.export_all(here))
        assert text.splitlines()[:3] == ["[telegram:-1009876543210]", "set kind broadcast", "set shape each"]
        import_export.import_lines(there, read_lines(text), now=NOON)
        assert "".join(import_export.export_all(there)) == text
        assert all_of_it(there) == all_of_it(here)
        assert {sign for sign, _, _ in import_export.import_lines(there, read_lines(text), now=NOON)} == {"="}


def test_a_chat_with_nothing_of_its_own_is_left_out(empty_database: Path) -> None:
    with stores(empty_database, "here") as (here,):
        subscribes(here, "console:me", "graph")
        make.unsubscribes(here, parse_address("console:me"))
        assert "".join(import_export.export_all(here)) == ""
