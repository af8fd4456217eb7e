"""Tells orders from sentences that only deny, report, quote or ask about an action; how sure an order must be to be done. Pure.

"don't remove 2", "how can I unsubscribe?", "I removed it by accident" and "if I pause it" have the verbs of orders. Such a
sentence is never sure, so that the bot asks instead of acting. What tells them apart is learned from the pairs of sentences
in `example_kinds/orders/`, from the examples of intents that change something, which are orders, and from the words that make
any action an order or none: `frames_*.tsv` there, with `actions_*.tsv`.
"""

import re
from collections.abc import Sequence

from bot.sentences.words import kinds, reader, subjects
from bot.sentences.words.reader import Token

QUESTION = kinds.Question("orders", ("not", "do"))
SURE = 0.75  # the least probability of an order
_SURE_TO_SUBSCRIBE = 0.6  # less, since who asks for papers is shown them in any case
_SURELY = 0.97  # the least probability of a sentence that is surely an order
_HALF = 0.5  # less is rather no order
_SURELY_NOT = 0.3  # the largest probability of a sentence that is surely none
# the least probability of an exclusion that counts more than a wider query, where something is denied
_MAY_EXCLUDE = 0.2
_MAY_DENY = ({"widen", "exclude"}, {"dislike-paper", "exclude"})
_UNHEARD_OF = 0.005  # nothing is more certain than this
_WEIGHT_OF_INTENT, _LEAST_ODDS = 0.4, 8.0  # as many held-out sentences as possible, at the same number of wrong ones
# the intents that change something of the chat
CHANGES = (
    *("sub", "unsub", "pause", "resume", "stop", "schedule", "exclude", "narrow", "widen", "edit", "name"),
    *("set-", "lang-", "timezone", "undo", "cancel", "forget"),
)
_CORRECTS = re.compile(
    r"\s*[,;.!?…—–-]+\s*(?:(?:oh|no|nope|wait|sorry|oops|actually)[\s,.!]+)*[啊哦呃诶哎]?(?:no|wait|hang on|hold on|sorry|oops|不对|不|等等|说错了)\s*[,;.!?…—–-]+\s*(?=\S)"
)


def may_be_done(tokens: Sequence[Token], intent: str, sure: float) -> bool:
    """Returns whether a sentence with this intent tells to do it now; True for intents that change nothing.

    `sure` is the probability of the intent. It counts, too: most sentences that surely name an action are orders, even if
    they are worded as few orders are, such as "let the papers flow again".
    """
    if not intent.startswith(CHANGES):
        return True
    order = _probability(tokens)
    least = _SURE_TO_SUBSCRIBE if intent == "sub" else SURE
    return order >= least or _odds(order) * _odds(sure) ** _WEIGHT_OF_INTENT >= _LEAST_ODDS


def is_order(tokens: Sequence[Token]) -> bool:
    """Returns whether a sentence tells to do something now, instead of only speaking of it."""
    return _probability(tokens) >= SURE


def is_surely_order(tokens: Sequence[Token]) -> bool:
    """Returns whether it is sure that a sentence tells to do something now."""
    return _probability(tokens) >= _SURELY


def is_surely_no_order(tokens: Sequence[Token]) -> bool:
    """Returns whether it is sure that a sentence only speaks of something."""
    return _probability(tokens) <= _SURELY_NOT


def is_rather_no_order(*readings: Sequence[Token]) -> bool:
    """Returns whether one of several readings of a sentence rather only speaks of something."""
    return any(_probability(tokens) < _HALF for tokens in readings)


def last_order(text: str) -> int:
    """Returns where the order begins that corrects another one: "remove 2, no wait, remove 3"; 0 if there is none."""
    found = _CORRECTS.search(reader.folded(text))
    if found is None:
        return 0
    both = text[: found.start()], text[found.end() :]
    if all(is_order(reader.tokens_of(one)) for one in both):
        return found.end()
    return 0


def _probability(tokens: Sequence[Token]) -> float:
    return kinds.probabilities(QUESTION, tuple(tokens))["do"]


def _odds(probability: float) -> float:
    return (probability + _UNHEARD_OF) / (1 - probability + _UNHEARD_OF)


def with_denial(found: list[reader.Score], text: str) -> list[reader.Score]:
    """Returns the scores; what denies a subject and may exclude it does not widen, dislike a paper, or remove a numbered one.

    "It should not include reviews", "not interested in medical imaging", 1不要综述.
    """
    first, second, *others = found
    pair = {first.intent, second.intent}
    is_numbered = pair == {"unsub", "exclude"} and any(one.mark == reader.NUMBER for one in reader.tokens_of(text))
    if not (pair in _MAY_DENY or is_numbered) or not subjects.denies(reader.folded(text)):
        return found
    exclude = next(one for one in (first, second) if one.intent == "exclude")
    if exclude.sure < _MAY_EXCLUDE or not subjects.texts_of(text, "exclude", reader.UNWANTED):
        return found
    return [exclude._replace(sure=first.sure + second.sure), *others]
