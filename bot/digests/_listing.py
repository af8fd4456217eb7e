r"""Reads papers as arXiv's mails and plain-text lists write them: ASCII with TeX accents.

    ------------------------------------------------------------------------------
    \\
    arXiv:2303.00765 (*cross-listing*)
    Date: Wed, 1 Mar 2023 19:00:02 GMT   (1726kb,D)          or  replaced with revised version …

    Title: A title that goes on in the next line,
      after two spaces
    Authors: A. One, B. Two (1 and 2) and C. Three
    Categories: astro-ph.GA astro-ph.HE
    \\
      The abstract, its first line after two spaces.
    \\ ( https://arxiv.org/abs/2303.00765 ,  1726kb)

A replacement has no abstract, so its second `\\` is the line with the address. The text is cut at the heads of the papers
before it is read, so damage in one paper cannot reach the next.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from bot.digests._arxiv import ADDRESS, URL, arxiv_link, categories_of, doi_of, version_number
from bot.digests._format import Entry, Warnings, bounded, collapse, parts_of
from bot.digests._text import split_listed
from subscriptions.model import Announce, Paper

# `arXiv:` at the beginning of a line, after a line `\\` or before a line with a date.
_START = re.compile(
    r"arXiv:(?:(?<=\n\\\\\narXiv:)|(?<=^arXiv:)(?=[^\n]*\n(?:Date: |replaced with )))",
    re.MULTILINE,
)
_HEAD = re.compile(rf"(?=arXiv:){ADDRESS}(?P<cross>\s*\(\*cross-listing\*\))?\s*")
_LABEL = re.compile(r"(?P<name>[A-Z][A-Za-z-]*): *(?P<text>.*)")
_SLASHES = re.compile(r"\\\\(?:\s*$|\s*\(|-)")  # the last: another file is glued to it
_RULE = re.compile(r"-{60,}|%[%-]{40,}")
_URL = re.compile(URL)


@dataclass(slots=True)
class _Block:
    """The text below the head of a paper."""

    fields: dict[str, list[str]] = field(default_factory=dict)  # lines by label
    replaced: bool = False
    abstract: str = ""
    address: str = ""  # the id in the last line
    rest: list[str] = field(default_factory=list)  # the lines after it


def listed_papers(text: str, warnings: Warnings, *, abstracts: bool) -> list[Entry]:
    """Returns the papers of a list, each with its announce type. `abstracts` tells whether such a list has abstracts."""
    entries = []
    first = _START.search(text)
    _warn_of_lost_heads(text[: first.start() if first else 0].split("\n"), 1, warnings)
    for _, line, block in bounded(parts_of(text, (match.start() for match in _START.finditer(text)))):
        head_line, _, below = block.partition("\n")
        head = _HEAD.fullmatch(head_line)
        if head:
            read = _read(below, abstracts=abstracts)
            entries.append(Entry(line, _paper(line, head, read, warnings)))
            _warn_of_lost_heads(read.rest, line + block.count("\n") + 1 - len(read.rest), warnings)
        else:
            warnings.add("unparsed_heading", line=line, example=head_line)
    return entries


def _warn_of_lost_heads(lines: list[str], first: int, warnings: Warnings) -> None:
    """Warns of titles in lines that belong to no paper: the line with the id above such a title is missing or damaged."""
    for number, line in enumerate(lines, first):
        if line.startswith("Title: "):
            warnings.add("unparsed_heading", line=number, example=line)


def _read(text: str, *, abstracts: bool) -> _Block:
    lines = iter(text.split("\n"))
    block = _Block()
    closing = _read_fields(lines, block)
    if closing.startswith("\\\\") and abstracts and not _URL.search(closing):
        abstract: list[str] = []
        closing = ""
        for line in lines:
            if _SLASHES.match(line) or _RULE.match(line):
                closing = line
                break
            abstract.append(line)
        block.abstract = collapse(" ".join(abstract))
    address = _URL.search(closing)
    block.address = address["id"] if address else ""
    block.rest = list(lines)
    return block


def _read_fields(lines: Iterator[str], block: _Block) -> str:
    """Reads the fields into `block` and returns the line that ends them. Labels count only before that line."""
    name = ""
    for line in lines:
        if _SLASHES.match(line) or _RULE.match(line):
            return line
        if line.startswith("  ") and name:
            block.fields[name].append(line)
        elif label := _LABEL.match(line):
            name = label["name"]
            block.fields[name] = [label["text"]]
        else:
            name = ""
            block.replaced = block.replaced or line.startswith("replaced with ")
    return ""


def _paper(line: int, head: re.Match[str], block: _Block, warnings: Warnings) -> Paper:
    arxiv_id, fields = head["id"], {name: collapse(" ".join(lines)) for name, lines in block.fields.items()}
    title, categories = fields.get("Title", ""), categories_of(fields.get("Categories", "").split())
    if not (title or categories or "Authors" in fields):
        warnings.add("entry_without_text", line=line, example=arxiv_id)
    elif not title:
        warnings.add("entry_without_title", line=line, example=arxiv_id)
    if block.address not in ("", arxiv_id):  # lines between two papers are missing: this abstract belongs to the second
        message = "papers that end with the address of another one: {count}; their abstracts are left out"
        warnings.add("id_mismatch", message=message, line=line, example=f"{arxiv_id} / {block.address}")
        block.abstract = ""
    authors, not_shown = split_listed(fields.get("Authors") or fields.get("Author", ""))
    if not_shown is not None:
        warnings.add("authors_not_shown", line=line, example=f"{arxiv_id}: {not_shown}" if not_shown else arxiv_id)
    return Paper(
        key=arxiv_id,
        title=title,
        abstract=block.abstract,
        authors=authors,
        categories=categories,
        primary=categories[0] if categories else None,
        arxiv_id=arxiv_id,
        doi=doi_of(fields.get("DOI", "")),
        version=version_number(head["version"]),
        url=arxiv_link(arxiv_id),
        announce_type=_announced(cross=bool(head["cross"]), replaced=block.replaced),
        comment=fields.get("Comments", ""),
    )


def _announced(*, cross: bool, replaced: bool) -> Announce:
    """Returns the announce type that the lines of a paper tell. The dividers between parts of a list may be missing."""
    if replaced:
        return Announce.REPLACE_CROSS if cross else Announce.REPLACE
    return Announce.CROSS if cross else Announce.NEW
