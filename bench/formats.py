"""Measures how fast each format is read, compared with a generic library, and how the time grows with the document.

    python -m bench.formats [BYTES]                     # the first table
    python -m bench.formats --growth                    # both tables, the second with 1, 8 and 64 MiB: 15 minutes
    python -m bench.formats --growth --page docs/benchmarks.md --day 2026-11-20      # writes both into that page

In the first table, both read the same bytes: a made-up page of the format with texts as long as real ones
(tests/digest_pages.py). It has BYTES bytes, by default half a megabyte. The generic library only parses the page and
must find the same number of papers. It is feedparser for feeds, json for JSON, Beautiful Soup with html.parser for web
pages, markdown-it for Markdown, email for a mail, and for plain text a split into lines. paperwire does the complete
work, from bytes to papers: it recognizes the format, searches for control characters, decodes accents and
announcements, splits names, recognizes categories and languages, makes keys and counts copies. So a library that is
written in C and only splits the text (json, lines) is faster.

For each format, the second table uses the slowest of the texts of bench._hostile_texts that is not refused for its
many lines. The text is repeated until the document has 1, 8 and 64 MiB, and each is read once. The time per byte must
not grow: a document that is eight times as long may take eight times as long, and half as much again for caches and
garbage collection. Documents that would take more than --patience seconds of processor time are not read, so that the
run ends within half an hour on an idle machine.
"""

import argparse
import json
import re
import sys
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from xml.etree import ElementTree as ET

import feedparser
from bs4 import BeautifulSoup
from markdown_it import MarkdownIt

from bench._hostile_texts import WORST
from bench._timing import timed
from bot import digests
from subscriptions.errors import PaperwireError
from tests.digest_pages import PARTS
from tests.programs.faults.table import write

LONG = 10  # seconds for the largest text, from which its line is on the page
# allowed growth of the time per byte from 1x to 64x, for caches and garbage collection; quadratic time has 64
GROWTH = 6.0
TURNS = 5  # runs of paperwire and of the library for each page
MARKDOWN = MarkdownIt("commonmark").enable("table")

SPEEDS = "| format | papers | paperwire, MB/s | generic, MB/s | ratio | generic is |\n|---|--:|--:|--:|--:|---|\n"
GROWTHS = (
    "| format | what is repeated | 1 MiB, s | 8 MiB, s | 64 MiB, s | growth per byte | the largest is |\n"
    "|---|---|--:|--:|--:|--:|---|\n"
)

Generic = Callable[[bytes], int]  # returns the number of papers that it finds


def main(arguments: list[str]) -> int:
    """Prints the tables.

    Returns 1 if paperwire and a library find different numbers of papers, or if time grows faster than the document.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("bytes", nargs="?", type=int, default=1 << 19, help="of a page of the first table")
    parser.add_argument("--growth", nargs="?", type=int, const=1 << 20, help="bytes of the smallest text of the second")
    parser.add_argument("--patience", type=float, default=150, help="seconds that reading one text may take")
    parser.add_argument("--page", type=Path)
    parser.add_argument("--day", default="")
    options = parser.parse_args(arguments)
    print(SPEEDS, end="")
    speeds = [_speed(made, PARTS[made].of_size(options.bytes), *generic) for made, generic in GENERIC.items()]
    grown = []
    if options.growth:
        print(GROWTHS, end="")
        grown = [
            _growth(name, *text, options.growth, patience=options.patience)
            for name, text in sorted(_slowest(options.growth // 4).items())
        ]
    for name, head, rows in (("formats", SPEEDS, speeds), ("formats growth", GROWTHS, grown)):
        if options.page and rows:
            write(options.page, name, f"On {options.day}:\n\n{head}{''.join(line for line, _ in rows)}")
    return 0 if all(is_right for _, is_right in (*speeds, *grown)) else 1


def _speed(made: str, data: bytes, library: str, generic: Generic) -> tuple[str, bool]:
    """Measures a page. Prints and returns its line of the table, and returns whether both found the same papers."""
    papers, found = len(digests.read_digest(data, made).entries), generic(data)
    ours, theirs = [], []
    for _ in range(TURNS):
        ours.append(timed(lambda: digests.read_digest(data, made))[1])
        theirs.append(timed(lambda: generic(data))[1])
    megabytes, mine, other = len(data) / 1e6, median(ours), median(theirs)
    library += "" if papers == found else f", which finds {found}"
    line = (
        f"| `{made}` | {papers} | {megabytes / mine:.1f} | {megabytes / other:.1f} | {other / mine:.2f} | {library} |\n"
    )
    print(line, end="", flush=True)
    return line, papers == found


FORMAT_OF = {"daily": "daily_arxiv_md", "standard": "daily_arxiv_md", "rss": "arxiv_rss", "atom": "arxiv_atom"}


def _slowest(smallest: int) -> dict[str, tuple[str, Callable[[int], str]]]:
    """Returns format → (name, maker) of its slowest text: the text whose time grows most when it is doubled.

    Texts that are refused for their many papers do not take longer then, so they cannot be measured in this way.
    """
    tried: dict[str, list[tuple[float, str, Callable[[int], str]]]] = defaultdict(list)
    for name, make in WORST.items():
        kind, _, text = name.partition(": ")
        once, twice = make(smallest).encode(), make(2 * smallest).encode()
        if kind != "nothing" and once.count(b"\n") * 256 < digests.MAX_LINES:
            cost = timed(partial(_outcome, twice))[1] - timed(partial(_outcome, once))[1]
            tried[FORMAT_OF.get(kind, kind)].append((cost, text, make))
    return {kind: max(found)[1:] for kind, found in tried.items()}


def _growth(name: str, text: str, make: Callable[[int], str], smallest: int, *, patience: float) -> tuple[str, bool]:
    """Measures a text at three sizes and prints its line of the table.

    Returns the line for the page, "" if the largest text is read quickly, and whether the growth is allowed.

    Leaves out a size if it would take longer than `patience` seconds; the line then has a dash.
    """
    seconds: list[float] = []
    per_byte: list[float] = []
    outcome = ""
    for times in (1, 8, 64):
        if seconds and seconds[-1] * 8 > patience:
            break
        data = make(smallest * times).encode()[: digests.MAX_BYTES]
        outcome, taken = timed(partial(_outcome, data))
        seconds.append(taken)
        per_byte.append(seconds[-1] / len(data))
    grown = per_byte[-1] / per_byte[0]
    shown = " | ".join([f"{one:.2f}" for one in seconds] + ["–"] * (3 - len(seconds)))
    line = f"| `{name}` | {text} | {shown} | {grown:.2f} | {outcome} |\n"
    print(line, end="", flush=True)
    return line if seconds[-1] >= LONG else "", grown <= GROWTH


def _outcome(data: bytes) -> str:
    try:
        return f"{len(digests.read_digest(data, 'bench').entries):,} papers"
    except PaperwireError:
        return "refused"


def _feed(data: bytes) -> int:
    return len(feedparser.parse(data)["entries"])


def _json_documents(data: bytes) -> int:
    text, at, found = data.decode(), 0, 0
    while at < len(text):
        _, at = json.JSONDecoder().raw_decode(text, at)
        at, found = at + 1, found + 1  # the line end
    return found


def _web_page(name: str) -> Generic:
    return lambda data: len(BeautifulSoup(data, "html.parser").find_all(name))


def _markdown(kind: str, mark: str) -> Generic:
    """Returns a function that counts papers: the tokens of `kind` whose text matches the regular expression `mark`."""
    return lambda data: sum(
        token.type == kind and bool(re.match(mark, token.content)) for token in MARKDOWN.parse(data.decode())
    )


def _lines(group: int) -> Generic:
    return lambda data: len(data.decode().splitlines()) // group


GENERIC: dict[str, tuple[str, Generic]] = {
    "arxiv_rss": ("feedparser", _feed),
    "arxiv_atom": ("feedparser", _feed),
    "arxiv_api_atom": ("feedparser", _feed),
    "bilingual_rss": ("feedparser", _feed),
    "arxiv_listing_html": ("Beautiful Soup", _web_page("dt")),
    "daily_arxiv_jsonl": ("json", lambda data: sum(1 for line in data.splitlines() if json.loads(line))),
    "hf_json": ("json", lambda data: len(json.loads(data))),
    "bilingual_json": ("json", _json_documents),
    "biorxiv_json": ("json", lambda data: len(json.loads(data)["collection"])),
    "bilingual_md": ("markdown-it", _markdown("code_block", "Kite")),
    "hf_text": ("lines", _lines(2)),
    "bilingual3": ("lines", _lines(3)),
    "daily_arxiv_md": ("markdown-it", _markdown("inline", r"\[\d+\]")),
    "feed_rss": ("feedparser", _feed),
    "feed_rdf": ("feedparser", _feed),
    "feed_atom": ("feedparser", _feed),
    "feed_json": ("json", lambda data: len(json.loads(data)["items"])),
    "pubmed_xml": ("ElementTree", lambda data: len(ET.fromstring(data))),  # noqa: S314  made by this program
    "openalex_json": ("json", lambda data: len(json.loads(data)["results"])),
    "crossref_json": ("json", lambda data: len(json.loads(data)["message"]["items"])),
    "s2_json": ("json", lambda data: len(json.loads(data)["data"])),
    "records_json": ("json", lambda data: len(json.loads(data)["response"]["docs"])),
}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
