"""search: stored papers that match a query, the newest first."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.commands.core.context import Callback, Command, CommandContext
from bot.commands.papers.cards import opens_a_paper
from bot.commands.papers.paper_lookup import named_papers
from bot.commands.papers.results import card_buttons, query_lines, result_items
from bot.ports.button import Button, Buttons
from bot.ports.reply import Reply
from subscriptions.errors import Refused, Sentence
from subscriptions.query import Query, asks_for_nearness, mentioned, parse_query
from subscriptions.service.papers import SearchResult, search, with_words

PAGE = 6  # papers of a page
Stretches = Sequence[
    tuple[int | None, int]
]  # of each stretch of papers: its newest paper, and how many matched in the stretches before it


def search_(context: CommandContext) -> Reply:
    """Shows the stored papers that match, the newest first; the card of a paper that is named by id, DOI or link."""
    if not context.args:
        raise Refused(Sentence("Say what to look for."), Sentence("For example: /search diffusion -survey"))
    if mentioned(context.args) and len(context.args.split()) == 1 and not asks_for_nearness(context.args):
        return named_papers(context, context.args)
    return _page(context, with_words(context.store, parse_query(context.args)), [(None, 0)], 0)


def on_search_page(context: CommandContext) -> Reply:
    """Handles [newer] and [older]: replaces the page by another one."""
    stretches = [(upto, found) for upto, found in context.arguments["stretches"]]
    query = with_words(context.store, parse_query(str(context.arguments["text"])))
    reply = _page(context, query, stretches, int(context.arguments["start"]))
    return replace(reply, replaces=True)


def _page(context: CommandContext, query: Query, stretches: Stretches, start: int) -> Reply:
    """Returns a page of the last stretch."""
    upto, before = stretches[-1]
    found = search(context.store, query, upto=upto, start=start, most=PAGE)
    items = result_items(found.papers, query)
    turning = (
        () if context.read_by_strangers else _page_buttons(context, query, _anchored(stretches, found), start, found)
    )
    left = context.read_by_strangers and found.found > PAGE
    others = (context.say("These are the newest {count}; in private I show all.", count=PAGE),) if left else ()
    return Reply(
        lines=(_count_line(context, found, before), *query_lines(context, query, None), *others),
        items=items,
        first=before + start + 1,
        numbers=card_buttons(context, items, first=before + start + 1),
        buttons=turning,
    )


def _anchored(stretches: Stretches, found: SearchResult) -> Stretches:
    """Returns the stretches with the upper end of the last one fixed, so that new papers do not move the pages."""
    return [*stretches[:-1], (found.upto or None, stretches[-1][1])]


def _count_line(context: CommandContext, found: SearchResult, before: int) -> str:
    """Returns a count such as "41 of 2,061 papers", and how far back the search went unless it read all papers."""
    amount, whole = found.found, found.below is None and found.looked == found.stored
    known = context.localizer.count("{count} paper", "{count} papers", found.stored)
    if whole or found.since is None:
        return context.localizer.count("{count} of {papers}", "{count} of {papers}", amount, papers=known)
    day = context.localizer.day(found.since)
    looked = context.localizer.count("{count} paper", "{count} papers", found.looked)
    if not before:
        return context.localizer.count(
            "{count} of the newest {looked}, back to {day}; there are {papers}",
            "{count} of the newest {looked}, back to {day}; there are {papers}",
            amount,
            looked=looked,
            papers=known,
            day=day,
        )
    return context.localizer.count(
        "{count} more in {looked} before them, back to {day}",
        "{count} more in {looked} before them, back to {day}",
        amount,
        looked=looked,
        day=day,
    )


def _page_buttons(
    context: CommandContext, query: Query, stretches: Stretches, start: int, found: SearchResult
) -> Buttons:
    """Returns [newer] and [older]."""

    def button(label: str, to: Stretches, at: int) -> Button:
        arguments: Mapping[str, Any] = {"text": query.text, "stretches": [list(one) for one in to], "start": at}
        return Button(label=label, verb="search-page", arguments=arguments)

    row = []
    newer, older = context.say("newer"), context.say("older")
    before = stretches[-1][1]
    if start:
        row.append(button(newer, stretches, max(0, start - PAGE)))
    elif len(stretches) > 1:
        last = before - stretches[-2][1]
        row.append(button(newer, stretches[:-1], max(0, last - 1) // PAGE * PAGE))
    if start + PAGE < found.found:
        row.append(button(older, stretches, start + PAGE))
    elif found.below is not None:
        row.append(button(older, [*stretches, (found.below, before + found.found)], 0))
    return (tuple(row),) if row else ()


COMMANDS = (
    Command(
        name="search", run=search_, usage="QUERY", writes=opens_a_paper, summary=Sentence("look through all papers")
    ),
)
CALLBACKS = {"search-page": Callback(run=on_search_page)}
