"""Who has signed in: passwords, sessions of browsers, and the pages for signing in and out."""

import asyncio
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from functools import cached_property
from hashlib import pbkdf2_hmac, sha256

from bot.context.writing import write
from bot.operation.web.guard import network_of
from bot.ports.channel import Clock
from bot.ports.web_page import PageRequest, PageResponse, WebPage
from bot.rendering.web_pages import draw_page
from bot.settings import Settings
from subscriptions.errors import Sentence
from subscriptions.model import CallbackToken, ChatAddress
from subscriptions.store import Store
from subscriptions.store.conversations import get_conversation_state, set_conversation_state

MINUTE = 60.0  # seconds
MOST_TRIES = 10  # wrong passwords of one session in a minute
MOST_TRIES_OF_AN_ADDRESS = (
    100  # of all sessions there, which anybody can begin; behind a proxy many people may have one address
)


class Tried(Enum):
    """What became of a password."""

    OPENS = "opens"
    WRONG = "wrong"
    UNREAD = "unread"  # there were too many wrong ones


class Lock:
    """A lock that each of these passwords opens."""

    def __init__(self, clock: Clock, *passwords: str) -> None:
        self._clock = clock
        self._passwords = [_digest(one) for one in passwords]
        self._wrong: deque[tuple[float, str]] = deque()  # (monotonic second, session or address) of the last minute
        self._counts: Counter[str] = Counter()

    def tries(self, password: str, *, address: str, session: str = "") -> Tried:
        """Looks at a password, unless its session or address had too many wrong ones in the last minute."""
        second, place, session = self._clock.monotonic(), f"at {network_of(address)}", f"in {session}"
        while self._wrong and self._wrong[0][0] <= second - MINUTE:
            self._counts.subtract([self._wrong.popleft()[1]])
        self._counts = +self._counts
        if self._counts[session] >= MOST_TRIES or self._counts[place] >= MOST_TRIES_OF_AN_ADDRESS:
            return Tried.UNREAD
        given = _digest(password)
        if any([hmac.compare_digest(given, one) for one in self._passwords]):  # noqa: C419 - all, so each takes as long
            return Tried.OPENS
        counted = (place,) if session == "in " else (place, session)
        self._wrong.extend((second, one) for one in counted)
        self._counts.update(counted)
        return Tried.WRONG


def lock_of_metrics(settings: Settings, clock: Clock) -> Lock | None:
    """Returns the lock of `/metrics`; None if whoever reaches the address may see it."""
    keys = [one.get_secret_value() for one in (settings.metrics_token, settings.web_password) if one]
    return Lock(clock, *keys) if keys else None


def _digest(text: str) -> bytes:
    return sha256(text.encode("utf-8", "replace")).digest()


COOKIE = "paperwire"
LASTS = timedelta(days=30)
_ROUNDS = 200_000  # of the key: about 50 ms, once
_WORD = 24  # bytes of chance
_LONGEST = 1000  # characters of a cookie that is read


class Sessions:
    """Makes and reads sessions. `password`: the key of those that were signed in; "" if nobody signs in."""

    def __init__(self, password: str = "") -> None:
        self._password = password

    def new(self) -> str:
        """Returns the cookie of a browser that has none."""
        return secrets.token_urlsafe(_WORD)

    def sign_in(self, name: str, now: datetime) -> str:
        """Returns the cookie of somebody who knew the password."""
        shown = urlsafe_b64encode(name.encode()).decode()
        said = f"{shown}.{int((now + LASTS).timestamp())}.{secrets.token_urlsafe(_WORD)}"
        return f"{said}.{self._signature(said)}"

    def name_of(self, cookie: str, now: datetime) -> str:
        """Returns the name that a cookie was signed in with; "" for any other cookie, and after its end."""
        said, _, signature = cookie.rpartition(".")
        parts = said.split(".")
        if not self._password or len(parts) != 3 or len(cookie) > _LONGEST:  # noqa: PLR2004 - as `sign_in` writes it
            return ""
        if not hmac.compare_digest(signature.encode("utf-8", "replace"), self._signature(said).encode()):
            return ""
        return urlsafe_b64decode(parts[0]).decode() if now.timestamp() < int(parts[1]) else ""

    @staticmethod
    def token(cookie: str) -> str:
        """Returns the token of the forms in this session. Who cannot read the cookie cannot make it."""
        return hmac.digest(cookie.encode("utf-8", "replace"), b"form", sha256).hex()

    @cached_property
    def _key(self) -> bytes:
        return pbkdf2_hmac("sha256", self._password.encode(), b"paperwire session", _ROUNDS)

    def _signature(self, said: str) -> str:
        return hmac.digest(self._key, said.encode("utf-8", "replace"), sha256).hex()


class EndedSessions:
    """The sessions that were signed out, in whichever process. Each is stored as a hash until it would have ended by itself."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def has(self, cookie: str) -> bool:
        """Returns whether a session was signed out. Raises StoreError."""
        since = self._clock.wall() - LASTS
        return await asyncio.to_thread(get_conversation_state, self._store, _name(cookie), since=since) is not None

    async def add(self, cookie: str) -> None:
        """Ends a session. Raises StoreError."""
        ended, now = CallbackToken(verb="signed-out"), self._clock.wall()
        await write(set_conversation_state, self._store, _name(cookie), ended, lasts=LASTS, now=now)


def _name(cookie: str) -> str:
    return f"signed-out:{sha256(cookie.encode('utf-8', 'replace')).hexdigest()}"


_LONGEST_NAME = 40

_TITLE = Sentence("Sign in")
_WORDS = {
    "about": Sentence("The name is yours to choose. It is that of your chat: the same name opens it again."),
    "name": Sentence("Name"),
    "password": Sentence("Password of this page"),
    "sign_in": Sentence("sign in"),
}
_NO_NAME = Sentence("A name is one word, without blanks.")
_WRONG = Sentence("That is not the password.")
_TOO_MANY = Sentence("Too many wrong passwords. Try again in a minute.")


@dataclass(frozen=True, slots=True)
class _SignIn:
    sessions: Sessions
    lock: Lock
    clock: Clock
    chat_of: Callable[[str], ChatAddress | None]

    async def show(self, asked: PageRequest) -> PageResponse:
        """Shows the form."""
        return self._form(asked)

    async def enter(self, asked: PageRequest) -> PageResponse:
        """Signs in, or says why not."""
        name, password = asked.form.get("name", "").strip(), asked.form.get("password", "")
        tried = self.lock.tries(password, address=asked.address, session=asked.frame.token)
        if tried is not Tried.OPENS:
            problem, status = (_WRONG, 403) if tried is Tried.WRONG else (_TOO_MANY, 429)
            return self._form(asked, problem, status=status)
        chat = self.chat_of(name) if len(name) <= _LONGEST_NAME else None
        if chat is None:
            return self._form(asked, _NO_NAME, status=400)
        return PageResponse(location="/", session=self.sessions.sign_in(chat.address, self.clock.wall()))

    def _form(self, asked: PageRequest, problem: Sentence | None = None, *, status: int = 200) -> PageResponse:
        name = asked.form.get("name", "")[:_LONGEST_NAME]
        words = _WORDS | ({"problem": problem} if problem else {})
        return PageResponse(status=status, body=draw_page("sign_in.html", asked.frame, _TITLE, words=words, name=name))


async def _leave(asked: PageRequest) -> PageResponse:
    del asked
    return PageResponse(location="/sign-in", session="")


def sign_in_pages(
    sessions: Sessions, lock: Lock, clock: Clock, chat_of: Callable[[str], ChatAddress | None]
) -> tuple[WebPage, ...]:
    """Returns the pages for signing in and out. `chat_of` returns the chat of a name, None if no chat is named so."""
    one = _SignIn(sessions, lock, clock, chat_of)
    return (
        WebPage(path="/sign-in", answer=one.show, is_public=True),
        WebPage(path="/sign-in", answer=one.enter, method="POST", is_public=True),
        WebPage(path="/sign-out", answer=_leave, method="POST"),
    )
