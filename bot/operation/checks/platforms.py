"""Finds problems of platforms: tokens, what the platforms say themselves, the difference of clocks."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx

from bot.platform import Finding, Platform
from subscriptions.addresses import declared
from subscriptions.errors import NotDelivered, SenderStopped, Sentence, StoreError
from subscriptions.store.database.store import Store
from subscriptions.store.platforms import bots

LARGEST_STEP = timedelta(seconds=60)  # allowed error of the machine's clock; the strictest platform allows five minutes
_WAIT = 5.0  # seconds to wait for the answer with a platform's time


async def check_platforms(
    store: Store, platforms: Mapping[str, Platform], *, wall: Callable[[], datetime]
) -> list[Finding]:
    """Returns the findings about the platforms that are on, and which are off."""
    installations = [found for platform in platforms.values() for found in await platform.load_installations()]
    findings: list[Finding] = []
    known = _owners(store)
    for facts in declared():
        if facts.token_variable and facts.name in platforms:
            findings += await _token(platforms[facts.name], known.get(facts.name))
        elif facts.token_variable:
            findings.append(Finding(question=Sentence(facts.title), answer=Sentence("off, it has no token")))
    clocks = [found for platform in platforms.values() if platform.api_url for found in _clock(platform, wall)]
    return findings + installations + clocks


def _owners(store: Store) -> Mapping[str, str]:
    try:
        return bots(store) if store.exists() and store.revision() else {}
    except StoreError:  # check_here has a finding about that
        return {}


async def _token(platform: Platform, owner: str | None) -> list[Finding]:
    question = Sentence(platform.facts.title)
    values = {"platform": platform.facts.title, "variable": platform.facts.token_variable}
    try:
        identity = await platform.channel.identity()
    except SenderStopped as error:
        answer = Sentence("the token does not work: {reason}", {"reason": error.reason.rstrip(".")})
        cure = Sentence("Put the token that {platform} shows now into {variable}.", values)
        return [Finding(question=question, answer=answer, cure=cure, mend=True)]
    except NotDelivered as error:
        answer = Sentence("it does not answer: {reason}", {"reason": error.reason.rstrip(".")})
        cure = Sentence("Check the network, and the proxy if there is one.")
        return [Finding(question=question, answer=answer, cure=cure, mend=True)]
    if owner is not None and owner != identity:
        answer = Sentence("the token works, but this database belongs to another bot")
        cure = Sentence("Use that bot's token, or give the chats to this one: paperwire run --new-bot.")
        return [Finding(question=question, answer=answer, cure=cure, mend=True)]
    works = Sentence("the token works, bot {identity}", {"identity": identity})
    found = [Finding(question=question, answer=works if identity else Sentence("no workspace of your own"))]
    return [*found, *await platform.check()]


def _clock(platform: Platform, wall: Callable[[], datetime]) -> Iterator[Finding]:
    """Yields a finding if the machine's clock differs from the Date header of a platform's answer."""
    theirs = _time_at(platform.api_url)
    if theirs is None:
        return
    step = abs(wall() - theirs)
    if step > LARGEST_STEP:
        values = {"seconds": f"{step.total_seconds():.0f}", "platform": platform.facts.title}
        yield Finding(
            question=Sentence("Clock"),
            answer=Sentence("it differs by {seconds} seconds from that of {platform}", values),
            cure=Sentence("Let the machine set its clock by NTP."),
            mend=True,
        )


def _time_at(address: str) -> datetime | None:
    parts = urlsplit(address)
    try:
        answer = httpx.head(f"{parts.scheme}://{parts.netloc}/", timeout=_WAIT, follow_redirects=True)
    except (
        httpx.HTTPError,
        httpx.InvalidURL,
        ImportError,
        ValueError,
        OSError,
    ):  # the last three: an unusable proxy or certificate file
        return None
    date = answer.headers.get("Date")
    try:
        found = parsedate_to_datetime(date or "")
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
