"""The encoder that the settings choose."""

from importlib.util import find_spec

from bot.meaning.encoders import MODULE, ChildEncoder, Package
from bot.meaning.settings import MeaningSettings
from bot.ports.meaning import Encoder
from bot.settings import Settings


def encoder_of(settings: Settings) -> Encoder | None:
    """Returns the encoder that the settings choose; None if meaning is off, or nothing is there that encodes."""
    own = settings.of(MeaningSettings)
    if settings.meaning == "off":
        return None
    if own.url and own.model:
        from bot.meaning.endpoint import Endpoint  # noqa: PLC0415 - httpx and the digests, 100 ms

        return ChildEncoder(Endpoint(own.url, own.model, own.key), asks_server=True)
    if is_installed():
        return ChildEncoder(Package())
    return None


def is_installed() -> bool:
    """Returns whether the package with the encoder is installed."""
    return find_spec(MODULE) is not None
