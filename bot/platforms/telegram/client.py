"""The calls to Telegram, through python-telegram-bot's `Bot` and `HTTPXRequest`; what its refusals mean.

Every call is `do_api_request`, whose answer is plain JSON: the library's typed methods raise errors at objects of a
later Bot API, after the message was sent, and `get_updates` for a whole batch. Importing this module loads the library.

Telegram's answers are read here, because the library's errors do not tell their status. A 4xx of Telegram itself is a
definite no: it refuses the message, unless its words are some of a few about the chat, the topic, a wait or the token.
A missing or cut answer is Unclear, unless the request never left.
"""

import asyncio
import json
import logging
import re
import warnings
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import quote

import httpx
from telegram import Bot
from telegram.error import TelegramError
from telegram.request import HTTPXRequest

from bot.http import NEVER_SENT, trusted
from bot.platforms.receivers import UpdatesConflict
from subscriptions.model import PauseReason
from subscriptions.outcomes import ChatGone, ChatMoved, NotDelivered, Rejected, RetryLater, SenderStopped, Unclear

# the library advises its typed methods at each call
warnings.filterwarnings("ignore", message="Please use 'Bot")

LARGEST = 20 << 20  # bytes; Telegram lets bots download files up to this size
_LARGEST_ANSWER = LARGEST + (1 << 20)
_MARGIN = timedelta(seconds=0.5)  # added to Telegram's waits, which are whole seconds
_TOO_LONG = 1_000_000  # seconds; such a wait, eleven days, is none that Telegram asks for
_NO_NUMBER = timedelta(seconds=5)  # the wait after a 429 without a number, and after a conflict
_CONFLICT = (
    "another program asks Telegram for this bot's updates, or has them sent to a webhook, so people are answered by chance; "
    "stop it, or give it a token of its own"
)
logging.getLogger("telegram").setLevel(logging.CRITICAL)  # it logs each body that it cannot read

_WRONG_ADDRESS = (httpx.InvalidURL, httpx.UnsupportedProtocol)

# Words in Telegram's refusals → their meaning. The first row with a matching pattern counts. Any other refusal is the message's.
_TOPIC = "Telegram does not let the bot write to this topic"
_CHAT = "Telegram does not let the bot write to this chat"
# Whether Telegram means this chat is in doubt: it says the first also of chats that are there, and what the bot may write
# may come back without an update, as after a restriction with an end.
_PERHAPS = partial(ChatGone, in_doubt=True)
_NO_RIGHTS = partial(ChatGone, pause_reason=PauseReason.NO_RIGHTS, in_doubt=True)
_MEANINGS: tuple[tuple[str, str, Callable[[str], NotDelivered]], ...] = (
    (
        "message thread not found|topic_deleted",
        _TOPIC,
        partial(ChatGone, scope="topic", pause_reason=PauseReason.TOPIC_DELETED),
    ),
    ("topic_closed", _TOPIC, partial(ChatGone, scope="topic", pause_reason=PauseReason.TOPIC_CLOSED)),
    ("slowmode_wait|flood_wait|too many requests|retry after", "Telegram asks us to slow down", RetryLater),
    # where only files are forbidden, the bot may still write
    ("not enough rights to send (?!documents)|have no rights to send a message", _CHAT, _NO_RIGHTS),
    (
        "need administrator rights|chat_admin_required|chat_restricted|chat_(write|(guest_)?send(_plain)?)_forbidden",
        _CHAT,
        _NO_RIGHTS,
    ),
    (
        r"\b(peer_id|chat|chat_id|channel)_(invalid|private|forbidden)\b|chat not found|chat was upgraded",
        _CHAT,
        _PERHAPS,
    ),
    ("user_is_(blocked|bot)|user_banned_in_channel|bot was (blocked|kicked)|bot is not a member", _CHAT, ChatGone),
    ("chat was (deactivated|deleted)|user(_| is )deactivated", _CHAT, ChatGone),
    # no other form helps
    ("message (to edit not found|can't be edited)|message_id_invalid", "Telegram refuses the message", Rejected),
)
_FORBIDDEN = re.compile("rights|restricted|forbidden_|_forbidden")  # the bot is still in the chat
# Telegram's words if a person is not in the chat. Its other words do not tell whether the person is there.
_NOT_THERE = re.compile("(user|member) not found|participant_id_invalid|user_id_invalid|invalid user_id")


class Refusal(TelegramError):
    """An answer with another status than 2xx.

    `words`: what Telegram says; "" if something on the way answered, such as a proxy.
    """

    def __init__(self, status: int, words: str = "", parameters: Mapping[str, object] | None = None) -> None:
        super().__init__(words or f"HTTP {status}")
        self.status = status
        self.words = words
        self.parameters = parameters or {}


class PersonNotFound(Rejected):
    """The person does not exist, or is not in the chat."""


class FileTooLarge(Rejected):
    """The file is larger than bots may download."""


def outcome(error: Exception) -> NotDelivered:
    """Return the outcome of a message whose post or edit raised this error."""
    cause = error.__cause__
    match error:
        case NotDelivered():
            return error
        case Refusal():
            return _refused(error)
    if isinstance(cause, NEVER_SENT):
        return RetryLater(f"No connection to Telegram: {_line(str(cause)) or type(cause).__name__}")
    if isinstance(cause, UnicodeEncodeError):
        return Rejected("The message holds a character that cannot be sent.", form=True)
    if isinstance(cause, _WRONG_ADDRESS):
        return SenderStopped("The address of Telegram's server, or the token, cannot be part of a URL.")
    return Unclear(f"Telegram gave no usable answer ({type(cause or error).__name__}); it may have the message.")


def _refused(refusal: Refusal) -> NotDelivered:  # noqa: PLR0911 - a table with one return per row
    status, words, parameters = refusal.status, refusal.words, refusal.parameters
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return RetryLater("Telegram asks us to slow down.", _wait(parameters.get("retry_after")))
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return Unclear(f"Telegram is in trouble: {refusal}; it may have the message.")
    if not words:
        return RetryLater(f"Something on the way to Telegram refuses us: {refusal}.")
    if address := parameters.get("migrate_to_chat_id"):
        return ChatMoved("The group became a supergroup.", str(address))
    if status in (httpx.codes.UNAUTHORIZED, httpx.codes.NOT_FOUND):
        return SenderStopped("Telegram does not know this token, or this is not Telegram's server.")
    said = words.lower()
    for pattern, sentence, kind in _MEANINGS:
        if re.search(pattern, said):
            return kind(f"{sentence}: {refusal}")
    if status == httpx.codes.FORBIDDEN:
        return (_NO_RIGHTS if _FORBIDDEN.search(said.removeprefix("forbidden: ")) else ChatGone)(f"{_CHAT}: {refusal}")
    return Rejected(f"Telegram refuses the message: {refusal}", form=True)


def _line(text: str) -> str:
    return " ".join(text.split())[:200]


def _wait(retry_after: object) -> timedelta:
    """Return how long a 429 asks us to wait. A server in between may have written anything there."""
    if isinstance(retry_after, int | float) and 0 < retry_after < _TOO_LONG:
        return timedelta(seconds=retry_after) + _MARGIN
    return _NO_NUMBER


def outcome_of_question(error: Exception) -> NotDelivered:
    """Return the outcome of a call that may be repeated: like `outcome`, but never Unclear.

    The class of a refusal tells callers the reason.
    """
    if isinstance(error, Refusal) and error.status == httpx.codes.CONFLICT and error.words:
        return UpdatesConflict(_CONFLICT, _NO_NUMBER)
    match meaning := outcome(error):
        case Unclear():
            return RetryLater(f"Telegram cannot be asked now ({type(error.__cause__ or error).__name__}).")
        case Rejected() if _NOT_THERE.search(str(error).lower()):
            return PersonNotFound(f"Telegram refuses: {error}")
        case Rejected() if "file is too big" in str(error).lower():
            return FileTooLarge(f"Telegram refuses: {error}")
        case _:
            return meaning


class Transport(HTTPXRequest):
    """The library's requests, whose refusals keep their status.

    The token and the pages of proxies stay out of errors and logs.
    """

    def __init__(self, token: str, *, connect: float, read: float, in_flight: int) -> None:
        super().__init__(
            connection_pool_size=in_flight,
            connect_timeout=connect,
            pool_timeout=connect,
            read_timeout=read,
            write_timeout=read,
            httpx_kwargs={"event_hooks": {"response": [_bound]}, "verify": trusted()},
        )
        self._token = token
        self._patience = 2 * (connect + read)  # seconds for all of a request, since a server may send a byte at a time

    async def do_request(self, *arguments: Any, **more: Any) -> tuple[int, bytes]:  # noqa: ANN401 - the library's arguments, passed on
        """Return (status, body) of a success. Raise Refusal for any other answer."""
        waits = more.get("read_timeout")
        asked = waits if isinstance(waits, int | float) else 0
        async with asyncio.timeout(self._patience + asked):
            status, body = await super().do_request(*arguments, **more)
        if httpx.codes.is_success(status):
            return status, body
        try:
            match json.loads(body):
                case {"description": str(words), **said}:
                    parameters = said.get("parameters")
                    known = parameters if isinstance(parameters, dict) else {}
                    raise Refusal(status, _line(words.replace(self._token, "<token>")), known)
        except ValueError:
            pass
        raise Refusal(status)


async def _bound(response: httpx.Response) -> None:
    response.stream = _Bounded(response.stream)


class _Bounded(httpx.AsyncByteStream):
    """The body of an answer. Raises an error where it becomes larger than any answer of Telegram."""

    def __init__(self, whole: Any) -> None:  # noqa: ANN401 - the stream of httpx, which is an AsyncByteStream here
        self._whole = whole

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for piece in self._whole:
            size += len(piece)
            if size > _LARGEST_ANSWER:
                raise httpx.RemoteProtocolError("The answer is too large.")
            yield piece

    async def aclose(self) -> None:
        """Give the connection back."""
        await self._whole.aclose()


class Client:
    """The calls with one token. Each raises only NotDelivered.

    `root` is the address of the server ("/bot<token>/METHOD" is appended). `connect` and `read` are seconds to wait for
    a connection and for a response; with a short `read`, slow responses become Unclear. At most `in_flight` requests
    run at the same time, beside the one for updates. A request that never got a free connection was certainly not sent.
    """

    def __init__(self, token: str, root: str, *, connect: float = 5, read: float = 20, in_flight: int = 40) -> None:
        self._root, self._token, self._read = root.rstrip("/"), token, read
        self.bot_id = token.partition(":")[0]
        self._request, self._updates = (
            Transport(token, connect=connect, read=read, in_flight=number) for number in (in_flight, 1)
        )
        self._bot = Bot(token, base_url=f"{self._root}/bot", request=self._request, get_updates_request=self._updates)
        self._is_closed = False

    async def post(self, method: str, **arguments: object) -> object:
        """Return the result of a method that shows something to people, and so is never repeated."""
        return await self._call(method, arguments, outcome)

    async def ask(self, method: str, **arguments: object) -> object:
        """Return the result of a method that may be called twice. Never raise Unclear."""
        return await self._call(method, arguments, outcome_of_question)

    async def ask_for_object(self, method: str, **arguments: object) -> dict[str, Any]:
        """Like `ask`, but for a method whose result is an object."""
        answer = await self.ask(method, **arguments)
        if not isinstance(answer, dict):
            raise _unreadable()
        return answer

    async def _call(
        self,
        method: str,
        arguments: dict[str, object],
        meaning: Callable[[Exception], NotDelivered],
        waits: int = 0,
    ) -> object:
        if self._is_closed:
            raise RetryLater("The sender is shut down.")
        try:
            return await self._bot.do_api_request(method, arguments, read_timeout=self._read + waits)
        except Exception as error:  # noqa: BLE001 - `meaning` converts every error
            # not chained, because errors of httpx know the address with the token
            raise meaning(error) from None

    async def updates(self, offset: int, *, seconds: int, allowed: tuple[str, ...]) -> list[dict[str, Any]]:
        """Return the updates from `offset` on, as Telegram writes them, each with its update_id.

        Waits `seconds` for the first.

        Uses a connection of its own, so that sending and receiving do not wait for each other.
        """
        wanted = {"offset": offset, "limit": 100, "timeout": seconds, "allowed_updates": list(allowed)}
        found = await self._call("getUpdates", wanted, outcome_of_question, seconds)
        numbered = []
        if isinstance(found, list):
            numbered = [one for one in found if isinstance(one, dict) and isinstance(one.get("update_id"), int)]
        if found != [] and not numbered:
            raise _unreadable()
        return numbered

    async def download(self, path: str) -> bytes:
        """Return the content of a file, by the path that getFile returned."""
        try:
            return await self._request.retrieve(f"{self._root}/file/bot{self._token}/{quote(path)}")
        except Exception as error:  # noqa: BLE001 - as in `_call`
            if isinstance(error, Refusal) and error.status == httpx.codes.NOT_FOUND:
                raise Rejected("Telegram does not have this file any more.") from None
            raise outcome_of_question(error) from None

    async def close(self) -> None:
        """Close the connections."""
        self._is_closed = True
        for request in (self._request, self._updates):
            await request.shutdown()


def _unreadable() -> RetryLater:
    return RetryLater("Telegram gave no answer that can be read.")
