"""A delivery → messages: cards, rows, titles or a thread, by the number of papers.

Pure functions. `packing` parts a delivery into messages.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from types import MappingProxyType
from typing import Literal

from bot.messages import Button, Buttons, Row
from bot.rendering import papers
from bot.rendering.buttons import card_buttons, paper_url, web_url
from bot.rendering.packing import Fragment, Page, Part, Renderer, Size, fitted, messages, pack, total
from bot.rendering.views import (
    CARD,
    TITLES,
    CardButtons,
    Head,
    Heading,
    Line,
    Measure,
    More,
    NewsView,
    NoticeView,
    PaperView,
    Reader,
    Root,
    Tail,
    measure_of_list,
    reader_of,
)
from subscriptions.language import Language
from subscriptions.model import ChatKind, Delivery, DeliveryKind, Item, Message, Paper, PaperNews
from subscriptions.outbox.notices import missing_line
from subscriptions.schedule.cadence import quiet_until
from subscriptions.text.cutting import clean, cut_at_word, short

# "cards": up to five papers with their texts. "rows": a digest. "each": one message per paper. "thread": one message in the
# channel, and the digest in its thread.
DeliveryForm = Literal["cards", "rows", "each", "thread"]
MakeLink = Callable[[Delivery], str]

_CARDS_UP_TO = 5
_IN_A_ROW = 5  # buttons of a notice
_THREAD_ABOVE = 3
_ROOT_TITLES = 2  # titles of papers in the message that begins a thread
_LONGEST_QUOTATION = 3000
_MANY_WITHOUT_SUMMARY = 3
_SOURCES = 5
_SOURCE_WIDTH = 60
_REASON_WIDTH = 120
_NEWS_LINES = 3  # of a paper whose texts are too long for a message
_NIGHT = "22:00-08:00"  # the quiet hours of a chat that has none
_ANY_PART = "99/99"  # in place of a part such as "2/3" when the head's size is measured; wider parts are not expected
_NO_TITLES: Mapping[str, tuple[str, str]] = MappingProxyType({})


def render_delivery(
    delivery: Delivery,
    *,
    renderer: Renderer,
    titles: Mapping[str, tuple[str, str]] = _NO_TITLES,
    make_link: MakeLink | None = None,
) -> tuple[Message, ...]:
    """Return the messages of a delivery, in order, each within its platform's limits.

    `renderer` is that of the chat's platform. `titles` are the sources to name at the end: name in lower case ->
    (title, home page or ""). `make_link` returns the link of the button "get your own", "" for none. `make_link` is
    called only for chats that have that button.
    """
    silent = not _makes_sound(delivery)
    buttons = tuple(Button(label, data=callback_id) for label, callback_id in delivery.facts.buttons)
    rows = tuple(buttons[at : at + _IN_A_ROW] for at in range(0, len(buttons), _IN_A_ROW))
    if alone := _without_papers(delivery, renderer, renderer.beneath(rows)):
        return messages(renderer, alone, last=rows, silent=silent)
    bulletin = _Bulletin(delivery, renderer, titles)
    last = bulletin.add_buttons(make_link)
    pages = bulletin.pages(renderer.beneath(last))
    is_thread = bulletin.form == "thread"
    if is_thread:
        pages = [bulletin.root(pages), *pages]
    return messages(
        renderer,
        pages,
        last=last,
        silent=silent,
        subject=bulletin.subject(),
        about=bulletin.label,
        is_thread=is_thread,
    )


def delivery_pages(delivery: Delivery, renderer: Renderer, beneath: Size, numbers: Row = ()) -> list[Page]:
    """Return the messages of a delivery that is shown in a reply, without the first of a thread.

    `beneath` is the size of the reply's buttons. `numbers` has for each shown paper, in the order of the delivery, the
    button that opens its card; in the messages each has the number of its paper.
    """
    if alone := _without_papers(delivery, renderer, beneath):
        return alone
    bulletin = _Bulletin(delivery, renderer, in_reply=True)
    opens = {item.paper.id: button for item, button in zip(_shown(delivery.items), numbers, strict=False)}
    bulletin.opens = {
        item.paper.id: replace(opens[item.paper.id], label=str(number))
        for number, item in enumerate(bulletin.shown, start=1)
        if item.paper.id in opens
    }
    return bulletin.pages(beneath)


def _makes_sound(delivery: Delivery) -> bool:
    """Return whether the first message makes a sound: in a private chat, outside the quiet hours."""
    if delivery.chat.kind is not ChatKind.PRIVATE:
        return False
    reader = reader_of(delivery.chat)
    quiet = reader.settings.quiet if "-" in reader.settings.quiet else _NIGHT
    return quiet_until(quiet, reader.language.zone, delivery.due + delivery.facts.late) is None


def _without_papers(delivery: Delivery, renderer: Renderer, beneath: Size) -> list[Page]:
    """Return the messages of a delivery that is a notice, or has no papers; [] for any other."""
    if delivery.kind is DeliveryKind.NOTICE:
        title, *lines = delivery.facts.lines
        head, reader = renderer.draw(NoticeView(title, lines=tuple(lines))), reader_of(delivery.chat)
        news = (_fitted_news(one, renderer, beneath) for one in _news(delivery.facts.news, reader))
        return pack([Part((one,)) for one in (head, *news)], renderer, beneath)
    if not delivery.items:
        text = _empty_text(delivery, reader_of(delivery.chat))
        return [Page((renderer.draw(Line(text)),))]
    return []


def _news(told: Sequence[PaperNews], reader: Reader) -> Iterator[NewsView]:
    for number, one in enumerate(told, 1):
        known = Paper(key=one.title, title=one.title, arxiv_id=one.arxiv_id, doi=one.doi, url=one.url)
        yield NewsView(
            number=str(number) if len(told) > 1 else "",
            title=short(papers.readable(one.title) or one.arxiv_id or one.doi or one.url or "–", TITLES.title),
            url=paper_url(known),
            is_gone=one.is_gone,
            lines=tuple(_news_line(text, web_url(address), reader.language) for text, address in one.lines),
        )


def _news_line(text: str, address: str, language: Language) -> tuple[str, str, str]:
    text, label = short(text, _REASON_WIDTH * 2), cut_at_word(address.partition("://")[2], TITLES.title)
    return language.say("{event}: {detail}", event=text, detail="") if label else text, label, address


def _fitted_news(view: NewsView, renderer: Renderer, beneath: Size) -> Fragment:
    """Return the news of a paper: of very long texts only as many lines as fit into a message."""
    shorter = (replace(view, lines=view.lines[:most]) for most in (_NEWS_LINES, 1, 0))
    for one in (view, *shorter, replace(view, lines=(), url="")):
        fragment = renderer.draw(one)
        if (beneath + fragment.size).fits(renderer.room):
            break
    return fragment


def _empty_text(delivery: Delivery, reader: Reader) -> str:
    """Return the text of a delivery without papers.

    How many papers came, that none matched or that these were shown before, and when the next is due.
    """
    language, facts = reader.language, delivery.facts
    days = language.days(facts.days, seen_from=language.local(delivery.due).date()) if facts.days else ""
    if facts.seen:
        text = language.count(
            "The only paper that matched was shown here before.",
            "The {count} papers that matched were shown here before.",
            facts.seen,
        )
    elif not facts.known:
        text = (
            language.say("No papers came on {days}.", days=days) if days else language.say("No new papers have come.")
        )
    elif days:
        text = language.count(
            "The only paper of {days} did not match.",
            "None of {count} papers of {days} matched.",
            facts.known,
            days=days,
        )
    else:
        text = language.count("The only paper did not match.", "None of {count} papers matched.", facts.known)
    if facts.asked and not reader.is_public:
        text = language.say("{name}: {text}", name=short(facts.asked, _REASON_WIDTH), text=text)
    next_line = language.say("The first that matches comes at once.")
    if facts.next_due:
        moment = language.moment(facts.next_due, about=facts.next_about)
        next_line = language.say("Next: {moment}.", moment=moment)
    return language.joined(*filter(None, (text, _missing(delivery, reader), next_line)))


def _missing(delivery: Delivery, reader: Reader) -> str:
    """Return a line about missing sources; "" if none is missing or the chat is public."""
    missing = delivery.facts.missing
    names = short(missing.names, _REASON_WIDTH) if missing else ""
    if missing is None or not names or reader.is_public:
        return ""
    return missing_line(replace(missing, names=names), reader.language)


def _by_subscription(items: Sequence[Item]) -> list[list[Item]]:
    """Return the papers grouped by their first subscription: smaller groups first, then by their first papers."""
    groups: dict[int, list[Item]] = {}
    for item in items:
        groups.setdefault(item.because[0].number if item.because else 0, []).append(item)
    return sorted(groups.values(), key=len)


def _shown(items: Sequence[Item]) -> list[Item]:
    return [item for item in items if item.shown]


class _Bulletin:
    """A delivery with papers as its reader sees it: its form, its papers in order, the lines around them."""

    def __init__(
        self,
        delivery: Delivery,
        renderer: Renderer,
        titles: Mapping[str, tuple[str, str]] = _NO_TITLES,
        *,
        in_reply: bool = False,
    ) -> None:
        """`in_reply`: lines above it say how many papers they are, and of which days."""
        self.delivery, self.renderer, self.titles = delivery, renderer, titles
        self.in_reply = in_reply
        self.reader = reader_of(delivery.chat)
        self.language = self.reader.language
        self.form = self._form(len(_shown(delivery.items)))
        self.is_list = self.form in ("rows", "thread")
        groups = _by_subscription(delivery.items)
        self.label = self._label(groups[0]) if len(groups) == 1 else ""
        # A heading costs one line, but saves a line under each of its papers.
        self.has_headings = self.is_list and not self.reader.is_public and 1 < len(groups) < len(delivery.items)
        if not self.has_headings:
            groups = [[item for group in groups for item in group] if self.is_list else [*delivery.items]]
        self.groups = groups
        self.shown = [item for group in groups for item in _shown(group)]
        self.opens: dict[int, Button] = {}  # paper id -> the button that opens its card

    def _form(self, shown: int) -> DeliveryForm:
        chat, few = self.delivery.chat, 0 < shown <= _CARDS_UP_TO
        if chat.settings.shape == "each" and few:
            return "each"
        # A thread cannot contain a thread.
        if chat.settings.shape == "thread" and not chat.address.topic:
            return "thread" if shown > _THREAD_ABOVE else "cards"
        if few and (self.delivery.kind is DeliveryKind.ALERT or chat.kind is ChatKind.PRIVATE):
            return "cards"
        return "rows"

    def _label(self, group: Sequence[Item]) -> str:
        """Return the label of the subscription of a group; "" in a public chat."""
        if group[0].because and not self.reader.is_public:
            return papers.subscription_label(group[0].because[0])
        return ""

    def add_buttons(self, make_link: MakeLink | None) -> Buttons:
        """Give the papers their buttons, as far as the renderer shows any. Return the rows under the last message.

        Those are the buttons of the only card, [show more] and [get your own].
        """
        delivery, language, renderer = self.delivery, self.language, self.renderer
        if not renderer.has_numbers and renderer.beside == "never":
            return ()
        if self.reader.settings.buttons == "link":
            link = make_link(delivery) if make_link else ""
            return ((Button(language.say("get your own"), url=link),),) if link else ()
        if self.reader.settings.buttons != "full" or self.reader.is_public:  # in public, strangers could press them
            return ()
        self.opens = {
            item.paper.id: Button(name="card", label=str(number), data=f"d{delivery.id}.c{item.position}")
            for number, item in enumerate(self.shown, start=1)
        }
        last: Buttons = ()
        if self.form == "cards" and len(self.shown) == 1 and renderer.beside != "always":
            card = card_buttons(self.opens.popitem()[1], self.shown[0], language)
            last = (card.first, card.second)
        if hidden := len(delivery.items) - len(self.shown):
            label = language.say("show {count} more", count=language.number(hidden))
            last += ((Button(label, data=f"d{delivery.id}.m"),),)
        return last

    def pages(self, beneath: Size) -> list[Page]:
        """Return the messages with their heads. `beneath`: the size of the buttons below the last one."""
        draw, head = self.renderer.draw, self._head()
        taken = beneath + draw(replace(head, part=_ANY_PART)).size
        parts = list(self._parts(taken))
        pages = [Page(part.body) for part in parts] if self.form == "each" else pack(parts, self.renderer, taken)
        if len(pages) == 1 and not (self.is_list and head.line) and not head.remark:
            return pages
        headed = []
        for number, page in enumerate(pages, start=1):
            part = f"{number}/{len(pages)}" if len(pages) > 1 else ""
            headed.append(replace(page, fragments=(draw(replace(head, part=part)), *page.fragments)))
            head = replace(head, remark="")
        return headed

    def _parts(self, taken: Size) -> Iterator[Part]:
        """Yield each paper with the lines that must be in the same message.

        `taken`: the size of a message's head and buttons.

        The last paper has the closing lines of the delivery.
        """
        closing = self._closing()
        if not self.shown:
            yield Part(closing)
        is_named_above = self.is_list and bool(self.label or self.has_headings)
        is_named_last = self.form == "cards" and bool(self.label) and len(self.shown) > 1
        number = 0
        for group in self.groups:
            opening = again = None
            room = taken
            if self.has_headings:
                heading = Heading(self._label(group), count=self.language.number(len(group)))
                opening, again = self.renderer.draw(heading), self.renderer.draw(replace(heading, continued=True))
                room += opening.size
            more, shown = self._more(group), _shown(group)
            for item in shown:
                number += 1
                ends_group = item is shown[-1]
                below = more if ends_group else ()
                names_all = not is_named_above and (not is_named_last or (ends_group and not more))
                if item is self.shown[-1]:
                    below += closing
                paper = self._paper(item, number, room + total(below), why=names_all)
                yield Part((paper, *below), opening, again)
                opening = None

    def _paper(self, item: Item, number: int, room: Size, *, why: bool) -> Fragment:
        """Return a paper with the buttons beside it. `room`: the size of what is in the same message."""
        opens, has_numbers_below = self.opens.get(item.paper.id), self.renderer.beside == "never"
        is_numbered = self.is_list or (opens and has_numbers_below)
        view = partial(papers.paper_view, item, self.reader, number=number if is_numbered else 0, why=why)
        card = CardButtons(opens=opens)
        if opens and not has_numbers_below:
            card = card_buttons(opens, item, self.language)
        return fitted(view, self._measure(), self.renderer, room, card)

    def _measure(self) -> Measure:
        measure = measure_of_list(len(self.shown)) if self.is_list else CARD
        # Readers of a public chat cannot open a card, so the message has the abstract as a quotation.
        if self.reader.is_public and len(self.shown) <= _CARDS_UP_TO and self.reader.settings.text != "titles":
            return replace(measure, quotation=_LONGEST_QUOTATION)
        return measure

    def _more(self, group: Sequence[Item]) -> tuple[Fragment, ...]:
        """Return the line with the number of a group's papers beyond the chat's limit; none if there are none."""
        hidden = len(group) - len(_shown(group))
        if not hidden:
            return ()
        name, count = self._label(group) if self.has_headings else self.label, self.language.number(hidden)
        text = self.language.say("and {count} more", count=count)
        if name:
            text = self.language.say("and {count} more in “{name}”", count=count, name=name)
        return (self.renderer.draw(More(text)),)

    def _closing(self) -> tuple[Fragment, ...]:
        """Return the last lines: what is left out of groups without a shown paper, what is missing, the sources."""
        hidden = [line for group in self.groups if not _shown(group) for line in self._more(group)]
        notes = tuple(filter(None, (self._without_summary(), _missing(self.delivery, self.reader))))
        names = {name.casefold() for item in self.shown for name in item.paper.paper.sources}
        titles = [title for name, title in self.titles.items() if name in names and clean(title[0])][:_SOURCES]
        sources = tuple((short(title, _SOURCE_WIDTH), web_url(home)) for title, home in titles)
        if not notes and not sources:
            return tuple(hidden)
        tail = Tail(notes=notes, sources_before=self.language.say("from "), sources=sources)
        return (*hidden, self.renderer.draw(tail))

    def _without_summary(self) -> str:
        """Return a line if at least three papers lack a usable summary, and other papers have one or one failed.

        Else "".
        """
        if not self.reader.wants_summaries or not self._measure().text:
            return ""
        shown = [item.paper.paper for item in self.shown if not item.paper.is_gone]
        bare = [paper for paper in shown if not papers.is_told_in(paper, self.language.code)]
        is_expected = len(bare) < len(shown) or any(paper.failed for paper in bare)
        if not is_expected or len(bare) < _MANY_WITHOUT_SUMMARY:
            return ""
        return self.language.count(
            "{count} of these papers has no English summary yet; its abstract instead.",
            "{count} of these papers have no English summary yet; abstracts instead.",
            len(bare),
        )

    def _head(self) -> Head:
        label = self.label if self.is_list else ""
        if self.in_reply:
            return Head(title=label, small=not label)
        if self.form == "each":
            return Head(title=self._day(), small=True)
        remark = "" if self.form == "thread" else self._remark()  # the root has it
        return Head(title=self._title(), label=label, remark=remark)

    def _title(self) -> str:
        amount = len(self.delivery.items)
        return self.language.count("{count} paper · {day}", "{count} papers · {day}", amount, day=self._day())

    def _day(self) -> str:
        """Return the days of the delivery's digests, or the day when the delivery is due if it has none."""
        due = self.language.local(self.delivery.due).date()
        return self.language.days(self.delivery.facts.days or (due,), seen_from=due)

    def _remark(self) -> str:
        late, language = self.delivery.facts.late, self.language
        if late <= timedelta(0):
            return ""
        reason = language.say("nothing was running at {moment}", moment=language.moment(self.delivery.due))
        return language.say("sent {time} late because {reason}", time=language.duration(late), reason=reason)

    def subject(self) -> str:
        """Return the title of the only paper, or the number of papers, their subscription and the day."""
        language, amount = self.language, len(self.delivery.items)
        if amount == 1:
            return papers.title_of(self.delivery.items[0], self.reader)
        text = language.count("{count} paper", "{count} papers", amount)
        if self.label:
            text = language.count("{count} paper on {label}", "{count} papers on {label}", amount, label=self.label)
        day = language.short_day(language.local(self.delivery.due).date())
        return f"{text} · {day}"

    def root(self, pages: Sequence[Page]) -> Page:
        """Return the message that begins a thread: "12 papers for #vision-papers", and the first titles."""
        chat, amount = short(self.delivery.chat.title, _SOURCE_WIDTH), len(self.delivery.items)
        line = self._title()  # the bot does not know the channel's name if it may not read channels
        if chat:
            line = self.language.count("{count} paper for {chat}", "{count} papers for {chat}", amount, chat=chat)
        first = enumerate(self.shown[:_ROOT_TITLES], start=1)
        titles = tuple(f"{number} {papers.title_of(item, self.reader)}" for number, item in first)
        left = amount - len(titles)
        more = self.language.say("and {count} more in the thread", count=self.language.number(left))
        root = Root(line, remark=self._remark(), titles=titles, more=more if left else "")
        titled = [one for page in pages for one in page.fragments if isinstance(one.view, PaperView)]
        return Page((self.renderer.draw(root),), titled=titled)
