"""Digests are stored whole, huge ones and imports in parts, so that others can write in between.

The result is the same as if everything were stored at once. Exports can be imported again.
"""

import asyncio
import contextlib
from collections import abc
from pathlib import Path
from shutil import copy
from tempfile import TemporaryDirectory
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from bot.sources import ingest as source_ingest
from subscriptions.chats import settings as chat_settings
from subscriptions.chats.addresses import parse_address
from subscriptions.chats.known import listed
from subscriptions.chats.stored import chats as stored_chats
from subscriptions.database.store import Store, Transaction
from subscriptions.errors import PaperwireError
from subscriptions.model import DAYS, ChatKind, Digest
from subscriptions.papers.stored.digests import Ingested
from subscriptions.subscribing import import_export
from subscriptions.subscribing import subscribe as subscribing
from subscriptions.subscribing.export_format import read_lines
from tests import make
from tests.clock import NOON, FakeClock
from tests.make import digest, paper
from tests.stored import value


class WatchedStore(Store):
    """A store that calls `after_commit` after each writing transaction."""

    after_commit: abc.Callable[[], None] = staticmethod(lambda: None)

    @contextlib.contextmanager
    def write_group(self) -> abc.Iterator[Transaction]:
        with super().write_group() as transaction:
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


class Killed(BaseException):
    """Ends the work at once, as if the process were killed. No code of the product catches it."""


def many(amount: int) -> Digest:
    return digest(*(paper(f"Kite {n}", "cs.LG", arxiv_id=f"2602.{n:05d}") for n in range(amount)))


def test_a_huge_digest_that_is_cut_off_is_completed_by_the_next_reading(
    watched: WatchedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is stored in parts, so that others can write between them. The last part brings the receipt of the whole."""
    monkeypatch.setattr(source_ingest, "MOST_BYTES", 3 * len(repr(many(1).entries[0])) + 100)
    app = make.app(watched, FakeClock(NOON))
    noted: list[Ingested] = []

    def reads() -> Ingested:
        ingest = source_ingest.store_digest(app, many(10), source="daily", note=lambda _, done: noted.append(done))
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


def test_a_killed_import_changes_nothing_and_can_be_given_again(watched: WatchedStore) -> None:
    lines = read_lines(
        "".join(
            f"[telegram:{chat}]\nset limit 7\n" + "".join(f"now | topic{n} | name {n}\n" for n in range(5))
            for chat in (1, 2)
        )
    )

    def killed(some: abc.Sequence[Any]) -> abc.Iterator[Any]:
        yield from some[:6]
        raise Killed

    with pytest.raises(Killed):
        watched.write_now(import_export.import_lines, lines, now=NOON, watched=killed)
    assert not watched.read_now(listed, None)
    watched.write_now(import_export.import_lines, lines, now=NOON)
    assert len(watched.read_now(listed, None)) == 10
    assert {sign for sign, _, _ in watched.write_now(import_export.import_lines, lines, now=NOON)} == {"="}


TRAPS = (
    "|", " | ", "a | b", "a|b", "| a", "a |", "||", '"a | b" | c', '"unclosed | phrase', "# a", "[a]", "[console:x]",
    "set limit 5", "now | x | y", "daily 09:00", "\ufeffa", "a\ufeff", "a\u2028b", "a\x85b", "a\x0bb\x0cc", "a\r\nb", "a\rb", "a\tb", " a ", "\u3000a\u3000", "a\x00b", "a\x07b", "a\x1b[31mb", "\u202ea", "a\u200bb",
    "｜", "a｜b", "-b a", "a -b", "扩散模型", "🎓 a", "e\u0301a", "=RAG", "neuro*", 'author:"Jane Doe"', "cs.LG", "rlhf, dpo, reward model",
    "a\\b", "a ' b", "«a b»", "％", "a" * 61, "b" * 60, "作者：李飞飞", "diffusion OR (flow -survey)", "ti:(a cat:cs.LG)",
)  # fmt: skip
words = st.one_of(
    st.sampled_from(TRAPS), st.text(max_size=70), st.lists(st.sampled_from(TRAPS), max_size=4).map(" ".join)
)
queries = st.one_of(words, words.map("graph {}".format), st.lists(words, min_size=1, max_size=3).map(" | ".join))
zones = st.one_of(
    st.none(),
    st.sampled_from(("UTC", "Europe/Berlin", "Japan", "Cuba", "+08:00", "gmt-5", "america/argentina/buenos_aires")),
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
            request.next_due_at
            and max(request.next_due_at, NOON),  # a window that is open was opened by the clock of then
        )
        for one in store.read_now(listed, None)
        for request in [one.subscription]
    ]
    speaking = {address for address, *_ in found}
    with store.reading() as session:
        chats = [chat for page in stored_chats.all_chats(session) for chat in page]
    chosen = [(chat.address, chat.kind, chat.settings, chat.chosen) for chat in chats]
    return [*found, *(row for row in chosen if row[0] in speaking or row[3])]


@hypothesis.settings(max_examples=10)
@hypothesis.example(
    what=[("console:me", "graph", {"when": "when-out"}, None, None)], settings=[(("console:me", "timezone"), "+05:45")]
)
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
                here.write_now(subscribing.subscribe, parse_address(chat), query, when=timed, name=name, now=NOON)
        for (chat, setting), chosen_value in settings:
            with contextlib.suppress(PaperwireError):
                here.write_now(subscribing.set_settings, parse_address(chat), {setting: chosen_value}, now=NOON)
        text = "".join(import_export.export_all(here))
        there.write_now(import_export.import_lines, read_lines(text), now=NOON)
        assert "".join(import_export.export_all(there)) == text
        assert all_of_it(there) == all_of_it(here)


def test_a_channel_comes_back_as_a_channel(empty_database: Path) -> None:
    """A channel has the same form of address as a group, but other defaults.

    So the export must say that it is a channel.
    """
    with stores(empty_database, "here", "there") as (here, there):
        channel = parse_address("telegram:-1009876543210")
        here.write_now(
            subscribing.subscribe,
            channel,
            "graph",
            name="G",
            now=NOON,
            kind=ChatKind.BROADCAST,
        )
        here.write_now(subscribing.set_settings, channel, {"shape": "each"}, now=NOON)
        text = "".join(import_export.export_all(here))
        assert text.splitlines()[:3] == ["[telegram:-1009876543210]", "set kind broadcast", "set shape each"]
        there.write_now(import_export.import_lines, read_lines(text), now=NOON)
        assert "".join(import_export.export_all(there)) == text
        assert all_of_it(there) == all_of_it(here)
        assert {sign for sign, _, _ in there.write_now(import_export.import_lines, read_lines(text), now=NOON)} == {"="}
