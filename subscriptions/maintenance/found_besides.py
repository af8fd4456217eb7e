"""What subscriptions find since version 1.0.0, for the notice after its upgrade.

To be removed in version 1.2, with `matching/found_by_1_0_0.py`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from subscriptions.database import bot_state
from subscriptions.database.store import Transaction
from subscriptions.maintenance.stored import renewed_words
from subscriptions.matching.found_by_1_0_0 import FoundBefore, is_same
from subscriptions.matching.paper_index import PaperIndex, TokenizedPapers
from subscriptions.matching.reasons import HitFinder
from subscriptions.model import Chat, Subscription
from subscriptions.outbox.notices import FoundMore
from subscriptions.outbox.stored import deliveries as stored_deliveries
from subscriptions.papers import similarity as nearness
from subscriptions.papers.stored import papers as known_papers
from subscriptions.query import rewriting
from subscriptions.query.tree import Query, Term

OF_1_0_0 = "1"  # the version of its words
COMPARED = timedelta(days=7)  # papers that came within this time are compared with all queries
MOST_COMPARED = 10_000  # the newest of them; each takes two milliseconds and some 30 KB
_EXAMPLES = 4  # newest papers of a subscription whose hits are read for the name of what it finds besides

# subscription → its query, and those of the subscriptions that became one with it, as they were typed
Queries = Mapping[Subscription, Sequence[Query]]


class Change(NamedTuple):
    """What is otherwise for a chat, with its papers of the last days."""

    more: Sequence[FoundMore] = ()
    left_out: int = 0  # number of papers that are excluded now
    leave_out: Sequence[str] = ()  # the subscriptions that exclude them

    def __bool__(self) -> bool:
        return bool(self.more or self.left_out)


class _Sets(NamedTuple):
    """The papers that a subscription finds and found, as sets of `PaperIndex`."""

    now: int
    before: int


class Compared:
    """The papers of the last days: what queries find among them now, and what version 1.0.0 found."""

    def __init__(self, transaction: Transaction, now: datetime) -> None:
        after = last = bot_state.last_sequence(transaction)
        if renewed_words.version(transaction) == OF_1_0_0:  # else it is not known what was found before
            after = max(known_papers.sequence_before(transaction, now - COMPARED), last - MOST_COMPARED)
        self._known = known_papers.window(transaction, after, last)
        self._days = len({one.day for one in self._known})
        papers = TokenizedPapers.of(one.paper for one in self._known)
        self._index = PaperIndex(papers)
        self._before = FoundBefore(papers, self._index)
        self._not_crossed = sum(1 << at for at, one in enumerate(self._known) if one.sequence_as_new > after)
        self._finder = lru_cache(maxsize=256)(lambda at: HitFinder(self._known[at].paper))
        self._examples: dict[tuple[str, tuple[int, ...]], str] = {}

    def changes(
        self, transaction: Transaction, chats: Mapping[int, Chat], queries: Mapping[int, Queries]
    ) -> dict[int, Change]:
        """Return chat id → what is otherwise for it; nothing for a chat or a subscription that is not active."""
        terms = {term for of in queries.values() for same in of.values() for one in same for term in one.nearness_terms}
        vectors = nearness.vectors_of(transaction, terms)
        sets = {
            chat_id: {one: self._sets(same, vectors) for one, same in of.items() if one.is_active}
            for chat_id, of in queries.items()
            if chats[chat_id].is_active
        }
        more = {chat_id: self._more(chats[chat_id], of) for chat_id, of in sets.items()}
        papers = {self._known[at].id for of in more.values() for places in of.values() for at in places}
        delivered = stored_deliveries.delivered(transaction, list(more), papers)
        return {
            chat_id: self._change(of, more[chat_id], sets[chat_id], delivered[chat_id]) if chat_id in sets else Change()
            for chat_id, of in queries.items()
        }

    def _sets(self, queries: Sequence[Query], vectors: Mapping[Term, bytes]) -> _Sets:
        queries = [rewriting.with_vectors(one, vectors) if vectors else one for one in queries]
        before = 0
        for one in queries:
            before |= self._before.found_by(one.tree)
        return _Sets(self._index.found_by(queries[0]), before)

    def _more(self, chat: Chat, sets: Mapping[Subscription, _Sets]) -> dict[Subscription, list[int]]:
        """Return subscription → positions of what it finds, and what none of the chat found before, newest first."""
        new = -1 if chat.settings.crosslists != "out" else self._not_crossed
        for one in sets.values():
            new &= ~one.before
        return {one: [*PaperIndex.positions(found.now & new)][::-1] for one, found in sets.items()}

    def _change(
        self,
        queries: Queries,
        more: Mapping[Subscription, Sequence[int]],
        sets: Mapping[Subscription, _Sets],
        delivered: set[int],
    ) -> Change:
        found, excluded, leave_out = list[FoundMore](), 0, list[str]()
        for one in sorted(sets, key=lambda one: one.number):
            if new := [at for at in more[one] if self._known[at].id not in delivered]:
                found.append(FoundMore(one, self._example(queries[one][0], new), len(new), self._days))
            if lost := sets[one].before & ~sets[one].now:
                excluded |= lost
                leave_out.append(one.label)
        return Change(found, excluded.bit_count(), leave_out)

    def _example(self, query: Query, papers: Sequence[int]) -> str:
        """Return the most frequent words that a query did not find before, as papers write them; "" if there are none."""
        key = query.canonical, tuple(papers[:_EXAMPLES])
        if key not in self._examples:
            hits = (hit for at in key[1] for hit in self._finder(at).why(query))
            found = Counter(word for hit in hits for word in hit.words if not is_same(word, query.tree))
            self._examples[key] = max(found, key=found.__getitem__, default="")
        return self._examples[key]
