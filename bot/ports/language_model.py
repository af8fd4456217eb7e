"""The interface of a language model, which answers in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

_MARGIN = 64  # tokens that a server adds to the texts of a request


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRequest:
    """What a model is asked: once, without what was asked before."""

    system: str  # what it must do, in words that only we wrote
    text: str  # what it must do it with; strangers may have written it
    # the JSON schema of an answer that is an object; None: the answer is plain text. `system` says it in words, too,
    # since some servers ignore schemas
    schema: Mapping[str, object] | None = None
    most: int = 500  # tokens of the answer

    @property
    def cost(self) -> int:
        """The tokens that it may cost, rather too many: two bytes of a text are seldom more than one token."""
        return len(f"{self.system}{self.text}{self.schema or ''}".encode(errors="replace")) // 2 + self.most + _MARGIN


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelAnswer:
    """What a model answers. The texts are its own: they may be wrong, and what strangers made it write."""

    text: str
    value: Mapping[
        str, Any
    ]  # the JSON object that the text has, if the request has a schema. Its members are not checked
    tokens: int  # of request and answer, as the server counts; without its count, `ModelRequest.cost`


class LanguageModel(Protocol):
    """A language model. Several tasks may ask; some wait then, since only a few requests run at once."""

    name: str

    async def ask(self, request: ModelRequest, *, seconds: float) -> ModelAnswer:
        """Sends one request, never again by itself. Returns in at most so many seconds. Raises ModelFails."""

    async def close(self) -> None:
        """Closes its connections. They are opened anew with the next request."""


class Summarizer(Protocol):
    """Has summaries of papers made by a model, beside other work."""

    name: str  # of the model

    def start(self) -> None:
        """Starts to look for wanted summaries in the background, if that is due. Never waits."""

    async def run(self) -> None:
        """Has wanted summaries made, for a few minutes at most. Raises StoreError."""

    async def check(self) -> None:
        """Asks the model for a word, whatever the budget. Raises ModelFails."""

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
