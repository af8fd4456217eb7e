"""Papers with a translation: groups of three lines, and days of cn-chat-arxiv as Markdown.

`bilingual3`: an English abstract, its translation, the address of the paper, a line each. The groups follow each other
without empty lines. There are no titles, authors, categories or dates. In lists made from arXiv's feed, abstracts and
translations begin with the announcement of the feed.

`bilingual_md`: a table of papers, and a note on each.

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
tldr. There are no authors and no dates. A paper has the same seven texts in all three forms.
"""

import re
from collections.abc import Iterator

from bot.digests import arxiv, markup, scalars, summaries
from bot.digests.entries import Found
from bot.failures import BrokenDigest
from subscriptions.errors import Sentence
from subscriptions.model import Paper

TEXTS = ("translated_title", "title", "link", "tldr", "english_tldr", "translated_abstract", "abstract")
"""Of a paper, in the order of all three forms: arguments of `paper_of`."""

_PAGE = re.compile(r"# 摘要[^\S\n]*\n\s*\| *Ref *\| *Title *\| *Summary *\|")
_ROW = re.compile(
    rf"\| *\[\^(?P<number>\d{{1,6}})\] *\| *\[(?P<title>.*?)\]\((?P<link>{arxiv.ADDRESS})\) *\|(?P<tldr>.*)"
)
_NOTE = re.compile(r"^\[\^\d{1,6}\]:(?P<title>.*)", re.MULTILINE)
_LINK = re.compile(rf"\[[^\]\n]*\]\((?P<link>{arxiv.ADDRESS})\)")
_BLOCKS = 6  # of a note
_BETWEEN = re.compile(r"\n[^\S\n]{0,3}\n")  # an empty block has four spaces; a line with fewer separates blocks
_OUTSIDE = re.compile(r"<p>[^\S\n]*\n(?P<inside>.*)\n</p>", re.DOTALL)
_BETWEEN_PARAGRAPHS = re.compile(r"\n</p>[^\S\n]*\n<p>[^\S\n]*\n")

_GROUP = 3  # lines
_HEADING = re.compile(r"#{1,6}\s|(?:=+|-+)$")  # a heading, or the line that underlines one
_URL = re.compile(arxiv.URL)
_BEGINNING_OF_URL = re.compile(
    r"https?://(?:arxiv\.org/(?:(?:abs|pdf)/(?:[\d.]*|[a-z-]+(?:\.[A-Z]{0,2})?(?:/\d*)?))?)?"
)


def read(text: str, wanted: str | None, language: str | None) -> Found | None:  # noqa: ARG001  a page tells its format
    """Returns the papers of a page or of groups of lines; None if the text is neither."""
    if _PAGE.match(text.lstrip()):
        return _read_page(text, language)
    lines = [(number, line.strip()) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    return _read_groups(lines, language) if _are_groups([line for _, line in lines[:_GROUP]], text) else None


def paper_of(
    found: Found,
    language: str | None,
    *,
    link: str,
    title: str = "",
    abstract: str = "",
    translated_title: str = "",
    translated_abstract: str = "",
    tldr: str | None = None,
    english_tldr: str = "",
) -> Paper:
    """Returns the paper of these texts, without its key. They are English unless their names say otherwise.

    Until 2024 the announcement stood at the end of the title, since then at the beginning of the abstract. `tldr` is in
    the language of the translation; None if the document has no such field.
    """
    of_title, title = arxiv.split_title(scalars.collapse(title))
    of_abstract, abstract = arxiv.split_announcement(abstract)
    announced = of_abstract or of_title
    arxiv_id, version = arxiv.arxiv_address(link) or (announced.arxiv_id if announced else None, None)
    if announced and announced.arxiv_id == arxiv_id:
        version = announced.version or version
    elif announced:
        found.warnings["id_mismatch"] += 1
    translated = arxiv.without_translated_announcement(translated_abstract)
    language = language or scalars.language_of(tldr or "", translated_title, translated)
    own = summaries.summaries_of({"tldr": tldr or ""}, language)
    english = summaries.summaries_of({"tldr": english_tldr}, "en") if language != "en" or not own else ()
    return Paper(
        key="",
        title=title,
        abstract=abstract,
        categories=of_title.categories if of_title else (),
        arxiv_id=arxiv_id,
        version=version,
        announce_type=announced.kind if announced else None,
        summaries=(*own, *english),
        translations=summaries.translations_of(translated_title, translated, language),
        failed=tldr is not None and summaries.is_failed({"tldr": tldr}),
    )


def texts_of(description: str) -> dict[str, str]:
    """Returns the arguments of `paper_of` in a description of cn-chat-arxiv's RSS.

    {} if one is missing, since it is unknown which.

    They are paragraphs of plain text with unescaped `<` and `&`; reading them as HTML would damage them.
    """
    outside = _OUTSIDE.fullmatch(description)
    texts = _BETWEEN_PARAGRAPHS.split(outside["inside"]) if outside else []
    return dict(zip(TEXTS, texts, strict=True)) if len(texts) == len(TEXTS) else {}


def _read_page(text: str, language: str | None) -> Found:
    """Returns the paper of each row of the table, with the texts of its note, and of each note without a row."""
    found = Found(format="bilingual_md")
    papers = dict(_rows(text, found))
    for arxiv_id, texts in _notes(text, found):
        papers[arxiv_id] = papers.get(arxiv_id, {}) | texts
    found.add(papers.values(), lambda texts: paper_of(found, language, **texts))
    if not found.papers and "[^" in text:
        raise BrokenDigest(Sentence("No paper in it can be read."))
    return found


def _rows(page: str, found: Found) -> Iterator[tuple[str, dict[str, str]]]:
    """Yields (arXiv id, arguments of `paper_of`) of each row."""
    for line in page.split("\n"):
        if row := _ROW.match(line):
            title = row["title"].strip().removesuffix(".")  # the full stop that stood before the announcement
            tldr = row["tldr"].strip().removesuffix("|")
            yield arxiv.matched_address(row)[0], {"link": row["link"], "title": title, "tldr": tldr}
        else:
            found.warnings["unparsed_heading"] += line.startswith("| [^")


def _notes(page: str, found: Found) -> Iterator[tuple[str, dict[str, str]]]:
    """Yields (arXiv id, arguments of `paper_of`) of each note."""
    heads = list(_NOTE.finditer(page))
    for head, end in zip(heads, [*(one.start() for one in heads), len(page)][1:], strict=True):
        blocks = [block.strip() for block in _BETWEEN.split(page[head.end() + 1 : end], _BLOCKS)[:_BLOCKS]]
        texts = dict(zip(TEXTS, [head["title"], *blocks, *[""] * _BLOCKS], strict=False))
        if address := _LINK.fullmatch(texts["link"]):
            yield arxiv.matched_address(address)[0], texts | {"link": address["link"]}
        else:  # a block is missing, and it is unknown which
            found.warnings["unparsed_heading"] += 1


def _are_groups(lines: list[str], text: str) -> bool:
    """Returns whether the third line is an arXiv address, and the two before it are neither headings nor addresses."""
    if len(lines) < _GROUP or any(_HEADING.match(line) or _URL.fullmatch(line) for line in lines[:-1]):
        return False
    return bool(_URL.match(lines[-1])) and not markup.is_markup(text)


def _read_groups(lines: list[tuple[int, str]], language: str | None) -> Found:
    """Returns the papers of the groups. Raises BrokenDigest, with the line, if a line should be an address and is not.

    What is left over at the end is left out, and a last address that was cut.
    """
    found = Found(format="bilingual3")
    if not _URL.fullmatch(lines[-1][1]) and _BEGINNING_OF_URL.fullmatch(lines[-1][1]):
        lines = lines[:-1]
    whole = len(lines) - len(lines) % _GROUP
    found.warnings["incomplete_group"] += whole < len(lines)
    groups = [lines[start : start + _GROUP] for start in range(0, whole, _GROUP)]
    found.add(groups, lambda group: _paper_of_group(group, found, language))
    del found.warnings["entry_without_title"]  # no paper of this format has one
    return found


def _paper_of_group(group: list[tuple[int, str]], found: Found, language: str | None) -> Paper:
    (_, abstract), (_, translation), (number, url) = group
    if not _URL.fullmatch(url) or _URL.fullmatch(abstract) or _URL.fullmatch(translation):
        raise BrokenDigest(
            Sentence(
                "Line {line} should be an arXiv address below two texts, as every third line of bilingual3 is, but reads “{text}”.",
                {"line": number, "text": url[:60]},
            )
        )
    return paper_of(found, language, link=url, abstract=abstract, translated_abstract=translation)
