"""A reply as it waits in the store: rendered, with where it goes. JSON, so that another process can post it."""

import json
from dataclasses import dataclass

from subscriptions import ChatAddress, Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """A rendered reply on its way to a chat."""

    update: str  # the platform's id of the update that it answers
    chat: ChatAddress
    messages: tuple[Message, ...] = ()
    replaces: str = ""  # the platform's id of the message whose place the first one takes
    press: str = ""  # a press that waits to be acknowledged
    toast: str = ""
    file: tuple[str, str] | None = None  # (name, text) of a document that follows

    def written(self) -> str:
        """As `read_posting` reads it."""
        return json.dumps(
            {
                "platform": self.chat.platform,
                "address": self.chat.address,
                "topic": self.chat.topic,
                "messages": [[message.payload, message.plain] for message in self.messages],
                "replaces": self.replaces,
                "press": self.press,
                "toast": self.toast,
                "file": self.file,
            },
            ensure_ascii=False,
        )


def read_posting(update: str, text: str) -> Posting:
    """The posting that `Posting.written` wrote."""
    value = json.loads(text)
    return Posting(
        update=update,
        chat=ChatAddress(value["platform"], value["address"], value["topic"]),
        messages=tuple(
            Message(number=number, payload=payload, plain=plain)
            for number, (payload, plain) in enumerate(value["messages"], 1)
        ),
        replaces=value["replaces"],
        press=value["press"],
        toast=value["toast"],
        file=tuple(value["file"]) if value["file"] else None,
    )
