"""What a query finds before anyone subscribes to it: while a person types a text, and on the playground.

While a person types: the papers of the last days that match, their number, and suggestions to continue the text. The playground
shows the meaning of a query, its matches among the papers of the last days, and the number of matches of its variants.
"""

import asyncio
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import count

from bot.commands import results
from bot.commands.intent import REGISTRY
from bot.commands.phrasing import days_known
from bot.commands.search import query_of
from bot.commands.words.intents import command_in
from bot.dependencies.questions import is_encoded
from bot.platforms.web.channel import new_once
from bot.platforms.web.markup import Web, chat_in
from bot.ports import conversation
from bot.ports.channel import Clock
from bot.ports.meaning import Encoder
from bot.rendering import templating, views
from bot.rendering.language import Language, caret, query_in_words
from bot.rendering.outline import measure_of_list
from bot.rendering.reply_messages import why_sections
from subscriptions import errors, model
from subscriptions.planning.times import Ending, split_when
from subscriptions.query import advice, rewriting
from subscriptions.query.advice import Variant
from subscriptions.query.parse import parse_query, texts_asked
from subscriptions.query.tree import And, Leaf, Node, Not, Or, Query
from subscriptions.service import recent_matches
from subscriptions.service.near_papers import with_words
from subscriptions.service.questions import texts_without
from subscriptions.service.recent_matches import Base
from subscriptions.store.database.store import Store

PATH = "/finds"
SHOWN_WHILE_TYPED = 5  # papers
SUGGESTED = 6  # suggestions to continue the text
LONGEST_WHILE_TYPED = 500  # characters of a text that is looked up while a person types it
_LEAST = 2  # letters of a name or category that must be typed before it is completed
Suggestion = tuple[str, str]  # (the continued text, its meaning)
SHOWN = 10  # papers of a query
LONGEST = 2000  # characters of a query in a link that are used; the parser refuses a query of this length
MOST_AT_ONCE = 2  # queries that are looked up at the same time, so that visitors do not slow down the bot
_TITLE = errors.Sentence("Playground")
_WORDS = {
    "about": errors.Sentence(
        "Try what a query finds among the papers of the last days. Nothing is stored until you subscribe."
    ),
    "query": errors.Sentence("Query"),
    "look": errors.Sentence("look"),
    "parts": errors.Sentence("Parts of the query, each to be switched off and on"),
    "reading": errors.Sentence("How it is read"),
    "subscribe": errors.Sentence("subscribe"),
    "variants": errors.Sentence("What a change would do"),
    "change": errors.Sentence("Change"),
    "papers": errors.Sentence("Papers"),
    "difference": errors.Sentence("Difference"),
    "same": errors.Sentence("the same"),
    "newest": errors.Sentence("The newest"),
    "examples": errors.Sentence("For example:"),
}
_EXAMPLES = ("diffusion models -survey", "cat:cs.CL agents", 'title:"large language model" reasoning', "author:Guibas")
_TIME = errors.Sentence("The time at the end, {when}, is no part of the query.")
_NO_QUERY = errors.Sentence("This is a time without a query.")


class Playground:
    """The playground, and the page that returns what a text would find while a person types it.

    Only our own script uses that second page. Without scripts, the chat itself answers.
    """

    def __init__(self, store: Store, clock: Clock, encoder: Encoder | None = None) -> None:
        self._store = store
        self._clock = clock
        self._encoder = encoder
        self._typing, self._trying = asyncio.Semaphore(MOST_AT_ONCE), asyncio.Semaphore(MOST_AT_ONCE)

    def pages(self) -> tuple[conversation.WebPage, ...]:
        """Returns the pages."""
        return (
            conversation.WebPage(path=PATH, answer=self.find),
            conversation.WebPage(path="/playground", answer=self.show, label=_TITLE),
        )

    async def find(self, asked: conversation.PageRequest) -> conversation.PageResponse:
        """Returns JSON: the number of papers in words, the papers as HTML, and suggestions."""
        async with self._typing:
            found = await asyncio.to_thread(self._found, asked.query.get("q", "")[:LONGEST_WHILE_TYPED], asked.frame)
        return conversation.PageResponse(body=json.dumps(found, ensure_ascii=False), kind="application/json")

    def _found(self, typed: str, frame: conversation.PageFrame) -> dict[str, object]:
        chat = chat_in(self._store, frame)
        language = Language(frame.language, chat.settings.timezone)
        suggestions = [*self._suggestions(typed, language)][:SUGGESTED]
        answer: dict[str, object] = {"count": "", "papers": "", "suggestions": suggestions}
        for text in _readings(typed.strip()):
            try:
                query = parse_query(split_when(text).query)
                found = recent_matches.recent_matches(self._store, query, now=self._clock.now(), most=SHOWN_WHILE_TYPED)
            except errors.PaperwireError:  # the query is not finished yet, or it is wrong and the chat will refuse it
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

    async def show(self, asked: conversation.PageRequest) -> conversation.PageResponse:
        """Shows the matches of the query in the link, without the parts that are off. Without a query, shows how to begin."""
        async with self._trying:
            texts = texts_asked(split_when(asked.query.get("q", "")[:LONGEST]).query)
            if texts and self._encoder is not None:
                missing = await self._store.run(texts_without, texts)
                await is_encoded(self._store, self._encoder, missing)
            return conversation.PageResponse(body=await asyncio.to_thread(self._drawn, asked))

    def _drawn(self, asked: conversation.PageRequest) -> str:
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
            return templating.draw_part("tried.html", frame, words=_WORDS, **shown)
        return templating.draw_page("playground.html", frame, _TITLE, words=_WORDS, **shown)

    def _tried(self, typed: str, off: frozenset[int], chat: model.Chat, spoken: str) -> Mapping[str, object]:
        """Returns what the page shows about a query, or why the query is refused."""
        language, ending = Language(spoken, chat.settings.timezone), split_when(typed)
        if ending.only_time:
            return _problem(_NO_QUERY, errors.Sentence(""), language, typed)
        try:
            query = with_words(self._store, parse_query(ending.query)) if typed else None
            wanted, excluded = _without(query, off) if query else (None, None)
        except errors.QueryError as error:
            return _problem(error.sentence, error.hint, language, *caret(ending.query, error.column))
        except (errors.Refused, errors.MeaningFails) as error:
            return _problem(error.sentence, error.hint, language, typed)
        toggles = _toggles(query, off) if query else {}
        others = {one.text: one for one in advice.variants(wanted)} if wanted else {}
        queries = {one.text: one for one in toggles.values()}
        queries |= {text: parse_query(text, wanted.fields) for text in others if wanted and text not in queries}
        matches, found = recent_matches.recent_variants(
            self._store, wanted, queries, excluded=excluded, now=self._clock.now(), most=SHOWN
        )
        by_effect = sorted(others, key=lambda text: -abs(found[text] - matches.found))
        effects = {place: _signed(found[one.text] - matches.found, language) for place, one in toggles.items()}
        text, reading = (wanted.text, query_in_words(wanted, language.translate)) if wanted else ("", "")
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


def _readings(typed: str) -> Iterator[str]:
    """Yields queries that a text may mean: the text, the text with its last word as a prefix, the query in a sentence.

    The query in a sentence comes last, because reading a sentence for the first time takes a second.
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


def draw_papers(
    papers: Sequence[model.KnownPaper], query: Query | None, chat: model.Chat, *, alone: bool = False
) -> str:
    """Returns papers as HTML, as in a reply, with the words marked that the query found. `alone`: one paper at full length.

    If the shown text of a paper contains none of these words, passages with them are below it.
    """
    reader, medium, shown = views.reader_of(chat), Web(), []
    measure = views.CARD if alone else measure_of_list(len(papers))
    for item in results.result_items(papers, query):
        html = medium.draw(views.paper_view(item, reader, measure, number=0 if alone else item.position + 1)).markup
        shown.append(html)
        if query and "<mark>" not in html:
            because = tuple(model.Because(number=0, text=query.text, words=one.words) for one in item.because)
            found = model.Item(paper=item.paper, because=because, position=item.position)
            shown += [medium.draw(passage).markup for passage in why_sections(found, reader) if passage.close]
    return "\n".join(shown)


# ------------------------------------------------------------------------------------------------------- the playground


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
    except errors.QueryError:  # only exclusions are left
        return None, parse_query(f"-({text})", query.fields)


def _toggles(query: Query, off: frozenset[int]) -> Mapping[int, Query]:
    """Returns {place of a part: the query after a press on that part}, for the first MOST parts."""
    found = {}
    for place in range(min(advice.MOST, sum(is_part for _, is_part in _pieces(query.tree)))):
        with suppress(errors.QueryError):
            if wanted := _without(query, off ^ {place})[0]:
                found[place] = wanted
    return found


def _parts(query: Query, off: frozenset[int], effects: Mapping[int, str]) -> Iterator[Mapping[str, object]]:
    """Yields the parts of a query and the words between them; nothing if the written parts would be another query.

    `toggled` are the places of the parts that are off after a press on this part. `difference` is the change in the number of papers.
    """
    places = count()
    for text, is_part in _pieces(query.tree) if rewriting.can_be_written(query) else ():
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


def _problem(
    sentence: errors.Sentence, hint: errors.Sentence, language: Language, line: str, mark: str = ""
) -> Mapping[str, object]:
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
    return f"+{language.number(more)}" if more > 0 else f"−{language.number(-more)}" if more else ""
