"""Numbers of subscriptions as people write them: one, several, and spans."""

import pytest

from subscriptions.service.several_subscriptions import numbers_among, numbers_in, numbers_missing

ONE_AND_TWO = ((1, 1), (2, 2))


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        *((text, ONE_AND_TWO) for text in ("1 2", "1,2", "1, 2", "1，2", "1、2", "1;2", "1 and 2", "1 & 2", "1和2")),
        *((text, ONE_AND_TWO) for text in ("第1、2条", "１ ２", "#1 #2")),
        *((text, ((1, 3),)) for text in ("1-3", "3-1", "1 – 3", "1 to 3", "1到3", "1至3", "1~3")),
        ("#1", ((1, 1),)),
        ("1,", ((1, 1),)),
        ("1, 2 and 4", (*ONE_AND_TWO, (4, 4))),
        ("1-2, 4, 6-7", ((1, 2), (4, 4), (6, 7))),
        ("1-3 transformers", ()),
        ("1 or", ()),
        ("1.2", ()),
        ("1, " * 300 + "x", ()),
    ],
)
def test_a_text_has_these_numbers(text: str, spans: tuple[tuple[int, int], ...]) -> None:
    assert numbers_in(text) == spans


@pytest.mark.parametrize(
    ("text", "there", "missing"),
    [
        ("1 1 1", {1}, ""),
        ("99 2 99", {2}, "99"),
        ("6-12", {6, 7, 8}, "9–12"),
        ("2, 40, 41-43, 7", {2, 7}, "40, 41–43"),
        ("2-999999999", {2, 3, 4, 5, 6, 7, 8}, "9–999999999"),
    ],
)
def test_of_eight_subscriptions_these_are_there(text: str, there: set[int], missing: str) -> None:
    spans = numbers_in(text)
    assert numbers_among(spans, range(1, 9)) == there
    assert numbers_missing(spans, range(1, 9)) == missing
