"""Delivery → messages: the outline of a delivery, drawn by its platform and packed into as few messages as it allows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import time
from types import MappingProxyType

from bot.ports.button import Buttons
from bot.rendering.deliveries.buttons import Keys, Own, keys_of
from bot.rendering.deliveries.notice_view import notice_view
from bot.rendering.deliveries.outline import Form, Outline, empty_text, outline, root_line
from bot.rendering.deliveries.paging import Desk, Layout
from bot.rendering.platforms.registry import MEDIA, Media
from bot.rendering.views.medium import Medium
from bot.rendering.views.packing import Fragment, Page, Size
from bot.rendering.views.papers import TITLES, paper_view
from bot.rendering.views.parts import Head, Line, Root
from bot.rendering.views.reader import Reader, reader_of
from subscriptions.model import Delivery, Kind, Message
from subscriptions.notices.registry import NOTICES, Notices
from subscriptions.platforms import command_prefix

_NIGHT = (time(22), time(8))
_NOTHING = Size()
_GLIMPSED = 2  # titles below the line that a thread hangs on


_NONE: Mapping[str, tuple[str, str]] = MappingProxyType({})


def render_delivery(
    delivery: Delivery,
    layout: Sequence[Sequence[int]] = (),
    *,
    titles: Mapping[str, tuple[str, str]] = _NONE,
    own: Own | None = None,
    notices: Notices = NOTICES,
    media: Media = MEDIA,
) -> tuple[Message, ...]:
    """The messages of a delivery, in order, each within its platform's limits.

    `layout` is for edits: the papers (`Message.papers`) of each message that was sent, which stay where they are.
    `titles` are the sources that want to be named: name in lower case → (title, home or ""). `own` gives the link under
    which strangers subscribe for themselves, "" for none; it is asked only where a chat has that button.
    """
    delivery, reader, medium = (
        _naming(delivery, titles),
        reader_of(delivery.chat),
        media[delivery.chat.address.platform],
    )
    sound = _sounds(delivery, reader)
    if delivery.kind is Kind.NOTICE:
        notice = notice_view(delivery.facts, reader.language, command_prefix(delivery.chat.address), notices)
        return (_message(medium, 1, [medium.draw(notice)], silent=not sound, buttons=notice.buttons),)
    if not delivery.items:
        return (_message(medium, 1, [medium.draw(Line(text=empty_text(delivery, reader)))], silent=not sound),)
    plan = outline(delivery, reader)
    keys = keys_of(delivery, plan, reader, medium, own)
    beneath = medium.beneath(keys.last)
    desk = Desk(plan, reader, medium, numbered=bool(keys.numbers), menus=keys.menus, beneath=beneath)
    # The chat may have changed its shape since: what is out stays what it is. A thread's first message has no papers.
    if not layout[0] if layout else plan.form is Form.THREAD:
        return _thread(delivery, desk, keys, layout[1:])
    return _papers(desk, keys, layout, sound=sound)


def delivery_pages(
    delivery: Delivery, reader: Reader, medium: Medium, *, beneath: Size = _NOTHING
) -> list[list[Fragment]]:
    """The messages of a delivery inside an answer: a thread stands in one row with the rest, and its buttons are left out.

    `beneath` is what the buttons of the answer take.
    """
    if delivery.kind is Kind.NOTICE:
        return [[medium.draw(notice_view(delivery.facts, reader.language, command_prefix(delivery.chat.address)))]]
    if not delivery.items:
        return [[medium.draw(Line(text=empty_text(delivery, reader)))]]
    shape = "digest" if reader.settings.shape == "thread" else reader.settings.shape
    chat = replace(delivery.chat, settings=replace(delivery.chat.settings, shape=shape))
    plan = outline(replace(delivery, chat=chat), reader)
    pages = Desk(plan, reader, medium, beneath=beneath).pages()
    return [[*([medium.draw(head)] if head else []), *page.fragments] for head, page in _headed(plan, pages)]


def _naming(delivery: Delivery, titles: Mapping[str, tuple[str, str]]) -> Delivery:
    """The delivery with the titles of the sources that brought what it shows, in the order of `titles`."""
    brought = {name.casefold() for item in delivery.items if item.shown for name in item.paper.paper.sources}
    named = tuple(title for name, title in titles.items() if name in brought)
    return replace(delivery, facts=replace(delivery.facts, titles=named)) if named else delivery


def _papers(desk: Desk, keys: Keys, layout: Layout, *, sound: bool) -> tuple[Message, ...]:
    draw, pages = desk.medium.draw, desk.pages(layout)
    messages = []
    for number, (head, page) in enumerate(_headed(desk.plan, pages), start=1):
        fragments = [*([draw(head)] if head else []), *page.fragments]
        buttons = keys.under(page.papers, last=number == len(pages))
        silent = number > 1 or not sound
        messages.append(_message(desk.medium, number, fragments, page.papers, silent=silent, buttons=buttons))
    return tuple(messages)


def _thread(delivery: Delivery, desk: Desk, keys: Keys, layout: Layout) -> tuple[Message, ...]:
    """Slack: one line in the channel with the first titles, the papers in its thread; only what stands there is counted."""
    draw, head = desk.medium.draw, replace(desk.plan.counted, remark="")
    pages = replace(desk, plan=replace(desk.plan, head=head, counted=head)).pages(layout)
    titled = [fragment for page in pages for fragment in page.fragments]
    messages = [_message(desk.medium, 1, [draw(_root(delivery, desk))], silent=True, titled=titled)]
    for number, page in enumerate(pages, start=1):
        part = f"{number}/{len(pages)}" if len(pages) > 1 else ""
        shown = [draw(replace(head, part=part)), *page.fragments]
        buttons = keys.under(page.papers, last=number == len(pages))
        messages.append(_message(desk.medium, number + 1, shown, page.papers, silent=True, reply_to=1, buttons=buttons))
    return tuple(messages)


def _root(delivery: Delivery, desk: Desk) -> Root:
    head, items = root_line(delivery, desk.reader), [item for group in desk.plan.groups for item in group.items]
    first = [
        f"{number} {paper_view(item, desk.reader, TITLES).title}" for number, item in enumerate(items[:_GLIMPSED], 1)
    ]
    left, count = len(delivery.items) - len(first), desk.reader.language.count
    more = count("and {count} more in the thread", "and {count} more in the thread", left) if first and left else ""
    return Root(line=head.line, remark=head.remark, titles=tuple(first), more=more)


def _message(
    medium: Medium,
    number: int,
    fragments: Sequence[Fragment],
    papers: tuple[int, ...] = (),
    *,
    silent: bool,
    titled: Sequence[Fragment] = (),
    reply_to: int | None = None,
    buttons: Buttons = (),
) -> Message:
    payload, plain = medium.compose(fragments, silent=silent, titled=titled, buttons=buttons)
    return Message(number=number, payload=payload, plain=plain, reply_to=reply_to, papers=papers)


def _headed(plan: Outline, pages: Sequence[Page]) -> Iterator[tuple[Head | None, Page]]:
    """Each message with its header: "2/3" in each of several, the remark in the first."""
    for number, page in enumerate(pages, start=1):
        if len(pages) == 1:
            yield plan.head, page
        else:
            head = replace(plan.counted, part=f"{number}/{len(pages)}")
            yield head if number == 1 else replace(head, remark=""), page


def _sounds(delivery: Delivery, reader: Reader) -> bool:
    """Whether the first message may make a sound: by day, if the chat wants it; only private chats do by default."""
    if reader.settings.sound != "first":
        return False
    now = reader.language.local(delivery.due + delivery.facts.late).time()
    start, end = _night(reader.settings.quiet)
    asleep = start <= now or now < end if start > end else start <= now < end
    return not asleep


def _night(quiet: str) -> tuple[time, time]:
    """The chat's quiet hours, "22:00-08:00"; a chat without them sleeps at night all the same."""
    try:
        start, end = (time.fromisoformat(part.strip()) for part in quiet.split("-"))
    except ValueError:
        return _NIGHT
    return start, end
