"""Forms in a browser without scripts: open, preview, errors next to the field, sent once, never another's."""

import html
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from subscriptions.model import ChatAddress, ChatSettings
from subscriptions.service.next_deliveries import get_chat, listed
from tests.integration.web_site import Browser, Pages, open_pages
from tests.make import FakeClock, ingested, paper

ADA, EVE = "ada", "eve"


@pytest.fixture
async def pages(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Pages]:
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
    """The form to which an answer sends the browser."""
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


def texts(pages: Pages, name: str = ADA) -> list[str]:
    chat = ChatAddress("web", name)
    return [one.subscription.text for one in listed(pages.app.store, None) if one.chat.address == chat]


def settings_of(pages: Pages) -> ChatSettings:
    chat = get_chat(pages.app.store, ChatAddress("web", ADA))
    assert chat is not None
    return chat.settings


async def test_a_subscription_is_made_with_a_form_and_edited_with_one(
    pages: Pages, ada: Browser, form: Form, clock: FakeClock
) -> None:
    ingested(pages.app.store, paper("Diffusion on graphs"), now=clock.now())
    looked = await form.posts(query="diffusion -survey", look="yes")
    assert "Diffusion on graphs" in looked.text, "what it would find"
    assert texts(pages) == [], "looking subscribes to nothing"
    form = Form.read(ada, looked.text)
    assert form.fields["field-query"] == "diffusion -survey"
    sent = await form.posts(when="daily", clock="07:30")
    assert (sent.status_code, sent.headers["location"]) == (303, "/#end")
    assert texts(pages) == ["diffusion -survey"]
    assert "07:30" in (await ada.opens()).text, "the chat tells what was done, and when it comes"
    await ada.says("/list")
    await ada.posts("/chat/press", ada.button("1"))
    await ada.opens()
    form = await opened(ada, await ada.posts("/chat/press", ada.button("edit")))
    assert {name: form.fields[f"field-{name}"] for name in ("query", "when", "clock")} == {
        "query": "diffusion -survey", "when": "daily", "clock": "07:30"
    }  # fmt: skip
    await form.posts(query="diffusion -review")
    assert texts(pages) == ["diffusion -review"]


async def test_errors_are_shown_beside_their_fields(pages: Pages, ada: Browser, form: Form) -> None:
    refused = Form.read(ada, (await form.posts(query="-survey", when="daily", clock="07:30")).text)
    assert texts(pages) == []
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
    assert texts(pages) == ["survey"], "the refused form can be sent again"


async def test_a_form_that_is_sent_twice_has_one_effect(pages: Pages, ada: Browser, form: Form) -> None:
    for _ in range(2):
        assert (await form.posts(query="diffusion")).status_code == 303
    assert texts(pages) == ["diffusion"]
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
    assert texts(pages) == texts(pages, EVE) == []


async def test_a_form_without_its_token_or_from_elsewhere_is_refused(pages: Pages, ada: Browser, form: Form) -> None:
    fields = {**form.fields, "field-query": "diffusion"}
    for forged, origin in (
        ({**fields, "token": "0" * 64}, "http://papers.example.org"),
        (fields, "http://evil.example"),
    ):
        answer = await ada.client.post("/chat/form", data=forged, headers={"origin": origin})
        assert answer.status_code == 403
    assert texts(pages) == []


async def test_a_script_is_told_where_the_form_is(ada: Browser) -> None:
    answer = await ada.posts("/chat/say", {"text": "/sub"}, **{"x-requested-with": "fetch"})
    assert answer.json()["goes"].startswith("/chat/form?id=")
    answer = await ada.posts("/chat/say", {"text": "/list"}, **{"x-requested-with": "fetch"})
    assert answer.json() == {"said": "", "goes": ""}


async def test_a_form_for_papers_like_one_begins_with_its_authors(pages: Pages, ada: Browser, clock: FakeClock) -> None:
    ingested(pages.app.store, paper("Diffusion on graphs", authors=("Ada Byron",)), now=clock.now())
    form = await opened(ada, await ada.posts("/chat/say", {"text": "/form 2601.99999"}))
    assert "I do not know who wrote" in form.page
    again = Form.read(ada, (await ada.opens(f"/chat/form?id={form.fields['id']}")).text)
    assert "I do not know who wrote" in again.page, "the page can be loaded again"
