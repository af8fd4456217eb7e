"""The adapter of the web and the pages of a chat: its log and documents; how news reach a browser.

Each chat belongs to one person, so there are no members or admins to look up. An open page asks every two seconds for the changes
after the last one that it shows.
"""

import asyncio
import json
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TextIO

from bot.commands.results import result_items
from bot.platform import Platform, PlatformSurroundings
from bot.platforms.receiver_loop import wait_for_reply
from bot.platforms.web import FACTS, markup
from bot.platforms.web.channel import Heard, Talk, WebChannel, new_once
from bot.platforms.web.markup import ChatView, page, shown
from bot.ports import channel as channels
from bot.ports.attached import file_too_large
from bot.ports.conversation import PageFrame, PageRequest, PageResponse, PlatformApi, RequestDispatcher, WebPage
from bot.settings import Settings
from subscriptions.errors import Rejected, StoreError
from subscriptions.model import ChatAddress, KnownPaper
from subscriptions.service import recent_matches
from subscriptions.store import page_messages
from subscriptions.store.database.store import Store

AT_ONCE = 50  # messages that are read together


def news(store: Store, frame: PageFrame, after: int, language: str) -> Mapping[str, object]:
    """Returns the messages that came after change `after`, as HTML, and the number of the last change.

    `reload`: the page must be loaded again, because the chat was erased or has another `language` now.
    """
    chat = markup.chat_in(store, frame)
    messages, changes = page_messages.changed_page_messages(store, chat.address, after, AT_ONCE)
    if changes < after or language != frame.language:
        return {"reload": True}
    if not messages:
        return {"change": after, "html": ""}
    return {"change": messages[-1].change, "html": markup.fragment(shown(store, messages, chat, frame), frame)}


log = logging.getLogger("paperwire")


# -------------------------------------------------------------------------------------------------- the pages of a chat


_LONGEST_NUMBER = 12  # digits
NOT_NOW = PageResponse(status=503, body="Not now.\n", kind="text/plain")
TOO_MUCH = PageResponse(status=429, body="That was too much. Wait a minute.\n", kind="text/plain")
_Hear = Callable[[PageRequest, RequestDispatcher], Awaitable[Heard]]
_Work = Callable[[PageRequest, RequestDispatcher], Awaitable[PageResponse]]


def answering(channel: WebChannel, work: _Work) -> Callable[[PageRequest], Awaitable[PageResponse]]:
    """Returns the function of a page, which calls `work`. Refuses while the process starts, and if a visitor sends too much."""

    async def answer(asked: PageRequest) -> PageResponse:
        if asked.dispatcher is None:
            return NOT_NOW
        if not channel.hub.counts(asked.visitor, channel.clock.monotonic()):
            return TOO_MUCH
        try:
            return await work(asked, asked.dispatcher)
        except StoreError as error:
            log.error("What somebody sent from the page could not be handled: %s", error)
            return NOT_NOW

    return answer


class ChatPages:
    """The pages of the chats of one database."""

    def __init__(self, channel: WebChannel, store: Store) -> None:
        self._channel = channel
        self._store = store
        self._talk = Talk(channel, store)

    def all(self) -> tuple[WebPage, ...]:
        """Returns the pages."""
        say, press = (
            answering(self._channel, partial(self._done, work)) for work in (self._talk.say, self._talk.press)
        )
        return (
            WebPage(path="/", answer=self.show, has_offers=True),
            WebPage(path="/chat/say", answer=say, method="POST"),
            WebPage(path="/chat/press", answer=press, method="POST"),
            WebPage(path="/chat/news", answer=self.news),
            WebPage(path="/chat/file", answer=self.download),
            WebPage(path="/chat/file", answer=say, method="POST", takes_file=True),
        )

    async def show(self, asked: PageRequest) -> PageResponse:
        """Shows the newest messages, or those before the message with a given number."""
        before = _number(asked.query.get("before", ""))
        view = await self._store.run(markup.look, asked.frame, before=before)
        said = self._channel.hub.take_said(asked.visitor.name)
        body = await asyncio.to_thread(self._drawn, view, said, is_newest=before is None)
        return PageResponse(body=self._channel.secrets.shown(body))

    def _drawn(self, view: ChatView, said: str, *, is_newest: bool) -> str:
        example = "" if view.messages else self._example(view)
        return page(view, said, new_once(), is_newest=is_newest, example=example)

    def _example(self, view: ChatView) -> str:
        """Returns the newest paper as HTML, else one of the offered samples; "" if there are none."""
        now = self._channel.clock.now()
        offered = [offer.example for offer in view.frame.offers if offer.example]
        sample = [
            KnownPaper(id=0, paper=paper, sequence=None, sequenced_at=None, first_seen_at=now, day=now.date())
            for paper in offered
        ]
        newest = [*recent_matches.newest_papers(self._store, now=now, most=1), *sample][:1]
        return "".join(markup.draw_paper(item, view.chat) for item in result_items(newest))

    async def news(self, asked: PageRequest) -> PageResponse:
        """Returns what came since the page was drawn or asked last, as JSON for our own script."""
        after, language = _number(asked.query.get("after", "")) or 0, asked.query.get("drawn", "")
        found = await self._store.run(news, asked.frame, after, language)
        body = self._channel.secrets.shown(json.dumps(found, ensure_ascii=False))
        return PageResponse(body=body, kind="application/json")

    async def download(self, asked: PageRequest) -> PageResponse:
        """Returns the document in a message of this chat."""
        number = _number(asked.query.get("message", ""))
        content = await self._store.run(markup.content_of, markup.chat_of(asked.visitor.name), number or 0)
        if not content.get("file"):
            return PageResponse(status=404, body="There is no such page.\n", kind="text/plain")
        name, text = content["file"]["name"], content["file"]["text"]
        shown = "".join(sign if sign.isascii() and (sign.isalnum() or sign in "._-") else "_" for sign in name)
        kept = {"content-disposition": f'attachment; filename="{shown}"'}
        return PageResponse(body=text.encode("utf-8", "replace"), kind="application/octet-stream", headers=kept)

    async def _done(self, work: _Hear, asked: PageRequest, dispatcher: RequestDispatcher) -> PageResponse:
        """Handles what a visitor wrote or pressed. Redirects the browser to the answer.

        A request of our own script gets JSON instead: the words to show, and the address of the answer.
        """
        heard = await work(asked, dispatcher)
        if asked.wants_fragment:
            told: dict[str, object] = {"said": heard.toast}
            if heard.shows:
                told["shows"] = dict(heard.shows)
            if not heard.toast:
                told["place"] = await self._place(asked, heard)
            return PageResponse(body=json.dumps(told, ensure_ascii=False), kind="application/json")
        self._channel.hub.keep_said(asked.visitor.name, heard.toast)
        return PageResponse(location=await self._place(asked, heard))

    async def _place(self, asked: PageRequest, heard: Heard) -> str:
        """Returns the address of the answer on the page, once it is there."""
        if heard.posting is None:
            return markup.NEWEST
        await wait_for_reply(heard.posting)
        chat = markup.chat_of(asked.visitor.name)
        return await self._store.run(markup.place_of, chat, heard.update, number=heard.number, pressed=heard.pressed)


def _number(text: str) -> int | None:
    if text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER:
        return int(text)
    return None


# ----------------------------------------------------------------------- the platform API, for chats of one person each


class WebApi(PlatformApi):
    """See PlatformApi. Each person manages only their own chat."""

    def __init__(self, channel: WebChannel) -> None:
        self._channel = channel

    async def acknowledge(self, callback_id: str, words: str = "") -> None:
        """See PlatformApi."""
        self._channel.hub.acknowledge(callback_id, words)

    async def fetch(self, file: str, most: int) -> bytes:
        """See PlatformApi."""
        data = self._channel.hub.files.get(file)
        if data is None:
            raise Rejected("The file is gone. Send it again.")
        if len(data) > most:
            raise file_too_large(most)
        return data

    async def send_file(self, chat: ChatAddress, file: channels.File) -> str:
        """See PlatformApi. The message contains the document, and the page shows a link to it."""
        kept = json.dumps({"text": "", "file": {"name": file.name, "text": file.text}}, ensure_ascii=False)
        with channels.store_outcomes():
            return str(await self._channel.say(chat, kept, key=f"file:{secrets.token_hex(16)}"))


# ----------------------------------------------------------------- the adapter of the web, a platform that is always on

# The chats of this platform are pages that this process itself serves.


def connect(settings: Settings, clock: channels.Clock, out: TextIO) -> channels.Channel:
    """See PlatformAdapter."""
    del settings, out
    return WebChannel(clock)


def platform(channel: channels.Channel, around: PlatformSurroundings) -> Platform:
    """See PlatformAdapter."""
    assert isinstance(channel, WebChannel)  # noqa: S101 - made by `connect`
    channel.open(around.store)
    return Platform(
        facts=FACTS,
        channel=channel,
        medium=markup.MEDIUM,
        api=WebApi(channel),
        pages=ChatPages(channel, around.store).all(),
        lets_choose_names=around.settings.lets_choose_names,
    )
