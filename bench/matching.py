"""Measures how fast the papers of a day are matched with queries: `python -m bench.matching [QUERIES]`.

10,000 queries against 180 papers, paperwire beside a naive loop. The papers and the words of the
queries come from the real digests in the folder that PAPERWIRE_SHARED names, else from a made-up vocabulary. What both
can express, queries of plain words that stand in no longer word of the day, must give the same papers.
"""

import gc
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import TypeVar

from bot.digests import read_digest
from subscriptions.matching import PaperIndex, QuerySet, match, merge_copies
from subscriptions.model import Paper, Summary
from subscriptions.normalize import fold_plural, written_tokens
from subscriptions.query import Query, parse_query

AIM = 50  # times the naive loop
FAIR = 1.5  # the two ways to write the naive loop may not be further apart
PAPERS = 180

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Line:
    """A typed query, and the words that the naive loop looks for instead."""

    text: str
    words: tuple[str, ...]

    @property
    def is_plain(self) -> bool:
        return self.text == " ".join(self.words)


def naive(queries: Sequence[Sequence[str]], texts: Sequence[str]) -> list[list[int]]:
    """Returns the positions of the texts with all words of each query: the naive loop that paperwire is compared with."""
    return [[n for n, text in enumerate(texts) if all(word in text for word in words)] for words in queries]


def naive_pairs(queries: Sequence[Sequence[str]], texts: Sequence[str]) -> list[list[int]]:
    """Returns the same for queries of two words, in the shortest code: it shows that `naive` is not needlessly slow."""
    return [[n for n, text in enumerate(texts) if a in text and b in text] for a, b in queries]


def main(count: int = 10_000) -> int:
    """Prints the table. Returns 1 if the aim is missed or `naive` is needlessly slow; raises if results differ."""
    everything = _real_papers() or _made_up_papers(2 * PAPERS)
    papers = everything[:PAPERS]
    lines = list(_lines(everything, count, Random(20260122)))
    index, reading = _timed(lambda: PaperIndex.of(papers))
    queries, parsing = _timed(lambda: [parse_query(line.text) for line in lines])
    wanted, filing = _timed(lambda: QuerySet(queries))
    handles = [wanted.add(query) for query in queries]
    found, matching = _best(lambda: match(wanted, index), 7)

    texts = [_text(paper).lower() for paper in papers]
    words = [line.text.lower().split() if line.is_plain else list(line.words) for line in lines]
    guessed, naively = _best(lambda: naive(words, texts), 1)
    pairs = [two for two in words if len(two) == 2][:1000]
    (_, one_way), (_, other_way) = _best(lambda: naive(pairs, texts), 5), _best(lambda: naive_pairs(pairs, texts), 5)

    compared = _compared(lines, guessed, [found.get(handle, 0) for handle in handles], index)
    pairs_found = sum(bits.bit_count() for bits in found.values())
    print(
        f"{count:,} queries ({len(wanted):,} different) x {len(papers)} papers, {pairs_found:,} pairs of the different ones"
    )
    _row("papers to words and features", reading, f"{reading / len(papers) * 1e3:.2f} ms a paper")
    _row("lines to queries", parsing, f"{parsing / count * 1e6:.0f} µs a line")
    _row("queries to a set", filing, f"{filing / count * 1e6:.1f} µs a query")
    _row("remove one and add it again", _changing(queries), "")
    _row("match", matching, f"{matching / count * 1e6:.2f} µs a query")
    _row("naive loop, `all(word in text for word in words)`", naively, f"{naively / matching:.0f} x match")
    _row(f"    {len(pairs):,} queries of two words", one_way, "")
    _row("    the same as `a in text and b in text`", other_way, f"{one_way / other_way:.2f} apart")
    print(
        f"equal results on {compared:,} plain queries ({compared / count:.0%}); the naive loop cannot express the others"
    )
    return 0 if naively >= AIM * matching and one_way <= FAIR * other_way and other_way <= FAIR * one_way else 1


def _row(name: str, seconds: float, note: str) -> None:
    print(f"  {name:50} {seconds * 1e3:10.3f} ms   {note}")


def _changing(queries: Sequence[Query]) -> float:
    """Returns the seconds to remove a query from a full set and to add it again: the mean of a thousand queries."""
    different = list({query.canonical: query for query in queries}.values())
    wanted = QuerySet(different)
    some = [(query, wanted.add(query)) for query in different[:: max(1, len(different) // 1000)]]
    for _, handle in some:
        wanted.remove(handle)  # the use that asking for the handle added
    start = time.perf_counter()
    for query, handle in some:
        wanted.remove(handle)
        wanted.add(query)
    return (time.perf_counter() - start) / len(some)


def _compared(lines: Sequence[Line], guessed: Sequence[Sequence[int]], found: Sequence[int], index: PaperIndex) -> int:
    """Returns the number of queries that `naive` can express, and checks that it finds the same papers for them.

    It can express plain words that are parts of no longer word of the day.
    """
    day = {word for paper in index.papers for text in _texts(paper) for word in written_tokens(text)}
    stems, letters = Counter(map(fold_plural, day)), " ".join(day)
    plain = {place for place, paper in enumerate(index.papers) if not {*"\\{}$'’"} & {*_text(paper)}}

    def means_itself(word: str) -> bool:
        return written_tokens(word) == [word] and stems[fold_plural(word)] == letters.count(word) == (word in day)

    compared = 0
    for line, places, bits in zip(lines, guessed, found, strict=True):
        if line.is_plain and all(map(means_itself, line.words)):
            assert plain.intersection(places) == plain.intersection(index.positions(bits)), line
            compared += 1
    return compared


# ---------------------------------------------------------------------------------------------------- papers and lines


def _real_papers() -> tuple[Paper, ...]:
    """Returns the papers of daily-arXiv digests, copies merged; () without PAPERWIRE_SHARED."""
    shared = os.environ.get("PAPERWIRE_SHARED")
    if not shared:
        return ()
    files = [Path(shared) / "seeds/daily_arxiv.md", *sorted((Path(shared) / "corpus/daily_md").glob("[dw]*.md"))]
    return merge_copies(paper for file in files for paper in read_digest(file.read_bytes(), file.name).entries)


def _made_up_papers(count: int) -> tuple[Paper, ...]:
    """Returns papers of made-up words, as frequent as words of a language are, with summaries of Han characters."""
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


def _texts(paper: Paper) -> list[str]:
    return [paper.title, paper.abstract, *(text for summary in paper.summaries for text in summary.fields.values())]


def _text(paper: Paper) -> str:
    return " ".join(_texts(paper))


class _Interests:
    """Generates words, phrases and names, as frequent as in titles, without words that most papers have."""

    def __init__(self, papers: Sequence[Paper]) -> None:
        titles = [[word for word in written_tokens(paper.title) if _is_word(word)] for paper in papers]
        spread = Counter(word for paper in papers for word in set(written_tokens(paper.abstract)))
        common = {word for word, papers_with in spread.items() if papers_with > len(papers) / 5}
        self.words = [word for title in titles for word in title if word not in common]
        self.pairs = [pair for title in titles for pair in pairwise(title) if not common & {*pair}]
        self.triples = [triple for title in titles for triple in zip(title, title[1:], title[2:], strict=False)]
        self.authors = [name for paper in papers for name in paper.authors]
        self.categories = sorted({category for paper in papers for category in paper.categories})
        texts = [text for paper in papers for summary in paper.summaries for text in summary.fields.values()]
        self.chinese = [
            text[n : n + 4] for text in texts for n in range(0, len(text) - 4, 3) if _is_han(text[n : n + 4])
        ]


def _is_word(token: str) -> bool:
    return token.isascii() and token.isalpha() and len(token) >= 3


def _is_han(text: str) -> bool:
    return all("\u4e00" <= char <= "\u9fff" for char in text)


def _lines(papers: Sequence[Paper], count: int, random: Random) -> Iterator[Line]:
    """Yields queries as people type them: most are one or two words, some use the rest of the query language."""
    known = _Interests(papers)
    shapes: dict[Callable[[], Line], int] = {
        lambda: _of(known, random, "{}"): 24,
        lambda: _of(known, random, "{} {}"): 24,
        lambda: _of(known, random, "{} {} {}"): 6,
        lambda: _phrase(random.choice(known.pairs)): 10,
        lambda: _phrase(random.choice(known.triples)): 5,
        lambda: _of(known, random, "{} OR {}"): 5,
        lambda: _of(known, random, "({} OR {}) {}"): 3,
        lambda: _of(known, random, "{} -{}"): 4,
        lambda: _of(known, random, "{} cat:" + random.choice(known.categories)): 5,
        lambda: _of(known, random, "ti:{}"): 3,
        lambda: _beginning(random.choice(known.words)): 3,
        lambda: Line(f'author:"{random.choice(known.authors)}"', ("author",)): 3,
        lambda: _chinese(random.choice(known.chinese), random.randint(2, 4)): 5,
    }
    for make in random.choices(list(shapes), list(shapes.values()), k=count):
        yield make()


def _of(known: _Interests, random: Random, shape: str) -> Line:
    words = tuple(random.choices(known.words, k=shape.count("{}")))
    return Line(shape.format(*words), words)


def _phrase(words: tuple[str, ...]) -> Line:
    return Line(f'"{" ".join(words)}"', words)


def _beginning(word: str) -> Line:
    start = word[: max(3, len(word) - 2)]
    return Line(f"{start}*", (start,))


def _chinese(text: str, length: int) -> Line:
    return Line(text[:length], (text[:length],))


# --------------------------------------------------------------------------------------------------------------- timing


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    return _best(work, 1)


def _best(work: Callable[[], T], times: int) -> tuple[T, float]:
    took = []
    for _ in range(times):
        gc.collect()
        start = time.perf_counter()
        result = work()
        took.append(time.perf_counter() - start)
    return result, min(took)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
