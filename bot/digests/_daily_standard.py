"""The standard template of daily-arXiv pages, read in one sweep.

Nearly every page is of this template, and nearly every entry on it is plain: it fits one regular expression, and none of
its texts has failed. Such an entry is taken as it stands. Three things make that fast: the bytes are searched, not the
text; what is found is decoded text by text, since what is ASCII costs nothing then; and a step is taken for all titles,
then for all names and so on, which needs two thirds of the time that it needs entry by entry.

Measured by `bench.parsing` over three real pages (Python 3.11, two cores): 21 µs a paper instead of 64 to 78, which is 27 to
31 times as fast as a generic parser instead of 9. The promise of that bench is why this second way is worth its lines.

Whatever deviates in any way is left out here and read by `_daily_templates`. tests/unit/test_digests_sweep.py holds the two
against each other.
"""

import re
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import MISSING, fields
from functools import lru_cache
from itertools import repeat
from typing import TypeVar

from bot.digests._arxiv import arxiv_link, categories_of
from bot.digests._language import HAN, HANGUL, KANA
from bot.digests._plain import BOM
from subscriptions.model import Paper, Summary
from subscriptions.summaries import summary_state

_BEGINNING = b"<div id=toc></div>\n\n# Table of Contents\n\n- ["
_CONTROLS = bytes(byte for byte in range(0x20) if byte != ord("\n")) + b"\x7f"
_ENTRY = re.compile(
    rb"\n()"
    rb"### \[\d+\] \[(.+)\]\(https://arxiv\.org/abs/(\d{4}\.\d{5})\)\n"
    rb"\*(.+)\*\n\n"
    rb"Main category: (.+)\n\n"
    rb"TL;DR: (.+)\n\n\n"
    rb"<details>\n"
    rb"  <summary>Details</summary>\n"
    rb"Motivation: (.+)\n\n"
    rb"Method: (.+)\n\n"
    rb"Result: (.+)\n\n"
    rb"Conclusion: (.+)\n\n"
    rb"Abstract: (.+(?:\n  .+)*+)\n\n"
    rb"</details>"
    rb"()(?=\n)"
)
_ABSTRACT = -2  # its group; the first and the last are empty, which _rows needs
_LINE_ENDS = 20  # of an entry whose abstract is one paragraph
_SECOND_LANGUAGE = b"<br/>**VN**:"
_ODD_NAMES = re.compile(r"[\\{~\[:]")  # accents of TeX, lists as Python prints them, the colon of a collaboration
# White space that is no blank, control characters, and the scripts of languages that use Chinese signs, too.
_ODD_CHARACTERS = f"\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufffe\uffff{KANA}{HANGUL}"
_ODD = re.compile(f"[{_ODD_CHARACTERS}]")
_CHINESE = re.compile(f"[{HAN}]")
_ODD_OR_CHINESE = re.compile(f"[{_ODD_CHARACTERS}{HAN}]")
_LONGEST_FAILURE = 40  # characters; what is longer and says nothing is a placeholder in braces

Span = tuple[int, int, int]  # of an entry: its first byte, the byte behind it, how many line ends it holds
Frozen = TypeVar("Frozen", Paper, Summary)


def standard_page(data: bytes) -> bytes | None:
    """A document that begins as the template does and holds no control characters; None for any other."""
    data = data.removeprefix(BOM)
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
    if not data.startswith(_BEGINNING) or any(byte in data for byte in _CONTROLS):
        return None
    return data


def plain_entries(page: bytes, language: str | None) -> list[tuple[Span, Paper]]:
    """The plain entries of the page, in their order. Raises UnicodeDecodeError if one holds anything but UTF-8."""
    places, rows = _rows(page)
    if not rows:
        return []
    columns = [list(map(bytes.decode, column)) for column in zip(*rows, strict=True)][1:-1]
    foreign = "".join([text for column in columns for text in column if not text.isascii()])
    first = _ODD_OR_CHINESE.search(foreign)
    odd = _failed(columns[4:])
    if first is None:
        language = language or "en"
    elif _ODD.search(foreign, first.start()):
        others = [entry for column in columns for entry in enumerate(column) if not entry[1].isascii()]
        odd.update([number for number, text in others if _ODD.search(text)])
    return _papers(places, columns, odd, language)


def _rows(page: bytes) -> tuple[list[Span], list[Sequence[bytes]]]:
    """Where entries of the template stand, and their texts, with single blanks between the words."""
    places: list[Span] = []
    rows: list[Sequence[bytes]] = []
    for match in _ENTRY.finditer(page):
        row: Sequence[bytes] = match.groups()
        line_ends = _LINE_ENDS
        if b"\n" in row[_ABSTRACT]:
            paragraphs = row[_ABSTRACT].split(b"\n")
            line_ends += len(paragraphs) - 1
            row = (*row[:_ABSTRACT], b" ".join(map(bytes.strip, paragraphs)), b"")
        # Between the empty texts at both ends, a blank at an end of any text makes two. rfind, as find takes twice as long.
        joined = b" ".join(row)
        if joined.rfind(b"  ") >= 0:
            row = [b" ".join(text.split()) for text in row]
        if b"<" not in joined or _SECOND_LANGUAGE not in joined:
            places.append((match.start() + 1, match.end(), line_ends))
            rows.append(row)
    return places, rows


def _failed(columns: list[list[str]]) -> set[int]:
    """The numbers of the entries of which a text says nothing."""
    failed: set[int] = set()
    for column in columns:
        short = [number for number, text in enumerate(column) if len(text) <= _LONGEST_FAILURE or text[0] == "{"]
        failed.update([number for number in short if summary_state(column[number]) != "ok"])
    return failed


def _papers(
    places: list[Span], columns: list[list[str]], odd: set[int], language: str | None
) -> list[tuple[Span, Paper]]:
    """The entries but the odd ones, whose numbers are given or whose names or category cannot be taken as they stand."""
    titles, ids, lines, categories, *texts, abstracts = columns
    names, known, summaries = map(_names, lines), map(_categories, categories), zip(*texts, strict=True)
    entries = enumerate(zip(places, titles, ids, names, known, summaries, abstracts, strict=True))
    plain = [entry for number, entry in entries if number not in odd and all(entry)]
    if not plain:
        return []
    kept, title, key, authors, category, fields_of_summary, abstract = zip(*plain, strict=True)
    papers = _build_frozen(
        Paper,
        len(plain),
        key=key,
        title=title,
        abstract=abstract,
        authors=authors,
        categories=category,
        primary=[codes[0] for codes in category],
        arxiv_id=key,
        url=map(arxiv_link, key),
        summaries=zip(_summaries(fields_of_summary, language), strict=True),
    )
    return list(zip(kept, papers, strict=True))


def _names(line: str) -> tuple[str, ...]:
    """The names of `Ada Quill,Bo Larch`; none if there is more to do than to split them."""
    names = () if _ODD_NAMES.search(line) else tuple(map(str.strip, line.split(",")))
    return () if "" in names else names


@lru_cache(maxsize=256)
def _categories(text: str) -> tuple[str, ...]:
    return categories_of(text.split(","))


def _summaries(rows: Sequence[Sequence[str]], language: str | None) -> list[Summary]:
    """Summaries of texts without kana and Hangul."""
    return _build_frozen(
        Summary,
        len(rows),
        language=[language or ("zh" if _CHINESE.search("".join(texts)) else "en") for texts in rows],
        fields=[
            {"tldr": tldr, "motivation": motivation, "method": method, "result": result, "conclusion": conclusion}
            for tldr, motivation, method, result, conclusion in rows
        ],
    )


def _build_frozen(kind: type[Frozen], count: int, **columns: Iterable[object]) -> list[Frozen]:
    """Frozen values from their fields, each given for all of them; a field that is not given has its default.

    `kind(…)` sets the fields of a frozen value one by one through Python, which takes more than twice as long.
    """
    made = [object.__new__(kind) for _ in range(count)]
    for field in fields(kind):
        values = columns[field.name] if field.default is MISSING else columns.get(field.name, repeat(field.default))
        deque(map(kind.__dict__[field.name].__set__, made, values), maxlen=0)
    return made
