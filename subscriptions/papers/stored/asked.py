"""Papers about which services are asked, since chats keep them: by which names, and who is next."""

from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from subscriptions.database.bot_state import get_value, put_value
from subscriptions.database.store import Transaction, execute, grouped, rows_of
from subscriptions.database.tables import tables
from subscriptions.model import SAMPLES, ChatState, Signal
from subscriptions.papers.stored.merging import REPLACEMENTS
from subscriptions.sources import kept_rounds
from subscriptions.sources.poll_results import Receipt
from subscriptions.sources.stored import SourceState, note_poll

LIKES = timedelta(days=365)  # how long a liked paper is asked about
_ROUND = "kept-asked"  # name of a stored value: when the last round was, and the paper up to which the turns have come
_NO_ROUND = "2000-01-01T00:00:00+00:00 0"  # its value before the first round
_signals, _chats, _papers, _keys, _digests, _appearances = tables(
    "signal", "chat", "paper", "paper_key", "digest", "appearance"
)
_s, _p, _d, _a = _signals.c, _papers.c, _digests.c, _appearances.c
_UPDATES = _chats.c.settings["updates"].as_string()
# whether a chat is told what became of its papers
_IS_TOLD = sa.and_(_chats.c.state == ChatState.ACTIVE, _UPDATES.is_(None) | (_UPDATES != "off"))
_REPLACED = (
    sa.select(_a.paper)
    .join(_digests, _d.id == _a.digest)
    .where(_d.received_at > sa.bindparam("since"), _a.kind.in_([kind.value for kind in REPLACEMENTS]))
)


class AskedPaper(NamedTuple):
    """A paper, by its names."""

    arxiv_id: str | None
    dois: tuple[str, ...]
    keys: frozenset[str]


def next_round(transaction: Transaction, *, now: datetime) -> tuple[list[AskedPaper], str]:
    """Return (the papers of the next round, what `note_round` has to store if a service answers).

    Papers that were just kept come first, then those that were replaced, then those whose turn it is.
    """
    at, _, upto = (get_value(transaction, _ROUND) or _NO_ROUND).partition(" ")
    since, kept = datetime.fromisoformat(at), kept_since(transaction, now=now)
    new = sorted(paper for paper, at_last in kept.items() if at_last > since)
    replaced = sorted({row.paper for row in rows_of(transaction, _REPLACED, _a.paper, sorted(kept), since=since)})
    papers, last = kept_rounds.next_round(kept, (*new, *replaced), int(upto))
    known = {row.id: row for row in rows_of(transaction, _papers, _p.id, papers)}
    keys = grouped((row.paper, row.key) for row in rows_of(transaction, _keys, _keys.c.paper, papers))
    found = []
    for row in map(known.__getitem__, papers):
        dois = (row.doi, *(key.removeprefix("doi:") for key in sorted(keys[row.id]) if key.startswith("doi:")))
        found.append(AskedPaper(row.arxiv_id, tuple(dict.fromkeys(filter(None, dois))), frozenset(keys[row.id])))
    return found, f"{now.isoformat()} {last}"


def kept_since(transaction: Transaction, *, now: datetime) -> dict[int, datetime]:
    """Return the papers with an id that active chats saved, or liked lately: paper → when last so."""
    keeps = sa.or_(_s.kind == Signal.SAVED, sa.and_(_s.kind == Signal.LIKED, _s.at > now - LIKES))
    kept = (
        sa.select(_s.paper, sa.func.max(_s.at, type_=_s.at.type))
        .join(_chats, _chats.c.id == _s.chat)
        .join(_papers, _p.id == _s.paper)
        .where(keeps, _IS_TOLD, _p.owner != SAMPLES, sa.or_(_p.arxiv_id.is_not(None), _p.doi.is_not(None)))
    )
    found: dict[int, datetime] = dict(execute(transaction, kept.group_by(_s.paper)).all())
    return found


def note_round(transaction: Transaction, receipt: Receipt, done: str) -> None:
    """Store what a round brought. `done`: see `next_round`; "": nobody answered, so its papers are in the next one."""
    note_poll(transaction, receipt, SourceState(), {})
    if done:
        put_value(transaction, _ROUND, done)
