"""The form that shows all settings of a chat; which settings are fixed there, and which values are offered as buttons."""

from collections.abc import Mapping
from dataclasses import replace

from bot.commands import cities, phrasing
from bot.commands.context import Callback, CommandContext
from bot.commands.subscription_form import in_words, problem, shown
from bot.ports import channel
from bot.rendering.language import Language
from subscriptions import chat_settings, errors, model
from subscriptions.service.amendments import set_settings


def on_settings_form(context: CommandContext) -> channel.Reply:
    """Handles [all in one form]: opens the form; while it is being filled in, returns it with the values so far."""
    modal = channel.Modal(
        title=context.say("Settings"),
        submit_label=context.say("Save"),
        close_label=context.say("Cancel"),
        fields=tuple(_field(context, name) for name in _free(context)),
        verb="send-settings",
        fallback=in_words(context, "/set text titles"),
    )
    return shown(context, modal)


def on_submit_settings(context: CommandContext) -> channel.Reply:
    """Applies the changes in the submitted form, or returns the errors by field."""
    before, wanted, problems = context.chat, _wanted(context), {}
    for name, value in wanted.items():
        try:
            chat_settings.check_value(name, value, kind=before.kind, public=before.public)
        except errors.Refused as error:
            problems[name] = problem(context, error)
    if problems:
        return channel.Reply(form_errors=problems)
    if not wanted:
        return context.reply("All settings are as they were.")
    after, localizer = store_settings(context, wanted)
    lines = [line for name in wanted for line in phrasing.setting_changed(name, before, after, localizer).lines]
    return context.done(*lines, buttons=replace(context, localizer=localizer).undo_row)


def store_settings(context: CommandContext, wanted: Mapping[str, str]) -> tuple[model.Chat, Language]:
    """Changes settings. Returns the changed chat, and a localizer for its new language and zone. Raises Refused."""
    after = set_settings(context.transaction, context.chat.address, wanted, now=context.now, who=context.actor)
    reader = after if context.is_about_here else context.origin
    return after, Language(reader.settings.lang, after.settings.timezone)


def _free(context: CommandContext) -> tuple[str, ...]:
    """Returns the settings that this chat can change and that have an effect in it."""
    left_out = {*chat_settings.without_effect(context.chat), *fixed_settings(context)}
    return tuple(name for name in chat_settings.SETTINGS if name not in left_out)


def _field(context: CommandContext, name: str) -> channel.FormField:
    return channel.FormField(
        name=name,
        label=phrasing.label_of(name, context.localizer),
        value=context.chat.settings.value(name),
        hint=context.say(chat_settings.SETTINGS[name].meaning),
        options=_options(context, name),
    )


def _options(context: CommandContext, name: str) -> tuple[channel.Option, ...]:
    """Returns the values to choose from, with the current one; none if a value must be typed."""
    if name == ZONE:
        return cities.zone_options(context, context.chat.settings.value(name))
    return tuple(
        channel.Option(value=one, label=phrasing.value_words(name, one, context.localizer))
        for one in offered_values(context, name)
    )


def _wanted(context: CommandContext) -> dict[str, str]:
    """Returns the values in the form that differ from those of the chat; unchecked, since platforms may send any value."""
    settings = context.chat.settings
    typed = {name: context.form_values.get(name, "").strip() for name in _free(context)}
    return {name: value for name, value in typed.items() if value and value != settings.value(name)}


ZONE = "timezone"


def fixed_settings(context: CommandContext) -> tuple[str, ...]:
    """Returns the settings that a chat of this kind cannot change."""
    public = context.chat.public
    return tuple(
        name
        for name in chat_settings.SETTINGS
        if len(chat_settings.choices(name, kind=context.chat.kind, public=public)) == 1
    )


def offered_values(context: CommandContext, name: str) -> tuple[str, ...]:
    """Returns the values that are shown as buttons: all values, or some with the current one; none for the time zone."""
    words = chat_settings.choices(name, kind=context.chat.kind, public=context.chat.public)
    some = chat_settings.SETTINGS[name].offered.get(context.chat.kind, ())
    if words or not some:
        return words
    value = context.chat.settings.value(name)
    if value in some:
        return some
    return (value, *some)


CALLBACKS = {
    "settings-form": Callback(run=on_settings_form, needs_manager=True),
    "send-settings": Callback(run=on_submit_settings, needs_manager=True, show_form=on_settings_form),
}
