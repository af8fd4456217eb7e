"""Papers as messages show them, and how TeX becomes Unicode text.

And what a terminal and the log show: text of others without

control characters, and a sentence for any error.
"""

import sys
import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.text import Text

from bot.commands.registry import REGISTRY
from bot.messages import Button
from bot.rendering import buttons, cleaning, papers, terminal, views
from subscriptions import errors
from subscriptions.language import Language
from subscriptions.life import Article, Notice, PaperFacts, Withdrawal
from subscriptions.model import Chat, ChatKind, Item, Paper, Summary
from subscriptions.text import cutting
from subscriptions.text import escaping as texts
from subscriptions.text.cutting import clean, isolated
from tests import tables
from tests.unit.deliveries import ABSTRACT, THURSDAY, because, changed, chat, item


def seen(entry: Item, to: Chat | None = None, measure: views.Measure = views.CARD) -> views.PaperView:
    """Returns the paper as the readers of this chat see it."""
    return papers.paper_view(entry, views.reader_of(to or chat()), measure)


LIVED = PaperFacts(
    article=Article(doi="10.1234/t.3", venue="Tides", day="2026-11-22"),
    corrected=Notice(day="2026-12-01"),
    concern=Notice(doi="10.1234/t.9", day="2026-11"),
)
SENTENCE = "This sentence has exactly fifty columns, be sure. "
SEEN: dict[str, tuple[views.PaperView, dict[str, object]]] = {
    "a short abstract without a title is shown once": (
        seen(item("", abstract="Noise goes away.")),
        {"title": "“Noise goes away.”", "text": ""},
    ),
    "a withdrawn paper says since when and nothing else": (
        seen(item(withdrawn=datetime(2026, 2, 1, 23, 30, tzinfo=UTC), summaries={"en": "Wrong."})),
        {"withdrawn": "withdrawn, 2 Feb", "text": ""},
    ),
    "it says that the authors withdrew it if its text says so": (
        seen(changed(item(), facts=PaperFacts(withdrawn=Withdrawal(at=THURSDAY, by_authors=True)))),
        {"withdrawn": "withdrawn by the authors, 22 Jan", "text": ""},
    ),
    "a retracted paper says by which notice and nothing else": (
        seen(changed(item("T"), facts=PaperFacts(retracted=Notice(doi="10.1234/s.99", day="2026-12-02")))),
        {"withdrawn": "retracted, 2 Dec 2026, doi:10.1234/s.99", "text": "", "life": ""},
    ),
    "a retraction goes before a withdrawal": (
        seen(changed(item("T"), facts=PaperFacts(retracted=Notice(), withdrawn=Withdrawal(at=THURSDAY)))),
        {"withdrawn": "retracted"},
    ),
    "a card says what became of a paper": (
        seen(changed(item("T", arxiv_id="2601.00003"), facts=LIVED, version=3)),
        {"life": "v3 · Tides, 22 Nov 2026, doi:10.1234/t.3 · corrected, 1 Dec 2026 · expression of concern, 2026-11"},
    ),
    "in Chinese with its signs": (
        seen(changed(item("T", arxiv_id="2601.00003"), facts=LIVED), chat(lang="zh")),
        {"life": "Tides，2026年11月22日，doi:10.1234/t.3 · 已更正，2026年12月1日 · 编辑部关注声明，2026-11"},
    ),
    "without the article's journal it says the authors' words on one line": (
        seen(changed(item("T"), version=2, comment="Accepted at <b>X</b>\u202e\nor Y")),
        {"life": "v2 · “Accepted at <b>X</b> or Y”"},
    ),
    "a line of a list does not": (
        seen(changed(item("T", arxiv_id="2601.00003"), facts=LIVED), measure=views.ROW),
        {"life": ""},
    ),
    "574 authors are a few and a count": (
        seen(item("T", authors=tuple(f"Name{number} Family{number}" for number in range(574)))),
        {"authors": "Name0 Family0, Name1 Family1, … Name573 Family573 (574)"},
    ),
    "the facts are authors, categories, id and cross-list": (
        seen(item("T", cross=True, categories=("cs.AI", "cs.LG"), primary="cs.LG", arxiv_id="2601.00003")),
        {
            "facts": (
                ("authors", "Ada Example"),
                ("categories", "cs.LG, cs.AI"),
                ("name", "2601.00003"),
                ("cross", "cross-list"),
            )
        },
    ),
    "a summary without tldr gives its first real field": (
        seen(
            changed(
                item(),
                summaries=(
                    Summary(language="en", fields={"tldr": "Error", "motivation": "N/A", "method": "We count."}),
                ),
            )
        ),
        {"text": "We count."},
    ),
    "an abstract ends with a sentence near 280 columns": (
        seen(item(abstract=SENTENCE * 20)),
        {"text": (SENTENCE * 5).strip()},
    ),
    "in public an abstract is quoted without reason": (
        seen(
            item("T", because("secret", "Noise", name="Our rival")),
            chat(kind=ChatKind.BROADCAST),
            views.Measure(title=100, text=200, abstract=200, quotation=500),
        ),
        {"quotation": ABSTRACT, "text": "", "why": ""},
    ),
}


@pytest.mark.parametrize("case", SEEN)
def test_what_a_reader_sees_of_a_paper(case: str) -> None:
    view, expected = SEEN[case]
    facts = dict(view.facts)
    found = {name: getattr(view, name, facts.get(name, "")) for name in expected}
    assert {
        name: str(value) if isinstance(value, views.Passage) else value for name, value in found.items()
    } == expected


@pytest.mark.parametrize(
    ("text", "words", "hits"),
    tables.rows("""
        Diffusion models         → models, diffusion → Diffusion, models
        基于RAG的方法            → RAG               → RAG
        Few-shot learning of few → few, few-shot     → Few-shot
        Nests of CO₂ and Lyα     → CO$_{2, Ly$\\alpha → CO₂, Lyα
    """),
)
def test_each_word_is_marked_where_it_is_first_whole(text: str, words: str, hits: str) -> None:
    passage = papers.marked(text, words.split(", "))
    assert (", ".join(passage.pieces[1::2]), str(passage)) == (hits, text)


@pytest.mark.parametrize(
    ("arxiv_id", "doi", "own", "url"),
    [
        *tables.rows("""
            2601.00001     → 10.1/x                             → https://a.b/c                         → https://arxiv.org/abs/2601.00001
                           → 10.1002/(sici)<1::aid>3.0.co;2-#   →                                       → https://doi.org/10.1002/(sici)%3C1::aid%3E3.0.co;2-%23
                           →                                    → https://example.org/a b|c>d?x=1&y=%20 → https://example.org/a%20b%7Cc%3Ed?x=1&y=%20
                           →                                    → javascript:alert(1)                   →
                           →                                    → //host.org/x                          →
                           →                                    →                                       →
        """),
        ("", "", "https://example.org/" + "x" * 3000, ""),
    ],
)
def test_where_a_title_leads(arxiv_id: str, doi: str, own: str, url: str) -> None:
    paper = Paper(key="k", arxiv_id=arxiv_id or None, doi=doi or None, url=own or None)
    assert buttons.paper_url(paper) == url
    assert buttons.web_url(url) == url


@pytest.mark.parametrize(
    ("abstract", "comment", "tldr", "leads"),
    tables.rows(r"""
        Code is at https://github.com/a/b. →                                          →                            → code https://github.com/a/b
                                           → (code: gitlab.com/x/my\_repo)            →                            → code https://gitlab.com/x/my_repo
                                           → Data: doi:10.5281/zenodo.12.             →                            → data https://doi.org/10.5281/zenodo.12
        See https://github.com/a/b.        →                                          → We look at github.com/a/b. →
        https://evil.example/github.com/x  → https://github.com@evil.example/x        →                            →
        https://a.github.io.evil.example/x → evilgithub.com/x javascript:github.com/a →                            →
    """),
)
def test_an_address_of_code_or_data_is_a_button(abstract: str, comment: str, tldr: str, leads: str) -> None:
    summaries = (Summary(language="en", fields={"tldr": tldr}),) if tldr else ()
    entry = changed(item(), abstract=abstract, comment=comment, summaries=summaries)
    opens = Button(name="card", label="1", data="d1.c1")
    for shown in (opens, None):
        found = buttons.card_buttons(shown, entry, Language("en", "UTC")).named("code")
        assert (f"{found.label} {found.url}" if found else "") == leads


def test_each_button_of_a_card_is_answered() -> None:
    for arguments in ({}, {"whole": True}):
        opens = Button(name="card", label="1", data="d1.c1", arguments=arguments)
        card = buttons.card_buttons(opens, item(), Language("en", "UTC"))
        named = [one.name for one in (*card.first, *card.second) if not one.url]
        assert len(named) > 4
        assert {f"card-{name}" for name in named} <= {*REGISTRY.callbacks}


@pytest.mark.parametrize(
    ("foreign", "harmless"),
    [
        ("a\x00b\x1b[31mc\x7f\x85d", "ab[31mc d"),
        ("tab\there\nand\u2028there", "tab here and there"),
        ("lone \ud800 half", "lone half"),
        ("turned \u202e around \u2066 here", "turned around here"),
        ("e" + "\u0301" * 50, "e" + "\u0301" * 4),
    ],
)
def test_what_no_message_can_carry_is_taken_out(foreign: str, harmless: str) -> None:
    assert clean(foreign) == harmless


@pytest.mark.parametrize(
    ("text", "fenced"),
    [("שלום 5", "\u2068שלום 5\u2069"), ("﷽", "\u2068﷽\u2069"), ("Noise → 中文", "Noise → 中文")],
)
def test_right_to_left_text_is_fenced_in_and_no_other(text: str, fenced: str) -> None:
    assert isolated(text) == fenced


@pytest.mark.parametrize(
    ("text", "room", "cut"),
    [
        ("short", 10, "short"),
        ("扩散模型很好", 7, "扩散模…"),
        ("unbreakableword", 8, "unbreak…"),
        ("family 👨‍👩‍👧 here", 10, "family…"),
        ("ne\u0301e\u0301e\u0301", 3, "ne\u0301…"),
    ],
)
def test_a_text_is_cut_at_a_word_or_between_whole_characters(text: str, room: int, cut: str) -> None:
    assert cutting.cut_at_word(text, room) == cut


@pytest.mark.parametrize(
    ("text", "room", "first"),
    [
        ("One is here. Two is far away from here.", 20, "One is here."),
        ("We do it, e.g. by hand and by foot. Then more.", 20, "We do it, e.g. by…"),
        ("Ab. " + "long words without an end " * 5, 40, "Ab. long words without an end long…"),
        ("第一句话。第二句话很长很长。", 16, "第一句话。"),
    ],
)
def test_a_text_opens_with_whole_sentences(text: str, room: int, first: str) -> None:
    assert cutting.cut_at_sentence(text, room) == first


@pytest.mark.parametrize(
    ("written", "read"),
    [
        *tables.rows(r"""
            $\alpha$-GAN                                               → α-GAN
            $^{82}$Se                                                  → ⁸²Se
            $\tilde{O}(n^{4/3})$                                       → Õ(n^{4/3})
            $T_{\rm eff} \geq 5 \times 10^3$                           → T_eff ≥ 5 × 10³
            $\frac{1}{2}\sqrt{n/k}$                                    → 1/2√(n/k)
            H\"older, {\'e}t\'{e}, Schr\"{o}dinger, \v{S}, S\o ren     → Hölder, été, Schrödinger, Š, Søren
            \textit{E. coli} in {\it vivo}                             → E. coli in vivo
            \href{https://a.org/x_y}{the code} in \textcolor{red}{red} → the code in red
            \textbf{$100\times$} \emph{faster}                         → 100× faster
            Fixed-\texorpdfstring{$\delta$}{delta} Alignment           → Fixed-δ Alignment
            ``quoted'' 1--2 and so---on                                → “quoted” 1–2 and so—on
            T$^\star$, A$^\ast$, C$^\dagger$                           → T⋆, A*, C†
            $$e^{i\pi}$$ and \(x^2\)                                   → e^iπ and x²
        """),
        (r"$\mathbb{R}^n \to \mathcal{M}$", "ℝⁿ → M"),
        # what letters cannot show stays as written
        *(
            (text, text)
            for text in [
                "$20,000 and USD$30,000",
                "file_name and foo^bar and a^b^c",
                r"$\unicode{x2013}$ stays",
                r"$\begin{pmatrix}1\end{pmatrix}$ stays",
                "an open $x",
                r"$x^$",
                r"\'{",
                "\\",
                "",
            ]
        ),
    ],
)
def test_tex_is_read_as_letters(written: str, read: str) -> None:
    assert cleaning.readable(written) == read


@given(st.text(alphabet=r"\$^_{}abx2'`-\" " + "α中", max_size=300))
def test_no_text_is_too_strange(text: str) -> None:
    assert len(cleaning.readable(text)) <= 2 * len(text)


@pytest.mark.parametrize(
    "hostile", ["{" * 9000, "${" * 5000, r"\(" * 5000, "$a^{" * 3000, r"$\hat" * 2000 + "$", "`" * 9000]
)
def test_depth_does_no_harm(hostile: str) -> None:
    assert cleaning.readable(hostile)


DIRECTIONS = {0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)}  # Unicode TR9, Bidi_Control


def test_exactly_what_a_terminal_obeys_is_escaped() -> None:
    every = [chr(code) for code in range(sys.maxunicode + 1)]
    hidden = {one for one in every if unicodedata.category(one) in ("Cc", "Cs", "Zl", "Zp")} | set(map(chr, DIRECTIONS))
    shown = "".join(one for one in every if one not in hidden)
    assert texts.escaped(shown) == shown
    assert not any(texts.escaped(one) == one for one in hidden)


@given(st.text())
def test_a_value_of_a_sentence_ends_no_line(value: str) -> None:
    inner = errors.Sentence("looks like {look}", {"look": value})
    error = errors.PaperwireError(
        errors.Sentence("{name}: {why}, {count:,}.", {"name": value, "why": inner, "count": 1000})
    )
    assert str(error) == f"{texts.escaped(value)}: looks like {texts.escaped(value)}, 1,000."
    assert texts.escaped_lines(str(error)) == str(error)
    assert error.sentence.say(str) == f"{value}: looks like {value}, 1,000."  # chats escape it themselves


ADDRESS = "https://arxiv.org/abs/2601.00001"


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        (" 1  A title of several words", 24, [" 1  A title of several", "    words"]),
        ("  AI: 扩散模型在图像生成上很有效。", 24, ["  AI: 扩散模型在图像生成", "  上很有效。"]),
        ("    ▸ also one name and another", 26, ["    ▸ also one name and", "      another"]),
        (f"    {ADDRESS}", 24, [f"    {ADDRESS}"]),
        (f"    {ADDRESS}", 12, [f"    {ADDRESS}"]),
        ("    too narrow to hang", 12, ["    too", "narrow to", "hang"]),
        ("one\n\n  two", 80, ["one", "", "  two"]),
    ],
)
def test_lines_go_on_under_their_text(text: str, width: int, lines: list[str]) -> None:
    assert [line.plain for line in terminal.wrapped(Text(text), width)] == lines


@given(st.text(alphabet="ab1 ▸扩散。（“\n", max_size=80), st.integers(min_value=4, max_value=40))
def test_no_line_with_two_words_is_too_long_and_nothing_is_lost(text: str, width: int) -> None:
    lines = [line.plain for line in terminal.wrapped(Text(text), width)]
    assert all(cell_len(line) <= width for line in lines if len(line[terminal.hanging(line) :].split()) > 1)
    assert "".join("".join(lines).split()) == "".join(text.split())
