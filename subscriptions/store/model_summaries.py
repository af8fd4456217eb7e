"""What a language model makes of papers: which summaries are wanted, which comes next, what was made or failed, and what a day costs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import col

from subscriptions.model import ModelSummary
from subscriptions.states import ModelSummaryState as State
from subscriptions.store import bot_state
from subscriptions.store.columns import AnyRow
from subscriptions.store.database import conflicts
from subscriptions.store.database.store import Transaction, execute, grouped, reads, rows_of
from subscriptions.store.rows import TABLES, ModelDayRow, ModelSummaryRow, tables

_LOOKED = (
    "model-looked"  # name of a stored value: the sequence up to which papers were looked through for wanted summaries
)
_summaries, _days = tables("model_summary", "model_day")
_s, _d = _summaries.c, _days.c
_MADE = sa.select(_summaries).where(_s.state == State.MADE).order_by(_s.language)
# those for which the server gave no answer come last, so that none of them holds up the others
_WANTED = (
    sa.select(_s.paper, _s.language, _s.tries)
    .where(_s.state == State.WANTED)
    .order_by(_s.until.is_not(None), _s.chats.desc(), _s.paper.desc())
)


class ModelDay(NamedTuple):
    """What the model did on a day, and what that cost. Tokens of requests that run now are an estimate."""

    day: date
    requests: int = 0
    tokens: int = 0
    made: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryPlace:
    """Where a summary that the model is asked for will be stored. It is this attempt's only while `tries` is the same."""

    paper: int
    language: str
    tries: int


def made_for(transaction: Transaction, papers: Sequence[int]) -> dict[int, tuple[ModelSummary, ...]]:
    """Returns paper id → what the model made of it, for those of these papers of which it made anything."""
    made = grouped((row.paper, _summary(row)) for row in rows_of(transaction, _MADE, _s.paper, papers))
    return {paper: tuple(summaries) for paper, summaries in made.items()}


def newest_made(transaction: Transaction, language: str, most: int) -> dict[int, ModelSummary]:
    """Returns paper id → summary, for the newest ones in a language."""
    wanted = sa.select(_summaries).where(_s.state == State.MADE, _s.language == language)
    rows = execute(transaction, wanted.order_by(_s.at.desc()).limit(most)).all()
    return {row.paper: _summary(row) for row in rows}


def _summary(row: AnyRow) -> ModelSummary:
    return ModelSummary(language=row.language, fields=row.fields, title=row.title, model=row.model, made_at=row.at)


def looked_upto(transaction: Transaction) -> int:
    """Returns the sequence up to which papers were looked through."""
    return int(bot_state.get_value(transaction, _LOOKED) or 0)


def want(transaction: Transaction, wanted: Mapping[tuple[int, str], int], upto: int, *, now: datetime) -> None:
    """Stores (paper, language) → how many chats want a summary, and that papers up to a sequence were looked through.

    The transaction must hold the sequence, so that no paper comes meanwhile. What is stored stays.
    """
    papers, _p = sorted({paper for paper, _ in wanted}), TABLES.tables["paper"].c
    known = {row.id for row in rows_of(transaction, sa.select(_p.id), _p.id, papers)}
    rows: list[tuple[object, ...]] = [
        (paper, language, State.WANTED, now, chats, 0, {}, "", "")
        for (paper, language), chats in wanted.items()
        if paper in known
    ]
    names = ("paper", "language", "state", "at", "chats", "tries", "fields", "title", "model")
    conflicts.insert_all_new(transaction, "model_summary", ("paper", "language"), names, rows)
    bot_state.put_value(transaction, _LOOKED, str(upto))


def drop_wanted(transaction: Transaction, before: datetime) -> None:
    """Removes what has been wanted since before `before`."""
    transaction.remove(ModelSummaryRow, col(ModelSummaryRow.at) < before, state=State.WANTED)


@reads
def is_wanted(transaction: Transaction) -> bool:
    """Returns whether any summary is wanted, or may be again because its request was given up."""
    return transaction.finds(_s.state.in_((State.WANTED, State.ASKED)))


def next_wanted(transaction: Transaction) -> SummaryPlace | None:
    """Returns the summary to ask for next: that which most chats want, of the newest paper; None if none is wanted."""
    row = execute(transaction, _WANTED.limit(1)).first()
    if row is None:
        return None
    return SummaryPlace(paper=row.paper, language=row.language, tries=row.tries)


def take_back(transaction: Transaction, *, wall: datetime, longest: datetime) -> None:
    """Makes summaries wanted again whose requests were to end before `wall`; also after `longest`, by a wrong clock."""
    over = (_s.until < wall) | (_s.until > longest)
    execute(
        transaction, sa.update(_summaries).where(_s.state == State.ASKED, over).values(state=State.WANTED, until=None)
    )


def amount_asked(transaction: Transaction) -> int:
    """Returns how many summaries the model is asked for now."""
    return transaction.count(_s.state == State.ASKED)


def note_asked(transaction: Transaction, place: SummaryPlace, *, until: datetime) -> SummaryPlace:
    """Stores that the model is asked for a wanted summary. Returns the place of this attempt."""
    asked = replace(place, tries=place.tries + 1)
    _change(transaction, asked, state=State.ASKED, tries=asked.tries, until=until)
    return asked


def drop(transaction: Transaction, place: SummaryPlace) -> None:
    """Removes a summary that is not wanted any more."""
    transaction.remove(ModelSummaryRow, paper=place.paper, language=place.language)


def is_still_asked(transaction: Transaction, place: SummaryPlace) -> bool:
    """Returns whether no other attempt has begun since."""
    wanted = sa.select(_s.state, _s.tries).filter_by(paper=place.paper, language=place.language)
    row = execute(transaction, wanted).first()
    return row is not None and (row.state, row.tries) == (State.ASKED, place.tries)


def put_made(transaction: Transaction, place: SummaryPlace, made: ModelSummary) -> None:
    """Stores what the model made."""
    values = {"fields": dict(made.fields), "title": made.title, "model": made.model, "at": made.made_at}
    _change(transaction, place, state=State.MADE, until=None, **values)


def put_none(transaction: Transaction, place: SummaryPlace, *, works: bool, is_over: bool, now: datetime) -> None:
    """Stores that the model made nothing: the summary has failed if that `is_over`, else it is wanted again.

    `works`: the model answered, but wrongly. Otherwise this was no try.
    """
    if is_over:
        _change(transaction, place, state=State.FAILED, until=None, at=now)
    elif works:
        _change(transaction, place, state=State.WANTED, until=None)
    else:
        _change(transaction, place, state=State.WANTED, until=now, tries=place.tries - 1)


def take_from_paper(transaction: Transaction, paper: int, language: str, *, now: datetime) -> None:
    """Removes a summary that was made, because it failed. It is not made again."""
    was_made = sa.update(_summaries).filter_by(paper=paper, language=language, state=State.MADE)
    execute(transaction, was_made.values(state=State.FAILED, at=now, fields={}, title="", model=""))


def _change(transaction: Transaction, place: SummaryPlace, **values: object) -> None:
    it = sa.update(_summaries).filter_by(paper=place.paper, language=place.language)
    execute(transaction, it.values(values))


def day(transaction: Transaction, of: date) -> ModelDay:
    """Returns what the model did on a day."""
    row = execute(transaction, sa.select(_days).filter_by(day=of)).first()
    return ModelDay(of) if row is None else ModelDay._make(row)


def add_to_day(transaction: Transaction, of: date, **more: int) -> None:
    """Adds to the figures of a day, perhaps less than nothing."""
    conflicts.insert_new(transaction, ModelDayRow(day=of))
    sums = {name: _d[name] + amount for name, amount in more.items()}
    execute(transaction, sa.update(_days).filter_by(day=of).values(sums))
