"""The chat on the web pages: its messages, and its forms without scripts."""

from collections import abc
from datetime import timedelta
from pathlib import Path

import pytest

from subscriptions.chats.stored import conversations
from subscriptions.database.store import Store
from subscriptions.maintenance.retention import forget
from subscriptions.model import ChatAddress
from tests.clock import NOON, FakeClock
from tests.integration import web_site
from tests.make import clean_up, ingested, paper, subscribes
from tests.stored import value

pytestmark = pytest.mark.both_databases


ME = ChatAddress("web", "me")


def texts(store: Store, chat: ChatAddress = ME) -> list[str]:
    return [message.payload for message in store.read_now(conversations.page_messages, chat, 100)[0]]


def said(store: Store, text: str, *, chat: ChatAddress = ME, key: str = "") -> int:
    return store.write_now(
        conversations.add_page_message, chat, f'{{"text": "{text}"}}', delivery=key or text, part=0, now=NOON
    )


def test_what_was_said_goes_after_thirty_days_and_with_the_chat(store: Store) -> None:
    subscribes(store, "web:me", "diffusion")
    for chat in (ME, ChatAddress("web", "you")):
        said(store, "one", chat=chat)
    clean_up(store, now=NOON + timedelta(days=29))
    assert len(texts(store)) == 1
    store.write_now(forget, ME)
    assert texts(store) == []
    assert value(store, "SELECT count(DISTINCT chat) FROM page_message") == 1, (
        "nothing tells that there was such a chat"
    )
    assert len(texts(store, ChatAddress("web", "you"))) == 1
    clean_up(store, now=NOON + timedelta(days=31))
    assert texts(store, ChatAddress("web", "you")) == []


@pytest.fixture
async def pages(tmp_path: Path, clock: FakeClock) -> abc.AsyncIterator[web_site.Pages]:
    async with web_site.open_pages(tmp_path, clock, web_password=web_site.PASSWORD, access="open") as opened:
        yield opened


async def test_without_scripts_a_press_leads_to_its_answer_or_back_to_its_message(
    pages: web_site.Pages, clock: FakeClock
) -> None:
    ada = await pages.visited("ada")
    papers = [paper(f"Diffusion {number}", arxiv_id=f"2601.0000{number}") for number in range(1, 4)]
    ingested(pages.app.store, *papers, now=clock.now())
    await ada.says("/search diffusion")  # messages 1 and 2

    async def goes(press: dict[str, str]) -> str:
        return str((await ada.posts("/chat/press", press)).headers["location"])

    more = ada.button("more")
    assert await goes(ada.button("save")) == "/#m2"
    assert "Saved" in (await ada.opens()).text.split('id="status"')[1].split("</p>")[0]
    assert await goes(more) == "/#m3"
    assert await goes({"press": "gone", "message": "x"}) == "/#m0"


async def test_htmx_gets_what_is_new_and_an_open_page_is_told_when_it_must_be_drawn_again(
    pages: web_site.Pages,
) -> None:
    ada, phone = await pages.visited("ada"), await pages.visited("ada")
    asked = "/chat/news?language=en&after={}".format
    assert (await phone.opens(asked(0))).status_code == 204
    await ada.says("/sub gondola")
    told = await phone.opens(asked(0))
    assert told.text.count('class="post') == 2
    assert 'id="after" name="after" value="2"' in told.text
    assert (await phone.opens(asked(2))).status_code == 204
    answer = await ada.posts("/chat/press", {**ada.button("undo"), "after": "2"}, **{"hx-request": "true"})
    assert 'id="m2" hx-swap-oob="true"' in answer.text, "the answer takes the place of the message that was pressed"
    await ada.posts("/language", {"language": "zh"})
    assert (await phone.opens(asked(2))).headers["hx-refresh"] == "true"
    pages.app.store.write_now(forget, ChatAddress("web", "ada"))
    assert (await phone.opens(asked(2))).headers["hx-refresh"] == "true"
    await phone.posts("/sign-out", {"token": phone.token})
    away = await phone.opens(asked(2), **{"hx-request": "true"})
    assert away.headers["hx-redirect"] == "/sign-in"
