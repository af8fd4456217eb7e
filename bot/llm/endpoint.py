"""A server with OpenAI's `/chat/completions` (a service, Ollama, vLLM): one request, one answer, and why there is none.

A request has only what every server and every model knows: no schema, no temperature, no limit of tokens. So an answer
is any text, and what it says is looked for in it, as servers really send it: after thoughts, between backticks, twice.
"""

import asyncio
import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr

from bot.http import CODINGS, TooLarge, Unreadable, body_of, trusted
from bot.settings import Settings
from subscriptions.errors import ModelError, Sentence

_LARGEST = 256 * 1024  # bytes of an answer
_LONGEST = 20_000  # characters of its text that are looked through, from the end
_CUT = ("length", "content_filter")  # reasons why a model ended before its end
_END_OF_THOUGHTS = re.compile(r"</(?:\w+:)?think(?:ing)?>|<\|message\|>")  # Qwen, Seed and others; gpt-oss
_NOT_READ = (  # by the model: the request costs nothing
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
_OF_THIS_REQUEST = (  # what its text says is refused; another one may be answered
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)
SHORTEST_REST, LONGEST_REST = 60.0, 3600.0  # seconds without requests after the model gave no answer


class Endpoint:
    """Asks a server. At most `at_once` requests run at once, the others wait."""

    def __init__(self, url: str, model: str, key: SecretStr | None, *, at_once: int) -> None:
        """`url` is the root, to which "/chat/completions" is appended."""
        self.name = model
        self._url = f"{url}/chat/completions"
        self._key = key
        self._places = asyncio.Semaphore(at_once)
        self._client: httpx.AsyncClient | None = None

    async def ask(self, system: str, text: str, *, seconds: float) -> str:
        """Ask once, and return the answer's text without the thoughts before it. Raise ModelError.

        `system`: what the model must do, in words that only we wrote. `text`: what it must do it with; strangers may
        have written it.
        """
        messages = [{"role": "system", "content": system}, {"role": "user", "content": text}]
        form = {"model": self.name, "messages": messages, "stream": False}
        try:
            async with asyncio.timeout(seconds), self._places:
                answer = await self._post(form)
        except TimeoutError:
            raise self._failed(Sentence("it is too slow")) from None
        return self._text_of(answer)

    async def close(self) -> None:
        """Close the connections. They are opened anew with the next request."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _post(self, form: Mapping[str, object]) -> object:
        try:
            async with self._connected().stream("POST", self._url, json=form) as response:
                if response.status_code != HTTPStatus.OK:
                    raise self._refused(response)
                return json.loads(await body_of(response, _LARGEST), strict=False)
        except httpx.TransportError as error:
            sentence = Sentence("it cannot be reached ({error})", {"error": type(error).__name__})
            was_read = not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
            raise self._failed(sentence, was_read=was_read) from None
        except TooLarge:
            raise self._failed(_NONSENSE, is_down=False) from None
        except (httpx.HTTPError, httpx.InvalidURL, Unreadable, ValueError, RecursionError):
            raise self._failed(_NOT_OF_A_MODEL) from None

    def _connected(self) -> httpx.AsyncClient:
        """Return the client. Raise ModelError."""
        if self._client is None:
            headers = {"Accept-Encoding": CODINGS}
            if self._key is not None:
                headers["Authorization"] = f"Bearer {self._key.get_secret_value()}"
            try:
                self._client = httpx.AsyncClient(
                    headers=headers, timeout=httpx.Timeout(None, connect=10.0), verify=trusted()
                )
            except (ImportError, ValueError, OSError):  # httpx's message would show the address of the proxy
                raise self._failed(Sentence("the proxy of this machine cannot be used"), was_read=False) from None
        return self._client

    def _refused(self, response: httpx.Response) -> ModelError:
        status = response.status_code
        asked = response.headers.get("Retry-After", "")
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            reason = Sentence("it refuses the key")
        else:
            reason = Sentence("it answers {status}", {"status": status})
        return self._failed(
            reason,
            is_down=status not in _OF_THIS_REQUEST,
            was_read=status not in _NOT_READ,
            wait=float(asked) if asked.isascii() and asked.isdigit() else 0.0,
        )

    def _text_of(self, answer: Any) -> str:  # noqa: ANN401 - any JSON value
        try:
            choice = answer["choices"][0]
        except (KeyError, TypeError, IndexError):
            raise self._failed(_NOT_OF_A_MODEL) from None
        try:
            content, reason = choice["message"]["content"], choice.get("finish_reason")
            if isinstance(content, list):  # parts, of which some are thoughts
                content = "".join(part["text"] for part in content if part["type"] == "text")
            text = _END_OF_THOUGHTS.split(content)[-1].strip()
        except (KeyError, TypeError, AttributeError):
            raise self._failed(_NONSENSE, is_down=False) from None
        if not text or reason in _CUT or choice["message"].get("refusal"):
            raise self._failed(Sentence("its answer is not whole"), is_down=False)
        return text

    def _failed(
        self, reason: Sentence, *, is_down: bool = True, was_read: bool = True, wait: float = 0.0
    ) -> ModelError:
        values = {"model": self.name, "host": urlsplit(self._url).hostname, "reason": reason}
        return ModelError(
            Sentence("{model} at {host} gives no answer now: {reason}.", values),
            Sentence("Check PAPERWIRE_MODEL_URL, PAPERWIRE_MODEL_NAME and PAPERWIRE_MODEL_KEY."),
            is_down=is_down,
            was_read=was_read,
            wait=wait,
        )


_NOT_OF_A_MODEL = Sentence("what it sends is no answer of a model")
_NONSENSE = Sentence("its answer does not have the form that was asked for")
_DECODER = json.JSONDecoder(strict=False)  # line ends in strings are common


def object_in(text: str) -> Mapping[str, object]:
    """Return the last JSON object in an answer; an empty one if there is none. Its members are not checked."""
    text = text[-_LONGEST:]
    found: dict[str, object] = {}
    place = text.find("{")
    while place >= 0:
        try:
            found, end = _DECODER.raw_decode(text, place)
        except (ValueError, RecursionError):
            end = place + 1
        place = text.find("{", end)
    return found


def endpoint_of(settings: Settings, *, at_once: int) -> Endpoint:
    """Return the endpoint that the settings name, which takes so many requests at once."""
    return Endpoint(settings.model_url or "", settings.model_name or "", settings.model_key, at_once=at_once)
