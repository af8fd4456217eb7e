"""The words of a paper for the full-text index are those that the rules give, word by word and name by name."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscriptions.matching import full_text
from subscriptions.matching.full_text import index_document
from subscriptions.model import Paper
from subscriptions.normalize import (
    author_tokens,
    exact_author_tokens,
    exact_tokens,
    fold_plural,
    is_initial,
    tokens,
    written_tokens,
)

MARK = "ˑ"
WORDS = (
    "graphs", "Graphs", "GANs", "gan", "BERT's", "don't", "C++", "F#", "3.5", "v2.0", "mRNA", "studies", "news", "$k$NN", "{\\'e}tudes",
    "\\alpha-GAN", "Äpfel", "naïve", "图神经网络", "αβ", "状態", "RAG", "RAGs", "ˑ", "x_1", "lenses", "-", "(a)", "tree,",
)  # fmt: skip
NAMES = (
    "Jane", "J.", "Mueller", "Oe", "oe", "van", "de", "Brüggen", "O'Neill", "Jean-Luc", "MacDonald", "Ng", "{\\'E}", "王", "Doe,", "III",
    "A.B.", "x1", "3.5", "C++", "αβ", "$k$", "ß", ".", "Aeoe", "İ", "ˑ",
)  # fmt: skip
names = st.lists(
    st.sampled_from(NAMES) | st.text(max_size=5) | st.text("aeoA.'’-‐，、王明", max_size=6), min_size=1, max_size=6
).map(" ".join)
mixed = st.text("sSaG13.'+#-$_ ‑–’“”•…，。、：（）！？【】《》「」图神经网络們状態㐀鿿", max_size=12)
texts = st.lists(st.sampled_from(WORDS) | st.text(max_size=6) | mixed, max_size=12).map(" ".join)


def as_stored(word: str) -> str:
    """A word with its punctuation and capitals encoded: the index would split at them or fold them."""
    return "".join(
        sign if re.fullmatch("[a-z0-9]", sign) or (ord(sign) >= 128 and sign != MARK) else f"{MARK}{ord(sign):x}{MARK}"
        for sign in word
    )


def other_forms(text: str) -> set[str]:
    """The marked words of a text: before the plural step, and with capitals inside."""
    plurals = {f"{MARK}s{as_stored(word)}" for word in written_tokens(text) if fold_plural(word) != word}
    capitals = {
        f"{MARK}x{as_stored(word)}"
        for word in exact_tokens(text)
        if not word.islower() and word[1:] != word[1:].lower()
    }
    return plurals | capitals


@pytest.mark.parametrize("most", [1, 3, full_text.MOST_WORDS])
@given(title=texts, abstract=texts)
def test_a_text_is_its_tokens_then_the_words_in_other_forms(most: int, title: str, abstract: str) -> None:
    """However few words are cached."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(full_text, "MOST_WORDS", most)
        columns = index_document(Paper(key="1", title=title, abstract=abstract))
    for text, column in zip((title, abstract), columns, strict=False):
        if text:
            words, others = column.rsplit(f" {MARK} ", 1)
            assert words == " ".join(map(as_stored, tokens(text)))
            assert set(others.split()) == other_forms(text)
            assert len(others.split()) <= len(tokens(text)) * 2
        else:
            assert column == ""


@pytest.mark.parametrize("most", [1, 3, full_text.MOST_WORDS])
@given(of=st.lists(names, max_size=3))
def test_a_name_is_its_parts_then_its_initials(most: int, of: list[str]) -> None:
    """However few words are cached, and whether or not a name is so simple that its parts are looked up one by one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(full_text, "MOST_WORDS", most)
        *_, column, labels = index_document(Paper(key="1", title="A title", authors=tuple(of)))
    parts = [author_tokens(name) for name in of]
    written = [
        "".join(
            [
                " ".join(map(as_stored, one)),
                *(f" {MARK}i{as_stored(part[0])}" for part in one if is_initial(part[0])),
            ]
        )
        for one in parts
    ]
    assert column == f" {' '.join([MARK] * 8)} ".join(written)
    assert (f"{MARK}long" in labels.split()) == any(len(one) > 4 for one in parts)
    exact = ([part for word in exact_author_tokens(name) for part in author_tokens(word)] for name in of)
    assert (f"{MARK}odd" in labels.split()) == any(list(alone) != one for alone, one in zip(exact, parts, strict=True))
