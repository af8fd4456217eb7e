"""Sends requests to a server with OpenAI's interface (a service, Ollama, vLLM): how long it may take, and why it gives no answer."""

import json
from http import HTTPStatus
from typing import Any, TypeAlias

import httpx
from pydantic import SecretStr

from bot.http.body import CODINGS, TooLarge, Unreadable, body_of
from subscriptions.errors import Sentence

Client: TypeAlias = httpx.AsyncClient

_LATER = (429, 500, 502, 503, 504, 529)
_REFUSED = (401, 403)
_SAID = 4096  # bytes that are read of a refusal


class Later(Exception):
    """The server cannot answer now. `wait`: the seconds that it asks for, 0 if it does not say.

    `is_computed`: it may have made its answer, which did not come.
    """

    def __init__(self, reason: Sentence, *, wait: float = 0.0, is_computed: bool = False) -> None:
        super().__init__()
        self.reason = reason
        self.wait = wait
        self.is_computed = is_computed


class RequestRefused(Exception):
    """The server refuses the request, and would again. `said`: the beginning of its answer."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__()
        self.status = status
        self.said = said

    @property
    def reason(self) -> Sentence:
        """Why, for people."""
        refuses_key = self.status in _REFUSED
        if refuses_key:
            return Sentence("it refuses the key")
        return Sentence("it answers {status}", {"status": self.status})


class Nonsense(Exception):
    """The answer is no JSON object, such as the page of a proxy."""


def connect(key: SecretStr | None) -> Client:
    """Returns a client that shows this key. Raises Later."""
    headers = {"Accept-Encoding": CODINGS}
    if key is not None:
        headers["Authorization"] = f"Bearer {key.get_secret_value()}"
    try:
        return Client(headers=headers, timeout=httpx.Timeout(60.0, connect=10.0))
    except (ImportError, ValueError, OSError):  # httpx's message would show the address of the proxy
        raise Later(Sentence("the proxy of this machine cannot be used")) from None


async def post(client: Client, url: str, request: object, *, largest: int) -> dict[str, Any]:
    """Sends a request once, and returns its answer of at most `largest` bytes. Raises Later, RequestRefused, Nonsense, TooLarge."""
    try:
        async with client.stream("POST", url, json=request) as response:
            if response.status_code != HTTPStatus.OK:
                raise await _refused(response)
            answer = json.loads(await body_of(response, largest))
    except TooLarge:
        raise
    except httpx.TransportError as error:
        reason = Sentence("it cannot be reached ({error})", {"error": type(error).__name__})
        raise Later(reason, is_computed=not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)) from None
    except (httpx.HTTPError, httpx.InvalidURL, Unreadable, ValueError, RecursionError):
        raise Nonsense from None
    if not isinstance(answer, dict):
        raise Nonsense
    return answer


async def _refused(response: httpx.Response) -> Later | RequestRefused:
    status = response.status_code
    if status in _LATER:
        asked = response.headers.get("Retry-After", "")
        wait = float(asked) if asked.isascii() and asked.isdigit() else 0.0
        return Later(Sentence("it answers {status}", {"status": status}), wait=wait)
    try:
        said = await body_of(response, _SAID)
    except Unreadable:
        said = b""
    return RequestRefused(status, said.decode(errors="replace"))
