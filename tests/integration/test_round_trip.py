"""An export can be imported again and gives what was entered, however it was entered."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from subscriptions.addresses import parse_address
from subscriptions.chat_settings import SETTINGS, choices
from subscriptions.errors import PaperwireError
from subscriptions.model import ChatKind
from subscriptions.planning.cadence import DAYS
from subscriptions.portable import read_lines
from subscriptions.service import amendments
from subscriptions.service.importing import export, import_lines
from subscriptions.service.next_deliveries import listed
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
    st.tuples(st.sampled_from(DAYS), times).map(lambda both: {"every": "weekly", "on": both[0], "at": both[1]}),
    st.sampled_from(({"when": "when-out"}, {"when": "when-out 06:15-21:45 weekdays"}, {"every": "when-out", "at": "00:00-23:59"})),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """Something that is entered in a chat; `do` enters it."""

    chat: str
    do: Callable[[Store, str], object]
    label: str

    def __repr__(self) -> str:
        return f"{self.chat}: {self.label}"


def _subscribes(chat: str, query: str, when: dict[str, str], zone: str | None, name: str | None) -> Entered:
    request = SubscriptionRequest(text=query, tz=zone, name=name, **when)
    return Entered(
        chat=chat, do=lambda store, at: subscribe(store, parse_address(at), request, now=NOON), label=repr(request)
    )


def _renames(chat: str, name: str) -> Entered:
    return Entered(
        chat=chat,
        do=lambda store, at: amendments.rename(store, parse_address(at), 1, name, now=NOON),
        label=f"name {name!r}",
    )


def _edits(chat: str, query: str, zone: str | None) -> Entered:
    label = f"edit {query!r} {zone}"
    return Entered(
        chat=chat,
        do=lambda store, at: amendments.edit(store, parse_address(at), 1, query, tz=zone, now=NOON),
        label=label,
    )


def _sets(chat: str, name: str, value: str) -> Entered:
    label = f"set {name} {value!r}"
    return Entered(
        chat=chat,
        do=lambda store, at: amendments.set_settings(store, parse_address(at), {name: value}, now=NOON),
        label=label,
    )


def _imports(chat: str, line: str) -> Entered:
    def do(store: Store, at: str) -> object:
        return import_lines(store, read_lines(line, parse_address(at)), now=NOON)

    return Entered(chat=chat, do=do, label=f"import {line!r}")


_values = st.one_of(
    st.sampled_from(("all", "off", "on", "12", "5", "zh", "en", "+05:45", "Japan", "berlin", "22:00-08:00", "9pm - 6", "daily 7", "now")),
    st.sampled_from(sorted({word for name in SETTINGS for kind in ChatKind for word in choices(name, kind=kind)})),
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
entered = st.one_of(
    st.builds(_subscribes, chats, queries, whens, zones, st.none() | words),
    st.builds(_subscribes, chats, queries, whens, zones, st.none() | words),
    st.builds(_renames, chats, words),
    st.builds(_edits, chats, queries, zones),
    st.builds(_sets, chats, st.sampled_from(tuple(SETTINGS)), _values),
    st.builds(_imports, chats, st.tuples(queries, words).map(lambda both: f"daily 9 | {both[0]} | {both[1]}")),
)


# ---------------------------------------------------------------------------------------------------- export and import


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Callable[[], Store]]:
    """Returns a function that makes empty stores."""
    made: list[Store] = []
    numbers = count()
    empty = Store(f"sqlite:///{tmp_path}/empty.db")
    empty.open(now=NOON)
    empty.close()

    def make() -> Store:
        path = tmp_path / f"{next(numbers)}.db"
        shutil.copyfile(tmp_path / "empty.db", path)
        store = Store(f"sqlite:///{path}")
        made.append(store)
        return store

    yield make
    for store in made:
        store.close()


def all_of_it(store: Store) -> list[tuple[object, ...]]:
    """Returns every subscription and every setting of every chat."""
    requests = [
        (
            str(one.chat.address),
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
    with store.read() as session:
        chosen = [
            (
                str(chat.address),
                chat.kind,
                chat.settings,
                tuple(sorted(chat.chosen.items())),
            )
            for page in stored_chats.all_chats(session)
            for chat in page
        ]
    speaking = {chat for chat, *_ in requests} | {row[0] for row in chosen if row[3]}
    return [*requests, *(row for row in chosen if row[0] in speaking)]


def enter(store: Store, what: list[Entered]) -> None:
    for one in what:
        try:
            one.do(store, one.chat)
        except PaperwireError:  # a refused entry changes nothing
            continue


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=40)
@given(what=st.lists(entered, min_size=1, max_size=8))
@example(what=[_subscribes("console:me", text, {"every": "daily"}, "Japan", None) for text in TRAPS])
@example(what=[_subscribes("console:me", f"topic{n}", {}, None, name) for n, name in enumerate(TRAPS)])
@example(
    what=[
        _subscribes("telegram:42", "graph", {"every": "now"}, None, None),
        _subscribes("telegram:42", "graph", {}, "Cuba", None),
    ]
)
def test_an_export_makes_the_same_again_elsewhere(fresh: Callable[[], Store], what: list[Entered]) -> None:
    here, there = fresh(), fresh()
    enter(here, what)
    text = export(here, None)
    import_lines(there, read_lines(text), now=NOON)
    assert export(there, None) == text
    assert all_of_it(there) == all_of_it(here)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=20)
@given(what=st.lists(entered.map(lambda one: replace(one, chat="console:me")), min_size=1, max_size=6))
def test_an_export_can_be_imported_into_another_chat(fresh: Callable[[], Store], what: list[Entered]) -> None:
    here, there = fresh(), fresh()
    enter(here, [_subscribes("console:me", "graph", {}, None, None), *what])
    text = export(here, parse_address("console:me"))
    import_lines(there, read_lines(text, parse_address("console:you")), now=NOON)
    assert export(there, parse_address("console:you")) == text


def test_a_channel_comes_back_as_a_channel(fresh: Callable[[], Store]) -> None:
    """A channel's address looks like that of a group, whose defaults differ."""
    here, there = fresh(), fresh()
    channel = parse_address("telegram:-1009876543210")
    subscribe(here, channel, SubscriptionRequest(text="graph", name="G"), now=NOON, kind=ChatKind.BROADCAST)
    amendments.set_settings(here, channel, {"shape": "each"}, now=NOON)
    text = export(here, None)
    assert text.splitlines()[:3] == ["[telegram:-1009876543210]", "set kind broadcast", "set shape each"]
    import_lines(there, read_lines(text), now=NOON)
    assert export(there, None) == text
    assert all_of_it(there) == all_of_it(here)
    assert {sign for sign, _, _ in import_lines(there, read_lines(text), now=NOON).changes} == {"="}


def test_a_chat_with_nothing_of_its_own_is_left_out(fresh: Callable[[], Store]) -> None:
    here = fresh()
    subscribe(here, parse_address("console:me"), SubscriptionRequest(text="graph"), now=NOON)
    unsubscribe(here, parse_address("console:me"), "all", now=NOON)
    assert export(here, None) == ""


@pytest.mark.parametrize("kept", ["a | b", "two\nlines", "x" * 100, "bell\x07", "|"])
def test_a_name_of_an_earlier_version_is_mended(fresh: Callable[[], Store], kept: str) -> None:
    here, there = fresh(), fresh()
    made = subscribe(here, parse_address("console:me"), SubscriptionRequest(text="graph"), now=NOON)
    with here.write() as session:
        subscriptions.change_subscription(session, made.subscription, made.subscription._replace(name=kept))
    text = export(here, None)
    import_lines(there, read_lines(text), now=NOON)
    assert export(there, None) == text
