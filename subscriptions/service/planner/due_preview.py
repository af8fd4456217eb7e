"""What would be sent to a chat at this moment, decided as the planner does, and what is not due yet."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from subscriptions import zones
from subscriptions.matching.tokenized_papers import TokenizedPapers
from subscriptions.model import Chat, ChatAddress, Delivery, KnownPaper, Subscription
from subscriptions.planning.decision import DueDelivery, Papers, decide, shows_more
from subscriptions.planning.forecast import NextDelivery
from subscriptions.query.parsing.parse import parse_query
from subscriptions.service.papers.counting import Entries, find, read
from subscriptions.service.papers.near_papers import with_words
from subscriptions.service.papers.word_counts import counted_words
from subscriptions.service.planner.inputs import PlanContext
from subscriptions.service.planner.plan import decide_now
from subscriptions.service.planner.previews import unstored_subscription
from subscriptions.service.planner.window import evidence_of_fits, nearness_of, stored_query
from subscriptions.service.subscriptions.pausing import with_ended_pauses
from subscriptions.service.subscriptions.selection import get_chat as find_chat
from subscriptions.states import ChatState, SubscriptionState
from subscriptions.store import Transaction, reads
from subscriptions.store.chat import signals as stored_signals
from subscriptions.store.chat import subscriptions as stored_subscriptions
from subscriptions.store.outbox import planned
from subscriptions.store.papers import index

PREVIEW_DAYS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class NotDue:
    """A subscription with papers to deliver that is not due."""

    subscription: Subscription
    next_delivery: NextDelivery  # when it delivers them; nothing while it is held
    held: str = ""  # the state that holds it, of the chat, else its own; "": it is not held
    papers: tuple[KnownPaper, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a chat would get; nothing is stored."""

    delivery: Delivery | None  # what is due at this moment; None: nothing
    later: Delivery | None = None  # what is not due, as a delivery
    not_due: tuple[NotDue, ...] = ()  # the subscriptions that bring `later`
    known: int  # papers looked at


@reads
def preview(
    transaction: Transaction, address: ChatAddress, *, now: datetime, text: str | None = None, days: int | None = None
) -> Preview:
    """What would be sent: for all subscriptions of a chat, or for one query. Stores nothing. Raises NotFound, QueryError.

    With `days`, or for a query: what papers of so many last days bring, by the days of their digests.
    """
    chat = find_chat(transaction, address)
    subscriptions = stored_subscriptions.subscriptions_of(transaction, [chat.id])[chat.id]
    if text is not None:
        subscriptions = (unstored_subscription(chat, with_words(transaction, parse_query(text), subscriptions), now),)
    if text is not None or days is not None:
        today = now.astimezone(zones.zone(transaction.zone)).date()
        first = today - timedelta(days=(days or PREVIEW_DAYS) - 1)
        return _of_days(transaction, chat, subscriptions, first, now, all_of_them=text is not None)
    return _of_this_moment(transaction, chat, subscriptions, now)


def _of_days(
    transaction: Transaction,
    chat: Chat,
    subscriptions: Sequence[Subscription],
    first: date,
    now: datetime,
    *,
    all_of_them: bool,
) -> Preview:
    """What papers of the days from `first` on bring; with `all_of_them` also papers that were delivered to the chat."""
    entries = Entries.of(index.news(transaction, None, since=first), whole=True)
    case = _case(transaction, chat, [subscription._replace(cursor=-1) for subscription in subscriptions], entries, now)
    delivered = (
        ()
        if all_of_them
        else planned.delivered(transaction, [chat.id], [known.id for known in case.papers.known])[chat.id]
    )
    known = entries.papers.bit_count()
    return Preview(delivery=_delivery(transaction, case, delivered, entries), known=known)


def _of_this_moment(
    transaction: Transaction, chat: Chat, subscriptions: Sequence[Subscription], now: datetime
) -> Preview:
    """What is due at this moment, and what is not. Pauses that end by now are over, as for the planner."""
    chat, subscriptions = with_ended_pauses(chat, subscriptions, now)
    decided, context = decide_now(transaction, chat, subscriptions, now=now)
    delivery = None
    if decided is not None and decided.result is not None:
        kind, items, facts = decided.result
        delivery = Delivery(id="preview", chat=chat, kind=kind, due=decided.case.due, items=items, facts=facts)
    due = {subscription.id for subscription in decided.case.subscriptions} if decided else set()
    rest = [subscription for subscription in subscriptions if subscription.id not in due]
    last_sequence = context.window.last_sequence
    entries = Entries.of(
        index.sequenced(
            transaction, min((subscription.cursor for subscription in rest), default=last_sequence), last_sequence
        ),
        whole=True,
    )
    case = _case(transaction, chat, rest, entries, now)
    delivered = planned.delivered(transaction, [chat.id], [known.id for known in case.papers.known])[chat.id]
    delivered |= {item.paper.id for item in delivery.items} if delivery else set()
    later = _delivery(transaction, case, delivered, entries)
    return Preview(
        delivery=delivery,
        later=later,
        not_due=_not_due(chat, rest, later, context),
        known=max(entries.papers.bit_count(), delivery.facts.known if delivery else 0),
    )


def _case(
    transaction: Transaction, chat: Chat, subscriptions: Sequence[Subscription], entries: Entries, now: datetime
) -> DueDelivery:
    """The papers that subscriptions match, as a case for `decide`."""
    bits = 0
    for subscription in subscriptions:
        bits |= find(transaction, entries, stored_query(subscription.canonical), most_read=None).bits
    known = sorted(read(transaction, entries.newest_first(bits)), key=lambda paper: paper.sequence or 0)
    tokenized = TokenizedPapers.of(paper.paper for paper in known)
    taste = stored_signals.tastes(transaction, [chat.id]).get(chat.id)
    return DueDelivery(
        chat=chat,
        subscriptions=tuple(subscriptions),
        cursor={subscription.id: subscription.cursor for subscription in subscriptions},
        papers=Papers(known),
        fits={
            subscription.id: tokenized.matching(stored_query(subscription.canonical)) for subscription in subscriptions
        },
        delivered=frozenset(),
        due=now,
        now=now,
        zone=zones.zone(chat.settings.timezone),
        next_due=None,
        may_be_empty=False,
        nearness=nearness_of(taste, tokenized),
    )


def _delivery(
    transaction: Transaction, case: DueDelivery, delivered: Collection[int], entries: Entries
) -> Delivery | None:
    """The delivery that `decide` makes of a case, without the papers `delivered`; None: nothing.

    Its counts are those of all `entries`.
    """
    evidence = evidence_of_fits(lambda: counted_words(transaction))
    decided = decide(case._replace(delivered=frozenset(delivered)), evidence, limited=shows_more(case.chat))
    if decided is None:
        return None
    kind, items, facts = decided
    facts = replace(facts, known=entries.papers.bit_count(), days=entries.days)
    return Delivery(id="preview", chat=case.chat, kind=kind, due=case.now, items=items, facts=facts)


def _not_due(
    chat: Chat, subscriptions: Sequence[Subscription], later: Delivery | None, context: PlanContext
) -> tuple[NotDue, ...]:
    """The subscriptions whose papers are in `later`, each with its next delivery."""
    items = later.items if later else ()
    found = []
    for subscription in subscriptions:
        papers = tuple(item.paper for item in items if any(one.number == subscription.number for one in item.because))
        held = (
            str(chat.state)
            if chat.state is not ChatState.ACTIVE
            else ""
            if subscription.state is SubscriptionState.ACTIVE
            else subscription.state
        )
        next_delivery = NextDelivery() if held else context.delivery_forecast.next_delivery(subscription, chat)
        if papers:
            found.append(NotDue(subscription=subscription, next_delivery=next_delivery, held=held, papers=papers))
    return tuple(found)
