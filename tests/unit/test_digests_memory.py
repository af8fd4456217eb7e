"""Reading takes memory of a few times the document's size, in any format and however hostile the document is.

Each document is read in a separate process, because the kernel knows its peak size; Python's own count would leave out
expat. These processes are forks of one that has imported everything.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from bot.digests import _markup, read_digest
from bot.errors import BrokenDigest
from tests.digest_pages import PARTS

SIZE: Final = 4 << 20  # some hostile documents reach a limit of theirs only in this size
OF_A_PAGE: Final = 2 << 20
pytestmark = pytest.mark.skipif(
    not (Path("/proc/self") / "clear_refs").exists(), reason="only Linux tells how large a process was"
)

READ = """
import os
import sys
from pathlib import Path
import bs4
from bot.digests import _markup, read_digest
from subscriptions import PaperwireError

def size(name):
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name)]
    return int(line.split()[1]) * 1024

def read(name):
    Path("/proc/self/clear_refs").write_text("5")  # resets the peak size
    before = size("VmRSS")
    data = Path(name).read_bytes()
    try:
        papers = len(read_digest(data, "page").entries)
    except PaperwireError as error:
        papers = 0
    print((size("VmHWM") - before) / len(data), papers, flush=True)

for line in sys.stdin:
    if not os.fork():
        read(line.rstrip())
        os._exit(0)
    os.wait()
"""
WITHOUT_NOTES = "bilingual_md, table"  # half of the page, and not realistic: each line of a hundred bytes is a paper


Peak = Callable[[bytes], tuple[float, int]]


@pytest.fixture(scope="module")
def peak_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peak]:
    """Yields a function that reads a document: returns its peak memory as a multiple of its size, and the number of
    papers.
    """
    page = tmp_path_factory.mktemp("read") / "page"
    with subprocess.Popen(  # noqa: S603  our own program
        [sys.executable, "-c", READ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
        cwd=Path(__file__).parents[2],
    ) as reader:
        given, told = reader.stdin, reader.stdout
        assert given is not None
        assert told is not None

        def peak_of(data: bytes) -> tuple[float, int]:
            page.write_bytes(data)
            given.write(f"{page}\n")
            peak, papers = told.readline().split()
            return float(peak), int(papers)

        yield peak_of


@pytest.mark.parametrize("made", PARTS)
def test_no_document_has_more_papers_than_any_digest(made: str, monkeypatch: pytest.MonkeyPatch) -> None:
    page = PARTS[made].page(map(PARTS[made].part, range(1, 6))).encode()
    limited = [
        module
        for name, module in sys.modules.items()
        if name.startswith("bot.digests.") and hasattr(module, "MOST_PAPERS")
    ]
    for module in limited:
        monkeypatch.setattr(module, "MOST_PAPERS", 8)  # headings of a page also count
    assert len(read_digest(page, "page").entries) == 5
    for module in limited:
        monkeypatch.setattr(module, "MOST_PAPERS", 4)
    sentence = ""
    try:
        read_digest(page, "page")
    except BrokenDigest as error:
        sentence = str(error)
    assert sentence == "page: It holds more than 4 papers.", (
        f"The parse of {made} goes through its papers without an end: let it do so by `each` of bot/digests/_format.py."
    )


def test_no_document_has_more_lines_than_any_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.digests.MAX_LINES", 4)
    assert read_digest(b"[\n\n\n\n]", "page").entries == ()
    with pytest.raises(BrokenDigest, match=r"^page: more than 4 lines\.$"):
        read_digest(b"[\n\n\n\n\n]", "page")


@pytest.mark.parametrize("made", sorted(set(PARTS) - {WITHOUT_NOTES}))
def test_reading_a_large_document_takes_a_few_times_its_room(made: str, peak_of: Peak) -> None:
    peak, papers = peak_of(PARTS[made].of_size(OF_A_PAGE))
    assert papers > 750
    assert peak < (10 if "json" in made.replace("jsonl", "") else 6.5)


@pytest.mark.parametrize("made", ["arxiv_rss", "daily_arxiv_jsonl", "daily_arxiv_md"])
def test_a_wide_character_costs_four_bytes_each_at_most(made: str, peak_of: Peak) -> None:
    peak, papers = peak_of(PARTS[made].of_size(OF_A_PAGE).replace(b"flies.", "flies 🪁.".encode(), 1))
    assert papers > 750
    assert peak < 8


HOSTILE: dict[str, tuple[str, str, str]] = {
    "lists in one object": ('[{"paper": {"id": "2601.00001", "title": "a"}}, {"paper": {"a": [', "[],", "[]]}}]"),
    "numbers in one object": ('[{"paper": {"id": "2601.00001", "title": "a"}}, {"paper": {"a": [', "11,", "11]}}]"),
    "objects in one line": ('{"id": "2601.00001", "title": "a", "summary": "b"}\n{"id": [', '{"a":1},', "1]}"),
    "lists beside the papers": ('{"messages": {"a": [', "[],", '[]]}, "collection": [{"doi": "10.1101/1"}]}'),
    "lists in a page": ('<!doctype html><p data-target="DailyPapers" data-props="[', "[],", '[]]">'),
    "elements of one record": ("<rss><channel><title>a on arXiv.org</title><item>", "<a/>", "</item></channel></rss>"),
    "elements of no record": ("<rss><channel><title>a on arXiv.org</title>", "<a/>", "</channel></rss>"),
    "empty records": ("<rss><channel><title>a on arXiv.org</title>", "<item/>", "</channel></rss>"),
    "elements without end": ("<rss><channel><title>a on arXiv.org</title>", "<a>", ""),
    "links in one entry": ("<!doctype html><p id=dlpage><dt>", "<a>", ""),
    "lines": ("# a\n", "ab\n", ""),
    "authors of one paper": (
        "# cs.LG\n\n### [1] [Sand](https://arxiv.org/abs/2601.00001)\n*",
        "Ada Example, ",
        "*\n\nTL;DR: sand.\n",
    ),
    "authors of one mail": (
        "Date: Thu, 22 Jan 26 01:29:12 GMT\n\n\\\\\narXiv:2601.00001\n\nTitle: Sand\nAuthors: ",
        "Ada; ",
        "\nCategories: cs.LG\n\\\\\n  Sand.\n\\\\\n",
    ),
    "short names in many papers": (
        "# cs.LG\n\n",
        "### [1] [Sand](https://arxiv.org/abs/2601.00001)\n*" + "ab," * 1000 + "*\n\nTL;DR: sand.\n\n",
        "",
    ),
    "papers": ("Get trending papers in your email inbox!\n", "a\nb\n", ""),
}


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_document_takes_no_more_memory(hostile: str, peak_of: Peak) -> None:
    before, word, after = HOSTILE[hostile]
    size = SIZE // 4 if hostile == "empty records" else SIZE  # slow, and a smaller document shows the same
    peak, _ = peak_of((before + word * (size // len(word)) + after).encode())
    assert peak < 10


def test_of_a_field_of_megabytes_only_the_beginning_is_worked_on(monkeypatch: pytest.MonkeyPatch) -> None:
    longest = 0

    def plain(text: str) -> str:
        nonlocal longest
        longest = max(longest, len(text))
        return as_it_is(text)

    as_it_is = _markup.plain
    monkeypatch.setattr(_markup, "plain", plain)
    entry = (
        f"<title>{'Kites ' * 10**6}</title><link>https://kites.example/doi/10.1234/a</link><author>Ada Quill</author>"
    )
    digest = read_digest(f'<rss version="2.0"><channel><item>{entry}</item></channel></rss>'.encode(), "feed.xml")
    assert ([one.code for one in digest.warnings], len(digest.entries[0].title)) == (["long_fields"], 2000)
    assert longest < 10**6
