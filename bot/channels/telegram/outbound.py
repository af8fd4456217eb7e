"""The channel of Telegram (Bot API, sendMessage and editMessageText).

Telegram has no idempotency key, and a bot cannot read its own messages. So a post whose answer was lost stays Unclear, and
PAPERWIRE_ON_UNCLEAR decides what happens then.
"""

from datetime import datetime
from typing import TYPE_CHECKING, NoReturn

from pydantic import SecretStr

from bot.channels.telegram.api import TelegramApi
from bot.channels.telegram.bot_api.payload import MessageArguments, read_post
from bot.ports.channel import Limits
from subscriptions.errors import ChatGone, Rejected, RetryLater
from subscriptions.model import ChatAddress, ChatKind, Message

if TYPE_CHECKING:  # it loads python-telegram-bot, see TelegramChannel
    from bot.channels.telegram.bot_api.client import Client

DEFAULT_API_URL = "https://api.telegram.org"


class TelegramChannel:
    """The channel of one bot token.

    `api_url` is the root of the server ("/bot<token>/METHOD" is appended). `connect` and `read` are seconds to wait for
    a connection and for an answer; with a short `read`, slow answers become Unclear. At most `in_flight` requests run at
    the same time; a request that waits for a free connection in vain was certainly not sent.
    """

    platform = "telegram"
    adapter = "bot.channels.telegram.adapter"  # the module that builds the platform
    # Telegram allows thirty a second (core.telegram.org/bots/faq); 28 leaves room for sends that the network bunches up.
    limits = Limits(text=4096, per_second=28, per_lane=1, per_group_minute=20, burst=3, reserved=3)

    def __init__(
        self,
        token: str | SecretStr,
        *,
        api_url: str = DEFAULT_API_URL,
        connect: float = 5,
        read: float = 20,
        in_flight: int = 40,
    ) -> None:
        from bot.channels.telegram.bot_api.client import Client  # noqa: PLC0415 - takes 250 ms; only senders need it

        secret = token.get_secret_value() if isinstance(token, SecretStr) else token
        self._client = Client(secret, api_url, connect=connect, read=read, in_flight=in_flight)
        self._closed = False

    async def post(
        self, chat: ChatAddress, message: Message, *, delivery: str, thread: str | None = None, plain: bool = False
    ) -> str:
        """See Channel. Ignores `delivery`, which Telegram cannot carry; with `thread` it replies to that message."""
        del delivery
        post = self._open(message, plain=plain)
        if chat.topic and not chat.topic.isdecimal():
            raise ChatGone("A topic of Telegram has a number.", "topic")
        topic = int(chat.topic) if chat.topic else None
        return await self._client.send(chat.address, topic, post, _number(thread) if thread else None)

    async def edit(self, chat: ChatAddress, message_id: str, message: Message, *, plain: bool = False) -> None:
        """See Channel."""
        post = self._open(message, plain=plain)
        await self._client.edit(chat.address, _number(message_id), post)

    async def find(
        self, chat: ChatAddress, message: Message, *, delivery: str, after: datetime, thread: str | None = None
    ) -> NoReturn:
        """See Channel. Always raises LookupError, since bots cannot read their own messages."""
        del chat, message, delivery, after, thread
        raise LookupError("Telegram does not let a bot look for its messages.")

    async def identity(self) -> str:
        """See Channel. Returns the bot's user id."""
        me, _ = await self.api().get_me()
        return me

    async def resolve(self, name: str) -> tuple[str, str]:
        """Returns (id, title) of a public chat, by its "@name". Raises NotDelivered; ChatGone if there is no such chat."""
        found = await self.api().get_chat(name)
        return found.chat.address, found.title or name

    async def kind(self, address: str) -> ChatKind:
        """Returns the kind of a chat, by id or "@name". Raises as `resolve`."""
        return (await self.api().get_chat(address)).kind

    @property
    def client(self) -> "Client":
        """The client of this token, for receivers."""
        return self._client

    def api(self) -> TelegramApi:
        """Returns the platform API of the same token."""
        return TelegramApi(self._client)

    async def close(self) -> None:
        """See Channel."""
        self._closed = True
        await self._client.close()

    def _open(self, message: Message, *, plain: bool) -> MessageArguments:
        """Returns the message's content, read before anything is sent. Raises Rejected, RetryLater."""
        if self._closed:
            raise RetryLater("The sender is shut down.")
        try:
            return read_post(message, plain=plain)
        except ValueError as error:
            raise Rejected(f"The stored message cannot be read: {error}.", form=True) from error


def _number(message_id: str) -> int:
    if not message_id.isdecimal():
        raise Rejected("A message of Telegram has a number.")
    return int(message_id)
