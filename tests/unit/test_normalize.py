"""Words in the form in which they are compared, and which texts of a summary count."""

import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subscriptions.text import folding
from subscriptions.text import stems as words
from subscriptions.text import words as normalize
from subscriptions.text.statements import summary_state, withdrawn_by
from tests import tables

SHY, ZWSP, ZWJ = "\u00ad\u200b\u200d"
ACUTE, CIRCUMFLEX, NUKTA = "\u0301", "\u0302", "\u093c"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *tables.rows(r"""
            # LaTeX
            \varphi \vartheta \varGamma                                  → phi theta gamma
            \digamma                                                     → digamma
            \c{c}a \k{a} \H{o} \r{a} \u{g} \.{z} \={a} \~n \^o \`a \d{h} \b{d} → ca a o a g z a n o a h d
            na\"{\i}ve na\"\i ve na{\"{\i}}ve                            → naive naive naive
            \AE r\o, \OE uvre, \aa, \dj, \th or                          → aero oeuvre a d thor
            \' \" \\ \vx                                                 →  # accents without a letter are treated like all other commands
            # apostrophes
            Newton's方法                                                 → newton 方 法
            x'season                                                     → xseason
            # tokens
            ニューラル・ネット                                           → ニ ュ ー ラ ル ネ ッ ト
            🙂 !!! …                                                     →
            →
            # Greek
            ά                                                            → alpha
            α2 2.5α                                                      → alpha 2 2.5 alpha
        """),
        (f"re{ACUTE}sume{ACUTE}", "resume"),
        # characters are composed again after the invisible ones between them are removed
        (f"カ{ZWJ}\u3099 a\u0345{ZWJ}\u3099", "ガ a iota"),
        (f"{NUKTA}abc", "abc"),  # a combining mark at the start of a run separates
        (f"क{NUKTA}ख", f"क{NUKTA}ख"),
        ("a\u2028b\nc\td", "a b c d"),
    ],
)
def test_a_text_becomes_tokens(text: str, expected: str) -> None:
    assert " ".join(normalize.written_tokens(text)) == expected


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("RAG-based agents", ["RAG", "based", "agents"]),
        ("Newton's C++17, don't", ["Newton", "C++", "17", "don't"]),
        (r"$\alpha$-GAN for Erd\H{o}s", [r"\alpha", "GAN", "for", r"Erd\H{o}s"]),
        ("扩散LLM ①", ["扩", "散", "LLM", "①"]),
        ("αβ ﬁne", ["α", "β", "ﬁne"]),
        (f"re{ACUTE}sume{ACUTE} {unicodedata.normalize('NFD', '그래')}", [f"re{ACUTE}sume{ACUTE}", "그", "래"]),
        (f"zero{ZWSP}width BERT™", [f"zero{ZWSP}width", "BERT™"]),
    ],
)
def test_spans_point_at_the_words_as_written(text: str, places: list[str]) -> None:
    found = [text[start:end] for start, end in folding.token_spans(text)]
    assert [unicodedata.normalize("NFC", word) for word in found] == [unicodedata.normalize("NFC", w) for w in places]


TEXTS = st.lists(
    st.one_of(
        st.sampled_from(list("abcsSeiu 'ß’`\\{}$\".+#123-αβΩςλ々〇漢ガがー그ㅏㄱ™éøæŁİıﬁ½²①´µ")),
        st.sampled_from([ACUTE, "\u0345", "\u3099", NUKTA, ZWJ, SHY, "\u1161", "ﾞ"]),
        st.sampled_from(
            [
                r"\alpha",
                r"\'",
                r"\v ",
                r"\o ",
                r"\"{",
                "c++",
                "'s",
                "ies",
                "ses",
                r"\i",
                "ae",
                "criteria",
                "haem",
                "ogue",
                "izes",
            ]
        ),
        st.characters(),
    ),
    max_size=14,
).map("".join)


def test_two_words_that_look_alike_have_two_stems() -> None:
    lines = (Path(__file__).parent / "words_apart.txt").read_text("utf-8").splitlines()
    pairs = [pair.split() for line in lines if not line.startswith("#") for pair in line.split("·")]
    assert len(pairs) == 200
    assert [pair for pair in pairs if len({*map(words.stem, pair)}) == 1] == []


def test_irregular_plurals_have_the_stem_of_their_singular() -> None:
    lines = (Path(__file__).parent / "irregular_plurals.tsv").read_text("utf-8").splitlines()
    pairs = [line.split("\t") for line in lines if not line.startswith("#")]
    assert len(pairs) == 171
    assert [pair for pair in pairs if len({*map(words.stem, pair)}) == 2] == []


@given(TEXTS)
@settings(max_examples=2 * settings().max_examples)
def test_folding_twice_changes_nothing(text: str) -> None:
    for fold in (
        normalize.tokens,
        normalize.written_tokens,
        normalize.exact_tokens,
        normalize.author_tokens,
    ):
        once = fold(text)
        assert fold(" ".join(once)) == once


@given(TEXTS)
@settings(max_examples=2 * settings().max_examples)
def test_spans_belong_to_tokens_one_by_one(text: str) -> None:
    for exact, found in ((False, normalize.written_tokens(text)), (True, normalize.exact_tokens(text))):
        spans = folding.token_spans(text, exact=exact)
        assert len(spans) == len(found)
        assert spans == sorted(spans)
        assert all(start < end <= len(text) for start, end in spans)


def letters_step_by_step(text: str) -> str:
    """Does step 2 without the shortcuts that make it fast."""
    for sign in "™®©℠":
        text = text.replace(sign, "")
    text = unicodedata.normalize("NFKC", text)
    text = re.sub(
        "[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef]", "", text
    )
    text = unicodedata.normalize("NFD", text.casefold())
    text = "".join(char for char in text if not "\u0300" <= char <= "\u036f")
    text = unicodedata.normalize("NFC", text)
    for special, plain in zip("øłđðþæœħıŋ", ["o", "l", "d", "d", "th", "ae", "oe", "h", "i", "n"], strict=True):
        text = text.replace(special, plain)
    return text


@given(TEXTS)
@settings(max_examples=2 * settings().max_examples)
def test_letters_are_folded_as_the_contract_says(text: str) -> None:
    plain = text.translate(dict.fromkeys(map(ord, r"\{}$")))  # step 1 is tested by the table above
    assert normalize.written_tokens(plain) == normalize.written_tokens(letters_step_by_step(plain))


@pytest.mark.parametrize(
    ("text", "state"),
    [
        *tables.rows("""
            The generation failed twice.                        → ok  # real summaries hold the word "failed"
            Summary generation failed at step 3, so we restart. → ok
            Summary generation failed                           → failed
            Error                                               → failed
            错误：AI分析失败。                                  → failed
            {tldr}                                              → placeholder
            → empty
            N/A                                                 → not stated
            未在摘要中提及                                      → not stated
        """),
        (" {title_translation} ", "placeholder"),
    ],
)
def test_a_whole_value_decides_what_a_summary_is_worth(text: str, state: str) -> None:
    assert summary_state(text) == state


@pytest.mark.parametrize(
    ("text", "by"),
    tables.rows("""
        This paper has been withdrawn by the author(s) due to an error → authors
        The authors have withdrawn this manuscript because a table is wrong. → authors
        This paper has been withdrawn by arXiv administrators because of its authors → unknown
        This article was withdrawn from arXiv because the authors disagreed. → unknown
        This paper has been withdrawn from a conference              →
        Withdrawn by its maker in 2004, the kite                     →
    """),
)
def test_who_withdrew_a_paper_is_said_only_if_the_text_says_so(text: str, by: str) -> None:
    assert withdrawn_by(text) == by


def test_only_words_of_usual_length_are_kept() -> None:
    seen: list[str] = []

    @words.cached(8)
    def fold(word: str) -> str:
        seen.append(word)
        return word

    for word in ("kelp", "k" * 41):
        assert [fold(word), fold(word)] == [word] * 2
    assert seen == ["kelp", "k" * 41, "k" * 41]


def test_a_ligature_of_a_whole_sentence_is_a_blank() -> None:
    assert normalize.tokens("kelp\ufdfamoss") == ["kelp", "moss"]
