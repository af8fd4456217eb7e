"""What Hypothesis draws: texts as people type them, papers and queries."""

import re
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from subscriptions.errors import Sentence
from subscriptions.model import Paper, Summary, Translation
from subscriptions.normalize import author_tokens, exact_author_tokens, exact_tokens, fold_plural, written_tokens
from subscriptions.query.syntax import (
    ABSTRACT,
    ALL,
    AUTHOR,
    CATEGORY,
    DOI,
    FIELDS,
    ID,
    LIKE,
    PRIMARY,
    SOURCE,
    SUMMARY,
    TEXT,
    TEXT_OR_ID,
    TITLE,
    Alternative,
    Field,
    Query,
    Term,
    ValueKind,
)

VOCABULARY = (
    "graph graphs neural network networks RAG rag study studies few shot analysis matrices class news agents GPT 4 3.1 "
    "C++ c# α αβ μm β2 扩散 模型 大语言模型 グラフ ガラス 그래프 프 हिन्दी Müller Mueller Schrödinger Poincaré naïve ß "
    r"$\alpha$ H\"older \emph{deep} $k$NN S\o ren don't Newton's O’Connor Bayes' x̂ cs.LG kwo's"
)


WORDS = VOCABULARY.split()


LONGER = [
    "graph neural networks",
    "few-shot studies of RAG",
    "大语言模型推理",
    r"the $\alpha\beta$-core",
    "Newton's C++17",
    "グラフと",
]


PARTS = [
    "neural network",
    "graph neural networks",
    "shot study",
    "few shot stud",
    "语言模型",
    "alpha beta core",
    "newton c++ 17",
]


SEPARATORS = [" ", "-", " – ", ", ", "/", "_", "", " (", "'", ".", "\n", "+", "#", "\u0301", "\u200b"]


FIRST_NAMES = ["Jane", "J.", "Q.", "Max", "Anna Maria", "Jürgen", "Juergen", "Deok-Young", "É.", "张"]


LAST_NAMES = ["Doe", "Müller", "Mueller", "Lee", "O'Connor", "van der Berg", "伟", "Schmidt", "Kwo's", "Oe", "Do"]


CODES = ["cs.LG", "cs.CV", "CS.cl", "stat.ML", "hep-th", "astro-ph.GA", "astro-ph", "math.AP"]


IDS = ["2601.15529", "2601.15530", "hep-th/9901001"]


DOIS = ["10.1234/abc", "10.1234/ABC.5"]


SOURCES = ["daily", "Daily", "weekly"]


NOT_TEXT = ["Error", "N/A", "{tldr}", "Summary generation failed"]


def joined(parts: st.SearchStrategy[str], *, most: int) -> st.SearchStrategy[str]:
    pairs = st.lists(st.tuples(parts, st.sampled_from(SEPARATORS)), max_size=most)
    return pairs.map(lambda found: "".join(word + separator for word, separator in found))


texts = joined(st.sampled_from(WORDS + LONGER), most=7)


names = st.tuples(st.sampled_from(FIRST_NAMES), st.sampled_from(LAST_NAMES)).map(" ".join)


summaries = st.builds(
    lambda text, other: Summary(language="zh", fields={"tldr": text, "method": other}),
    texts,
    st.one_of(texts, st.sampled_from(NOT_TEXT)),
)


papers = st.builds(
    Paper,
    key=st.sampled_from(["title:0", *IDS]),
    title=texts,
    abstract=texts,
    authors=st.lists(names, max_size=3).map(tuple),
    categories=st.lists(st.sampled_from(CODES), max_size=3).map(tuple),
    primary=st.sampled_from([None, None, *CODES]),
    arxiv_id=st.sampled_from([None, *IDS]),
    doi=st.sampled_from([None, *DOIS]),
    summaries=st.lists(summaries, max_size=2).map(tuple),
    translations=st.lists(
        st.builds(lambda title, abstract: Translation(language="zh", title=title, abstract=abstract), texts, texts),
        max_size=1,
    ).map(tuple),
    sources=st.lists(st.sampled_from(SOURCES), max_size=2).map(tuple),
)


def text_term(field: Field, words: str, *, prefix: bool, exact: bool, cut: int) -> Term:
    """Returns a term as the parser makes it. The last word of a prefix term loses `cut` letters at its end."""
    written = exact_tokens(words) if exact else written_tokens(words)
    found = written or ["graph"]
    tokens = found if exact else [fold_plural(token) for token in found]
    if prefix:
        tokens = [*tokens[:-1], found[-1][: max(1, len(found[-1]) - cut)]]
    if field is not ALL:
        return Term(field, tuple(tokens), prefix, exact)
    author = name_term(words or "graph", prefix=prefix, exact=exact, cut=cut).tokens
    return Term(ALL, tuple(tokens), prefix, exact, "cs.lg" if words == "cs.LG" else "", author)


def name_term(name: str, *, prefix: bool, exact: bool, cut: int) -> Term:
    parts = (exact_author_tokens(name) if exact else author_tokens(name)) or ["doe"]
    if prefix:
        parts[-1] = parts[-1][: max(1, len(parts[-1]) - cut)]
    return Term(AUTHOR, tuple([*sorted(parts[:-1]), parts[-1]] if prefix else sorted(parts)), prefix, exact)


flags: dict[str, Any] = {"prefix": st.booleans(), "exact": st.booleans(), "cut": st.integers(0, 3)}


phrases = st.one_of(st.sampled_from(PARTS + LONGER), st.sampled_from(WORDS), joined(st.sampled_from(WORDS), most=3))


fields = [TEXT, TEXT, TEXT, TITLE, ABSTRACT, SUMMARY, ALL]


text_terms = st.builds(text_term, st.sampled_from(fields), phrases, **flags)


other_terms = st.one_of(
    st.builds(name_term, st.one_of(names, st.sampled_from(LAST_NAMES)), **flags),
    st.builds(
        lambda code: Term(CATEGORY, value=code),
        st.sampled_from(["cs.lg", "cs", "hep-th", "astro-ph", "cs.l", "?foo"]),
    ),
    st.builds(lambda code: Term(PRIMARY, value=code), st.sampled_from(["cs.lg", "cs", "stat.ml", "astro-ph"])),
    st.builds(lambda value: Term(ID, value=value), st.sampled_from(IDS)),
    st.builds(lambda value: Term(DOI, value=value.lower()), st.sampled_from(DOIS)),
    st.builds(lambda value: Term(SOURCE, value=value.casefold()), st.sampled_from(SOURCES)),
    st.builds(lambda value: Term(TEXT_OR_ID, (value,), value=value), st.sampled_from(IDS[:2])),
)


near_words = st.dictionaries(
    st.sampled_from(["graph", "neural", "news", "3.1", "c++", "扩 散", "语 言", "müller", "shot"]),
    st.sampled_from([1, 20, 50, 99, 100, 400]),
    max_size=4,
).map(lambda words: tuple(words.items()))


near_terms = st.builds(
    lambda papers, words: Term(LIKE, value=",".join(papers), near=words),
    st.lists(st.sampled_from([*IDS, "10.1234/abc"]), min_size=1, max_size=2, unique=True).map(sorted),
    near_words,
)


other_terms = st.one_of(other_terms, near_terms)


terms = st.booleans().flatmap(lambda text: text_terms if text else other_terms)


alternatives = st.builds(
    Alternative,
    st.frozensets(terms, min_size=1, max_size=3),
    st.one_of(st.just(frozenset()), st.frozensets(terms, max_size=2)),
)


def as_query(found: Sequence[Alternative]) -> Query:
    return Query("as typed", repr(found), tuple(found))


queries = st.lists(alternatives, min_size=1, max_size=3).map(as_query)


TYPED = """
graph -graph "few shot" stud* few-sho* =RAG ti: title: abs: summary: all: au: author: "Doe, J." müller Anna cat: cs.LG
primary: cs source: daily id: 2601.15529 like: like:2601.15530 doi: 10.1234/abc ( ) OR AND NOT - 扩散 "大语言模型" C++ α H\\"older 3.1 , | neural*
"""


SHAPES = ("{}", "{} {}", '"{} {}"', '"{} {} {}"', "{} -{}", "{} OR {} {}", "ti:{} {}*", "({} OR {}) -{}")


# All characters and words with a meaning in the grammar.
PIECES = re.split(
    " ",
    " \" ( ) | - ! * : = , ， 、 & + # . / \\ { } $ ' ’ “ „ « － — （ ： ＊ ＝ ％ % _ \u200b \u0301 \u3000 \n "
    "AND OR NOT ANDNOT or graph graphs few-shot GPT -4 ti: abs: author: cat: primary: id: doi: source: all: foo: co: arXiv: like: like:2601.15529,2601.15530 "
    "cs.LG cs.* cs. hep-th #cs.lg cs.AI+q-bio.NC 2601.15529 2601.15529v2 hep-th/9901001 https://arxiv.org/abs/2601.15529 "
    "https://doi.org/10.1101/a(b)c 10.1101/abc Mueller Mue J. Kwo's c++ C# 3.1 α αβ \\alpha \\emph{ab} \\'e \\\"o \\o ß ﬁ ² "
    "扩散 の ガ 한국 हिन्दी é İ ŉ ø search_query= id_list= %22 %28 +AND+ ™ ½",
)


typed_texts = st.lists(st.sampled_from(PIECES) | st.just(" ") | st.text(max_size=3), max_size=25).map("".join)


COMMENT = Field(
    name="comment",
    aliases=("note", "备注"),
    kind=ValueKind.WORDS,
    values=lambda paper: (paper.comment,),
    example="comment:accepted",
    place=Sentence("in the comment"),
)


SPEAKER = Field(
    name="speaker",
    kind=ValueKind.NAME,
    values=lambda paper: [paper.comment.removeprefix("by ")],
    example='speaker:"Jane Doe"',
)


HOST = Field(
    name="host",
    kind=ValueKind.LABEL,
    values=lambda paper: [paper.url.split("/")[2]] if paper.url else [],
    example="host:arxiv.org",
    is_widespread=True,
)


MORE = FIELDS.also(COMMENT, SPEAKER, HOST)
