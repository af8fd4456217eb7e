"""Tells orders from sentences that only speak of an action: that deny it, ask about it, report it or quote it. Pure.

"don't remove 2", "how can I unsubscribe?", "I removed it by accident" and "if I pause it" have the verbs of orders. Such a
sentence is never sure, so that the bot asks instead of acting. What tells them apart is learned from the pairs of sentences
in `example_orders/`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from math import exp

from bot.commands.words import reader
from bot.commands.words.reader import Known, Token

TABLE = "orders"  # of the file of weights
UNIT = 20  # a stored weight of 1 is the 20th part of a weight
_NEAR = 6  # words; two words of a pair are less apart
SURE = 0.5  # the least probability of an order
_SURELY_NOT = 0.25  # the largest probability of a sentence that is surely none
# the intents that change something of the chat
_CHANGES = (
    *("sub", "unsub", "pause", "resume", "stop", "schedule", "exclude", "narrow", "widen", "edit", "name"),
    *("set-", "lang-", "undo", "cancel", "forget"),
)
_CORRECTS = re.compile(
    r"\s*[,;.!?…—–-]+\s*(?:(?:oh|no|nope|wait|sorry|oops|actually)[\s,.!]+)*(?:no|wait|sorry|oops|不对|不|等等|说错了)\s*[,;.!?…—–-]+\s*(?=\S)"
)


def may_be_done(tokens: Sequence[Token], intent: str) -> bool:
    """Returns whether a sentence with this intent tells to do it now; True for intents that change nothing."""
    return not intent.startswith(_CHANGES) or is_order(tokens)


def is_order(tokens: Sequence[Token]) -> bool:
    """Returns whether a sentence tells to do something now, instead of only speaking of it."""
    return _probability(tokens) >= SURE


def is_surely_no_order(tokens: Sequence[Token]) -> bool:
    """Returns whether it is sure that a sentence only speaks of something."""
    return _probability(tokens) <= _SURELY_NOT


def last_order(text: str) -> int:
    """Returns where the order begins that corrects another one: "remove 2, no wait, remove 3"; 0 if there is none."""
    found = _CORRECTS.search(reader.folded(text))
    if found is None:
        return 0
    both = text[: found.start()], text[found.end() :]
    return found.end() if all(is_order(reader.tokens_of(one)) for one in both) else 0


def _probability(tokens: Sequence[Token]) -> float:
    found = reader.weights_of(TABLE, {"", *features(tokens, reader.learned().known)})
    return probability(weight for (weight,) in found.values())


def probability(weights: Iterable[int]) -> float:
    """Returns the probability of an order, 0 to 1, whose features have these stored weights."""
    return 1 / (1 + exp(-sum(weights) / UNIT))


def features(tokens: Sequence[Token], known: Known) -> Iterator[str]:
    """Yields what tells an order from other sentences: one to three neighbouring words, and pairs of words near each other."""
    marks = _known_marks(tokens, known)
    for size in (1, 2, 3):
        for at in range(len(marks) - size + 1):
            yield " ".join(marks[at : at + size])
    for at, first in enumerate(marks):
        for then in marks[at + 2 : at + _NEAR]:
            yield f"{first} … {then}"


def _known_marks(tokens: Sequence[Token], known: Known) -> Sequence[str]:
    """Returns the words of a sentence between its ends; neighbouring unknown words, such as those of a subject, are one."""
    marks = ["^"]
    while tokens and tokens[-1].mark in reader.ENDS - {"?"}:
        tokens = tokens[:-1]
    for at, token in enumerate(tokens):
        mark = reader.OTHER if _is_of_a_topic(tokens, at, known) else token.mark
        if mark != reader.OTHER or marks[-1] != reader.OTHER:
            marks.append(mark)
    return [*marks, "$"]


def _is_of_a_topic(tokens: Sequence[Token], at: int, known: Known) -> bool:
    """Returns whether a word is unknown; of Chinese, whether a pair of it and a neighbour is known only from topics."""
    mark = tokens[at].mark
    if reader.is_han(mark):
        pairs = {*reader.pairs_of(tokens[max(at - 1, 0) : at + 2])}
        return known.words.isdisjoint(pairs) and not known.topics.isdisjoint(pairs)
    return mark[:1].isalpha() and known.words.isdisjoint((mark, mark.replace("-", "")))
