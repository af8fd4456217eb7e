"""What the rooms say to each other of messages to people: buttons, forms, replies."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from subscriptions.errors import Sentence
from subscriptions.model import ChatAddress, Delivery, Item


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """A button under a message: it either opens `url` or sends `data`, the id of a callback token in the store.

    Commands set `verb` and `arguments` (JSON values), which say what the button does. The id is made when the reply is
    stored.
    """

    label: str
    url: str = ""
    data: str = ""
    verb: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    only_for: str = (
        ""  # the platform's id of the only person who may press it; "": everyone in the chat with the rights for it
    )
    shows: str = ""  # what a pressed button means, such as "SAVED:17": that the chat saved paper 17


Buttons = tuple[tuple[Button, ...], ...]  # rows


# ---------------------------------------------------------------------------------------------------------------------
# The part of a command that the menu of a platform shows.


class MenuCommand(Protocol):
    """What a menu shows of a command, and to whom."""

    @property
    def name(self) -> str:
        """The word of the command, without the slash before it."""

    @property
    def summary(self) -> Sentence:
        """What the command does, in a few words."""

    @property
    def needs_manager(self) -> bool:
        """Whether only people who manage the chat may give the command."""

    @property
    def needs_operator(self) -> bool:
        """Whether only operators of the bot may give the command."""

    @property
    def listed(self) -> bool:
        """Whether menus show the command."""


# ---------------------------------------------------------------------------------------------------------------------
# What people and their programs write to us, as every channel passes it on.


# Lone surrogates cannot be stored, NUL not in every database, and control characters are not shown.
_UNUSABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def usable_text(text: object) -> str:
    """Returns a text without characters that cannot be stored or shown; "" for None."""
    return _UNUSABLE.sub("", str(text or ""))


# ---------------------------------------------------------------------------------------------------------------------
# Modals, which are forms that a person fills in, and home views, the page that the bot shows to each person.


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A value that a field offers to choose."""

    value: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """One input of a form."""

    name: str
    label: str
    value: str = ""  # the initial value
    hint: str = ""  # shown below the input, in small letters
    notes: tuple[str, ...] = ()  # sentences shown below the input
    options: tuple[Option, ...] = ()  # the person chooses one of these; empty: the person types any text
    is_clock: bool = False  # the value is a time of day, "09:00"
    notifies_change: bool = False  # each change of the value makes a FormRequest, so that the form can be updated
    required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Modal:
    """A form that a person fills in. `verb` and `arguments` say what submitting the form does.

    The form is about the chat where it was opened, or about the chat of `places` that its field CHAT_FIELD selects.
    """

    title: str
    submit_label: str  # the label of the button that submits the form
    close_label: str  # the label of the button that closes the form without submitting it
    fields: tuple[FormField, ...]
    verb: str
    arguments: Mapping[str, Any] = field(default_factory=dict)  # JSON values
    places: Mapping[str, ChatAddress] = field(default_factory=dict)  # value of the field CHAT_FIELD → chat
    fallback: str = ""  # posted if the form cannot be opened: tells how to do the same by a command


CHAT_FIELD = "place"  # the name of the field that selects the chat that the form is about


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeItem:
    """One entry of a home view, with the buttons of its menu."""

    text: str
    remark: str = ""  # shown below the text, in small letters
    menu: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HomePanel:
    """A part of a home view, for example about one chat. Its buttons act on the chat `about`."""

    title: str
    items: tuple[HomeItem, ...] = ()
    lines: tuple[str, ...] = ()
    buttons: Buttons = ()
    about: ChatAddress | None = None  # None: the person's private chat


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeView:
    """The page that the bot shows to one person, about all chats of that person."""

    panels: tuple[HomePanel, ...]
    remark: str = ""


class Forms(Protocol):
    """Shows modals and home views on a platform. A view is a modal or home view, rendered to the platform's text."""

    platform: str

    def render_modal(self, modal: Modal, callback_token: str) -> str:
        """Returns the view of a modal. The platform sends `callback_token`, its token's id, back with the values."""

    def render_home_view(self, home: HomeView) -> str:
        """Returns the view of a home view."""

    async def open_modal(self, chat: ChatAddress, trigger_id: str, view: str) -> None:
        """Shows a form to the sender of the request that had this `trigger_id`. Raises NotDelivered."""

    async def update_modal(self, chat: ChatAddress, view_ref: str, view: str) -> None:
        """Replaces the open form `view_ref` by `view`, unless that form has changed meanwhile. Raises NotDelivered."""

    async def publish_home(self, person: ChatAddress, view: str) -> None:
        """Shows a home view to a person. Raises NotDelivered."""

    async def shared_chats(self, person: ChatAddress) -> frozenset[str] | None:
        """Returns the addresses of the chats in which both the bot and the person are.

        None: the platform does not let the bot see it. Raises NotDelivered.
        """


# ---------------------------------------------------------------------------------------------------------------------
# A reply to a person, before it is rendered.


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
