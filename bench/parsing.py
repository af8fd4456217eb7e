"""How fast digests become papers: `python -m bench.parsing`.

The first table reads daily-arXiv markdown with paperwire and, on the same bytes, with a generic Markdown parser
(markdown-it-py) and a reader of its HTML (Beautiful Soup over html.parser). Both do the whole job, from bytes to a record
for each paper: title, address, names of the authors, category, the five texts of the summary and the abstract, white space
collapsed. The two take turns, and their medians are compared. The files are the real ones of the folder that
PAPERWIRE_SHARED names, else a page that is made up here.

The reader of the HTML is as short as it can be and asks less than paperwire: no languages, states of summaries, keys,
hash, duplicates, totals or line numbers. "misread" counts the papers in which it gets something wrong, letters and digits
alone compared: it loses what Markdown takes for markup (`<pad>`, `$a_{*}$`).

The second table reads the worst texts we know for each format at 1, 8 and 64 times their size: the time per byte must stay.
"""

import gc
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bs4 import BeautifulSoup, Tag
from markdown_it import MarkdownIt

from bot.digests import read_digest
from subscriptions import Paper, PaperwireError

AIM = 50  # times as fast as the generic way (design, section 10)
TURNS = 7  # of both ways on one page; paperwire reads it several times in each
GROWTH = 6.0  # of the time per byte from 1x to 64x: caches and the collector take some; quadratic would be 64
PAGES = ("seeds/daily_arxiv.md", "corpus/daily_md/dw_2026-05-06.md", "corpus/daily_md/wl_2026-06-10.md")

_FIELDS = ("TL;DR", "Motivation", "Method", "Result", "Conclusion", "Abstract")
_LABELS = re.compile(rf"^(Main category|{'|'.join(_FIELDS)}): ", re.MULTILINE)


class Found(NamedTuple):
    """What both ways find of a paper."""

    address: str
    title: str
    names: tuple[str, ...]
    category: str
    texts: tuple[str, ...]  # in the order of _FIELDS


def main() -> int:
    """Prints both tables; 1 if reading is not linear, or slower than the generic way."""
    print(
        f"{'daily-arXiv markdown':34} {'MB':>6} {'papers':>7} {'paperwire':>22} {'generic':>23} {'ratio':>8} {'misread':>8}"
    )
    ratios = [_against_generic(name, data) for name, data in _pages()]
    print(f"aim {AIM} x, reached {min(ratios):.1f} x to {max(ratios):.1f} x (medians of {TURNS} turns)\n")
    print(f"{'worst cases, ns per byte at':34} {'1x':>8} {'8x':>8} {'64x':>8} {'growth':>8}")
    growths = [_growth(name, make) for name, make in WORST.items()]
    return 0 if min(ratios) > 1 and max(growths) <= GROWTH else 1


def _pages() -> Iterator[tuple[str, bytes]]:
    shared = os.environ.get("PAPERWIRE_SHARED")
    if shared:
        yield from ((name, (Path(shared) / name).read_bytes()) for name in PAGES)
    else:
        yield "made up", made_up_page(200).encode()


def _against_generic(name: str, data: bytes) -> float:
    papers, others = [_found_by_us(paper) for paper in read_digest(data, name).entries], generic(data)
    wrong = sum(_bare(paper) != _bare(other) for paper, other in zip(papers, others, strict=True))
    assert wrong * 10 <= len(papers), f"{name}: the two ways disagree"
    ours, theirs = [], []
    for _ in range(TURNS):
        ours += [_seconds(lambda: read_digest(data, name)) for _ in range(5)]
        theirs.append(_seconds(lambda: generic(data)))
    mine, other = median(ours), median(theirs)
    size, count = len(data) / 1e6, len(papers)
    speeds = (
        f"{mine / count * 1e6:6.1f} us {size / mine:7.1f} MB/s {other / count * 1e6:7.1f} us {size / other:7.2f} MB/s"
    )
    print(f"{name:34} {size:6.2f} {count:7} {speeds} {other / mine:6.1f} x {wrong:8}", flush=True)
    return other / mine


def _found_by_us(paper: Paper) -> Found:
    fields = paper.summaries[0].fields if paper.summaries else {}
    summary = (fields.get(label.lower().replace(";", ""), "") for label in _FIELDS[:-1])
    return Found(paper.url or "", paper.title, paper.authors, paper.primary or "", (*summary, paper.abstract))


def generic(data: bytes) -> list[Found]:
    """Markdown to HTML, HTML to records."""
    soup = BeautifulSoup(MarkdownIt("commonmark").render(data.decode()), "html.parser")
    return [_found(heading) for heading in soup.find_all("h3")]


def _found(heading: Tag) -> Found:
    link = heading.find("a")
    assert isinstance(link, Tag)
    texts: list[str] = []
    names: tuple[str, ...] = ()
    for sibling in heading.next_siblings:
        if isinstance(sibling, Tag):
            if sibling.name in ("h1", "h3"):
                break
            if sibling.em and not names:
                names = tuple(name.strip() for name in sibling.em.get_text().split(","))
            if sibling.summary:  # the word "Details"
                sibling.summary.extract()
        texts.append(sibling.get_text())
    parts = _LABELS.split("\n".join(texts))
    fields = dict(zip(parts[1::2], (_collapsed(part) for part in parts[2::2]), strict=True))
    values = tuple(fields.get(label, "") for label in _FIELDS)
    return Found(str(link["href"]), _collapsed(link.get_text()), names, fields["Main category"], values)


def _collapsed(text: str) -> str:
    return " ".join(text.split())


def _bare(found: Found) -> Found:
    """Without what Markdown takes for markup, and without texts in which the summary says that it failed."""
    texts = tuple(_letters(text) for text in found.texts if "failed" not in text and "unavailable" not in text)
    return Found(found.address, _letters(found.title), tuple(map(_letters, found.names)), found.category, texts)


def _letters(text: str) -> str:
    return "".join(sign for sign in text if sign.isalnum())


def made_up_page(papers: int) -> str:
    """A page of the standard template."""
    text = (
        "Kites of many colours fly over the harbour while lanterns measure how far the wind may carry them. " * 13
    ).strip()
    entries = (
        f"### [{n}] [Kite {n}: a study of wind](https://arxiv.org/abs/2601.{n:05})\n*Ada Quill,Bo Larch,Chen Wei*\n\n"
        f"Main category: cs.LG\n\nTL;DR: 本文研究第{n}个风筝，并测量风能把它带到多远的地方。\n\n\n<details>\n  <summary>Details</summary>\n"
        f"Motivation: {'风很大，风筝很多。' * 6}\n\nMethod: {'放风筝并测量。' * 8}\n\nResult: {'飞得更远。' * 9}\n\n"
        f"Conclusion: {'风筝有用。' * 7}\n\nAbstract: {text}\n\n</details>\n\n\n"
        for n in range(1, papers + 1)
    )
    return (
        f"{_PAGE}- [cs.LG](#cs.LG) [Total: {papers}]\n\n\n<div id='cs.LG'></div>\n\n# cs.LG [[Back]](#toc)\n\n"
        + "".join(entries)
    )


_PAGE = "<div id=toc></div>\n\n# Table of Contents\n\n"
_STANDARD = _PAGE + "- [cs.LG](#cs.LG) [Total: 1]\n\n"
_HEAD = "### [1] [Kite](https://arxiv.org/abs/2601.00001)\n"
_RSS = "<rss version='2.0'><channel><title>cs.KT updates on arXiv.org</title>"
_ATOM = "<feed xmlns='http://www.w3.org/2005/Atom'><id>http://rss.arxiv.org/atom/cs.KT</id>"

WORST: dict[str, Callable[[int], str]] = {
    "daily: heads without an address": lambda n: _HEAD + "### [\n" * (n // 6),
    "daily: one head of brackets": lambda n: _HEAD + "### [" + "](" * (n // 2),
    "daily: one head of addresses": lambda n: _HEAD + "### [" + "](https://arxiv.org/abs/" * (n // 23),
    "daily: one abstract without end": lambda n: _HEAD + "\nAbstract: " + "<div\n# a [[\n" * (n // 12),
    "daily: labels in every line": lambda n: _HEAD + "\nMethod: a\nMotivation: b" * (n // 24),
    "daily: a line of blanks": lambda n: _HEAD + "</details>\n# " + " " * n + "x",
    "daily: a line of authors in quotes": lambda n: _HEAD + "*['" + "\\'" * (n // 2) + "*\n",
    "daily: names of accents": lambda n: _HEAD + "*" + "\\'{ " * (n // 4) + "*\n",
    "daily: heads without links": lambda n: (
        "# ArXiv Daily Papers - 2026-01-22\n" + "[1] a\nAuthors: b | c\n" * (n // 23)
    ),
    "daily: control characters": lambda n: _HEAD + "\x01\n" * (n // 2),
    "standard: brackets": lambda n: _STANDARD + ("### [1] [" + "](https://arxiv.org/abs/" * 40 + "\n") * (n // 1000),
    "standard: stars": lambda n: _STANDARD + "### [1] [a](https://arxiv.org/abs/2601.00001)\n" + "*" * n + "\n",
    "standard: entries without end": lambda n: _STANDARD + made_up_page(1)[len(_STANDARD) : -14] * (n // 2600),
    "standard: paragraphs without end": lambda n: (
        _STANDARD + made_up_page(1)[len(_STANDARD) : -16] + "\n  a" * (n // 4)
    ),
    "standard: names of accents": lambda n: made_up_page(1).replace("Chen", "\\'{ " * (n // 4)),
    "bilingual3: small groups": lambda n: "a\nb\nhttps://arxiv.org/abs/2601.00001\n" * (n // 36),
    "bilingual3: glued lines": lambda n: "a\nb" + "\nhttps://arxiv.org/abs/2601.00001a\nb" * (n // 36),
    "bilingual3: blank lines": lambda n: "a\nb\n" + " \n" * (n // 2) + "https://arxiv.org/abs/2601.00001",
    "bilingual3: announcements": lambda n: "a\n" + "摘要：arXiv：1 " * (n // 24) + "\nhttps://arxiv.org/abs/2601.00001",
    "hf_text: pairs of letters": lambda n: "Get trending papers in your email inbox!\n" + "a\nb\n" * (n // 4),
    "rss: empty items": lambda n: _RSS + "<item/>" * (n // 7) + "</channel></rss>",
    "rss: one item of categories": lambda n: _RSS + "<item>" + "<category>cs.KT</category>" * (n // 26) + "</item>",
    "rss: one name of parentheses": lambda n: (
        _RSS
        + "<item><creator xmlns='http://purl.org/dc/elements/1.1/'>"
        + "(" * n
        + "</creator></item></channel></rss>"
    ),
    "atom: deep": lambda n: _ATOM + "<a>" * (n // 3),
    "nothing: headings": lambda n: "# a\n" * (n // 4),
}


def _growth(name: str, make: Callable[[int], str], base: int = 1 << 13) -> float:
    costs = []
    for times in (1, 8, 64):
        data = make(base * times).encode()
        costs.append(_best(lambda data=data: _try(data), 3) / len(data) * 1e9)  # type: ignore[misc]  # mypy cannot infer it
    growth = costs[-1] / costs[0]
    print(f"{name:34} {costs[0]:8.1f} {costs[1]:8.1f} {costs[2]:8.1f} {growth:6.2f} x", flush=True)
    return growth


def _try(data: bytes) -> None:
    with suppress(PaperwireError):
        read_digest(data, "bench")


def _best(work: Callable[[], object], times: int) -> float:
    return min(_seconds(work) for _ in range(times))


def _seconds(work: Callable[[], object]) -> float:
    """Seconds of the processor, so that what else the machine does counts little."""
    gc.collect()
    start = time.process_time()
    work()
    return time.process_time() - start


if __name__ == "__main__":
    sys.exit(main())
