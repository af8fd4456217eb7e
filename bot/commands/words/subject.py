"""Extracts the query from a sentence: "I want papers on X, but no Y" is `X -Y`, 我想看关于X的论文，不要Y is `X -Y`. Pure.

`scorer.parts_of` says which part each word belongs to: a subject that is wanted or not, an author, a name, a time, or none.
In a subject "and", "or", 和 and 或者 are OR, and words without meaning of their own are left out.
"""

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from bot.commands.words.marks import CATEGORY, LONGEST, MOST_TOKENS, WHEN, Token, folded, tokens_of
from bot.commands.words.scorer import ASKING, AUTHOR, TIME, UNWANTED, WANTED, WEIGHTS, parts_of, scores
from subscriptions.errors import Refused
from subscriptions.planning.times._ending import split_when
from subscriptions.planning.times._reading import is_time
from subscriptions.planning.times._when import read_when
from subscriptions.query.fields import FIELDS
from subscriptions.query.rewriting import author_rule

ASKED = 0.45  # how likely a sentence asks for papers
_IN_FIELDS = {"ti": re.compile(r"\btitles?\b|标题|题目"), "abs": re.compile(r"\babstracts?\b|摘要")}
_KINDS_OF_PAPERS = {"surveys": "survey", "reviews": "review", "tutorials": "tutorial", "benchmarks": "benchmark"}
_LINKS = frozenset({",", ";", "、", "和", "与", "或", "及", "跟", "and", "or", "&", "+", "|", "/"})
_OR = frozenset({"and", "or", "nor", "和", "或", "与", "及", "以", "者", "、"})  # what follows is not wanted either
_FIELDS = "|".join(sorted(map(re.escape, FIELDS.by_name), key=len, reverse=True))
_ONLY_A_QUERY = re.compile(
    rf"(?:^|[\s(-])(?:{_FIELDS}):|(?:^|\s)-[^\W\d_]|(?:^|\s)[或且](?:\s|$)|^(?!.*(?:我|想|论文)).*,\s*不含\S+$"
)
_A_QUERY = re.compile(r"[:()|*=]|(?:^|\s)-\w|\b(?:OR|AND|NOT)\b")
# Words but the operators of the grammar: where a sentence has no others around its query, it is the query itself.
_WORDS = re.compile(r"(?!(?:AND|OR|NOT|且|或|不含)(?!\w))(?!(?<=[,，] )not(?!\w))(?<!\w)\w+")


_TODAY = frozenset({"today", "tomorrow", "今天"})  # times that are said of papers, not of when they come
_BETWEEN_SIGNS = re.compile(r"(?<=[^\x00-\x7f]) | (?=[^\x00-\x7f])")
_POSSESSIVE = re.compile("['’]s$")


class Piece(NamedTuple):
    """Words side by side that belong to the same part of a sentence."""

    part: str
    text: str
    tokens: tuple[Token, ...]


@cache
def small_words() -> frozenset[str]:
    """Returns the words that papers need not contain."""
    files = (WEIGHTS.parent / "examples").glob("*/parts/small_words.txt")
    return frozenset(word for path in files for word in path.read_text("utf-8").split())


def query_in(text: str) -> str:
    """Returns the query that a sentence asks for, followed by the time that it names; the text itself if it is no sentence."""
    said = " ".join(text.split())
    if not said or len(said) > LONGEST or _ONLY_A_QUERY.search(folded(said)):
        return text
    tokens = tokens_of(said)
    if len(tokens) <= MOST_TOKENS and sum(one.sure for one in scores(tokens) if one.intent in ASKING) >= ASKED:
        found = subject_of(said)
        is_same = sorted(_WORDS.findall(found)) == sorted(_WORDS.findall(said)) and not said.startswith(
            time_in(said, ASKING[0]) or said
        )
        return text if is_same or is_crumb(found) or _WORDS.findall(found) == _WORDS.findall(said) else found
    return text


def is_crumb(subject: str) -> bool:
    """Returns whether a subject is none: empty, or a single Chinese character, as 量 of 订阅量."""
    return not subject or (len(subject) == 1 and not subject.isascii())


def subject_of(said: str, intent: str = ASKING[0]) -> str:
    """Returns the query that a sentence asks for, followed by the time that it names; "" if it has no subject."""
    query = wanted_in(said, intent)
    when = time_in(said, intent) if texts_of(said, intent, TIME) else split_when(said).when or ""
    return (
        f"{query} {when}".strip()
        if query and is_time(when) and not query.endswith(when) and folded(when) not in _TODAY
        else query
    )


@lru_cache(maxsize=64)
def pieces_of(said: str, intent: str) -> tuple[Piece, ...]:
    """Returns the parts of a sentence."""
    tokens = tokens_of(said)
    groups = groupby(zip(parts_of(tokens, intent), tokens, strict=True), key=itemgetter(0))
    found: list[Piece] = []
    for part, group in groups:
        inside = tuple(token for _, token in group)
        is_linked = len(found) > 1 and found[-2].part == UNWANTED and all(one.mark in _OR for one in found[-1].tokens)
        text = said[inside[0].start : inside[-1].end]
        found.append(Piece(UNWANTED if is_linked and part == WANTED else part, text, inside))
    return tuple(found)


def texts_of(said: str, intent: str, *parts: str) -> list[str]:
    """Returns the texts of some parts."""
    return [one.text for one in pieces_of(said, intent) if one.part in parts]


def time_in(said: str, intent: str) -> str:
    """Returns the time that a sentence names, of all its places; "" if there is none.

    Where a sentence asks for papers, a time that is not to be had is refused later; else it may be what is not wanted any more.
    """
    pieces = pieces_of(said, intent)
    times = [text.strip(" ,，.。") for text in texts_of(said, intent, TIME)]
    single = [token.words.strip(" ,，.。") for one in pieces for token in one.tokens if token.mark == WHEN]
    together = _BETWEEN_SIGNS.sub("", " ".join(times))
    if intent not in ASKING:
        words = [text.split() for text in (together, *times, *single)]
        shorter = (" ".join(one[:many]) for one in words for many in range(len(one), 0, -1))
        return next(filter(_is_had, shorter), next(filter(is_time, (together, *single)), ""))
    return next(filter(is_time, (together, " ".join(single), *times)), "") if times else ""


def _is_had(when: str) -> bool:
    try:
        return bool(read_when(when))
    except Refused:
        return False


def wanted_in(said: str, intent: str) -> str:
    """Returns what papers must have, all of it: authors, categories, words, without what is not wanted; "" if there is nothing."""
    pieces = [one for one in pieces_of(said, intent) if one.part != TIME]
    subjects = [one.tokens for one in pieces if one.part in (WANTED, UNWANTED, AUTHOR)]
    if subjects and _A_QUERY.search(typed := said[subjects[0][0].start : subjects[-1][-1].end]):
        return typed
    authors = [author_rule(name) if " " in name else f"author:{name}" for name in _items(pieces, AUTHOR)]
    categories = [token.words for one in pieces if one.part == WANTED for token in one.tokens if token.mark == CATEGORY]
    groups = [" OR ".join(one) for one in (authors, categories, _in_field(pieces, _items(pieces, WANTED))) if one]
    unwanted = [f"-{one}" for one in unwanted_in(said, intent)]
    several = len(groups) > 1 or unwanted
    return (
        " ".join([*(f"({one})" if several and " OR " in one else one for one in groups), *unwanted]) if groups else ""
    )


def unwanted_in(said: str, intent: str) -> list[str]:
    """Returns what papers must not have, each of it as a term of a query."""
    pieces = pieces_of(said, intent)
    terms = [_KINDS_OF_PAPERS.get(one.casefold(), one) for one in _items(pieces, UNWANTED, with_categories=True)]
    quoted = [f'"{one}"' if " " in one and not set('":()') & set(one) else one for one in terms]
    return quoted if any(one.part == WANTED for one in pieces) else _in_field(pieces, quoted)


def _in_field(pieces: Sequence[Piece], items: list[str]) -> list[str]:
    """Returns words in the field that the words around them name: "in the title"."""
    around = folded(" ".join(one.text for one in pieces if not one.part))
    field = next((name for name, words in _IN_FIELDS.items() if words.search(around)), "")
    return (
        [f"{field}:{one}" if one.startswith('"') or " " not in one else f'{field}:"{one}"' for one in items]
        if field
        else items
    )


def _items(pieces: Sequence[Piece], part: str, *, with_categories: bool = False) -> list[str]:
    """Returns the alternatives in a part of a sentence, without small words. What is linked by "and" and "or" are several."""
    small, items, end, is_new = small_words(), list[str](), -1, True
    for piece in pieces:
        for token in piece.tokens:
            if token.mark in _LINKS:
                is_new = True
            elif (
                piece.part == part
                and (part == AUTHOR or (token.mark not in small and token.mark not in ".!?:"))
                and (with_categories or token.mark != CATEGORY)
            ):
                between = "" if token.start == end else " "
                word = _POSSESSIVE.sub("", token.words)
                items[len(items) - (not is_new) :] = [word if is_new else f"{items[-1]}{between}{word}"]
                is_new, end = False, token.end
    return items
