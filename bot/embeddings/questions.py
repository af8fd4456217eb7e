"""Have the vectors of texts made that a command lacks: how long an answer waits for them."""

import asyncio
import logging
from collections.abc import Sequence
from functools import partial

from bot.app import App
from bot.models import ENCODING, Encoder
from subscriptions.database.store import Store
from subscriptions.errors import EmbeddingError
from subscriptions.papers.stored import embeddings as meanings

log = logging.getLogger("paperwire")

EMBEDDING_TIMEOUT_SECONDS = 3.0  # seconds that an answer in a chat waits for the encoder, which takes a second to start
TERMINAL_TIMEOUT_SECONDS = 30.0  # seconds that `paperwire say` waits, which starts the encoder each time


async def compute_embeddings(app: App, texts: Sequence[str]) -> None:
    """Has vectors of texts made and kept in this process.

    Never raise; without its vector, a text is known by its words.

    If the encoder takes too long, the vectors are kept later, for the next request.
    """
    patience, store = TERMINAL_TIMEOUT_SECONDS if app.is_terminal else EMBEDDING_TIMEOUT_SECONDS, app.store
    if app.encoder is None:
        return
    store.encoding |= {*texts}
    making = asyncio.get_running_loop().run_in_executor(ENCODING, encode, store, app.encoder, texts)
    making.add_done_callback(partial(_end, store, texts))
    done, _ = await asyncio.wait({making}, timeout=patience)
    if not done:
        log.warning("The encoder takes longer than %.0f seconds, so an answer knows only words.", patience)


def _end(store: Store, texts: Sequence[str], made: asyncio.Future[None]) -> None:
    store.encoding -= {*texts}
    error = None if made.cancelled() else made.exception()
    if isinstance(error, EmbeddingError):
        log.warning("An answer knows only words: %s", error)
    elif error is not None:
        log.error("Vectors of texts could not be made: %s", type(error).__name__)


def encode(store: Store, encoder: Encoder, texts: Sequence[str]) -> None:
    """Has vectors of texts made, and keeps them in this process. Raises EmbeddingError."""
    meanings.keep_questions(store, dict(zip(texts, encoder.questions(texts), strict=True)))
