"""Reply → messages: the order of its lines, papers and buttons, ✓ and ✗, where a long one is parted, and whether it makes a sound.

Also writes close-ups of a paper, with a head and labelled sections: all its texts, or why it matched.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from bot.ports import channel
from bot.rendering import outline, packing, views
from bot.rendering.delivery_messages import delivery_pages
from bot.rendering.whole_papers import section_pieces, whole_head, whole_sections, why_head, why_sections
from subscriptions import model
from subscriptions.texts import foreign

DONE, REFUSED = "✓", "✗"
_CHUNK = 1000  # characters of one part of a line; a longer line becomes several parts
# columns of a piece of a section, in the order in which they are tried, since some characters take many bytes
_SECTION_ROOMS = (2000, 500, 100)


def render_reply(reply: channel.Reply, chat: model.Chat, *, medium: packing.Medium) -> tuple[model.Message, ...]:
    """Returns the messages of a reply: one, unless it is longer than the platform's limit.

    The order is: the first line with its mark, text of fixed width, the other lines, papers, the delivery. The numbers of
    papers are buttons under the message that shows these papers. Buttons of a card and other buttons are under the last message.
    """
    reader = views.reader_of(chat)
    if _is_card(reply) and medium.beside != "always":
        reply = replace(reply, numbers=(), buttons=reply_rows(reply, reader))
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
    if any(map(_has_text, fragments)):
        return [packing.PaperPart(paper=None, body=(fragment,)) for fragment in fragments]
    return []


def _with_delivery(
    pages: list[packing.Page], below: list[list[packing.Fragment]], medium: packing.Medium, beneath: packing.Size
) -> list[packing.Page]:
    """Returns the pages of the lines, followed by those of the delivery; a single page if everything fits into it."""
    if len(pages) == len(below) == 1:
        both = [*pages[0].fragments, *below[0]]
        if (beneath + packing.total(both)).fits(medium.room):
            return [replace(pages[0], fragments=tuple(both))]
    return [*pages, *(packing.Page(fragments=tuple(fragments), papers=()) for fragments in below)]


def _papers(
    reply: channel.Reply, reader: views.Reader, medium: packing.Medium, beneath: packing.Size
) -> Iterator[packing.PaperPart]:
    """Yields the papers as parts. Here, `PaperPart.paper` is the index of the paper in `reply.items`."""
    for place, item in enumerate(reply.items):
        buttons = views.CardButtons()
        if place < len(reply.numbers) and medium.beside != "never":
            buttons = outline.card_buttons(reply.numbers[place], item, reader.language)
        number, day = reply.first + place, reply.days[place] if reply.days else ""
        view = partial(views.paper_view, item, _with_texts(reader), number=number, day=day)
        measure = views.HEAD
        sections: tuple[views.Section, ...] = ()
        match reply.item_layout:
            case "row":
                measure = outline.measure_of_list(len(reply.items))
            case "card":
                view, measure = partial(view, number=number if len(reply.items) > 1 else 0), views.CARD
            case "whole":
                view, sections = partial(whole_head, item, reader), whole_sections(item, reader)
            case "why":
                view, sections = partial(why_head, item, reader), why_sections(item, reader)
        paper = packing.fitted(view, measure, medium, beneath, buttons)
        opening = None
        if heading := reply.headings.get(place):
            opening = medium.draw(views.Heading(label=heading))
        yield packing.PaperPart(paper=place, body=(paper,), opening=opening)
        for section in sections:
            yield from (
                packing.PaperPart(paper=None, body=(fragment,)) for fragment in _in_pieces(section, medium, beneath)
            )


def _with_texts(reader: views.Reader) -> views.Reader:
    """Returns the reader; one with only titles gets summaries, too, since the person asked about these papers."""
    settings = reader.settings
    if settings.text == "titles":
        return replace(reader, settings=replace(settings, text="summary"))
    return reader


def _in_pieces(section: views.Section, medium: packing.Medium, beneath: packing.Size) -> list[packing.Fragment]:
    """Returns the section in as few pieces as possible, each of which fits into a message."""
    for room in _SECTION_ROOMS:
        fragments = [medium.draw(piece) for piece in section_pieces(section, room)]
        if all(packing.fits(fragment, medium, beneath) for fragment in fragments):
            break
    return fragments


def _views(reply: channel.Reply) -> Iterator[views.Line | views.Code]:
    mark = {True: DONE, False: REFUSED, None: ""}[reply.ok]
    first, rest = (reply.lines[:1] or ("",)), reply.lines[1:]
    lines = [views.Line(text=chunk) for text in first for chunk in _chunks(text)]
    yield replace(lines[0], mark=mark)
    yield from lines[1:]
    yield from (views.Code(text=chunk) for chunk in _blocks(reply.code))
    yield from (views.Line(text=chunk) for text in rest for chunk in _chunks(text))


def _chunks(text: str) -> list[str]:
    plain = foreign.clean_lines(text).rstrip()
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
    rows = (tuple(replace(button, label=foreign.clean(button.label) or "…") for button in row) for row in buttons)
    return tuple(row for row in rows if row)
