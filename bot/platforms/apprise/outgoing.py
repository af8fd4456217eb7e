"""Sends messages by Apprise, whose services say only whether all went well. Their addresses are secrets, so it may log nothing."""

import asyncio
import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from http import HTTPStatus
from importlib import import_module
from threading import Thread
from types import ModuleType
from typing import TYPE_CHECKING, Any

from bot.platforms.apprise import APPRISE
from bot.platforms.apprise.markup import MEDIUM, Service
from bot.ports.channel import Channel, Limits, read_message
from bot.settings import Destination
from subscriptions.errors import Rejected, RetryLater, Sentence, Unclear
from subscriptions.model import ChatAddress, Message

if TYPE_CHECKING:
    from apprise import NotifyBase

TIMEOUT = 60.0  # seconds for one message; a service may need several requests
_CLOSING = 5.0  # seconds for signing out, which is a courtesy
_ONE_REQUEST = 20.0  # seconds; Apprise itself gives up after four, and what came late would come twice
_SILENT = logging.CRITICAL + 1
_FOR_PROGRAMS = frozenset({"json", "xml", "form", "apprise", "amqp"})  # take any format, and no person reads it there
# The field of an answer that says 0 for yes. These services say no under status 200, too, and Apprise looks only at the status.
_ANSWERS = {"dingtalk": "errcode", "feishu": "code", "lark": "code", "wecombot": "errcode"}
_COUNT_BYTES = frozenset({"wechat", "wecombot"})

Payload = Mapping[str, Any]  # see bot/platforms/apprise/markup.py


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A destination as it can be used now."""

    medium: Service = MEDIUM
    plugin: "NotifyBase | None" = field(default=None, repr=False)
    trouble: Sentence = Sentence("")  # noqa: RUF009 - a frozen value; why there is no plugin
    cure: Sentence = Sentence("")  # noqa: RUF009 - a frozen value

    @property
    def title(self) -> str:
        """The name of the service."""
        return str(self.plugin.service_name) if self.plugin else ""


def read_targets(destinations: Sequence[Destination]) -> dict[str, Target]:
    """Returns the destinations by their names. One that cannot be used says why."""
    library = _library()
    return {one.name: _target(one, library) for one in destinations}


def _library() -> ModuleType | None:
    """Imports Apprise and silences it: its log, and those of the libraries below it, hold addresses. None: not installed."""
    for name in ("apprise", "oauthlib", "requests_oauthlib", "urllib3"):
        logging.getLogger(name).setLevel(_SILENT)
    try:
        return import_module("apprise")
    except ImportError:
        return None


def _target(destination: Destination, library: ModuleType | None) -> Target:
    variable = {"variable": destination.variable}
    if library is None:
        return Target(
            trouble=Sentence("Apprise is not installed."), cure=Sentence('Run pip install "paperwire[apprise]".')
        )
    if destination.url is None:
        return Target(
            trouble=Sentence("{variable} is not set.", variable),
            cure=Sentence("Put the address of the service there, as Apprise writes it."),
        )
    plugin = _plugin(destination.url.get_secret_value(), library)
    if plugin is None:
        return Target(
            trouble=Sentence("Apprise does not understand the address in {variable}.", variable),
            cure=Sentence(
                "Compare it with appriseit.com/services; for some services another package has to be installed."
            ),
        )
    return Target(medium=_medium(plugin, library), plugin=plugin)


def _plugin(url: str, library: ModuleType) -> "NotifyBase | None":
    """Returns what sends to an address of Apprise; None if it understands none."""
    asset = library.AppriseAsset(
        app_id="paperwire",
        app_desc="New papers",
        app_url="",
        image_url_mask=None,  # no pictures from elsewhere
        image_url_logo=None,
        storage_mode="memory",
    )
    try:
        plugin: NotifyBase | None = library.Apprise.instantiate(url.strip(), asset=asset)
    except Exception:  # noqa: BLE001 - whatever the reader of an address raises, it may quote the address
        return None
    if plugin is not None:
        plugin.overflow_mode = library.OverflowMode.UPSTREAM  # we split, it must not
        plugin.throttle = _no_wait  # type: ignore[method-assign]  # and we wait
        plugin.socket_connect_timeout = plugin.socket_read_timeout = _ONE_REQUEST
        module = sys.modules[type(plugin).__module__]
        if plugin.schema in _ANSWERS and not isinstance(module.requests, _Reading):
            module.requests = _Reading(module.requests, _ANSWERS[plugin.schema])  # type: ignore[attr-defined]
    return plugin


class _Reading:
    """The library `requests` as a plugin uses it, which reads answers, too: one that is no yes gets a status that says so."""

    def __init__(self, library: ModuleType, field: str) -> None:
        self._library = library
        self._field = field

    def __getattr__(self, name: str) -> object:
        return getattr(self._library, name)

    def post(self, *given: object, **options: object) -> object:
        """Posts a request."""
        answer = self._library.post(*given, **options)
        try:
            is_yes = answer.json()[self._field] == 0
        except (ValueError, LookupError, TypeError):
            is_yes = False
        answer.status_code = answer.status_code if is_yes else HTTPStatus.BAD_REQUEST
        return answer


def _no_wait(*_: object, **__: object) -> None:
    """Waits for nothing: the rate limiter has waited."""


def _medium(plugin: "NotifyBase", library: ModuleType) -> Service:
    """Returns the medium that a service declares: of several formats HTML, else Markdown, unless its address names one."""
    scheme, formats = plugin.schema.removesuffix("s"), library.NotifyFormat
    form = plugin.resolve_format()
    for better in () if scheme in _FOR_PROGRAMS else (formats.HTML, formats.MARKDOWN):
        form = plugin.resolve_format(better) if form is formats.TEXT else form
    return Service(
        form.value,
        limit=plugin.body_maxlen,
        title=plugin.title_maxlen,
        shares=plugin.overflow_amalgamate_title,
        in_bytes=scheme in _COUNT_BYTES,
    )


class AppriseChannel(Channel):
    """Posts each message in a thread of its own, since Apprise blocks.

    A call that took too long goes on in its thread, and its outcome is unclear.
    """

    platform = APPRISE.name
    not_found = "Apprise cannot be asked what a service has."
    adapter = "bot.platforms.apprise.adapter"  # the module that makes a platform of this channel
    limits = Limits(text=1_000_000, per_second=0, per_lane=1 / 3)  # twenty a minute, as DingTalk and WeCom take them

    def __init__(self, destinations: Sequence[Destination], *, timeout: float = TIMEOUT) -> None:
        self.targets = read_targets(destinations)
        self._timeout = timeout
        self._under_way: dict[str, asyncio.Future[Any]] = {}

    def medium_at(self, chat: ChatAddress) -> Service:
        """Returns what writes the messages of a destination; text for one that is not named any more."""
        return self.targets[chat.address].medium if chat.address in self.targets else MEDIUM

    async def post(
        self, chat: ChatAddress, message: Message, *, delivery: str, thread: str | None = None, plain: bool = False
    ) -> str:
        """See Channel. The id is the delivery's id and the message's number."""
        del thread
        payload, target = read_message(message, _checked, plain=plain), self._target_of(chat)
        if not target.medium.holds(payload["text"]):
            raise Rejected(f"{target.title} takes at most {target.medium.limit} characters.", form=True)
        if not await self._done(chat.address, lambda: _notify(target, payload), within=self._timeout):
            raise Unclear(f"{target.title} did not take it, or its answer was lost: Apprise does not say which.")
        return f"{delivery}-{message.number}"

    async def edit(self, chat: ChatAddress, message_id: str, message: Message, *, plain: bool = False) -> None:
        """See Channel. Apprise only sends."""
        del chat, message_id
        read_message(message, _checked, plain=plain)
        raise Rejected("What Apprise has sent cannot be changed.")

    async def close(self) -> None:
        """See Channel. Where a service was signed in to, that ends when its plugin goes, by a request."""
        targets, self.targets = self.targets, {}
        if any(target.plugin for target in targets.values()):
            await self._done("", targets.clear, within=_CLOSING)

    def _target_of(self, chat: ChatAddress) -> Target:
        target = self.targets.get(chat.address)
        if target is None:
            raise RetryLater(f"paperwire.toml names no destination {chat.address}.")
        if target.plugin is None:
            raise RetryLater(str(target.trouble))
        last = self._under_way.get(chat.address)
        if last is not None and not last.done():
            raise RetryLater("The last message is still under way.")
        return target

    async def _done(self, name: str, work: Callable[[], object], *, within: float) -> object:
        """Returns what a function returns in a thread; None if it raises or takes too long, then it goes on."""
        done: Future[Any] = Future()
        self._under_way[name] = asyncio.wrap_future(done)
        Thread(target=_run, args=(work, done), name="apprise", daemon=True).start()
        finished, _ = await asyncio.wait([self._under_way[name]], timeout=within)
        return self._under_way[name].result() if finished else None


def _run(work: Callable[[], object], done: "Future[Any]") -> None:
    try:
        result = work()
    except Exception:  # noqa: BLE001 - of any plugin, and its words may hold the address
        result = None
    done.set_result(result)


def _notify(target: Target, payload: Payload) -> bool:
    assert target.plugin is not None  # noqa: S101 - else it is not called
    return bool(target.plugin.notify(body=payload["text"], title=payload["title"], body_format=payload["format"]))


def _checked(payload: object) -> Payload:
    names = ("title", "text", "format")
    if isinstance(payload, dict) and all(isinstance(payload.get(name), str) for name in names):
        return {name: payload[name].encode("utf-8", "replace").decode() for name in names}  # no lone surrogates
    raise ValueError("a payload for Apprise is an object with title, text and format")
