"""Several subscriptions at once, by their numbers as people type them: 1 2, 1,2, 1-3, 1 and 2, 1、2, 1 到 3."""

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from subscriptions.model import ChatAddress, Subscription
from subscriptions.service.subscriptions.changes import note_changed, record_change
from subscriptions.service.subscriptions.selection import find
from subscriptions.store import Scope
from subscriptions.store.chat import subscriptions
from subscriptions.unicode_forms import normalized

Span = tuple[int, int]  # (first, last) of consecutive numbers

_LONGEST = 400  # characters
_NUMBER = r"(?:#|№|第)?\s?(\d{1,9})(?:号|个|条)?"
_TO = r"\s*(?:[-‐‑‒–—−~]|\bto\b|到|至)\s*"
_ITEM = rf"{_NUMBER}(?:{_TO}{_NUMBER})?"
_BETWEEN = r"(?:[\s,;、&+和与及]|\band\b)+"
_ITEMS = re.compile(rf"{_ITEM}(?:{_BETWEEN}{_ITEM})*[,;、\s]*", re.IGNORECASE)


def numbers_in(text: str) -> tuple[Span, ...]:
    """The numbers in a text of nothing but numbers, in its order; () if it holds anything else or is too long."""
    plain = normalized("NFKC", text).strip()
    if len(plain) > _LONGEST or not _ITEMS.fullmatch(plain):
        return ()
    found = ((int(first), int(last or first)) for first, last in re.findall(_ITEM, plain, re.IGNORECASE))
    return tuple((min(span), max(span)) for span in found)


def numbers_among(spans: Sequence[Span], numbers: Collection[int]) -> frozenset[int]:
    """Those of `numbers` that lie in one of the spans."""
    return frozenset(number for number in numbers if any(first <= number <= last for first, last in spans))


def numbers_missing(spans: Sequence[Span], numbers: Collection[int]) -> str:
    """The numbers in the spans that are not among `numbers`, as people write them: "3, 7–9"; "" for none."""
    missing = (gap for span in spans for gap in _gaps(span, sorted(numbers_among([span], numbers))))
    return ", ".join(str(a) if a == b else f"{a}–{b}" for a, b in dict.fromkeys(missing))


def _gaps(span: Span, there: Sequence[int]) -> Iterator[Span]:
    """The parts of a span between the numbers `there`, which ascend."""
    first, last = span
    for number in (*there, last + 1):
        if first < number:
            yield first, number - 1
        first = number + 1


def unsubscribe_several(
    store: Scope, address: ChatAddress, numbers: Collection[int], *, now: datetime, who: str = ""
) -> tuple[Subscription, ...]:
    """Removes the subscriptions with these numbers, as one change. Deliveries that are planned are still sent.

    Returns the removed subscriptions. Raises NotFound.
    """
    with store.write() as transaction:
        chat = find(transaction, address)
        gone = tuple(s for s in subscriptions.subscriptions_of(transaction, [chat.id])[chat.id] if s.number in numbers)
        if gone:
            record_change(transaction, chat.id, now=now, who=who)
            note_changed(transaction, chat.id)
        subscriptions.remove_subscriptions(transaction, [s.id for s in gone])
        return gone
