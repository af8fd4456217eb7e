"""Reads the body of an entry on a daily-arXiv page (all below its head) in every known template (docs/formats.md).

| template            | labels                                                                  |
|---------------------|-------------------------------------------------------------------------|
| standard            | `TL;DR: text` and so on, in a fixed order; for two days `TLDR:`         |
| task, to 2025-04-14 | the same with `Task:`                                                   |
| abstract only       | none but `<summary>Abstract</summary>`                                  |
| no links            | as standard with three more, and `Translation:` after the abstract      |
| heading labels      | `## TL;DR: `, the text on the lines below; any order                    |
| bold labels         | `> **TL;DR:** text`, `**Method:** text`; any order                      |

To add a template, add a row to `_TEMPLATES`.
"""

import re
from dataclasses import dataclass, field
from itertools import islice

from bot.digests._plain import collapse
from bot.digests._text import MOST_AUTHORS, decode_accents, split_authors

ABSTRACT, CATEGORY, COMMENT, TRANSLATION = "abstract", "category", "comment", "translation"
"""Fields that do not belong to the summary."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """How the fields of an entry are labelled. Each label begins with a line feed: it counts only at the start of a line."""

    labels: tuple[tuple[str, str], ...]  # (label, field)
    ordered: bool = False  # labels come in this order; one out of order is text
    in_section: bool = True  # its pages have a section for each category


@dataclass(slots=True)
class Body:
    """The text below a head. White space is collapsed; a field may still hold the words of a failed summary."""

    fields: dict[str, str]  # in reading order; "" for a label without a text
    after: str  # what follows the entry, up to the next head
    authors: tuple[str, ...] = ()
    categories: list[str] = field(default_factory=list)  # primary first; may hold what is no category
    title_translation: str = ""
    in_section: bool = True  # the section around it may give the category


_STANDARD = Template(
    ordered=True,
    labels=(
        ("\nMain category:", CATEGORY),
        ("\nTL;DR:", "tldr"),
        ("\nMotivation:", "motivation"),
        ("\nMethod:", "method"),
        ("\nResult:", "result"),
        ("\nConclusion:", "conclusion"),
        ("\nAbstract:", ABSTRACT),
    ),
)
_TLDR = Template(
    ordered=True,
    labels=tuple(("\nTLDR:", field) if field == "tldr" else (label, field) for label, field in _STANDARD.labels),
)
_TASK = Template(
    ordered=True,
    in_section=False,
    labels=tuple(("\nTask:", "task") if field == "tldr" else (label, field) for label, field in _STANDARD.labels),
)
_ABSTRACT_ONLY = Template(in_section=False, labels=(("\n  <summary>Abstract</summary>", ABSTRACT),))
_NO_LINKS = Template(
    ordered=True,
    labels=(
        *_STANDARD.labels[1:-1],
        ("\nRelated Work:", "related_work"),
        ("\nPotential Applications:", "potential_applications"),
        ("\nFuture Work:", "future_work"),
        ("\nAbstract:", ABSTRACT),
        ("\nTranslation:", TRANSLATION),
    ),
)
_HEADINGS = Template(
    labels=(
        ("\nMain category:", CATEGORY),
        ("\n## TL;DR:", "tldr"),
        ("\n## Motivation:", "motivation"),
        ("\n## Method:", "method"),
        ("\n## Result:", "result"),
        ("\n## Conclusion:", "conclusion"),
        ("\n## ai_Abstract:", "ai_abstract"),
        ("\n## 摘要翻译:", TRANSLATION),
    ),
)
_BOLD = Template(
    labels=(
        ("\n**Keywords:**", "keywords"),
        ("\n**Comment:**", COMMENT),
        ("\n> **TL;DR:**", "tldr"),
        ("\n**AI_Comments:**", "ai_comments"),
        ("\n**Motivation:**", "motivation"),
        ("\n**Method:**", "method"),
        ("\n**Result:**", "result"),
        ("\n**Conclusion:**", "conclusion"),
        ("\n> **ai_Abstract:**", "ai_abstract"),
        ("\n> **摘要翻译:**", TRANSLATION),
    ),
)
_TEMPLATES = (  # a mark → its template. The first mark in the text decides; later ones may be part of a field
    ("\nTL;DR:", _STANDARD),
    ("\n> **TL;DR:**", _BOLD),
    ("\n## TL;DR:", _HEADINGS),
    ("\n  <summary>Abstract</summary>", _ABSTRACT_ONLY),
    ("\nTask:", _TASK),
    ("\nTLDR:", _TLDR),
)

_END = "\n</details>"
_FOLD = "\n<details>"  # begins the part that the page folds away; ends the field before it
# Lines that occur only between entries. They end an entry whose `</details>` is missing.
_BETWEEN = re.compile(
    r"^(?:<(?:div|a) (?:id|name)=|#{1,3} .*\[\[Back\]\]|#{1,3} Table of Contents|#{1,2} Total Papers Today)",
    re.MULTILINE,
)
_AUTHORS = re.compile(r"\*(?P<names>(?:[^*].*?)?)\*(?: *\| *\*\*(?:Main c|C)ategory: *(?P<categories>[^*]*)\*\*)?\s*$")
_TITLE_TRANSLATION = re.compile(r"> \*(?P<title>.*)\*\s*$")
_PYTHON_STRING = re.compile(
    r"'((?:[^'\\]|\\.)*)'?|\"((?:[^\"\\]|\\.)*)\"?"
)  # a string that is not closed ends with the text
_HEAD_WITHOUT_LINK = re.compile(r"\s*Authors: (?P<names>.*?) \| Main Category: (?P<category>[^|\n]*)")


def read_body(text: str) -> Body:
    """Reads the text between a head with a link and the next head. `text` begins with the line feed after the head."""
    template = _template(text)
    fields, start, after = _fields(text, template)
    body = Body(fields=fields, after=after, in_section=template.in_section)
    for line in text[:start].split("\n"):
        if line.startswith("*") and (found := _AUTHORS.match(line)):
            body.authors = _names(found["names"])
            body.categories = (found["categories"] or "").split(",")
        elif line.startswith("> *") and (found := _TITLE_TRANSLATION.match(line)):
            body.title_translation = collapse(found["title"])
    if CATEGORY in fields:
        body.categories = fields.pop(CATEGORY).split(",")
    return body


def read_body_without_link(text: str) -> Body:
    """Reads the text below a head of the template without links, whose line of authors also names the category."""
    fields, start, after = _fields(text, _NO_LINKS)
    found = _HEAD_WITHOUT_LINK.match(text[:start])
    body = Body(fields=fields, after=after)
    if found:
        body.authors, body.categories = split_authors(found["names"]), [found["category"]]
    return body


def _template(text: str) -> Template:
    found, end = _STANDARD, len(text)
    for mark, template in _TEMPLATES:
        at = text.find(mark, 0, end)
        if at >= 0:
            found, end = template, at
    return found


def _fields(text: str, template: Template) -> tuple[dict[str, str], int, str]:
    """Returns (values by field, place of the first label, text after the entry)."""
    end = text.find(_END)
    marks = _marks(text, template, len(text) if end < 0 else end)
    if end < 0:
        between = _BETWEEN.search(text, marks[-1][0] if marks else 0)
        end = between.start() if between else len(text)
    fold = text.find(_FOLD, 0, end)
    fields, stop = {}, end
    for at, start, name in reversed(marks):
        fields[name] = collapse(text[start : fold if start <= fold < stop else stop])
        stop = at
    return dict(reversed(fields.items())), min(stop, fold if fold >= 0 else end), text[end:].removeprefix(_END)


def _marks(text: str, template: Template, end: int) -> list[tuple[int, int, str]]:
    """Returns (position, start of the value, field) of each label, ascending.

    In an ordered template labels are searched from the last to the first, each only before the label found before it.
    So a line within an abstract that looks like an earlier label stays part of the abstract. The part above the fold is
    short: a label is searched there only if it is not found below the fold.
    """
    marks = []
    fold = max(text.find(_FOLD, 0, end), 0) if template.ordered else 0
    for label, name in reversed(template.labels):
        at = text.find(label, fold, end)
        if at < 0 and fold:
            at = text.find(label, 0, min(fold, end))
        if at >= 0:
            marks.append((at, at + len(label), name))
            if template.ordered:
                end = at
    marks.sort()
    return marks


def _names(text: str) -> tuple[str, ...]:
    if text.startswith(("['", '["')):  # a list as Python prints it
        found = islice(_PYTHON_STRING.finditer(text), MOST_AUTHORS)
        strings = (match[1] or match[2] or "" for match in found)
        names = (decode_accents(re.sub(r"\\(['\"\\])", r"\1", string)) for string in strings)
        return tuple(filter(None, names))
    return split_authors(text)
