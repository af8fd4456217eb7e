"""Which words of a title tell it from the other papers that a chat gets: what a person may want to see less of."""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from subscriptions.errors import QueryError
from subscriptions.normalize import fold_plural, token_spans, written_tokens
from subscriptions.query import Leaf, Query, Term, parse_query, words_rule
from subscriptions.query.fields import TEXT

_LONGEST = 500  # characters of a title that are looked at
_WORDS = 3  # of a phrase, at most
_SIGNS = 4  # of a phrase in Chinese, Japanese or Korean, at most
_LEAST_LETTERS = 4  # of a word that stands alone
_COMMON_SHARE = 0.3  # of the other papers: what stands in more of them tells this one from none
# What begins or ends no phrase, and is no topic by itself; stems, as fold_plural leaves them.
_ENGLISH = """
a about across after against all am among an and any approach are art as at based be been before between beyond both but
by can case challenge could data dataset deep do does during each effective efficient empirical every fast few first for
framework from general has have high how i if improved improving in into is it its large learning less low make method
model more most need network neural new no not novel of off on one only or our out over paper part per problem robust
scalable see should simple so some state study such system task than that the their them then there these they thi this
through to toward towards two under understanding unified up upon use used using via versus v vs wa was way we what when
where which while who why will with within without work you your
"""
_CHINESE = "基于 方法 模型 学习 研究 通过 一种 进行 用于 面向 实现 系统 分析"
_TEX = "\\${}"
_FILLING = frozenset(_ENGLISH.split())
_FILLING_SIGNS = frozenset(_CHINESE.split())


class _Phrase(NamedTuple):
    """Words of the title that stand side by side."""

    first: int  # places of its tokens
    end: int
    tokens: tuple[str, ...]
    text: str  # as the title writes it
    wide: bool  # of signs that are written without blanks


def distinctive_terms(
    title: str, query: Query, *, others: Iterable[str], known: Iterable[str], most: int = 4
) -> tuple[str, ...]:
    """Words and phrases of a title, the most useful first, as values that a query can exclude.

    None of them is what the query asks for. `others` are titles that the chat was told, in few of which they should
    stand; `known` are all recent titles, of which topics stand in several.
    """
    told, everything = [_plain(text) for text in others], [_plain(text) for text in known]
    ranked: list[tuple[bool, int, int, int, _Phrase]] = []
    for phrase in _phrases(title[:_LONGEST], query):
        text = _plain(phrase.text)
        topic = sum(text in other for other in everything) > 1
        if topic or not phrase.wide:  # without blanks, only what others write, too, is known to be a word
            common = sum(text in other for other in told) > _COMMON_SHARE * max(len(told), 1)
            length = phrase.end - phrase.first
            ranked.append((common, _kind(length, topic=topic, wide=phrase.wide), -length, phrase.first, phrase))
    return tuple(phrase.text for phrase in _apart([phrase for *_, phrase in sorted(ranked)], most))


def _kind(length: int, *, topic: bool, wide: bool) -> int:
    """Phrases that others write, too, come first; then pairs, then single words, then what only this title has."""
    if topic and (length > 1 or wide):
        return 0
    return 1 if length == 2 else 2 if length == 1 else 3  # noqa: PLR2004 - a pair of words


def _apart(ranked: Iterable[_Phrase], most: int) -> list[_Phrase]:
    """The first of them that share no word."""
    chosen: list[_Phrase] = []
    for phrase in ranked:
        words = set(phrase.tokens)
        if len(chosen) < most and all(words.isdisjoint(one.tokens) for one in chosen):
            chosen.append(phrase)
    return chosen


def _phrases(title: str, query: Query) -> Iterator[_Phrase]:
    written, spans = written_tokens(title), token_spans(title)
    if len(written) != len(spans):
        return
    tokens = tuple(map(fold_plural, written))
    gaps = [title[:1], *(title[before[1] : after[0]] for before, after in pairwise(spans)), " "]
    wanted = [term.tokens for alternative in query.alternatives for term in alternative.positive]
    for first, word in enumerate(written):
        wide = _is_wide(word)
        for end in range(first + 1, min(first + (_SIGNS if wide else _WORDS), len(tokens)) + 1):
            if end > first + 1 and not _goes_on(written[end - 1], gaps[end - 1], wide=wide):
                break
            found = _Phrase(first, end, tokens[first:end], title[spans[first][0] : spans[end - 1][1]], wide)
            if _says_something(found, gaps) and not _is_wanted(found.tokens, wanted) and _reads_back(found):
                yield found


def _goes_on(token: str, gap: str, *, wide: bool) -> bool:
    return _is_wide(token) == wide and gap in (("",) if wide else (" ", "-"))


def _is_wide(token: str) -> bool:
    return len(token) == 1 and ord(token) > 0x2E7F  # noqa: PLR2004 - CJK begins there


def _says_something(phrase: _Phrase, gaps: list[str]) -> bool:
    """Whether people would name a topic so. `gaps` stand before the tokens of the title, and behind the last."""
    if phrase.wide:
        return phrase.text not in _FILLING_SIGNS and len(phrase.tokens) > 1
    if "-" in (gaps[phrase.first], gaps[phrase.end]):  # half of a compound
        return False
    for place, token in enumerate(phrase.tokens, start=phrase.first):
        inside = range(phrase.first + 1, phrase.end)
        compound = (place in inside and gaps[place] == "-") or (place + 1 in inside and gaps[place + 1] == "-")
        if (token in _FILLING or token.isdigit()) and not compound:
            return False
    return len(phrase.tokens) > 1 or len(phrase.tokens[0]) >= _LEAST_LETTERS


def _is_wanted(tokens: tuple[str, ...], wanted: list[tuple[str, ...]]) -> bool:
    """Whether a phrase is all or part of what the query asks for: to exclude it would leave nothing."""
    size = len(tokens)
    return any(
        tokens == term[start : start + size] for term in wanted for start in range(len(term) - size + 1)
    )  # fmt: skip


def _reads_back(phrase: _Phrase) -> bool:
    """Whether people read a phrase as it stands, and the query language as these words and nothing else."""
    if any(sign in phrase.text for sign in _TEX):
        return False
    try:
        tree = parse_query(words_rule(phrase.text)).tree
    except QueryError:
        return False
    return isinstance(tree, Leaf) and tree.term == Term(TEXT, phrase.tokens)


def _plain(text: str) -> str:
    return text.casefold().replace("-", " ")
