"""Pages for people: request, visitor and response.

The site (bot/operation/site.py) checks host, origin, session and form token before it calls a page.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from bot.ports.conversation import RequestDispatcher
from subscriptions.errors import Sentence
from subscriptions.model import Paper


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who opens a page."""

    name: str  # as in the address of the person's chat; "" if the visitor has not signed in
    is_operator: bool = False  # may see how the bot is doing, and mend it
    is_local: bool = False  # sits at the machine on which the bot runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Something that is offered on top of a page: a sentence, and a button that posts to `action`."""

    text: Sentence
    label: Sentence
    action: str
    example: Paper | None = None  # one of what is offered


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFrame:
    """The parts around each page."""

    path: str  # of the page that is shown
    language: str  # "en" or "zh"
    has_chosen_language: bool  # the visitor has chosen it on a page; else the browser tells it
    token: str  # every form sends it along
    timezone: str = ""  # the browser's zone; "" if it does not tell
    navigation: tuple[tuple[str, Sentence], ...] = ()  # (path, label)
    visitor: Visitor
    can_sign_out: bool = False
    offers: tuple[Offer, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """A request for a page. Trust only the visitor: a foreign program wrote the rest."""

    frame: PageFrame
    headers: Mapping[str, str]  # names in lower case
    address: str = ""  # of the client, if a proxy tells it
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)  # of a POST, without the form token
    file: bytes = b""  # of a POST; its name is a field of the form
    dispatcher: RequestDispatcher | None = None  # None: the process is starting or stopping

    @property
    def visitor(self) -> Visitor:
        """Who asks."""
        return self.frame.visitor

    @property
    def wants_fragment(self) -> bool:
        """Whether our own script asks, which shows the answer itself."""
        return self.headers.get("x-requested-with") == "fetch"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageResponse:
    """The answer to a request for a page."""

    status: int = 200
    body: str | bytes = ""
    kind: str = "text/html"  # media type; the charset of text is UTF-8
    headers: Mapping[str, str] = field(default_factory=dict)
    location: str = ""  # where the browser goes next; the status is then 303
    session: str | None = None  # the browser's session from now on, "" ends it; None: it stays as it is
    stream: AsyncIterator[str] | None = None  # server-sent events instead of a body


@dataclass(frozen=True, slots=True, kw_only=True)
class WebPage:
    """A page at a path, which is found under this path only."""

    path: str
    answer: Callable[[PageRequest], Awaitable[PageResponse]]  # never raises
    method: str = "GET"
    label: Sentence | None = None  # in the navigation; None: the navigation leaves it out
    for_operators: bool = False
    is_public: bool = False  # also for those who have not signed in
    largest_form: int = 65_536  # bytes
    takes_file: bool = False  # its form may have a file beside, as multipart/form-data
