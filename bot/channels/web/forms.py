"""The forms of the web. Each has its own page (form_pages.py); the person who asked for the form is sent there."""

from dataclasses import dataclass

from pydantic import TypeAdapter

from bot.channels.web.facts import WEB
from bot.channels.web.hub import Hub
from bot.ports.forms import FormField, HomeView, Modal
from subscriptions.errors import Rejected
from subscriptions.model import ChatAddress


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownForm:
    """A form as it is sent from the conversation to its page."""

    id: str  # of the callback token
    title: str
    submit_label: str
    close_label: str
    fields: tuple[FormField, ...]


class WebForms:
    """See Forms. There is no home view: the page shows the chat itself."""

    platform = WEB.name

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def render_modal(self, modal: Modal, callback_token: str) -> str:
        """See Forms."""
        form = ShownForm(
            id=callback_token,
            title=modal.title,
            submit_label=modal.submit_label,
            close_label=modal.close_label,
            fields=modal.fields,
        )
        return _VIEW.dump_json(form).decode()

    def render_home_view(self, home: HomeView) -> str:
        """See Forms. Returns nothing to show."""
        del home
        return ""

    async def open_modal(self, chat: ChatAddress, trigger_id: str, view: str) -> None:
        """See Forms. Raises Rejected if the page that asked waits no more, such as after a restart."""
        del chat
        if not self._hub.show_form(trigger_id, view):
            raise Rejected("The page that asked for the form is gone.")

    async def update_modal(self, chat: ChatAddress, view_ref: str, view: str) -> None:
        """See Forms. `view_ref` is the update that asked for it."""
        del chat
        self._hub.show_form(view_ref, view)

    async def publish_home(self, person: ChatAddress, view: str) -> None:
        """See Forms. Does nothing."""
        del person, view

    async def shared_chats(self, person: ChatAddress) -> frozenset[str] | None:
        """See Forms. Everybody has the own chat and no other."""
        return frozenset({person.address})


def read_form(view: str) -> ShownForm:
    """Returns the form that `WebForms.render_modal` wrote."""
    return _VIEW.validate_json(view)


_VIEW = TypeAdapter(ShownForm)
