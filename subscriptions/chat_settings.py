"""A chat's settings (docs/settings.md): what each kind of chat has, and what a person may choose instead.

Chosen values are kept as text, in the form that `check_value` returns, under the names of SETTINGS.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal
from unicodedata import normalize

from subscriptions.errors import Refused, Sentence
from subscriptions.labels import LABELS, VALUES, meant_value, named_setting, nearest_setting
from subscriptions.labels import listed as in_a_row
from subscriptions.model import ChatKind, ChatSettings
from subscriptions.planning.cadence import cadence_text
from subscriptions.planning.times import hours_of, read_when
from subscriptions.platforms import facts_of
from subscriptions.zones import zone_name

SETTINGS = (
    "schedule",
    "timezone",
    "lang",
    "text",
    "limit",
    "sound",
    "quiet",
    "shape",
    "crosslists",
    "buttons",
    "credits",
    "quietday",
    "manage",
)
LARGEST_LIMIT = 200  # papers shown in one delivery; who wants more wants all


def _by_kind(private: str, group: str, broadcast: str, team: str) -> Mapping[ChatKind, tuple[str, ...]]:
    columns = zip(ChatKind, (private, group, broadcast, team), strict=True)
    return MappingProxyType({kind: tuple(words.split()) for kind, words in columns})


def _everywhere(words: str) -> Mapping[ChatKind, tuple[str, ...]]:
    return _by_kind(words, words, words, words)


# What each kind of chat may choose from, its default first: private, group, broadcast, team.
_CHOICES: Mapping[str, Mapping[ChatKind, tuple[str, ...]]] = MappingProxyType(
    {
        "text": _everywhere("summary abstract titles"),
        "sound": _by_kind("first off", "off first", "off first", "off"),  # teams decide about sound themselves
        "shape": _by_kind("digest", "digest", "digest each", "thread digest each"),
        "crosslists": _everywhere("in out"),
        "buttons": _by_kind("full off", "full link off", "link off", "full off"),
        "credits": _by_kind("off", "off on", "off", "on off"),  # a public channel names nobody
        "quietday": _everywhere("off on"),
        "manage": _by_kind("person", "admins members", "admins", "members admins"),
    }
)
_HOURS = "when-out 08:00-20:00"
_OFFICE_HOURS = "when-out 09:00-18:00 weekdays"
_LIMITS: Mapping[ChatKind, int | None] = MappingProxyType(
    {ChatKind.PRIVATE: 20, ChatKind.GROUP: 12, ChatKind.BROADCAST: None, ChatKind.TEAM: 12}
)

_COUNTED = re.compile(r"(?P<number>\d{1,9}) ?(?:papers?|篇(?:论文)?)?", re.ASCII)


def setting_name(typed: str) -> str:
    """The name in SETTINGS that a person means: any letter case, its label in either language. Raises Refused."""
    if name := named_setting(typed):
        return name
    near = nearest_setting(typed)
    known = Sentence("There are: {names}.", {"names": in_a_row(LABELS.values())})
    hint = Sentence("Did you mean {name}? {known}", {"name": near, "known": known}) if near else known
    raise Refused(Sentence("There is no setting “{name}”.", {"name": typed.strip()}), hint)


def check_value(name: str, value: str, *, kind: ChatKind, public: bool = False) -> str:
    """The text to keep when a chat of that kind chooses `value` for the setting `name` of SETTINGS.

    Off, none, all and the like switch a setting off where it can be off. Raises Refused with what is possible.
    """
    plain = " ".join(normalize("NFKC", value).split())
    if name in _CHOICES:
        return _chosen_word(name, plain.casefold(), choices(name, kind=kind, public=public))
    return _CHECKS[name](plain)


def choices(name: str, *, kind: ChatKind, public: bool = False) -> tuple[str, ...]:
    """The words that a chat of that kind may choose from, its default first; none where any value of a form goes."""
    words = _CHOICES[name][kind] if name in _CHOICES else ()
    return tuple(word for word in words if not (public and name == "buttons" and word == "full"))


def resolve(
    kind: ChatKind, platform: str, chosen: Mapping[str, str], *, timezone: str, lang: str, public: bool = False
) -> ChatSettings:
    """A chat's settings: what it chose, else what its kind has.

    `chosen` holds values as `check_value` returned them. `timezone` and `lang` (any language code) are what is known
    without a choice: the operator's zone, the client's language. `public`: a group that strangers can read, where
    buttons would be everybody's.
    """
    home = not facts_of(platform).notifies
    texts = {
        "schedule": "now" if home else _OFFICE_HOURS if kind is ChatKind.TEAM else _HOURS,
        "timezone": timezone,
        "lang": language(lang),
        "quiet": "off" if home else "22:00-08:00",
        **{name: words[kind][0] for name, words in _CHOICES.items()},
    }
    texts |= {name: value for name, value in chosen.items() if name in texts}
    if public and texts["buttons"] == "full":
        texts["buttons"] = "link"
    limit = _LIMITS[kind] if texts["buttons"] == "full" and not home else None  # no button opens what is left out
    if "limit" in chosen:
        limit = None if chosen["limit"] == "all" else int(chosen["limit"])
    return ChatSettings(limit=limit, **texts)


def language(code: str) -> Literal["en", "zh"]:
    """The language that we speak to a client of that language: zh for "zh", "zh-hans" and "zh_TW", else en."""
    return "zh" if code.casefold().startswith("zh") else "en"


def _chosen_word(name: str, value: str, words: tuple[str, ...]) -> str:
    if value in words:
        return value
    meant = meant_value(name, value)
    if meant in words:
        return meant
    if len(words) == 1:
        raise _fixed(name, words[0])
    raise _refused(name, value, in_a_row([VALUES[name][word] for word in words]))


def _fixed(name: str, value: str) -> Refused:
    shown = VALUES[name][value]
    return Refused(Sentence("{label} is fixed in this kind of chat: {value}.", {"label": LABELS[name], "value": shown}))


def _refused(name: str, value: str, possible: Sentence | str) -> Refused:
    return Refused(
        Sentence("{label} cannot be “{value}”.", {"label": LABELS[name], "value": value}),
        Sentence("Possible: {possible}.", {"possible": possible}),
    )


def _checked_limit(value: str) -> str:
    if meant_value("limit", value):
        return "all"
    counted = _COUNTED.fullmatch(value.casefold())
    if counted and int(counted["number"]) == 0:
        return "all"
    if counted and int(counted["number"]) <= LARGEST_LIMIT:
        return str(int(counted["number"]))
    raise _refused("limit", value, Sentence("a number from 1 to {most}, or all", {"most": LARGEST_LIMIT}))


def _checked_schedule(value: str) -> str:
    when = read_when(value)
    if when.zone:
        raise Refused(
            Sentence("The schedule of a chat goes by the chat's clock, so it takes no place."),
            Sentence("Set the clock by itself: timezone {zone}.", {"zone": when.zone}),
        )
    return cadence_text(when.cadence)


def _checked_quiet(value: str) -> str:
    if meant_value("quiet", value):
        return "off"
    hours = hours_of(value)
    if hours is None or hours[0] == hours[1]:
        raise _refused("quiet", value, Sentence("two times of day such as 22:00-08:00, or off"))
    return f"{hours[0]:%H:%M}-{hours[1]:%H:%M}"


def _checked_lang(value: str) -> str:
    plain = value.casefold()
    if plain in {"zh", "中文", "chinese"} or plain.startswith(("zh-", "zh_")):
        return "zh"
    if plain in {"en", "english", "英文"} or plain.startswith(("en-", "en_")):
        return "en"
    raise _refused("lang", value, "English (en), 中文 (zh)")


_CHECKS: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "schedule": _checked_schedule,
        "timezone": zone_name,
        "lang": _checked_lang,
        "limit": _checked_limit,
        "quiet": _checked_quiet,
    }
)
