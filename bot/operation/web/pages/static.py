"""Style and script of the pages, from this server alone."""

from functools import partial

from bot.ports.web_page import PageRequest, PageResponse, WebPage
from bot.rendering.display.web_pages import STATIC, static_file

_FOR_EVER = {"cache-control": "public, max-age=31536000, immutable"}  # their addresses change with them


def static_pages() -> tuple[WebPage, ...]:
    """Returns a page for each file."""
    return tuple(WebPage(path=f"/static/{name}", answer=partial(_show, name), is_public=True) for name in STATIC)


async def _show(name: str, asked: PageRequest) -> PageResponse:
    del asked
    return PageResponse(body=static_file(name), kind=STATIC[name], headers=_FOR_EVER)
