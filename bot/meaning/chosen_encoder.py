"""The encoder that the settings choose."""

from importlib.util import find_spec

from bot.meaning.encoders import MODULE, ChildEncoder
from bot.ports.meaning import Encoder
from bot.settings import Settings


def encoder_of(settings: Settings) -> Encoder | None:
    """Returns the encoder; None if meaning is off, or the encoder is not installed."""
    if settings.meaning == "off" or not is_installed():
        return None
    return ChildEncoder()


def is_installed() -> bool:
    """Returns whether the package with the encoder is installed."""
    return find_spec(MODULE) is not None
