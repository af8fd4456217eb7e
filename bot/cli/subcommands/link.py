"""link: a link that offers a subscription, with a button and a badge for a page."""

from pathlib import Path
from typing import Annotated

import typer

from bot.cli._options import Json
from bot.cli._queries import TERMINAL_LANGUAGE, reporting_query_errors
from bot.cli._session import open_session
from bot.cli._streams import print_json, print_line
from bot.errors import WrongUsage
from bot.rendering.display.badges import badge, button
from bot.rendering.text.queries import query_in_words
from subscriptions.errors import NotFound, Refused, Sentence
from subscriptions.planning.times import read_when, split_when
from subscriptions.platforms import declared
from subscriptions.query import Query, parse_query
from subscriptions.service.chats import bot_name, link_payload


def link(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="With or without a time, as behind /sub.")],
    *,
    svg: Annotated[Path | None, typer.Option("--svg", metavar="FILE", help="Write the badge into this file.")] = None,
    json: Json = False,
) -> int:
    """Make a link that offers a subscription to whoever opens it, with a button and a badge for your page."""
    read = _read(query)
    payload = link_payload(query)
    if not payload:
        raise Refused(
            Sentence("This is too long for a link, which has room for 45 bytes."),
            Sentence("Shorten it, or subscribe a chat of yours and use /share there."),
        )
    with open_session() as session:
        named = [(facts, bot_name(session.store, facts.name)) for facts in declared() if facts.links is not None]
    links = {facts.name: facts.links.start(name, payload) for facts, name in named if name and facts.links is not None}
    if not links:
        raise NotFound(
            Sentence("No bot is known that a link could open."),
            Sentence("Run `paperwire run` once with the token of a platform that has such links."),
        )
    words = query_in_words(read, TERMINAL_LANGUAGE.translate)
    shown, picture = button(next(iter(links.values())), f"New papers: {words}"), badge(words)
    if svg is not None:
        _write(svg, picture)
    if json:
        print_json({"query": query, "canonical": read.canonical, "links": links, "html": shown, "svg": picture})
        return 0
    for url in links.values():
        print_line(url)
    print_line(shown)
    if svg is None:
        print_line(picture.rstrip())
    return 0


def _read(text: str) -> Query:
    ending = split_when(text)
    if ending.only_time:
        raise Refused(Sentence("This is a time without a query."))
    if ending.when is not None:
        read_when(ending.when)
    with reporting_query_errors(ending.query):
        return parse_query(ending.query)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise WrongUsage(
            Sentence("{path} cannot be written: {why}.", {"path": path, "why": (error.strerror or "unknown").lower()})
        ) from None
