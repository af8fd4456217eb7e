"""Digests are stored whole, huge ones and imports in parts, so that others can write in between.

The result is the same as if everything were stored at once. Exports can be imported again.
"""

import contextlib
from collections import Counter, abc
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
from subscriptions.errors import PaperwireError
from subscriptions.model import DAYS, ChatKind, Digest
from subscriptions.portable import read_lines
from subscriptions.service import import_export, subscribing
from subscriptions.service.known_chats import listed
from subscriptions.store import stored_chats
from subscriptions.store.database.store import Store, Transaction
from tests.clock import NOON
from tests.make import DAY, digest, ingested, paper


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


@contextlib.contextmanager
def executed(store: Store) -> abc.Iterator[list[str]]:
    """Yields a list to which each statement is added that the store executes."""
    found: list[str] = []

    @event.listens_for(store._engine, "before_cursor_execute")
    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        found.append(statement)

    yield found
    event.remove(store._engine, "before_cursor_execute", note)


class Killed(BaseException):
    """Ends the work at once, as if the process were killed. No code of the product catches it."""


def many(amount: int) -> Digest:
    return digest(*(paper(f"Kite {n}", "cs.LG", arxiv_id=f"2602.{n:05d}") for n in range(amount)))


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
    lines = read_lines(text_of(chats=2, each=5))

    def killed(some: abc.Sequence[Any]) -> abc.Iterator[Any]:
        yield from some[:6]
        raise Killed

    with pytest.raises(Killed):
        import_export.import_lines(watched, lines, now=NOON, watched=killed)
    assert not listed(watched, None)
    import_export.import_lines(watched, lines, now=NOON)
    assert len(listed(watched, None)) == 10
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


chats = st.sampled_from(
    ("console:me", "telegram:42", "telegram:-1001234567890/7", "slack:C0123ABCD", "slack:C9/1769068800.000200")
)
entered = st.tuples(chats, queries, whens, zones, st.none() | words)
chosen = st.tuples(chats, st.sampled_from(tuple(chat_settings.SETTINGS))).flatmap(
    lambda where: st.tuples(
        st.just(where),
        st.sampled_from(
            [
                *chat_settings.SETTINGS[where[1]].choices_in(ChatKind.PRIVATE, public=False),
                "5",
                "+05:45",
                "22:00-08:00",
                "daily 7",
            ]
        ),
    )
)


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


@hypothesis.settings(max_examples=25)
@hypothesis.given(what=st.lists(entered, min_size=1, max_size=8), settings=st.lists(chosen, max_size=3))
@hypothesis.example(what=[("console:me", text, {"when": "daily"}, "Japan", None) for text in TRAPS], settings=[])
@hypothesis.example(what=[("console:me", f"topic{n}", {}, None, name) for n, name in enumerate(TRAPS)], settings=[])
@hypothesis.example(
    what=[("telegram:42", "graph", {"when": "now"}, None, None), ("telegram:42", "graph", {}, "Cuba", None)],
    settings=[],
)
def test_an_export_makes_the_same_again_elsewhere(
    empty_database: Path,
    what: list[tuple[str, str, dict[str, str], str | None, str | None]],
    settings: list[tuple[tuple[str, str], str]],
) -> None:
    with stores(empty_database, "here", "there") as (here, there):
        for chat, query, when, zone, name in what:
            timed = f"{when['when']} {zone or ''}".strip() if when else None
            with contextlib.suppress(PaperwireError):  # a refused entry changes nothing
                subscribing.subscribe(here, parse_address(chat), query, when=timed, name=name, now=NOON)
        for (chat, setting), chosen_value in settings:
            with contextlib.suppress(PaperwireError):
                subscribing.set_settings(here, parse_address(chat), {setting: chosen_value}, now=NOON)
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
