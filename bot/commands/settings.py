"""set, timezone, lang and the form of all settings."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from bot.commands import asking, typed_times
from bot.commands.context import Callback, Command, CommandContext
from bot.commands.phrasing import Localizer, refused, setting_words
from bot.commands.subscription_form import problem
from bot.ports.channel import Button, Buttons, FormField, Modal, Option, Reply
from subscriptions.chat_settings import SETTINGS, check_value, choices, setting_name, without_effect
from subscriptions.errors import Refused, Sentence
from subscriptions.model import Chat, ChatSettings
from subscriptions.planning.cadence import cadence_text, parse_cadence
from subscriptions.planning.times import NoSuchTime
from subscriptions.service.amendments import set_settings
from subscriptions.service.notices import name_of
from subscriptions.text import normalized
from subscriptions.zones import near_places, zone_of_place


def on_settings_form(context: CommandContext) -> Reply:
    """Handles [all in one form]; while it is filled in, the form as it is so far."""
    modal = Modal(
        title=context.say("Settings"),
        submit_label=context.say("Save"),
        close_label=context.say("Cancel"),
        fields=tuple(_field(context, name) for name in _free(context)),
        verb="send-settings",
        fallback=context.say(
            "If no form has opened, try once more, or write it: {command}", command="/set text titles"
        ),
    )
    return Reply(modal=modal)


def on_submit_settings(context: CommandContext) -> Reply:
    """Applies the changes of the form, or returns errors by field."""
    before, wanted, problems = context.chat, _wanted(context), {}
    for name, value in wanted.items():
        try:
            check_value(name, value, kind=before.kind, public=before.public)
        except Refused as error:
            problems[name] = problem(context, error)
    if problems:
        return Reply(form_errors=problems)
    if not wanted:
        return Reply(lines=(context.say("All settings are as they were."),))
    after, localizer = _stored(context, wanted)
    lines = [line for name in wanted for line in setting_words.setting_changed(name, before, after, localizer).lines]
    return Reply(lines=tuple(lines), ok=True, buttons=asking.undo_row(replace(context, localizer=localizer)))


def _stored(context: CommandContext, wanted: Mapping[str, str]) -> tuple[Chat, Localizer]:
    """Changes settings. Returns the chat, and the localizer that applies after the change. Raises Refused."""
    after = set_settings(context.store, context.chat.address, wanted, now=context.now, who=context.actor)
    own = context.chat.address == context.origin.address
    language = after.settings.lang if own else context.origin.settings.lang
    return after, context.localizer.speaking(language, after.settings.timezone)


def _free(context: CommandContext) -> tuple[str, ...]:
    """Returns the settings that this chat can change with an effect."""
    left_out = {*without_effect(context.chat), *_fixed(context)}
    return tuple(name for name in SETTINGS if name not in left_out)


def _field(context: CommandContext, name: str) -> FormField:
    kept, options = setting_words.value_of(context.chat.settings, name), _options(context, name)
    value = context.form_values.get(name, kept)
    return FormField(
        name=name,
        label=setting_words.label_of(name, context.localizer),
        value=value if not options or value in {option.value for option in options} else kept,
        hint=SETTINGS[name].meaning.say(context.localizer.translate),
        options=options,
    )


def _options(context: CommandContext, name: str) -> tuple[Option, ...]:
    """Returns the values to choose from, the current one among them; none if it has to be written."""
    if name == ZONE:
        return typed_times.zone_options(context, setting_words.value_of(context.chat.settings, name))
    return tuple(
        Option(value=one, label=setting_words.value_words(name, one, context.localizer))
        for one in _offered(context, name)
    )


def _wanted(context: CommandContext) -> dict[str, str]:
    """Returns the values in the form that differ from those of the chat. Platforms may send any value."""
    settings = context.chat.settings
    typed = {name: context.form_values.get(name, "").strip() for name in _free(context)}
    return {name: value for name, value in typed.items() if value and value != setting_words.value_of(settings, name)}


# ------------------------------------------------------------------------------------------------- set, lang, timezone


ZONE = "timezone"
A_CITY = "Oslo"
_CHOSEN = "✓"
_SIGN = re.compile(r"(?<=^)(?P<name>[^\d:=]+?)\s*[:=]\s*")  # a name of several words, and the colon or = after it
_SAID = re.compile(r"(?P<name>[^\s:=]+)\s*[:=]?\s*(?P<value>.*)", re.DOTALL)
_LONGEST_NAME = 4  # words, such as "who may change it"


def set_(context: CommandContext) -> Reply:
    """Shows all settings; with a name shows its values; with a name and a value changes it."""
    if not context.args:
        return _all_settings(context)
    if context.args == "form" and context.request.trigger_id:
        return on_settings_form(context)
    name, value = _name_and_value(context.args)
    return change_setting(context, name, value) if value else _one_setting(context, name)


def lang(context: CommandContext) -> Reply:
    """Changes the language; without arguments shows the languages as buttons."""
    return change_setting(context, "lang", context.args) if context.args else _one_setting(context, "lang")


def timezone(context: CommandContext) -> Reply:
    """Changes the time zone to a city, zone or offset; without arguments shows cities with their local time."""
    return change_setting(context, "timezone", context.args) if context.args else _one_setting(context, "timezone")


def change_setting(context: CommandContext, name: str, value: str) -> Reply:
    """Changes one of SETTINGS and says its former value. The reply is in the language that applies after the change.

    A zone may be named by its city; a name that is nearly right is offered as a button. Raises Refused.
    """
    if name == "schedule":
        return _change_schedule(context, value)
    if name != "timezone":
        return _change(context, name, value)
    try:
        with context.store.savepoint():
            return _change(context, name, zone_of_place(value) or value)
    except Refused as error:
        near = [Button(label=name, verb="zone", arguments={"zone": name}) for _, name in near_places(value)[:1]]
        return replace(
            refused(error, context.localizer), buttons=asking.shown_buttons(context, (tuple(near),) if near else ())
        )


def on_setting(context: CommandContext) -> Reply:
    """Handles a setting that was picked from the list."""
    return _one_setting(context, str(context.arguments["name"]))


def on_set(context: CommandContext) -> Reply:
    """Handles a value that was picked."""
    return change_setting(context, str(context.arguments["name"]), str(context.arguments["value"]))


def on_zone(context: CommandContext) -> Reply:
    """Handles a city that was picked."""
    return replace(
        change_setting(context, "timezone", str(context.arguments["zone"])),
        replaces=bool(context.arguments.get("replaces")),
    )


def on_zones(context: CommandContext) -> Reply:
    """Handles [more] and [another city]: shows other cities. The first page stays above; further pages replace each other."""
    buttons = typed_times.zone_buttons(context, int(context.arguments["page"]), replaces=True)
    return Reply(lines=(_which_clock(context),), buttons=buttons, replaces=bool(context.arguments.get("replaces")))


# ------------------------------------------------------------------------------------------------------------- showing


def _all_settings(context: CommandContext) -> Reply:
    """Returns all settings with their values; in a group the values are on the buttons to keep it short."""
    localizer, fixed = context.localizer, _fixed(context)
    own = context.chat.address == context.origin.address
    head = (
        context.say("Settings of this chat:") if own else context.say("Settings of {chat}:", chat=name_of(context.chat))
    )
    free = [name for name in SETTINGS if name not in fixed]
    if context.read_by_group and not context.read_by_strangers:
        return Reply(
            lines=(head,),
            buttons=_setting_buttons({name: _setting_line(context, name) for name in free}),
            names_chat=True,
        )
    lines = (head, *_lines(context, free, fixed))
    if context.read_by_strangers:
        return Reply(lines=(*lines, context.say("To change one: /set text titles")), names_chat=True)
    buttons = _setting_buttons({name: setting_words.label_of(name, localizer) for name in free})
    form = Button(label=context.say("all in one form"), verb="settings-form")
    if context.request.trigger_id:  # the platform has forms
        buttons = ((form,), *buttons)
    return Reply(lines=lines, buttons=buttons, names_chat=True)


def _lines(context: CommandContext, free: Sequence[str], fixed: Sequence[str]) -> Iterator[str]:
    """Yields a line for each setting that can be changed and has an effect, then the fixed ones, then those without effect."""
    idle = [name for name in free if name in without_effect(context.chat)]
    yield from (f"· {_setting_line(context, name)}" for name in free if name not in idle)
    always = [
        context.say(
            "{label} ({value})", label=setting_words.label_of(name, context.localizer), value=_value(context, name)
        )
        for name in fixed
    ]
    for before, said in (
        (context.say("Fixed here:"), always),
        (context.say("Without effect here:"), [setting_words.label_of(name, context.localizer) for name in idle]),
    ):
        if said:
            yield context.say("{sentence} {next}", sentence=before, next=" · ".join(said))


def _setting_line(context: CommandContext, name: str) -> str:
    """Returns a setting with its value: "Quiet hours: from 22:00 to 08:00"."""
    return context.say(
        "{label}: {value}", label=setting_words.label_of(name, context.localizer), value=_value(context, name)
    )


def _value(context: CommandContext, name: str) -> str:
    return setting_words.value_words(name, setting_words.value_of(context.chat.settings, name), context.localizer)


def _fixed(context: CommandContext) -> tuple[str, ...]:
    """Returns the settings that a chat of this kind cannot change."""
    public = context.chat.public
    return tuple(name for name in SETTINGS if len(choices(name, kind=context.chat.kind, public=public)) == 1)


def _setting_buttons(labels: Mapping[str, str]) -> Buttons:
    return typed_times.button_rows(
        [Button(label=label, verb="setting", arguments={"name": name}) for name, label in labels.items()]
    )


def _one_setting(context: CommandContext, name: str) -> Reply:
    """Returns one setting: its value, its meaning, its other values."""
    localizer, value = context.localizer, setting_words.value_of(context.chat.settings, name)
    offered, idle = _offered(context, name), without_effect(context.chat).get(name)
    if len(offered) == 1:
        label, shown = setting_words.label_of(name, localizer), _value(context, name)
        return Reply(lines=(context.say("{label} is fixed in this kind of chat: {value}.", label=label, value=shown),))
    lines = [
        _setting_line(context, name),
        context.say("({inner})", inner=SETTINGS[name].meaning.say(localizer.translate)),
    ]
    if idle:
        lines.append(context.say("It has no effect here. {why}", why=idle.say(localizer.translate)))
    if name == "timezone":
        lines.append(_which_clock(context))
    elif example := SETTINGS[name].example:
        lines.append(context.say("Any other can be written: /set {name} {value}", name=name, value=example))
    elif context.read_by_strangers:
        lines.append(context.say("Possible: /set {name} {values}", name=name, values=" | ".join(offered)))
    if name == "timezone":
        buttons = typed_times.zone_buttons(context, replaces=True)
    else:
        buttons = typed_times.button_rows(
            [_value_button(context, name, option, chosen=option == value) for option in offered]
        )
    asking.expect_answer(context, "answer-zone" if name == ZONE else "answer-value", {"name": name})
    back = Button(label=context.say("all settings"), verb="settings")
    return Reply(lines=tuple(lines), buttons=asking.shown_buttons(context, (*buttons, (back,))))


def _offered(context: CommandContext, name: str) -> tuple[str, ...]:
    """Returns the values that have buttons: all, or some with the current one; none for the time zone."""
    words = choices(name, kind=context.chat.kind, public=context.chat.public)
    some = SETTINGS[name].offered.get(context.chat.kind, ())
    if words or not some:
        return words
    value = setting_words.value_of(context.chat.settings, name)
    return some if value in some else (value, *some)


def _value_button(context: CommandContext, name: str, value: str, *, chosen: bool) -> Button:
    short = value.isdigit() or (name == "quiet" and value[:1].isdigit())
    label = value.replace("-", "–") if short else setting_words.value_words(name, value, context.localizer)
    return Button(label=f"{_CHOSEN} {label}" if chosen else label, verb="set", arguments={"name": name, "value": value})


def _which_clock(context: CommandContext) -> str:
    if context.read_by_strangers:
        return context.say("Write a city: /timezone {city}", city=A_CITY)
    return context.say("Which clock is yours? Or write a city: /timezone {city}", city=A_CITY)


# ------------------------------------------------------------------------------------------------------------ changing


def _change(context: CommandContext, name: str, value: str) -> Reply:
    before = context.chat
    after, localizer = _stored(context, {name: value})
    settings = after.settings
    if setting_words.value_of(before.settings, name) == setting_words.value_of(settings, name):
        return setting_words.setting_changed(name, before, after, context.localizer)
    reply = setting_words.setting_changed(name, before, after, localizer)
    if name == ZONE:
        asking.drop_question(context, "answer-zone")
        clock = typed_times.local_time(context.now, settings.timezone)
        reply = replace(reply, lines=(*reply.lines, localizer.say("It is {time} there.", time=clock)))
    lines = (*reply.lines, *_side_notes(context, name, settings, localizer))
    return replace(reply, lines=lines, buttons=asking.undo_row(replace(context, localizer=localizer)))


def _side_notes(context: CommandContext, name: str, settings: ChatSettings, localizer: Localizer) -> list[str]:
    """Returns notes on effects that a person may expect but the setting does not have."""
    if name not in ("schedule", "quiet"):
        return []
    subscriptions = [one.subscription for one in asking.listed_here(context)]
    if name == "schedule" and any(
        cadence_text(subscription.cadence) != settings.schedule for subscription in subscriptions
    ):
        when = setting_words.cadence_words(parse_cadence(settings.schedule), localizer)
        return [localizer.say("It is for new subscriptions. For all: /schedule {when}", when=when)]
    if (
        name == "quiet"
        and settings.quiet != "off"
        and subscriptions
        and all(subscription.cadence.kind != "now" for subscription in subscriptions)
    ):
        return [localizer.say("Only subscriptions with “now” wait in these hours, and there is none here.")]
    return []


def _change_schedule(context: CommandContext, value: str) -> Reply:
    try:
        with context.store.savepoint():
            return _change(context, "schedule", value)
    except NoSuchTime as error:
        button = Button(label="", verb="set", arguments={"name": "schedule"})
        return typed_times.time_refused_with_nearest(context, error, button, argument="value")


def _name_and_value(text: str) -> tuple[str, str]:
    """Returns (name of SETTINGS, typed value) of a text like "limit 5", "limit=5", "Quiet hours: off", 免打扰关. Raises Refused."""
    plain = normalized("NFKC", text).strip()
    words = _SIGN.sub(r"\g<name> ", plain, count=1).split()
    for length in range(min(_LONGEST_NAME, len(words)), 1, -1):
        try:
            return setting_name(" ".join(words[:length])), " ".join(words[length:])
        except Refused:  # the name is shorter
            continue
    glued = SETTINGS.beginning(plain)
    if glued:
        return setting_name(glued), plain[len(glued) :].strip(" :=为是")
    said = _SAID.match(plain)
    name, value = (said["name"], said["value"]) if said else (plain, "")
    return setting_name(name), value.strip()


CALLBACKS = {
    "settings-form": Callback(run=on_settings_form, needs_manager=True),
    "send-settings": Callback(run=on_submit_settings, needs_manager=True, show_form=on_settings_form),
    "setting": Callback(run=on_setting, needs_manager=True, replaces=True),
    "settings": Callback(run=_all_settings, needs_manager=True, replaces=True),
    "set": Callback(run=on_set, needs_manager=True, replaces=True),
    "zone": Callback(run=on_zone, needs_manager=True),
    "zones": Callback(run=on_zones, needs_manager=True),
}

COMMANDS: tuple[Command, ...] = (
    Command(
        name="set",
        aliases=("settings", "preferences"),
        run=set_,
        needs_manager=True,
        shows_without_args=True,
        usage="[NAME VALUE]",
        summary=Sentence("settings of this chat"),
    ),
    Command(
        name="lang",
        run=lang,
        needs_manager=True,
        shows_without_args=True,
        usage="[en|zh]",
        summary=Sentence("English or Chinese"),
    ),
    Command(
        name="timezone",
        aliases=("tz",),
        run=timezone,
        needs_manager=True,
        shows_without_args=True,
        usage="[CITY]",
        summary=Sentence("your clock, for all times"),
    ),
)
