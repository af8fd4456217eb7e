"""The web addresses that a platform needs: webhooks and other routes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class WebResponse:
    """The response of a web route."""

    status: int = 200
    body: str = ""
    kind: str = "text/plain"  # media type; the charset is UTF-8
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebRequest:
    """A request to a web route."""

    headers: Mapping[str, str]  # names in lower case
    query: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class WebRoute(Protocol):
    """A web address of a platform, with its own responses."""

    path: str  # "/…"
    method: str  # GET, POST

    def accepts(self, headers: Mapping[str, str]) -> bool:
        """Returns whether the body is to be read. Called before it is read; header names in lower case."""

    async def answer(self, call: WebRequest) -> WebResponse:
        """Returns the response to a request. Never raises."""
