"""The health of the process: what makes it not ready, and after how long; what it says of itself, and how another process asks it."""

import asyncio
import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException

from bot.operation.findings import Problem
from bot.ports import channel
from bot.settings import Settings
from bot.settings.hosts import reached_at
from subscriptions.store import bot_state
from subscriptions.store.database import FULL as DISK_FULL
from subscriptions.store.database.store import Store
from subscriptions.store.database.write_probe import write_refusal

LOOK_INTERVAL = 5.0  # seconds between two looks at the database
# seconds; a shorter lock of the database is normal while another process writes, a full disk is not
SHORT_REFUSAL = 15.0


class Health:
    """Knows what is wrong now, and how long it has been wrong."""

    def __init__(self, store: Store, clock: channel.Clock, problems: Callable[[], Mapping[str, str]]) -> None:
        """`problems` returns the current problems of the parts of the process, by name."""
        self._store = store
        self._clock = clock
        self._problems = problems
        self._since: dict[str, float] = {}  # name of a problem -> monotonic second at which it was seen first
        self._refused_since: float | None = None  # monotonic second since which the database refuses writes
        self._refusal = ""

    def problems(self) -> dict[str, Problem]:
        """Returns what is wrong now, by name."""
        now, found = self._clock.monotonic(), dict(self._problems())
        self._since = {name: self._since.get(name, now) for name in found}
        wrong = {name: Problem(why, int(now - self._since[name])) for name, why in found.items()}
        is_short = self._refused_since is not None and now - self._refused_since <= SHORT_REFUSAL
        if self._refused_since is not None and (self._refusal == DISK_FULL or not is_short):
            why = f"nothing can be written: {self._refusal}"
            wrong["database"] = Problem(why, int(now - self._refused_since))
        return wrong

    async def watch(self) -> None:
        """Checks the database and the parts of the process repeatedly, until it is cancelled.

        Uses its own thread: while the database is locked, writers may occupy all threads of the shared pool.
        """
        with ThreadPoolExecutor(1, "paperwire-health") as thread:
            while True:
                await self.look(thread)
                await self._clock.sleep(LOOK_INTERVAL)

    async def look(self, thread: ThreadPoolExecutor | None = None) -> None:
        """Checks the database and the parts of the process once."""
        refusal = await asyncio.get_running_loop().run_in_executor(thread, write_refusal, self._store)
        if refusal is None:
            self._refused_since = None
        else:
            self._refusal = refusal.cause
            if self._refused_since is None:
                self._refused_since = self._clock.monotonic()
        self.problems()


PATIENCE = 5.0  # seconds; a process that needs longer does not count as ready
_LARGEST = 1024 * 1024  # bytes of the answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """The state that the running process reports."""

    is_ready: bool
    problems: Mapping[str, str] = field(default_factory=dict)  # name -> why
    seconds: Mapping[str, int] = field(default_factory=dict)  # name -> age of the problem, if it is known
    attention: Mapping[str, str] = field(default_factory=dict)  # name -> what needs attention although it is ready


def ask_readiness(settings: Settings, store: Store) -> Readiness:
    """Asks `/health/ready` at the web address of the settings, and returns the answer.

    If there is no answer, or the process there uses another database than `store`, returns that as the problem. Raises
    StoreError.
    """
    host = reached_at(settings.web_host)
    url = f"http://{f'[{host}]' if ':' in host else host}:{settings.web_port}/health/ready"
    if not settings.web_port:
        return _problem("PAPERWIRE_WEB_PORT is 0, so only the process itself knows where it listens")
    connection = HTTPConnection(host, settings.web_port, timeout=PATIENCE)
    try:
        connection.request("GET", "/health/ready")
        found = json.loads(connection.getresponse().read(_LARGEST))
        seconds = {str(name): int(age) for name, age in found.get("seconds", {}).items()}
        problems, seen = _texts(found["problems"]), _texts(found.get("attention", {}))
        answer = Readiness(is_ready=found["ready"] is True, problems=problems, seconds=seconds, attention=seen)
        process = found.get("process", "")
    except (OSError, HTTPException):
        return _problem(f"nothing answers at {url}; is paperwire run running, with the same settings?")
    except (ValueError, KeyError, TypeError, AttributeError):
        return _problem(f"what answers at {url} is not paperwire; look at PAPERWIRE_WEB_PORT")
    finally:
        connection.close()
    if process and process != bot_state.sender(store):
        return _problem(f"what answers at {url} works on another database; look at PAPERWIRE_DATABASE_URL")
    return answer


def _texts(found: Mapping[object, object]) -> dict[str, str]:
    return {str(name): str(text) for name, text in found.items()}


def _problem(why: str) -> Readiness:
    return Readiness(is_ready=False, problems={"process": why})
