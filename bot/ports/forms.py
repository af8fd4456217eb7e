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
    is_clock: bool = False  # a time of day, "09:00"
    notifies_change: bool = False  # a change of it is told at once, so that the form can answer
    required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Modal:
    """A form that a person fills in. What it does when it is sent is the verb with its arguments.

    The form is about the chat where it was opened, or about the one of `places` that its field of that name chooses.
    """

    title: str
    submit_label: str  # the label of the button that sends it
    close_label: str  # and of the one that closes it
    fields: tuple[Field, ...]
    verb: str
    arguments: Mapping[str, Any] = field(default_factory=dict)  # JSON values
    places: Mapping[str, ChatAddress] = field(default_factory=dict)  # values of the field PLACE → chats
    fallback: str = ""  # what is said where it cannot be opened: how the same is done in words


CHAT_FIELD = "place"  # the field of a form that says which chat it is about


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeItem:
    """One thing on a board, with what can be done with it."""

    text: str
    remark: str = ""  # below it, in small letters
    menu: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HomePanel:
    """A part of a board: of one chat, say. Its buttons work there."""

    title: str
    items: tuple[HomeItem, ...] = ()
    lines: tuple[str, ...] = ()
    buttons: Buttons = ()
    about: ChatAddress | None = None  # None: of the person's own chat


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeView:
    """What a person sees of the bot at a glance, on a page of their own."""

    panels: tuple[HomePanel, ...]
    remark: str = ""


class Forms(Protocol):
    """Modals and home views of a platform. A view is a modal or home view as text that the platform takes."""

    platform: str

    def render_modal(self, modal: Modal, callback_token: str) -> str:
        """Returns the view of a modal, which carries the callback token back with its values."""

    def render_home_view(self, home: HomeView) -> str:
        """Returns the view of a home view."""

    async def open_modal(self, chat: ChatAddress, trigger_id: str, view: str) -> None:
        """Opens a modal for the person whose request brought this trigger id. Raises NotDelivered."""

    async def update_modal(self, chat: ChatAddress, view_ref: str, view: str) -> None:
        """Replaces the view of an open modal, unless that has changed since `view_ref`. Raises NotDelivered."""

    async def publish_home(self, person: ChatAddress, view: str) -> None:
        """Replaces a person's home view. Raises NotDelivered."""

    async def shared_chats(self, person: ChatAddress) -> frozenset[str] | None:
        """Returns the addresses of the chats where both the bot and the person are; None if the platform does not tell.

        Raises NotDelivered.
        """
