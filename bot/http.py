"""What is asked over HTTP by several rooms: an answer's body up to a limit, the trusted certificates and the proxy.

A server may send any amount, and a thousand bytes may unpack to a million.
"""

import asyncio
import gzip
import logging
import ssl
import sys
import zlib
from functools import cache
from io import BytesIO
from urllib.request import getproxies, proxy_bypass

import httpx

# httpcore looks for sniffio at each step of a request; where it is not installed, that reads five folders. None says so at once.
sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type]

# at INFO they log addresses, which may contain a token or a key
for _library in ("httpx", "httpcore"):
    logging.getLogger(_library).setLevel(logging.WARNING)

CODINGS = "gzip"  # the value of Accept-Encoding with which `body_of` may be used
_IN_GZIP = frozenset({"gzip", "x-gzip"})
_AS_IT_IS = frozenset({"identity", ""})


_UNKNOWN_AUTHORITY = frozenset({18, 19, 20, 21})  # self-signed, or no issuer is known (X509_V_ERR_… of OpenSSL)
# httpx raises these before it writes the first byte of a request
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
# headers of pages whose addresses are secrets, beside those of the page itself
SECRET_PAGE = {"cache-control": "no-store", "referrer-policy": "no-referrer", "x-content-type-options": "nosniff"}


class Unreadable(Exception):
    """The body cannot be read."""


class TooLarge(Unreadable):
    """The body, or what it unpacks to, is larger than the limit."""


class Damaged(Unreadable):
    """The data is not gzip, or is damaged."""


class UnknownCoding(Unreadable):
    """The body is packed in a way that was not asked for. `name`: the way."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


async def body_of(response: httpx.Response, most: int) -> bytes:
    """Return the body of an answer to a request that accepts CODINGS. Raise TooLarge, Damaged, UnknownCoding."""
    sent = await sent_body_of(response, most)
    if _coding_of(response) in _IN_GZIP:
        return await asyncio.to_thread(_unpacked, sent, most)
    return sent


async def sent_body_of(response: httpx.Response, most: int) -> bytes:
    """Return the body of such an answer as it was sent, perhaps packed. Raise TooLarge, UnknownCoding."""
    coding = _coding_of(response)
    if coding not in _IN_GZIP | _AS_IT_IS:
        raise UnknownCoding(coding)
    sent = bytearray()
    async for piece in response.aiter_raw():
        sent += piece
        if len(sent) > most:
            raise TooLarge
    return bytes(sent)


def _coding_of(response: httpx.Response) -> str:
    return str(response.headers.get("Content-Encoding", "")).strip().casefold()


def _unpacked(data: bytes, most: int) -> bytes:
    try:
        found = gzip.GzipFile(fileobj=BytesIO(data)).read(most + 1)
    except (EOFError, OSError, zlib.error):
        raise Damaged from None
    if len(found) > most:
        raise TooLarge
    return found


@cache
def trusted() -> ssl.SSLContext:
    """Return the TLS context of this process. One is enough: reading the certificates takes 50 ms and 2 MB."""
    return httpx.create_ssl_context()


def certificate_problem(error: BaseException | None) -> str:
    """Return why a certificate was refused, in OpenSSL's words; "" if none was refused."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            words = getattr(error, "verify_message", "").rstrip(".").lower() or "it is not valid"
            is_unknown = getattr(error, "verify_code", 0) in _UNKNOWN_AUTHORITY
            return f"{words}; a certificate authority of your own belongs into SSL_CERT_FILE" if is_unknown else words
        error = error.__cause__ or error.__context__
    return ""


def proxy_of_environment(scheme: str, host: str) -> str | None:
    """Return the proxy that HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY give for a host; None if it needs none."""
    proxies = getproxies()
    proxy = proxies.get(scheme) or proxies.get("all")
    if not proxy or proxy_bypass(host):
        return None
    return proxy


def with_any_prefix(path: str) -> tuple[str, str]:
    """Return the paths of a page without and with a prefix: a proxy in front may keep its prefix or remove it."""
    return path, "/{before:path}" + path
