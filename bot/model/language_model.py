"""What the language model that the settings choose does here: summarises papers, reads messages."""

from bot.model.endpoint import Endpoint
from bot.model.messages import MOST, Messages
from bot.model.paper_summaries import AT_ONCE, Summaries
from bot.ports.channel import Clock
from bot.ports.models import MessageReader, Summarizer
from bot.settings import Settings
from subscriptions.store.database.store import Store


def summarizer_of(settings: Settings, store: Store, clock: Clock) -> Summarizer:
    """Returns what has summaries made. The settings must choose a model."""
    return Summaries(store, clock, _model_of(settings, at_once=AT_ONCE), daily=settings.model_daily)


def reader_of(settings: Settings, store: Store, clock: Clock) -> MessageReader | None:
    """Returns what has messages read; None if the model reads none. The settings must choose a model."""
    if settings.model_reads != "messages":
        return None
    return Messages(store, clock, _model_of(settings, at_once=MOST), daily=settings.model_daily)


def _model_of(settings: Settings, *, at_once: int) -> Endpoint:
    return Endpoint(settings.model_url or "", settings.model_name or "", settings.model_key, at_once=at_once)
