"""Messages → letters, and what the post office knows of the people who write them."""

import json
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from bot.ports.channel import Channel, File, Limits
from bot.ports.conversation import Place, Request
from subscriptions.errors import ChatGone, Refused, Rejected, RetryLater, Sentence
from subscriptions.model import ChatAddress, ChatKind, Message
from tests.postbox.facts import POSTBOX


@dataclass(slots=True)
class PostboxChannel(Channel):
    """Puts letters into `folder`/out: `0001.json` holds {"to", "text", "delivery", "number"}."""

    folder: Path
    secret: str = field(default="postbox-key", repr=False)
    platform: str = POSTBOX.name
    adapter: str = "tests.postbox.adapter"
    limits: Limits = field(default_factory=lambda: Limits(text=2000, per_second=0, per_lane=0))
    is_closed: bool = False

    async def post(
        self, chat: ChatAddress, message: Message, *, delivery: str, thread: str | None = None, plain: bool = False
    ) -> str:
        """See Channel."""
        del thread
        letter = {"to": str(chat), "text": _text(message, plain=plain), "delivery": delivery, "number": message.number}
        self._open()
        if not chat.address.isprintable():
            raise ChatGone("Nobody lives there.", "chat")
        name = f"{len(self._letters()) + 1:04}"
        (self._out / f"{name}.json").write_text(json.dumps(letter))
        return name

    async def edit(self, chat: ChatAddress, message_id: str, message: Message, *, plain: bool = False) -> None:
        """See Channel. A letter cannot be changed, so another one follows."""
        del message_id
        await self.post(chat, message, delivery="", plain=plain)

    async def find(
        self, chat: ChatAddress, message: Message, *, delivery: str, after: datetime, thread: str | None = None
    ) -> str | None:
        """See Channel."""
        del chat, after, thread
        self._open()
        wanted = (delivery, message.number)
        letters = ((path, json.loads(path.read_text())) for path in self._letters())
        return next((path.stem for path, letter in letters if (letter["delivery"], letter["number"]) == wanted), None)

    async def identity(self) -> str:
        """See Channel."""
        self._open()
        return "the-postman"

    async def close(self) -> None:
        """See Channel."""
        self.is_closed = True

    def texts(self) -> list[str]:
        """What was posted, in its order."""
        return [json.loads(path.read_text())["text"] for path in self._letters()]

    @property
    def _out(self) -> Path:
        return self.folder / "out"

    def _letters(self) -> list[Path]:
        return sorted(self._out.glob("*.json"))

    def _open(self) -> None:
        if self.is_closed or not self._out.is_dir():
            raise RetryLater("The post office is closed.")


def _text(message: Message, *, plain: bool) -> str:
    try:
        content = json.loads(message.plain if plain else message.payload)
    except ValueError as error:
        raise Rejected("The stored message cannot be read.", form=True) from error
    if not isinstance(content, dict) or not isinstance(content.get("text"), str):
        raise Rejected("The stored message has no text.", form=True)
    return str(content["text"]).encode("utf-8", "replace").decode()


@dataclass(slots=True)
class PostboxApi:
    """See PlatformApi. The person who signs as "mayor" administers the street."""

    channel: PostboxChannel
    platform: str = POSTBOX.name
    has_ephemeral: bool = False

    async def is_admin(
        self, chat: ChatAddress, person: str, *, member_suffices: bool = False, in_chat: bool = False
    ) -> bool | None:
        """See PlatformApi."""
        del chat, member_suffices, in_chat
        return person == "mayor"

    async def enrich(self, request: Request, *, changes: bool) -> Request:
        """See PlatformApi."""
        del changes
        return replace(request, place=replace(request.place, title=request.chat.address.title()))

    async def find_chat(self, name: str) -> Place | None:
        """See PlatformApi."""
        if not name.endswith("street"):
            return None
        return Place(chat=ChatAddress(POSTBOX.name, name), kind=ChatKind.GROUP, title=name.title())

    async def post_ephemeral(
        self,
        chat: ChatAddress,
        person: str,
        message: Message | None,
        *,
        response_url: str,
        replaces: bool,
        plain: bool = False,
    ) -> None:
        """See PlatformApi. A letter has no single reader, so there is nothing to post."""

    async def acknowledge(self, callback_id: str, words: str = "") -> None:
        """See PlatformApi."""

    async def send_file(self, chat: ChatAddress, file: File) -> str:
        """See PlatformApi."""
        return await self.channel.post(chat, _enclosure(file), delivery="")

    async def fetch(self, file: str, most: int) -> bytes:
        """See PlatformApi."""
        data = (self.channel.folder / "in" / file).read_bytes()
        if len(data) > most:
            raise Refused(Sentence("The enclosure is larger than {most} KB.", {"most": most // 1024}))
        return data


def _enclosure(file: File) -> Message:
    text = json.dumps({"text": f"Enclosed: {file.name}"})
    return Message(number=1, payload=text, plain=text)
