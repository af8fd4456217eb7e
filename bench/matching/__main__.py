"""Matches the papers of a day with queries, and compares with the naive loop: `python -m bench.matching [COUNT...]`.

The papers and the words of the lines come from the real digests in the folder that PAPERWIRE_SHARED names, or, without it,
from a made-up vocabulary. Lines that have the same meaning for both must find the same papers.
"""

import sys
from random import Random

from bench._timing import timed
from bench.matching.lines import Line, comparable, lines, made_up_papers, real_papers, terms_of, text_of
from subscriptions.matching.paper_index import PaperIndex, TokenizedPapers
from subscriptions.model import Paper
from subscriptions.query.parse import parse_query

PAPERS = 180
AIM = 5  # times as fast as the naive loop


def main(counts: tuple[int, ...] = (10_000,)) -> int:
    """Prints a line for each count. Returns 1 if the aim is missed. Raises AssertionError if results differ."""
    papers = real_papers() or made_up_papers(2 * PAPERS)
    reached = [_compared(list(lines(papers, count, Random(20260122))), papers[:PAPERS]) for count in counts]
    return int(not all(reached))


def _compared(typed: list[Line], papers: tuple[Paper, ...]) -> bool:
    different = list({line.text: line for line in typed}.values())
    queries, parsing = timed(lambda: [parse_query(line.text) for line in different])
    index, indexing = timed(lambda: PaperIndex(TokenizedPapers.of(papers)))
    found, matching = timed(lambda: [index.found_by(query) for query in queries])
    naive, slowly = timed(lambda: _by_the_naive_loop(different, papers))
    numbers, plain = comparable(different, list(papers))
    for number in numbers:
        assert found[number] & plain == naive[number] & plain, different[number]
    times = slowly / (indexing + matching)
    print(
        f"{len(typed):,} lines, {len(different):,} different, x {len(papers)} papers: parsing {parsing:.2f} s, index {indexing:.2f} s, "
        f"match {matching:.3f} s, {sum(bits.bit_count() for bits in found):,} pairs\n"
        f"naive loop {slowly:.2f} s; naive / ours = {times:.1f} (aim: {AIM}); equal for {len(numbers):,} lines"
    )
    return times >= AIM


def _by_the_naive_loop(typed: list[Line], papers: tuple[Paper, ...]) -> list[int]:
    """Searches all words of each line in the text of each paper, in lower case. Returns the papers of each line, as bits."""
    texts = [text_of(paper).lower() for paper in papers]
    found = []
    for line in typed:
        words = [word for term in terms_of(line) for word in term.words]
        found.append(sum(1 << place for place, text in enumerate(texts) if all(word in text for word in words)))
    return found


if __name__ == "__main__":
    sys.exit(main(tuple(map(int, sys.argv[1:])) or (10_000,)))
