"""arXiv categories by their names."""

import pytest

from subscriptions.categories import CATEGORIES, CLASSES, _rows, canonical_category, categories_named


def test_every_category_has_a_name() -> None:
    assert sorted(code for code, _ in _rows()) == sorted({*CATEGORIES, *CLASSES})
    assert all(canonical_category(code) == code for code, _ in _rows())


@pytest.mark.parametrize(
    ("words", "count", "codes"),
    [
        ("machine learning", 2, ("cs.LG", "stat.ML")),
        ("Machine Learning for tides", 2, ("cs.LG", "stat.ML")),
        ("Computer Vision and Pattern Recognition", 5, ("cs.CV",)),
        ("computer vision", 2, ("cs.CV",)),
        ("operating system", 2, ("cs.OS",)),
        ("human-computer interaction", 2, ("cs.HC",)),
        ("NLP", 1, ("cs.CL",)),
        ("cryptography", 1, ("cs.CR",)),
        ("AI", 1, ("cs.AI",)),
        ("cv", 1, ("cs.CV", "math.CV")),
        ("high energy physics", 3, ("hep-ex", "hep-lat", "hep-ph", "hep-th")),
        ("mathematics", 1, ("math",)),
        ("机器学习", 1, ("cs.LG", "stat.ML")),
        ("计算机视觉", 1, ("cs.CV",)),
        ("detection", 0, ()),
        ("the machine learning", 0, ()),
        ("learning", 0, ()),
        ("", 0, ()),
    ],
)
def test_a_name_stands_for_its_categories(words: str, count: int, codes: tuple[str, ...]) -> None:
    assert categories_named(words.split()) == (count, codes)
