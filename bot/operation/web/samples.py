"""Style and script of the pages, and the sample digests that they offer once."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from importlib.resources import files

from bot.app import App
from bot.digests import read_digest
from bot.ports.web_page import Offer, PageRequest, PageResponse, Visitor, WebPage
from bot.rendering.web_pages import STATIC, static_file
from bot.sources.ingest import store_digest
from subscriptions.errors import Sentence
from subscriptions.store.papers.known_papers import first_paper_at

_FOR_EVER = {"cache-control": "public, max-age=31536000, immutable"}  # their addresses change with them


def static_pages() -> tuple[WebPage, ...]:
    """Returns a page for each file."""
    return tuple(WebPage(path=f"/static/{name}", answer=partial(_show, name), is_public=True) for name in STATIC)


async def _show(name: str, asked: PageRequest) -> PageResponse:
    del asked
    return PageResponse(body=static_file(name), kind=STATIC[name], headers=_FOR_EVER)


PATH = "/samples"
SOURCE = "samples"
SAMPLES = ("daily_arxiv.md", "arxiv_rss.xml", "hf_papers.txt", "bilingual.txt")
_OFFER = Offer(
    text=Sentence("There are no papers yet. To try it, take a few of January 2026; their summaries are made up."),
    label=Sentence("use the samples"),
    action=PATH,
)


@dataclass(frozen=True, slots=True)
class Samples:
    """Offers the samples to whoever sits at the machine, until there are papers."""

    app: App

    async def offers(self, visitor: Visitor) -> Sequence[Offer]:
        """Returns the offer, if neither a source nor a token is set, and no paper is known."""
        return (_OFFER,) if await self._is_offered(visitor) else ()

    async def use(self, asked: PageRequest) -> PageResponse:
        """Stores the samples as news, and shows the chat. What is stored already stays as it is."""
        if await self._is_offered(asked.visitor):
            for name in SAMPLES:
                data = files("bot").joinpath("samples", name).read_bytes()
                digest = await asyncio.to_thread(read_digest, data, name)
                await store_digest(self.app.context, digest, source=SOURCE, announce=True)
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
