"""A delivery → messages: cards, rows, titles or a thread by the number of papers; heads, groups, last lines, and which makes a sound.

Pure functions. `packing` parts a delivery into messages.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from itertools import count
from sys import maxsize
from types import MappingProxyType
from typing import Literal

from bot.ports.channel import Button, Buttons
from bot.rendering import packing, papers, views
from bot.rendering.buttons import button_rows, card_buttons, web_url
from subscriptions.language import Language
from subscriptions.model import ChatKind, Delivery, DeliveryKind, Item, Message
from subscriptions.notices import missing_line
from subscriptions.planning.cadence import quiet_until
from subscriptions.texts import cutting

# "cards": up to five papers with their texts. "rows": a digest. "each": one message per paper. "thread": one message in the
# channel, and the digest in its thread.
DeliveryForm = Literal["cards", "rows", "each", "thread"]
MakeLink = Callable[[Delivery], str]

_CARDS_UP_TO = 5
_THREAD_ABOVE = 3
_ROOT_TITLES = 2  # titles of papers in the message that begins a thread
_LONGEST_QUOTATION = 3000
_MANY_WITHOUT_SUMMARY = 3
_SOURCES = 5
_SOURCE_WIDTH = 60
_REASON_WIDTH = 120
_NIGHT = "22:00-08:00"  # the quiet hours of a chat that has none
_ANY_PART = "99/99"  # in place of a part such as "2/3" when the head's size is measured; wider parts are not expected
_NO_SUBJECT, _NOTHING = views.Subject(), packing.Size()
_NO_TITLES: Mapping[str, tuple[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The papers under one heading."""

    heading: views.Heading | None
    items: tuple[Item, ...]  # the papers that are shown
    more: views.More | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """How the messages of a delivery are laid out."""

    form: DeliveryForm
    measure: views.Measure
    head: views.Head
    begins_with_papers: bool  # whether a single message has no head
    groups: tuple[Group, ...]
    tail: views.Tail | None
    # whether a paper names all its subscriptions, or those that no heading names; "last": only the last paper names all
    why: Literal["all", "others", "last"]

    @property
    def shown(self) -> list[Item]:
        """The papers that are shown, in order."""
        return [item for group in self.groups for item in group.items]


@dataclass(frozen=True, slots=True)
class DeliveryButtons:
    """The buttons of one delivery."""

    numbers: Mapping[int, Button] = field(default_factory=dict)  # paper id -> the button that opens its card
    beside: Mapping[int, views.CardButtons] = field(default_factory=dict)  # paper id -> the buttons beside the paper
    last: Buttons = ()  # the rows under the last message


def render_delivery(
    delivery: Delivery,
    *,
    medium: packing.Medium,
    titles: Mapping[str, tuple[str, str]] = _NO_TITLES,
    make_link: MakeLink | None = None,
) -> tuple[Message, ...]:
    """Returns the messages of a delivery, in order, each within its platform's limits.

    `medium` is that of the chat's platform. `titles` are the sources to name at the end: name in lower case ->
    (title, home page or ""). `make_link` returns the link of the button "get your own", "" for none. `make_link` is
    called only for chats that have that button.
    """
    reader = views.reader_of(delivery.chat)
    silent = not _makes_sound(delivery, reader)
    view = _without_papers(delivery, reader)
    if view is not None:
        below = view.buttons if isinstance(view, views.NoticeView) else ()
        contents = packing.Contents(fragments=[medium.draw(view)], silent=silent, buttons=below)
        return (packing.message(medium, 1, contents),)
    delivery = _with_source_titles(delivery, titles)
    plan = outline(delivery, reader)
    buttons = _buttons(delivery, plan, reader, medium, make_link)
    if plan.form != "thread":
        pages, subject = _pages(plan, reader, medium, buttons), _subject(delivery, reader)
        return tuple(_paper_messages(pages, medium, buttons, silent=silent, subject=subject))
    head = replace(plan.head, remark="")  # the root has it
    pages = _pages(replace(plan, head=head), reader, medium, buttons)
    root = packing.Contents(
        fragments=[medium.draw(_root(delivery, plan, reader))],
        silent=True,
        titled=[one for page in pages for one in page.fragments if isinstance(one.view, views.PaperView)],
    )
    return (
        packing.message(medium, 1, root),
        *_paper_messages(pages, medium, buttons, silent=True, reply_to=1),
    )


def delivery_pages(
    delivery: Delivery, medium: packing.Medium, beneath: packing.Size
) -> list[tuple[packing.Fragment, ...]]:
    """Returns the messages of a delivery that is shown in a reply: the fragments of each, without buttons.

    A thread is laid out as a digest. `beneath` is the size of the reply's buttons.
    """
    reader = views.reader_of(delivery.chat)
    view = _without_papers(delivery, reader)
    if view is not None:
        return [(medium.draw(view),)]
    if reader.settings.shape == "thread":
        settings = replace(delivery.chat.settings, shape="digest")
        delivery = replace(delivery, chat=delivery.chat._replace(settings=settings))
    pages = _pages(outline(delivery, reader), reader, medium, DeliveryButtons(), beneath)
    return [page.fragments for page in pages]


def _makes_sound(delivery: Delivery, reader: views.Reader) -> bool:
    """Returns whether the first message makes a sound: in a private chat, outside the quiet hours."""
    if reader.kind is not ChatKind.PRIVATE:
        return False
    quiet = reader.settings.quiet if "-" in reader.settings.quiet else _NIGHT
    return quiet_until(quiet, reader.language.zone, delivery.due + delivery.facts.late) is None


def _without_papers(delivery: Delivery, reader: views.Reader) -> views.NoticeView | views.Line | None:
    """Returns the view of a delivery that is a notice, or has no papers; None for any other."""
    if delivery.kind is DeliveryKind.NOTICE:
        title, *lines = delivery.facts.lines
        row = tuple(Button(label=label, data=callback_id) for label, callback_id in delivery.facts.buttons)
        return views.NoticeView(title=title, lines=tuple(lines), buttons=(row,) if row else ())
    if not delivery.items:
        return views.Line(text=_empty_text(delivery, reader))
    return None


def _empty_text(delivery: Delivery, reader: views.Reader) -> str:
    """Returns the text of a delivery without papers: how many papers came, that none matched or that these were shown before, and when the next is due."""
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
            language.say("No papers came on {days}.", days=days) if days else language.say("No papers have come yet.")
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
    if facts.next_due:
        moment = language.moment(facts.next_due, about=facts.next_about)
        next_line = language.say("Next: {moment}.", moment=moment)
    else:
        next_line = language.say("The first that matches comes at once.")
    return language.joined(*filter(None, (text, _missing(delivery, reader), next_line)))


def outline(delivery: Delivery, reader: views.Reader) -> Outline:
    """Returns the outline of a delivery with papers."""
    shown = sum(item.shown for item in delivery.items)
    form = _form(delivery, shown)
    is_digest = form in {"rows", "thread"}
    measure = _measure(form, shown, reader)
    groups = _groups(delivery, reader, headed=is_digest)
    only = _only_label(delivery, reader)
    head = _head(delivery, reader, only if is_digest else "")
    begins_with_papers = form == "cards" and not head.remark
    if form == "each":
        begins_with_papers, head = True, views.Head(title=_day_text(delivery, reader.language), small=True)
    why: Literal["all", "others", "last"] = "all"
    if head.label or any(group.heading for group in groups):
        why = "others"
    elif only and shown > 1 and form == "cards":
        why = "last"
    return Outline(
        form=form,
        measure=measure,
        head=head,
        begins_with_papers=begins_with_papers,
        groups=groups,
        tail=_tail(delivery, reader, with_summaries=measure.text > 0),
        why=why,
    )


def _form(delivery: Delivery, shown: int) -> DeliveryForm:
    chat, few = delivery.chat, 0 < shown <= _CARDS_UP_TO
    shape = chat.settings.shape
    if shape == "each" and few:
        return "each"
    # A thread cannot contain a thread.
    if shape == "thread" and not chat.address.topic:
        return "thread" if shown > _THREAD_ABOVE else "cards"
    if few and (delivery.kind is DeliveryKind.ALERT or chat.kind is ChatKind.PRIVATE):
        return "cards"
    return "rows"


def _measure(form: DeliveryForm, shown: int, reader: views.Reader) -> views.Measure:
    measure = views.CARD if form in {"cards", "each"} else views.measure_of_list(shown)
    # Readers of a public chat cannot open a card, so the message has the abstract as a quotation.
    if reader.is_public and shown <= _CARDS_UP_TO and reader.settings.text != "titles":
        return replace(measure, quotation=_LONGEST_QUOTATION)
    return measure


def _label(item: Item, reader: views.Reader) -> str:
    """Returns the label of the subscription under which a paper is grouped; "" in a public chat."""
    if item.because and not reader.is_public:
        return papers.subscription_label(item.because[0])
    return ""


def _only_label(delivery: Delivery, reader: views.Reader) -> str:
    """Returns the label of the subscription if all papers are grouped under one; "" if there are several."""
    groups = _by_subscription(delivery.items)
    return _label(groups[0][0], reader) if len(groups) == 1 else ""


def _by_position(items: Sequence[Item]) -> list[Item]:
    return sorted(items, key=lambda item: item.position)


def _by_subscription(items: Sequence[Item]) -> list[list[Item]]:
    """Returns the papers grouped by their first subscription: smaller groups first, equal ones by their first papers."""
    groups: dict[int, list[Item]] = {}
    for item in _by_position(items):
        groups.setdefault(item.because[0].number if item.because else 0, []).append(item)
    return sorted(groups.values(), key=len)


def _groups(delivery: Delivery, reader: views.Reader, *, headed: bool) -> tuple[Group, ...]:
    by_subscription = _by_subscription(delivery.items)
    # A heading costs one line, but saves a line under each of its papers.
    if headed and not reader.is_public and 1 < len(by_subscription) < len(delivery.items):
        return tuple(_headed_group(group, reader) for group in by_subscription)
    shown = [item for group in by_subscription for item in group if item.shown]
    more = _more(len(delivery.items) - len(shown), _only_label(delivery, reader), reader.language)
    return (Group(heading=None, items=tuple(shown if headed else _by_position(shown)), more=more),)


def _headed_group(group: Sequence[Item], reader: views.Reader) -> Group:
    name, shown = _label(group[0], reader), tuple(item for item in group if item.shown)
    heading = views.Heading(label=name, count=reader.language.number(len(group)))
    return Group(heading=heading, items=shown, more=_more(len(group) - len(shown), name, reader.language))


def _more(hidden: int, name: str, language: Language) -> views.More | None:
    if not hidden:
        return None
    if name:
        text = language.count("and {count} more in “{name}”", "and {count} more in “{name}”", hidden, name=name)
    else:
        text = language.count("and {count} more", "and {count} more", hidden)
    return views.More(text=text)


def _head(delivery: Delivery, reader: views.Reader, name: str) -> views.Head:
    language = reader.language
    day = _day_text(delivery, language)
    title = language.count("{count} paper · {day}", "{count} papers · {day}", len(delivery.items), day=day)
    return views.Head(title=title, label=name, remark=_remark(delivery, language))


def _day_text(delivery: Delivery, language: Language) -> str:
    """Returns the days of the delivery's digests, or the day when the delivery is due if it has none."""
    due = language.local(delivery.due).date()
    return language.days(delivery.facts.days or (due,), seen_from=due)


def _remark(delivery: Delivery, language: Language) -> str:
    late = delivery.facts.late
    if late <= timedelta(0):
        return ""
    reason = language.say("nothing was running at {moment}", moment=language.moment(delivery.due))
    return language.say("sent {time} late because {reason}", time=language.duration(late), reason=reason)


def _subject(delivery: Delivery, reader: views.Reader) -> views.Subject:
    """Returns the subject of a delivery: the title of its only paper, or the number of papers, their subscription and the day."""
    language, about, amount = reader.language, _only_label(delivery, reader), len(delivery.items)
    if amount == 1:
        return views.Subject(text=papers.title_of(delivery.items[0], reader), about=about)
    if about:
        text = language.count("{count} paper on {label}", "{count} papers on {label}", amount, label=about)
    else:
        text = language.count("{count} paper", "{count} papers", amount)
    day = language.short_day(language.local(delivery.due).date())
    return views.Subject(text=f"{text} · {day}", about=about)


def _root(delivery: Delivery, plan: Outline, reader: views.Reader) -> views.Root:
    """Returns the message in the channel that begins a thread: "12 papers for #vision-papers", and the first titles."""
    chat = cutting.short(delivery.chat.title, _SOURCE_WIDTH)
    amount, language = len(delivery.items), reader.language
    line = _head(delivery, reader, "").line  # the bot does not know the channel's name if it may not read channels
    if chat:
        line = language.count("{count} paper for {chat}", "{count} papers for {chat}", amount, chat=chat)
    first = plan.shown[:_ROOT_TITLES]
    titles = tuple(f"{number} {papers.title_of(item, reader)}" for number, item in enumerate(first, 1))
    more = ""
    if left := amount - len(titles):
        more = language.count("and {count} more in the thread", "and {count} more in the thread", left)
    return views.Root(line=line, remark=_remark(delivery, language), titles=titles, more=more)


def _with_source_titles(delivery: Delivery, titles: Mapping[str, tuple[str, str]]) -> Delivery:
    """Returns the delivery with the titles of those sources whose papers it shows, in the order of `titles`."""
    sources = {name.casefold() for item in delivery.items if item.shown for name in item.paper.paper.sources}
    named = tuple(title for name, title in titles.items() if name in sources)
    return replace(delivery, facts=replace(delivery.facts, titles=named)) if named else delivery


def _tail(delivery: Delivery, reader: views.Reader, *, with_summaries: bool) -> views.Tail | None:
    notes = (_without_summary(delivery, reader) if with_summaries else "", _missing(delivery, reader))
    sources = tuple(
        (cutting.short(title, _SOURCE_WIDTH), web_url(home))
        for title, home in delivery.facts.titles[:_SOURCES]
        if cutting.clean(title)
    )
    shown = tuple(note for note in notes if note)
    if shown or sources:
        return views.Tail(notes=shown, sources_before=reader.language.say("from "), sources=sources)
    return None


def _without_summary(delivery: Delivery, reader: views.Reader) -> str:
    """Returns a line if at least three papers lack a usable summary, and other papers have one or one failed; else ""."""
    if not reader.wants_summaries:
        return ""
    language = reader.language
    shown = [item.paper.paper for item in delivery.items if item.shown and not item.paper.withdrawn_at]
    bare = [paper for paper in shown if not papers.is_told_in(paper, language.code)]
    is_expected = len(bare) < len(shown) or any(paper.failed for paper in bare)
    if not is_expected or len(bare) < _MANY_WITHOUT_SUMMARY:
        return ""
    return language.count(
        "{count} of these papers has no English summary yet; its abstract instead.",
        "{count} of these papers have no English summary yet; abstracts instead.",
        len(bare),
    )


def _missing(delivery: Delivery, reader: views.Reader) -> str:
    """Returns a line about missing sources; "" if none is missing or the chat is public."""
    missing = delivery.facts.missing
    names = cutting.short(missing.names, _REASON_WIDTH) if missing else ""
    if missing is None or not names or reader.is_public:
        return ""
    return missing_line(replace(missing, names=names), reader.language)


def _buttons(
    delivery: Delivery, plan: Outline, reader: views.Reader, medium: packing.Medium, make_link: MakeLink | None
) -> DeliveryButtons:
    """Returns the buttons of a delivery with papers: numbers or those of its card, [show more] and [get your own]."""
    if not medium.numbers and medium.beside == "never":
        return DeliveryButtons()
    language = reader.language
    if reader.settings.buttons == "link":
        link = make_link(delivery) if make_link else ""
        own = Button(label=language.say("get your own"), url=link)
        return DeliveryButtons(last=((own,),) if link else ())
    if reader.settings.buttons != "full" or reader.is_public:  # in public, strangers could press them
        return DeliveryButtons()
    shown = plan.shown
    more: Buttons = ()
    if hidden := len(delivery.items) - len(shown):
        label = language.count("show {count} more", "show {count} more", hidden)
        more = ((Button(label=label, data=f"d{delivery.id}.m"),),)
    numbers = {
        item.paper.id: Button(name="card", label=str(number), data=f"d{delivery.id}.c{item.position}")
        for number, item in enumerate(shown, start=1)
    }
    is_single = plan.form == "cards" and len(shown) == 1
    if not is_single and medium.beside == "never":
        return DeliveryButtons(numbers=numbers, last=more)
    cards = {item.paper.id: card_buttons(numbers[item.paper.id], item, language) for item in shown}
    if not is_single or medium.beside == "always":
        return DeliveryButtons(beside=cards, last=more)
    (card,) = cards.values()
    return DeliveryButtons(last=(card.first, card.second, *more))


def _paper_messages(
    pages: Sequence[packing.Page],
    medium: packing.Medium,
    buttons: DeliveryButtons,
    *,
    silent: bool,
    subject: views.Subject = _NO_SUBJECT,
    reply_to: int = 0,
) -> Iterator[Message]:
    """Yields a message for each page. `reply_to`: the number of the message to which they reply; 0: to none."""
    for number, page in enumerate(pages, start=1):
        named = [buttons.numbers[paper] for paper in page.papers if paper in buttons.numbers]
        last = buttons.last if number == len(pages) else ()
        contents = packing.Contents(
            fragments=page.fragments,
            buttons=(*button_rows(named), *last),
            silent=silent or number > 1,
            subject=subject,
        )
        yield packing.message(medium, reply_to + number, contents, page.papers, reply_to=reply_to or None)


def _pages(
    plan: Outline,
    reader: views.Reader,
    medium: packing.Medium,
    buttons: DeliveryButtons,
    beneath: packing.Size = _NOTHING,
) -> list[packing.Page]:
    """Returns the pages of a delivery with their heads. `beneath`: the size of other buttons below the last page."""
    taken = beneath + medium.beneath(buttons.last) + medium.draw(replace(plan.head, part=_ANY_PART)).size
    parts = list(_parts(plan, reader, medium, buttons, taken))
    if plan.form == "each":
        pages = [packing.page_of([part]) for part in parts]
    else:
        most = medium.numbers if buttons.numbers else maxsize
        pages = packing.pack(parts, medium.room, taken, most=most)
    return [_headed(plan, medium, page, number, len(pages)) for number, page in enumerate(pages, start=1)]


def _headed(plan: Outline, medium: packing.Medium, page: packing.Page, number: int, of: int) -> packing.Page:
    """Returns the page with its head. Only the first of several heads has the remark."""
    if of == 1 and plan.begins_with_papers:
        return page
    head = replace(plan.head, part=f"{number}/{of}" if of > 1 else "")
    drawn = medium.draw(replace(head, remark="") if number > 1 else head)
    return replace(page, fragments=(drawn, *page.fragments))


def _parts(
    plan: Outline, reader: views.Reader, medium: packing.Medium, buttons: DeliveryButtons, taken: packing.Size
) -> Iterator[packing.PaperPart]:
    """Yields each paper with the lines that must be in the same message. `taken`: the size of a message's head and buttons.

    The last paper has the closing lines of the delivery.
    """
    closing = [medium.draw(group.more) for group in plan.groups if group.more and not group.items]
    closing += [medium.draw(plan.tail)] if plan.tail else []
    last = next(reversed(plan.shown), None)
    if last is None:
        yield packing.PaperPart(paper=None, body=tuple(closing))
    is_numbered = bool(buttons.numbers) or plan.form in {"rows", "thread"}
    numbers = count(1)
    for group in plan.groups:
        heading, again, beside = None, None, taken
        if group.heading:
            heading = medium.draw(group.heading)
            again = medium.draw(replace(group.heading, continued=True))
            beside += heading.size
        for place, item in enumerate(group.items, start=1):
            ends_group = place == len(group.items)
            below = [medium.draw(group.more)] if group.more and ends_group else []
            names_all = plan.why == "all" or (plan.why == "last" and ends_group and not below)
            below += closing if item is last else []
            number = next(numbers) if is_numbered else 0
            view = partial(papers.paper_view, item, reader, number=number, why=names_all)
            card = buttons.beside.get(item.paper.id, views.CardButtons())
            paper = packing.fitted(view, plan.measure, medium, beside + packing.total(below), card)
            opening = heading if place == 1 else None
            yield packing.PaperPart(paper=item.paper.id, body=(paper, *below), opening=opening, again=again)
