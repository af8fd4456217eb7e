"""The settings of chats: which there are, what a chat may choose, and the values in effect (docs/settings.md).

- `declared.py`: SETTINGS, each setting once
- `setting.py`: what a setting is, how its name and its values are typed, and checks of times, numbers and languages

Chosen values are stored as text, in the form that `check_value` returns, under the names of SETTINGS.
"""

from collections.abc import Mapping
from dataclasses import fields

from subscriptions.addresses import facts_of
from subscriptions.chat_settings.declared import SETTINGS as SETTINGS
from subscriptions.chat_settings.setting import LARGEST_LIMIT as LARGEST_LIMIT
from subscriptions.chat_settings.setting import ChatSetting as ChatSetting
from subscriptions.chat_settings.setting import NotPossible, SettingDefaultsContext
from subscriptions.chat_settings.setting import language as language
from subscriptions.errors import Refused, Sentence, listed
from subscriptions.model import Chat, ChatKind, ChatSettings
from subscriptions.text import normalized

_READ_AS_FIELDS = frozenset(field.name for field in fields(ChatSettings)) - {"limit", "others"}


def setting_name(typed: str) -> str:
    """The name in SETTINGS of a setting that was typed by name or label, in any letter case. Raises Refused."""
    if name := SETTINGS.named(typed):
        return name
    near = SETTINGS.nearest(typed)
    known = Sentence("There are: {names}.", {"names": listed(one.label for one in SETTINGS.values())})
    hint = Sentence("Did you mean {name}? {known}", {"name": near, "known": known}) if near else known
    raise Refused(Sentence("There is no setting “{name}”.", {"name": typed.strip()}), hint)


def check_value(name: str, value: str, *, kind: ChatKind, public: bool = False) -> str:
    """The text to store when a chat of that kind chooses `value` for the setting `name` of SETTINGS.

    Off, none, all and the like switch a setting off where it can be off. Raises Refused with what is possible.
    """
    setting, plain = SETTINGS[name], " ".join(normalized("NFKC", value).split())
    if setting.choices:
        return _checked_choice(setting, plain.casefold(), setting.choices_in(kind, public=public))
    try:
        return setting.value_named(plain) or setting.check(plain)
    except NotPossible as error:
        raise setting.refused(plain, error.possible) from error


def choices(name: str, *, kind: ChatKind, public: bool = False) -> tuple[str, ...]:
    """The words that a chat of that kind may choose from, its default first; () if a check decides instead."""
    return SETTINGS[name].choices_in(kind, public=public)


def resolve(
    kind: ChatKind, platform: str, chosen: Mapping[str, str], *, timezone: str, lang: str, public: bool = False
) -> ChatSettings:
    """The settings in effect in a chat: what it chose, else the defaults of its kind.

    `chosen` holds values as `check_value` returned them. `timezone` (the operator's) and `lang` (any language code, of
    the client) are in effect where the chat chose none. `public`: a group that strangers can read, where anyone could
    press buttons.
    """
    notifies = facts_of(platform).notifies
    chat = SettingDefaultsContext(
        kind=kind, notifies=notifies, timezone=timezone, lang=lang, public=public, chosen=chosen
    )  # fmt: skip
    values = {name: setting.value_in(chat) for name, setting in SETTINGS.items()}
    limit = values.pop("limit")
    return ChatSettings(
        limit=None if limit == "all" else int(limit),
        others=tuple((name, value) for name, value in values.items() if name not in _READ_AS_FIELDS),
        **{name: value for name, value in values.items() if name in _READ_AS_FIELDS},
    )


def without_effect(chat: Chat) -> dict[str, Sentence]:
    """Name of a setting → why it changes nothing in this chat; without settings that its kind of chat cannot choose."""
    return {name: why for name, setting in SETTINGS.items() if (why := setting.no_effect(chat))}


def _checked_choice(setting: ChatSetting, value: str, words: tuple[str, ...]) -> str:
    if value in words:
        return value
    meant = setting.value_named(value)
    if meant in words:
        return meant
    if len(words) == 1:
        fixed = {"label": setting.label, "value": setting.values[words[0]]}
        raise Refused(Sentence("{label} is fixed in this kind of chat: {value}.", fixed))
    raise setting.refused(value, listed([setting.values[word] for word in words]))
