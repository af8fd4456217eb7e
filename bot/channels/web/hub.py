"""Notifies the open pages of a chat, in this process, of changes, and of answers that are not messages."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bot.ports.web_page import Visitor

MINUTE = 60.0  # seconds
MOST_IN_MINUTE = 60  # messages and presses of one chat that are read; the bot's own limits of answers hold, too


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """The parts of an answer that are not messages, for the page that made the request."""

    chat: str
    toast: "asyncio.Future[str]"  # the words with which a pressed button is acknowledged
    form: "asyncio.Future[str]"  # the form that the answer shows; "" once something was posted instead


class Hub:
    """Wakes the requests that wait for a chat to change. The change itself is in the store."""

    def __init__(self) -> None:
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._spoke: defaultdict[str, deque[float]] = defaultdict(deque)  # chat -> monotonic seconds of the last minute
        self._said: dict[str, str] = {}  # chat -> the words that its next page shows
        self._awaited: dict[str, Awaited] = {}  # update -> what its page waits for

    @contextmanager
    def listening(self, chat: str) -> Iterator[asyncio.Event]:
        """Yields an event that is set at each change of the chat. The waiting code clears it."""
        event = asyncio.Event()
        self._waiting[chat].add(event)
        try:
            yield event
        finally:
            self._waiting[chat].discard(event)
            if not self._waiting[chat]:
                del self._waiting[chat]

    def wake(self, chat: str) -> None:
        """Tells that a chat has changed."""
        for event in self._waiting.get(chat, ()):
            event.set()
        for awaited in self._awaited.values():
            if awaited.chat == chat:
                _resolve(awaited.form, "")

    def counts(self, visitor: Visitor, second: float) -> bool:
        """Counts a message or press of a visitor at a monotonic second. False if there were too many in a minute.

        A visitor at the machine has no limit.
        """
        if visitor.is_local:
            return True
        spoke = self._spoke[visitor.name]
        while spoke and spoke[0] <= second - MINUTE:
            spoke.popleft()
        if len(spoke) >= MOST_IN_MINUTE:
            return False
        spoke.append(second)
        return True

    @contextmanager
    def expecting(self, update: str, chat: str) -> Iterator[Awaited]:
        """Yields what will hold the words and the form of the answer to an update."""
        loop = asyncio.get_running_loop()
        awaited = Awaited(chat=chat, toast=loop.create_future(), form=loop.create_future())
        self._awaited[update] = awaited
        try:
            yield awaited
        finally:
            del self._awaited[update]

    def acknowledge(self, callback: str, words: str) -> None:
        """Gives the words to the person who pressed the button, if they still wait."""
        if awaited := self._awaited.get(callback):
            _resolve(awaited.toast, words)

    def show_form(self, update: str, view: str) -> bool:
        """Gives a form to the page that made the update. Returns whether that page still waits."""
        awaited = self._awaited.get(update)
        return awaited is not None and _resolve(awaited.form, view)

    def keep_said(self, chat: str, words: str) -> None:
        """Keeps the words for the next page of a chat, for a browser without scripts."""
        if words:
            self._said[chat] = words

    def take_said(self, chat: str) -> str:
        """Returns the words that were kept, once."""
        return self._said.pop(chat, "")


def _resolve(expected: "asyncio.Future[str]", value: str) -> bool:
    """Sets the result if there is none yet. Returns whether it was set."""
    if expected.done():
        return False
    expected.set_result(value)
    return True
