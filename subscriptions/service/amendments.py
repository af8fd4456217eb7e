"""Changes subscriptions and settings of a chat, and undoes changes or an undo.

A subscription that is changed keeps its number and its cursor. An undo restores only the parts that the change touched,
and only if no later change touched them. A removed subscription is restored with its old cursor. A subscription that
still exists keeps its cursor, so no paper is sent twice.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations

from subscriptions import zones
from subscriptions.chat_settings import check_value, setting_name
from subscriptions.errors import NotFound, QueryError, Refused, Sentence
from subscriptions.model import Cadence, Chat, ChatAddress, Subscription
from subscriptions.planning import cadence as cadences
from subscriptions.planning.times import When, read_when
from subscriptions.portable import checked_name, kept_query
from subscriptions.query import Or, Query, parse
from subscriptions.query.rewriting import written
from subscriptions.service import changes, next_deliveries
from subscriptions.service.near_papers import restore_signals, with_words
from subscriptions.service.paper_search import recent
from subscriptions.service.requests import Subscribed, echo_of
from subscriptions.states import ChatState, PauseReason, Signal, SubscriptionState
from subscriptions.store import chats, conversations
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store.database.store import Scope, Transaction, reads, writes
from subscriptions.text import normalized


def edit(
    store: Scope,
    address: ChatAddress,
    number: int,
    text: str,
    *,
    now: datetime,
    when: str | None = None,
    tz: str | None = None,
    who: str = "",
) -> Subscribed:
    """Changes the query of a subscription and, with `when`, its time. Planned deliveries stay unchanged.

    `tz` is its new zone; "" means the chat's zone, None the same as before. The outcome is "edited", or "known" if
    nothing changed. Raises NotFound, QueryError, and Refused if another subscription of the chat has the same query.
    """
    query = kept_query(text)
    with store.write() as transaction:
        chat, subscriptions = next_deliveries.get_subscribed(transaction, address)
        subscription = next_deliveries.which_one(subscriptions, str(number))
        query = with_words(transaction, query, subscriptions, chat_id=chat.id)
        same = next((s for s in subscriptions if s.canonical == query.canonical and s.id != subscription.id), None)
        if same is not None:
            raise Refused(
                Sentence("Subscription {number} asks for that already.", {"number": same.number}),
                Sentence("Remove one of them: /unsub {number}", {"number": subscription.number}),
            )
        read = _read_when(when, subscription.cadence, chat) if when else When(subscription.cadence)
        own_zone = subscription.zone if tz is None else zones.zone_name(tz) if tz else None
        after = subscription._replace(text=query.text, canonical=query.canonical)
        after = next_deliveries.with_time(after, chat, read.cadence, read.zone or own_zone, now)
        if after.canonical != subscription.canonical:
            chats.store_streaks(transaction, {chat.id: None})
        changes.change_subscriptions(transaction, [subscription], [after], now=now, who=who)
        outcome = "edited" if after != subscription else "known"
        return echo_of(transaction, chat, after, query=query, outcome=outcome, now=now)


def rename(store: Scope, address: ChatAddress, number: int, name: str, *, now: datetime, who: str = "") -> Subscription:
    """Gives a subscription a name; "" removes the name. Raises NotFound, Refused."""
    plain = checked_name(name)
    with store.write() as transaction:
        chat = next_deliveries.get_chat(transaction, address)
        subscription = next_deliveries.numbered(transaction, chat, number)
        after = subscription._replace(name=plain)
        return changes.change_subscriptions(transaction, [subscription], [after], now=now, who=who)[0]


@writes
def reschedule(
    transaction: Transaction, address: ChatAddress, number: int | None, when: str, *, now: datetime, who: str = ""
) -> tuple[Subscription, ...]:
    """Changes the time of a subscription; without a number, of all subscriptions of the chat and of future ones.

    Returns the changed subscriptions. Raises NotFound, Refused.
    """
    chat, subscriptions = next_deliveries.get_subscribed(transaction, address)
    chosen = next_deliveries.chosen(subscriptions, number)
    read = _read_when(when, None, chat)
    if number is None:
        stored = check_value("schedule", str(read), kind=chat.kind)
        if chat.chosen.get("schedule") != stored:
            changes.record_change(transaction, chat.id, now=now, who=who)
            chats.choose_setting(transaction, chat.id, "schedule", stored)

    after = tuple(next_deliveries.with_time(one, chat, read.cadence, read.zone or one.zone, now) for one in chosen)
    return changes.change_subscriptions(transaction, chosen, after, now=now, who=who)


@writes
def set_settings(
    transaction: Transaction, address: ChatAddress, values: Mapping[str, str], *, now: datetime, who: str = ""
) -> Chat:
    """Sets several of SETTINGS as one change. Raises NotFound, Refused; after an error nothing is set."""
    chat = next_deliveries.get_chat(transaction, address)
    names = {setting_name(name): value for name, value in values.items()}
    stored = {name: check_value(name, value, kind=chat.kind, public=chat.public) for name, value in names.items()}
    if any(value != chat.settings.value(name) for name, value in stored.items()):
        changes.record_change(transaction, chat.id, now=now, who=who)
    for name, value in stored.items():
        chats.choose_setting(transaction, chat.id, name, value)
    return next_deliveries.apply_new_clock(transaction, chat, now)


def follow_person(store: Scope, chat: Chat, heard: Mapping[str, str], *, now: datetime) -> None:
    """Stores the language in which a person writes, and the zone of their client. These changes cannot be undone."""
    with store.write() as transaction:
        if "lang" in heard:
            chats.speak(transaction, chat.id, heard["lang"])
        if "timezone" in heard:
            chats.choose_setting(transaction, chat.id, "timezone", heard["timezone"])
            next_deliveries.apply_new_clock(transaction, chat, now)


def _read_when(when: str, own: Cadence | None, chat: Chat) -> When:
    """Reads a typed time.

    A when-out without hours takes the hours of `own`, or, if it has none, of the chat's schedule.
    """
    of_chat = cadences.parse_cadence(chat.settings.schedule)
    return read_when(when, own if own and own.kind == "when-out" else of_chat)


# ----------------------------------------------------------------- two subscriptions that find nearly the same papers


FEWEST = 5  # papers that two subscriptions must share: fewer prove little
SHARE = 0.8  # of the papers that at least one of them finds, the part that both must find
MOST_COMPARED = 50  # subscriptions of a chat


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """Two subscriptions of a chat that find nearly the same papers."""

    first: int  # their numbers
    second: int
    shared: int  # papers of the last days that both find
    either: int  # papers that at least one of them finds


@reads
def nearly_same(
    transaction: Transaction, chat: Chat, subscriptions: Sequence[Subscription], *, now: datetime
) -> Overlap | None:
    """Returns the two subscriptions that share most of their recent papers and can be merged; None if there are none."""
    able = [one for one in subscriptions if one.state is SubscriptionState.ACTIVE][:MOST_COMPARED]
    found = (
        recent(transaction, now)
        .find(transaction, {one.canonical: parse.parse_canonical(one.canonical) for one in able}, chat)
        .of
    )
    near = sorted(
        (
            (overlap.shared / overlap.either, overlap.shared, overlap, pair)
            for pair in combinations(able, 2)
            if _alike(*pair) and (overlap := _overlap(*pair, found)) is not None
        ),
        key=lambda one: one[:2],
        reverse=True,
    )
    return next((overlap for _, _, overlap, pair in near if _merged(*pair) is not None), None)


def _overlap(first: Subscription, second: Subscription, found: Mapping[str, int]) -> Overlap | None:
    """Returns how many papers two subscriptions share; None if that is too small a part."""
    shared = (found[first.canonical] & found[second.canonical]).bit_count()
    either = (found[first.canonical] | found[second.canonical]).bit_count()
    if shared < max(FEWEST, SHARE * either):
        return None
    return Overlap(first=first.number, second=second.number, shared=shared, either=either)


@writes
def merge(
    transaction: Transaction, address: ChatAddress, first: int, second: int, *, now: datetime, who: str = ""
) -> Subscribed:
    """Replaces two subscriptions by one that finds the papers of both, as one change.

    It gets a new number, and takes over their cursor and their time. Raises NotFound if one of them was removed or they
    now differ in time or cursor.
    """
    chat = next_deliveries.get_chat(transaction, address)
    known = {one.number: one for one in stored_subscriptions.subscriptions_of(transaction, [chat.id])[chat.id]}
    one, other = known.get(first), known.get(second)
    query = _merged(one, other) if one and other and _alike(one, other) else None
    is_there = query is not None and any(query.canonical == known_one.canonical for known_one in known.values())
    if one is None or other is None or query is None or is_there:
        raise NotFound(Sentence("These two cannot be merged any more."), Sentence("/list shows what there is."))
    changes.begin_change(transaction, chat.id, now=now, who=who)
    stored_subscriptions.remove_subscriptions(transaction, [one.id, other.id])
    since, name = min(one.since, other.since), one.name or other.name
    new = one._replace(number=0, text=query.text, canonical=query.canonical, since=since, name=name)
    added = stored_subscriptions.add_subscription(transaction, new)
    return echo_of(transaction, chat, added, query=query, outcome="added", now=now)


def _alike(one: Subscription, other: Subscription) -> bool:
    """Whether two subscriptions can be merged without losing papers or sending them early.

    Both must be active, have the same cursor and be due at the same moments.
    """
    return (
        one.state is other.state is SubscriptionState.ACTIVE
        and (one.cadence, one.zone, one.cursor) == (other.cadence, other.zone, other.cursor)
        and (one.next_due_at, one.counted_until) == (other.next_due_at, other.counted_until)
    )


def _merged(one: Subscription, other: Subscription) -> Query | None:
    """Returns the query that finds the papers of both, in their own words; None if it cannot be written."""
    try:
        text = written(Or((parse.parse_query(one.text).tree, parse.parse_query(other.text).tree)))
        found = parse.asked_beside(kept_query(text).text, (one.canonical, other.canonical))
        meant = parse.parse_canonical(f"({one.canonical}) OR ({other.canonical})")
    except QueryError:  # too long, or too many alternatives
        return None
    return found if found.canonical == meant.canonical else None


# ----------------------------------------------------------- several subscriptions at once, by numbers that people type

# Examples: 1 2, 1,2, 1-3, 1 and 2, 1、2, 1 到 3.


Span = tuple[int, int]  # (first, last) of consecutive numbers

_LONGEST = 400  # characters
_NUMBER = r"(?:#|№|第)?\s?(\d{1,9})(?:号|个|条)?"
_TO = r"\s*(?:[-‐‑‒–—−~]|\bto\b|到|至)\s*"
_ITEM = rf"{_NUMBER}(?:{_TO}{_NUMBER})?"
_BETWEEN = r"(?:[\s,;、&+和与及]|\band\b)+"
_ITEMS = re.compile(rf"{_ITEM}(?:{_BETWEEN}{_ITEM})*[,;、\s]*", re.IGNORECASE)


def numbers_in(text: str) -> tuple[Span, ...]:
    """Returns the spans of numbers in a text, in order; () if the text has anything else or is too long."""
    plain = normalized("NFKC", text).strip()
    if len(plain) > _LONGEST or not _ITEMS.fullmatch(plain):
        return ()
    found = ((int(first), int(last or first)) for first, last in re.findall(_ITEM, plain, re.IGNORECASE))
    return tuple((min(span), max(span)) for span in found)


def numbers_among(spans: Sequence[Span], numbers: Collection[int]) -> frozenset[int]:
    """Returns the numbers, among `numbers`, that are in one of the spans."""
    return frozenset(number for number in numbers if any(first <= number <= last for first, last in spans))


def numbers_missing(spans: Sequence[Span], numbers: Collection[int]) -> str:
    """Returns the numbers of the spans that are not among `numbers`, in a form such as "3, 7–9"; "" for none."""
    missing = (gap for span in spans for gap in _gaps(span, sorted(numbers_among([span], numbers))))
    return ", ".join(str(a) if a == b else f"{a}–{b}" for a, b in dict.fromkeys(missing))


def _gaps(span: Span, there: Sequence[int]) -> Iterator[Span]:
    """Yields the parts of a span that lie between the numbers `there`, which must ascend."""
    first, last = span
    for number in (*there, last + 1):
        if first < number:
            yield first, number - 1
        first = number + 1


# ----------------------------------------------------------------------------------------- undoes a change or an undo


_Key = tuple[str, str | int]  # ("subscription", number), ("setting", name), ("pause", ""), ("saved", paper) and so on


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """The result of an undo."""

    again: int  # the id of this undo, which can itself be undone
    what: changes.Difference  # how the chat differs from its state just before the undo
    before: Chat
    after: Chat


def last_change(store: Scope, address: ChatAddress) -> changes.Change | None:
    """Returns the newest stored change that is neither undone nor an undo; None if there is none."""
    return next(
        (change for change in _log(store, address) if not change.undone and change.undoes is None and change.what), None
    )


def find_change(store: Scope, address: ChatAddress, change_id: int) -> changes.Change | None:
    """Returns a change of this chat, undone or not; None if it is no longer stored."""
    return next((change for change in _log(store, address) if change.id == change_id), None)


def _log(store: Scope, address: ChatAddress) -> Iterator[changes.Change]:
    """Yields the stored changes of a chat, newest first."""
    with store.read() as transaction:
        chat = chats.find_chat(transaction, address)
        if chat is None:
            return
        log = conversations.changes_of(transaction, chat.id)
        now = changes.state_of(transaction, chat.id)
    for kept, earlier, after in _states(log, now):
        what = changes.difference(earlier, after)
        yield changes.Change(
            id=kept.id, who=kept.who, at=kept.at, what=what, undone=kept.before["undone"], undoes=kept.before["undoes"]
        )


def _states(
    log: Iterable[conversations.StoredChange], current: changes.State
) -> Iterator[tuple[conversations.StoredChange, changes.State, changes.State]]:
    """Yields (change, state before it, state after it), newest first. `log` must be newest first."""
    after = current
    for kept in log:
        earlier = changes.before(kept, after)
        yield kept, earlier, after
        after = earlier


@writes
def undo(transaction: Transaction, address: ChatAddress, change_id: int, *, now: datetime, who: str = "") -> Undone:
    """Undoes a change of this chat, or an undo. Raises NotFound, and Refused if it cannot be undone any more."""
    chat = next_deliveries.get_chat(transaction, address)
    chats.hold_chat(transaction, chat.id)
    current = changes.state_of(transaction, chat.id)
    log = _states(conversations.changes_of(transaction, chat.id), current)
    found = next((entry for entry in log if entry[0].id == change_id), None)
    if found is None:
        raise Refused(
            Sentence("That was too long ago to be undone."),
            Sentence("I keep the last {count} changes.", {"count": changes.KEPT}),
        )
    change, earlier, after = found
    if change.before["undone"]:
        raise Refused(Sentence("That is undone already."))
    wanted = _parts_to_restore(earlier, after, current)
    again = changes.record_change(transaction, chat.id, now=now, who=who, undone_change=change_id)
    _restore(transaction, chat, wanted, now)
    changes.mark_undone(transaction, chat, change_id)
    what = changes.difference(current, changes.state_of(transaction, chat.id))
    if what.added or what.removed or what.changed:
        transaction.changed_chats.add(chat.id)
    elif what.paused is not None:
        changes.note_changed_state(transaction, chat.id)
    return Undone(
        again=again,
        what=what,
        before=chat,
        after=next_deliveries.get_chat(transaction, address),
    )


def _parts_to_restore(earlier: changes.State, after: changes.State, current: changes.State) -> dict[_Key, object]:
    """Returns the parts to restore with their old values. Raises Refused if a newer change touched one of them."""
    old, new, is_now = _parts(earlier), _parts(after), _parts(current)
    touched = {key for key in old.keys() | new.keys() if _value(old.get(key)) != _value(new.get(key))}
    for key in touched:
        if _value(is_now.get(key)) not in (_value(new.get(key)), _value(old.get(key))):
            raise _refuse_out_of_order()
    wanted = {key: old.get(key) for key in touched}
    canonical = [
        subscription.canonical
        for subscription in ({**is_now, **wanted}).values()
        if isinstance(subscription, Subscription)
    ]
    if len(set(canonical)) < len(canonical):
        raise _refuse_out_of_order()
    return wanted


def _refuse_out_of_order() -> Refused:
    return Refused(
        Sentence("A newer change stands on that one."), Sentence("/undo takes back the newest change first.")
    )


def _parts(state: changes.State) -> dict[_Key, object]:
    parts: dict[_Key, object] = {
        ("subscription", number): subscription for number, subscription in state.subscriptions.items()
    }
    parts |= {("setting", name): value for name, value in state.settings.items()}
    parts |= {(kind, paper): at for (kind, paper), at in state.judged.items()}
    parts["pause", ""] = (state.paused, state.until)
    return parts


def _value(part: object) -> object:
    if isinstance(part, datetime):  # the moment of a judgement, which does not matter
        return True
    return changes.subscription_value(part) if isinstance(part, Subscription) else part


def _restore(transaction: Transaction, chat: Chat, wanted: Mapping[_Key, object], now: datetime) -> None:
    settings = {str(name): value for (kind, name), value in wanted.items() if kind == "setting"}
    for name, value in settings.items():
        chats.choose_setting(transaction, chat.id, name, None if value is None else str(value))
    after = next_deliveries.apply_new_clock(transaction, chat, now) if settings else chat
    subscriptions = {
        int(number): subscription for (kind, number), subscription in wanted.items() if kind == "subscription"
    }
    _restore_subscriptions(transaction, after, subscriptions, now)
    judged = {
        (Signal(kind), int(paper)): at if isinstance(at, datetime) else None
        for (kind, paper), at in wanted.items()
        if kind in changes.JUDGEMENTS
    }
    if judged:
        restore_signals(transaction, chat.id, judged)
    if ("pause", "") in wanted:
        _restore_pause(transaction, chat, wanted["pause", ""], now)


def _restore_subscriptions(
    transaction: Transaction, chat: Chat, subscriptions: Mapping[int, object], now: datetime
) -> None:
    """Restores subscriptions. First removes all touched ones, so that no two have the same query at any time."""
    there = stored_subscriptions.subscriptions_of(transaction, [chat.id])[chat.id]
    stayed = {one.number: one for one in there if one.number in subscriptions}
    stored_subscriptions.remove_subscriptions(transaction, [one.id for one in stayed.values()])
    wanted = [(number, one) for number, one in subscriptions.items() if isinstance(one, Subscription)]
    restored = [_restored(one, stayed.get(number), chat, now) for number, one in wanted]
    stored_subscriptions.add_subscriptions(transaction, restored)


def _restored(wanted: Subscription, stayed: Subscription | None, chat: Chat, now: datetime) -> Subscription:
    """Returns a subscription in the form in which it will be restored.

    If it still exists (`stayed`), it keeps its cursor, and also its due moment if its time did not change. Otherwise
    the old due moment is used if it is in the future.
    """
    zone, due = next_deliveries.zone_of(wanted, chat), wanted.next_due_at
    if stayed is not None:
        wanted = wanted._replace(cursor=stayed.cursor)
    if stayed is not None and (stayed.cadence, next_deliveries.zone_of(stayed, chat)) == (wanted.cadence, zone):
        due = stayed.next_due_at
    elif wanted.cadence.kind == "now":
        due = None  # `now` has a due moment only while quiet hours delay it
    elif due is None or due <= now:
        return next_deliveries.with_due(wanted, next_deliveries.first_span(wanted.cadence, zone, now))
    return next_deliveries.with_due(
        wanted, (due, None) if wanted.cadence.kind == "now" else next_deliveries.due_span(wanted.cadence, zone, due)
    )


def _restore_pause(transaction: Transaction, chat: Chat, pause: object, now: datetime) -> None:
    """Restores whether a person paused the chat.

    A chat that is unreachable or waits for an operator stays unchanged.
    """
    assert isinstance(pause, tuple)  # noqa: S101 - as `_parts` made it
    paused, until = pause
    if paused and chat.state is ChatState.ACTIVE:
        chats.pause_chat(transaction, chat.id, PauseReason.PERSON, now=now, until=until)
    elif not paused and changes.is_paused_by_person(chat):
        chats.resume_chat(transaction, chat.id, now=now)
