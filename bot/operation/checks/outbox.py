"""Finds deliveries that are dead, and those that have waited for long."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from bot.operation.checks._finding import Finding, is_ready
from subscriptions.errors import Sentence, StoreError
from subscriptions.platforms import facts_of
from subscriptions.service.outbox import outbox_trouble
from subscriptions.store import Store

DAYS = timedelta(days=1)  # what has waited longer is to be mended; before, it is only named


def check_outbox(store: Store, *, now: datetime) -> Iterator[Finding]:
    """Yields a finding about dead deliveries and one for each platform whose deliveries wait; else one that all is well."""
    if not is_ready(store):
        return
    question = Sentence("Outbox")
    try:
        found = outbox_trouble(store, now=now)
    except StoreError as error:
        yield Finding(question=question, answer=error.sentence, cure=error.hint, mend=True)
        return
    if not found.dead.count and not found.waiting:
        yield Finding(question=question, answer=Sentence("nothing is dead, and nothing has waited for long"))
    if found.dead.count:
        values = {"count": found.dead.count, "since": _day(found.dead.since), "ids": " ".join(found.dead.ids)}
        yield Finding(
            question=question,
            answer=Sentence("could not be sent: {count}, the first on {since}", values),
            cure=Sentence(
                "paperwire outbox --state dead says why. Then: paperwire outbox retry {ids}, or dismiss.", values
            ),
            mend=True,
        )
    for platform, late in found.waiting.items():
        values = {"count": late.count, "platform": facts_of(platform).title, "since": _day(late.since)}
        yield Finding(
            question=question,
            answer=Sentence("waiting for {platform}: {count}, the first since {since}", values),
            cure=Sentence("They are tried again by themselves; paperwire outbox says what is in the way."),
            mend=late.since is not None and now - late.since > DAYS,
        )


def _day(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment is not None else "–"
