"""Who may open the web pages and send their forms: hosts, origins, tokens, sessions, sizes.

No visitor can read the chat of another visitor.
"""

import re
from collections import abc
from datetime import timedelta
from pathlib import Path
from time import time as time_of_python

import httpx
import pytest

from bot.build import build_app
from bot.clock import SystemClock
from bot.delivery.sender import Sender
from bot.messages import LARGEST
from bot.web import server as web_server
from bot.web import site, visitors
from tests.clock import NOON, FakeClock
from tests.given_settings import settings_of
from tests.integration import web_site
from tests.integration.web_site import PASSWORD
from tests.make import ingested, paper, subscribes

QUICK = {"hx-request": "true"}  # sent by htmx


@pytest.fixture
async def local(tmp_path: Path, clock: FakeClock) -> abc.AsyncIterator[web_site.Pages]:
    async with web_site.open_pages(tmp_path, clock) as pages:
        yield pages


@pytest.fixture
async def browser(local: web_site.Pages) -> web_site.Browser:
    """A browser on the same machine, with the page open."""
    return await local.opened()


@pytest.fixture
async def with_password(tmp_path: Path, clock: FakeClock) -> abc.AsyncIterator[web_site.Pages]:
    async with web_site.open_pages(tmp_path, clock, web_password=PASSWORD, access="open") as pages:
        yield pages


@pytest.mark.parametrize(
    ("settings", "are_open"),
    [
        ({}, True),
        ({"WEB_HOST": "::1"}, True),
        ({"WEB_HOST": "0.0.0.0"}, False),  # noqa: S104 - what is refused
        ({"WEB_HOST": "0.0.0.0", "WEB_PASSWORD": PASSWORD}, True),  # noqa: S104 - as above
        ({"WEB_URL": "https://bot.example.org"}, False),
        ({"WEB_URL": "https://bot.example.org", "WEB_PASSWORD": PASSWORD}, True),
    ],
)
def test_without_a_password_pages_are_for_this_machine_alone(
    tmp_path: Path, settings: dict[str, str], are_open: bool
) -> None:
    found = settings_of({f"PAPERWIRE_{name}": value for name, value in settings.items()}, tmp_path)
    assert (not web_server.why_closed(found)) is are_open


async def test_reachable_pages_without_password_are_off_and_reported(tmp_path: Path) -> None:
    app = build_app(settings_of({"PAPERWIRE_WEB_HOST": "0.0.0.0"}, tmp_path), clock=SystemClock())  # noqa: S104 - as above
    pages = await site.pages_of(app)
    assert not pages.receivers
    (line,) = pages.lines
    assert "PAPERWIRE_WEB_PASSWORD" in line
    closed = httpx.ASGITransport(web_server.create_app(pages.routes))
    async with httpx.AsyncClient(transport=closed, base_url="http://papers.example") as browser:
        for path in ("/", "/sign-in"):
            answer = await browser.get(path)
            assert (answer.status_code, "PAPERWIRE_WEB_PASSWORD" in answer.text) == (404, True), path
        assert (await browser.get("/other")).text == "There is no such page.\n"


async def test_answers_and_sessions_are_no_business_of_other_sites(local: web_site.Pages) -> None:
    browser = local.browser()
    answers = [await browser.opens(path) for path in ("/", "/chat/file", "/static/style.css")]
    answers.append(await browser.client.post("/chat/say", data={"text": "x"}))
    for answer in answers:
        for name, value in site.HEADERS.items():
            assert name in answer.headers, (answer.url, name)
            assert name == "cache-control" or answer.headers[name] == value
    policy = site.HEADERS["content-security-policy"]
    assert ("'unsafe-inline'" in policy, "frame-ancestors 'none'" in policy) == (False, True)
    assert not any(mark in answers[0].text for mark in ("<style", " style=", " onclick=", "<script>"))
    assert [answer.status_code for answer in answers] == [200, 404, 200, 403]
    cookie = answers[0].headers["set-cookie"]
    assert ("httponly" in cookie, "samesite=lax" in cookie, "secure" in cookie) == (True, True, False)
    assert "set-cookie" not in (await browser.opens()).headers, "a session stays as it is"
    assert (await browser.posts("/chat/say", {"text": "x", "token": (await local.opened()).token})).status_code == 403


@pytest.mark.parametrize(
    ("headers", "fields", "status"),
    [
        ({}, {}, 303),
        ({}, {"token": "0" * 64}, 403),
        ({"cookie": "paperwire=e30="}, {}, 403),
        ({"host": "evil.example.org"}, {}, 400),
        ({"x-forwarded-for": "203.0.113.7"}, {}, 403),
        ({"content-type": "text/plain"}, {}, 403),
        ({}, {"text": "x" * 70_000}, 413),
    ],
)
async def test_only_a_form_of_our_own_page_is_taken(
    browser: web_site.Browser, headers: dict[str, str], fields: dict[str, str], status: int
) -> None:
    assert (await browser.posts("/chat/say", {"text": "/sub diffusion", **fields}, **headers)).status_code == status
    assert ("diffusion" in (await browser.opens()).text.split('id="log"')[1].split("</ol>")[0]) is (status == 303)


async def test_a_form_in_an_encoding_that_is_none_is_refused(browser: web_site.Browser) -> None:
    await browser.opens()
    body = b"--b\r\nContent-Disposition: form-data; name=x\r\n\r\n\xff\r\n--b--\r\n"
    headers = {"content-type": "multipart/form-data; boundary=b; charset=undefined", "origin": "http://127.0.0.1:8080"}
    assert (await browser.client.post("/chat/say", content=body, headers=headers)).status_code == 400


async def test_a_password_opens_the_chat_of_a_name(with_password: web_site.Pages) -> None:
    browser = with_password.browser()
    assert (await browser.opens()).headers["location"] == "/sign-in"
    await browser.opens("/sign-in")
    assert "not the password" in (await browser.posts("/sign-in", {**RIGHT, "password": "wrong horse battery"})).text
    for name, password, status in (("ada", "wrong horse battery", 403), ("a b", PASSWORD, 400), ("", PASSWORD, 400)):
        assert (await browser.posts("/sign-in", {"name": name, "password": password})).status_code == status
    assert (await browser.opens()).status_code == 303
    await browser.opens("/sign-in")
    assert (await browser.posts("/sign-in", RIGHT)).headers["location"] == "/"
    await browser.opens()
    assert "✓ 1" in await browser.says("/sub diffusion")
    assert (await browser.posts("/sign-out", {})).headers["location"] == "/sign-in"
    assert (await browser.opens()).status_code == 303


async def test_page_opened_by_another_address_than_its_own_names_that(tmp_path: Path, clock: FakeClock) -> None:
    """A browser keeps no cookie of a page of https for http."""
    settings = {"web_password": PASSWORD, "web_url": "https://papers.lab.org", "access": "open"}
    async with web_site.open_pages(tmp_path, clock, **settings) as pages:
        browser = await pages.opened("/sign-in", "http://192.168.1.7:8420")
        answer = await browser.posts("/sign-in", RIGHT)
        assert (answer.status_code, "https://papers.lab.org" in answer.text) == (403, True)
        at_home = await pages.visited("ada", "https://papers.lab.org")
        assert (await at_home.opens()).status_code == 200


async def test_two_bots_on_one_host_keep_their_sessions(tmp_path: Path, clock: FakeClock) -> None:
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    settings = {"web_password": PASSWORD, "access": "open"}
    async with (
        web_site.open_pages(folders[0], clock, **settings) as one,
        web_site.open_pages(folders[1], clock, **settings) as two,
    ):
        first = await one.visited("ada", "http://lab:8420")
        second = two.browser("http://lab:8421")
        second.client.cookies = first.client.cookies  # a browser sends them to all ports of a host
        await second.opens("/sign-in")
        assert (await second.posts("/sign-in", RIGHT)).headers["location"] == "/"
        for browser in (first, second):
            assert (await browser.opens()).status_code == 200


async def test_upload_below_the_limit_needs_no_temporary_folder(
    with_password: web_site.Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: object, **__: object) -> None:
        raise FileNotFoundError(2, "No usable temporary directory found")

    browser = await with_password.visited("ada")
    monkeypatch.setattr("tempfile.TemporaryFile", refuses)
    library = b"@article{a, title = {Kelp}}\n" * 100_000
    answer = await browser.client.post(
        "/chat/file",
        data={"token": browser.token},
        files={"file": ("mine.bib", library)},
        headers={"origin": "http://127.0.0.1:8420"},
    )
    assert answer.status_code == 303


async def test_cookie_opens_nothing_after_the_sign_out(with_password: web_site.Pages, clock: FakeClock) -> None:
    browser = await with_password.visited("ada")
    other = await with_password.visited("ada")
    kept = httpx.Cookies(browser.client.cookies)
    assert (await browser.posts("/sign-out", {})).status_code == 303
    browser.client.cookies = httpx.Cookies(kept)
    for path in ("/", "/chat/news", "/chat/file"):
        assert (await browser.opens(path)).status_code != 200, path
    assert (await browser.posts("/chat/say", {"text": "/sub diffusion"})).status_code == 303
    browser.client.cookies = httpx.Cookies(kept)
    assert (await browser.posts("/language", {"language": "zh"})).headers["location"] == "/sign-in"
    page = await other.opens()
    assert (page.status_code, "✓ 1" in page.text) == (200, False), "another browser stays signed in"
    clock.advance(timedelta(days=31))
    again = await with_password.visited("ada")
    await again.posts("/sign-out", {})


async def test_a_session_ends_with_its_time_with_a_new_password_and_here_with_the_sign_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = FakeClock(NOON)

    def cookie(browser: web_site.Browser) -> str:
        ((name, value),) = browser.client.cookies.items()
        return f"{name}={value}"

    async def opens(pages: web_site.Pages, session: str) -> bool:
        return (await pages.browser(cookie=session).opens()).status_code == 200

    async with web_site.open_pages(tmp_path, clock, web_password=PASSWORD) as pages:
        desk, other = [await pages.visited(name) for name in ("ada", "eve")]
        kept = cookie(desk)
        assert await opens(pages, kept)
        said, time, signature = kept.rsplit(".", 2)
        stays = cookie(other)
        eve = stays.rsplit(".", 2)[0]
        for forged in (
            f"{eve}.{time}.{signature}",
            f"{said}.{time}.",
            f"{said}.{time}.{'A' * len(signature)}",
            "é.1.2",
            "",
        ):
            assert not await opens(pages, forged.encode("ascii", "ignore").decode())
        assert (await desk.posts("/sign-out", {})).headers["location"] == "/sign-in"
        assert (await desk.opens()).status_code == 303
        assert (await other.opens()).status_code == 200, "another session goes on"
    async with web_site.open_pages(tmp_path, clock, web_password=PASSWORD) as after_a_restart:
        assert [await opens(after_a_restart, one) for one in (stays, kept)] == [True, False]
        later = time_of_python() + visitors.LASTS.total_seconds()
        with monkeypatch.context() as patched:
            patched.setattr("itsdangerous.timed.time.time", lambda: later + 1)
            assert not await opens(after_a_restart, stays)
    async with web_site.open_pages(tmp_path, clock, web_password=f"{PASSWORD}, another") as changed:
        assert not await opens(changed, stays)


async def test_where_people_come_by_https_the_session_is_for_https_alone(tmp_path: Path, clock: FakeClock) -> None:
    named = {"web_password": PASSWORD, "web_url": "https://papers.example.org"}
    async with web_site.open_pages(tmp_path, clock, **named) as pages:
        assert "secure" in (await pages.browser().opens("/sign-in")).headers["set-cookie"]


async def signs_in(pages: web_site.Pages, address: str) -> int:
    """A new visitor from an address signs in with the right password. Returns the status of the answer."""
    return (await (await pages.opened("/sign-in", address=address)).posts("/sign-in", RIGHT)).status_code


RIGHT, WRONG = {"name": "ada", "password": PASSWORD}, {"name": "eve", "password": "guess"}


@pytest.mark.parametrize(
    ("guesses_from", "locked", "free"),
    [
        (["203.0.113.7"], "203.0.113.7", "203.0.113.8"),
        (["2001:db8:1:2::1", "2001:db8:1:2::2"], "2001:db8:1:2:ffff::9", "2001:db8:1:3::1"),
    ],
)
async def test_fresh_sessions_guess_a_hundred_times_a_minute(
    with_password: web_site.Pages, clock: FakeClock, guesses_from: list[str], locked: str, free: str
) -> None:
    for number in range(20):
        eve = await with_password.opened("/sign-in", address=guesses_from[number % len(guesses_from)])
        answers = [(await eve.posts("/sign-in", WRONG)).status_code for _ in range(6)]
    assert answers == [429] * 6
    assert await signs_in(with_password, locked) == 429
    assert await signs_in(with_password, free) == 303
    clock.advance(timedelta(seconds=61))
    assert await signs_in(with_password, locked) == 303


async def test_nobody_reads_changes_or_hears_another_chat(with_password: web_site.Pages) -> None:
    ada, eve = [await with_password.visited(name) for name in ("ada", "eve")]
    await ada.says("/sub gondola")
    undo = ada.button("undo")
    await ada.says("/privacy")
    number = next(one for one in range(1, 20) if f"/chat/file?message={one}" in ada.shown)
    assert "stay for 30 days" in ada.shown, "the page says what it keeps beyond other platforms"
    document = await ada.opens(f"/chat/file?message={number}")
    assert "gondola" in document.text
    assert document.headers["content-disposition"].startswith("attachment")
    for path in ("/", "/?before=99", f"/chat/file?message={number}", "/?before=-1"):
        assert "gondola" not in (await eve.opens(path)).text
    await eve.opens()
    await eve.posts("/chat/press", undo)
    await eve.posts("/chat/press", {**undo, "message": "1"})
    assert "gondola" not in (await eve.opens()).text
    await ada.opens()
    assert "gondola" in await ada.says("/list"), "eve's press changed nothing"
    assert "gondola" not in (await eve.posts("/chat/press", undo, **QUICK)).text


async def test_nobody_becomes_an_operator_by_a_name_that_others_can_take(with_password: web_site.Pages) -> None:
    eve = await with_password.visited("eve")
    assert "everyone who knows the password can take your name" in await eve.says("/admin abcd-efgh")


async def test_no_words_of_people_and_papers_become_markup(
    local: web_site.Pages, browser: web_site.Browser, clock: FakeClock
) -> None:
    bad = "<img src=x onerror=alert(1)>\"'</p><script>alert(1)</script>"
    app = local.app
    subscribes(app.store, "web:me", "diffusion", when="now")
    ingested(
        app.store,
        paper(f"Diffusion {bad}", authors=(bad,), abstract=bad, url="javascript:alert(1)"),
        now=NOON,
    )
    await Sender(app).deliver()
    page = await browser.says(f"/sub {bad}")
    page += await browser.says(bad)
    assert "&lt;img" in page
    for mark in ("<img", "<script>", 'href="javascript:', 'onerror=alert(1)>"'):
        assert mark not in page


@pytest.mark.parametrize("chooses", ["page", "/lang en"])
async def test_a_chat_and_all_its_pages_have_one_language_whoever_chose_it(
    with_password: web_site.Pages, chooses: str
) -> None:
    chinese = {"accept-language": "zh-CN,zh;q=0.9"}
    ada, phone = [await with_password.visited("ada", **chinese) for _ in range(2)]

    async def spoken(browser: web_site.Browser) -> set[str]:
        return set(re.findall('<html lang="(.*?)">', (await browser.opens()).text))

    await phone.posts("/language", {"language": "zh"})
    assert await spoken(ada) == await spoken(phone) == {"zh"}
    await ada.says(chooses) if chooses.startswith("/lang") else await ada.posts("/language", {"language": "en"})
    assert await spoken(ada) == await spoken(phone) == {"en"}
    assert "Send me words that papers should contain" in await phone.says("谢谢你"), "the chat, too"


async def uploads(browser: web_site.Browser, data: bytes, **fields: str) -> httpx.Response:
    return await browser.client.post(
        "/chat/file",
        data={"token": browser.token, "once": "f1", **fields},
        files={"file": ("mine.bib", data)},
        headers={"origin": web_site.HOME},
    )


async def test_a_file_is_sent_from_the_page(tmp_path: Path, clock: FakeClock) -> None:
    async with web_site.open_pages(tmp_path, clock, access="open") as pages:
        browser = await pages.opened()
        assert 'action="/chat/file"' in await browser.says("/library", once="a1")
        assert (await uploads(browser, b"@article{a, title = {Graph Search}}")).status_code == 303
        page = (await browser.opens()).text
        assert "mine.bib" in page
        assert "The library is stored: 1 entry." in page
        assert (await uploads(browser, b"x", token="another")).status_code == 403
        assert (await uploads(browser, b"x" * (LARGEST + 100_000), once="f2")).status_code == 413
