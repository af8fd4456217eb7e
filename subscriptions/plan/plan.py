"""Plans deliveries: one for a chat and minute, a slice of chats at a time.

A plan looks at a window of papers: which of them queries find, how well, and by which words; for how many queries an
index pays.
"""

import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache, partial

from subscriptions.chats.stored import chats as stored_chats
from subscriptions.chats.stored import subscriptions as stored_subscriptions
from subscriptions.database.store import Step, Store, Transaction
from subscriptions.matching.paper_index import PaperIndex, TokenizedPapers
from subscriptions.matching.reasons import HitFinder
from subscriptions.model import Chat, Delivery, Lane, MissingHow, MissingSources, StoredPaper, Subscription
from subscriptions.outbox import notify as notifying
from subscriptions.outbox.stored import deliveries as stored_deliveries
from subscriptions.papers import similarity as nearness
from subscriptions.papers.stored import embeddings as meanings
from subscriptions.papers.stored import papers as known_papers
from subscriptions.plan import decision, kept_news, no_match
from subscriptions.plan import stored as planner
from subscriptions.plan.decision import Decided, DueDelivery, Evidence, EvidenceOf, Papers
from subscriptions.query import AUTHOR, TITLE, rewriting
from subscriptions.query.parse import parse_canonical
from subscriptions.query.tree import Query
from subscriptions.schedule import due_moments, zones
from subscriptions.schedule.cadence import next_due
from subscriptions.schedule.due_moments import DueSpan, Move
from subscriptions.sources import stored as stored_sources
from subscriptions.sources.forecast import AwaitedSource, Forecast

SLICE = 100  # due subscriptions that are decided and written in one transaction; limits how long other writers wait
_MINUTE = "%Y-%m-%dT%H:%M"
INDEX_THRESHOLD = 50  # queries; more are matched by an index of the papers, which takes 0.6 ms for each paper
MOST_EVIDENCE = 100_000  # pairs of query and paper whose evidence is kept, some 400 bytes each
_parsed = lru_cache(maxsize=65536)(parse_canonical)  # canonical text → parsed query


class Window:
    """Tokenized papers with after < sequence <= last_sequence, and the matches of the queries that were asked."""

    def __init__(self, last_sequence: int) -> None:
        """Begin with an empty window; `cover` reads papers."""
        self.last_sequence = last_sequence
        self.papers = Papers(())
        self.tokenized = TokenizedPapers.of(())
        self.queries: dict[str, Query] = {}  # canonical text → query with its vectors
        self.evidence = evidence_by(self.queries)
        self._matches: dict[str, tuple[int, ...]] = {}  # canonical text → positions of the papers that it finds
        self._index: PaperIndex | None = None
        self._after: int | None = None
        self._newest: tuple[int, str] = (0, "")  # the newest digest and the encoder when the papers were read

    def cover(self, transaction: Transaction, after: int) -> None:
        """Read all papers after a sequence, unless it has them and no digest came.

        Only changed papers are tokenized.
        """
        newest = known_papers.newest_digest(transaction), meanings.encoder(transaction)
        if self._after is None or after < self._after or newest != self._newest:
            window = known_papers.window(transaction, after, self.last_sequence)
            known = [one for one in window if one.paper.facts.retracted is None]
            self.tokenized = TokenizedPapers.of((one.paper for one in known), self.tokenized)
            self.papers, self._index, self._matches = Papers(known), None, {}
            self._after, self._newest = after, newest

    def match(self, transaction: Transaction, canonicals: Collection[str]) -> None:
        """Match the queries that were not matched yet."""
        asked = stored_queries(transaction, set(canonicals) - self._matches.keys())
        self.queries |= asked
        if len(asked) > INDEX_THRESHOLD and self._index is None:
            self._index = PaperIndex(self.tokenized)
        for canonical, query in asked.items():
            if self._index:
                self._matches[canonical] = tuple(self._index.positions(self._index.found_by(query)))
            else:
                self._matches[canonical] = self.tokenized.matching(query)

    def explain(self, cursors: Mapping[str, int]) -> None:
        """Make the evidence of matched queries.

        `cursors`: canonical text → the sequence after which its papers count.
        """
        for canonical, cursor in cursors.items():
            first = self.papers.first_after(cursor)
            for position in self._matches.get(canonical, ()):  # nothing of a query that came meanwhile
                if position >= first:
                    self.evidence(canonical, self.papers.known[position])

    def fits(self, transaction: Transaction, subscriptions: Sequence[Subscription]) -> dict[int, tuple[int, ...]]:
        """Return subscription id → positions of the papers that its query finds, ascending."""
        self.match(transaction, {one.canonical for one in subscriptions})
        return {one.id: self._matches[one.canonical] for one in subscriptions}


def stored_queries(transaction: Transaction, canonicals: Collection[str]) -> dict[str, Query]:
    """Return canonical text → query, with those of its vectors that are known."""
    found = {one: _parsed(one) for one in canonicals}
    asking = [one for one in filter(nearness.asks_for_nearness, found) if found[one].nearness_terms]
    vectors = nearness.vectors_of(transaction, {term for one in asking for term in found[one].nearness_terms})
    return found | {one: rewriting.with_vectors(found[one], vectors) for one in asking}


def evidence_by(queries: Mapping[str, Query]) -> EvidenceOf:
    """Return a function that tells how a paper fits a query. `queries`: canonical text → query.

    Each pair of query and paper is looked at once, since many chats have the same queries.
    """
    known: dict[tuple[str, int], Evidence] = {}
    finders: dict[int, HitFinder] = {}

    def evidence(canonical: str, paper: StoredPaper) -> Evidence:
        pair = canonical, paper.id
        found = known.get(pair)
        if found is None:
            if len(known) >= MOST_EVIDENCE:
                known.clear()
            if paper.id not in finders:
                finders[paper.id] = HitFinder(paper.paper)
            found = known[pair] = _evidence(queries[canonical], finders[paper.id])
        return found

    return evidence


def _evidence(query: Query, finder: HitFinder) -> Evidence:
    hits = finder.why(query)
    fields = {hit.field for hit in hits}
    in_meaning = max((hit.near for hit in hits if hit.near is not None), default=0.0)
    return Evidence(
        words=tuple(dict.fromkeys(word for hit in hits for word in hit.words)),
        in_title=TITLE in fields,
        by_author=AUTHOR in fields,
        fit=finder.fit(query) + in_meaning,
        near=finder.nearness(query),
    )


def plan_due(store: Store, *, now: datetime) -> tuple[Lane, ...]:
    """Plan everything that is due. Return the lane of each stored delivery and notice.

    A second call at the same moment plans nothing, because the transaction that stores a delivery also moves the
    cursors and the due moments of its subscriptions. `bot.delivery.sender.plan` does the same in the event loop.
    """
    return tuple(lane for step in store.read_now(steps, now=now) for lane in store.step_now(step))


def steps(transaction: Transaction, *, now: datetime) -> Sequence[Step[Sequence[Lane]]]:
    """Return the steps of a plan, each of which returns the lanes of the deliveries that it stored.

    Matches the papers for all chats, and make the evidence of the first slice of chats. A step decides about a slice,
    and writes, in one transaction; between two of them, a step makes the evidence of the next slice, which takes most
    of the time, while others can write. After a crash between two slices, the other chats are still due.
    """
    forecast = stored_sources.forecast(transaction, now=now)
    waiting = forecast.all_reported is False
    chats = planner.due_chats(transaction, now, forecast.last_sequence, waiting=waiting)
    window = Window(forecast.last_sequence)
    if cursors := planner.due_queries(transaction, list(chats), now):
        window.cover(transaction, min(cursors.values()))
        window.match(transaction, cursors)
    of_slices: list[Step[Sequence[Lane]]] = []
    for chat_ids in _slices(chats):
        if of_slices:
            of_slices.append(Step(partial(_explain, chat_ids=chat_ids, now=now, window=window), writes=False))
        else:
            _explain(transaction, chat_ids, now, window)  # here, so that a plan of few chats has one transaction less
        of_slices.append(Step(partial(_plan_slice, chat_ids=chat_ids, forecast=forecast, window=window)))
    return [*of_slices, *kept_news.steps(transaction, now=now)]


def _explain(transaction: Transaction, chat_ids: Sequence[int], now: datetime, window: Window) -> Sequence[Lane]:
    """Make the evidence of what is due in some chats. Return no lanes."""
    window.explain(planner.due_queries(transaction, chat_ids, now))
    return ()


def _slices(due: Mapping[int, int]) -> list[list[int]]:
    """Return the ids of chats in groups with about SLICE due subscriptions. `due`: chat id → how many it has."""
    slices: list[list[int]] = []
    room = 0
    for chat_id, subscriptions in due.items():
        if room <= 0:
            slices.append([])
            room = SLICE
        slices[-1].append(chat_id)
        room -= subscriptions
    return slices


def _plan_slice(
    transaction: Transaction, chat_ids: Sequence[int], forecast: Forecast, window: Window
) -> Sequence[Lane]:
    """Decide about some chats, and store that. Return the lanes of deliveries."""
    due, waits = _due(_awake(transaction, chat_ids, forecast.at), forecast)
    keys = _keys(transaction, due, forecast)
    decided = _decide(transaction, [one for one in due if one.chat.id in keys], window)
    return _write(transaction, decided, keys, waits, forecast)


def _awake(
    transaction: Transaction, chat_ids: Sequence[int], now: datetime
) -> Iterator[tuple[Chat, Sequence[Subscription]]]:
    """Yield the chats with their subscriptions, after the pauses that are over have ended."""
    chats = stored_chats.chats_by_id(transaction, chat_ids)
    subscriptions = stored_subscriptions.subscriptions_of(transaction, chat_ids)
    for chat_id, before in chats.items():
        chat, awake = due_moments.after_pauses(before, subscriptions[chat_id], now)
        if chat.state is not before.state:
            stored_chats.resume_chat(transaction, chat_id, now=now)
        for old, new in zip(subscriptions[chat_id], awake, strict=True):
            stored_subscriptions.change_subscription(transaction, old, new)
        yield chat, awake


def decide_now(
    transaction: Transaction, chat: Chat, subscriptions: Sequence[Subscription], *, now: datetime
) -> tuple[Delivery | None, Delivery | None]:
    """Return (what a plan would deliver to a chat at this moment, what it would if the other subscriptions were due).

    Stores nothing.
    """
    forecast = stored_sources.forecast(transaction, now=now)
    window = Window(forecast.last_sequence)
    found, _ = _due([(chat, subscriptions)], forecast)
    due = found if _keys(transaction, found, forecast) else []
    rest = [one for one in subscriptions if not (due and one in due[0].subscriptions)]
    others = [_case(chat, subscriptions, rest, forecast)] if rest else []
    first, later = (_decide(transaction, some, window) for some in (due, others))
    return first[0][1] if first else None, later[0][1] if later else None


def _due(
    chats: Iterable[tuple[Chat, Sequence[Subscription]]], forecast: Forecast
) -> tuple[list[DueDelivery], list[Move]]:
    """Return (what is due for chats, still without papers; the moves of subscriptions that have to wait)."""
    due: list[DueDelivery] = []
    waits: list[Move] = []
    for chat, subscriptions in chats:
        found, held_back = due_moments.due_now(
            chat,
            subscriptions,
            forecast.at,
            last_sequence=forecast.last_sequence,
            all_reported=forecast.all_reported,
        )
        waits += held_back
        if found:
            due.append(_case(chat, subscriptions, found, forecast))
    return due, waits


def _case(
    chat: Chat, subscriptions: Sequence[Subscription], due: Sequence[Subscription], forecast: Forecast
) -> DueDelivery:
    """Return what is due for a chat, still without papers. `subscriptions` are all of the chat."""
    now = forecast.at
    then = forecast.next_of(chat, due, planned={one.id for one in due})
    timed = [one for one in due if one.cadence.kind != "now"]
    over = any(forecast.is_last_word(one, chat) for one in timed)
    before = [max(one.since, due_moments.moment_of(one, now) - one.cadence.looks_back) for one in due]
    return DueDelivery(
        chat=chat,
        subscriptions=tuple(due),
        due=max(due_moments.moment_of(one, now) for one in due),
        now=now,
        zone=zones.zone(chat.settings.timezone),
        next_due=then.at or then.latest,
        next_about=then.about or then.at is None,
        may_be_empty=over or not timed,
        expected=chat.first_delivery_planned or any(map(forecast.may_have_come, before)),  # since its last due moments
        notes=over and chat.settings.quietday == "on" and not notifying.is_public(chat),
        missing=_missing(forecast.missing) if timed else None,
        has_others=any(one.is_active and one not in due for one in subscriptions),
    )


def _missing(behind: Sequence[AwaitedSource]) -> MissingSources | None:
    """Return the sources whose papers are missing: late ones, if one is late, else failed ones, if one failed."""
    if not behind:
        return None
    names = [name for one in behind for name in (one.behind or (one.name,))]
    return MissingSources(", ".join(names), len(names), min((one.how for one in behind), key=list(MissingHow).index))


def _decide(transaction: Transaction, due: Sequence[DueDelivery], window: Window) -> list[Decided]:
    """Decide what the due subscriptions of each chat bring. Store nothing."""
    subscriptions = [one for case in due for one in case.subscriptions]
    if not subscriptions:
        return []
    window.cover(transaction, min(one.cursor for one in subscriptions))
    fits = window.fits(transaction, subscriptions)
    papers = {window.papers.known[position].id for positions in fits.values() for position in positions}
    chat_ids = [case.chat.id for case in due]
    delivered = stored_deliveries.delivered(transaction, chat_ids, papers)
    tastes = nearness.tastes(transaction, chat_ids)
    decided: list[Decided] = []
    for one in due:
        liked = tastes.get(one.chat.id)
        case = one._replace(
            papers=window.papers,
            fits=fits,
            delivered=delivered[one.chat.id],
            added=nearness.points(liked, window.tokenized) if liked else None,
        )
        limited, name = decision.shows_more(one.chat), secrets.token_hex(8)
        decided.append((case, decision.decide(case, window.evidence, limited=limited, name=name)))
    return decided


def _keys(transaction: Transaction, due: Sequence[DueDelivery], forecast: Forecast) -> dict[int, str]:
    """Return chat id → the dedupe key of its delivery, so that there is one for a chat and minute (rule 5).

    Leaves out the chats that have a delivery of the present minute: they wait for the next one. What is due only since
    papers came has these papers in place of a minute.
    """
    keys: dict[int, str] = {}
    for case in due:
        is_timed = any(one.next_due_at is not None for one in case.subscriptions)
        numbers = ",".join(str(one.number) for one in case.subscriptions)
        papers = f"now:{case.looked_at}-{forecast.last_sequence}:{numbers}"
        keys[case.chat.id] = f"{case.chat.id}:" + (f"{case.now:{_MINUTE}}" if is_timed else papers)
    taken = stored_deliveries.taken_keys(transaction, list(keys.values()))
    return {chat_id: key for chat_id, key in keys.items() if key not in taken}


def _write(
    transaction: Transaction,
    decided: Sequence[Decided],
    keys: Mapping[int, str],
    waits: Sequence[Move],
    forecast: Forecast,
) -> list[Lane]:
    planned = {keys[case.chat.id]: delivery for case, delivery in decided if delivery}
    moves = [
        # a plan that began earlier than another one never moves a cursor back
        (one.id, max(one.cursor, forecast.last_sequence), _span_after(one, case.chat, delivery, forecast.at))
        for case, delivery in decided
        for one in case.subscriptions
    ]
    stored_deliveries.add_deliveries(transaction, planned, now=forecast.at)
    planner.advance(transaction, [*waits, *moves])
    chats = [one.chat for one in planned.values()]
    planner.mark_first_delivery_planned(transaction, [chat.id for chat in chats if not chat.first_delivery_planned])
    lanes = [chat.address.lane for chat in chats]
    return lanes + no_match.notify_no_match(transaction, decided, last_sequence=forecast.last_sequence, now=forecast.at)


def _span_after(subscription: Subscription, chat: Chat, delivery: Delivery | None, now: datetime) -> DueSpan:
    """Return the due span that a subscription gets once a delivery is planned.

    A when-out subscription that it does not cover stays due in the window that is open now. It covers those whose
    papers it has, and all if it says that there are no papers.
    """
    zone = due_moments.zone_of(subscription, chat)
    items = delivery.items if delivery else ()
    brought = any(because.number == subscription.number for item in items for because in item.because)
    if subscription.cadence.kind == "when-out" and not (brought or (delivery and not items)):
        return due_moments.first_span(subscription.cadence, zone, now)
    return due_moments.due_span(subscription.cadence, zone, next_due(subscription.cadence, zone, now))
