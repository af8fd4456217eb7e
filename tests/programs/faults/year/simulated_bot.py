"""The product in the simulated year: the real app over a real database, platforms that record, and a clock that jumps."""

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import SecretStr
from sqlmodel import col, select

from bot import settings
from bot.app import App, build_app
from bot.delivery.lane_sender import DrainState
from bot.delivery.sender import plan
from bot.demo.story import GalleryChannel
from bot.dependencies.opening import schedules_of
from bot.digests import read_digest
from bot.platforms.telegram.adapter import TelegramChannel
from bot.ports.channel import Limits
from bot.sources.ingest import store_digest
from subscriptions.planning.receipts import Outcome, Receipt
from subscriptions.store import rows, sources
from subscriptions.store.database.store import Store
from tests.clock import FakeClock
from tests.expected_sources import add_receipt
from tests.programs.faults.year import world

# marker words in titles, and ids of recorded papers
WORK = re.compile(r"\bn\d{6}\b|(?<=arxiv\.org/abs/)\d{4}\.[0-8]\d{4}\b")


@dataclass(slots=True)
class Arrived:
    """One delivery as a chat received it."""

    at: datetime
    chat: str
    shown: Counter[str] = field(default_factory=Counter)
    behind: set[str] = field(default_factory=set)  # papers under [show]
    words: str = ""  # text of messages without papers

    @property
    def works(self) -> set[str]:
        return set(self.shown) | self.behind


class SimulatedBot:
    """The real app with channels that record, and what the simulation does with it."""

    def __init__(self, url: str, start: datetime) -> None:
        """`url` is the address of a database, which may be empty."""
        self.clock = FakeClock(start)
        self._url = SecretStr(url)
        self._behind: set[tuple[str, str]] = set()  # (delivery, paper) of everything under a [show] so far
        self._channels: list[GalleryChannel] = []  # of all processes so far
        self._awaits = False
        self.app = self._begun()

    def _begun(self) -> App:
        channels = {
            "telegram": GalleryChannel("telegram", TelegramChannel.limits, self.clock),
            "console": GalleryChannel("console", Limits(text=100_000, per_second=0, per_lane=0), self.clock),
        }
        self._channels += channels.values()
        app = build_app(self._settings(), clock=self.clock, channels=channels)
        app.open()
        return app

    def _settings(self) -> settings.Settings:
        feeds = (settings.SourceSettings(name=world.FEED, url="https://example.org/feed", schedule="arxiv"),)
        return settings.Settings(database_url=self._url, sources=feeds if self._awaits else ())

    async def begins_anew(self) -> None:
        """Starts another process on the same database."""
        await self.app.close()
        self.app = self._begun()

    @property
    def store(self) -> Store:
        return self.app.store

    def comes_to(self, now: datetime) -> None:
        """Advances the clock to a moment. Earlier posts may already have advanced it by some seconds."""
        self.clock.advance(now - self.clock.now())

    def awaits_the_feed(self) -> None:
        """Adds the feed with arXiv's schedule to the settings. From now on, when-out waits for it."""
        self._awaits = True
        self.store.schedules = schedules_of(self._settings())
        sources.sync_sources(
            self.store,
            [sources.SourceFact(name=world.FEED, kind="url", location="a feed", schedule="arxiv")],
            now=self.clock.now(),
        )

    async def receives(self, digest: world.Arrival) -> None:
        """Ingests a digest. Stores a receipt if the digest is from the feed for which when-out waits."""
        read = read_digest(digest.data, digest.name, day=digest.day)
        await store_digest(self.app.deps, read, source=digest.source)
        if self._awaits and digest.source == world.FEED:
            now = self.clock.now()
            outcome = Outcome.NEW if digest.day >= world.batch_at(now) else Outcome.STALE
            add_receipt(self.store, Receipt(source=world.FEED, at=now, outcome=outcome))

    async def ticks(self) -> None:
        """Plans and sends what is due."""
        run = DrainState()
        await plan(self.app.deps, run)
        if run.planned:
            await self.app.sender.drain(run)

    def deliveries(self) -> list[Arrived]:
        """Returns the arrived deliveries in the order of their first messages."""
        self.note_behind()
        found: dict[str, Arrived] = {}
        for post in (post for channel in self._channels for post in channel.posts):
            arrived = found.setdefault(post.delivery, Arrived(post.at, str(post.chat)))
            works = set(WORK.findall(post.payload))
            arrived.shown.update(works)
            arrived.words += "" if works else post.payload
        for delivery, work in self._behind:
            if delivery in found:
                found[delivery].behind.add(work)
        return sorted(found.values(), key=lambda one: one.at)

    def note_behind(self) -> None:
        """Records what is under a [show] now. Call it before the bot deletes any of it."""
        with self.store.read() as session:
            found = session.exec(
                select(rows.DeliveryRow.id, rows.PaperRow.title, rows.PaperRow.key)
                .join(rows.DeliveryItemRow, col(rows.DeliveryItemRow.delivery) == rows.DeliveryRow.seq)
                .join(rows.PaperRow, col(rows.PaperRow.id) == rows.DeliveryItemRow.paper)
                .where(col(rows.DeliveryItemRow.shown).is_(False))
            )
            for delivery, title, key in found:
                marked = WORK.search(title)
                self._behind.add((delivery, marked[0] if marked else key))
