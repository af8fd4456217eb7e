"""The registry of all commands, callbacks and events. A new command is an entry in COMMANDS of its module."""

from bot.commands import operators
from bot.commands.chat import (
    button_answers,
    chat_events,
    connect,
    help_topics,
    home_view,
    privacy,
    sentences,
    settings,
    settings_form,
    start,
    statistics,
    status,
    undo,
)
from bot.commands.core import asking
from bot.commands.core.context import Registry
from bot.commands.papers import cards, like, paper_lookup, preview, search, signals, today, why
from bot.commands.subscriptions import (
    card_actions,
    edit,
    export_import,
    pause,
    subscribe,
    subscription_form,
    subscription_list,
    time_corrections,
    unsubscribe,
)

_MODULES = (  # in the order of the menus
    start,
    subscribe,
    unsubscribe,
    time_corrections,
    subscription_form,
    subscription_list,
    edit,
    pause,
    undo,
    preview,
    today,
    search,
    like,
    why,
    signals,
    asking,
    button_answers,
    sentences,
    cards,
    card_actions,
    settings,
    settings_form,
    help_topics,
    privacy,
    export_import,
    connect,
    status,
    statistics,
    operators,
)
_WITH_EVENTS = (chat_events, home_view, subscription_form, paper_lookup, signals)

REGISTRY = Registry(
    commands=tuple(command for module in _MODULES for command in module.COMMANDS),
    callbacks={verb: callback for module in _MODULES for verb, callback in module.CALLBACKS.items()},
    events={name: run for module in _WITH_EVENTS for name, run in module.EVENTS.items()},
)
