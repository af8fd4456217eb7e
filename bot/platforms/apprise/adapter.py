"""The adapter of Apprise: the destinations of paperwire.toml, and the limits of each service.

Apprise tells only whether a message was sent. The addresses of its services are secrets, so Apprise must log nothing.

A service may have several targets, such as topics or recipients. Apprise fails if one of them does, so each is posted to
by a plugin of its own.

Feishu, Lark, DingTalk and WeCom answer with status 200 also when they refuse, and Apprise would count that as sent. So
we post to these ourselves; Apprise still reads their addresses.
"""

import asyncio
import logging
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import httpx

from bot import pace
from bot.http import NEVER_SENT, trusted
from bot.platforms import base
from bot.platforms.apprise import FACTS
from bot.platforms.apprise.markup import RENDERER, Service
from bot.platforms.base import CheckResult, Given, Operated, Platform
from bot.settings import Destination
from subscriptions.errors import NotFound, SettingsError, install_extra
from subscriptions.model import ChatAddress, ChatKind, Message
from subscriptions.outcomes import PartlySent, Rejected, RetryLater, Unclear

if TYPE_CHECKING:
    from apprise import NotifyBase

TIMEOUT = 60.0  # seconds for one message; a service may need several requests
THREADS = 8  # messages at the same time
_CLOSING = 5.0  # seconds to sign out of services, which is not required
# seconds; Apprise's default is four, after which a slow message would count as lost and be sent twice
_ONE_REQUEST = 20.0
_SILENT = logging.CRITICAL + 1
# services that answer by a code: scheme → the field of an answer that is 0 for success, and the field with the words
_CODES = {
    "feishu": ("code", "msg"),
    "lark": ("code", "msg"),
    "dingtalk": ("errcode", "errmsg"),
    "wecombot": ("errcode", "errmsg"),
}
_TOO_FAST = frozenset({11232, 130101, 410100, 45009})  # codes for too many messages
_FOR_PROGRAMS = frozenset({"json", "xml", "form", "apprise", "amqp"})  # no person reads these, so text is enough
# bytes, of services that count those. Apprise allows pushes more, but ntfy makes a file of a longer text, and Apple, Google and
# browsers refuse a push that has more than 4,096 bytes with its title.
_BYTES = {
    "wechat": 2048,
    "wecombot": 2048,
    "threema": 3500,
    "ntfy": 3500,
    "bark": 3000,
    "gorush": 3000,
    "pushy": 3000,
    "vapid": 3000,
}

Payload = Mapping[str, Any]  # see bot/platforms/apprise/markup.py


@dataclass(frozen=True, slots=True)
class Target:
    """A destination with its plugin, whose address is a secret, and a plugin for each of its targets."""

    plugin: "NotifyBase" = field(repr=False)
    parts: tuple["NotifyBase", ...] = field(repr=False)
    renderer: Service


def _library() -> ModuleType | None:
    """Return Apprise, None if it is not installed.

    Silences its log and those of its libraries, which contain addresses.
    """
    for name in ("apprise", "oauthlib", "requests_oauthlib", "urllib3"):
        logging.getLogger(name).setLevel(_SILENT)
    try:
        return import_module("apprise")
    except ImportError:
        return None


def _target(destination: Destination, library: ModuleType | None) -> Target | SettingsError:
    """Return a destination with its plugin, or why it cannot be used."""
    if library is None:
        return SettingsError("Apprise is not installed.", install_extra("apprise"))
    if destination.url is None:
        return SettingsError(
            f"{destination.url_env} is not set.", "Put the address of the service there, as Apprise writes it."
        )
    plugin = _plugin(destination.url.get_secret_value(), library)
    if plugin is None:
        return SettingsError(
            f"Apprise does not understand the address in {destination.url_env}.",
            "Compare it with appriseit.com/services; for some services another package has to be installed.",
        )
    return Target(plugin, _parts(plugin, library), _renderer(plugin, library))


def _parts(plugin: "NotifyBase", library: ModuleType) -> tuple["NotifyBase", ...]:
    """Return a plugin for each target; the plugin itself if it has one, or if Apprise does not tell them apart."""
    parsed = (len(plugin) > 1 and type(plugin).parse_url(plugin.url())) or {}  # type: ignore[no-untyped-call]
    parts = [_plugin({**parsed, "targets": [one]}, library) for one in parsed.get("targets") or ()]
    found = tuple(one for one in parts if one is not None and len(one) == 1)
    return found if len(found) == len(plugin) else (plugin,)


def _plugin(url: str | Mapping[str, Any], library: ModuleType) -> "NotifyBase | None":
    """Return the plugin that sends to an address of Apprise; None if no plugin understands the address."""
    asset = library.AppriseAsset(
        app_id="paperwire",
        app_desc="New papers",
        app_url="",
        image_url_mask=None,  # no pictures from other servers
        image_url_logo=None,
        storage_mode="memory",
    )
    try:
        told = url.strip() if isinstance(url, str) else url
        plugin: NotifyBase | None = library.Apprise.instantiate(told, asset=asset)
    except Exception:  # noqa: BLE001 - a plugin may raise any error, and its text may quote the address
        return None
    if plugin is not None:
        plugin.overflow_mode = library.OverflowMode.UPSTREAM  # we split messages, so the plugin must not
        # our own pace has already waited
        plugin.throttle = lambda *_, **__: None  # type: ignore[method-assign]
        plugin.socket_connect_timeout = plugin.socket_read_timeout = _ONE_REQUEST
    return plugin


def _renderer(plugin: "NotifyBase", library: ModuleType) -> Service:
    """Return the renderer of a service: Markdown, if the service or Apprise makes something of it, else text."""
    scheme, formats, by_code = plugin.schema.removesuffix("s"), library.NotifyFormat, plugin.schema in _CODES
    # None: what its address names
    tried = (None,) if scheme in _FOR_PROGRAMS else (None, formats.MARKDOWN, formats.HTML)
    shows = {plugin.resolve_format(one) for one in tried}
    return Service(
        "text" if by_code or shows == {formats.TEXT} else "markdown",
        limit=_BYTES.get(scheme, plugin.body_maxlen),
        has_title=bool(plugin.title_maxlen) and not by_code,
        in_bytes=scheme in _BYTES,
    )


class ApprisePlatform(Platform, Operated):
    """Posts messages in threads of their own, since calls of Apprise block.

    A call that takes too long continues in its thread, and its outcome is unclear.
    """

    facts = FACTS
    renderer = RENDERER
    # twenty messages a minute, the limit of DingTalk and WeCom
    limits = pace.Limits(per_lane=1 / 3)

    def __init__(self, destinations: Sequence[Destination]) -> None:
        self._named = destinations
        self.destinations = tuple(ChatAddress(FACTS.name, one.name) for one in destinations)
        self._threads = ThreadPoolExecutor(THREADS, "apprise")
        self._under_way: dict[str, Future[bool]] = {}
        self._taken: dict[str, set[int]] = {}  # message → which of its targets have it, if others failed

    @cached_property
    def targets(self) -> dict[str, Target | SettingsError]:
        """The destinations by name; for one that cannot be used, the reason. This imports Apprise."""
        library = _library()
        return {one.name: _target(one, library) for one in self._named}

    @property
    def startup_lines(self) -> list[str]:
        """See Platform. Names the destinations that cannot be used."""
        return [f"{one.question}: {one.answer} {one.cure}" for one in self._findings() if one.mend]

    def _findings(self) -> list[CheckResult]:
        found = []
        for name, target in self.targets.items():
            if isinstance(target, SettingsError):
                found.append(CheckResult.of_error(f"Destination {name}", target))
                continue
            service = target.renderer
            answer = f"{target.plugin.service_name}, {service.form}, at most {service.limit:,} characters"
            found.append(CheckResult(f"Destination {name}", answer))
        return found

    def renderer_for(self, chat: ChatAddress) -> Service:
        """See Platform. A destination that is no longer in paperwire.toml gets plain text."""
        target = self.targets.get(chat.address)
        return target.renderer if isinstance(target, Target) else RENDERER

    async def post(
        self,
        chat: ChatAddress,
        message: Message,
        *,
        delivery: str,
        thread: str | None = None,
        plain: bool = False,
    ) -> str:
        """See Platform. Returns the delivery's id and the message's number."""
        del thread
        payload, target = base.read_message(message, "title", "text", "format"), self.targets.get(chat.address)
        if target is None:
            raise RetryLater(f"paperwire.toml names no destination {chat.address}.")
        if isinstance(target, SettingsError):
            raise RetryLater(str(target.sentence))
        title = target.plugin.service_name
        if plain:
            payload = {**payload, "format": "text"}  # Markdown is a text already
        if not target.renderer.holds(payload["text"]):
            raise Rejected(f"{title} takes at most {target.renderer.limit} characters.", form=True)
        if target.plugin.schema in _CODES:
            await post_ourselves(target.plugin, payload["text"])
        else:
            await self._notify_all(chat.address, target, payload, f"{delivery}-{message.number}")
        return f"{delivery}-{message.number}"

    async def _notify_all(self, name: str, target: Target, payload: Payload, number: str) -> None:
        """Post to each target that has not taken this message yet. Raises RetryLater, PartlySent or Unclear."""
        taken, targets = self._taken.setdefault(number, set()), len(target.plugin)
        for index, part in enumerate(target.parts):
            if index not in taken and await self._notified(f"{name}/{index}", part, payload):
                taken.add(index)
        if len(taken) == len(target.parts):
            del self._taken[number]
            return
        words = "did not take it, or its answer was lost: Apprise does not say which."
        if taken:
            raise PartlySent(
                f"{len(taken)} of {targets} targets of {target.plugin.service_name} took it; the rest {words}"
            )
        outcome = Unclear if targets == len(target.parts) else PartlySent
        raise outcome(f"{target.plugin.service_name} {words}")

    async def close(self) -> None:
        """See Platform. Some plugins sign out of their service, with a request, when they are deleted."""
        if vars(self).get("targets"):  # they were used, and are not closed yet
            signs_out = self._threads.submit(self.targets.clear)
            self._threads.shutdown(wait=False)
            await asyncio.wait([asyncio.wrap_future(signs_out)], timeout=_CLOSING)

    async def check(self) -> Sequence[CheckResult]:
        """See Platform. Sends no request."""
        return self._findings()

    async def describe(self, address: ChatAddress) -> tuple[str, ChatKind | None]:
        """See Platform."""
        names = [one.name for one in self._named]
        if address.address not in names:
            hint = "Add a [[destination]] with this name and the variable of its address."
            if names:
                hint = f"It names {', '.join(names)}."
            raise NotFound(f"paperwire.toml names no destination {address.address}.", hint)
        return address.address, ChatKind.PRIVATE

    async def _notified(self, name: str, plugin: "NotifyBase", payload: Payload) -> bool:
        """Return whether Apprise sent a message, and say so in time."""
        if name in self._under_way and not self._under_way[name].done():
            raise RetryLater("The last message is still under way.")
        self._under_way[name] = self._threads.submit(_notify, plugin, payload)
        done, _ = await asyncio.wait([asyncio.wrap_future(self._under_way[name])], timeout=TIMEOUT)
        return any(one.result() for one in done)


def _notify(plugin: "NotifyBase", payload: Payload) -> bool:
    if hasattr(plugin, "transaction_id"):
        # Matrix counts on from it; with an access token it does not, and servers drop a message whose number came before.
        plugin.transaction_id = uuid.uuid4().int
    try:
        return bool(plugin.notify(body=payload["text"], title=payload["title"], body_format=payload["format"]))
    except Exception:  # noqa: BLE001 - a plugin may raise any error, and its text may contain the address
        return False


async def post_ourselves(plugin: "NotifyBase", text: str) -> None:
    """Post a text to a service that answers by a code. Raise RetryLater, Rejected or Unclear."""
    address, query, body = _request(plugin, text)
    name = plugin.service_name
    try:
        verify = trusted() if plugin.verify_certificate else False
        async with httpx.AsyncClient(timeout=_ONE_REQUEST, verify=verify) as client:
            answer = await client.post(address, params=query, json=body)
    except NEVER_SENT as error:
        raise RetryLater(f"{name} cannot be reached.") from error
    except httpx.HTTPError as error:
        raise Unclear(f"The answer of {name} was lost, so it may have the message.") from error
    code, words = _code(plugin, answer)
    if answer.status_code == httpx.codes.TOO_MANY_REQUESTS or code in _TOO_FAST:
        raise RetryLater(f"{name} takes no more messages for now.")
    if code == 0 and answer.is_success:
        return
    if code or answer.is_client_error:
        raise Rejected(f"{name} says {code or answer.status_code}: {words[:160]}")
    raise Unclear(f"{name} did not say whether it took the message.")


def _request(plugin: Any, text: str) -> tuple[str, Mapping[str, str] | None, Mapping[str, object]]:  # noqa: ANN401 - each plugin has attributes of its own
    """Return (address, query, body) of the request for a text, by the manual of each service."""
    match plugin.schema:
        case "feishu":
            return plugin.notify_url.format(token=plugin.token), None, {"msg_type": "text", "content": {"text": text}}
        case "lark":
            return plugin.webhook_url, None, {"msg_type": "text", "content": {"text": text}}
        case "dingtalk":
            query = None
            if plugin.secret:
                timestamp, signature = plugin.get_signature()
                query = {"timestamp": timestamp, "sign": unquote(signature)}  # httpx quotes it
            body = {"msgtype": "text", "text": {"content": text}, "at": {"atMobiles": plugin.targets}}
            return plugin.notify_url.format(token=plugin.token), query, body
        case _:
            return plugin.api_url, None, {"msgtype": "text", "text": {"content": text}}


def _code(plugin: "NotifyBase", answer: httpx.Response) -> tuple[int | None, str]:
    """Return (code, words) of an answer; None for a code that is missing or no number."""
    field, words = _CODES[plugin.schema]
    try:
        told = answer.json()
    except ValueError:
        return None, ""
    if not isinstance(told, dict) or type(told.get(field)) is not int:
        return None, ""
    return told[field], " ".join(str(told.get(words, "")).split())


def connect(given: Given) -> ApprisePlatform:
    """See bot.platforms.connect."""
    return ApprisePlatform(given.settings.destinations)
