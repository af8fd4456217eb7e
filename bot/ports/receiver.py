"""The receiver: brings what people say on one platform."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from bot.ports.conversation import Request
from bot.ports.web_route import Webhook, WebRoute


class RequestDispatcher(Protocol):
    """Takes what people say. Requests of one lane have their effects in the order in which they are given.

    What it returns is wrong with a form that was sent, by field; empty for everything else.
    """

    async def dispatch(self, request: Request) -> Mapping[str, str]:
        """Returns when the effect and the reply are stored; waits as long as the database cannot be used."""

    async def dispatch_without_retry(self, request: Request) -> Mapping[str, str]:
        """As `take`, for a platform that repeats what was not taken: raises StoreError instead of waiting."""


class Receiver(Protocol):
    """Brings what people say on one platform."""

    @property
    def name(self) -> str:
        """What /health/ready calls it."""

    @property
    def problem(self) -> str:
        """Why it does not work now; "": it does."""

    @property
    def webhook(self) -> Webhook | None:
        """Where the platform sends it; None: it asks the platform itself."""

    @property
    def routes(self) -> Sequence[WebRoute]:
        """Web addresses at which the platform wants to be answered."""

    async def listen(self, dispatcher: RequestDispatcher) -> None:
        """Receives until it is cancelled, whatever the platform or the line to it does."""

    async def drain(self, dispatcher: RequestDispatcher) -> None:
        """Takes what waits, and ends. Raises StoreError."""
