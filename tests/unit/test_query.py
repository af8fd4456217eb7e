"""Queries as people type them: how they are read, and which are refused, with the column and a hint.

Properties of every text:

it is parsed or refused with bounded work, its canonical text has the same meaning.
"""

import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rendering import queries_in_words
from subscriptions.errors import QueryError
from subscriptions.query.parse import parse_canonical, parse_query
from subscriptions.query.tree import Query, Term
from tests import tables
from tests.unit.strategies import typed_texts


def reads(typed: str) -> str:
    return parse_query(typed).canonical


def hints(typed: str) -> list[str]:
    return [str(hint) for hint in parse_query(typed).hints]


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        *tables.rows(r"""
            # operators and brackets
            graph! neural-net                                            → "neural net" graph  # ! excludes only where a term starts
            a&-b                                                         → "a b"  # & is an operator only between spaces
            # fields and exact words
            y -ti:-abs:-x                                                → y -abstract:x
            y ti:(-x)                                                    → y -title:x
            au:lecun_y                                                   → author:"lecun y"
            foo="bar"                                                    → bar foo
            # accents of TeX are undone before parsing
            H\”older                                                     → holder  # phones replace the quotation mark
            # unknown field: a phrase if no space follows the colon, two terms if a space follows
            http://example.com/a                                         → "http example com a"
            :graph:                                                      → graph
            # lists
            , reward model                                               → model reward
            foo, ti:=Reward mod*                                         → foo OR title:=Reward-mod*
            foo, cs.LG things                                            → "cs lg thing" OR foo  # a category must be the only word of its item
            https://arxiv.org/abs/2601.15529, foo                        → foo OR id:2601.15529
            gr*ph net, x                                                 → "gr ph net" OR x
            author:Schm*, Anna                                           → author:anna-schm*
            # categories, ids and links
            graph (cs.LG, cs.AI)                                         → cat:cs.ai cat:cs.lg graph
            cs.L*                                                        → cs-l*
            cat:cs.AI+cs.LG                                              → cat:"cs.ai+cs.lg"  # + joins them only if there is no field
            2601.15529v2                                                 → 2601.15529v2
            graph/1234567                                                → "graph 1234567"  # there is no such archive
            id:math.GT/0309136                                           → id:math/0309136
            math.GT/0309136                                              → math/0309136
            https://www.arxiv.org/html/2601.15529v2#S1                   → id:2601.15529
            https://arxiv.org/list/cs.LG                                 → "http arxiv org list cs lg"
            doi:"doi:10.1101/abc.5678"                                   → doi:10.1101/abc.5678
            doi:10.1016/0370-2693(91)90037-8                             → doi:"10.1016/0370-2693(91)90037-8"
            # a text to which papers are near in meaning keeps its case and accents
            about:"Größe  der Lösung"                                    → about:"Größe der Lösung"
            About:ＲＬ cat:cs.LG -survey                                 → about:"RL" cat:cs.lg -survey
            about:"a (b OR c), d"                                        → about:"a (b OR c), d"
            about:"＼o re"                                               → about:"øre"
            # a query of arXiv's API, as a link or a part of one
            ti:%22deep+learning%22+AND+au:lecun_y                        → author:"lecun y" title:"deep learning"
            http://export.arxiv.org/api/query?search_query=all:electron&max_results=5 → all:electron
        """),
("rlhf,\ndpo", "dpo OR rlhf"),
(r'about:"\^\'etude"', 'about:"e\u0301\u0302tude"'.replace("e\u0301", "é")),  # an accent of an accented letter
],
)  # fmt: skip
def test_what_is_typed_is_read(typed: str, canonical: str) -> None:
    assert reads(typed) == canonical


@pytest.mark.parametrize(
    ("typed", "canonical", "hint"),
    tables.rows("""
        "graph neural       → "graph neural"           → I closed the quotation mark.
        title:(graph neural → title:graph title:neural → I closed the bracket.
        graph AND           → graph                    → AND has no meaning here; I left it out.
        a AND OR b          → a OR b                   → AND has no meaning here; I left it out.  # of several operators, the last one counts
        a ()                → a                        → I left out an empty bracket.
        a ""                → a                        → "" has no meaning here; I left it out.
        graph -             → graph                    → - has no meaning here; I left it out.
        gr*ph               → gr ph                    → A * works only at the end of a word (neuro*); elsewhere I read it as a space.
        id:2601.15529*      → id:2601.15529            → A * works only at the end of a word (neuro*); elsewhere I read it as a space.
        扩散 和 流          → "扩 散" 和 流            → I look for the word 和. As an operator it is written 且.
        cs.XX               → "cs xx"                  → There is no category cs.XX, so I look for the words. A category looks like cs.CV.
        cat:machine learning → cat:machine learning    → There is no category machine. For machine learning write cat:cs.LG OR cat:stat.ML
        cats:cs.LG          → "cat cs lg"              → There is no field cats: so I look for the words. Did you mean cat:?
        graph or neural     → graph neural or          → I look for the word or. As an operator it is written OR.
        not graph           → graph not                → I look for the word not. As an operator it is written NOT.
        a, b, or c          → "or c" OR a OR b         → I look for the phrase "or c". In a list leave out the word or.
        rlhf,dpo            → "rlhf dpo"               → I look for the phrase "rlhf,dpo". For any of them write rlhf OR dpo
        a b -a              → a b -a                   → This wants and excludes the same, so it finds nothing.
        GPT -4              → gpt -4                   → I read -4 as: not 4. For the name write GPT-4
        titel:graph         → "titel graph"            → There is no field titel: so I look for the words. Did you mean title:?
        author:Jane Smith   → author:jane smith        → author: holds for Jane only, Smith is a word. For both write author:"Jane Smith"
        cat: detection      → cat:detection            → There is no category detection, so no paper has it. A category looks like cs.CV; for the words write "detection".
        has:video           → has:video                → has: takes code or data, so no paper has video.
    """),
)
def test_a_slip_is_mended_and_the_hint_says_how(typed: str, canonical: str, hint: str) -> None:
    assert reads(typed) == canonical
    assert hint in hints(typed)


def terms(typed: str) -> set[Term]:
    return set(parse_query(typed).terms)


def told(term: Term) -> str:
    """Returns a term as text: its field, its words with = and *, its value, and the parts of a name."""
    words = f"{'=' * term.exact}{' '.join(term.tokens)}{'*' * term.prefix}"
    more = (f"value {term.value}" if term.value else "", f"names {' '.join(term.names)}" if term.names else "")
    return f"{term.field.name}: {', '.join(filter(None, (words, *more)))}"


@pytest.mark.parametrize(
    ("typed", "term"),
    tables.rows("""
        扩ab*                    → text: 扩 ab*
        neuro*.                 → text: neuro*
        author:"anna schm*"     → author: anna schm  # inside quotes, a star is punctuation
        2601.15529v2            → text-or-id: 2601.15529v2, value 2601.15529
        all:Williams            → all: william, names williams
        all:Mueller             → all: mueller, names muller
        all:=Müller             → all: =Müller, names Müller
    """),
)
def test_terms(typed: str, term: str) -> None:
    assert [*map(told, terms(typed))] == [term]


EMPTY = "There is no word in this to look for."
ONLY_EXCLUDES = "This only excludes. Say what you want, too."
ONE_ONLY_EXCLUDES = "One alternative here only excludes. Say what it should find, too."
STRAY = "This ) closes nothing."
INITIALS = "Initials alone fit too many authors."
STAR = "A * cannot shorten a category; it works only for a whole archive."
TOO_MANY = "This has more than 64 alternatives."
TOO_LONG = "This is longer than 1,000 characters."


def refusal(typed: str) -> QueryError:
    with pytest.raises(QueryError) as caught:
        parse_query(typed)
    return caught.value


def no_value(field: str) -> str:
    return f"{field}: has nothing after it to look for."


def too_short(word: str) -> str:
    return f"{word}* begins too many words: write at least 3 letters or digits before the *."


REFUSED = [
    # empty or only punctuation
    *(
        (typed, 1, EMPTY)
        for typed in tables.lines("""
            ()
            *
            =
            , ,
            -
            ™
            :
        """)
    ),
    ("", 1, EMPTY),
    ("   ", 1, EMPTY),
    # a field without a value
    *(
        (typed, int(column), no_value(field))
        for typed, column, field in tables.rows("""
            ti:                      → 1 → ti
            graph -ti:""             → 8 → ti
            ti:(a abs:)              → 7 → abs
            标题：                   → 1 → 标题
            a, not ti:               → 8 → ti
        """)
    ),
    ("graph ti： ", 7, no_value("ti")),
    # all of it only excludes
    *(
        (typed, int(column), ONLY_EXCLUDES)
        for typed, column in tables.rows("""
            -survey                           → 1
            -(-(-x))                          → 1
            -(a OR b)                         → 1
            , not x                           → 3
        """)
    ),
    ("  -x", 3, ONLY_EXCLUDES),
    # an alternative that only excludes
    *(
        (typed, int(column), ONE_ONLY_EXCLUDES)
        for typed, column in tables.rows(r"""
            a OR -b                          → 6
            graph OR H\"older OR -x          → 22
            -(a -b)                          → 1
            a OR (b, not c) OR (, not d)     → 23
        """)
    ),
    # a stray )
    *(
        (typed, int(column), STRAY)
        for typed, column in tables.rows(r"""
            )              → 1
            H\"older )     → 10
            ((a) b) c) d   → 10
        """)
    ),
    ("\u200bgraph)", 7, STRAY),
    # a prefix of fewer than three characters
    *(
        (typed, int(column), too_short(word))
        for typed, column, word in tables.rows(r"""
            ai*          → 1 → ai
            \"o\"u*      → 1 → öü
            H\"older ai* → 10 → ai
        """)
    ),
    # only initials
    *(
        (typed, int(column), INITIALS)
        for typed, column in tables.rows("""
            author:j            → 8
            author:J. Doe       → 8
        """)
    ),
    # a category that is cut off
    *(
        (typed, int(column), STAR)
        for typed, column in tables.rows("""
            cat:cs.L*            → 5
            cat:cs*              → 5
            foo, cat:cs.*G       → 10
        """)
    ),
    # too long
    ("x" * 1001, 1001, TOO_LONG),
    (" " * 5000, 1001, TOO_LONG),
    ("𝔤" * 1001, 1001, TOO_LONG),
    # too many
    (" OR ".join(f"c{n}" for n in range(65)), 1, TOO_MANY),
    (" ".join(f"(a{n} OR b{n})" for n in range(7)), 1, TOO_MANY),
    ("x -(" + " ".join(f"c{n}" for n in range(65)) + ")", 1, TOO_MANY),
    ("(a|(b " * 166, 1, TOO_MANY),
    ("(a OR b OR c OR d) (e OR f OR g OR h) (i OR j OR k OR l OR m)", 1, TOO_MANY),
]


@pytest.mark.parametrize(("typed", "column", "sentence"), REFUSED)
def test_a_refusal_says_what_is_wrong_and_where_with_an_example_that_works(
    typed: str, column: int, sentence: str
) -> None:
    error = refusal(typed)
    assert (error.column, str(error.sentence)) == (column, sentence)
    example = str(error.hint.values["example"])
    assert example in str(error.hint)
    assert "This wants and excludes the same, so it finds nothing." not in hints(example)


@pytest.mark.parametrize(
    ("typed", "example"),
    tables.rows("""
        -survey                        → diffusion -survey
        graph)                         → "graph)"
        author:"J. D."                 → author:"J. D. Doe"
        -(survey OR "Diffusion model") → graph -(survey OR "Diffusion model")
        cat:math.L*                    → cat:cs.LG
    """),
)
def test_the_hint_takes_up_what_was_typed(typed: str, example: str) -> None:
    assert refusal(typed).hint.values["example"] == example


@pytest.mark.parametrize(
    "typed",
    [
        "ab扩*",
        "author:Ю",
        "author:李",
        "(" * 499 + "foo" + ")" * 498,
        "-(" * 399 + "-foo",
        "(a|(a " * 166,
    ],
)
def test_queries_similar_to_a_refused_one_are_accepted(typed: str) -> None:
    assert parse_query(typed).alternatives


any_text = st.text(st.characters(exclude_categories=()), max_size=40)


def understood(text: str) -> Query | None:
    try:
        return parse_query(text)
    except QueryError as refused:
        error = refused
    assert 1 <= error.column <= max(1, len(text) + 1)
    assert str(error.sentence)
    return None


@given(typed_texts | any_text)
def test_any_text_is_understood_or_refused_with_its_column(text: str) -> None:
    query = understood(text)
    document = queries_in_words.explain(text, lambda template: template)
    assert list(document) == ["query", "text", "canonical", "words", "hints", "error", "when"]
    assert bool(query) == bool(document["words"]) == (document["error"] is None)
    if query:
        assert 1 <= len(query.alternatives) <= 64
        assert all(alternative.positive for alternative in query.alternatives)
        assert len({str(hint) for hint in query.hints}) == len(query.hints)


@given(typed_texts | any_text)
def test_a_canonical_text_means_what_the_query_meant(text: str) -> None:
    query = understood(text)
    if query:
        again = parse_canonical(query.canonical)
        assert (again.canonical, set(again.alternatives)) == (query.canonical, set(query.alternatives))
        if len(query.canonical) <= 1000:
            assert parse_query(query.canonical).canonical == query.canonical


Expression = str | tuple[str, list["Expression"]]  # a letter, or ("not" | "and" | "or", parts)
Literals = frozenset[str]  # "a", "-b"

expressions: st.SearchStrategy[Expression] = st.recursive(
    st.sampled_from("abcd"),
    lambda inner: st.one_of(
        st.tuples(st.just("not"), st.lists(inner, min_size=1, max_size=1)),
        st.tuples(st.sampled_from(["and", "or"]), st.lists(inner, min_size=1, max_size=3)),
    ),
    max_leaves=12,
)


def written(expression: Expression) -> str:
    if isinstance(expression, str):
        return expression
    kind, parts = expression
    if kind == "not":
        return f"-({written(parts[0])})"
    return (" OR " if kind == "or" else " ").join(f"({written(part)})" for part in parts)


def alternatives_of(expression: Expression, *, excluded: bool = False) -> set[Literals]:
    """Returns the disjunctive normal form, computed by its definition."""
    if isinstance(expression, str):
        return {frozenset({f"-{expression}" if excluded else expression})}
    kind, parts = expression
    if kind == "not":
        return alternatives_of(parts[0], excluded=not excluded)
    found = [alternatives_of(part, excluded=excluded) for part in parts]
    if (kind == "or") != excluded:
        return set().union(*found)
    return {frozenset().union(*choice) for choice in product(*found)}


def smallest(alternatives: set[Literals]) -> set[Literals]:
    """Returns the alternatives that no other alternative absorbs."""
    return {one for one in alternatives if not any(other < one for other in alternatives)}


def literals(query: Query) -> set[Literals]:
    return {
        frozenset(term.tokens[0] for term in alternative.positive)
        | frozenset(f"-{term.tokens[0]}" for term in alternative.negative)
        for alternative in query.alternatives
    }


@given(expressions)
def test_the_normal_form_is_that_of_the_definition(expression: Expression) -> None:
    expected = alternatives_of(expression)
    try:
        query = parse_query(written(expression))
    except QueryError as error:
        refusal = str(error.sentence)
        only_excludes = any(all(literal.startswith("-") for literal in literals) for literals in expected)
        assert only_excludes if "only excludes" in refusal else "more than 64" in refusal
    else:
        assert literals(query) <= expected  # the parser merges equal parts before it expands them
        assert smallest(literals(query)) == smallest(expected)


EVIL = [
    *(
        unit.replace("·", " ") * int(times)
        for unit, times in tables.rows(r"""
            (                  → 1000
            -(a|-(b·           → 125
            a·-(b|-(c·-(d|-(e· → 55
            (-a|b)(c|-d)       → 80
            a·                 → 500
            "                  → 1000
            *                  → 1000
            :                  → 1000
            α                  → 1000
            \"o                → 333
            \                  → 1000
            http://            → 142
            cs.AI+             → 166
            a·AND·NOT·OR·      → 76
            '·                 → 500
            a·-(               → 126
            ",·not·"           → 124
            ，不含             → 333
            不含·              → 333
            a;                 → 500
            cat:x·             → 166
        """)
    ),
    "(" * 499 + "a" + ")" * 499,
    "-(" * 499 + "a",
    "doi:10.1234/" + "(" * 988,
    "\u200b" * 1000,
    "\U0001f468\u200d" * 500,
    "'" + "a " * 499,
    "arxiv.org/abs/2601.15529?" + "." * 970 + "x",
    "cat:machine " + "learning " * 109,
]


class Work:
    calls = 0


@contextmanager
def counted() -> Iterator[Work]:
    """Counts calls of Python functions, which measure work equally on every machine."""
    work = Work()

    def count(_frame: object, event: str, _argument: object) -> None:
        work.calls += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        yield work
    finally:
        sys.setprofile(before)


@pytest.mark.parametrize("text", EVIL, ids=range(len(EVIL)))
def test_no_text_makes_much_work_or_needs_a_deep_stack(text: str) -> None:
    understood(text[:1000])
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + 400)
    try:
        with counted() as work:
            queries_in_words.explain(text[:1000], str)
    finally:
        sys.setrecursionlimit(limit)
    assert work.calls < 300_000  # about 0.1 s; most texts need a hundredth of this
