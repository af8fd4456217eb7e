"""The reader of a message: language, settings and kind of the chat that the message goes to."""

from dataclasses import dataclass

from bot.rendering.text.language import Language
from subscriptions.model import Chat, ChatKind, ChatSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """The facts about a chat on which the look of its messages depends."""

    language: Language
    settings: ChatSettings
    kind: ChatKind
    is_open_group: bool = False  # a group that strangers can read

    @property
    def is_public(self) -> bool:
        """Whether strangers can read the chat: then messages do not say who subscribed to what."""
        return self.is_open_group or self.kind is ChatKind.BROADCAST

    @property
    def names_subscribers(self) -> bool:
        """Whether papers name who subscribed to them."""
        together = self.kind in (ChatKind.TEAM, ChatKind.GROUP) and not self.is_public
        return together and self.settings.credits == "on"


def language_of(chat: Chat) -> Language:
    """Returns the language and time zone of a chat."""
    return Language(chat.settings.lang, chat.settings.timezone)


def reader_of(chat: Chat) -> Reader:
    """Returns the reader of a chat's messages."""
    return Reader(language=language_of(chat), settings=chat.settings, kind=chat.kind, is_open_group=chat.public)
