"""Announces papers: gives them their sequence, also later to those that were stored without one (rules 1 and 12)."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, update
from sqlmodel import Session, col, select

from subscriptions.model import Announce
from subscriptions.store.database import execute
from subscriptions.store.papers.drafts import REPLACEMENTS, PaperDraft
from subscriptions.store.rows import TABLES, AppearanceRow, DigestRow, KeyValueRow, PaperRow

SEQUENCE = "sequence"  # the key of the counter that orders papers

_papers = TABLES.tables["paper"]
_ANNOUNCE = update(_papers).where(_papers.c.id == bindparam("of"))

ToAnnounce = tuple[int, bool, date]  # id of a paper, whether it came by a cross-list, the day of the digest


def assign_sequences(
    session: Session, drafts: Mapping[int, PaperDraft], papers: Sequence[ToAnnounce], now: datetime
) -> int:
    """Gives papers the next sequences, those of `drafts` there, the others in the store; returns the last one.

    `raise_counter` is called with it, last in the transaction. No other transaction can get the same sequences meanwhile.
    """
    if session.get(KeyValueRow, SEQUENCE) is None:
        session.add(KeyValueRow(name=SEQUENCE, value="0"))
        session.flush()
    counter = session.exec(select(KeyValueRow).where(KeyValueRow.name == SEQUENCE).with_for_update()).one()
    number = int(counter.value)
    stored: list[dict[str, Any]] = []
    for paper_id, cross, day in papers:
        number += 1
        draft = drafts.get(paper_id)
        if draft is None:
            stored.append({"of": paper_id, "sequence": number, "sequenced_at": now, "cross": cross, "day": day})
        else:
            draft.sequence, draft.sequenced_at, draft.cross, draft.day = number, now, cross, day
    if stored:
        execute(session, _ANNOUNCE, stored)
    return number


def raise_counter(session: Session, last: int) -> None:
    """Stores the last sequence that was given. To be called last in a transaction.

    The counter row stays locked until the commit, so no planner can look past a sequence that is not committed.
    """
    session.get_one(KeyValueRow, SEQUENCE).value = str(last)
    session.flush()


def announce_digest(session: Session, content_hash: str, *, now: datetime) -> int:
    """Announces the papers of a stored digest that are not announced; returns how many."""
    return _announce(session, unannounced(session, of_digest(content_hash)), now)


def announce_source(session: Session, source: str, *, now: datetime) -> int:
    """Announces the papers of a source that are not announced, older days first; returns how many."""
    return _announce(session, unannounced(session, col(DigestRow.source) == source), now)


def of_digest(content_hash: str) -> ColumnElement[bool]:
    """The condition for the digest with these bytes, for `unannounced`."""
    return col(DigestRow.content_hash) == content_hash


def is_unannounced(session: Session, paper: int) -> bool:
    """Whether an archive holds a paper that is not announced."""
    return bool(unannounced(session, col(AppearanceRow.paper) == paper))


def unannounced(session: Session, which: ColumnElement[bool]) -> list[ToAnnounce]:
    """The papers that are not announced, each with the first digest that would, oldest day first.

    `which` is a condition on digests or papers.
    """
    rows = session.exec(
        select(AppearanceRow.paper, AppearanceRow.kind, col(DigestRow.date))
        .join(DigestRow, col(DigestRow.id) == AppearanceRow.digest)
        .join(PaperRow, col(PaperRow.id) == AppearanceRow.paper)
        .where(
            which, col(PaperRow.sequence).is_(None), col(AppearanceRow.kind).not_in(kind.value for kind in REPLACEMENTS)
        )
        .order_by(col(DigestRow.date), col(DigestRow.id), col(AppearanceRow.paper))
    )
    first: dict[int, ToAnnounce] = {}
    for paper, kind, day in rows:
        first.setdefault(paper, (paper, kind == Announce.CROSS, day))
    return list(first.values())


def _announce(session: Session, papers: Sequence[ToAnnounce], now: datetime) -> int:
    if papers:
        raise_counter(session, assign_sequences(session, {}, papers, now))
    return len(papers)
