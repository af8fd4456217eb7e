"""The health of the bot: what is wrong, what of that strangers read, and how another process asks for it."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.client import HTTPConnection, HTTPException

from pydantic import BaseModel, ValidationError

from bot.clock import Clock
from bot.digests.files import is_gone
from bot.settings import Settings
from bot.settings.opening import copies
from bot.settings.values import local_url, reached_at
from subscriptions.database import bot_state
from subscriptions.database.refusals import FULL as DISK_FULL
from subscriptions.database.store import Store
from subscriptions.language import Language
from subscriptions.maintenance.findings import stored_findings
from subscriptions.outbox.notices import PROCESS, STOPPED, Finding, Level

log = logging.getLogger("paperwire")

OLDEST_COPY = timedelta(days=2)  # if the newest copy is older, that is a problem
LOOK_INTERVAL = 5.0  # seconds between two looks at the database
# seconds; a shorter lock of the database is normal while another process writes, a full disk is not
SHORT_REFUSAL = 15.0
PROBE_TIMEOUT_SECONDS = 5.0  # seconds; a process that needs longer to answer does not count as ready
_LARGEST = 1024 * 1024  # bytes of its answer
SOURCES = "sources"  # the name of the entry that counts sources for strangers
_STRANGERS = Language("en", "UTC")
_NEED_A_LOOK = (
    "{count} source needs a look; paperwire status says which.",
    "{count} sources need a look; paperwire status says which.",
)


def findings_of(
    settings: Settings, store: Store, *, now: datetime, wall: datetime, stopped: Mapping[str, str] | None = None
) -> tuple[Finding, ...]:
    """Return what is wrong, as far as the store and the copies show it. Raise StoreError.

    `wall` is the machine's time, which the copies follow. `stopped`: platform -> why nothing is sent there; None: as
    the store knows.
    """
    found = (*store.read_now(stored_findings, now=now, stopped=stopped, is_gone=is_gone),)
    newest = max(copies(settings, store).values(), default=wall)
    if wall - newest <= OLDEST_COPY:
        return found
    old_copy = Finding(
        cause="copy",
        part="Newest copy",
        text=lambda words: words.say("The newest copy of the database is too old."),
        cure=lambda words: words.say("Is `paperwire run` running? Meanwhile: `paperwire backup FILE`."),
        since=newest,
        is_told=False,  # usually no process runs that could tell
    )
    return (*found, old_copy)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong: a line for the public, without path or secret, and the seconds that it has lasted."""

    why: str
    seconds: int


def part_fails(name: str, problem: Problem, now: datetime, level: Level = Level.WRONG) -> Finding:
    """Return the finding that a part of the process does not work."""
    return Finding(
        cause=PROCESS,
        of=name,
        part="Process",
        level=level,
        text=lambda _: f"{name}: {problem.why}",  # parts say in English what is wrong with them
        cure=lambda words: words.say("The log says more."),
        since=now - timedelta(seconds=problem.seconds) if problem.seconds else None,
        is_told=False,
    )


def joined(found: Sequence[Finding], of_process: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings, and after them what the process knows, except what they tell already and better."""
    told = {one.name for one in found} | {one.of for one in found if one.cause == STOPPED}
    told |= {SOURCES for one in found if one.is_of_source}
    return (*found, *(one for one in of_process if one.name not in told))


def is_well(found: Iterable[Finding]) -> bool:
    """Return whether nothing needs a person."""
    return all(one.level is Level.NOTE for one in found)


def texts(one: Finding, language: Language) -> dict[str, str]:
    """Return the texts of a finding for places that show no markup; a text is "" if there is none."""
    found = {"sentence": one.text(language), "why": one.why(language), "cure": one.cure(language)}
    return {name: text.replace("`", "") for name, text in found.items()}


def for_strangers(found: Iterable[Finding], now: datetime) -> dict[str, Problem]:
    """Return what anyone may read of these findings, by name. Sources are counted, not named."""
    said, sources = dict[str, Problem](), 0
    for one in found:
        if one.is_of_source:
            sources += 1
        else:
            seconds = int((now - one.since).total_seconds()) if one.since else 0
            said[one.name] = Problem(one.text(_STRANGERS), seconds)
    if sources:
        said[SOURCES] = Problem(_STRANGERS.count(*_NEED_A_LOOK, sources), 0)
    return said


def log_finding(one: Finding) -> None:
    """Log a finding, since most installations have no operator's chat."""
    level = logging.ERROR if one.level is Level.WRONG else logging.WARNING
    log.log(level, "%s", " ".join(filter(None, texts(one, _STRANGERS).values())))


class Health:
    """Knows what is wrong now, and how long it has been wrong."""

    def __init__(self, store: Store, clock: Clock, problems: Callable[[], Mapping[str, str]]) -> None:
        """`problems` returns the current problems of the parts of the process, by name."""
        self._store = store
        self._clock = clock
        self._problems = problems
        self._since: dict[str, float] = {}  # name of a problem -> monotonic second at which it was seen first
        self._refused_since: float | None = None  # monotonic second since which the database refuses writes
        self._refusal = ""
        self._is_logged = False  # whether the log says that nothing can be written

    def problems(self) -> dict[str, Problem]:
        """Return what is wrong now, by name."""
        now, found = self._clock.monotonic(), dict(self._problems())
        self._since = {name: self._since.get(name, now) for name in found}
        wrong = {name: Problem(why, int(now - self._since[name])) for name, why in found.items()}
        if refused := self._refused():
            wrong["database"] = refused
        return wrong

    def _refused(self) -> Problem | None:
        """Return that nothing can be written; None if it can, or if only a short lock prevents it."""
        seconds = 0.0 if self._refused_since is None else self._clock.monotonic() - self._refused_since
        is_full = self._refused_since is not None and self._refusal == DISK_FULL
        if is_full or seconds > SHORT_REFUSAL:
            return Problem(f"nothing can be written: {self._refusal}", int(seconds))
        return None

    async def watch(self) -> None:
        """Check the database and the parts of the process repeatedly, until it is cancelled.

        Uses its own thread: while the database is locked, writers may occupy all threads of the shared pool.
        """
        with ThreadPoolExecutor(1, "paperwire-health") as thread:
            while True:
                await self.look(thread)
                await self._clock.sleep(LOOK_INTERVAL)

    async def look(self, thread: ThreadPoolExecutor | None = None) -> None:
        """Check the database and the parts of the process once."""
        refusal = await asyncio.get_running_loop().run_in_executor(thread, self._store.write_refusal)
        if refusal is None:
            self._refused_since = None
        else:
            self._refusal = refusal.cause
            if self._refused_since is None:
                self._refused_since = self._clock.monotonic()
        self.problems()
        refused = self._refused()
        if refused and not self._is_logged:
            log.error("database: %s", refused.why)
        self._is_logged = refused is not None


class Readiness(BaseModel):
    """What the running process says at `/health/ready`."""

    ready: bool
    problems: dict[str, str]  # name -> why
    seconds: dict[str, int] = {}  # name -> age of the problem, if it is known
    attention: dict[str, str] = {}  # name -> what needs attention although it is ready
    process: str = ""  # its id in its database

    def findings(self, now: datetime) -> list[Finding]:
        """Return what the process says is wrong, without its count of sources: the store names them."""
        seen = {name: why for name, why in self.attention.items() if name != SOURCES}
        return [
            part_fails(name, Problem(why, self.seconds.get(name, 0)), now, level)
            for said, level in ((self.problems, Level.WRONG), (seen, Level.ATTENTION))
            for name, why in said.items()
        ]


def ask_readiness(settings: Settings, store: Store) -> Readiness:
    """Ask `/health/ready` at the web address of the settings, and return the answer.

    If there is no answer, or the process there uses another database than `store`, returns that as the problem. Raise
    StoreError.
    """
    host = reached_at(settings.web_host)
    url = f"{local_url(host, settings.web_port)}/health/ready"
    if not settings.web_port:
        return _problem("PAPERWIRE_WEB_PORT is 0, so only the process itself knows where it listens")
    connection = HTTPConnection(host, settings.web_port, timeout=PROBE_TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/health/ready")
        answer = Readiness.model_validate_json(connection.getresponse().read(_LARGEST))
    except (OSError, HTTPException):
        return _problem(f"nothing answers at {url}; is paperwire run running, with the same settings?")
    except ValidationError:
        return _problem(f"what answers at {url} is not paperwire; look at PAPERWIRE_WEB_PORT")
    finally:
        connection.close()
    if answer.process and answer.process != store.read_now(bot_state.sender):
        return _problem(f"what answers at {url} works on another database; look at PAPERWIRE_DATABASE_URL")
    return answer


def _problem(why: str) -> Readiness:
    return Readiness(ready=False, problems={"process": why})
