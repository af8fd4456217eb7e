"""How fast each format becomes papers, beside the obvious generic library: `python -m bench.formats [BYTES]`.

Both read the same bytes, a made-up page of the format with texts as long as real ones (tests/digest_pages.py), half a
megabyte unless BYTES says otherwise. The generic library only takes the page apart, and finds as many papers: feedparser for
feeds, json for JSON, Beautiful Soup over html.parser for web pages, markdown-it for Markdown, email for a mail, and for plain
text nothing but its lines. paperwire does the whole job, from bytes to papers: it recognises the format, looks for control
characters, decodes accents and announcements, splits names, knows categories and languages, makes keys and counts copies.
So where the library is written in C and has no more to do than to cut (json, lines), it is the quicker one.
"""

import email
import gc
import json
import re
import sys
import time
from collections.abc import Callable
from email.message import Message
from statistics import median

import feedparser
from bs4 import BeautifulSoup, Tag
from markdown_it import MarkdownIt

from bot.digests import read_digest
from tests.digest_pages import PARTS

TURNS = 5  # of both ways on one page
MARKDOWN = MarkdownIt("commonmark").enable("table")

Generic = Callable[[bytes], int]  # how many papers it finds


def main(size: int = 1 << 19) -> int:
    """Prints the table; 1 if both ways do not find as many papers."""
    print(f"{'format':24} {'MB':>6} {'papers':>7} {'paperwire':>12} {'generic':>12} {'ratio':>8}  generic is")
    agreed = [_row(made, PARTS[made].of_size(size), *generic) for made, generic in GENERIC.items()]
    return 0 if all(agreed) else 1


def _row(made: str, data: bytes, library: str, generic: Generic) -> bool:
    papers, found = len(read_digest(data, made).entries), generic(data)
    ours, theirs = [], []
    for _ in range(TURNS):
        ours.append(_seconds(lambda: read_digest(data, made)))
        theirs.append(_seconds(lambda: generic(data)))
    mine, other, megabytes = median(ours), median(theirs), len(data) / 1e6
    speeds = f"{megabytes / mine:7.1f} MB/s {megabytes / other:7.1f} MB/s {other / mine:6.2f} x"
    remark = "" if papers == found else f"  finds {found}"
    print(f"{made:24} {megabytes:6.2f} {papers:7} {speeds}  {library}{remark}", flush=True)
    return papers == found


def _seconds(work: Callable[[], object]) -> float:
    """Seconds of the processor, so that what else the machine does counts little."""
    gc.collect()
    start = time.process_time()
    work()
    return time.process_time() - start


def _feed(data: bytes) -> int:
    return len(feedparser.parse(data)["entries"])


def _json(name: str = "") -> Generic:
    def read(data: bytes) -> int:
        document = json.loads(data)
        return len(document[name] if name else document)

    return read


def _json_lines(data: bytes) -> int:
    return sum(1 for line in data.splitlines() if json.loads(line))


def _json_documents(data: bytes) -> int:
    text, at, found = data.decode(), 0, 0
    while at < len(text):
        _, at = json.JSONDecoder().raw_decode(text, at)
        at, found = at + 1, found + 1  # the line end
    return found


def _web_page(name: str) -> Generic:
    return lambda data: len(BeautifulSoup(data, "html.parser").find_all(name))


def _web_page_with_data(data: bytes) -> int:
    tag = BeautifulSoup(data, "html.parser").find("div")
    assert isinstance(tag, Tag)
    return len(json.loads(str(tag["data-props"]))["dailyPapers"])


def _markdown(kind: str, mark: str) -> Generic:
    """A token of that kind, whose text begins so, is that of a paper; `mark` is a regular expression."""
    beginning = re.compile(mark)

    def read(data: bytes) -> int:
        tokens = MARKDOWN.parse(data.decode())
        return sum(token.type == kind and bool(beginning.match(token.content)) for token in tokens)

    return read


def _mail(data: bytes) -> int:
    body: Message | str | list[Message | str] | bytes = email.message_from_bytes(data).get_payload()
    return len(re.findall(r"^\\\\\narXiv:", str(body), re.MULTILINE))


def _text(data: bytes) -> int:
    return len(re.findall(r"^\\\\\narXiv:", data.decode(), re.MULTILINE))


def _lines(group: int) -> Generic:
    return lambda data: len(data.decode().splitlines()) // group


GENERIC: dict[str, tuple[str, Generic]] = {
    "arxiv_rss": ("feedparser", _feed),
    "arxiv_atom": ("feedparser", _feed),
    "arxiv_api_atom": ("feedparser", _feed),
    "bilingual_rss": ("feedparser", _feed),
    "arxiv_listing_html": ("Beautiful Soup", _web_page("dt")),
    "hf_html": ("Beautiful Soup", _web_page("article")),
    "hf_html, data": ("Beautiful Soup and json", _web_page_with_data),
    "daily_arxiv_jsonl": ("json", _json_lines),
    "hf_json": ("json", _json()),
    "bilingual_json": ("json", _json_documents),
    "biorxiv_json": ("json", _json("collection")),
    "arxiv_listing_mail": ("email and re", _mail),
    "arxiv_listing_pastweek": ("re", _text),
    "bilingual_md": ("markdown-it", _markdown("code_block", "Kite")),
    "hugging_md": ("markdown-it", _markdown("inline", "发布时间")),
    "hugging_index": ("markdown-it", _markdown("inline", r"\[Kite")),
    "hf_text": ("lines", _lines(2)),
    "bilingual3": ("lines", _lines(3)),
    "daily_arxiv_md": ("markdown-it", _markdown("inline", r"\[\d+\]")),
}


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
