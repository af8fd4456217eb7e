"""A day of cn-chat-arxiv as RSS: the same papers as in `bilingual_md`.

The title of an item is the tldr. Its description holds seven paragraphs, each between a line `<p>` and a line `</p>`:
translated title, title, link, tldr, English tldr, translated abstract, abstract. They are plain text with unescaped `<` and
`&`; reading them as HTML would damage them.
"""

import re

from bot.digests._feed import warn_truncated
from bot.digests._format import Content, Warnings, bounded
from bot.digests._xml import Element, XmlDocument, read_head
from bot.digests.bilingual_md import BilingualRecord, bilingual_entry

name = "bilingual_rss"

_TITLE = "Chat Arxiv"
_OUTSIDE = re.compile(r"<p>[^\S\n]*\n(?P<inside>.*)\n</p>", re.DOTALL)
_BETWEEN = re.compile(r"\n</p>[^\S\n]*\n<p>[^\S\n]*\n")
_PARAGRAPHS = 7


def detect(text: str) -> bool:
    """Returns whether the document is `rss`, and the title of its channel is the generator's."""
    root = read_head(text)
    if root is None or root.name != "rss":
        return False
    return any(channel.first("title").startswith(_TITLE) for channel in root.all("channel"))


def parse(text: str, warnings: Warnings, language: str | None) -> Content:
    """Returns the papers of the feed. Raises BrokenDigest if the XML breaks off before the first item."""
    document = XmlDocument(text, "item")
    records = (_record(item) for item in bounded(document.records()) if item.children)
    entries = [entry for record in records if (entry := bilingual_entry(record, warnings, language))]
    warn_truncated(document, warnings)
    return Content(entries=entries)


def _record(item: Element) -> BilingualRecord:
    paragraphs = _paragraphs(item.first("description"))
    if len(paragraphs) != _PARAGRAPHS:  # nothing tells which are missing
        return BilingualRecord(line=item.line, link=item.first("link"), title="", tldr=item.first("title"))
    translated_title, title, link, tldr, english_tldr, translated_abstract, abstract = paragraphs
    return BilingualRecord(
        line=item.line,
        link=item.first("link") or link,
        title=title,
        abstract=abstract,
        translated_title=translated_title,
        translated_abstract=translated_abstract,
        tldr=tldr,
        english_tldr=english_tldr,
    )


def _paragraphs(description: str) -> list[str]:
    """Returns the paragraphs by position, empty ones too; [] if the text is not written in paragraphs."""
    outside = _OUTSIDE.fullmatch(description)
    return _BETWEEN.split(outside["inside"]) if outside else []
