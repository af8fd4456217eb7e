"""The interfaces of models: an encoder makes vectors of texts, a language model summarises and reads messages."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from subscriptions.model import Paper

ENCODING = ThreadPoolExecutor(1, "paperwire-encoding")  # an encoder works on one core, so calls take turns


class Summarizer(Protocol):
    """Has summaries of papers made by a model, beside other work."""

    name: str  # of the model

    def start(self) -> None:
        """Start to look for wanted summaries in the background, if that is due. Never wait."""

    async def run(self) -> None:
        """Has wanted summaries made, for a few minutes at most. Raises StoreError."""

    async def check(self) -> None:
        """Ask the model for a word, however much it was asked today. Raise ModelError."""

    async def close(self) -> None:
        """End the work. The rest is made after the next start."""


class MessageReader(Protocol):
    """Has messages of people read by a model."""

    name: str  # of the model

    async def read(self, text: str, commands: Sequence[str]) -> Sequence[str]:
        """Return the lines that a model would type in place of a message: commands, if it does what it was asked.

        `commands` says which there are: "/sub QUERY [WHEN]: subscribe to a query". The lines are the model's own: they
        may be wrong, and what strangers made it write. Return () if it has none, or gives no answer within two
        seconds. Raise StoreError.
        """

    async def close(self) -> None:
        """Close its connections."""


class Encoder(Protocol):
    """Encodes the meaning of papers and questions, in any of its languages.

    Its methods block. A process calls them in one thread (`ENCODING`), so a question waits for the call before it, not
    for a whole digest. They raise EmbeddingError, then nothing of the call is encoded. Where meaning is off, there is no
    encoder (None).
    """

    name: str  # of the encoder, its version and its calibration: vectors of different names are never compared

    def papers(self, papers: Sequence[Paper]) -> list[bytes]:
        """Return the codes of each paper, in order: overall, title, sentences. A paper without any text has b""."""

    def questions(self, texts: Sequence[str]) -> list[bytes]:
        """Return the vector of each question, in order. The text keeps its case and accents."""

    def close(self) -> None:
        """End what the encoder has started. Later calls raise EmbeddingError. By default, do nothing."""
