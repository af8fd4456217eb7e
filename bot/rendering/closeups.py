"""Close-ups of a paper: all its texts, or why it matched. Each is a head and sections with labels."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bot.rendering import papers
from bot.rendering.cleaning import Passage, clean, isolated
from bot.rendering.language import Language
from bot.rendering.parts import Reader, Section
from bot.rendering.tex import readable
from subscriptions import cutting
from subscriptions.errors import Sentence
from subscriptions.matching.hits import THOUSAND, Hit, spans
from subscriptions.matching.hits import why as hits_of
from subscriptions.model import Because, Item, Paper, Summary
from subscriptions.normalize import tokens
from subscriptions.query import TITLE, Query, parse

_AUTHORS = 40  # shown of a collaboration of thousands
_NAME_WIDTH = 60
_SIDE = 100  # columns of a text on each side of a hit
_PASSAGES = 6  # shown for one subscription
_LONGEST = 8000  # characters of a text that are read

_FIELDS = {
    "tldr": Sentence("In short"),
    "motivation": Sentence("Motivation"),
    "method": Sentence("Method"),
    "result": Sentence("Result"),
    "conclusion": Sentence("Conclusion"),
}


def whole_head(item: Item, reader: Reader, measure: papers.Measure = papers.HEAD) -> papers.PaperView:
    """Returns the head with title, all authors and all categories; with the short lists if `measure` cuts the title."""
    view = papers.paper_view(item, reader, measure)
    if measure.title < papers.HEAD.title:
        return view
    paper = item.paper.paper
    return replace(
        view, authors=_all_authors(paper, reader.language), categories=", ".join(papers.category_names(paper))
    )


def whole_sections(item: Item, reader: Reader) -> tuple[Section, ...]:
    """Returns all texts of a paper, those in the chat's language first, then the original abstract and summaries in other languages."""
    paper, language = item.paper.paper, reader.language
    own = [summary for summary in paper.summaries if _is_in_language(summary.language, language) and _usable(summary)]
    others = [summary for summary in paper.summaries if not own and _usable(summary)]
    english = [summary for summary in others if summary.language.partition("-")[0].lower() == "en"]
    rest = [] if english else others
    return (
        *_translated(paper, language, title=True),
        *_summary(own[:1], language),
        *_translated(paper, language, title=False),
        *_summary(english[:1], language),
        *_section(language.say("Abstract"), paper.abstract),
        *_section(language.say("Comment"), paper.comment),
        *_summary(rest[:1], language),
    )


def why_head(item: Item, reader: Reader, measure: papers.Measure = papers.HEAD) -> papers.PaperView:
    """Returns the head with title, authors and categories, without the line of subscriptions."""
    return replace(papers.paper_view(item, reader, measure), why="")


def why_sections(item: Item, reader: Reader) -> tuple[Section, ...]:
    """Returns for each subscription that matched the paper, its label and the passages with its words."""
    return tuple(section for because in item.because for section in _reason(because, item.paper.paper, reader))


# ---------------------------------------------------------------------------------------------------- all that is known


def _all_authors(paper: Paper, language: Language) -> str:
    names = [isolated(cutting.cut_at_word(name, _NAME_WIDTH)) for name in papers.author_names(paper)]
    if len(names) <= _AUTHORS:
        return ", ".join(names)
    return f"{', '.join(names[: _AUTHORS - 1])}, … {names[-1]} ({language.number(len(names))})"


def _translated(paper: Paper, language: Language, *, title: bool) -> Iterator[Section]:
    for translation in paper.translations:
        if _is_in_language(translation.language, language) and title:
            yield from _section(language.say("Title, translated"), translation.title)
        elif _is_in_language(translation.language, language):
            yield from _section(language.say("Abstract, translated"), translation.abstract)


def _summary(summaries: Sequence[Summary], language: Language) -> Iterator[Section]:
    """Yields the usable fields of these summaries as sections."""
    for summary in summaries:
        for name, text in _usable(summary).items():
            known = _FIELDS.get(name)
            called = known.say(language.translate) if known else clean(name).capitalize()
            yield from _section(called, text, ai=papers.AI_MARK)


def _usable(summary: Summary) -> dict[str, str]:
    return {name: text for name, text in summary.fields.items() if cutting.summary_state(text) == "ok"}


def _section(called: str, text: str, *, ai: str = "") -> Iterator[Section]:
    if shown := readable(clean(text[:_LONGEST])):
        yield Section(label=called, text=Passage((shown,)), ai=ai)


def _is_in_language(code: str, language: Language) -> bool:
    return code.partition("-")[0].lower() == language.code


# --------------------------------------------------------------------------------------------------------- why it came


def _reason(because: Because, paper: Paper, reader: Reader) -> Iterator[Section]:
    """Yields the subscription, then the passages with its words.

    If the paper has changed and lost them, yields only the words.
    """
    number = f"{because.number}  " if because.number else ""
    yield Section(
        label="" if reader.is_public else f"{number}{papers.subscription_label(because, reader)}", text=Passage(("",))
    )
    query = _query(because)
    found = hits_of(query, paper) if query else ()
    if query is None or not found:
        words = ", ".join(f"“{clean(word)}”" for word in because.words)
        if words:
            yield Section(label="", text=Passage((words,)), close=True)
        return
    shown = list(query.fields)
    for hit in sorted(found, key=lambda hit: shown.index(hit.field))[:_PASSAGES]:
        place = hit.field.place.say(reader.language.translate)
        named = reader.language.say("{place}:", place=place)
        yield Section(label=named, text=_passage(query, hit), close=True)


def _query(because: Because) -> Query | None:
    """Returns the query of a subscription that names papers to be near to, with the words found at the match."""
    query = parse.query_of(because.text)
    if query is None:  # stored under an older grammar
        return None
    named = parse.papers_named_in(query)
    if not named:
        return query
    others = {token for term in query.terms for token in term.tokens}
    found = [" ".join(tokens(word)) for word in because.words]
    words = tuple((word, THOUSAND) for word in found if word not in others)
    return parse.parse_query(because.text, query.fields.knowing(dict.fromkeys(named, words)))


def _passage(query: Query, hit: Hit) -> Passage:
    """Returns the text around the first hit; for authors, categories and so on the terms that were hit."""
    if not hit.text:
        return Passage(("", ", ".join(map(clean, hit.terms)), ""))
    text = readable(clean(hit.text[:_LONGEST]))
    places = spans(query, text, hit.field)
    if not places:  # the words are within TeX, which was converted
        return Passage((cutting.cut_at_sentence(text, 2 * _SIDE),))
    start, end = places[0]
    passage = Passage((text[:start], text[start:end], text[end:]))
    return passage if hit.field is TITLE else _around(passage, _SIDE)


def _around(passage: Passage, side: int) -> Passage:
    """Returns the passage with at most `side` columns on each side of its hit."""
    before, hit, after = passage.pieces
    return Passage(
        (
            cutting.cut_at_word(before[::-1], side)[::-1],
            cutting.cut_at_word(hit, 2 * side),
            cutting.cut_at_word(after, side),
        )
    )


def section_pieces(section: Section, room: int) -> tuple[Section, ...]:
    """Returns the section in pieces of about `room` columns, cut at sentences; only the first piece has the label.

    A passage with a hit is one piece, shortened on both sides.
    """
    if section.text.has_hit:
        return (replace(section, text=papers.isolated_passage(_around(section.text, room // 2))),)
    first, *others = (papers.isolated_passage(Passage((piece,))) for piece in cutting.pieces(str(section.text), room))
    return (replace(section, text=first), *(Section(label="", text=piece) for piece in others))
