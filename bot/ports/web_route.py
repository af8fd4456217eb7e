"""Web addresses of a platform."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


class Webhook(Protocol):
    """Where a platform sends what people say, by HTTP POST."""

    path: str  # "/…", which nobody can guess

    def accepts(self, headers: Mapping[str, str]) -> bool:
        """Whether it is the platform who asks. Asked before anything of the body is read; names in small letters."""

    async def receive(self, body: bytes) -> bool:
        """Whether it is stored; False: it shall come again later. Raises ValueError for what nobody can read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebResponse:
    """What a web address says."""

    status: int = 200
    body: str = ""
    kind: str = "text/plain"  # media type, of UTF-8
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebRequest:
    """What somebody asks a web address."""

    headers: Mapping[str, str]  # names in small letters
    query: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class WebRoute(Protocol):
    """A web address of a platform: it says itself what it answers."""

    path: str  # "/…"
    method: str  # GET, POST

    def accepts(self, headers: Mapping[str, str]) -> bool:
        """Whether it is worth reading what follows. Asked before anything of the body is read; names in small letters."""

    async def answer(self, call: WebRequest) -> WebResponse:
        """Never raises."""
