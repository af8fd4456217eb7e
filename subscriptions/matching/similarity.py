"""How near a paper is in meaning to a question, to another paper, and to what a chat likes.

An encoder (`bot.models`) turns a text into 512 numbers, and rounds them. Of a paper it keeps one bit for each
number: its sign. Of a question it keeps three bits: the sign, and whether the value is large, or huge. Comparing them
means counting bits, which takes 0.3 µs and no NumPy (25 MB of memory).

    paper     64 bytes for the whole paper, 64 for its title, 64 for each sentence of its abstract
    question  64 bytes of signs, 64 of large values, 64 of huge ones, 4 bytes: the similarity from which a paper is near

A paper that others are compared with is a question, too, whose signs are those of the whole paper.

The score of taste is half the mean of the nearness to all that a chat liked, and half that to the three nearest of
them, less a quarter of the nearness to the nearest of what it disliked. The mean tells the field, the nearest tell one
of several interests. If a dislike counted as much as a like, readers who dislike papers at random would get a worse
order than without (bench.ordering).

The best sentence counts, because a question is often about one thing that a paper does. Measured with Chinese questions
over English papers: `bench.meaning`.
"""

import struct
from collections.abc import Iterable, Sequence
from functools import lru_cache
from heapq import nlargest
from math import sqrt
from typing import NamedTuple

DIMENSIONS = 512
SIZE = DIMENSIONS // 8  # bytes of one code
QUESTION_SIZE = 3 * SIZE + 4
NEAR = 0.5  # nearness from which a paper is near, the same for all encoders
# Nearness from which an answer shows a paper: who asks wants the nearest, even if it is not near enough to be announced.
# Of texts that are no subject ("asdfgh"), few papers are nearer.
WORTH_SHOWING = 0.35
# Similarity of a paper and another one, asked as a question, from which they are near, as are 1 % of pairs.
LEAST_OF_PAPERS = 0.22
WEIGHT_OF_WHOLE = 0.7  # of the whole paper, beside 1 for its best sentence

# of each paper that a chat liked or disliked: how much, the code of the whole paper
Judged = Sequence[tuple[float, int]]
NEAREST = 3  # liked papers that count as the nearest
AGAINST = 0.25  # how much the nearest disliked paper counts


class Question(NamedTuple):
    """The vector of a question. Each value is 0.5, if it is large 1.5, and if it is huge 2.5, with its sign."""

    signs: int
    large: int
    huge: int  # they are large, too
    least: float  # the similarity from which a paper is near
    highest: float  # the similarity to a code of the same signs
    step: float  # how much lower the similarity is for each step of distance

    @classmethod
    def of(cls, signs: int, large: int, huge: int, least: float) -> "Question":
        """Return a question with the two numbers that turn distances into cosines."""
        larger, largest = large.bit_count(), huge.bit_count()
        length = sqrt((DIMENSIONS + 8 * larger + 16 * largest) * DIMENSIONS)  # of twice the values, and of a code
        return cls(signs, large, huge, least, (DIMENSIONS + 2 * larger + 2 * largest) / length, 2 / length)


def question_of_paper(codes: bytes) -> bytes:
    """Return what is near to a paper, as the bytes of a question; b"" for a paper without codes."""
    return codes[:SIZE] + bytes(2 * SIZE) + struct.pack("<f", LEAST_OF_PAPERS) if codes else b""


@lru_cache(maxsize=1 << 12)
def read_questions(vectors: bytes) -> tuple[Question, ...]:
    """Read the bytes of some questions, one after another. Raise ValueError for bytes of another length."""
    starts = range(0, len(vectors), QUESTION_SIZE)
    return tuple(read_question(vectors[start : start + QUESTION_SIZE]) for start in starts)


@lru_cache(maxsize=1 << 12)
def read_question(vector: bytes) -> Question:
    """Read the bytes of a question. Raise ValueError for bytes of another length."""
    if len(vector) != QUESTION_SIZE:
        raise ValueError(f"a question has {QUESTION_SIZE} bytes, not {len(vector)}")
    signs, large, huge = (_integer(vector[start : start + SIZE]) for start in (0, SIZE, 2 * SIZE))
    return Question.of(signs, large, huge, *struct.unpack("<f", vector[3 * SIZE :]))


def write_question(question: Question) -> bytes:
    """Return the bytes of a question."""
    masks = (value.to_bytes(SIZE, "little") for value in (question.signs, question.large, question.huge))
    return b"".join(masks) + struct.pack("<f", question.least)


ANYTHING = write_question(Question.of(0, 0, 0, -1.0))  # every paper that has codes is near to it


@lru_cache(maxsize=1 << 12)
def read_paper(codes: bytes) -> tuple[int, ...]:
    """Read the codes of a paper: of the whole paper, of its title, of each sentence; () if it has none.

    Raise ValueError for bytes of another length.
    """
    if len(codes) % SIZE or len(codes) == SIZE:
        raise ValueError(f"the codes of a paper have {SIZE} bytes each, two or more of them, not {len(codes)} bytes")
    return tuple(_integer(codes[start : start + SIZE]) for start in range(0, len(codes), SIZE))


def _integer(code: bytes) -> int:
    return int.from_bytes(code, "little")


def similarity(question: Question, *codes: int) -> float:
    """Return the cosine of a question and the most similar of one or more codes, from -1 to 1."""
    signs, large, huge, _, highest, step = question
    nearest = 5 * DIMENSIONS
    for code in codes:
        differing = signs ^ code
        distance = differing.bit_count()
        if distance < nearest:  # a large value that differs counts three times, a huge one five times
            distance += 2 * ((differing & large).bit_count() + (differing & huge).bit_count())
            if distance < nearest:  # noqa: PLR1730 - `min` takes as long as all of this
                nearest = distance
    return highest - step * nearest


def alike(codes: Iterable[int], code: int) -> list[float]:
    """Return the cosine of each of some codes and another one, from -1 to 1. Each takes a tenth of a microsecond."""
    return [1 - 2 * (one ^ code).bit_count() / DIMENSIONS for one in codes]


def nearness(question: Question, paper: tuple[int, ...]) -> float:
    """Return how near a paper is to a question, from 0 to 1; 0 if it has no codes."""
    if not paper:
        return 0.0
    whole, best = similarity(question, paper[0]), similarity(question, *paper[1:])
    similar = (WEIGHT_OF_WHOLE * whole + best) / (WEIGHT_OF_WHOLE + 1)
    if similar < question.least:
        return max(0.0, NEAR * similar / question.least)
    return NEAR + (1 - NEAR) * (similar - question.least) / (1 - question.least)


def nearness_to_any(questions: Sequence[Question], paper: tuple[int, ...]) -> float:
    """Return how near a paper is to that one of some questions to which it is nearest as a whole.

    0 if there are none.
    """
    if not questions or not paper:
        return 0.0
    similar = alike([one.signs for one in questions], paper[0])
    return nearness(questions[similar.index(max(similar))], paper)


class Taste(NamedTuple):
    """What a chat liked and disliked."""

    liked: Judged
    disliked: Judged = ()

    def __bool__(self) -> bool:
        """Return whether anything is known of it."""
        return bool(self.liked or self.disliked)

    def score(self, codes: Sequence[int]) -> float:
        """Return how much the chat likes a paper with these codes, from -1.25 to 1.25; 0 without codes."""
        if not codes:
            return 0.0
        against = max((strength * value for strength, value in _near(self.disliked, codes[0])), default=0.0)
        liking = 0.0
        if near := _near(self.liked, codes[0]):
            mean = sum(strength * value for strength, value in near) / sum(strength for strength, _ in near)
            nearest = nlargest(NEAREST, (value for _, value in near))
            liking = mean / 2 + sum(nearest) / len(nearest) / 2
        return liking - AGAINST * max(against, 0.0)


def _near(judged: Judged, code: int) -> list[tuple[float, float]]:
    """Return (how much, how near) for each paper that was judged."""
    near = alike([one for _, one in judged], code)
    return [(strength, value) for (strength, _), value in zip(judged, near, strict=True)]
