"""Spellings that share one stored query, and the canonical text, which reads as it was meant."""

import pytest

from subscriptions.query.parse import parse_query
from tests import tables

EQUAL: list[tuple[str, list[str]]] = [
    *((what, tables.listed(queries)) for what, queries in tables.rows(r"""
        case                                     → graph Neural ≡ GRAPH neural ≡ Graph NEURAL
        hyphen or phrase                         → few-shot ≡ "few shot" ≡ few–shot ≡ few_shot ≡ few/shot ≡ "few-shot" ≡ “few shot” ≡ few,shot
        plural                                   → graph networks ≡ graphs network ≡ graphs networks
        irregular plural                         → analysis ≡ analyses ≡ ANALYSES
        order                                    → graph neural ≡ neural graph ≡ graph AND neural ≡ neural & graph ≡ (graph neural) ≡ (neural) (graph)
        order of OR                              → graph OR neural ≡ neural OR graph ≡ neural | graph ≡ graph|neural ≡ graph, neural ≡ graph、neural ≡ (graph) OR (neural)
        doubled terms                            → graph ≡ graph graph ≡ graph Graphs ≡ graph OR graph ≡ (graph OR graph) graph ≡ -(-graph)
        field alias of title                     → ti:graph ≡ title:graph ≡ intitle:graph ≡ TI: graph ≡ ti:graph title:graphs ≡ ti:ti:graph ≡ abs:ti:graph
        field alias of abstract                  → abs:graph ≡ abstract:graph
        field alias of summary                   → summary:graph ≡ tldr:graph
        field alias of author                    → author:doe ≡ au:doe ≡ author:Doe ≡ AU:DOE
        field alias of category                  → cat:cs.LG ≡ category:cs.LG ≡ cs.LG ≡ #cs.lg ≡ cat:cs.lg ≡ cat:"cs.LG" ≡ cat: CS.LG
        an archive                               → cat:cs ≡ cat:cs.* ≡ cs.* ≡ cat:CS ≡ #cs.*
        categories joined by +                   → cs.AI+cs.CV ≡ cs.CV+cs.AI ≡ cat:cs.AI OR cat:cs.CV ≡ cs.cv OR cs.ai ≡ cs.CV, cs.AI ≡ cat:(cs.AI OR cs.CV)
        author forms                             → author:"Doe, Jane" ≡ author:"Jane Doe" ≡ author:Doe, Jane ≡ au:Doe, Jane ≡ au:"Doe Jane" ≡ author:jane-doe
        umlauts of authors                       → author:Müller ≡ author:Mueller ≡ author:muller
        sign and field                           → graph ti:-survey ≡ graph -ti:survey ≡ -ti:survey graph ≡ graph ti:NOT survey ≡ graph NOT ti:surveys ≡ graph ti:!survey
        signs                                    → graph -foo ≡ graph NOT foo ≡ graph !foo ≡ graph --foo ≡ graph ANDNOT foo ≡ graph AND NOT foo ≡ graph –foo ≡ -foo graph
        two signs of one field                   → ti:x ≡ -ti:-x ≡ -(-ti:x) ≡ ti:-(-x)
        brackets                                 → a b c ≡ (a b) c ≡ a (b c) ≡ ((a)) ((b) c) ≡ c b a
        brackets of OR                           → a OR b OR c ≡ (a OR b) OR c ≡ c|(b|a) ≡ a, b, c
        a field over a bracket                   → ti:(a b) ≡ ti:a ti:b ≡ ti:b ti:a ≡ title:(b a)
        unclosed                                 → "graph neural" ≡ "graph neural ≡ graph-neural
        unclosed bracket                         → (a OR b) c ≡ c (a OR b ≡ c (b | a
        dangling                                 → a OR b ≡ a AND OR b ≡ OR a OR b OR ≡ a NOT OR b ≡ a OR () OR b
        empty parts                              → a ≡ a () ≡ a "" ≡ a -() ≡ () a ≡ a !!! ≡ a NOT ≡ a OR
        links                                    → id:2601.15529 ≡ https://arxiv.org/abs/2601.15529v2 ≡ arxiv.org/pdf/2601.15529 ≡ huggingface.co/papers/2601.15529 ≡ id:2601.15529v1 ≡ id:=2601.15529 ≡ id:https://arxiv.org/abs/2601.15529
        DOI links                                → doi:10.1234/abc ≡ doi.org/10.1234/ABC ≡ https://doi.org/10.1234/abc ≡ DOI:10.1234/ABC
        Greek                                    → α ≡ alpha ≡ \alpha ≡ $\alpha$ ≡ Α
        two Greek letters                        → αβ ≡ \alpha\beta ≡ "alpha beta" ≡ alpha-beta
        variants of epsilon                      → epsilon ≡ \varepsilon ≡ \epsilon ≡ ε ≡ ϵ
        unknown field                            → foo:graph ≡ "foo graph" ≡ foo-graph
        unknown field with a blank               → foo: graph ≡ foo graph ≡ graph foo
        unknown field before a quote             → foo:"a b" ≡ foo "a b" ≡ foo: "a b"
        stars                                    → gr*ph ≡ gr ph ≡ ph gr
        a star before                            → *graph ≡ graph
        a star after CJK                         → 图 ≡ 图* ≡ "图" ≡ 图＊
        prefix                                   → neuro* ≡ NEURO* ≡ neuro＊ ≡ NeurO*
        exact                                    → =RAG ≡ ＝RAG ≡ ="RAG" ≡ =RAG =RAG
        apostrophes                              → newton ≡ newton's ≡ Newton’s ≡ newtons
        trade marks                              → bert ≡ BERT™ ≡ BERT®
        source                                   → source:daily ≡ source:DAILY ≡ source:=Daily ≡ source:"daily"
        keywords without blanks                  → (a) OR (b) ≡ (a)OR(b) ≡ (a)|(b) ≡ a OR b
        phrase of a keyword                      → graph or ≡ graph "OR" ≡ graph or OR graph or
        order, case and plurals                  → graph neural ≡ NEURAL Graph ≡ neural  AND graph ≡ graph graph neural ≡ (graph) & neural ≡ graphs neural
        a field beside OR                        → ti:a OR b ≡ b OR title:A ≡ intitle:a | b ≡ b || ti: a
        OR in brackets                           → a (b OR c) ≡ (c OR b) AND a ≡ a ((c) OR (b OR b))
        excluding several                        → x -(a OR b) ≡ x -a -b ≡ x NOT b NOT a
        Greek in a phrase                        → α-divergence ≡ $\alpha$-divergence ≡ "alpha divergence"
        names with signs                         → author:"Jane Smith" ≡ author:Smith, Jane ≡ au:"smith, jane" ≡ author:jane_smith
        CJK phrases                              → 扩散模型 ≡ "扩散模型" ≡ "扩 散 模 型"
    """)),
    ("width", ["graph C++", "ｇｒａｐｈ C++", "graph Ｃ＋＋", "graph　C++"]),
    ("accents", ["poincaré", "poincare", "Poincare\u0301", r"Poincar\'e", r"Poincar{\'e}"]),
    ("blanks", ["graph neural", " graph  neural ", "graph\tneural", "graph\nneural"]),
    ("invisible", ["graph", "gr\u200baph", "\ufeffgraph", "gra\u00adph"]),
    ("width, blanks and dashes", ["few-shot", "few_shot", "Few–Shot", "“few shots”", "ＦＥＷ/ＳＨＯＴ", "few\u200b-shot"]),
    ("accents of every kind", ["Schrödinger", "schrodinger", 'Schr\\"odinger', "SCHRÖDINGER", "schro\u0308dinger"]),
    ("NFC and NFD Hangul", ["그래프", "\u1100\u1173\u1105\u1162\u1111\u1173"]),
]  # fmt: skip


@pytest.mark.parametrize("spellings", [queries for _, queries in EQUAL], ids=[what for what, _ in EQUAL])
def test_other_spellings_share_one_stored_query(spellings: tuple[str, ...]) -> None:
    assert {other: parse_query(other).canonical for other in spellings} == dict.fromkeys(
        spellings, parse_query(spellings[0]).canonical
    )


@pytest.mark.parametrize(
    "query",
    tables.lines("""
        graph
        graph neural
        graph OR neural
        graph -survey
        "graph neural"
        few-shot
        neuro*
        =RAG
        ti:graph
        cat:cs.LG
        cs.LG
        author:doe
        author:"Jane Doe"
        2601.15529
        扩散模型
        C++
        α-divergence
        (graph OR rag) -survey
        cat:cs.*
        all:doe
        foo:graph
        BERT: pre-training
        call:papers
        12:30
        1,000
        graph, not tree
        扩散 或 流
        graph;
        "a; b"
        near field
        date night
        from:scratch
        from: scratch
        R.NET
        math.
        no-reference
        AT&T
        1,000 Hz
        BERT: graph
        -(-x)
        au:"Smith, Jane"
        cs.AI+cs.LG
        x ti:-y
        graph,
    """),
)
def test_a_plain_query_needs_no_hint(query: str) -> None:
    assert [str(hint) for hint in parse_query(query).hints] == []


@pytest.mark.parametrize(
    "query",
    tables.lines(r"""
        all:cs.
        all:math?
        -all:{math} x
        all:máth
        all:=Math,
        all:math's
        cat:foo，
        cat:'foo.'
        primary:hep-th/9901001，
        cat:"}cs."
        id:}https://arxiv.org/abs/2601.15529
        author:mue*
        all:Müller's
        source:"a, b"
        doi:"10.1234/a,b"
        au:Oe
        # a prefix that folding shortens
        author:Mue*
        ab's*
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
        all:(n \hep-th
        all:\math x
    """),
)
def test_a_canonical_text_reads_as_it_was_meant(query: str) -> None:
    read = parse_query(query)
    again = parse_query(read.canonical)
    assert (again.canonical, set(again.alternatives)) == (read.canonical, set(read.alternatives))
