"""The HTTP transport of python-telegram-bot, by aiohttp, which needs a third of the library's own time per message.

The library provides for other transports (docs.python-telegram-bot.org, telegram.request.BaseRequest). The `__cause__` of
an error is aiohttp's error, which tells whether the request was sent; bot.channels.telegram.bot_api.errors reads it.
"""

import json
from typing import Any
from urllib.parse import urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx
from telegram.error import NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData

_KEPT_OPEN = 5.0  # seconds that an idle connection is kept; a send on one that the server has closed would be Unclear
_IS_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_NONE = BaseRequest.DEFAULT_NONE  # the library's value for "the transport's own setting"


class Transport(BaseRequest):
    """Sends requests over at most `in_flight` connections to the server at `root`. `connect` and `read` are seconds.

    Keeps the token and the body of an answer out of errors and logs. Error pages of proxies may repeat the URL, which
    holds the token; the library quotes such pages in errors, and logs the whole body that it cannot read.
    Raises ValueError if the environment names a proxy that cannot be used.
    """

    def __init__(self, token: str, root: str, *, connect: float, read: float, in_flight: int) -> None:
        self._secret = token.encode()
        self._proxy = _proxy_of(root)
        self._in_flight = in_flight
        self._connect, self._read = connect, read
        self._tls = (
            httpx.create_ssl_context() if root.startswith("https:") else True
        )  # with the certificates that httpx trusts
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float | None:
        """Seconds to wait for an answer."""
        return self._read

    async def initialize(self) -> None:
        """Does nothing. The session is made in the event loop that sends first."""

    async def shutdown(self) -> None:
        """Closes the connections."""
        if self._session is not None:
            await self._session.close()

    async def do_request(  # noqa: PLR0917 - the library's signature
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = _NONE,  # noqa: ANN401 - the library's type: seconds, or its value for none given
        write_timeout: object = _NONE,
        connect_timeout: object = _NONE,
        pool_timeout: object = _NONE,
    ) -> tuple[int, bytes]:
        """Returns the status and the body, with the token removed from it."""
        del write_timeout, connect_timeout, pool_timeout  # our calls never set them
        wait = self._timeout(self._read if read_timeout is _NONE else read_timeout)
        body, headers = _body(request_data)
        try:
            async with self._connections().request(
                method, url, data=body, headers=headers, timeout=wait, proxy=self._proxy, allow_redirects=False
            ) as answer:
                return answer.status, (await answer.read()).replace(self._secret, b"<token>")
        except TimeoutError as error:
            raise TimedOut from error
        except aiohttp.ClientError as error:
            raise NetworkError(type(error).__name__) from error

    def _timeout(self, read: float) -> aiohttp.ClientTimeout:
        """Returns the timeouts of a request. Waiting for a free connection and opening one count together; the whole answer has a limit, too."""
        connect = 2 * self._connect
        return aiohttp.ClientTimeout(
            total=connect + 2 * read, connect=connect, sock_connect=self._connect, sock_read=read
        )

    def _connections(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._in_flight, keepalive_timeout=_KEPT_OPEN, ssl=self._tls),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": self.USER_AGENT},
            )
        return self._session

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """Like the library's method, but without logging the body."""
        try:
            return json.loads(payload.decode("utf-8", "replace"))  # type: ignore[no-any-return]
        except ValueError as error:
            raise TelegramError("Invalid server response") from error


def _body(wanted: RequestData | None) -> tuple[aiohttp.FormData | bytes | None, dict[str, str]]:
    """Returns the body of a request and its headers: a multipart form if it holds files, else an encoded form."""
    if wanted is None:
        return None, {}
    if not wanted.multipart_data:
        return urlencode(wanted.json_parameters).encode("ascii"), _IS_FORM
    form = aiohttp.FormData(wanted.json_parameters)
    for field, (name, content, kind) in wanted.multipart_data.items():
        form.add_field(field, content, filename=name, content_type=kind)
    return form, {}


def _proxy_of(root: str) -> str | None:
    """Returns the proxy for a server by the usual environment variables. Raises ValueError."""
    server = urlsplit(root)
    named = getproxies()
    proxy = named.get(server.scheme) or named.get("all")
    if not proxy or proxy_bypass(server.netloc):
        return None
    if urlsplit(proxy).scheme not in ("http", "https"):
        raise ValueError("a proxy for Telegram speaks HTTP")
    return proxy
