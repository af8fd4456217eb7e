"""A server that encodes texts by OpenAI's `/embeddings` (Ollama, vLLM, a service): how many texts at once, how often it is tried."""

import asyncio
from array import array
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from math import isfinite
from threading import Lock
from time import monotonic
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from pydantic import SecretStr
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt

from bot.http.body import TooLarge
from bot.http.model_server import Client, Later, Nonsense, RequestRefused, connect, post
from bot.meaning.calibration import SAMPLES, calibrate, papers_of
from bot.meaning.child_process import ENDS, ChildProcess
from subscriptions.errors import MeaningFails, Sentence

Vector: TypeAlias = "array[float]"

_AT_ONCE = 64  # texts of a request; fewer where the server refuses so many
_LARGEST = 64 * 2**20  # bytes of an answer
_MANY = 5  # texts of a request that do not all mean the same
_DIMENSIONS = range(64, 8193)
_TRIES = 5
_LONGEST_WAIT = 20.0  # seconds between tries
_TOO_MANY = (400, 413, 422)  # how servers refuse more texts than they take at once


class _TooMany(Exception):
    """The server refuses texts that it may take one by one."""


class Endpoint:
    """Asks a server for the vectors of texts. See bot.meaning.encoders.Source."""

    def __init__(
        self,
        url: str,
        model: str,
        key: SecretStr | None,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`url` is the root, to which "/embeddings" is appended. `sleep` waits between two tries."""
        self.name = model
        self._url = f"{url}/embeddings"
        self._key = key
        self._sleep = sleep
        self._at_once = _AT_ONCE
        self._dimensions = 0  # of all vectors of this server; 0: not known yet
        self._calibration = b""
        self._calibrating = Lock()
        self._running = set[tuple[asyncio.AbstractEventLoop, "asyncio.Task[Any] | None"]]()

    def given(self, texts: Sequence[str], until: float) -> dict[str, object]:
        """See Source. The child gets the vectors of the server."""
        vectors = array("f")
        for vector in self._in_loop(texts, until) if texts else ():
            vectors.extend(vector)
        return {"vectors": b64encode(vectors.tobytes()).decode(), "dimensions": self._dimensions or 1}

    def calibration(self, child: ChildProcess, until: float) -> bytes:
        """See Source. It is made once, by the papers of the sample digests, which every installation has."""
        if not self._calibrating.acquire(timeout=max(until - monotonic(), 0)):
            raise self._failed(_SLOW)
        try:
            if not self._calibration:
                papers = papers_of(path for path in sorted(SAMPLES.iterdir()) if path.suffix != ".py")
                self._calibration = calibrate(papers, self, child, until)
            return self._calibration
        finally:
            self._calibrating.release()

    def close(self) -> None:
        """See Source."""
        for loop, task in list(self._running):
            if task is not None and not loop.is_closed():
                loop.call_soon_threadsafe(task.cancel)

    def _in_loop(self, texts: Sequence[str], until: float) -> list[Vector]:
        """Returns the vectors of texts. Only a loop can end a request in time at which a server sends byte after byte."""
        with ThreadPoolExecutor(1) as thread:  # the caller's thread may have a loop
            return thread.submit(lambda: asyncio.run(self._in_time(texts, until))).result()

    async def _in_time(self, texts: Sequence[str], until: float) -> list[Vector]:
        running = asyncio.get_running_loop(), asyncio.current_task()
        self._running.add(running)
        try:
            async with asyncio.timeout(max(until - monotonic(), 0)), connect(self._key) as client:
                return await self._vectors(client, texts)
        except asyncio.CancelledError:
            raise self._failed(ENDS) from None
        except TimeoutError:
            raise self._failed(_SLOW) from None
        except Later as later:
            raise self._failed(later.reason) from None
        finally:
            self._running.discard(running)

    async def _vectors(self, client: Client, texts: Sequence[str]) -> list[Vector]:
        found: list[Vector] = []
        at_once = self._at_once
        while len(found) < len(texts):
            batch = texts[len(found) : len(found) + at_once]
            try:
                found += await self._tried(client, batch)
            except _TooMany:
                at_once = len(batch) // 2
        self._at_once = at_once
        return found

    async def _tried(self, client: Client, texts: Sequence[str]) -> list[Vector]:
        tries = AsyncRetrying(
            sleep=self._sleep,
            wait=_wait,
            retry=retry_if_exception_type(Later),
            stop=stop_after_attempt(_TRIES),
            reraise=True,
        )
        return await tries(self._asked, client, texts)

    async def _asked(self, client: Client, texts: Sequence[str]) -> list[Vector]:
        """Sends one request. Raises Later, _TooMany, MeaningFails."""
        try:
            answer = await post(client, self._url, {"model": self.name, "input": list(texts)}, largest=_LARGEST)
        except (Nonsense, TooLarge):
            raise self._failed(_NONSENSE) from None
        except RequestRefused as refused:
            if refused.status in _TOO_MANY and len(texts) > 1:
                raise _TooMany from None
            raise self._failed(refused.reason) from None
        return self._read(answer, texts)

    def _read(self, answer: Mapping[str, Any], texts: Sequence[str]) -> list[Vector]:
        """Returns the vectors of an answer, in the order of the texts. Raises MeaningFails."""
        count = len(texts)
        try:
            rows = {row["index"]: array("f", row["embedding"]) for row in answer["data"]}
            vectors = [rows[index] for index in range(count)]
            sizes = {len(vector) for vector in vectors} | ({self._dimensions} - {0})
            squares = [sum(value * value for value in vector) for vector in vectors]
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError):
            raise self._failed(_NONSENSE) from None
        is_sound = len(answer["data"]) == count and all(square > 0 and isfinite(square) for square in squares)
        # [true, false, …] passes as numbers; and who gives all texts the same vector knows nothing of them
        is_sound &= not any(isinstance(value, bool) for row in answer["data"] for value in row["embedding"][:1])
        is_sound &= len({*texts}) < _MANY or len({vector.tobytes() for vector in vectors}) > 1
        if not is_sound or len(sizes) != 1 or not sizes <= set(_DIMENSIONS):
            raise self._failed(_NONSENSE)
        self._dimensions = sizes.pop()
        return vectors

    def _failed(self, reason: Sentence) -> MeaningFails:
        values = {"model": self.name, "host": urlsplit(self._url).hostname, "reason": reason}
        return MeaningFails(
            Sentence("{model} at {host} cannot encode meaning now: {reason}.", values),
            Sentence("Check PAPERWIRE_EMBEDDINGS_URL, PAPERWIRE_EMBEDDINGS_MODEL and PAPERWIRE_EMBEDDINGS_KEY."),
        )


_SLOW = Sentence("it is too slow")
_NONSENSE = Sentence("its answer has no vectors of these texts")


def _wait(state: RetryCallState) -> float:
    """Returns the seconds until the next try: what the server asks for, else more each time."""
    later = state.outcome.exception() if state.outcome else None
    asked = later.wait if isinstance(later, Later) else 0.0
    return min(asked or 2.0 ** (state.attempt_number - 1), _LONGEST_WAIT)
