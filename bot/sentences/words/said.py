"""A text and what it may mean, the likeliest first; how sure an intent must be to act on it, to ask about it, or to remove. Pure."""

import re
from itertools import pairwise
from typing import NamedTuple

from bot.sentences.words import reader, subjects
from bot.sentences.words.reader import Token
from subscriptions.planning.clock_times import count_of

SURE, HALF = 0.55, 0.35  # the least probability of an intent to act on it, or to ask about it
CERTAIN = (
    0.9  # the least probability of an intent that counts more than how the text follows, or what it may mean besides
)
_MUCH = 4
# for these intents: the least probability with which the bot acts without a question
_LEAST = {
    "unsub": 0.9,
    "unsub-all": 0.8,
    "edit": 0.6,
    "schedule-weekdays": 0.88,
}
_COUNTS = frozenset({"two", "three", "four", "five", "six", "few", "couple", "half"})
RANKS = ("first", "second", "third", "fourth", "fifth", "sixth")


class Said(NamedTuple):
    """A text and its meaning."""

    text: str
    tokens: tuple[Token, ...] = ()
    found: tuple[reader.Score, ...] = (reader.Score(reader.QUERY, 1.0),)  # the intents, the likeliest first

    @property
    def intent(self) -> str:
        """Returns the likeliest intent."""
        return self.found[0].intent

    @property
    def sure(self) -> float:
        """Returns the probability of the likeliest intent."""
        return self.found[0].sure

    @property
    def is_sure(self) -> bool:
        """Returns whether the likeliest intent is likely enough to act on it."""
        return self.sure >= _LEAST.get(self.intent, SURE)

    @property
    def is_clear(self) -> bool:
        """Returns whether the likeliest intent is likely enough to ask about it, or much likelier than every other one."""
        return self.sure >= HALF or (len(self.found) > 1 and self.sure > _MUCH * self.found[1].sure)

    @property
    def half_sure(self) -> "Said":
        """Returns the same meaning, of which nobody is sure, so that the bot asks."""
        first, *others = self.found
        return self._replace(found=(first._replace(sure=min(first.sure, HALF)), *others))

    def likely(self, *intents: str) -> float:
        """Returns the probability that the intent is one of these."""
        return sum(one.sure for one in self.found if one.intent in intents)

    def marked(self, mark: str) -> list[str]:
        """Returns the words of the tokens with this mark, as they were typed."""
        return [token.words for token in self.tokens if token.mark == mark]

    @property
    def has_unknown(self) -> bool:
        """Returns whether the text has a word that no example has, such as a word of a subscription."""
        known = reader.learned().known.words | reader.WORDS_FIRST
        return any(not {one.mark, one.mark.replace("-", "")} & known and one.mark[:1].isalpha() for one in self.tokens)

    @property
    def numbers(self) -> list[str]:
        """Returns the numbers in the text, in digits; "2" also for 第二个 and "the second one"."""
        found = [
            re.search(r"\d+", words) or re.search(r"[一二两三四五六七八九十]+|[a-z]+$", reader.folded(words))
            for words in self.marked(reader.NUMBER)
        ]
        digits = [str(count_of(one[0])) for one in found if one]
        marks = [*(token.mark for token in self.tokens), ""]
        ranks = [one for one, then in pairwise(marks) if one in RANKS and then not in _COUNTS]  # not of "the first two"
        return digits or [str(RANKS.index(one) + 1) for one in ranks]

    @property
    def asks_for_papers(self) -> bool:
        """Returns whether the text, read as a request for papers, has a wanted subject or an author."""
        return any(
            one.part in (reader.WANTED, reader.AUTHOR) for one in subjects.pieces_of(self.text, reader.ASKING[0])
        )

    def texts(self, *parts: str) -> list[str]:
        """Returns the words of these parts of the text."""
        return subjects.texts_of(self.text, self.intent, *parts)

    @property
    def subject(self) -> str:
        """Returns the subject of the text as a query; "" if it has none."""
        return subjects.subject_of(self.text, self.intent)
