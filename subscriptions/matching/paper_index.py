"""Papers as the matching engine reads them: their words, once for each paper, and what is special about one, as features."""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count, pairwise
from typing import NamedTuple

from subscriptions import normalize
from subscriptions.matching import hits
from subscriptions.model import Announce, Paper
from subscriptions.query import FIELDS, TEXT, Field, Fields, Leaf, Query, Term, ValueKind
from subscriptions.query.parse import query_of
from subscriptions.query.rewriting import words_rule

EVERY_PAPER = ""
HEAD = 3  # characters of a beginning; most prefixes of the query language must have as many
MOST_TERMS = 5000  # terms whose papers are cached, some hundred bytes each


def features_of(paper: hits.TokenizedPaper) -> set[str]:
    """Returns all features of a paper."""
    found = {EVERY_PAPER, *paper.labels}
    for where, lines in paper.folded.items():
        if sign := _sign(where):
            found.update(sign + feature for feature in _words_and_pairs(lines))
    found.update(["=" + word for word in paper.exact[TEXT].split()])
    for where, names in paper.names.items():
        sign = where.name + ":"
        for name in names:
            found.update([sign + part for part in name])
            found.update([sign + head for head in map(head_of, name) if head])
    for where, names in paper.exact_names.items():
        sign = where.name + ":="
        found.update(sign + part for name in names for part in name)
    return found


def head_of(word: str) -> str:
    """Returns the feature of a word's beginning; "" for short words."""
    return word[:HEAD] + "*" if len(word) >= HEAD else ""


def deciding_feature(term: Term) -> str | None:
    """Returns the feature that a paper has if and only if it fulfils a simple term; None if there is no such feature."""
    field = term.field
    if field.kind is ValueKind.NEARNESS:
        return None
    if not term.tokens:
        return hits.label_of(term)
    if term.prefix:
        return None
    if field is not TEXT and field.kind is ValueKind.NAME:
        is_decided = len(term.tokens) == 1 and not normalize.is_initial(term.tokens[0])
    elif term.exact:
        is_decided = field is TEXT and len(term.tokens) == 1
    else:
        is_decided = _sign(field) != "" and len(term.tokens) <= 2  # noqa: PLR2004 - a pair
    return needed_by(term)[0] if is_decided else None


def needed_by(term: Term) -> tuple[str, ...]:
    """Returns features that every paper has that fulfils a simple term of words or names; () if there are none."""
    whole, beginning = (term.tokens[:-1], term.tokens[-1:]) if term.prefix else (term.tokens, ())
    field = term.field
    if field is not TEXT and field.kind is ValueKind.NAME:
        sign = field.name + ":=" if term.exact else field.name + ":"
        parts = [sign + part for part in whole if not normalize.is_initial(part)]
        parts += [sign + head for head in map(head_of, beginning) if head and not term.exact]
    elif term.exact:
        parts = ["=" + word for word in whole if field.in_any_text]
    elif sign := _sign(field):
        parts = [sign + feature for feature in (map(" ".join, pairwise(whole)) if len(whole) > 1 else whole)]
    else:
        parts = []
    return tuple(parts)


def _sign(field: Field) -> str:
    """Returns the prefix of the features of a field's words; "" if they are words of any text only.

    Fields that many queries name have their own features, and so have fields outside any text.
    """
    return field.name + ":" if field.is_indexed_apart or not field.in_any_text else ""


def _words_and_pairs(lines: str) -> Iterator[str]:
    for line in lines.split("\n"):
        words = line.split()
        yield from words
        yield from map(" ".join, pairwise(words))


# ------------------------------------------------------------------------------------ the distinctive terms of a title


_LONGEST = 500  # characters of a title that are read
_MOST_WORDS = 3  # of a phrase
_MOST_CJK_SIGNS = 4  # of a phrase in Chinese, Japanese or Korean
_LEAST_LETTERS = 4  # of a single word
_COMMON_SHARE = 0.3  # of the other papers: a phrase in more of them is common
# Stems (`fold_plural`) of words that are not in a phrase unless a hyphen joins them to another word.
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
STOP_WORDS = frozenset(_ENGLISH.split())
_CJK_STOP_WORDS = frozenset(_CHINESE.split())


class _Phrase(NamedTuple):
    """Words side by side in a title."""

    first: int  # position of its first token
    end: int  # position after its last token
    tokens: tuple[str, ...]
    text: str  # as the title has it
    wide: bool  # whether it is of CJK characters, which are written without spaces


def distinctive_terms(
    title: str, query: Query, *, others: Iterable[str], known: Iterable[str], most: int = 4
) -> tuple[str, ...]:
    """Returns words and phrases of a title that a query can exclude, the most useful first.

    None is a part of what the query wants. `others` are titles that were delivered to the chat: a term in few of them is
    distinctive. `known` are all recent titles: a term in several of them is a topic.
    """
    delivered, everything = [_plain(text) for text in others], [_plain(text) for text in known]
    ranked: list[tuple[bool, int, int, int, _Phrase]] = []
    for phrase in _phrases(title[:_LONGEST], query):
        text = _plain(phrase.text)
        topic = sum(text in other for other in everything) > 1
        if topic or not phrase.wide:  # characters without spaces are a word if other titles have them, too
            common = sum(text in other for other in delivered) > _COMMON_SHARE * max(len(delivered), 1)
            length = phrase.end - phrase.first
            ranked.append((common, _rank(length, topic=topic, wide=phrase.wide), -length, phrase.first, phrase))
    return tuple(phrase.text for phrase in _apart([phrase for *_, phrase in sorted(ranked)], most))


def _rank(length: int, *, topic: bool, wide: bool) -> int:
    """Returns the place of a phrase: phrases that are topics come first, then pairs, single words, longer phrases."""
    if topic and (length > 1 or wide):
        return 0
    return 1 if length == 2 else 2 if length == 1 else 3  # noqa: PLR2004 - a pair of words


def _apart(ranked: Iterable[_Phrase], most: int) -> list[_Phrase]:
    """Returns the first phrases that have no word in common, at most `most`."""
    chosen: list[_Phrase] = []
    for phrase in ranked:
        words = set(phrase.tokens)
        if len(chosen) < most and all(words.isdisjoint(other.tokens) for other in chosen):
            chosen.append(phrase)
    return chosen


def _phrases(title: str, query: Query) -> Iterator[_Phrase]:
    written, spans = normalize.written_tokens(title), normalize.token_spans(title)
    if len(written) != len(spans):
        return
    tokens = tuple(map(normalize.fold_plural, written))
    gaps = [title[:1], *(title[before[1] : after[0]] for before, after in pairwise(spans)), " "]
    wanted = [term.tokens for alternative in query.alternatives for term in alternative.positive]
    for first, word in enumerate(written):
        wide = is_wide(word)
        for end in range(first + 1, min(first + (_MOST_CJK_SIGNS if wide else _MOST_WORDS), len(tokens)) + 1):
            if end > first + 1 and not _goes_on(written[end - 1], gaps[end - 1], wide=wide):
                break
            found = _Phrase(first, end, tokens[first:end], title[spans[first][0] : spans[end - 1][1]], wide)
            if _may_name_topic(found, gaps) and not _is_wanted(found.tokens, wanted) and _reads_back(found):
                yield found


def _goes_on(token: str, gap: str, *, wide: bool) -> bool:
    return is_wide(token) == wide and gap in (("",) if wide else (" ", "-"))


def is_wide(token: str) -> bool:
    """Whether a token is a single character of Chinese, Japanese or Korean."""
    return len(token) == 1 and ord(token) > 0x2E7F  # noqa: PLR2004 - CJK begins there


def _may_name_topic(phrase: _Phrase, gaps: list[str]) -> bool:
    """Whether a phrase may name a topic. `gaps` are the texts before the tokens of the title, and after the last."""
    if phrase.wide:
        return phrase.text not in _CJK_STOP_WORDS and len(phrase.tokens) > 1
    if "-" in (gaps[phrase.first], gaps[phrase.end]):  # a part of a compound
        return False
    for place, token in enumerate(phrase.tokens, start=phrase.first):
        inside = range(phrase.first + 1, phrase.end)
        compound = (place in inside and gaps[place] == "-") or (place + 1 in inside and gaps[place + 1] == "-")
        if (token in STOP_WORDS or token.isdigit()) and not compound:
            return False
    return len(phrase.tokens) > 1 or len(phrase.tokens[0]) >= _LEAST_LETTERS


def _is_wanted(tokens: tuple[str, ...], wanted: list[tuple[str, ...]]) -> bool:
    """Whether a phrase is a part of a term that the query wants, so that to exclude it would leave nothing."""
    size = len(tokens)
    return any(
        tokens == term[start : start + size] for term in wanted for start in range(len(term) - size + 1)
    )  # fmt: skip


def _reads_back(phrase: _Phrase) -> bool:
    """Whether a phrase is parsed into its own words, and has no TeX that people would have to read."""
    if any(sign in phrase.text for sign in _TEX):
        return False
    query = query_of(words_rule(phrase.text))
    return query is not None and isinstance(query.tree, Leaf) and query.tree.term == Term(TEXT, phrase.tokens)


def _plain(text: str) -> str:
    return text.casefold().replace("-", " ")


# ---------------------------------------------------------------------------------------------------- papers, once each


@dataclass(frozen=True, slots=True)
class TokenizedPapers:
    """Papers with their tokens, for few queries. For many queries at once there is `match`."""

    papers: tuple[Paper, ...]
    tokenized: tuple[hits.TokenizedPaper, ...]
    matches: dict[Term, int] = field(default_factory=dict, compare=False, repr=False)  # the cache of `_matching_term`

    @classmethod
    def of(
        cls, papers: Iterable[Paper], before: "TokenizedPapers | None" = None, *, fields: Fields = FIELDS
    ) -> "TokenizedPapers":
        """Returns papers with their tokens. Papers that are unchanged in `before` are not tokenized again."""
        papers = tuple(papers)
        known = (
            {paper.key: (paper, tokens) for paper, tokens in zip(before.papers, before.tokenized, strict=True)}
            if before
            else {}
        )
        tokenized = []
        for paper in papers:
            earlier = known.get(paper.key)
            tokenized.append(earlier[1] if earlier and earlier[0] == paper else hits.tokenize(paper, fields))
        return cls(papers, tuple(tokenized))

    def matching(self, query: Query) -> tuple[int, ...]:
        """Returns the positions in `papers` of those that a query finds, ascending."""
        found = 0
        for alternative in query.alternatives:
            fitting = (1 << len(self.papers)) - 1
            for term in alternative.positive:
                fitting &= self._matching_term(term)
            for term in alternative.negative:
                fitting &= ~self._matching_term(term)
            found |= fitting
        return tuple(place for place in range(len(self.papers)) if found >> place & 1)

    def _matching_term(self, term: Term) -> int:
        """Returns the papers that fulfil a term: bit n is `papers[n]`. Cached, since variants of a query share terms."""
        if term not in self.matches:
            if len(self.matches) >= MOST_TERMS:
                self.matches.clear()
            predicates = tuple(map(hits.predicate, hits.simple_terms(term)))
            bits = (
                1 << place
                for place, tokens in enumerate(self.tokenized)
                if any(fulfils(tokens) for fulfils in predicates)
            )
            self.matches[term] = sum(bits)
        return self.matches[term]


def matching_papers(query: Query, papers: Sequence[Paper]) -> tuple[int, ...]:
    """Returns the positions in `papers` of those that one query finds."""
    return tuple(place for place, paper in enumerate(papers) if hits.fits(query, hits.tokenize(paper, query.fields)))


# ----------------------------------------------------------------- merges the copies of a paper in one batch of papers


_BY_NEWS_VALUE = (None, *Announce)  # None counts as new; then new, cross, replace, replace-cross


def merge_copies(papers: Iterable[Paper]) -> tuple[Paper, ...]:
    """Returns each paper once: with the texts of its first copy, and the categories and sources of all copies.

    Its announce type is the first of new, cross, replace, replace-cross that a copy has; no type counts as new.
    """
    merged: dict[str, Paper] = {}
    for paper in papers:
        first = merged.get(paper.key)
        merged[paper.key] = paper if first is None else _with_categories_of(first, paper)
    return tuple(merged.values())


def _with_categories_of(first: Paper, copy: Paper) -> Paper:
    return replace(
        first,
        categories=tuple(dict.fromkeys(first.categories + copy.categories)),
        sources=tuple(dict.fromkeys(first.sources + copy.sources)),
        primary=first.primary or copy.primary,
        announce_type=min(first.announce_type, copy.announce_type, key=_BY_NEWS_VALUE.index),
    )


# ------------------------------------------- an index of papers by their words and features, for matching many queries


LINE_END = 0  # the number of ""


class Numbered:
    """Texts of papers as numbers, one paper after the other."""

    def __init__(self) -> None:
        # each different text once, in the order of the numbers; a text that is new gets the next one
        self.number_of = defaultdict[str, int](count(LINE_END + 1).__next__, {"": LINE_END})
        self.sequence = array("i")
        self.ends: list[int] = []  # of each paper in `sequence`

    def add(self, texts: Iterable[str]) -> None:
        """Adds texts of the paper that is not ended yet."""
        self.sequence.extend(map(self.number_of.__getitem__, texts))

    def end(self) -> None:
        """Ends a paper."""
        self.ends.append(len(self.sequence))


class PaperIndex:
    """Papers with their words and features. A set of papers is an int: bit n is `papers[n]`."""

    def __init__(self, papers: TokenizedPapers) -> None:
        self.papers: tuple[Paper, ...] = papers.papers
        self.tokenized: tuple[hits.TokenizedPaper, ...] = papers.tokenized
        self.words = Numbered()  # of any text, in their order; a LINE_END before, between and after lines
        self.features = Numbered()
        self.spellings = defaultdict[str, int](int)  # word of any text, as written or folded -> the papers that have it
        self.words.sequence.append(LINE_END)
        for place, paper in enumerate(papers.tokenized):
            words = paper.folded[TEXT].replace("\n", "").split(" ")[1:]  # lines are " word word ": "" ends each
            self.words.add(words)
            self.words.end()
            self.features.add(features_of(paper))
            self.features.end()
            bit = 1 << place
            for word in {*words, *paper.written[TEXT].split()}:
                self.spellings[word] |= bit

    @classmethod
    def of(cls, papers: Iterable[Paper], fields: Fields = FIELDS) -> "PaperIndex":
        """Returns the index of different papers. Copies of a paper must be merged before (`merge_copies`)."""
        return cls(TokenizedPapers.of(papers, fields=fields))

    @staticmethod
    def positions(papers: int) -> Iterator[int]:
        """Yields the positions in `papers` of the papers in a set, ascending."""
        while papers:
            lowest = papers & -papers
            yield lowest.bit_length() - 1
            papers ^= lowest
