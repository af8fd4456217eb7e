"""Fetches documents by HTTP from public addresses: limits of time and size, one request at a time to a host."""

import asyncio
import socket
import ssl
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import httpx

from bot.clock import Clock
from bot.http import CODINGS, TooLarge, UnknownCoding, certificate_problem, proxy_of_environment, sent_body_of, trusted
from subscriptions.errors import FetchError

# Requests go only to public IP addresses, even after redirects. The only exceptions are hosts of sources that the
# settings allow. The host name is resolved here, and the connection goes to the IP address that was checked, so that a
# second answer of the name server cannot lead to another address; TLS still verifies the name. A proxy resolves names
# itself, and decides which addresses are allowed.

MOST_REDIRECTS = 5
LONGEST_ASKED = timedelta(days=1)  # if a server asks for a longer wait, this one is used
LONGEST_OF_HOST = timedelta(hours=1)  # a longer wait holds only for the source whose document was requested
_EARLIEST_MOMENT = 1_000_000_000  # a larger number of seconds is a moment since 1970, and no wait
_MOST_DIGITS = 15  # of such a number
_REDIRECTS = (301, 302, 303, 307, 308)
_BUSY = (429, 503)
_ERROR_BODY = 64 * 1024  # bytes of an error page that are read: arXiv's feeds explain errors there
_PORTS = {"http": 80, "https": 443}

ARXIV = "arxiv"  # all hosts of arXiv, whose limits hold for all of them together
GAPS = {  # seconds between requests, beside those to arXiv (info.arxiv.org/help/api/tou.html)
    ARXIV: 3.0,
    **dict.fromkeys(("api.openalex.org", "api.crossref.org", "eutils.ncbi.nlm.nih.gov"), 1.0),
}
MAX_TURN = 60.0  # seconds that a request waits for its host at most; if it must wait longer, it fails

# A list of sources, or a redirect, must not make this machine send requests to its own services or to its private network.
# The networks are from IANA's special-purpose registries (www.iana.org/assignments/iana-ipv4-special-registry, …ipv6…).
# Python's table of IPv4 is younger in each version, and global there are anycast relays, too; Azure's own services are no
# special address, but belong to the machine that asks.
_NO_PLACES_V4 = tuple(
    map(
        IPv4Network,
        (
            *("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32"),
            *("192.31.196.0/24", "192.52.193.0/24", "192.175.48.0/24"),  # anycast: AS112, multicast tunnels
        ),
    )
)
_GLOBAL_V6 = IPv6Network("2000::/3")  # the part that has been assigned; the rest is special
_NO_PLACES_V6 = tuple(
    map(IPv6Network, ("2001::/23", "2001:db8::/32", "2620:4f:8000::/48", "3ffe::/16", "3fff::/20"))
)  # tunnels, tests, documentation
_NAT64 = IPv6Network("64:ff9b::/96")

_SENTENCES = (  # most specific first
    (httpx.ConnectTimeout, "{host} was not reached within {connect:g} seconds."),
    (httpx.TimeoutException, "{host} sent nothing for {idle:g} seconds."),
    (httpx.ProxyError, "The proxy of this machine does not let {host} be reached."),
    (httpx.ConnectError, "{host} refuses connections."),
    (httpx.RemoteProtocolError, "{host} broke off its answer, or sent none."),
    (httpx.ReadError, "{host} broke off its answer, or sent none."),
)

Resolve = Callable[[str, int], Awaitable[list[str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchLimits:
    """Limits of one request: seconds, and bytes of the body as it is sent."""

    connect: float = 15.0
    idle: float = 60.0
    total: float = 180.0
    most: int = 16 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A document as it was sent, perhaps packed by gzip, and the validators for the next request."""

    data: bytes
    etag: str = ""
    modified: str = ""


async def resolve(host: str, port: int) -> list[str]:
    """Return the IP addresses of a host, by this machine's resolver. Raise OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def is_arxiv(host: str) -> bool:
    """Return whether a host is arXiv's."""
    name = host.rstrip(".").casefold()
    return name == "arxiv.org" or name.endswith(".arxiv.org")


class HostThrottle:
    """Lets one request at a time go to a host. arXiv's hosts count as one.

    There is a gap between the end of a request to arXiv or a database, even a failed one, and the start of the next. So
    requests never arrive closer together, even over a slow network.
    """

    def __init__(self, clock: Clock, is_arxivs: Callable[[str], bool] = is_arxiv) -> None:
        self._clock = clock
        self._is_arxivs = is_arxivs
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._free: dict[str, float] = {}  # lane → the monotonic second from which the next request may start

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[None]:
        """Wait for the turn of one request, and keep it. Raise FetchError if the host asked for a long wait."""
        lane = self._lane(host)
        async with self._locks[lane]:
            wait = self._free.get(lane, 0.0) - self._clock.monotonic()
            if wait > MAX_TURN:
                raise asked_to_wait(host, timedelta(seconds=wait))
            if wait > 0:
                await self._clock.sleep(wait)
            try:
                yield
            finally:
                self.pause(host, timedelta(seconds=GAPS.get(lane, 0.0)))

    def pause(self, host: str, wait: timedelta) -> None:
        """Let no request to the host start until `wait` is over."""
        lane = self._lane(host)
        self._free[lane] = max(self._free.get(lane, 0.0), self._clock.monotonic() + wait.total_seconds())

    def _lane(self, host: str) -> str:
        return ARXIV if self._is_arxivs(host) else host


def asked_to_wait(host: str, wait: timedelta, status: int | None = None) -> FetchError:
    """Return the FetchError for a host that asks to wait; `wait` is zero if the host did not say how long."""
    if wait:
        sentence = f"{host} asks for a wait of {wait.total_seconds():.0f} seconds."
    elif status is None:
        sentence = f"{host} is too busy to answer."
    else:
        sentence = f"{host} is too busy to answer ({status})."
    return FetchError(sentence, "It is asked again by itself.", retry_after=wait, busy=True)


def is_public(address: str) -> bool:
    """Return whether an IP address is public. If an IPv6 address contains an IPv4 address, the latter decides."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    inner = _inner(found) if isinstance(found, IPv6Address) else found
    if inner is not None:
        is_special = inner.is_multicast or inner.is_reserved or any(inner in network for network in _NO_PLACES_V4)
        return inner.is_global and not is_special
    return found in _GLOBAL_V6 and not any(found in network for network in _NO_PLACES_V6)


def _inner(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address in an IPv6 address (mapped, 6to4 or NAT64); None if there is none."""
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return None


class _NotReached(FetchError):
    """No connection to one address of a host, which may have others."""


class Fetcher:
    """Fetches documents by HTTP."""

    def __init__(
        self,
        clock: Clock,
        *,
        agent: str,
        allowed_hosts: frozenset[str] = frozenset(),
        limits: FetchLimits | None = None,
        resolve: Resolve = resolve,
        proxy_of: Callable[[str, str], str | None] = proxy_of_environment,
        is_arxivs: Callable[[str], bool] = is_arxiv,
    ) -> None:
        """`allowed_hosts`, in lower case and without port, may have private addresses. `agent` is the User-Agent."""
        self._clock = clock
        self._turns = HostThrottle(clock, is_arxivs)
        self._agent = agent
        self._allowed = allowed_hosts
        self._limits = limits or FetchLimits()
        self._resolve = resolve
        self._proxy_of = proxy_of

    async def fetch(self, url: str, *, etag: str = "", modified: str = "") -> Fetched | None:
        """Return the document at an address; None if it has not changed since `etag` and `modified`.

        Raise FetchError.
        """
        headers = {"User-Agent": self._agent, "Accept-Encoding": CODINGS, "Accept": "*/*"}
        headers |= {"If-None-Match": etag} if etag else {}
        headers |= {"If-Modified-Since": modified} if modified else {}
        target = _parsed(url)
        # Only the source's own address may be a private one. The server chooses where redirects lead.
        private = target.netloc if target.host.casefold() in self._allowed else b""
        for _ in range(MOST_REDIRECTS + 1):
            found = await self._in_turn(target, headers, may_be_private=target.netloc == private)
            if not isinstance(found, httpx.URL):
                return found
            target = found
        raise FetchError(f"{target.host} redirects again and again.")

    async def _in_turn(
        self, url: httpx.URL, headers: Mapping[str, str], *, may_be_private: bool
    ) -> Fetched | httpx.URL | None:
        """Send one request as soon as the host may be asked. Return the document or the target of a redirect.

        It goes to the proxy, which resolves names, or to the host's addresses until one can be reached.
        """
        async with self._turns.turn(url.host):
            try:
                async with asyncio.timeout(self._limits.total):
                    proxy = self._proxy_of(url.scheme, url.host)
                    *others, last = [None] if proxy else await self._addresses(url, may_be_private=may_be_private)
                    for address in others:
                        with suppress(_NotReached):
                            return await self._get(url, address, headers, proxy)
                    return await self._get(url, last, headers, proxy)
            except TimeoutError:
                raise FetchError(f"{url.host} took longer than {self._limits.total:g} seconds.") from None
            except FetchError as error:
                if error.retry_after <= LONGEST_OF_HOST:
                    self._turns.pause(url.host, error.retry_after)
                raise

    async def _addresses(self, url: httpx.URL, *, may_be_private: bool) -> list[str | None]:
        """Return the allowed IP addresses of the URL's host, at least one. Raise FetchError."""
        host = url.raw_host.decode("ascii").strip("[]")
        try:
            found = await self._resolve(host, url.port or _PORTS[url.scheme])
        except (OSError, ValueError, OverflowError):  # a name or a port that the resolver refuses
            raise FetchError(f"There is no host {url.host}, or no network.") from None
        allowed: list[str | None] = [one for one in found if may_be_private or is_public(one)]
        if not allowed:
            raise FetchError(
                f"{url.host} is an address of a private network, where sources may not be.",
                "If it is meant to be, name the host in PAPERWIRE_ALLOWED_HOSTS.",
            )
        return allowed

    async def _get(
        self, url: httpx.URL, address: str | None, headers: Mapping[str, str], proxy: str | None
    ) -> Fetched | httpx.URL | None:
        """Send one request to the IP address that was checked.

        Each request has its own client, since a connection that stays open would bypass the next check.
        """
        timeout = httpx.Timeout(self._limits.idle, connect=self._limits.connect)
        verify = trusted() if url.scheme == "https" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            client = httpx.AsyncClient(timeout=timeout, verify=verify, proxy=proxy, trust_env=False)
        except (ImportError, ValueError):  # httpx's message would show the address of the proxy
            raise FetchError("The proxy of this machine cannot be used.") from None
        sni = {"sni_hostname": url.raw_host.decode("ascii").strip("[]")} if address else {}
        asked = url.copy_with(host=address) if address else url
        of_host = {**headers, "Host": url.netloc.decode("ascii")}
        try:
            async with client, client.stream("GET", asked, headers=of_host, extensions=sni) as response:
                return await self._read(url, response)
        except httpx.HTTPError as error:
            raise _translated(url, error, self._limits) from error
        # httpx follows no redirect here, but parses its address, and raises this if that is invalid
        except (httpx.InvalidURL, UnicodeError):
            raise _no_address(url) from None

    async def _read(self, url: httpx.URL, response: httpx.Response) -> Fetched | httpx.URL | None:
        status, asked = response.status_code, response.request.headers
        if status in _REDIRECTS:
            return _redirected(url, response.headers.get("Location", ""))
        if status == HTTPStatus.NOT_MODIFIED and ("If-None-Match" in asked or "If-Modified-Since" in asked):
            return None
        if status != HTTPStatus.OK:
            raise await self._refused(url, response)
        data = await _body(url, response, self._limits.most)
        return Fetched(
            data=data, etag=response.headers.get("ETag", ""), modified=response.headers.get("Last-Modified", "")
        )

    async def _refused(self, url: httpx.URL, response: httpx.Response) -> FetchError:
        """Return the error for an answer with an error status."""
        status = response.status_code
        try:
            body = await _body(url, response, _ERROR_BODY)
        except FetchError:
            body = b""
        if status in _BUSY:
            return asked_to_wait(url.host, self._asked(response.headers), status)
        phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else ""
        answer = f"{status} {phrase}".strip()
        of_host = status >= HTTPStatus.INTERNAL_SERVER_ERROR
        return FetchError(f"{url.host} answers {answer}.", status=status, body=body, host_wide=of_host)

    def _asked(self, headers: httpx.Headers) -> timedelta:
        """Return the wait that an answer asks for; zero if it asks for none, or in a form that cannot be read.

        Retry-After has seconds or a date (RFC 9110, 10.2.3). OpenAlex has X-RateLimit-Reset instead: the seconds until
        its limit is renewed. Other servers put the moment there, in seconds since 1970.
        """
        asked = (self._wait_in(headers.get(name, "")) for name in ("Retry-After", "X-RateLimit-Reset"))
        wait = next((one for one in asked if one), timedelta(0))
        return min(wait, LONGEST_ASKED)

    def _wait_in(self, text: str) -> timedelta:
        """Return the wait that a header names, in seconds or as a moment; zero if it is over or cannot be read."""
        whole, now = text.strip().partition(".")[0], self._clock.wall()
        try:
            if whole.isascii() and whole.isdigit():
                seconds = int(whole[:_MOST_DIGITS])
                seconds //= 1000 if seconds > _EARLIEST_MOMENT * 100 else 1  # since 1970 in milliseconds
                wait = timedelta(seconds=seconds - (now.timestamp() if seconds > _EARLIEST_MOMENT else 0))
            else:
                until = parsedate_to_datetime(text)
                wait = (until if until.tzinfo else until.replace(tzinfo=UTC)) - now
        except (ValueError, OverflowError):
            return timedelta(0)
        return max(timedelta(0), wait)


async def _body(url: httpx.URL, response: httpx.Response, most: int) -> bytes:
    try:
        return await sent_body_of(response, most)
    except UnknownCoding as error:
        coding = error.name[:20]
        raise FetchError(f"{url.host} packs its answer as {coding}, which was not asked for.") from None
    except TooLarge:
        large = f"The answer of {url.host} is larger than {most / 2**20:.3g} MiB."
        raise FetchError(large, host_wide=False) from None


def _parsed(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
        is_web = _is_web(parsed)
    except (httpx.InvalidURL, UnicodeError):
        raise FetchError("An address of the source cannot be read.") from None
    if not is_web:
        raise FetchError(f"A source can only be at http or https, not at {parsed.scheme}.")
    return parsed


def _redirected(url: httpx.URL, location: str) -> httpx.URL:
    """Return the address to which a redirect leads. A password is kept only on the same host.

    Raise FetchError, InvalidURL, UnicodeError; `Fetcher._get` turns all of them into FetchError.
    """
    target = url.join(location)
    if not (location and _is_web(target)):
        raise _no_address(url)
    return target if target.netloc == url.netloc else target.copy_with(userinfo=b"")


def _no_address(url: httpx.URL) -> FetchError:
    return FetchError(f"{url.host} redirects to something that is no web address.", host_wide=False)


def _is_web(url: httpx.URL) -> bool:
    """Return whether an address is a web address. Raise UnicodeError, since httpx decodes the host name only here."""
    return url.scheme in _PORTS and bool(url.host)


def _translated(url: httpx.URL, error: httpx.HTTPError, limits: FetchLimits) -> FetchError:
    """Return the FetchError for an error of a connection."""
    certificate = certificate_problem(error)
    if certificate:
        return FetchError(f"The certificate of {url.host} cannot be trusted: {certificate}.")
    for kind, sentence in _SENTENCES:
        if isinstance(error, kind):
            made = _NotReached if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout) else FetchError
            return made(sentence.format(host=url.host, connect=limits.connect, idle=limits.idle))
    return FetchError(f"{url.host} cannot be asked ({type(error).__name__}).")
