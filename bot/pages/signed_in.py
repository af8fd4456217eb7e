"""Who has signed in to the pages, and for how long; the form to sign in and what it says of wrong passwords; signing out."""

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from hashlib import pbkdf2_hmac, sha256

from itsdangerous import BadData, URLSafeSerializer

from bot.operation.passwords import Lock, Tried
from bot.pages.requests import PATH
from bot.ports.channel import Clock
from bot.ports.conversation import PageRequest, PageResponse, WebPage
from bot.rendering.pages import draw_page
from subscriptions.errors import Sentence
from subscriptions.model import ChatAddress
from subscriptions.store import callbacks
from subscriptions.store.database.store import Store

COOKIE = "paperwire"
LASTS = timedelta(days=30)
_ROUNDS = 200_000  # rounds to derive the key: about 50 ms, done once
_WORD = 24  # random bytes
_LONGEST = 1000  # characters; a longer cookie is not read


class Sessions:
    """Makes and reads session cookies. Sign-outs are stored, for all processes, until the session would have expired."""

    def __init__(self, store: Store, clock: Clock, password: str = "") -> None:
        """The key that signs sessions is derived from `password`; "" if no one signs in."""
        self._store = store
        self._clock = clock
        self._password = password

    def new(self) -> str:
        """Returns a new cookie for a browser that has none."""
        return secrets.token_urlsafe(_WORD)

    def sign_in(self, name: str) -> str:
        """Returns a signed cookie for a person who knew the password."""
        until = int((self._clock.wall() + LASTS).timestamp())
        return str(self._signed.dumps([name, until, secrets.token_urlsafe(_WORD)]))

    async def name_of(self, cookie: str) -> str:
        """Returns the name of a session that is signed in and not signed out; "" for any other cookie.

        Raises StoreError.
        """
        name, word = self._read(cookie)
        if not name:
            return ""
        is_ended = await self._store.run(callbacks.is_signed_out, _hash(word))
        return "" if is_ended else name

    async def end(self, cookie: str) -> None:
        """Signs a session out, if it is signed in. Raises StoreError."""
        name, word = self._read(cookie)
        if name:
            await self._store.run(callbacks.sign_out, _hash(word), until=self._clock.wall() + LASTS)

    @staticmethod
    def token(cookie: str) -> str:
        """Returns the token of the forms in this session. Only those who can read the cookie can compute it."""
        return hmac.digest(cookie.encode("utf-8", "replace"), b"form", sha256).hex()

    def _read(self, cookie: str) -> tuple[str, str]:
        """Returns (name, random word of the session) of a cookie; ("", "") if we did not sign it or it has expired."""
        if not self._password or len(cookie) > _LONGEST:
            return "", ""
        try:
            name, until, word = self._signed.loads(cookie)
        except BadData:
            return "", ""
        if self._clock.wall().timestamp() < until:
            return (name, word)
        return ("", "")

    @cached_property
    def _signed(self) -> URLSafeSerializer:
        key = pbkdf2_hmac("sha256", self._password.encode(), b"paperwire session", _ROUNDS)
        return URLSafeSerializer(key, signer_kwargs={"digest_method": sha256})


def _hash(word: str) -> str:
    """Returns the hash of a session's random word under which a sign-out is stored.

    Nobody who reads the database should get a cookie from it. It is not made from the cookie: the same session has
    several spellings in base64.
    """
    return sha256(word.encode()).hexdigest()


_LONGEST_NAME = 40

_TITLE = Sentence("Sign in")
_WORDS = {
    "about": Sentence("The name is yours to choose. It is that of your chat: the same name opens it again."),
    "name": Sentence("Name"),
    "password": Sentence("Password of this page"),
    "sign_in": Sentence("sign in"),
}
_NO_NAME = Sentence("A name is one word, without spaces.")
_WRONG = Sentence("That is not the password.")
_TOO_MANY = Sentence("Too many wrong passwords. Try again in a minute.")


@dataclass(frozen=True, slots=True)
class _SignIn:
    sessions: Sessions
    lock: Lock
    chat_of: Callable[[str], ChatAddress | None]

    async def show(self, asked: PageRequest) -> PageResponse:
        """Shows the form."""
        return self._form(asked)

    async def enter(self, asked: PageRequest) -> PageResponse:
        """Signs in, or shows the form with the reason why not."""
        name, password = asked.form.get("name", "").strip(), asked.form.get("password", "")
        tried = self.lock.tries(password, address=asked.address, session=asked.frame.token)
        if tried is not Tried.OPENS:
            problem, status = (_WRONG, 403) if tried is Tried.WRONG else (_TOO_MANY, 429)
            return self._form(asked, problem, status=status)
        chat = self.chat_of(name) if len(name) <= _LONGEST_NAME else None
        if chat is None:
            return self._form(asked, _NO_NAME, status=400)
        return PageResponse(location="/", session=self.sessions.sign_in(chat.address))

    def _form(self, asked: PageRequest, problem: Sentence | None = None, *, status: int = 200) -> PageResponse:
        name = asked.form.get("name", "")[:_LONGEST_NAME]
        words = _WORDS | ({"problem": problem} if problem else {})
        return PageResponse(status=status, body=draw_page("sign_in.html", asked.frame, _TITLE, words=words, name=name))


async def _leave(_: PageRequest) -> PageResponse:
    return PageResponse(location=PATH, session="")


def sign_in_pages(sessions: Sessions, lock: Lock, chat_of: Callable[[str], ChatAddress | None]) -> tuple[WebPage, ...]:
    """Returns the pages for signing in and out. `chat_of` returns the chat of a name; None if it is not a valid name."""
    one = _SignIn(sessions, lock, chat_of)
    return (
        WebPage(path=PATH, answer=one.show, is_public=True),
        WebPage(path=PATH, answer=one.enter, method="POST", is_public=True),
        WebPage(path="/sign-out", answer=_leave, method="POST"),
    )
