"""Several subscriptions at once, by their numbers as people write them: 1 2, 1,2, 1-3, 1 and 2, 1、2, 1 到 3."""

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from unicodedata import normalize

from subscriptions.model import ChatAddress, Subscription
from subscriptions.service.subscriptions.changes import changing, note_changed
from subscriptions.service.subscriptions.lookup import find
from subscriptions.store import Scope
from subscriptions.store.chat import subscriptions

Span = tuple[int, int]  # the first and the last of numbers that follow each other

_LONGEST = 400  # characters
_NUMBER = r"(?:#|№|第)?\s?(\d{1,9})(?:号|个|条)?"
_TO = r"\s*(?:[-‐‑‒–—−~]|\bto\b|到|至)\s*"
_ITEM = rf"{_NUMBER}(?:{_TO}{_NUMBER})?"
_BETWEEN = r"(?:[\s,;、&+和与及]|\band\b)+"
_ITEMS = re.compile(rf"{_ITEM}(?:{_BETWEEN}{_ITEM})*[,;、\s]*", re.IGNORECASE)


def numbers_in(text: str) -> tuple[Span, ...]:
    """The numbers that a text names and nothing else, in its order; empty where it says anything else."""
    plain = normalize("NFKC", text).strip()
    if len(plain) > _LONGEST or not _ITEMS.fullmatch(plain):
        return ()
    found = ((int(first), int(last or first)) for first, last in re.findall(_ITEM, plain, re.IGNORECASE))
    return tuple((min(span), max(span)) for span in found)


def numbers_among(spans: Sequence[Span], numbers: Collection[int]) -> frozenset[int]:
    """Those of the numbers that are named."""
    return frozenset(number for number in numbers if any(first <= number <= last for first, last in spans))


def numbers_missing(spans: Sequence[Span], numbers: Collection[int]) -> str:
    """What is named and is none of the numbers, as people write it: "3, 7–9"; "" for nothing."""
    missing = (gap for span in spans for gap in _gaps(span, sorted(numbers_among([span], numbers))))
    return ", ".join(str(a) if a == b else f"{a}–{b}" for a, b in dict.fromkeys(missing))


def _gaps(span: Span, there: Sequence[int]) -> Iterator[Span]:
    """The parts of a span between the numbers that are there."""
    first, last = span
    for number in (*there, last + 1):
        if first < number:
            yield first, number - 1
        first = number + 1


def unsubscribe_several(
    store: Scope, address: ChatAddress, numbers: Collection[int], *, now: datetime, who: str = ""
) -> tuple[Subscription, ...]:
    """Removes those that have one of these numbers, as one change; what was planned is still sent. Raises NotFound."""
    with store.write() as transaction:
        chat = find(transaction, address)
        gone = tuple(s for s in subscriptions.subscriptions_of(transaction, [chat.id])[chat.id] if s.number in numbers)
        if gone:
            changing(transaction, chat.id, now=now, who=who)
            note_changed(transaction, chat.id)
        subscriptions.remove_subscriptions(transaction, [s.id for s in gone])
        return gone
