"""The pages of files that never change: style, scripts, fonts."""

from functools import partial

from bot.ports import conversation
from bot.rendering import static_files

_FOR_EVER = {"cache-control": "public, max-age=31536000, immutable"}  # a changed file gets a new address


def static_pages() -> tuple[conversation.WebPage, ...]:
    """Returns a page for each static file, such as a style or a script."""
    return tuple(
        conversation.WebPage(path=f"/static/{name}", answer=partial(_show, name), is_public=True)
        for name in static_files.STATIC
    )


async def _show(name: str, _: conversation.PageRequest) -> conversation.PageResponse:
    return conversation.PageResponse(
        body=static_files.static_file(name), kind=static_files.STATIC[name], headers=_FOR_EVER
    )
