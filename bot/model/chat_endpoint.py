"""A server with OpenAI's `/chat/completions`, asked for one answer at a time: which part of it is thoughts, and which has a wrong form."""

import asyncio
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from bot.errors import ModelFails, ModelRefuses, ModelUnavailable, NoModelAnswer
from bot.http.body import TooLarge
from bot.http.model_server import Client, Later, Nonsense, RequestRefused, connect, post
from bot.ports.language_model import ModelAnswer, ModelRequest
from subscriptions.errors import Sentence

_LARGEST = 256 * 1024  # bytes of an answer
_MOST_TOKENS = 10**7  # of a request; a server that counts more does not count
_BAD_REQUEST = (400, 422)
# Names that not all servers and models know. What a refusal names is left out from then on, or has the other name.
_OPTIONAL = {"response_format": "", "temperature": "", "max_tokens": "max_completion_tokens"}
_THOUGHTS = re.compile(r"\s*<think>.*?</think>", re.DOTALL)  # what some models write before their answer
_OBJECT = re.compile(r"\{.*\}", re.DOTALL)  # JSON, which some models put between three backticks


class ChatEndpoint:
    """Asks a server. See bot.ports.language_model.LanguageModel."""

    def __init__(self, url: str, model: str, key: SecretStr | None, *, at_once: int) -> None:
        """`url` is the root, to which "/chat/completions" is appended."""
        self.name = model
        self._url = f"{url}/chat/completions"
        self._key = key
        self._places = asyncio.Semaphore(at_once)
        self._client: Client | None = None
        self._unknown = set[str]()  # those of _OPTIONAL that the server refuses

    async def ask(self, request: ModelRequest, *, seconds: float) -> ModelAnswer:
        """See LanguageModel."""
        try:
            async with asyncio.timeout(seconds), self._places:
                answer = await post(self._connected(), self._url, self._form(request), largest=_LARGEST)
        except TimeoutError:
            raise self._failed(ModelUnavailable, Sentence("it is too slow"), tokens=request.cost) from None
        except Later as later:
            tokens = request.cost if later.is_computed else 0
            raise self._failed(ModelUnavailable, later.reason, tokens=tokens, wait=later.wait) from None
        except TooLarge:
            raise self._failed(NoModelAnswer, _NONSENSE, tokens=request.cost) from None
        except Nonsense:
            raise self._failed(ModelUnavailable, _NOT_OF_A_MODEL, tokens=request.cost) from None
        except RequestRefused as refused:
            raise self._refused(request, refused) from None
        return self._read(request, answer)

    async def close(self) -> None:
        """See LanguageModel."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    def _connected(self) -> Client:
        if self._client is None:
            self._client = connect(self._key)
        return self._client

    def _form(self, request: ModelRequest) -> dict[str, object]:
        """Returns a request in the form of the server."""
        form: dict[str, object] = {
            "model": self.name,
            "messages": [
                {"role": "system", "content": request.system},
                {"role": "user", "content": request.text},
            ],
            "temperature": 0,
            "max_tokens": request.most,
        }
        if request.schema is not None:
            schema = {"name": "answer", "strict": True, "schema": request.schema}
            form["response_format"] = {"type": "json_schema", "json_schema": schema}
        for name in self._unknown & form.keys():
            value = form.pop(name)
            if other := _OPTIONAL[name]:
                form[other] = value
        return form

    def _refused(self, request: ModelRequest, refused: RequestRefused) -> ModelFails:
        """Returns the error of a refusal. If only the form was wrong, the next request has another one."""
        named = {name for name in _OPTIONAL if name in refused.said} - self._unknown
        if refused.status not in _BAD_REQUEST or not named & self._form(request).keys():
            return self._failed(ModelRefuses, refused.reason)
        self._unknown |= named
        return self._failed(ModelUnavailable, refused.reason)

    def _read(self, request: ModelRequest, answer: Mapping[str, Any]) -> ModelAnswer:
        """Returns the answer in the JSON of a server. Raises NoModelAnswer, and ModelUnavailable if no model answered."""
        tokens = _tokens(answer) or request.cost
        choices = answer.get("choices")
        if not isinstance(choices, list) or not choices:
            raise self._failed(ModelUnavailable, _NOT_OF_A_MODEL, tokens=tokens)
        try:
            (choice,) = choices
            text = _THOUGHTS.sub("", choice["message"]["content"], count=1).strip()
            is_whole = choice.get("finish_reason") == "stop" and not choice["message"].get("refusal")
        except (KeyError, TypeError, ValueError, AttributeError):
            raise self._failed(NoModelAnswer, _NONSENSE, tokens=tokens) from None
        if not text or not is_whole:
            raise self._failed(NoModelAnswer, Sentence("its answer is not whole"), tokens=tokens)
        if request.schema is None:
            return ModelAnswer(text=text, value={}, tokens=tokens)
        value = _object(text)
        if value is None:
            raise self._failed(NoModelAnswer, _NONSENSE, tokens=tokens)
        return ModelAnswer(text=text, value=value, tokens=tokens)

    def _failed(self, kind: type[ModelFails], reason: Sentence, *, tokens: int = 0, wait: float = 0.0) -> ModelFails:
        values = {"model": self.name, "host": urlsplit(self._url).hostname, "reason": reason}
        return kind(
            Sentence("{model} at {host} gives no answer now: {reason}.", values),
            Sentence("Check PAPERWIRE_MODEL_URL, PAPERWIRE_MODEL_NAME and PAPERWIRE_MODEL_KEY."),
            tokens=tokens,
            wait=wait,
        )


_NOT_OF_A_MODEL = Sentence("what it sends is no answer of a model")
_NONSENSE = Sentence("its answer does not have the form that was asked for")


def _tokens(answer: Mapping[str, Any]) -> int:
    """Returns how many tokens a server counts; 0 if it counts none, or talks nonsense."""
    try:
        total = answer["usage"]["total_tokens"]
    except (KeyError, TypeError):
        return 0
    is_count = type(total) is int and 0 < total <= _MOST_TOKENS
    return total if is_count else 0


def _object(text: str) -> Mapping[str, Any] | None:
    """Returns the JSON object in a text; None if there is none."""
    found = _OBJECT.search(text)
    try:
        value = json.loads(found[0]) if found else None
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
