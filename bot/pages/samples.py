"""The samples that the page offers until papers have come; a real digest replaces them."""

import asyncio
from importlib.resources import files

from bot.app import App
from bot.digests import read_digest
from bot.sources.ingest import store_digest
from subscriptions.errors import Sentence
from subscriptions.model import SAMPLES, Digest, Paper
from subscriptions.planning.receipts import Outcome
from subscriptions.store.known_papers import first_paper_at
from subscriptions.store.stored_sources import known_sources

FILES = ("daily_arxiv.md", "arxiv_rss.xml", "hf_papers.json", "bilingual.txt")
_COMING = Sentence(
    "No papers have come yet. Meanwhile you can try it with samples: real papers with made-up summaries."
)
_UNREACHED = Sentence(
    "arXiv cannot be reached from this machine; look at its network or proxy. I keep trying. "
    "Meanwhile you can try it with samples: real papers with made-up summaries."
)


def _sample(name: str) -> Digest:
    return read_digest(files("bot").joinpath("samples", name).read_bytes(), name)


async def offer(app: App, *, is_local: bool) -> tuple[Sentence | None, Paper | None]:
    """Returns (why the samples are offered to a visitor, one of their papers); (None, None) if they are not."""
    if not await _is_offered(app, is_local=is_local):
        return None, None
    sources = await app.store.run(known_sources)
    has_failed = any(one.last and one.last.outcome is Outcome.FAILED for one in sources)
    example = (await asyncio.to_thread(_sample, FILES[0])).entries[0]
    return _UNREACHED if has_failed else _COMING, example


async def use(app: App, *, is_local: bool) -> None:
    """Stores the samples as today's papers, since they have no day, if they are offered."""
    if await _is_offered(app, is_local=is_local):
        for name in FILES:
            await store_digest(app.deps, await asyncio.to_thread(_sample, name), source=SAMPLES)


async def _is_offered(app: App, *, is_local: bool) -> bool:
    """Returns whether no source and no token is set, no paper is known, and the visitor is at this machine."""
    if not is_local or app.settings.sources:
        return False
    if any(platform.facts.token_variable for platform in app.platforms.values()):
        return False
    return await app.store.run(first_paper_at) is None
