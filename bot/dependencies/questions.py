"""Has the vectors of texts made, for use cases that lack them (errors.Unencoded); how long an answer in a chat or a terminal waits."""

import asyncio
import logging
from collections.abc import Sequence
from functools import partial

from bot.ports.meaning import Encoder
from subscriptions.errors import MeaningFails
from subscriptions.store import meanings
from subscriptions.store.database.store import Store

log = logging.getLogger("paperwire")

PATIENCE = 3.0  # seconds that an answer in a chat waits for the encoder, which takes a second to start
IN_TERMINAL = 30.0  # seconds that `paperwire say` waits, which starts the encoder each time


async def is_encoded(store: Store, encoder: Encoder | None, texts: Sequence[str], *, in_terminal: bool = False) -> bool:
    """Has vectors of texts made and kept in this process. Returns False if the encoder fails or takes too long.

    If it takes too long, the vectors are kept later, for the next request.
    """
    if encoder is None:
        return False
    patience = IN_TERMINAL if in_terminal else PATIENCE
    making = asyncio.ensure_future(store.run(encode, encoder, texts))
    store.encoding |= {*texts}
    making.add_done_callback(partial(_end, store, texts))
    try:
        await asyncio.wait_for(asyncio.shield(making), patience)
    except TimeoutError:
        log.warning("The encoder takes longer than %.0f seconds, so an answer knows only words.", patience)
        return False
    except MeaningFails as error:
        log.warning("An answer knows only words: %s", error)
        return False
    return True


def _end(store: Store, texts: Sequence[str], made: asyncio.Future[None]) -> None:
    store.encoding -= {*texts}
    if not made.cancelled():
        made.exception()  # who waited for it has told it


def encode(store: Store, encoder: Encoder, texts: Sequence[str]) -> None:
    """Has vectors of texts made, and keeps them in this process. Raises MeaningFails."""
    meanings.keep_questions(store, dict(zip(texts, encoder.questions(texts), strict=True)))
