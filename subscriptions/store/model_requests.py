"""What the language model was asked, and what it made of papers."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import sqlalchemy as sa

from subscriptions.model import ModelSummary
from subscriptions.store.columns import AnyRow
from subscriptions.store.database import conflicts
from subscriptions.store.database.store import Transaction, execute, grouped, rows_of
from subscriptions.store.tables import ModelRequestRow, tables

(_requests,) = tables("model_request")
_r = _requests.c


def summaries_of(transaction: Transaction, papers: Sequence[int]) -> dict[int, tuple[ModelSummary, ...]]:
    """Returns paper id → what the model made of it, for those of these papers of which it made anything."""
    asked = rows_of(transaction, sa.select(_requests).order_by(_r.language), _r.paper, papers)
    made = grouped((row.paper, _summary(row)) for row in asked if row.fields or row.title)
    return {paper: tuple(summaries) for paper, summaries in made.items()}


def _summary(row: AnyRow) -> ModelSummary:
    return ModelSummary(language=row.language, fields=row.fields, title=row.title, model=row.model, made_at=row.at)


def asked_of(transaction: Transaction, papers: Sequence[int]) -> set[tuple[int, str]]:
    """Returns (paper, language) of all summaries of these papers for which the model was asked."""
    asked = rows_of(transaction, sa.select(_r.paper, _r.language), _r.paper, papers)
    return {(row.paper, row.language) for row in asked}


def count_of_day(transaction: Transaction, day: date) -> tuple[int, int]:
    """Returns (requests of a day, summaries that they made)."""
    made = sa.func.count().filter((_r.title != "") | (sa.cast(_r.fields, sa.Text) != "{}"))
    requests, summaries = execute(transaction, sa.select(sa.func.count(), made).where(_r.day == day)).one()
    return requests, summaries


def drop_readings(transaction: Transaction, before: datetime, most: int) -> int:
    """Removes at most `most` requests to read a message from before `before`."""
    some = sa.select(_r.id).where(_r.paper.is_(None), _r.day < before).limit(most)
    return execute(transaction, sa.delete(_requests).where(_r.id.in_(some))).rowcount


def put_request(
    transaction: Transaction, place: tuple[int, str] | None, model: str, *, day: date, now: datetime
) -> None:
    """Stores a request for the summary of a paper in a language; None: to read a message."""
    paper, language = place or (None, "")
    row = ModelRequestRow(day=day, at=now, paper=paper, language=language, model=model)
    conflicts.insert_new(transaction, row, "paper", "language")


def put_answer(transaction: Transaction, request: tuple[int, str], fields: Mapping[str, str], title: str) -> None:
    """Stores what the model made of a paper in a language. Without texts, the request for it stays as it is."""
    paper, language = request
    its = sa.update(_requests).filter_by(paper=paper, language=language)
    execute(transaction, its.values(fields=dict(fields), title=title))


def take_back(transaction: Transaction, request: tuple[int, str]) -> None:
    """Removes a request for a summary that no model has read."""
    paper, language = request
    transaction.remove(ModelRequestRow, paper=paper, language=language)
