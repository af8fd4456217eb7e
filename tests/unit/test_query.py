"""Queries as people type them: how they are read, and which are refused, with the column and a hint. Properties of every text:
it is parsed or refused with bounded work, its canonical text has the same meaning."""

import inspect
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rendering import queries_in_words
from subscriptions import portable
from subscriptions import query as grammar
from subscriptions.errors import QueryError
from subscriptions.query.lexer import fold_value
from subscriptions.query.parse import parse_canonical, parse_query
from subscriptions.query.tree import And, Leaf, Not, Or, Query, Term
from tests import tables
from tests.unit.strategies import typed_texts


def reads(typed: str) -> str:
    return parse_query(typed).canonical


def hints(typed: str) -> list[str]:
    return [str(hint) for hint in parse_query(typed).hints]


# --------------------------------------------------------------------------------------------------------- the grammar


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        *tables.rows(r"""
            # operators and brackets
            graph OR neural                                              → graph OR neural
            graph | neural                                               → graph OR neural
            graph || neural                                              → graph OR neural
            a b OR c d                                                   → a b OR c d  # AND has precedence over OR
            (a OR b) c                                                   → (a OR b) c
            c(a|b)d                                                      → (a OR b) c d
            graph -survey                                                → graph -survey
            graph !survey                                                → graph -survey
            graph NOT survey                                             → graph -survey
            graph ANDNOT survey                                          → graph -survey
            graph AND NOT survey                                         → graph -survey
            graph --survey                                               → graph -survey  # several minus signs count as one
            graph -!-survey                                              → graph -survey
            graph NOT NOT survey                                         → graph -survey
            graph NOT -survey                                            → graph -survey
            graph -(survey review)                                       → (-review OR -survey) graph
            graph -(survey OR review)                                    → graph -review -survey
            graph -(-neural)                                             → graph neural
            -(-(-x)) graph                                               → graph -x
            graph -(survey -review)                                      → graph (review OR -survey)
            graph! neural-net                                            → "neural net" graph  # ! excludes only where a term starts
            "a"-b                                                        → a -b  # a minus sign directly after a quote
            (a)-b                                                        → a -b
            a(-b)                                                        → a -b
            c (a|-b)                                                     → (a OR -b) c
            a&-b                                                         → "a b"  # & is an operator only between spaces
            a &-b                                                        → a b
            a& b                                                         → a b
            NOT(b) a                                                     → a -b
            "a"OR"b"                                                     → a OR b
            "graph neural"                                               → "graph neural"
            "graph" neural                                               → graph neural
            # fields and exact words
            ti:graph neural                                              → neural title:graph  # a field applies only to the next value
            ti:(graph neural)                                            → title:graph title:neural
            title: (graph OR neural) x                                   → (title:graph OR title:neural) x
            ti:"graph neural"                                            → title:"graph neural"
            ti:(a cat:cs.LG)                                             → cat:cs.lg title:a  # the inner field counts
            ti:(a abs:(b summary:c))                                     → abstract:b summary:c title:a
            x ti:-survey                                                 → x -title:survey
            x cat:-cs.CV                                                 → x -cat:cs.cv
            x ti:!survey                                                 → x -title:survey
            x ti:NOT survey y                                            → x y -title:survey
            x ti: -survey                                                → x -title:survey
            x -ti:survey                                                 → x -title:survey
            -ti:-x                                                       → title:x  # two minus signs, one on each side of a field, cancel out
            y -ti:-abs:-x                                                → y -abstract:x
            -ti:(-x)                                                     → title:x
            y ti:(-x)                                                    → y -title:x
            author:Jane Smith                                            → author:jane smith
            author:(a1 b1)                                               → author:a1 author:b1
            au:lecun_y                                                   → author:"lecun y"
            author:"Smith, Jane"                                         → author:"jane smith"
            author:=Müller                                               → author:=Müller
            author:"=Smith"                                              → author:smith  # inside quotes, = is punctuation
            -=RAG x                                                      → x -=RAG
            ti:="Rag doll"                                               → title:="Rag doll"
            ="Rag doll"                                                  → ="Rag doll"
            =few-shot                                                    → ="few shot"
            =OR                                                          → =OR
            cat:=CS.lg                                                   → cat:cs.lg  # = has no meaning in fields where letter case never counts
            id:=2601.15529v2                                             → id:2601.15529
            foo=bar                                                      → "foo bar"
            foo="bar"                                                    → bar foo
            # single quotes are apostrophes
            # accents of TeX are undone before parsing
            "H\"older regularity"                                        → "holder regularity"
            graph -H\"older                                              → graph -holder
            H\”older                                                     → holder  # phones replace the quotation mark
            Poincar\’e                                                   → poincare
            author:K\"onig                                               → author:konig
            =H\"older                                                    → =Hölder
            \varepsilon-net                                              → "epsilon net"
            $k$NN                                                        → knn
            # unknown field: a phrase if no space follows the colon, two terms if a space follows
            foo:bar:baz                                                  → "foo bar baz"
            foo:(a OR b)                                                 → (a OR b) foo
            foo:-bar                                                     → foo -bar  # a minus sign after the colon still excludes
            foo:ti:graph                                                 → foo title:graph
            http://example.com/a                                         → "http example com a"
            :graph:                                                      → graph
            neural/graph                                                 → "neural graph"
            graph_neural                                                 → "graph neural"
            C++                                                          → "c++"
            c# code                                                      → "c#" code
            扩散模型                                                     → "扩 散 模 型"
            AI扩散                                                       → "ai 扩 散"
            # lists
            rlhf, dpo, reward model                                      → "reward model" OR dpo OR rlhf
            rlhf， dpo，reward model                                     → "reward model" OR dpo OR rlhf
            rlhf、dpo                                                    → dpo OR rlhf
            扩散、图 神经                                                → "图 神 经" OR "扩 散"
            rlhf , dpo                                                   → dpo OR rlhf
            rlhf,dpo, ppo                                                → "rlhf dpo" ppo  # a comma separates only if a space follows it
            rlhf, dpo,                                                   → dpo OR rlhf  # a comma at the end is dropped
            reward model,                                                → model reward
            rlhf, , dpo                                                  → dpo OR rlhf
            , reward model                                               → model reward
            rlhf, dpo OR ppo                                             → dpo rlhf OR ppo  # operators, brackets or quotes: no list
            rlhf, dpo -ppo                                               → dpo rlhf -ppo
            rlhf, NOT dpo                                                → rlhf -dpo
            rlhf, dpo & ppo                                              → dpo ppo rlhf
            rlhf, (dpo)                                                  → dpo rlhf
            rlhf, "dpo"                                                  → dpo rlhf
            rlhf | dpo, ppo                                              → dpo ppo OR rlhf
            foo, prefer*                                                 → foo OR prefer*
            foo, reward mod*                                             → foo OR reward-mod*  # the star applies to the whole phrase
            foo, =Reward Model                                           → ="Reward Model" OR foo
            foo, ti:=Reward mod*                                         → foo OR title:=Reward-mod*
            foo, cs.LG things                                            → "cs lg thing" OR foo  # a category must be the only word of its item
            cat:cs.CV, dpo                                               → cat:cs.cv OR dpo
            cat:cs.CV, cs.LG                                             → cat:cs.cv OR cat:cs.lg
            foo, cs.AI+cs.LG                                             → cat:cs.ai OR cat:cs.lg OR foo
            2601.15529, arXiv:2601.15530                                 → 2601.15529 OR id:2601.15530
            https://arxiv.org/abs/2601.15529, foo                        → foo OR id:2601.15529
            foo:graph, x                                                 → "foo graph" OR x
            few-shot, x                                                  → "few shot" OR x
            gr*ph net, x                                                 → "gr ph net" OR x
            graph ti:neural net, x                                       → graph title:"neural net" OR x
            rlhf, !!!                                                    → rlhf
            rlhf, RLHF, Rlhf                                             → rlhf
            author:Smith, Jane                                           → author:"jane smith"  # one author, with the last name first
            author: Smith, Jane                                          → author:"jane smith"
            au:van der Berg, Ludwig                                      → author:"berg der ludwig van"
            author:Smith, J.                                             → author:"j smith"
            author:Schm*, Anna                                           → author:anna-schm*
            author:Schmidt, Ann*                                         → author:schmidt-ann*
            author:Smith, cs.LG                                          → author:"cs lg smith"  # after author:, the second item is never a category
            author:Smith, Jane, foo                                      → author:smith OR foo OR jane
            author:Smith, author:Lee                                     → author:lee OR author:smith
            author:Smith, ti:x                                           → author:smith OR title:x
            ti:foo, author:Smith                                         → author:smith OR title:foo
            foo, author:Smith Jane                                       → author:"jane smith" OR foo
            # categories, ids and links
            cs.LG                                                        → cat:cs.lg
            CS.LG                                                        → cat:cs.lg
            hep-th.*                                                     → cat:hep-th
            cs.AI+q-bio.NC                                               → cat:cs.ai OR cat:q-bio.nc
            cs.AI+hep-th+stat.*                                          → cat:cs.ai OR cat:hep-th OR cat:stat
            cs.*+stat.ML                                                 → cat:cs OR cat:stat.ml
            x -cs.AI+cs.LG                                               → x -cat:cs.ai -cat:cs.lg
            graph (cs.LG, cs.AI)                                         → cat:cs.ai cat:cs.lg graph
            math physics stat                                            → math physic stat
            #diffusion                                                   → diffusion
            "cs.LG"                                                      → "cs lg"
            ti:(cs.LG x)                                                 → title:"cs lg" title:x
            cs.L*                                                        → cs-l*
            foo.bar+cs.LG                                                → "foo bar cs lg"
            cat:"cs.*"                                                   → cat:cs
            cat:(cs.LG OR stat.ML)                                       → cat:cs.lg OR cat:stat.ml
            cat:cs.AI+cs.LG                                              → cat:"cs.ai+cs.lg"  # + joins them only if there is no field
            primary: cs                                                  → primary:cs
            primary:stat.ml                                              → primary:stat.ml
            2601.15529v2                                                 → 2601.15529v2
            2601.15529.                                                  → 2601.15529
            "2601.15529"                                                 → "2601.15529"
            graph/1234567                                                → "graph 1234567"  # there is no such archive
            cs/0501001                                                   → cs/0501001
            id:10.1101/abc                                               → doi:10.1101/abc
            1234.5678                                                    → "1234.5678"  # there is no month 34
            id:"http://arxiv.org/pdf/2601.15529v1.pdf"                   → id:2601.15529
            id:math.GT/0309136                                           → id:math/0309136
            like:https://arxiv.org/abs/math.GT/0309136v1                 → like:math/0309136
            math.GT/0309136                                              → math/0309136
            arxiv: 2601.15529v2                                          → id:2601.15529
            x -arXiv:hep-th/9901001                                      → x -id:hep-th/9901001
            arXiv:graph                                                  → "arxiv graph"
            arxiv.org/abs/2601.15529v2                                   → id:2601.15529
            http://export.arxiv.org/pdf/2601.15529v2.pdf                 → id:2601.15529
            https://www.arxiv.org/html/2601.15529v2#S1                   → id:2601.15529
            https://arxiv.org/abs/hep-th/9901001                         → id:hep-th/9901001
            see https://arxiv.org/abs/2601.15529.                        → id:2601.15529 see
            see:https://arxiv.org/abs/2601.15529                         → id:2601.15529 see
            x -https://arxiv.org/abs/2601.15529                          → x -id:2601.15529
            https://arxiv.org/list/cs.LG                                 → "http arxiv org list cs lg"
            "https://arxiv.org/abs/2601.15529"                           → "http arxiv org abs 2601.15529"
            doi:10.1101/ABC.5678                                         → doi:10.1101/abc.5678
            DOI: 10.1101/Abc.5678                                        → doi:10.1101/abc.5678
            https://doi.org/10.1101/ABC.5678                             → doi:10.1101/abc.5678
            dx.doi.org/10.1101/abc.5678                                  → doi:10.1101/abc.5678
            doi:https://doi.org/10.1101/abc.5678                         → doi:10.1101/abc.5678
            doi:"doi:10.1101/abc.5678"                                   → doi:10.1101/abc.5678
            doi:10.1016/0370-2693(91)90037-8                             → doi:"10.1016/0370-2693(91)90037-8"
            (doi:10.1016/0370-2693(91)90037-8)                           → doi:"10.1016/0370-2693(91)90037-8"
            https://doi.org/10.48550/arXiv.2601.15529                    → id:2601.15529
            10.1101/abc.5678                                             → "10.1101 abc 5678"
            source:Daily                                                 → source:daily
            source:"Daily  arXiv"                                        → source:"daily arxiv"
            # a text to which papers are near in meaning keeps its case and accents
            about:"Größe  der Lösung"                                    → about:"Größe der Lösung"
            about:强化学习                                               → about:"强化学习"
            关于：“蛋白质 折叠”                                          → about:"蛋白质 折叠"
            About:ＲＬ cat:cs.LG -survey                                 → about:"RL" cat:cs.lg -survey
            -about:robots cs.RO                                          → cat:cs.ro -about:"robots"
            about:"a (b OR c), d"                                        → about:"a (b OR c), d"
            about:(tide OR reef)                                         → about:"reef" OR about:"tide"
            about:"tides of                                              → about:"tides of"
            about:"＼o re"                                               → about:"øre"
            # a query of arXiv's API, as a link or a part of one
            ti:%22deep+learning%22+AND+au:lecun_y                        → author:"lecun y" title:"deep learning"
            http://export.arxiv.org/api/query?search_query=all:electron&max_results=5 → all:electron
            ti:a+ANDNOT+%28ti:b+OR+ti:c%29                               → title:a -title:b -title:c
        """),
("foo\tbar\nbaz\u00a0qux\u3000quux", "bar baz foo quux qux"),
("rlhf,\ndpo", "dpo OR rlhf"),
(r'about:"\^\'etude"', 'about:"e\u0301\u0302tude"'.replace("e\u0301", "é")),  # an accent of an accented letter
],
)  # fmt: skip
def test_what_is_typed_is_read(typed: str, canonical: str) -> None:
    assert reads(typed) == canonical


@pytest.mark.parametrize("unseen", ["\u00ad", "\u200b", "\u200e", "\u2060", "\ufe0f", "\ufeff", "\U000e0100", "\u202a"])
def test_invisible_characters_change_nothing(unseen: str) -> None:
    typed = "graph OR ti:neural -survey"
    assert reads(unseen.join(typed)) == reads(typed)


# ------------------------------------------------------------------------------------------------- forgiving: the table


@pytest.mark.parametrize(
    ("typed", "canonical", "hint"),
    tables.rows("""
        "graph neural       → "graph neural"           → I closed the quotation mark.
        ti:"graph neural    → title:"graph neural"     → I closed the quotation mark.
        title:(graph neural → title:graph title:neural → I closed the bracket.
        (a (b OR c          → a (b OR c)               → I closed the bracket.
        ("graph             → graph                    → I closed the quotation mark.
        OR graph            → graph                    → OR has no meaning here; I left it out.
        graph AND           → graph                    → AND has no meaning here; I left it out.
        a AND OR b          → a OR b                   → AND has no meaning here; I left it out.  # of several operators, the last one counts
        a OR AND b          → a b                      → OR has no meaning here; I left it out.
        a OR & b            → a b                      → OR has no meaning here; I left it out.
        a | | b             → a OR b                   → | has no meaning here; I left it out.
        a NOT OR b          → a OR b                   → NOT has no meaning here; I left it out.
        a NOT AND b         → a b                      → NOT has no meaning here; I left it out.
        NOT OR graph        → graph                    → NOT has no meaning here; I left it out.
        a OR (b AND) c      → a OR b c                 → AND has no meaning here; I left it out.
        a (b -)             → a b                      → - has no meaning here; I left it out.
        a ()                → a                        → I left out an empty bracket.
        a -()               → a                        → - has no meaning here; I left it out.
        a (()) b            → a b                      → I left out an empty bracket.
        a ""                → a                        → "" has no meaning here; I left it out.
        a -""               → a                        → - has no meaning here; I left it out.
        a OR "" b           → a OR b                   → "" has no meaning here; I left it out.
        a OR "" AND b       → a b                      → OR has no meaning here; I left it out.
        a !!!               → a                        → ! has no meaning here; I left it out.
        a NOT "..." b       → a b                      → NOT has no meaning here; I left it out.
        a NOT - b           → a b                      → NOT has no meaning here; I left it out.
        graph -             → graph                    → - has no meaning here; I left it out.
        gr*ph               → gr ph                    → A * works only at the end of a word (neuro*); elsewhere I read it as a space.
        ti:gr*ph            → ph title:gr              → A * works only at the end of a word (neuro*); elsewhere I read it as a space.
        *graph              → graph                    → A * works only at the end of a word (neuro*); elsewhere I read it as a space.
        "a b"*              → "a b"                    → A * works only at the end of a word (neuro*); elsewhere I read it as a space.
        a * b               → a b                      → A * works only at the end of a word (neuro*); elsewhere I read it as a space.
        gr*-ph              → gr ph                    → A * works only at the end of a word (neuro*); elsewhere I read it as a space.
        -*graph             → graph                    → A * works only at the end of a word (neuro*); elsewhere I read it as a space.
        id:2601.15529*      → id:2601.15529            → A * works only at the end of a word (neuro*); elsewhere I read it as a space.
        扩散 和 流          → "扩 散" 和 流            → I look for the word 和. As an operator it is written 且.
        cs.XX               → "cs xx"                  → There is no category cs.XX, so I look for the words. A category looks like cs.CV.
        cat:machine learning → cat:machine learning    → There is no category machine. For machine learning write cat:cs.LG OR cat:stat.ML
        graph, not          → graph                    → not has no meaning here; I left it out.
        foo, -              → foo                      → - has no meaning here; I left it out.
        cats:cs.LG          → "cat cs lg"              → There is no field cats: so I look for the words. Did you mean cat:?
        graph or neural     → graph neural or          → I look for the word or. As an operator it is written OR.
        not graph           → graph not                → I look for the word not. As an operator it is written NOT.
        graph And neural    → and graph neural         → I look for the word And. As an operator it is written AND.
        a, b, or c          → "or c" OR a OR b         → I look for the phrase "or c". In a list leave out the word or.
        rlhf,dpo            → "rlhf dpo"               → I look for the phrase "rlhf,dpo". For any of them write rlhf OR dpo
        a b -a              → a b -a                   → This wants and excludes the same, so it finds nothing.
        GPT -4              → gpt -4                   → I read -4 as: not 4. For the name write GPT-4
        titel:graph         → "titel graph"            → There is no field titel: so I look for the words. Did you mean title:?
        autor: smith        → autor smith              → There is no field autor: so I look for the words. Did you mean author:?
        author:Jane Smith   → author:jane smith        → author: holds for Jane only, Smith is a word. For both write author:"Jane Smith"
        ti:graph neural     → neural title:graph       → ti: holds for graph only, neural is a word. For both write ti:(graph neural)
        cat: detection      → cat:detection            → There is no category detection, so no paper has it. A category looks like cs.CV; for the words write "detection".
    """),
)
def test_a_slip_is_mended_and_the_hint_says_how(typed: str, canonical: str, hint: str) -> None:
    assert reads(typed) == canonical
    assert hint in hints(typed)


def test_the_most_useful_hint_stands_first_and_each_once() -> None:
    found = hints('cat:detection autor:smith (graph or "neural () () or')
    assert found[0].startswith("There is no category detection")
    assert found[1].startswith("There is no field autor:")
    assert len(found) == len(set(found))


# --------------------------------------------------------------------------------------------------------------- lists


def test_the_hint_of_a_list_says_that_any_item_counts() -> None:
    assert hints("rlhf, dpo") == ["I look for any of these 2. For all of them leave out the commas."]
    assert hints("author:Smith, Jane") == []


# --------------------------------------------------------------------------------------------------------------- terms


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
        studies                 → text: study
        few-shots               → text: few shot
        studies*                → text: studies*
        graphs-studies*         → text: graph studies*
        =Studies                → text: =Studies
        GPT-4*                  → text: gpt 4*
        扩ab*                    → text: 扩 ab*
        neuro**                 → text: neuro*
        neuro*.                 → text: neuro*
        author:Williams         → author: williams
        author:Brüggen          → author: bruggen
        author:Brueggen         → author: bruggen
        author:schm*            → author: schm*
        author:anna-maria-schm* → author: anna maria schm*
        author:schm-anna*       → author: schm anna*
        author:"anna schm*"     → author: anna schm  # inside quotes, a star is punctuation
        "neuro*"                → text: neuro
        author:张伟               → author: 伟 张
        cat:detection           → category: value ?detection
        cat:cs                  → category: value cs
        2601.15529v2            → text-or-id: 2601.15529v2, value 2601.15529
        all:Williams            → all: william, names williams
        all:Mueller             → all: mueller, names muller
        all:Kwo's               → all: kwo, names kwos
        all:schm*               → all: schm*, names schm
        all:cs.LG               → all: cs lg, value cs.lg, names cs lg
        all:cs.*                → all: cs, value cs, names cs
        all:"LeCun, Y."         → all: lecun y, names lecun y
        all:J.                  → all: j  # an initial alone would match too many names
        all:=Müller             → all: =Müller, names Müller
    """),
)
def test_terms(typed: str, term: str) -> None:
    assert [*map(told, terms(typed))] == [term]


def test_a_source_is_compared_whole_and_in_any_letter_case() -> None:
    assert {term.value for term in terms("source:“Daily  ArXiv – Ｎews”")} == {fold_value("daily arxiv – news")}
    assert fold_value("daily") != fold_value("daily 2")


def test_the_order_of_author_tokens_does_not_count() -> None:
    assert terms('author:"Smith, Jane"') == terms('author:"Jane Smith"') == terms("author:Smith, Jane")
    assert terms('author:"Jane Jane Smith"') != terms('author:"Jane Smith"')


# ------------------------------------------------------------------------------------------------------ the normal form


def spelled(query: Query) -> list[str]:
    """Returns the alternatives of a query as "a b -c", sorted."""
    return sorted(" ".join(signed(a.positive, "") + signed(a.negative, "-")) for a in query.alternatives)


def signed(terms: Iterable[Term], sign: str) -> list[str]:
    return sorted(sign + " ".join(term.tokens) for term in terms)


@pytest.mark.parametrize(
    ("typed", "alternatives"),
    tables.rows("""
        a                      → a
        a b -c                 → a b -c
        a OR b                 → a, b
        (a OR b) c             → a c, b c
        (a OR b) (c OR d)      → a c, a d, b c, b d
        x -(a b)               → x -a, x -b
        x -(a OR -b)           → b x -a
        a OR a                 → a
        (a OR b) (b OR a)      → a, b
        a OR (a b)             → a, a b  # absorbed alternatives are kept
        (a OR b) (a OR b OR c) → a, a b, a c, b, b c
        a -a                   → a -a
        all:x                  → x
        2601.15529             → 2601.15529
    """),
)
def test_the_normal_form(typed: str, alternatives: str) -> None:
    assert ", ".join(spelled(parse_query(typed))) == alternatives


# -------------------------------------------------------------------------------------------------- the canonical text


@pytest.mark.parametrize(
    "different",
    tables.lines("""
        few shot ≠ "few shot" ≠ =few-shot ≠ few-shot* ≠ fewshot
        rag ≠ =rag ≠ =RAG ≠ rag* ≠ ti:rag ≠ abs:rag ≠ summary:rag ≠ all:rag ≠ author:rag ≠ source:rag
        2601.15529 ≠ "2601.15529" ≠ id:2601.15529 ≠ ti:2601.15529 ≠ 2601.15529v2
        cat:cs.LG ≠ cat:cs ≠ primary:cs.LG ≠ "cs.LG" ≠ cat:cs.L ≠ cat:lg
        author:"J. Smith" ≠ author:Smith ≠ author:"Jane Smith" ≠ author:=Smith
        a b ≠ a OR b ≠ a -b ≠ "a b" ≠ "b a"
        a (b OR c) ≠ a b OR c ≠ (a OR b) c
        cat:foo ≠ cat:bar ≠ foo
        all:williams ≠ all:william  # names keep their s
        all:mueller ≠ all:muller
        c++ ≠ c ≠ c#
        3.1 ≠ "3 1" ≠ 31 ≠ 3 1
        "graph neural" ≠ "neural graph" ≠ graph neural ≠ graph or neural ≠ graph OR neural
        hep-th ≠ "hep-th"
        not graph foo ≠ NOT graph foo
        all:doe ≠ author:doe
        mueller ≠ müller ≠ author:Müller ≠ author:=Müller
        news ≠ new
        rlhf,dpo ≠ rlhf, dpo
        foo:graph ≠ foo: graph
        GPT-4 ≠ GPT -4
    """),
)
def test_other_meanings_have_other_canonical_texts(different: str) -> None:
    texts = {typed: reads(typed) for typed in tables.listed(different, " ≠ ")}
    assert len(set(texts.values())) == len(texts) > 1, texts


def test_a_canonical_text_may_be_longer_than_what_was_typed() -> None:
    query = parse_query("α" * 1000)
    assert len(query.canonical) > 5000
    assert parse_canonical(query.canonical).alternatives == query.alternatives


# -------------------------------------------------------------------------------------------------------------- the tree


def test_the_tree_keeps_what_was_typed_and_where() -> None:
    assert parse_query("diffusion AND Models -(survey OR ti:Reviews) diffusions").tree == And(
        (
            Leaf(Term(grammar.TEXT, ("diffusion",)), "diffusion", 1),
            Leaf(Term(grammar.TEXT, ("model",)), "Models", 15),
            Not(
                Or(
                    (
                        Leaf(Term(grammar.TEXT, ("survey",)), "survey", 24),
                        Leaf(Term(grammar.TITLE, ("review",)), "Reviews", 37),
                    )
                ),
                22,
            ),
        )
    )


def test_columns_count_what_was_typed_not_what_was_read() -> None:
    read = parse_query('H\\"older \u200bgraph').tree
    assert isinstance(read, And)
    assert [leaf.column for leaf in read.nodes if isinstance(leaf, Leaf)] == [1, 11]


def test_a_query_is_equal_whatever_its_tree() -> None:
    assert parse_query("graph") == parse_query("graph")
    assert "tree" not in repr(parse_query("graph"))


@pytest.mark.parametrize(
    "typed",
    [
        "cs\x00\x001",
        "a\x1bb -c\u2028d",
        "few\x85shot",
        "a\ud800b",
        '"t x, (" :r, not a :g -, ',
        '"t x, (" r, not a g -,\x00',
        "x, not a, g, ",
    ],
)
def test_control_characters_and_spaces_at_the_end_mean_nothing(typed: str) -> None:
    """Found by fuzzing: a phrase was read where a subscription searches for two words."""
    assert parse_query(typed).canonical == portable.kept_query(typed).canonical


def test_operators_between_control_characters_are_refused() -> None:
    for read in (parse_query, portable.kept_query):
        with pytest.raises(QueryError):
            read("\x0f\x00且\x00")


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
            ""
            ...
            *
            !!!
            =
            AND OR
            NOT
            , ,
            -
            %
            ™
            :
            、
            或
        """)
    ),
    ("", 1, EMPTY),
    ("   ", 1, EMPTY),
    # a field without a value
    *(
        (typed, int(column), no_value(field))
        for typed, column, field in tables.rows("""
            ti:                      → 1 → ti
            doi:"doi:"               → 1 → doi
            source:                  → 1 → source
            graph ti:                → 7 → ti
            ti:()                    → 1 → ti
            ti: (())                 → 1 → ti
            graph ti:""              → 7 → ti
            graph -ti:""             → 8 → ti
            author:"."               → 1 → author
            graph Title:- x          → 7 → Title
            ti:OR graph              → 1 → ti
            ti:NOT OR a              → 1 → ti
            ti:abs:                  → 4 → abs
            ti:(a abs:)              → 7 → abs
            ti:(                     → 1 → ti
            foo, ti:                 → 6 → ti
            ti:, foo                 → 1 → ti
            author:..., !            → 1 → author
            graph OR ti:             → 10 → ti
            doi:                     → 1 → doi
            ti: )                    → 1 → ti
            ti:-OR x                 → 1 → ti
            ti:- graph               → 1 → ti
            标题：                   → 1 → 标题
            标题： 且 x              → 1 → 标题
            a, not ti:               → 8 → ti
            "a", not ti:             → 10 → ti
        """)
    ),
    ("graph ti： ", 7, no_value("ti")),
    # all of it only excludes
    *(
        (typed, int(column), ONLY_EXCLUDES)
        for typed, column in tables.rows("""
            -survey                           → 1
            -cs.CV                            → 1
            -(a b)                            → 1
            -(-(-x))                          → 1
            -(-(-a -b))                       → 1
            -ti:x                             → 1
            ti:-survey                        → 4
            -x                                → 1
            ANDNOT x                          → 1
            -(a OR b)                         → 1
            -https://arxiv.org/abs/2601.15529 → 1
            - -x                              → 3
            () -x                             → 4
            -cs.AI+cs.CV                      → 1
            ti:(-x)                           → 5
            不含 x                            → 1
            not a, not b                      → 1
            , not x                           → 3
        """)
    ),
    ("  -x", 3, ONLY_EXCLUDES),
    # an alternative that only excludes
    *(
        (typed, int(column), ONE_ONLY_EXCLUDES)
        for typed, column in tables.rows(r"""
            a OR -b                          → 6
            a|-b                             → 3
            (graph OR -foo) (neural OR -bar) → 11
            x OR -(-y z)                     → 6
            a -(b) OR -c -d                  → 11
            graph OR H\"older OR -x          → 22
            -a OR b                          → 1
            (a OR -b)                        → 7
            a OR (-b -c)                     → 7
            -(a -b)                          → 1
            a OR ti:-b                       → 9
            a ti:b OR -c d OR -e             → 19
            ti:(a OR -b)                     → 10
            {\"o}x OR -b                     → 11
            a 或 不含 b                      → 5
            a OR (b, not c) OR (, not d)     → 23
        """)
    ),
    # a stray )
    *(
        (typed, int(column), STRAY)
        for typed, column in tables.rows(r"""
            )              → 1
            graph )        → 7
            （a））        → 4
            H\"older )     → 10
            a) OR (b       → 2
            graph :)       → 8
            ((a) b) c) d   → 10
            _ )            → 3
        """)
    ),
    ("\u200bgraph)", 7, STRAY),
    ("gr\u200baph )", 8, STRAY),
    # a prefix of fewer than three characters
    *(
        (typed, int(column), too_short(word))
        for typed, column, word in tables.rows(r"""
            ai*          → 1 → ai
            neuro* ai*   → 8 → ai
            ti:ai*       → 4 → ai
            a-b*         → 1 → a-b
            \"o\"u*      → 1 → öü
            扩a*         → 1 → 扩a
            foo, ai*     → 6 → ai
            3.1*         → 1 → 3.1
            ti: ai*      → 5 → ai
            gr*ph*       → 4 → ph
            H\"older ai* → 10 → ai
            αβ*          → 1 → αβ
        """)
    ),
    # only initials
    *(
        (typed, int(column), INITIALS)
        for typed, column in tables.rows("""
            author:j            → 8
            author:J. D.        → 8
            author:(J. D. Roe)  → 9
            author:"J. D."      → 8
            author:=J           → 8
            graph au:j          → 10
            author:J.Q.         → 8
            author:J. Doe       → 8
            author:J., K.       → 8
        """)
    ),
    # a category that is cut off
    *(
        (typed, int(column), STAR)
        for typed, column in tables.rows("""
            cat:*                → 5
            cat:* detection      → 5
            cat:cs.L*            → 5
            cat:cs*              → 5
            cat:cs.*G            → 5
            cat:(x OR cs.L*)     → 11
            foo, cat:cs.*G       → 10
            category:astro-ph.G* → 10
        """)
    ),
    # too long
    ("x" * 1001, 1001, TOO_LONG),
    (" " * 5000, 1001, TOO_LONG),
    ("graph" + " " * 996, 1001, TOO_LONG),
    ("𝔤" * 1001, 1001, TOO_LONG),
    ("(" * 1001, 1001, TOO_LONG),
    # too many
    (" OR ".join(f"c{n}" for n in range(65)), 1, TOO_MANY),
    (" ".join(f"(a{n} OR b{n})" for n in range(7)), 1, TOO_MANY),
    ("x -(" + " ".join(f"c{n}" for n in range(65)) + ")", 1, TOO_MANY),
    ("(a|(b " * 166, 1, TOO_MANY),
    (", ".join(f"a{n}" for n in range(65)), 1, TOO_MANY),
    ("a OR " + " OR ".join(f"(a b{n})" for n in range(64)), 1, TOO_MANY),
    (" ".join(f"(a{n}|b{n}|c{n}|d{n})" for n in range(50)), 1, TOO_MANY),
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
        -cat:cs.CV -(a b)              → diffusion -cat:cs.CV -(a b)
        graph)                         → "graph)"
        author:"J. D."                 → author:"J. D. Doe"
        author:J. D.                   → author:"J. Doe"
        author:J. Roe                  → author:"J. Roe"
        -diffusion                     → graph -diffusion
        -(survey OR "Diffusion model") → graph -(survey OR "Diffusion model")
        cat:math.L*                    → cat:cs.LG
    """),
)
def test_the_hint_takes_up_what_was_typed(typed: str, example: str) -> None:
    assert refusal(typed).hint.values["example"] == example


@pytest.mark.parametrize(
    "typed",
    [
        "(a OR -b) c",
        "-(-x)",
        "-ti:-x",
        "GPT-4*",
        "扩*",
        "扩散*",
        "ab扩*",
        "cat:cs.*",
        "author:Ю",
        "author:李",
        'author:"J. Doe"',
        "all:j",
        "x" * 1000,
        "(" * 499 + "foo" + ")" * 498,
        "-(" * 399 + "-foo",
        "(a|(a " * 166,
        "a -(b|-(c -(d|-(e " * 55,
    ],
)
def test_queries_similar_to_a_refused_one_are_accepted(typed: str) -> None:
    assert parse_query(typed).alternatives


# ----------------------------------------------------------------------------------------------------------- every text


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
    assert list(document) == ["query", "text", "canonical", "words", "hints", "error"]
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


@given(any_text)
def test_folding_the_name_of_a_source_twice_changes_nothing(name: str) -> None:
    folded = fold_value(name)
    assert fold_value(folded) == folded


WRITINGS: tuple[Callable[[str], str], ...] = (
    lambda text: f" {text} ",
    lambda text: f"({text})",
    lambda text: text.replace(" ", "  "),
    lambda text: text.replace('"', "“"),
    lambda text: text.replace(":", "： "),
    lambda text: text.replace("-", "－"),
    lambda text: text.replace("studies", "STUDY"),
    lambda text: text.replace("ö", '\\"o'),
    lambda text: text.replace("ö", "o\u0308"),
    lambda text: text.replace("few-shot", '"Few  Shots"'),
    lambda text: text.replace("cs.LG", "#CS.lg"),
    lambda text: text.replace("ti:", "Title:"),
    lambda text: text if "\\" in text else "\u200b".join(text),  # a TeX macro is no longer one after it is cut
)


@given(
    st.lists(
        st.sampled_from(
            ["graph", "few-shot", "cs.LG", "Schrödinger", "studies", "ti:neural", 'author:"Jane Lee"', "=RAG", "neuro*"]
        ),
        min_size=1,
        max_size=5,
    ),
    st.randoms(),
    st.lists(st.sampled_from(WRITINGS), max_size=4, unique=True),  # each cut doubles the text
)
def test_other_spellings_have_the_same_canonical_text(found, random, writings) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001 - hypothesis
    other = [*found, random.choice(found)]
    random.shuffle(other)
    text = " ".join(other)
    for write in writings:
        text = write(text)
    assert parse_query(text).canonical == parse_query(" AND ".join(found)).canonical


@given(typed_texts | any_text, st.integers(1, 1001))
def test_the_caret_stays_below_the_line(text: str, column: int) -> None:
    line, below = queries_in_words.caret(text, column)
    assert below.strip(" ") == "^"
    assert not {"\n", "\r", "\t"} & set(line)
    assert len(below) <= 61


# ----------------------------------------------------------------------------------------------------- boolean meaning

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


# ------------------------------------------------------------------------------------------------------- bounded work

EVIL = [
    *(
        unit.replace("·", " ") * int(times)
        for unit, times in tables.rows(r"""
            (                  → 1000
            -(-                → 333
            (a|(b·             → 166
            (a|(a·             → 166
            -(a·-(a·           → 125
            -(a|-(b·           → 125
            -(a|(b·-(c|(d·     → 70
            a·-(b|-(c·-(d|-(e· → 55
            (x|-(y·-(z|w)·     → 70
            (a|b)              → 200
            (-a|b)(c|-d)       → 80
            (a·b|              → 200
            a|                 → 500
            a·                 → 500
            ti:                → 333
            "                  → 1000
            *                  → 1000
            a*                 → 500
            -                  → 1000
            :                  → 1000
            a:                 → 500
            a:-                → 333
            a，                → 500
            a,·                → 333
            α                  → 1000
            \"o                → 333
            \                  → 1000
            {                  → 1000
            http://            → 142
            arxiv.org/abs/     → 71
            cs.AI+             → 166
            cs.*+              → 200
            NOT·               → 250
            a·AND·NOT·OR·      → 76
            a'                 → 500
            '·                 → 500
            ,·not              → 199
            (a,·not·b·         → 99
            a,·not·(           → 124
            a·-(               → 126
            ,·not·(a           → 124
            ",·not·"           → 124
            a,·not·b·c·d       → 83
            ，不含             → 333
            a，·不含（         → 142
            或·                → 500
            不含·              → 333
            作者：             → 333
            a;                 → 500
            cat:x·             → 166
        """)
    ),
    "(" * 499 + "a" + ")" * 499,
    "-(" * 499 + "a",
    "，" * 999 + "a",
    "doi:10.1234/" + "(" * 988,
    "doi:10.1234/" + "(a)" * 329,
    "x-" * 499 + "*",
    "\u200b" * 1000,
    "\U0001f468\u200d" * 500,
    "'" + "a " * 499,
    "arxiv.org/abs/2601.15529?" + "." * 970 + "x",
    "10.1101/" + "." * 990,
    "a.-" * 333 + "/",
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
