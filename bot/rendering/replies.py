"""A reply → messages: the order of its lines, papers and buttons, and where a long one is divided.

Also close-ups of a paper, with a head and labelled sections: all its texts, or why it came.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from bot.messages import Buttons, Reply
from bot.rendering.buttons import card_buttons
from bot.rendering.deliveries import delivery_pages
from bot.rendering.packing import Fragment, Page, Part, Renderer, Size, fitted, messages, pack, total
from bot.rendering.papers import (
    AI_MARK,
    gone,
    in_language,
    paper_view,
    readable,
    subscription_label,
    summaries_of,
    titled_for,
    translations_of,
    usable_fields,
)
from bot.rendering.views import (
    CARD,
    HEAD,
    ROW,
    WHOLE,
    CardButtons,
    Code,
    Heading,
    Line,
    Measure,
    PaperView,
    Passage,
    Reader,
    Section,
    measure_of_list,
    reader_of,
)
from subscriptions import model
from subscriptions.errors import sentences
from subscriptions.language import Language
from subscriptions.matching import reasons
from subscriptions.query import FIELDS, TITLE, parse, rewriting
from subscriptions.query.tree import Query
from subscriptions.text.cutting import clean, clean_lines, cut_at_sentence, cut_at_word, pieces
from subscriptions.text.words import tokens

DONE, REFUSED = "✓", "✗"
_WITHOUT_TEXT = replace(ROW, text=0, abstract=0)
_CHUNK = 1000  # characters of one part of a line; a longer line becomes several parts
# columns of a piece of a section; of a smaller piece, where a platform counts characters that take many bytes
_SECTION_ROOMS = (2000, 500, 100)
_SIDE = 100  # columns of text on each side of a hit
_PASSAGES = 6  # passages that are shown for one subscription

_FIELDS = sentences(
    {
        "tldr": "In short",
        "motivation": "Motivation",
        "method": "Method",
        "result": "Result",
        "conclusion": "Conclusion",
    }
)


def render_reply(reply: Reply, chat: model.Chat, *, renderer: Renderer) -> tuple[model.Message, ...]:
    """Return the messages of a reply: one, unless it is longer than the platform's limit.

    The order is: the first line with its mark, text of fixed width, the other lines, papers, the delivery. The numbers
    of papers are buttons under the message that shows these papers. Buttons of a card and other buttons are under the
    last message.
    """
    reader = reader_of(chat)
    if _is_card(reply) and renderer.beside != "always":
        reply = replace(reply, numbers=(), buttons=reply_rows(reply, reader))
    last = _labelled(reply.buttons)
    pages = _pages(reply, reader, renderer, renderer.beneath(last))
    return messages(renderer, pages, last=last, silent=chat.kind is not model.ChatKind.PRIVATE)


def reply_rows(reply: Reply, reader: Reader) -> Buttons:
    """Return the buttons of a reply in rows: the numbers of its papers or the buttons of its card, then the others."""
    if _is_card(reply):
        card = card_buttons(reply.numbers[0] if reply.numbers else None, reply.items[0], reader.language)
        return tuple(row for row in (card.first, card.second, *reply.buttons) if row)
    return tuple(row for row in (reply.numbers, *reply.buttons) if row)


def _is_card(reply: Reply) -> bool:
    return reply.item_layout not in ("row", "why") and len(reply.items) == 1


def _labelled(buttons: Buttons) -> Buttons:
    rows = (tuple(replace(button, label=clean(button.label) or "…") for button in row) for row in buttons)
    return tuple(row for row in rows if row)


def _pages(reply: Reply, reader: Reader, renderer: Renderer, beneath: Size) -> list[Page]:
    """Return the reply in pages. `beneath` is the size of the buttons under the last page."""
    lines = [renderer.draw(view) for view in _lines(reply)]
    parts = [Part((line,)) for line in lines] if any(map(_has_text, lines)) else []
    packed = pack([*parts, *_papers(reply, reader, renderer, beneath)], renderer, beneath)
    pages = [page for page in packed if any(map(_has_text, page.fragments))]  # platforms refuse an empty message
    below = delivery_pages(reply.delivery, renderer, beneath, reply.numbers) if reply.delivery else []
    if len(pages) == 1 and below:
        both = (*pages[0].fragments, *below[0].fragments)
        if (beneath + total(both)).fits(renderer.room):
            return [replace(below[0], fragments=both), *below[1:]]
    return pages + below


def _lines(reply: Reply) -> Iterator[Line | Code]:
    first, *others = reply.lines or ("",)
    mark = {True: DONE, False: REFUSED, None: ""}[reply.ok]
    for text in _chunks(first):
        yield Line(text, mark=mark)
        mark = ""
    yield from (Code(block) for block in _blocks(reply.code))
    yield from (Line(chunk) for text in others for chunk in _chunks(text))


def _chunks(text: str) -> list[str]:
    plain = clean_lines(text).rstrip()
    return [plain[start : start + _CHUNK] for start in range(0, len(plain), _CHUNK)] or [""]


def _blocks(code: Sequence[str]) -> Iterator[str]:
    """Yield lines of fixed width, joined into blocks that fit into a message."""
    block: list[str] = []
    for line in code:
        for chunk in _chunks(line):
            if block and sum(map(len, block)) + len(block) + len(chunk) > _CHUNK:
                yield "\n".join(block)
                block = []
            block.append(chunk)
    if block:
        yield "\n".join(block)


def _has_text(fragment: Fragment) -> bool:
    return not isinstance(fragment.view, Line) or bool(fragment.view.text.strip() or fragment.view.mark)


def _papers(reply: Reply, reader: Reader, renderer: Renderer, beneath: Size) -> Iterator[Part]:
    """Yield the papers, each followed by its sections."""
    layout, of_list = reply.item_layout, measure_of_list(len(reply.items))
    measure = {"whole": WHOLE, "why": HEAD, "card": CARD}.get(layout, of_list)
    is_numbered = layout == "row" or (layout == "card" and len(reply.items) > 1)
    if reader.settings.text == "titles":  # the person asked about these papers
        reader = replace(reader, settings=replace(reader.settings, text="summary"))
    for place, item in enumerate(reply.items):
        opens = reply.numbers[place] if place < len(reply.numbers) else None
        buttons = CardButtons(opens=opens)
        if opens and renderer.beside != "never":
            buttons = card_buttons(opens, item, reader.language)
        number, day = reply.first + place if is_numbered else 0, reply.days[place] if reply.days else ""
        view = partial(paper_view, item, reader, number=number, day=day)
        sections: Iterable[Section] = ()
        if layout == "whole":
            sections = whole_sections(item.paper.paper, reader)
        elif layout == "why":
            view, sections = partial(_why_head, item, reader), why_sections(item, reader)
        heading = reply.headings.get(place)
        measure = _WITHOUT_TEXT if heading else measure
        paper = fitted(view, measure, renderer, beneath, buttons)
        yield Part((paper,), opening=renderer.draw(Heading(heading)) if heading else None)
        for section in sections:
            for fragment in _in_pieces(section, renderer, beneath):
                yield Part((fragment,))


def _why_head(item: model.Item, reader: Reader, measure: Measure) -> PaperView:
    """Return the head of a close-up, without the line that names subscriptions."""
    return replace(paper_view(item, reader, measure), why="")


def whole_sections(paper: model.Paper, reader: Reader) -> Iterator[Section]:
    """Yield the texts of a paper, first those in the chat's language. Includes at most one of its summaries.

    A summary in another language is used only if there is none in the chat's language. A paper that was withdrawn or
    retracted has none.
    """
    language = reader.language
    translated = in_language(translations_of(paper), language.code)
    summaries = [] if gone(paper, language) else list(filter(usable_fields, summaries_of(paper)))
    own, english = in_language(summaries, language.code), in_language(summaries, "en")
    if titled_for(paper, reader.settings) is paper:  # the translated title is not the title already
        for one in translated:
            yield from _section(language.say("Title, translated"), one.title)
    yield from _summary(own[:1], language)
    for one in translated:
        yield from _section(language.say("Abstract, translated"), one.abstract)
    yield from _summary([] if own else english[:1], language)
    yield from _section(language.say("Abstract"), paper.abstract)
    yield from _section(language.say("Comment"), paper.comment)
    yield from _summary([] if own or english else summaries[:1], language)


def _summary(summaries: Sequence[model.Summary], language: Language) -> Iterator[Section]:
    """Yield a section for each usable field of these summaries."""
    for summary in summaries:
        for name, text in usable_fields(summary).items():
            known = _FIELDS.get(name)
            called = language.say(known) if known else clean(name.replace("_", " ")).capitalize()
            yield from _section(called, text, ai=AI_MARK)


def _section(called: str, text: str, *, ai: str = "") -> Iterator[Section]:
    if shown := readable(text):
        yield Section(called, Passage((shown,)), ai=ai)


def why_sections(item: model.Item, reader: Reader) -> Iterator[Section]:
    """Yield for each subscription that brought the paper its label, except in public, and the passages with its words.

    If the paper has changed and no longer contains the words, yields the words in place of the passages.
    """
    for because in item.because:
        if not reader.is_public:
            number = f"{because.number}  " if because.number else ""
            yield Section(f"{number}{subscription_label(because)}", Passage(("",)))
        query = _query(because)
        found = reasons.why(query, item.paper.paper) if query else ()
        if query is None or not found:
            if words := ", ".join(f"“{clean(word)}”" for word in because.words):
                yield Section("", Passage((words,)), close=True)
            continue
        for hit in sorted(found, key=lambda hit: FIELDS.index(hit.field))[:_PASSAGES]:
            named = reader.language.say("{place}:", place=reader.language.say(hit.field.place))
            yield Section(named, _passage(query, hit), close=True)


def _query(because: model.MatchReason) -> Query | None:
    """Return the query of a subscription without what asks for nearness.

    None if nothing is left, or it is not valid now.
    """
    query = parse.query_of(because.text)
    if query is None or not query.nearness_terms:
        return query
    kept = rewriting.with_leaves(query.tree, lambda leaf: not leaf.term.field.kind.needs_vectors)
    return parse.query_of(rewriting.written(kept)) if kept else None


def _passage(query: Query, hit: reasons.Hit) -> Passage:
    """Return the text around the hit that has the most of the words near it.

    For fields without running text, such as authors, returns the terms.
    """
    if not hit.text:
        return Passage(("", ", ".join(map(clean, hit.terms)), ""))
    text = readable(hit.text)
    places = reasons.spans(query, text, hit.field)
    if not places:  # the words are inside TeX, which was converted
        return Passage((cut_at_sentence(text, 2 * _SIDE),))
    start, end = max(places, key=lambda place: len(_words_near(place, places, text)))
    passage = Passage((text[:start], text[start:end], text[end:]))
    return passage if hit.field is TITLE else _around(passage, _SIDE)


def _words_near(place: tuple[int, int], places: Sequence[tuple[int, int]], text: str) -> set[str]:
    """Return the words of the hits that are shown with the hit at this place."""
    near = (text[start:end] for start, end in places if place[0] - _SIDE < start < place[1] + _SIDE)
    return {word for hit in near for word in tokens(hit)}


def _around(passage: Passage, side: int) -> Passage:
    """Return the passage with at most `side` columns on each side of its hit."""
    before, hit, after = passage.pieces
    return Passage(
        (
            cut_at_word(before[::-1], side)[::-1],
            cut_at_word(hit, 2 * side),
            cut_at_word(after, side),
        )
    )


def _in_pieces(section: Section, renderer: Renderer, beneath: Size) -> list[Fragment]:
    """Return the section in as few pieces as possible, each of which fits into a message."""
    for room in _SECTION_ROOMS:
        fragments = [renderer.draw(piece) for piece in _pieces(section, room)]
        if all((beneath + fragment.size).fits(renderer.room) for fragment in fragments):
            break
    return fragments


def _pieces(section: Section, room: int) -> Iterator[Section]:
    """Yield the section in pieces of about `room` columns, cut between sentences. Only the first piece has the label.

    A passage with a hit stays one piece and is shortened on both sides.
    """
    if section.text.has_hit:
        yield replace(section, text=_around(section.text, room // 2).isolated())
        return
    for place, piece in enumerate(pieces(str(section.text), room)):
        text = Passage((piece,)).isolated()
        yield replace(section, text=text) if place == 0 else Section("", text)
