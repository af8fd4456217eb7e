"""The samples: papers of the package itself, offered until others have come."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.resources import files

from bot.app import App
from bot.digests import read_digest
from bot.ports.web_page import Offer, PageRequest, PageResponse, Visitor, WebPage
from bot.sources.ingest import store_digest
from subscriptions.errors import Sentence
from subscriptions.model import Digest
from subscriptions.planning.receipts import Outcome
from subscriptions.store.known_papers import first_paper_at
from subscriptions.store.sources import known_sources

PATH = "/samples"
SOURCE = "samples"
SAMPLES = ("daily_arxiv.md", "arxiv_rss.xml", "hf_papers.json", "bilingual.txt")
_COMING = Sentence(
    "No papers have come yet. Meanwhile you can try it with samples: real papers with made-up summaries."
)
_UNREACHED = Sentence(
    "{source} cannot be reached from this machine; look at its network or proxy. I keep trying. "
    "Meanwhile you can try it with samples: real papers with made-up summaries."
)


def _sample(name: str) -> Digest:
    return read_digest(files("bot").joinpath("samples", name).read_bytes(), name)


@dataclass(frozen=True, slots=True)
class Samples:
    """Offers the samples to whoever sits at the machine, until there are papers."""

    app: App

    async def offers(self, visitor: Visitor) -> Sequence[Offer]:
        """Returns the offer, if neither a source nor a token is set, and no paper is known."""
        if not await self._is_offered(visitor):
            return ()
        sources = await asyncio.to_thread(known_sources, self.app.store)
        failed = next((one.name for one in sources if one.last and one.last.outcome is Outcome.FAILED), "")
        text = replace(_UNREACHED, values={"source": failed}) if failed else _COMING
        example = (await asyncio.to_thread(_sample, SAMPLES[0])).entries[0]
        return (Offer(text=text, label=Sentence("use the samples"), action=PATH, example=example),)

    async def use(self, asked: PageRequest) -> PageResponse:
        """Stores the samples, which have no day, as papers of today, and shows the chat. What is stored already stays as it is."""
        if await self._is_offered(asked.visitor):
            for name in SAMPLES:
                digest = await asyncio.to_thread(_sample, name)
                await store_digest(self.app.context, digest, source=SOURCE)
        return PageResponse(location="/")

    def pages(self) -> tuple[WebPage, ...]:
        """Returns the page that takes the offer."""
        return (WebPage(path=PATH, answer=self.use, method="POST"),)

    async def _is_offered(self, visitor: Visitor) -> bool:
        settings = self.app.settings
        if not visitor.is_local or settings.sources:
            return False
        if any(platform.facts.token_variable for platform in self.app.platforms.values()):
            return False
        return await asyncio.to_thread(first_paper_at, self.app.store) is None
