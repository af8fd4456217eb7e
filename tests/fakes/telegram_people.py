"""People and chats of the fake Telegram, and the objects that the server sends about them (core.telegram.org/bots/api)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.fakes import markup

ANONYMOUS = 1087968824  # the sender of messages by anonymous administrators
TELEGRAM = 777000  # the sender of a channel's posts in its group
SENT = ("document", "voice", "sticker", "photo")  # kinds of messages without a text

_GIFTS = dict.fromkeys(
    ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels"), True
)
_RIGHTS: Mapping[str, Mapping[str, Any]] = {
    "administrator": {
        "can_be_edited": False,
        "is_anonymous": False,
        "can_manage_chat": True,
        "can_change_info": True,
        "can_delete_messages": True,
        "can_invite_users": True,
    },
    "creator": {"is_anonymous": False},
    "restricted": {"is_member": True, "can_send_messages": False, "until_date": 0},
    "kicked": {"until_date": 0},
}
_MEDIA: Mapping[str, Mapping[str, Any]] = {
    "voice": {"voice": {"file_id": "v1", "file_unique_id": "v", "duration": 3, "mime_type": "audio/ogg"}},
    "sticker": {
        "sticker": {
            "file_id": "s1",
            "file_unique_id": "s",
            "type": "regular",
            "emoji": "🙂",
            "width": 512,
            "height": 512,
            "is_animated": False,
            "is_video": False,
        }
    },
    "photo": {"photo": [{"file_id": "p1", "file_unique_id": "p", "width": 90, "height": 90}]},
}
_ENTITIES = {
    "textEntityTypeBotCommand": "bot_command",
    "textEntityTypeMention": "mention",
    "textEntityTypeUrl": "url",
    "textEntityTypeHashtag": "hashtag",
    "textEntityTypeEmailAddress": "email",
}


@dataclass(slots=True)
class FakeChat:
    """A chat on the server."""

    id: int
    kind: str = "private"  # private, group, supergroup, channel
    title: str = "A chat"
    username: str = ""
    topics: set[int] = field(default_factory=set)
    closed_topics: set[int] = field(default_factory=set)
    refusal: tuple[int, str] | None = None  # (status, words) with which the server refuses messages to the chat
    moved_to: int | None = None
    people: dict[int, str] = field(default_factory=dict)  # person → creator, administrator, member, left
    bot: str = "member"  # the bot's status in the chat
    hides: bool = False  # whether only administrators can find out who is a member
    linked: int | None = None  # the channel that belongs to a group, or the group of a channel

    @property
    def usual(self) -> str:
        """Returns the status of a bot that was added to the chat."""
        return "administrator" if self.kind == "channel" else "member"


@dataclass(frozen=True, slots=True)
class FakeMessage:
    """A message of the bot or of a person."""

    text: markup.Text
    buttons: str = ""  # rows of the keyboard as JSON
    thread: str = ""
    date: int = 0
    sender: Mapping[str, Any] = field(default_factory=dict)


def person(number: int, name: str, language: str) -> dict[str, Any]:
    return {"id": number, "is_bot": False, "first_name": name, "language_code": language}


def anonymous() -> dict[str, Any]:
    return {"id": ANONYMOUS, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}


def chat_object(chat: FakeChat) -> dict[str, Any]:
    """Returns a chat in the form that messages contain."""
    name = {"first_name": chat.title} if chat.kind == "private" else {"title": chat.title}
    handle = {"username": chat.username} if chat.username else {}
    return {"id": chat.id, "type": chat.kind, **name, **handle, **_forum(chat)}


def _forum(chat: FakeChat) -> dict[str, Any]:
    return {"is_forum": True} if chat.topics and chat.kind == "supergroup" else {}


def full_chat_object(chat: FakeChat) -> dict[str, Any]:
    """Returns a chat in the form that getChat returns."""
    return {
        **chat_object(chat),
        **({"linked_chat_id": chat.linked} if chat.linked else {}),
        "accent_color_id": 0,
        "max_reaction_count": 11,
        "accepted_gift_types": _GIFTS,
    }


def member(user: Mapping[str, Any], status: str) -> dict[str, Any]:
    """Returns the ChatMember object of a user with this status."""
    return {"user": dict(user), "status": status, **_RIGHTS.get(status, {})}


def message_object(chat: FakeChat, number: int, message: FakeMessage) -> dict[str, Any]:
    """Returns a message in the form that the server sends."""
    return {
        "message_id": number,
        "date": message.date,
        "chat": chat_object(chat),
        **({"from": dict(message.sender)} if message.sender and chat.kind != "channel" else {}),
        **({"sender_chat": chat_object(chat)} if chat.kind == "channel" else {}),
        **in_topic(message.thread),
        **text_fields(message.text.text),
    }


def text_fields(text: str, name: str = "text") -> dict[str, Any]:
    """Returns a text or caption with the entities that the server finds in it."""
    found = [
        {"type": _ENTITIES[entity["type"]["@type"]], "offset": entity["offset"], "length": entity["length"]}
        for entity in markup.entities_of(text)
        if entity["type"]["@type"] in _ENTITIES
    ]
    label = "entities" if name == "text" else "caption_entities"
    return {**({name: text} if text else {}), **({label: found} if found else {})}


def in_topic(thread: str) -> dict[str, Any]:
    return {"message_thread_id": int(thread), "is_topic_message": True} if thread else {}


def topic_created_message(chat: FakeChat, topic: str, date: int) -> dict[str, Any]:
    """Returns the message that created a topic.

    A message in the topic replies to this message if it replies to no other.
    """
    return {
        "message_id": int(topic),
        "date": date,
        "chat": chat_object(chat),
        "from": person(7, "Owner", "en"),
        **in_topic(topic),
        "forum_topic_created": {"name": "A topic", "icon_color": 7322096},
    }


def media_fields(kind: str, file: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the fields of a message without text."""
    return {"document": dict(file)} if kind == "document" else dict(_MEDIA.get(kind, {}))


def forwarded(date: int) -> dict[str, Any]:
    """Returns the origin of a forwarded message."""
    return {"forward_origin": {"type": "user", "date": date, "sender_user": person(99, "Somebody else", "en")}}
