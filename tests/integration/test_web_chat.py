"""The chat on the web pages: its messages, its forms without scripts, and the playground in which people try out queries."""

import dataclasses
import re
from collections import abc
from datetime import timedelta
from html import unescape
from pathlib import Path

import httpx
import pytest

from bot.platforms.web import adapter, markup
from bot.platforms.web import channel as web_channel
from bot.platforms.web.markup import look
from bot.platforms.web.playground import Playground
from bot.ports import conversation
from subscriptions import errors
from subscriptions.model import ChatAddress
from subscriptions.service.access import choose_language
from subscriptions.service.exporting import export_all
from subscriptions.service.listing import listed
from subscriptions.service.retention import forget
from subscriptions.store import page_messages
from subscriptions.store.database.store import Store
from tests import make
from tests.contract.rigs.web import web_message
from tests.fakes.meaning import FakeEncoder
from tests.integration import web_site
from tests.stored import value

ME = ChatAddress("web", "me")
FRAME = conversation.PageFrame(path="/", language="en", token="t", visitor=conversation.Visitor(name="me"))


def texts(store: Store, chat: ChatAddress = ME) -> list[str]:
    return [message.payload for message in page_messages.newest_page_messages(store, chat, 100)[0]]


@pytest.mark.both_databases
async def test_a_failing_database_during_a_post_leaves_nothing_unclear(
    store: Store, clock: make.FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = web_channel.WebChannel(clock)
    channel.open(store)
    add = page_messages.add_page_message

    def lost(*args: object, **named: object) -> int:
        add(*args, **named)  # type: ignore[arg-type]
        raise errors.StoreError("The answer was lost.")

    with monkeypatch.context() as patched:
        patched.setattr("subscriptions.store.page_messages.add_page_message", lost)
        with pytest.raises(errors.RetryLater):
            await channel.post(ME, web_message("one"), delivery="d1")
    number = await channel.post(ME, web_message("one"), delivery="d1")
    assert len(texts(store)) == 1
    assert await channel.find(ME, web_message("one"), delivery="d1", after=make.NOON) == number
    await channel.post(ME, web_message("one"), delivery="d2")
    await channel.post(ChatAddress("web", "you"), web_message("one"), delivery="d1")
    assert len(texts(store)) == 2


def said(store: Store, text: str, *, chat: ChatAddress = ME, key: str = "") -> int:
    return page_messages.add_page_message(
        store, chat, f'{{"text": "{text}"}}', delivery=key or text, part=0, now=make.NOON
    )


@pytest.mark.both_databases
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
    own = page_messages.add_page_message(store, ME, "{}", delivery="own", part=0, is_own=True, now=make.NOON)
    assert not page_messages.edit_page_message(store, ME, own, "{}"), "what a person wrote stays"
    assert [one.number for one in page_messages.newest_page_messages(store, ME, 2, before=own)[0]] == [first, second]


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
async def test_an_open_page_is_told_what_came_since_it_was_drawn(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "LOOK_AGAIN", 0.1)
    said(store, "one")
    view = look(store, FRAME)
    hub = web_channel.Hub()
    told = adapter.events(hub, store, view.chat, view.frame, view.change, panel=lambda: "")
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
async def test_an_open_page_is_loaded_again_when_the_chat_gets_another_language(store: Store) -> None:
    make.subscribes(store, "web:me", "diffusion")
    view = look(store, FRAME)
    told = adapter.events(web_channel.Hub(), store, view.chat, view.frame, view.change, panel=lambda: "")
    choose_language(store, ME, "zh", now=make.NOON)
    said(store, "from the phone")
    assert [part.partition("\n")[0] async for part in told] == ["retry: 2000", "event: message", "event: reload"]


@pytest.mark.both_databases
def test_an_event_holds_every_line() -> None:
    assert adapter.event("message", 7, "<p>\nx\n</p>") == "event: message\nid: 7\ndata: <p>\ndata: x\ndata: </p>\n\n"


# ── Forms without scripts: open, preview, errors next to the field; each is sent once, and only by its person ─────────

ADA, EVE = "ada", "eve"


@pytest.fixture
async def pages(tmp_path: Path, clock: make.FakeClock) -> abc.AsyncIterator[web_site.Pages]:
    async with web_site.open_pages(
        tmp_path, clock, web_user_header="X-User", web_hosts="papers.example.org", access="open"
    ) as opened:
        yield opened


@dataclasses.dataclass(slots=True)
class Form:
    """A form on a page, with the values that it shows."""

    browser: web_site.Browser
    fields: dict[str, str]
    page: str

    @classmethod
    def read(cls, browser: web_site.Browser, page: str) -> "Form":
        (form,) = re.findall(r'<form class="[^"]*" id="sheet".*?</form>', page, re.DOTALL)
        shown = dict(re.findall(r'<input(?! type="radio")[^>]*? name="([^"]+)"[^>]*? value="([^"]*)"', form))
        shown |= dict(re.findall(r'<input type="radio" name="([^"]+)" value="([^"]*)" checked', form))
        for name, options in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
            (shown[name],) = re.findall(r'value="([^"]*)" selected', options)
        return cls(browser, {name: unescape(value) for name, value in shown.items()}, form)

    async def posts(self, **values: str) -> httpx.Response:
        given = {f"field-{name}": value for name, value in values.items()}
        return await self.browser.posts(
            "/chat/form", {**{name: value for name, value in self.fields.items() if name != "token"}, **given}
        )


async def follows(browser: web_site.Browser, answer: httpx.Response) -> Form:
    """Follows the redirect of an answer to a form, and returns this form."""
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"].startswith("/chat/form?id="), answer.headers["location"]
    return Form.read(browser, (await browser.opens(answer.headers["location"])).text)


async def visitor(pages: web_site.Pages, name: str) -> web_site.Browser:
    return await pages.opened(home="http://papers.example.org", **{"X-User": name})


@pytest.fixture
async def ada(pages: web_site.Pages) -> web_site.Browser:
    return await visitor(pages, ADA)


@pytest.fixture
async def form(ada: web_site.Browser) -> Form:
    """The form of a new subscription."""
    return await follows(ada, await ada.posts("/chat/say", {"text": "/sub"}))


def queries_of(pages: web_site.Pages, name: str = ADA) -> list[str]:
    return [
        one.subscription.text for one in listed(pages.app.store, None) if one.chat.address == ChatAddress("web", name)
    ]


async def test_a_form_makes_one_subscription_and_another_edits_it(
    pages: web_site.Pages, ada: web_site.Browser, form: Form
) -> None:
    for _ in range(2):
        sent = await form.posts(query="diffusion -survey", when="daily", clock="07:30")
        assert (sent.status_code, sent.headers["location"]) == (303, "/#m2")
    assert queries_of(pages) == ["diffusion -survey"]
    assert len(re.findall('<li class="post" ', (await ada.opens()).text)) == 1, "one answer"
    await ada.says("/list")
    await ada.posts("/chat/press", ada.button("1"))
    await ada.opens()
    form = await follows(ada, await ada.posts("/chat/press", ada.button("edit")))
    assert {name: form.fields[f"field-{name}"] for name in ("query", "when", "clock")} == {
        "query": "diffusion -survey", "when": "daily", "clock": "07:30"
    }  # fmt: skip
    await form.posts(query="diffusion -review")
    assert queries_of(pages) == ["diffusion -review"]


async def test_without_scripts_a_press_leads_to_its_answer_or_back_to_its_paper(
    pages: web_site.Pages, ada: web_site.Browser, clock: make.FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    papers = [make.paper(f"Diffusion {number}", arxiv_id=f"2601.0000{number}") for number in range(1, 4)]
    make.ingested(pages.app.store, *papers, now=clock.now())
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


async def test_only_its_person_sends_a_form_and_from_our_page(
    pages: web_site.Pages, ada: web_site.Browser, form: Form, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_channel, "FORM_WITHIN", 0.1)
    eve = await visitor(pages, EVE)
    seen = await eve.opens(f"/chat/form?id={form.fields['id']}")
    assert (seen.status_code, seen.headers["location"]) == (303, "/#end")
    assert "This form is gone" in (await eve.opens()).text
    assert (await Form(eve, form.fields, "").posts(query="diffusion")).headers["location"] == "/#end"
    fields = {**form.fields, "field-query": "diffusion"}
    for forged, origin in (
        ({**fields, "token": "0" * 64}, "http://papers.example.org"),
        (fields, "http://evil.example"),
    ):
        assert (await ada.client.post("/chat/form", data=forged, headers={"origin": origin})).status_code == 403
    assert queries_of(pages) == queries_of(pages, EVE) == []


async def test_a_script_is_told_where_the_form_is(ada: web_site.Browser) -> None:
    form, listing = [(await ada.posts("/chat/say", {"text": text}, **LIVE)).json() for text in ("/sub", "/list")]
    assert form["goes"].startswith("/chat/form?id=")
    assert listing == {"said": "", "goes": ""}


async def test_a_form_for_papers_like_one_begins_with_its_authors(
    pages: web_site.Pages, ada: web_site.Browser, clock: make.FakeClock
) -> None:
    make.ingested(pages.app.store, make.paper("Diffusion on graphs", authors=("Ada Byron",)), now=clock.now())
    form = await follows(ada, await ada.posts("/chat/say", {"text": "/form 2601.99999"}))
    assert "I do not know who wrote" in form.page
    assert (
        "I do not know who wrote" in Form.read(ada, (await ada.opens(f"/chat/form?id={form.fields['id']}")).text).page
    ), "the page can be loaded again"


# ── The playground: how a query is read, what it finds, what a change would do. It stores nothing ─────────────────────

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
    playground: Playground,
    query: str,
    language: str = "en",
    *,
    off: str = "",
    headers: abc.Mapping[str, str] | None = None,
) -> str:
    frame = dataclasses.replace(FRAME, path="/playground", language=language)
    answer = await playground.show(
        conversation.PageRequest(frame=frame, headers=headers or {}, query={"q": query, "off": off})
    )
    assert answer.status == 200
    return str(answer.body)


def words(html: str) -> str:
    """Returns the text of a page."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


async def test_what_is_near_in_meaning_is_found_or_refused(store: Store) -> None:
    encoder = FakeEncoder()
    make.ingested(store, make.paper("Honey bees"), make.paper("Graphs"), encoder=encoder)
    query = "about:bees"
    assert "Meaning is off here" in words(await shown(Playground(store, make.FakeClock(make.NOON)), query))
    store.encoder = encoder.name
    found = words(await shown(Playground(store, make.FakeClock(make.NOON), encoder), query))
    assert "1 of 2 papers" in found
    assert "Honey bees" in found


async def test_what_is_near_to_a_paper_is_found_by_its_words(playground: Playground, store: Store) -> None:
    swarms = make.paper("Swarm robots", arxiv_id="2601.90001"), make.paper("A swarm of robots", arxiv_id="2601.90002")
    make.ingested(
        store,
        *swarms,
        *(make.paper(f"Theory {number}", arxiv_id=f"2601.9001{number}") for number in range(8)),
        name="more",
    )
    page = await shown(playground, "like:2601.90001 -fish")
    assert "1 of 13 papers in the last 7 days" in words(page)
    assert "<mark>swarm</mark>" in page
    assert "I do not know the paper 2601.99999 yet" in words(await shown(playground, "like:2601.99999"))


@pytest.mark.parametrize(
    ("query", "changed", "label", "figures"),
    [
        ("diffusion models", '"diffusion models"', "words side by side as a phrase", "1 −1"),
        ("diffusion models", "models", "leave out diffusion", "3 +1"),
        ("diffusion models", "diffusion", "leave out models", "2 the same"),
        ("diffusion models", "ti:diffusion ti:models", "words in titles only", "1 −1"),
        ("models -survey", "models", "allow survey", "3 +1"),
        ("weather OR graphs", "weather", "leave out graphs", "1 −1"),
        ("(weather OR heat) diffusion", "weather OR heat", "leave out diffusion", "1 the same"),
    ],
)
async def test_a_change_says_how_many_papers_it_finds(
    playground: Playground, query: str, changed: str, label: str, figures: str
) -> None:
    assert f"{label} {changed} {figures}" in words(await shown(playground, query))
    # the link of the change leads to this page
    assert f" {figures.split(maxsplit=1)[0]} of 3 papers" in words(await shown(playground, changed))


@pytest.mark.parametrize(
    ("query", "off", "left", "count"),
    [
        ("diffusion models", "1", "diffusion", "2 of 3 papers"),
        ("diffusion models", "0", "models", "3 of 3 papers"),
        ("models -survey", "1", "models", "3 of 3 papers"),
        ("models -survey", "0", "", "2 of 3 papers"),  # without "models", the query finds all papers except surveys
        ("models -survey", "0,1", "", "3 of 3 papers"),
        ("models", "0", "", "3 of 3 papers"),
        ("(weather OR heat) survey", "2", "weather OR heat", "1 of 3 papers"),
        ("(weather OR heat) diffusion", "0,2", "heat", "1 of 3 papers"),
        ("models -(weather OR survey)", "2", "models -weather", "2 of 3 papers"),
        ("models -(weather OR survey)", "0", "", "1 of 3 papers"),
        ("weather daily at 9", "0", "", "3 of 3 papers"),
        ("weather graphs daily at 9", "0", "graphs daily at 9", "1 of 3 papers"),
        ("models", "7,x,²,,-1," + "9" * 3000, "models", "3 of 3 papers"),
    ],
)
async def test_a_query_without_some_of_its_parts(
    playground: Playground, query: str, off: str, left: str, count: str
) -> None:
    page = await shown(playground, query, off=off)
    assert f'id="q" name="q" value="{left}"' in page
    assert count in words(page)
    assert (f'value="/sub {left}"' in page) == bool(left)
    assert f'<input type="hidden" name="q" value="{query}">' in page, "so that the parts can be switched on again"


@pytest.mark.parametrize(
    ("query", "off", "parts"),
    [
        ("models -survey", "", ["models", "-survey"]),
        ("models -survey", "1", ["models", "(-survey)"]),
        ("(weather OR heat) -(survey graphs)", "0,3", ["(weather)", "heat", "survey", "(graphs)"]),
        ('ti:"a b" author:Bo', "", ['ti:"a b"', "author:Bo"]),
    ],
)
async def test_each_part_of_a_query_is_a_switch(playground: Playground, query: str, off: str, parts: list[str]) -> None:
    found = re.findall(
        r'<button id="part-\d+" name="off" value="([\d,]*)" aria-pressed="(\w+)" [^>]*><span>([^<]*)<',
        await shown(playground, query, off=off),
    )
    assert [unescape(text) if on == "true" else f"({text})" for _, on, text in found] == parts
    before = {place for place in off.split(",") if place}
    assert [set(filter(None, toggled.split(","))) ^ before for toggled, _, _ in found] == [
        {str(place)} for place in range(len(parts))
    ]


async def test_the_script_gets_only_what_changes(playground: Playground) -> None:
    part = await shown(playground, "models -survey", headers=LIVE)
    assert "<html" not in part
    assert "2 of 3 papers" in words(part)


@pytest.mark.parametrize("refused", ["title:", "-survey", "daily at 9", "like:2601.99999"])
async def test_a_refused_query_takes_away_what_the_last_one_found(playground: Playground, refused: str) -> None:
    found, part = [await shown(playground, query, headers=LIVE) for query in ("models -survey", refused)]
    assert {"remarks", "parts", "count", "offer", "tried"} <= set(re.findall(r'id="(\w+)"', found))
    assert set(re.findall(r'id="(\w+)"', part)) == {"remarks", "parts", "count", "offer", "tried"}
    assert 'class="paper"' not in part
    assert "<button" not in part


@pytest.mark.parametrize(
    ("query", "holds"),
    [  # (a query, texts and markup that its page contains)
        ("diffusion models", ["2 of 3 papers in the last 7 days", "<mark>Diffusion</mark>"]),
        # the page shows the sentence of the abstract that contains the word
        ("diffusion models", ["<mark>diffusion</mark> helps"]),
        ("models -survey", [" models -survey +1 "]),
        ("", ["For example: diffusion models -survey", "3 papers in the last 7 days The newest 1 Graphs"]),
        ("weather daily at 9", ["The time at the end, daily at 9, is no part of the query.", "1 of 3 papers"]),
        ("weather daily at 9", ['value="/sub weather daily at 9"']),
        ("title:", ["title: has nothing after it to look for.", 'role="alert"']),
        ("daily at 9", ["This is a time without a query.", 'role="alert"']),
        ("-survey", ["-survey", 'role="alert"']),
    ],
)
async def test_what_the_page_of_a_query_holds(
    playground: Playground, store: Store, query: str, holds: list[str]
) -> None:
    page = await shown(playground, query)
    assert [one for one in holds if one not in page + words(page)] == []
    assert ("/chat/say" in page) is (bool(query) and 'role="alert"' not in page)
    assert "".join(export_all(store)) == "", "nothing is stored"


async def test_what_is_typed_is_no_markup_and_the_page_translated(playground: Playground) -> None:
    page = await shown(playground, '"><script>alert(1)</script> models')
    assert "<script>alert" not in page
    assert "<b>" not in page
    page = words(await shown(playground, "diffusion models", "zh"))
    assert "最近 7 天的 3 篇论文中有 2 篇" in page
    assert not re.search(r"How it is read|Playground|subscribe", page)


async def test_without_papers_it_says_so(store: Store) -> None:
    assert "No papers are known yet." in words(await shown(Playground(store, make.FakeClock(make.NOON)), "diffusion"))
