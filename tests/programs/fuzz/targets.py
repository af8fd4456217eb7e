"""All targets by name, the stored corpus of each, and the target `digests`."""

import hashlib
import html
import json
import re
import unicodedata
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from bot.digests import read_digest
from subscriptions.model import Digest, Paper
from tests import digest_checks
from tests.digest_pages import PARTS
from tests.programs.fuzz import asked, typed
from tests.programs.fuzz.target import Target

_ESCAPED: Final = re.compile(r"\\u([0-9a-fA-F]{4})")
_TAG: Final = re.compile(r"<[^<>]*>")
_BLANK: Final = re.compile(r"[\s\\\u00ad\u200b-\u200f\u2060\ufeff\x00-\x1f\x7f-\x9f]")


def check_digest(data: bytes) -> None:
    """Reads one document and checks the result (tests.digest_checks). No id may be invented, and a second reading is equal."""
    if not data:
        return
    digest = digest_checks.read_and_check(
        data[1:], digest_checks.FORMAT_NAMES[data[0] % len(digest_checks.FORMAT_NAMES)]
    )
    if digest is None or not digest.entries:
        return
    _check_ids(data[1:], digest)
    _check_again(digest)


def _check_ids(data: bytes, digest: Digest) -> None:
    """Checks that the document contains each id, escaped or not. An invented id would name another paper."""
    written = _unescaped(data.decode("utf-8", "replace"))
    shown = (
        _BLANK.sub("", written),
        _BLANK.sub("", _TAG.sub("", written)),
    )  # once with the text inside tags, once with tags removed
    for paper in digest.entries:
        for name in filter(None, (paper.arxiv_id, paper.doi)):
            bare = _BLANK.sub("", _unescaped(name))
            assert any(bare in text for text in shown), f"{name} is not in the document"


def _unescaped(text: str) -> str:
    """Returns the text without escapes, so that each id in it can be found."""
    plain = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    plain = unquote(html.unescape(html.unescape(plain)))
    return unicodedata.normalize("NFKC", plain).casefold()


def _check_again(digest: Digest) -> None:
    """Checks that papers written as lines of JSON and read again are the same, since cleaning must not change clean text."""
    # some formats keep TeX characters of names, but lines of JSON decode them
    papers = [
        paper
        for paper in digest.entries
        if paper.arxiv_id and paper.title and not {*"\\{}~"} & {*"".join(paper.authors)}
    ]
    if not papers:
        return
    again = read_digest("".join(map(_line, papers)).encode(), "again", format="daily_arxiv_jsonl")
    assert [_core(paper) for paper in again.entries] == [_core(paper) for paper in papers]


def _line(paper: Paper) -> str:
    return (
        json.dumps(
            {
                "id": paper.arxiv_id,
                "title": paper.title,
                "summary": paper.abstract,
                "authors": list(paper.authors),
                "categories": list(paper.categories),
            }
        )
        + "\n"
    )


def _core(paper: Paper) -> tuple[object, ...]:
    return paper.arxiv_id, paper.title, paper.abstract, paper.authors, paper.categories


def seeds() -> tuple[bytes, ...]:
    """Returns a page of each format, once without a named format and once with its own."""
    pages = []
    for name, parts in PARTS.items():
        page = parts.page(map(parts.part, (1, 2))).encode()
        number = digest_checks.FORMAT_NAMES.index(name.partition(",")[0])
        pages += [bytes([0]) + page, bytes([number]) + page]
    return tuple(pages)


DIGESTS: Final = Target(
    check=check_digest,
    code=("bot.digests", "subscriptions.texts"),
    seeds=seeds,
    words=(
        "### [", "</details>", "Abstract:", "](", "\ufeff", "\x0c", "https://arxiv.org/abs/2601.00001", "[^2]: ", "| [^1] | [", "\n# 摘要\n",
        "\n发布时间：2026年01月22日\n", "\n> ", "- [", "<dt>", "</dd>", "<!--", "-->", "<a <a ", "<![CDATA[", "&#8;", "&#99999999999;", "<script>",
        "<article>", "</p>\n<p>\n", "arXiv:", "Announce Type: new", "Authors: ", "Title: ", "Categories: ", "\\\\\n", "-----", "TL;DR: ",
        "Main category: cs.LG", "hep-th/9901001", "10.1101/2026.01.02.123456", "v2", "\\u202e", "\\ud800", "&quot;", "&amp;lt;", "%2F", "\u2028",
        '"authors"', '"title"', '"summary"', '"id"', "<entry>", "<item>", "<id>", '<!DOCTYPE x [<!ENTITY a "b">]>', "&a;",
    ),
)  # fmt: skip


TARGETS: Final[dict[str, Target]] = {
    "digests": DIGESTS,
    "queries": typed.QUERIES,
    "sentences": typed.SENTENCES,
    "times": typed.TIMES,
    "schedules": typed.SCHEDULES,
    "lines": typed.LINES,
    "conversations": typed.CONVERSATIONS,
    "telegram": asked.UPDATES,
    "slack": asked.PAYLOADS,
    "http": asked.CONNECTIONS,
}

MOST: Final = 150  # most inputs that are stored for a target
LONGEST: Final = 3000  # most bytes of a stored input
CORPUS: Final = Path(__file__).parent / "corpus"


def kept(name: str) -> dict[str, bytes]:
    """Returns file name → input of a target's stored corpus."""
    folder = CORPUS / name
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())} if folder.is_dir() else {}


def file_name(data: bytes) -> str:
    """Returns the file name under which an input is stored."""
    return hashlib.sha256(data).hexdigest()[:16]
