"""The samples that the page offers until papers have come: digests in this package."""

import asyncio
from dataclasses import dataclass
from importlib.resources import files

from bot.app import App
from bot.digests import read_digest
from bot.sources.ingest import store_digest
from subscriptions.errors import Sentence
from subscriptions.model import Digest, Paper
from subscriptions.planning.receipts import Outcome
from subscriptions.store.known_papers import first_paper_at
from subscriptions.store.stored_sources import known_sources

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

    async def offer(self, *, is_local: bool) -> tuple[Sentence | None, Paper | None]:
        """Returns (why the samples are offered, one of their papers); (None, None) if they are not."""
        if not await self._is_offered(is_local=is_local):
            return None, None
        sources = await self.app.store.run(known_sources)
        has_failed = any(one.last and one.last.outcome is Outcome.FAILED for one in sources)
        example = (await asyncio.to_thread(_sample, SAMPLES[0])).entries[0]
        return _UNREACHED if has_failed else _COMING, example

    async def use(self, *, is_local: bool) -> None:
        """Stores the samples as today's papers, since they have no day, if they are offered."""
        if not await self._is_offered(is_local=is_local):
            return
        for name in SAMPLES:
            digest = await asyncio.to_thread(_sample, name)
            await store_digest(self.app.deps, digest, source=SOURCE)

    async def _is_offered(self, *, is_local: bool) -> bool:
        """Returns whether no source and no token is set, and no paper is known."""
        if not is_local or self.app.settings.sources:
            return False
        if any(platform.facts.token_variable for platform in self.app.platforms.values()):
            return False
        return await self.app.store.run(first_paper_at) is None
