"""Explains why a paper is further up: a person here opened, saved or liked a similar one, or follows its author."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from bot.commands.phrasing.cadence_words import everyday_cadence
from bot.commands.phrasing.localizer import Localizer
from bot.ports.channel import Reply
from subscriptions.chat_settings import SETTINGS, without_effect
from subscriptions.errors import Sentence
from subscriptions.model import Chat, ChatSettings
from subscriptions.service.near_papers import Nearest
from subscriptions.states import Signal

_MOST_WORDS = 5  # that are named
_BECAUSE: Mapping[Signal | None, Sentence] = MappingProxyType(
    {
        None: Sentence("Further up, because your library has “{title}”: {words}"),
        Signal.OPENED: Sentence("Further up, because you opened “{title}”: {words}"),
        Signal.FOLLOWED: Sentence("Further up, because you follow an author of “{title}”: {words}"),
        Signal.SAVED: Sentence("Further up, because you saved “{title}”: {words}"),
        Signal.LIKED: Sentence("Further up, because you liked “{title}”: {words}"),
    }
)
_BECAUSE_HERE: Mapping[Signal | None, Sentence] = MappingProxyType(
    {
        None: Sentence("Further up, because the library here has “{title}”: {words}"),
        Signal.OPENED: Sentence("Further up, because somebody here opened “{title}”: {words}"),
        Signal.FOLLOWED: Sentence("Further up, because an author of “{title}” is followed here: {words}"),
        Signal.SAVED: Sentence("Further up, because somebody here saved “{title}”: {words}"),
        Signal.LIKED: Sentence("Further up, because somebody here liked “{title}”: {words}"),
    }
)


def taste_line(found: Nearest, title: str, localizer: Localizer, *, in_group: bool) -> str:
    """Returns a sentence that says which paper moved another one up. `title` is the title of the first one."""
    because = (_BECAUSE_HERE if in_group else _BECAUSE)[found.kind]
    return replace(because, values={"title": title, "words": ", ".join(found.words[:_MOST_WORDS])}).say(
        localizer.translate
    )


# ---------------------------------------------------------------------------------------- settings of a chat, in words

# their labels, their values, and that one was changed.


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
