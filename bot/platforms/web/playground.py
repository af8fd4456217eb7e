"""The playground: the meaning of a query, its matches among the papers of the last days, and those of its variants."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.commands.papers.results import result_items, variant_label
from bot.platforms.web.finds import count_in_words
from bot.platforms.web.incoming import new_once
from bot.platforms.web.markup import Web, chat_of
from bot.ports.channel import Clock
from bot.ports.web_page import PageFrame, PageRequest, PageResponse, WebPage
from bot.rendering.closeups import why_sections
from bot.rendering.outline import measure_of_list
from bot.rendering.papers import paper_view
from bot.rendering.parts import reader_of
from bot.rendering.templating import draw_page
from bot.rendering.text.language import Language
from bot.rendering.text.queries import caret, query_in_words
from subscriptions.errors import QueryError, Refused, Sentence
from subscriptions.model import Because, Chat, ChatKind, Item, KnownPaper
from subscriptions.planning.times._ending import Ending, split_when
from subscriptions.query.parsing.parse import parse_query
from subscriptions.query.syntax import Query
from subscriptions.query.variants import Variant, variants
from subscriptions.service.conversation_state import known_or_new
from subscriptions.service.papers.near_papers import with_words
from subscriptions.service.papers.paper_search import recent_variants
from subscriptions.store.database.store import Store

SHOWN = 10  # papers of a query
LONGEST = 2000  # characters of a query in a link; a longer one is refused by its parser
MOST_AT_ONCE = 2  # queries that are looked up at the same time, so that visitors do not keep the bot from its work

_TITLE = Sentence("Playground")
_WORDS = {
    "about": Sentence(
        "Try what a query finds among the papers of the last days. Nothing is stored until you subscribe."
    ),
    "query": Sentence("Query"),
    "look": Sentence("look"),
    "reading": Sentence("How it is read"),
    "subscribe": Sentence("subscribe"),
    "variants": Sentence("What a change would do"),
    "change": Sentence("Change"),
    "papers": Sentence("Papers"),
    "difference": Sentence("Difference"),
    "same": Sentence("the same"),
    "newest": Sentence("The newest"),
    "link": Sentence("A link to this query"),
    "examples": Sentence("For example:"),
}
_EXAMPLES = ("diffusion models -survey", "cat:cs.CL agents", 'title:"large language model" reasoning', "author:Guibas")
_TIME = Sentence("The time at the end, {when}, is no part of the query.")
_NO_QUERY = Sentence("This is a time without a query.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownVariant:
    """A variant as the page shows it."""

    label: str
    text: str  # the query
    found: str
    difference: str  # signed; "" if it finds the same number


@dataclass(frozen=True, slots=True, kw_only=True)
class _Problem:
    """Why a query is refused."""

    line: str
    mark: str  # ^ under the place
    message: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tried:
    """What the page shows of a query."""

    reading: str
    notes: Sequence[str]
    count: str
    variants: Sequence[ShownVariant]
    papers: str  # HTML


class Playground:
    """The page of the playground."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._places = asyncio.Semaphore(MOST_AT_ONCE)

    def page(self) -> WebPage:
        """Returns the page."""
        return WebPage(path="/playground", answer=self.show, label=_TITLE)

    async def show(self, asked: PageRequest) -> PageResponse:
        """Shows the matches of the query in the link; without a query, how to begin."""
        typed = " ".join(asked.query.get("q", "").split())[:LONGEST]
        async with self._places:
            return PageResponse(body=await asyncio.to_thread(self._drawn, typed, asked.frame))

    def _drawn(self, typed: str, frame: PageFrame) -> str:
        chat = known_or_new(self._store, chat_of(frame.visitor.name), ChatKind.PRIVATE, lang=frame.language)
        if chat.id and not frame.has_chosen_language:
            frame = replace(frame, language=chat.settings.lang)
        tried = self._tried(typed, chat, frame.language) if typed else None
        problem, found = (tried, None) if isinstance(tried, _Problem) else (None, tried)
        shown: Mapping[str, object] = {"typed": typed, "tried": found, "problem": problem, "once": new_once()}
        return draw_page("playground.html", frame, _TITLE, words=_WORDS, examples=_EXAMPLES, **shown)

    def _tried(self, typed: str, chat: Chat, spoken: str) -> _Tried | _Problem:
        language, ending = Language(spoken, chat.settings.timezone), split_when(typed)
        if ending.only_time:
            return _Problem(line=typed, mark="", message=_NO_QUERY.say(language.translate), hint="")
        try:
            query = with_words(self._store, parse_query(ending.query))
        except QueryError as error:
            return _problem(error, ending.query, language)
        except Refused as error:
            hint = error.hint.say(language.translate)
            return _Problem(line=typed, mark="", message=error.sentence.say(language.translate), hint=hint)
        others = {one.text: one for one in variants(query)}
        matches, found = recent_variants(
            self._store,
            query,
            {text: parse_query(text, query.fields) for text in others},
            now=self._clock.now(),
            most=SHOWN,
        )
        by_effect = sorted(others, key=lambda text: -abs(found[text] - matches.found))
        return _Tried(
            reading=query_in_words(query, language.translate),
            notes=_notes(query, ending, language),
            count=count_in_words(matches.found, matches.base, language),
            variants=[_shown(others[text], matches.found, found[text], language) for text in by_effect],
            papers=_papers(matches.newest, query, chat),
        )


def _problem(error: QueryError, text: str, language: Language) -> _Problem:
    line, mark = caret(text, error.column)
    said = language.translate
    return _Problem(line=line, mark=mark, message=error.sentence.say(said), hint=error.hint.say(said))


def _notes(query: Query, ending: Ending, language: Language) -> list[str]:
    notes = [hint.say(language.translate) for hint in query.hints]
    if ending.when is not None:
        notes.insert(0, replace(_TIME, values={"when": ending.when}).say(language.translate))
    return notes


def _shown(one: Variant, before: int, found: int, language: Language) -> ShownVariant:
    more = found - before
    difference = f"+{language.number(more)}" if more > 0 else f"−{language.number(-more)}" if more else ""
    return ShownVariant(
        label=variant_label(language, one), text=one.text, found=language.number(found), difference=difference
    )


def _papers(newest: Sequence[KnownPaper], query: Query, chat: Chat) -> str:
    """Returns the papers as HTML, as a reply would show them, with the words that the query found marked.

    If the shown text of a paper has none of these words, the passages with them are below it.
    """
    reader, medium, shown = reader_of(chat), Web(), []
    for item in result_items(newest, query):
        html = medium.draw(paper_view(item, reader, measure_of_list(len(newest)), number=item.position + 1)).markup
        shown.append(html)
        if "<mark>" not in html:
            because = tuple(Because(number=0, text=query.text, words=one.words) for one in item.because)
            found = Item(paper=item.paper, because=because, position=item.position)
            shown += [medium.draw(passage).markup for passage in why_sections(found, reader) if passage.close]
    return "\n".join(shown)
