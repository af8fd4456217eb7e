"""Who opens a page: sessions, signing in and out, whether a form is ours, the language that a visitor reads, the frame.

Starlette signs the sessions (`SessionMiddleware`). A session has a name once somebody has signed in, and a token that
every form must send, so that no other site can send one.
"""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bot.app import App
from bot.messages import usable_text
from bot.platforms.base import RequestDispatcher
from bot.platforms.receivers import PageReceiver
from bot.platforms.web import FACTS
from bot.rendering.dialects import draw
from bot.web.server import Lock
from subscriptions.chats.known import choose_language, known_or_new
from subscriptions.database import bot_state
from subscriptions.database.store import Transaction
from subscriptions.errors import Sentence, sentences
from subscriptions.language import LANGUAGES, Language
from subscriptions.model import ChatAddress, ChatKind
from subscriptions.schedule.zones import known_zone

SIGN_IN = "/sign-in"
COOKIE = "paperwire"
LASTS = timedelta(days=30)
ZONE_COOKIE = "zone"  # set by page.js
LOCAL_NAME = "me"  # the name of the person at this machine
MOST_FIELDS = 60  # of a form
_LONGEST_NAME = 40
_ENDED = "ended-session "  # the beginning of the names of stored values

# The words of pages. Templates contain no words, so that all msgids are found in Python code.
_OF_FRAME = sentences({"skip": "To the content", "sign_out": "sign out"})
_WORDS = sentences(
    {
        "title": "Sign in",
        "about": "The name is yours to choose. It is that of your chat: the same name opens it again.",
        "name": "Name",
        "password": "Password of this page",
        "sign_in": "sign in",
    }
)
_NO_NAME = Sentence("A name is one word, without spaces.")
_WRONG = Sentence("That is not the password.")
_TOO_MANY = Sentence("Too many wrong passwords. Try again in a minute.")


@dataclass(frozen=True, slots=True)
class PageFrame:
    """What every page of a visitor needs."""

    language: str  # a key of LANGUAGES
    token: str  # of the session; every form must send it
    can_sign_out: bool = False


def draw_page(template: str, frame: PageFrame, words: Mapping[str, Sentence], **values: object) -> str:
    """Return a page as HTML, or a part of one.

    The template gets `values`, and the sentences of `words` in the reader's language, as `words.NAME`.
    """
    language = Language(frame.language, "UTC")
    said = {name: language.say(sentence) for name, sentence in {**_OF_FRAME, **words}.items()}
    return draw("web/pages", template, **values, frame=frame, words=said, languages=LANGUAGES)


@dataclass(frozen=True, slots=True)
class Visitor:
    """The person who opens a page, and that person's chat."""

    chat: ChatAddress
    frame: PageFrame
    timezone: str = ""  # the browser's; "" if it does not tell
    is_local: bool = False  # uses the machine on which the bot runs

    @property
    def name(self) -> str:
        """The name under which the visitor is known."""
        return self.chat.address


@dataclass(frozen=True, slots=True)
class Form:
    """A form that a visitor sent."""

    texts: Mapping[str, str]
    file: bytes = b""
    file_name: str = ""

    def text(self, name: str) -> str:
        """Return a field; "" if it was not sent."""
        return self.texts.get(name, "")


def session_key(transaction: Transaction, password: str) -> str:
    """Return the key that signs sessions. It depends on the password, so a new one ends all of them."""
    return f"{bot_state.made_value(transaction, 'page-key', lambda: secrets.token_hex(32))} {password}"


def cookie_name(key: str) -> str:
    """Return the name of the cookie of this instance, since browsers share cookies between the ports of a host."""
    return f"{COOKIE}-{sha256(key.encode()).hexdigest()[:8]}"


def end_session(transaction: Transaction, token: str, *, now: datetime) -> None:
    """Store that the session with this token has ended, until its cookie is too old anyway."""
    bot_state.drop_ended(transaction, _ENDED, now)
    bot_state.put_value(transaction, _name_of(token), (now + LASTS).isoformat())


def has_ended(transaction: Transaction, token: str) -> bool:
    """Whether somebody has signed out of the session with this token."""
    return bot_state.get_value(transaction, _name_of(token)) is not None


def _name_of(token: str) -> str:
    return _ENDED + sha256(token.encode()).hexdigest()


def is_from_script(request: Request) -> bool:
    """Return whether htmx sent the request, which puts the response into the open page."""
    return "hx-request" in request.headers


class Visitors(PageReceiver):
    """Lets visitors in. `password`: None if only users of this machine can reach the pages."""

    name = "pages"

    def __init__(self, app: App, password: str | None) -> None:
        super().__init__()
        self._store, self._clock = app.store, app.clock
        self._password, self._address = password, app.settings.pages_url
        self._lock = Lock(app.clock, password or "")

    async def handling(self) -> RequestDispatcher:
        """Return what handles requests. Raise HTTPException if nothing does."""
        dispatcher = await self.dispatcher()
        if dispatcher is None:
            raise HTTPException(503)
        return dispatcher

    async def admitted(self, request: Request) -> Visitor:
        """Return the visitor. Raise HTTPException, which leads a browser to the sign-in, and StoreError."""
        chat = await self._chat_of(request)
        if chat is None:
            if is_from_script(request):
                raise HTTPException(401, headers={"hx-redirect": SIGN_IN})
            raise HTTPException(303, headers={"location": SIGN_IN})
        language = _language(request)
        known = await self._store.read(known_or_new, chat, ChatKind.PRIVATE, lang=language)
        frame = PageFrame(language=known.settings.lang, token=_token(request), can_sign_out=self._password is not None)
        return Visitor(
            chat=chat,
            frame=frame,
            timezone=known_zone(request.cookies.get(ZONE_COOKIE, "")),
            is_local=self._password is None,
        )

    async def _chat_of(self, request: Request) -> ChatAddress | None:
        """Return the visitor's chat; None before the sign-in and after the sign-out."""
        if "name" in request.session and await self._store.read(has_ended, _token(request)):
            request.session.clear()
        return FACTS.read_address(LOCAL_NAME if self._password is None else request.session.get("name", ""))

    async def own_form(self, request: Request) -> Form:
        """Return a form of one of our own pages in this session. Raise HTTPException for any other."""
        try:
            async with request.form(max_files=1, max_fields=MOST_FIELDS) as sent:
                texts = {name: usable_text(value) for name, value in sent.items() if isinstance(value, str)}
                file = next((value for value in sent.values() if isinstance(value, UploadFile)), None)
                form = Form(texts=texts)
                if file:
                    form = Form(texts=texts, file=await file.read(), file_name=usable_text(file.filename))
        except UnicodeError:  # its encoding is one that Python has for other purposes
            raise HTTPException(400) from None
        token, given = request.session.get("token", ""), texts.get("token", "")
        if not token or not hmac.compare_digest(token.encode(), given.encode("utf-8", "replace")):
            raise HTTPException(403)
        return form

    async def show_sign_in(
        self, request: Request, name: str = "", problem: Sentence | None = None, status: int = 200
    ) -> Response:
        """Show the form to sign in."""
        frame = PageFrame(language=_language(request), token=_token(request))
        words = _WORDS | ({"problem": problem} if problem else {})
        return HTMLResponse(draw_page("sign_in.html", frame, words, name=name[:_LONGEST_NAME]), status)

    async def sign_in(self, request: Request) -> Response:
        """Sign in, or show the form with the reason why not."""
        if "token" not in request.session:  # browsers keep no cookie of a page of https that was opened by http
            problem = Sentence(
                "Your browser kept no cookie of this page. Sign in at {address}.", {"address": self._address}
            )
            return await self.show_sign_in(request, problem=problem, status=403)
        form = await self.own_form(request)
        name, password = form.text("name").strip(), form.text("password")
        opens = self._lock.opens(password, request)
        if not opens:
            problem, status = (_TOO_MANY, 429) if opens is None else (_WRONG, 403)
            return await self.show_sign_in(request, name, problem, status)
        chat = FACTS.read_address(name) if len(name) <= _LONGEST_NAME else None
        if chat is None:
            return await self.show_sign_in(request, name, _NO_NAME, 400)
        request.session.clear()
        request.session.update(name=chat.address, token=secrets.token_urlsafe())
        return RedirectResponse("/", 303)

    async def sign_out(self, request: Request) -> Response:
        """End the session in this browser, and for everybody who has a copy of its cookie."""
        await self.own_form(request)
        await self._store.write(end_session, _token(request), now=self._clock.now())
        request.session.clear()
        return RedirectResponse(SIGN_IN, 303)

    async def choose_language(self, request: Request) -> Response:
        """Store a language as that of the visitor's chat, and of this browser until there is a chat."""
        form = await self.own_form(request)
        language = form.text("language")
        if language not in LANGUAGES:
            raise HTTPException(400)
        request.session["language"] = language
        if chat := await self._chat_of(request):
            await self._store.write(choose_language, chat, language, now=self._clock.now())
            return RedirectResponse("/", 303)
        return RedirectResponse(SIGN_IN, 303)


def _token(request: Request) -> str:
    """Return the token of the forms in this session."""
    return str(request.session.setdefault("token", secrets.token_urlsafe()))


def _language(request: Request) -> str:
    """Return the language chosen in this browser, else Chinese if the browser asks for it before English."""
    if chosen := request.session.get("language"):
        return str(chosen)
    for one in request.headers.get("accept-language", "").lower().split(","):
        for code in LANGUAGES:
            if one.strip().startswith(code):
                return code
    return "en"
