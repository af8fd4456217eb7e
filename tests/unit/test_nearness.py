"""How near a paper is in meaning to a question or another paper: the bits, and what queries with `about:` and `like:` find."""

from collections.abc import Sequence
from math import hypot
from operator import mul

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from subscriptions.matching import reasons
from subscriptions.matching import similarity as meaning
from subscriptions.matching import term_matching as fulfilment
from subscriptions.matching.paper_index import PaperIndex, TokenizedPapers, matching_papers
from subscriptions.model import Paper
from subscriptions.query import LIKE
from subscriptions.query.parse import parse_query
from subscriptions.query.rewriting import with_vectors
from subscriptions.query.tree import Query

ALL = b"\xff" * 64
NONE = bytes(64)
HALF = b"\xff" * 32 + bytes(32)
codes = st.binary(min_size=64, max_size=64)
papers = st.lists(codes, min_size=2, max_size=5).map(b"".join)


def question(signs: bytes, large: bytes = NONE, huge: bytes = NONE, least: float = 0.25) -> bytes:
    plus, more, most = (int.from_bytes(mask, "little") for mask in (signs, large, huge))
    return meaning.write_question(meaning.Question.of(plus, more | most, most, least))


def asking(text: str, vector: bytes) -> Query:
    """Returns a query whose terms that need vectors have this one."""
    query = parse_query(text)
    return with_vectors(query, dict.fromkeys(query.nearness_terms, vector))


@pytest.mark.parametrize(
    ("vector", "codes", "near"),
    [
        (question(ALL), ALL + ALL, 1.0),
        (question(ALL), ALL + NONE + ALL, 1.0),  # the best part counts
        (question(ALL), ALL + HALF, 0.5 + 0.5 * (0.7 / 1.7 - 0.25) / 0.75),
        (question(ALL, least=0.5), HALF + ALL, 0.5 + 0.5 * (1 / 1.7 - 0.5) / 0.5),
        (question(ALL, least=0.7 / 1.7), ALL + HALF, 0.5),  # exactly near
        (question(ALL), HALF + HALF, 0.0),
        (question(ALL), NONE + NONE, 0.0),  # the opposite, not below 0
        (question(ALL), b"", 0.0),
    ],
)
def test_nearness(vector: bytes, codes: bytes, near: float) -> None:
    found = meaning.nearness(meaning.read_question(vector), meaning.read_paper(codes))
    assert found == pytest.approx(near, abs=1e-6)


def as_bits(code: bytes) -> list[bool]:
    return [bool(byte >> bit & 1) for byte in code for bit in range(8)]


def as_signs(code: bytes) -> list[int]:
    return [1 if bit else -1 for bit in as_bits(code)]


def cosine(one: Sequence[float], other: Sequence[float]) -> float:
    return float(sum(map(mul, one, other))) / (hypot(*one) * hypot(*other))


@given(codes, codes, codes, codes)
def test_similarity_is_the_cosine_of_the_values(signs: bytes, large: bytes, huge: bytes, code: bytes) -> None:
    more, most = as_bits(large), as_bits(huge)
    sizes = [2.5 if most[n] else 1.5 if more[n] else 0.5 for n in range(len(more))]
    wide = [sign * size for sign, size in zip(as_signs(signs), sizes, strict=True)]
    read = meaning.read_question(question(signs, large, huge))
    assert meaning.similarity(read, int.from_bytes(code, "little")) == pytest.approx(cosine(wide, as_signs(code)))
    (of_paper,) = meaning.read_questions(meaning.question_of_paper(signs + code))
    assert meaning.similarity(of_paper, int.from_bytes(code, "little")) == pytest.approx(
        cosine(as_signs(signs), as_signs(code))
    )


@given(codes, codes, codes, papers, st.floats(0.0625, 0.875, width=32))
@example(ALL, NONE, NONE, ALL + ALL, 0.25)
def test_each_way_to_match_finds_what_is_near(
    signs: bytes, large: bytes, huge: bytes, paper: bytes, least: float
) -> None:
    vector = question(signs, large, huge, least)
    query, excluding = asking("about:tides", vector), asking("a -about:tides", vector)
    known = Paper(key="1", title="A", meaning=paper)
    near = meaning.nearness(meaning.read_question(vector), meaning.read_paper(paper)) >= meaning.NEAR
    tokens = fulfilment.tokenize(known)
    assert (fulfilment.fits(query, tokens), fulfilment.fits(excluding, tokens)) == (near, not near)
    index = PaperIndex(TokenizedPapers.of([known]))
    assert (index.found_by(query), index.found_by(excluding)) == (near, not near)


LIKE_BOTH = meaning.question_of_paper(ALL + ALL) + meaning.question_of_paper(NONE + NONE)


@pytest.mark.parametrize(
    ("paper", "near"),
    [
        (Paper(key="2601.00003", meaning=ALL + ALL), 1.0),  # to the first
        (Paper(key="2601.00003", meaning=NONE + HALF + NONE), 1.0),  # to the second
        (Paper(key="2601.00003", meaning=HALF + HALF), 0.0),
        (Paper(key="2601.00003"), 0.0),
        (Paper(key="2601.00001", arxiv_id="2601.00001", meaning=ALL + ALL), 0.0),  # one of them
        (Paper(key="doi:10.1234/abc", doi="10.1234/ABC", meaning=ALL + ALL), 0.0),
        (Paper(key="2601.00003", doi="10.1234/xyz", meaning=ALL + ALL), 1.0),
    ],
)
def test_a_paper_is_near_to_the_nearest_of_several_papers_and_to_itself_never(paper: Paper, near: float) -> None:
    query = asking("like:2601.00001,10.1234/abc", LIKE_BOTH)
    (term,) = query.terms
    assert fulfilment.nearness_to(term, fulfilment.tokenize(paper)) == pytest.approx(near)
    is_near = near >= meaning.NEAR
    assert PaperIndex(TokenizedPapers.of([paper])).found_by(query) == is_near
    assert matching_papers(query, [paper]) == ((0,) if is_near else ())
    assert bool(reasons.unfulfilled_parts(query, paper)) is not is_near
    assert reasons.why(query, paper) == ((reasons.Hit(LIKE, ("10.1234/abc,2601.00001",), near=1.0),) if is_near else ())
