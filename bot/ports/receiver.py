"""The receiver: receives the updates of one platform and gives them to the dispatcher as requests."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from bot.ports.conversation import Request
from bot.ports.web_route import Webhook, WebRoute


class RequestDispatcher(Protocol):
    """Handles requests. Requests of one lane have their effects in the order of the calls.

    Both methods return the problems of a submitted form, by field; for other requests an empty mapping.
    """

    async def dispatch(self, request: Request) -> Mapping[str, str]:
        """Handles a request. Returns once effect and reply are stored; waits while the database cannot be used."""

    async def dispatch_without_retry(self, request: Request) -> Mapping[str, str]:
        """Like `dispatch`, but raises StoreError instead of waiting; for a platform that sends the update again."""


class Receiver(Protocol):
    """Receives the updates of one platform, or of one of its workspaces."""

    @property
    def name(self) -> str:
        """The receiver's name in /health/ready."""

    @property
    def problem(self) -> str:
        """Why the receiver does not work now; "" if it works."""

    @property
    def webhook(self) -> Webhook | None:
        """The web address to which the platform sends updates; None if the receiver fetches them itself."""

    @property
    def routes(self) -> Sequence[WebRoute]:
        """The other web addresses that this receiver serves."""

    async def listen(self, dispatcher: RequestDispatcher) -> None:
        """Receives updates until it is cancelled. Errors of the platform or of the network do not end it."""

    async def drain(self, dispatcher: RequestDispatcher) -> None:
        """Handles the updates that wait on the platform, and returns. Raises StoreError."""
