"""Spellings that share one stored query, and the canonical text, which reads as it was meant."""

import pytest

from subscriptions.query.parse import parse_query
from tests import tables

EQUAL: list[tuple[str, list[str]]] = [
    *((what, tables.listed(queries)) for what, queries in tables.rows(r"""
        case                                     → graph Neural ≡ GRAPH neural ≡ Graph NEURAL
        hyphen or phrase                         → few-shot ≡ "few shot" ≡ few–shot ≡ few_shot ≡ few/shot ≡ "few-shot" ≡ “few shot” ≡ few,shot
        order                                    → graph neural ≡ neural graph ≡ graph AND neural ≡ neural & graph ≡ (graph neural) ≡ (neural) (graph)
        field alias of title                     → ti:graph ≡ title:graph ≡ intitle:graph ≡ TI: graph ≡ ti:graph title:graphs ≡ ti:ti:graph ≡ abs:ti:graph
        author forms                             → author:"Doe, Jane" ≡ author:"Jane Doe" ≡ author:Doe, Jane ≡ au:Doe, Jane ≡ author:jane-doe
        author with a common family name         → author:"Zhang, Wei" ≡ author:"Wei Zhang" ≡ author:"Zhang Wei" ≡ author:wei-zhang
        author with initials                     → author:"J. Doe" ≡ author:"Doe J." ≡ author:"Doe, J."
        author with several family names         → author:"Garcia Lopez, Maria" ≡ author:"Maria Garcia-Lopez" ≡ author:Garcia Lopez, Maria
        author who is also written with initials → author:"Jane (J.) Doe" ≡ author:"Jane Doe" ≡ author:"Doe, Jane (J.)"
        sign and field                           → graph ti:-survey ≡ graph -ti:survey ≡ -ti:survey graph ≡ graph ti:NOT survey ≡ graph NOT ti:surveys ≡ graph ti:!survey
        Greek                                    → α ≡ alpha ≡ \alpha ≡ $\alpha$ ≡ Α
        exact                                    → =RAG ≡ ＝RAG ≡ ="RAG" ≡ =RAG =RAG
    """)),
    ("width", ["graph C++", "ｇｒａｐｈ C++", "graph Ｃ＋＋", "graph　C++"]),
    ("accents", ["poincaré", "poincare", "Poincare\u0301", r"Poincar\'e", r"Poincar{\'e}"]),
    ("invisible", ["graph", "gr\u200baph", "\ufeffgraph", "gra\u00adph"]),
]  # fmt: skip


@pytest.mark.parametrize("spellings", [queries for _, queries in EQUAL], ids=[what for what, _ in EQUAL])
def test_other_spellings_share_one_stored_query(spellings: tuple[str, ...]) -> None:
    assert {other: parse_query(other).canonical for other in spellings} == dict.fromkeys(
        spellings, parse_query(spellings[0]).canonical
    )


@pytest.mark.parametrize(
    "query",
    tables.lines(r"""
        all:math?
        -all:{math} x
        all:máth
        all:=Math,
        all:math's
        cat:foo，
        primary:hep-th/9901001，
        cat:"}cs."
        id:}https://arxiv.org/abs/2601.15529
        all:Müller's
        source:"a, b"
        doi:"10.1234/a,b"
        # a prefix that folding shortens
        author:Mue*
        \emph{a}b*
        =\emph{a}b*
        all:Mue*
        few-\x{y}*
        # found by fuzzing: the subscription searched only for `c`, and `"或"` was refused
        "且" c
        ™且 c
        $或 c
        "或"
        ="且"
        ti:"或" x
        all:"且" x
        # found by fuzzing: a category after a backslash (no TeX command)
        all:\hep-th
        all:\math x
    """),
)
def test_a_canonical_text_reads_as_it_was_meant(query: str) -> None:
    read = parse_query(query)
    again = parse_query(read.canonical)
    assert (again.canonical, set(again.alternatives)) == (read.canonical, set(read.alternatives))
