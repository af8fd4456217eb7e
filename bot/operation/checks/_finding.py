"""The type of the findings of `paperwire check`."""

from dataclasses import dataclass

from subscriptions.errors import Sentence, StoreError
from subscriptions.store import HEAD, Store

NOTHING = Sentence("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One question of `paperwire check`, its answer, and how to mend what is wrong."""

    question: Sentence
    answer: Sentence
    cure: Sentence = NOTHING
    mend: bool = False  # True: something has to be mended; False: the cure is only advice
    is_open: bool = False  # True: not well, or not known, and still nothing has to be mended


def is_ready(store: Store) -> bool:
    """Returns whether the database can be used without an upgrade. If not, `check_here` has a finding that says why."""
    try:
        return store.exists() and store.revision() == HEAD
    except StoreError:
        return False
