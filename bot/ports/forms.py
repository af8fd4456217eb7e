"""Forms that a person fills in, and the page that each person has of the bot."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from bot.ports.button import Button, Buttons
from subscriptions.model import ChatAddress


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A value that a field offers."""

    value: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """Something to be filled in."""

    name: str
    label: str
    value: str = ""  # what stands in it at first
    hint: str = ""  # below it, in small letters
    notes: tuple[str, ...] = ()  # sentences below it
    options: tuple[Option, ...] = ()  # one of these is chosen; none: any text
    clock: bool = False  # a time of day, "09:00"
    watched: bool = False  # a change of it is told at once, so that the form can answer
    required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A form that a person fills in. What it does when it is sent is the verb with its arguments.

    The form is about the chat where it was opened, or about the one of `places` that its field of that name chooses.
    """

    title: str
    send: str  # the label of the button that sends it
    leave: str  # and of the one that closes it
    fields: tuple[Field, ...]
    verb: str
    arguments: Mapping[str, Any] = field(default_factory=dict)  # JSON values
    places: Mapping[str, ChatAddress] = field(default_factory=dict)  # values of the field PLACE → chats
    instead: str = ""  # what is said where it cannot be opened: how the same is done in words


PLACE = "place"  # the field of a form that says which chat it is about


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardItem:
    """One thing on a board, with what can be done with it."""

    text: str
    remark: str = ""  # below it, in small letters
    menu: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A part of a board: of one chat, say. Its buttons work there."""

    title: str
    items: tuple[BoardItem, ...] = ()
    lines: tuple[str, ...] = ()
    buttons: Buttons = ()
    about: ChatAddress | None = None  # None: of the person's own chat


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """What a person sees of the bot at a glance, on a page of their own."""

    panels: tuple[Panel, ...]
    remark: str = ""


class Forms(Protocol):
    """A platform that shows forms, and each person a page of their own. Views are as rendering writes them."""

    platform: str

    async def open(self, chat: ChatAddress, opens: str, view: str) -> None:
        """Shows a form to whoever made the request with this `opens`. Raises NotDelivered."""

    async def renew(self, chat: ChatAddress, shown: str, view: str) -> None:
        """Shows another view in place of one, unless that changed meanwhile. Raises NotDelivered."""

    async def show_board(self, person: ChatAddress, view: str) -> None:
        """Shows the person's page. Raises NotDelivered."""

    async def chats_with(self, person: ChatAddress) -> frozenset[str] | None:
        """Addresses of the chats in which both the bot and the person are. None: the platform does not let the bot see.

        Raises NotDelivered.
        """
