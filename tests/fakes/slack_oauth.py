"""A fake Slack that also answers oauth.v2.access (docs.slack.dev): it turns codes into tokens, and refreshes tokens."""

import base64
from dataclasses import dataclass
from itertools import count
from typing import Any

from aiohttp import web

from tests.fakes.server import ApiCall, ApiResponse
from tests.fakes.slack import FakeSlack

CLIENT_ID, CLIENT_SECRET = "1234.5678", "made-up-client-secret"
LASTS = 43_200  # seconds for which a token is valid that rotates (twelve hours)


@dataclass(slots=True)
class _Installed:
    team: str
    name: str
    rotates: bool
    enterprise: bool
    refresh: str = ""


class FakeOAuth(FakeSlack):
    """A fake Slack with OAuth. It has one verb more: lets_in."""

    def __init__(self) -> None:
        super().__init__()
        self._codes: dict[str, _Installed] = {}
        self._installed: dict[str, _Installed] = {}
        self._made = count(1)
        self.refreshed: list[str] = []  # refresh tokens that were used, in order

    def lets_in(self, team: str, name: str = "Example", *, rotates: bool = False, enterprise: bool = False) -> str:
        """Installs the app in a workspace, as a person does. Returns the code that Slack adds to the browser's redirect."""
        code = f"{team}.{next(self._made)}"
        self._codes[code] = _Installed(team, name, rotates, enterprise)
        return code

    async def read(self, request: web.BaseRequest) -> ApiCall:
        call = await super().read(request)
        if call.method != "oauth.v2.access":
            return call
        basic = request.headers.get("Authorization", "").removeprefix("Basic ")
        known = base64.b64decode(basic).decode() == f"{CLIENT_ID}:{CLIENT_SECRET}"
        return ApiCall(
            method=call.method, token="", arguments=call.arguments, problem="" if known else "bad_client_secret"
        )

    def handle(self, call: ApiCall) -> ApiResponse:
        if call.method != "oauth.v2.access":
            return super().handle(call)
        if call.problem:
            return _no(call.problem)
        if call.arguments.get("grant_type") == "refresh_token":
            return self._refresh(str(call.arguments.get("refresh_token", "")))
        found = self._codes.pop(str(call.arguments.get("code", "")), None)
        return self._grant(found) if found else _no("invalid_code")

    def _refresh(self, token: str) -> ApiResponse:
        found = next((one for one in self._installed.values() if one.refresh == token and token), None)
        if found is None:
            return _no("invalid_refresh_token")
        self.refreshed.append(token)
        return self._grant(found)

    def _grant(self, installed: _Installed) -> ApiResponse:
        number, team = next(self._made), installed.team
        token = f"xoxb-{team}-{number}"
        known = self._workspaces.get(team)
        if known is None:
            self.workspace(team, token)
        else:
            known.token, known.revoked = token, ""
        self._installed[team] = installed
        body: dict[str, Any] = {
            "ok": True,
            "access_token": token,
            "token_type": "bot",
            "scope": "chat:write,commands",
            "bot_user_id": "U0BOT",
            "app_id": "A0TEST",
            "team": None if installed.enterprise else {"id": team, "name": installed.name},
            "enterprise": None,
            "is_enterprise_install": installed.enterprise,
        }
        if installed.rotates:
            installed.refresh = f"xoxe-1-{team}-{number}"
            body |= {"refresh_token": installed.refresh, "expires_in": LASTS}
        return ApiResponse(body=body)


def _no(code: str) -> ApiResponse:
    return ApiResponse(body={"ok": False, "error": code})
