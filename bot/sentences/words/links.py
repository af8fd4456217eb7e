"""Tells how a message follows the one before it: it adds a topic, puts another one in its place, takes back, chooses. Pure.

"no, kelp" puts kelp in the place of what was said, "no kelp" leaves kelp out, and "is there no kelp?" stands by itself: small
words decide. What they say is learned from the pairs of sentences in `example_kinds/links/`.
"""

from collections.abc import Sequence
from typing import Literal, cast, get_args

from bot.sentences.words import kinds
from bot.sentences.words.reader import Token

Link = Literal[
    "alone",  # it stands by itself
    "more",  # further results of the same
    "again",  # the same once more
    "agree",
    "decline",
    "back",  # takes back what was just done or wished
    "keep",  # what is about to go, or has just gone, stays
    "tell",  # such papers shall come from now on
    "choose",  # some of what was shown, by number or place
    "when",  # another time, or another length of a pause
    "without",  # the same without a topic
    "only",  # the same with another topic as well in each paper
    "also",  # the same, and another topic
    "instead",  # another topic in place of the last one
    "it",  # something else is done with the thing just spoken of
    "same",  # what was just done, for another thing
    "count",  # another number of papers
]
QUESTION = kinds.Question("links", get_args(Link))


def link_of(tokens: Sequence[Token]) -> tuple[Link, float]:
    """Returns how a message most likely follows the one before it, and how probable that is: 0 to 1."""
    found = kinds.probabilities(QUESTION, tuple(tokens))
    likeliest = max(found, key=lambda link: found[link])
    return cast("Link", likeliest), found[likeliest]
