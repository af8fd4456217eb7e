"""Finds the subscriptions that a text names by when they come: "the Friday one", 每天的那个; which hours are of the morning. Pure."""

import re
from collections.abc import Iterator, Sequence

from bot.sentences.meant import Pointed
from bot.sentences.words import reader
from subscriptions.model import Cadence, Subscription
from subscriptions.planning import cadence
from subscriptions.planning.times.reading import Reading, reading_of

_THING = re.compile(
    r"(?<=[\w.]) (?:ones?|subscriptions?|digests?|alerts?|feeds?|mails?|papers)\b(?! (?:of|about|on|that)\b)"
    r"|的?[那这][个条份](?:订阅)?|的(?:订阅|[个条份])"
)
_THING_THEN = re.compile(
    r"\b(?:the|my|that) (?:one|subscription|digest|alert)(?: (?:that|which) comes)?(?= (?:at|on|every)\b)"
)
_THE = re.compile(r"\b(?:the|my|that|this|those|these)\s+$")
_DAY = re.compile(rf"\b{cadence.PATTERN}|(?:周|星期|礼拜)[{cadence.CHINESE_SIGNS}]")
_HOURS = {"morning": range(4, 12), "noon": range(11, 14), "afternoon": range(12, 18), "evening": range(17, 24)}
_AT_NIGHT = (*range(20, 24), *range(4))


def pointed_at(text: str, there: Sequence[Subscription]) -> Pointed | None:
    """Returns the subscriptions that a text names by when they come, if they are no others; None if it names none so."""
    for start, when, end in _named_times(reader.folded(text)):
        those = tuple(one for one in there if _comes(one.cadence, when))
        first = next(iter(those or there), None)
        if first:
            is_clear = len(those) == 1
            return Pointed(f"{text[:start]} #{first.number} {text[end:]}".strip(), those if is_clear else ())
    return None


def _named_times(plain: str) -> Iterator[tuple[int, str, int]]:
    """Yields (begin, words for a time, end) for each time in a folded text that stands beside a word for a subscription."""
    for thing in _THING.finditer(plain):
        is_han = not thing[0].isascii()
        for start in range(thing.start()):
            words = plain[start : thing.start()]
            the = _THE.search(plain[:start])
            if (is_han or the) and words == words.strip() and reading_of(words):
                yield (the.start() if the else start), words, thing.end()
                break
    for thing in _THING_THEN.finditer(plain):
        ends = [found.start() for found in re.finditer(r"(?= to\b)|[,;.!?]|$", plain[thing.end() :])]
        for end in sorted({thing.end() + end for end in ends}):
            if reading_of(plain[thing.end() : end].strip()):
                yield thing.start(), plain[thing.end() : end].strip(), end
                break


def _comes(when: Cadence, words: str) -> bool:
    """Returns whether a subscription comes at the time that words name: by its day, its time of day, or how often."""
    reading = reading_of(words)
    return reading is not None and _comes_at(when, reading) and _comes_on(when, reading, words)


def _comes_at(when: Cadence, reading: Reading) -> bool:
    if reading.timed:
        return when.at == reading.at
    if not reading.part:
        return True
    return when.at is not None and when.at.hour in _HOURS.get(reading.part, _AT_NIGHT)


def _comes_on(when: Cadence, reading: Reading, words: str) -> bool:
    if reading.kind == "daily" and (reading.timed or reading.part):  # only a time of day is named
        return True
    if _DAY.search(words):
        days = reading.days or (reading.weekday,)
        return {*days} <= {when.weekday, *when.days}
    return when.kind == reading.kind
