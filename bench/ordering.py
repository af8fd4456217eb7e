"""Compares our order of papers with other orders, with simulated readers.

    python -m bench.ordering [READERS]

Each reader has a broad subscription, such as a category, and a narrower hidden interest: a query made of words of
titles. In the first half of the days, the reader likes a fifth of the papers that match the interest. Then each order
sorts the subscription's papers of each later day, and the average precision tells how near to the top the papers of the
interest are. Each order knows only the subscription, the papers of the first days and the likes.

- newest first: the reverse order of the digest
- BM25 (bm25s): a search in the papers so far, for the words of the subscription and of the liked titles
- SVM (scikit-learn): words and pairs of words with tf-idf, trained on the papers of the first days as liked or not; the
  result is for the best of three strengths of regularisation, which could not be known in practice
- the same three orders with a library instead of the likes: all papers of the interest in the first days, and the papers
  of these days that BM25 finds nearest to their titles, together 200
- only the fit, our order, and the order of `/like` with the first three liked papers

There are two sets of papers: those of the digests in the folder that PAPERWIRE_SHARED names, each on its own day, and
made-up papers. The words of made-up papers have frequencies as in a real language, mixed with words of two of sixty
topics. Times are processor time.
"""

import json
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from functools import cache
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from subscriptions.matching.word_weights import SAMPLE, Rarity, words_of
from subscriptions.taste import WEIGHT

from bench._timing import timed
from bot.digests import read_digest
from bot.errors import UnknownFormat
from bot.library.files import read_library
from subscriptions.matching import profiles
from subscriptions.matching.fit import fit
from subscriptions.matching.paper_index import TokenizedPapers
from subscriptions.matching.reasons import HitFinder
from subscriptions.model import Paper
from subscriptions.normalize import tokens
from subscriptions.query import TEXT, parse
from subscriptions.query.tree import Query

LEAST_OF_DAY = 25  # papers; a day with fewer is left out, as it is an excerpt
LIKED = 0.2
OF_LIBRARY = 200  # papers
LEAST_EARLY = 10  # papers of the interest in the first days, so that at least two are liked
LEAST_LATE = 4  # papers of the interest in the later days
EXAMPLES = 3  # papers that `/like` names
REGULARISATIONS = (0.01, 0.1, 1.0)
SHAPES = ("{} {}", '"{} {}"', "{} OR {}", "({} OR {}) {}", "{} -{}", "{}")

Days = list[list[Paper]]
Order = Callable[["Reader"], Iterator[float]]


class Reader(NamedTuple):
    """A simulated reader."""

    query: Query  # the subscription
    early: list[Paper]  # the papers of the subscription in the first days
    liked: list[Paper]
    library: list[Paper]
    late: list[list[Paper]]  # the papers of the subscription on each later day
    wanted: list[set[str]]  # the keys of the papers, on each later day, that match the interest


def main() -> int:
    amount = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    for what, days in (("real", real_days()), ("made-up", made_up_days())):
        if not days:
            print(f"{what} papers: none; PAPERWIRE_SHARED names no folder of digests")
            continue
        readers = list(of_days(days, amount, Random(17)))
        print(f"{what} papers: {sum(map(len, days)):,} of {len(days)} days, {len(readers)} readers")
        compare(readers, ORDERS)
        print(f"  with a library of {OF_LIBRARY} papers")
        compare([reader._replace(liked=reader.library) for reader in readers], ORDERS_BY_LIBRARY)
    measure_time()
    return 0


def compare(readers: list[Reader], orders: dict[str, Order]) -> None:
    precisions: dict[str, list[float]] = defaultdict(list)
    for reader in readers:
        for name, ordered in orders.items():
            for found in ordered(reader):
                precisions[name].append(found)
    means = {name: sum(values) / len(values) for name, values in precisions.items()}
    svm = max(REGULARISATIONS, key=lambda strength: means[f"SVM {strength}"])
    means[f"SVM, C = {svm}"] = means[f"SVM {svm}"]
    print("  average precision      mean  x newest  x SVM")
    for name, mean in means.items():
        if not name.startswith("SVM ") or name.startswith("SVM,"):
            print(f"  {name:<20} {mean:6.3f} {mean / means['newest first']:9.2f} {mean / means[f'SVM {svm}']:6.2f}")


def precisions_by(reader: Reader, scores: Callable[[list[Paper]], list[float]]) -> Iterator[float]:
    """Yields the average precision of each later day with a wanted paper, with papers sorted by score, highest first."""
    for day, wanted in zip(reader.late, reader.wanted, strict=True):
        if wanted:
            scored_papers = zip(scores(day[::-1]), day[::-1], strict=True)
            in_order = sorted(scored_papers, key=lambda pair: pair[0], reverse=True)
            yield average_precision([paper.key for _, paper in in_order], wanted)


def average_precision(keys: list[str], wanted: set[str]) -> float:
    found, total = 0, 0.0
    for place, key in enumerate(keys, start=1):
        if key in wanted:
            found += 1
            total += found / place
    return total / len(wanted)


def newest_first(reader: Reader) -> Iterator[float]:
    return precisions_by(reader, lambda day: [0.0] * len(day))


def bm25(reader: Reader) -> Iterator[float]:
    asked = [word for paper in reader.liked for word in tokens(paper.title)]
    asked += [word for one in reader.query.alternatives for term in one.positive for word in term.tokens]
    return precisions_by(reader, lambda day: scores_by_bm25((*reader.early, *day), asked)[len(reader.early) :])


def scores_by_bm25(papers: tuple[Paper, ...], asked: list[str]) -> list[float]:
    """Returns the score of each paper for the words of a search in all of them."""
    engine: Any = import_module("bm25s").BM25()
    engine.index([words(paper) for paper in papers], show_progress=False)
    return [float(score) for score in engine.get_scores(asked)]


def svm(strength: float) -> Order:
    def ordered(reader: Reader) -> Iterator[float]:
        liked = {paper.key for paper in reader.liked}
        texts, machines = import_module("sklearn.feature_extraction.text"), import_module("sklearn.svm")
        vectors: Any = texts.TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), max_features=20_000)
        known = {paper.key: paper for paper in (*reader.early, *reader.liked)}.values()
        early = vectors.fit_transform([" ".join(words(paper)) for paper in known])
        learned: Any = machines.LinearSVC(C=strength, class_weight="balanced", max_iter=10_000)
        learned.fit(early, [paper.key in liked for paper in known])

        def scores(day: list[Paper]) -> list[float]:
            return list(learned.decision_function(vectors.transform([" ".join(words(paper)) for paper in day])))

        return precisions_by(reader, scores)

    return ordered


def ours(*, liked: int | None, with_fit: bool) -> Order:
    """Returns the order by our score, with the first `liked` of the liked papers; None: all of them."""

    def ordered(reader: Reader) -> Iterator[float]:
        rarity = Rarity.among(words_of(paper) for paper in reader.early[-SAMPLE:])
        taste = profiles.profile_of(((1.0, words_of(paper)) for paper in reader.liked[:liked]), rarity)
        query = reader.query if with_fit else None
        return precisions_by(reader, lambda day: scored(TokenizedPapers.of(day), query, taste, rarity))

    return ordered


def by_library(reader: Reader) -> Iterator[float]:
    """The order by our score, with the taste from the file of a library."""
    rarity = Rarity.among(words_of(paper) for paper in reader.early[-SAMPLE:])
    file = json.dumps([{"title": paper.title, "abstract": paper.abstract} for paper in reader.liked])
    taste = profiles.profile_of((), rarity, read_library(file.encode()).words)
    return precisions_by(reader, lambda day: scored(TokenizedPapers.of(day), reader.query, taste, rarity))


def scored(papers: TokenizedPapers, query: Query | None, taste: profiles.Profile, rarity: Rarity) -> list[float]:
    return [
        (fit(query, finder_of(paper).places(query), rarity) if query else 0.0)
        + WEIGHT * profiles.nearness(taste, words.folded[TEXT])
        for paper, words in zip(papers.papers, papers.tokenized, strict=True)
    ]


@cache
def finder_of(paper: Paper) -> HitFinder:
    return HitFinder(paper)


COMPARED: dict[str, Order] = {
    "newest first": newest_first,
    "BM25": bm25,
    **{f"SVM {strength}": svm(strength) for strength in REGULARISATIONS},
}
ORDERS: dict[str, Order] = {
    **COMPARED,
    "fit alone": ours(liked=0, with_fit=True),
    "our order": ours(liked=None, with_fit=True),
    "/like three papers": ours(liked=EXAMPLES, with_fit=False),
}
ORDERS_BY_LIBRARY: dict[str, Order] = {**COMPARED, "/library": by_library}


@cache
def words(paper: Paper) -> list[str]:
    return [*tokens(paper.title), *tokens(paper.abstract)]


def of_days(days: Days, amount: int, chance: Random) -> Iterator[Reader]:
    """Yields readers whose subscription and interest have enough papers on these days."""
    papers = TokenizedPapers.of(paper for day in days for paper in day)
    day_of = [number for number, day in enumerate(days) for _ in day]
    middle = day_of[len(day_of) // 2] + 1
    having = Counter(word for paper in papers.papers for word in dict.fromkeys(words(paper)))
    titles = [tokens(paper.title) for paper in papers.papers]

    def names_topic(word: str) -> bool:
        return word.isascii() and word.isalpha() and len(word) > 2 and having[word] < len(papers.papers) / 5

    single = [word for title in titles for word in title if names_topic(word)]
    pairs = [pair for title in titles for pair in pairwise(title) if all(map(names_topic, pair))]
    codes = Counter(code for paper in papers.papers for code in paper.categories)
    broad = [f"cat:{code}" for code, often in codes.items() if often > len(papers.papers) / 12]
    common = [word for word, often in having.items() if 1 / 6 < often / len(papers.papers) < 1 / 2 and len(word) > 4]
    left = amount
    while left:
        subscription = parse.parse_query(" OR ".join(chance.sample(broad if chance.random() < 0.5 else common, 2)))
        brought = papers.matching(subscription)
        for _ in range(50):
            fulfil = {*papers.matching(wish(chance, single, pairs))} & {*brought}
            early = [place for place in brought if day_of[place] < middle]
            wanted = [place for place in early if place in fulfil]
            if LEAST_EARLY <= len(wanted) <= len(early) / 5 and len(fulfil) - len(wanted) >= LEAST_LATE:
                nearest = nearest_by_bm25(papers.papers, day_of.index(middle), wanted)
                late = [
                    [place for place in brought if day_of[place] == day] for day in range(middle, len(days))
                ]  # fmt: skip
                at = papers.papers
                yield Reader(
                    query=subscription,
                    early=[at[place] for place in early],
                    liked=[at[place] for place in chance.sample(wanted, int(len(wanted) * LIKED))],
                    library=[at[place] for place in [*wanted, *nearest][:OF_LIBRARY]],
                    late=[[at[place] for place in day] for day in late],
                    wanted=[{at[place].key for place in day if place in fulfil} for day in late],
                )
                left -= 1
                break


def nearest_by_bm25(papers: tuple[Paper, ...], end: int, wanted: list[int]) -> list[int]:
    """Returns the places before `end` without the wanted ones, those nearest to the titles of the wanted ones first."""
    scores = scores_by_bm25(papers[:end], [word for place in wanted for word in tokens(papers[place].title)])
    return sorted({*range(end)} - {*wanted}, key=lambda place: -scores[place])


def wish(chance: Random, single: list[str], pairs: list[tuple[str, str]]) -> Query:
    shape = chance.choice(SHAPES)
    some = chance.choice(pairs) if shape.startswith('"') else chance.choices(single, k=shape.count("{}"))
    return parse.parse_query(shape.format(*some))


def real_days() -> Days:
    """Returns the papers of the real digests that have a title and an abstract, each on the first day that has it."""
    shared = os.environ.get("PAPERWIRE_SHARED")
    days: dict[date, list[Paper]] = defaultdict(list)
    known: set[str] = set()
    for file in sorted(Path(shared).glob("corpus/*/*")) if shared else ():
        try:
            digest = read_digest(file.read_bytes(), file.name)
        except UnknownFormat:
            continue
        for paper in digest.entries:
            if digest.day and paper.title and len(paper.abstract) > 200 and paper.key not in known:
                known.add(paper.key)
                days[digest.day].append(replace(paper, summaries=(), translations=()))
    return [days[day] for day in sorted(days) if len(days[day]) >= LEAST_OF_DAY]


def made_up_days(amount: int = 10, papers: int = 180) -> Days:
    chance = Random(5)
    syllables = [consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeiou"]
    every = list(dict.fromkeys("".join(chance.choices(syllables, k=chance.randint(2, 4))) for _ in range(9000)))
    common = every[:3000]
    topics = [chance.sample(every[500:], 60) for _ in range(60)]

    def text(length: int, of_topic: float, first: list[str], second: list[str]) -> str:
        places = chance.choices((first, second, common), (of_topic, of_topic / 2, 1 - 1.5 * of_topic), k=length)
        return " ".join(chance.choices(place, popularity[: len(place)])[0] for place in places)

    popularity = [1 / (place + 3) for place in range(3000)]

    def made(number: int) -> Paper:
        one, other = chance.choices(range(60), popularity[:60], k=2)
        return Paper(
            key=f"2601.{number:05}",
            title=text(9, 0.4, topics[one], topics[other]),
            abstract=text(170, 0.2, topics[one], topics[other]),
            categories=(f"cs.{['AI', 'CL', 'CV', 'LG', 'IR', 'RO'][one % 6]}",),
        )

    return [[made(day * papers + number) for number in range(papers)] for day in range(amount)]


def measure_time(amount: int = 1000) -> None:
    """Prints how long it takes to order a day of papers that the matcher has already read."""
    (day,) = made_up_days(1, amount)
    papers = TokenizedPapers.of(day)
    rarity = Rarity.among(words_of(paper) for paper in day[:SAMPLE])
    taste = profiles.profile_of(((1.0, words_of(paper)) for paper in day[:50]), rarity)
    texts = [one.folded[TEXT] for one in papers.tokenized]
    _, near = timed(lambda: sorted(range(amount), key=lambda place: -profiles.nearness(taste, texts[place])))
    common = parse.parse_query(" OR ".join(sorted(rarity.having, key=lambda word: -rarity.having[word])[:3]))
    # the reasons of a delivery need these places as well, so finding them is not timed
    found = [HitFinder(paper).places(common) for paper in day]
    fits, fitting = timed(lambda: [fit(common, places, rarity) for places in found])
    assert any(fits)
    _, learning = timed(lambda: profiles.profile_of(((1.0, words_of(paper)) for paper in day[:100]), rarity))
    print(
        f"a day of {amount:,} papers: {near * 1000:.0f} ms for the taste and the order, {fitting * 1000:.0f} ms for the fit "
        "of three common words  (aim: 50)"
    )
    print(f"a taste of 100 papers, read anew: {learning * 1000:.0f} ms")


if __name__ == "__main__":
    sys.exit(main())
