"""The pages for programs: the feeds of a chat, and the API (papers of an answer, limits, errors). A key of the chat opens them.

The keys are in subscriptions/store/chat_keys.py. The pages need no session and no cookie, so no other site can make a
browser open them. Each request looks its key up, so a key that was removed opens nothing, in any process. An unknown
key gets the answer of an unknown page. Too many unknown keys from one address are no longer looked up.
"""

import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from hashlib import sha256
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import urlsplit
from uuid import uuid4

from bot.app import App
from bot.commands.documents import subscription_document
from bot.conversation.handler import answer_reading
from bot.conversation.said import Said, typed_in
from bot.dependencies.command_limits import CommandLimits
from bot.dependencies.questions import is_encoded
from bot.digests.documents import paper_document
from bot.errors import error_location
from bot.operation.client_addresses import is_known_host
from bot.operation.passwords import WrongTries
from bot.ports.channel import usable_text
from bot.ports.conversation import MessageRequest, WebRequest, WebResponse, WebRoute
from bot.rendering import feeds
from subscriptions.errors import PaperwireError, StoreError, Unencoded
from subscriptions.model import Chat
from subscriptions.query.parse import parse_query
from subscriptions.service import feeds as sent
from subscriptions.service import listing, near_papers, paper_search
from subscriptions.service.known_papers import day_of
from subscriptions.service.paper_search import SearchResult
from subscriptions.states import Opens
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store.chat_keys import chat_of_key
from subscriptions.store.database.store import Store, Transaction, reads
from subscriptions.texts import json_line

log = logging.getLogger("paperwire")

_HEADERS = {
    "cache-control": "private, no-cache",  # only the reader's own cache, which asks each time whether it is still right
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "x-robots-tag": "noindex, nofollow, noarchive",
}
_JSON = "application/json"
_RETRY = {"retry-after": "60"}
_PAGE, _LARGEST_PAGE = 20, 100  # papers of one answer to a search
_NUMBER = re.compile(r"\d{1,4}", re.ASCII)
_AFTER = re.compile(r"(?P<upto>\d{1,18}|)-(?P<start>\d{1,9})", re.ASCII)  # where the next papers of a search begin
_LONGEST_TEXT = 2000  # characters that a program says
_OTHER_HOST = PaperwireError("This is not the address of this bot.")
_TOO_MANY = PaperwireError("That was too much.", "Wait a minute.")
_NOT_NOW = PaperwireError("Not now.", "Try again in a minute.")
_FAILED = PaperwireError("That did not work.", "The log of the bot says why.")
_NO_KEY = PaperwireError("The token is missing or unknown.", "Ask the bot for one: /feed token")


class ProgramPages:
    """All pages for programs."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._wrong = WrongTries(app.clock)
        self._limits = CommandLimits()  # of calls of the API, beside the commands that people give

    @property
    def routes(self) -> Sequence[WebRoute]:
        """Returns the routes."""
        forms = {"atom": (feeds.atom, feeds.ATOM), "json": (feeds.json_feed, feeds.JSON_FEED)}
        made = {f"/feed.{ending}": partial(self._feed, *form) for ending, form in forms.items()}
        for name, answer in (("subscriptions", self._subscriptions), ("search", self._search), ("say", self._say)):
            made[f"/api/{name}"] = partial(self._api, answer)
        return [WebRoute(path=path, answer=partial(self._guarded, answer)) for path, answer in made.items()]

    async def _guarded(self, answer: Callable[[WebRequest], Awaitable[WebResponse]], call: WebRequest) -> WebResponse:
        """Answers a call; if the client has the same bytes already, without a body."""
        found = self._refused(call) or await _answered(answer, call)
        headers = {**_HEADERS, **found.headers}
        if found.status != HTTPStatus.OK:
            return replace(found, headers=headers)
        body = found.body.encode() if isinstance(found.body, str) else found.body
        tag = f'"{sha256(body).hexdigest()[:32]}"'
        if _is_known(tag, call.headers.get("if-none-match", "")):
            return WebResponse(status=HTTPStatus.NOT_MODIFIED, headers={**headers, "etag": tag})
        return replace(found, headers={**headers, "etag": tag})

    def _refused(self, call: WebRequest) -> WebResponse | None:
        """Returns a refusal if the host is not ours, or if the client tried too many wrong keys; otherwise None."""
        settings = self._app.settings
        names = {*settings.web_hosts, settings.web_host.lower(), urlsplit(settings.pages_url).hostname or ""}
        if not is_known_host(call.headers.get("host", ""), names, local=False):
            return _refusal(HTTPStatus.MISDIRECTED_REQUEST, _OTHER_HOST)
        if self._wrong.are_too_many(address=call.address):
            return _refusal(HTTPStatus.TOO_MANY_REQUESTS, _TOO_MANY, _RETRY)
        return None

    async def _feed(self, write: Callable[[feeds.Feed], str], kind: str, call: WebRequest) -> WebResponse:
        body = await self._app.store.run(_written, call.query.get("key", ""), write)
        if body is None:
            self._wrong.count(address=call.address)
            return WebResponse(status=HTTPStatus.NOT_FOUND)
        return WebResponse(body=body, kind=kind)

    async def _api(self, answer: Callable[[Chat, WebRequest], Awaitable[object]], call: WebRequest) -> WebResponse:
        """Answers with JSON if the call has the key of a chat, and the chat has not asked too often."""
        scheme, _, key = call.headers.get("authorization", "").partition(" ")
        chat = None
        if scheme.lower() == "bearer":
            chat = await self._app.store.run(chat_of_key, key.strip(), Opens.API)
        if chat is None:
            if key:
                self._wrong.count(address=call.address)
            return _refusal(HTTPStatus.UNAUTHORIZED, _NO_KEY, {"www-authenticate": 'Bearer realm="paperwire"'})
        asked, second = _request(chat, ""), self._app.clock.monotonic()
        if self._limits.is_chat_over(asked, second):
            return _refusal(HTTPStatus.TOO_MANY_REQUESTS, _TOO_MANY, _RETRY)
        self._limits.count(asked, second)
        try:
            document = await answer(chat, call)
        except StoreError:
            raise
        except PaperwireError as error:
            return _refusal(400, error)
        return WebResponse(body=f"{json_line(document)}\n", kind=_JSON, headers={"vary": "authorization"})

    async def _subscriptions(self, chat: Chat, _: WebRequest) -> object:
        found = await self._app.store.run(listing.listed, chat.address)
        return [subscription_document(one) for one in found]

    async def _search(self, chat: Chat, call: WebRequest) -> object:
        text, page, deps = usable_text(call.query.get("query", "")), _page_in(call.query), self._app.deps
        may_ask = deps.encoder is not None
        while True:
            try:
                query, found = await deps.store.run(_searched, chat, text, page, may_ask=may_ask)
            except Unencoded as lacking:
                may_ask = await is_encoded(deps.store, deps.encoder, lacking.texts)
                continue
            return {
                "query": query,
                "found": found.found,
                "stored": found.stored,
                "papers": [paper_document(known.paper) for known in found.papers],
                "next": _next(found, page.start),
            }

    async def _say(self, chat: Chat, call: WebRequest) -> object:
        text = usable_text(call.query.get("text", ""))[:_LONGEST_TEXT]
        # as for `paperwire say`, no platform is asked; and the limit of commands is that of all calls
        conversation = replace(self._app.deps.conversation, platform_apis={}, forms={}, command_limits=CommandLimits())
        draft = await answer_reading(replace(self._app.deps, conversation=conversation), _request(chat, text))
        said = Said(draft.unrendered, draft.target) if draft else Said()
        return said.document(chat.address, said.text())


async def _answered(answer: Callable[[WebRequest], Awaitable[WebResponse]], call: WebRequest) -> WebResponse:
    try:
        return await answer(call)
    except StoreError as error:
        log.error("A page for programs cannot be shown: %s", error)
        return _refusal(HTTPStatus.SERVICE_UNAVAILABLE, _NOT_NOW, _RETRY)
    except Exception as error:  # noqa: BLE001 - a bug in one page must not show its traceback
        log.error("A page for programs failed: %s", error_location(error))
        return _refusal(HTTPStatus.INTERNAL_SERVER_ERROR, _FAILED)


def _written(store: Store, key: str, write: Callable[[feeds.Feed], str]) -> str | None:
    """Returns the feed that has this key; None for any other text."""
    found = sent.sent_papers(store, key)
    if found is None:
        return None
    return write(feeds.feed_of(found.chat, found.papers, begun=found.begun))


def _is_known(tag: str, given: str) -> bool:
    """Returns whether a client has the bytes with this tag, as its If-None-Match tells (RFC 9110, 13.1.2)."""
    tags = [one.strip().removeprefix("W/") for one in given.split(",")]
    return tag in tags or tags == ["*"]


def _request(chat: Chat, text: str) -> MessageRequest:
    return replace(typed_in(chat, text, update=f"api:{uuid4().hex}"), by_program=True)


def _refusal(status: int, error: PaperwireError, headers: Mapping[str, str] | None = None) -> WebResponse:
    document = {"error": error.document()}
    return WebResponse(status=status, body=f"{json_line(document)}\n", kind=_JSON, headers=headers or {})


class _Page(NamedTuple):
    """Which of the found papers an answer has, see `paper_search.search`."""

    upto: int | None
    start: int
    most: int


def _page_in(query: Mapping[str, str]) -> _Page:
    """Returns the page that a call wants. Raises PaperwireError."""
    most, after = query.get("limit", str(_PAGE)), _AFTER.fullmatch(query.get("after", "-0"))
    if not _NUMBER.fullmatch(most) or not 1 <= int(most) <= _LARGEST_PAGE:
        raise PaperwireError(f"limit is a number from 1 to {_LARGEST_PAGE}.")
    upto = None
    if after and after["upto"]:
        upto = int(after["upto"])
    if after is None or not _is_place(upto):
        raise PaperwireError("after is the “next” of an earlier answer.")
    return _Page(upto, int(after["start"]), int(most))


def _is_place(upto: int | None) -> bool:
    try:
        return upto is None or bool(day_of(upto))
    except (ValueError, OverflowError):
        return False


@reads
def _searched(
    transaction: Transaction, chat: Chat, text: str, page: _Page, *, may_ask: bool
) -> tuple[str, SearchResult]:
    """Returns (canonical query, what it finds), with what the chat's library and subscriptions know."""
    transaction.may_ask = may_ask
    there = stored_subscriptions.subscriptions_in(transaction, chat.id)
    query = near_papers.with_words(transaction, parse_query(text), there, chat_id=chat.id)
    return query.canonical, paper_search.search(transaction, query, upto=page.upto, start=page.start, most=page.most)


def _next(found: SearchResult, start: int) -> str | None:
    """Returns where the next papers begin; None if these are the last."""
    end = start + len(found.papers)
    if end < found.found:
        return f"{found.upto}-{end}"
    if found.below is not None:
        return f"{found.below}-0"
    return None
