"""Server-sent events: the changes of a chat, as soon as they are stored.

An event has the number of the chat's change as its id, so a browser that reconnects continues where it stopped.
"""

import asyncio
from collections.abc import AsyncIterator

from bot.channels.web.hub import Hub
from bot.channels.web.view import fragment, shown
from bot.ports.web_page import PageFrame
from subscriptions.model import Chat
from subscriptions.service.chats import changed_page_messages
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
