"""The findings of `paperwire check`."""

from dataclasses import dataclass

from subscriptions.errors import Sentence, StoreError
from subscriptions.store import HEAD, Store

NOTHING = Sentence("")
TOKENS = {"telegram": "PAPERWIRE_TELEGRAM_TOKEN", "slack": "PAPERWIRE_SLACK_BOT_TOKEN"}  # platform → its variable


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One question and its answer."""

    question: Sentence
    answer: Sentence
    cure: Sentence = NOTHING
    mend: bool = False  # True: something has to be mended; False: the cure is only advice


def is_ready(store: Store) -> bool:
    """Whether the database can be used as it is. Another finding says why it cannot."""
    try:
        return store.exists() and store.revision() == HEAD
    except StoreError:
        return False
