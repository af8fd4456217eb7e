"""Server-sent events: the changes of a chat, as soon as they are stored.

An event has the number of the chat's change as its id, so a browser that reconnects continues where it stopped.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

from bot.channels.web.hub import Hub
from bot.channels.web.outbound import WebChannel
from bot.channels.web.talk import Heard, Talk, new_once
from bot.channels.web.view import chat_of, fragment, look, page, shown
from bot.context.writing import write
from bot.ports.conversation import RequestDispatcher
from bot.ports.web_page import PageFrame, PageRequest, PageResponse, WebPage
from subscriptions.errors import Sentence, StoreError
from subscriptions.model import Chat, ChatAddress
from subscriptions.service.chats.pages import changed_page_messages, choose_language, newest_page_messages
from subscriptions.store import Store

AT_ONCE = 50  # messages that are read together
LOOK_AGAIN = 2.0  # seconds until the store is looked at without a call: another process may have written there
QUIET_LOOKS = 8  # looks without anything new after which a line is sent, so that a lost connection is noticed
RETRY = 2000  # milliseconds until the browser connects again


async def events(hub: Hub, store: Store, chat: Chat, frame: PageFrame, after: int) -> AsyncIterator[str]:
    """Yields the changes of a chat after change `after`, until the reader disconnects."""
    yield f"retry: {RETRY}\n\n"
    with hub.listening(chat.address.address) as woken:
        quiet = 0
        while True:
            woken.clear()
            messages, changes = await asyncio.to_thread(changed_page_messages, store, chat.address, after, AT_ONCE)
            if changes < after:  # the chat was erased
                yield event("reload", changes, "")
                return
            for message in messages:
                after = message.change
                yield event("message", after, fragment(shown(store, [message], chat, frame), frame))
            quiet = 0 if messages else quiet + 1
            if quiet >= QUIET_LOOKS:
                yield ": nothing new\n\n"
                quiet = 0
            if len(messages) < AT_ONCE:
                await _until(woken)


def event(kind: str, number: int, data: str) -> str:
    """Returns an event as it is sent (html.spec.whatwg.org, server-sent events)."""
    lines = "".join(f"data: {line}\n" for line in data.split("\n"))
    return f"event: {kind}\nid: {number}\n{lines}\n"


async def _until(woken: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(LOOK_AGAIN):
            await woken.wait()
    except TimeoutError:
        pass


# ---------------------------------------------------------------------------------------------------------------------
# The pages of a chat: the log with its form, messages and button presses, the stream of new messages, documents.


log = logging.getLogger("paperwire")

END = "/#end"  # the newest message
FORM = "/chat/form"  # the page of a form
_LONGEST_NUMBER = 12  # digits
NOT_NOW = PageResponse(status=503, body="Not now.\n", kind="text/plain")
TOO_MUCH = PageResponse(status=429, body="That was too much. Wait a minute.\n", kind="text/plain")

_Work = Callable[[PageFrame, Mapping[str, str], RequestDispatcher], Awaitable[Heard]]


class ChatPages:
    """The pages of the chats of one database."""

    def __init__(self, channel: WebChannel, store: Store) -> None:
        self._channel = channel
        self._store = store
        self._talk = Talk(channel, store)

    def all(self) -> tuple[WebPage, ...]:
        """Returns the pages."""
        return (
            WebPage(path="/", answer=self.show, label=Sentence("Chat")),
            WebPage(path="/chat/say", answer=self.say, method="POST"),
            WebPage(path="/chat/press", answer=self.press, method="POST"),
            WebPage(path="/chat/events", answer=self.follow),
            WebPage(path="/chat/file", answer=self.download),
        )

    async def show(self, asked: PageRequest) -> PageResponse:
        """Shows the newest messages, or those before the one that is named."""
        before = _number(asked.query.get("before", ""))
        view = await asyncio.to_thread(look, self._store, asked.frame, before=before)
        if asked.frame.has_chosen_language and ("language" in asked.query or "lang" not in view.chat.chosen):
            now = self._channel.clock.now()
            await write(choose_language, self._store, view.chat.address, asked.frame.language, now=now)
        said = self._channel.hub.take_said(asked.visitor.name)
        body = await asyncio.to_thread(page, view, said, new_once(), is_newest=before is None)
        return PageResponse(body=body)

    async def say(self, asked: PageRequest) -> PageResponse:
        """Takes a message."""
        return await self._done(asked, self._talk.say)

    async def press(self, asked: PageRequest) -> PageResponse:
        """Takes a pressed button."""
        return await self._done(asked, self._talk.press)

    async def follow(self, asked: PageRequest) -> PageResponse:
        """Sends changes since the last one that the browser has, or since the page was drawn."""
        view = await asyncio.to_thread(look, self._store, asked.frame)
        after = _number(asked.headers.get("last-event-id", "") or asked.query.get("after", ""))
        start = view.change if after is None else after
        return PageResponse(stream=events(self._channel.hub, self._store, view.chat, view.frame, start))

    async def download(self, asked: PageRequest) -> PageResponse:
        """Hands out the document of a message of this chat."""
        number = _number(asked.query.get("message", ""))
        found = await asyncio.to_thread(_document, self._store, chat_of(asked.visitor.name), number or 0)
        if found is None:
            return PageResponse(status=404, body="There is no such page.\n", kind="text/plain")
        name, text = found
        shown = "".join(sign if sign.isascii() and (sign.isalnum() or sign in "._-") else "_" for sign in name)
        kept = {"content-disposition": f'attachment; filename="{shown}"'}
        return PageResponse(body=text.encode("utf-8", "replace"), kind="application/octet-stream", headers=kept)

    async def _done(self, asked: PageRequest, work: _Work) -> PageResponse:
        """Does the work, and sends the browser to the newest message, or to the form that was asked for.

        Our own script gets the words to show, and the address of the form.
        """
        if asked.dispatcher is None:
            return NOT_NOW
        if not self._channel.hub.counts(asked.visitor, self._channel.clock.monotonic()):
            return TOO_MUCH
        try:
            heard = await work(asked.frame, asked.form, asked.dispatcher)
        except StoreError as error:
            log.error("What somebody wrote on the page could not be handled: %s", error)
            return NOT_NOW
        goes = f"{FORM}?id={heard.form.id}" if heard.form else ""
        if asked.wants_fragment:
            told = {"said": heard.toast, "goes": goes, **({"shows": dict(heard.shows)} if heard.shows else {})}
            return PageResponse(body=json.dumps(told, ensure_ascii=False), kind="application/json")
        if heard.update and not goes:
            await self._talk.wait_for_reply(heard.update)
        self._channel.hub.keep_said(asked.visitor.name, heard.toast)
        return PageResponse(location=goes or END)


def _document(store: Store, chat: ChatAddress, number: int) -> tuple[str, str] | None:
    """Returns name and text of the document in a message of this chat."""
    found, _ = newest_page_messages(store, chat, 1, before=number + 1)
    for message in found:
        file = json.loads(message.payload).get("file")
        if message.number == number and file:
            return file["name"], file["text"]
    return None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER else None
