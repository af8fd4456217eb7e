r"""The rules of the query language, tested from the contract alone.

Each table is named by a rule, in short (docs/queries.md has them in full). `Finds` holds a paper and the queries that
must and must not find it; every question is put to the quick matcher, the batch matcher and the slow one.
"""

import pytest

from bot.rendering.query_text import query_in_words
from subscriptions.errors import QueryError
from subscriptions.matching.batch import match
from subscriptions.matching.hits import why
from subscriptions.matching.paper_index import PaperIndex, matching_papers, merge_copies
from subscriptions.matching.query_set import QuerySet
from subscriptions.model import Paper
from subscriptions.query.parse import parse_canonical, parse_query
from subscriptions.query.syntax import Query
from tests.unit.query_rules import FINDS, paper
from tests.unit.slow_matcher import matches

# ------------------------------------------------------------------------------------------------------- the grammar


# -------------------------------------------------------------------------------------------- the table of readings


# ------------------------------------------------------------------------------------------------ from text to tokens


# ------------------------------------------------------------------------------------------------------------- meaning


# -------------------------------------------------------------------------------------- what the bot writes can be typed


MAX_LENGTH = 1000  # characters of what a person types


def name(sentence: str, query: str) -> str:
    return f"{sentence}: {query[:60]!a}"


def answer(query: Query, asked: Paper) -> bool:
    """Returns whether a query finds a paper. The three matchers and `why` must agree."""
    found = matches(query, asked)
    assert matching_papers(query, [asked]) == ((0,) if found else ())
    assert match(QuerySet([query]), PaperIndex.of([asked])) == ({0: 1} if found else {})
    assert bool(why(query, asked)) == found
    return found


@pytest.mark.parametrize(
    ("query", "asked", "expected"),
    [
        pytest.param(*question, id=name(row.sentence, question[0]) + ("" if question[2] else " not"))
        for row in FINDS
        for question in row.questions()
    ],
)
def test_a_query_finds_what_the_rules_say(query: str, asked: Paper, expected: bool) -> None:
    read = parse_query(query)
    assert answer(read, asked) == expected, (read.canonical, [str(hint) for hint in read.hints])
    for parse in (parse_canonical, parse_query) if len(read.canonical) <= MAX_LENGTH else (parse_canonical,):
        again = parse(read.canonical)
        assert (again.canonical, set(again.alternatives)) == (read.canonical, set(read.alternatives))


# -------------------------------------------------------------------------------------------------------------- refused

REFUSED: tuple[tuple[str, tuple[tuple[str, int | None], ...]], ...] = (
    (
        "empty or only punctuation",
        (("", 1), (" ", 1), ("   ", 1), ("!!!", 1), ('""', 1), ("()", 1), ("-", 1), ("***", 1), ('"..."', 1), ("—", 1), ("(!)", 1),
         ("\u200b", 1), ("（）", 1), ("“”", 1), ("AND", 1), ("AND OR", 1), ("NOT", 1), ("|", 1), ("&", 1), ('-""', 1), ("NOT ()", 1),
         ("=", 1), ("%", 1), ("( ( ) )", 1), ("　", 1), ("\n", 1), ("™", 1), ("$$", 1), ("{}", 1), ("#", 1), ("++", 1), ('"" ()', 1),
         (":", 1), (",", 1), ("、", 1), ("或", 1), ("且 或", 1), ("不含", 1)),
    ),
    (
        "a field without a value",
        (("ti:", 1), ("graph ti:", 7), ("ti:()", 1), ('ti:""', 1), ("(ti:)", 2), ("(graph ti:)", 8), ("ti: OR graph", 1), ("ti: AND x", 1),
         ("ti: | x", 1), ("graph OR ti:", 10), ("graph cat:", 7), ('graph ti:""', 7), ("id:", 1), ("doi:", 1), ("source:", 1), ("primary:", 1),
         ("author:", 1), ('author:""', 1), ('source:""', 1), ("all:", 1), ("summary:()", 1), ("ti:!!!", 1), ('ti:"..."', 1), ("ti:(())", 1),
         ("ti: & x", 1), ("ti：", 1), ("graph ti： ", 7), ("cat:()", 1), ("ti:-", 1), ("ti:()graph", 1), ("ti:“”", 1), ("ti: )", None),
         ("ti:OR graph", 1), ("ti:AND", 1), ("ti:-OR x", 1), ("ti: - graph", 1), ("ti:- graph", 1), ("ti:= graph", 1), ("foo, ti:", 6), ("ti:, foo", 1),
         ("search_query=ti:", 14), ("search_query=x；id_list=", None), ("标题：", 1), ("graph 作者:", 7), ("标题： 且 x", 1), ("主类别：()", 1),
         ("a, not ti:", 8), ('"a", not ti:', 10)),
    ),
    (
        "an alternative that only excludes, at its first sign",
        (("-x", 1), ("NOT x", 1), ("!x", 1), ("–x", 1), ("ANDNOT x", 1), ("a OR -b", 6), ("a OR NOT b", 6), ("a | !b", 5), ("a|-b", 3), ("-a -b", 1),
         ("-a OR b", 1), ("-a | b", 1), ("(a OR -b)", 7), ("ti:-survey", 4), ("-ti:x", 1), ("cat:-cs.CV", 5), ("-(a b)", 1), ("a OR --b", 6),
         ("(graph OR -foo) (neural OR -bar)", 11), ("a OR -b OR -c", 6), ("a OR (-b -c)", 7), ("-(a OR b)", 1), ("-(a -b)", 1),
         ("a OR -ti:b", 6), ("a OR ti:-b", 9), ("-cs.CV", 1), ("-cat:cs.CV", 1), ('-"graph neural"', 1), ("x OR -x", 6), ("-id:2601.15529", 1),
         ("-https://arxiv.org/abs/2601.15529", 1), ("  -x", 3), ("- -x", 3), ("a OR -(b OR c)", 6), ("-a AND -b", 1), ("NOT NOT x", 1),
         ("a ti:b OR -c d OR -e", 19), ("() -x", 4), ('"" -x', 4), ("（-x）", 2), ("-cs.AI+cs.CV", 1), ("ti:(-x)", 5),
         ("ti:(a OR -b)", 10), ("-(a OR b) OR c", 1), (r"{\"o}x OR -b", 11), ("不含 x", 1), ("a 或 不含 b", 5), ("not a, not b", 1), ("不含 a，不含 b", 1),
         (", not x", 3), ("a OR (b, not c) OR (, not d)", 23)),
    ),
    (
        "a stray )",
        ((")", 1), ("graph)", 6), ("(graph))", 8), ("graph ) neural", 7), ("“graph” )", 9), ("a) OR (b", 2), ("graph :)", 8), ("graph ）", 7),
         ("((a) b) c) d", 10), ("()) graph", 3), (r"H\"older )", 10),
         (r"\v{s}koda )", 11), ("gr\u200baph )", 8), ("_ )", 3)),
    ),
    (
        "a prefix word of fewer than three characters in all",
        (("ai*", 1), ("neuro* ai*", 8), ("ti:ai*", 4), ("graph OR ne*", 10), ("graph -ab*", 8), ("a-b*", 1), ("c++*", 1), ("3.1*", 1), ("a1*", 1),
         ("ab＊", 1), ("author:do*", 8), ("ti: ai*", 5), ("(ai* graph)", 2), ("all:ai*", 5), ("x*", 1), ("graph ti:ai*", 10), ("gr*ph*", None),
         ("foo, ai*", 6), (r"H\"older ai*", 10), ("=ab*", 1), ("αβ*", 1), ("a.b*", 1)),
    ),
    (
        "author: with initials only",
        (("author:j", 8), ("au:J.", 4), ('author:"J. Q."', 8), ("author:(J. Doe)", 9), ("graph au:j", 10), ("author: J", 9), ("author:J.Q.", 8),
         ("graph -author:j", 15), ("author:é", 8), ("author:J. Doe", 8), ("author:J-P", 8), ("author:J., K.", 8)),
    ),
    (
        "a category cut short by a star",
        (("cat:*", 5), ("cat:cs.L*", 5), ("cat:cs.C*", 5), ("cat:* detection", 5), ("primary:*", 9), ("primary:cs.L*", 9), ("graph cat:cs.L*", 11),
         ("cat: cs.L*", 6), ("category:astro-ph.G*", 10), ("cat:cs*", 5),
         ("cat:cs.LG*", 5), ("foo, cat:cs.L*", 10)),
    ),
    (
        "more than 1,000 characters",
        (("x" * 1001, 1001), ("graph" + " " * 996, 1001), ("graph " * 200, 1001), ("𝔤" * 1001, 1001), ("(" * 1001, 1001), ("graph OR " + "x" * 1200, 1001)),
    ),
    (
        "more than 64 alternatives",
        ((" OR ".join(f"a{n}" for n in range(65)), 1), (" ".join(f"(a{n} OR b{n})" for n in range(7)), 1), (", ".join(f"a{n}" for n in range(65)), 1),
         ("graph -(" + " ".join(f"b{n}" for n in range(65)) + ")", 1), ("a OR " + " OR ".join(f"(a b{n})" for n in range(64)), 1),
         ("(a OR b OR c OR d) (e OR f OR g OR h) (i OR j OR k OR l OR m)", 1), (" ".join(f"(a{n} OR b{n})" for n in range(70)), 1),
         (" ".join(f"(a{n}|b{n}|c{n}|d{n})" for n in range(50)), 1)),
    ),
)  # fmt: skip


@pytest.mark.parametrize(
    ("query", "column"),
    [
        pytest.param(query, column, id=name(sentence, query))
        for sentence, queries in REFUSED
        for query, column in queries
    ],
)
def test_a_query_is_refused_with_its_column_and_a_hint(query: str, column: int | None) -> None:
    with pytest.raises(QueryError) as refusal:
        parse_query(query)
    if column is not None:
        assert refusal.value.column == column, refusal.value
    assert 1 <= refusal.value.column <= max(1, len(query))
    assert str(refusal.value.sentence).strip()
    assert str(refusal.value.hint).strip()
    for example in refusal.value.hint.values.values():
        parse_query(str(example))  # it works


# ----------------------------------------------------------------------------------------------------- one stored query

EQUAL: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("case", ("graph Neural", "GRAPH neural", "Graph NEURAL")),
    ("width", ("graph C++", "ｇｒａｐｈ C++", "graph Ｃ＋＋", "graph　C++")),
    ("accents", ("poincaré", "poincare", "Poincare\u0301", r"Poincar\'e", r"Poincar{\'e}")),
    ("blanks", ("graph neural", " graph  neural ", "graph\tneural", "graph\nneural")),
    ("hyphen or phrase", ("few-shot", '"few shot"', "few–shot", "few_shot", "few/shot", '"few-shot"', "“few shot”", "few,shot")),
    ("plural", ("graph networks", "graphs network", "graphs networks")),
    ("irregular plural", ("analysis", "analyses", "ANALYSES")),
    ("order", ("graph neural", "neural graph", "graph AND neural", "neural & graph", "(graph neural)", "(neural) (graph)")),
    ("order of OR", ("graph OR neural", "neural OR graph", "neural | graph", "graph|neural", "graph, neural", "graph、neural", "(graph) OR (neural)")),
    ("doubled terms", ("graph", "graph graph", "graph Graphs", "graph OR graph", "(graph OR graph) graph", "-(-graph)")),
    ("field alias of title", ("ti:graph", "title:graph", "intitle:graph", "TI: graph", "ti:graph title:graphs", "ti:ti:graph", "abs:ti:graph")),
    ("field alias of abstract", ("abs:graph", "abstract:graph")),
    ("field alias of summary", ("summary:graph", "tldr:graph")),
    ("field alias of author", ("author:doe", "au:doe", "author:Doe", "AU:DOE")),
    ("field alias of category", ("cat:cs.LG", "category:cs.LG", "cs.LG", "#cs.lg", "cat:cs.lg", 'cat:"cs.LG"', "cat: CS.LG")),
    ("an archive", ("cat:cs", "cat:cs.*", "cs.*", "cat:CS", "#cs.*")),
    ("categories joined by +", ("cs.AI+cs.CV", "cs.CV+cs.AI", "cat:cs.AI OR cat:cs.CV", "cs.cv OR cs.ai", "cs.CV, cs.AI", "cat:(cs.AI OR cs.CV)")),
    ("author forms", ('author:"Doe, Jane"', 'author:"Jane Doe"', "author:Doe, Jane", "au:Doe, Jane", 'au:"Doe Jane"', "author:jane-doe")),
    ("umlauts of authors", ("author:Müller", "author:Mueller", "author:muller")),
    ("sign and field", ("graph ti:-survey", "graph -ti:survey", "-ti:survey graph", "graph ti:NOT survey", "graph NOT ti:surveys", "graph ti:!survey")),
    ("signs", ("graph -foo", "graph NOT foo", "graph !foo", "graph --foo", "graph ANDNOT foo", "graph AND NOT foo", "graph –foo", "-foo graph")),
    ("two signs of one field", ("ti:x", "-ti:-x", "-(-ti:x)", "ti:-(-x)")),
    ("brackets", ("a b c", "(a b) c", "a (b c)", "((a)) ((b) c)", "c b a")),
    ("brackets of OR", ("a OR b OR c", "(a OR b) OR c", "c|(b|a)", "a, b, c")),
    ("a field over a bracket", ("ti:(a b)", "ti:a ti:b", "ti:b ti:a", "title:(b a)")),
    ("unclosed", ('"graph neural"', '"graph neural', "graph-neural")),
    ("unclosed bracket", ("(a OR b) c", "c (a OR b", "c (b | a")),
    ("dangling", ("a OR b", "a AND OR b", "OR a OR b OR", "a NOT OR b", "a OR () OR b")),
    ("empty parts", ("a", "a ()", 'a ""', "a -()", "() a", "a !!!", "a NOT", "a OR")),
    ("links", ("id:2601.15529", "https://arxiv.org/abs/2601.15529v2", "arxiv.org/pdf/2601.15529", "huggingface.co/papers/2601.15529", "id:2601.15529v1", "id:=2601.15529", "id:https://arxiv.org/abs/2601.15529")),
    ("DOI links", ("doi:10.1234/abc", "doi.org/10.1234/ABC", "https://doi.org/10.1234/abc", "DOI:10.1234/ABC")),
    ("Greek", ("α", "alpha", r"\alpha", r"$\alpha$", "Α")),
    ("two Greek letters", ("αβ", r"\alpha\beta", '"alpha beta"', "alpha-beta")),
    ("variants of epsilon", ("epsilon", r"\varepsilon", r"\epsilon", "ε", "ϵ")),
    ("unknown field", ("foo:graph", '"foo graph"', "foo-graph")),
    ("unknown field with a blank", ("foo: graph", "foo graph", "graph foo")),
    ("unknown field before a quote", ('foo:"a b"', 'foo "a b"', 'foo: "a b"')),
    ("stars", ("gr*ph", "gr ph", "ph gr")),
    ("a star before", ("*graph", "graph")),
    ("a star after CJK", ("图", "图*", '"图"', "图＊")),
    ("prefix", ("neuro*", "NEURO*", "neuro＊", "NeurO*")),
    ("exact", ("=RAG", "＝RAG", '="RAG"', "=RAG =RAG")),
    ("API query", ('ti:"deep learning" author:"lecun y"', "ti:%22deep+learning%22+AND+au:lecun_y", "search_query=ti:%22deep+learning%22+AND+au:lecun_y", "http://export.arxiv.org/api/query?search_query=ti:%22deep+learning%22+AND+au:lecun_y&max_results=3")),
    ("API brackets", ("au:doe -(ti:a OR ti:b)", "au:doe+ANDNOT+%28ti:a+OR+ti:b%29")),
    ("API ids", ("id:2601.15529 OR id:2601.15530", "http://export.arxiv.org/api/query?id_list=2601.15529,2601.15530", "id:(2601.15530 OR 2601.15529)")),
    ("API parts that are dropped", ("all:electron", "all:electron+AND+jr:nature", "search_query=all:electron+AND+rn:5")),
    ("apostrophes", ("newton", "newton's", "Newton’s", "newtons")),
    ("invisible", ("graph", "gr\u200baph", "\ufeffgraph", "gra\u00adph")),
    ("trade marks", ("bert", "BERT™", "BERT®")),
    ("source", ("source:daily", "source:DAILY", "source:=Daily", 'source:"daily"')),
    ("keywords without blanks", ("(a) OR (b)", "(a)OR(b)", "(a)|(b)", "a OR b")),
    ("phrase of a keyword", ("graph or", 'graph "OR"', "graph or OR graph or")),
    ("NFC and NFD Hangul", ("그래프", "\u1100\u1173\u1105\u1162\u1111\u1173")),
)  # fmt: skip


@pytest.mark.parametrize(
    ("first", "second"),
    [pytest.param(queries[0], other, id=name(sentence, other)) for sentence, queries in EQUAL for other in queries[1:]],
)
def test_other_spellings_share_one_stored_query(first: str, second: str) -> None:
    assert parse_query(first).canonical == parse_query(second).canonical


DIFFERENT = (
    ("few-shot", "few shot"),
    ("graph", "ti:graph"),
    ("ti:graph", "abs:graph"),
    ("graph", "=graph"),
    ("graph", "graph*"),
    ("graph neural", "graph OR neural"),
    ('"graph neural"', '"neural graph"'),
    ("cs.LG", '"cs.LG"'),
    ("hep-th", '"hep-th"'),
    ("2601.15529", '"2601.15529"'),
    ("2601.15529", "id:2601.15529"),
    ("cat:cs", "primary:cs"),
    ("author:(jane doe)", 'author:"jane doe"'),
    ("author:Müller", "author:=Müller"),
    ("=RAG", "=rag"),
    ("c++", "c"),
    ("c++", "c#"),
    ("a (b OR c)", "a b OR c"),
    ("graph or neural", "graph OR neural"),
    ("not graph foo", "NOT graph foo"),
    ("all:doe", "author:doe"),
    ("mueller", "müller"),
    ("news", "new"),
    ("cat:foo", "cat:bar"),
    ("rlhf,dpo", "rlhf, dpo"),
    ("foo:graph", "foo: graph"),
    ("GPT-4", "GPT -4"),
    ("3.1", "3 1"),
)


@pytest.mark.parametrize(("first", "second"), DIFFERENT)
def test_queries_that_mean_something_else_do_not_share(first: str, second: str) -> None:
    assert parse_query(first).canonical != parse_query(second).canonical


# -------------------------------------------------------------------------------------------------------- never silent

HINTED: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("lower-case keywords", ("graph or neural", "graph and neural", "not graph", "graph not neural")),
    ("Chinese words that look like operators", ("扩散 和 流", "扩散 或者 流", "扩散 不要 流", "扩散 不含综述")),
    ("years and dates", ("year:2024", "year:2024 graph", "year: 2024", "date:2024-01-02", "年份：2024", "published:>2023")),
    ("wishes with ; between them", ("graph; tree", "graph ; tree", "graph;tree", "图；树", "graph; tree, foo", "ti:a; ti:b")),
    ("words near each other", ("graph NEAR/5 tree", "graph NEAR tree", "graph W/3 tree", '"graph tree"~5', "graph ADJ2 tree")),
    ("unknown categories", ("cs.XX", "#cs.xx", "math.ZZ", "cat:cs.XX", "primary:cs.XX", "cat:machine learning", 'cat:"machine learning"', "类别：机器学习")),
    ("fields that no digest tells", ("journal:nature", "venue:neurips", "会议：CVPR")),
    ("a word of exclusion without anything", ("graph, not", "graph, without", '"graph", not')),
    ("an unclosed quote or bracket", ('"graph neural', "(graph neural", "ti:(graph")),
    ("dangling and adjacent operators", ("graph AND OR foo", "OR graph", "graph AND", "graph |", "| graph", "graph || foo", "graph & AND foo")),
    ("empty parts and NOT before an operator", ("graph ()", 'graph ""', "graph -()", "graph NOT OR foo", 'graph NOT ""', "graph NOT")),
    ("an unknown field that looks like a typing error", ("titel:graph", "autor:doe", "tilte:graph", "catgory:foo", "abstarct:foo", "auther: doe", "titel: graph", "sumary:foo", "cats:cs.LG",
      "abst:foo", "authors:doe", "tittle:foo", "primry:cs.LG")),
    ("commas without blanks", ("rlhf,dpo", "rlhf,dpo,ppo", "gpt4,gpt5", "扩散,强化学习")),
    ("cat: of no category", ("cat: detection", "cat:foo", "cat:cs.XX", "primary:foo", "graph -cat:detection")),
    ("stars elsewhere", ("gr*ph", "*graph", '"a b"*', "graph *", "foo, *", "foo, bar*baz")),
    ("punctuation in a list", ("foo, -", "foo, ...", "foo, =, bar")),
    ("parts of an API query that are dropped", ("all:electron+AND+co:pages", "all:electron+AND+jr:nature", "all:electron+AND+rn:5")),
)  # fmt: skip


@pytest.mark.parametrize(
    "query", [pytest.param(query, id=name(sentence, query)) for sentence, queries in HINTED for query in queries]
)
def test_what_was_guessed_is_said_in_a_hint(query: str) -> None:
    hints = [str(hint) for hint in parse_query(query).hints]
    assert hints
    assert all(hint.strip() for hint in hints)


@pytest.mark.parametrize(
    "query",
    ["graph", "graph neural", "graph OR neural", "graph -survey", '"graph neural"', "few-shot", "neuro*", "=RAG", "ti:graph", "cat:cs.LG",
     "cs.LG", "author:doe", 'author:"Jane Doe"', "2601.15529", "扩散模型", "C++", "α-divergence", "(graph OR rag) -survey", "cat:cs.*", "all:doe", "foo:graph",
     "BERT: pre-training", "call:papers", "12:30", "1,000", "graph, not tree", "扩散 或 流", "graph;", '"a; b"', "near field", "date night", "from:scratch", "from: scratch",
     "R.NET", "math.", "no-reference"],
)  # fmt: skip
def test_a_plain_query_needs_no_hint(query: str) -> None:
    assert [str(hint) for hint in parse_query(query).hints] == []


# ----------------------------------------------------------------------------------------------- a canonical is stable


@pytest.mark.parametrize(
    "query",
    ["all:cs.", "all:math?", "-all:{math} x", "all:máth", "all:=Math,", "all:math's", "cat:foo，", "cat:'foo.'", "primary:hep-th/9901001，",
     'cat:"}cs."', "id:}https://arxiv.org/abs/2601.15529", "author:mue*", "all:Müller's", 'source:"a, b"', 'doi:"10.1234/a,b"', "au:Oe"],
)  # fmt: skip
def test_a_canonical_text_reads_as_it_was_meant(query: str) -> None:
    read = parse_query(query)
    again = parse_query(read.canonical)
    assert (again.canonical, set(again.alternatives)) == (read.canonical, set(read.alternatives))


# --------------------------------------------------------------------------------------------- in the words as typed


@pytest.mark.parametrize(
    ("query", "parts"),
    [
        ("GPT -4", ("GPT", "not 4")),
        ("author:Jane Doe", ("author:Jane", "Doe ")),
        ("Graphs Studies", ("Graphs", "Studies")),
        ("rlhf, dpo, reward model", ("rlhf OR dpo", "reward model")),
        (r"H\"{o}lder \c{c}a", ("Hölder", "ça")),
        ("cs.ai", ("cs.AI",)),
        ("https://arxiv.org/abs/2601.15529v2", ("2601.15529",)),
        ("ti:-Survey graph", ("not title:Survey", "graph")),
        ("foo: Graph", ("foo", "Graph")),
    ],
)
def test_the_answer_says_in_the_words_as_typed_how_it_was_read(query: str, parts: tuple[str, ...]) -> None:
    reading = query_in_words(parse_query(query), str)
    assert [part for part in parts if part not in reading] == [], reading


# ------------------------------------------------------------------------------------------------------- papers twice


def test_merged_copies_have_first_texts_and_all_categories() -> None:
    first = paper("graph", abstract="one", categories=("cs.LG",), arxiv="2601.15529")
    second = paper("tree", abstract="two", categories=("cs.CV", "cs.LG"), arxiv="2601.15529")
    (merged,) = merge_copies([first, second])
    for query, expected in {
        "graph": True,
        "tree": False,
        "two": False,
        "cs.CV": True,
        "cs.LG": True,
        "primary:cs.CV": False,
    }.items():
        assert answer(parse_query(query), merged) == expected, query
