"""Text copied from the Hugging Face papers page: a banner, then titles and abstracts, one line each.

    Get trending papers in your email inbox once a day!
    Get trending papers in your email inbox!
    Subscribe<first title>
    <first abstract>
    <second title>
    …

There are no ids, authors, categories or dates.
"""

from bot.digests._arxiv import title_key
from bot.digests._format import Content, Entry, Warnings, bounded, collapse, lines_of
from bot.errors import BrokenDigest
from subscriptions.errors import Sentence
from subscriptions.model import Paper

name = "hf_text"

_BANNER = ("Get trending papers in your email inbox once a day!", "Get trending papers in your email inbox!")
_LONGEST = 100  # characters; more than a line of the banner has
_BUTTON = "Subscribe"  # the label of a button, glued to the first title by copying


def detect(text: str) -> bool:
    """Returns whether the first non-empty line is the banner. Without the banner the text could be prose."""
    return text.lstrip()[:_LONGEST].partition("\n")[0].rstrip() in _BANNER


def parse(text: str, warnings: Warnings, language: str | None) -> Content:  # noqa: ARG001  there are no summaries
    """Returns a paper for each pair of lines. Raises BrokenDigest if there is none, or if a title is longer than its abstract.

    A title longer than its abstract means that a line is missing or too many somewhere before.
    """
    lines = _without_banners([(n, collapse(line)) for n, line in enumerate(lines_of(text), 1) if line.strip()])
    if len(lines) % 2:
        line, title = lines.pop()
        warnings.add("odd_line_count", line=line, example=title)
    if not lines:
        raise BrokenDigest(Sentence("The banner of the page is there, but no title with an abstract below it."))
    return Content(entries=[_entry(line, title, abstract) for (line, title), (_, abstract) in bounded(_pairs(lines))])


def _without_banners(lines: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Returns the lines of titles and abstracts. Removes every banner: several pages may be copied into one text."""
    kept: list[tuple[int, str]] = []
    before = ""
    for number, line in lines:
        text = line.removeprefix(_BUTTON).strip() if before in _BANNER else line
        if text and line not in _BANNER:
            kept.append((number, text))
        before = line
    return kept


def _pairs(lines: list[tuple[int, str]]) -> list[tuple[tuple[int, str], tuple[int, str]]]:
    return list(zip(lines[::2], lines[1::2], strict=True))


def _entry(line: int, title: str, abstract: str) -> Entry:
    if len(title) > len(abstract):
        raise BrokenDigest(
            Sentence(
                "In line {line} a title is longer than the abstract below it: somewhere before, a line is missing or "
                "one too many, so that titles and abstracts are mixed up.",
                {"line": line},
            )
        )
    return Entry(line=line, paper=Paper(key=title_key(title), title=title, abstract=abstract))
