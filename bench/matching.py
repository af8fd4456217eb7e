"""Matches the papers of a day, beside SQLite's FTS5 and a naive loop: `python -m bench.matching [COUNT...]`.

The papers and the words of the lines come from the real digests in the folder that PAPERWIRE_SHARED names, or, without
it, from a made-up vocabulary. Lines of plain words, which mean the same to all three, must find the same papers.
"""

import re
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from random import Random

from bench._calibration import real_papers
from bench._timing import timed
from subscriptions.matching.paper_index import PaperIndex, TokenizedPapers
from subscriptions.model import Paper, Summary
from subscriptions.query.parse import parse_query
from subscriptions.text import words as normalize
from subscriptions.text.stems import stem

PAPERS = 180
AIM = 5  # times as fast as the naive loop
# what people type, how often, and how FTS5 is asked for it; numbers stand for words of titles
SHAPES = {
    "{0}": (24, '"{0}"'),
    "{0} {1}": (24, '"{0}" AND "{1}"'),
    "{0} {1} {2}": (6, '"{0}" AND "{1}" AND "{2}"'),
    '"{pair}"': (10, '"{pair}"'),
    '"{pair} {0}"': (5, '"{pair} {0}"'),
    "{0} OR {1}": (5, '"{0}" OR "{1}"'),
    "({0} OR {1}) {2}": (3, '("{0}" OR "{1}") AND "{2}"'),
    "{0} -{1}": (4, '"{0}" NOT "{1}"'),
    "{0} cat:{category}": (5, '"{0}" AND category : "{category}"'),
    "ti:{0}": (3, 'title : "{0}"'),
    "{beginning}*": (3, '"{beginning}" *'),
    'author:"{author}"': (3, 'author : "{author}"'),
    'author:"{initial}"': (0.8, 'author : "{initial}"'),
    "{0}-{beginning}*": (0.5, '"{0} {beginning}" *'),
    "{chinese}": (5, '"{chinese}"'),
}
_GRAMMAR = re.compile(r"\b(?:ti|cat|author):|\bOR\b|[^\w\s.]")


def main(counts: tuple[int, ...]) -> int:
    """Prints some lines for each count. Returns 1 if the aim is missed. Raises AssertionError if results differ."""
    papers = real_papers() or made_up_papers(2 * PAPERS)
    reached = [compared(count, dict(lines(papers, count, Random(20260122))), papers[:PAPERS]) for count in counts]
    return int(not all(reached))


def compared(count: int, typed: dict[str, str], papers: list[Paper]) -> bool:
    """`typed`: each line, and how FTS5 is asked for it; `count`: how many they are with those typed again."""
    different = list(typed)
    queries, parsing = timed(lambda: [parse_query(line) for line in different])
    index, indexing = timed(lambda: PaperIndex(TokenizedPapers.of(papers)))
    found, matching = timed(lambda: [index.found_by(query) for query in queries])
    words = [_GRAMMAR.sub(" ", line).split() for line in different]
    texts = [text_of(paper).lower() for paper in papers]
    naive, slowly = timed(lambda: by_naive_loop(words, texts))
    full_text, by_sqlite = timed(lambda: by_fts5(typed.values(), papers))
    numbers, plain = comparable(different, papers)
    for number in numbers:
        assert found[number] & plain == naive[number] & plain == full_text[number] & plain, different[number]
    times = slowly / (indexing + matching)
    print(
        f"{count:,} lines, {len(different):,} different, x {len(papers)} papers: parsing {parsing:.2f} s, index {indexing:.2f} s, "
        f"match {matching:.3f} s, {sum(bits.bit_count() for bits in found):,} pairs\n"
        f"FTS5 {by_sqlite:.2f} s; FTS5 / ours = {by_sqlite / (indexing + matching):.1f}\n"
        f"naive loop {slowly:.2f} s; naive / ours = {times:.1f} (aim: {AIM}); all equal for {len(numbers):,} lines"
    )
    return times >= AIM


def by_naive_loop(asked: list[list[str]], texts: list[str]) -> list[int]:
    """Searches all words of each line in the text of each paper. Returns the papers of each line, as bits."""
    return [
        sum(1 << place for place, text in enumerate(texts) if all(word in text for word in words)) for words in asked
    ]


def by_fts5(asked: Iterable[str], papers: list[Paper]) -> list[int]:
    """Asks an index of SQLite. Returns the papers of each question, as bits."""
    index = sqlite3.connect(":memory:")
    index.execute("CREATE VIRTUAL TABLE paper USING fts5(title, abstract, author, category)")
    rows = (
        (number, paper.title, text_of(paper), "; ".join(paper.authors), "; ".join(paper.categories))
        for number, paper in enumerate(papers)
    )
    index.executemany("INSERT INTO paper(rowid, title, abstract, author, category) VALUES (?, ?, ?, ?, ?)", rows)
    find = "SELECT rowid FROM paper WHERE paper MATCH ?"
    return [sum(1 << place for (place,) in index.execute(find, (question,))) for question in asked]


def comparable(typed: list[str], papers: list[Paper]) -> tuple[list[int], int]:
    """Returns the numbers of lines that have the same meaning for all, and the set of papers that do.

    Each word of these lines is plain and occurs in the papers, but not within a longer word and not in a name. The
    papers have no TeX.
    """
    day = {word for paper in papers for word in normalize.written_tokens(text_of(paper))}
    stems, letters = Counter(map(stem, day)), " ".join(day)
    names = {word for paper in papers for name in paper.authors for word in normalize.written_tokens(name)}
    plain = sum(1 << place for place, paper in enumerate(papers) if not {*"\\{}$'’-_"} & {*text_of(paper)})
    known: dict[str, bool] = {}

    def means_itself(word: str) -> bool:
        if word not in known:
            known[word] = word in day - names and stems[stem(word)] == letters.count(word) == 1
        return known[word]

    return [n for n, line in enumerate(typed) if all(is_word(one) and means_itself(one) for one in line.split())], plain


def is_word(token: str) -> bool:
    return token.isascii() and token.isalpha() and len(token) >= 3


def text_of(paper: Paper) -> str:
    summaries = (text for summary in paper.summaries for text in summary.fields.values())
    return " ".join([paper.title, paper.abstract, *summaries])


def lines(papers: list[Paper], count: int, random: Random) -> Iterator[tuple[str, str]]:
    """Yields (a query as people type it, how FTS5 is asked for it): most are words, some use the whole language.

    Words are as frequent as in titles, without those that many papers have.
    """
    titles = [[word for word in normalize.written_tokens(paper.title) if is_word(word)] for paper in papers]
    spread = Counter(word for paper in papers for word in set(normalize.written_tokens(paper.abstract)))
    common = {word for word, papers_with in spread.items() if papers_with > len(papers) / 5}
    words = [word for title in titles for word in title if word not in common]
    pairs = [pair for title in titles for pair in pairwise(title) if not common & {*pair}]
    authors = [name for paper in papers for name in paper.authors]
    parts = [name.split() for name in authors]
    initials = [f"{name[0][0]}. {name[-1]}" for name in parts if len(name) > 1 and is_word(name[-1])]
    categories = sorted({category for paper in papers for category in paper.categories})
    texts = [text for paper in papers for summary in paper.summaries for text in summary.fields.values()]
    chinese = re.findall("[\u4e00-\u9fff]{4}", " ".join(texts))
    for shape in random.choices(list(SHAPES), [weight for weight, _ in SHAPES.values()], k=count):
        some = random.choices(words, k=4)
        values = {
            "pair": " ".join(random.choice(pairs)),
            "category": random.choice(categories),
            "beginning": some[3][: max(3, len(some[3]) - 2)],
            "author": random.choice(authors),
            "initial": random.choice(initials),
            "chinese": random.choice(chinese)[: random.randint(2, 4)],
        }
        yield shape.format(*some, **values), SHAPES[shape][1].format(*some, **values)


def made_up_papers(count: int) -> list[Paper]:
    """Returns papers of made-up words, with frequencies as in a language, and with summaries of Chinese characters."""
    random = Random(1)
    syllables = [consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeiou"]
    words = ["".join(random.choices(syllables, k=random.randint(1, 4))) for _ in range(8000)]
    characters = [chr(0x4E00 + n) for n in range(1500)]
    popularity = [1 / (place + 3) for place in range(8000)]

    def some(of: list[str], length: int, between: str) -> str:
        return between.join(random.choices(of, popularity[: len(of)], k=length))

    return [
        Paper(
            key=f"2601.{number:05}",
            title=some(words, 10, " "),
            abstract=some(words, 180, " "),
            authors=tuple(some(words, 2, " ").title() for _ in range(5)),
            categories=(random.choice(["cs.LG", "cs.CV", "cs.CL", "stat.ML", "eess.SP"]),),
            summaries=(Summary(language="zh", fields={"tldr": some(characters, 180, "")}),),
        )
        for number in range(count)
    ]


if __name__ == "__main__":
    sys.exit(main(tuple(map(int, sys.argv[1:])) or (10_000,)))
