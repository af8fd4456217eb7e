"""Compares our order of papers with other orders, with simulated readers whose interest nobody knows.

    python -m bench.ordering [PAPERS]

A reader is subscribed to all papers, and is interested in one category of arXiv, or in two. Nobody is told which: the
reader likes some papers of one half of the papers. Then each order sorts the other half, and the average precision
tells how near to the top the papers of the interest are.

- any order
- SVM (scikit-learn): words and pairs of words with tf-idf, trained on the first half as liked or not
- our order, by the liked papers
- with dislikes: our order, if as many other papers of the first half are disliked
- /library: our order, by the titles of the liked papers alone

Papers are those of the digests in the folder that PAPERWIRE_SHARED names, in two halves by chance. A paper costs some
60 ms of a processor. Times are processor time.
"""

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from itertools import combinations, islice
from random import Random
from statistics import mean
from typing import Any, NamedTuple

from bench._calibration import real_papers
from bench._timing import timed
from bot.embeddings.process import ChildEncoder
from subscriptions.matching import similarity as meaning
from subscriptions.matching.similarity import Judged, Taste
from subscriptions.model import Paper

LIKED = (1, 3, 10, 30)
LEAST = 10  # papers of each category of the interest in each half
WIDEST = 0.25  # of the papers; a wider interest is none
INTERESTS = 12  # at most, of each kind: one category, two categories
READERS = 3  # of each interest and number of liked papers
AT_ONCE = 50  # papers that are encoded together

Scores = Callable[[Paper], float]


class Reader(NamedTuple):
    """A simulated reader."""

    early: Sequence[Paper]
    liked: Sequence[Paper]
    disliked: Sequence[Paper]
    late: Sequence[Paper]  # the other half, which is sorted
    wanted: frozenset[str]  # the keys of the papers that match the interest
    titles: Mapping[str, bytes]  # key of a paper -> its title as a question


def main() -> int:
    most = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    papers = [
        replace(paper, summaries=(), translations=())
        for paper in real_papers()
        if paper.title and len(paper.abstract) > 200 and paper.categories
    ][:most]
    if not papers:
        print("no papers: PAPERWIRE_SHARED names no folder of digests")
        return 0
    encoder = ChildEncoder()
    batches = [papers[start : start + AT_ONCE] for start in range(0, len(papers), AT_ONCE)]
    papers = [paper for batch in batches for paper in encoded(encoder, batch)]
    titles = {key: title for batch in batches for key, title in asked(encoder, batch)}
    encoder.close()
    compare_all(papers, titles)
    measure_time(papers)
    return 0


def compare_all(papers: Sequence[Paper], titles: Mapping[str, bytes]) -> None:
    print(f"{len(papers):,} papers")
    for categories, what in ((1, "one category"), (2, "two categories")):
        compare(list(readers(papers, titles, categories, Random(17))), f"interested in {what}")


def encoded(encoder: ChildEncoder, papers: Sequence[Paper]) -> list[Paper]:
    return [replace(paper, meaning=code) for paper, code in zip(papers, encoder.papers(papers), strict=True)]


def asked(encoder: ChildEncoder, papers: Sequence[Paper]) -> Iterator[tuple[str, bytes]]:
    titles = encoder.questions([paper.title for paper in papers])
    return zip((paper.key for paper in papers), titles, strict=True)


def readers(papers: Sequence[Paper], titles: Mapping[str, bytes], categories: int, chance: Random) -> Iterator[Reader]:
    """Yields readers of some interests that have enough papers, for each number of liked papers."""
    mixed = chance.sample(papers, len(papers))
    early, late = mixed[: len(mixed) // 2], mixed[len(mixed) // 2 :]
    codes = sorted({code for paper in papers for code in paper.categories})
    enough = [code for code in codes if min(len(of((code,), half)) for half in (early, late)) >= LEAST]
    interests = [one for one in combinations(enough, categories) if len(of(one, late)) <= WIDEST * len(late)]
    for interest in chance.sample(interests, min(INTERESTS, len(interests))):
        wanted = of(interest, early)
        others = [paper for paper in early if paper not in wanted]
        keys = frozenset(paper.key for paper in of(interest, late))
        for most in LIKED:
            for _ in range(READERS if most <= len(wanted) else 0):
                yield Reader(early, chance.sample(wanted, most), chance.sample(others, most), late, keys, titles)


def of(interest: Sequence[str], papers: Sequence[Paper]) -> list[Paper]:
    return [paper for paper in papers if any(code in paper.categories for code in interest)]


def average_precision(are_wanted: Sequence[bool]) -> float:
    places = [place for place, is_wanted in enumerate(are_wanted, 1) if is_wanted]
    return mean(found / place for found, place in enumerate(places, 1))


def in_any_order(_: Reader) -> Scores:
    return lambda _: 0.0


def by_svm(reader: Reader) -> Scores:
    liked = {paper.key for paper in reader.liked}
    texts, machines = import_module("sklearn.feature_extraction.text"), import_module("sklearn.svm")
    vectors: Any = texts.TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), max_features=20_000)
    learned: Any = machines.LinearSVC(C=0.1, class_weight="balanced", max_iter=10_000)
    learned.fit(vectors.fit_transform(map(text_of, reader.early)), [paper.key in liked for paper in reader.early])
    values = learned.decision_function(vectors.transform(map(text_of, reader.late)))
    scores = dict(zip((paper.key for paper in reader.late), values, strict=True))
    return lambda paper: float(scores[paper.key])


def text_of(paper: Paper) -> str:
    return f"{paper.title} {paper.abstract}"


def judged(papers: Sequence[Paper]) -> Judged:
    return [(1.0, meaning.read_paper(paper.meaning)[0]) for paper in papers]


def by_taste(reader: Reader) -> Scores:
    return scored(Taste(judged(reader.liked)))


def with_dislikes(reader: Reader) -> Scores:
    return scored(Taste(judged(reader.liked), judged(reader.disliked)))


def by_library(reader: Reader) -> Scores:
    titles = (reader.titles[paper.key] for paper in reader.liked)
    return scored(Taste([(1.0, meaning.read_question(one).signs) for one in titles]))


def scored(taste: Taste) -> Scores:
    return lambda paper: taste.score(meaning.read_paper(paper.meaning))


ORDERS: dict[str, Callable[[Reader], Scores]] = {
    "any order": in_any_order,
    "SVM, C = 0.1": by_svm,
    "our order": by_taste,
    "with dislikes": with_dislikes,
    "/library": by_library,
}


def compare(some: list[Reader], what: str) -> None:
    """Prints the mean precision of each order, by the number of liked papers and of all readers."""
    found: dict[str, dict[int, list[float]]] = {name: defaultdict(list) for name in ORDERS}
    for reader in some:
        for name, order in ORDERS.items():
            in_order = sorted(reader.late, key=order(reader), reverse=True)
            found[name][len(reader.liked)].append(average_precision([one.key in reader.wanted for one in in_order]))
    print(f"{len(some)} readers {what}, by the number of papers that they liked")
    print("  average precision", *(f"{liked:>6}" for liked in LIKED), "   all")
    for name, of_order in found.items():
        every = [value for values in of_order.values() for value in values]
        print(f"  {name:<17}", *(f"{mean(values):6.3f}" for values in (*of_order.values(), every)))


def measure_time(papers: Sequence[Paper], amount: int = 1000) -> None:
    """Prints how long it takes to order a day of papers by the taste of a chat that judged a hundred."""
    taste = Taste(judged(papers[:80]), judged(papers[80:100]))
    codes = [meaning.read_paper(paper.meaning) for paper in islice(papers, amount)]
    _, seconds = timed(lambda: sorted(codes, key=taste.score))
    print(f"a day of {len(codes):,} papers, by a hundred judged ones: {seconds * 1000:.0f} ms  (aim: 50)")


if __name__ == "__main__":
    sys.exit(main())
