"""A language model of the operator's choice, which the settings name: a service, Ollama, vLLM.

Nothing imports this room but bot/app.py, and only if the settings name a model; others know `LanguageModel` of bot/ports.
"""

from bot.model.chat_endpoint import ChatEndpoint
from bot.model.messages import Messages
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
    if not (settings.model_url and settings.model_name):
        return None
    return ChatEndpoint(settings.model_url, settings.model_name, settings.model_key, at_once=at_once)


def summarizer_of(settings: Settings, deps: SummaryDependencies) -> Summarizer | None:
    """Returns what has summaries made by the model that the settings choose; None if they choose none."""
    model = model_of(settings)
    return Summaries(deps, model, settings.model_daily) if model else None


def reader_of(settings: Settings, store: Store, clock: Clock) -> MessageReader | None:
    """Returns what has messages read by the model that the settings choose; None if they choose none for that."""
    model = model_of(settings) if settings.model_reads == "messages" else None
    return Messages(store, clock, model, settings.model_daily) if model else None
