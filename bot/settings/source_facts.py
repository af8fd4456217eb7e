"""What a source of the settings is, as others see it: its place, and what the store knows of it."""

from urllib.parse import urlsplit

from bot.settings._model import SourceSettings
from subscriptions.store.sources import SourceFact


def fact_of(source: SourceSettings) -> SourceFact:
    """Returns what the store is to know of a source."""
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
    """Where a source is, for people: without what may be a secret."""
    if source.path is not None:
        return str(source.path)
    if source.url is None:
        return ", ".join(source.arxiv)
    parts = urlsplit(source.url)
    host = parts.hostname or ""
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}{port}{parts.path}"


def is_listing(url: str) -> bool:
    """Whether an address is a list of arXiv, which shows a batch on the evening before its date."""
    return urlsplit(url).path.startswith("/list/")
