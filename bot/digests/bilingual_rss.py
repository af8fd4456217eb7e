"""A day of cn-chat-arxiv as RSS: the same papers as in `bilingual_md`, written otherwise.

The title of an item is the tldr. Its description holds seven paragraphs, each between a line `<p>` and a line `</p>`:
translated title, title, link, tldr, English tldr, translated abstract, abstract. What stands in them is plain text, in
which `<` and `&` are themselves: it would be damaged if it were read as HTML.
"""

from bot.digests._bilingual import BilingualRecord, bilingual_entry
from bot.digests._feed import warn_truncated
from bot.digests._format import Content
from bot.digests._warnings import Warnings
from bot.digests._xml import Element, read_head, read_xml

name = "bilingual_rss"

_TITLE = "Chat Arxiv"
_OPENING, _BETWEEN, _CLOSING = "<p>\n", "\n</p>\n<p>\n", "\n</p>"
_PARAGRAPHS = 7


def detect(text: str) -> bool:
    """An `rss` document whose channel has the title that the program gives it."""
    root = read_head(text)
    if root is None or root.name != "rss":
        return False
    return any(channel.first("title").startswith(_TITLE) for channel in root.all("channel"))


def parse(text: str, warnings: Warnings, language: str | None) -> Content:
    """The papers of the feed. Raises BrokenDigest when it broke off before its first item."""
    document = read_xml(text, "item", lambda item: bilingual_entry(_record(item), warnings, language))
    if document.error:
        warn_truncated(document, warnings)
    return Content(entries=document.records)


def _record(item: Element) -> BilingualRecord:
    paragraphs = _paragraphs(item.first("description"))
    if len(paragraphs) != _PARAGRAPHS:  # which of them are there is not known
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
    """The paragraphs by their positions, empty ones too."""
    if not (description.startswith(_OPENING) and description.endswith(_CLOSING)):
        return []
    return description[len(_OPENING) : -len(_CLOSING)].split(_BETWEEN)
