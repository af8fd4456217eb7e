"""What chats that kept papers know of them: `paper.facts_at` and `signal.seen` (rule 18).

`facts_at` is the moment at which the chats that kept a paper are looked at next; without one, they all know it as it is.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from subscriptions.database.columns import as_stored, from_stored
from subscriptions.database.store import Transaction, execute, rows_of
from subscriptions.database.tables import tables
from subscriptions.life import Life
from subscriptions.model import Paper, Signal
from subscriptions.papers.kept import KEEPING, life_of

_papers, _signals = tables("paper", "signal")
_p, _s = _papers.c, _signals.c
_KEPT = _s.kind.in_(KEEPING)
_DUE = sa.select(_p.id).where(_p.facts_at <= sa.bindparam("now", type_=_p.facts_at.type))
_CHANGED = (
    sa.select(_s.chat, _s.paper, _s.kind, _s.at, _s.seen)
    .join(_papers, _p.id == _s.paper)
    .where(_KEPT, _p.facts_at.is_not(None))
)
_KEPT_PAPERS = sa.select(_s.paper).where(_KEPT).distinct()


class KeptPaper(NamedTuple):
    """A paper that a chat kept, of which it may not know everything."""

    chat: int
    paper: int
    kind: Signal
    at: datetime  # when the chat kept it
    known: Life


def kept_among(transaction: Transaction, papers: Sequence[int]) -> list[int]:
    """Return those of some papers that chats kept."""
    return [row.paper for row in rows_of(transaction, _KEPT_PAPERS, _s.paper, papers)]


def note_life(transaction: Transaction, paper: int, before: Paper, after: Paper, *, now: datetime) -> None:
    """Store that a kept paper changed, if something became of it: what its chats knew, and that they are looked at."""
    known = life_of(before)
    if known != life_of(after):
        mine = _s.paper == paper, _KEPT, _s.seen.is_(None)
        execute(transaction, sa.update(_signals).where(*mine).values(seen=as_stored(known) or {}))
        minute = now.replace(second=0, microsecond=0)  # the clocks of two processes may differ a little
        execute(transaction, sa.update(_papers).where(_p.id == paper).values(facts_at=minute))


def move(transaction: Transaction, gone: int, stays: int) -> None:
    """Let who kept a paper keep the one that it turned out to be."""
    theirs = _signals.alias()
    has_both = sa.exists().where(theirs.c.paper == stays, theirs.c.chat == _s.chat, theirs.c.kind == _s.kind)
    execute(transaction, sa.update(_signals).where(_s.paper == gone, ~has_both).values(paper=stays, seen=None))


def papers_due(transaction: Transaction, now: datetime) -> Sequence[int]:
    """Return the papers whose chats are to be looked at by now."""
    return sorted(execute(transaction, _DUE, {"now": now}).scalars())


def changed_papers(
    transaction: Transaction, *, chats: Sequence[int] = (), papers: Sequence[int] = ()
) -> list[KeptPaper]:
    """Return the kept papers of chats, or those that are among `papers`, of which the chats may not know everything."""
    column, many = (_s.chat, chats) if chats else (_s.paper, papers)
    found = (row for row in rows_of(transaction, _CHANGED, column, many) if row.seen is not None)
    return [KeptPaper(row.chat, row.paper, row.kind, row.at, from_stored(Life, row.seen)) for row in found]


def remember(transaction: Transaction, known: Iterable[KeptPaper]) -> None:
    """Store what chats know of papers now."""
    for one in known:
        mine = _s.chat == one.chat, _s.paper == one.paper, _s.kind == one.kind
        execute(transaction, sa.update(_signals).where(*mine).values(seen=as_stored(one.known)))


def look_again(transaction: Transaction, papers: Collection[int], at: Mapping[int, datetime]) -> None:
    """Store when the chats of papers are looked at next. A paper that is not in `at` is known to all of them."""
    for paper in papers:
        execute(transaction, sa.update(_papers).where(_p.id == paper).values(facts_at=at.get(paper)))
