"""The reader of a message: the language, the settings and the kind of the chat that it goes to."""

from dataclasses import dataclass

from bot.rendering.text.language import Language
from subscriptions.model import Chat, ChatKind, ChatSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """For whom papers are written out."""

    language: Language
    settings: ChatSettings
    kind: ChatKind
    open: bool = False  # a group that strangers can read

    @property
    def public(self) -> bool:
        """Whether strangers read along: then nothing is said about who asked for what."""
        return self.open or self.kind is ChatKind.BROADCAST

    @property
    def credits(self) -> bool:
        """Whether papers name who asked for them."""
        together = self.kind in (ChatKind.TEAM, ChatKind.GROUP) and not self.public
        return together and self.settings.credits == "on"


def language_of(chat: Chat) -> Language:
    """The chat's language in its time zone."""
    return Language(chat.settings.lang, chat.settings.timezone)


def reader_of(chat: Chat) -> Reader:
    """For whom papers are written out in a chat."""
    return Reader(language=language_of(chat), settings=chat.settings, kind=chat.kind, open=chat.public)
