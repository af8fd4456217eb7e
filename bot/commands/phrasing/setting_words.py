"""Settings of a chat in words: what each is called, what it is, and that it was changed."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from bot.commands.phrasing.cadence_words import everyday_cadence
from bot.commands.phrasing.localizer import Localizer
from bot.ports.reply import Reply
from subscriptions.labels import LABELS, VALUES
from subscriptions.model import Chat, ChatSettings
from subscriptions.planning.effects import without_effect

LANGUAGES: Mapping[str, str] = MappingProxyType({"en": "English", "zh": "中文"})  # as their speakers write them


def setting_changed(name: str, before: Chat, after: Chat, localizer: Localizer) -> Reply:
    """The answer to `set`; `name` is one of SETTINGS. It says so where the setting has no effect."""
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
    """What people call one of SETTINGS."""
    return LABELS[name].say(localizer.translate)


def value_of(settings: ChatSettings, name: str) -> str:
    """A setting as it is stored: no limit is `all`."""
    value = getattr(settings, name)
    return "all" if value is None else str(value)


def value_words(name: str, value: str, localizer: Localizer) -> str:
    """A value of one of SETTINGS, given as it is stored, as people say it."""
    if value in VALUES.get(name, {}):
        return VALUES[name][value].say(localizer.translate)
    return _WRITTEN[name](value, localizer) if name in _WRITTEN else value


def _hours(value: str, localizer: Localizer) -> str:
    start, _, end = value.partition("-")
    return localizer.say("from {start} to {end}", start=start, end=end)


def _limit(value: str, localizer: Localizer) -> str:
    return localizer.count("{count} paper", "{count} papers", int(value))


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
    """What a person should know of a zone that is only an offset; nothing of any other."""
    if zone[:1] not in ("+", "-"):
        return []
    return [localizer.say("{zone} is a fixed offset, so it ignores summer time.", zone=zone)]
