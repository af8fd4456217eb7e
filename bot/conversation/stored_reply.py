"""A reply as it waits in the store: rendered, with where it goes. JSON, so that another process can post it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from subscriptions.model import ChatAddress, Message


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReply:
    """A rendered reply on its way to a chat."""

    update: str  # the platform's id of the update that it answers
    chat: ChatAddress
    messages: tuple[Message, ...] = ()
    replaces: str = ""  # the platform's id of the message whose place the first one takes
    callback_id: str = ""  # a press that waits to be acknowledged
    toast: str = ""
    file: tuple[str, str] | None = None  # (name, text) of a document that follows
    thread: str = ""  # the platform's id of the message in whose thread it goes
    is_ephemeral: bool = False  # only `person` sees it
    person: str = ""  # the platform's id of whoever asked
    response_url: str = ""  # where the platform takes answers to the request
    replaces_ephemeral: bool = False  # it takes the place of a message that only `person` sees
    modal: str = ""  # a form, as rendering writes it, and where it is shown:
    instead: tuple[Message, ...] = ()  # what is said where the form cannot be opened
    trigger_id: str = ""  # what the platform takes to open it, once and within seconds
    view: str = ""  # or the platform's id of the form that it takes the place of
    home_view: str = ""  # the person's page
    problems: Mapping[str, str] = field(default_factory=dict)  # what is wrong with a form that was sent
    lookup_ids: tuple[str, ...] = ()  # arXiv ids that are asked of arXiv next
    changed: bool = False  # what the chat asks for is not what it was, or what the person's page shows of it

    def written(self) -> str:
        """As `read_posting` reads it."""
        return json.dumps(
            {
                "platform": self.chat.platform,
                "address": self.chat.address,
                "topic": self.chat.topic,
                "messages": _pairs(self.messages),
                "replaces": self.replaces,
                "press": self.callback_id,
                "toast": self.toast,
                "file": self.file,
                "thread": self.thread,
                "whispered": self.is_ephemeral,
                "person": self.person,
                "answer_at": self.response_url,
                "fleeting": self.replaces_ephemeral,
                "sheet": self.modal,
                "instead": _pairs(self.instead),
                "opens": self.trigger_id,
                "view": self.view,
                "board": self.home_view,
                "problems": dict(self.problems),
                "looks_up": self.lookup_ids,
                "changed": self.changed,
            },
            ensure_ascii=False,
        )


def read_stored_reply(update: str, text: str) -> StoredReply:
    """The posting that `Posting.written` wrote."""
    value = json.loads(text)
    return StoredReply(
        update=update,
        chat=ChatAddress(value["platform"], value["address"], value["topic"]),
        messages=_messages(value["messages"]),
        replaces=value["replaces"],
        callback_id=value["press"],
        toast=value["toast"],
        file=tuple(value["file"]) if value["file"] else None,
        thread=value.get("thread", ""),
        is_ephemeral=value.get("whispered", False),
        person=value.get("person", ""),
        response_url=value.get("answer_at", ""),
        replaces_ephemeral=value.get("fleeting", False),
        modal=value.get("sheet", ""),
        instead=_messages(value.get("instead", ())),
        trigger_id=value.get("opens", ""),
        view=value.get("view", ""),
        home_view=value.get("board", ""),
        problems=value.get("problems", {}),
        lookup_ids=tuple(value.get("looks_up", ())),
        changed=value.get("changed", False),
    )


def _pairs(messages: Sequence[Message]) -> list[list[str]]:
    return [[message.payload, message.plain] for message in messages]


def _messages(pairs: Sequence[Sequence[str]]) -> tuple[Message, ...]:
    return tuple(Message(number=n, payload=payload, plain=plain) for n, (payload, plain) in enumerate(pairs, 1))
