"""The reply to a text as a terminal gets it from `paperwire say`. Nothing is sent to the chat."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.conversation.drafts import RenderedReply
from bot.platforms.console.markup import Console
from bot.ports import conversation
from bot.ports.channel import Reply
from bot.rendering import replies
from bot.rendering.views import reader_of
from subscriptions import model


@dataclass(frozen=True, slots=True)
class Said:
    """A reply and the chat that would get it. `chat` is None if there is no reply."""

    reply: Reply = Reply()  # noqa: RUF009 - a frozen value
    chat: model.Chat | None = None

    @classmethod
    def of(cls, rendered: RenderedReply | None) -> "Said":
        """Returns a reply; None: there is none."""
        return cls(rendered.unrendered, rendered.target) if rendered else cls()

    @property
    def is_refused(self) -> bool:
        """Whether the text was refused."""
        return self.reply.ok is False

    def text(self) -> str:
        """Returns the reply as a terminal shows it, without its buttons."""
        if self.chat is None:
            return ""
        lines = self.reply.lines or tuple(filter(None, (self.reply.toast,)))
        bare = replace(self.reply, lines=lines, buttons=(), numbers=())
        messages = replies.render_reply(bare, self.chat, medium=Console())
        return "\n".join(str(json.loads(message.payload)["text"]) for message in messages)

    def labels(self) -> list[list[str]]:
        """Returns the labels of the buttons that open no page, row by row."""
        if self.chat is None:
            return []
        rows = (
            [one.label for one in row if not one.url] for row in replies.reply_rows(self.reply, reader_of(self.chat))
        )
        return [row for row in rows if row]

    def document(self, address: model.ChatAddress, text: str) -> Mapping[str, object]:
        """Returns what `say --json` prints (docs/commands.md). `text`: the reply with what is added to it."""
        file = self.reply.file
        return {
            "chat": str(address),
            "text": text.splitlines(),
            "buttons": self.labels(),
            "ok": not self.is_refused,
            "files": [{"name": file.name, "content": file.text}] if file else [],
        }


def typed_in(chat: model.Chat, text: str) -> conversation.MessageRequest:
    """Returns the request for a text that is typed in a chat, by nobody in particular. It is no update of a platform."""
    typed = conversation.typed_command(text.strip())
    return conversation.MessageRequest(
        place=conversation.Place.of(chat),
        update_id="",
        command=typed.name if typed else "",
        text=typed.rest if typed else text,
    )
