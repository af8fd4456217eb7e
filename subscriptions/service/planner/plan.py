"""Planning: what is due is matched, decided and written down, a slice of chats at a time."""

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from subscriptions import zones
from subscriptions.model import Cadence, Chat, Facts, Item, Kind, KnownPaper, Lane, Subscription
from subscriptions.planning import cadence as cadences
from subscriptions.planning.effects import shows_more
from subscriptions.planning.forecast import Forecast
from subscriptions.planning.plan import Due, Evidence, decide
from subscriptions.service.planner.no_match import how_missing, is_public, notify_no_match
from subscriptions.service.planner.window import Window, evidence_of_fits, kept_window
from subscriptions.service.subscriptions.next_deliveries import DeliveryForecast, next_moment, zone_of
from subscriptions.service.subscriptions.pausing import wake_paused
from subscriptions.service.subscriptions.quiet_hours import Move, held
from subscriptions.service.subscriptions.requests import span
from subscriptions.states import ChatState, SubscriptionState
from subscriptions.store import Planned, Store, Transaction
from subscriptions.store import planner as plans
from subscriptions.store.chat import chats as stored_chats
from subscriptions.store.chat import subscriptions as stored_subscriptions
from subscriptions.store.outbox import planned as stored_planned

SLICE = 1000  # chats planned in one transaction: bounds memory and how long other writers wait
_MINUTE = "%Y-%m-%dT%H:%M"

_ToPlan = tuple[Chat, Sequence[Subscription], tuple[Subscription, ...]]  # a chat, all its subscriptions, those due now


@dataclass(slots=True)
class Occasion:
    """What holds for all chats that are planned at one moment."""

    now: datetime
    delivery_forecast: DeliveryForecast
    window: Window
    evidence: Callable[[Subscription, KnownPaper], Evidence] = field(default_factory=evidence_of_fits)

    @property
    def forecast(self) -> Forecast:
        """The forecast of the sources."""
        return self.delivery_forecast.forecast


@dataclass(frozen=True, slots=True)
class Decided:
    """A chat's case, and what came of it."""

    case: Due
    subscriptions: Sequence[Subscription]  # all of the chat
    result: tuple[Kind, tuple[Item, ...], Facts] | None

    def said(self, wish: Subscription) -> bool:
        """Whether a subscription had its say: it brought papers, or it was said that there are none."""
        if self.result is None:
            return False
        _, items, _ = self.result
        return not items or any(because.number == wish.number for item in items for because in item.because)


def plan_due(store: Store, *, now: datetime, enough: Callable[[], bool] = lambda: False) -> tuple[Lane, ...]:
    """Plans everything that is due, until `enough`; returns the lane of each delivery that was written down.

    A second call at the same moment plans nothing: a subscription's place and next moment move in the transaction that
    writes the delivery.
    """
    foresight, chat_ids, pause_ended = _look(store, now)
    if pause_ended:
        wake_paused(store, now=now)
        foresight, chat_ids, _ = _look(store, now)
    lanes: list[Lane] = []
    with kept_window(store, foresight.head) as window:
        occasion = Occasion(now, foresight, window)
        for start in range(0, len(chat_ids), SLICE):
            if enough():
                break
            is_last = start + SLICE >= len(chat_ids)
            lanes += _plan_slice(store, chat_ids[start : start + SLICE], occasion, is_last=is_last)
    return tuple(lanes)


def _look(store: Store, now: datetime) -> tuple[DeliveryForecast, list[int], bool]:
    """What is known at `now`, who is due, and whether somebody's pause has ended who may be, too."""
    with store.read() as transaction:
        foresight = DeliveryForecast.of(transaction, now)
        waiting = foresight.forecast.sources_in is False
        chat_ids = plans.due_chats(transaction, now, foresight.head, waiting=waiting)
        return foresight, chat_ids, plans.has_ended_pause(transaction, now)


@dataclass(frozen=True, slots=True)
class _Inputs:
    """What the store says of some chats at one moment: everything that their plan depends on beside the papers."""

    chats: Mapping[int, Chat]
    subscriptions: Mapping[int, Sequence[Subscription]]  # of each chat
    shared_cursor: int
    due: Mapping[int, tuple[Subscription, ...]]  # of each active chat
    waits: Sequence[Move]  # where those subscriptions move that have to wait
    keys: Mapping[int, str]  # id of a chat that gets a plan now -> the dedupe key of its delivery

    @property
    def planned(self) -> list[_ToPlan]:
        """The chats that get a plan now."""
        return [(self.chats[chat], self.subscriptions[chat], self.due[chat]) for chat in self.keys]


@dataclass(frozen=True, slots=True)
class _Matches:
    """What the due subscriptions of some chats match, and what of that the chats have in deliveries already."""

    fits: Mapping[int, tuple[int, ...]]  # id of a subscription -> places in the window
    papers: frozenset[int]  # ids of all papers that match
    delivered: Mapping[int, set[int]]  # id of a chat -> ids among `papers`


def _plan_slice(store: Store, chat_ids: Sequence[int], occasion: Occasion, *, is_last: bool) -> list[Lane]:
    """Reads, matches and decides in a reading transaction, then writes; returns the lanes of what was written.

    The writing transaction matches nothing. If something else was committed in between, it reads once more what the
    decision depends on; if that changed, or papers came, all begins anew. What was matched is remembered.
    """
    with store.read_then_write() as work:
        while True:
            with work.read() as transaction:
                inputs = _read_inputs(transaction, chat_ids, occasion)
                matches = _match(transaction, inputs, occasion)
                decided = _decide_all(inputs, matches, occasion)
            with work.write() as transaction:
                if work.is_stale and not _still_holds(transaction, chat_ids, inputs, matches, occasion):
                    continue
                lanes = _write(transaction, inputs, decided, occasion)
                if is_last:  # only then everybody has caught up
                    plans.advance_shared_cursor(transaction, occasion.window.head)
            return lanes


def _still_holds(
    transaction: Transaction, chat_ids: Sequence[int], inputs: _Inputs, matches: _Matches, occasion: Occasion
) -> bool:
    """Whether a decision would be the same if it were made now."""
    return (
        occasion.window.is_current(transaction)
        and _read_inputs(transaction, chat_ids, occasion) == inputs
        and _delivered(transaction, inputs, matches.papers) == matches.delivered
    )


def _write(transaction: Transaction, inputs: _Inputs, decided: Sequence[Decided], occasion: Occasion) -> list[Lane]:
    head, now, chats = occasion.window.head, occasion.now, inputs.chats
    planned = [_planned(one, inputs.keys[one.case.chat.id]) for one in decided if one.result]
    moves = list(inputs.waits)
    moves += [(s.id, head, _span_after(s, one, occasion)) for one in decided for s in one.case.subscriptions]
    left = [theirs for chat_id, theirs in inputs.due.items() if chat_id not in inputs.keys]
    moves += [move for theirs in left for move in _left_behind(theirs, inputs.shared_cursor)]
    stored_planned.add_deliveries(transaction, planned, now=now)
    plans.advance(transaction, moves)
    plans.mark_first_delivery_planned(
        transaction, [p.chat_id for p in planned if not chats[p.chat_id].first_delivery_planned]
    )
    lanes = [chats[p.chat_id].address.lane for p in planned]
    return lanes + notify_no_match(transaction, [(one.case, one.result) for one in decided], head=head, now=now)


def _read_inputs(transaction: Transaction, chat_ids: Sequence[int], occasion: Occasion) -> _Inputs:
    chats = stored_chats.chats_by_id(transaction, chat_ids, zone=transaction.zone)
    return _inputs_of(transaction, chats, stored_subscriptions.subscriptions_of(transaction, chat_ids), occasion)


def _inputs_of(
    transaction: Transaction,
    chats: Mapping[int, Chat],
    wishes: Mapping[int, Sequence[Subscription]],
    occasion: Occasion,
) -> _Inputs:
    mark = stored_subscriptions.shared_cursor(transaction)
    waits: list[Move] = []
    due: dict[int, tuple[Subscription, ...]] = {}
    for chat_id, chat in chats.items():
        if chat.state is ChatState.ACTIVE:
            due[chat_id], held_back = _due_now(chat, wishes[chat_id], mark, occasion)
            waits += held_back
    with_due = [(chats[chat_id], theirs) for chat_id, theirs in due.items() if theirs]
    keys = _free_keys(transaction, with_due, mark, occasion.window.head, occasion.now)
    return _Inputs(chats, wishes, mark, due, waits, keys)


def would_be_planned(
    transaction: Transaction, chat: Chat, wishes: Sequence[Subscription], *, now: datetime
) -> tuple[Decided | None, Occasion]:
    """What a plan at this moment would give a chat, and what holds then; nothing is written."""
    foresight = DeliveryForecast.of(transaction, now)
    occasion = Occasion(now, foresight, Window(foresight.head))
    inputs = _inputs_of(transaction, {chat.id: chat}, {chat.id: wishes}, occasion)
    decided = _decide_all(inputs, _match(transaction, inputs, occasion), occasion)
    return (decided[0] if decided else None), occasion


def _match(transaction: Transaction, inputs: _Inputs, occasion: Occasion) -> _Matches:
    """Matches what is due with the papers of the window, which is widened as far as needed."""
    cursors = [_cursor(s, inputs) for _, _, theirs in inputs.planned for s in theirs]
    if not cursors:
        return _Matches({}, frozenset(), {})
    window = occasion.window
    window.cover(transaction, min(cursors))
    fits = window.fits([s for _, _, theirs in inputs.planned for s in theirs])
    papers = frozenset(window.known[place].id for places in fits.values() for place in places)
    return _Matches(fits, papers, _delivered(transaction, inputs, papers))


def _delivered(transaction: Transaction, inputs: _Inputs, papers: Collection[int]) -> Mapping[int, set[int]]:
    """Ids of those papers that each chat has in a delivery, by the id of the chat."""
    return stored_planned.delivered(transaction, list(inputs.keys), papers) if inputs.keys else {}


def _decide_all(inputs: _Inputs, matches: _Matches, occasion: Occasion) -> list[Decided]:
    decided = []
    for chat, wishes, theirs in inputs.planned:
        cursors = {s.id: _cursor(s, inputs) for s in theirs}
        case = _case((chat, wishes, theirs), cursors, matches.fits, matches.delivered[chat.id], occasion)
        decided.append(Decided(case, wishes, decide(case, occasion.evidence, limited=shows_more(chat))))
    return decided


def _cursor(subscription: Subscription, inputs: _Inputs) -> int:
    return inputs.shared_cursor if subscription.cursor is None else subscription.cursor


def _case(
    to_plan: _ToPlan,
    seen: Mapping[int, int],
    fits: Mapping[int, tuple[int, ...]],
    told: set[int],
    occasion: Occasion,
) -> Due:
    chat, wishes, due = to_plan
    outlook, now = occasion.forecast, occasion.now
    coming = occasion.delivery_forecast.next_of(chat, wishes, planned={s.id for s in due})
    timed = [s for s in due if s.cadence.kind != "now"]
    behind = outlook.missing if timed else ()
    over = [s for s in timed if occasion.delivery_forecast.is_last_word(s, chat)]
    return Due(
        chat=chat,
        subscriptions=due,
        cursor=seen,
        papers=occasion.window.known,
        fits=fits,
        delivered=told,
        due=_due_moment(chat, due, now),
        now=now,
        zone=zones.zone(chat.settings.timezone),
        next_due=coming.at or coming.latest,
        next_about=coming.about or coming.at is None,
        may_be_empty=bool(over) or not timed,
        expected=any(outlook.may_have_come(max(s.since, _moment(s, chat, now) - _period(s.cadence))) for s in due),
        notes=bool(over) and chat.settings.quietday == "on" and not is_public(chat),
        missing=tuple(name for one in behind for name in (one.behind or (one.name,))),
        missing_how=how_missing(behind),
    )


def _period(cadence: Cadence) -> timedelta:
    """How long before a due moment of this cadence the one before it was, or could have been."""
    return timedelta(days=7 if cadence.kind == "weekly" else 1)


def _planned(one: Decided, key: str) -> Planned:
    assert one.result is not None  # noqa: S101 - asked before
    kind, items, facts = one.result
    case = one.case
    return Planned(
        id=secrets.token_hex(8), chat_id=case.chat.id, kind=kind, due=case.due, key=key, items=items, facts=facts
    )


def _due_now(
    chat: Chat, wishes: Sequence[Subscription], mark: int, occasion: Occasion
) -> tuple[tuple[Subscription, ...], list[Move]]:
    """What of a chat is due; and where those move that have to wait all the same."""
    now, sources_in = occasion.now, occasion.forecast.sources_in

    def due(s: Subscription) -> bool:
        came = (mark if s.cursor is None else s.cursor) < occasion.window.head
        zone = zone_of(s, chat)
        return s.state is SubscriptionState.ACTIVE and cadences.is_due(
            s.cadence, zone, s.next_due_at, now, came, sources_in=sources_in
        )

    found = [s for s in wishes if due(s)]
    waits = held(chat, found, mark, now)
    if sources_in is False:
        waits += [(s.id, s.cursor or 0, opened) for s in found if (opened := _opened_anew(s, chat, now))]
    waiting = {wish_id for wish_id, _, _ in waits}
    return tuple(s for s in found if s.id not in waiting), waits


def _left_behind(waiting: Sequence[Subscription], mark: int) -> list[Move]:
    """Those that wait for the next minute have their own place until then: the mark that they share goes on without them."""
    return [(wish.id, mark, (None, None)) for wish in waiting if wish.cursor is None]


def _opened_anew(wish: Subscription, chat: Chat, now: datetime) -> stored_subscriptions.DueSpan | None:
    """The window of a when-out that is open at `now`, where an earlier one passed while nothing ran: it waits in that."""
    if wish.cadence.kind != "when-out" or wish.next_due_at is None:
        return None
    zone = zone_of(wish, chat)
    opened = cadences.first_due(wish.cadence, zone, now)
    if opened is None or not wish.next_due_at < opened <= now:
        return None
    return span(wish.cadence, zone, opened)


def _span_after(wish: Subscription, one: Decided, occasion: Occasion) -> stored_subscriptions.DueSpan:
    """When it is due next. A when-out that had nothing to say stays due until the end of its window."""
    zone, opened, now = zone_of(wish, one.case.chat), wish.next_due_at, occasion.now
    waits = opened is not None and wish.cadence.kind == "when-out" and not one.said(wish)
    if waits and opened is not None and now < cadences.closes(wish.cadence, zone, opened):
        return span(wish.cadence, zone, opened)
    return span(wish.cadence, zone, next_moment(wish.cadence, zone, now))


def _due_moment(chat: Chat, theirs: Sequence[Subscription], now: datetime) -> datetime:
    """The latest of the moments that made a chat due; `now` and an open when-out are due when planned."""
    return max(_moment(s, chat, now) for s in theirs)


def _moment(subscription: Subscription, chat: Chat, now: datetime) -> datetime:
    if subscription.next_due_at is None or subscription.cadence.kind == "now":
        return now  # `now` has a moment only while it is held back after a pause
    if subscription.cadence.kind == "when-out":
        return min(now, cadences.closes(subscription.cadence, zone_of(subscription, chat), subscription.next_due_at))
    return subscription.next_due_at


def _free_keys(
    transaction: Transaction, due: Sequence[tuple[Chat, Sequence[Subscription]]], mark: int, head: int, now: datetime
) -> dict[int, str]:
    """Chat id -> the dedupe key of its delivery; without the chats that have had their delivery of this minute.

    Those wait for the next minute. A wish whose own minute is over by then has a key of its own: else it would be due
    for ever and never sent.
    """
    keys = {chat.id: _dedupe_key(chat, theirs, mark, head, now) for chat, theirs in due}
    taken = stored_planned.taken_keys(transaction, list(keys.values()))
    for chat, theirs in due:
        if keys[chat.id] in taken and f"{_due_moment(chat, theirs, now):{_MINUTE}}" != f"{now:{_MINUTE}}":
            keys[chat.id] += f":{head}:" + ",".join(str(s.number) for s in theirs)
    return {chat_id: key for chat_id, key in keys.items() if key not in taken}


def _dedupe_key(chat: Chat, theirs: Sequence[Subscription], mark: int, head: int, now: datetime) -> str:
    """Rule 5 of docs/architecture.md: one delivery per chat and due minute; for `now` alone, one per chat and stretch of papers."""
    if any(s.next_due_at is not None for s in theirs):
        return f"{chat.id}:{_due_moment(chat, theirs, now):{_MINUTE}}"
    numbers = ",".join(str(s.number) for s in theirs)
    seen = min(mark if s.cursor is None else s.cursor for s in theirs)
    return f"{chat.id}:now:{seen}-{head}:{numbers}"
