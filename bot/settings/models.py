"""The encoder of meaning and the language model that the settings choose. Their rooms, which know the settings, are imported by name."""

from importlib import import_module
from types import ModuleType

from bot.ports.meaning import Encoder
from bot.settings import Settings

_MODEL = "bot.model"


def encoder_of(settings: Settings) -> Encoder | None:
    """Returns the encoder that the settings choose; None if meaning is off, or nothing is there that encodes."""
    encoder: Encoder | None = import_module("bot.meaning.encoders").encoder_of(settings)
    return encoder


def model_room(settings: Settings) -> ModuleType | None:
    """Returns the module `language_model` of the room that has the model which the settings choose; None if they choose none."""
    return import_module(f"{_MODEL}.language_model") if settings.has_model else None
