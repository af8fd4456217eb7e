"""Buttons of papers: those of a card, numbers that open cards, [show more], [get your own].

The data of a button is the data of the button that opens the card, with a letter after it. bot/commands/cards.py reads it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from bot.ports.channel import Button, Buttons
from bot.rendering import cleaning
from bot.rendering.language import Language
from bot.rendering.outline import DeliveryForm, Outline
from bot.rendering.packing import Medium
from bot.rendering.papers import CardButtons
from bot.rendering.parts import Reader
from subscriptions.model import Delivery, Item
from subscriptions.states import Signal

IN_ROW = 8  # buttons in one row; no platform with numbers shows more
_IN_MENU = 2  # of the buttons that ⋯ opens, so that the longest label fits on a phone

_PLACES: Mapping[str, str] = MappingProxyType({"https://arxiv.org/": "arXiv", "https://doi.org/": "DOI"})

MakeLink = Callable[[Delivery], str]


@dataclass(frozen=True, slots=True)
class DeliveryButtons:
    """The buttons of one delivery."""

    numbers: Mapping[int, Button] = field(default_factory=dict)  # paper id -> the button that opens its card
    beside: Mapping[int, CardButtons] = field(default_factory=dict)  # paper id -> the buttons beside it
    last: Buttons = ()  # rows under the last message

    def under(self, papers: Sequence[int], *, last: bool) -> Buttons:
        """Returns the rows under a message that shows these papers."""
        named = [self.numbers[paper] for paper in papers if paper in self.numbers]
        return (*button_rows(named), *(self.last if last else ()))


def delivery_buttons(
    delivery: Delivery, plan: Outline, reader: Reader, medium: Medium, make_link: MakeLink | None
) -> DeliveryButtons:
    """Returns the buttons of a delivery with papers. `make_link` gives the link with which strangers subscribe for themselves."""
    if not medium.numbers and medium.beside == "never":
        return DeliveryButtons()
    if reader.settings.buttons == "link":
        link = make_link(delivery) if make_link else ""
        return DeliveryButtons(last=((Button(label=reader.language.say("get your own"), url=link),),) if link else ())
    if reader.settings.buttons != "full" or reader.is_public:  # strangers could press them
        return DeliveryButtons()
    shown = [item for group in plan.groups for item in group.items]
    more = _show_more(delivery, reader, len(delivery.items) - len(shown))
    is_single = plan.form is DeliveryForm.CARDS and len(shown) == 1
    numbers = {
        item.paper.id: Button(name="card", label=str(number), data=f"d{delivery.id}.c{item.position}")
        for number, item in enumerate(shown, start=1)
    }
    if medium.beside == "always" or (medium.beside == "in lists" and not is_single):
        cards = {item.paper.id: card_buttons(numbers[item.paper.id], item, reader.language) for item in shown}
        return DeliveryButtons(beside=cards, last=more)
    if is_single:
        card = card_buttons(numbers[shown[0].paper.id], shown[0], reader.language)
        return DeliveryButtons(last=(card.first, card.second, *more))
    return DeliveryButtons(numbers=numbers, last=more)


def card_buttons(opens: Button | None, item: Item, language: Language) -> CardButtons:
    """Returns the buttons of a paper. `opens` opens its card; None: strangers could press the buttons, so there are only links."""
    links = paper_links(item, language)
    if opens is None:
        return CardButtons(first=links)

    def button(name: str, letter: str, label: str, shows: str = "") -> Button:
        return Button(name=name, label=label, data=f"{opens.data}.{letter}", shows=shows)

    def judging(name: str, letter: str, label: str, signal: Signal) -> Button:
        return button(name, letter, label, shows=f"{signal.name}:{item.paper.id}")

    is_brought = any(because.number for because in item.because)  # by a subscription, which can be changed
    rest = [
        *links[1:],
        *([button("why", "w", language.say("why")), button("mute", "q", language.say("mute ▾"))] if is_brought else []),
        *([button("follow", "a", language.say("follow authors"))] if item.paper.paper.authors else []),
        button("similar", "n", language.say("more like this")),
    ]
    return CardButtons(
        opens=opens,
        first=(
            *links[:1],
            judging("save", "s", language.say("save"), Signal.SAVED),
            judging("like", "l", "👍", Signal.LIKED),
            judging("dislike", "d", "👎", Signal.DISLIKED),
        ),
        second=(
            *(() if opens.arguments.get("whole") else (button("more", "f", language.say("more")),)),
            *((button("exclude", "x", language.say("exclude")),) if is_brought else ()),
            replace(button("menu", "o", "⋯"), options=tuple(rest)),
        ),
    )


def menu_rows(opens: Button, item: Item, language: Language) -> Buttons:
    """Returns the buttons that ⋯ opens, in rows, with the way back."""
    back = Button(name="back", label=language.say("‹ back"), data=f"{opens.data}.b")
    return button_rows((*card_buttons(opens, item, language).rest, back), _IN_MENU)


def paper_links(item: Item, language: Language) -> tuple[Button, ...]:
    """Buttons with the links of a paper: its PDF and its page, else a search for it."""
    paper = item.paper.paper
    page, pdf = cleaning.paper_url(paper), cleaning.pdf_url(paper)
    place = next((name for start, name in _PLACES.items() if page.startswith(start)), language.say("open"))
    links = [("pdf", "PDF", pdf)] if pdf else []
    links += [("page", place, page)] if page and page != pdf else []
    search = "" if links else cleaning.search_url(paper)
    links += [("search", language.say("find it"), search)] if search else []
    return tuple(Button(name=name, label=label, url=url) for name, label, url in links)


def button_rows(buttons: Sequence[Button], width: int = IN_ROW) -> Buttons:
    """Returns the buttons in as few rows as possible, of nearly equal length: nine become five and four."""
    if not buttons:
        return ()
    rows = -(-len(buttons) // width)
    width = -(-len(buttons) // rows)
    return tuple(tuple(buttons[start : start + width]) for start in range(0, len(buttons), width))


def _show_more(delivery: Delivery, reader: Reader, hidden: int) -> Buttons:
    if not hidden:
        return ()
    label = reader.language.count("show {count} more", "show {count} more", hidden)
    return ((Button(label=label, data=f"d{delivery.id}.m"),),)
