"""Delivery → outline: its form, head, groups of papers and tail. Pure, and independent of a platform's limits."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum
from typing import Literal

from bot.rendering import cleaning
from bot.rendering import parts as views
from bot.rendering.language import Language
from bot.rendering.papers import CARD, COMPACT, ROW, TITLES, Measure, is_told_in, paper_view, subscription_label
from subscriptions.cutting import cut_at_word
from subscriptions.model import ChatKind, Delivery, DeliveryKind, Item
from subscriptions.notices.chats import missing_line

_CARDS_UP_TO = 5
_THREAD_ABOVE = 3
_COMPACT_ABOVE = 10
_TITLES_ABOVE = 40
_LONGEST_QUOTATION = 3000
_MANY_WITHOUT_SUMMARY = 3
_SOURCES = 5
_SOURCE_WIDTH = 60
_REASON_WIDTH = 120


class DeliveryForm(Enum):
    """The layout of a delivery."""

    CARDS = "cards"  # up to five papers with their texts
    ROWS = "rows"  # the digest
    EACH = "each"  # one message per paper
    THREAD = "thread"  # one line in the channel, the digest in its thread


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionPapers:
    """The papers under one subscription."""

    heading: views.Heading | None
    items: tuple[Item, ...]  # the shown ones
    more: views.More | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """The plan of a delivery's messages."""

    form: DeliveryForm
    measure: Measure
    head: views.Head | None  # None: the message begins with its papers
    counted: views.Head  # the head if there are several messages
    groups: tuple[SubscriptionPapers, ...]
    tail: views.Tail | None
    why: Literal["all", "others"]  # whether a paper names all its subscriptions, or all except the one in its heading


def outline(delivery: Delivery, reader: views.Reader) -> Outline:
    """Returns the outline of a delivery with papers."""
    shown = tuple(sorted((item for item in delivery.items if item.shown), key=_position))
    form = _form(delivery, len(shown))
    digest = form in {DeliveryForm.ROWS, DeliveryForm.THREAD}
    measure = _measure(form, len(shown), reader)
    groups = _groups(delivery, reader, headed=digest)
    head = _head(delivery, reader, _only_label(delivery, reader) if digest else "")
    alone = form is DeliveryForm.CARDS and not head.remark
    return Outline(
        form=form,
        measure=measure,
        head=None if alone or form is DeliveryForm.EACH else head,
        counted=views.Head(title=_day_text(delivery, reader.language), small=True)
        if form is DeliveryForm.EACH
        else head,
        groups=groups,
        tail=_tail(delivery, reader, shown if measure.summary else ()),
        why="others" if head.label or any(group.heading for group in groups) else "all",
    )


def subject(delivery: Delivery, reader: views.Reader) -> views.Subject:
    """Returns what a delivery with papers is about: its one paper, else how many there are on what, and the day."""
    language, groups = reader.language, _by_subscription(delivery.items)
    most, label = groups[-1], _label(groups[-1][0], reader)
    about = label if len(groups) == 1 else ""
    if len(delivery.items) == 1:
        return views.Subject(text=str(paper_view(most[0], reader, TITLES).title), about=about)
    count = len(most) if label else len(delivery.items)
    if label:
        text = language.count("{count} paper on {label}", "{count} papers on {label}", count, label=label)
    else:
        text = language.count("{count} paper", "{count} papers", count)
    if others := len(delivery.items) - count:
        text = language.count("{papers} and {count} more", "{papers} and {count} more", others, papers=text)
    day = language.short_day(language.local(delivery.due).date())
    return views.Subject(text=f"{text} · {day}", about=about)


def root(delivery: Delivery, reader: views.Reader, titles: tuple[str, ...], more: str) -> views.Root:
    """Returns the message in the channel that a thread hangs on: "12 papers for #vision-papers", the first titles."""
    chat = cleaning.isolated(cut_at_word(cleaning.clean(delivery.chat.title), _SOURCE_WIDTH))
    count, language = len(delivery.items), reader.language
    line = _head(delivery, reader, "").line  # without the right to read channels the bot does not know the name
    if chat:
        line = language.count("{count} paper for {chat}", "{count} papers for {chat}", count, chat=chat)
    return views.Root(line=line, remark=_remark(delivery, language), titles=titles, more=more)


def empty_text(delivery: Delivery, reader: views.Reader) -> str:
    """Returns the text of a delivery without papers: how many came, that none matched, and when the next is due."""
    language = reader.language
    facts = delivery.facts
    seen_from = language.local(delivery.due).date()
    days = language.days(facts.days, seen_from=seen_from) if facts.days else ""
    if not facts.known:
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
    if missing := _missing(delivery, reader):
        text = language.say("{sentence} {next}", sentence=text, next=missing)
    return language.say("{sentence} {next}", sentence=text, next=next_line)


def _position(item: Item) -> int:
    return item.position


def _form(delivery: Delivery, shown: int) -> DeliveryForm:
    chat = delivery.chat
    shape = chat.settings.shape
    if shape == "each" and 0 < shown <= _CARDS_UP_TO:
        return DeliveryForm.EACH
    # A thread cannot have threads.
    if shape == "thread" and not chat.address.topic:
        return DeliveryForm.THREAD if shown > _THREAD_ABOVE else DeliveryForm.CARDS
    alert = delivery.kind is DeliveryKind.ALERT or chat.kind is ChatKind.PRIVATE
    return DeliveryForm.CARDS if alert and 0 < shown <= _CARDS_UP_TO else DeliveryForm.ROWS


def _measure(form: DeliveryForm, shown: int, reader: views.Reader) -> Measure:
    measure = CARD if form in {DeliveryForm.CARDS, DeliveryForm.EACH} else measure_of_list(shown)
    # Readers in public cannot open a card, so the message has the abstract as a quotation.
    if reader.is_public and shown <= _CARDS_UP_TO and reader.settings.text != "titles":
        return replace(measure, quotation=_LONGEST_QUOTATION)
    return measure


def measure_of_list(amount: int) -> Measure:
    """Returns the measure of each paper in a list of this length: the longer the list, the shorter."""
    if amount > _TITLES_ABOVE:
        return TITLES
    return COMPACT if amount > _COMPACT_ABOVE else ROW


def _label(item: Item, reader: views.Reader) -> str:
    """Returns the label of the subscription that a paper is grouped under; "" in public."""
    return subscription_label(item.because[0], reader) if item.because and not reader.is_public else ""


def _only_label(delivery: Delivery, reader: views.Reader) -> str:
    """Returns the label of the subscription that all papers are grouped under, "" if there are several."""
    groups = _by_subscription(delivery.items)
    return _label(groups[0][0], reader) if len(groups) == 1 else ""


def _by_subscription(items: Sequence[Item]) -> list[tuple[Item, ...]]:
    """Returns the papers grouped by their first subscription: the smallest group first, equal ones by their first paper."""
    groups: dict[int, list[Item]] = {}
    for item in sorted(items, key=_position):
        groups.setdefault(item.because[0].number if item.because else 0, []).append(item)
    return sorted(map(tuple, groups.values()), key=len)


def _groups(delivery: Delivery, reader: views.Reader, *, headed: bool) -> tuple[SubscriptionPapers, ...]:
    by_subscription = _by_subscription(delivery.items)
    # A heading costs a line, and saves one under each of its papers.
    if not headed or reader.is_public or not 1 < len(by_subscription) < len(delivery.items):
        shown = tuple(item for group in by_subscription for item in group if item.shown)
        ordered = shown if headed else tuple(sorted(shown, key=_position))
        more = _more(len(delivery.items) - len(shown), _only_label(delivery, reader), reader)
        return (SubscriptionPapers(heading=None, items=ordered, more=more),)
    groups = []
    for group in by_subscription:
        name = _label(group[0], reader)
        shown = tuple(item for item in group if item.shown)
        heading = views.Heading(label=name, count=reader.language.number(len(group)))
        groups.append(
            SubscriptionPapers(heading=heading, items=shown, more=_more(len(group) - len(shown), name, reader))
        )
    return tuple(groups)


def _more(hidden: int, name: str, reader: views.Reader) -> views.More | None:
    if not hidden:
        return None
    language = reader.language
    if name:
        return views.More(
            text=language.count("and {count} more in “{name}”", "and {count} more in “{name}”", hidden, name=name)
        )
    return views.More(text=language.count("and {count} more", "and {count} more", hidden))


def _head(delivery: Delivery, reader: views.Reader, name: str) -> views.Head:
    language = reader.language
    day = _day_text(delivery, language)
    title = language.count("{count} paper · {day}", "{count} papers · {day}", len(delivery.items), day=day)
    return views.Head(title=title, label=name, remark=_remark(delivery, language))


def _day_text(delivery: Delivery, language: Language) -> str:
    """Returns the days of the delivery's digests, else its due day."""
    due = language.local(delivery.due).date()
    return language.days(delivery.facts.days or (due,), seen_from=due)


def _remark(delivery: Delivery, language: Language) -> str:
    late = delivery.facts.late
    if late <= timedelta(0):
        return ""
    reason = cleaning.isolated(cut_at_word(cleaning.clean(delivery.facts.late_reason), _REASON_WIDTH))
    reason = reason or language.say("nothing was running at {moment}", moment=language.moment(delivery.due))
    return language.say("sent {time} late because {reason}", time=language.duration(late), reason=reason)


def _tail(delivery: Delivery, reader: views.Reader, summarised: Sequence[Item]) -> views.Tail | None:
    notes = (_without_summary(reader, summarised), _missing(delivery, reader))
    sources = tuple(
        (cleaning.isolated(cut_at_word(cleaning.clean(title), _SOURCE_WIDTH)), cleaning.web_url(home))
        for title, home in delivery.facts.titles[:_SOURCES]
        if cleaning.clean(title)
    )
    before = reader.language.say("from ") if sources else ""
    shown = tuple(note for note in notes if note)
    return views.Tail(notes=shown, sources_before=before, sources=sources) if shown or sources else None


def _without_summary(reader: views.Reader, summarised: Sequence[Item]) -> str:
    """Returns one line if three or more papers have no summary, or a failed one, while others have one; else ""."""
    if reader.settings.text != "summary" or not summarised:
        return ""
    language = reader.language
    papers = [item.paper.paper for item in summarised if not item.paper.withdrawn_at]
    bare = [paper for paper in papers if not is_told_in(paper, language.code)]
    expected = len(bare) < len(papers) or any(paper.failed for paper in bare)
    if not expected or len(bare) < _MANY_WITHOUT_SUMMARY:
        return ""
    return language.count(
        "{count} of these papers has no English summary yet; its abstract instead.",
        "{count} of these papers have no English summary yet; abstracts instead.",
        len(bare),
    )


def _missing(delivery: Delivery, reader: views.Reader) -> str:
    """Returns one line about the sources that are missing; "" if none is, and in public."""
    missing = delivery.facts.missing
    names = cleaning.isolated(cut_at_word(cleaning.clean(missing.names), _REASON_WIDTH)) if missing else ""
    if missing is None or not names or reader.is_public:
        return ""
    return missing_line(names, missing.how, missing.count, reader.language)
