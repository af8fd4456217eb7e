"""The samples that the pages offer until papers have come: digests in this package."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from bot.app import App
from bot.digests import read_digest
from bot.ports.conversation import Offer, PageRequest, PageResponse, Visitor
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
    "arXiv cannot be reached from this machine; look at its network or proxy. I keep trying. "
    "Meanwhile you can try it with samples: real papers with made-up summaries."
)


def _sample(name: str) -> Digest:
    return read_digest(files("bot").joinpath("samples", name).read_bytes(), name)


@dataclass(frozen=True, slots=True)
class Samples:
    """Offers the samples to the person at this machine, until there are papers."""

    app: App

    async def offers(self, visitor: Visitor) -> Sequence[Offer]:
        """Returns the offer of samples, if no source and no token is set and no paper is known; otherwise ()."""
        if not await self._is_offered(visitor):
            return ()
        sources = await self.app.store.run(known_sources)
        has_failed = any(one.last and one.last.outcome is Outcome.FAILED for one in sources)
        text = _UNREACHED if has_failed else _COMING
        example = (await asyncio.to_thread(_sample, SAMPLES[0])).entries[0]
        return (Offer(text=text, label=Sentence("use the samples"), action=PATH, example=example),)

    async def use(self, asked: PageRequest) -> PageResponse:
        """Stores the samples as today's papers, since they have no day, and shows the chat. Papers already stored stay."""
        if await self._is_offered(asked.visitor):
            for name in SAMPLES:
                digest = await asyncio.to_thread(_sample, name)
                await store_digest(self.app.deps, digest, source=SOURCE)
        return PageResponse(location="/")

    async def _is_offered(self, visitor: Visitor) -> bool:
        settings = self.app.settings
        if not visitor.is_local or settings.sources:
            return False
        if any(platform.facts.token_variable for platform in self.app.platforms.values()):
            return False
        return await self.app.store.run(first_paper_at) is None
