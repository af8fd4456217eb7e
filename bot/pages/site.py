"""The guard of the pages: who may open them, whether a form is ours, how large an upload may be; what is said where pages are off.

Each page is a `WebPage`. The page of the chat comes from its platform. Until papers have come, it offers samples, which
are digests in this package.
"""

import asyncio
import hmac
import logging
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.app import App
from bot.errors import error_location
from bot.operation import passwords, web_server
from bot.operation.client_addresses import is_known_host, name_of, own_names
from bot.operation.web_entry import WhoMayEnter, entry
from bot.pages import requests, signed_in
from bot.pages.samples import PATH, Samples
from bot.platform import Platform
from bot.ports import attached
from bot.ports.channel import usable_text
from bot.ports.conversation import Offer, PageFrame, PageRequest, PageResponse, RequestDispatcher, Visitor, WebPage
from bot.rendering import pages
from bot.settings import Settings
from subscriptions.errors import Refused, StoreError
from subscriptions.model import ChatKind
from subscriptions.service.conversation_state import choose_language, known_or_new
from subscriptions.zones import zone_name

log = logging.getLogger("paperwire")
LANGUAGE_COOKIE, ZONE_COOKIE = "language", "zone"  # page.js sets the zone
_LANGUAGES = ("en", "zh")
STARTS_WITHIN = 15.0  # seconds that a form waits for the process to start
_MOST_FIELDS = 60  # in a form
_LARGEST_UPLOAD = attached.LARGEST + (1 << 16)  # bytes of a file and the form around it
_LONGEST_UPLOAD = 300.0  # seconds
_BOUNDARY = re.compile(r'boundary="?(?P<mark>[\w\'()+,./:=?-]{1,70})')
_FIELD = re.compile(rb'name="(?P<name>[^"]{1,100})"(?:; filename="(?P<file>[^"]*)")?')
_OPEN = "Set PAPERWIRE_WEB_PASSWORD."


class Site:
    """The pages, for visitors whom the guard lets in. `samples`: what the pages offer until papers have come.

    Each visitor has a chat on the platform that has pages.
    """

    def __init__(self, app: App, platform: Platform, pages: Sequence[WebPage], samples: "Samples") -> None:
        self.settings, self.clock, self._store = app.settings, app.clock, app.store
        self.entry, _ = entry(self.settings)
        self._samples = samples
        self._chat_of = platform.facts.read_address
        given = self.settings.web_password if self.entry is WhoMayEnter.PASSWORD else None
        password = ""
        if given:
            password = given.get_secret_value()
        self._sessions = signed_in.Sessions(app.store, self.clock, password)
        self._names = own_names(self.settings)
        self._dispatcher: RequestDispatcher | None = None
        self._started = asyncio.Event()
        lock = passwords.Lock(self.clock, password)
        self.pages = (*pages, *static_pages())
        if password:
            self.pages += signed_in.sign_in_pages(self._sessions, lock, self._chat_of)

    @contextmanager
    def taking(self, dispatcher: RequestDispatcher) -> Iterator[None]:
        """Lets visitors send requests while the body runs."""
        self._dispatcher = dispatcher
        self._started.set()
        try:
            yield
        finally:
            self._dispatcher = None

    @property
    def routes(self) -> list[Route]:
        """The routes of all pages."""
        return [Route(page.path, self._handler(page), methods=[page.method]) for page in self.pages]

    def _handler(self, page: WebPage) -> Callable[[Request], object]:
        async def answer(request: Request) -> Response:
            try:
                found = await self._answer(page, request)
            except web_server.Refusal as refused:
                found = web_server.line(refused.status_code, words=refused.words)
            except StoreError as error:
                log.error("A page cannot be shown: %s", error)
                found = web_server.line(503)
            except Exception as error:  # noqa: BLE001 - a bug in one page must not show its traceback
                log.error("A page failed, at %s: %s", page.path, error_location(error))
                found = web_server.line(500)
            found.headers.update({name: value for name, value in requests.HEADERS.items() if name not in found.headers})
            return found

        return answer

    async def _answer(self, page: WebPage, request: Request) -> Response:
        """Returns the page if this visitor may open it, or a redirect to the sign-in. Raises Refusal."""
        given = request.cookies.get(signed_in.COOKIE, "")
        visitor = await self._admit(request, given)
        if not page.is_public and not visitor.name:
            return Response(status_code=303, headers={"location": requests.PATH})
        form, file = dict[str, str](), b""
        if page.method == "POST":
            form, file = await self._form(request, given, page)
            await self._until_started()
        cookie = given or self._sessions.new()
        offers: Sequence[Offer] = ()
        if page.has_offers:
            offers = await self._samples.offers(visitor)
        asked = PageRequest(
            frame=self._frame(request, visitor, cookie, offers, await self._language(request, visitor, page)),
            headers=request.headers,
            address=_address(request),
            query={name: usable_text(value) for name, value in request.query_params.items()},
            form=form,
            file=file,
            dispatcher=self._dispatcher,
        )
        answer = await page.answer(asked)
        if answer.session is not None:
            await self._sessions.end(given)
        found = self._response(answer)
        session = answer.session if answer.session is not None or given else cookie
        self._set_cookies(request, found, session)
        return found

    async def _until_started(self) -> None:
        """Waits until requests can be handled, at most STARTS_WITHIN: a page may be open before the process has started."""
        with suppress(TimeoutError):
            async with asyncio.timeout(STARTS_WITHIN):
                await self._started.wait()

    async def _admit(self, request: Request, cookie: str) -> Visitor:
        """Returns the visitor, without a name if no one has signed in. Raises Refusal."""
        local = self.entry is WhoMayEnter.LOCAL
        if not is_known_host(request.headers.get("host", ""), self._names, local=local):
            raise web_server.Refusal(421)
        if local and requests.is_from_proxy(request.headers):
            raise web_server.Refusal(403, f"A proxy sent this, so it may come from anywhere. {_OPEN}")
        if local:
            return Visitor(name=requests.LOCAL_NAME, is_local=True)
        return Visitor(name=await self._sessions.name_of(cookie))

    async def _form(self, request: Request, cookie: str, page: WebPage) -> tuple[dict[str, str], bytes]:
        """Returns (fields, file) of a form that was sent from one of our pages in this session. Raises Refusal."""
        url = self.settings.web_url
        if not requests.is_own_form(request.headers, (name_of(url),) if url else ()):
            raise web_server.Refusal(
                403, "This form comes from another address. PAPERWIRE_WEB_URL names the host of these pages."
            )
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == "multipart/form-data" and page.takes_file:
            read, file = await _uploaded(request)
        elif kind == "application/x-www-form-urlencoded":
            read, file = await _sent(request, page.largest_form), b""
        else:
            raise web_server.Refusal(400)
        fields = {usable_text(name): usable_text(value) for name, value in read}
        token = fields.pop("token", "").encode()
        if not cookie or not hmac.compare_digest(token, self._sessions.token(cookie).encode()):
            raise web_server.Refusal(403)
        return fields, file

    async def _language(self, request: Request, visitor: Visitor, page: WebPage) -> str:
        """Returns the language of a visitor's chat, which all their pages have.

        A language that is chosen on any page becomes that of the chat. Before there is a chat, the language is the last
        one chosen in this browser, else the browser's own.
        """
        chosen, before = request.query_params.get("language", ""), request.cookies.get(LANGUAGE_COOKIE, "")
        own = requests.preferred_language(request.headers.get("accept-language", ""))
        wanted = next((one for one in (chosen, before) if one in _LANGUAGES), "")
        address = self._chat_of(visitor.name)
        if address is None or page.is_public:
            return wanted or own
        chat = await self._store.run(known_or_new, address, ChatKind.PRIVATE, lang=own)
        if not wanted or (chosen not in _LANGUAGES and "lang" in chat.chosen):
            return chat.settings.lang
        if request.method == "GET":
            await self._store.run(choose_language, address, wanted, now=self.clock.now())
        return wanted

    def _frame(
        self,
        request: Request,
        visitor: Visitor,
        cookie: str,
        offers: Sequence[Offer],
        language: str,
    ) -> PageFrame:
        return PageFrame(
            path=request.url.path,
            query=urlencode([pair for pair in request.query_params.multi_items() if pair[0] != "language"]),
            language=language,
            timezone=_zone(request.cookies.get(ZONE_COOKIE, "")),
            token=self._sessions.token(cookie),
            visitor=visitor,
            can_sign_out=self.entry is WhoMayEnter.PASSWORD and bool(visitor.name),
            offers=tuple(offers),
        )

    @staticmethod
    def _response(answer: PageResponse) -> Response:
        headers, status = dict(answer.headers), answer.status
        if answer.location:
            headers["location"], status = answer.location, 303
        return Response(answer.body, status, headers, media_type=answer.kind if answer.body else None)

    def _set_cookies(self, request: Request, response: Response, session: str | None) -> None:
        """Sets or, if `session` is "", deletes the session cookie; None leaves it unchanged.

        Stores the language that was chosen.
        """
        secure = request.url.scheme == "https" or request.headers.get("x-forwarded-proto", "").lower() == "https"
        seconds = int(signed_in.LASTS.total_seconds())
        if session:
            response.set_cookie(
                signed_in.COOKIE, session, max_age=seconds, secure=secure, httponly=True, samesite="lax"
            )
        elif session == "":
            response.delete_cookie(signed_in.COOKIE, secure=secure, httponly=True, samesite="lax")
        chosen = request.query_params.get("language", "")
        if chosen in _LANGUAGES:
            response.set_cookie(LANGUAGE_COOKIE, chosen, max_age=seconds, secure=secure, httponly=True, samesite="lax")


def _zone(name: str) -> str:
    try:
        return zone_name(name)
    except Refused:
        return ""


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def make_site(app: App) -> Site | None:
    """Returns the site: the pages of the platform that has pages; None if pages are off."""
    platform = next((one for one in app.platforms.values() if one.pages), None)
    if platform is None or entry(app.settings)[0] is WhoMayEnter.OFF:
        return None
    samples = Samples(app)
    return Site(app, platform, (*platform.pages, WebPage(path=PATH, answer=samples.use, method="POST")), samples)


def pages_of(app: App) -> web_server.Pages:
    """Returns the pages of the process; if they are off, what tells so."""
    site, lines = make_site(app), entry_lines(app.settings)
    if site is None:
        return web_server.Pages(closed_pages(app), lines=lines)
    return web_server.Pages(site.routes, True, lines, site.taking)


def closed_pages(app: App) -> list[Route]:
    """Returns a route for each page that would be here with a password. Its answer names the setting that is missing."""

    async def answer(_: Request) -> Response:
        return web_server.line(404, words=f"There are no pages here without a password. {_OPEN}")

    paths = {page.path for platform in app.platforms.values() for page in platform.pages}
    return [Route(path, answer, methods=["GET", "POST"]) for path in sorted({*paths, requests.PATH})]


def entry_lines(settings: Settings) -> list[str]:
    """Returns a line if there are no pages, or if anyone can use any name there: the reason, and what to do. Else none."""
    found, why = entry(settings)
    if found is WhoMayEnter.OFF:
        return [f"No pages: {why}. {_OPEN}"]
    return []


async def _sent(request: Request, most: int) -> list[tuple[str, str]]:
    """Returns the fields of an encoded form. Raises Refusal."""
    body = await web_server.body_in_time(request, most=most)
    if isinstance(body, Response):
        raise web_server.Refusal(body.status_code)
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict")
    except ValueError:
        raise web_server.Refusal(400) from None


async def _uploaded(request: Request) -> tuple[list[tuple[str, str]], bytes]:
    """Returns (fields, file) of a form with a file; the file's name is one of the fields. Raises Refusal."""
    body = await web_server.body_in_time(request, most=_LARGEST_UPLOAD, seconds=_LONGEST_UPLOAD)
    boundary = _BOUNDARY.search(request.headers["content-type"])
    if isinstance(body, Response) or boundary is None:
        raise web_server.Refusal(body.status_code if isinstance(body, Response) else 400)
    fields, file = list[tuple[str, str]](), b""
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary["mark"].encode(), _MOST_FIELDS)[1:-1]:
        head, _, value = part.partition(b"\r\n\r\n")
        if (name := _FIELD.search(head)) is None:
            raise web_server.Refusal(400)
        if name["file"] is not None:
            file, value = value, name["file"]
        fields.append((name["name"].decode("utf-8", "replace"), value.decode("utf-8", "replace")))
    return fields, file


_FOR_EVER = {"cache-control": "public, max-age=31536000, immutable"}  # a changed file gets a new address


def static_pages() -> tuple[WebPage, ...]:
    """Returns a page for each static file, such as a style or a script."""
    return tuple(WebPage(path=f"/static/{name}", answer=partial(_show, name), is_public=True) for name in pages.STATIC)


async def _show(name: str, _: PageRequest) -> PageResponse:
    return PageResponse(body=pages.static_file(name), kind=pages.STATIC[name], headers=_FOR_EVER)
