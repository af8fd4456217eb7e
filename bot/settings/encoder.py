"""The encoder that the settings choose. Its room is imported by name, since it may be missing."""

from importlib import import_module

from bot.ports.meaning import Encoder
from bot.settings import Settings

# The rooms with encoders, each a function `encoder_of`. Without a line here, meaning is off.
_ROOMS = [
    "bot.meaning",
]


def encoder_of(settings: Settings) -> Encoder | None:
    """Returns the encoder that the settings choose; None if meaning is off, or nothing is there that encodes."""
    found = (import_module(room).encoder_of(settings) for room in _ROOMS)
    return next((encoder for encoder in found if encoder is not None), None)
