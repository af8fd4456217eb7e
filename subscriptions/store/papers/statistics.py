"""Facts about many papers without reading them: how many there are, when they came, their ids by key."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, func, select

from subscriptions.store.rows import DeliveryItemRow, PaperKeyRow, PaperRow


def paper_count(session: Session) -> int:
    """How many papers are stored."""
    return session.exec(select(func.count()).select_from(PaperRow)).one()


def sequenced_between(session: Session, after: int, upto: int) -> int:
    """How many papers have a sequence in (after, upto]."""
    wanted = select(func.count()).where(col(PaperRow.sequence) > after, col(PaperRow.sequence) <= upto)
    return session.exec(wanted).one()


def sequenced_at(session: Session, sequence: int) -> datetime | None:
    """When the newest paper up to a sequence got its sequence; None if there is none."""
    wanted = select(PaperRow.sequenced_at).where(col(PaperRow.sequence) <= sequence)
    return session.exec(wanted.order_by(col(PaperRow.sequence).desc()).limit(1)).first()


def sequenced_at_between(session: Session, after: int, upto: int) -> list[datetime]:
    """When the papers with a sequence in (after, upto] got it, each moment once."""
    wanted = select(PaperRow.sequenced_at).where(col(PaperRow.sequence) > after, col(PaperRow.sequence) <= upto)
    return [moment for moment in session.exec(wanted.distinct()) if moment]


def newest_delivered(session: Session, chat_id: int, after: int) -> tuple[int, datetime] | None:
    """(sequence, when it was given) of the newest paper above the sequence `after` that was delivered to a chat; or None."""
    wanted = (
        select(PaperRow.sequence, PaperRow.sequenced_at)
        .join(DeliveryItemRow, col(DeliveryItemRow.paper) == PaperRow.id)
        .where(DeliveryItemRow.chat == chat_id, col(PaperRow.sequence) > after)
        .order_by(col(PaperRow.sequence).desc())
        .limit(1)
    )
    found = session.exec(wanted).first()
    return (found[0], found[1]) if found and found[0] and found[1] else None


def first_paper_at(session: Session) -> datetime | None:
    """When the first paper came; None if there is none."""
    return session.exec(select(PaperRow.first_seen_at).order_by(col(PaperRow.id)).limit(1)).first()


def papers_with_keys(session: Session, keys: Sequence[str]) -> dict[str, int]:
    """The ids of the papers with these arXiv ids, DOIs or keys, by key; unknown keys are left out."""
    asked = {stored: key for key in keys for stored in (key, f"doi:{key}")}
    rows = session.exec(select(PaperKeyRow.key, PaperKeyRow.paper).where(col(PaperKeyRow.key).in_(asked)))
    return {asked[stored]: paper for stored, paper in rows}
