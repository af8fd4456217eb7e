"""Words in the form in which they are compared, which texts of a summary count, and the text that the index stores."""

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subscriptions import normalize
from subscriptions.matching import full_text
from subscriptions.model import Paper
from subscriptions.normalize import plurals, tex, traced
from subscriptions.texts.summary_states import summary_state
from subscriptions.texts.withdrawals import withdrawn_by
from tests import tables

SHY, ZWSP, ZWJ, LRM, ALM, WJ, VS16, BOM, VS17 = "\u00ad\u200b\u200d\u200e\u061c\u2060\ufe0f\ufeff\U000e0100"
ACUTE, CIRCUMFLEX, NUKTA = "\u0301", "\u0302", "\u093c"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *tables.rows(r"""
            # LaTeX
            $\alpha$-divergence                                          → alpha divergence
            \alpha\beta                                                  → alpha beta
            $k\alpha$-core                                               → k alpha core
            \varepsilon-net                                              → epsilon net  # "var" is dropped
            \varphi \vartheta \varGamma                                  → phi theta gamma
            \Gamma\Omega                                                 → gamma omega
            \digamma                                                     → digamma
            \alphabet soup                                               → soup  # the longest name counts, so this is an unknown command, which becomes a space
            H\"older                                                     → holder
            Poincar{\'e}                                                 → poincare
            Poincar\'{e}                                                 → poincare
            \v{s}koda \v skoda                                           → skoda skoda
            \c{c}a \k{a} \H{o} \r{a} \u{g} \.{z} \={a} \~n \^o \`a \d{h} \b{d} → ca a o a g z a n o a h d
            na\"{\i}ve na\"\i ve na{\"{\i}}ve                            → naive naive naive
            Stra{\ss}en                                                  → strassen
            Micha{\l} \L{}\'od\'z                                        → michal lodz
            S{\o}ren S\o{}ren                                            → soren soren
            S\o ren                                                      → soren  # the space after a macro for a letter is dropped
            {\o} ren                                                     → o ren  # the space after a brace is kept
            \AE r\o, \OE uvre, \aa, \dj, \th or                          → aero oeuvre a d thor
            \emph{deep}learning                                          → deeplearning  # braces are removed
            deep\emph{learning}                                          → deep learning  # a command becomes a space
            $k$NN                                                        → knn
            $O(n\log n)$                                                 → o n n
            50\% of R\&D\\done                                           → 50 of r d done
            \' \" \\ \vx                                                 →  # accents without a letter are treated like all other commands
            \"quoted\" words                                             → quoted words
            a lone backslash \                                           → a lone backslash
            # letters
            BERT™ CLIP® Acme© Zoom℠                                      → bert clip acme zoom
            ① ﬁne x² CO₂ ⅷ                                               → 1 fine x2 co2 viii
            LARGE Straße ΑΒ ẞ                                            → large strasse alpha beta ss
            Schrödinger Hölder naïve Erdős Škoda                         → schrodinger holder naive erdos skoda
            Łódź Đuro Guðrún Þór Ærø Œuvre Ħal Iğdır İzmir Aŋa           → lodz duro gudrun thor aero oeuvre hal igdir izmir ana
            Müller                                                       → muller  # ü becomes u
            ǿ Ǽ                                                          → o ae  # letters that have a second accent
            ё й                                                          → е и
            ガラス                                                       → ガ ラ ス  # sound marks of kana are kept
            ｶﾞﾗｽ                                                         → ガ ラ ス
            हिन्दी पाठ                                                   → हिन्दी पाठ
            # apostrophes
            Newton's method                                              → newton method
            Newtonʼs dog′s O’Connor's it‘s a`s                           → newton dog oconnor it a
            don't rock'n'roll O'Connor don‘t                             → dont rocknroll oconnor dont
            Bayes' theorem                                               → bayes theorem
            'deep learning' and ``graphs''                               → deep learning and graphs
            Newton's方法                                                 → newton 方 法
            李's c++'s f#'s                                              → 李 c++ f#
            GAN's's                                                      → gan
            it's'                                                        → it
            x'season                                                     → xseason
            # tokens
            扩散模型LLM大                                                → 扩 散 模 型 llm 大
            佐々木 二〇二六                                              → 佐 々 木 二 〇 二 六
            データ                                                       → デ ー タ
            ニューラル・ネット                                           → ニ ュ ー ラ ル ネ ッ ト
            그래프신경망                                                 → 그 래 프 신 경 망
            C++ and C#                                                   → c++ and c#
            C++17                                                        → c++ 17  # is found by c++
            objective-c++ 3d                                             → objective c++ 3d
            abc# abc++ 3# 3++                                            → abc abc 3 3  # only a single letter keeps its + or #
            中c# x2#                                                     → 中 c# x2
            c+ c+++                                                      → c c++
            3.1 2601.15529 v1.2.3                                        → 3.1 2601.15529 v1.2.3
            GPT-3.5-turbo Fig.2 U.S. end.                                → gpt 3.5 turbo fig 2 u s end
            1,000 .5 5. 1..2                                             → 1 000 5 5 1 2
            snake_case a/b e.g. (x) [y] a–b                              → snake case a b e g x y a b
            🙂 !!! …                                                     →
            →
            # Greek
            α                                                            → alpha
            αβ-crystallin                                                → alpha beta crystallin
            Ω ς ϵ ϕ                                                      → omega sigma epsilon phi
            ά                                                            → alpha
            α2 2.5α                                                      → alpha 2 2.5 alpha
            μm 5µm                                                       → μm 5μm  # with a Latin letter in the run, Greek letters are not spelled out
            xα βʒ                                                        → xα βʒ
            λя                                                           → lambda я
            ϝ                                                            → digamma
        """),
        ("ＤＥＥＰ　Ｌｅａｒｎｉｎｇ", "deep learning"),
        (f"soft{SHY}hyphen zero{ZWSP}width", "softhyphen zerowidth"),
        (f"left{LRM}right {ALM}a{BOM}b{WJ}c{ZWJ}d{VS16}e{VS17}f", "leftright abcdef"),
        (f"re{ACUTE}sume{ACUTE}", "resume"),
        # characters are composed again after the invisible ones between them are removed
        (f"カ{ZWJ}\u3099 a\u0345{ZWJ}\u3099", "ガ aι\u3099"),
        (unicodedata.normalize("NFD", "그래프"), "그 래 프"),
        (f"{NUKTA}abc", "abc"),  # a combining mark at the start of a run separates
        (f"ab {NUKTA}cd", "ab cd"),
        (f"क{NUKTA}ख", f"क{NUKTA}ख"),
        ("a\u2028b\nc\td", "a b c d"),
    ],
)
def test_a_text_becomes_tokens(text: str, expected: str) -> None:
    assert " ".join(normalize.written_tokens(text)) == expected


@pytest.mark.parametrize(
    ("words", "stem"),
    tables.rows("""
        analysis analyses                       → analysi
        hypothesis hypotheses                   → hypothesi
        synthesis syntheses                     → synthesi
        thesis theses                           → thesi
        bias biases                             → bia
        lens lenses                             → lens
        index indices indexes                   → index
        matrix matrices                         → matrix
        vertex vertices vertexes                → vertex
        criterion criteria criterias criterions → criterion
        phenomenon phenomena phenomenas         → phenomenon
        corpus corpora corporas                 → corpu
        axis axes                               → axi
        agent agents                            → agent
        llms                                    → llm
        loss losses                             → loss  # a final ss is kept
        class classes                           → class
        study studies                           → study
        skies sky                               → sky
        movie movies                            → movy  # the stem may be no real word
        lies lie                                → lie  # only one letter comes before ie
        ties tie                                → tie
        cache caches cach                       → cach
        crash crashes crashe                    → crash
        box boxes boxe                          → box
        posse posses poss                       → poss
        size sizes siz                          → siz
        use uses                                → use
        gas                                     → gas  # words of fewer than four letters are kept
        axe                                     → axe
        bus                                     → bus
        gpt4s                                   → gpt4s  # only words of the letters a to z
        1980s                                   → 1980s
        étés                                    → étés
    """),
)
def test_plurals_and_singulars_share_a_stem(words: str, stem: str) -> None:
    assert {plurals.fold_plural(word) for word in words.split()} == {stem}


@pytest.mark.parametrize(
    ("text", "stems"),
    [
        # words that only look like plurals
        *((word, [word]) for word in ["news", "aids", "mars", "does", "this", "less", "sars", "mips", "lens"]),
        ("Naïves Poincarés RAGs", ["naive", "poincare", "rag"]),
    ],
)
def test_tokens_take_the_plural_step_after_accents(text: str, stems: list[str]) -> None:
    assert normalize.tokens(text) == stems


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *tables.rows(r"""
            RAG for the GPTs            → RAG for the GPTs
            Müller Straße Ærø           → Müller Straße Ærø
            M\"uller \beta-VAE $\Gamma$ → Müller beta VAE Gamma
            α-divergence αβ Ω2          → α divergence αβ Ω2  # Greek letters are kept
            Newton's don't DON'T        → Newton dont DONT
            C++17 F#                    → C++ 17 F#
            ＲＡＧ™ ﬁne                 → RAG fine
            Ⅷ ①                         → VIII 1
            扩散                        → 扩 散
        """),
        (f"Mu\u0308ller e{ZWJ}{ACUTE}", "Müller é"),
        (f"x{CIRCUMFLEX}y {CIRCUMFLEX}z", f"x{CIRCUMFLEX}y z"),
    ],
)
def test_exact_tokens_keep_case_accents_and_plurals(text: str, expected: str) -> None:
    assert " ".join(normalize.exact_tokens(text)) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    tables.rows(r"""
        Jane Williams               → jane williams  # plurals are not folded
        Ada Kwo's                   → ada kwos  # a final 's is kept
        Seán O’Connor               → sean oconnor
        J. Q. Public                → j q public
        Deok-Young Lee              → deok young lee
        Jürgen Brüggen              → jurgen bruggen
        Juergen Brueggen            → jurgen bruggen
        Göthe Goethe                → gothe gothe
        Æneas Søe Michaeel          → aneas so michal
        Oe Kenzaburo                → oe kenzaburo  # a part of two letters is not an initial
        张伟                        → 张 伟
        Rainer H\"older, S{\o}gaard → rainer holder sogaard
    """),
)
def test_names_are_folded_for_names(name: str, expected: str) -> None:
    assert " ".join(normalize.author_tokens(name)) == expected


def test_exact_names_are_not_folded() -> None:
    assert normalize.exact_author_tokens("Ada Kwo's Müller J. Brueggen") == ["Ada", "Kwos", "Müller", "J", "Brueggen"]


@pytest.mark.parametrize(
    ("token", "expected"),
    [("j", True), ("J", True), ("É", True), ("jo", False), ("张", False), ("7", False), ("я", False)],
)
def test_one_latin_letter_is_an_initial(token: str, *, expected: bool) -> None:
    assert normalize.is_initial(token) is expected


@pytest.mark.parametrize(
    ("one", "other"),
    [(r"$\alpha$-GAN", "α-GAN"), ("Don’t stop", "Don't Stop"), ("RAG: A Survey", "RAG – a survey")],
)
def test_one_title_in_two_spellings_has_one_alias(one: str, other: str) -> None:
    assert normalize.title_alias(one) == normalize.title_alias(other)


def test_titles_that_differ_in_number_are_two() -> None:
    assert (
        normalize.title_alias("A Survey of Agents")
        == "a survey of agents"
        != normalize.title_alias("A Survey of Agent")
    )


def test_tex_is_folded_by_itself() -> None:
    assert tex.fold_tex(r"$\alpha$ of {Erd\H{o}s}") == " alpha  of Erdős"
    assert tex.fold_tex("plain text") == "plain text"


def test_accent_macros_are_found_with_their_places() -> None:
    text = r"H\"older \alpha Erd\H{o}s S\o ren \\o"
    found = [(text[start:end], letters) for start, end, letters in tex.accent_macros(text)]
    assert found == [(r"\"o", "ö"), (r"\H{o}", "ő"), (r"\o ", "ø")]


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
    found = [text[start:end] for start, end in traced.token_spans(text)]
    assert [unicodedata.normalize("NFC", word) for word in found] == [unicodedata.normalize("NFC", w) for w in places]


TEXTS = st.lists(
    st.one_of(
        st.sampled_from(list("abcsSeiu 'ß’`\\{}$\".+#123-αβΩςλ々〇漢ガがー그ㅏㄱ™éøæŁİıﬁ½²①´µ")),
        st.sampled_from([ACUTE, "\u0345", "\u3099", NUKTA, ZWJ, SHY, "\u1161", "ﾞ"]),
        st.sampled_from([r"\alpha", r"\'", r"\v ", r"\o ", r"\"{", "c++", "'s", "ies", "ses", r"\i", "ae", "criteria"]),
        st.characters(),
    ),
    max_size=14,
).map("".join)


@given(TEXTS)
@settings(max_examples=2 * settings().max_examples)
def test_folding_twice_changes_nothing(text: str) -> None:
    for fold in (
        normalize.tokens,
        normalize.written_tokens,
        normalize.exact_tokens,
        normalize.author_tokens,
        normalize.exact_author_tokens,
    ):
        once = fold(text)
        assert fold(" ".join(once)) == once


@given(TEXTS)
@settings(max_examples=2 * settings().max_examples)
def test_spans_belong_to_tokens_one_by_one(text: str) -> None:
    for exact, found in ((False, normalize.written_tokens(text)), (True, normalize.exact_tokens(text))):
        spans = traced.token_spans(text, exact=exact)
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
    plain = text.translate(dict.fromkeys(map(ord, r"\{}$")))  # step 1 is tested by the table LATEX above
    assert normalize.written_tokens(plain) == normalize.written_tokens(letters_step_by_step(plain))


@given(TEXTS)
@settings(max_examples=2 * settings().max_examples)
def test_both_kinds_of_tokens_can_be_had_at_once(text: str) -> None:
    assert normalize.written_and_exact_tokens(text) == (normalize.written_tokens(text), normalize.exact_tokens(text))


@given(st.lists(st.sampled_from(["word's", "C++", "3.5", "don't", "x2", "Fig.", "ßa", "c#", "$k$", "é"]), max_size=6))
def test_ascii_and_other_texts_are_cut_the_same_way(words: list[str]) -> None:
    text = " ".join(words)
    assert [*normalize.written_tokens(text), "漢"] == normalize.written_tokens(text + " 漢")


@pytest.mark.parametrize(
    ("text", "state"),
    [
        *tables.rows("""
            A new bound for sorting networks.                   → ok
            提出一种新的方法。                                  → ok
            The generation failed twice.                        → ok  # real summaries hold the word "failed"
            Summary generation failed at step 3, so we restart. → ok
            Error bounds                                        → ok
            The set {a, b}                                      → ok
            Summary generation failed                           → failed
            Motivation analysis unavailable                     → failed
            Method extraction failed                            → failed
            Result analysis unavailable                         → failed
            Conclusion extraction failed                        → failed
            Processing failed                                   → failed
            Error                                               → failed
            错误：AI分析失败。                                  → failed
            {tldr}                                              → placeholder
            {cate}                                              → placeholder
            → empty
            N/A                                                 → not stated
            Not mentioned in abstract                           → not stated
            未在摘要中提及                                      → not stated
        """),
        ("  Error\n", "failed"),
        (" {title_translation} ", "placeholder"),
        (" \n\t", "empty"),
    ],
)
def test_a_whole_value_decides_what_a_summary_is_worth(text: str, state: str) -> None:
    assert summary_state(text) == state


@pytest.mark.parametrize(
    ("text", "by"),
    tables.rows("""
        This paper has been withdrawn by the author(s) due to an error → authors
        This work has been temporarily withdrawn by all of the authors. → authors
        The authors have withdrawn this manuscript because a table is wrong. → authors
        [Withdrawn by the authors]                                   → authors
        Paper withdrawn by the author: Lemma 2 is wrong              → authors
        This paper has been withdrawn by arXiv administrators because of its authors → unknown
        This submission has been withdrawn                           → unknown
        This article was withdrawn from arXiv because the authors disagreed. → unknown
        medRxiv has withdrawn this preprint at the request of the authors. → unknown
        withdrawn                                                    → unknown
        This paper has been withdrawn from a conference              →
        Withdrawn by its maker in 2004, the kite                     →
        We study papers that were withdrawn by the authors.          →
    """),
)
def test_who_withdrew_a_paper_is_said_only_if_the_text_says_so(text: str, by: str) -> None:
    assert withdrawn_by(text) == by


MARK = "ˑ"
WORDS = (
    "graphs", "Graphs", "GANs", "gan", "BERT's", "don't", "C++", "F#", "3.5", "v2.0", "mRNA", "studies", "news", "$k$NN", "{\\'e}tudes",
    "\\alpha-GAN", "Äpfel", "naïve", "图神经网络", "αβ", "状態", "RAG", "RAGs", "ˑ", "x_1", "lenses", "-", "(a)", "tree,",
)  # fmt: skip
NAMES = (
    "Jane", "J.", "Mueller", "Oe", "oe", "van", "de", "Brüggen", "O'Neill", "Jean-Luc", "MacDonald", "Ng", "{\\'E}", "王", "Doe,", "III",
    "A.B.", "x1", "3.5", "C++", "αβ", "$k$", "ß", ".", "Aeoe", "İ", "ˑ",
)  # fmt: skip
texts = st.lists(
    st.sampled_from(WORDS)
    | st.text(max_size=6)
    | st.text("sSaG13.'+#-$_ ‑–’“”•…，。、：（）！？【】《》「」图神经网络們状態㐀鿿", max_size=12),
    max_size=12,
).map(" ".join)


def as_stored(word: str) -> str:
    """Returns a word with its punctuation and capitals encoded, because the index would split at them or fold them."""
    return "".join(
        sign if re.fullmatch("[a-z0-9]", sign) or (ord(sign) >= 128 and sign != MARK) else f"{MARK}{ord(sign):x}{MARK}"
        for sign in word
    )


def other_forms(text: str) -> set[str]:
    """Returns the marked words of a text: words before the plural step, and words with capitals inside."""
    in_other_number = {
        f"{MARK}s{as_stored(word)}" for word in normalize.written_tokens(text) if plurals.fold_plural(word) != word
    }
    capitals = {
        f"{MARK}x{as_stored(word)}"
        for word in normalize.exact_tokens(text)
        if not word.islower() and word[1:] != word[1:].lower()
    }
    return in_other_number | capitals


@pytest.mark.parametrize("most", [1, 3, full_text.MOST_WORDS])
@given(title=texts, abstract=texts)
def test_a_text_is_its_tokens_then_the_words_in_other_forms(most: int, title: str, abstract: str) -> None:
    """This holds however few words are cached."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(full_text, "MOST_WORDS", most)
        columns = full_text.index_document(Paper(key="1", title=title, abstract=abstract))
    for text, column in zip((title, abstract), columns, strict=False):
        if text:
            words, others = column.rsplit(f" {MARK} ", 1)
            assert words == " ".join(map(as_stored, normalize.tokens(text)))
            assert set(others.split()) == other_forms(text)
            assert len(others.split()) <= len(normalize.tokens(text)) * 2
        else:
            assert column == ""


@pytest.mark.parametrize("most", [1, 3, full_text.MOST_WORDS])
@given(
    of=st.lists(
        st.lists(
            st.sampled_from(NAMES) | st.text(max_size=5) | st.text("aeoA.'’-‐，、王明", max_size=6),
            min_size=1,
            max_size=6,
        ).map(" ".join),
        max_size=3,
    )
)
def test_a_name_is_its_parts_then_its_initials(most: int, of: list[str]) -> None:
    """This holds however few words are cached, and also for simple names, whose parts are looked up one by one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(full_text, "MOST_WORDS", most)
        *_, column, labels = full_text.index_document(Paper(key="1", title="A title", authors=tuple(of)))
    parts = [normalize.author_tokens(name) for name in of]
    written = [
        "".join(
            [
                " ".join(map(as_stored, one)),
                *(f" {MARK}i{as_stored(part[0])}" for part in one if normalize.is_initial(part[0])),
            ]
        )
        for one in parts
    ]
    assert column == f" {' '.join([MARK] * 8)} ".join(written)
    assert (f"{MARK}long" in labels.split()) == any(len(one) > 4 for one in parts)
    exact = (
        [part for word in normalize.exact_author_tokens(name) for part in normalize.author_tokens(word)] for name in of
    )
    assert (f"{MARK}odd" in labels.split()) == any(list(alone) != one for alone, one in zip(exact, parts, strict=True))
