"""Damaged documents: any bytes give papers or an error sentence, and no undamaged part next to a damaged one is lost."""

import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.digests import read_digest
from bot.digests._limits import NAME, TITLE
from subscriptions.model import Paper
from tests import digest_checks
from tests.digest_pages import PARTS

SAMPLES: dict[str | None, list[bytes]] = {}  # the golden pages of each format
for _page in sorted((Path(__file__).parents[1] / "digests").glob("[a-z]*.*")):
    if not _page.name.endswith(".expected.json"):
        _expected = json.loads(_page.with_suffix(".expected.json").read_text(encoding="utf-8"))
        SAMPLES.setdefault(_expected.get("format"), []).append(_page.read_bytes())

MARKS = (
    b"", b"\n", b"### [", b"</details>", b"Abstract:", b"](", b"<", b"&", b"\xef\xbb\xbf", b"\x0c", b"*", b"https://arxiv.org/abs/2601.00001",
    b"\n\n", b"[^2]: ", b"| [^1] | [", "\n# 摘要\n".encode(), "\n发布时间：2026年01月22日\n".encode(), b"\n> ", b"- [", b"}", b'"', b"\\", b",",
    b"<dt>", b"</dd>", b"<!--", b"-->", b"<a <a <a ", b"<![CDATA[", b"&#8;", b"&#99999999999;", b"<script>", b"<article>", b"</p>\n<p>\n", b"'",
)  # fmt: skip


of_each_format = settings(max_examples=settings().max_examples // 6)


def _papers(text: str) -> dict[str, Paper]:
    papers: dict[str, Paper] = {}
    for paper in read_digest(text.encode(), "damaged").entries:
        papers.setdefault(paper.key, paper)
    return papers


@given(st.binary(max_size=400), st.sampled_from(digest_checks.FORMAT_NAMES))
def test_any_bytes_give_papers_or_a_sentence(data: bytes, named: str | None) -> None:
    digest_checks.read_and_check(data, named)


@pytest.mark.parametrize("wanted", [*digest_checks.FORMAT_NAMES[1:], None])
@of_each_format
@given(st.data())
def test_any_change_of_a_real_page_gives_papers_or_a_sentence(wanted: str | None, data: st.DataObject) -> None:
    assert SAMPLES.get(wanted), (
        f"There is no page of {wanted} in tests/digests (CONTRIBUTING.md, Add a digest format, step 4)."
    )
    page = bytearray(data.draw(st.sampled_from(SAMPLES[wanted])))
    for _ in range(data.draw(st.integers(1, 5))):
        start = data.draw(st.integers(0, len(page)))
        end = start + data.draw(st.sampled_from((0, 0, 1, 2, 7, 40, 300)))
        page[start:end] = data.draw(_pieces(bytes(page)))
    digest_checks.read_and_check(bytes(page), data.draw(st.sampled_from((None, wanted, *digest_checks.FORMAT_NAMES))))


def _pieces(page: bytes) -> st.SearchStrategy[bytes]:
    """A character or word of a grammar, or a part of this page or of another one: once, many times, or in another
    encoding.
    """
    others = st.sampled_from([page, *(sample for samples in SAMPLES.values() for sample in samples[:2])])
    parts = st.builds(lambda other, at, long: other[at : at + long], others, st.integers(0, 3000), st.integers(0, 200))
    repeated = st.builds(lambda mark, times: mark * times, st.sampled_from(MARKS), st.integers(2, 99))
    encoded = st.builds(lambda part: part.decode(errors="ignore").encode("utf-16-le"), parts)
    return st.one_of(st.sampled_from(MARKS), parts, repeated, encoded)


# The text copied from Hugging Face is left out: its lines belong together only by their places.
MADE = {name: parts for name, parts in PARTS.items() if name != "hf_text"}
"""A part that is damaged costs itself only, but for these: XML ends at damage, and a document of JSON does not survive it."""

XML = {"arxiv_rss", "arxiv_atom", "arxiv_api_atom", "bilingual_rss", "feed_rss", "feed_rdf", "feed_atom", "pubmed_xml"}
DATABASES = {"feed_json", "openalex_json", "crossref_json", "s2_json", "records_json"}
JSON = {"hf_json", "biorxiv_json"} | DATABASES
INDEPENDENT = sorted(set(MADE) - XML - JSON - {"bilingual3"})  # its lines belong together by their places, too
NUMBERS = range(1, 6)


def _whole(made: str) -> dict[str, Paper]:
    return _papers(MADE[made].page(map(MADE[made].part, NUMBERS)))


def test_a_page_shuffled_line_by_line_still_ends() -> None:
    lines = "".join(
        [MADE[made].page(map(MADE[made].part, NUMBERS)) for made in ("daily_arxiv_md", "bilingual3")]
    ).split("\n")
    chance = random.Random(7)
    for _ in range(30):
        chance.shuffle(lines)
        digest_checks.read_and_check("\n".join(lines).encode())


@pytest.mark.parametrize("made", sorted(set(MADE) - {"bilingual3"}))  # its papers have no titles
def test_a_made_page_is_read_whole(made: str) -> None:
    digest = read_digest(MADE[made].page(map(MADE[made].part, NUMBERS)).encode(), "made")
    assert digest.format == made.partition(",")[0]
    assert [paper.title for paper in digest.entries] == [f"Kite {n}" for n in NUMBERS]
    assert {warning.code for warning in digest.warnings} <= {"entry_without_text", "glued_line"}


@pytest.mark.parametrize("made", sorted(set(MADE) - JSON))
@of_each_format
@given(st.data())
def test_a_made_page_that_was_cut_keeps_every_whole_part(made: str, data: st.DataObject) -> None:
    parts, whole = MADE[made], _whole(made)
    page = parts.page(map(parts.part, NUMBERS))
    cut = page[: data.draw(st.integers(len(parts.head) + len(parts.part(1)), len(page)))]
    papers = _papers(cut)
    for n, (key, paper) in enumerate(whole.items(), 1):
        if parts.part(n) in cut:
            assert papers.get(key) == paper, f"Where a page of {made} breaks off, each paper that is whole is read."


@pytest.mark.parametrize("made", ["biorxiv_json", "hf_json", *sorted(DATABASES)])
@of_each_format
@given(st.data())
def test_half_a_document_of_json_is_no_digest(made: str, data: st.DataObject) -> None:
    page = MADE[made].page(map(MADE[made].part, NUMBERS)).rstrip()
    assert digest_checks.read_and_check(page[: data.draw(st.integers(0, len(page) - 1))].encode()) is None


@given(st.data())
def test_the_rest_of_a_cut_line_costs_that_line_only(data: st.DataObject) -> None:
    first, *others = map(MADE["daily_arxiv_jsonl"].part, range(1, 5))
    cut = first[: data.draw(st.integers(1, len(first) - 2))]
    second, *last = others
    assert _papers("".join([second, cut, *last])) == _papers("".join(others))


@pytest.mark.parametrize("made", INDEPENDENT)
@of_each_format
@given(st.integers(1, 5), st.data())
def test_a_damaged_part_leaves_its_neighbours_as_they_are(made: str, damaged: int, data: st.DataObject) -> None:
    parts, whole = MADE[made], _whole(made)
    damaged = max(damaged, 1 if parts.head else 2)  # if a page has no head, its first part says what the page is
    torn = parts.part(damaged)
    # of an entry without its head, the rest is read with the entry above: forks write labels that nobody knows
    head = len(torn.strip().partition("\n")[0]) + 1 if made == "daily_arxiv_md" else 0
    start = data.draw(st.integers(head, len(torn)))
    torn = (
        torn[:start]
        + data.draw(st.sampled_from(MARKS[:20])).decode(errors="ignore") * data.draw(st.booleans())
        + torn[data.draw(st.integers(start, len(torn))) :]
    )
    torn += "" if torn.endswith("\n") else "\n"
    papers = _papers(parts.page(torn if n == damaged else parts.part(n) for n in NUMBERS))
    for n, (key, paper) in enumerate(whole.items(), 1):
        if n != damaged:
            assert papers.get(key) == paper, n


@pytest.mark.parametrize("made", MADE)
@pytest.mark.parametrize(("doubled", "at"), [(1, 0), (1, 5), (2, 4), (3, 3), (5, 1)])
def test_a_part_that_stands_twice_changes_no_paper(made: str, doubled: int, at: int) -> None:
    parts = MADE[made]
    texts = [parts.part(n) for n in NUMBERS]
    texts.insert(at, parts.part(doubled))
    assert _papers(parts.page(texts)) == _whole(made), (
        f"A paper of {made} that stands there twice is given twice, unchanged."
    )


@pytest.mark.parametrize("made", MADE)
def test_a_made_page_reads_the_same_with_any_line_ends(made: str) -> None:
    page = MADE[made].page(map(MADE[made].part, NUMBERS))
    for text in ("\ufeff" + page, page.replace("\n", "\r\n"), "\n\n" + page, page.rstrip(), page + "\n\n"):
        assert _papers(text) == _whole(made)
    for encoding in ("utf-16", "utf-32", "gb18030"):
        found = digest_checks.read_and_check(page.encode(encoding))
        assert found is None or page.isascii() or {paper.key: paper for paper in found.entries} == _whole(made)


@pytest.mark.parametrize("between", ["", "\n", "\n\n", "\ufeff", "\n\ufeff"])
@pytest.mark.parametrize("made", sorted(set(MADE) - XML))
def test_made_pages_glued_to_one_another_give_the_papers_of_both(made: str, between: str) -> None:
    page = MADE[made].page(map(MADE[made].part, NUMBERS))
    other = page.replace("2601.0", "2602.0").replace("Kite ", "Lamp ").replace("2026年01月", "2026年02月")
    glued = page.rstrip() + between + other
    assert _papers(glued) == _whole(made) | _papers(other), (
        f"Where two pages of {made} stand in one file, also without an end of line between them, the papers of both are read, "
        "each as by itself: bot/digests/bilingual.py cuts such a line in two."
    )


@pytest.mark.parametrize("blanks", [1, 2])
def test_a_name_or_title_that_is_cut_at_a_blank_ends_without_it(blanks: int) -> None:
    """Found by fuzzing: a name of hundreds of characters was cut after a space, and the space remained at its end."""
    long = "x" * (NAME - blanks) + " y" * 100
    page = json.dumps({"id": "2601.00001", "title": "Kite " * TITLE, "summary": "It flies.", "authors": [long]})
    digest = digest_checks.read_and_check(f"{page}\n".encode())
    assert digest is not None
    assert digest.entries[0].authors[0].startswith("xxx")
