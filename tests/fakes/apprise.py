"""Fake services on loopback: a JSON webhook, Matrix, Discord, Feishu and simpler ones, each as strict as the real service.

Discord limits a message to 2,000 characters, Feishu a request to 20 KB, and Matrix an event to 64 KB. Matrix posts
only one message if two requests of one access token have the same transaction id.
"""

import contextlib
import json
import re
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch
from urllib.parse import unquote

from aiohttp import web
from apprise.manager_plugins import NotificationManager

from tests.fakes.faults import JSON, Fault
from tests.fakes.server import LOOPBACK, ApiCall, ApiResponse, FakePlatform

TOKEN = "made-up-token-of-a-service"
REFUSED = "bad"  # the topic of ntfy, or device of Bark, that is refused
ROOM = "!papers:lab.org"
SERVICES = ("json", "matrix", "discord", "feishu")
PUSHES = ("ntfy", "bark")
READ = ("feishu", "lark", "dingtalk", "wecombot")  # these services report a refusal under status 200
_PATHS = (
    (re.compile(r"/hook/([^/]+)"), "json"),
    (re.compile(r"/_matrix/client/v3/(.+)"), "matrix"),
    (re.compile(r"/api/webhooks/42/([^/]+)"), "discord"),
    (re.compile(r"/open-apis/bot/v2/hook/([^/]+)/"), "feishu"),
    (re.compile(r"/open-apis/bot/v2/hook/([^/]+)"), "lark"),
    (re.compile(r"/robot/send()"), "dingtalk"),
    (re.compile(r"/cgi-bin/webhook/send()"), "wecombot"),
    (re.compile(r"/push()"), "bark"),
    (re.compile(r"/(papers)?"), "ntfy"),
)
_AT = {  # attributes of the plugins whose address is fixed → their path on this server
    "discord": "/api/webhooks",
    "feishu": "/open-apis/bot/v2/hook/{token}/",
    "lark": "/open-apis/bot/v2/hook/",
    "dingtalk": "/robot/send?access_token={token}",
    "wecombot": "/cgi-bin/webhook/send?key={key}",
}
_EMBED = 4096  # characters of an embed's description; the title has a separate limit
_DISCORD, _FEISHU, _MATRIX, _WECOM, _PUSH = 2000, 20 * 1024, 65_536, 2048, 4096


class FakeServices(FakePlatform):
    """All services on one port. In the journal, the chat of an entry is the name of the service."""

    send = "post"

    def __init__(self) -> None:
        super().__init__()
        self._numbers: set[str] = set()

    def address(self, service: str, rest: str = "") -> str:
        """Returns the address of a service, as Apprise writes it."""
        here = f"{LOOPBACK}:{self.port}"
        return {
            "json": f"json://{here}/hook/{TOKEN}{rest}",
            "matrix": f"matrix://papers:{TOKEN}@{here}/{ROOM}{rest or '?discovery=no'}",
            "matrix by token": f"matrix://{TOKEN}@{here}/{ROOM}{rest or '?discovery=no'}",
            "discord": f"discord://42/{TOKEN}{rest}",
            "feishu": f"feishu://{TOKEN}{rest}",
            "lark": f"lark://{TOKEN}{rest}",
            "dingtalk": f"dingtalk://{TOKEN.replace('-', '')}{rest}",
            "wecombot": f"wecombot://{TOKEN}{rest}",
            "bark": f"bark://{here}/device{rest}",
            "ntfy": f"ntfy://{here}/papers{rest}",
        }[service]

    def texts(self, service: str) -> list[str]:
        return [entry.text for entry in self.posted_to(service)]

    def titles(self, service: str) -> list[str]:
        return [str(entry.payload.get("title", "")) for entry in self.posted_to(service)]

    async def read(self, request: web.BaseRequest) -> ApiCall:
        raw = await request.read()
        try:
            arguments: Any = json.loads(raw or b"{}")
        except ValueError:
            arguments = None
        for path, service in _PATHS:
            if found := path.fullmatch(unquote(request.path)):
                return ApiCall(
                    method=self.send if service != "matrix" or "/send/" in found[1] else found[1].split("/")[0],
                    token=request.headers.get("Authorization", "") if service == "matrix" else found[1],
                    arguments={"body": arguments, "bytes": len(raw), "rest": found[1]},
                    chat=service,
                    problem="" if isinstance(arguments, dict) else "no object",
                )
        return ApiCall(method="", token="", arguments={}, problem="no such path")

    def handle(self, call: ApiCall) -> ApiResponse:
        if call.problem:
            return ApiResponse(status=400, body={"code": 9499, "msg": call.problem})
        return getattr(self, f"_{call.chat}")(call, call.arguments["body"])  # type: ignore[no-any-return]

    def too_many(self, retry_after: object) -> Fault:
        return Fault(
            status=429,
            body=json.dumps({"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 3000, "retry_after": retry_after}),
            content_type=JSON,
            headers={"Retry-After": str(retry_after)},
        )

    def _json(self, call: ApiCall, body: dict[str, Any]) -> ApiResponse:
        if call.token != TOKEN:
            return ApiResponse(status=403, body={})
        if not isinstance(body.get("message"), str) or not isinstance(body.get("title"), str):
            return ApiResponse(status=400, body={"error": "message and title are texts"})
        return self._taken(call, body["message"], title=body["title"])

    def _discord(self, call: ApiCall, body: dict[str, Any]) -> ApiResponse:
        content, embeds = body.get("content"), body.get("embeds", [])
        if call.token != TOKEN:
            return ApiResponse(status=401, body={"message": "Invalid Webhook Token", "code": 50027})
        if content is None and len(embeds) == 1 and 0 < len(embeds[0]["description"]) <= _EMBED:
            return self._taken(call, embeds[0]["description"], title=embeds[0]["title"])
        if not isinstance(content, str) or not 0 < len(content) <= _DISCORD:
            return ApiResponse(status=400, body={"content": ["Must be 2000 or fewer in length."]})
        return self._taken(call, content)

    def _feishu(self, call: ApiCall, body: dict[str, Any]) -> ApiResponse:
        content = body.get("content")
        if call.token != TOKEN:
            return ApiResponse(
                status=400, body={"code": 19001, "msg": "param invalid: incoming webhook access token invalid"}
            )
        if body.get("msg_type") != "text" or not isinstance(content, dict) or not isinstance(content.get("text"), str):
            return ApiResponse(status=400, body={"code": 9499, "msg": "Bad Request"})
        if call.arguments["bytes"] > _FEISHU:
            return ApiResponse(status=400, body={"code": 11246, "msg": "request body is too large"})
        return self._taken(call, content["text"])

    def _lark(self, call: ApiCall, body: dict[str, Any]) -> ApiResponse:
        return self._taken(call, body["content"]["text"])

    def _dingtalk(self, call: ApiCall, body: dict[str, Any]) -> ApiResponse:
        return self._taken(call, body["text"]["content"])

    def _wecombot(self, call: ApiCall, body: dict[str, Any]) -> ApiResponse:
        if len(body["text"]["content"].encode()) > _WECOM:
            return ApiResponse(body={"errcode": 40058, "errmsg": "text.content exceeds 2048 bytes"})
        return self._taken(call, body["text"]["content"])

    def _ntfy(self, call: ApiCall, body: dict[str, Any]) -> ApiResponse:
        if body.get("topic") == REFUSED:
            return ApiResponse(status=403, body={"code": 40301})
        if call.arguments["bytes"] > 2 * _PUSH:
            return ApiResponse(status=413, body={"code": 41303})
        is_file = len(body["message"].encode()) > _PUSH
        return self._taken(call, "You received a file: attachment.txt" if is_file else body["message"], body["title"])

    def _bark(self, call: ApiCall, body: dict[str, Any]) -> ApiResponse:
        if body.get("device_key") == REFUSED:
            return ApiResponse(status=400, body={"message": "no such device"})
        alert = {name: body[name] for name in ("title", "body", "markdown") if name in body}
        if len(json.dumps({"aps": {"alert": alert}}, ensure_ascii=False).encode()) > _PUSH:
            return ApiResponse(status=413, body={"message": "PayloadTooLarge"})
        return self._taken(call, body.get("body") or body["markdown"])

    def _matrix(self, call: ApiCall, body: dict[str, Any]) -> ApiResponse:
        match call.method:
            case "login":
                if body.get("password") != TOKEN:
                    return _matrix_answer(403, "M_FORBIDDEN")
                return ApiResponse(
                    body={"access_token": f"access-{TOKEN}", "home_server": "lab.org", "user_id": "@papers:lab.org"}
                )
            case _ if call.token not in {f"Bearer access-{TOKEN}", f"Bearer {TOKEN}"}:
                return _matrix_answer(401, "M_UNKNOWN_TOKEN")
            case self.send:
                return self._matrix_event(call, body)
            case _:
                return ApiResponse(body={"room_id": ROOM, "joined_rooms": [ROOM]})

    def _matrix_event(self, call: ApiCall, body: dict[str, Any]) -> ApiResponse:
        number = str(call.arguments["rest"])
        if call.arguments["bytes"] > _MATRIX:
            return _matrix_answer(413, "M_TOO_LARGE")
        if body.get("msgtype") not in {"m.text", "m.notice"} or not isinstance(body.get("body"), str):
            return _matrix_answer(400, "M_BAD_JSON")
        if number in self._numbers:
            return ApiResponse(body={"event_id": number})
        self._numbers.add(number)
        return self._taken(call, str(body.get("formatted_body") or body["body"]))

    def _taken(self, call: ApiCall, text: str, title: str = "") -> ApiResponse:
        shown = ApiCall(method=call.method, token="", chat=call.chat, arguments={"title": title})
        number = str(len(self.journal) + 1)
        self._note(shown, kind="post", chat=call.chat, id=number, text=text)
        yes = {"errcode": 0} if call.chat in ("dingtalk", "wecombot") else {"code": 0, "msg": "success"}
        return ApiResponse(body={**yes, "id": number, "event_id": number})


def _matrix_answer(status: int, code: str) -> ApiResponse:
    return ApiResponse(status=status, body={"errcode": code})


@contextlib.contextmanager
def fake_services() -> Iterator[FakeServices]:
    """Runs the services. While they run, plugins with a fixed address use them instead of the real services."""
    plugins = NotificationManager()  # type: ignore[no-untyped-call]
    with FakeServices() as fake, contextlib.ExitStack() as patched:
        for schema, path in _AT.items():
            patched.enter_context(patch.object(plugins[schema], "notify_url", f"{fake.url}{path}"))
        yield fake
