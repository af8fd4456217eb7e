"""Outline → pages: papers are drawn, shortened if they fit into no message, and packed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.rendering.outline import DeliveryForm, Outline, SubscriptionPapers
from bot.rendering.packing import Fragment, Medium, Page, PaperPart, Size, pack, pages_as_sent, total
from bot.rendering.papers import CardButtons, paper_view, shrinking_measures
from bot.rendering.parts import Reader
from subscriptions.model import Item

_ANY_PART = "99/99"  # the widest that is expected

Layout = Sequence[Sequence[int]]


@dataclass(frozen=True, slots=True)
class Paginator:
    """Lays one delivery out for one platform."""

    plan: Outline
    reader: Reader
    medium: Medium
    numbered: bool = False  # whether the papers' numbers are buttons under their message
    beside: Mapping[int, CardButtons] = field(default_factory=dict)  # paper id -> the buttons beside it
    beneath: Size = field(default=Size())  # size of the buttons under the last message

    def pages(self, layout: Layout = ()) -> list[Page]:
        """Returns the pages of the delivery. `layout`, for edits, has the papers of each message that was sent."""
        if layout:
            return self._as_sent(layout)
        room, first_head = self.medium.room, self._head_size()
        parts = self._parts(first_head)
        if self.plan.form is DeliveryForm.EACH:
            return [page for part in parts for page in pack([part], room, first_head, first_head)]
        most = self.medium.numbers if self.numbered else None
        alone = self.beneath + (self.medium.draw(self.plan.head).size if self.plan.head else Size())
        pages = pack(parts, room, alone, first_head, most=most)
        if len(pages) == 1:
            return pages
        return pack(parts, room, first_head, self._head_size(remark=False), most=most)

    def _as_sent(self, layout: Layout) -> list[Page]:
        """Returns the papers in the messages in which they were sent, all shortened until each message holds its papers."""
        head = self._head_size()
        for measure in shrinking_measures(self.plan.measure):
            paginator = replace(self, plan=replace(self.plan, measure=measure))
            pages = pages_as_sent(paginator._parts(head), layout)  # noqa: SLF001 - its own class
            if all((head + total(page.fragments)).fits(self.medium.room) for page in pages):
                break
        return pages

    def _head_size(self, *, remark: bool = True) -> Size:
        head = replace(self.plan.counted, part=_ANY_PART)
        return self.beneath + self.medium.draw(head if remark else replace(head, remark="")).size

    def _parts(self, head: Size) -> list[PaperPart]:
        """Each paper with what must be in its message; `head` is the size of a head. The last part has the closing lines."""
        draw = self.medium.draw
        closing = [draw(group.more) for group in self.plan.groups if group.more and not group.items]
        closing += [draw(self.plan.tail)] if self.plan.tail else []
        count = sum(len(group.items) for group in self.plan.groups)
        parts: list[PaperPart] = []
        for group in self.plan.groups:
            ends = len(parts) + len(group.items) == count
            parts += self._group(group, len(parts), head, closing if ends else [])
        return parts or [PaperPart(paper=None, body=tuple(closing))]

    def _group(
        self, group: SubscriptionPapers, before: int, head: Size, closing: Sequence[Fragment]
    ) -> list[PaperPart]:
        """Returns the parts of a group. `before` papers precede the group; `closing` follows its last paper."""
        heading = self.medium.draw(group.heading) if group.heading else None
        again = self.medium.draw(replace(group.heading, continued=True)) if group.heading else None
        more = [self.medium.draw(group.more)] if group.more else []
        head += heading.size if heading else Size()
        parts = []
        for place, item in enumerate(group.items, start=1):
            below = (*more, *closing) if place == len(group.items) else ()
            paper = self._fitted(item, before + place, head + total(below))
            opening = heading if place == 1 else None
            parts.append(PaperPart(paper=item.paper.id, body=(paper, *below), opening=opening, again=again))
        return parts

    def _fitted(self, item: Item, number: int, beside: Size) -> Fragment:
        """Returns the paper as long as its form allows, shorter only if it fits into no message together with `beside`."""
        counted = self.numbered or self.plan.form in {DeliveryForm.ROWS, DeliveryForm.THREAD}
        for measure in shrinking_measures(self.plan.measure):
            all_named = self.plan.why == "all"
            view = paper_view(item, self.reader, measure, number=number if counted else 0, why=all_named)
            fragment = self.medium.draw(replace(view, buttons=self.beside.get(item.paper.id, CardButtons())))
            if fragment.is_within_limits and (beside + fragment.size).fits(self.medium.room):
                break
        return fragment
