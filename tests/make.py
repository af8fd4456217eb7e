"""Builders for domain values."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date, datetime, timedelta
from hashlib import sha256
from itertools import count
from typing import Any

import sqlmodel
from pydantic import SecretStr

from bot.app import App
from bot.models import Encoder
from bot.pace import Pace
from bot.settings import Settings
from subscriptions.database.store import Store, Transaction
from subscriptions.database.tables import PaperRow
from subscriptions.maintenance.retention import clean_up_steps
from subscriptions.model import Announce, ChatAddress, Digest, Paper, StoredPaper, Summary, Translation
from subscriptions.papers import ingest as ingestion
from subscriptions.papers.stored.batch import Codes, Ingest
from subscriptions.papers.stored.digests import Ingested
from subscriptions.papers.stored.embeddings import texts_of
from subscriptions.papers.stored.papers import known_papers
from subscriptions.subscribing import subscribe as subscribing
from tests import rendered
from tests.clock import NOON, FakeClock

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_ids = count(1)


def paper(
    title: str = "",
    *categories: str,
    arxiv_id: str | None = "",
    authors: Iterable[str] = ("Ada Example",),
    kind: Announce | None = None,
    **values: object,
) -> Paper:
    """Returns a paper, with a new arXiv id by default. With `arxiv_id=None`, the paper has no arXiv id."""
    if arxiv_id == "":
        arxiv_id = f"2601.{next(_ids):05d}"
    given: dict[str, object] = {
        "key": arxiv_id or "title:" + sha256(title.casefold().encode()).hexdigest()[:16],
        "title": title,
        "arxiv_id": arxiv_id,
        "authors": tuple(authors),
        "categories": categories,
        "primary": categories[0] if categories else None,
        "url": f"https://arxiv.org/abs/{arxiv_id}" if arxiv_id else None,
        "announce_type": kind,
        **values,
    }
    return Paper(**given)  # type: ignore[arg-type]


def summary(text: str, language: str = "zh") -> tuple[Summary, ...]:
    return (Summary(language=language, fields={"tldr": text}),)


def translation(language: str = "zh", *, title: str = "", abstract: str = "") -> tuple[Translation, ...]:
    return (Translation(language=language, title=title, abstract=abstract),)


def digest(*papers: Paper, name: str = "", day: date | None = None) -> Digest:
    """Returns a digest of these papers. Digests with different papers or names have different bytes."""
    content = name + repr([(p.key, p.version, p.announce_type, p.title, p.abstract, p.categories) for p in papers])
    content += repr([(p.summaries, p.translations, p.authors) for p in papers])
    return Digest(format="daily_arxiv_md", entries=papers, content_hash=sha256(content.encode()).hexdigest(), day=day)


def ingested(
    store: Store,
    *papers: Paper | str,
    now: datetime = NOON,
    source: str = "daily",
    name: str = "",
    of_arxiv: bool = False,
    encoder: Encoder | None = None,
) -> Ingested:
    """Ingests a digest of these papers, with their codes if there is an encoder. Returns its counts.

    A text is the title of a new paper.
    """
    entries = [paper(one) if isinstance(one, str) else one for one in papers]
    more: dict[str, object] = {"codes": codes_of(encoder, entries)} if encoder else {}
    day = now.date()
    return ingest_digest(store, digest(*entries, name=name), source=source, day=day, now=now, of_arxiv=of_arxiv, **more)


def codes_of(encoder: Encoder, papers: Sequence[Paper]) -> Codes:
    """Returns the codes of papers, as they are made before the papers are stored."""
    return Codes(encoder.name, dict(zip(map(texts_of, papers), encoder.papers(papers), strict=True)))


def stored_papers(transaction: Transaction) -> tuple[StoredPaper, ...]:
    """Returns all papers of the store, newest first."""
    return known_papers(
        transaction, transaction.exec(sqlmodel.select(PaperRow).order_by(sqlmodel.col(PaperRow.id).desc())).all()
    )


def address(text: str) -> ChatAddress:
    """Returns the address for a text like `telegram:-100/7` or `console:me`."""
    platform, _, rest = text.partition(":")
    place, _, topic = rest.partition("/")
    return ChatAddress(platform, place, topic)


def subscribes(
    store: Store | Transaction, /, chat: str, query: str, *, now: datetime = NOON, **request: Any
) -> subscribing.Subscribed:
    """Subscribes a chat to a query. Returns the chat, its subscription, and what the confirmation would say."""
    if isinstance(store, Transaction):
        return subscribing.subscribe(store, address(chat), query, now=now, **request)
    return store.write_now(subscribing.subscribe, address(chat), query, now=now, **request)


def due(store: Store, *chats: str, now: datetime = NOON, **request: str) -> None:
    """Makes all these chats due: subscribes them to "graph" (by default with the cadence "now") and ingests a paper about it."""
    for chat in chats:
        subscribes(store, chat, "graph", now=now, **{"when": "now", **request})
    ingested(store, paper("A graph"), now=now)


def ingest_digest(
    store: Store,
    digest: Digest,
    **ingest: Any,
) -> Ingested:
    """Stores a digest. `ingest` are the fields of an `Ingest`."""
    return store.write_now(ingestion.ingest_digest, digest, Ingest(**ingest))


@contextmanager
def an_open_store(url: str, *, now: datetime = NOON) -> Iterator[Store]:
    """Yields the store of a database, which is made if it is missing. Closes it at the end."""
    with closing(Store(url)) as store:
        store.open(now=now)
        yield store


def clean_up(store: Store, *, now: datetime) -> None:
    """Deletes all rows that are old enough. See `clean_up_steps`."""
    for _ in clean_up_steps(store, now=now):
        pass


def app(store: Store, clock: FakeClock, *, encoder: Encoder | None = None, **settings: Any) -> App:
    """Makes an App without platforms."""
    return App(
        settings=Settings(database_url=SecretStr("sqlite:///unused.db"), **settings),
        store=store,
        clock=clock,
        platforms={},
        pace=Pace(clock, {}),
        render_delivery=rendered.render_delivery,
        render_reply=rendered.render_reply,
        encoder=encoder,
    )
