"""Modals, which are forms that a person fills in, and home views, the page that the bot shows to each person."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from bot.ports.button import Button, Buttons
from subscriptions.model import ChatAddress


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
