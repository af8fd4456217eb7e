"""Writes messages as letters, and answers questions about the people who write letters."""

import json
from datetime import datetime
from pathlib import Path

from bot.platform import OnBotName, Platform
from bot.ports.channel import Clock, File, Limits, read_message
from bot.ports.conversation import Place, Receiver
from subscriptions.errors import ChatGone, RetryLater
from subscriptions.model import ChatAddress, ChatKind, Message
from tests.postbox.facts import POSTBOX
from tests.postbox.letters import Letters, PostboxReceiver


class PostboxChannel(Platform):
    """Puts letters into `folder`/out: `0001.json` holds {"to", "text", "delivery", "number"}.

    The person "mayor" is the administrator of every street (a group chat).
    """

    platform = POSTBOX.name
    facts = POSTBOX
    medium = Letters()
    hears = True
    limits = Limits(text=2000, per_second=0, per_lane=0)
    startup_lines = ("Letters are read once a minute.",)

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.secret = "postbox-key"
        self.is_closed = False

    async def post(
        self,
        chat: ChatAddress,
        message: Message,
        *,
        delivery: str,
        thread: str | None = None,
        plain: bool = False,
    ) -> str:
        """See Channel."""
        del plain
        letter = {
            "to": str(chat),
            "text": read_message(message, "text")["text"],
            "delivery": delivery,
            "number": message.number,
        }
        self._open()
        if not chat.address.isprintable():
            raise ChatGone("Nobody lives there.", "chat")
        name = f"{len(self._letters()) + 1:04}"
        (self._out / f"{name}.json").write_text(json.dumps(letter))
        return name

    async def edit(self, chat: ChatAddress, message_id: str, message: Message, *, plain: bool = False) -> None:
        """See Channel. A letter cannot be changed, so another one follows."""
        await self.post(chat, message, delivery="", plain=plain)

    async def find(
        self,
        chat: ChatAddress,
        message: Message,
        *,
        delivery: str,
        after: datetime,
        thread: str | None = None,
    ) -> str | None:
        """See Channel."""
        self._open()
        letters = ((path, json.loads(path.read_text())) for path in self._letters())
        return next(
            (
                path.stem
                for path, letter in letters
                if (letter["delivery"], letter["number"]) == (delivery, message.number)
            ),
            None,
        )

    async def identity(self) -> str:
        """See Channel."""
        self._open()
        return "the-postman"

    async def close(self) -> None:
        """See Channel."""
        self.is_closed = True

    def receivers(self, clock: Clock, on_bot_name: OnBotName) -> tuple[Receiver, ...]:
        """See Platform."""
        on_bot_name("The postman")
        return (PostboxReceiver(self.folder, clock),)

    async def is_admin(
        self, chat: ChatAddress, person: str, *, member_suffices: bool = False, in_chat: bool = False
    ) -> bool | None:
        """See PlatformApi."""
        return person == "mayor"

    async def find_chat(self, name: str) -> Place | None:
        """See PlatformApi."""
        is_street = name.endswith("street")
        return Place(chat=ChatAddress(POSTBOX.name, name), kind=ChatKind.GROUP) if is_street else None

    async def send_file(self, chat: ChatAddress, file: File) -> str:
        """See PlatformApi."""
        text = json.dumps({"text": f"Enclosed: {file.name}"})
        return await self.post(chat, Message(number=1, payload=text), delivery="")

    def texts(self) -> list[str]:
        """Returns the texts of all letters that the bot posted, in order."""
        return [json.loads(path.read_text())["text"] for path in self._letters()]

    @property
    def _out(self) -> Path:
        return self.folder / "out"

    def _letters(self) -> list[Path]:
        return sorted(self._out.glob("*.json"))

    def _open(self) -> None:
        if self.is_closed or not self._out.is_dir():
            raise RetryLater("The post office is closed.")
