"""The form of a chat's settings, on platforms that have forms: all that the chat can change, and one change for [undo]."""

from dataclasses import replace

from bot.commands.core.context import Callback, Command, CommandContext
from bot.commands.core.picking import undo_row
from bot.commands.core.zone_buttons import zone_options
from bot.commands.phrasing.setting_words import label_of, setting_changed, value_of, value_words
from bot.ports.reply import Button, FormField, Modal, Option, Reply
from subscriptions.chat_settings import SETTINGS, check_value, choices, without_effect
from subscriptions.errors import Refused
from subscriptions.service.subscriptions.amendments import set_settings

_ZONE = "timezone"


def form_button(context: CommandContext) -> tuple[Button, ...]:
    """Returns [all in one form] where the platform has forms; else nothing."""
    return (Button(label=context.say("all in one form"), verb="settings-form"),) if context.request.trigger_id else ()


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
            said = (part.say(context.localizer.translate) for part in (error.sentence, error.hint))
            problems[name] = " ".join(said).rstrip()
    if problems:
        return Reply(form_errors=problems)
    if not wanted:
        return Reply(lines=(context.say("All settings are as they were."),))
    after = set_settings(context.store, before.address, wanted, now=context.now, who=context.actor)
    own = before.address == context.origin.address
    language = after.settings.lang if own else context.origin.settings.lang
    localizer = context.localizer.speaking(language, after.settings.timezone)
    lines = [line for name in wanted for line in setting_changed(name, before, after, localizer).lines]
    return Reply(lines=tuple(lines), ok=True, buttons=undo_row(replace(context, localizer=localizer)))


def _free(context: CommandContext) -> tuple[str, ...]:
    """Returns the settings that this chat can change with an effect."""
    chat = context.chat
    idle = without_effect(chat)
    return tuple(
        name for name in SETTINGS if name not in idle and len(choices(name, kind=chat.kind, public=chat.public)) != 1
    )


def _field(context: CommandContext, name: str) -> FormField:
    kept, options = value_of(context.chat.settings, name), _options(context, name)
    value = context.form_values.get(name, kept)
    return FormField(
        name=name,
        label=label_of(name, context.localizer),
        value=value if not options or value in {option.value for option in options} else kept,
        hint=SETTINGS[name].meaning.say(context.localizer.translate),
        options=options,
    )


def _options(context: CommandContext, name: str) -> tuple[Option, ...]:
    """Returns the values to choose from, the current one among them; none if it has to be written."""
    chat = context.chat
    kept = value_of(chat.settings, name)
    if name == _ZONE:
        return zone_options(context, kept)
    offered = choices(name, kind=chat.kind, public=chat.public) or SETTINGS[name].offered.get(chat.kind, ())
    if not offered:
        return ()
    values = dict.fromkeys(offered if kept in offered else (kept, *offered))
    return tuple(Option(value=one, label=value_words(name, one, context.localizer)) for one in values)


def _wanted(context: CommandContext) -> dict[str, str]:
    """Returns the values in the form that are others than those of the chat. Platforms may send any value."""
    settings = context.chat.settings
    typed = {name: context.form_values.get(name, "").strip() for name in _free(context)}
    return {name: value for name, value in typed.items() if value and value != value_of(settings, name)}


COMMANDS: tuple[Command, ...] = ()
CALLBACKS = {
    "settings-form": Callback(run=on_settings_form, needs_manager=True),
    "send-settings": Callback(run=on_submit_settings, needs_manager=True, show_form=on_settings_form),
}
