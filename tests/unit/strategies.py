"""Random queries and papers by Hypothesis, and a slow and simple matcher, with which the fast ones must agree."""

import re
import struct
from collections.abc import Callable, Sequence
from itertools import permutations
from math import hypot
from operator import mul
from typing import cast

from hypothesis import strategies as st

from subscriptions import normalize
from subscriptions import query as grammar
from subscriptions.errors import QueryError
from subscriptions.model import Paper, Summary, Translation
from subscriptions.query import tree
from subscriptions.query.parse import parse_query
from subscriptions.texts.statements import summary_state

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


LAST_NAMES = ["Doe", "Müller", "Mueller", "Lee", "O'Connor", "van der Berg", "伟", "Schmidt", "Kwo's", "Oe", "Do"]


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
        ["Jane", "J.", "Q.", "Max", "Anna Maria", "Jürgen", "Juergen", "Deok-Young", "Deokyoung", "É.", "张"]
    ),
    st.sampled_from(LAST_NAMES),
).map(" ".join)


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


def matches(query: tree.Query, paper: Paper) -> bool:
    """Returns whether a paper matches at least one alternative of a query. The terms may match in different fields."""
    return any(
        all(has(paper, term) for term in alternative.positive)
        and not any(has(paper, term) for term in alternative.negative)
        for alternative in query.alternatives
    )


def has(paper: Paper, term: tree.Term) -> bool:
    """Returns whether a paper matches a term. ALL means any text, author or category; TEXT_OR_ID means the text or the
    id.
    """
    if term.field is grammar.ALL:
        return (
            any(holds(text, term) for text in every_text(paper))
            or (term.names != () and any(is_author(name, term.names, term) for name in paper.authors))
            or (term.value != "" and any(is_category(code, term.value) for code in paper.categories))
        )
    if term.field is grammar.TEXT_OR_ID:
        return any(holds(text, term) for text in every_text(paper)) or term.value == bare_id(paper)
    if term.field in TEXTS:
        return any(holds(text, term) for text in TEXTS[term.field](paper))
    if term.field in OTHERS:
        return OTHERS[term.field](paper, term)
    return has_in_declared_field(paper, term)


def has_in_declared_field(paper: Paper, term: tree.Term) -> bool:
    """Returns whether a paper matches a term of a field that has no rule of its own: its declaration says which values count."""
    values = term.field.values(paper)
    match term.field.kind:
        case grammar.ValueKind.WORDS:
            return any(holds(text, term) for text in values)
        case grammar.ValueKind.NAME:
            return any(is_author(name, term.tokens, term) for name in values)
        case grammar.ValueKind.LABEL:
            return any(name.casefold() == term.value for name in values)
    raise AssertionError(f"{term.field} has a kind that no rule is written for")


def titles(paper: Paper) -> list[str]:
    return [paper.title] + [translation.title for translation in paper.translations]


def abstracts(paper: Paper) -> list[str]:
    return [paper.abstract] + [translation.abstract for translation in paper.translations]


def summaries_of(paper: Paper) -> list[str]:
    """Returns the texts of the summaries, except failed ones."""
    return [text for one in paper.summaries for text in one.fields.values() if summary_state(text) == "ok"]


def holds(text: str, term: tree.Term) -> bool:
    """Returns whether the tokens of a term are next to each other in a text, in this order."""
    found = normalize.exact_tokens(text) if term.exact else normalize.tokens(text)
    written = normalize.exact_tokens(text) if term.exact else normalize.written_tokens(text)
    for start in range(len(found)):
        end = start + len(term.tokens)
        if end > len(found):
            return False
        if tuple(found[start:end]) == term.tokens:
            return True
        # a prefix matches any token that begins with it, as written or folded
        if term.prefix and tuple(found[start : end - 1]) == term.tokens[:-1]:
            last = term.tokens[-1]
            if found[end - 1].startswith(last) or written[end - 1].startswith(last):
                return True
    return False


def is_author(name: str, wanted: tuple[str, ...], term: tree.Term) -> bool:
    """Returns whether the wanted tokens are different parts of one name, in any order.

    Two parts of the name that a hyphen joins are also one; beside a third, two tokens may be one part that is joined.
    """
    if term.exact:
        return has_parts(normalize.exact_tokens(name, name=True), wanted, term)
    asked = [wanted]
    if len(wanted) > 2:
        whole = wanted[: len(wanted) - term.prefix]
        for one, other in permutations(range(len(whole)), 2):
            if min(len(whole[one]), len(whole[other])) > 1:
                rest = [token for place, token in enumerate(wanted) if place not in (one, other)]
                asked.append((whole[one] + whole[other], *rest))
    parts = normalize.author_tokens(name)
    if any(has_parts(parts, tokens, term) for tokens in asked):
        return True
    if len(wanted) < 2:
        return False
    joined = normalize.author_tokens(re.sub(r"(?<=[^\W\d_]{2})-(?=[^\W\d_]{2})", "", name))
    return any(
        has_parts(
            [part if part in parts else f"-{part}" for part in joined],
            [*wanted[:at], f"-{token}", *wanted[at + 1 :]],
            term,
        )
        for at, token in enumerate(wanted)
        if len(token) > 1
    )


def has_parts(parts: Sequence[str], wanted: Sequence[str], term: tree.Term) -> bool:
    return any(all(map(fits, wanted, some, ends(wanted, term))) for some in permutations(parts, len(wanted)))


def ends(wanted: Sequence[str], term: tree.Term) -> list[bool]:
    """Returns for each token whether it may be only the beginning of a part of the name."""
    return [
        normalize.is_initial(token) or (term.prefix and place == len(wanted) - 1) for place, token in enumerate(wanted)
    ]


def fits(wanted: str, part: str, goes_on: bool) -> bool:
    return part.startswith(wanted) if goes_on else part == wanted


def is_category(code: str, wanted: str) -> bool:
    """Returns whether a category is the wanted one, in any letter case, or is in the wanted archive. cs.L is not cs.LG."""
    return code.lower() == wanted or ("." not in wanted and code.lower().startswith(wanted + "."))


def is_near_in_meaning(paper: Paper, term: tree.Term) -> bool:
    """Returns whether the vectors of a paper are near to that of the term."""
    return bool(paper.meaning and term.question) and beyond_near(paper, term) >= 0


def beyond_near(paper: Paper, term: tree.Term) -> float:
    """Returns how much more similar a paper is to a term than it must be, computed with one number for each dimension."""
    least = float(struct.unpack("<f", term.question[192:])[0])
    signs, large, huge = (as_bits(term.question[at : at + 64]) for at in (0, 64, 128))
    sizes = [0.5 + more + most for more, most in zip(large, huge, strict=True)]
    wanted = [size if plus else -size for size, plus in zip(sizes, signs, strict=True)]
    whole, *parts = (as_signs(paper.meaning[at : at + 64]) for at in range(0, len(paper.meaning), 64))
    return (0.7 * cosine(wanted, whole) + max(cosine(wanted, part) for part in parts)) / 1.7 - least


def as_bits(code: bytes) -> list[bool]:
    return [bool(byte >> bit & 1) for byte in code for bit in range(8)]


def as_signs(code: bytes) -> list[int]:
    return [1 if bit else -1 for bit in as_bits(code)]


def cosine(one: Sequence[float], other: Sequence[float]) -> float:
    return float(sum(map(mul, one, other))) / (hypot(*one) * hypot(*other))


def every_text(paper: Paper) -> list[str]:
    """Returns titles, abstracts, their translations, and the fields of summaries."""
    return titles(paper) + abstracts(paper) + summaries_of(paper)


def bare_id(paper: Paper) -> str:
    return (paper.arxiv_id or paper.key).lower()


def primary(paper: Paper) -> str:
    """Returns the primary category; "" if it is unknown."""
    return paper.primary or (paper.categories[0] if paper.categories else "")


TEXTS = {grammar.TEXT: every_text, grammar.TITLE: titles, grammar.ABSTRACT: abstracts, grammar.SUMMARY: summaries_of}
OTHERS: dict[grammar.Field, Callable[[Paper, tree.Term], bool]] = {
    grammar.AUTHOR: lambda paper, term: any(is_author(name, term.tokens, term) for name in paper.authors),
    grammar.CATEGORY: lambda paper, term: any(is_category(code, term.value) for code in paper.categories),
    grammar.PRIMARY: lambda paper, term: is_category(primary(paper), term.value),
    grammar.ID: lambda paper, term: bare_id(paper) == term.value,
    grammar.DOI: lambda paper, term: (paper.doi or "").lower() == term.value,
    grammar.LIKE: is_near_in_meaning,
    grammar.ABOUT: is_near_in_meaning,
    grammar.SOURCE: lambda paper, term: any(name.casefold() == term.value for name in paper.sources),
}
