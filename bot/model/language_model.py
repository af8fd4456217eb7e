"""What the language model that the settings choose does here: summarises papers, reads messages; how many requests run at once."""

from bot.model.chat_endpoint import ChatEndpoint
from bot.model.messages import Messages
from bot.model.settings import Budget, ModelSettings
from bot.model.summaries import Summaries, SummaryDependencies
from bot.ports.channel import Clock
from bot.ports.language_model import LanguageModel, MessageReader, Summarizer
from bot.settings import Settings
from subscriptions.store.database.store import Store

AT_ONCE = 4


def model_of(settings: Settings, *, at_once: int = AT_ONCE) -> LanguageModel | None:
    """Returns the model that the settings choose; None if they choose none.

    `at_once`: how many of its requests run at once. Who must not wait for others takes a model of its own.
    """
    own = settings.of(ModelSettings)
    if own.url and own.name:
        return ChatEndpoint(own.url, own.name, own.key, at_once=at_once)
    return None


def summarizer_of(settings: Settings, deps: SummaryDependencies) -> Summarizer | None:
    """Returns what has summaries made by the model that the settings choose; None if they choose none."""
    model = model_of(settings)
    if model:
        return Summaries(deps, model, budget_of(settings))
    return None


def reader_of(settings: Settings, store: Store, clock: Clock) -> MessageReader | None:
    """Returns what has messages read by the model that the settings choose; None if they choose none for that."""
    model = model_of(settings) if reads_messages(settings) else None
    if model:
        return Messages(store, clock, model, budget_of(settings))
    return None


def reads_messages(settings: Settings) -> bool:
    """Returns whether the model reads messages of people of which the bot is not sure."""
    return settings.of(ModelSettings).reads == "messages"


def budget_of(settings: Settings) -> Budget:
    """Returns what the model may cost in a day."""
    return settings.of(ModelSettings).daily
