"""All texts of a paper, and why it came, in sections: their order, how many authors and passages."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bot.rendering import cleaning, marked_hits, views
from subscriptions import model
from subscriptions.errors import Sentence
from subscriptions.language import Language
from subscriptions.matching import reasons
from subscriptions.matching.reasons import Hit
from subscriptions.matching.reasons import why as hits_of
from subscriptions.query import TITLE, parse, rewriting
from subscriptions.query.tree import Query
from subscriptions.texts import cutting, foreign

_AUTHORS = 40  # authors that are shown, since some papers have thousands
_NAME_WIDTH = 60
_SIDE = 100  # columns of text on each side of a hit
_PASSAGES = 6  # passages that are shown for one subscription
_LONGEST = 8000  # characters of a text that are used

_FIELDS = {
    "tldr": Sentence("In short"),
    "motivation": Sentence("Motivation"),
    "method": Sentence("Method"),
    "result": Sentence("Result"),
    "conclusion": Sentence("Conclusion"),
}


def whole_head(item: model.Item, reader: views.Reader, measure: views.Measure = views.HEAD) -> views.PaperView:
    """Returns the head of a close-up with all authors and categories.

    If `measure` cuts the title, authors and categories are cut, too.
    """
    view = views.paper_view(item, reader, measure)
    if measure.title < views.HEAD.title:
        return view
    paper = item.paper.paper
    return replace(
        view, authors=_all_authors(paper, reader.language), categories=", ".join(views.category_names(paper))
    )


def whole_sections(item: model.Item, reader: views.Reader) -> tuple[views.Section, ...]:
    """Returns the texts of a paper, first those in the chat's language. Includes at most one of its summaries.

    A summary in another language is used only if there is none in the chat's language.
    """
    paper, language = item.paper.paper, reader.language
    translated = views.in_language(views.translations_of(paper), language.code)
    summaries = list(filter(views.usable_fields, views.summaries_of(paper)))
    own = views.in_language(summaries, language.code)
    english, rest = views.in_language(summaries, "en"), summaries
    if own:
        english = []
    if own or english:
        rest = []
    below = translated
    if views.titled_for(paper, reader.settings) is not paper:  # it is the title already
        below = []
    return (
        *(part for one in below for part in _section(language.say("Title, translated"), one.title)),
        *_summary(own[:1], language),
        *(part for one in translated for part in _section(language.say("Abstract, translated"), one.abstract)),
        *_summary(english[:1], language),
        *_section(language.say("Abstract"), paper.abstract),
        *_section(language.say("Comment"), paper.comment),
        *_summary(rest[:1], language),
    )


def why_head(item: model.Item, reader: views.Reader, measure: views.Measure = views.HEAD) -> views.PaperView:
    """Returns the head of a close-up, without the line that names subscriptions."""
    return replace(views.paper_view(item, reader, measure), why="")


def why_sections(item: model.Item, reader: views.Reader) -> tuple[views.Section, ...]:
    """Returns sections for each subscription that matched the paper: its label, and the passages with its words."""
    return tuple(section for because in item.because for section in _reason(because, item.paper.paper, reader))


def _all_authors(paper: model.Paper, language: Language) -> str:
    names = [foreign.short(name, _NAME_WIDTH) for name in views.author_names(paper)]
    between = views.between_names(names)
    if len(names) <= _AUTHORS:
        return between.join(names)
    return f"{between.join(names[: _AUTHORS - 1])}{between}… {names[-1]} ({language.number(len(names))})"


def _summary(summaries: Sequence[model.Summary], language: Language) -> Iterator[views.Section]:
    """Yields a section for each usable field of these summaries."""
    for summary in summaries:
        for name, text in views.usable_fields(summary).items():
            known = _FIELDS.get(name)
            called = language.say(known) if known else foreign.clean(name.replace("_", " ")).capitalize()
            yield from _section(called, text, ai=views.AI_MARK)


def _section(called: str, text: str, *, ai: str = "") -> Iterator[views.Section]:
    if shown := cleaning.readable(foreign.clean(text[:_LONGEST])):
        yield views.Section(label=called, text=marked_hits.Passage((shown,)), ai=ai)


def _reason(because: model.Because, paper: model.Paper, reader: views.Reader) -> Iterator[views.Section]:
    """Yields the label of the subscription, then the passages with its words.

    If the paper has changed and no longer contains the words, yields the words in place of the passages.
    """
    number = f"{because.number}  " if because.number else ""
    yield views.Section(
        label="" if reader.is_public else f"{number}{views.subscription_label(because)}",
        text=marked_hits.Passage(("",)),
    )
    query = _query(because)
    found = hits_of(query, paper) if query else ()
    if query is None or not found:
        words = ", ".join(f"“{foreign.clean(word)}”" for word in because.words)
        if words:
            yield views.Section(label="", text=marked_hits.Passage((words,)), close=True)
        return
    shown = list(query.fields)
    for hit in sorted(found, key=lambda hit: shown.index(hit.field))[:_PASSAGES]:
        place = reader.language.say(hit.field.place)
        named = reader.language.say("{place}:", place=place)
        yield views.Section(label=named, text=_passage(query, hit), close=True)


def _query(because: model.Because) -> Query | None:
    """Returns the query of a subscription without what asks for nearness; None if nothing is left, or it is not valid now."""
    query = parse.query_of(because.text)
    if query is None or not query.nearness_terms:
        return query
    kept = rewriting.with_leaves(query.tree, lambda leaf: not leaf.term.field.kind.needs_vectors)
    return parse.query_of(rewriting.written(kept)) if kept else None


def _passage(query: Query, hit: Hit) -> marked_hits.Passage:
    """Returns the text around the first hit. For fields without running text, such as authors, returns the terms."""
    if not hit.text:
        return marked_hits.Passage(("", ", ".join(map(foreign.clean, hit.terms)), ""))
    text = cleaning.readable(foreign.clean(hit.text[:_LONGEST]))
    places = reasons.spans(query, text, hit.field)
    if not places:  # the words are inside TeX, which was converted
        return marked_hits.Passage((cutting.cut_at_sentence(text, 2 * _SIDE),))
    start, end = places[0]
    passage = marked_hits.Passage((text[:start], text[start:end], text[end:]))
    if hit.field is TITLE:
        return passage
    return _around(passage, _SIDE)


def _around(passage: marked_hits.Passage, side: int) -> marked_hits.Passage:
    """Returns the passage with at most `side` columns on each side of its hit."""
    before, hit, after = passage.pieces
    return marked_hits.Passage(
        (
            cutting.cut_at_word(before[::-1], side)[::-1],
            cutting.cut_at_word(hit, 2 * side),
            cutting.cut_at_word(after, side),
        )
    )


def section_pieces(section: views.Section, room: int) -> tuple[views.Section, ...]:
    """Returns the section in pieces of about `room` columns, cut between sentences. Only the first piece has the label.

    A passage with a hit stays one piece and is shortened on both sides.
    """
    if section.text.has_hit:
        return (replace(section, text=views.isolated_passage(_around(section.text, room // 2))),)
    first, *others = (
        views.isolated_passage(marked_hits.Passage((piece,))) for piece in cutting.pieces(str(section.text), room)
    )
    return (replace(section, text=first), *(views.Section(label="", text=piece) for piece in others))
