"""Checks of the values of settings that take more than a few words."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import MappingProxyType
from typing import Literal

from subscriptions.errors import Refused, Sentence
from subscriptions.model import Chat, ChatKind
from subscriptions.planning.cadence import cadence_text
from subscriptions.planning.times import read_when
from subscriptions.planning.times._reading import hours_of
from subscriptions.text import normalized

LARGEST_LIMIT = 200  # papers shown in one delivery; more is `all`
_COUNTED = re.compile(r"(?P<number>\d{1,9}) ?(?:papers?|篇(?:论文)?)?", re.ASCII)


class NotPossible(Exception):
    """A value that a setting cannot have; `possible` says which values it can."""

    def __init__(self, possible: Sentence | str) -> None:
        super().__init__(possible)
        self.possible = possible


def language(code: str) -> Literal["en", "zh"]:
    """The language for a client of that language: zh for "zh", "zh-hans" and "zh_TW", else en."""
    return "zh" if code.casefold().startswith("zh") else "en"


def checked_limit(value: str) -> str:
    """A number from 1 to 200, or `all` for 0. Raises NotPossible."""
    counted = _COUNTED.fullmatch(value.casefold())
    number = int(counted["number"]) if counted else -1
    if number == 0:
        return "all"
    if 0 < number <= LARGEST_LIMIT:
        return str(number)
    raise NotPossible(Sentence("a number from 1 to {most}, or all", {"most": LARGEST_LIMIT}))


def checked_schedule(value: str) -> str:
    """The text of a cadence. Raises Refused."""
    when = read_when(value)
    if when.zone:
        raise Refused(
            Sentence("The schedule of a chat goes by the chat's clock, so it takes no place."),
            Sentence("Set the clock by itself: timezone {zone}.", {"zone": when.zone}),
        )
    return cadence_text(when.cadence)


def checked_quiet(value: str) -> str:
    """Two different times of day: "22:00-08:00". Raises NotPossible."""
    hours = hours_of(value)
    if hours is None or hours[0] == hours[1]:
        raise NotPossible(Sentence("two times of day such as 22:00-08:00, or off"))
    return f"{hours[0]:%H:%M}-{hours[1]:%H:%M}"


def checked_lang(value: str) -> str:
    """The code en or zh, of any name or code of the two languages. Raises NotPossible."""
    plain = value.casefold()
    if plain in {"zh", "中文", "汉语", "简体中文", "chinese"} or plain.startswith(("zh-", "zh_")):
        return "zh"
    if plain in {"en", "english", "英文", "英语"} or plain.startswith(("en-", "en_")):
        return "en"
    raise NotPossible("English (en), 中文 (zh)")


# ------------------------------- A chat setting, the registry of all settings, and the words that people type for them


Choices = Mapping[ChatKind, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingDefaultsContext:
    """Facts about a chat, apart from its choices, on which the defaults of its settings depend."""

    kind: ChatKind
    notifies: bool  # a message there alerts people
    timezone: str  # the operator's zone, or that of the chat's client
    lang: str  # the language code of the chat's client
    public: bool  # strangers can read it
    chosen: Mapping[str, str]  # setting -> value, as the chat chose it


def _nothing(_: str) -> str:
    raise NotImplementedError("A setting without choices needs `check`.")


def _works(_: Chat) -> Sentence | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ChatSetting:
    """A setting of a chat. It takes one of its `choices`, or any value that `check` accepts. Compared by identity."""

    name: str  # in /set, exports and the database: never to be changed
    label: Sentence  # as people read it; it can be typed, too
    meaning: Sentence  # what it does
    readers: tuple[str, ...]  # the modules and packages that act on it
    names: str = ""  # other words for the name in both languages, separated by spaces
    choices: Choices = field(default_factory=dict)  # by kind of chat, the default first; one choice: it is fixed there
    check: Callable[[str], str] = _nothing  # the text to store of a value as typed. Raises Refused
    default: Callable[[SettingDefaultsContext], str] | None = None  # for settings without choices
    values: Mapping[str, Sentence] = field(
        default_factory=dict
    )  # value -> as people read it, where the value is a word
    value_names: Mapping[str, str] = field(default_factory=dict)  # value -> other words for it
    in_public: Mapping[str, str] = field(default_factory=dict)  # value -> what replaces it where strangers can read
    offered: Mapping[ChatKind, tuple[str, ...]] = field(default_factory=dict)  # values for buttons, without choices
    example: str = ""  # a further value that can be typed, without choices
    no_effect: Callable[[Chat], Sentence | None] = _works  # why it changes nothing in a chat; None: it does

    def choices_in(self, kind: ChatKind, *, public: bool) -> tuple[str, ...]:
        """The values that a chat may choose from, its default first; none where `check` decides."""
        words = self.choices.get(kind, ())
        return tuple(word for word in words if not (public and word in self.in_public))

    def value_in(self, chat: SettingDefaultsContext) -> str:
        """The value that holds in a chat: the chosen one, else the default."""
        value = chat.chosen.get(self.name) or (self.default(chat) if self.default else self.choices[chat.kind][0])
        return self.in_public.get(value, value) if chat.public else value

    def value_named(self, typed: str) -> str:
        """The value that a word means; "" for none: the word may be a number, a time or a zone."""
        plain = plain_name(typed)
        for value, shown in self.values.items():
            words = (value, shown.template, *self.value_names.get(value, "").split())
            if plain in map(plain_name, words):
                return value
        return ""

    def refused(self, value: str, possible: Sentence | str) -> Refused:
        """Returns the error for a value that the setting cannot have."""
        return Refused(
            Sentence("{label} cannot be “{value}”.", {"label": self.label, "value": value}),
            Sentence("Possible: {possible}.", {"possible": possible}),
        )


class ChatSettingRegistry(Mapping[str, ChatSetting]):
    """All declared settings by name, in the order of lists."""

    def __init__(self, *settings: ChatSetting) -> None:
        self._settings: Mapping[str, ChatSetting] = MappingProxyType({one.name: one for one in settings})
        self._names = _typed_names(self._settings)

    def __getitem__(self, name: str) -> ChatSetting:
        return self._settings[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._settings)

    def __len__(self) -> int:
        return len(self._settings)

    @contextmanager
    def also(self, *settings: ChatSetting) -> Iterator[None]:
        """Declares further settings as long as the block runs. For tests, before any chat is read."""
        before = self._settings, self._names
        self._settings = MappingProxyType({**self._settings, **{one.name: one for one in settings}})
        self._names = _typed_names(self._settings)
        try:
            yield
        finally:
            self._settings, self._names = before

    def named(self, typed: str) -> str:
        """The name of the setting that a label or another word means, in any letter case; "" for none."""
        return self._names.get(plain_name(typed), "")

    def nearest(self, typed: str) -> str:
        """The word for a setting that is spelled most like a text; "" for none."""
        return next(iter(get_close_matches(plain_name(typed), list(self._names), n=1)), "")

    def beginning(self, typed: str) -> str:
        """The Chinese word for a setting at the start of a text, which needs no space after it; "" for none."""
        chinese = (word for word in self._names if not word.isascii())
        return max((word for word in chinese if typed.startswith(word)), key=len, default="")


def plain_name(typed: str) -> str:
    """A typed word in the form that is compared: without spaces and dashes, in lower case."""
    return "".join(sign for sign in normalized("NFKC", typed).casefold() if sign not in " -_,，")


def _typed_names(settings: Mapping[str, ChatSetting]) -> Mapping[str, str]:
    return {
        plain_name(word): one.name
        for one in settings.values()
        for word in (one.name, one.label.template, *one.names.split())
    }
