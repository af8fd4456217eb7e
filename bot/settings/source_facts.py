"""Facts that follow from the settings of a source: its place for people, and its facts in the store."""

from urllib.parse import urlsplit

from bot.settings.model import SourceSettings
from subscriptions.store.sources import SourceFact

_ARXIV = "arxiv.org"


def fact_of(source: SourceSettings) -> SourceFact:
    """Returns the facts of a source that the store keeps."""
    return SourceFact(
        name=source.name,
        kind="file" if source.path is not None else "url" if source.url is not None else "arxiv",
        location=place_of(source),
        title=source.title,
        home=source.home,
        schedule=source.schedule or "",
        evening=source.url is not None and is_listing(source.url),
    )


def place_of(source: SourceSettings) -> str:
    """Returns where a source is, for people. Parts of an address that may be secret are left out."""
    if source.path is not None:
        return str(source.path)
    if source.url is None:
        return ", ".join(source.arxiv)
    parts = urlsplit(source.url)
    host = parts.hostname or ""
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}{port}{parts.path}"


def is_arxivs_own(source: SourceSettings) -> bool:
    """Returns whether a source is one of arXiv's own: its feeds, an address of its hosts, or one that speaks for it.

    What such a source says of arXiv's papers counts more than what others say (docs/architecture.md, rule 4).
    """
    if source.arxiv or source.speaks_for == "arxiv":
        return True
    host = (urlsplit(source.url or "").hostname or "").removesuffix(".")
    return host == _ARXIV or host.endswith(f".{_ARXIV}")


def is_listing(url: str) -> bool:
    """Returns whether an address is a list of arXiv, which shows a batch on the evening before its date."""
    return urlsplit(url).path.startswith("/list/")
