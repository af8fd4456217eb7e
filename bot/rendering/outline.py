"""Delivery → outline: cards, rows, titles or a thread by the number of papers; the head, the groups, a paper's buttons.

Pure functions, independent of a platform's limits. A card shows one paper with its texts. The buttons are those of a
card, numbers that open cards, [show more] and [get your own]. The data of a button on a card is the data of the button
that opens the card, a dot, and a letter; bot/commands/cards.py reads it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import MappingProxyType
from typing import Literal

from bot.ports import channel
from bot.rendering import addresses_of_papers, packing, views
from subscriptions import model
from subscriptions.language import Language
from subscriptions.notices import missing_line
from subscriptions.states import Signal
from subscriptions.texts import foreign
from subscriptions.texts.artefacts import artefact_address

_CARDS_UP_TO = 5
_THREAD_ABOVE = 3
_COMPACT_ABOVE = 10
_TITLES_ABOVE = 40
_LONGEST_QUOTATION = 3000
_MANY_WITHOUT_SUMMARY = 3
_SOURCES = 5
_SOURCE_WIDTH = 60
_REASON_WIDTH = 120


# The layout of a delivery. "cards": up to five papers with their texts. "rows": a digest. "each": one message per paper.
# "thread": one message in the channel, and the digest in its thread.
DeliveryForm = Literal["cards", "rows", "each", "thread"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionPapers:
    """The papers of one subscription."""

    heading: views.Heading | None
    items: tuple[model.Item, ...]  # the papers that are shown
    more: views.More | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """The plan of a delivery's messages."""

    form: DeliveryForm
    measure: views.Measure
    head: views.Head | None  # None if the message begins with its papers
    counted: views.Head  # the head that is used if there are several messages
    groups: tuple[SubscriptionPapers, ...]
    tail: views.Tail | None
    # whether a paper names all its subscriptions, or those that no heading names; "last": only the last paper names all
    why: Literal["all", "others", "last"]


def outline(delivery: model.Delivery, reader: views.Reader) -> Outline:
    """Returns the outline of a delivery with papers."""
    shown = tuple(sorted((item for item in delivery.items if item.shown), key=_position))
    form = _form(delivery, len(shown))
    digest = form in {"rows", "thread"}
    measure = _measure(form, len(shown), reader)
    groups = _groups(delivery, reader, headed=digest)
    head = _head(delivery, reader, _only_label(delivery, reader) if digest else "")
    is_alone, counted = form == "cards" and not head.remark, head
    if form == "each":
        is_alone, counted = True, views.Head(title=_day_text(delivery, reader.language), small=True)
    return Outline(
        form=form,
        measure=measure,
        head=None if is_alone else head,
        counted=counted,
        groups=groups,
        tail=_tail(delivery, reader, shown if measure.summary else ()),
        why=_why(form, head, groups, _only_label(delivery, reader)),
    )


def _why(
    form: DeliveryForm, head: views.Head, groups: Sequence[SubscriptionPapers], only: str
) -> Literal["all", "others", "last"]:
    if head.label or any(group.heading for group in groups):
        return "others"
    several = sum(len(group.items) for group in groups) > 1
    if only and several and form == "cards":
        return "last"
    return "all"


def subject(delivery: model.Delivery, reader: views.Reader) -> views.Subject:
    """Returns the subject of a delivery: the title of its only paper, or the number of papers, their subscription and the day."""
    language, groups = reader.language, _by_subscription(delivery.items)
    most, label = groups[-1], _label(groups[-1][0], reader)
    about = ""
    if len(groups) == 1:
        about = label
    if len(delivery.items) == 1:
        return views.Subject(text=str(views.paper_view(most[0], reader, views.TITLES).title), about=about)
    count = len(most) if label else len(delivery.items)
    if label:
        text = language.count("{count} paper on {label}", "{count} papers on {label}", count, label=label)
    else:
        text = language.count("{count} paper", "{count} papers", count)
    if others := len(delivery.items) - count:
        text = language.count("{papers} and {count} more", "{papers} and {count} more", others, papers=text)
    day = language.short_day(language.local(delivery.due).date())
    return views.Subject(text=f"{text} · {day}", about=about)


def root(delivery: model.Delivery, reader: views.Reader, titles: tuple[str, ...], more: str) -> views.Root:
    """Returns the message in the channel that begins a thread: "12 papers for #vision-papers", and the first titles."""
    chat = foreign.short(delivery.chat.title, _SOURCE_WIDTH)
    count, language = len(delivery.items), reader.language
    line = _head(delivery, reader, "").line  # the bot does not know the channel's name if it may not read channels
    if chat:
        line = language.count("{count} paper for {chat}", "{count} papers for {chat}", count, chat=chat)
    return views.Root(line=line, remark=_remark(delivery, language), titles=titles, more=more)


def empty_text(delivery: model.Delivery, reader: views.Reader) -> str:
    """Returns the text of a delivery without papers: how many papers came, that none matched or that these were shown before, and when the next is due."""
    language = reader.language
    facts = delivery.facts
    seen_from = language.local(delivery.due).date()
    days = language.days(facts.days, seen_from=seen_from) if facts.days else ""
    if facts.seen:
        text = language.count(
            "The only paper that matched was shown here before.",
            "The {count} papers that matched were shown here before.",
            facts.seen,
        )
    elif not facts.known:
        text = language.say("No papers have come yet.")
        if days:
            text = language.say("No papers came on {days}.", days=days)
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
        text = language.joined(text, missing)
    return language.joined(text, next_line)


def _position(item: model.Item) -> int:
    return item.position


def _form(delivery: model.Delivery, shown: int) -> DeliveryForm:
    chat = delivery.chat
    shape = chat.settings.shape
    if shape == "each" and 0 < shown <= _CARDS_UP_TO:
        return "each"
    # A thread cannot contain a thread.
    if shape == "thread" and not chat.address.topic:
        if shown > _THREAD_ABOVE:
            return "thread"
        return "cards"
    alert = delivery.kind is model.DeliveryKind.ALERT or chat.kind is model.ChatKind.PRIVATE
    if alert and 0 < shown <= _CARDS_UP_TO:
        return "cards"
    return "rows"


def _measure(form: DeliveryForm, shown: int, reader: views.Reader) -> views.Measure:
    measure = measure_of_list(shown)
    if form in {"cards", "each"}:
        measure = views.CARD
    # Readers of a public chat cannot open a card, so the message has the abstract as a quotation.
    if reader.is_public and shown <= _CARDS_UP_TO and reader.settings.text != "titles":
        return replace(measure, quotation=_LONGEST_QUOTATION)
    return measure


def measure_of_list(amount: int) -> views.Measure:
    """Returns how much is shown of each paper in a list of this length: less in longer lists."""
    if amount > _TITLES_ABOVE:
        return views.TITLES
    if amount > _COMPACT_ABOVE:
        return views.COMPACT
    return views.ROW


def _label(item: model.Item, reader: views.Reader) -> str:
    """Returns the label of the subscription under which a paper is grouped; "" in a public chat."""
    if item.because and not reader.is_public:
        return views.subscription_label(item.because[0])
    return ""


def _only_label(delivery: model.Delivery, reader: views.Reader) -> str:
    """Returns the label of the subscription if all papers are grouped under one; "" if there are several."""
    groups = _by_subscription(delivery.items)
    if len(groups) == 1:
        return _label(groups[0][0], reader)
    return ""


def _by_subscription(items: Sequence[model.Item]) -> list[tuple[model.Item, ...]]:
    """Returns the papers grouped by their first subscription: smaller groups first, equal ones by their first papers."""
    groups: dict[int, list[model.Item]] = {}
    for item in sorted(items, key=_position):
        groups.setdefault(item.because[0].number if item.because else 0, []).append(item)
    return sorted(map(tuple, groups.values()), key=len)


def _groups(delivery: model.Delivery, reader: views.Reader, *, headed: bool) -> tuple[SubscriptionPapers, ...]:
    by_subscription = _by_subscription(delivery.items)
    # A heading costs one line, but saves a line under each of its papers.
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
    count = reader.language.count
    if name:
        return views.More(text=count("and {count} more in “{name}”", "and {count} more in “{name}”", hidden, name=name))
    return views.More(text=count("and {count} more", "and {count} more", hidden))


def _head(delivery: model.Delivery, reader: views.Reader, name: str) -> views.Head:
    language = reader.language
    day = _day_text(delivery, language)
    title = language.count("{count} paper · {day}", "{count} papers · {day}", len(delivery.items), day=day)
    return views.Head(title=title, label=name, remark=_remark(delivery, language))


def _day_text(delivery: model.Delivery, language: Language) -> str:
    """Returns the days of the delivery's digests, or the day when the delivery is due if it has none."""
    due = language.local(delivery.due).date()
    return language.days(delivery.facts.days or (due,), seen_from=due)


def _remark(delivery: model.Delivery, language: Language) -> str:
    late = delivery.facts.late
    if late <= timedelta(0):
        return ""
    reason = foreign.short(delivery.facts.late_reason, _REASON_WIDTH)
    reason = reason or language.say("nothing was running at {moment}", moment=language.moment(delivery.due))
    return language.say("sent {time} late because {reason}", time=language.duration(late), reason=reason)


def _tail(delivery: model.Delivery, reader: views.Reader, summarised: Sequence[model.Item]) -> views.Tail | None:
    notes = (_without_summary(reader, summarised), _missing(delivery, reader))
    sources = tuple(
        (foreign.short(title, _SOURCE_WIDTH), addresses_of_papers.web_url(home))
        for title, home in delivery.facts.titles[:_SOURCES]
        if foreign.clean(title)
    )
    before = reader.language.say("from ") if sources else ""
    shown = tuple(note for note in notes if note)
    if shown or sources:
        return views.Tail(notes=shown, sources_before=before, sources=sources)
    return None


def _without_summary(reader: views.Reader, summarised: Sequence[model.Item]) -> str:
    """Returns a line if at least three papers lack a usable summary, and other papers have one or one failed; else ""."""
    if not reader.wants_summaries or not summarised:
        return ""
    language = reader.language
    papers = [item.paper.paper for item in summarised if not item.paper.withdrawn_at]
    bare = [paper for paper in papers if not views.is_told_in(paper, language.code)]
    expected = len(bare) < len(papers) or any(paper.failed for paper in bare)
    if not expected or len(bare) < _MANY_WITHOUT_SUMMARY:
        return ""
    return language.count(
        "{count} of these papers has no English summary yet; its abstract instead.",
        "{count} of these papers have no English summary yet; abstracts instead.",
        len(bare),
    )


def _missing(delivery: model.Delivery, reader: views.Reader) -> str:
    """Returns a line about missing sources; "" if none is missing or the chat is public."""
    missing = delivery.facts.missing
    names = foreign.short(missing.names, _REASON_WIDTH) if missing else ""
    if missing is None or not names or reader.is_public:
        return ""
    return missing_line(replace(missing, names=names), reader.language)


_PLACES: Mapping[str, str] = MappingProxyType({"https://arxiv.org/": "arXiv", "https://doi.org/": "DOI"})

MakeLink = Callable[[model.Delivery], str]


@dataclass(frozen=True, slots=True)
class DeliveryButtons:
    """The buttons of one delivery."""

    numbers: Mapping[int, channel.Button] = field(default_factory=dict)  # paper id -> the button that opens its card
    beside: Mapping[int, views.CardButtons] = field(default_factory=dict)  # paper id -> the buttons beside the paper
    last: channel.Buttons = ()  # the rows under the last message

    def under(self, papers: Sequence[int], *, last: bool) -> channel.Buttons:
        """Returns the rows of buttons under a message with these papers."""
        named = [self.numbers[paper] for paper in papers if paper in self.numbers]
        return (*packing.button_rows(named), *(self.last if last else ()))


def delivery_buttons(
    delivery: model.Delivery, plan: Outline, reader: views.Reader, medium: packing.Medium, make_link: MakeLink | None
) -> DeliveryButtons:
    """Returns the buttons of a delivery with papers. `make_link` returns a link for people who want their own subscription."""
    if not medium.numbers and medium.beside == "never":
        return DeliveryButtons()
    if reader.settings.buttons == "link":
        link = make_link(delivery) if make_link else ""
        own = channel.Button(label=reader.language.say("get your own"), url=link)
        return DeliveryButtons(last=((own,),) if link else ())
    if reader.settings.buttons != "full" or reader.is_public:  # in public, strangers could press them
        return DeliveryButtons()
    shown = [item for group in plan.groups for item in group.items]
    more = _show_more(delivery, reader, len(delivery.items) - len(shown))
    is_single = plan.form == "cards" and len(shown) == 1
    numbers = {
        item.paper.id: channel.Button(name="card", label=str(number), data=f"d{delivery.id}.c{item.position}")
        for number, item in enumerate(shown, start=1)
    }
    if medium.beside == "always" or (medium.beside == "in lists" and not is_single):
        cards = {item.paper.id: card_buttons(numbers[item.paper.id], item, reader.language) for item in shown}
        return DeliveryButtons(beside=cards, last=more)
    if is_single:
        card = card_buttons(numbers[shown[0].paper.id], shown[0], reader.language)
        return DeliveryButtons(last=(card.first, card.second, *more))
    return DeliveryButtons(numbers=numbers, last=more)


def card_buttons(opens: channel.Button | None, item: model.Item, language: Language) -> views.CardButtons:
    """Returns the buttons of a paper. `opens` is the button that opens its card. Without `opens`, returns only links.

    Pass None in a chat where strangers could press the buttons.
    """
    links, artefact = paper_links(item, language), _artefact_link(item, language)
    if opens is None:
        return views.CardButtons(first=(*links, *artefact))

    def button(name: str, letter: str, label: str, shows: str = "") -> channel.Button:
        return channel.Button(name=name, label=label, data=f"{opens.data}.{letter}", shows=shows)

    def judging(name: str, letter: str, label: str, signal: Signal) -> channel.Button:
        return button(name, letter, label, shows=f"{signal.name}:{item.paper.id}")

    first = [
        *links[:1],
        *artefact,
        judging("save", "s", language.say("save"), Signal.SAVED),
        judging("like", "l", "👍", Signal.LIKED),
        judging("dislike", "d", "👎", Signal.DISLIKED),
    ]
    second = [] if opens.arguments.get("whole") else [button("more", "f", language.say("more"))]
    if any(because.number for because in item.because):  # it was brought by a subscription, which can be changed
        second += [button("less", "x", language.say("less of this")), button("why", "w", language.say("why"))]
    second.append(button("similar", "n", language.say("similar")))
    return views.CardButtons(opens=opens, first=tuple(first), second=tuple(second))


def paper_links(item: model.Item, language: Language) -> channel.Row:
    """Returns buttons with the links of a paper: its PDF and its page, or a search if it has neither."""
    paper = item.paper.paper
    page, pdf = addresses_of_papers.paper_url(paper), addresses_of_papers.pdf_url(paper)
    place = next((name for start, name in _PLACES.items() if page.startswith(start)), language.say("open"))
    links = [("pdf", "PDF", pdf), ("page", place, page if page != pdf else "")]
    if not (page or pdf):
        links.append(("search", language.say("find it"), addresses_of_papers.search_url(paper)))
    return tuple(channel.Button(name=name, label=label, url=url) for name, label, url in links if url)


def _artefact_link(item: model.Item, language: Language) -> channel.Row:
    """Returns a button with the address of the paper's code, else of its data, as abstract and comment name it.

    () if there is none, or if a text that the digest itself shows names it.
    """
    paper = item.paper.paper
    labels = {"code": language.say("code"), "data": language.say("data")}
    links = (
        (kind, addresses_of_papers.web_url(artefact_address(kind, paper.comment, paper.abstract))) for kind in labels
    )
    kind, url = next(((kind, url) for kind, url in links if url), ("", ""))
    told = (text for summary in paper.summaries for text in summary.fields.values())
    if not url or any(url.partition("://")[2] in text for text in told):
        return ()
    return (channel.Button(name="code", label=labels[kind], url=url),)


def _show_more(delivery: model.Delivery, reader: views.Reader, hidden: int) -> channel.Buttons:
    if not hidden:
        return ()
    label = reader.language.count("show {count} more", "show {count} more", hidden)
    return ((channel.Button(label=label, data=f"d{delivery.id}.m"),),)
