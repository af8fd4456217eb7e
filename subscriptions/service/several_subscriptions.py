"""Several subscriptions at once, by the numbers that people type: "1-3 and 5", 2号和4号; and the numbers that are missing."""

import re
from collections.abc import Collection, Iterator, Sequence

from subscriptions.texts.normal_forms import normalized

# Examples: 1 2, 1,2, 1-3, 1 and 2, 1、2, 1 到 3.


Span = tuple[int, int]  # (first, last) of consecutive numbers

_LONGEST = 400  # characters of such a text
_NUMBER = r"(?:#|№|第)?\s?(\d{1,9})(?:号|个|条)?"
_TO = r"\s*(?:[-‐‑‒–—−~]|\bto\b|到|至)\s*"
_ITEM = rf"{_NUMBER}(?:{_TO}{_NUMBER})?"
_BETWEEN = r"(?:[\s,;、&+和与及]|\band\b)+"
_ITEMS = re.compile(rf"{_ITEM}(?:{_BETWEEN}{_ITEM})*[,;、\s]*", re.IGNORECASE)


def numbers_in(text: str) -> tuple[Span, ...]:
    """Returns the spans of numbers in a text, in order; () if the text is too long, or has anything but numbers."""
    plain = normalized("NFKC", text).strip()
    if len(plain) > _LONGEST or not _ITEMS.fullmatch(plain):
        return ()
    found = ((int(first), int(last or first)) for first, last in re.findall(_ITEM, plain, re.IGNORECASE))
    return tuple((min(span), max(span)) for span in found)


def numbers_among(spans: Sequence[Span], numbers: Collection[int]) -> frozenset[int]:
    """Returns those of `numbers` that are in one of the spans."""
    return frozenset(number for number in numbers if any(first <= number <= last for first, last in spans))


def numbers_missing(spans: Sequence[Span], numbers: Collection[int]) -> str:
    """Returns the numbers in the spans that are not in `numbers`, as text such as "3, 7–9"; "" if there are none."""
    missing = (gap for span in spans for gap in _gaps(span, sorted(numbers_among([span], numbers))))
    return ", ".join(str(a) if a == b else f"{a}–{b}" for a, b in dict.fromkeys(missing))


def _gaps(span: Span, there: Sequence[int]) -> Iterator[Span]:
    """Yields the parts of a span that remain if the numbers `there`, which ascend, are removed."""
    first, last = span
    for number in (*there, last + 1):
        if first < number:
            yield first, number - 1
        first = number + 1
