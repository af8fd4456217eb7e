"""Settings of a chat and times of delivery, in words: labels and values, the first and the next delivery, cadences.

Cadences are written as they can be typed, and as people say them.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from types import MappingProxyType

from bot.commands.phrasing import Localizer
from bot.ports.channel import Reply
from subscriptions.chat_settings import SETTINGS, without_effect
from subscriptions.errors import Sentence
from subscriptions.model import Cadence, Chat, ChatSettings
from subscriptions.planning.cadence import cadence_text, day_number, parse_cadence
from subscriptions.planning.pauses import NextDelivery
from subscriptions.planning.times import read_when

LANGUAGES: Mapping[str, str] = MappingProxyType({"en": "English", "zh": "中文"})  # in their own language


def setting_changed(name: str, before: Chat, after: Chat, localizer: Localizer) -> Reply:
    """Returns the reply to `set`, which also says so if the setting has no effect; `name` is one of SETTINGS."""
    label = label_of(name, localizer)
    old, new = value_of(before.settings, name), value_of(after.settings, name)
    shown = value_words(name, new, localizer)
    if old == new:
        lines = [localizer.say("{label}: {value}, as it was.", label=label, value=shown)]
    else:
        was = value_words(name, old, localizer)
        lines = [localizer.say("{label}: {value} (was: {old})", label=label, value=shown, old=was)]
    if name == "timezone" and old != new:
        lines += fixed_offset(new, localizer)
    if idle := without_effect(after).get(name):
        why = idle.say(localizer.translate)
        lines.append(localizer.say("It has no effect here. {why}", why=why))
    return Reply(lines=tuple(lines), ok=True)


def label_of(name: str, localizer: Localizer) -> str:
    """Returns the label of one of SETTINGS."""
    return SETTINGS[name].label.say(localizer.translate)


def value_of(settings: ChatSettings, name: str) -> str:
    """Returns the stored value of a setting; "all" for no limit."""
    return settings.value(name)


def value_words(name: str, value: str, localizer: Localizer) -> str:
    """Returns a stored value of one of SETTINGS in words."""
    if value in SETTINGS[name].values:
        return SETTINGS[name].values[value].say(localizer.translate)
    return _WRITTEN[name](value, localizer) if name in _WRITTEN else value


def _hours(value: str, localizer: Localizer) -> str:
    start, _, end = value.partition("-")
    return localizer.say("from {start} to {end}", start=start, end=end)


def _limit(value: str, localizer: Localizer) -> str:
    return localizer.count("{count} paper", "{count} papers", int(value))


def everyday_cadence(text: str, localizer: Localizer) -> str:
    """Returns a stored cadence as people say it: "every Monday 09:00", "when the day’s papers are out, …"."""
    cadence = parse_cadence(text)
    if cadence.kind == "now":
        return localizer.say("as soon as papers come")
    if cadence.kind != "when-out":
        kind, _, time = text.rpartition(" ")
        return f"{everyday_kind(kind, localizer)} {time}"
    hours = f"{cadence.at:%H:%M}–{cadence.until:%H:%M}"
    if cadence.weekdays_only:
        return localizer.say("when the day’s papers are out, {hours}, on weekdays", hours=hours)
    return localizer.say("when the day’s papers are out, {hours}", hours=hours)


_WRITTEN: Mapping[str, Callable[[str, Localizer], str]] = MappingProxyType(
    {
        "schedule": everyday_cadence,
        "timezone": lambda value, localizer: localizer.zone_name(value),
        "lang": lambda value, _: LANGUAGES.get(value, value),
        "limit": _limit,
        "quiet": _hours,
    }
)


def fixed_offset(zone: str, localizer: Localizer) -> list[str]:
    """Returns a note for a zone that is only an offset; none for any other."""
    if zone[:1] not in ("+", "-"):
        return []
    return [localizer.say("{zone} is a fixed offset, so it ignores summer time.", zone=zone)]


# -------------------------------------------------------------------------------------------- first and next deliveries


_FIRST: Mapping[str, Sentence] = MappingProxyType(
    {
        "latest": Sentence("First: as soon as papers are out, {moment} at the latest."),
        "when papers come": Sentence("It comes as soon as papers do."),
        "open": Sentence("First: as soon as papers are out."),
        "in a moment": Sentence("First: in a moment."),
        "from": Sentence("First: from {moment} on, as soon as papers are out."),
        "at": Sentence("First: {moment}."),
    }
)
_NEXT: Mapping[str, Sentence] = MappingProxyType(
    {
        "latest": Sentence("Next: as soon as papers are out, {moment} at the latest."),
        "when papers come": Sentence("Next: as soon as papers come."),
        "open": Sentence("Next: as soon as papers are out."),
        "in a moment": Sentence("Next: in a moment."),
        "from": Sentence("Next: from {moment} on, as soon as papers are out."),
        "at": Sentence("Next: {moment}."),
    }
)


def first_line(next_delivery: NextDelivery, localizer: Localizer, now: datetime) -> str:
    """Returns a sentence that says when a subscription delivers first."""
    return _when_line(_FIRST, next_delivery, localizer, now)


def next_line(next_delivery: NextDelivery, localizer: Localizer, now: datetime) -> str:
    """Returns a sentence that says when a chat gets its next delivery."""
    return _when_line(_NEXT, next_delivery, localizer, now)


def _when_line(said: Mapping[str, Sentence], then: NextDelivery, localizer: Localizer, now: datetime) -> str:
    at, moment = then.at, ""
    if at is None:
        case = "latest" if then.latest else "when papers come"
        moment = localizer.moment(then.latest) if then.latest else ""
    elif at <= now:
        case = "open" if then.opens else "in a moment"
    else:
        case = "from" if then.opens else "at"
        moment = _moment(then, at, localizer)
    return localizer.say(said[case].template, moment=moment)


def _moment(next_delivery: NextDelivery, at: datetime, localizer: Localizer) -> str:
    """Returns the moment with the reason why it is not earlier, such as a weekend or a holiday."""
    moment = localizer.moment(at, about=next_delivery.about and not next_delivery.opens)
    if next_delivery.rest == "weekend":
        return localizer.say("{moment} (arXiv is quiet at the weekend)", moment=moment)
    if next_delivery.rest == "holiday":
        return localizer.say("{moment} (arXiv announces nothing on a holiday)", moment=moment)
    return moment


# --------------------------------------------------------------------------------------------------- cadences in words

# as they can be typed, and as people say them.


# As cadences are typed, which differs by language.
_TYPED: Mapping[str, Sentence] = MappingProxyType(
    {
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
)
_EVERY: Mapping[str, Sentence] = MappingProxyType(
    {
        "daily": Sentence("every day"),
        "weekdays": Sentence("Monday to Friday"),
        "weekly mon": Sentence("every Monday"),
        "weekly tue": Sentence("every Tuesday"),
        "weekly wed": Sentence("every Wednesday"),
        "weekly thu": Sentence("every Thursday"),
        "weekly fri": Sentence("every Friday"),
        "weekly sat": Sentence("every Saturday"),
        "weekly sun": Sentence("every Sunday"),
    }
)
_SHORT = (
    Sentence("mon"), Sentence("tue"), Sentence("wed"), Sentence("thu"), Sentence("fri"), Sentence("sat"), Sentence("sun"),
)  # fmt: skip
DAYS = tuple(_EVERY)
"""Kinds of cadence that a time of day belongs to."""


def cadence_words(cadence: Cadence, localizer: Localizer, zone: str = "") -> str:
    """Returns a cadence as it can be typed in this language, with the city or name of `zone`.

    Such as "daily 08:00 Europe/Berlin", "每天 08:00 柏林".
    """
    typed = cadence_text(cadence)  # "when-out 08:00-20:00 weekdays", "weekly mon 09:00", "tue,thu 09:00"
    hours = next((one for one in typed.split() if ":" in one), "")
    if cadence.kind == "days":
        said = localizer.say("{days} {time}", days=_days(cadence.days, localizer), time=hours)
    else:
        said = localizer.say(_TYPED[typed.replace(f" {hours}", "")].template, hours=hours, time=hours)
    if cadence.kind == "now":
        return said
    return f"{said} {localizer.zone_name(zone)}" if zone else said


def when_words(text: str, localizer: Localizer, schedule: Cadence | None = None) -> str:
    """Returns a typed time as it can be typed in this language. Raises as `read_when` does."""
    when = read_when(text, schedule)
    return cadence_words(when.cadence, localizer, when.zone)


def everyday_kind(kind: str, localizer: Localizer) -> str:
    """Returns one of DAYS as people say it: "every Monday"."""
    if kind in _EVERY:
        return _EVERY[kind].say(localizer.translate)
    return _days([day_number(day) for day in kind.split(",")], localizer)


def _days(days: Iterable[int], localizer: Localizer) -> str:
    """Returns some days of the week as they can be typed in this language: "tue,thu", 周二、周四."""
    return localizer.say("{day},{others}", day="", others="").join(_SHORT[day].say(localizer.translate) for day in days)
