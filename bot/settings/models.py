"""The encoder of meaning and the language model that the settings choose. Their rooms are imported by name, since they may be missing."""

from importlib import import_module
from types import ModuleType

from bot.ports.meaning import Encoder
from bot.rooms import modules
from bot.settings import Settings


def encoder_of(settings: Settings) -> Encoder | None:
    """Returns the encoder that the settings choose; None if meaning is off, or nothing is there that encodes."""
    found = (import_module(name).encoder_of(settings) for name in modules("chosen_encoder").values())
    return next((encoder for encoder in found if encoder is not None), None)


def has_model(settings: Settings) -> bool:
    """Returns whether the settings choose a language model."""
    return any(settings.is_on(room) for room in modules("language_model"))


def model_room(settings: Settings) -> ModuleType | None:
    """Returns the module `language_model` of the room that has the model which the settings choose; None if they choose none."""
    rooms = modules("language_model")
    return next((import_module(name) for room, name in rooms.items() if settings.is_on(room)), None)
