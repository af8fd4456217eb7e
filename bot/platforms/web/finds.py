"""What a text would find while it is typed: its papers of the last days, their number, and how the text may go on."""

import asyncio
import json
from collections.abc import Iterator, Sequence

from bot.commands.intent import REGISTRY
from bot.commands.phrasing.subscription_words import days_known
from bot.commands.results import result_items
from bot.commands.search import query_of
from bot.commands.words.meaning import command_in
from bot.platforms.web.markup import Web, framed
from bot.ports.channel import Clock
from bot.ports.web_page import PageFrame, PageRequest, PageResponse, WebPage
from bot.rendering.closeups import why_sections
from bot.rendering.language import Language
from bot.rendering.outline import measure_of_list
from bot.rendering.papers import CARD, paper_view
from bot.rendering.parts import reader_of
from subscriptions.errors import PaperwireError
from subscriptions.model import Because, Chat, Item, KnownPaper
from subscriptions.planning.times._ending import split_when
from subscriptions.query.parse import parse_query
from subscriptions.query.syntax import Query
from subscriptions.service.paper_search import Base, newest_names, recent_matches
from subscriptions.store.database.store import Store

PATH = "/finds"
SHOWN = 5  # papers
SUGGESTED = 6  # ways to go on
LONGEST = 500  # characters of a text that is looked up while it is typed
MOST_AT_ONCE = 2  # texts that are looked up at the same time, so that visitors do not keep the bot from its work
_LEAST = 2  # letters of a name or category

Suggestion = tuple[str, str]  # (the text as it would go on, what that is)


class Finds:
    """The page that says what a text would find. Our own script asks it; without scripts the chat itself answers."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._places = asyncio.Semaphore(MOST_AT_ONCE)

    def page(self) -> WebPage:
        """Returns the page."""
        return WebPage(path=PATH, answer=self.show)

    async def show(self, asked: PageRequest) -> PageResponse:
        """Answers with the number of papers in words, the papers as HTML, and suggestions."""
        async with self._places:
            found = await asyncio.to_thread(self._found, asked.query.get("q", "")[:LONGEST], asked.frame)
        return PageResponse(body=json.dumps(found, ensure_ascii=False), kind="application/json")

    def _found(self, typed: str, frame: PageFrame) -> dict[str, object]:
        chat, frame = framed(self._store, frame)
        language = Language(frame.language, chat.settings.timezone)
        suggestions = [*self._suggestions(typed, language)][:SUGGESTED]
        answer: dict[str, object] = {"count": "", "papers": "", "suggestions": suggestions}
        for text in _readings(typed.strip()):
            try:
                query = parse_query(split_when(text).query)
                found = recent_matches(self._store, query, now=self._clock.now(), most=SHOWN)
            except PaperwireError:  # it is not finished, or is refused when it is sent
                continue
            if found.found or text == typed.strip():
                count = "" if text == f"{typed.strip()}*" else count_in_words(found.found, found.base, language)
                answer |= {"count": count, "papers": draw_papers(found.newest, query, chat)}
            if found.found:
                break
        return answer

    def _suggestions(self, typed: str, language: Language) -> Iterator[Suggestion]:
        """Yields the commands, categories and authors that begin as the last word does."""
        before, space, last = typed.rpartition(" ")
        if not before and last.startswith("/"):
            yield from _commands(last.casefold(), language)
            return
        field, _, word = last.casefold().rpartition(":")
        if len(word) < _LEAST:
            return
        authors, categories = newest_names(self._store)
        found = [(f"cat:{name}", papers) for name, papers in categories if name.casefold().startswith(word)]
        names = [one for one in authors if any(part.startswith(word) for part in one[0].casefold().split())]
        wanted = {
            "": [*found, *(_named(names) if last[:1].isupper() else ())],
            "cat": found,
            "author": _named(names),
        }
        for text, papers in wanted.get(field, ()):
            yield f"{before}{space}{text} ", language.count("{count} paper", "{count} papers", papers)


def _readings(typed: str) -> Iterator[str]:
    """Yields what a text may ask for: its words, the same with the last one as a beginning, and the query in a sentence.

    The last comes last, since reading a sentence for the first time takes a second.
    """
    if not typed or typed.startswith("/"):
        return
    yield typed
    if typed[-_LEAST:].isalnum():
        yield f"{typed}*"
    if not command_in(typed) and (asked := query_of(typed)) != typed:
        yield asked


def _commands(begun: str, language: Language) -> Iterator[Suggestion]:
    for command in REGISTRY.commands:
        if command.listed and not command.needs_operator and f"/{command.name}".startswith(begun):
            yield f"/{command.name} ", command.summary.say(language.translate)


def _named(authors: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    return [(f'author:"{name}"', papers) for name, papers in authors]


def count_in_words(found: int | None, base: Base, language: Language) -> str:
    """Returns how many papers of the last days were found: "6 of 64 papers in the last 7 days"; None: all of them."""
    if not base.of:
        return language.say("No papers are known yet.")
    days = days_known(language, base)
    if found is None:
        return language.count("{count} paper in {days}", "{count} papers in {days}", base.of, days=days)
    papers = language.count("{count} paper", "{count} papers", base.of)
    return language.count(
        "{count} of {papers} in {days}", "{count} of {papers} in {days}", found, papers=papers, days=days
    )


def draw_papers(papers: Sequence[KnownPaper], query: Query | None, chat: Chat, *, alone: bool = False) -> str:
    """Returns papers as HTML, as a reply would show them, with the words marked that the query found; one alone at length.

    If the shown text of a paper has none of these words, the passages with them are below it.
    """
    reader, medium, shown = reader_of(chat), Web(), []
    measure = CARD if alone else measure_of_list(len(papers))
    for item in result_items(papers, query):
        html = medium.draw(paper_view(item, reader, measure, number=0 if alone else item.position + 1)).markup
        shown.append(html)
        if query and "<mark>" not in html:
            because = tuple(Because(number=0, text=query.text, words=one.words) for one in item.because)
            found = Item(paper=item.paper, because=because, position=item.position)
            shown += [medium.draw(passage).markup for passage in why_sections(found, reader) if passage.close]
    return "\n".join(shown)
