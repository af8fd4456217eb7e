"""What the language model that the settings choose does here: summarises papers, reads messages."""

from bot.model.endpoint import Endpoint
from bot.model.messages import MOST, Messages
from bot.model.settings import ModelSettings
from bot.model.summaries import AT_ONCE, Summaries
from bot.ports.channel import Clock
from bot.ports.language_model import MessageReader, Summarizer
from bot.settings import Settings
from subscriptions.store.database.store import Store


def settings_of(settings: Settings) -> ModelSettings:
    """Returns the settings of the model."""
    return settings.of(ModelSettings)


def summarizer_of(settings: Settings, store: Store, clock: Clock) -> Summarizer:
    """Returns what has summaries made. The settings must choose a model."""
    return Summaries(store, clock, _model_of(settings, at_once=AT_ONCE), daily=settings_of(settings).daily)


def reader_of(settings: Settings, store: Store, clock: Clock) -> MessageReader | None:
    """Returns what has messages read; None if the model reads none. The settings must choose a model."""
    if not reads_messages(settings):
        return None
    return Messages(store, clock, _model_of(settings, at_once=MOST), daily=settings_of(settings).daily)


def reads_messages(settings: Settings) -> bool:
    """Returns whether the model reads messages of people of which the bot is not sure."""
    return settings_of(settings).reads == "messages"


def _model_of(settings: Settings, *, at_once: int) -> Endpoint:
    own = settings_of(settings)
    return Endpoint(own.url or "", own.name or "", own.key, at_once=at_once)
