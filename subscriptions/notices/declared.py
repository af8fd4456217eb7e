"""`NOTICES`: every notice by its cause. A new notice is a class in `chats.py` or `operations.py`."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType, ModuleType
from typing import ClassVar

from subscriptions.notices import EventNotice, Notice, NoticeWords, chats, operations

Notices = Mapping[str, type[Notice]]


def by_cause(*notices: type[Notice]) -> Notices:
    """The notices by their cause. Raises ValueError if two have the same."""
    found = {notice.cause: notice for notice in notices}
    if len(found) < len(notices):
        raise ValueError("two notices have the same cause")
    return MappingProxyType(found)


def _declared_in(module: ModuleType) -> Iterator[type[Notice]]:
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, Notice) and "cause" in vars(value):
            yield value


NOTICES: Notices = by_cause(*_declared_in(chats), *_declared_in(operations))


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownNotice(EventNotice):
    """A stored notice of a cause that this version does not know: its detail "text", if it has one."""

    cause: ClassVar[str] = ""

    text: str

    def lines(self, words: NoticeWords) -> Iterable[str]:
        """The text."""
        yield self.text or words.say("News from paperwire.")


def read_notice(
    cause: str, detail: Mapping[str, str], text: Callable[[str], str] = str, notices: Notices = NOTICES
) -> Notice:
    """The notice that was stored with this cause and these details. `text` is applied to details that are texts."""
    return notices.get(cause, UnknownNotice).read(detail, text)
