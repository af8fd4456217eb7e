"""A reply to a person, before it is rendered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from bot.ports.button import Button, Buttons
from bot.ports.forms import HomeView, Modal
from subscriptions.model import ChatAddress, Delivery, Item


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A document that goes along with a reply."""

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The answer to a person, before it is rendered: lines, then papers, then what a delivery would be."""

    lines: tuple[str, ...] = ()  # sentences, already in the chat's language; plain text
    ok: bool | None = None  # True: done (✓), False: refused (✗), None: neither
    code: tuple[str, ...] = ()  # lines that want a fixed width: the query and its caret, a list
    items: tuple[Item, ...] = ()  # papers that are shown below, numbered from `first`
    item_layout: Literal["row", "card", "whole", "why"] = (
        "row"  # rows of a list, cards, all that is known, why they came
    )
    first: int = 1
    numbers: tuple[Button, ...] = ()  # one for each of `items`, under the message that shows it; labels are numbers
    delivery: Delivery | None = None  # shown as it would be sent
    buttons: Buttons = ()
    file: File | None = None
    toast: str = ""  # a few words where a button was pressed; alone, nothing is posted
    replaces: bool = False  # takes the place of the message whose button was pressed
    is_ephemeral: bool = False  # for the asker's eyes, where the platform can do that
    target_chat: ChatAddress | None = None  # posted into another chat than the one that asked
    names_chat: bool = False  # its first line says itself which chat it is about
    modal: Modal | None = None  # opened in place of an answer, or anew while it is being filled in
    form_errors: Mapping[str, str] = field(default_factory=dict)  # what is wrong with what was filled in, by field
    home_view: HomeView | None = None  # the page of whoever asks
    lookup_ids: tuple[str, ...] = ()  # arXiv ids that are asked of arXiv next, for whoever asks
