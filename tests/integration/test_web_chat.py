"""Chats on our own page: each delivery is there once, even after failures, in order, and goes with the chat."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.app import App, build_app
from bot.context import write
from bot.platforms.web.markup import look
from bot.platforms.web.outgoing import Hub, WebChannel
from bot.platforms.web.pages import event, events
from bot.ports.web_page import PageFrame, Visitor
from bot.settings import load_settings
from subscriptions.errors import RetryLater, StoreError
from subscriptions.model import ChatAddress
from subscriptions.service.retention import forget
from subscriptions.store.conversations import (
    add_page_message,
    changed_page_messages,
    edit_page_message,
    newest_page_messages,
)
from subscriptions.store.database.store import Store
from subscriptions.store.workers import recover_own
from tests.contract.rigs import web_message
from tests.make import NOON, FakeClock, clean_up, ingested, paper, subscribes
from tests.stored import value

pytestmark = pytest.mark.both_databases

ME = ChatAddress("web", "me")
FRAME = PageFrame(path="/", language="en", has_chosen_language=False, token="t", visitor=Visitor(name="me"))


def bot(url: str, folder: Path, clock: FakeClock) -> App:
    app = build_app(load_settings({"PAPERWIRE_DATABASE_URL": url, "PAPERWIRE_ACCESS": "open"}, folder), clock=clock)
    app.open()
    return app


def texts(store: Store, chat: ChatAddress = ME) -> list[str]:
    return [message.payload for message in newest_page_messages(store, chat, 100)[0]]


@pytest.mark.parametrize("lost", ["before it is stored", "after it is stored"])
async def test_a_killed_process_leaves_each_delivery_once_on_the_page(
    database_url: str, tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    app = bot(database_url, tmp_path, clock)
    subscribes(app.store, "web:me", "diffusion", every="now")
    ingested(app.store, paper("Diffusion on graphs"), now=clock.now())
    post = WebChannel.post

    async def killed(self: WebChannel, *args: object, **named: object) -> str:
        if lost == "after it is stored":
            await post(self, *args, **named)  # type: ignore[arg-type]
        raise RuntimeError("killed")

    monkeypatch.setattr(WebChannel, "post", killed)
    with pytest.raises(ExceptionGroup):
        await app.sender.deliver()
    assert len(texts(app.store)) == (lost == "after it is stored")
    await app.close()
    monkeypatch.undo()
    again = bot(database_url, tmp_path, clock)
    await write(recover_own, again.store)
    clock.advance(timedelta(minutes=1))
    await again.sender.deliver()
    assert len(texts(again.store)) == 1
    assert "Diffusion on graphs" in texts(again.store)[0]
    assert (await again.sender.deliver()).sent == 0
    assert value(again.store, "SELECT count(*) FROM message WHERE state = 'sent'") == 1
    await again.close()


async def test_a_failing_database_during_a_post_leaves_nothing_unclear(
    store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = WebChannel(clock)
    channel.open(store)

    def lost(*args: object, **named: object) -> int:
        add_page_message(*args, **named)  # type: ignore[arg-type]
        raise StoreError("The answer was lost.")

    with monkeypatch.context() as patched:
        patched.setattr("subscriptions.store.conversations.add_page_message", lost)
        with pytest.raises(RetryLater):
            await channel.post(ME, web_message("one"), delivery="d1")
    number = await channel.post(ME, web_message("one"), delivery="d1")
    assert len(texts(store)) == 1
    assert await channel.find(ME, web_message("one"), delivery="d1", after=NOON) == number
    await channel.post(ME, web_message("one"), delivery="d2")
    await channel.post(ChatAddress("web", "you"), web_message("one"), delivery="d1")
    assert len(texts(store)) == 2


def said(store: Store, text: str, *, chat: ChatAddress = ME, key: str = "") -> int:
    return add_page_message(store, chat, f'{{"text": "{text}"}}', delivery=key or text, part=0, now=NOON)


def test_changes_are_numbered_in_their_order_and_an_edit_is_one(store: Store) -> None:
    first, second = said(store, "one"), said(store, "two")
    assert said(store, "one") == first
    _, change = newest_page_messages(store, ME, 10)
    assert edit_page_message(store, ME, first, '{"text": "one, edited"}')
    changed, last = changed_page_messages(store, ME, change, 10)
    assert [(one.number, one.is_edited) for one in changed] == [(first, True)]
    assert last == change + 1
    assert edit_page_message(store, ME, first, '{"text": "one, edited"}')
    assert changed_page_messages(store, ME, last, 10) == ([], last), "nothing was changed"
    assert not edit_page_message(store, ME, second + 7, "{}")
    assert not edit_page_message(store, ChatAddress("web", "you"), first, "{}"), "a number counts in its own chat"
    own = add_page_message(store, ME, "{}", delivery="own", part=0, is_own=True, now=NOON)
    assert not edit_page_message(store, ME, own, "{}"), "what a person wrote stays"
    assert [one.number for one in newest_page_messages(store, ME, 2, before=own)[0]] == [first, second]


def test_what_was_said_goes_after_thirty_days_and_with_the_chat(store: Store) -> None:
    subscribes(store, "web:me", "diffusion")
    for chat in (ME, ChatAddress("web", "you")):
        said(store, "one", chat=chat)
    clean_up(store, now=NOON + timedelta(days=29))
    assert len(texts(store)) == 1
    forget(store, ME)
    assert texts(store) == []
    assert value(store, "SELECT count(*) FROM page_log") == 1, "nothing tells that there was such a chat"
    assert len(texts(store, ChatAddress("web", "you"))) == 1
    clean_up(store, now=NOON + timedelta(days=31))
    assert texts(store, ChatAddress("web", "you")) == []


async def test_an_open_page_is_told_what_came_since_it_was_drawn(store: Store) -> None:
    said(store, "one")
    view = look(store, FRAME)
    hub = Hub()
    told = events(hub, store, view.chat, view.frame, view.change, panel=lambda: "")
    assert (await anext(told)).startswith("retry: ")
    said(store, "two")
    following = await anext(told)
    assert "event: message\nid: 2\n" in following
    assert "two" in following
    assert "one" not in following
    assert (await anext(told)).startswith("event: panel")
    said(store, "three")
    hub.wake("me")
    assert "three" in await anext(told)
    assert (await anext(told)).startswith("event: panel")
    subscribes(store, "web:me", "diffusion")
    forget(store, ME)
    assert "event: reload" in await anext(told)
    assert [part async for part in told] == []
    assert not hub._waiting


def test_an_event_holds_every_line() -> None:
    assert event("message", 7, "<p>\nx\n</p>") == "event: message\nid: 7\ndata: <p>\ndata: x\ndata: </p>\n\n"
