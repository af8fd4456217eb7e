"""Papers that chats keep, by the names under which services know them, and how far the rounds of questions came."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from subscriptions.model import SAMPLES
from subscriptions.states import ChatState, Signal
from subscriptions.store.bot_state import get_value, put_value
from subscriptions.store.database.store import Transaction, execute, grouped, rows_of
from subscriptions.store.merging import REPLACEMENTS
from subscriptions.store.tables import tables

LIKES = timedelta(days=365)  # how long a liked paper is kept
_ASKED = "kept-asked"  # name of the stored value: when the last round was, and up to which paper the turns have come
_signals, _chats, _papers, _keys, _digests, _appearances = tables(
    "signal", "chat", "paper", "paper_key", "digest", "appearance"
)
_s, _p, _d, _a = _signals.c, _papers.c, _digests.c, _appearances.c
_IS_TOLD = _chats.c.state == ChatState.ACTIVE  # whether a chat is told what became of its papers
_REPLACED = (
    sa.select(_a.paper)
    .join(_digests, _d.id == _a.digest)
    .where(_d.received_at > sa.bindparam("since"), _a.kind.in_([kind.value for kind in REPLACEMENTS]))
)


class AskedPaper(NamedTuple):
    """A kept paper, by its names."""

    arxiv_id: str | None
    dois: tuple[str, ...]
    keys: frozenset[str]


def kept_since(transaction: Transaction, *, now: datetime) -> dict[int, datetime]:
    """Return the papers that active chats saved, or liked lately, and that have an id: paper → when last so."""
    keeps = sa.or_(_s.kind == Signal.SAVED, sa.and_(_s.kind == Signal.LIKED, _s.at > now - LIKES))
    kept = (
        sa.select(_s.paper, sa.func.max(_s.at, type_=_s.at.type))
        .join(_chats, _chats.c.id == _s.chat)
        .join(_papers, _p.id == _s.paper)
        .where(keeps, _IS_TOLD, _p.owner != SAMPLES, sa.or_(_p.arxiv_id.is_not(None), _p.doi.is_not(None)))
    )
    found: dict[int, datetime] = dict(execute(transaction, kept.group_by(_s.paper)).all())
    return found


def replaced_since(transaction: Transaction, papers: Collection[int], since: datetime) -> list[int]:
    """Return those of some papers of which sources have announced another version since a moment."""
    return sorted({row.paper for row in rows_of(transaction, _REPLACED, _a.paper, sorted(papers), since=since)})


def named(transaction: Transaction, papers: Sequence[int]) -> tuple[AskedPaper, ...]:
    """Return stored papers by their names, in this order."""
    keys = grouped((row.paper, row.key) for row in rows_of(transaction, _keys, _keys.c.paper, papers))
    known = {row.id: row for row in rows_of(transaction, _papers, _p.id, papers)}
    found = []
    for row in (known[paper] for paper in papers if paper in known):
        its = frozenset(keys.get(row.id, ()))
        dois = dict.fromkeys((row.doi, *sorted(key.removeprefix("doi:") for key in its if key.startswith("doi:"))))
        found.append(AskedPaper(row.arxiv_id, tuple(filter(None, dois)), its))
    return tuple(found)


def last_round(transaction: Transaction) -> tuple[datetime | None, int]:
    """Return (when the last round was, up to which paper the turns have come). None: there was no round."""
    at, _, upto = (get_value(transaction, _ASKED) or "").partition(" ")
    return (datetime.fromisoformat(at), int(upto)) if at else (None, 0)


def note_round(transaction: Transaction, at: datetime, upto: int) -> None:
    """Store when a round was, and up to which paper the turns have come."""
    put_value(transaction, _ASKED, f"{at.isoformat()} {upto}")
