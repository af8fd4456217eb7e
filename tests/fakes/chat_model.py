"""A server with OpenAI's `/v1/chat/completions`.

It refuses what real servers refuse, and fails in the ways that they fail.
"""

import asyncio
import json
import re
import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from tests.fakes.server import LoopbackServer

MODEL = "parrot-1"
_KNOWN = {"model", "messages", "stream"}  # what all servers and all models know
_LONGEST = 20_000  # characters of a message
_LATE = 0.2  # seconds between the bytes of a slow answer

Say = Callable[[str, str], str]  # (system, text) -> what the model says
Fault = str | web.Response | Callable[[dict[str, Any]], object]


def repeats(_: str, text: str) -> str:
    """Says a text back."""
    return text


_SAID: Mapping[str, Mapping[str, str]] = {
    "title": {"en": "The translated title of {0}", "zh": "{0}的中文标题"},
    "tldr": {
        "en": "Radio tags show that {0} move further than maps say.",
        "zh": "无线电标签显示，{0} 移动得比地图上更远。",
    },
    "motivation": {"en": "Maps of the habitats of {0} are old.", "zh": "{0} 栖息地的地图已经过时。"},
    "method": {"en": "The authors follow {0} in forty places.", "zh": "作者在四十个地点跟踪 {0}。"},
    "result": {"en": "In autumn, {0} return to where they were.", "zh": "秋天，{0} 会回到原来的地方。"},
    "conclusion": {"en": "", "zh": "N/A"},
}


def summary_of(system: str, text: str) -> str:
    """Answers as a good model does: with all members that it is asked for, in the language that it is asked for."""
    language = "zh" if "Chinese" in system else "en"
    subject = text.partition("\n")[0].removeprefix("On ")
    names = re.findall(r"^- (\w+):", system, re.MULTILINE)
    return json.dumps({name: _SAID[name][language].format(subject) for name in names})


class FakeChatModel(LoopbackServer):
    """Knows one model, which says what `say` returns."""

    root = "/v1"
    gives_up = True

    def __init__(self, *, say: Say = repeats, key: str = "sesame") -> None:
        super().__init__()
        self.say = say
        self.asked: list[tuple[str, str]] = []  # (system, text) of each request that was not refused
        self.most_at_once = 0
        # of the next requests, then `always`: a response, a change of the right answer, or one of FAULTS
        self.faults = deque[Fault]()
        self.always: Fault | None = None
        self.answers_at = 1  # requests that must have been here at once before any is answered
        self.hangs = threading.Event()
        self._open = 0
        self._ends = asyncio.Event()
        self._enough = asyncio.Event()
        self._key = key

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        self._open += 1
        self.most_at_once = max(self.most_at_once, self._open)
        if self.most_at_once >= self.answers_at:
            self._enough.set()
        try:
            return await self._answer(request)
        finally:
            self._open -= 1

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        form = json.loads(await request.text() or "{}")
        if refusal := self._refusal(request, form):
            return web.json_response({"error": {"message": refusal[1]}}, status=refusal[0])
        system, text = (message["content"] for message in form["messages"])
        self.asked.append((system, text))
        fault = self.faults.popleft() if self.faults else self.always
        if isinstance(fault, str):
            return await self._fail(request, fault, system, text)
        if isinstance(fault, web.Response):  # a response can be sent only once
            return web.Response(status=fault.status, headers=fault.headers, body=fault.body)
        await self._enough.wait()
        if self.answers_at > 1:
            await asyncio.sleep(_LATE / 10)  # so that a request too many meets the others
        answer = self._said(system, text)
        return web.json_response(fault(answer) if fault else answer)

    def _said(self, system: str, text: str) -> dict[str, Any]:
        said = self.say(system, text)
        message = {"role": "assistant", "content": said}
        return {
            "object": "chat.completion",
            "model": MODEL,
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        }

    async def _fail(self, request: web.BaseRequest, fault: str, system: str, text: str) -> web.StreamResponse:
        if fault == "never":
            self.hangs.set()
            await self._ends.wait()
        if fault in FAULTS:
            return FAULTS[fault]()
        data = json.dumps(self._said(system, text)).encode()
        response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(data))})
        await response.prepare(request)
        if fault == "slow":
            for byte in data:
                await response.write(bytes([byte]))
                await asyncio.sleep(_LATE)
            return response
        await response.write(data[: len(data) // 2])
        if request.transport is not None:
            request.transport.close()
        return response

    async def _down(self) -> None:
        self._ends.set()
        await super()._down()

    def _refusal(self, request: web.BaseRequest, form: Mapping[str, Any]) -> tuple[int, str] | None:
        """Returns the status and the message of a refusal; None if the request is as it must be."""
        if (request.method, request.path) != ("POST", "/v1/chat/completions"):
            return 404, "There is no such page."
        if request.headers.get("Authorization") != f"Bearer {self._key}":
            return 401, "Incorrect API key provided."
        if form.get("model") != MODEL:
            return 404, "The model does not exist."
        if unknown := sorted(form.keys() - _KNOWN):
            return 400, f"Unrecognized request argument supplied: {unknown[0]}."
        wrong = _wrong_member(form)
        return (400, f"{wrong} is invalid.") if wrong else None


def _wrong_member(form: Mapping[str, Any]) -> str:
    """Returns the name of a member of a request that no server takes; "" if there is none."""
    messages = form.get("messages")
    roles = [message.get("role") for message in messages] if isinstance(messages, list) else []
    if roles != ["system", "user"] or not all(_is_text(message.get("content")) for message in messages or ()):
        return "messages"
    return "" if form.get("stream") is False else "stream"


def _is_text(content: object) -> bool:
    return isinstance(content, str) and 0 < len(content) <= _LONGEST


FAULTS: Mapping[str, Callable[[], web.Response]] = {
    "never": lambda: web.Response(status=503),
    "429": lambda: web.Response(status=429, headers={"Retry-After": "7"}),
    "500": lambda: web.Response(status=500, text="<html>"),
    "nonsense": lambda: web.Response(text="<html>", content_type="text/html"),
    "4 MB": lambda: web.json_response(
        {"choices": [{"message": {"content": "ha " * (4 * 2**20 // 3)}, "finish_reason": "stop"}]}
    ),
}  # beside "slow" and "cut"
