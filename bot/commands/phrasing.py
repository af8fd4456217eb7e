"""Writes values in words, for chats and the terminal: settings, times, subscriptions, pauses, nearness."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from types import MappingProxyType
from typing import TYPE_CHECKING

from bot.messages import Reply
from bot.rendering.queries_in_words import query_in_words
from subscriptions.chats.known import Listed
from subscriptions.chats.settings import SETTINGS
from subscriptions.errors import Sentence, sentences
from subscriptions.language import LANGUAGES, Language
from subscriptions.matching.similarity import NEAR
from subscriptions.model import DAY_NAMES, DAYS, Admission, Cadence, Chat, ChatState, Subscription, SubscriptionState
from subscriptions.query.parse import parse_query
from subscriptions.schedule.times import read_when
from subscriptions.schedule.zone_names import is_offset
from subscriptions.sources.forecast import QUIET_HOURS, WEEKDAYS, NextDelivery
from subscriptions.text.cutting import cut_letters

if TYPE_CHECKING:  # so that a list in a terminal need not load what finds papers
    from subscriptions.plan.previews import Base
    from subscriptions.subscribing.subscribe import Subscribed

_RESTS = sentences(
    {
        QUIET_HOURS: "quiet hours hold it until {time}",
        WEEKDAYS: "the weekend holds it until Monday",
        "weekend": "arXiv is quiet at the weekend",
        "holiday": "arXiv announces nothing on a holiday",
    }
)
# Cadences as people type them; each language has its own words.
_TYPED = sentences(
    {
        "now": "now",
        "daily": "daily {time}",
        "weekdays": "weekdays {time}",
        "weekly": "weekly {day} {time}",
        "days": "{day} {time}",
        "when-out": "when-out {time}",
        "when-out weekdays": "when-out {time} weekdays",
    }
)
_SHORT = (
    Sentence("mon"), Sentence("tue"), Sentence("wed"), Sentence("thu"), Sentence("fri"), Sentence("sat"), Sentence("sun"),
)  # fmt: skip
_HELD = sentences(
    {
        "paused": "paused",
        "asked": "waits for the operator of this bot",
        "moved": "moved",
    }
)
_DENIED = Sentence("the operator of this bot said no")
_RELATED = (  # nearness in meaning from which the words hold
    ((1 + NEAR) / 2, Sentence("closely related")),
    (NEAR, Sentence("related")),
    (NEAR / 2, Sentence("loosely related")),
)
Reading = Mapping[str, tuple[int, int]]  # as `Store.reading`
_MOST_NAMED = 10  # subscriptions that a reply lists
_LONGEST_LABEL = 80  # characters of a name or query in a line


def setting_change(name: str, before: Chat, after: Chat, localizer: Language) -> str:
    """Return the label of a setting, and its new and old value in words."""
    old, new = (value_words(name, chat.settings.value(name), localizer) for chat in (before, after))
    return localizer.say("{label}: {value} (was: {old})", label=label_of(name, localizer), value=new, old=old)


def label_of(name: str, localizer: Language) -> str:
    """Return the label of a setting; `name` is one of SETTINGS."""
    return localizer.say(SETTINGS[name].label)


def value_words(name: str, value: str, localizer: Language) -> str:
    """Return a stored value of the setting `name` in words."""
    if value in SETTINGS[name].values:
        return localizer.say(SETTINGS[name].values[value])
    said = value
    match name:
        case "schedule":
            said = cadence_words(read_when(value).cadence, localizer)
        case "timezone":
            said = localizer.zone_name(value)
        case "lang":
            said = LANGUAGES.get(value, value)
        case "limit":
            said = localizer.count("{count} paper", "{count} papers", int(value))
        case "quiet":
            start, _, end = value.partition("-")
            said = localizer.say("from {start} to {end}", start=start, end=end)
    return said


def fixed_offset(zone: str, localizer: Language) -> list[str]:
    """Return one line for a fixed offset such as "+08:00": that it ignores summer time.

    Return no line for other zones.
    """
    return [localizer.say("{zone} is a fixed offset, so it ignores summer time.", zone=zone)] if is_offset(zone) else []


def next_line(then: NextDelivery, localizer: Language, now: datetime) -> str:
    """Return a sentence that says when a chat gets its next delivery."""
    return localizer.say("Next: {when}.", when=_when(then, localizer, now))


def _when(then: NextDelivery, localizer: Language, now: datetime) -> str:
    """Return in words when a delivery comes: "from Mon 26 Jan 08:00 on, as soon as papers are out"."""
    if then.at is None and then.latest:
        moment = localizer.moment(then.latest)
        return localizer.say("as soon as papers are out, {moment} at the latest", moment=moment)
    if then.at is None:
        return localizer.say("as soon as papers come")
    if then.at <= now:
        return localizer.say("as soon as papers are out") if then.opens else localizer.say("in a moment")
    said = localizer.moment(then.at, about=then.about and not then.opens)
    if then.opens:
        said = localizer.say("from {moment} on, as soon as papers are out", moment=said)
    if why := held_back(then, localizer):
        said = localizer.say("{moment} ({why})", moment=said, why=why)
    return said


def held_back(then: NextDelivery, localizer: Language) -> str:
    """Return in words why nothing comes before a delivery: quiet hours, a weekend, a holiday.

    "" if nothing holds it back.
    """
    if then.at is None or not then.rest:
        return ""
    return localizer.say(_RESTS[then.rest], time=f"{localizer.local(then.at):%H:%M}")


def cadence_words(cadence: Cadence, localizer: Language, zone: str = "") -> str:
    """Return a cadence as people can type it, such as "daily 08:00 Europe/Berlin", with the city or name of `zone`.

    In Chinese: "每天 08:00 柏林".
    """
    typed = str(cadence)  # "when-out 08:00-20:00 weekdays", "weekly mon 09:00", "tue,thu 09:00"
    hours = next((one for one in typed.split() if ":" in one), "")
    form = typed.replace(f" {hours}", "")
    if form not in _TYPED:
        form = "weekly" if form.startswith("weekly") else "days"
    between = localizer.say("{day},{others}", day="", others="")
    days = between.join(localizer.say(_SHORT[day]) for day in cadence.days)
    said = localizer.say(_TYPED[form], day=days, time=hours)
    if cadence.kind == "now" or not zone:
        return said
    return f"{said} {localizer.zone_name(zone)}"


def when_words(text: str, localizer: Language, schedule: str = "") -> str:
    """Return a typed time in the standard form of this language; `schedule` is the chat's.

    Raise the errors of `read_when`.
    """
    when = read_when(text, read_when(schedule).cadence if schedule else None)
    return cadence_words(when.cadence, localizer, when.zone)


def day_words(text: str, localizer: Language, schedule: str) -> str:
    """Like `when_words`, but with the name of a single day, as a button shows it: "monday 09:00"."""
    said = when_words(text, localizer, schedule)
    return re.sub(r"\bweekly (\w{3})\b", lambda day: DAY_NAMES[DAYS.index(day[1])], said)


@dataclass(frozen=True, slots=True)
class ListRow:
    """One subscription in a list."""

    chat: str
    number: int
    reading: str  # the name; without a name, the query in words
    when: str  # "daily 08:00 Europe/Berlin"
    state: str  # "paused until Mon 26 Jan 08:00"; what holds it back now; "" while nothing does


def subscribed(
    done: "Subscribed",
    localizer: Language,
    *,
    examples: Sequence[str],
    instead: str = "",
    advice: str = "",
    short: bool = False,
    now: datetime,
    reading: Reading = MappingProxyType({}),
) -> Reply:
    """Return the reply to a subscription: how its query was read, when it delivers, and what it would have found.

    `examples` are lines, each a paper that it would have found. `instead` is the former query in words, `advice` is a
    sentence. With `short`, for groups, the reply has two lines.
    """
    head = _read_as(done, localizer)
    if done.subscription.name:
        head = f"{head} · {done.subscription.name}"
    hints = [localizer.say("({inner})", inner=localizer.say(hint)) for hint in done.query.hints]
    if short:
        return Reply(
            (
                localizer.joined(head, *hints[:1]),
                localizer.joined(
                    _outcome(done, localizer, reading=reading), _first_delivery(done, localizer, now, instead)
                ),
            ),
            ok=True,
        )
    lines = [head, *hints]
    if instead:
        lines.append(localizer.say("Instead of: {words}", words=instead))
    lines.append(_outcome(done, localizer, examples, reading))
    lines += [advice] if advice else []
    lines.append(_first_delivery(done, localizer, now, instead))
    return Reply((*lines, *fixed_offset(_zone_of(done), localizer)), ok=True)


def subscribed_line(done: "Subscribed", localizer: Language) -> str:
    """Return a line about one of several subscriptions: number, query in words, time; and a note if it is not new."""
    if done.outcome in ("added", "edited"):
        return _read_as(done, localizer)
    return f"{_read_as(done, localizer)} · {_outcome(done, localizer)}"


def _read_as(done: "Subscribed", localizer: Language) -> str:
    """Return the number, the query in words and the time of a subscription."""
    when = cadence_words(done.subscription.cadence, localizer, _zone_of(done))
    return f"{done.subscription.number}  {query_in_words(done.query, localizer.translate)} · {when}"


def _zone_of(done: "Subscribed") -> str:
    return done.subscription.zone or done.chat.settings.timezone


def subscription_labels(
    subscriptions: Sequence[Subscription], localizer: Language, *, most: int = _MOST_NAMED, before: str = ""
) -> Iterator[str]:
    """Yield a line for each of the first subscriptions, and one that says how many more there are."""
    yield from (f"{before}{subscription_label(one)}" for one in subscriptions[:most])
    yield from unnamed(len(subscriptions) - most, localizer)


def unnamed(left: int, localizer: Language) -> Iterator[str]:
    """Yield a line that says how many more there are, if there are any."""
    if left > 0:
        yield localizer.count("and {count} more of them", "and {count} more of them", left)


def subscription_label(subscription: Subscription, most: int = _LONGEST_LABEL) -> str:
    """Return a subscription on one line: its number, and its name or query, shortened."""
    return f"{subscription.number}  {shortened(subscription.label, most)}"


def shortened(words: str, most: int = _LONGEST_LABEL) -> str:
    """Return the words on one line, cut to so many characters."""
    return cut_letters(" ".join(words.split()), most)


def state_of(one: Listed) -> str:
    """Return "active", or the state of the subscription or its chat because of which nothing is delivered."""
    if one.chat.is_active:
        return one.subscription.state
    return one.chat.state.value


def subscription_row(one: Listed, localizer: Language, now: datetime | None = None) -> ListRow:
    """Return the row of a list. With `now`, the end of a pause names its year if that is not the current year."""
    subscription = one.subscription
    state = state_of(one)
    until = subscription.paused_until if one.chat.is_active else one.chat.paused_until
    held = _HELD.get(state) or one.rest
    if state == "asked" and one.chat.admission is Admission.DENIED:
        held = _DENIED
    shown = localizer.say(held) if held else ""
    if until is not None and shown:
        shown = localizer.say("{state} until {moment}", state=shown, moment=localizer.moment(until, now=now))
    return ListRow(
        chat=str(one.chat.address),
        number=subscription.number,
        reading=subscription.name or query_in_words(parse_query(subscription.text), localizer.translate),
        when=cadence_words(subscription.cadence, localizer, one.zone),
        state=shown,
    )


def being_read(localizer: Language, reading: Reading) -> str:
    """Return that today's list is being read, and how far; "" if none is. `reading` is that of the store."""
    counts = list(reading.values())
    if whole := sum(papers for _, papers in counts):
        ready = sum(papers for papers, _ in counts)
        return localizer.say("I am reading today's list ({ready} of {whole}).", ready=ready, whole=whole)
    return localizer.say("I am reading today's list.") if counts else ""


def _outcome(
    done: "Subscribed", localizer: Language, examples: Sequence[str] = (), reading: Reading = MappingProxyType({})
) -> str:
    """Return a sentence that says what the request did, or how many papers the subscription would have found."""
    if done.outcome == "rescheduled":
        return localizer.say("It was there already; its schedule is changed.")
    if done.outcome == "known":
        return localizer.say("It was there already; its schedule stays.")
    if not (done.found or done.base.days):
        return being_read(localizer, reading) or localizer.say("I know no papers yet.")
    days = days_known(localizer, done.base)
    if not done.found:
        return localizer.say("No paper of {days} fits.", days=days)
    if not examples:
        return found_in(localizer, done.found, done.base)
    head = localizer.count("{count} paper in {days}:", "{count} papers in {days}, for example:", done.found, days=days)
    if done.found <= len(examples):
        head = localizer.count(
            "It finds {count} paper in {days}:", "It finds {count} papers in {days}:", done.found, days=days
        )
    return localizer.joined(head, " · ".join(examples))


def found_in(localizer: Language, found: int, base: "Base") -> str:
    """Return a sentence that says how many papers were found: "6 papers in the last 7 days."."""
    days = days_known(localizer, base)
    return localizer.count("{count} paper in {days}.", "{count} papers in {days}.", found, days=days)


def days_known(localizer: Language, base: "Base") -> str:
    """Return the days in which papers were counted: "the last 7 days", or "the 3 days known" if these have none."""
    known = localizer.count("the one day known", "the {count} days known", base.days)
    return of_the_newest(localizer, localizer.say("the last 7 days") if base.recent else known, base)


def of_the_newest(localizer: Language, days: str, base: "Base") -> str:
    """Return `days`; if not all papers were counted, adds how many were."""
    if base.whole:
        return days
    return localizer.count(
        "{days} (of the newest {count} paper)", "{days} (of the newest {count} papers)", base.of, days=days
    )


def _first_delivery(done: "Subscribed", localizer: Language, now: datetime, instead: str) -> str:
    """Return a sentence that says when a subscription delivers first, one that had a query `instead` next, or why it does not."""
    then = done.next_delivery
    if paused := why_paused(done.chat, [done.subscription], localizer):
        return paused
    if then.at is None and not then.latest:
        return localizer.say("It comes as soon as papers do.")
    if instead or done.outcome != "added":
        return next_line(then, localizer, now)
    return localizer.say("First: {when}.", when=_when(then, localizer, now))


def why_paused(chat: Chat, subscriptions: Sequence[Subscription], localizer: Language) -> str:
    """Return a sentence that says that a chat or all of these subscriptions are paused; "" if they are not."""
    if chat.state is ChatState.PAUSED and chat.paused_until:
        until = localizer.moment(chat.paused_until)
        return localizer.say("This chat is paused until {moment}; /resume ends that.", moment=until)
    if chat.state is ChatState.PAUSED:
        return localizer.say("This chat is paused; /resume ends that.")
    if subscriptions and all(one.state is SubscriptionState.PAUSED for one in subscriptions):
        return localizer.say("It is paused; /resume {number} ends that.", number=subscriptions[0].number)
    return ""


def in_a_row(parts: Sequence[str], form: Sentence, localizer: Language) -> str:
    """Return parts one after another, two at a time in this form; "" without any."""
    return reduce(lambda before, part: localizer.say(form, before=before, part=part), parts or [""])


def how_related(localizer: Language, nearness: float) -> str:
    """Return a nearness in meaning in words."""
    found = (words for least, words in _RELATED if nearness >= least)
    return localizer.say(next(found, Sentence("hardly related")))
