"""A reply to a person, before it is rendered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from bot.ports.button import Button, Buttons
from bot.ports.forms import HomeView, Modal
from subscriptions.model import ChatAddress, Delivery, Item


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A document that is sent with a reply."""

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlotRow:
    """One row of a plot. Each row has its own scale, given in `name`: "saved: 6, at most 2 a day"."""

    name: str
    amounts: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Amounts side by side, such as days. The lines of the reply must give the same numbers."""

    title: str  # for people who do not see the picture
    labels: tuple[str, ...]  # one for each place from left to right, never empty
    rows: tuple[PlotRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The answer to a person, before it is rendered: first the lines, then the papers, then the preview of a delivery."""

    lines: tuple[str, ...] = ()  # sentences, already in the chat's language; plain text
    ok: bool | None = None  # True: done (✓), False: refused (✗), None: neither
    code: tuple[str, ...] = ()  # lines in fixed width: the query and its caret, or a list
    plot: Plot | None = None  # below `code`: a picture where the platform shows one within a message, else text
    items: tuple[Item, ...] = ()  # papers that are shown below the lines, numbered from `first`
    item_layout: Literal["row", "card", "whole", "why"] = (
        "row"  # papers as rows of a list, as cards, with all that is known, or with why they were delivered
    )
    days: tuple[str, ...] = ()  # shown beside each of `items`; "": none
    first: int = 1
    numbers: tuple[Button, ...] = ()  # one for each of `items`, under the message with the paper; labels are numbers
    delivery: Delivery | None = None  # a preview, shown as it would be sent
    buttons: Buttons = ()
    file: File | None = None
    toast: str = ""  # a few words shown where a button was pressed; a reply with nothing else posts no message
    replaces: bool = False  # the reply replaces the message whose button was pressed
    is_ephemeral: bool = False  # shown to the sender alone, on platforms that can do that
    target_chat: ChatAddress | None = None  # the chat where the reply is posted; None: where the request was made
    names_chat: bool = False  # the first line already names the chat that the reply is about
    modal: Modal | None = None  # a form that is opened, or that replaces the open one while it is being filled in
    form_errors: Mapping[str, str] = field(default_factory=dict)  # the problems of a submitted form, by field
    home_view: HomeView | None = None  # the home view of the sender
    lookup_ids: tuple[str, ...] = ()  # arXiv ids that are looked up at arXiv after this reply, for the sender
