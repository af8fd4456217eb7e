"""The chat of the pages: what visitors write, the forms they fill in, and the playground."""

import html
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from pathlib import Path
from types import MappingProxyType

import httpx
import pytest

from bot.app import App, build_app
from bot.context import write
from bot.platforms.web.adapter import event, events
from bot.platforms.web.markup import look
from bot.platforms.web.playground import Playground
from bot.platforms.web.talking import Hub, WebChannel
from bot.ports.conversation import PageFrame, PageRequest, Visitor
from bot.settings.loading import load_settings
from subscriptions.errors import RetryLater, StoreError
from subscriptions.model import ChatAddress, ChatSettings
from subscriptions.service.importing import export_all
from subscriptions.service.next_deliveries import get_chat, listed
from subscriptions.service.retention import forget
from subscriptions.store import conversations
from subscriptions.store.database.store import Store
from subscriptions.store.workers import recover_own
from tests import make
from tests.contract.rigs import web_message
from tests.integration.web_site import Browser, Pages, open_pages
from tests.stored import value

ME = ChatAddress("web", "me")
FRAME = PageFrame(path="/", language="en", has_chosen_language=False, token="t", visitor=Visitor(name="me"))


def bot(url: str, folder: Path, clock: make.FakeClock) -> App:
    app = build_app(load_settings({"PAPERWIRE_DATABASE_URL": url, "PAPERWIRE_ACCESS": "open"}, folder), clock=clock)
    app.open()
    return app


def texts(store: Store, chat: ChatAddress = ME) -> list[str]:
    return [message.payload for message in conversations.newest_page_messages(store, chat, 100)[0]]


@pytest.mark.both_databases
@pytest.mark.parametrize("lost", ["before it is stored", "after it is stored"])
async def test_a_killed_process_leaves_each_delivery_once_on_the_page(
    database_url: str, tmp_path: Path, clock: make.FakeClock, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    app = bot(database_url, tmp_path, clock)
    make.subscribes(app.store, "web:me", "diffusion", every="now")
    make.ingested(app.store, make.paper("Diffusion on graphs"), now=clock.now())
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


@pytest.mark.both_databases
async def test_a_failing_database_during_a_post_leaves_nothing_unclear(
    store: Store, clock: make.FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = WebChannel(clock)
    channel.open(store)
    add = conversations.add_page_message

    add = conversations.add_page_message

    def lost(*args: object, **named: object) -> int:
        add(*args, **named)  # type: ignore[arg-type]
        raise StoreError("The answer was lost.")

    with monkeypatch.context() as patched:
        patched.setattr("subscriptions.store.conversations.add_page_message", lost)
        with pytest.raises(RetryLater):
            await channel.post(ME, web_message("one"), delivery="d1")
    number = await channel.post(ME, web_message("one"), delivery="d1")
    assert len(texts(store)) == 1
    assert await channel.find(ME, web_message("one"), delivery="d1", after=make.NOON) == number
    await channel.post(ME, web_message("one"), delivery="d2")
    await channel.post(ChatAddress("web", "you"), web_message("one"), delivery="d1")
    assert len(texts(store)) == 2


def said(store: Store, text: str, *, chat: ChatAddress = ME, key: str = "") -> int:
    return conversations.add_page_message(
        store, chat, f'{{"text": "{text}"}}', delivery=key or text, part=0, now=make.NOON
    )


@pytest.mark.both_databases
def test_changes_are_numbered_in_their_order_and_an_edit_is_one(store: Store) -> None:
    first, second = said(store, "one"), said(store, "two")
    assert said(store, "one") == first
    _, change = conversations.newest_page_messages(store, ME, 10)
    assert conversations.edit_page_message(store, ME, first, '{"text": "one, edited"}')
    changed, last = conversations.changed_page_messages(store, ME, change, 10)
    assert [(one.number, one.is_edited) for one in changed] == [(first, True)]
    assert last == change + 1
    assert conversations.edit_page_message(store, ME, first, '{"text": "one, edited"}')
    assert conversations.changed_page_messages(store, ME, last, 10) == ([], last), "nothing was changed"
    assert not conversations.edit_page_message(store, ME, second + 7, "{}")
    assert not conversations.edit_page_message(store, ChatAddress("web", "you"), first, "{}"), (
        "a number counts in its own chat"
    )
    own = conversations.add_page_message(store, ME, "{}", delivery="own", part=0, is_own=True, now=make.NOON)
    assert not conversations.edit_page_message(store, ME, own, "{}"), "what a person wrote stays"
    assert [one.number for one in conversations.newest_page_messages(store, ME, 2, before=own)[0]] == [first, second]


@pytest.mark.both_databases
def test_what_was_said_goes_after_thirty_days_and_with_the_chat(store: Store) -> None:
    make.subscribes(store, "web:me", "diffusion")
    for chat in (ME, ChatAddress("web", "you")):
        said(store, "one", chat=chat)
    make.clean_up(store, now=make.NOON + timedelta(days=29))
    assert len(texts(store)) == 1
    forget(store, ME)
    assert texts(store) == []
    assert value(store, "SELECT count(*) FROM page_log") == 1, "nothing tells that there was such a chat"
    assert len(texts(store, ChatAddress("web", "you"))) == 1
    make.clean_up(store, now=make.NOON + timedelta(days=31))
    assert texts(store, ChatAddress("web", "you")) == []


@pytest.mark.both_databases
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
    make.subscribes(store, "web:me", "diffusion")
    forget(store, ME)
    assert "event: reload" in await anext(told)
    assert [part async for part in told] == []
    assert not hub._waiting


@pytest.mark.both_databases
def test_an_event_holds_every_line() -> None:
    assert event("message", 7, "<p>\nx\n</p>") == "event: message\nid: 7\ndata: <p>\ndata: x\ndata: </p>\n\n"


# ── Forms without scripts: open, preview, errors next to the field; each is sent once, and only by its person ─────────

ADA, EVE = "ada", "eve"


@pytest.fixture
async def pages(tmp_path: Path, clock: make.FakeClock) -> AsyncIterator[Pages]:
    named = {"web_user_header": "X-User", "web_hosts": "papers.example.org", "access": "open"}
    async with open_pages(tmp_path, clock, **named) as opened:
        yield opened


@dataclass(slots=True)
class Form:
    """A form on a page, with the values that it shows."""

    browser: Browser
    fields: dict[str, str]
    page: str

    @classmethod
    def read(cls, browser: Browser, page: str) -> "Form":
        (form,) = re.findall(r'<form class="[^"]*" id="sheet".*?</form>', page, re.DOTALL)
        shown = dict(re.findall(r'<input(?! type="radio")[^>]*? name="([^"]+)"[^>]*? value="([^"]*)"', form))
        shown |= dict(re.findall(r'<input type="radio" name="([^"]+)" value="([^"]*)" checked', form))
        for name, options in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
            (shown[name],) = re.findall(r'value="([^"]*)" selected', options)
        return cls(browser, {name: html.unescape(value) for name, value in shown.items()}, form)

    async def posts(self, **values: str) -> httpx.Response:
        given = {f"field-{name}": value for name, value in values.items() if name != "look"}
        look = {"look": "yes"} if "look" in values else {}
        fields = {name: value for name, value in self.fields.items() if name != "token"}
        return await self.browser.posts("/chat/form", {**fields, **given, **look})


async def somebody(pages: Pages, name: str) -> Browser:
    browser = pages.browser("http://papers.example.org", **{"X-User": name})
    await browser.opens()
    return browser


async def opened(browser: Browser, answer: httpx.Response) -> Form:
    """Follows the redirect of an answer, and returns the form."""
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"].startswith("/chat/form?id="), answer.headers["location"]
    return Form.read(browser, (await browser.opens(answer.headers["location"])).text)


@pytest.fixture
async def ada(pages: Pages) -> Browser:
    return await somebody(pages, ADA)


@pytest.fixture
async def form(ada: Browser) -> Form:
    """The form of a new subscription."""
    return await opened(ada, await ada.posts("/chat/say", {"text": "/sub"}))


def queries_of(pages: Pages, name: str = ADA) -> list[str]:
    chat = ChatAddress("web", name)
    return [one.subscription.text for one in listed(pages.app.store, None) if one.chat.address == chat]


def settings_of(pages: Pages) -> ChatSettings:
    chat = get_chat(pages.app.store, ChatAddress("web", ADA))
    assert chat is not None
    return chat.settings


async def test_a_subscription_is_made_with_a_form_and_edited_with_one(
    pages: Pages, ada: Browser, form: Form, clock: make.FakeClock
) -> None:
    make.ingested(pages.app.store, make.paper("Diffusion on graphs"), now=clock.now())
    looked = await form.posts(query="diffusion -survey", look="yes")
    assert "Diffusion on graphs" in looked.text, "what it would find"
    assert queries_of(pages) == [], "looking subscribes to nothing"
    form = Form.read(ada, looked.text)
    assert form.fields["field-query"] == "diffusion -survey"
    sent = await form.posts(when="daily", clock="07:30")
    assert (sent.status_code, sent.headers["location"]) == (303, "/#end")
    assert queries_of(pages) == ["diffusion -survey"]
    assert "07:30" in (await ada.opens()).text, "the chat tells what was done, and when it comes"
    await ada.says("/list")
    await ada.posts("/chat/press", ada.button("1"))
    await ada.opens()
    form = await opened(ada, await ada.posts("/chat/press", ada.button("edit")))
    assert {name: form.fields[f"field-{name}"] for name in ("query", "when", "clock")} == {
        "query": "diffusion -survey", "when": "daily", "clock": "07:30"
    }  # fmt: skip
    await form.posts(query="diffusion -review")
    assert queries_of(pages) == ["diffusion -review"]


async def test_errors_are_shown_beside_their_fields(pages: Pages, ada: Browser, form: Form) -> None:
    refused = Form.read(ada, (await form.posts(query="-survey", when="daily", clock="07:30")).text)
    assert queries_of(pages) == []
    (field,) = re.findall(r'<input id="field-query"[^>]*>', refused.page)
    described = re.findall(r'aria-describedby="([^"]*)"', field)[0].split()
    assert described[0] == "field-query-problem"
    (problem,) = re.findall(r'<p class="problem" id="field-query-problem">(.*?)</p>', refused.page)
    assert "only excludes" in problem
    assert 'aria-invalid="true"' in field
    assert "autofocus" in field, "one can mend it at once"
    assert (refused.fields["field-query"], refused.fields["field-when"], refused.fields["field-clock"]) == (
        "-survey", "daily", "07:30"
    )  # fmt: skip
    await refused.posts(query="survey")
    assert queries_of(pages) == ["survey"], "the refused form can be sent again"


async def test_a_form_that_is_sent_twice_has_one_effect(pages: Pages, ada: Browser, form: Form) -> None:
    for _ in range(2):
        assert (await form.posts(query="diffusion")).status_code == 303
    assert queries_of(pages) == ["diffusion"]
    assert len(re.findall('<li class="post" ', (await ada.opens()).text)) == 1, "one answer"


async def test_all_settings_in_one_form_are_one_change(pages: Pages, ada: Browser) -> None:
    await ada.says("/set")
    form = await opened(ada, await ada.posts("/chat/press", ada.button("all in one form")))
    assert form.fields["field-text"] == settings_of(pages).text == "summary"
    await form.posts(text="titles", order="newest", timezone="Asia/Tokyo")
    kept = settings_of(pages)
    assert (kept.text, kept.order, kept.timezone) == ("titles", "newest", "Asia/Tokyo")
    page = (await ada.opens()).text
    assert "Text: titles only (was: summary)" in page
    assert "Order: the newest first (was: the best first)" in page
    await ada.posts("/chat/press", ada.button("undo"))
    kept = settings_of(pages)
    assert (kept.text, kept.order, kept.timezone) == ("summary", "score", "UTC"), "[undo] takes back all of it"


async def test_a_setting_that_cannot_be_refuses_all_of_them(pages: Pages, ada: Browser) -> None:
    await ada.says("/set")
    form = await opened(ada, await ada.posts("/chat/press", ada.button("all in one form")))
    refused = await form.posts(text="titles", limit="-3")
    assert "Papers shown cannot be “-3”" in html.unescape(refused.text)
    assert settings_of(pages).text == "summary"
    assert Form.read(ada, refused.text).fields["field-text"] == "titles"


async def test_nobody_opens_or_sends_the_form_of_another(pages: Pages) -> None:
    ada, eve = await somebody(pages, ADA), await somebody(pages, EVE)
    form = await opened(ada, await ada.posts("/chat/say", {"text": "/sub"}))
    seen = await eve.opens(f"/chat/form?id={form.fields['id']}")
    assert (seen.status_code, seen.headers["location"]) == (303, "/#end")
    assert "This form is gone" in (await eve.opens()).text
    stolen = Form(eve, form.fields, "")
    assert (await stolen.posts(query="diffusion")).headers["location"] == "/#end"
    assert queries_of(pages) == queries_of(pages, EVE) == []


async def test_a_form_without_its_token_or_from_elsewhere_is_refused(pages: Pages, ada: Browser, form: Form) -> None:
    fields = {**form.fields, "field-query": "diffusion"}
    for forged, origin in (
        ({**fields, "token": "0" * 64}, "http://papers.example.org"),
        (fields, "http://evil.example"),
    ):
        answer = await ada.client.post("/chat/form", data=forged, headers={"origin": origin})
        assert answer.status_code == 403
    assert queries_of(pages) == []


async def test_a_script_is_told_where_the_form_is(ada: Browser) -> None:
    answer = await ada.posts("/chat/say", {"text": "/sub"}, **{"x-requested-with": "fetch"})
    assert answer.json()["goes"].startswith("/chat/form?id=")
    answer = await ada.posts("/chat/say", {"text": "/list"}, **{"x-requested-with": "fetch"})
    assert answer.json() == {"said": "", "goes": ""}


async def test_a_form_for_papers_like_one_begins_with_its_authors(
    pages: Pages, ada: Browser, clock: make.FakeClock
) -> None:
    make.ingested(pages.app.store, make.paper("Diffusion on graphs", authors=("Ada Byron",)), now=clock.now())
    form = await opened(ada, await ada.posts("/chat/say", {"text": "/form 2601.99999"}))
    assert "I do not know who wrote" in form.page
    again = Form.read(ada, (await ada.opens(f"/chat/form?id={form.fields['id']}")).text)
    assert "I do not know who wrote" in again.page, "the page can be loaded again"


# ── The playground: how a query is read, what it finds, what a change would do. It stores nothing ─────────────────────

NOTHING: Mapping[str, str] = MappingProxyType({})
LIVE = {"x-requested-with": "fetch"}


@pytest.fixture
def playground(store: Store) -> Playground:
    make.ingested(
        store,
        make.paper("Diffusion models", "cs.LG", arxiv_id="2601.00001", abstract="A survey of models."),
        make.paper(
            "Models of weather", "cs.LG", arxiv_id="2601.00002", abstract="Heat spreads. Here, diffusion helps."
        ),
        make.paper("Graphs", "cs.LG", arxiv_id="2601.00003", abstract="<b>models</b> of graphs"),
    )
    return Playground(store, make.FakeClock(make.NOON))


async def shown(
    playground: Playground, query: str, language: str = "en", *, off: str = "", headers: Mapping[str, str] = NOTHING
) -> str:
    frame = PageFrame(
        path="/playground",
        language=language,
        has_chosen_language=True,
        token="secret",
        visitor=Visitor(name="me"),
    )
    answer = await playground.show(PageRequest(frame=frame, headers=headers, query={"q": query, "off": off}))
    assert answer.status == 200
    return str(answer.body)


def words(html: str) -> str:
    """Returns the text of a page."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


async def test_words_are_marked_where_they_are_found(playground: Playground) -> None:
    page = await shown(playground, "diffusion models")
    assert "2 of 3 papers in the last 7 days" in words(page)
    assert "<mark>Diffusion</mark>" in page
    # the word is in the second sentence of the abstract, which the row does not show
    assert "<mark>diffusion</mark> helps" in page


async def test_what_is_near_to_a_paper_is_found_by_its_words(playground: Playground, store: Store) -> None:
    swarms = make.paper("Swarm robots", arxiv_id="2601.90001"), make.paper("A swarm of robots", arxiv_id="2601.90002")
    others = (make.paper(f"Theory {number}", arxiv_id=f"2601.9001{number}") for number in range(8))
    make.ingested(store, *swarms, *others, name="more")
    page = await shown(playground, "like:2601.90001 -fish")
    assert "1 of 13 papers in the last 7 days" in words(page)
    assert "<mark>swarm</mark>" in page
    assert "I do not know the paper 2601.99999 yet" in words(await shown(playground, "like:2601.99999"))


CHANGES = [
    ("diffusion models", '"diffusion models"', "words side by side as a phrase", "1 −1"),
    ("diffusion models", "models", "leave out diffusion", "3 +1"),
    ("diffusion models", "diffusion", "leave out models", "2 the same"),
    ("diffusion models", "ti:diffusion ti:models", "words in titles only", "1 −1"),
    ("models -survey", "models", "allow survey", "3 +1"),
    ("weather OR graphs", "weather", "leave out graphs", "1 −1"),
    ("(weather OR heat) diffusion", "weather OR heat", "leave out diffusion", "1 the same"),
]


@pytest.mark.parametrize(("query", "changed", "label", "figures"), CHANGES)
async def test_a_change_says_how_many_papers_it_finds(
    playground: Playground, query: str, changed: str, label: str, figures: str
) -> None:
    assert f"{label} {changed} {figures}" in words(await shown(playground, query))
    assert f" {figures.split(maxsplit=1)[0]} of 3 papers" in words(
        await shown(playground, changed)
    )  # the page to which its link leads


OFF = [
    ("diffusion models", "1", "diffusion", "2 of 3 papers"),
    ("diffusion models", "0", "models", "3 of 3 papers"),
    ("models -survey", "1", "models", "3 of 3 papers"),
    ("models -survey", "0", "", "2 of 3 papers"),  # the query wants nothing in particular: all papers except surveys
    ("models -survey", "0,1", "", "3 of 3 papers"),
    ("models", "0", "", "3 of 3 papers"),
    ("(weather OR heat) survey", "2", "weather OR heat", "1 of 3 papers"),
    ("(weather OR heat) diffusion", "0,2", "heat", "1 of 3 papers"),
    ("models -(weather OR survey)", "2", "models -weather", "2 of 3 papers"),
    ("models -(weather OR survey)", "0", "", "1 of 3 papers"),
    ("weather daily at 9", "0", "", "3 of 3 papers"),
    ("weather graphs daily at 9", "0", "graphs daily at 9", "1 of 3 papers"),
    ("models", "7,x,²,,-1," + "9" * 3000, "models", "3 of 3 papers"),
]


@pytest.mark.parametrize(("query", "off", "left", "count"), OFF)
async def test_a_query_without_some_of_its_parts(
    playground: Playground, query: str, off: str, left: str, count: str
) -> None:
    page = await shown(playground, query, off=off)
    assert f'id="q" name="q" value="{left}"' in page
    assert count in words(page)
    assert (f'value="/sub {left}"' in page) == bool(left)
    assert f'<input type="hidden" name="q" value="{query}">' in page, "so that the parts can be switched on again"


PARTS = [
    ("models -survey", "", ["models", "-survey"]),
    ("models -survey", "1", ["models", "(-survey)"]),
    ("(weather OR heat) -(survey graphs)", "0,3", ["(weather)", "heat", "survey", "(graphs)"]),
    ('ti:"a b" author:Bo', "", ['ti:"a b"', "author:Bo"]),
]


@pytest.mark.parametrize(("query", "off", "parts"), PARTS)
async def test_each_part_of_a_query_is_a_switch(playground: Playground, query: str, off: str, parts: list[str]) -> None:
    page = await shown(playground, query, off=off)
    found = re.findall(
        r'<button id="part-\d+" name="off" value="([\d,]*)" aria-pressed="(\w+)" [^>]*><span>([^<]*)<', page
    )
    assert [unescape(text) if on == "true" else f"({text})" for _, on, text in found] == parts
    before = {place for place in off.split(",") if place}
    assert [set(filter(None, toggled.split(","))) ^ before for toggled, _, _ in found] == [
        {str(place)} for place in range(len(parts))
    ]


async def test_a_switch_says_what_it_would_do(playground: Playground) -> None:
    page = words(await shown(playground, "models -survey"))
    assert " models -survey +1 " in page
    assert " models -survey −1 " in words(await shown(playground, "models -survey", off="1"))


async def test_without_a_query_the_newest_papers_are_shown(playground: Playground) -> None:
    page = words(await shown(playground, ""))
    assert "For example: diffusion models -survey" in page
    assert "3 papers in the last 7 days The newest 1 Graphs" in page


async def test_the_script_gets_only_what_changes(playground: Playground) -> None:
    part = await shown(playground, "models -survey", headers=LIVE)
    assert "<html" not in part
    assert "2 of 3 papers" in words(part)


async def test_an_unfinished_query_leaves_what_was_found_last(playground: Playground) -> None:
    part = await shown(playground, "title:", headers=LIVE)
    assert "title: has nothing to look for behind it." in words(part)
    assert 'role="alert"' not in part
    assert re.findall(r'id="(\w+)"', part) == ["remarks"]


REFUSED = [
    ("title:", "title: has nothing to look for behind it."),
    ("daily at 9", "This is a time without a query."),
    ("-survey", "-survey"),
]


@pytest.mark.parametrize(("query", "said"), REFUSED)
async def test_what_is_no_query_is_told_with_its_place(playground: Playground, query: str, said: str) -> None:
    page = await shown(playground, query)
    assert said in words(page)
    assert 'role="alert"' in page
    assert "/chat/say" not in page


async def test_a_time_at_the_end_is_no_part_of_the_query(playground: Playground) -> None:
    page = await shown(playground, "weather daily at 9")
    assert "The time at the end, daily at 9, is no part of the query." in words(page)
    assert "1 of 3 papers" in words(page)
    assert 'value="/sub weather daily at 9"' in page


async def test_nothing_that_was_typed_becomes_markup(playground: Playground) -> None:
    page = await shown(playground, '"><script>alert(1)</script> models')
    assert "<script>alert" not in page
    assert "<b>" not in page


async def test_nothing_is_stored(playground: Playground, store: Store) -> None:
    await shown(playground, "diffusion")
    assert "".join(export_all(store)) == ""


async def test_the_page_is_translated(playground: Playground) -> None:
    page = words(await shown(playground, "diffusion models", "zh"))
    assert "最近 7 天的 3 篇论文中有 2 篇" in page
    assert not re.search(r"How it is read|Playground|subscribe", page)


async def test_without_papers_it_says_so(store: Store) -> None:
    assert "No papers are known yet." in words(await shown(Playground(store, make.FakeClock(make.NOON)), "diffusion"))
