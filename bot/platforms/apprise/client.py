"""The services that answer with status 200 also when they refuse: Feishu, Lark, DingTalk and WeCom.

We post to them ourselves.

Apprise looks at the status alone, and would count a refused message as sent. It still reads the address of the service.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import httpx

from bot.ports.http import NEVER_SENT, trusted
from subscriptions.errors import Rejected, RetryLater, Unclear

if TYPE_CHECKING:
    from apprise import NotifyBase

TIMEOUT = 20.0  # seconds
TOO_MANY = 429  # the status of an HTTP answer
_REFUSED, _SERVERS_FAULT = 400, 500
# scheme → the field of an answer that is 0 for success, and the field with the words
_FIELDS = {
    "feishu": ("code", "msg"),
    "lark": ("code", "msg"),
    "dingtalk": ("errcode", "errmsg"),
    "wecombot": ("errcode", "errmsg"),
}
_TOO_FAST = frozenset({11232, 130101, 410100, 45009})  # codes for too many messages


def answers_by_code(plugin: "NotifyBase") -> bool:
    """Returns whether a service tells a refusal by a code in its answer, so that `post` has to send to it."""
    return plugin.schema in _FIELDS


async def post(plugin: "NotifyBase", text: str) -> None:
    """Posts a text to such a service. Raises RetryLater, Rejected or Unclear."""
    address, query, body = _request(plugin, text)
    name = plugin.service_name
    try:
        verify = trusted() if plugin.verify_certificate else False
        async with httpx.AsyncClient(timeout=TIMEOUT, verify=verify) as client:
            answer = await client.post(address, params=query, json=body)
    except NEVER_SENT as error:
        raise RetryLater(f"{name} cannot be reached.") from error
    except httpx.HTTPError as error:
        raise Unclear(f"The answer of {name} was lost, so it may have the message.") from error
    code, words = _code(plugin, answer)
    if answer.status_code == TOO_MANY or code in _TOO_FAST:
        raise RetryLater(f"{name} takes no more messages for now.")
    if code == 0 and answer.is_success:
        return
    if code or _REFUSED <= answer.status_code < _SERVERS_FAULT:
        raise Rejected(f"{name} says {code or answer.status_code}: {words[:160]}")
    raise Unclear(f"{name} did not say whether it took the message.")


def _request(plugin: Any, text: str) -> tuple[str, Mapping[str, str] | None, Mapping[str, object]]:  # noqa: ANN401 - each plugin has attributes of its own
    """Returns (address, query, body) of the request for a text, by the manual of each service."""
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
    """Returns (code, words) of an answer; None for a code that is missing or no number."""
    field, words = _FIELDS[plugin.schema]
    try:
        told = answer.json()
    except ValueError:
        return None, ""
    if not isinstance(told, dict) or type(told.get(field)) is not int:
        return None, ""
    return told[field], " ".join(str(told.get(words, "")).split())
