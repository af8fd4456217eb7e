"""Delivery → messages: the outline of a delivery, drawn by its platform and packed into as few messages as it allows."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import time

from bot.rendering.lines import Line
from bot.rendering.medium import Medium
from bot.rendering.notices import notice_view
from bot.rendering.outline import Form, Head, Outline, empty_text, outline, root_line
from bot.rendering.packing import Fragment, Page
from bot.rendering.paging import Desk, Layout
from bot.rendering.views import Reader
from subscriptions import Delivery, Kind, Message

_NIGHT = (time(22), time(8))


def delivery_messages(delivery: Delivery, reader: Reader, medium: Medium, layout: Layout = ()) -> tuple[Message, ...]:
    """The messages of a delivery, in order.

    `layout` names the papers of each message that is out already: an edit changes what messages say, not which papers
    they hold.
    """
    sound = _sounds(delivery, reader)
    if delivery.kind is Kind.NOTICE:
        return (_message(medium, 1, [medium.draw(notice_view(delivery.facts, reader.language))], silent=not sound),)
    if not delivery.items:
        return (_message(medium, 1, [medium.draw(Line(text=empty_text(delivery, reader.language)))], silent=not sound),)
    plan = outline(delivery, reader)
    # The chat may have changed its shape since: what is out stays what it is. A thread's first message has no papers.
    if not layout[0] if layout else plan.form is Form.THREAD:
        return _thread(delivery, reader, plan, medium, layout[1:])
    messages = []
    for number, (head, page) in enumerate(_headed(plan, Desk(plan, reader, medium).pages(layout)), start=1):
        fragments = [*([medium.draw(head)] if head else []), *page.fragments]
        messages.append(_message(medium, number, fragments, page.papers, silent=number > 1 or not sound))
    return tuple(messages)


def _thread(delivery: Delivery, reader: Reader, plan: Outline, medium: Medium, layout: Layout) -> tuple[Message, ...]:
    """Slack: one line in the channel, the papers in its thread."""
    inner = replace(plan, head=replace(plan.counted, remark=""), counted=replace(plan.counted, remark=""))
    pages = Desk(inner, reader, medium).pages(layout)
    count = len(pages) + 1
    root = root_line(delivery, reader)
    lines = [medium.draw(Line(text=replace(root, part=f"1/{count}").line))]
    lines += [medium.draw(Line(text=root.remark))] if root.remark else []
    titled = [fragment for page in pages for fragment in page.fragments]
    messages = [_message(medium, 1, lines, silent=True, titled=titled)]
    for number, page in enumerate(pages, start=2):
        head = medium.draw(replace(inner.counted, part=f"{number}/{count}"))
        messages.append(_message(medium, number, [head, *page.fragments], page.papers, silent=True, reply_to=1))
    return tuple(messages)


def _message(
    medium: Medium,
    number: int,
    fragments: Sequence[Fragment],
    papers: tuple[int, ...] = (),
    *,
    silent: bool,
    titled: Sequence[Fragment] = (),
    reply_to: int | None = None,
) -> Message:
    payload, plain = medium.compose(fragments, silent=silent, titled=titled)
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
