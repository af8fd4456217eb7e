"""The medium and the receiver of the postbox."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from starlette.routing import Route

from bot.platforms.console.markup import Console
from bot.ports.channel import Clock
from bot.ports.conversation import (
    CallbackRequest,
    MessageRequest,
    Place,
    Request,
    RequestDispatcher,
)
from bot.rendering.packing import Page
from subscriptions.model import ChatAddress
from tests.postbox.facts import POSTBOX


class Letters(Console):
    """Writes the same text as for a terminal, plus the token of each button. A person presses a button by sending its token."""

    def compose(self, page: Page) -> str:
        """See Medium."""
        payload = super().compose(replace(page, buttons=()))
        tokens = [f"{button.label}: token {button.data}" for row in page.buttons for button in row if button.data]
        return json.dumps({"text": "\n".join([json.loads(payload)["text"], *tokens])}, ensure_ascii=False)


class PostboxReceiver:
    """Turns letters of people into requests. In `in/NAME.txt`, the first line is the sender, the rest is the message."""

    name = "postbox letters"
    problem = ""
    routes: Sequence[Route] = ()

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._in = folder / "in"
        self._clock = clock

    async def listen(self, dispatcher: RequestDispatcher) -> None:
        """See Receiver."""
        while True:
            await self.drain(dispatcher)
            await self._clock.sleep(60)

    async def drain(self, dispatcher: RequestDispatcher) -> None:
        """See Receiver."""
        for path in sorted(self._in.glob("*.txt")):
            await dispatcher.dispatch(self._request(path))
            path.unlink()

    def _request(self, path: Path) -> Request:
        sender, _, words = path.read_text().partition("\n")
        chat = ChatAddress(POSTBOX.name, sender)
        about = {
            "place": Place(chat=chat, kind=POSTBOX.kind_of(chat)),
            "update_id": path.stem,
            "sender": sender,
        }
        if words.startswith("token "):
            return CallbackRequest(callback_data=words.removeprefix("token "), **about)  # type: ignore[arg-type]
        first, _, rest = words.strip().partition(" ")
        command = first.removeprefix("/") if first.startswith("/") else ""
        return MessageRequest(command=command, text=rest if command else words, **about)  # type: ignore[arg-type]
