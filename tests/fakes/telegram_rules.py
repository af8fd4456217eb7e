"""Checks requests as a Bot API server does, with the error texts of tdlib/telegram-bot-api.

A comment says where the fake is stricter than the server, and where the server's own error text is not known.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from tests.fakes import markup as texts

CAPTION_LIMIT = 1024  # UTF-16 units
TOAST_LIMIT = 200
COMMANDS = 100  # for one scope and language
COMMAND_NAME = re.compile(r"[a-z0-9_]{1,32}")
COMMAND_WORDS = 256
DESCRIPTION, SHORT_DESCRIPTION = 512, 120
UPLOAD, DOWNLOAD = 50_000_000, 20_000_000  # bytes
SCOPES = {"default", "all_private_chats", "all_group_chats", "all_chat_administrators"}
UPDATES = (
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "inline_query",
    "chosen_inline_result",
    "callback_query",
    "shipping_query",
    "pre_checkout_query",
    "poll",
    "poll_answer",
    "my_chat_member",
    "chat_member",
    "chat_join_request",
    "chat_boost",
    "message_reaction",
    "message_reaction_count",
)
NOT_BY_DEFAULT = {"chat_member", "message_reaction", "message_reaction_count"}


class Refusal(Exception):
    """The server refuses a call. `body` is its answer."""

    def __init__(self, status: int, words: str, parameters: dict[str, int] | None = None) -> None:
        super().__init__(words)
        self.status = status
        self.body = {
            "ok": False,
            "error_code": status,
            "description": words,
            **({"parameters": parameters} if parameters else {}),
        }

    @classmethod
    def when(cls, wrong: object, status: int, words: str) -> None:
        """Refuses the call if `wrong` is true."""
        if wrong:
            raise cls(status, words)


def json_value(value: object) -> Any:
    """Returns an argument that is an object or a list. A form contains it as JSON text, which is parsed."""
    if not isinstance(value, str) or not value:
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise Refusal(400, "Bad Request: can't parse JSON object") from None


def whole(arguments: Mapping[str, Any], name: str, default: int = 0) -> int:
    """Returns an argument that is a number. Any other value counts as missing, as on the server."""
    try:
        return int(arguments.get(name, default))
    except (TypeError, ValueError):
        return default


def text_of(arguments: Mapping[str, Any]) -> texts.Text:
    """Returns the parsed text. Raises Refusal if the server would refuse it."""
    raw = str(arguments.get("text", ""))
    Refusal.when(not raw, 400, "Bad Request: message text is empty")
    Refusal.when(len(raw.encode()) > texts.RAW_LIMIT, 400, "Bad Request: text is too long")
    mode = str(arguments.get("parse_mode", "")).lower()
    # stricter than Telegram: paperwire uses HTML only
    Refusal.when(mode not in {"", "html"}, 400, "Bad Request: unsupported parse_mode")
    try:
        text = texts.parse_html(raw) if mode else texts.trim(texts.Text(text=raw))
    except texts.Unparsable as error:
        words = str(error)
        raise Refusal(400, f"Bad Request: {words[0].lower()}{words[1:]}") from error
    Refusal.when(not text.text, 400, "Bad Request: message text is empty")
    Refusal.when(text.units > texts.TEXT_LIMIT, 400, "Bad Request: message is too long")
    Refusal.when(text.entity_bytes > texts.ENTITY_BYTES, 400, "Bad Request: ENTITIES_TOO_LONG")
    return text


def keyboard_of(arguments: Mapping[str, Any]) -> str:
    """Returns the keyboard as JSON, or "" if there is none.

    Telegram does not document its limits; telegram.constants has them.
    """
    markup = json_value(arguments.get("reply_markup"))
    if not markup:
        return ""
    if not isinstance(markup, dict):
        raise Refusal(400, "Bad Request: object expected as reply markup")
    rows = markup.get("inline_keyboard")
    if not isinstance(rows, list):
        raise Refusal(400, "Bad Request: object expected as reply markup")
    # the server's own words are not known
    Refusal.when(
        sum(map(len, rows)) > 100 or any(len(row) > 8 for row in rows), 400, "Bad Request: REPLY_MARKUP_TOO_LONG"
    )
    for button in (button for row in rows for button in row):
        Refusal.when(
            not str(button.get("text", "")).strip(),
            400,
            "Bad Request: text buttons are unallowed in the inline keyboard",
        )
        if "url" in button:
            Refusal.when(
                not re.match(r"(https?|tg)://[^\s/]\S*$", str(button["url"])), 400, "Bad Request: BUTTON_URL_INVALID"
            )
        else:
            Refusal.when(
                not 1 <= len(str(button.get("callback_data", "")).encode()) <= 64,
                400,
                "Bad Request: BUTTON_DATA_INVALID",
            )
    return json.dumps(rows, sort_keys=True)


def scope_of(arguments: Mapping[str, Any]) -> str:
    """Returns the name of a scope of commands. Stricter than the server: paperwire uses no scope of one chat."""
    scope = json_value(arguments.get("scope")) or {"type": "default"}
    kind = str(scope.get("type")) if isinstance(scope, dict) else ""
    Refusal.when(kind not in SCOPES, 400, "Bad Request: unsupported type of a bot command scope")
    return kind


def language_of(arguments: Mapping[str, Any]) -> str:
    """Returns a language code of two letters, or "" for all languages."""
    language = str(arguments.get("language_code") or "")
    Refusal.when(
        language and not re.fullmatch(r"[a-z]{2}", language), 400, "Bad Request: invalid language code specified"
    )
    return language


def commands_of(arguments: Mapping[str, Any]) -> list[dict[str, str]]:
    """Returns the commands of a menu. Raises Refusal if the server would refuse them."""
    commands = json_value(arguments.get("commands"))
    if not isinstance(commands, list):
        raise Refusal(400, "Bad Request: expected an Array of BotCommand")
    Refusal.when(len(commands) > COMMANDS, 400, "Bad Request: BOT_COMMANDS_TOO_MUCH")
    for command in commands:
        name, words = str(command.get("command", "")), str(command.get("description", ""))
        Refusal.when(not COMMAND_NAME.fullmatch(name), 400, "Bad Request: BOT_COMMAND_INVALID")
        Refusal.when(not words.strip(), 400, "Bad Request: command description must be non-empty")
        Refusal.when(len(words) > COMMAND_WORDS, 400, "Bad Request: command description length must not exceed 256")
    return [{"command": str(one["command"]), "description": str(one["description"])} for one in commands]


def words_of(arguments: Mapping[str, Any], name: str, most: int) -> str:
    """Returns a description of the bot."""
    words = str(arguments.get(name) or "")
    Refusal.when(len(words) > most, 400, "Bad Request: description is too long")  # the server's own words are not known
    return words


def allowed_of(arguments: Mapping[str, Any]) -> frozenset[str] | None:
    """Returns the kinds of updates that the bot wants from now on: None for no change, the default for an empty list."""
    given = json_value(arguments.get("allowed_updates"))
    if not isinstance(given, list):
        return None
    return (frozenset(str(name) for name in given) & frozenset(UPDATES)) or frozenset(UPDATES) - NOT_BY_DEFAULT
