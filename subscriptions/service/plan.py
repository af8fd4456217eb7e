"""Plans deliveries: matches due subscriptions with papers, decides, and stores, one slice of chats after the other."""

import secrets
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import NamedTuple

from subscriptions import zones
from subscriptions.model import Chat, Delivery, Lane, Subscription
from subscriptions.planning import decision
from subscriptions.planning import forecast as forecasts
from subscriptions.planning.forecast import DueSpan
from subscriptions.planning.next_deliveries import Forecast
from subscriptions.service import no_match, plan_inputs
from subscriptions.service.pausing import end_pauses
from subscriptions.store import ended_pauses, planned_deliveries, sources
from subscriptions.store import planner as plans
from subscriptions.store.database.store import Store, Transaction, UseCase, reads, writes

SLICE = 100  # chats that are planned in one transaction; limits memory and how long other writers wait
AHEAD = 20 * SLICE  # chats whose papers are matched together before; limits how long the first of them wait


@dataclass(frozen=True, slots=True)
class Decision:
    """The decision about the delivery of one chat, with everything on which it depends."""

    case: decision.DueDelivery
    subscriptions: Sequence[Subscription]  # all subscriptions of the chat
    result: decision.Decided  # None: no delivery

    def delivery(self, name: str) -> Delivery | None:
        """Returns the delivery, with this id; None if there is none."""
        if self.result is None:
            return None
        kind, items, facts = self.result
        return Delivery(id=name, chat=self.case.chat, kind=kind, due=self.case.due, items=items, facts=facts)

    def covers(self, subscription: Subscription) -> bool:
        """Whether the delivery has papers of a subscription, or says that there are no papers."""
        if self.result is None:
            return False
        _, items, _ = self.result
        return not items or any(because.number == subscription.number for item in items for because in item.because)


def plan_due(store: Store, *, now: datetime) -> tuple[Lane, ...]:
    """Plans everything that is due. Returns the lane of each stored delivery and notice.

    A second call at the same moment plans nothing, because the transaction that stores a delivery also moves the
    cursors and the due moments of its subscriptions. `bot.delivery.sender.plan` does the same in the event loop.
    """
    due = find_due(store, now=now)
    if due.pause_ended:
        end_pauses(store, now=now)
        due = find_due(store, now=now)
    return tuple(lane for step in steps(due) for lane in step(store))


class Due(NamedTuple):
    """What a plan has to do at one moment."""

    forecast: Forecast  # the forecast at this moment
    chat_ids: Sequence[int]  # the chats that are due
    pause_ended: bool  # whether a pause is over: `end_pauses` must end it before the plan, since more chats may be due


@reads
def find_due(transaction: Transaction, *, now: datetime) -> Due:
    """Returns what is due now."""
    forecast = sources.forecast(transaction, now=now)
    last_sequence, waiting = forecast.last_sequence, forecast.all_reported is False
    chat_ids = plans.due_chats(transaction, now, last_sequence, waiting=waiting)
    return Due(forecast, chat_ids, bool(ended_pauses.chats_with_ended_pause(transaction, now)))


def steps(due: Due) -> Iterator[UseCase[[], Sequence[Lane]]]:
    """Yields the steps of a plan, each a use case that returns the lanes of the deliveries that it stored.

    Papers are matched for many chats in a step that only reads. Then each slice of chats is decided and written in one
    transaction. After a crash between two steps, the other chats are still due.
    """
    context = plan_inputs.PlanContext(due.forecast, plan_inputs.Window(due.forecast.last_sequence))
    for start in range(0, len(due.chat_ids), SLICE):
        if start % AHEAD == 0:
            yield reads(partial(_match_ahead, chat_ids=due.chat_ids[start : start + AHEAD], context=context))
        yield writes(partial(_plan_slice, chat_ids=due.chat_ids[start : start + SLICE], context=context))


@dataclass(frozen=True, slots=True)
class _Matches:
    """The papers that the due subscriptions of some chats match, and which of them were delivered to the chats."""

    fits: Mapping[int, tuple[int, ...]]  # subscription id -> positions in the window
    papers: frozenset[int]  # ids of all papers that match
    delivered: Mapping[int, set[int]]  # chat id -> the papers, among `papers`, that the chat has


def _match_ahead(transaction: Transaction, chat_ids: Sequence[int], context: plan_inputs.PlanContext) -> Sequence[Lane]:
    """Matches the papers for all these chats while others can write. `_plan_slice` then finds the matches in the window."""
    cursors = plans.due_queries(transaction, chat_ids, context.forecast.at)
    if cursors:
        context.window.cover(transaction, min(cursors.values()))
        context.window.match(transaction, cursors)
    return ()


def _plan_slice(transaction: Transaction, chat_ids: Sequence[int], context: plan_inputs.PlanContext) -> Sequence[Lane]:
    """Decides about some chats, and stores that. Returns the lanes of deliveries."""
    inputs = plan_inputs.read_inputs(transaction, chat_ids, context)
    decided = _decide_all(inputs, _match(transaction, inputs, context), context)
    return _write(transaction, inputs, decided, context)


def _match(transaction: Transaction, inputs: plan_inputs.Inputs, context: plan_inputs.PlanContext) -> _Matches:
    """Extends the window of papers as far back as the due subscriptions look, and matches their queries with it."""
    due, window = [s for _, _, subscriptions in inputs.to_plan for s in subscriptions], context.window
    if not due:
        return _Matches({}, frozenset(), {})
    window.cover(transaction, min(s.cursor for s in due))
    fits = window.fits(transaction, due)
    papers = frozenset(window.papers.known[position].id for positions in fits.values() for position in positions)
    return _Matches(fits, papers, _delivered(transaction, inputs, papers))


def _delivered(transaction: Transaction, inputs: plan_inputs.Inputs, papers: Collection[int]) -> Mapping[int, set[int]]:
    """Returns chat id → those of `papers` that the chat has in a delivery or in its library."""
    if inputs.keys:
        return planned_deliveries.delivered(transaction, list(inputs.keys), papers)
    return {}


def _decide_all(inputs: plan_inputs.Inputs, matches: _Matches, context: plan_inputs.PlanContext) -> list[Decision]:
    decided = []
    for chat, subscriptions, due in inputs.to_plan:
        near = plan_inputs.points_of(inputs.tastes.get(chat.id), context.window.tokenized)
        case = _case((chat, subscriptions, due), matches.fits, matches.delivered[chat.id], context, near)
        result = decision.decide(case, context.evidence, limited=decision.shows_more(chat))
        decided.append(Decision(case, subscriptions, result))
    return decided


def _write(
    transaction: Transaction, inputs: plan_inputs.Inputs, decided: Sequence[Decision], context: plan_inputs.PlanContext
) -> list[Lane]:
    last_sequence, now = context.window.last_sequence, context.forecast.at
    planned = {}
    for one in decided:
        delivery = one.delivery(secrets.token_hex(8))
        if delivery is not None:
            planned[inputs.keys[delivery.chat.id]] = delivery
    moves = [(s.id, last_sequence, _span_after(s, one, context)) for one in decided for s in one.case.subscriptions]
    planned_deliveries.add_deliveries(transaction, planned, now=now)
    plans.advance(transaction, [*inputs.waits, *moves])
    chats = [one.chat for one in planned.values()]
    plans.mark_first_delivery_planned(transaction, [chat.id for chat in chats if not chat.first_delivery_planned])
    lanes = [chat.address.lane for chat in chats]
    cases = [(one.case, one.result) for one in decided]
    return lanes + no_match.notify_no_match(transaction, cases, last_sequence=last_sequence, now=now)


def decide_now(
    transaction: Transaction, chat: Chat, subscriptions: Sequence[Subscription], *, now: datetime
) -> tuple[Decision | None, plan_inputs.PlanContext]:
    """Returns the decision that a plan would make for a chat at this moment, and its context. Stores nothing."""
    forecast = sources.forecast(transaction, now=now)
    context = plan_inputs.PlanContext(forecast, plan_inputs.Window(forecast.last_sequence))
    inputs = plan_inputs.inputs_of(transaction, {chat.id: chat}, {chat.id: subscriptions}, context)
    decided = _decide_all(inputs, _match(transaction, inputs, context), context)
    return (decided[0] if decided else None), context


def _case(
    to_plan: plan_inputs.ToPlan,
    fits: Mapping[int, tuple[int, ...]],
    delivered: set[int],
    context: plan_inputs.PlanContext,
    added: Callable[[int], float] | None,
) -> decision.DueDelivery:
    chat, subscriptions, due = to_plan
    forecast, now = context.forecast, context.forecast.at
    next_delivery = context.forecast.next_of(chat, subscriptions, planned={s.id for s in due})
    timed = [s for s in due if s.cadence.kind != "now"]
    behind = forecast.missing if timed else ()
    over = [s for s in timed if context.forecast.is_last_word(s, chat)]
    return decision.DueDelivery(
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
        notes=bool(over) and chat.settings.quietday == "on" and not no_match.is_public(chat),
        missing=tuple(name for one in behind for name in (one.behind or (one.name,))),
        missing_how=no_match.how_missing(behind),
        added=added,
    )


def _may_have_come(chat: Chat, due: Sequence[Subscription], context: plan_inputs.PlanContext) -> bool:
    """Whether papers could have come since the previous due moments of these subscriptions."""
    now, forecast = context.forecast.at, context.forecast
    before = ((s.since, plan_inputs.moment_of(s, chat, now) - s.cadence.looks_back) for s in due)
    return any(forecast.may_have_come(max(moments)) for moments in before)


def _span_after(subscription: Subscription, one: Decision, context: plan_inputs.PlanContext) -> DueSpan:
    """Returns the due span that a subscription gets once the delivery `one` is planned.

    A when-out subscription that the delivery does not cover stays due in the window that is open now.
    """
    zone, now = forecasts.zone_of(subscription, one.case.chat), context.forecast.at
    if subscription.cadence.kind == "when-out" and not one.covers(subscription):
        return forecasts.first_span(subscription.cadence, zone, now)
    return forecasts.due_span(subscription.cadence, zone, forecasts.next_moment(subscription.cadence, zone, now))
