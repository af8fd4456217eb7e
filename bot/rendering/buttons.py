"""Buttons of a delivery: numbers that open cards or a menu beside each paper, [show more], [get your own]; links of a card.

Their data is read by bot/commands/papers/cards.py.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from bot.ports.channel import Button, Buttons
from bot.rendering.outline import DeliveryForm, Outline
from bot.rendering.packing import Medium
from bot.rendering.parts import Reader
from bot.rendering.text.cleaning import paper_url, pdf_url, search_url
from bot.rendering.text.language import Language
from subscriptions.model import Delivery, Item
from subscriptions.states import Signal

IN_ROW = 8  # buttons in one row; no platform with numbers shows more

_PLACES: Mapping[str, str] = MappingProxyType({"https://arxiv.org/": "arXiv", "https://doi.org/": "DOI"})

MakeLink = Callable[[Delivery], str]
_CARD = re.compile(r"(?P<delivery>d[0-9a-z]{16})\.c(?P<position>\d{1,6})")


@dataclass(frozen=True, slots=True)
class DeliveryButtons:
    """The buttons of one delivery."""

    numbers: Mapping[int, Button] = field(default_factory=dict)  # paper id -> the button that opens its card
    menus: Mapping[int, tuple[Button, ...]] = field(default_factory=dict)  # paper id -> the menu beside it
    last: Buttons = ()  # rows under the last message

    def under(self, papers: Sequence[int], *, last: bool) -> Buttons:
        """Returns the rows under a message that shows these papers."""
        named = [self.numbers[paper] for paper in papers if paper in self.numbers]
        return (*button_rows(named), *(self.last if last else ()))


def delivery_buttons(
    delivery: Delivery, plan: Outline, reader: Reader, medium: Medium, make_link: MakeLink | None
) -> DeliveryButtons:
    """Returns the buttons of a delivery with papers. `make_link` gives the link with which strangers subscribe for themselves."""
    if not (medium.numbers or medium.menus):
        return DeliveryButtons()
    if reader.settings.buttons == "link":
        link = make_link(delivery) if make_link else ""
        return DeliveryButtons(last=((Button(label=reader.language.say("get your own"), url=link),),) if link else ())
    if reader.settings.buttons != "full" or reader.is_public:  # strangers could press them
        return DeliveryButtons()
    shown = [item for group in plan.groups for item in group.items]
    more = _show_more(delivery, reader, len(delivery.items) - len(shown))
    is_single = plan.form is DeliveryForm.CARDS and len(shown) == 1
    judging = _judging(delivery, shown[0], reader.language) if is_single else ()
    if medium.menus:
        menus = {item.paper.id: _menu(f"d{delivery.id}", item.position, item, reader.language) for item in shown}
        return DeliveryButtons(menus=menus, last=(judging, *more) if judging else more)
    if is_single:
        return DeliveryButtons(last=(_single_paper_row(delivery, shown[0], reader), judging[:-1], judging[-1:], *more))
    numbers = {
        item.paper.id: Button(label=str(number), data=f"d{delivery.id}.c{item.position}")
        for number, item in enumerate(shown, start=1)
    }
    return DeliveryButtons(numbers=numbers, last=more)


def menu_beside(card_button: Button, item: Item, language: Language) -> tuple[Button, ...]:
    """Returns the menu beside a paper in a reply, which replaces the button that opens its card: the same menu as in its delivery.

    For a paper that is in no delivery, the menu is only that button.
    """
    card = _CARD.fullmatch(card_button.data)
    return _menu(card["delivery"], int(card["position"]), item, language) if card else (card_button,)


def paper_links(item: Item, language: Language) -> tuple[Button, ...]:
    """Buttons with the links of a paper: its page and its PDF, else a search for it."""
    paper = item.paper.paper
    page, pdf = paper_url(paper), pdf_url(paper)
    named = next((name for start, name in _PLACES.items() if page.startswith(start)), language.say("open"))
    links = [(named, page)] if page and page != pdf else []
    links += [("PDF", pdf)] if pdf else []
    search = "" if links else search_url(paper)
    links += [(language.say("look for it on arXiv"), search)] if search else []
    return tuple(Button(label=label, url=url) for label, url in links)


def button_rows(buttons: Sequence[Button]) -> Buttons:
    """Returns the buttons in as few rows as possible, of nearly equal length: nine become five and four."""
    if not buttons:
        return ()
    rows = -(-len(buttons) // IN_ROW)
    width = -(-len(buttons) // rows)
    return tuple(tuple(buttons[start : start + width]) for start in range(0, len(buttons), width))


def _show_more(delivery: Delivery, reader: Reader, hidden: int) -> Buttons:
    if not hidden:
        return ()
    label = reader.language.count("show {count} more", "show {count} more", hidden)
    return ((Button(label=label, data=f"d{delivery.id}.m"),),)


def _menu(delivery: str, position: int, item: Item, language: Language) -> tuple[Button, ...]:
    """Returns the actions of a paper. `delivery` is the delivery's id with "d" before it."""
    verbs = {
        "f": language.say("more"),
        "w": language.say("why"),
        "q": language.say("mute"),
        "x": language.say("exclude"),
    }
    if item.paper.paper.authors:
        verbs["a"] = language.say("follow authors")
    return tuple(Button(label=label, data=f"{delivery}.{verb}{position}") for verb, label in verbs.items())


def _single_paper_row(delivery: Delivery, item: Item, reader: Reader) -> tuple[Button, ...]:
    """Returns the actions of the only paper of an alert."""
    say, place = reader.language.say, f"d{delivery.id}."
    return (
        Button(label=say("more"), data=f"{place}f{item.position}"),
        Button(label=say("mute ▾"), data=f"{place}q{item.position}"),
        Button(label=say("why"), data=f"{place}w{item.position}"),
    )


def _judging(delivery: Delivery, item: Item, language: Language) -> tuple[Button, ...]:
    """Returns 👍 👎 [save] and [more like this] for the only paper of an alert, as its card has them."""
    labels = (
        ("l", "👍", f"{Signal.LIKED.name}:{item.paper.id}"),
        ("d", "👎", f"{Signal.DISLIKED.name}:{item.paper.id}"),
        ("s", language.say("save"), f"{Signal.SAVED.name}:{item.paper.id}"),
        ("n", language.say("more like this"), ""),
    )
    place = f"d{delivery.id}."
    return tuple(
        Button(label=label, data=f"{place}{verb}{item.position}", shows=shows) for verb, label, shows in labels
    )
