"""The status page for operators: whether all is well, what came and went; how many deliveries, hours and days; [retry], [give up]."""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import islice

from bot.app import App
from bot.dependencies.opening import backup_folder
from bot.operation import maintenance
from bot.operation.findings import findings_of, joined, texts
from bot.ports import channel, measurements
from bot.ports.conversation import PageRequest, PageResponse, WebPage
from bot.rendering import plots
from bot.rendering.language import Language
from bot.rendering.page_templates import draw_page
from subscriptions.errors import NotFound, Sentence, StoreError
from subscriptions.notices.findings import Finding
from subscriptions.planning.receipts import Outcome, Receipt
from subscriptions.service import sending
from subscriptions.service.chat_status import figures
from subscriptions.store import work_figures
from subscriptions.store.outbox import OutboxEntry
from subscriptions.store.sources import KnownSource, receipts_since

HOURS = 24
PLANS = 200  # number of plans with deliveries that are kept, the latest ones

_HOUR = timedelta(hours=1)


class RecentWork:
    """Counts measurements of the last hours for the status page. Counts over longer times are in the metrics."""

    def __init__(self, clock: channel.Clock) -> None:
        self.clock = clock
        self.since = clock.now()
        self.plans: deque[measurements.PlanMade] = deque(maxlen=PLANS)
        self._hours: dict[datetime, Counter[str]] = {}  # beginning of the hour → outcomes

    def observe(self, measurement: measurements.Measurement) -> None:
        """Counts attempts to send, and keeps plans with deliveries."""
        match measurement:
            case measurements.MessageTried():
                self._hours.setdefault(_hour(self.clock.now()), Counter())[measurement.outcome] += 1
                for hour in [hour for hour in self._hours if hour <= _hour(self.clock.now()) - HOURS * _HOUR]:
                    del self._hours[hour]
            case measurements.PlanMade() if measurement.deliveries:
                self.plans.append(measurement)

    def by_hour(self, now: datetime) -> list[tuple[datetime, Counter[str]]]:
        """Returns (beginning of the hour, count of each outcome) for each of the last hours, the oldest first."""
        hours = [_hour(now) - back * _HOUR for back in reversed(range(HOURS))]
        return [(hour, Counter(self._hours.get(hour, ()))) for hour in hours]


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


log = logging.getLogger("paperwire")

PATH = "/status"
SHOWN = 50  # most waiting deliveries on the page
DAYS = 28  # in the calendar
_EVERY = 6  # hours between two labels
_FEWEST_HOURS = 5  # hours with messages that a plot needs
_FEWEST_DAYS = 5  # days with polls that a plot needs
_FEWEST_PLANS = 20  # plans that a sentence about their times needs
_SENT = "sent"
_MEGABYTE = 1_000_000

_TITLE = Sentence("Status")
_WORDS = {
    "well": Sentence("All is well."),
    "is_well": Sentence("Is everything all right?"),
    "came": Sentence("Came today"),
    "went": Sentence("Went out today"),
    "source": Sentence("Source"),
    "papers": Sentence("Papers"),
    "arrival": Sentence("Last arrival"),
    "behind": Sentence("behind"),
    "waits": Sentence("What waits"),
    "since": Sentence("since"),
    "retry": Sentence("retry"),
    "dismiss": Sentence("dismiss"),
    "messages": Sentence("Messages of the last 24 hours"),
    "sources": Sentence("Sources in the last four weeks"),
    "no_sources": Sentence("No source is known yet."),
    "plans": Sentence("Plans"),
    "database": Sentence("Database and copies"),
    "all_metrics": Sentence("All metrics are at /metrics."),
}
_STATES: Mapping[str, Sentence] = {
    "planned": Sentence("planned"),
    "held": Sentence("held"),
    "sending": Sentence("sending"),
    "waiting": Sentence("waiting"),
    "unclear": Sentence("unclear"),
    "dead": Sentence("dead"),
}
_OUTCOMES: Mapping[Outcome, Sentence] = {
    Outcome.NEW: Sentence("papers came"),
    Outcome.QUIET: Sentence("nothing was due"),
    Outcome.STALE: Sentence("as before"),
    Outcome.LATE: Sentence("late"),
    Outcome.FAILED: Sentence("failed"),
}
# a day shows the first of these outcomes that it had
_BEST_FIRST = (Outcome.NEW, Outcome.FAILED, Outcome.LATE, Outcome.QUIET, Outcome.STALE)
_NO_POLL = Sentence("not asked")
_MANY_MORE = Sentence("There are more; paperwire outbox lists all of them.")
_NOT_THERE = Sentence("That delivery is not there any more, or there is nothing to do about it.")
_DONE = {
    "retry": Sentence("It will be tried again."),
    "dismiss": Sentence("It is given up; retry takes that back."),
}


Troubles = Callable[[], Iterable[Finding]]  # returns what only the process itself knows


class StatusPage:
    """The page, and the handler of its buttons."""

    def __init__(self, app: App, work: RecentWork, troubles: Troubles = tuple) -> None:
        self._app = app
        self._work = work
        self._troubles = troubles

    def all(self) -> tuple[WebPage, ...]:
        """Returns the pages."""
        return (
            WebPage(path=PATH, answer=self.show, label=_TITLE, for_operators=True),
            WebPage(path=f"{PATH}/delivery", answer=self.press, method="POST", for_operators=True),
        )

    async def show(self, asked: PageRequest) -> PageResponse:
        """Shows the status page."""
        said = asked.query.get("done", "")
        words = {}
        if said:
            words = {"done": _DONE.get(said, _NOT_THERE)}
        return PageResponse(body=await asyncio.to_thread(self._drawn, asked, words))

    async def press(self, asked: PageRequest) -> PageResponse:
        """Retries a delivery, or gives it up."""
        action, delivery = asked.form.get("action", ""), asked.form.get("delivery", "")
        acts: Mapping[str, Callable[..., None]] = {"retry": sending.retry_delivery, "dismiss": sending.dismiss}
        if action not in acts:
            return PageResponse(location=PATH)
        try:
            await self._app.store.run(acts[action], delivery, now=self._app.clock.now())
        except NotFound:
            action = "gone"
        except StoreError as error:
            log.error("What was pressed on the page of the status could not be done: %s", error)
            return PageResponse(status=503, body="Not now.\n", kind="text/plain")
        return PageResponse(location=f"{PATH}?done={action}")

    def _drawn(self, asked: PageRequest, words: Mapping[str, Sentence]) -> str:
        app, now = self._app, self._app.clock.now()
        language = Language(asked.frame.language, app.settings.timezone)
        wall = app.clock.wall()
        found = findings_of(app.settings, app.store, now=now, wall=wall)
        unfinished = sending.outbox_entries(app.store, now=now, wall=wall, over=False)
        entries = list(islice((one for one in unfinished if one.state in _STATES), SHOWN + 1))
        receipts = receipts_since(app.store, now - timedelta(days=DAYS))
        all_figures = figures(app.store, now=now, wall=wall)
        sources, today = all_figures.sources, language.local(now).date()
        more = _MANY_MORE.say(language.translate) if len(entries) > SHOWN else ""
        days = [today - timedelta(days=back) for back in reversed(range(DAYS))]
        arrivals = work_figures.came_since(app.store, _midnight(language.local(now)))
        copies = maintenance.copy_times(backup_folder(app.settings, app.store))
        shown: Mapping[str, object] = {
            "problems": [_problem(one, language) for one in joined(found, self._troubles())],
            "runs": language.say("It has run since {since}.", since=language.moment(self._work.since)),
            "papers": _papers_today(arrivals, language),
            "came": list(_sources(sources, arrivals, receipts, now, language)),
            "went": _went(work_figures.sent_since(app.store, _midnight(language.local(wall))), language),
            "waits": _waits(all_figures.outbox, language),
            "waiting": [_shown(one, language) for one in entries[:SHOWN]],
            "more": more,
            "messages": _messages(self._work, now, language),
            "sources": _calendar(sources, receipts, days, language),
            "plans": _plans(list(self._work.plans), language),
            "database": _database(maintenance.file_sizes(app.store), copies, wall, language),
        }
        return draw_page("status.html", asked.frame, _TITLE, words={**_WORDS, **words}, **shown)


def _problem(one: Finding, language: Language) -> Mapping[str, str]:
    """Returns a finding as the page shows it; a text is "" if there is none."""
    return {**texts(one, language), "since": _moment(one.since, language)}


def _moment(moment: datetime | None, language: Language) -> str:
    return language.moment(moment) if moment else ""


def _midnight(local: datetime) -> datetime:
    return local.replace(hour=0, minute=0, second=0, microsecond=0)


def _papers_today(arrivals: work_figures.Arrivals, language: Language) -> str:
    if not arrivals.papers:
        return language.say("No papers yet.")
    return language.count("{count} paper", "{count} papers", arrivals.papers)


def _sources(
    sources: Sequence[KnownSource],
    arrivals: work_figures.Arrivals,
    receipts: Sequence[Receipt],
    now: datetime,
    language: Language,
) -> Iterator[Mapping[str, object]]:
    """Yields the sources of the settings, then others that brought papers today, such as files that a person ingested."""
    behind = {one.name: one.is_behind(now) for one in sources}
    for name in (*behind, *(name for name in arrivals.by_source if name not in behind)):
        before = next((one.at for one in receipts if one.source == name and one.outcome is Outcome.NEW), None)
        came = arrivals.last.get(name)
        yield {
            "name": name,
            "papers": language.number(arrivals.by_source.get(name, 0)),  # today
            "arrival": f"{language.local(came):%H:%M}" if came else _moment(before, language) or "–",
            "is_behind": behind.get(name, False),
        }


def _went(sent: work_figures.Sent, language: Language) -> str:
    if not sent.messages:
        return language.say("No delivery yet.")
    return language.say(
        "{messages} to {chats}",
        messages=language.count("{count} message", "{count} messages", sent.messages),
        chats=language.count("{count} chat", "{count} chats", sent.chats),
    )


def _waits(outbox: work_figures.OutboxFigures, language: Language) -> list[str]:
    """Returns sentences about waiting and held deliveries."""
    waiting, held, said = sum(outbox.waiting.values()), sum(outbox.held.values()), []
    if waiting:
        since = language.moment(min(outbox.oldest.values()))
        said.append(
            language.count(
                "{count} delivery waits, since {since}.",
                "{count} deliveries wait, the first since {since}.",
                waiting,
                since=since,
            )
        )
    if held:
        said.append(
            language.count("{count} is held: its chat is paused.", "{count} are held: their chats are paused.", held)
        )
    return said or [language.say("Nothing waits.")]


def _shown(entry: OutboxEntry, language: Language) -> Mapping[str, str]:
    return {
        "id": entry.id,
        "chat": entry.chat,
        "state": _STATES[entry.state].say(language.translate),
        "kind": "bad" if entry.state in ("dead", "unclear") else "waits",
        "papers": language.count("{count} paper", "{count} papers", entry.papers),
        "since": language.moment(entry.waiting_since),
        "moment": entry.waiting_since.isoformat(timespec="seconds"),
        "reason": entry.reason,
    }


def _messages(work: RecentWork, now: datetime, language: Language) -> tuple[str, str]:
    """Returns (plot of the messages by hour, sentence that summarizes it). The plot is "" if there are few messages."""
    hours, shown = work.by_hour(now), []
    for place, (hour, outcomes) in enumerate(hours):
        label = f"{language.local(hour):%H:%M}"
        sent, others = outcomes[_SENT], sum(outcomes.values()) - outcomes[_SENT]
        said = _said(sent, others, language)
        labelled = place % _EVERY == 0 or place == len(hours) - 1
        shown.append(
            plots.Bar(
                label=label if labelled else "", title=f"{label}: {said}", parts=(("good", sent), ("bad", others))
            )
        )
    total = sum((outcomes for _, outcomes in hours), Counter[str]())
    if not total:
        return "", ""
    said = _said(total[_SENT], sum(total.values()) - total[_SENT], language)
    since = language.moment(max(work.since, hours[0][0]))
    sentence = language.say("{said}, answers included, since {since}.", said=said, since=since)
    is_drawn = sum(1 for _, outcomes in hours if outcomes) >= _FEWEST_HOURS
    return plots.bars(sentence, shown) if is_drawn else "", sentence


def _said(sent: int, others: int, language: Language) -> str:
    messages = language.count("{count} message", "{count} messages", sent)
    if not others:
        return language.say("{sent} sent", sent=messages)
    failed = language.count("{count} failed attempt", "{count} failed attempts", others)
    return language.say("{sent} sent, {others}", sent=messages, others=failed)


def _calendar(
    sources: Sequence[KnownSource], receipts: Iterable[Receipt], days: Sequence[date], language: Language
) -> list[tuple[str, str]]:
    """Returns (sentence, plot of its days) for each source. The plot is "" if there are few days with polls."""
    found: dict[tuple[str, date], set[Outcome]] = {}
    for receipt in receipts:
        found.setdefault((receipt.source, language.local(receipt.at).date()), set()).add(receipt.outcome)
    shown = []
    for source in sources:
        outcomes = [next((o for o in _BEST_FIRST if o in found.get((source.name, day), ())), None) for day in days]
        polled = [place for place, outcome in enumerate(outcomes) if outcome]
        if len(polled) > 1:
            said = _in_words(source, outcomes[polled[0] :], language)
            cells = [_day(day, outcome, language) for day, outcome in zip(days, outcomes, strict=True)]
            shown.append((said, plots.calendar(said, days, cells) if len(polled) >= _FEWEST_DAYS else ""))
    return shown


def _day(day: date, outcome: Outcome | None, language: Language) -> plots.Day:
    said = (_OUTCOMES[outcome] if outcome else _NO_POLL).say(language.translate)
    return plots.Day(kind=outcome.value if outcome else "none", title=f"{language.short_day(day)}: {said}")


def _in_words(source: KnownSource, outcomes: Sequence[Outcome | None], language: Language) -> str:
    values = {"name": source.name, "new": outcomes.count(Outcome.NEW), "days": len(outcomes)}
    if failed := outcomes.count(Outcome.FAILED):
        return language.say("{name}: papers on {new} of {days} days, failed on {failed}", **values, failed=failed)
    return language.say("{name}: papers on {new} of {days} days", **values)


def _plans(plans: Sequence[measurements.PlanMade], language: Language) -> str:
    """Returns a sentence about how long planning took; "" if there are few plans."""
    if len(plans) < _FEWEST_PLANS:
        return ""
    seconds = sorted(one.seconds for one in plans)
    matching = sum(one.matching_seconds for one in plans) / (sum(seconds) or 1)
    return language.say(
        "Of the last {plans} with {deliveries}, half took {middle} s or less, the longest {most} s; matching was {share} % of it.",
        plans=language.count("{count} plan", "{count} plans", len(plans)),
        deliveries=language.count("{count} delivery", "{count} deliveries", sum(one.deliveries for one in plans)),
        middle=f"{seconds[len(seconds) // 2]:.2f}",
        most=f"{seconds[-1]:.2f}",
        share=f"{100 * matching:.0f}",
    )


def _database(sizes: Mapping[str, int], copies: Sequence[datetime], wall: datetime, language: Language) -> list[str]:
    said = []
    if sizes:
        size = f"{sum(sizes.values()) / _MEGABYTE:,.1f}"
        said.append(language.say("The database takes {size} MB.", size=size))
    if copies:
        age = language.duration(max(wall - max(copies), timedelta(0)))
        kept = language.count("{count} copy", "{count} copies", len(copies))
        said.append(language.say("{copies}, the newest {age} old.", copies=kept, age=age))
    else:
        said.append(language.say("There is no copy yet."))
    return said


def operator_pages(app: App, troubles: Troubles) -> tuple[WebPage, ...]:
    """Returns the operator's pages, in the order of the navigation."""
    work = RecentWork(app.clock)
    app.deps.observe.listeners.append(work.observe)
    return StatusPage(app, work, troubles).all()
