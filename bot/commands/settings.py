"""set, timezone and lang: how settings are shown and changed, and their names as people type them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from bot.commands import asking, cities, phrasing, picking
from bot.commands.context import Callback, Command, CommandContext
from bot.ports import channel
from bot.rendering.queries_in_words import refused
from subscriptions import chat_settings, errors, model, zones
from subscriptions.language import Language
from subscriptions.planning import cadence
from subscriptions.service.subscribing import set_settings
from subscriptions.texts.normal_forms import normalized

ZONE = "timezone"
A_CITY = "Oslo"
_CHOSEN = "✓"
_SIGN = re.compile(r"(?<=^)(?P<name>[^\d:=]+?)\s*[:=]\s*")  # a name of one or several words, and the : or = after it
_SAID = re.compile(r"(?P<name>[^\s:=]+)\s*[:=]?\s*(?P<value>.*)", re.DOTALL)
_SET = frozenset({"set", "设置", "设定"})
_LONGEST_NAME = 4  # words in the name of a setting, such as "who may change it"


def set_(context: CommandContext) -> channel.Reply:
    """Shows all settings; with a name, shows that setting; with a name and a value, changes it."""
    if not context.args:
        return _all_settings(context)
    return _shown_or_changed(context, *_name_and_value(context.args))


def _shown_or_changed(context: CommandContext, name: str, value: str) -> channel.Reply:
    if value:
        return change_setting(context, name, value)
    return _one_setting(context, name)


def lang(context: CommandContext) -> channel.Reply:
    """Changes the language; without arguments, shows the languages as buttons."""
    return _shown_or_changed(context, "lang", context.args)


def timezone(context: CommandContext) -> channel.Reply:
    """Changes the time zone to a city, zone or offset; without arguments, shows cities with their local times."""
    return _shown_or_changed(context, ZONE, cities.place_in(context.args))


def change_setting(context: CommandContext, name: str, value: str) -> channel.Reply:
    """Changes one of SETTINGS. Returns the reply with its old and new value, in the language that is set after the change.

    A zone may be named by its city. If a name is unknown, the refusal has a button with a similar one. Raises Refused.
    """
    if name != ZONE:
        return _change(context, name, value)
    try:
        with context.transaction.savepoint():
            return _change(context, name, zones.zone_of_place(value) or value)
    except errors.Refused as error:
        near = (name for _, name in zones.near_places(value)[:1])
        row = tuple(context.labelled(name, "zone", zone=name) for name in near)
        return replace(refused(error, context.localizer), buttons=(row,))


def store_settings(context: CommandContext, wanted: Mapping[str, str]) -> tuple[model.Chat, Language]:
    """Changes settings. Returns the changed chat, and a localizer for its new language and zone. Raises Refused."""
    after = set_settings(context.transaction, context.chat.address, wanted, now=context.now, who=context.actor)
    reader = after if context.is_about_here else context.origin
    return after, Language(reader.settings.lang, after.settings.timezone, slash=context.localizer.slash)


def on_setting(context: CommandContext) -> channel.Reply:
    """Handles the button of a setting: shows that setting."""
    return _one_setting(context, str(context.arguments["name"]))


def on_set(context: CommandContext) -> channel.Reply:
    """Handles the button of a value: sets that value."""
    return change_setting(context, str(context.arguments["name"]), str(context.arguments["value"]))


def on_zone(context: CommandContext) -> channel.Reply:
    """Handles the button of a city: sets its time zone."""
    return change_setting(context, "timezone", str(context.arguments["zone"]))


def on_zones(context: CommandContext) -> channel.Reply:
    """Handles [another city]: shows cities; any other can be written."""
    asking.expect(context, ZONE)
    return channel.Reply(lines=(_which_clock(context),), buttons=cities.zone_buttons(context))


def _all_settings(context: CommandContext) -> channel.Reply:
    """Returns the reply with all settings, their values and a button for each.

    In a group of people it is short: the values are on the buttons only.
    """
    fixed = fixed_settings(context)
    free = [name for name in chat_settings.SETTINGS if name not in fixed]
    lines = (_head(context), *_lines(context, free, fixed))
    if context.read_by_strangers:
        return channel.Reply(lines=(*lines, context.say("To change one: /set text titles")), names_chat=True)
    labels = {name: phrasing.label_of(name, context.localizer) for name in free}
    if context.read_by_group:
        lines, labels = lines[:1], {name: _setting_line(context, name) for name in free}
    buttons = [context.labelled(label, "setting", name=name) for name, label in labels.items()]
    return channel.Reply(lines=lines, buttons=cities.button_rows(buttons), names_chat=True)


def _head(context: CommandContext) -> str:
    if context.is_about_here:
        return context.say("Settings of this chat:")
    return context.say("Settings of {chat}:", chat=context.chat.name)


def _lines(context: CommandContext, free: Sequence[str], fixed: Sequence[str]) -> Iterator[str]:
    """Yields a line for each setting in `free`, and one with all in `fixed`."""
    yield from (f"· {_setting_line(context, name)}" for name in free)
    always = [
        context.say("{label} ({value})", label=phrasing.label_of(name, context.localizer), value=_value(context, name))
        for name in fixed
    ]
    if always:
        yield context.localizer.joined(context.say("Fixed here:"), " · ".join(always))


def _setting_line(context: CommandContext, name: str) -> str:
    """Returns the label and the value of a setting: "Quiet hours: from 22:00 to 08:00"."""
    return context.say(
        "{label}: {value}", label=phrasing.label_of(name, context.localizer), value=_value(context, name)
    )


def _value(context: CommandContext, name: str) -> str:
    return phrasing.value_words(name, context.chat.settings.value(name), context.localizer)


def fixed_settings(context: CommandContext) -> tuple[str, ...]:
    """Returns the settings that a chat of this kind cannot change."""
    public = context.chat.public
    return tuple(
        name
        for name in chat_settings.SETTINGS
        if len(chat_settings.choices(name, kind=context.chat.kind, public=public)) == 1
    )


def _offered_values(context: CommandContext, name: str) -> tuple[str, ...]:
    """Returns the values that are shown as buttons: all values, or some with the current one; none for the time zone."""
    words = chat_settings.choices(name, kind=context.chat.kind, public=context.chat.public)
    some = chat_settings.SETTINGS[name].offered.get(context.chat.kind, ())
    value = context.chat.settings.value(name)
    if words or not some or value in some:
        return words or some
    return (value, *some)


def _one_setting(context: CommandContext, name: str) -> channel.Reply:
    """Returns the reply about one setting: its value, its meaning, its other values."""
    offered = _offered_values(context, name)
    if len(offered) == 1:
        label, shown = phrasing.label_of(name, context.localizer), _value(context, name)
        return context.reply("{label} is fixed in this kind of chat: {value}.", label=label, value=shown)
    meaning = context.say(chat_settings.SETTINGS[name].meaning)
    lines = [_setting_line(context, name), context.say("({inner})", inner=meaning)]
    buttons = cities.button_rows([_value_button(context, name, option) for option in offered])
    if name == ZONE:
        lines.append(_which_clock(context))
        buttons = cities.zone_buttons(context)
        asking.expect(context, ZONE)
    elif example := chat_settings.SETTINGS[name].example:
        lines.append(context.say("Any other can be written: /set {name} {value}", name=name, value=example))
    elif context.read_by_strangers:
        lines.append(context.say("Possible: /set {name} {values}", name=name, values=" | ".join(offered)))
    back = context.button("all settings", "settings")
    return channel.Reply(lines=tuple(lines), buttons=(*buttons, (back,)))


def _value_button(context: CommandContext, name: str, value: str) -> channel.Button:
    is_short = value.isdigit() or (name == "quiet" and value[:1].isdigit())
    label = value.replace("-", "–") if is_short else phrasing.value_words(name, value, context.localizer)
    chosen = context.chat.settings.value(name)
    return context.labelled(f"{_CHOSEN} {label}" if value == chosen else label, "set", name=name, value=value)


def _which_clock(context: CommandContext) -> str:
    if context.read_by_strangers:
        return context.say("Write a city: /timezone {city}", city=A_CITY)
    return context.say("Which clock is yours? Or write a city: /timezone {city}", city=A_CITY)


def _change(context: CommandContext, name: str, value: str) -> channel.Reply:
    before = context.chat
    after, localizer = store_settings(context, {name: value})
    settings = after.settings
    if name == ZONE:
        asking.drop_question(context, ZONE)
    if before.settings.value(name) == settings.value(name):
        return phrasing.setting_changed(name, before, after, context.localizer)
    reply = phrasing.setting_changed(name, before, after, localizer)
    if name == ZONE:
        clock = cities.local_time(context.now, settings.timezone)
        reply = reply.with_lines(localizer.say("It is {time} there.", time=clock))
    if name == "schedule" and any(str(one.cadence) != settings.schedule for one in picking.subscriptions_here(context)):
        when = phrasing.cadence_words(cadence.parse_cadence(settings.schedule), localizer)
        reply = reply.with_lines(localizer.say("It is for new subscriptions. For all: /schedule {when}", when=when))
    return replace(reply, buttons=replace(context, localizer=localizer).undo_row)


def _name_and_value(text: str) -> tuple[str, str]:
    """Returns (name, typed value) for a text such as "limit 5", "limit=5", "Quiet hours: off" or 免打扰关. Raises Refused."""
    plain = normalized("NFKC", text).strip()
    words = _SIGN.sub(r"\g<name> ", plain, count=1).split()
    for length in range(min(_LONGEST_NAME, len(words)), 1, -1):
        try:
            return chat_settings.setting_name(" ".join(words[:length])), " ".join(words[length:])
        except errors.Refused:  # the name may have fewer words
            continue
    glued = chat_settings.setting_begun(plain)
    if glued:
        return chat_settings.setting_name(glued), plain[len(glued) :].strip(" :=为是")
    said = _SAID.match(plain)
    name, value = (said["name"], said["value"]) if said else (plain, "")
    return chat_settings.setting_name(name), value.strip()


def is_setting(command: str, text: str) -> bool:
    """Returns whether a text is the command set without its slash, with the name and a possible value of a setting."""
    if command.casefold() not in _SET:
        return False
    try:
        name, value = _name_and_value(text)
        chat_settings.check_value(name, zones.zone_of_place(value) or value, kind=model.ChatKind.PRIVATE)
    except errors.Refused:
        return False
    return bool(value)


COMMANDS: tuple[Command, ...] = (
    Command(
        name="set",
        examples=("/set", "/set limit 12", "/set quiet 23:00-07:00"),
        aliases=("settings",),
        run=set_,
        needs_manager=True,
        may_end_right=True,
        shows_without_args=True,
        usage="[NAME VALUE]",
        summary=errors.Sentence("settings of this chat"),
    ),
    Command(
        name="lang",
        examples=("/lang zh", "/lang en"),
        run=lang,
        needs_manager=True,
        shows_without_args=True,
        usage="[en|zh]",
        summary=errors.Sentence("English or Chinese"),
    ),
    Command(
        name="timezone",
        examples=("/timezone Oslo", "/timezone +08:00"),
        aliases=("tz",),
        is_answer=cities.names_a_place,
        run=timezone,
        needs_manager=True,
        shows_without_args=True,
        usage="[CITY]",
        summary=errors.Sentence("your clock, for all times"),
    ),
)

CALLBACKS = {
    "setting": Callback(run=on_setting, needs_manager=True, replaces=True),
    "settings": Callback(run=_all_settings, needs_manager=True, replaces=True),
    "set": Callback(run=on_set, needs_manager=True, may_end_right=True, replaces=True),
    "zone": Callback(run=on_zone, needs_manager=True),
    "zones": Callback(run=on_zones, needs_manager=True),
}
