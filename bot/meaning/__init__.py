"""The meaning of papers and questions as vectors: by the encoder of the package, or by a server.

`texts` decides which texts of a paper are encoded. A child process, which loads NumPy and the encoder, makes vectors of
them and rounds them to the bits that subscriptions/meaning.py compares.
"""

from importlib.util import find_spec

from bot.meaning.encoders import MODULE, ChildEncoder, Package
from bot.ports.meaning import Encoder
from bot.settings import Settings


def encoder_of(settings: Settings) -> Encoder | None:
    """Returns the encoder that the settings choose; None if meaning is off, or nothing is there that encodes."""
    if settings.meaning == "off":
        return None
    if settings.embeddings_url and settings.embeddings_model:
        from bot.meaning.endpoint import Endpoint  # noqa: PLC0415 - httpx and the digests, 100 ms

        return ChildEncoder(Endpoint(settings.embeddings_url, settings.embeddings_model, settings.embeddings_key))
    return ChildEncoder(Package()) if is_installed() else None


def is_installed() -> bool:
    """Returns whether the package with the encoder is installed."""
    return find_spec(MODULE) is not None
