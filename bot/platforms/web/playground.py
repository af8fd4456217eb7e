"""What a query finds before anybody subscribes to it: while a text is typed, and on the playground.

While it is typed: its papers of the last days, their number, and how the text may go on. The playground shows the meaning of a
query, its matches among the papers of the last days, and those of its variants.
"""

import asyncio
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count

from bot.commands.intent import REGISTRY
from bot.commands.phrasing.subscription_words import days_known
from bot.commands.results import result_items, variant_label
from bot.commands.search import query_of
from bot.commands.words.meaning import command_in
from bot.platforms.web.incoming import new_once
from bot.platforms.web.markup import Web, framed
from bot.ports.channel import Clock
from bot.ports.web_page import PageFrame, PageRequest, PageResponse, WebPage
from bot.rendering.closeups import why_sections
from bot.rendering.language import Language
from bot.rendering.outline import measure_of_list
from bot.rendering.papers import CARD, paper_view
from bot.rendering.parts import reader_of
from bot.rendering.query_text import caret, query_in_words
from bot.rendering.templating import draw_page, draw_part
from subscriptions.errors import PaperwireError, QueryError, Refused, Sentence
from subscriptions.model import Because, Chat, Item, KnownPaper
from subscriptions.planning.times import Ending, split_when
from subscriptions.query import And, Leaf, Node, Not, Or, Query, rewriting
from subscriptions.query.parse import parse_query
from subscriptions.query.variants import MOST, Variant, variants
from subscriptions.service import paper_search
from subscriptions.service.near_papers import with_words
from subscriptions.service.paper_search import Base
from subscriptions.store.database.store import Store

PATH = "/finds"
SHOWN_WHILE_TYPED = 5  # papers
SUGGESTED = 6  # ways to go on
LONGEST_WHILE_TYPED = 500  # characters of a text that is looked up while it is typed
_LEAST = 2  # letters of a name or category
Suggestion = tuple[str, str]  # (the text as it would go on, what that is)
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
    "parts": Sentence("Parts of the query, each to be switched off and on"),
    "reading": Sentence("How it is read"),
    "subscribe": Sentence("subscribe"),
    "variants": Sentence("What a change would do"),
    "change": Sentence("Change"),
    "papers": Sentence("Papers"),
    "difference": Sentence("Difference"),
    "same": Sentence("the same"),
    "newest": Sentence("The newest"),
    "examples": Sentence("For example:"),
}
_EXAMPLES = ("diffusion models -survey", "cat:cs.CL agents", 'title:"large language model" reasoning', "author:Guibas")
_TIME = Sentence("The time at the end, {when}, is no part of the query.")
_NO_QUERY = Sentence("This is a time without a query.")


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
            found = await asyncio.to_thread(self._found, asked.query.get("q", "")[:LONGEST_WHILE_TYPED], asked.frame)
        return PageResponse(body=json.dumps(found, ensure_ascii=False), kind="application/json")

    def _found(self, typed: str, frame: PageFrame) -> dict[str, object]:
        chat, frame = framed(self._store, frame)
        language = Language(frame.language, chat.settings.timezone)
        suggestions = [*self._suggestions(typed, language)][:SUGGESTED]
        answer: dict[str, object] = {"count": "", "papers": "", "suggestions": suggestions}
        for text in _readings(typed.strip()):
            try:
                query = parse_query(split_when(text).query)
                found = paper_search.recent_matches(self._store, query, now=self._clock.now(), most=SHOWN_WHILE_TYPED)
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
        authors, categories = paper_search.newest_names(self._store)
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


# ------------------------------------------------------------------------------------------------------- the playground


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownVariant:
    """A variant as the page shows it."""

    label: str
    text: str  # the query
    found: str
    difference: str  # signed; "" if it finds the same number


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPart:
    """A part of the query that can be switched off, or a word between two of them."""

    text: str
    toggled: str = ""  # the places of the parts that are off once it is pressed
    is_on: bool = True
    is_word: bool = False  # OR, or a bracket
    difference: str = ""  # what a press on it does to the number of papers, signed


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

    text: str  # the query without the parts that are off; "" if it wants nothing
    parts: Sequence[ShownPart]
    reading: str  # "" if it is the text
    notes: Sequence[str]
    count: str
    variants: Sequence[ShownVariant]
    papers: str  # HTML


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chosen:
    """What is left of a query without the parts that are off."""

    wanted: Query | None  # None: all papers
    excluded: Query | None = None  # only where nothing is wanted


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
        """Shows the matches of the query in the link without the parts that are off; without a query, how to begin."""
        async with self._places:
            return PageResponse(body=await asyncio.to_thread(self._drawn, asked))

    def _drawn(self, asked: PageRequest) -> str:
        typed = " ".join(asked.query.get("q", "").split())[:LONGEST]
        off = frozenset(int(place) for place in asked.query.get("off", "")[:LONGEST].split(",") if place.isdecimal())
        chat, frame = framed(self._store, asked.frame)
        tried = self._tried(typed, off, chat, frame.language)
        problem, found = (tried, None) if isinstance(tried, _Problem) else (None, tried)
        shown: Mapping[str, object] = {
            "typed": typed,
            "field": found.text if found and off else typed,
            "tried": found,
            "problem": problem,
            "once": new_once(),
            "examples": _EXAMPLES,
            "is_live": asked.wants_fragment,
        }
        if asked.wants_fragment:
            return draw_part("tried.html", frame, words=_WORDS, **shown)
        return draw_page("playground.html", frame, _TITLE, words=_WORDS, **shown)

    def _tried(self, typed: str, off: frozenset[int], chat: Chat, spoken: str) -> _Tried | _Problem:
        language, ending = Language(spoken, chat.settings.timezone), split_when(typed)
        if ending.only_time:
            return _Problem(line=typed, mark="", message=_NO_QUERY.say(language.translate), hint="")
        try:
            query = with_words(self._store, parse_query(ending.query)) if typed else None
            chosen = _without(query, off) if query else _Chosen(wanted=None)
        except QueryError as error:
            return _problem(error, ending.query, language)
        except Refused as error:
            hint = error.hint.say(language.translate)
            return _Problem(line=typed, mark="", message=error.sentence.say(language.translate), hint=hint)
        wanted = chosen.wanted
        toggles = _toggles(query, off) if query else {}
        others = {one.text: one for one in variants(wanted)} if wanted else {}
        queries = {one.text: one for one in toggles.values()}
        queries |= {text: parse_query(text, wanted.fields) for text in others if wanted and text not in queries}
        matches, found = paper_search.recent_variants(
            self._store, wanted, queries, excluded=chosen.excluded, now=self._clock.now(), most=SHOWN
        )
        by_effect = sorted(others, key=lambda text: -abs(found[text] - matches.found))
        effects = {place: _signed(found[one.text] - matches.found, language) for place, one in toggles.items()}
        text, reading = (wanted.text, query_in_words(wanted, language.translate)) if wanted else ("", "")
        return _Tried(
            text=f"{text} {ending.when}" if text and ending.when else text,
            parts=tuple(_parts(query, off, effects)) if query else (),
            reading=reading if reading != text else "",
            notes=_notes(query, ending, language) if query else (),
            count=count_in_words(matches.found if typed else None, matches.base, language),
            variants=[_shown(others[text], matches.found, found[text], language) for text in by_effect],
            papers=draw_papers(matches.newest, wanted, chat),
        )


def _without(query: Query, off: Collection[int]) -> _Chosen:
    """Returns a query without the parts at these places. Raises QueryError if what is left is no query."""
    if not off or not rewriting.can_be_written(query):
        return _Chosen(wanted=query)
    kept = rewriting.with_leaves(query.tree, (place not in off for place in count()))
    if kept is None:
        return _Chosen(wanted=None)
    text = rewriting.written(kept)
    try:
        return _Chosen(wanted=parse_query(text, query.fields))
    except QueryError:  # it only excludes
        return _Chosen(wanted=None, excluded=parse_query(f"-({text})", query.fields))


def _toggles(query: Query, off: frozenset[int]) -> Mapping[int, Query]:
    """Returns the query that a press on a part leads to, by the place of the part, for the first parts."""
    found = {}
    for place in range(min(MOST, sum(is_part for _, is_part in _pieces(query.tree)))):
        with suppress(QueryError):
            if wanted := _without(query, off ^ {place}).wanted:
                found[place] = wanted
    return found


def _parts(query: Query, off: frozenset[int], effects: Mapping[int, str]) -> Iterator[ShownPart]:
    """Yields the parts of a query and the words between them; nothing if it cannot be written without one of them."""
    places = count()
    for text, is_part in _pieces(query.tree) if rewriting.can_be_written(query) else ():
        if is_part:
            place = next(places)
            toggled = ",".join(map(str, sorted(off ^ {place})))
            yield ShownPart(text=text, toggled=toggled, is_on=place not in off, difference=effects.get(place, ""))
        else:
            yield ShownPart(text=text, is_word=True)


def _pieces(tree: Node) -> Iterator[tuple[str, bool]]:
    """Yields the texts of a query's parts, and the operators and brackets between them; of each, whether it is a part."""
    match tree:
        case Leaf() | Not(node=Leaf()):
            yield rewriting.written(tree), True
        case Not():
            yield "-(", False
            yield from _pieces(tree.node)
            yield ")", False
        case And() | Or():
            for number, part in enumerate(tree.nodes):
                if number and isinstance(tree, Or):
                    yield "OR", False
                has_brackets = isinstance(part, And | Or)
                yield from (("(", False),) * has_brackets
                yield from _pieces(part)
                yield from ((")", False),) * has_brackets


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
    return ShownVariant(
        label=variant_label(language, one),
        text=one.text,
        found=language.number(found),
        difference=_signed(found - before, language),
    )


def _signed(more: int, language: Language) -> str:
    """Returns a difference with its sign; "" for none."""
    return f"+{language.number(more)}" if more > 0 else f"−{language.number(-more)}" if more else ""
