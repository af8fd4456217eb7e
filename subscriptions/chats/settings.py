"""The settings of chats: their values and their defaults by kind of chat (docs/settings.md).

`SETTINGS` declares each setting once. Commands, lists, help, export, import and the store read this declaration. A new
setting: CONTRIBUTING.md.

The store keeps what a chat chose as text: name in SETTINGS → value in the form that `check_value` returns.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache

from subscriptions import errors, model
from subscriptions.chats.addresses import facts_of
from subscriptions.errors import Refused
from subscriptions.language import LANGUAGES, language_of, translator
from subscriptions.model import ChatKind
from subscriptions.schedule.times import hours_of, read_when
from subscriptions.schedule.zones import zone_name, zone_of_place
from subscriptions.text.forms import normalized

LARGEST_LIMIT = 200  # papers shown in one delivery; a chat that wants more chooses `all`
_COUNTED = re.compile(r"(?P<number>\d{1,9}) ?(?:papers?|篇(?:论文)?)?", re.ASCII)
_SIGN = re.compile(r"^(?P<name>[^\d:=]+?)\s*[:=]\s*")  # a name of one or several words, and the : or = after it
_LONGEST_NAME = 4  # words in the name of a setting, such as "who may change it"


class NotPossible(Exception):
    """Raised for a value that a setting cannot have; `possible` says which values are possible."""

    def __init__(self, possible: errors.Sentence | str) -> None:
        super().__init__(possible)
        self.possible = possible


def checked_limit(value: str) -> str:
    """Return a number from 1 to 200 as text; "all" for 0. Raise NotPossible."""
    counted = _COUNTED.fullmatch(value.casefold())
    number = int(counted["number"]) if counted else -1
    if number == 0:
        return "all"
    if 0 < number <= LARGEST_LIMIT:
        return str(number)
    raise NotPossible(errors.Sentence("a number from 1 to {most}, or all", {"most": LARGEST_LIMIT}))


def checked_schedule(value: str) -> str:
    """Return a typed schedule as the text of a cadence. Raise Refused."""
    when = read_when(value)
    if when.zone:
        raise errors.Refused(
            errors.Sentence("The schedule of a chat goes by the chat's clock, so it takes no place."),
            errors.Sentence("Set the clock by itself: timezone {zone}.", {"zone": when.zone}),
        )
    return str(when.cadence)


def checked_quiet(value: str) -> str:
    """Return two different times of day as text: "22:00-08:00". Raise NotPossible."""
    hours = hours_of(value)
    if hours is None or hours[0] == hours[1]:
        raise NotPossible(errors.Sentence("two times of day such as 22:00-08:00, or off"))
    return f"{hours[0]:%H:%M}-{hours[1]:%H:%M}"


def checked_lang(value: str) -> str:
    """Return "en" or "zh" for any name or code of these two languages. Raise NotPossible."""
    plain = value.casefold()
    if plain in {"zh", "中文", "汉语", "简体中文", "chinese"} or plain.startswith(("zh-", "zh_")):
        return "zh"
    if plain in {"en", "english", "英文", "英语"} or plain.startswith(("en-", "en_")):
        return "en"
    raise NotPossible("English (en), 中文 (zh)")


Choices = dict[model.ChatKind, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingDefaultsContext:
    """The facts about a chat that decide the defaults of its settings, and the settings that it chose."""

    kind: model.ChatKind
    notifies: bool  # messages in the chat alert people
    timezone: str  # the operator's zone, or the zone of the chat's client
    lang: str  # the language code of the chat's client
    public: bool  # strangers can read it
    chosen: Mapping[str, str]  # setting -> value, as the chat chose it


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ChatSetting:
    """A setting of chats, compared by identity.

    Its value is one of `choices`, or, without choices, what `check` accepts.
    """

    name: str  # in /set, exports and the database, so it must never change
    label: errors.Sentence  # the name that people read; they can type it, too
    meaning: errors.Sentence  # what the setting does
    names: str = ""  # further words for the name in any language, separated by spaces
    choices: Choices = field(default_factory=dict)  # by kind of chat, default first; a single choice cannot be changed
    check: Callable[[str], str] = str  # returns the text to store for a typed value. Raises Refused
    default: Callable[[SettingDefaultsContext], str] | None = None  # for settings without choices
    # value that is a word -> the text that people read
    values: Mapping[str, errors.Sentence] = field(default_factory=dict)
    value_names: Mapping[str, str] = field(default_factory=dict)  # value -> further words for it
    in_public: Mapping[str, str] = field(default_factory=dict)  # value -> the value that replaces it in a public chat
    # values on buttons, for settings without choices
    offered: Mapping[model.ChatKind, tuple[str, ...]] = field(default_factory=dict)
    example: str = ""  # a further value that can be typed, for settings without choices

    def choices_in(self, kind: model.ChatKind, *, public: bool) -> tuple[str, ...]:
        """Return the values that a chat may choose from, its default first; () if `check` decides instead."""
        words = self.choices.get(kind, ())
        return tuple(word for word in words if not (public and word in self.in_public))

    def value_in(self, chat: SettingDefaultsContext) -> str:
        """Return the value in effect in a chat: the chosen one, else the default."""
        value = chat.chosen.get(self.name) or (self.default(chat) if self.default else self.choices[chat.kind][0])
        if chat.public:
            return self.in_public.get(value, value)
        return value

    def value_named(self, typed: str) -> str:
        """Return the value that a typed word names; "" for other words, such as numbers, times and zones."""
        plain = plain_name(typed)
        for value, shown in self.values.items():
            words = (value, *_in_each_language(shown), *self.value_names.get(value, "").split())
            if plain in map(plain_name, words):
                return value
        return ""

    def refused(self, value: str, possible: errors.Sentence | str) -> errors.Refused:
        """Return the error that says that the setting cannot have `value`, and what is possible."""
        return errors.Refused(
            errors.Sentence("{label} cannot be “{value}”.", {"label": self.label, "value": value}),
            errors.Sentence("Possible: {possible}.", {"possible": possible}),
        )


def plain_name(typed: str) -> str:
    """Return a typed word as it is compared with names: lower case, without spaces, dashes, underscores and commas."""
    return "".join(sign for sign in normalized("NFKC", typed).casefold() if sign not in " -_,，")


def _in_each_language(shown: errors.Sentence) -> list[str]:
    return [translator(code)(shown.template) for code in LANGUAGES]


_ON, _OFF = "on yes true 开", "off no none never false 0 无 关 关闭"  # words for values that switch
_HOURS = "when-out 08:00-20:00"
_OFFICE_HOURS = "when-out 09:00-18:00 weekdays"
_TIMES = ("daily 09:00", "weekdays 09:00", "weekly mon 09:00", "now")
_NIGHT = "22:00-08:00"
_LIMITS = {
    model.ChatKind.PRIVATE: "20",
    model.ChatKind.GROUP: "12",
    model.ChatKind.BROADCAST: "all",
    model.ChatKind.TEAM: "12",
}


def _by_kind(private: str, group: str, broadcast: str, team: str) -> Choices:
    columns = zip(model.ChatKind, (private, group, broadcast, team), strict=True)
    return {kind: tuple(words.split()) for kind, words in columns}


def _everywhere(words: str) -> Choices:
    return _by_kind(words, words, words, words)


def _offered(*values: str) -> Choices:
    return dict.fromkeys(model.ChatKind, values)


def _default_schedule(chat: SettingDefaultsContext) -> str:
    if not chat.notifies:
        return "now"
    if chat.kind is model.ChatKind.TEAM:
        return _OFFICE_HOURS
    return _HOURS


def _default_limit(chat: SettingDefaultsContext) -> str:
    """Return the default of this kind of chat, or "all" if no button opens the papers beyond a limit."""
    shows_rest = chat.notifies and BUTTONS.value_in(chat) == "full"
    return _LIMITS[chat.kind] if shows_rest else "all"


BUTTONS = ChatSetting(
    name="buttons",
    label=errors.Sentence("Buttons"),
    meaning=errors.Sentence("what is shown under a delivery"),
    choices=_by_kind("full off", "full link off", "link off", "full off"),
    values={
        "full": errors.Sentence("all buttons"),
        "link": errors.Sentence("one link"),
        "off": errors.Sentence("none"),
    },
    value_names={"full": f"{_ON} all", "off": _OFF},
    in_public={"full": "link"},
)
_DECLARED = (
    ChatSetting(
        name="schedule",
        label=errors.Sentence("Schedule"),
        meaning=errors.Sentence("when a subscription comes that has no time of its own"),
        names="time",
        check=checked_schedule,
        default=_default_schedule,
        offered=_offered(_HOURS, *_TIMES) | {model.ChatKind.TEAM: (_OFFICE_HOURS, *_TIMES)},
        example="weekdays 8:30",
    ),
    ChatSetting(
        name="timezone",
        label=errors.Sentence("Time zone"),
        meaning=errors.Sentence("the clock that all times here go by"),
        names="tz zone",
        check=zone_name,
        default=lambda chat: chat.timezone,
    ),
    ChatSetting(
        name="lang",
        label=errors.Sentence("Language"),
        meaning=errors.Sentence("the language I speak, and that of the summaries I prefer"),
        names="language",
        check=checked_lang,
        default=lambda chat: language_of(chat.lang),
        offered=_offered("en", "zh"),
    ),
    ChatSetting(
        name="text",
        label=errors.Sentence("Text"),
        meaning=errors.Sentence(
            "the text below a title, or title and summary in your language above the original title"
        ),
        choices=_everywhere("summary abstract titles both"),
        values={
            "summary": errors.Sentence("summary"),
            "abstract": errors.Sentence("abstract"),
            "titles": errors.Sentence("titles only"),
            "both": errors.Sentence("both languages"),
        },
        value_names={
            "titles": "标题 只有标题",
            "both": "bilingual 双语",
        },
    ),
    ChatSetting(
        name="limit",
        label=errors.Sentence("Papers shown"),
        meaning=errors.Sentence("how many papers a delivery shows; a button shows the others"),
        names="papers max 篇数",
        check=checked_limit,
        default=_default_limit,
        values={"all": errors.Sentence("all papers")},
        value_names={"all": f"{_OFF} 全部 不限"},
        offered=_offered("5", "12", "20", "50", "all"),
        example="30",
    ),
    ChatSetting(
        name="quiet",
        label=errors.Sentence("Quiet hours"),
        meaning=errors.Sentence("the hours in which subscriptions with “now” wait"),
        names="免打扰时段",
        check=checked_quiet,
        default=lambda chat: _NIGHT if chat.notifies else "off",
        values={"off": errors.Sentence("off")},
        value_names={"off": _OFF},
        offered=_offered(_NIGHT, "23:00-07:00", "20:00-09:00", "off"),
        example="21:30-07:00",
    ),
    ChatSetting(
        name="shape",
        label=errors.Sentence("Layout"),
        meaning=errors.Sentence("one message for all papers, or one for each"),
        choices=_by_kind("digest", "digest", "digest each", "thread digest each"),
        values={
            "digest": errors.Sentence("one digest"),
            "each": errors.Sentence("a message for each paper"),
            "thread": errors.Sentence("one line, papers in its thread"),
        },
        value_names={"digest": "合并", "each": "每篇一条"},
    ),
    ChatSetting(
        name="crosslists",
        label=errors.Sentence("Cross-lists"),
        meaning=errors.Sentence("whether papers come that are only cross-listed"),
        names="crosslist",
        choices=_everywhere("in out"),
        values={"in": errors.Sentence("included"), "out": errors.Sentence("left out")},
        value_names={"in": _ON, "out": _OFF},
    ),
    ChatSetting(
        name="updates",
        label=errors.Sentence("News of kept papers"),
        meaning=errors.Sentence(
            "what I tell of papers that were saved or liked here: new versions, articles, retractions"
        ),
        names="update news keptpapers 更新 论文更新 新消息",
        choices=_by_kind("on grave off", "on grave off", "on", "on grave off"),
        values={
            "on": errors.Sentence("all"),
            "grave": errors.Sentence("retractions, withdrawals and concerns"),
            "off": errors.Sentence("none"),
        },
        value_names={"on": _ON, "grave": "serious retractions 重大 撤稿 仅撤稿", "off": _OFF},
    ),
    BUTTONS,
    ChatSetting(
        name="quietday",
        label=errors.Sentence("Empty days"),
        meaning=errors.Sentence("whether I say so on a day without papers"),
        names="quietdaynote",
        choices=_everywhere("off on"),
        values={"on": errors.Sentence("a short note"), "off": errors.Sentence("silence")},
        value_names={"on": _ON, "off": _OFF},
    ),
    ChatSetting(
        name="manage",
        label=errors.Sentence("Who may change it"),
        meaning=errors.Sentence("who may change what this chat wants"),
        choices=_by_kind("person", "admins members", "admins", "members admins"),
        values={
            "person": errors.Sentence("you"),
            "admins": errors.Sentence("admins"),
            "members": errors.Sentence("all members"),
        },
        value_names={"person": "me", "admins": "admin", "members": "everybody"},
    ),
)
SETTINGS = {one.name: one for one in _DECLARED}
"""All settings by name, in the order of lists."""


def setting_name(typed: str) -> str:
    """Return the name in SETTINGS for a typed name, label or other word of a setting, in any letter case.

    Raise Refused if there is no such setting.
    """
    names, plain = _typed_names(), plain_name(typed)
    if plain in names:
        return names[plain]
    near = get_close_matches(plain, list(names), n=1)
    known = errors.Sentence("There are: {names}.", {"names": errors.listed(one.label for one in SETTINGS.values())})
    hint = errors.Sentence("Did you mean {name}? {known}", {"name": near[0], "known": known}) if near else known
    raise errors.Refused(errors.Sentence("There is no setting “{name}”.", {"name": typed.strip()}), hint)


def setting_begun(typed: str) -> str:
    """Return the longest Chinese word for a setting at the start of a text, or "". No space has to follow the word."""
    chinese = (word for word in _typed_names() if not word.isascii())
    return max((word for word in chinese if typed.startswith(word)), key=len, default="")


@cache
def _typed_names() -> Mapping[str, str]:
    """Return word -> name of the setting, for each word that names a setting."""
    words = ((one.name, (one.name, *_in_each_language(one.label), *one.names.split())) for one in SETTINGS.values())
    return {plain_name(word): name for name, names in words for word in names}


def check_value(name: str, value: str, *, kind: model.ChatKind, public: bool = False) -> str:
    """Return the text to store when a chat of that kind chooses `value` for the setting `name` of SETTINGS.

    Other words for a value count, too: "none" is "off". Raise Refused, which says what is possible.
    """
    setting, plain = SETTINGS[name], " ".join(normalized("NFKC", value).split())
    words = setting.choices_in(kind, public=public)
    meant = setting.value_named(plain)
    try:
        if meant in words or not setting.choices:
            return meant or setting.check(plain)
    except NotPossible as error:
        raise setting.refused(plain, error.possible) from error
    if len(words) == 1:
        fixed = {"label": setting.label, "value": setting.values[words[0]]}
        raise errors.Refused(errors.Sentence("{label} is fixed in this kind of chat: {value}.", fixed))
    raise setting.refused(plain.casefold(), errors.listed([setting.values[word] for word in words]))


def resolve(
    kind: model.ChatKind, platform: str, chosen: Mapping[str, str], *, timezone: str, lang: str, public: bool = False
) -> model.ChatSettings:
    """Return the settings in effect in a chat: what it chose, else the defaults of its kind.

    `chosen` holds values as `check_value` returned them. `timezone` and `lang` (any language code of a client) are used
    if the chat chose none. `public` says that strangers can read the chat: some values are replaced there.
    """
    notifies = facts_of(platform).notifies
    chat = SettingDefaultsContext(
        kind=kind, notifies=notifies, timezone=timezone, lang=lang, public=public, chosen=chosen
    )  # fmt: skip
    values = {name: setting.value_in(chat) for name, setting in SETTINGS.items()}
    limit = values.pop("limit")
    return model.ChatSettings(limit=None if limit == "all" else int(limit), **values)


def name_and_value(text: str) -> tuple[str, str]:
    """Return (name, typed value) for a text such as "limit 5", "limit=5", "Quiet hours: off" or 免打扰关.

    Raise Refused.
    """
    plain = normalized("NFKC", text).strip()
    words = _SIGN.sub(r"\g<name> ", plain).split()
    for length in range(min(_LONGEST_NAME, len(words)), 0, -1):
        try:
            return setting_name(" ".join(words[:length])), " ".join(words[length:])
        except Refused:  # the name may have fewer words
            continue
    if glued := setting_begun(plain):
        return setting_name(glued), plain[len(glued) :].strip(" :=为是")
    return setting_name(words[0] if words else plain), ""


def is_setting(text: str) -> bool:
    """Return whether a text has the name and a possible value of a setting."""
    try:
        name, value = name_and_value(text)
        check_value(name, zone_of_place(value) or value, kind=ChatKind.PRIVATE)
    except Refused:
        return False
    return bool(value)
