"""Damage stays where it is: any bytes end in papers or a sentence, and an undamaged neighbour is never lost."""

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.digests import FORMATS, read_digest
from bot.errors import BrokenDigest, UnknownFormat
from subscriptions import Digest, Paper

PAGES = Path(__file__).parents[1] / "digests"
SAMPLES = [path.read_bytes() for path in sorted(PAGES.glob("[a-z]*.*")) if not path.name.endswith(".expected.json")]

TOC = "<div id=toc></div>\n\n# Table of Contents\n\n- [cs.LG](#cs.LG) [Total: 5]\n\n\n<div id='cs.LG'></div>\n\n# cs.LG [[Back]](#toc)\n\n"


def _entry(n: int) -> str:
    return (
        f"### [{n}] [Kite {n}](https://arxiv.org/abs/2601.{n:05})\n*Ada Quill,Bo Larch*\n\nMain category: cs.LG\n\n"
        f"TL;DR: 风筝 {n}。\n\n\n<details>\n  <summary>Details</summary>\nMotivation: 为什么。\n\nMethod: 怎么做。\n\n"
        f"Result: 结果。\n\nConclusion: 结论。\n\nAbstract: Kite number {n} flies.\nIt lands.\n\n</details>\n\n\n"
    )


def _group(n: int) -> str:
    return f"Kite number {n} flies.\n第{n}个风筝。\nhttps://arxiv.org/abs/2601.{n:05}\n"


def _papers(text: str) -> dict[str, Paper]:
    papers: dict[str, Paper] = {}
    for paper in read_digest(text.encode(), "damaged").entries:
        papers.setdefault(paper.key, paper)
    return papers


ENTRIES = [_entry(n) for n in range(1, 6)]
PAGE = TOC + "".join(ENTRIES)
WHOLE = _papers(PAGE)
LIST = "".join(_group(n) for n in range(1, 6))
WHOLE_LIST = _papers(LIST)


def _read(data: bytes, format: str | None = None) -> Digest | None:  # noqa: A002  as in read_digest
    try:
        return read_digest(data, "any", format=format)
    except (UnknownFormat, BrokenDigest) as error:
        sentence = str(error)
    assert sentence.startswith("any: ")
    return None


@given(st.binary(max_size=400), st.sampled_from([None, *(module.name for module in FORMATS)]))
def test_any_bytes_give_papers_or_a_sentence(data: bytes, named: str | None) -> None:
    _read(data, named)


@given(st.data())
def test_any_change_of_a_real_page_gives_papers_or_a_sentence(data: st.DataObject) -> None:
    page = bytearray(data.draw(st.sampled_from(SAMPLES)))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(page)))
        piece = data.draw(st.sampled_from([b"", b"\n", b"### [", b"</details>", b"Abstract:", b"](", b"<", b"&", b"\xef\xbb\xbf", b"\x0c", b"*", b"https://arxiv.org/abs/2601.00001"]))  # fmt: skip
        page[at : at + data.draw(st.integers(0, 40))] = piece
    digest = _read(bytes(page), data.draw(st.sampled_from([None, *(module.name for module in FORMATS)])))
    for paper in digest.entries if digest else ():
        assert paper.key
        for text in (paper.title, paper.abstract, *paper.authors):
            assert text == " ".join(text.split())
            assert not any(ord(sign) < 32 for sign in text)


@given(st.integers(len(TOC), len(PAGE)))
def test_a_page_that_was_cut_keeps_every_whole_entry(at: int) -> None:
    cut = PAGE[:at]
    whole = [n for n in range(1, 6) if _entry(n).rstrip() in cut]
    if not whole:
        return
    papers = _papers(cut)
    for n in whole:
        assert papers[f"2601.{n:05}"] == WHOLE[f"2601.{n:05}"]
    assert set(papers) <= set(WHOLE)


@given(st.integers(0, 4), st.data())
def test_a_damaged_entry_leaves_its_neighbours_as_they_are(damaged: int, data: st.DataObject) -> None:
    entry = ENTRIES[damaged]
    start = data.draw(st.integers(0, len(entry)))
    end = data.draw(st.integers(start, len(entry)))
    torn = entry[:start] + entry[end:]
    if torn and not torn.endswith("\n"):
        torn += "\n"
    papers = _papers(TOC + "".join([*ENTRIES[:damaged], torn, *ENTRIES[damaged + 1 :]]))
    for n in range(1, 6):
        if n - 1 != damaged:
            assert papers[f"2601.{n:05}"] == WHOLE[f"2601.{n:05}"]


@given(st.integers(0, 4), st.integers(0, 5))
def test_an_entry_that_stands_twice_changes_no_paper(doubled: int, at: int) -> None:
    entries = [*ENTRIES[:at], ENTRIES[doubled], *ENTRIES[at:]]
    digest = read_digest((TOC + "".join(entries)).encode(), "doubled")
    assert len(digest.entries) == 6
    assert {paper.key: paper for paper in digest.entries} == WHOLE
    assert "duplicate_papers" in {warning.code for warning in digest.warnings}


@pytest.mark.parametrize("between", ["", "\n", "\n\n", "\ufeff", "\n\ufeff"])
@pytest.mark.parametrize("end", ["", "\n\n\n"])
def test_pages_glued_to_one_another_give_the_papers_of_both(between: str, end: str) -> None:
    other = PAGE.replace("2601.0", "2602.0").replace("cs.LG", "cs.CV")
    digest = read_digest((PAGE.rstrip() + end + between + other).encode(), "glued")
    assert [paper.key for paper in digest.entries] == [
        f"26{month}.{n:05}" for month in ("01", "02") for n in range(1, 6)
    ]
    assert digest.entries[:5] == tuple(WHOLE.values())
    assert digest.declared == {"cs.LG": 5, "cs.CV": 5}
    assert digest.warnings == ()


@given(st.integers(0, len(LIST)))
def test_a_list_that_was_cut_keeps_every_whole_group(at: int) -> None:
    cut = LIST[:at]
    whole = [n for n in range(1, 6) if _group(n).rstrip() in cut]
    if not whole:
        return
    papers = _papers(cut)
    assert papers == {f"2601.{n:05}": WHOLE_LIST[f"2601.{n:05}"] for n in whole}


@given(st.integers(1, 5), st.integers(0, 5))
def test_a_group_that_stands_twice_changes_no_paper(doubled: int, at: int) -> None:
    groups = [_group(n) for n in range(1, 6)]
    groups.insert(at, _group(doubled))
    digest = read_digest("".join(groups).encode(), "doubled")
    assert len(digest.entries) == 6
    assert {paper.key: paper for paper in digest.entries} == WHOLE_LIST


@pytest.mark.parametrize("between", ["", "\n", "\n\n", "\ufeff", "\n\ufeff"])
def test_lists_glued_to_one_another_give_the_papers_of_both(between: str) -> None:
    other = LIST.replace("2601.0", "2602.0")
    digest = read_digest((LIST.rstrip() + between + other).encode(), "glued")
    assert [paper.key for paper in digest.entries] == [
        f"26{month}.{n:05}" for month in ("01", "02") for n in range(1, 6)
    ]
    assert digest.entries[5].abstract == "Kite number 1 flies."


def test_a_page_shuffled_line_by_line_still_ends() -> None:
    lines = (PAGE + LIST).split("\n")
    chance = random.Random(7)
    for _ in range(30):
        chance.shuffle(lines)
        _read("\n".join(lines).encode())
