"""The chat on the web pages: its messages, and its forms without scripts."""

import re
from collections import abc
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.platforms.web import adapter, markup
from bot.platforms.web import channel as web_channel
from bot.platforms.web.markup import look
from bot.ports.conversation import PageFrame, Visitor
from subscriptions.errors import RetryLater, StoreError
from subscriptions.model import ChatAddress
from subscriptions.service.retention import forget
from subscriptions.store import page_messages
from subscriptions.store.chat_keys import chat_of_key
from subscriptions.store.database.store import Store
from tests.clock import NOON, FakeClock
from tests.contract.rigs.web import web_message
from tests.integration import web_site
from tests.make import clean_up, ingested, paper, subscribes
from tests.stored import rows, value

pytestmark = pytest.mark.both_databases


ME = ChatAddress("web", "me")
FRAME = PageFrame(path="/", language="en", token="t", visitor=Visitor(name="me"))


def texts(store: Store, chat: ChatAddress = ME) -> list[str]:
    return [message.payload for message in page_messages.newest_page_messages(store, chat, 100)[0]]


async def test_a_failing_database_during_a_post_leaves_nothing_unclear(
    store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = web_channel.WebChannel(clock)
    channel.open(store)
    run = store.run

    async def lost(*args: Any, **named: Any) -> None:
        await run(*args, **named)
        raise StoreError("The answer was lost.")

    with monkeypatch.context() as patched:
        patched.setattr(store, "run", lost)
        with pytest.raises(RetryLater):
            await channel.post(ME, web_message("one"), delivery="d1")
    number = await channel.post(ME, web_message("one"), delivery="d1")
    assert len(texts(store)) == 1
    assert await channel.find(ME, web_message("one"), delivery="d1", after=NOON) == number
    await channel.post(ME, web_message("one"), delivery="d2")
    await channel.post(ChatAddress("web", "you"), web_message("one"), delivery="d1")
    assert len(texts(store)) == 2


def said(store: Store, text: str, *, chat: ChatAddress = ME, key: str = "") -> int:
    return page_messages.add_page_message(store, chat, f'{{"text": "{text}"}}', delivery=key or text, part=0, now=NOON)


def test_changes_are_numbered_in_their_order_and_an_edit_is_one(store: Store) -> None:
    first, second = said(store, "one"), said(store, "two")
    assert said(store, "one") == first
    _, change = page_messages.newest_page_messages(store, ME, 10)
    assert page_messages.edit_page_message(store, ME, first, '{"text": "one, edited"}')
    changed, last = page_messages.changed_page_messages(store, ME, change, 10)
    assert [(one.number, one.is_edited) for one in changed] == [(first, True)]
    assert last == change + 1
    assert page_messages.edit_page_message(store, ME, first, '{"text": "one, edited"}')
    assert page_messages.changed_page_messages(store, ME, last, 10) == ([], last), "nothing was changed"
    assert not page_messages.edit_page_message(store, ME, second + 7, "{}")
    assert not page_messages.edit_page_message(store, ChatAddress("web", "you"), first, "{}"), (
        "a number counts in its own chat"
    )
    own = page_messages.add_page_message(store, ME, "{}", delivery="own", part=0, is_own=True, now=NOON)
    assert not page_messages.edit_page_message(store, ME, own, "{}"), "what a person wrote stays"
    assert [one.number for one in page_messages.newest_page_messages(store, ME, 2, before=own)[0]] == [first, second]


def test_what_was_said_goes_after_thirty_days_and_with_the_chat(store: Store) -> None:
    subscribes(store, "web:me", "diffusion")
    for chat in (ME, ChatAddress("web", "you")):
        said(store, "one", chat=chat)
    clean_up(store, now=NOON + timedelta(days=29))
    assert len(texts(store)) == 1
    forget(store, ME)
    assert texts(store) == []
    assert value(store, "SELECT count(DISTINCT chat) FROM page_message") == 1, (
        "nothing tells that there was such a chat"
    )
    assert len(texts(store, ChatAddress("web", "you"))) == 1
    clean_up(store, now=NOON + timedelta(days=31))
    assert texts(store, ChatAddress("web", "you")) == []


def test_an_open_page_is_told_what_came_since_it_was_drawn(store: Store) -> None:
    said(store, "one")
    view = look(store, FRAME)

    def news(after: int, language: str = "en") -> abc.Mapping[str, object]:
        return adapter.news(store, FRAME, after, language)

    assert news(view.change) == {"change": view.change, "html": ""}
    said(store, "two")
    told = news(view.change)
    assert "two" in str(told["html"])
    assert "one" not in str(told["html"])
    assert told["change"] == view.change + 1
    assert news(view.change + 1)["html"] == ""
    assert news(view.change, "zh") == {"reload": True}, "the chat got another language"
    subscribes(store, "web:me", "diffusion")
    forget(store, ME)
    assert news(view.change) == {"reload": True}


# ── Forms without scripts: open, preview, errors next to the field; each is sent once, and only by its person ─────────

ADA, EVE = "ada", "eve"


@pytest.fixture
async def pages(tmp_path: Path, clock: FakeClock) -> abc.AsyncIterator[web_site.Pages]:
    async with web_site.open_pages(
        tmp_path, clock, web_password=web_site.PASSWORD, web_url="http://papers.example.org", access="open"
    ) as opened:
        yield opened


async def test_the_key_of_a_feed_is_shown_for_a_while_and_is_in_no_stored_message(
    pages: web_site.Pages, ada: web_site.Browser, clock: FakeClock
) -> None:
    def keys(page: str) -> set[str]:
        return set(re.findall(r"feed_[\w-]{32}", page))

    await ada.says("/sub diffusion")
    (key,) = keys(await ada.says("/feed"))
    opened = chat_of_key(pages.app.store, key)
    assert opened is not None
    assert opened.address == ChatAddress("web", ADA)
    await ada.posts("/chat/press", ada.button("new address"))
    (newer,) = keys((await ada.opens()).text)
    assert newer != key
    assert keys("".join(texts(pages.app.store, ChatAddress("web", ADA)))) == set()
    assert keys(str(rows(pages.app.store, "SELECT payload FROM page_message"))) == set()
    clock.advance(timedelta(minutes=11))
    assert keys((await ada.opens()).text) == set()


async def visitor(pages: web_site.Pages, name: str) -> web_site.Browser:
    return await pages.visited(name, "http://papers.example.org")


@pytest.fixture
async def ada(pages: web_site.Pages) -> web_site.Browser:
    return await visitor(pages, ADA)


async def test_without_scripts_a_press_leads_to_its_answer_or_back_to_its_paper(
    pages: web_site.Pages, ada: web_site.Browser, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    papers = [paper(f"Diffusion {number}", arxiv_id=f"2601.0000{number}") for number in range(1, 4)]
    ingested(pages.app.store, *papers, now=clock.now())
    await ada.says("/search diffusion")  # messages 1 and 2
    more, third = ada.button("more"), re.findall(r'value="([^"]+)" title="save"', ada.shown)[2]
    save = {**more, "press": third}

    async def goes(press: dict[str, str]) -> str:
        return str((await ada.posts("/chat/press", press)).headers["location"])

    assert await goes(save) == "/#m2p3"
    assert 'id="m2p3"' in (await ada.opens()).text
    assert await goes(more) == "/#m3"
    await ada.says("/list")
    monkeypatch.setattr(markup, "SHOWN", 2)
    assert await goes(save) == "/?before=3#m2p3", "a page that has the message"
    assert 'id="m2p3"' in (await ada.opens("/?before=3")).text
    assert await goes({"press": "gone", "message": "77"}) == "/#end"
