"""Signing in with the password of the pages, under a name, and signing out."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.operation.web.pages.lock import Lock, Tried
from bot.operation.web.pages.sessions import Sessions
from bot.ports.clock import Clock
from bot.ports.web_page import PageRequest, PageResponse, WebPage
from bot.rendering.display.web_pages import draw_page
from subscriptions.errors import Sentence
from subscriptions.model import ChatAddress

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
