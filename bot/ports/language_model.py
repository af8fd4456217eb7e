"""The interface of a language model: it summarises papers and reads messages."""

from collections.abc import Sequence
from typing import Protocol


class Summarizer(Protocol):
    """Has summaries of papers made by a model, beside other work."""

    name: str  # of the model

    def start(self) -> None:
        """Starts to look for wanted summaries in the background, if that is due. Never waits."""

    async def run(self) -> None:
        """Has wanted summaries made, for a few minutes at most. Raises StoreError."""

    async def check(self) -> None:
        """Asks the model for a word, however much it was asked today. Raises ModelFails."""

    async def close(self) -> None:
        """Ends the work. The rest is made after the next start."""


class MessageReader(Protocol):
    """Has messages of people read by a model."""

    name: str  # of the model

    async def read(self, text: str, commands: Sequence[str]) -> Sequence[str]:
        """Returns the lines that a model would type in place of a message: commands, if it does what it was asked.

        `commands` says which there are: "/sub QUERY [WHEN]: subscribe to a query". The lines are the model's own: they may
        be wrong, and what strangers made it write. Returns () if it has none, or gives no answer within two seconds.
        Raises StoreError.
        """

    async def close(self) -> None:
        """Closes its connections."""
