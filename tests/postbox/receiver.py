"""Letters of people → requests: `in/NAME.txt`, the sender in its first line, what is asked below."""

from collections.abc import Sequence
from pathlib import Path

from bot.ports import conversation
from bot.ports.channel import Clock
from subscriptions.model import ChatAddress
from tests.postbox.facts import POSTBOX


class PostboxReceiver:
    """See Receiver."""

    name = "postbox letters"
    problem = ""
    is_exclusive = True
    routes: Sequence[conversation.WebRoute] = ()

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._in = folder / "in"
        self._clock = clock

    async def listen(self, dispatcher: conversation.RequestDispatcher) -> None:
        """See Receiver."""
        while True:
            await self.drain(dispatcher)
            await self._clock.sleep(60)

    async def drain(self, dispatcher: conversation.RequestDispatcher) -> None:
        """See Receiver."""
        for path in sorted(self._in.glob("*.txt")):
            await dispatcher.dispatch(self._request(path))
            path.unlink()

    def _request(self, path: Path) -> conversation.Request:
        sender, _, words = path.read_text().partition("\n")
        chat = ChatAddress(POSTBOX.name, sender)
        about = {
            "place": conversation.Place(chat=chat, kind=POSTBOX.kind_of(chat)),
            "update_id": path.stem,
            "sender": sender,
        }
        if words.startswith("token "):
            return conversation.CallbackRequest(callback_data=words.removeprefix("token "), **about)  # type: ignore[arg-type]
        first, _, rest = words.strip().partition(" ")
        command = first.removeprefix("/") if first.startswith("/") else ""
        return conversation.MessageRequest(command=command, text=rest if command else words, **about)  # type: ignore[arg-type]
