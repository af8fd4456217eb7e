"""An export can be imported again, and gives the same chats and subscriptions, in whichever way people entered them."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from subscriptions import chat_settings, model
from subscriptions.addresses import parse_address
from subscriptions.errors import PaperwireError
from subscriptions.portable import read_lines
from subscriptions.service import amendments, importing
from subscriptions.service.listing import listed
from subscriptions.service.requests import SubscriptionRequest, subscribe, unsubscribe
from subscriptions.store import chats as stored_chats
from subscriptions.store import subscriptions
from subscriptions.store.database.store import Store
from tests.make import NOON

# ------------------------------------------------------------------------------------------------- what can be entered

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
    st.just({"every": "now"}),
    times.map(lambda at: {"every": "daily", "at": at}),
    times.map(lambda at: {"when": f"weekdays {at}"}),
    st.tuples(st.sampled_from(model.DAYS), times).map(lambda both: {"every": "weekly", "on": both[0], "at": both[1]}),
    st.sampled_from(({"when": "when-out"}, {"when": "when-out 06:15-21:45 weekdays"}, {"every": "when-out", "at": "00:00-23:59"})),
)  # fmt: skip


class Entered(NamedTuple):
    """A change of a chat: the test makes it by `does(store, address of chat, *what, now=NOON)`."""

    chat: str
    does: Callable[..., object]
    what: tuple[object, ...]


def _asks(query: str, when: dict[str, str], zone: str | None, name: str | None) -> SubscriptionRequest:
    return SubscriptionRequest(text=query, tz=zone, name=name, **when)


def _edits(store: Store, at: model.ChatAddress, query: str, zone: str | None, *, now: datetime) -> None:
    amendments.edit(store, at, 1, query, tz=zone, now=now)


def _imports(store: Store, at: model.ChatAddress, query: str, name: str, *, now: datetime) -> None:
    importing.import_lines(store, read_lines(f"daily 9 | {query} | {name}", at), now=now)


_values = st.one_of(
    st.sampled_from(("all", "off", "on", "12", "5", "zh", "en", "+05:45", "Japan", "berlin", "22:00-08:00", "9pm - 6", "daily 7", "now")),
    st.sampled_from(sorted({word for name in chat_settings.SETTINGS for kind in model.ChatKind for word in chat_settings.choices(name, kind=kind)})),
    words,
)  # fmt: skip
CHATS = (
    "console:me",
    "telegram:42",
    "telegram:-1001234567890/7",
    "slack:C0123ABCD",
    "slack:T0123ABCD/C9/1769068800.000200",
)
chats = st.sampled_from(CHATS)
requests = st.builds(_asks, queries, whens, zones, st.none() | words)
entered = st.one_of(
    *2 * [st.builds(Entered, chats, st.just(subscribe), st.tuples(requests))],
    st.builds(Entered, chats, st.just(amendments.rename), st.tuples(st.just(1), words)),
    st.builds(Entered, chats, st.just(_edits), st.tuples(queries, zones)),
    st.builds(
        Entered,
        chats,
        st.just(amendments.set_settings),
        st.tuples(st.dictionaries(st.sampled_from(tuple(chat_settings.SETTINGS)), _values, min_size=1, max_size=1)),
    ),
    st.builds(Entered, chats, st.just(_imports), st.tuples(queries, words)),
)


def subscribed(chat: str, *requests: tuple[str, dict[str, str], str | None, str | None]) -> list[Entered]:
    return [Entered(chat, subscribe, (_asks(*request),)) for request in requests]


# ---------------------------------------------------------------------------------------------------- export and import


@pytest.fixture
def fresh(tmp_path: Path, empty_database: Path) -> Iterator[Callable[[], Store]]:
    """Yields a function that makes empty stores."""
    with ExitStack() as made:

        def make() -> Store:
            path = shutil.copyfile(empty_database, tmp_path / f"{uuid4().hex}.db")
            return made.enter_context(closing(Store(f"sqlite:///{path}")))

        yield make


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
    for one in what:
        try:
            one.does(store, parse_address(one.chat), *one.what, now=NOON)
        except PaperwireError:  # a refused entry changes nothing
            continue


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=25)
@given(what=st.lists(entered, min_size=1, max_size=8))
@example(what=subscribed("console:me", *((text, {"every": "daily"}, "Japan", None) for text in TRAPS)))
@example(what=subscribed("console:me", *((f"topic{n}", {}, None, name) for n, name in enumerate(TRAPS))))
@example(what=subscribed("telegram:42", ("graph", {"every": "now"}, None, None), ("graph", {}, "Cuba", None)))
def test_an_export_makes_the_same_again_elsewhere(fresh: Callable[[], Store], what: list[Entered]) -> None:
    here, there = fresh(), fresh()
    enter(here, what)
    text = importing.export(here, None)
    importing.import_lines(there, read_lines(text), now=NOON)
    assert importing.export(there, None) == text
    assert all_of_it(there) == all_of_it(here)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=12)
@given(what=st.lists(entered.map(lambda one: one._replace(chat="console:me")), min_size=1, max_size=6))
def test_an_export_can_be_imported_into_another_chat(fresh: Callable[[], Store], what: list[Entered]) -> None:
    here, there = fresh(), fresh()
    enter(here, [*subscribed("console:me", ("graph", {}, None, None)), *what])
    text = importing.export(here, parse_address("console:me"))
    importing.import_lines(there, read_lines(text, parse_address("console:you")), now=NOON)
    assert importing.export(there, parse_address("console:you")) == text


def test_a_channel_comes_back_as_a_channel(fresh: Callable[[], Store]) -> None:
    """A channel has the same form of address as a group, but other defaults. So the export must say that it is a channel."""
    here, there = fresh(), fresh()
    channel = parse_address("telegram:-1009876543210")
    subscribe(here, channel, SubscriptionRequest(text="graph", name="G"), now=NOON, kind=model.ChatKind.BROADCAST)
    amendments.set_settings(here, channel, {"shape": "each"}, now=NOON)
    text = importing.export(here, None)
    assert text.splitlines()[:3] == ["[telegram:-1009876543210]", "set kind broadcast", "set shape each"]
    importing.import_lines(there, read_lines(text), now=NOON)
    assert importing.export(there, None) == text
    assert all_of_it(there) == all_of_it(here)
    assert {sign for sign, _, _ in importing.import_lines(there, read_lines(text), now=NOON).changes} == {"="}


def test_a_chat_with_nothing_of_its_own_is_left_out(fresh: Callable[[], Store]) -> None:
    here = fresh()
    subscribe(here, parse_address("console:me"), SubscriptionRequest(text="graph"), now=NOON)
    unsubscribe(here, parse_address("console:me"), "all", now=NOON)
    assert importing.export(here, None) == ""


@pytest.mark.parametrize("kept", ["a | b", "two\nlines", "x" * 100, "bell\x07", "|"])
def test_a_name_of_an_earlier_version_is_mended(fresh: Callable[[], Store], kept: str) -> None:
    here, there = fresh(), fresh()
    made = subscribe(here, parse_address("console:me"), SubscriptionRequest(text="graph"), now=NOON)
    with here.write() as session:
        subscriptions.change_subscription(session, made.subscription, made.subscription._replace(name=kept))
    text = importing.export(here, None)
    importing.import_lines(there, read_lines(text), now=NOON)
    assert importing.export(there, None) == text
