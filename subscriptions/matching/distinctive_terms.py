"""Which words of a title can be excluded: how rare in other titles, how short or long, which name a topic, and which come first."""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from subscriptions import normalize
from subscriptions.matching.stop_words import CJK_STOP_WORDS, STOP_WORDS, is_wide
from subscriptions.normalize import plurals, traced
from subscriptions.query import TEXT
from subscriptions.query.parse import query_of
from subscriptions.query.rewriting import words_rule
from subscriptions.query.tree import Leaf, Query, Term

_LONGEST_TITLE = 500  # characters of a title that are read
_LONGEST_PHRASE = 3  # most words of a phrase
_LONGEST_CJK_PHRASE = 4  # most characters of a phrase in Chinese, Japanese or Korean
_LEAST_LETTERS = 4  # fewest letters of a topic that is a single word
_COMMON_SHARE = 0.3  # a phrase is common if more than this share of the other titles has it
_TEX = "\\${}"


class _Phrase(NamedTuple):
    """Words side by side in a title."""

    first: int  # position of its first token
    end: int  # position after its last token
    tokens: tuple[str, ...]
    text: str  # as written in the title
    wide: bool  # whether it consists of CJK characters, which are written without spaces


def distinctive_terms(
    title: str, query: Query, *, others: Iterable[str], known: Iterable[str], most: int = 4
) -> tuple[str, ...]:
    """Returns words and phrases of a title that a query can exclude, the most useful first.

    None of them is part of a term that the query wants. `others` are titles that the chat got: a term in few of them is
    distinctive. `known` are all recent titles: a term in several of them is a topic.
    """
    delivered, everything = [_plain(text) for text in others], [_plain(text) for text in known]
    ranked: list[tuple[bool, int, int, int, _Phrase]] = []
    for phrase in _phrases(title[:_LONGEST_TITLE], query):
        text = _plain(phrase.text)
        topic = sum(text in other for other in everything) > 1
        if topic or not phrase.wide:  # CJK characters are known to be a word only if other titles have them, too
            common = sum(text in other for other in delivered) > _COMMON_SHARE * max(len(delivered), 1)
            length = phrase.end - phrase.first
            ranked.append((common, _rank(length, topic=topic, wide=phrase.wide), -length, phrase.first, phrase))
    return tuple(phrase.text for phrase in _apart([phrase for *_, phrase in sorted(ranked)], most))


def _rank(length: int, *, topic: bool, wide: bool) -> int:
    """Returns a number by which phrases are sorted: topics first, then pairs, single words, and longer phrases."""
    if topic and (length > 1 or wide):
        return 0
    return {2: 1, 1: 2}.get(length, 3)


def _apart(ranked: Iterable[_Phrase], most: int) -> list[_Phrase]:
    """Returns the first `most` phrases, but skips each that shares a word with an earlier one of these."""
    chosen: list[_Phrase] = []
    for phrase in ranked:
        words = set(phrase.tokens)
        if len(chosen) < most and all(words.isdisjoint(other.tokens) for other in chosen):
            chosen.append(phrase)
    return chosen


def _phrases(title: str, query: Query) -> Iterator[_Phrase]:
    written, spans = normalize.written_tokens(title), traced.token_spans(title)
    if len(written) != len(spans):
        return
    tokens = tuple(map(plurals.fold_plural, written))
    gaps = [title[:1], *(title[before[1] : after[0]] for before, after in pairwise(spans)), " "]
    wanted = [term.tokens for alternative in query.alternatives for term in alternative.positive]
    for first, word in enumerate(written):
        wide = is_wide(word)
        for end in range(first + 1, min(first + (_LONGEST_CJK_PHRASE if wide else _LONGEST_PHRASE), len(tokens)) + 1):
            if end > first + 1 and not _goes_on(written[end - 1], gaps[end - 1], wide=wide):
                break
            found = _Phrase(first, end, tokens[first:end], title[spans[first][0] : spans[end - 1][1]], wide)
            if _may_name_topic(found, gaps) and not _is_wanted(found.tokens, wanted) and _reads_back(found):
                yield found


def _goes_on(token: str, gap: str, *, wide: bool) -> bool:
    return is_wide(token) == wide and gap in (("",) if wide else (" ", "-"))


def _may_name_topic(phrase: _Phrase, gaps: list[str]) -> bool:
    """Returns whether a phrase may name a topic. `gaps` are the texts before each token of the title and after the last."""
    if phrase.wide:
        return phrase.text not in CJK_STOP_WORDS and len(phrase.tokens) > 1
    if "-" in (gaps[phrase.first], gaps[phrase.end]):  # the phrase is a part of a compound
        return False
    for place, token in enumerate(phrase.tokens, start=phrase.first):
        inside = range(phrase.first + 1, phrase.end)
        compound = (place in inside and gaps[place] == "-") or (place + 1 in inside and gaps[place + 1] == "-")
        if (token in STOP_WORDS or token.isdigit()) and not compound:
            return False
    return len(phrase.tokens) > 1 or len(phrase.tokens[0]) >= _LEAST_LETTERS


def _is_wanted(tokens: tuple[str, ...], wanted: list[tuple[str, ...]]) -> bool:
    """Returns whether a term that the query wants contains the phrase.

    Then excluding the phrase would leave no papers.
    """
    size = len(tokens)
    return any(
        tokens == term[start : start + size] for term in wanted for start in range(len(term) - size + 1)
    )  # fmt: skip


def _reads_back(phrase: _Phrase) -> bool:
    """Returns whether a phrase, typed as a query, means its own words, and has no TeX that people would have to read."""
    if any(sign in phrase.text for sign in _TEX):
        return False
    query = query_of(words_rule(phrase.text))
    return query is not None and isinstance(query.tree, Leaf) and query.tree.term == Term(TEXT, phrase.tokens)


def _plain(text: str) -> str:
    return text.casefold().replace("-", " ")
