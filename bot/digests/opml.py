"""Reads OPML (opml.org/spec2.opml): the list of feeds that readers of feeds export."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.digests import _plain_text, _warnings, _xml
from bot.errors import BrokenDigest
from subscriptions.texts.cutting import clip

_LONGEST_TITLE = 100  # characters
_LONGEST_ADDRESS = 2_000


@dataclass(frozen=True, slots=True)
class Feeds:
    """The feeds of a document."""

    titles: Mapping[str, str]  # address of a feed -> its title, "" if it has none
    repeated: int  # entries with the address of an earlier one
    others: int  # entries without the address of a feed


def read_opml(data: bytes, name: str) -> Feeds:
    """Returns the feeds of a document, also those in folders. Raises BrokenDigest, whose text begins with `name`."""
    try:
        document = _xml.XmlDocument(_plain_text.plain_text(data, _warnings.Warnings()), "outline")
        entries = list(_entries(document))
    except _plain_text.NotText:
        raise BrokenDigest(f"{name}: not UTF-8 text.") from None
    problem = document.error or ("it has a DTD" if document.doctype else "")
    if problem:
        raise BrokenDigest(f"{name}: the XML cannot be read ({problem}).")
    if document.root is None or document.root.name.lower() != "opml":
        raise BrokenDigest(f"{name}: this is no OPML.")
    titles: dict[str, str] = {}
    for address, title in entries:
        if address:
            titles.setdefault(address, title)
    feeds = sum(bool(address) for address, _ in entries)
    return Feeds(titles, feeds - len(titles), len(entries) - feeds)


def _entries(document: _xml.XmlDocument) -> Iterator[tuple[str, str]]:
    """Yields (address of the feed or "", title) of each outline that is no folder, in order."""
    for record in document.records():
        waiting = [record]
        while waiting:
            outline = waiting.pop()
            given = {name.lower(): value for name, value in outline.attributes.items()}
            address = "".join(given.get("xmlurl", "").split())
            inner = outline.all("outline")
            if address or not inner:
                title = " ".join((given.get("title") or given.get("text") or "").split())
                yield _of_web(address), clip(title, _LONGEST_TITLE)
            waiting.extend(reversed(inner))


def _of_web(address: str) -> str:
    """Returns the address of a feed; "" if it is no address of the web. `feed://` is http, `feed:https://` is https."""
    scheme, colon, rest = address.partition(":")
    if scheme.lower() == "feed":
        address = rest
        if rest.startswith("//"):
            address = f"http:{rest}"
        scheme, colon, rest = address.partition(":")
    is_web = scheme.lower() in {"http", "https"} and len(address) <= _LONGEST_ADDRESS
    if is_web:
        return f"{scheme.lower()}{colon}{rest}"
    return ""
