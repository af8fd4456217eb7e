"""Announces papers: gives them their sequence, also later to those that were stored without one (rules 1 and 12)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select

from subscriptions.model import Announce
from subscriptions.store.database.conflicts import execute_rows
from subscriptions.store.database.store import Transaction, rows_of
from subscriptions.store.drafts import REPLACEMENTS, PaperDraft
from subscriptions.store.key_value import get_value, hold_value, put_value, share_value
from subscriptions.store.rows import TABLES, AppearanceRow, DigestRow, PaperRow

SEQUENCE = "sequence"  # the key of the counter that orders papers

_papers = TABLES.tables["paper"]
_SEEN = sa.select(_papers.c.id, _papers.c.first_seen_at, _papers.c.came_at).where(
    _papers.c.id.in_(sa.bindparam("ids", expanding=True, type_=sa.Integer))
)
_GIVEN = ("sequence", "sequenced_at", "cross", "day", "came_at")
_ANNOUNCE = (
    sa.update(_papers).where(_papers.c.id == sa.bindparam("of")).values({name: sa.bindparam(name) for name in _GIVEN})
)

Condition = sa.ColumnElement[bool]  # on digests or papers
Came = Callable[[datetime, datetime | None], datetime | None]  # see `came_now`
ToAnnounce = tuple[int, bool, date]  # id of a paper, whether it came by a cross-list, the day of the digest


def came_now(first_seen_at: datetime, came_at: datetime | None) -> datetime | None:  # noqa: ARG001 - a Came
    """When a paper came that counts as sent after a loss: None, since it came now.

    A Came takes when the paper was first seen, and when it came as stored before.
    """
    return None


def hold_sequence(session: Transaction) -> int:
    """Returns the last given sequence. Until the transaction ends no other process gives one, or merges papers.

    Call it before a transaction reads what it merges or announces. Then, of two processes with the same paper, the
    second one finds it stored.
    """
    return int(hold_value(session, SEQUENCE, "0"))


def share_sequence(session: Transaction) -> None:
    """Until the transaction ends no paper gets a sequence, and none is merged. Transactions can share this hold."""
    share_value(session, SEQUENCE, "0")


def assign_sequences(
    session: Transaction,
    drafts: Mapping[int, PaperDraft],
    papers: Sequence[ToAnnounce],
    now: datetime,
    came: Came = came_now,
) -> int:
    """Gives papers the next sequences, those of `drafts` there, the others in the store; returns the last one.

    The transaction has begun with `hold_sequence`, so no other one gets the same sequences. `raise_counter` ends it.
    """
    number = int(get_value(session, SEQUENCE) or 0)
    stored: list[tuple[Any, ...]] = []
    seen = _seen(session, [paper for paper, _, _ in papers if paper not in drafts])
    for paper_id, cross, day in papers:
        number += 1
        draft = drafts.get(paper_id)
        if draft is None:
            stored.append((number, now, cross, day, came(*seen[paper_id]), paper_id))
        else:
            draft.sequence, draft.sequenced_at, draft.cross, draft.day = number, now, cross, day
            draft.came_at = came(draft.first_seen_at, draft.came_at)
    execute_rows(session, _ANNOUNCE, (*_GIVEN, "of"), stored)
    return number


def _seen(session: Transaction, papers: Sequence[int]) -> dict[int, tuple[datetime, datetime | None]]:
    """Returns when papers were first seen and when they came as stored before, by id."""
    return {paper: (seen_at, came_at) for paper, seen_at, came_at in rows_of(session, _SEEN, papers)}


def raise_counter(session: Transaction, last: int) -> None:
    """Stores the last sequence that was given. To be called last in a transaction.

    The counter row stays locked until the commit, so no planner can look past a sequence that is not committed.
    """
    put_value(session, SEQUENCE, str(last))


def announce_counted(session: Transaction, which: Condition, *, now: datetime) -> list[int]:
    """Announces again the papers that count as sent after a loss; returns their ids. `which` as for `unannounced`."""
    papers = _appeared(session, which, col(PaperRow.came_at).is_not(None))
    announce(session, papers, now)
    return [paper for paper, _, _ in papers]


def of_source(source: str) -> Condition:
    """The condition for the digests of a source, for `unannounced`."""
    return col(DigestRow.source) == source


def of_digest(content_hash: str) -> Condition:
    """The condition for the digest with these bytes, and for its parts, for `unannounced`."""
    name = col(DigestRow.content_hash)
    return (name == content_hash) | name.between(part_name(content_hash, ""), part_name(content_hash, "g"))


def of_paper(paper: int) -> Condition:
    """That a paper is this one."""
    return col(AppearanceRow.paper) == paper


def part_name(content_hash: str, part: str) -> str:
    """The name under which a part of a digest is stored; `part` is hexadecimal."""
    return f"{content_hash}/{part}"


def unannounced(session: Transaction, which: Condition) -> list[ToAnnounce]:
    """The papers that are not announced, each with the first digest that would, oldest day first.

    `which` is a condition on digests or papers.
    """
    return _appeared(session, which, col(PaperRow.sequence).is_(None))


def _appeared(session: Transaction, *which: Condition) -> list[ToAnnounce]:
    rows = session.exec(
        select(AppearanceRow.paper, AppearanceRow.kind, col(DigestRow.date))
        .join(DigestRow, col(DigestRow.id) == AppearanceRow.digest)
        .join(PaperRow, col(PaperRow.id) == AppearanceRow.paper)
        .where(*which, col(AppearanceRow.kind).not_in(kind.value for kind in REPLACEMENTS))
        .order_by(col(DigestRow.date), col(DigestRow.id), col(AppearanceRow.paper))
    )
    first: dict[int, ToAnnounce] = {}
    for paper, kind, day in rows:
        first.setdefault(paper, (paper, kind == Announce.CROSS, day))
    return list(first.values())


def announce(session: Transaction, papers: Sequence[ToAnnounce], now: datetime) -> int:
    """Gives papers the next sequences; returns how many they are."""
    if papers:
        raise_counter(session, assign_sequences(session, {}, papers, now))
    return len(papers)
