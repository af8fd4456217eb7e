"""The quick reader of standard pages is compared with the slow one: it gives what `parse` would give."""

import os
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.digests import daily_arxiv_md, read_digest
from bot.digests._daily_standard import _LONGEST_FAILURE, plain_entries, standard_page
from subscriptions import summaries
from subscriptions.errors import PaperwireError
from subscriptions.model import Digest

PAGES = Path(__file__).parents[1] / "digests"
SHARED = os.environ.get("PAPERWIRE_SHARED", "")
REAL = sorted((Path(SHARED) / "corpus").glob("*/*")) + sorted((Path(SHARED) / "seeds").iterdir()) if SHARED else []

BEGINNING = (
    "<div id=toc></div>\n\n# Table of Contents\n\n- [cs.LG](#cs.LG) [Total: 2]\n- [math.OC](#math.OC) [Total: 1]\n\n\n"
)
CHINESE = {
    "title": "Lanterns for **Bold** [Harbours] (and Ships)",
    "names": "Ada Quill,Bo Larch,Søren O'Hara",
    "category": "cs.LG",
    "tldr": "本文为嘈杂的港口设计了一盏灯，并测量它在多远的海面上仍能被航船看见。",
    "motivation": "港口很吵。",
    "method": "点亮一盏灯，然后沿着海岸慢慢走远，每走一步都记下灯光是否还看得见，风浪多大。",
    "result": "船看得更清楚，事故减少了百分之三十，而且没有人再抱怨港口的噪声和夜里的雾气。",
    "conclusion": "灯是有用的。",
    "abstract": "Harbours are noisy. We light a lantern & measure how far $x < y$ it is seen.",
}
ENGLISH = CHINESE | {
    "title": "Kites",
    "names": "Dora Finch, Emil Gray",
    "category": "math.OC",
    "tldr": "A kite – of paper – that finds the wind by itself and stays in it for many hours.",
    "motivation": "Kites fall when nobody looks after them, and nobody does so for long.",
    "method": "A tail of 3 m.",
    "result": "It stays up.",
    "conclusion": "Paper is enough.",
    "abstract": "Kites fall.\n  This one does not.\n  It has a tail.",
}
HARD = CHINESE | {"names": r"Paulo Andr\'e", "abstract": "Hard\nwrapped.", "tldr": "Summary generation failed"}


def entry(number: int, texts: dict[str, str]) -> str:
    address = f"https://arxiv.org/abs/2601.{number:05}"
    return (
        f"### [{number}] [{texts['title']}]({texts.get('address', address)})\n*{texts['names']}*\n\n"
        f"Main category: {texts['category']}\n\nTL;DR: {texts['tldr']}\n\n\n<details>\n  <summary>Details</summary>\n"
        f"Motivation: {texts['motivation']}\n\nMethod: {texts['method']}\n\nResult: {texts['result']}\n\n"
        f"Conclusion: {texts['conclusion']}\n\nAbstract: {texts['abstract']}\n\n</details>\n\n\n"
    )


def page(*entries: str) -> str:
    section = "<div id='{0}'></div>\n\n# {0} [[Back]](#toc)\n\n"
    half = len(entries) // 2
    return "".join([BEGINNING, section.format("cs.LG"), *entries[:half], section.format("math.OC"), *entries[half:]])


PAGE = page(entry(1, CHINESE), entry(2, CHINESE | {"title": "Second"}), entry(3, ENGLISH))


def outcome(data: bytes, **options: str) -> Digest | str:
    try:
        return read_digest(data, "page.md", **options)  # type: ignore[arg-type]  # format and language are texts
    except PaperwireError as error:
        return str(error)


def both_ways(data: bytes, **options: str) -> tuple[Digest | str, Digest | str]:
    """Returns the results of the quick and of the slow reader."""
    quick = outcome(data, **options)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(daily_arxiv_md, "read_standard", lambda *_: None)
        return quick, outcome(data, **options)


def swept(data: bytes) -> int:
    """Returns how many entries the quick reader takes."""
    found = standard_page(data)
    return len(plain_entries(found, None)) if found else 0


@pytest.mark.parametrize("path", [*sorted(PAGES.iterdir()), *REAL], ids=lambda path: path.name)
def test_every_document_reads_the_same_both_ways(path: Path) -> None:
    quick, slow = both_ways(path.read_bytes())
    assert quick == slow
    assert repr(quick) == repr(slow)  # also the types of all values, and their order


def test_plain_entries_are_taken() -> None:
    assert swept(PAGE.encode()) == 3
    assert swept(b"\xef\xbb\xbf" + PAGE.replace("\n", "\r\n").encode()) == 3
    assert swept(page(entry(1, CHINESE), entry(2, HARD), entry(3, ENGLISH)).encode()) == 2
    assert swept(PAGE.replace("- [cs.LG]", "* [cs.LG]").encode()) == 0


@pytest.mark.skipif(not SHARED, reason="PAPERWIRE_SHARED names no folder with corpus/ and seeds/")
@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("seeds/daily_arxiv.md", 81),
        ("corpus/daily_md/wl_2026-06-10.md", 414),
        ("corpus/daily_md/dw_2026-05-06.md", 155),
    ],
)
def test_nearly_all_entries_of_real_pages_are_taken(name: str, plain: int) -> None:
    assert swept((Path(SHARED) / name).read_bytes()) == plain


def test_what_stands_between_entries_is_read_in_its_place() -> None:
    strange = "## Total Papers Today: 9\n\n### [ no head\nlost\n\n"
    data = page(entry(1, CHINESE), strange, entry(2, HARD), entry(2, ENGLISH), entry(4, CHINESE)).encode()
    quick, slow = both_ways(data)
    assert quick == slow
    assert isinstance(quick, Digest)
    assert [paper.key for paper in quick.entries] == ["2601.00001", "2601.00002", "2601.00002", "2601.00004"]
    assert {warning.code: warning.line for warning in quick.warnings} == {
        "unparsed_heading": 38,
        "failed_summaries": 45,
        "duplicate_papers": 69,
        "declared_mismatch": 5,
    }


ODD = [
    ("title", "  two  blanks "),
    ("title", " "),
    ("title", "](https://arxiv.org/abs/2601.00009"),
    ("title", "a\u3000b"),
    ("title", "a\u00a0b"),
    ("title", "a\x7fb"),
    ("address", "http://arxiv.org/abs/2601.00001v2"),
    ("address", "https://arxiv.org/abs/0704.0001"),
    ("address", "https://arxiv.org/abs/2601.1"),
    ("names", "Some Labs,:,A Person"),
    ("names", "A Person,,B Person"),
    ("names", "A Person,B Person,"),
    ("names", "['A', 'B']"),
    ("names", "A*B*"),
    ("names", "Jos\\'e"),
    ("names", "{van der} Berg"),
    ("names", "J.~Doe"),
    ("names", "A,B\u2003C"),
    ("names", "A , B,  C"),
    ("names", "A* | **Category: cs.AI*"),
    ("category", "cs.LG, cs.AI"),
    ("category", "N/A"),
    ("tldr", ""),
    ("tldr", "  "),
    ("tldr", "N/A"),
    ("tldr", "{tldr}"),
    ("tldr", "{" + "t" * 60 + "}"),
    ("tldr", "{braces} around a word of the text are not a placeholder that stayed"),
    ("tldr", "A.<br/>**VN**: Một."),
    ("tldr", "line\nMethod: line"),
    ("tldr", "モデル"),
    ("tldr", "A model."),
    ("motivation", "모델"),
    ("method", "Method extraction failed"),
    ("result", "错误：AI分析失败。"),
    ("result", "a\u2028b\u200bc\ufeffd"),
    ("result", "a\u1680b"),
    ("conclusion", "c\u0085\u0091d"),
    ("conclusion", "\ufffe"),
    ("abstract", "N/A"),
    ("abstract", "one\n  two\n  \n  three"),
    ("abstract", "one\n  ### [2] two\n\n</details> three\n  four"),
    ("abstract", "one\n### [2] two"),
    ("abstract", "one\n[1] Two\nAuthors: three | Main Category: four"),
    ("abstract", "one\n  two\nAbstract: three\nTL;DR: four"),
    ("abstract", "tab\tand \x0cform feed"),
    ("abstract", "lone \r return"),
    ("abstract", "𠀀 and 😀"),
    ("abstract", "one\n\n</details> two"),
    ("abstract", "one\n\n</details>### [9] [two](https://arxiv.org/abs/2601.00009)"),
]


@pytest.mark.parametrize(("name", "text"), ODD)
def test_an_odd_text_reads_the_same_both_ways(name: str, text: str) -> None:
    chinese = page(entry(1, CHINESE), entry(2, CHINESE | {name: text}), entry(3, ENGLISH))
    english = page(entry(1, ENGLISH), entry(2, ENGLISH | {name: text}))
    for data in (chinese.encode(), english.encode()):
        for options in ({}, {"language": "fr"}, {"format": "daily_arxiv_md"}):
            quick, slow = both_ways(data, **options)
            assert quick == slow


@given(st.dictionaries(st.sampled_from(sorted(CHINESE)), st.text(max_size=60)), st.text(max_size=20))
def test_any_texts_read_the_same_both_ways(texts: dict[str, str], between: str) -> None:
    data = page(entry(1, CHINESE), between, entry(2, ENGLISH | texts), entry(3, CHINESE)).encode(errors="ignore")
    quick, slow = both_ways(data)
    assert quick == slow


PIECES = (
    "", "\n", "\n\n", "  ", " ", "\t", "\r\n", "\ufeff", "### [", "### [4] [", "](", ")", "*", "**", "*\n", ",", ",,",
    "</details>", "\n</details>\n", "<details>", "<", "Abstract: ", "\nAbstract: ", "TL;DR: ", "Main category: ",
    "\nMain category: cs.CV\n", "N/A", "{tldr}", "かな", "한글", "模型", "é", "\u00a0", "\u0091", "\x01", "<br/>**VN**: ",
    "\n  ", "\nAuthors: a | Main Category: b", "\n[1] x", "https://arxiv.org/abs/2601.00001", "## Total Papers Today: 3\n",
    "\n<div id='cs.AI'></div>\n\n# cs.AI [[Back]](#toc)\n", "\n- [cs.AI](#cs.AI) [Total: 1]\n",
)  # fmt: skip
CHANGE = st.tuples(st.integers(0, len(PAGE)), st.integers(0, 30), st.sampled_from(PIECES))


@given(st.lists(CHANGE, min_size=1, max_size=4))
@example([(len(BEGINNING) + 60, 0, "\n\ufeff")])
def test_any_change_of_a_page_reads_the_same_both_ways(changes: list[tuple[int, int, str]]) -> None:
    text = PAGE
    for at, length, piece in changes:
        text = text[:at] + piece + text[at + length :]
    quick, slow = both_ways(text.encode())
    assert quick == slow


@given(st.integers(0, len(PAGE.encode())), st.integers(0, 3), st.binary(max_size=3))
def test_any_change_of_its_bytes_reads_the_same_both_ways(at: int, length: int, piece: bytes) -> None:
    data = PAGE.encode()
    quick, slow = both_ways(data[:at] + piece + data[at + length :])
    assert quick == slow


@given(st.integers(0, len(PAGE)))
def test_a_cut_page_reads_the_same_both_ways(at: int) -> None:
    quick, slow = both_ways(PAGE[:at].encode())
    assert quick == slow


def test_a_text_that_says_nothing_is_short_or_in_braces() -> None:
    for text in summaries._FAILED | summaries._NOT_STATED:  # the twin knows them by length
        assert len(text) <= _LONGEST_FAILURE
