"""A fake Telegram Bot API server on loopback, as strict as the real one (core.telegram.org/bots/api, tdlib/telegram-bot-api).

telegram_rules checks requests, telegram_people makes the objects of chats and people, telegram_queue keeps the updates.
"""

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from tests.fakes import markup, telegram_people
from tests.fakes import telegram_rules as rules
from tests.fakes.faults import JSON, Fault
from tests.fakes.server import ApiCall, ApiResponse, FakePlatform, truth
from tests.fakes.telegram_people import FakeChat, FakeMessage
from tests.fakes.telegram_queue import UpdateQueue

TOKEN = "4242:made-up-token-of-a-bot"
NAME = "paperwire_test_bot"
BOT = {"id": 4242, "is_bot": True, "first_name": "Paperwire", "username": NAME}


class FakeTelegram(FakePlatform):
    """Verbs about places: knows, opens_to_all, blocks, unblocks, deactivates, kicks, adds, forbids, migrates, promotes, …

    Verbs of people: user_writes, presses. Verbs about the server: revokes, restores, goes_down, comes_back, answers,
    forgets_callbacks, reads_all, sets_time, receives, repeats.
    """

    send = "sendMessage"
    token = TOKEN

    def __init__(self, journal: Path | None = None) -> None:
        super().__init__(journal)
        self.largest_upload, self.largest_download = rules.UPLOAD, rules.DOWNLOAD
        # (description | short_description, language) → the text that was set
        self.words: dict[tuple[str, str], str] = {}
        self.queue = UpdateQueue(self.news)
        self._chats: dict[int, FakeChat] = {}
        self._open_to_all = False
        self._revoked = False
        self._privacy = True
        self._messages: dict[tuple[int, int], FakeMessage] = {}
        self._ids = count(101)
        self._open_callbacks: set[str] = set()
        self._toasts: dict[str, str] = {}
        self._menus: dict[tuple[str, str], list[dict[str, str]]] = {}
        self._files: dict[str, tuple[str, bytes]] = {}

    def knows(
        self,
        chat: str,
        kind: str | None = None,
        *,
        title: str = "A chat",
        username: str = "",
        topics: tuple[int, ...] = (),
        people: Mapping[str, str] | None = None,
        linked: str = "",
    ) -> None:
        """Adds a chat to which the bot may write. `username` is without @. `people` maps a person to a status."""
        number = int(chat)
        kind = kind or ("private" if number > 0 else "supergroup")
        known = FakeChat(number, kind, title, username, set(topics), linked=int(linked) if linked else None)
        known.bot = known.usual
        known.people = {int(who): status for who, status in (people or {}).items()}
        self._chats[number] = known

    def goes_on_from(self, other: "FakeTelegram") -> None:
        """Adds the chats and messages of another fake, whose updates were all confirmed, and goes on with its ids."""
        self._chats = deepcopy(other._chats) | self._chats
        self._messages = deepcopy(other._messages)
        for entry in other.journal:
            self.journal.write(entry)
        newest = next(other._ids)
        self._ids, other._ids = count(newest), count(newest)
        self.queue.goes_on_from(other.queue)

    def opens_to_all(self) -> None:
        """Accepts messages to every chat id, even if no test added the chat. Load tests use this."""
        self._open_to_all = True

    def blocks(self, chat: str) -> None:
        """A person blocks the bot in a private chat."""
        self._leave(chat, (403, "Forbidden: bot was blocked by the user"), chat)

    def deactivates(self, chat: str) -> None:
        """A person's account is deleted. The bot gets no update about this."""
        self._chat(chat).refusal = (403, "Forbidden: user is deactivated")

    def kicks(self, chat: str, *, by: str = "7") -> None:
        """Removes the bot from a group or channel."""
        self._leave(chat, (403, f"Forbidden: bot was kicked from the {self._chat(chat).kind} chat"), by)

    def adds(self, chat: str, *, by: str = "7", mute: bool = False) -> None:
        """Adds the bot to a group, or makes it an administrator of a channel, which may not post if it is `mute`."""
        known = self._chat(chat)
        known.refusal = (400, "Bad Request: need administrator rights in the channel chat") if mute else None
        self._becomes(known, "left", known.usual, by, mute=mute)

    def forbids(
        self,
        chat: str,
        words: str = "not enough rights to send text messages to the chat",
        *,
        until: datetime | None = None,
    ) -> None:
        """Takes away the bot's right to write in a chat. At `until` a test lets it write again, without an update."""
        known = self._chat(chat)
        known.refusal = (400, f"Bad Request: {words}")
        status = "administrator" if known.kind == "channel" else "restricted"
        self._becomes(known, known.bot, status, "7", mute=True, until=until)

    def restriction_ends(self, chat: str) -> None:
        """Lets the bot write again at the end of a restriction, of which the bot gets no update."""
        self._chat(chat).refusal = None

    def unblocks(self, chat: str) -> None:
        """Lets the bot write again."""
        known = self._chat(chat)
        known.refusal = None
        self._becomes(known, known.bot, known.usual, chat if known.kind == "private" else "7")

    def migrates(self, old: str, new: str) -> None:
        """WriteQueue a group into a supergroup. The bot gets a service message from both chats."""
        was = self._chat(old)
        self.knows(new, "supergroup", title=was.title)
        self._chat(new).people = dict(was.people)
        was.moved_to = int(new)
        self._says_itself(was, {"migrate_to_chat_id": int(new)})
        self._says_itself(self._chat(new), {"migrate_from_chat_id": int(old)})

    def closes_topic(self, chat: str, topic: int) -> None:
        known = self._chat(chat)
        known.closed_topics.add(topic)
        self._says_itself(known, {"forum_topic_closed": {}}, str(topic))

    def deletes_topic(self, chat: str, topic: int) -> None:
        """A topic is deleted with its messages. The bot gets no update about this."""
        self._chat(chat).topics.discard(topic)

    def reopens_topic(self, chat: str, topic: int) -> None:
        known = self._chat(chat)
        known.closed_topics.discard(topic)
        self._says_itself(known, {"forum_topic_reopened": {}}, str(topic))

    def deletes_message(self, chat: str, message: str) -> None:
        """Deletes a message, which can then no longer be edited."""
        self._messages.pop((int(chat), int(message)), None)

    def promotes(self, chat: str, who: str, status: str = "administrator") -> None:
        """Gives a status to a person, or to the bot if `who` is its id. The default status is administrator."""
        known = self._chat(chat)
        if who == str(BOT["id"]):
            self._becomes(known, known.bot, status, "7")
        else:
            known.people[int(who)] = status

    def hides_members(self, chat: str) -> None:
        """Hides the members of a big group. Now only an administrator can look up who is a member."""
        self._chat(chat).hides = True

    def user_writes(
        self,
        text: str = "",
        chat: str = "42",
        *,
        by: str = "",
        name: str = "Ada",
        language: str = "en",
        topic: int = 0,
        answers: int = 0,
        anonymous_admin: bool = False,
        is_forwarded: bool = False,
        from_channel: str = "",
        sends: str = "",
        file: tuple[str, str] | None = None,
        **more: Any,
    ) -> int:
        """Writes a message as a person, or sends one of SENT with a caption. Returns the id of the message.

        `answers` is the id of the message that it replies to. `file` is (name, content) of a document. With
        `from_channel`, the message is that channel's post, which Telegram forwards into its group. A message in a
        channel has no sender. `more` are further fields of the message.
        """
        assert len(text.encode("utf-16-le")) // 2 <= markup.TEXT_LIMIT, "nobody can write more"
        assert sends in {"", *telegram_people.SENT}
        known = self._chat(chat)
        who = self._who(known, by, name, language, anonymous_admin=anonymous_admin, from_channel=from_channel)
        number, date = next(self._ids), self._date()
        said = FakeMessage(markup.Text(text=text), thread=str(topic or ""), date=date, sender=who.get("from", {}))
        self._messages[known.id, number] = said
        message = {
            "message_id": number,
            "date": date,
            "chat": telegram_people.chat_object(known),
            **who,
            **telegram_people.in_topic(said.thread),
            **self._answering(known, said, answers),
            **telegram_people.text_fields(text, "caption" if sends or file else "text"),
            **telegram_people.media_fields("document" if file else sends, self._stored(file)),
            **(telegram_people.forwarded(date) if is_forwarded else {}),
            **more,
        }
        kind = "channel_post" if known.kind == "channel" else "message"
        if self._is_shown(known, message):
            self.queue.notify(kind, message)
        return number

    def presses(
        self,
        what: str,
        chat: str = "42",
        *,
        by: str = "",
        name: str = "Ada",
        language: str = "en",
        tampered: bool = False,
        inaccessible: bool = False,
    ) -> str:
        """Presses the newest button with this label or data as a person. Returns the id of the press.

        With `tampered`, no button needs to exist, and the bot gets `what` as invented data. With `inaccessible`, the
        message is so old that the server sends only its id and chat.
        """
        known = self._chat(chat)
        found = self._button(known, what)
        assert found or tampered, f"no message in {chat} has a button [{what}]"
        newest = max((number for place_id, number in self._messages if place_id == known.id), default=1)
        number, data = found or (newest, what)
        message = self._messages.get((known.id, number), FakeMessage(markup.Text(text="")))
        shown = (
            {"message_id": number, "date": 0, "chat": telegram_people.chat_object(known)}
            if inaccessible
            else telegram_people.message_object(known, number, message)
        )
        if message.buttons and not inaccessible:
            shown["reply_markup"] = {"inline_keyboard": json.loads(message.buttons)}
        press = str(7_000_000_000_000_000_000 + next(self._ids))
        self._open_callbacks.add(press)
        self.queue.notify(
            "callback_query",
            {
                "id": press,
                "from": telegram_people.person(int(by or known.id), name, language),
                "message": shown,
                "chat_instance": "-5",
                "data": data,
            },
        )
        return press

    def revokes(self) -> None:
        """Makes the token invalid from now on."""
        self._revoked = True

    def restores(self) -> None:
        self._revoked = False

    def refuses(self, description: str, times: int = 1, *, status: int = 400) -> None:
        """Refuses the next `times` messages with these words."""
        body = {"ok": False, "error_code": status, "description": description}
        self.answers(Fault(status=status, body=json.dumps(body), content_type=JSON), times)

    def reads_all(self) -> None:
        """Switches privacy mode off, which the bot's owner does at @BotFather.

        The bot then sees every message of its groups.
        """
        self._privacy = False

    def forgets_callbacks(self) -> None:
        """Makes all callback queries too old for an answer."""
        self._open_callbacks.clear()

    def receives(self, update: Mapping[str, Any]) -> None:
        """Queues this update for the bot and gives it an id. Tests use this for updates of unknown shape."""
        self.queue.add(update)

    def waits_until_confirmed(self) -> None:
        """Returns when the bot has confirmed every update."""
        self._waits_until(lambda: not len(self.queue))

    def waiting(self) -> int:
        """Returns the number of updates that the bot has not confirmed."""
        return len(self.queue)

    def toasts(self) -> dict[str, str]:
        """Maps the id of each answered press (callback query) to the text of the answer."""
        return dict(self._toasts)

    def menu(self, scope: str = "default", language: str = "") -> list[dict[str, str]]:
        """Returns the commands in a menu."""
        return self._menus.get((scope, language), [])

    def _leave(self, chat: str, refusal: tuple[int, str], by: str) -> None:
        known = self._chat(chat)
        known.refusal = refusal
        self._becomes(known, known.bot, "kicked", by)

    def _becomes(
        self,
        known: FakeChat,
        before: str,
        status: str,
        by: str,
        *,
        mute: bool = False,
        until: datetime | None = None,
    ) -> None:
        """Changes the bot's own status in a chat, and sends the bot an update about this."""
        known.bot = status
        after = telegram_people.member(BOT, status)
        if until:
            after["until_date"] = int(until.timestamp())
        if status == "administrator" and known.kind == "channel":
            after["can_post_messages"] = not mute
        self.queue.notify(
            "my_chat_member",
            {
                "chat": telegram_people.chat_object(known),
                "from": telegram_people.person(int(by), "Ada", "en"),
                "date": self._date(),
                "old_chat_member": telegram_people.member(BOT, before),
                "new_chat_member": after,
            },
        )

    def _says_itself(self, known: FakeChat, service: Mapping[str, Any], topic: str = "") -> None:
        """Posts a service message of the chat, such as "forum topic closed"."""
        self.queue.notify(
            "message",
            {
                "message_id": next(self._ids),
                "date": self._date(),
                "chat": telegram_people.chat_object(known),
                "from": telegram_people.person(7, "Owner", "en"),
                **telegram_people.in_topic(topic),
                **service,
            },
        )

    def _who(
        self,
        known: FakeChat,
        by: str,
        name: str,
        language: str,
        *,
        anonymous_admin: bool,
        from_channel: str,
    ) -> dict[str, Any]:
        if known.kind == "channel":
            return {"sender_chat": telegram_people.chat_object(known)}
        if anonymous_admin:
            return {"from": telegram_people.anonymous(), "sender_chat": telegram_people.chat_object(known)}
        if from_channel:
            return {
                "from": telegram_people.person(telegram_people.TELEGRAM, "Telegram", "en"),
                "sender_chat": telegram_people.chat_object(self._chat(from_channel)),
                "is_automatic_forward": True,
                **telegram_people.forwarded(self._date()),
            }
        return {"from": telegram_people.person(int(by or (known.id if known.id > 0 else 7)), name, language)}

    def _answering(self, known: FakeChat, said: FakeMessage, answers: int) -> dict[str, Any]:
        if answers:
            return {
                "reply_to_message": telegram_people.message_object(known, answers, self._messages[known.id, answers])
            }
        return (
            {"reply_to_message": telegram_people.topic_created_message(known, said.thread, said.date)}
            if said.thread
            else {}
        )

    def _stored(self, file: tuple[str, str] | None) -> dict[str, Any]:
        if file is None:
            return {"file_id": "f0", "file_unique_id": "u0", "file_name": "a.pdf", "file_size": 3}
        name, data = file[0], file[1].encode("utf-8", "surrogateescape")
        number = f"f{len(self._files) + 1}"
        self._files[number] = (name, data)
        return {"file_id": number, "file_unique_id": f"u{number}", "file_name": name, "file_size": len(data)}

    def _is_shown(self, known: FakeChat, message: Mapping[str, Any]) -> bool:
        """Tells whether the bot sees a message. In privacy mode, a bot that is no administrator of a group sees only
        commands and replies to the bot's own messages.
        """
        if known.kind in {"private", "channel"} or not self._privacy or known.bot == "administrator":
            return True
        words = str(message.get("text") or message.get("caption") or "")
        answered = message.get("reply_to_message", {}).get("from", {}).get("id")
        to_another = re.match(r"/\w+@(\w+)", words)
        return answered == BOT["id"] or (words.startswith("/") and (not to_another or to_another[1] == NAME))

    def _button(self, known: FakeChat, what: str) -> tuple[int, str] | None:
        """Returns (message, data) of the newest button with this label or data."""
        for number in sorted((number for place_id, number in self._messages if place_id == known.id), reverse=True):
            for row in json.loads(self._messages[known.id, number].buttons or "[]"):
                for button in row:
                    if "callback_data" in button and what in (button["text"], button["callback_data"]):
                        return number, str(button["callback_data"])
        return None

    def _date(self) -> int:
        return int(self._time())

    def too_many(self, retry_after: object) -> Fault:
        parameters = {} if retry_after is None else {"parameters": {"retry_after": retry_after}}
        words = "Too Many Requests" + ("" if retry_after is None else f": retry after {retry_after}")
        return Fault(
            status=429,
            body=json.dumps({"ok": False, "error_code": 429, "description": words, **parameters}),
            content_type=JSON,
        )

    async def read(self, request: web.BaseRequest) -> ApiCall:
        try:
            return call_of(request.path, *await _arguments(request))
        except ValueError:
            problem = "Bad Request: strings must be in UTF-8"
        except ConnectionError:  # the client has closed the connection
            problem = "Bad Request: the request is cut off"
        return replace(call_of(request.path, {}), problem=problem)

    async def respond(self, call: ApiCall) -> ApiResponse:
        if call.method != "getUpdates":
            return self.handle(call)
        try:
            self._admit(call)
            return ApiResponse(body={"ok": True, "result": await self.queue.get_updates(call.arguments)})
        except rules.Refusal as no:
            return ApiResponse(body=no.body, status=no.status)

    def handle(self, call: ApiCall) -> ApiResponse:
        try:
            if call.method == "file":
                return ApiResponse(body={}, data=self._content(call))
            return ApiResponse(body={"ok": True, "result": self._do(call)})
        except rules.Refusal as no:
            return ApiResponse(body=no.body, status=no.status)

    def _admit(self, call: ApiCall) -> None:
        rules.Refusal.when(not re.fullmatch(r"\d+:[\w-]+", call.token), 404, "Not Found")
        rules.Refusal.when(call.token != self.token or self._revoked, 401, "Unauthorized")
        rules.Refusal.when(call.problem, 400, call.problem)

    def _do(self, call: ApiCall) -> object:
        self._admit(call)
        methods: Mapping[str, Callable[[ApiCall], object]] = {
            "sendMessage": self._send_message,
            "editMessageText": self._edit_message,
            "editMessageReplyMarkup": self._edit_message,
            "sendDocument": self._send_document,
            "getMe": self._get_me,
            "getChat": lambda call: telegram_people.full_chat_object(self._known(call)),
            "getChatMember": self._get_chat_member,
            "getFile": self._get_file,
            "answerCallbackQuery": self._answer_callback,
            "setMyCommands": self._set_commands,
            "getMyCommands": lambda call: self.menu(rules.scope_of(call.arguments), rules.language_of(call.arguments)),
            "setMyDescription": self._set_words,
            "getMyDescription": self._get_words,
            "setMyShortDescription": self._set_words,
            "getMyShortDescription": self._get_words,
            "setWebhook": lambda call: self.queue.set_webhook(call.arguments),
            "deleteWebhook": lambda call: self.queue.set_webhook({**call.arguments, "url": ""}),
            "getWebhookInfo": lambda _: self.queue.webhook_info(),
        }
        rules.Refusal.when(call.method not in methods, 404, "Not Found: method not found")
        return methods[call.method](call)

    def _send_message(self, call: ApiCall) -> dict[str, Any]:
        chat = self._writable(call)
        text = rules.text_of(call.arguments)
        buttons = rules.keyboard_of(call.arguments)
        thread = self._thread_of(chat, call.arguments)
        number = next(self._ids)
        said = FakeMessage(text, buttons, thread, self._date(), BOT)
        self._messages[chat.id, number] = said
        self._note(
            call,
            kind="post",
            chat=str(chat.id),
            thread=thread,
            id=str(number),
            text=text.text,
            silent=truth(call.arguments.get("disable_notification")),
        )
        return telegram_people.message_object(chat, number, said)

    def _edit_message(self, call: ApiCall) -> dict[str, Any]:
        chat = self._writable(call)
        number = rules.whole(call.arguments, "message_id")
        before = self._messages.get((chat.id, number))
        if before is None:
            raise rules.Refusal(400, "Bad Request: message to edit not found")
        rules.Refusal.when(before.sender != BOT, 400, "Bad Request: message can't be edited")
        text = rules.text_of(call.arguments) if call.method == "editMessageText" else before.text
        buttons = rules.keyboard_of(call.arguments)
        rules.Refusal.when(
            (before.text, before.buttons) == (text, buttons),
            400,
            "Bad Request: message is not modified: specified new message content and reply markup are exactly "
            "the same as a current content and reply markup of the message",
        )
        after = FakeMessage(text, buttons, before.thread, before.date, BOT)
        self._messages[chat.id, number] = after
        self._note(call, kind="edit", chat=str(chat.id), id=str(number), text=text.text)
        return telegram_people.message_object(chat, number, after)

    def _send_document(self, call: ApiCall) -> dict[str, Any]:
        chat = self._writable(call)
        rules.Refusal.when("document" not in call.files, 400, "Bad Request: wrong file identifier/HTTP URL specified")
        name, data = call.files["document"]
        rules.Refusal.when(len(data) > self.largest_upload, 413, "Request Entity Too Large")
        rules.Refusal.when(not data, 400, "Bad Request: file must be non-empty")
        caption = markup.Text(text=str(call.arguments.get("caption", "")))
        rules.Refusal.when(caption.units > rules.CAPTION_LIMIT, 400, "Bad Request: message caption is too long")
        thread = self._thread_of(chat, call.arguments)
        number = next(self._ids)
        self._note(
            call,
            kind="file",
            chat=str(chat.id),
            thread=thread,
            id=str(number),
            text=data.decode("utf-8", "replace"),
            name=name,
            silent=truth(call.arguments.get("disable_notification")),
        )
        said = FakeMessage(caption, "", thread, self._date(), BOT)
        self._messages[chat.id, number] = said
        return {
            **telegram_people.message_object(chat, number, said),
            "document": {
                "file_id": f"d{number}",
                "file_unique_id": f"ud{number}",
                "file_name": name,
                "file_size": len(data),
            },
        }

    def _get_me(self, call: ApiCall) -> dict[str, Any]:
        return {
            **BOT,
            "can_join_groups": True,
            "can_read_all_group_messages": not self._privacy,
            "supports_inline_queries": False,
        }

    def _get_chat_member(self, call: ApiCall) -> dict[str, Any]:
        chat = self._present(call)
        who = rules.whole(call.arguments, "user_id")
        rules.Refusal.when(who <= 0, 400, "Bad Request: invalid user_id specified")
        rules.Refusal.when(
            chat.bot in {"kicked", "left"}, 403, f"Forbidden: bot is not a member of the {chat.kind} chat"
        )
        if who == BOT["id"]:
            return telegram_people.member(BOT, chat.bot)
        rules.Refusal.when(
            chat.bot != "administrator" and (chat.hides or chat.kind == "channel"),
            400,
            "Bad Request: member list is inaccessible",
        )
        rules.Refusal.when(who not in chat.people and chat.kind == "channel", 400, "Bad Request: user not found")
        return telegram_people.member(telegram_people.person(who, "Ada", "en"), chat.people.get(who, "left"))

    def _get_file(self, call: ApiCall) -> dict[str, Any]:
        number = str(call.arguments.get("file_id", ""))
        rules.Refusal.when(
            number not in self._files, 400, "Bad Request: wrong file_id or the file is temporarily unavailable"
        )
        name, data = self._files[number]
        rules.Refusal.when(len(data) > self.largest_download, 400, "Bad Request: file is too big")
        return {
            "file_id": number,
            "file_unique_id": f"u{number}",
            "file_size": len(data),
            "file_path": f"documents/{number}/{name}",
        }

    def _content(self, call: ApiCall) -> bytes:
        """Returns the content of a file at the path that getFile returned."""
        self._admit(call)
        _, _, rest = str(call.arguments["path"]).partition("documents/")
        number, _, name = rest.partition("/")
        rules.Refusal.when(self._files.get(number, ("", b""))[0] != name or not name, 404, "Not Found")
        return self._files[number][1]

    def _answer_callback(self, call: ApiCall) -> bool:
        press = str(call.arguments.get("callback_query_id", ""))
        words = str(call.arguments.get("text", ""))
        rules.Refusal.when(
            press not in self._open_callbacks,
            400,
            "Bad Request: query is too old and response timeout expired or query ID is invalid",
        )
        rules.Refusal.when(len(words) > rules.TOAST_LIMIT, 400, "Bad Request: MESSAGE_TOO_LONG")
        self._open_callbacks.discard(press)
        self._toasts[press] = words
        return True

    def _set_commands(self, call: ApiCall) -> bool:
        key = rules.scope_of(call.arguments), rules.language_of(call.arguments)
        self._menus[key] = rules.commands_of(call.arguments)
        return True

    def _set_words(self, call: ApiCall) -> bool:
        name, most = _described(call.method)
        self.words[name, rules.language_of(call.arguments)] = rules.words_of(call.arguments, name, most)
        return True

    def _get_words(self, call: ApiCall) -> dict[str, str]:
        """Returns a description in the requested language, or the default one."""
        name, _ = _described(call.method)
        return {name: self.words.get((name, rules.language_of(call.arguments))) or self.words.get((name, ""), "")}

    async def _up(self) -> None:
        self.queue.loop = asyncio.get_running_loop()
        await super()._up()

    async def _down(self) -> None:
        self.queue.close()
        await super()._down()

    def _chat(self, chat: str) -> FakeChat:
        if int(chat) not in self._chats:
            self.knows(chat)
        return self._chats[int(chat)]

    def _known(self, call: ApiCall) -> FakeChat:
        name = call.chat
        rules.Refusal.when(not name, 400, "Bad Request: chat_id is empty")
        if name.startswith("@"):
            found = [
                chat
                for chat in self._chats.values()
                if chat.kind != "private" and chat.username and chat.username.lower() == name[1:].lower()
            ]
        else:
            number = int(name) if re.fullmatch(r"-?\d+", name) else 0
            if self._open_to_all and number and number not in self._chats:
                self.knows(name)
            found = [self._chats[number]] if number in self._chats else []
        rules.Refusal.when(not found, 400, "Bad Request: chat not found")
        return found[0]

    def _present(self, call: ApiCall) -> FakeChat:
        """Returns the chat of a call. Raises Refusal if it is unknown or became a supergroup."""
        chat = self._known(call)
        if chat.moved_to is not None:
            raise rules.Refusal(
                400, "Bad Request: group chat was upgraded to a supergroup chat", {"migrate_to_chat_id": chat.moved_to}
            )
        return chat

    def _writable(self, call: ApiCall) -> FakeChat:
        chat = self._present(call)
        if chat.refusal:
            raise rules.Refusal(*chat.refusal)
        return chat

    def _thread_of(self, chat: FakeChat, arguments: Mapping[str, Any]) -> str:
        topic = int(arguments.get("message_thread_id") or 0)
        if not topic:
            return ""
        rules.Refusal.when(topic not in chat.topics, 400, "Bad Request: message thread not found")
        rules.Refusal.when(topic in chat.closed_topics, 400, "Bad Request: TOPIC_CLOSED")
        return str(topic)


def _described(method: str) -> tuple[str, int]:
    """Returns (field, most characters) of the description that a method sets or gets."""
    return ("short_description", rules.SHORT_DESCRIPTION) if "Short" in method else ("description", rules.DESCRIPTION)


def call_of(path: str, arguments: dict[str, Any], files: Mapping[str, tuple[str, bytes]] | None = None) -> ApiCall:
    """Returns the call that a request with this path makes."""
    if file := re.fullmatch(r"/file/bot([^/]+)/(.+)", path):
        return ApiCall(method="file", token=file[1], arguments={"path": file[2]})
    match = re.fullmatch(r"/bot([^/]+)/(\w+)", path)
    token, method = match.groups() if match else ("", path)
    chat = str(arguments.get("chat_id", ""))
    return ApiCall(method=method, token=token, arguments=arguments, chat=chat, files=files or {})


async def _arguments(request: web.BaseRequest) -> tuple[dict[str, Any], dict[str, tuple[str, bytes]]]:
    """Returns (arguments, files) of a request's query string, form or JSON body.

    Raises ValueError if they are not UTF-8.
    """
    arguments: dict[str, Any] = dict(request.query)
    files: dict[str, tuple[str, bytes]] = {}
    if request.content_type == "multipart/form-data":
        for name, value in (await request.clone(client_max_size=0).post()).items():
            if isinstance(value, web.FileField):
                with value.file:
                    files[name] = value.filename, value.file.read()
            else:
                arguments[name] = value
        return arguments, files
    raw = await request.read()
    if request.content_type == "application/json":
        arguments.update(json.loads(raw.decode() or "{}"))
    else:
        arguments.update(parse_qsl(raw.decode(), keep_blank_values=True, errors="strict"))
    return arguments, files


if __name__ == "__main__":
    FakeTelegram.main()
