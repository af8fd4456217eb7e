"""Queries as people type them, made of words of real digests, and the papers that are matched with them."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from enum import Enum, auto
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import NamedTuple

from bot.digests import read_digest
from subscriptions import normalize
from subscriptions.matching.paper_index import merge_copies
from subscriptions.model import Paper, Summary
from subscriptions.normalize import folding


class Kind(Enum):
    """Where and how the words of a term are searched."""

    WORDS = auto()  # whole words next to each other
    BEGINNING = auto()
    HAN = auto()  # Chinese characters, anywhere in a run of them
    TITLE = auto()
    CATEGORY = auto()
    AUTHOR = auto()
    INITIAL = auto()  # the initial and the last part of an author's name


class Term(NamedTuple):
    """A condition of a line."""

    kind: Kind
    words: tuple[str, ...]


Clause = tuple[tuple[Term, ...], tuple[Term, ...]]  # (wanted terms, unwanted terms)


class Line(NamedTuple):
    """A typed query, and its meaning as alternatives, for engines that cannot parse it."""

    text: str
    alternatives: tuple[Clause, ...]

    @property
    def is_plain(self) -> bool:
        """Whether it has only wanted, single words."""
        (wanted, unwanted), *others = self.alternatives
        return not (unwanted or others) and all(kind is Kind.WORDS and len(words) == 1 for kind, words in wanted)


def checks_papers(line: Line) -> bool:
    """Whether paperwire must search a term of a line in single papers or single names."""
    return any(kind is Kind.INITIAL or (kind is Kind.BEGINNING and len(words) > 1) for kind, words in terms_of(line))


def terms_of(line: Line) -> Iterator[Term]:
    """Yields the terms of a line."""
    return (term for wanted, others in line.alternatives for term in (*wanted, *others))


def comparable(lines: list[Line], papers: list[Paper]) -> tuple[list[int], int]:
    """Returns the numbers of lines that have the same meaning for all engines, and the set of papers that do.

    Each word of these lines is plain and occurs in the papers, but not within a longer word and not in a name. The
    papers have no TeX.
    """
    day = {word for paper in papers for text in texts_of(paper) for word in normalize.written_tokens(text)}
    stems, letters = Counter(map(folding.fold_plural, day)), " ".join(day)
    names = {word for paper in papers for name in paper.authors for word in normalize.written_tokens(name)}
    plain = sum(1 << place for place, paper in enumerate(papers) if not {*"\\{}$'’-_"} & {*text_of(paper)})
    known: dict[str, bool] = {}

    def means_itself(word: str) -> bool:
        if word not in known:
            is_itself = normalize.written_tokens(word) == [word] and word not in names
            known[word] = is_itself and stems[folding.fold_plural(word)] == letters.count(word) == (word in day)
        return known[word]

    numbers = [n for n, line in enumerate(lines) if line.is_plain and all(map(means_itself, line.text.split()))]
    return numbers, plain


def real_papers() -> tuple[Paper, ...]:
    """Returns the papers of daily-arXiv digests, with copies merged; () without PAPERWIRE_SHARED."""
    shared = os.environ.get("PAPERWIRE_SHARED")
    if not shared:
        return ()
    files = [Path(shared) / "seeds/daily_arxiv.md", *sorted((Path(shared) / "corpus/daily_md").glob("[dw]*.md"))]
    return merge_copies(paper for file in files for paper in read_digest(file.read_bytes(), file.name).entries)


def made_up_papers(count: int) -> tuple[Paper, ...]:
    """Returns papers of made-up words, with frequencies as in a language, and with summaries of Chinese characters."""
    random = Random(1)
    syllables = [consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeiou"]
    words = ["".join(random.choices(syllables, k=random.randint(1, 4))) for _ in range(8000)]
    characters = [chr(0x4E00 + n) for n in range(1500)]
    popularity = [1 / (place + 3) for place in range(8000)]

    def some(of: list[str], length: int, between: str) -> str:
        return between.join(random.choices(of, popularity[: len(of)], k=length))

    return tuple(
        Paper(
            key=f"2601.{number:05}",
            title=some(words, 10, " "),
            abstract=some(words, 180, " "),
            authors=tuple(some(words, 2, " ").title() for _ in range(5)),
            categories=(random.choice(["cs.LG", "cs.CV", "cs.CL", "stat.ML", "eess.SP"]),),
            summaries=(
                Summary(language="zh", fields={"tldr": some(characters, 60, ""), "method": some(characters, 120, "")}),
            ),
        )
        for number in range(count)
    )


def texts_of(paper: Paper) -> list[str]:
    return [paper.title, paper.abstract, *(text for summary in paper.summaries for text in summary.fields.values())]


def text_of(paper: Paper) -> str:
    return " ".join(texts_of(paper))


class _Interests:
    """Words, phrases and names to choose from, as frequent as in titles, without words that many papers have."""

    def __init__(self, papers: tuple[Paper, ...]) -> None:
        titles = [[word for word in normalize.written_tokens(paper.title) if _is_word(word)] for paper in papers]
        spread = Counter(word for paper in papers for word in set(normalize.written_tokens(paper.abstract)))
        common = {word for word, papers_with in spread.items() if papers_with > len(papers) / 5}
        self.words = [word for title in titles for word in title if word not in common]
        self.pairs = [pair for title in titles for pair in pairwise(title) if not common & {*pair}]
        self.triples = [triple for title in titles for triple in zip(title, title[1:], title[2:], strict=False)]
        self.authors = [name for paper in papers for name in paper.authors]
        parts = [name.split() for name in self.authors]
        self.initials = [f"{name[0][0]}. {name[-1]}" for name in parts if len(name) > 1 and _is_word(name[-1])]
        self.categories = sorted({category for paper in papers for category in paper.categories})
        texts = [text for paper in papers for summary in paper.summaries for text in summary.fields.values()]
        parts_of_four = [text[n : n + 4] for text in texts for n in range(0, len(text) - 4, 3)]
        self.chinese = [part for part in parts_of_four if all("\u4e00" <= char <= "\u9fff" for char in part)]


def _is_word(token: str) -> bool:
    return token.isascii() and token.isalpha() and len(token) >= 3


def lines(papers: tuple[Paper, ...], count: int, random: Random) -> Iterator[Line]:
    """Yields queries as people type them: most are one or two words, some use other parts of the query language."""
    known = _Interests(papers)
    shapes: dict[Callable[[], Line], float] = {
        lambda: _of(known, random, "{}", (((0,), ()),)): 24,
        lambda: _of(known, random, "{} {}", (((0, 1), ()),)): 24,
        lambda: _of(known, random, "{} {} {}", (((0, 1, 2), ()),)): 6,
        lambda: _phrase(random.choice(known.pairs)): 10,
        lambda: _phrase(random.choice(known.triples)): 5,
        lambda: _of(known, random, "{} OR {}", (((0,), ()), ((1,), ()))): 5,
        lambda: _of(known, random, "({} OR {}) {}", (((0, 2), ()), ((1, 2), ()))): 3,
        lambda: _of(known, random, "{} -{}", (((0,), (1,)),)): 4,
        lambda: _with_category(random.choice(known.words), random.choice(known.categories)): 5,
        lambda: _one("ti:{}", Term(Kind.TITLE, (random.choice(known.words),))): 3,
        lambda: _beginning(random.choice(known.words)): 3,
        lambda: _one('author:"{}"', Term(Kind.AUTHOR, (random.choice(known.authors),))): 3,
        lambda: _one('author:"{}"', Term(Kind.INITIAL, (random.choice(known.initials),))): 0.8,
        lambda: _beginning(*random.choice(known.pairs)): 0.5,
        lambda: _one("{}", Term(Kind.HAN, (random.choice(known.chinese)[: random.randint(2, 4)],))): 5,
    }
    for make in random.choices(list(shapes), list(shapes.values()), k=count):
        yield make()


def _of(known: _Interests, random: Random, shape: str, clauses: Iterable[tuple[Iterable[int], Iterable[int]]]) -> Line:
    words = random.choices(known.words, k=shape.count("{}"))
    terms = [Term(Kind.WORDS, (word,)) for word in words]
    alternatives = [(tuple(terms[n] for n in wanted), tuple(terms[n] for n in others)) for wanted, others in clauses]
    return Line(shape.format(*words), tuple(alternatives))


def _one(shape: str, term: Term) -> Line:
    return Line(shape.format(" ".join(term.words)), (((term,), ()),))


def _phrase(words: tuple[str, ...]) -> Line:
    return _one('"{}"', Term(Kind.WORDS, words))


def _beginning(*words: str) -> Line:
    *whole, last = words
    term = Term(Kind.BEGINNING, (*whole, last[: max(3, len(last) - 2)]))
    return Line("-".join(term.words) + "*", (((term,), ()),))


def _with_category(word: str, category: str) -> Line:
    terms = (Term(Kind.WORDS, (word,)), Term(Kind.CATEGORY, (category,)))
    return Line(f"{word} cat:{category}", ((terms, ()),))
