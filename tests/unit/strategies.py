"""Random queries and papers by Hypothesis."""

import re
from collections.abc import Sequence
from typing import cast

from hypothesis import strategies as st

from subscriptions.errors import QueryError
from subscriptions.model import Paper, Summary, Translation
from subscriptions.query import tree
from subscriptions.query.parse import parse_query

VOCABULARY = (
    "graph graphs neural network networks RAG rag study studies few shot analysis matrices class news agents GPT 4 3.1 "
    "C++ c# α αβ μm β2 扩散 模型 大语言模型 グラフ ガラス 그래프 프 हिन्दी Müller Mueller Schrödinger Poincaré naïve ß "
    "fewshot few-shot multimodal multi modal U-Net UNet GPT4 IL-6 10-20 I-II pre-trained state-of-the-art viruses virus-like "
    "viruslike tumour modelling "
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
    "non-small-cell lung tumours",
    "Pre-trained multi-modal models",
    "GPT-3.5-turbo",
]


PARTS = [
    "neural network",
    "graph neural networks",
    "shot study",
    "few shot stud",
    "语言模型",
    "alpha beta core",
    "newton c++ 17",
    "pretrained multimodal model",
    "pre trained multi mod",
    "smallcell lung",
    "few multimodal",
    "5 turbo",
    "virus like",
]


LAST_NAMES = [
    "Doe",
    "Müller",
    "Mueller",
    "Lee",
    "O'Connor",
    "van der Berg",
    "伟",
    "Schmidt",
    "Kwo's",
    "Oe",
    "Do",
    "Garcia-Lopez",
    "Jr",
]


CODES = ["cs.LG", "cs.CV", "CS.cl", "stat.ML", "hep-th", "astro-ph.GA", "astro-ph", "math.AP"]


IDS = ["2601.15529", "2601.15530", "hep-th/9901001"]


DOIS = ["10.1234/abc", "10.1234/ABC.5"]


SOURCES = ["daily", "Daily", "weekly"]


def joined(parts: st.SearchStrategy[str], *, most: int) -> st.SearchStrategy[str]:
    pairs = st.lists(
        st.tuples(
            parts,
            st.sampled_from([" ", "-", " – ", ", ", "/", "_", "", " (", "'", ".", "\n", "+", "#", "\u0301", "\u200b"]),
        ),
        max_size=most,
    )
    return pairs.map(lambda found: "".join(word + separator for word, separator in found))


texts = joined(st.sampled_from(WORDS + LONGER), most=7)


names = st.tuples(
    st.sampled_from(
        "Jane J. Q. Max Anna_Maria Jürgen Juergen Deok-Young Deokyoung É. 张 J._A. A._M. D.-Y. Anna_M. Jane_A. Jane_(J.) Max_van".replace(
            " ", ","
        )
        .replace("_", " ")
        .split(",")
    ),
    st.sampled_from(LAST_NAMES),
    st.sampled_from(["{0} {1}", "{0} {1}", "{1}, {0}", "{1} {2}"]),
).map(lambda parts: parts[2].format(*parts[:2], re.sub(r"[^A-ZÀ-Þ]", "", parts[0])))


summaries = st.builds(
    lambda text, other: Summary(language="zh", fields={"tldr": text, "method": other}),
    texts,
    st.one_of(texts, st.sampled_from(["Error", "N/A", "{tldr}", "Summary generation failed"])),
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


def as_query(found: Sequence[tree.Alternative]) -> tree.Query:
    return tree.Query("as typed", repr(found), tuple(found))


TYPED = """
graph -graph "few shot" stud* few-sho* =RAG ti: title: abs: summary: all: au: author: "Doe, J." müller Anna cat: cs.LG
primary: cs source: daily id: 2601.15529 like: like:2601.15530 doi: 10.1234/abc ( ) OR AND NOT - 扩散 "大语言模型" C++ α H\\"older 3.1 , | neural*
"""


def as_typed(sign: str, field: str, phrase: str, cut: int) -> str:
    """Returns a term as a person types it. If letters are cut off at its end, a star stands for them."""
    text = re.sub(r"[^\w.+#'-]+", "-", phrase)
    return f"{sign}{field}{text[:-cut]}*" if cut else f"{sign}{field}{text}"


typed_terms = st.builds(
    as_typed,
    st.sampled_from(["", "", "", "-"]),
    st.sampled_from(["", "", "=", "ti:", "abs:", "summary:", "all:", "all:=", "au:", "au:="]),
    st.sampled_from([*WORDS, *LONGER, *PARTS]) | names,
    st.integers(0, 3),
)
typed = st.lists(st.sampled_from(TYPED.split()) | typed_terms, min_size=1, max_size=5).map(" ".join)


def understood(text: str) -> tree.Query | None:
    try:
        return parse_query(text)
    except QueryError:
        return None


queries = cast("st.SearchStrategy[tree.Query]", typed.map(understood).filter(bool))


# All characters and words that have a meaning in the grammar.
PIECES = re.split(
    " ",
    " \" ( ) | - ! * : = , ， 、 & + # . / \\ { } $ ' ’ “ „ « － — （ ： ＊ ＝ ％ % _ \u200b \u0301 \u3000 \n "
    "AND OR NOT ANDNOT or graph graphs few-shot GPT -4 ti: abs: author: cat: primary: id: doi: source: all: foo: arXiv: like: like:2601.15529,2601.15530 "
    "cs.LG cs.* cs. hep-th #cs.lg cs.AI+q-bio.NC 2601.15529 2601.15529v2 hep-th/9901001 https://arxiv.org/abs/2601.15529 "
    "https://doi.org/10.1101/a(b)c 10.1101/abc Mueller Mue J. Kwo's c++ C# 3.1 α αβ \\alpha \\emph{ab} \\'e \\\"o \\o ß ﬁ ² "
    "扩散 の ガ 한국 हिन्दी é İ ŉ ø ™ ½",
)


typed_texts = st.lists(st.sampled_from(PIECES) | st.just(" ") | st.text(max_size=3), max_size=25).map("".join)
