"""Papers with a translation: a day of cn-chat-arxiv as Markdown, JSON and RSS, and groups of three lines.

`bilingual_md`: a day of cn-chat-arxiv as Markdown: a table of papers, and a note on each.

    # 摘要

    | Ref | Title | Summary |
    | --- | --- | --- |
    | [^1] | [Sorting Sand by Sound](https://arxiv.org/abs/2601.00001) | 用声音给沙粒分类。 |

    # 详细

    [^1]: 用声音给沙粒分类

        Sorting Sand by Sound

        [https://arxiv.org/abs/2601.00001](https://arxiv.org/abs/2601.00001)

        …

A note has the translated title, then six blocks in fixed positions, with an empty line before each: title, link, tldr,
English tldr, translated abstract, abstract. A block may be empty (the English tldr mostly is) and keeps its position.

The pages are made by github.com/qhduan/cn-chat-arxiv. This program reads arXiv's feed, and cuts each abstract after a
thousand characters. A model then translates title and abstract into Chinese, and writes a summary of one sentence, the
tldr. There are no authors and no dates. The program also writes each day as RSS and as JSON. A paper has the same seven
texts in all three forms. `_paper` reads these texts, so the forms give equal papers.

`bilingual_json`: papers of cn-chat-arxiv as JSON: a file has one paper, or an array of several.

The members are `title`, `abstract`, `link`, `translated_title`, `translated_abstract`, `tldr` and `en_tdlr` (spelt
this way). A paper that could not be summarised has only the first three.

`bilingual_rss`: a day of cn-chat-arxiv as RSS: the same papers as in `bilingual_md`.

The title of an item is the tldr. Its description holds seven paragraphs, each between a line `<p>` and a line `</p>`:
translated title, title, link, tldr, English tldr, translated abstract, abstract. The paragraphs are plain text with
unescaped `<` and `&`; reading them as HTML would damage them.

`bilingual3`: groups of three lines: an English abstract, its translation, the address of the paper.

The groups follow each other without empty lines. There are no titles, authors, categories or dates. The last line often
has no line end. In lists made from arXiv's feed, abstracts and translations begin with the announcement of the feed.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice

from bot.digests import _arxiv, _format, _json, _languages, _lines, _papers, _summaries, _xml
from bot.digests._format import Content, Format
from bot.digests._json import Record
from bot.digests._warnings import Warnings
from bot.errors import BrokenDigest
from subscriptions.errors import Sentence
from subscriptions.model import Paper, Summary

_PAGE = re.compile(r"# 摘要[^\S\n]*\n\s*\| *Ref *\| *Title *\| *Summary *\|")
_ROW = re.compile(rf"\| *\[\^(?P<number>\d{{1,6}})\] *\| *\[(?P<title>.*?)\]\((?P<link>{_arxiv.ADDRESS})\) *\|")
_NOTE = re.compile(r"\[\^(?P<number>\d{1,6})\]:(?P<title>.*)")
_LINK = re.compile(rf"\[[^\]\n]*\]\((?P<link>{_arxiv.ADDRESS})\)")
_BLOCKS = 6  # of a note: title, link, tldr, English tldr, translated abstract, abstract
_BETWEEN = re.compile(r"\n[^\S\n]{0,3}\n")  # an empty block has four spaces; a line with fewer separates blocks
_BEGINNING_OF_ROW = "| [^"
_OF_NO_PAPER = re.compile(r"\s*(?:# 摘要|# 详细|\| *Ref\b|\|[ |:-]*$|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class BilingualRecord:
    """The texts of one paper, as they are in the document. The texts are English unless their names say otherwise."""

    place: tuple[int, str] = (0, "")  # in Markdown: the paper's number in the page, and its arXiv id
    link: str
    title: str  # until 2024 with an announcement at its end
    abstract: str = ""  # since 2024 with an announcement at its beginning
    translated_title: str = ""
    translated_abstract: str = ""
    tldr: str | None = None  # in the language of the translation; None if the document has no such field
    english_tldr: str = ""


def _is_markdown(text: str) -> bool:
    """Returns whether the first line is the heading of the table, and the table follows."""
    return bool(_PAGE.match(text.lstrip()))


def _read_markdown(text: str, warnings: Warnings, language: str | None) -> Content:
    """Returns the papers in the order of their numbers. Raises BrokenDigest if there are lines but no readable entry."""
    entries: list[Paper] = []
    unrecognized = 0
    for line, page in _pages(text, warnings):
        entries += _entries(page, warnings, language)
        unrecognized = unrecognized or _first_unrecognized(page, line)
    if unrecognized and not entries:
        raise _format.unrecognized_page(unrecognized)
    return Content(entries=entries)


def _pages(text: str, warnings: Warnings) -> Iterator[tuple[int, str]]:
    """Yields (first line, text) of each page; there are several if files were joined."""
    for start, line, page in _lines.parts_of(text, (match.start() for match in _PAGE.finditer(text))):
        if not _begins_line(text, start):
            warnings.add("glued_line")
        yield line, page.rstrip("\ufeff")


def _begins_line(text: str, at: int) -> bool:
    while at and text[at - 1] in " \t\ufeff":
        at -= 1
    return not at or text[at - 1] == "\n"


def _entries(page: str, warnings: Warnings, language: str | None) -> list[Paper]:
    """Returns a paper for each note, and for each row of the table without a note."""
    rows, notes = _rows(page, warnings), _notes(page, warnings)
    noted = {note.place for note in notes}
    unnoted = [row for row in rows if row.place not in noted]
    records = sorted([*notes, *unnoted], key=lambda record: record.place[0])
    return _entries_of(records, warnings, language)


def _rows(page: str, warnings: Warnings) -> list[BilingualRecord]:
    rows: list[BilingualRecord] = []
    for line in _lines.lines_of(page):
        if not line.startswith(_BEGINNING_OF_ROW):
            continue
        row = _ROW.match(line)
        if not row:
            warnings.add("unparsed_heading")
            continue
        title = _lines.collapse(row["title"]).removesuffix(".")  # the full stop that stood before the announcement
        tldr = line[row.end() :].strip().removesuffix("|")
        place = (int(row["number"]), _arxiv.matched_address(row)[0])
        rows.append(BilingualRecord(place=place, link=row["link"], title=title, tldr=tldr))
    return rows


def _notes(page: str, warnings: Warnings) -> list[BilingualRecord]:
    notes: list[BilingualRecord] = []
    lines = page.split("\n")
    heads = [(number, head) for number, line in enumerate(lines) if (head := _NOTE.match(line))]
    ends = [number for number, _ in heads] + [len(lines)]
    for (start, head), end in zip(heads, ends[1:], strict=True):
        title, link, *texts = _blocks("\n".join(lines[start + 1 : end]))
        address = _LINK.fullmatch(link)
        if not address:  # a block is missing, and it is unknown which
            warnings.add("unparsed_heading")
            continue
        tldr, english_tldr, translated_abstract, abstract = texts
        record = BilingualRecord(
            place=(int(head["number"]), _arxiv.matched_address(address)[0]),
            link=address["link"],
            title=title,
            abstract=abstract,
            translated_title=head["title"],
            translated_abstract=translated_abstract,
            tldr=tldr,
            english_tldr=english_tldr,
        )
        notes.append(record)
    return notes


def _blocks(body: str) -> list[str]:
    """Returns the six blocks of a note, in order. Empty and missing blocks are ""."""
    blocks = [block.strip() for block in _BETWEEN.split(body, _BLOCKS)[:_BLOCKS]]
    return blocks + [""] * (_BLOCKS - len(blocks))


def _first_unrecognized(page: str, first: int) -> int:
    """Returns the number of the first line that an empty page would not have, 0 if there is none."""
    others = [(n, line) for n, line in enumerate(_lines.lines_of(page), first) if not _OF_NO_PAPER.match(line)]
    if len(others) <= _format.MOST_REMARKS and all(_format.is_remark(line) for _, line in others):
        return 0
    return others[0][0]


def _entries_of(records: Iterable[BilingualRecord], warnings: Warnings, language: str | None) -> list[Paper]:
    read = _format.each(records, lambda record: _entry(record, warnings, language), warnings)
    return list(filter(None, read))


def _entry(record: BilingualRecord, warnings: Warnings, language: str | None) -> Paper | None:
    """Returns the paper of a record, None if nothing identifies it. Warns if it has no title, or no abstract at all."""
    paper = _papers.entry_of(_paper(record, warnings, language), warnings)
    if paper and not paper.abstract and not _translated_abstract(record):
        warnings.add("entry_without_text")
    return paper


def _paper(record: BilingualRecord, warnings: Warnings, language: str | None) -> Paper:
    """Returns the paper of a record, without its key."""
    of_title, title = _arxiv.split_title(record.title)
    of_abstract, abstract = _arxiv.split_announcement(record.abstract)
    announced = of_abstract or of_title
    address = _arxiv.arxiv_address(record.link)
    arxiv_id, version = address or (announced.arxiv_id if announced else None, None)
    if announced and announced.arxiv_id == arxiv_id:
        version = announced.version or version
    elif announced:
        warnings.add("id_mismatch")
    translated_title = _lines.collapse(record.translated_title)
    translated_abstract = _translated_abstract(record)
    language = language or _languages.language_of(record.tldr or "", translated_title, translated_abstract)
    return Paper(
        key="",
        title=title,
        abstract=_lines.collapse(abstract),
        categories=of_title.categories if of_title else (),
        arxiv_id=arxiv_id,
        version=version,
        announce_type=announced.kind if announced else None,
        summaries=_its_summaries(record, language),
        translations=_summaries.translations_of(translated_title, translated_abstract, language),
        failed=record.tldr is not None and _summaries.is_failed({"tldr": record.tldr}),
    )


def _translated_abstract(record: BilingualRecord) -> str:
    return _lines.collapse(_arxiv.without_translated_announcement(record.translated_abstract))


def _its_summaries(record: BilingualRecord, language: str) -> tuple[Summary, ...]:
    translated = _summaries.summaries_of({"tldr": _lines.collapse(record.tldr or "")}, language)
    english = _summaries.summaries_of({"tldr": _lines.collapse(record.english_tldr)}, "en")
    languages = {summary.language for summary in translated}
    return (*translated, *(summary for summary in english if summary.language not in languages))


_ALWAYS = ("title", "abstract", "link")
# The beginning of a file that was joined to another. In a text within JSON, the quote would have a backslash before it.
_BEGINNING = re.compile(r"(?:^|(?<=\}))\ufeff?(?=\{\s*\"title\")", re.MULTILINE)
_SUMMARY_MEMBERS = ("translated_title", "translated_abstract", "tldr", "en_tdlr", "context")


def _is_json(text: str) -> bool:
    """Returns whether one of the first objects has `title`, `abstract` and `link`, and a member only of this format."""
    return any(map(_is_paper, _json.first_items(text)))


def _read_json(text: str, warnings: Warnings, language: str | None) -> Content:
    """Returns the papers. Raises BrokenDigest, with the line, if the document is damaged and no paper can be read."""
    records = _records(text, warnings)
    entries = _json.entries_of(records, warnings, lambda item: _entry(_record_of_json(item), warnings, language))
    return Content(entries=entries)


def _is_paper(item: Record) -> bool:
    return all(member in item for member in _ALWAYS) and any(member in item for member in _SUMMARY_MEMBERS)


def _records(text: str, warnings: Warnings) -> Iterator[Record]:
    """Yields the objects of all files. Raises BrokenDigest, with the line, if a file is damaged and no file has an object."""
    broken: BrokenDigest | None = None
    found = False
    for line, document in _documents(text, warnings):
        try:
            for record in _json.json_items(document, warnings, line=line):
                found = True
                yield record
        except BrokenDigest as error:
            broken = broken or error
            warnings.add("bad_json_line")
    if broken and not found:
        raise broken


def _documents(text: str, warnings: Warnings) -> Iterator[tuple[int, str]]:
    """Yields (first line, text) of each file in a text of concatenated files. An array is one file.

    Files are read one by one, so damage in one does not affect the next.
    """
    starts: Iterable[int] = [0]
    if not text.lstrip().startswith("["):
        starts = chain(starts, (match.start() for match in _BEGINNING.finditer(text, 1)))
    for start, line, document in _lines.parts_of(text, starts):
        if start and text[start - 1] != "\n":
            warnings.add("glued_line")
        yield line, document


def _record_of_json(item: Record) -> BilingualRecord:
    return BilingualRecord(
        link=item.text("link"),
        title=item.text("title"),
        abstract=item.text("abstract"),
        translated_title=item.text("translated_title"),
        translated_abstract=item.text("translated_abstract"),
        tldr=item.text("tldr") if item.has_text("tldr") else None,
        english_tldr=item.text("en_tdlr") or item.text("en_tldr"),
    )


_TITLE = "Chat Arxiv"
_OUTSIDE = re.compile(r"<p>[^\S\n]*\n(?P<inside>.*)\n</p>", re.DOTALL)
_BETWEEN_PARAGRAPHS = re.compile(r"\n</p>[^\S\n]*\n<p>[^\S\n]*\n")
_PARAGRAPHS = 7


def _is_rss(text: str) -> bool:
    """Returns whether the document is `rss`, and the title of its channel is that of cn-chat-arxiv."""
    root = _xml.read_head(text, "rss")
    return root is not None and any(channel.first("title").startswith(_TITLE) for channel in root.all("channel"))


def _read_rss(text: str, warnings: Warnings, language: str | None) -> Content:
    """Returns the papers of the feed. Raises BrokenDigest if the XML breaks off before the first item."""
    document = _xml.XmlDocument(text, "item")
    items = filter(lambda item: item.children, document.records())
    entries = _entries_of(_format.each(items, _record_of_item, warnings), warnings, language)
    _xml.warn_truncated(document, warnings)
    return Content(entries=entries)


def _record_of_item(item: _xml.Element) -> BilingualRecord:
    paragraphs = _paragraphs(item.first("description"))
    if len(paragraphs) != _PARAGRAPHS:  # some are missing, and it is unknown which
        return BilingualRecord(link=item.first("link"), title="", tldr=item.first("title"))
    translated_title, title, link, tldr, english_tldr, translated_abstract, abstract = paragraphs
    return BilingualRecord(
        link=item.first("link") or link,
        title=title,
        abstract=abstract,
        translated_title=translated_title,
        translated_abstract=translated_abstract,
        tldr=tldr,
        english_tldr=english_tldr,
    )


def _paragraphs(description: str) -> list[str]:
    """Returns the paragraphs in order, even empty ones; [] if the text has another form."""
    outside = _OUTSIDE.fullmatch(description)
    if outside:
        return _BETWEEN_PARAGRAPHS.split(outside["inside"])
    return []


_GROUP = 3
_HEADING = re.compile(r"#{1,6}\s|(?:=+|-+)$")  # a heading, or the line that underlines one
_URL = re.compile(_arxiv.URL)
_BEGINNING_OF_URL = re.compile(r"https?://arxiv\.org/(?:abs|pdf)/(?:[\d.]*|[a-z-]+(?:\.[A-Z]{0,2})?(?:/\d*)?)")
_BEFORE_ID = ("https://arxiv.org/abs/", "http://arxiv.org/abs/", "https://arxiv.org/pdf/", "http://arxiv.org/pdf/")

Line = tuple[int, str]  # number from 1, text


def _is_groups(text: str) -> bool:
    """Returns whether the third non-empty line is an arXiv address, and the two before it are not headings.

    `_read_groups` checks whether every third line is an address, and raises an error for the first one that is not.
    """
    lines = [line for _, line in islice(_stripped_lines(text), _GROUP)]
    if len(lines) < _GROUP or any(map(_HEADING.match, lines[:-1])) or _xml.is_markup(text):
        return False
    return bool(_URL.match(lines[-1])) and not any(_URL.fullmatch(line) for line in lines[:-1])


def _read_groups(text: str, warnings: Warnings, language: str | None) -> Content:
    """Returns the papers of the groups. Raises BrokenDigest, with the line, if a line should be an address and is not."""
    groups = _groups(text, warnings)
    return Content(entries=list(_format.each(groups, lambda one: _entry_of_group(one, warnings, language), warnings)))


def _groups(text: str, warnings: Warnings) -> Iterator[list[Line]]:
    """Yields the whole groups. Warns of lines that are left over at the end."""
    group: list[Line] = []
    last = text.rstrip().count("\n") + 1
    for line in _separated(_stripped_lines(text), warnings):
        group.append(line)
        if len(group) == _GROUP and not (line[0] == last and _is_cut_short(line[1])):
            yield group
            group = []
    if group:
        warnings.add("incomplete_group")


def _stripped_lines(text: str) -> Iterator[Line]:
    for number, line in enumerate(_lines.lines_of(text), 1):
        if stripped := line.strip():
            yield number, stripped


def _separated(lines: Iterator[Line], warnings: Warnings) -> Iterator[Line]:
    """Yields the lines. Cuts a line in two where a file without a line end was glued to the next file."""
    position = 0
    for number, line in lines:
        address = _URL.match(line) if position % _GROUP == _GROUP - 1 else None
        rest = line[address.end() :].removeprefix("\ufeff") if address else ""
        # text follows the address directly; after a full stop or a space it would be a remark
        if address and rest[:1].isalnum():
            warnings.add("glued_line")
            yield number, address[0]
            yield number, rest
            position += 2
        else:
            yield number, line
            position += 1


def _is_cut_short(line: str) -> bool:
    """Returns whether a line is only the beginning of an address."""
    if _URL.fullmatch(line):
        return False
    return bool(_BEGINNING_OF_URL.fullmatch(line)) or any(whole.startswith(line) for whole in _BEFORE_ID)


def _entry_of_group(group: list[Line], warnings: Warnings, language: str | None) -> Paper:
    (number, abstract), (number_of_translation, translation), (number_of_url, url) = group
    address = _URL.fullmatch(url)
    if not address:
        raise BrokenDigest(
            Sentence(
                "Line {line} should be an arXiv address, as every third line of bilingual3 is, but reads “{text}”.",
                {"line": number_of_url, "text": url[:60]},
            )
        )
    for misplaced, line in ((number, abstract), (number_of_translation, translation)):
        if _URL.fullmatch(line):
            raise BrokenDigest(
                Sentence("Line {line} is an arXiv address where a text of bilingual3 should be.", {"line": misplaced})
            )
    record = BilingualRecord(link=url, title="", abstract=abstract, translated_abstract=translation)
    return _papers.keyed(_paper(record, warnings, language))


FORMATS = (
    Format("bilingual_rss", _is_rss, _read_rss),
    Format("bilingual_json", _is_json, _read_json),
    Format("bilingual_md", _is_markdown, _read_markdown),
    Format("bilingual3", _is_groups, _read_groups),
)
