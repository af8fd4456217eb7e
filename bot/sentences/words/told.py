"""Tells wishes to be told of papers, which subscribe, from wishes to see papers, which only look; how sure it must be. Pure.

"alert me to X" and "X every friday, please" wish to be told, "what is new on X" and "tell me about X" wish to look, and
"we meet every friday about X" is neither. Small words decide; what they say is learned from the pairs of sentences in
`example_kinds/wishes/`.
"""

from bot.commands.paper_days import paper_days
from bot.sentences.words import kinds, reader, subjects

QUESTION = kinds.Question("wishes", ("none", "look", "told"))
_LIKELY, _SURE = 0.5, 0.9  # the least probabilities of a likely and of a sure wish to be told
_ASKS = 0.35  # how probable a request for papers must be, unless it is surely a wish to be told
# "pause sea ice and kelp" is about subscriptions, whatever they are called
_FIRST_OF_ORDERS, _FIRST = frozenset({"pause", "unpause", "resume", "unsubscribe"}), 4


def is_wish_to_be_told(text: str, asks: float = 1.0) -> bool:
    """Returns whether a request for papers wants them from now on, and not only once.

    `asks`: how probable it is that the text is a request for papers, 0 to 1.
    """
    if _FIRST_OF_ORDERS & {one.mark for one in reader.tokens_of(text)[:_FIRST]}:
        return False
    plain = subjects.without_exclusion(text)  # which says nothing of when
    told = max(kinds.probabilities(QUESTION, tuple(reader.tokens_of(one)))["told"] for one in {text, plain})
    if told < _LIKELY or (told < _SURE and asks < _ASKS):
        return False
    return bool(subjects.wanted_in(text, reader.ASKING[0])) and not paper_days(text)
