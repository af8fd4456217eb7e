"""The categories of arXiv, as people type them and by their names."""

import pytest

from subscriptions.query import categories, category_names
from tests import tables


@pytest.mark.parametrize(
    ("typed", "written"),
    tables.rows("""
        cs.LG             → cs.LG
        cs.lg             → cs.LG
        COND-MAT.MES-HALL → cond-mat.mes-hall
        physics.Optics    → physics.optics
        cs                → cs
        cs.*              → cs
        hep-th.*          → hep-th
        cmp-lg            → cmp-lg  # closed in 1998; old papers still have this category
        cs.L              →
        cs.               →
        cs.XX             →
        foo.*             →
        detection         →
                          →
        *                 →
        Ⅽs.LG             →
    """),
)
def test_a_category_is_known_in_any_letter_case(typed: str, written: str) -> None:
    assert (categories.canonical_category(typed) or "") == written


def test_every_category_has_a_name() -> None:
    assert sorted(code for code, _ in category_names._rows()) == sorted({*categories.CATEGORIES, *categories.CLASSES})
    assert all(categories.canonical_category(code) == code for code, _ in category_names._rows())


@pytest.mark.parametrize(
    ("words", "count", "codes"),
    tables.rows("""
        machine learning                        → 2 → cs.LG, stat.ML
        Computer Vision and Pattern Recognition → 5 → cs.CV
        operating system                        → 2 → cs.OS
        human-computer interaction              → 2 → cs.HC
        NLP                                     → 1 → cs.CL
        cv                                      → 1 → cs.CV, math.CV
        high energy physics                     → 3 → hep-ex, hep-lat, hep-ph, hep-th
        mathematics                             → 1 → math
        机器学习                                → 1 → cs.LG, stat.ML
        计算机视觉                              → 1 → cs.CV
        detection                               → 0 →
        the machine learning                    → 0 →
        learning                                → 0 →
                                                → 0 →
    """),
)
def test_a_name_stands_for_its_categories(words: str, count: str, codes: str) -> None:
    found, named = category_names.categories_named(words.split())
    assert (str(found), ", ".join(named)) == (count, codes)
