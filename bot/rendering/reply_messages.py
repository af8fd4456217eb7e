"""Reply → messages. The lines of a reply are already in the chat's language; its papers are written here.

Also writes close-ups of a paper, with a head and labelled sections: all its texts, or why it matched.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from bot.ports import channel
from bot.rendering import cleaning, outline, packing, views
from bot.rendering.delivery_messages import delivery_pages
from bot.rendering.language import Language
from bot.rendering.plots import plot_text
from subscriptions import model
from subscriptions.errors import Sentence
from subscriptions.matching import fulfilment, reasons
from subscriptions.matching.reasons import Hit
from subscriptions.matching.reasons import why as hits_of
from subscriptions.normalize import tokens
from subscriptions.query import ABOUT, TITLE, papers_of_queries, parse, rewriting
from subscriptions.query.tree import Query
from subscriptions.texts import cutting, summary_states

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
    summaries = list(filter(_usable, views.summaries_of(paper)))
    own = views.in_language(summaries, language.code)
    others = [] if own else summaries
    english = views.in_language(others, "en")
    rest = [] if english else others
    below = [] if views.titled_for(paper, reader.settings) is not paper else translated  # else it is the title already
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


# ------------------------------------------------------------------------------------------------- all texts of a paper


def _all_authors(paper: model.Paper, language: Language) -> str:
    names = [cleaning.isolated(cutting.cut_at_word(name, _NAME_WIDTH)) for name in views.author_names(paper)]
    between = views.between_names(names)
    if len(names) <= _AUTHORS:
        return between.join(names)
    return f"{between.join(names[: _AUTHORS - 1])}{between}… {names[-1]} ({language.number(len(names))})"


def _summary(summaries: Sequence[model.Summary], language: Language) -> Iterator[views.Section]:
    """Yields a section for each usable field of these summaries."""
    for summary in summaries:
        for name, text in _usable(summary).items():
            known = _FIELDS.get(name)
            called = known.say(language.translate) if known else cleaning.clean(name.replace("_", " ")).capitalize()
            yield from _section(called, text, ai=views.AI_MARK)


def _usable(summary: model.Summary) -> dict[str, str]:
    return {name: text for name, text in summary.fields.items() if summary_states.summary_state(text) == "ok"}


def _section(called: str, text: str, *, ai: str = "") -> Iterator[views.Section]:
    if shown := cleaning.readable(cleaning.clean(text[:_LONGEST])):
        yield views.Section(label=called, text=cleaning.Passage((shown,)), ai=ai)


# ---------------------------------------------------------------------------------------------------------- why it came


def _reason(because: model.Because, paper: model.Paper, reader: views.Reader) -> Iterator[views.Section]:
    """Yields the label of the subscription, then the passages with its words.

    If the paper has changed and no longer contains the words, yields the words in place of the passages.
    """
    number = f"{because.number}  " if because.number else ""
    yield views.Section(
        label="" if reader.is_public else f"{number}{views.subscription_label(because, reader)}",
        text=cleaning.Passage(("",)),
    )
    query = _query(because)
    found = hits_of(query, paper) if query else ()
    if query is None or not found:
        words = ", ".join(f"“{cleaning.clean(word)}”" for word in because.words)
        if words:
            yield views.Section(label="", text=cleaning.Passage((words,)), close=True)
        return
    shown = list(query.fields)
    for hit in sorted(found, key=lambda hit: shown.index(hit.field))[:_PASSAGES]:
        place = hit.field.place.say(reader.language.translate)
        named = reader.language.say("{place}:", place=place)
        yield views.Section(label=named, text=_passage(query, hit), close=True)


def _query(because: model.Because) -> Query | None:
    """Returns the query of a subscription; None if it is no longer valid.

    Papers that it names (`like:`) are replaced by the matched words, and what is near in meaning is left out.
    """
    query = parse.query_of(because.text)
    if query is not None and query.asked:
        kept = rewriting.with_leaves(query.tree, lambda leaf: leaf.term.field is not ABOUT)
        query = parse.query_of(rewriting.written(kept)) if kept else None
    if query is None:  # it was stored under an older grammar, or asks only for meaning
        return None
    named = papers_of_queries.papers_named_in(query)
    if not named:
        return query
    others = {token for term in query.terms for token in term.tokens}
    found = [" ".join(tokens(word)) for word in because.words]
    words = tuple((word, fulfilment.THOUSAND) for word in found if word not in others)
    return parse.parse_query(because.text, query.fields.knowing(dict.fromkeys(named, words)))


def _passage(query: Query, hit: Hit) -> cleaning.Passage:
    """Returns the text around the first hit. For fields without running text, such as authors, returns the terms."""
    if not hit.text:
        return cleaning.Passage(("", ", ".join(map(cleaning.clean, hit.terms)), ""))
    text = cleaning.readable(cleaning.clean(hit.text[:_LONGEST]))
    places = reasons.spans(query, text, hit.field)
    if not places:  # the words are inside TeX, which was converted
        return cleaning.Passage((cutting.cut_at_sentence(text, 2 * _SIDE),))
    start, end = places[0]
    passage = cleaning.Passage((text[:start], text[start:end], text[end:]))
    return passage if hit.field is TITLE else _around(passage, _SIDE)


def _around(passage: cleaning.Passage, side: int) -> cleaning.Passage:
    """Returns the passage with at most `side` columns on each side of its hit."""
    before, hit, after = passage.pieces
    return cleaning.Passage(
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
        views.isolated_passage(cleaning.Passage((piece,))) for piece in cutting.pieces(str(section.text), room)
    )
    return (replace(section, text=first), *(views.Section(label="", text=piece) for piece in others))


# -------------------------------------------------------------------------------------------------------------- replies


DONE, REFUSED = "✓", "✗"
_CHUNK = 1000  # characters of one part of a line; a longer line becomes several parts
# columns of a piece of a section, in the order in which they are tried, since some characters take many bytes
_SECTION_ROOMS = (
    2000,
    500,
    100,
)


def render_reply(reply: channel.Reply, chat: model.Chat, *, medium: packing.Medium) -> tuple[model.Message, ...]:
    """Returns the messages of a reply: one, unless it is longer than the platform's limit.

    The order is: the first line with its mark, text of fixed width and the plot, the other lines, papers, the delivery. The numbers of
    papers are buttons under the message that shows these papers. Buttons of a card and other buttons are under the last message.
    """
    reader = views.reader_of(chat)
    if _is_card(reply) and medium.beside != "always":
        reply = replace(reply, numbers=(), buttons=reply_rows(reply, reader))
    if reply.item_layout in ("buttons", "rest") and medium.beside == "never":
        return (packing.message(medium, 1, packing.Contents(silent=True, buttons=_labelled(reply.buttons))),)
    pages = _pages(reply, reader, medium, medium.beneath(_labelled(reply.buttons)))
    messages = []
    for number, page in enumerate(pages, start=1):
        numbers = [reply.numbers[place] for place in page.papers if place < len(reply.numbers)]
        rows = packing.button_rows(numbers) if medium.beside == "never" else ()
        contents = packing.Contents(
            fragments=page.fragments,
            silent=reader.kind is not model.ChatKind.PRIVATE or number > 1,
            buttons=_labelled((*rows, *(reply.buttons if number == len(pages) else ()))),
        )
        messages.append(packing.message(medium, number, contents))
    return tuple(messages)


def reply_rows(reply: channel.Reply, reader: views.Reader) -> channel.Buttons:
    """Returns the buttons of a reply in rows: the numbers of its papers or the buttons of its card, then the other buttons."""
    opens = reply.numbers[0] if reply.numbers else None
    if opens and reply.item_layout == "rest":
        return outline.menu_rows(opens, reply.items[0], reader.language)
    if _is_card(reply):
        card = outline.card_buttons(opens, reply.items[0], reader.language)
        return tuple(row for row in (card.first, card.second, *reply.buttons) if row)
    return tuple(row for row in (reply.numbers, *reply.buttons) if row)


def _is_card(reply: channel.Reply) -> bool:
    return reply.item_layout not in ("row", "why") and len(reply.items) == 1


def _pages(
    reply: channel.Reply, reader: views.Reader, medium: packing.Medium, beneath: packing.Size
) -> list[packing.Page]:
    """Returns the reply in pages. `beneath` is the size of the buttons under the last page."""
    parts = [*_line_parts(reply, medium), *_papers(reply, reader, medium, beneath)]
    most = (medium.numbers or packing.NUMBERS_IN_MESSAGE) if reply.numbers else None
    packed = packing.pack(parts, medium.room, beneath, beneath, most=most)
    pages = [page for page in packed if any(map(_has_text, page.fragments))]  # platforms refuse an empty message
    if reply.delivery is None:
        return pages
    below = delivery_pages(reply.delivery, views.reader_of(reply.delivery.chat), medium, beneath=beneath)
    return _with_delivery(pages, below, medium, beneath)


def _line_parts(reply: channel.Reply, medium: packing.Medium) -> list[packing.PaperPart]:
    """Returns the lines and the text of fixed width as parts; none if all are empty."""
    fragments = [medium.draw(view) for view in _views(reply)]
    return (
        [packing.PaperPart(paper=None, body=(fragment,)) for fragment in fragments]
        if any(map(_has_text, fragments))
        else []
    )


def _with_delivery(
    pages: list[packing.Page], below: list[list[packing.Fragment]], medium: packing.Medium, beneath: packing.Size
) -> list[packing.Page]:
    """Returns the pages of the lines, followed by those of the delivery; a single page if everything fits into it."""
    if len(pages) == len(below) == 1:
        both = [*pages[0].fragments, *below[0]]
        if (beneath + packing.total(both)).fits(medium.room):
            return [replace(pages[0], fragments=tuple(both))]
    return [*pages, *(packing.Page(fragments=tuple(fragments), papers=()) for fragments in below)]


# --------------------------------------------------------------------------------------------------------------- papers


def _papers(
    reply: channel.Reply, reader: views.Reader, medium: packing.Medium, beneath: packing.Size
) -> Iterator[packing.PaperPart]:
    """Yields the papers as parts. Here, `PaperPart.paper` is the index of the paper in `reply.items`."""
    for place, item in enumerate(reply.items):
        opens = reply.numbers[place] if place < len(reply.numbers) and medium.beside != "never" else None
        buttons = outline.card_buttons(opens, item, reader.language) if opens else views.CardButtons()
        number, day = reply.first + place, reply.days[place] if reply.days else ""
        view = partial(views.paper_view, item, _with_texts(reader), number=number, day=day)
        measure = views.HEAD
        sections: tuple[views.Section, ...] = ()
        match reply.item_layout:
            case "row":
                measure = outline.measure_of_list(len(reply.items))
            case "card" | "buttons" | "rest":
                view, measure = partial(view, number=number if len(reply.items) > 1 else 0), views.CARD
            case "whole":
                view, sections = partial(whole_head, item, reader), whole_sections(item, reader)
            case "why":
                view, sections = partial(why_head, item, reader), why_sections(item, reader)
        paper = packing.fitted(view, measure, medium, beneath, buttons)
        heading = reply.headings.get(place)
        opening = medium.draw(views.Heading(label=heading)) if heading else None
        yield packing.PaperPart(paper=place, body=(paper,), opening=opening)
        for section in sections:
            yield from (
                packing.PaperPart(paper=None, body=(fragment,)) for fragment in _in_pieces(section, medium, beneath)
            )


def _with_texts(reader: views.Reader) -> views.Reader:
    """Returns the reader; one with only titles gets summaries, too, since the person asked about these papers."""
    settings = reader.settings
    return replace(reader, settings=replace(settings, text="summary")) if settings.text == "titles" else reader


def _in_pieces(section: views.Section, medium: packing.Medium, beneath: packing.Size) -> list[packing.Fragment]:
    """Returns the section in as few pieces as possible, each of which fits into a message."""
    for room in _SECTION_ROOMS:
        fragments = [medium.draw(piece) for piece in section_pieces(section, room)]
        if all(packing.fits(fragment, medium, beneath) for fragment in fragments):
            break
    return fragments


# ---------------------------------------------------------------------------------------------------------------- lines


def _views(reply: channel.Reply) -> Iterator[views.Line | views.Code]:
    mark = {True: DONE, False: REFUSED, None: ""}[reply.ok]
    first, rest = (reply.lines[:1] or ("",)), reply.lines[1:]
    lines = [views.Line(text=chunk) for text in first for chunk in _chunks(text)]
    yield replace(lines[0], mark=mark)
    yield from lines[1:]
    yield from (views.Code(text=chunk) for chunk in _blocks(reply.code))
    if reply.plot:
        yield views.Code(text=plot_text(reply.plot), plot=reply.plot)
    yield from (views.Line(text=chunk) for text in rest for chunk in _chunks(text))


def _chunks(text: str) -> list[str]:
    plain = cleaning.clean_lines(text).rstrip()
    return [plain[start : start + _CHUNK] for start in range(0, len(plain), _CHUNK)] or [""]


def _blocks(code: Sequence[str]) -> Iterator[str]:
    """Yields lines of fixed width, joined into blocks that fit into a message."""
    block: list[str] = []
    for line in code:
        for chunk in _chunks(line):
            if block and sum(map(len, block)) + len(block) + len(chunk) > _CHUNK:
                yield "\n".join(block)
                block = []
            block.append(chunk)
    if block:
        yield "\n".join(block)


def _has_text(fragment: packing.Fragment) -> bool:
    return not isinstance(fragment.view, views.Line) or bool(fragment.view.text.strip() or fragment.view.mark)


def _labelled(buttons: channel.Buttons) -> channel.Buttons:
    rows = (tuple(replace(button, label=cleaning.clean(button.label) or "…") for button in row) for row in buttons)
    return tuple(row for row in rows if row)
