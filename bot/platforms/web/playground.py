"""The playground: what a query means, how many of its matches among papers of the last days are shown, and the counts of its variants."""

import asyncio
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import count

from bot.commands import results
from bot.dependencies.questions import is_encoded
from bot.platform import PlatformSurroundings
from bot.platforms.web.channel import new_once
from bot.platforms.web.markup import chat_in
from bot.platforms.web.typed_texts import MOST_AT_ONCE, count_in_words, draw_papers
from bot.ports.channel import Clock
from bot.ports.conversation import PageRequest, PageResponse, WebPage
from bot.ports.meaning import Encoder
from bot.rendering import page_templates
from bot.rendering.language import Language
from bot.rendering.queries_in_words import caret, query_in_words
from subscriptions.errors import MeaningFails, QueryError, Refused, Sentence
from subscriptions.model import Chat
from subscriptions.planning.times import Ending, split_when
from subscriptions.query import advice, rewriting
from subscriptions.query.advice import Variant
from subscriptions.query.parse import parse_query, texts_asked
from subscriptions.query.tree import And, Leaf, Node, Not, Or, Query
from subscriptions.service import recent_matches
from subscriptions.service.near_papers import with_words
from subscriptions.service.questions import texts_without
from subscriptions.store.database.store import Store

SHOWN = 10  # papers of a query
LONGEST = 2000  # characters of a query in a link that are used; the parser refuses a query of this length
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


class Playground:
    """The page of the playground. It stores nothing."""

    def __init__(self, store: Store, clock: Clock, encoder: Encoder | None = None) -> None:
        self._store = store
        self._clock = clock
        self._encoder = encoder
        self._trying = asyncio.Semaphore(MOST_AT_ONCE)

    async def show(self, asked: PageRequest) -> PageResponse:
        """Shows the matches of the query in the link, without the parts that are off. Without a query, shows how to begin."""
        async with self._trying:
            texts = texts_asked(split_when(asked.query.get("q", "")[:LONGEST]).query)
            if texts and self._encoder is not None:
                missing = await self._store.run(texts_without, texts)
                await is_encoded(self._store, self._encoder, missing)
            return PageResponse(body=await asyncio.to_thread(self._drawn, asked))

    def _drawn(self, asked: PageRequest) -> str:
        typed = " ".join(asked.query.get("q", "").split())[:LONGEST]
        off = frozenset(int(place) for place in asked.query.get("off", "")[:LONGEST].split(",") if place.isdecimal())
        chat, frame = chat_in(self._store, asked.frame), asked.frame
        shown: Mapping[str, object] = {
            "typed": typed,
            "field": typed,
            "tried": None,
            "problem": None,
            "once": new_once(),
            "examples": _EXAMPLES,
            "is_live": asked.wants_fragment,
            **self._tried(typed, off, chat, frame.language),
        }
        if asked.wants_fragment:
            return page_templates.draw_part("tried.html", frame, words=_WORDS, **shown)
        return page_templates.draw_page("playground.html", frame, _TITLE, words=_WORDS, **shown)

    def _tried(self, typed: str, off: frozenset[int], chat: Chat, spoken: str) -> Mapping[str, object]:
        """Returns what the page shows about a query, or why the query is refused."""
        language, ending = Language(spoken, chat.settings.timezone), split_when(typed)
        query = wanted = excluded = None
        if ending.only_time:
            return _problem(_NO_QUERY, Sentence(""), language, typed)
        try:
            if typed:
                query = with_words(self._store, parse_query(ending.query))
                wanted, excluded = _without(query, off)
        except QueryError as error:
            return _problem(error.sentence, error.hint, language, *caret(ending.query, error.column))
        except (Refused, MeaningFails) as error:
            return _problem(error.sentence, error.hint, language, typed)
        toggles = _toggles(query, off) if query else {}
        text, reading, others = "", "", {}
        if wanted:
            text, reading = wanted.text, query_in_words(wanted, language.translate)
            others = {one.text: one for one in advice.variants(wanted)}
        queries = {one.text: one for one in toggles.values()}
        queries |= {text: parse_query(text, wanted.fields) for text in others if wanted and text not in queries}
        matches, found = recent_matches.recent_variants(
            self._store, wanted, queries, excluded=excluded, now=self._clock.now(), most=SHOWN
        )
        by_effect = sorted(others, key=lambda text: -abs(found[text] - matches.found))
        effects = {place: _signed(found[one.text] - matches.found, language) for place, one in toggles.items()}
        shown = f"{text} {ending.when}" if text and ending.when else text
        tried = {
            "text": shown,  # the query without the parts that are off; "" if nothing is left to find
            "parts": tuple(_parts(query, off, effects)) if query else (),
            "reading": reading if reading != text else "",
            "notes": _notes(query, ending, language) if query else (),
            "count": count_in_words(matches.found if typed else None, matches.base, language),
            "variants": [_shown(others[text], matches.found, found[text], language) for text in by_effect],
            "papers": draw_papers(matches.newest, wanted, chat),
        }
        return {"tried": tried, "field": shown if off else typed}


def _without(query: Query, off: Collection[int]) -> tuple[Query | None, Query | None]:
    """Returns (the query without the parts at these places, None). If nothing is left: (None, None), which means all papers.

    If only exclusions are left, returns (None, a query for what they exclude). Raises QueryError if the rest is no
    query.
    """
    if not off or not rewriting.can_be_written(query):
        return query, None
    places = count()
    kept = rewriting.with_leaves(query.tree, lambda _: next(places) not in off)
    if kept is None:
        return None, None
    text = rewriting.written(kept)
    try:
        return parse_query(text, query.fields), None
    except QueryError:  # only exclusions are left
        return None, parse_query(f"-({text})", query.fields)


def _toggles(query: Query, off: frozenset[int]) -> Mapping[int, Query]:
    """Returns {place of a part: the query after a press on that part}, for the first MOST parts."""
    found = {}
    for place in range(min(advice.MOST, sum(is_part for _, is_part in _pieces(query.tree)))):
        with suppress(QueryError):
            if wanted := _without(query, off ^ {place})[0]:
                found[place] = wanted
    return found


def _parts(query: Query, off: frozenset[int], effects: Mapping[int, str]) -> Iterator[Mapping[str, object]]:
    """Yields the parts of a query and the words between them; nothing if the written parts would be another query.

    `toggled` are the places of the parts that are off after a press on this part. `difference` is the change in the number of papers.
    """
    if not rewriting.can_be_written(query):
        return
    places = count()
    for text, is_part in _pieces(query.tree):
        place = next(places) if is_part else -1
        yield {
            "text": text,
            "is_word": not is_part,  # OR, or a bracket
            "is_on": place not in off,
            "toggled": ",".join(map(str, sorted(off ^ {place}))),
            "difference": effects.get(place, ""),  # a number with + or −
        }


def _pieces(tree: Node) -> Iterator[tuple[str, bool]]:
    """Yields (text, whether it is a part) for each part of a query, and for the operators and brackets between them."""
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


def _problem(sentence: Sentence, hint: Sentence, language: Language, line: str, mark: str = "") -> Mapping[str, object]:
    """Returns why a query is refused. `mark`: a line with ^ under the wrong place."""
    said = {"message": sentence.say(language.translate), "hint": hint.say(language.translate)}
    return {"problem": {"line": line, "mark": mark, **said}}


def _notes(query: Query, ending: Ending, language: Language) -> list[str]:
    notes = [hint.say(language.translate) for hint in query.hints]
    if ending.when is not None:
        notes.insert(0, replace(_TIME, values={"when": ending.when}).say(language.translate))
    return notes


def _shown(one: Variant, before: int, found: int, language: Language) -> Mapping[str, str]:
    """Returns a variant as the page shows it. The difference is "" if the variant finds the same number of papers."""
    return {
        "label": results.variant_label(language, one),
        "text": one.text,
        "found": language.number(found),
        "difference": _signed(found - before, language),
    }


def _signed(more: int, language: Language) -> str:
    """Returns a difference with + or −; "" for zero."""
    if not more:
        return ""
    return f"{'+' if more > 0 else '−'}{language.number(abs(more))}"


def page(around: PlatformSurroundings) -> WebPage:
    """Returns the page."""
    playground = Playground(around.store, around.clock, around.encoder)
    return WebPage(path="/playground", answer=playground.show, label=_TITLE)
