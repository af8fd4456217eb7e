"""A server with OpenAI's `/v1/embeddings`. It refuses what real servers refuse; texts with the same words are near."""

import asyncio
import json
import threading
from collections import deque
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from tests.fakes.meaning import vector_of
from tests.fakes.server import LoopbackServer

MODEL = "words-1"
_LONGEST = 2000  # characters of a text


class FakeEmbeddings(LoopbackServer):
    """Knows one model, whose vectors have `dimensions` values."""

    root = "/v1"

    def __init__(self, *, key: str = "sesame", dimensions: int = 256, most: int = 2048) -> None:
        """`most`: how many texts a request may have."""
        super().__init__()
        self.sizes: list[int] = []  # texts of each request that was read
        self.faults = deque[Any]()  # answers of the next requests: a response, a change of the right answer, or "hang"
        self.hangs = threading.Event()
        self._ends = asyncio.Event()
        self._key = key
        self._dimensions = dimensions
        self._most = most

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        asked = json.loads(await request.text() or "{}")
        texts = asked.get("input")
        if refusal := self._refusal(request, asked):
            return web.json_response({"error": {"message": refusal[1]}}, status=refusal[0])
        fault = self.faults.popleft() if self.faults else None
        if isinstance(fault, web.Response):
            return fault
        if fault == "hang":
            self.hangs.set()
            await self._ends.wait()
            return web.Response(status=503)
        answer = {"object": "list", "data": [self._row(index, text) for index, text in enumerate(texts)][::-1]}
        return web.Response(text=json.dumps(fault(answer) if fault else answer), content_type="application/json")

    async def _down(self) -> None:
        self._ends.set()
        await super()._down()

    def _refusal(self, request: web.BaseRequest, asked: Mapping[str, Any]) -> tuple[int, str] | None:
        """Returns the status and the message of a refusal; None if the request is as it must be."""
        if (request.method, request.path) != ("POST", "/v1/embeddings"):
            return 404, "There is no such page."
        if request.headers.get("Authorization") != f"Bearer {self._key}":
            return 401, "Incorrect API key provided."
        if asked.get("model") != MODEL:
            return 404, "The model does not exist."
        texts = asked.get("input")
        if not texts or not all(isinstance(text, str) and 0 < len(text) <= _LONGEST for text in texts):
            return 400, "'input' is invalid."
        self.sizes.append(len(texts))
        return (413, "There are too many inputs.") if len(texts) > self._most else None

    def _row(self, index: int, text: str) -> dict[str, Any]:
        long = vector_of(text)
        values = [sum(long[place :: self._dimensions]) / 10 for place in range(self._dimensions)]
        return {"object": "embedding", "index": index, "embedding": values if any(values) else [1.0, *values[1:]]}
