"""Use cases of the budget of a language model: what a request may cost is reserved before it."""

from datetime import date, datetime

from subscriptions.store import model_summaries
from subscriptions.store.database.store import Transaction, writes


@writes
def reserve(transaction: Transaction, cost: int, *, requests: int, tokens: int, now: datetime) -> date | None:
    """Reserves one request of so many tokens. Returns the day whose budget has it; None if that has no more room.

    `requests` and `tokens` are the budget of a day.
    """
    spent = model_summaries.hold_day(transaction, transaction.day_of(now))
    if spent.requests >= requests or spent.tokens + cost > tokens:
        return None
    model_summaries.add_to_day(transaction, spent.day, requests=1, tokens=cost)
    return spent.day


@writes
def pay(transaction: Transaction, day: date, more: int) -> None:
    """Corrects what was reserved of a day: the request has cost so many tokens more, or less."""
    model_summaries.hold_day(transaction, day)
    model_summaries.add_to_day(transaction, day, tokens=more)
