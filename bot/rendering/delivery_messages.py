"""Renders a delivery (papers, or a stored notice) → messages: where it is parted or shortened, and which makes a sound (quiet hours)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType

from bot.ports.channel import Button
from bot.rendering import outline, packing, views
from subscriptions import model
from subscriptions.planning.cadence import quiet_until

_ANY_PART = "99/99"  # in place of a part such as "2/3" when the head's size is measured; wider parts are not expected


@dataclass(frozen=True, slots=True)
class Paginator:
    """Lays out one delivery for one platform."""

    plan: outline.Outline
    reader: views.Reader
    medium: packing.Medium
    numbered: bool = False  # whether the papers' numbers are buttons under their message
    beside: Mapping[int, views.CardButtons] = field(default_factory=dict)  # paper id -> the buttons beside it
    beneath: packing.Size = field(default=packing.Size())  # the size of the buttons under the last message

    def pages(self) -> list[packing.Page]:
        """Returns the pages of the delivery."""
        room, first_head = self.medium.room, self._head_size()
        parts = self._parts(first_head)
        if self.plan.form == "each":
            return [page for part in parts for page in packing.pack([part], room, first_head, first_head)]
        most = self.medium.numbers if self.numbered else None
        alone = self.beneath + (self.medium.draw(self.plan.head).size if self.plan.head else packing.Size())
        pages = packing.pack(parts, room, alone, first_head, most=most)
        if len(pages) == 1:
            return pages
        return packing.pack(parts, room, first_head, self._head_size(remark=False), most=most)

    def _head_size(self, *, remark: bool = True) -> packing.Size:
        head = replace(self.plan.counted, part=_ANY_PART)
        return self.beneath + self.medium.draw(head if remark else replace(head, remark="")).size

    def _parts(self, head: packing.Size) -> list[packing.PaperPart]:
        """Returns each paper with the lines that must be in the same message. `head` is the size of a message's head.

        The last paper has the closing lines of the delivery.
        """
        draw = self.medium.draw
        closing = [draw(group.more) for group in self.plan.groups if group.more and not group.items]
        closing += [draw(self.plan.tail)] if self.plan.tail else []
        count = sum(len(group.items) for group in self.plan.groups)
        parts: list[packing.PaperPart] = []
        for group in self.plan.groups:
            ends = len(parts) + len(group.items) == count
            parts += self._group(group, len(parts), head, closing if ends else [])
        return parts or [packing.PaperPart(paper=None, body=tuple(closing))]

    def _group(
        self, group: outline.SubscriptionPapers, before: int, head: packing.Size, closing: Sequence[packing.Fragment]
    ) -> list[packing.PaperPart]:
        """Returns the parts of a group. `before` is the number of papers above the group; `closing` follows its last paper."""
        heading, again, parts = None, None, []
        if group.heading:
            heading = self.medium.draw(group.heading)
            again = self.medium.draw(replace(group.heading, continued=True))
            head += heading.size
        more = [self.medium.draw(group.more)] if group.more else []
        for place, item in enumerate(group.items, start=1):
            is_last = place == len(group.items)
            below = (*more, *closing) if is_last else ()
            is_named = self.plan.why == "all" or (self.plan.why == "last" and is_last and not more)
            paper = self._fitted(item, before + place, head + packing.total(below), why=is_named)
            opening = heading if place == 1 else None
            parts.append(packing.PaperPart(paper=item.paper.id, body=(paper, *below), opening=opening, again=again))
        return parts

    def _fitted(self, item: model.Item, number: int, beside: packing.Size, *, why: bool) -> packing.Fragment:
        """Returns the paper at its usual length; shorter only if it and `beside` do not fit into one message."""
        if not self.numbered and self.plan.form not in {"rows", "thread"}:
            number = 0
        view = partial(views.paper_view, item, self.reader, number=number, why=why)
        buttons = self.beside.get(item.paper.id, views.CardButtons())
        return packing.fitted(view, self.plan.measure, self.medium, beside, buttons)


_NIGHT = "22:00-08:00"  # the quiet hours of a chat that has none
_NOTHING = packing.Size()
_ROOT_TITLES = 2  # titles of papers in the message that begins a thread


_NO_SUBJECT = views.Subject()
_NO_TITLES: Mapping[str, tuple[str, str]] = MappingProxyType({})


def render_delivery(
    delivery: model.Delivery,
    *,
    medium: packing.Medium,
    titles: Mapping[str, tuple[str, str]] = _NO_TITLES,
    make_link: outline.MakeLink | None = None,
) -> tuple[model.Message, ...]:
    """Returns the messages of a delivery, in order, each within its platform's limits.

    `medium` is that of the chat's platform. `titles` are the sources to name at the end: name in lower case ->
    (title, home page or ""). `make_link` returns the link of the button "get your own", "" for none. `make_link` is
    called only for chats that have that button.
    """
    reader = views.reader_of(delivery.chat)
    makes_sound = _makes_sound(delivery, reader)
    view = _without_papers(delivery, reader)
    if view is not None:
        below = view.buttons if isinstance(view, views.NoticeView) else ()
        contents = packing.Contents(fragments=[medium.draw(view)], silent=not makes_sound, buttons=below)
        return (packing.message(medium, 1, contents),)
    delivery = _with_source_titles(delivery, titles)
    plan = outline.outline(delivery, reader)
    buttons = outline.delivery_buttons(delivery, plan, reader, medium, make_link)
    paginator = Paginator(
        plan,
        reader,
        medium,
        numbered=bool(buttons.numbers),
        beside=buttons.beside,
        beneath=medium.beneath(buttons.last),
    )
    if plan.form == "thread":
        return tuple(_thread_messages(delivery, paginator, buttons))
    about, pages = outline.subject(delivery, reader), paginator.pages()
    return tuple(_paper_messages(paginator, pages, buttons, makes_sound=makes_sound, about=about))


def delivery_pages(
    delivery: model.Delivery, reader: views.Reader, medium: packing.Medium, *, beneath: packing.Size = _NOTHING
) -> list[list[packing.Fragment]]:
    """Returns the messages of a delivery that is shown in a reply: the fragments of each, without buttons.

    A thread is laid out as a digest.

    `beneath` is the size of the reply's buttons.
    """
    view = _without_papers(delivery, reader)
    if view is not None:
        return [[medium.draw(view)]]
    if reader.settings.shape == "thread":
        settings = replace(delivery.chat.settings, shape="digest")
        delivery = replace(delivery, chat=delivery.chat._replace(settings=settings))
    plan = outline.outline(delivery, reader)
    paginator = Paginator(plan, reader, medium, beneath=beneath)
    return list(_headed(paginator, paginator.pages()))


def _without_papers(delivery: model.Delivery, reader: views.Reader) -> views.NoticeView | views.Line | None:
    """Returns the view of a delivery that is a notice, or has no papers; None for any other."""
    if delivery.kind is model.DeliveryKind.NOTICE:
        title, *lines = delivery.facts.lines
        row = tuple(Button(label=label, data=callback_id) for label, callback_id in delivery.facts.buttons)
        return views.NoticeView(title=title, lines=tuple(lines), buttons=(row,) if row else ())
    if not delivery.items:
        return views.Line(text=outline.empty_text(delivery, reader))
    return None


def _with_source_titles(delivery: model.Delivery, titles: Mapping[str, tuple[str, str]]) -> model.Delivery:
    """Returns the delivery with the titles of those sources whose papers it shows, in the order of `titles`."""
    sources = {name.casefold() for item in delivery.items if item.shown for name in item.paper.paper.sources}
    named = tuple(title for name, title in titles.items() if name in sources)
    if named:
        return replace(delivery, facts=replace(delivery.facts, titles=named))
    return delivery


def _paper_messages(
    paginator: Paginator,
    pages: Sequence[packing.Page],
    buttons: outline.DeliveryButtons,
    *,
    makes_sound: bool = False,
    about: views.Subject = _NO_SUBJECT,
    reply_to: int = 0,
) -> Iterator[model.Message]:
    """Yields a message for each page. `reply_to`: the number of the message to which they reply; 0: to none."""
    for number, (page, fragments) in enumerate(zip(pages, _headed(paginator, pages), strict=True), start=1):
        below = buttons.under(page.papers, last=number == len(pages))
        silent = number > 1 or not makes_sound
        contents = packing.Contents(fragments=fragments, buttons=below, silent=silent, subject=about)
        yield packing.message(paginator.medium, reply_to + number, contents, page.papers, reply_to=reply_to or None)


def _thread_messages(
    delivery: model.Delivery, paginator: Paginator, buttons: outline.DeliveryButtons
) -> Iterator[model.Message]:
    """Yields one message in the channel with the first titles, and messages with the papers in its thread."""
    head = replace(paginator.plan.counted, remark="")
    below = replace(paginator, plan=replace(paginator.plan, head=head, counted=head))
    pages = below.pages()
    titled = [fragment for page in pages for fragment in page.fragments]
    root = paginator.medium.draw(_root(delivery, paginator))
    yield packing.message(paginator.medium, 1, packing.Contents(fragments=[root], silent=True, titled=titled))
    yield from _paper_messages(below, pages, buttons, reply_to=1)


def _root(delivery: model.Delivery, paginator: Paginator) -> views.Root:
    """Returns the message in the channel that begins the thread."""
    reader = paginator.reader
    items = [item for group in paginator.plan.groups for item in group.items][:_ROOT_TITLES]
    titles = tuple(
        f"{number} {views.paper_view(item, reader, views.TITLES).title}" for number, item in enumerate(items, 1)
    )
    left, count = len(delivery.items) - len(titles), reader.language.count
    more = ""
    if titles and left:
        more = count("and {count} more in the thread", "and {count} more in the thread", left)
    return outline.root(delivery, reader, titles, more)


def _headed(paginator: Paginator, pages: Sequence[packing.Page]) -> Iterator[list[packing.Fragment]]:
    """Yields the fragments of each page, below its head. Only the first of several heads has the remark."""
    plan = paginator.plan
    for number, page in enumerate(pages, start=1):
        head = plan.head
        if len(pages) > 1:
            head = replace(plan.counted, part=f"{number}/{len(pages)}")
        if head and number > 1:
            head = replace(head, remark="")
        yield [*([paginator.medium.draw(head)] if head else []), *page.fragments]


def _makes_sound(delivery: model.Delivery, reader: views.Reader) -> bool:
    """Returns whether the first message makes a sound: in a private chat, outside the quiet hours."""
    if reader.kind is not model.ChatKind.PRIVATE:
        return False
    quiet = _NIGHT
    if "-" in reader.settings.quiet:
        quiet = reader.settings.quiet
    return quiet_until(quiet, reader.language.zone, delivery.due + delivery.facts.late) is None
