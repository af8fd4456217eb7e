"""Writes values in words, for chats and the terminal: settings, times, subscriptions (how many are named), pauses, how near in meaning."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from bot.ports.channel import Reply
from bot.rendering.queries_in_words import query_in_words
from subscriptions import chat_settings, model, states
from subscriptions.errors import Sentence
from subscriptions.language import Language
from subscriptions.meaning import NEAR
from subscriptions.planning import cadence as cadences
from subscriptions.planning.next_deliveries import QUIET_HOURS, WEEKDAYS, NextDelivery
from subscriptions.planning.times import read_when
from subscriptions.query.parse import parse_query
from subscriptions.service.known_chats import Listed
from subscriptions.texts.cutting import cut_letters

if TYPE_CHECKING:  # so that a list in a terminal need not load what finds papers
    from subscriptions.service.previews import Base
    from subscriptions.service.subscribing import Subscribed

LANGUAGES: Mapping[str, str] = {"en": "English", "zh": "中文"}  # code → the name of the language in that language


def setting_changed(name: str, before: model.Chat, after: model.Chat, localizer: Language) -> Reply:
    """Returns the reply to a changed setting; `name` is one of SETTINGS."""
    label = label_of(name, localizer)
    old, new = before.settings.value(name), after.settings.value(name)
    shown = value_words(name, new, localizer)
    if old == new:
        lines = [localizer.say("{label}: {value}, as it was.", label=label, value=shown)]
    else:
        lines = [setting_change(name, before, after, localizer)]
    if name == "timezone" and old != new:
        lines += fixed_offset(new, localizer)
    return Reply(lines=tuple(lines), ok=True)


def setting_change(name: str, before: model.Chat, after: model.Chat, localizer: Language) -> str:
    """Returns the label of a setting, and its new and old value in words."""
    old, new = (value_words(name, chat.settings.value(name), localizer) for chat in (before, after))
    return localizer.say("{label}: {value} (was: {old})", label=label_of(name, localizer), value=new, old=old)


def label_of(name: str, localizer: Language) -> str:
    """Returns the label of a setting; `name` is one of SETTINGS."""
    return localizer.say(chat_settings.SETTINGS[name].label)


def value_words(name: str, value: str, localizer: Language) -> str:
    """Returns a stored value of the setting `name` in words."""
    if value in chat_settings.SETTINGS[name].values:
        return localizer.say(chat_settings.SETTINGS[name].values[value])
    if name in _WRITTEN:
        return _WRITTEN[name](value, localizer)
    return value


def _hours(value: str, localizer: Language) -> str:
    start, _, end = value.partition("-")
    return localizer.say("from {start} to {end}", start=start, end=end)


def _limit(value: str, localizer: Language) -> str:
    return localizer.count("{count} paper", "{count} papers", int(value))


_WRITTEN: Mapping[str, Callable[[str, Language], str]] = {
    "schedule": lambda value, localizer: cadence_words(cadences.parse_cadence(value), localizer),
    "timezone": lambda value, localizer: localizer.zone_name(value),
    "lang": lambda value, _: LANGUAGES.get(value, value),
    "limit": _limit,
    "quiet": _hours,
}


def fixed_offset(zone: str, localizer: Language) -> list[str]:
    """Returns one line for a fixed offset such as "+08:00": that it ignores summer time.

    Returns no line for other zones.
    """
    if zone[:1] not in ("+", "-"):
        return []
    return [localizer.say("{zone} is a fixed offset, so it ignores summer time.", zone=zone)]


_FIRST: Mapping[str, Sentence] = {
    "latest": Sentence("First: as soon as papers are out, {moment} at the latest."),
    "when papers come": Sentence("It comes as soon as papers do."),
    "open": Sentence("First: as soon as papers are out."),
    "in a moment": Sentence("First: in a moment."),
    "from": Sentence("First: from {moment} on, as soon as papers are out."),
    "held": Sentence("First: from {moment} on, as soon as papers are out ({why})."),
    "at": Sentence("First: {moment}."),
}
_NEXT: Mapping[str, Sentence] = {
    "latest": Sentence("Next: as soon as papers are out, {moment} at the latest."),
    "when papers come": Sentence("Next: as soon as papers come."),
    "open": Sentence("Next: as soon as papers are out."),
    "in a moment": Sentence("Next: in a moment."),
    "from": Sentence("Next: from {moment} on, as soon as papers are out."),
    "held": Sentence("Next: from {moment} on, as soon as papers are out ({why})."),
    "at": Sentence("Next: {moment}."),
}


def next_line(next_delivery: NextDelivery, localizer: Language, now: datetime) -> str:
    """Returns a sentence that says when a chat gets its next delivery."""
    return _when_line(_NEXT, next_delivery, localizer, now)


def _when_line(said: Mapping[str, Sentence], then: NextDelivery, localizer: Language, now: datetime) -> str:
    at, moment, why = then.at, "", held_back(then, localizer)
    if at is None:
        case = "latest" if then.latest else "when papers come"
        moment = localizer.moment(then.latest)
    elif at <= now:
        case = "open" if then.opens else "in a moment"
    elif then.opens:
        case, moment = "held" if why else "from", localizer.moment(at)
    else:
        case, moment = "at", localizer.moment(at, about=then.about)
        if why:
            moment = localizer.say("{moment} ({why})", moment=moment, why=why)
    return localizer.say(said[case], moment=moment, why=why)


_RESTS: Mapping[str, Sentence] = {
    QUIET_HOURS: Sentence("quiet hours hold it until {time}"),
    WEEKDAYS: Sentence("the weekend holds it until Monday"),
    "weekend": Sentence("arXiv is quiet at the weekend"),
    "holiday": Sentence("arXiv announces nothing on a holiday"),
}


def held_back(then: NextDelivery, localizer: Language) -> str:
    """Returns in words why nothing comes before a delivery: quiet hours, a weekend, a holiday; "" if nothing holds it back."""
    if then.at is None or not then.rest:
        return ""
    return localizer.say(_RESTS[then.rest], time=f"{localizer.local(then.at):%H:%M}")


# Cadences as people type them; each language has its own words.
_TYPED: Mapping[str, Sentence] = {
    "now": Sentence("now"),
    "daily": Sentence("daily {time}"),
    "weekdays": Sentence("weekdays {time}"),
    "weekly mon": Sentence("weekly mon {time}"),
    "weekly tue": Sentence("weekly tue {time}"),
    "weekly wed": Sentence("weekly wed {time}"),
    "weekly thu": Sentence("weekly thu {time}"),
    "weekly fri": Sentence("weekly fri {time}"),
    "weekly sat": Sentence("weekly sat {time}"),
    "weekly sun": Sentence("weekly sun {time}"),
    "when-out": Sentence("when-out {hours}"),
    "when-out weekdays": Sentence("when-out {hours} weekdays"),
}
_SHORT = (
    Sentence("mon"), Sentence("tue"), Sentence("wed"), Sentence("thu"), Sentence("fri"), Sentence("sat"), Sentence("sun"),
)  # fmt: skip


def cadence_words(cadence: model.Cadence, localizer: Language, zone: str = "") -> str:
    """Returns a cadence as people can type it, such as "daily 08:00 Europe/Berlin", with the city or name of `zone`.

    In Chinese: "每天 08:00 柏林".
    """
    typed = str(cadence)  # "when-out 08:00-20:00 weekdays", "weekly mon 09:00", "tue,thu 09:00"
    hours = next((one for one in typed.split() if ":" in one), "")
    form = _TYPED.get(typed.replace(f" {hours}", ""))
    if form is None:
        said = localizer.say("{days} {time}", days=_days(cadence.days, localizer), time=hours)
    else:
        said = localizer.say(form, hours=hours, time=hours)
    if cadence.kind == "now":
        return said
    if zone:
        return f"{said} {localizer.zone_name(zone)}"
    return said


def when_words(text: str, localizer: Language, schedule: model.Cadence | None = None) -> str:
    """Returns a typed time in the standard form of this language. Raises the errors of `read_when`."""
    when = read_when(text, schedule)
    return cadence_words(when.cadence, localizer, when.zone)


def day_words(text: str, localizer: Language, schedule: model.Cadence) -> str:
    """Like `when_words`, but with the name of a single day, as a button shows it: "monday 09:00"."""
    said = when_words(text, localizer, schedule)
    return re.sub(r"\bweekly (\w{3})\b", lambda day: model.DAY_NAMES[model.DAYS.index(day[1])], said)


def _days(days: Iterable[int], localizer: Language) -> str:
    """Returns days of the week as people can type them in this language: "tue,thu", 周二、周四."""
    return localizer.say("{day},{others}", day="", others="").join(localizer.say(_SHORT[day]) for day in days)


# The reply to a new subscription, and the rows of a list of subscriptions.


_MOST_NAMED = 10  # subscriptions that a reply lists
_LONGEST_LABEL = 80  # characters of a name or query in a line
_HELD = {
    "paused": Sentence("paused"),
    "asked": Sentence("waits for the operator of this bot"),
    "denied": Sentence("the operator of this bot said no"),
    "moved": Sentence("moved"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRow:
    """One subscription in a list."""

    chat: str
    number: int
    reading: str  # the name; without a name, the query in words
    when: str  # "daily 08:00 Europe/Berlin"
    state: str  # "paused until Mon 26 Jan 08:00"; what holds it back now; "" while nothing does
    next_due: str  # "Mon 26 Jan 08:00"; "" if it delivers when papers come


def subscribed(
    done: "Subscribed",
    localizer: Language,
    *,
    examples: Sequence[str],
    instead: str = "",
    advice: str = "",
    short: bool = False,
    now: datetime,
) -> Reply:
    """Returns the reply to a subscription: how its query was read, when it delivers, and what it would have found.

    `examples` are lines, each a paper that it would have found. `instead` is the former query in words, `advice` is a
    sentence. With `short`, for groups, the reply has two lines.
    """
    head = _read_as(done, localizer)
    if done.subscription.name:
        head = f"{head} · {done.subscription.name}"
    hints = [localizer.say("({inner})", inner=localizer.say(hint)) for hint in done.query.hints]
    if short:
        return Reply(
            lines=(
                localizer.joined(head, *hints[:1]),
                localizer.joined(_outcome(done, localizer), _first_delivery(done, localizer, now)),
            ),
            ok=True,
        )
    lines = [head, *hints]
    if instead:
        lines.append(localizer.say("Instead of: {words}", words=instead))
    if done.outcome in ("added", "edited"):
        lines += _findings(done, localizer, examples)
    else:
        lines.append(_outcome(done, localizer))
    lines += [advice] if advice else []
    lines.append(_first_delivery(done, localizer, now))
    return Reply(lines=(*lines, *fixed_offset(_zone_of(done), localizer)), ok=True)


def subscribed_line(done: "Subscribed", localizer: Language) -> str:
    """Returns a line about one of several subscriptions: number, query in words, time; and a note if it is not new."""
    if done.outcome in ("added", "edited"):
        return _read_as(done, localizer)
    return f"{_read_as(done, localizer)} · {_outcome(done, localizer)}"


def _read_as(done: "Subscribed", localizer: Language) -> str:
    """Returns the number, the query in words and the time of a subscription."""
    when = cadence_words(done.subscription.cadence, localizer, _zone_of(done))
    return f"{done.subscription.number}  {query_in_words(done.query, localizer.translate)} · {when}"


def _zone_of(done: "Subscribed") -> str:
    return done.subscription.zone or done.chat.settings.timezone


def unsubscribed(gone: Sequence[model.Subscription], localizer: Language, *, missing: str = "") -> Reply:
    """Returns the reply to removed subscriptions; `missing` are the typed numbers that no subscription has."""
    if not gone:
        return Reply(lines=(localizer.say("There was no subscription to remove."),))
    head = localizer.count("Removed {count} subscription:", "Removed {count} subscriptions:", len(gone))
    lines = [subscription_label(subscription) for subscription in gone[:_MOST_NAMED]]
    if len(gone) > _MOST_NAMED:
        lines.append(localizer.count("and {count} more of them", "and {count} more of them", len(gone) - _MOST_NAMED))
    lines += [localizer.say("There is no {numbers} here.", numbers=missing)] if missing else []
    return Reply(lines=(head, *lines), ok=True)


def subscription_label(subscription: model.Subscription, most: int = _LONGEST_LABEL) -> str:
    """Returns a subscription on one line: its number, and its name or query, shortened."""
    return f"{subscription.number}  {shortened(subscription.label, most)}"


def shortened(words: str, most: int = _LONGEST_LABEL) -> str:
    """Returns the words on one line, cut to so many characters."""
    return cut_letters(" ".join(words.split()), most)


def state_of(one: Listed) -> str:
    """Returns "active", or the state of the subscription or its chat because of which nothing is delivered."""
    if one.chat.is_active:
        return one.subscription.state
    return one.chat.state.value


def subscription_row(one: Listed, localizer: Language, now: datetime | None = None) -> ListRow:
    """Returns the row of a list. With `now`, the end of a pause names its year if that is not the current year."""
    subscription = one.subscription
    state = state_of(one)
    until = subscription.paused_until if state == subscription.state else one.chat.paused_until
    held = state
    if state == "asked" and one.chat.admission is states.Admission.DENIED:
        held = "denied"
    shown = localizer.say(_HELD[held]) if held in _HELD else ""
    if one.rest is not None and not shown:
        shown = localizer.say(one.rest)
    if until is not None and shown:
        shown = localizer.say("{state} until {moment}", state=shown, moment=localizer.moment(until, now=now))
    return ListRow(
        chat=str(one.chat.address),
        number=subscription.number,
        reading=subscription.name or query_in_words(parse_query(subscription.text), localizer.translate),
        when=cadence_words(subscription.cadence, localizer, one.zone),
        state=shown,
        next_due=localizer.moment(subscription.next_due_at),
    )


def _outcome(done: "Subscribed", localizer: Language) -> str:
    """Returns a sentence that says what the request did, or how many papers the subscription would have found."""
    if done.outcome == "rescheduled":
        return localizer.say("It was there already; its schedule is changed.")
    if done.outcome == "known":
        return localizer.say("It was there already; its schedule stays.")
    if done.found:
        return found_in(localizer, done.found, done.base)
    return _no_findings(done, localizer)


def _findings(done: "Subscribed", localizer: Language, examples: Sequence[str]) -> list[str]:
    if not done.found:
        return [_no_findings(done, localizer)]
    days = days_known(localizer, done.base)
    if done.found <= len(examples):
        head = localizer.count(
            "It finds {count} paper in {days}:", "It finds {count} papers in {days}:", done.found, days=days
        )
    else:
        head = localizer.count(
            "{count} paper in {days}:", "{count} papers in {days}, for example:", done.found, days=days
        )
    return [localizer.joined(head, " · ".join(examples))]


def _no_findings(done: "Subscribed", localizer: Language) -> str:
    if not done.base.days:
        return localizer.say("I know no papers yet.")
    return localizer.say("No paper of {days} fits.", days=days_known(localizer, done.base))


def found_in(localizer: Language, found: int, base: "Base") -> str:
    """Returns a sentence that says how many papers were found: "6 papers in the last 7 days."."""
    days = days_known(localizer, base)
    return localizer.count("{count} paper in {days}.", "{count} papers in {days}.", found, days=days)


def days_known(localizer: Language, base: "Base") -> str:
    """Returns the days in which papers were counted: "the last 7 days", or, if these have no papers, "the 3 days known"."""
    known = localizer.count("the one day known", "the {count} days known", base.days)
    return of_the_newest(localizer, localizer.say("the last 7 days") if base.recent else known, base)


def of_the_newest(localizer: Language, days: str, base: "Base") -> str:
    """Returns `days`; if not all papers were counted, adds how many were."""
    if base.whole:
        return days
    return localizer.count(
        "{days} (of the newest {count} paper)", "{days} (of the newest {count} papers)", base.of, days=days
    )


def _first_delivery(done: "Subscribed", localizer: Language, now: datetime) -> str:
    if done.chat.state is states.ChatState.PAUSED:
        return localizer.say("This chat is paused; /resume ends that.")
    if done.subscription.state is states.SubscriptionState.PAUSED:
        return localizer.say("It is paused; /resume {number} ends that.", number=done.subscription.number)
    return _when_line(_FIRST, done.next_delivery, localizer, now)


_RELATED = (  # nearness in meaning from which the words hold
    ((1 + NEAR) / 2, Sentence("closely related")),
    (NEAR, Sentence("related")),
    (NEAR / 2, Sentence("loosely related")),
)


def how_related(localizer: Language, nearness: float) -> str:
    """Returns a nearness in meaning in words."""
    found = (words for least, words in _RELATED if nearness >= least)
    return localizer.say(next(found, Sentence("hardly related")))
