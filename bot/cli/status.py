"""Show whether paperwire runs, each problem, and what waits."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from bot.app import App
from bot.cli import Json, Now
from bot.cli.drawing import age
from bot.cli.output import print_line, tell
from bot.cli.session import open_session
from bot.digests.files import is_gone
from bot.settings.opening import copies
from bot.web.health import ask_readiness, findings_of, is_well, joined, texts
from subscriptions.chats.stored import chats as stored_chats
from subscriptions.language import Language
from subscriptions.model import PauseReason
from subscriptions.outbox.figures import figures
from subscriptions.outbox.notices import PROCESS, Finding
from subscriptions.papers.stored import llm_requests as model_requests
from subscriptions.text.escaping import escaped

_PAUSED_NAMED = 5


def status(*, now: Now = None, json: Json = False) -> int:
    """Show whether paperwire runs, each problem, and what waits."""
    with open_session(now, words=False) as app:
        moment, wall, settings, store = app.clock.now(), app.clock.wall(), app.settings, app.store
        language = Language("en", settings.timezone)
        readiness = ask_readiness(settings, store)
        findings = joined(findings_of(settings, store, now=moment, wall=wall), readiness.findings(moment))
        counted = store.read_now(figures, now=moment)
        outbox, sources = counted.outbox, [one.without(is_gone) for one in counted.sources]
        written = copies(settings, store).values()
        paused = store.read_now(stored_chats.paused_chats, most_named=_PAUSED_NAMED)
        document: dict[str, Any] = {
            "well": readiness.ready and is_well(findings),
            "ready": readiness.ready,
            "problems": readiness.problems,
            "attention": readiness.attention,
            "seconds": readiness.seconds,
            "findings": [
                {"id": one.name, "level": one.level, **texts(one, language), "since": one.since} for one in findings
            ],
            "outbox": {
                "waiting": outbox.waiting - outbox.held + outbox.unclear,
                "held": outbox.held,
                "dead": outbox.dead,
                "oldest_waiting_since": min(outbox.oldest.values(), default=None),
            },
            "paused": [*map(asdict, paused)],
            "sources": [
                {
                    "name": one.name,
                    "outcome": one.last.outcome.value if one.last else None,
                    "at": one.last.at if one.last else None,
                    "overdue": one.is_behind(moment),
                }
                for one in sources
            ],
            "copies": {"count": len(written), "newest_at": max(written, default=None)},
            "model": _model_today(app),
        }
    tell(document, lambda: print_line(*_lines(document, findings, language, moment, wall)), json=json)
    return 0 if document["well"] else 1


def _model_today(app: App) -> Mapping[str, object] | None:
    """Return what the language model did today; None if there is none."""
    if not app.settings.has_model:
        return None
    today = app.store.read_now(model_requests.today, now=app.clock.now())
    return {
        "name": app.settings.model_name,
        "summaries": today.summaries,
        "requests": today.requests,
        "most_requests": app.settings.model_daily,
        "fails_since": today.fails_since,
    }


def _lines(
    document: Mapping[str, Any], findings: Sequence[Finding], language: Language, now: datetime, wall: datetime
) -> Iterator[str]:
    """Yield the document of `status --json` for people. Copies are as old as the machine's clock `wall` says."""
    wrong = "✗ paperwire runs, but not all is well:" if document["ready"] else "✗ Not all is well:"
    yield "✓ paperwire runs, and all is well." if document["well"] else wrong
    for one in findings:
        said = texts(one, language)
        since = f" (for {age(one.since, now, language)})" if one.since else ""
        yield f"  {' '.join(filter(None, (said['sentence'], said['why'])))}{since}"
        if one.cause != PROCESS:  # a part says itself what to do
            yield f"    {said['cure']}"
    outbox = document["outbox"]
    counts = ", ".join(f"{outbox[word]:,} {word}" for word in ("waiting", "held", "dead") if outbox[word])
    oldest = outbox["oldest_waiting_since"]
    since = f"; the oldest for {age(oldest, now, language)}" if oldest else ""
    yield f"Outbox: {counts or 'nothing waits'}{since}."
    if document["paused"]:
        yield f"Paused chats: {', '.join(map(_paused, document['paused']))}."
    for source in document["sources"]:
        last = f"{source['outcome']}, {age(source['at'], now, language)} ago" if source["at"] else "never read"
        yield f"{'✗ ' if source['overdue'] else ''}Source {escaped(source['name'])}: {last}."
    if model := document["model"]:
        yield "{name} today: summaries {summaries:,}; requests {requests:,} of {most_requests:,}.".format_map(model)
    copy = document["copies"]["newest_at"]
    yield f"Newest copy: {age(copy, wall, language)} old." if copy else "There is no copy of the database yet."


def _paused(chats: Mapping[str, Any]) -> str:
    """Return how many chats are paused for the same reason, and the addresses of some."""
    named = escaped(", ".join(chats["chats"]) + (" …" if len(chats["chats"]) < chats["count"] else ""))
    words = "paused in the chat" if chats["reason"] == PauseReason.PERSON else chats["reason"].replace("-", " ")
    return f"{chats['count']:,} {words}" + (f" ({named})" if chats["chats"] else "")
