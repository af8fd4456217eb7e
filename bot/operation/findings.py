"""All findings about a bot, and their forms: for the shell, for strangers, and for the log (how often)."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.dependencies.opening import backup_folder
from bot.digests.files import is_gone
from bot.operation import maintenance
from bot.rendering.language import Language
from bot.settings import Settings
from subscriptions.notices.findings import CopyTooOld, Finding, Level, PartFails, SendingStopped, SourceFinding
from subscriptions.service.findings import dead_deliveries, stored_findings, waiting_deliveries
from subscriptions.store import bot_state, delivery_trouble, platform_states
from subscriptions.store.database.store import Store, Transaction, writes

log = logging.getLogger("paperwire")

SOURCES = "sources"  # the name of the entry that counts sources for strangers


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong: one line for the public, without a path or a secret, and how many seconds it has lasted."""

    why: str
    seconds: int


def findings_of(
    settings: Settings, store: Store, *, now: datetime, wall: datetime, stopped: Mapping[str, str] | None = None
) -> tuple[Finding, ...]:
    """Returns what is wrong, as far as the store and the copies show it. Raises StoreError.

    `stopped`: platform -> why nothing is sent there; None: as the store knows.
    """
    copies = maintenance.copy_times(backup_folder(settings, store))
    found = stored_findings(store, now=now, wall=wall, stopped=stopped, is_gone=is_gone)
    return (*found, *old_copy(copies, wall))


def old_copy(copies: Sequence[datetime], wall: datetime) -> Iterator[Finding]:
    """Yields a finding if the newest of these copies is too old. `wall` is the machine's time."""
    if copies and wall - max(copies) > maintenance.OLDEST_COPY:
        yield CopyTooOld(since=max(copies))


def parts_of(problems: Mapping[str, Problem], now: datetime, level: Level = Level.WRONG) -> list[PartFails]:
    """Returns the findings about parts of the process that do not work. `problems`: name of the part -> what is wrong."""
    return [
        PartFails(
            part=name,
            problem=one.why,
            level=level,
            since=now - timedelta(seconds=one.seconds) if one.seconds else None,
        )
        for name, one in problems.items()
    ]


def joined(found: Sequence[Finding], of_process: Iterable[Finding]) -> tuple[Finding, ...]:
    """Returns the findings, and after them what the process knows, except what they tell already and better."""
    told = {one.name for one in found} | {one.platform for one in found if isinstance(one, SendingStopped)}
    told |= {SOURCES for one in found if one.is_of_source}
    return (*found, *(one for one in of_process if one.name not in told))


def is_well(found: Iterable[Finding]) -> bool:
    """Returns whether nothing needs a person."""
    return all(one.level is Level.NOTE for one in found)


def texts(one: Finding, language: Language) -> dict[str, str]:
    """Returns the texts of a finding for places that show no markup; a text is "" if there is none."""
    found = {"sentence": one.sentence(language), "why": one.why(language), "cure": one.cure(language)}
    return {name: text.replace("`", "") for name, text in found.items()}


def for_strangers(found: Iterable[Finding], now: datetime) -> dict[str, Problem]:
    """Returns what anyone may read of these findings, by name. Sources are counted, not named."""
    words, said, sources = Language("en", "UTC"), dict[str, Problem](), 0
    for one in found:
        if isinstance(one, SourceFinding):
            sources += 1
        else:
            said[one.name] = Problem(one.sentence(words), int((now - one.since).total_seconds()) if one.since else 0)
    if sources:
        needs = (
            "{count} source needs a look; paperwire status says which.",
            "{count} sources need a look; paperwire status says which.",
        )
        said[SOURCES] = Problem(words.count(*needs, sources), 0)
    return said


@writes
def log_new_trouble(transaction: Transaction, *, now: datetime) -> None:
    """Logs each dead delivery once, and each long wait once a day, since most installations have no operator's chat."""
    words = Language("en", "UTC")
    for one in claim_unlogged_trouble(transaction, now=now):
        level = logging.ERROR if one.level is Level.WRONG else logging.WARNING
        log.log(level, "%s", " ".join(filter(None, texts(one, words).values())))


_DEAD_LOGGED = "logged:dead"  # name of a stored value: the moment up to which dead messages are in the log


@writes
def claim_unlogged_trouble(transaction: Transaction, *, now: datetime) -> list[Finding]:
    """Returns trouble that is not logged yet, and marks it as logged: dead messages once, long waits once a day (UTC).

    Of several processes, or runs by cron, only one gets the trouble. A crash right after this call loses a line of the
    log. Notices to operators, `check` and the health page do not depend on this call, since they read the outbox
    itself.
    """
    found: list[Finding] = []
    known = bot_state.get_value(transaction, _DEAD_LOGGED)
    dead = delivery_trouble.dead_since(transaction, datetime.fromisoformat(known) if known else None)
    if dead.count and bot_state.swap_value(transaction, _DEAD_LOGGED, known, now.isoformat()):
        found.append(dead_deliveries(dead))
    logged = platform_states.waiting_logged(transaction)
    for platform, late in delivery_trouble.waiting_since(transaction, now - delivery_trouble.LONG).items():
        if logged.get(platform) != now.date():
            platform_states.put_platform(transaction, platform, waiting_logged_on=now.date())
            found.append(waiting_deliveries(platform, late, now))
    return found
