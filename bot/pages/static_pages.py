"""The pages of files that never change: style, scripts, fonts."""

from functools import partial

from bot.ports.conversation import PageRequest, PageResponse, WebPage
from bot.rendering import static_files

_FOR_EVER = {"cache-control": "public, max-age=31536000, immutable"}  # a changed file gets a new address


def static_pages() -> tuple[WebPage, ...]:
    """Returns a page for each static file, such as a style or a script."""
    return tuple(
        WebPage(path=f"/static/{name}", answer=partial(_show, name), is_public=True) for name in static_files.STATIC
    )


async def _show(name: str, _: PageRequest) -> PageResponse:
    return PageResponse(body=static_files.static_file(name), kind=static_files.STATIC[name], headers=_FOR_EVER)
