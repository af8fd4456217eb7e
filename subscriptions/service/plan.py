"""Plans deliveries: matches what is due, decides and stores, a slice of chats at a time."""

import gc
import secrets
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import NamedTuple
from weakref import WeakKeyDictionary

from subscriptions import zones
from subscriptions.model import Cadence, Chat, DeliveryKind, Facts, Item, Lane, Subscription
from subscriptions.planning import cadence as cadences
from subscriptions.planning.decision import DueDelivery, decide, decide_alike, shows_more
from subscriptions.service import look as looks
from subscriptions.service import next_deliveries, plan_inputs
from subscriptions.service.pausing import end_pauses
from subscriptions.states import SubscriptionState
from subscriptions.store import chats as stored_chats
from subscriptions.store import drafts
from subscriptions.store import planner as plans
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store.database.store import ReadThenWrite, Store, Transaction, in_chunks
from subscriptions.store.database.writer import READS, WRITES, Steps, done
from subscriptions.store.planner import Planned
from subscriptions.store.subscriptions import SharedCursor

_FAR_INTERVAL = timedelta(hours=1)  # between two looks for due moments that are too far away
_LOOKED_FAR: WeakKeyDictionary[Store, datetime] = WeakKeyDictionary()  # when that was looked for last
SLICE = 200  # chats planned in one transaction: bounds memory and how long other writers wait


@dataclass(frozen=True, slots=True)
class Decision:
    """What one chat's delivery depends on, and the decision."""

    case: DueDelivery
    subscriptions: Sequence[Subscription]  # all of the chat
    result: tuple[DeliveryKind, tuple[Item, ...], Facts] | None  # None: no delivery

    @property
    def asks_now(self) -> bool:
        """Whether the chat has active subscriptions with cadence `now`."""
        return any(s.cadence.kind == "now" and s.state is SubscriptionState.ACTIVE for s in self.subscriptions)

    def covers(self, subscription: Subscription) -> bool:
        """Whether the delivery covers a subscription: it brings its papers, or says that there are none."""
        if self.result is None:
            return False
        _, items, _ = self.result
        return not items or any(because.number == subscription.number for item in items for because in item.because)


def plan_due(
    store: Store,
    *,
    now: datetime,
    enough: Callable[[], bool] = lambda: False,
    matching: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> tuple[Lane, ...]:
    """Plans everything that is due, until `enough`; returns the lane of each delivery and notice that was stored.

    `matching` is entered while queries are matched with papers, so that a caller can measure it.

    A second call at the same moment plans nothing: the cursor and the next due moment of a subscription move in the
    transaction that stores the delivery.
    """
    slices = plan_slices(store, now=now, enough=enough, matching=matching)
    return tuple(lane for one in slices for lane in done(one))


def plan_slices(
    store: Store,
    *,
    now: datetime,
    enough: Callable[[], bool] = lambda: False,
    matching: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> Generator[Steps[Sequence[Lane]]]:
    """As `plan_due`: yields the planning of one slice of chats after the other, a transaction each.

    A slice has steps that read, match and decide, and one that writes. Before the first slice, pauses are ended. Going
    on to the next slice reads. Where others may plan, too, each has its own order and passes over what others have
    planned.
    """
    due = _read_due(store, now)
    if due.pause_ended:
        yield _end_pauses(store, now)
        due = _read_due(store, now)
    with plan_inputs.kept_window(store, due.delivery_forecast.last_sequence) as window:
        found = looks.look(store, due.behind, window, now=now, matching=matching) if due.behind else None
        context = plan_inputs.PlanContext(
            now, due.delivery_forecast, window, matching=matching, moving=found.shared if found else frozenset()
        )
        chats = _chats_to_plan(store, due.chat_ids, found)
        is_begun = False
        try:
            while chat_ids := list(islice(chats, SLICE)):
                if enough():
                    return
                if is_begun:  # meanwhile others may have planned them
                    chat_ids = _still_due(store, chat_ids, context)
                if chat_ids:
                    yield _plan_slice(store, chat_ids, context)
                    gc.freeze()  # the collector leaves the window alone, and what the slices keep: a quarter of the work
                is_begun = True
        finally:
            gc.unfreeze()
        if found is not None:
            yield looks.finish(store, found)


def move_far_moments(store: Store, *, now: datetime) -> Steps[int]:
    """Computes due moments again that are further away than their cadences allow. Returns how many.

    A clock that is wrong for a minute puts off all that it makes due, perhaps to another year. Looks at the first call, when
    the clock was set back since the last look, and after an hour.
    """
    looked_at = _LOOKED_FAR.get(store)
    if looked_at is not None and looked_at <= now < looked_at + _FAR_INTERVAL:
        return 0
    moved = 0
    with store.read() as transaction:
        found = plans.chats_due_too_far(transaction, now)
    for chat_ids in in_chunks(found):
        yield WRITES
        with store.write() as transaction:
            stored_chats.hold_chats(transaction, chat_ids)
            moves = next_deliveries.moved_near(transaction, chat_ids, now)
            plans.advance(transaction, moves, {})
            moved += len(moves)
    _LOOKED_FAR[store] = now
    return moved


def chats_due_too_far(store: Store, *, now: datetime) -> int:
    """How many chats `move_far_moments` would look at."""
    with store.read() as transaction:
        return len(plans.chats_due_too_far(transaction, now))


def _end_pauses(store: Store, now: datetime) -> Steps[Sequence[Lane]]:
    yield WRITES
    end_pauses(store, now=now)
    return ()


class _Due(NamedTuple):
    """What there is to plan."""

    delivery_forecast: next_deliveries.DeliveryForecast  # at this moment
    chat_ids: Sequence[int]  # the chats that are due by themselves
    behind: Sequence[SharedCursor]  # the shared cursors below the newest papers
    pause_ended: bool  # which may add chats


def _read_due(store: Store, now: datetime) -> _Due:
    with store.read() as transaction:
        delivery_forecast = next_deliveries.DeliveryForecast.of(transaction, now)
        last_sequence, waiting = delivery_forecast.last_sequence, delivery_forecast.forecast.all_reported is False
        chat_ids = plans.due_chats(transaction, now, last_sequence, waiting=waiting)
        behind = stored_subscriptions.behind(transaction, last_sequence)
        return _Due(delivery_forecast, chat_ids, behind, plans.has_ended_pause(transaction, now))


def _still_due(store: Store, chat_ids: Sequence[int], context: plan_inputs.PlanContext) -> list[int]:
    with store.read() as transaction:
        return plans.still_due(transaction, chat_ids, context.now, context.window.last_sequence)


def _chats_to_plan(store: Store, due: Sequence[int], found: looks.Look | None) -> Iterator[int]:
    """Ids of the chats that are due by themselves, then of those for which something was found; each once."""
    yield from looks.apart(due, store, SLICE)
    known = set(due)
    yield from (chat for chat in (found.chats(store) if found else ()) if chat not in known)


@dataclass(frozen=True, slots=True)
class _Matches:
    """The papers that the due subscriptions of some chats match, and which of these the chats have in deliveries."""

    fits: Mapping[int, tuple[int, ...]]  # id of a subscription -> positions in the window
    papers: frozenset[int]  # ids of all papers that match
    delivered: Mapping[int, set[int]]  # id of a chat -> ids of `papers`


def _plan_slice(store: Store, chat_ids: Sequence[int], context: plan_inputs.PlanContext) -> Steps[Sequence[Lane]]:
    """Matches and decides in a reading transaction, then stores in a writing one; returns the lanes of what was stored.

    The writing transaction matches nothing. While it runs, no paper can come and no other writer can change these
    chats. If another writer may have committed in between, it reads again what the decision depends on. If that has
    changed, or papers came, everything begins again; matches are cached. A crash before the commit leaves the chats
    due, one after it leaves them done.
    """
    work = ReadThenWrite(store)
    while True:
        with work.read() as transaction:
            inputs = plan_inputs.read_inputs(transaction, chat_ids, context)
            with context.matching():
                matches = _match(transaction, inputs, context)
            decided = _decide_all(inputs, matches, context)
        changes = _changes(inputs, decided, context)
        yield WRITES
        with work.write() as transaction:
            drafts.share_sequence(transaction)
            stored_chats.hold_chats(transaction, chat_ids)
            if not work.is_stale or _still_holds(transaction, chat_ids, inputs, matches, context):
                return _write(transaction, inputs, decided, changes, context)
        yield READS


def _match(transaction: Transaction, inputs: plan_inputs.Inputs, context: plan_inputs.PlanContext) -> _Matches:
    """Matches the due subscriptions with the papers of the window, after widening it as far as they look back."""
    due, window = [s for _, _, subscriptions in inputs.to_plan for s in subscriptions], context.window
    if not due:
        return _Matches({}, frozenset(), {})
    window.cover(transaction, min(s.cursor for s in due))
    fits = window.fits(transaction, due)
    papers = frozenset(window.papers.known[position].id for positions in fits.values() for position in positions)
    return _Matches(fits, papers, _delivered(transaction, inputs, papers))


def _delivered(transaction: Transaction, inputs: plan_inputs.Inputs, papers: Collection[int]) -> Mapping[int, set[int]]:
    """Returns by chat id the ids of those of `papers` that are in a delivery to the chat."""
    return plans.delivered(transaction, list(inputs.keys), papers) if inputs.keys else {}


def _decide_all(inputs: plan_inputs.Inputs, matches: _Matches, context: plan_inputs.PlanContext) -> list[Decision]:
    decided = []
    for chat, subscriptions, due in inputs.to_plan:
        near = plan_inputs.nearness_of(inputs.tastes.get(chat.id), context.window.tokenized)
        case = _case((chat, subscriptions, due), matches.fits, matches.delivered[chat.id], context, near)
        limited = shows_more(chat)
        result = decide_alike(case, partial(decide, evidence=context.evidence, limited=limited), limited=limited)
        decided.append(Decision(case, subscriptions, result))
    return decided


def _still_holds(
    transaction: Transaction,
    chat_ids: Sequence[int],
    inputs: plan_inputs.Inputs,
    matches: _Matches,
    context: plan_inputs.PlanContext,
) -> bool:
    """Whether a decision made now would be the same. Where no chat is planned, it depends on no paper."""
    return (
        (not inputs.keys or context.window.is_current(transaction))
        and plan_inputs.still_holds(transaction, chat_ids, inputs, context)
        and _delivered(transaction, inputs, matches.papers) == matches.delivered
    )


class _Changes(NamedTuple):
    """The results of a slice, computed before other writers have to wait."""

    planned: Sequence[Planned]
    moves: Sequence[next_deliveries.Move]


def _changes(inputs: plan_inputs.Inputs, decided: Sequence[Decision], context: plan_inputs.PlanContext) -> _Changes:
    planned = [_planned(one, inputs.keys[one.case.chat.id]) for one in decided if one.result]
    moves = list(inputs.waits)
    moves += [
        (s.id, context.window.last_sequence, _span_after(s, one, context))
        for one in decided
        for s in one.case.subscriptions
        if not looks.moves_with_others(s, one.case, context.moving)
    ]
    if context.moving:
        moves += looks.left_behind(inputs.due, inputs.keys.keys())
    return _Changes(planned, moves)


def _write(
    transaction: Transaction,
    inputs: plan_inputs.Inputs,
    decided: Sequence[Decision],
    changes: _Changes,
    context: plan_inputs.PlanContext,
) -> list[Lane]:
    last_sequence, now, chats = context.window.last_sequence, context.now, inputs.chats
    planned, moves = changes
    spoken = [one.case for one in decided if one.result or one.case.chat.first_delivery_planned]
    follow = looks.following(transaction, [(case.chat, case.subscriptions) for case in spoken], last_sequence)
    plans.add_deliveries(transaction, planned, now=now)
    plans.advance(transaction, moves, follow)
    plans.mark_first_delivery_planned(
        transaction, [p.chat_id for p in planned if not chats[p.chat_id].first_delivery_planned]
    )
    lanes = [chats[p.chat_id].address.lane for p in planned]
    return lanes + looks.notify_no_match(
        transaction,
        [(one.case, one.result, one.asks_now) for one in decided],
        last_sequence=last_sequence,
        now=now,
    )


def decide_now(
    transaction: Transaction, chat: Chat, subscriptions: Sequence[Subscription], *, now: datetime
) -> tuple[Decision | None, plan_inputs.PlanContext]:
    """Returns the decision that a plan would make for a chat at this moment, and its context. Stores nothing."""
    delivery_forecast = next_deliveries.DeliveryForecast.of(transaction, now)
    context = plan_inputs.PlanContext(now, delivery_forecast, plan_inputs.Window(delivery_forecast.last_sequence))
    inputs = plan_inputs.inputs_of(transaction, (), {chat.id: chat}, {chat.id: subscriptions}, context)
    decided = _decide_all(inputs, _match(transaction, inputs, context), context)
    return (decided[0] if decided else None), context


def _case(
    to_plan: plan_inputs.ToPlan,
    fits: Mapping[int, tuple[int, ...]],
    delivered: set[int],
    context: plan_inputs.PlanContext,
    near: Callable[[int], float] | None,
) -> DueDelivery:
    chat, subscriptions, due = to_plan
    forecast, now = context.forecast, context.now
    next_delivery = context.delivery_forecast.next_of(chat, subscriptions, planned={s.id for s in due})
    timed = [s for s in due if s.cadence.kind != "now"]
    behind = forecast.missing if timed else ()
    over = [s for s in timed if context.delivery_forecast.is_last_word(s, chat)]
    return DueDelivery(
        chat=chat,
        subscriptions=due,
        papers=context.window.papers,
        fits=fits,
        delivered=delivered,
        due=plan_inputs.due_moment(chat, due, now),
        now=now,
        zone=zones.zone(chat.settings.timezone),
        next_due=next_delivery.at or next_delivery.latest,
        next_about=next_delivery.about or next_delivery.at is None,
        may_be_empty=bool(over) or not timed,
        expected=chat.first_delivery_planned or _may_have_come(chat, due, context),
        notes=bool(over) and chat.settings.quietday == "on" and not looks.is_public(chat),
        missing=tuple(name for one in behind for name in (one.behind or (one.name,))),
        missing_how=looks.how_missing(behind),
        nearness=near,
    )


def _may_have_come(chat: Chat, due: Sequence[Subscription], context: plan_inputs.PlanContext) -> bool:
    """Whether papers could have come since the due moments before these."""
    now, forecast = context.now, context.forecast
    return any(
        forecast.may_have_come(max(s.since, plan_inputs.moment_of(s, chat, now) - _period(s.cadence))) for s in due
    )


def _period(cadence: Cadence) -> timedelta:
    """The shortest time between two due moments of this cadence."""
    return timedelta(days=7 if cadence.kind == "weekly" else 1)


def _planned(one: Decision, key: str) -> Planned:
    assert one.result is not None  # noqa: S101 - asked before
    kind, items, facts = one.result
    case = one.case
    return Planned(
        id=secrets.token_hex(8), chat_id=case.chat.id, kind=kind, due=case.due, key=key, items=items, facts=facts
    )


def _span_after(
    subscription: Subscription, one: Decision, context: plan_inputs.PlanContext
) -> stored_subscriptions.DueSpan:
    """When a subscription is due next. A when-out that the delivery does not cover stays due until its window ends."""
    zone, opened, now = next_deliveries.zone_of(subscription, one.case.chat), subscription.next_due_at, context.now
    waits = opened is not None and subscription.cadence.kind == "when-out" and not one.covers(subscription)
    if waits and opened is not None and now < cadences.closes(subscription.cadence, zone, opened):
        return next_deliveries.due_span(subscription.cadence, zone, opened)
    return next_deliveries.due_span(
        subscription.cadence, zone, next_deliveries.next_moment(subscription.cadence, zone, now)
    )
