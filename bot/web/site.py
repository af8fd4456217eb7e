"""The site of the pages: its routes, the hosts and sizes that it accepts, and the headers of every page."""

import logging
from collections.abc import Awaitable, Callable

from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartParser
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route, Router
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from bot import messages
from bot.app import App
from bot.log import error_location
from bot.platforms.web import FACTS
from bot.platforms.web.adapter import WebPlatform
from bot.rendering import brand
from bot.web import visitors as visiting
from bot.web.chat import ChatPage
from bot.web.server import Pages, line, why_closed
from bot.web.visitors import SIGN_IN, Visitors
from subscriptions.errors import StoreError

log = logging.getLogger("paperwire")

LARGEST_FORM = 65_536  # bytes
LARGEST_UPLOAD = messages.LARGEST + LARGEST_FORM  # bytes of a file and the form around it
MultiPartParser.spool_max_size = LARGEST_UPLOAD  # a file below the limit stays in memory and needs no temporary folder
_LOCAL_HOSTS = ("localhost", "*.localhost", "127.0.0.1", "[::1]")
# Headers that show that a proxy forwarded the request, so that it may come from anywhere. Browsers send none of them.
_OF_PROXIES = (
    "forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "x-original-host",
    "cf-connecting-ip", "true-client-ip",
)  # fmt: skip
_SET_PASSWORD = "Set PAPERWIRE_WEB_PASSWORD."  # noqa: S105 - the name of a setting

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}


class _Guard(BaseHTTPMiddleware):
    """Adds the headers, and answers errors with one line.

    With `local`, refuses what a proxy on this machine forwards.
    """

    def __init__(self, app: ASGIApp, *, local: bool) -> None:
        super().__init__(app)
        self._local = local

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        if self._local and any(name in request.headers for name in _OF_PROXIES):
            response = line(403, words=f"A proxy sent this, so it may come from anywhere. {_SET_PASSWORD}")
        else:
            try:
                response = await call_next(request)
            except HTTPException as error:
                response = line(error.status_code, error.headers)
            except StoreError as error:
                log.error("A page cannot be shown: %s", error)
                response = line(503)
            except Exception as error:  # noqa: BLE001 - a bug in one page must not show its traceback
                log.error("A page failed, at %s: %s", request.url.path, error_location(error))
                response = line(500)
        # a browser asks each time whether its copy of a file beside the pages is still right
        more = {"cache-control": "no-cache"} if request.url.path.startswith("/static/") else {}
        for name, value in {**HEADERS, **more}.items():
            response.headers.setdefault(name, value)
        return response


async def pages_of(app: App) -> Pages:
    """Return the pages of the process; if they are off, what tells so. Raise StoreError."""
    why = why_closed(app.settings)
    channel = app.platforms.get(FACTS.name)
    if why or not isinstance(channel, WebPlatform):
        closed = [Route(path, _closed, methods=["GET", "POST"]) for path in ("/", SIGN_IN)]
        return Pages(closed, lines=[f"No pages: {why}. {_SET_PASSWORD}"])
    secret = app.settings.web_password
    password = secret.get_secret_value() if secret else None
    visitors = Visitors(app, password)
    key = await app.store.write(visiting.session_key, password or "")
    guard = [
        Middleware(_Guard, local=password is None),
        # Another site can make its own name lead to this machine (DNS rebinding). With a password that is of no use to it.
        Middleware(TrustedHostMiddleware, allowed_hosts=_LOCAL_HOSTS if password is None else ["*"]),
        Middleware(
            SessionMiddleware,
            secret_key=key,
            session_cookie=visiting.cookie_name(key),
            max_age=int(visiting.LASTS.total_seconds()),
            https_only=(app.settings.web_url or "").startswith("https:"),
        ),
    ]
    # its redirects would lead to the host that the request names
    router = Router(_routes(ChatPage(app, channel, visitors), visitors, password), redirect_slashes=False)
    site = Mount("/", app=router, middleware=guard)
    return Pages([site], receivers=[visitors])


def _routes(chat: ChatPage, visitors: Visitors, password: str | None) -> list[BaseRoute]:
    routes: list[BaseRoute] = [
        Route("/", chat.show),
        Route("/chat/news", chat.news),
        _form("/chat/say", chat.say),
        _form("/chat/press", chat.press),
        Route("/chat/file", chat.download),
        _form("/chat/file", chat.say, LARGEST_UPLOAD),
        _form("/samples", chat.use_samples),
        _form("/language", visitors.choose_language),
        Route("/static/brand.css", _brand),
        Mount("/static", StaticFiles(packages=[("templates", "web/static")])),
    ]
    if password is not None:
        routes += [
            Route(SIGN_IN, visitors.show_sign_in),
            _form(SIGN_IN, visitors.sign_in),
            _form("/sign-out", visitors.sign_out),
        ]
    return routes


def _form(path: str, answer: Callable[[Request], Awaitable[Response]], most: int = LARGEST_FORM) -> Route:
    """Return the route of a form of at most so many bytes."""
    limit = Middleware(RequestBodyLimitMiddleware, max_body_size=most)
    return Route(path, answer, methods=["POST"], middleware=[limit])


async def _brand(_: Request) -> Response:
    return Response(brand.style(), media_type="text/css")


async def _closed(_: Request) -> Response:
    """Names the setting that is missing."""
    return line(404, words=f"There are no pages here without a password. {_SET_PASSWORD}")
