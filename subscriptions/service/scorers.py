"""What decides the order of papers beside their fit to a query: the scorer that is named here, or nothing."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, NamedTuple, Protocol

from subscriptions.matching.paper_index import TokenizedPapers
from subscriptions.model import Chat, KnownPaper
from subscriptions.states import Signal
from subscriptions.store.database.store import Transaction

SCORERS = [
    "subscriptions.taste",
]


class Nearest(NamedTuple):
    """The paper, or the entry of the chat's library, that best explains why another paper ranks high."""

    kind: Signal | None  # what the chat did with it; None: it is in the library
    paper: KnownPaper  # for an entry of the library, it has only a title
    # words of the chat's taste that both papers have, the highest weight first; (): they are near only in meaning
    words: tuple[str, ...]


class Scorer(Protocol):
    """The functions of a module that scores papers. What it learned of a chat is any value that can be compared."""

    def learn(self, transaction: Transaction, chat_id: int) -> None:
        """Called in the transaction that changed a chat's signals or its library."""

    def tastes(self, transaction: Transaction, chat_ids: Sequence[int]) -> Mapping[int, Any]:
        """Returns what it learned of these chats; without those of which it knows nothing."""

    def points(self, taste: Any, papers: TokenizedPapers) -> Callable[[int], float]:  # noqa: ANN401 - what it learned
        """Returns a function: position of a paper → the points that are added to its fit."""

    def nearest(self, transaction: Transaction, chat: Chat, known: KnownPaper) -> Nearest | None:
        """Explains why a paper ranks high; None if its points do not."""


class _NoScorer:
    """In place of a scorer that is not there: learns nothing, and moves no paper."""

    def learn(self, transaction: Transaction, chat_id: int) -> None:
        pass

    def tastes(self, _transaction: Transaction, _chat_ids: Sequence[int]) -> Mapping[int, Any]:
        return {}

    def points(self, _taste: object, _papers: TokenizedPapers) -> Callable[[int], float]:
        return lambda _: 0.0

    def nearest(self, _transaction: Transaction, _chat: Chat, _known: KnownPaper) -> Nearest | None:
        return None


def scorer() -> Scorer:
    """Returns the scorer that is there. Its module imports use cases, so it is imported when it is needed."""
    found: Scorer = import_module(SCORERS[0]) if SCORERS else _NoScorer()
    return found
