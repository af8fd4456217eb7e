"""What the language model was asked, what it made of papers, and how many requests a day has."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple, TypeAlias

import sqlalchemy as sa

from subscriptions.database import bot_state
from subscriptions.database.columns import AnyRow
from subscriptions.database.store import Transaction, execute, grouped, rows_of
from subscriptions.database.tables import ModelRequestRow, tables
from subscriptions.model import ModelSummary

Place: TypeAlias = tuple[int, str]  # where a summary belongs: id of a paper, language

(_requests,) = tables("model_request")
_r = _requests.c
_BY_LANGUAGE = sa.select(_requests).order_by(_r.language)
_PLACES = sa.select(_r.paper, _r.language)


class ModelDay(NamedTuple):
    """What the model did on a day. Since `fails_since` it gives no answers."""

    requests: int
    summaries: int
    fails_since: datetime | None


def summaries_of(transaction: Transaction, papers: Sequence[int]) -> dict[int, tuple[ModelSummary, ...]]:
    """Return paper id → what the model made of it, for those of these papers of which it made anything."""
    asked = rows_of(transaction, _BY_LANGUAGE, _r.paper, papers)
    made = grouped((row.paper, _summary(row)) for row in asked if row.fields or row.title)
    return {paper: tuple(summaries) for paper, summaries in made.items()}


def _summary(row: AnyRow) -> ModelSummary:
    return ModelSummary(language=row.language, fields=row.fields, title=row.title, model=row.model, made_at=row.at)


def asked_of(transaction: Transaction, papers: Sequence[int]) -> set[Place]:
    """Return the places of all summaries of these papers for which the model was asked."""
    asked = rows_of(transaction, _PLACES, _r.paper, papers)
    return {(row.paper, row.language) for row in asked}


def reserve(transaction: Transaction, place: Place | None, model: str, *, most: int, now: datetime) -> bool:
    """Store, before it happens, that the model is asked for a summary, or to read a message (None).

    Return False if there were `most` requests today.
    """
    day = transaction.day_of(now)
    requests, _ = _count_of_day(transaction, day)
    if requests >= most:
        return False
    paper, language = place or (None, "")
    row = ModelRequestRow(day=day, at=now, paper=paper, language=language, model=model)
    if place is None:
        transaction.add(row)
    else:
        transaction.insert_new(row, "paper", "language")
    return True


def put_answer(transaction: Transaction, place: Place, fields: Mapping[str, str], title: str) -> None:
    """Store the usable texts of an answer. Without texts, the request stays as it is."""
    bot_state.note_fails(transaction, bot_state.MODEL_FAILS, None)
    paper, language = place
    its = sa.update(_requests).filter_by(paper=paper, language=language)
    execute(transaction, its.values(fields=dict(fields), title=title))


def put_failure(transaction: Transaction, place: Place, *, was_read: bool, now: datetime) -> bool:
    """Store that the model gives no answers now. Return whether that is news.

    What no model has read costs nothing.
    """
    if not was_read:
        paper, language = place
        transaction.remove(ModelRequestRow, paper=paper, language=language)
    return bot_state.note_fails(transaction, bot_state.MODEL_FAILS, now)


def today(transaction: Transaction, *, now: datetime) -> ModelDay:
    """Return what the model did today."""
    requests, summaries = _count_of_day(transaction, transaction.day_of(now))
    return ModelDay(requests, summaries, bot_state.get_moment(transaction, bot_state.MODEL_FAILS))


def _count_of_day(transaction: Transaction, day: date) -> tuple[int, int]:
    """Return (requests of a day, summaries that they made)."""
    made = sa.func.count().filter((_r.title != "") | (sa.cast(_r.fields, sa.Text) != "{}"))
    requests, summaries = execute(transaction, sa.select(sa.func.count(), made).where(_r.day == day)).one()
    return requests, summaries


def drop_readings(transaction: Transaction, before: datetime, most: int) -> int:
    """Remove at most `most` requests to read a message from before `before`."""
    some = sa.select(_r.id).where(_r.paper.is_(None), _r.day < before).limit(most)
    return execute(transaction, sa.delete(_requests).where(_r.id.in_(some))).rowcount
