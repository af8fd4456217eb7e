"""Changes subscriptions and settings of a chat, and undoes changes. An undo is a change, so it can be undone, too.

A changed subscription keeps its number and its cursor. An undo restores only the parts that the change touched, and only
if no later change touched them. A removed subscription is restored with its old cursor. A subscription that still
exists keeps its present cursor, so no paper is sent twice.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile

from subscriptions import chat_settings, errors, model, portable, states, zones
from subscriptions.planning import cadence as cadences
from subscriptions.planning import forecast
from subscriptions.planning.times import When, read_when
from subscriptions.service import changes, listing, near_papers, new_clock, overlaps, signals
from subscriptions.service.requests import Subscribed, echo_of
from subscriptions.store import chat_changes, chats
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store.database.store import Scope, Transaction, writes
from subscriptions.texts.normal_forms import normalized


@writes
def edit(
    transaction: Transaction,
    address: model.ChatAddress,
    number: int,
    text: str,
    *,
    now: datetime,
    when: str | None = None,
    tz: str | None = None,
    who: str = "",
) -> Subscribed:
    """Changes the query of a subscription, and its time if `when` is given. Deliveries that are planned do not change.

    `tz` is its new zone: "" means the chat's zone, None leaves it unchanged. The outcome is "edited", or "known" if
    nothing changed. Raises NotFound, QueryError, and Refused if another subscription of the chat has the same query.
    """
    query = portable.kept_query(text)
    chat, subscriptions = listing.get_subscribed(transaction, address)
    subscription = listing.which_one(subscriptions, str(number))
    query = near_papers.with_words(transaction, query, subscriptions, chat_id=chat.id)
    same = next((s for s in subscriptions if s.canonical == query.canonical and s.id != subscription.id), None)
    if same is not None:
        raise errors.Refused(
            errors.Sentence("Subscription {number} asks for that already.", {"number": same.number}),
            errors.Sentence("Remove one of them: /unsub {number}", {"number": subscription.number}),
        )
    read = _read_when(when, subscription.cadence, chat) if when else When(subscription.cadence)
    own_zone = subscription.zone if tz is None else zones.zone_name(tz) if tz else None
    after = subscription._replace(text=query.text, canonical=query.canonical)
    after = forecast.with_time(after, chat, read.cadence, read.zone or own_zone, now)
    if after.canonical != subscription.canonical:
        chats.store_streaks(transaction, {chat.id: None})
    changes.change_subscriptions(transaction, [subscription], [after], now=now, who=who)
    outcome = "edited" if after != subscription else "known"
    return echo_of(transaction, chat, after, query=query, outcome=outcome, now=now)


@writes
def rename(
    transaction: Transaction, address: model.ChatAddress, number: int, name: str, *, now: datetime, who: str = ""
) -> model.Subscription:
    """Gives a subscription a name; "" removes its name. Raises NotFound, Refused."""
    plain = portable.checked_name(name)
    chat = listing.get_chat(transaction, address)
    subscription = listing.numbered(transaction, chat, number)
    after = subscription._replace(name=plain)
    return changes.change_subscriptions(transaction, [subscription], [after], now=now, who=who)[0]


@writes
def reschedule(
    transaction: Transaction, address: model.ChatAddress, number: int | None, when: str, *, now: datetime, who: str = ""
) -> tuple[model.Subscription, ...]:
    """Changes the time of a subscription. If `number` is None, changes it for all present and future subscriptions.

    Returns the changed subscriptions. Raises NotFound, Refused.
    """
    chat, subscriptions = listing.get_subscribed(transaction, address)
    chosen = listing.chosen(subscriptions, number)
    read = _read_when(when, None, chat)
    if number is None:
        stored = chat_settings.check_value("schedule", str(read), kind=chat.kind)
        if chat.chosen.get("schedule") != stored:
            changes.record_change(transaction, chat.id, now=now, who=who)
            chats.choose_setting(transaction, chat.id, "schedule", stored)

    after = tuple(forecast.with_time(one, chat, read.cadence, read.zone or one.zone, now) for one in chosen)
    return changes.change_subscriptions(transaction, chosen, after, now=now, who=who)


@writes
def set_settings(
    transaction: Transaction, address: model.ChatAddress, values: Mapping[str, str], *, now: datetime, who: str = ""
) -> model.Chat:
    """Sets several of a chat's SETTINGS as one change. Raises NotFound, Refused. After an error, none is set."""
    chat = listing.get_chat(transaction, address)
    names = {chat_settings.setting_name(name): value for name, value in values.items()}
    stored = {
        name: chat_settings.check_value(name, value, kind=chat.kind, public=chat.public)
        for name, value in names.items()
    }
    if any(value != chat.settings.value(name) for name, value in stored.items()):
        changes.record_change(transaction, chat.id, now=now, who=who)
    for name, value in stored.items():
        chats.choose_setting(transaction, chat.id, name, value)
    return new_clock.apply_new_clock(transaction, chat, now)


@writes
def follow_person(transaction: Transaction, chat: model.Chat, heard: Mapping[str, str], *, now: datetime) -> None:
    """Stores the language in which a person writes, and the zone of the person's client. This cannot be undone."""
    if "lang" in heard:
        chats.speak(transaction, chat.id, heard["lang"])
    if "timezone" in heard:
        chats.choose_setting(transaction, chat.id, "timezone", heard["timezone"])
        new_clock.apply_new_clock(transaction, chat, now)


def _read_when(when: str, own: model.Cadence | None, chat: model.Chat) -> When:
    """Reads a typed time. A when-out without hours gets the hours of `own`, or else of the chat's schedule."""
    of_chat = cadences.parse_cadence(chat.settings.schedule)
    return read_when(when, own if own and own.kind == "when-out" else of_chat)


# ----------------------------------------------------------------- two subscriptions that find nearly the same papers


@writes
def merge(
    transaction: Transaction, address: model.ChatAddress, first: int, second: int, *, now: datetime, who: str = ""
) -> Subscribed:
    """Replaces two subscriptions by one that finds the papers of both, as one change.

    The new subscription gets a new number, and the cursor and the time that both have. Raises NotFound if one of them
    was removed, or if they no longer have the same time and cursor.
    """
    chat = listing.get_chat(transaction, address)
    known = {one.number: one for one in stored_subscriptions.subscriptions_in(transaction, chat.id)}
    one, other = known.get(first), known.get(second)
    query = overlaps.merged_query(one, other) if one and other and overlaps.are_alike(one, other) else None
    is_there = query is not None and any(query.canonical == known_one.canonical for known_one in known.values())
    if one is None or other is None or query is None or is_there:
        raise errors.NotFound(
            errors.Sentence("These two cannot be merged any more."), errors.Sentence("/list shows what there is.")
        )
    changes.begin_change(transaction, chat.id, now=now, who=who)
    stored_subscriptions.remove_subscriptions(transaction, [one.id, other.id])
    since, name = min(one.since, other.since), one.name or other.name
    new = one._replace(number=0, text=query.text, canonical=query.canonical, since=since, name=name)
    added = stored_subscriptions.add_subscription(transaction, new)
    return echo_of(transaction, chat, added, query=query, outcome="added", now=now)


# ----------------------------------------------------------- several subscriptions at once, by numbers that people type

# Examples: 1 2, 1,2, 1-3, 1 and 2, 1、2, 1 到 3.


Span = tuple[int, int]  # (first, last) of consecutive numbers

_LONGEST = 400  # characters of such a text
_NUMBER = r"(?:#|№|第)?\s?(\d{1,9})(?:号|个|条)?"
_TO = r"\s*(?:[-‐‑‒–—−~]|\bto\b|到|至)\s*"
_ITEM = rf"{_NUMBER}(?:{_TO}{_NUMBER})?"
_BETWEEN = r"(?:[\s,;、&+和与及]|\band\b)+"
_ITEMS = re.compile(rf"{_ITEM}(?:{_BETWEEN}{_ITEM})*[,;、\s]*", re.IGNORECASE)


def numbers_in(text: str) -> tuple[Span, ...]:
    """Returns the spans of numbers in a text, in order; () if the text is too long, or has anything but numbers."""
    plain = normalized("NFKC", text).strip()
    if len(plain) > _LONGEST or not _ITEMS.fullmatch(plain):
        return ()
    found = ((int(first), int(last or first)) for first, last in re.findall(_ITEM, plain, re.IGNORECASE))
    return tuple((min(span), max(span)) for span in found)


def numbers_among(spans: Sequence[Span], numbers: Collection[int]) -> frozenset[int]:
    """Returns those of `numbers` that are in one of the spans."""
    return frozenset(number for number in numbers if any(first <= number <= last for first, last in spans))


def numbers_missing(spans: Sequence[Span], numbers: Collection[int]) -> str:
    """Returns the numbers in the spans that are not in `numbers`, as text such as "3, 7–9"; "" if there are none."""
    missing = (gap for span in spans for gap in _gaps(span, sorted(numbers_among([span], numbers))))
    return ", ".join(str(a) if a == b else f"{a}–{b}" for a, b in dict.fromkeys(missing))


def _gaps(span: Span, there: Sequence[int]) -> Iterator[Span]:
    """Yields the parts of a span that remain if the numbers `there`, which ascend, are removed."""
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

    again: int  # the id of this undo, by which it can be undone
    what: changes.Difference  # what the undo changed
    before: model.Chat
    after: model.Chat


def changes_to_undo(store: Scope, address: model.ChatAddress) -> tuple[changes.Change, ...]:
    """Returns the stored changes that are not undone and no undos themselves, the newest first."""
    return tuple(one for one in _log(store, address) if not one.undone and not one.is_undo and one.what)


def last_change(store: Scope, address: model.ChatAddress) -> changes.Change | None:
    """Returns the newest change that can be undone; None if there is none."""
    return next(iter(changes_to_undo(store, address)), None)


def last_removal(store: Scope, address: model.ChatAddress) -> changes.Change | None:
    """Returns the newest change that can be undone and removed a subscription; None if there is none."""
    return next((one for one in changes_to_undo(store, address) if one.what.removed), None)


def changed_at(store: Scope, address: model.ChatAddress) -> datetime | None:
    """Returns the moment of the newest stored change of a chat, which may be an undo; None if there is none."""
    return next((one.at for one in _log(store, address)), None)


def undos_in_a_row(store: Scope, address: model.ChatAddress) -> int:
    """Returns how many of the newest changes of a chat are undos that are in effect."""
    return len(list(takewhile(lambda one: one.is_undo and not one.undone, _log(store, address))))


def find_change(store: Scope, address: model.ChatAddress, change_id: int) -> changes.Change | None:
    """Returns a change of this chat, undone or not; None if it is no longer stored."""
    return next((change for change in _log(store, address) if change.id == change_id), None)


def _log(store: Scope, address: model.ChatAddress) -> Iterator[changes.Change]:
    """Yields the stored changes of a chat, newest first."""
    with store.read() as transaction:
        chat = chats.find_chat(transaction, address)
        if chat is None:
            return
        log = chat_changes.changes_of(transaction, chat.id)
        now = changes.state_of(transaction, chat.id)
    for kept, earlier, after in _states(log, now):
        what = changes.difference(earlier, after)
        yield changes.Change(
            id=kept.id,
            who=kept.who,
            at=kept.at,
            what=what,
            undone=kept.before["undone"],
            undoes=kept.before["undoes"],
            does_more=kept.before.get("more", False),
        )


def _states(
    log: Iterable[chat_changes.StoredChange], current: changes.State
) -> Iterator[tuple[chat_changes.StoredChange, changes.State, changes.State]]:
    """Yields (change, state before it, state after it) for each change in `log`, which begins with the newest."""
    after = current
    for kept in log:
        earlier = changes.before(kept, after)
        yield kept, earlier, after
        after = earlier


@writes
def undo(
    transaction: Transaction, address: model.ChatAddress, change_id: int, *, now: datetime, who: str = ""
) -> Undone:
    """Undoes a change of this chat, which may be an undo. Raises NotFound, and Refused if it is too late to undo it."""
    chat = listing.get_chat(transaction, address)
    chats.hold_chat(transaction, chat.id)
    current = changes.state_of(transaction, chat.id)
    log = _states(chat_changes.changes_of(transaction, chat.id), current)
    found = next((entry for entry in log if entry[0].id == change_id), None)
    if found is None:
        raise errors.Refused(
            errors.Sentence("That was too long ago to be undone."),
            errors.Sentence("I keep the last {count} changes.", {"count": changes.KEPT}),
        )
    change, earlier, after = found
    if change.before["undone"]:
        raise errors.Refused(errors.Sentence("That is undone already."))
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
        after=listing.get_chat(transaction, address),
    )


def _parts_to_restore(earlier: changes.State, after: changes.State, current: changes.State) -> dict[_Key, object]:
    """Returns part -> old value for the parts to restore. Raises Refused if a newer change touched one of them."""
    old, new, is_now = _parts(earlier), _parts(after), _parts(current)
    touched = {key for key in old.keys() | new.keys() if _value(old.get(key)) != _value(new.get(key))}
    for key in touched:
        if _value(is_now.get(key)) not in (_value(new.get(key)), _value(old.get(key))):
            raise _refuse_out_of_order()
    wanted = {key: old.get(key) for key in touched}
    canonical = [
        subscription.canonical
        for subscription in ({**is_now, **wanted}).values()
        if isinstance(subscription, model.Subscription)
    ]
    if len(set(canonical)) < len(canonical):
        raise _refuse_out_of_order()
    return wanted


def _refuse_out_of_order() -> errors.Refused:
    return errors.Refused(
        errors.Sentence("A newer change depends on that one."),
        errors.Sentence("/undo takes back the newest change first."),
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
    if isinstance(part, datetime):  # the moment of a judgement, which makes no difference
        return True
    return changes.subscription_value(part) if isinstance(part, model.Subscription) else part


def _restore(transaction: Transaction, chat: model.Chat, wanted: Mapping[_Key, object], now: datetime) -> None:
    settings = {str(name): value for (kind, name), value in wanted.items() if kind == "setting"}
    for name, value in settings.items():
        chats.choose_setting(transaction, chat.id, name, None if value is None else str(value))
    after = new_clock.apply_new_clock(transaction, chat, now) if settings else chat
    subscriptions = {
        int(number): subscription for (kind, number), subscription in wanted.items() if kind == "subscription"
    }
    _restore_subscriptions(transaction, after, subscriptions, now)
    judged = {
        (states.Signal(kind), int(paper)): at if isinstance(at, datetime) else None
        for (kind, paper), at in wanted.items()
        if kind in changes.JUDGEMENTS
    }
    if judged:
        signals.restore_signals(transaction, chat.id, judged)
    if ("pause", "") in wanted:
        _restore_pause(transaction, chat, wanted["pause", ""], now)


def _restore_subscriptions(
    transaction: Transaction, chat: model.Chat, subscriptions: Mapping[int, object], now: datetime
) -> None:
    """Restores subscriptions. First removes all that it restores, so that no two of them ever have the same query."""
    there = stored_subscriptions.subscriptions_in(transaction, chat.id)
    stayed = {one.number: one for one in there if one.number in subscriptions}
    stored_subscriptions.remove_subscriptions(transaction, [one.id for one in stayed.values()])
    wanted = [(number, one) for number, one in subscriptions.items() if isinstance(one, model.Subscription)]
    restored = [_restored(one, stayed.get(number), chat, now) for number, one in wanted]
    stored_subscriptions.add_subscriptions(transaction, restored)


def _restored(
    wanted: model.Subscription, stayed: model.Subscription | None, chat: model.Chat, now: datetime
) -> model.Subscription:
    """Returns the subscription to store when `wanted`, an old state of it, is restored.

    If the subscription still exists (`stayed`), it keeps its present cursor, and its present due moment if its time is
    the same. Otherwise its old due moment counts if that is in the future.
    """
    zone, due = forecast.zone_of(wanted, chat), wanted.next_due_at
    if stayed is not None:
        wanted = wanted._replace(cursor=stayed.cursor)
    if stayed is not None and (stayed.cadence, forecast.zone_of(stayed, chat)) == (wanted.cadence, zone):
        due = stayed.next_due_at
    elif wanted.cadence.kind == "now":
        due = None  # a `now` subscription has a due moment only while quiet hours delay it
    elif due is None or due <= now:
        return forecast.with_due(wanted, forecast.first_span(wanted.cadence, zone, now))
    return forecast.with_due(
        wanted, (due, None) if wanted.cadence.kind == "now" else forecast.due_span(wanted.cadence, zone, due)
    )


def _restore_pause(transaction: Transaction, chat: model.Chat, pause: object, now: datetime) -> None:
    """Pauses or resumes the chat as before. A chat that is unreachable or waits for an operator stays as it is."""
    assert isinstance(pause, tuple)  # noqa: S101 - as `_parts` made it
    paused, until = pause
    if paused and chat.state is states.ChatState.ACTIVE:
        chats.pause_chat(transaction, chat.id, states.PauseReason.PERSON, now=now, until=until)
    elif not paused and changes.is_paused_by_person(chat):
        chats.resume_chat(transaction, chat.id, now=now)
