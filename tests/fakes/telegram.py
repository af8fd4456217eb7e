"""A Telegram Bot API server on loopback, as strict as the real one (core.telegram.org/bots/api, tdlib/telegram-bot-api).

Where the platform's own error text is not known for certain, the fake is stricter rather than laxer and says so in a
comment. Words of errors follow tdlib/telegram-bot-api, Client.cpp (fail_query_with_error).
"""

import json
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from tests.fakes.faults import JSON, Fault
from tests.fakes.markup import ENTITY_BYTES, RAW_LIMIT, TEXT_LIMIT, Text, Unparsable, parse_html, trim
from tests.fakes.server import Answer, Call, FakePlatform

TOKEN = "4242:made-up-token-of-a-bot"
BOT = {"id": 4242, "is_bot": True, "first_name": "Paperwire", "username": "paperwire_test_bot"}


@dataclass(slots=True)
class FakeChat:
    """A place that the server knows."""

    id: int
    kind: str = "private"  # private, group, supergroup, channel
    title: str = "A chat"
    username: str = ""
    topics: set[int] = field(default_factory=set)
    closed_topics: set[int] = field(default_factory=set)
    refusal: tuple[int, str] | None = None  # (status, words) instead of taking a message
    moved_to: int | None = None


class _Refusal(Exception):
    """What the server answers instead of doing it."""

    def __init__(self, status: int, words: str, parameters: dict[str, int] | None = None) -> None:
        super().__init__(words)
        self.status = status
        self.words = words
        self.parameters = parameters


class FakeTelegram(FakePlatform):
    """Verbs: knows, blocks, deactivates, kicks, forbids, migrates, closes_topic, deletes_topic, revokes, restores."""

    send = "sendMessage"
    root = ""
    verbs = (
        "knows",
        "opens_to_all",
        "blocks",
        "deactivates",
        "kicks",
        "forbids",
        "unblocks",
        "migrates",
        "closes_topic",
        "deletes_message",
        "deletes_topic",
        "revokes",
        "restores",
        "receives",
    )

    def __init__(self, journal: Path | None = None, *, token: str = TOKEN) -> None:
        super().__init__(journal)
        self.token = token
        self._chats: dict[int, FakeChat] = {}
        self._open_to_all = False
        self._revoked = False
        self._messages: dict[tuple[int, int], tuple[Text, str]] = {}  # (chat, id) → what it says, its buttons
        self._next_id = 100
        self._updates: list[dict[str, Any]] = []
        self._next_update = 1000

    # ── verbs ─────────────────────────────────────────────────────────────────

    def knows(
        self,
        chat: str,
        kind: str | None = None,
        *,
        title: str = "A chat",
        username: str = "",
        topics: tuple[int, ...] = (),
    ) -> None:
        """The bot may write to this chat; `username` is without the @."""
        number = int(chat)
        guess = "private" if number > 0 else "supergroup"
        self._chats[number] = FakeChat(number, kind or guess, title, username, set(topics))

    def opens_to_all(self) -> None:
        """Every chat is known, for load tests."""
        self._open_to_all = True

    def blocks(self, chat: str) -> None:
        self._chat(chat).refusal = (403, "Forbidden: bot was blocked by the user")

    def deactivates(self, chat: str) -> None:
        self._chat(chat).refusal = (403, "Forbidden: user is deactivated")

    def kicks(self, chat: str) -> None:
        known = self._chat(chat)
        known.refusal = (403, f"Forbidden: bot was kicked from the {known.kind} chat")

    def forbids(self, chat: str, words: str = "not enough rights to send text messages to the chat") -> None:
        """The chat is there, the right to write is not."""
        self._chat(chat).refusal = (400, f"Bad Request: {words}")

    def unblocks(self, chat: str) -> None:
        self._chat(chat).refusal = None

    def migrates(self, old: str, new: str) -> None:
        """A group becomes a supergroup."""
        self.knows(new, "supergroup", title=self._chat(old).title)
        self._chat(old).moved_to = int(new)

    def closes_topic(self, chat: str, topic: int) -> None:
        self._chat(chat).closed_topics.add(topic)

    def deletes_message(self, chat: str, message: str) -> None:
        """Somebody deletes a message: it can be edited no more."""
        self._messages.pop((int(chat), int(message)), None)

    def deletes_topic(self, chat: str, topic: int) -> None:
        self._chat(chat).topics.discard(topic)

    def revokes(self) -> None:
        """The token is unknown from now on."""
        self._revoked = True

    def restores(self) -> None:
        self._revoked = False

    def receives(self, update: dict[str, Any]) -> None:
        """Somebody did something: getUpdates will tell. `update` without its id."""
        self._updates.append({"update_id": self._next_update, **update})
        self._next_update += 1

    # ── the server ────────────────────────────────────────────────────────────

    def too_many(self, retry_after: object) -> Fault:
        parameters = {} if retry_after is None else {"parameters": {"retry_after": retry_after}}
        words = "Too Many Requests" + ("" if retry_after is None else f": retry after {retry_after}")
        body = {"ok": False, "error_code": 429, "description": words, **parameters}
        return Fault(status=429, body=json.dumps(body), content_type=JSON)

    async def read(self, request: web.BaseRequest) -> Call:
        match = re.fullmatch(r"/bot([^/]+)/(\w+)", request.path)
        token, method = match.groups() if match else ("", request.path)
        raw = await request.read()
        try:
            arguments = _arguments(request, raw)
        except ValueError:
            return Call(method=method, token=token, arguments={}, problem="Bad Request: strings must be in UTF-8")
        return Call(method=method, token=token, arguments=arguments, chat=str(arguments.get("chat_id", "")))

    def handle(self, call: Call) -> Answer:
        try:
            result = self._do(call)
        except _Refusal as no:
            body: dict[str, Any] = {"ok": False, "error_code": no.status, "description": no.words}
            if no.parameters:
                body["parameters"] = no.parameters
            return Answer(body=body, status=no.status)
        return Answer(body={"ok": True, "result": result})

    def _do(self, call: Call) -> object:
        if not re.fullmatch(r"\d+:[\w-]+", call.token):
            raise _Refusal(404, "Not Found")
        if call.token != self.token or self._revoked:
            raise _Refusal(401, "Unauthorized")
        if call.problem:
            raise _Refusal(400, call.problem)
        match call.method:
            case "sendMessage":
                return self._send_message(call)
            case "editMessageText":
                return self._edit_message(call)
            case "getMe":
                return {**BOT, "id": int(self.token.split(":")[0])}
            case "getChat":
                return self._get_chat(call)
            case "getUpdates":
                return self._get_updates(call)
            case "setMyCommands" | "deleteWebhook" | "answerCallbackQuery" | "sendChatAction":
                return True
            case _:
                raise _Refusal(404, "Not Found: method not found")

    def _send_message(self, call: Call) -> dict[str, Any]:
        chat = self._writable(call)
        text = _text(call.arguments)
        buttons = _buttons(call.arguments)
        thread = self._thread_of(chat, call.arguments)
        self._next_id += 1
        self._messages[chat.id, self._next_id] = (text, buttons)
        self._note(
            call,
            kind="post",
            chat=str(chat.id),
            thread=thread,
            id=str(self._next_id),
            text=text.text,
            silent=str(call.arguments.get("disable_notification", "")).lower() == "true",
        )
        return self._message(chat, self._next_id, text, thread)

    def _edit_message(self, call: Call) -> dict[str, Any]:
        chat = self._writable(call)
        number = int(call.arguments.get("message_id", 0))
        if (chat.id, number) not in self._messages:
            raise _Refusal(400, "Bad Request: message to edit not found")
        text = _text(call.arguments)
        buttons = _buttons(call.arguments)
        if self._messages[chat.id, number] == (text, buttons):
            raise _Refusal(
                400,
                "Bad Request: message is not modified: specified new message content and reply markup are exactly "
                "the same as a current content and reply markup of the message",
            )
        self._messages[chat.id, number] = (text, buttons)
        self._note(call, kind="edit", chat=str(chat.id), id=str(number), text=text.text)
        return self._message(chat, number, text, "")

    def _get_chat(self, call: Call) -> dict[str, Any]:
        chat = self._known(call)
        return {**_place(chat), "accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": _GIFTS}

    def _get_updates(self, call: Call) -> list[dict[str, Any]]:
        """Confirms what is older than `offset`; answers at once, a test has no time for long polls."""
        offset = int(call.arguments.get("offset", 0))
        self._updates = [update for update in self._updates if update["update_id"] >= offset]
        return self._updates[: int(call.arguments.get("limit", 100))]

    # ── what the server checks ────────────────────────────────────────────────

    def _chat(self, chat: str) -> FakeChat:
        if int(chat) not in self._chats:
            self.knows(chat)
        return self._chats[int(chat)]

    def _known(self, call: Call) -> FakeChat:
        name = call.chat
        if not name:
            raise _Refusal(400, "Bad Request: chat_id is empty")
        if name.startswith("@"):
            found = [chat for chat in self._chats.values() if chat.username and chat.username == name[1:]]
        else:
            number = int(name) if re.fullmatch(r"-?\d+", name) else 0
            if self._open_to_all and number and number not in self._chats:
                self.knows(name)
            found = [self._chats[number]] if number in self._chats else []
        if not found:
            raise _Refusal(400, "Bad Request: chat not found")
        return found[0]

    def _writable(self, call: Call) -> FakeChat:
        chat = self._known(call)
        if chat.moved_to is not None:
            words = "Bad Request: group chat was upgraded to a supergroup chat"
            raise _Refusal(400, words, {"migrate_to_chat_id": chat.moved_to})
        if chat.refusal:
            raise _Refusal(*chat.refusal)
        return chat

    def _thread_of(self, chat: FakeChat, arguments: dict[str, Any]) -> str:
        topic = int(arguments.get("message_thread_id") or 0)
        if not topic:
            return ""
        if topic not in chat.topics:  # General has no thread id
            raise _Refusal(400, "Bad Request: message thread not found")
        if topic in chat.closed_topics:
            raise _Refusal(400, "Bad Request: TOPIC_CLOSED")
        return str(topic)

    def _message(self, chat: FakeChat, number: int, text: Text, thread: str) -> dict[str, Any]:
        topic = {"message_thread_id": int(thread), "is_topic_message": True} if thread else {}
        return {
            "message_id": number,
            "date": int(time.time()),
            "chat": _place(chat),
            "from": BOT,
            "text": text.text,
            **topic,
        }


_GIFTS = dict.fromkeys(
    ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels"), True
)


def _place(chat: FakeChat) -> dict[str, Any]:
    name = {"first_name": chat.title} if chat.kind == "private" else {"title": chat.title}
    handle = {"username": chat.username} if chat.username else {}
    return {"id": chat.id, "type": chat.kind, **name, **handle}


def _arguments(request: web.BaseRequest, raw: bytes) -> dict[str, Any]:
    """The query string and a form or JSON body. Raises ValueError for what is not UTF-8."""
    arguments: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        arguments.update(json.loads(raw.decode() or "{}"))
        return arguments
    arguments.update(parse_qsl(raw.decode(), keep_blank_values=True, errors="strict"))
    return arguments


def _object(value: object) -> Any:
    """An argument that is an object: itself, or its JSON in a form."""
    return json.loads(value) if isinstance(value, str) and value else value


def _text(arguments: dict[str, Any]) -> Text:
    """The text after parsing, if the server takes it."""
    raw = str(arguments.get("text", ""))
    if not raw:
        raise _Refusal(400, "Bad Request: message text is empty")
    if len(raw.encode()) > RAW_LIMIT:
        raise _Refusal(400, "Bad Request: text is too long")
    mode = str(arguments.get("parse_mode", "")).lower()
    if mode not in {"", "html"}:
        raise _Refusal(400, "Bad Request: unsupported parse_mode")  # stricter: paperwire uses HTML only
    try:
        text = parse_html(raw) if mode else trim(Text(text=raw))
    except Unparsable as error:
        words = str(error)
        raise _Refusal(400, f"Bad Request: {words[0].lower()}{words[1:]}") from error
    if not text.text:
        raise _Refusal(400, "Bad Request: message text is empty")
    if text.units > TEXT_LIMIT:
        raise _Refusal(400, "Bad Request: message is too long")
    if text.entity_bytes > ENTITY_BYTES:
        raise _Refusal(400, "Bad Request: ENTITIES_TOO_LONG")
    return text


def _buttons(arguments: dict[str, Any]) -> str:
    """The keyboard as JSON, if the server takes it. Limits of rows and buttons: telegram.constants, undocumented."""
    markup = _object(arguments.get("reply_markup"))
    if not markup:
        return ""
    rows = markup.get("inline_keyboard")
    if not isinstance(rows, list):
        raise _Refusal(400, "Bad Request: object expected as reply markup")
    if sum(map(len, rows)) > 100 or any(len(row) > 8 for row in rows):
        raise _Refusal(400, "Bad Request: REPLY_MARKUP_TOO_LONG")  # the server's own word for it is not known
    for button in (button for row in rows for button in row):
        _check_button(button)
    return json.dumps(rows, sort_keys=True)


def _check_button(button: dict[str, Any]) -> None:
    if not str(button.get("text", "")).strip():
        raise _Refusal(400, "Bad Request: text buttons are unallowed in the inline keyboard")
    if "url" in button:
        if not re.match(r"(https?|tg)://[^\s/]\S*$", str(button["url"])):
            raise _Refusal(400, "Bad Request: BUTTON_URL_INVALID")
    elif not 1 <= len(str(button.get("callback_data", "")).encode()) <= 64:
        raise _Refusal(400, "Bad Request: BUTTON_DATA_INVALID")


if __name__ == "__main__":
    FakeTelegram.main()
