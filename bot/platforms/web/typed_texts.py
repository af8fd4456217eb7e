"""What a text finds while a person types it: how many papers of the last days, how many are shown, and how the text may go on."""

import asyncio
import json
from collections.abc import Iterator, Sequence

from bot.commands import results
from bot.commands.intent import REGISTRY
from bot.commands.phrasing import days_known
from bot.commands.search import query_of
from bot.commands.spoken import spoken
from bot.platforms.web.markup import Web, chat_in
from bot.ports.channel import Clock
from bot.ports.conversation import PageFrame, PageRequest, PageResponse, WebPage
from bot.rendering import views
from bot.rendering.language import Language
from bot.rendering.outline import measure_of_list
from bot.rendering.whole_papers import why_sections
from subscriptions.errors import PaperwireError
from subscriptions.model import Because, Chat, Item, KnownPaper
from subscriptions.planning.times import split_when
from subscriptions.query.parse import parse_query
from subscriptions.query.tree import Query
from subscriptions.service import recent_matches
from subscriptions.service.recent_matches import Base
from subscriptions.store.database.store import Store

PATH = "/finds"
SHOWN_WHILE_TYPED = 5  # papers
SUGGESTED = 6  # suggestions to continue the text
LONGEST_WHILE_TYPED = 500  # characters of a text that is looked up while a person types it
_LEAST = 2  # letters of a name or category that must be typed before it is completed
Suggestion = tuple[str, str]  # (the continued text, its meaning)
MOST_AT_ONCE = 2  # texts that are looked up at the same time, so that visitors do not slow down the bot


class TypedTexts:
    """The page that returns what a text would find while a person types it.

    Only our own script uses it. Without scripts, the chat itself answers.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._typing = asyncio.Semaphore(MOST_AT_ONCE)

    def page(self) -> WebPage:
        """Returns the page."""
        return WebPage(path=PATH, answer=self.find)

    async def find(self, asked: PageRequest) -> PageResponse:
        """Returns JSON: the number of papers in words, the papers as HTML, and suggestions."""
        async with self._typing:
            found = await asyncio.to_thread(self._found, asked.query.get("q", "")[:LONGEST_WHILE_TYPED], asked.frame)
        return PageResponse(body=json.dumps(found, ensure_ascii=False), kind="application/json")

    def _found(self, typed: str, frame: PageFrame) -> dict[str, object]:
        chat = chat_in(self._store, frame)
        language = Language(frame.language, chat.settings.timezone)
        suggestions = [*self._suggestions(typed, language)][:SUGGESTED]
        answer: dict[str, object] = {"count": "", "papers": "", "suggestions": suggestions}
        for text in _readings(typed.strip()):
            try:
                query = parse_query(split_when(text).query)
                found = recent_matches.recent_matches(self._store, query, now=self._clock.now(), most=SHOWN_WHILE_TYPED)
            except PaperwireError:  # the query is not finished yet, or it is wrong and the chat will refuse it
                continue
            if found.found or text == typed.strip():
                count = "" if text == f"{typed.strip()}*" else count_in_words(found.found, found.base, language)
                answer |= {"count": count, "papers": draw_papers(found.newest, query, chat)}
            if found.found:
                break
        return answer

    def _suggestions(self, typed: str, language: Language) -> Iterator[Suggestion]:
        """Yields commands, categories and authors that begin like the last word."""
        before, space, last = typed.rpartition(" ")
        if not before and last.startswith("/"):
            yield from _commands(last.casefold(), language)
            return
        field, _, word = last.casefold().rpartition(":")
        if len(word) < _LEAST:
            return
        authors, categories = recent_matches.newest_names(self._store)
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
    """Yields queries that a text may mean: the text, the text with its last word as a prefix, the query in a sentence.

    The query in a sentence comes last, because reading a sentence for the first time takes a second.
    """
    if not typed or typed.startswith("/"):
        return
    yield typed
    if typed[-_LEAST:].isalnum():
        yield f"{typed}*"
    if not spoken(typed).command and (asked := query_of(typed)) != typed:
        yield asked


def _commands(begun: str, language: Language) -> Iterator[Suggestion]:
    for command in REGISTRY.commands:
        if command.listed and not command.needs_operator and f"/{command.name}".startswith(begun):
            yield f"/{command.name} ", command.summary.say(language.translate)


def _named(authors: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    return [(f'author:"{name}"', papers) for name, papers in authors]


def count_in_words(found: int | None, base: Base, language: Language) -> str:
    """Returns how many papers of the last days were found: "6 of 64 papers in the last 7 days".

    If `found` is None, returns the number of all papers of these days.
    """
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
    """Returns papers as HTML, as in a reply, with the words marked that the query found. `alone`: one paper at full length.

    If the shown text of a paper contains none of these words, passages with them are below it.
    """
    reader, medium, shown = views.reader_of(chat), Web(), []
    measure = views.CARD if alone else measure_of_list(len(papers))
    for item in results.result_items(papers, query):
        html = medium.draw(views.paper_view(item, reader, measure, number=0 if alone else item.position + 1)).markup
        shown.append(html)
        if query and "<mark>" not in html:
            because = tuple(Because(number=0, text=query.text, words=one.words) for one in item.because)
            found = Item(paper=item.paper, because=because, position=item.position)
            shown += [medium.draw(passage).markup for passage in why_sections(found, reader) if passage.close]
    return "\n".join(shown)
