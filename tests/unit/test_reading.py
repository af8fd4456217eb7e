"""What people are told about their query: the reading in words, hints, the caret."""

import json

import pytest
from rich.cells import cell_len

from bot.rendering.reading import caret, explain, words
from subscriptions import parse_query


def english(template: str) -> str:
    return template


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("diffusion models -survey", "diffusion AND models, not survey"),
        ("-survey Diffusion", "Diffusion, not survey"),
        ('"graph neural', '"graph neural"'),
        ("studies OR few-shot", "studies OR few-shot"),  # never stems
        ("a b OR c", "(a AND b) OR c"),
        ("(a OR b) c", "(a OR b) AND c"),
        ("(a OR -b) c", "(a OR not b) AND c"),
        ("a b -c -d", "a AND b, not c, not d"),
        ("a b -c | d", "(a AND b, not c) OR d"),
        ("(a OR (-b -c)) d", "(a OR (not b AND not c)) AND d"),
        ("graph -(survey review)", "graph, not (survey AND review)"),
        ("graph -(survey OR review)", "graph, not (survey OR review)"),
        ("x -(a | -(b c))", "x AND b AND c, not a"),
        ("-(-x)", "x"),
        ("graph GRAPH graphs", "graph"),
        ("author:Jane Doe", "the author Jane AND the word Doe"),
        ('author:Jane "deep learning"', 'the author Jane AND the phrase "deep learning"'),
        ("ti:graph attention", "graph in the title AND the word attention"),
        ("attention ti:graph", "attention AND graph in the title"),
        ("ti:graph attention neural", "graph in the title AND the word attention AND neural"),
        ('author:"Jane Doe"', "the author Jane Doe"),
        ("author:Doe, Jane", "the author Jane Doe"),
        ("author:(jane doe)", "the author jane AND the author doe"),
        ("author:=Müller", "the author exactly Müller"),
        ("abs:study", "study in the abstract"),
        ('tldr:"many layers"', '"many layers" in a summary'),
        ("all:graph x", "graph anywhere (authors and categories too) AND the word x"),
        ("cs.lg", "the category cs.LG"),
        ("graph cs.* -hep-th", "graph AND any category of cs, not the category hep-th"),
        ("cs.AI+q-bio.NC", "the category cs.AI OR the category q-bio.NC"),
        ("primary:CS.lg", "the first category cs.LG"),
        ("primary:cs", "a first category of cs"),
        ("cat:detection", "the category detection"),
        ("2601.15529", "the paper 2601.15529 (or a text that names it)"),
        ("https://arxiv.org/abs/2601.15529v2", "the paper 2601.15529"),
        ("doi:10.1101/ABC.5", "the DOI 10.1101/abc.5"),
        ("source:Daily", "the source Daily"),
        ('source:"Daily arXiv"', 'the source "Daily arXiv"'),
        ("=RAG", "exactly RAG"),
        ('ti:="Rag doll"', 'exactly "Rag doll" in the title'),
        ("neuro* few-sho*", "neuro* AND few-sho*"),
        ("author:schm*", "the author schm*"),
        ("rlhf, dpo, reward mod*", 'rlhf OR dpo OR "reward mod*"'),
        ("AT&T", '"AT&T"'),
        ("rlhf,dpo", '"rlhf,dpo"'),
        ("foo:graph", '"foo:graph"'),
        ("BERT: graph!", "BERT AND graph"),
        (r"H\"older", "Hölder"),
        ("GPT -4", "GPT, not 4"),
        ("扩散模型 –综述", "扩散模型, not 综述"),
        ("ti:%22quantum+dots%22+AND+cat:cs.LG", '"quantum dots" in the title AND the category cs.LG'),
        ("{braces} {0}", '"{braces}" AND "{0}"'),
    ],
)
def test_the_reading_says_how_a_query_was_understood(typed: str, said: str) -> None:
    assert words(parse_query(typed), english) == said


def test_the_reading_speaks_the_language_of_the_chat() -> None:
    chinese = {
        "{first} AND {second}": "{first}且{second}",
        "{first} OR {second}": "{first}或{second}",
        "{wanted}, not {excluded}": "{wanted}，不含{excluded}",
        "{words} in the title": "标题含{words}",
        "the word {words}": "单词{words}",
        "exactly {words}": "原样{words}",
        "I closed the quotation mark.": "已补上引号。",
    }
    query = parse_query('ti:b c =f -(d OR "e')
    assert words(query, lambda template: chinese.get(template, template)) == '标题含b且单词c且原样f，不含(d或"e")'
    assert explain('"e', lambda template: chinese.get(template, template))["hints"] == ["已补上引号。"]


def test_explain_is_one_document() -> None:
    assert explain('author:Jane "deep', english) == {
        "query": 'author:Jane "deep',
        "canonical": "author:jane deep",
        "words": 'the author Jane AND the phrase "deep"',
        "hints": ["I closed the quotation mark."],
        "error": None,
    }
    assert explain("-survey", english) == {
        "query": "-survey",
        "canonical": None,
        "words": None,
        "hints": [],
        "error": {
            "column": 1,
            "message": "This only excludes. Say also what you want.",
            "hint": "For example: diffusion -survey",
        },
    }
    json.dumps(explain("\ud800 =扩散", english))


@pytest.mark.parametrize(
    ("text", "column", "lines"),
    [
        ("-survey", 1, ("-survey", "^")),
        ("graph )", 7, ("graph )", "      ^")),
        ("", 1, ("", "^")),
        ("ti:", 4, ("ti:", "   ^")),
        ("ti:", 99, ("ti:", "   ^")),
        ("扩散 ai*", 4, ("扩散 ai*", "     ^")),  # wide characters take two cells
        ("ｔｉ： x", 4, ("ｔｉ： x", "      ^")),
        ("e\u0301e\u0301 )", 6, ("e\u0301e\u0301 )", "   ^")),  # combining marks take none
        ("a\u200bb )", 5, ("ab )", "   ^")),  # nor do invisible characters, which are left out
        ("a\tb\nc )", 7, ("a b c )", "      ^")),
        ("\x1b[31m )", 7, ("[31m )", "     ^")),
        ("हिन्दी )", 8, ("हिन्दी )", " " * cell_len("हिन्दी ") + "^")),
    ],
)
def test_the_caret_points_by_what_is_displayed(text: str, column: int, lines: tuple[str, str]) -> None:
    assert caret(text, column) == lines


@pytest.mark.parametrize("column", [1, 5, 30, 59, 60, 61, 500, 970, 999, 1000, 1001])
@pytest.mark.parametrize("letter", ["x", "扩", "e\u0301", "🙂"])
def test_a_long_query_is_cut_around_the_caret(letter: str, column: int) -> None:
    text = (letter * 1000)[: column - 1] + "#" + (letter * 1000)[column:1000]
    line, below = caret(text, column)
    assert cell_len(line) <= 60
    assert cell_len(line[: line.index("#")]) == len(below) - 1
    kept = line.strip("…")
    assert kept in text
    assert line.startswith("…") != text.startswith(kept)
    assert line.endswith("…") != text.endswith(kept)


def test_a_query_that_is_too_long_shows_its_end() -> None:
    line, below = caret("x" * 1500, 1001)
    assert line.startswith("…xxx")
    assert line.endswith("xxx…")
    assert below.endswith("^")
