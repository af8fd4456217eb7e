"""The documented web address as an OpenAPI document: each page with its answers. Tests are generated from this schema."""

import json
from typing import Any, Final

from bot.platforms.slack import manifest, receiving
from bot.platforms.slack.installing import INSTALL
from bot.platforms.telegram.receiving import HEADER
from tests.fakes.slack import TEAM

Document = dict[str, Any]

SIGNED: Final = "v0=signed"  # replaced by Slack's signature, which depends on the body

_LINE: Final[Document] = {"text/plain": {"schema": {"type": "string"}}}
_REFUSALS: Final = {
    400: "it cannot be read",
    401: "Slack did not sign it",
    404: "no secret, or no signature",
    413: "the body is too large",
    415: "no JSON",
}
_TEXTS: Final[Document] = {"type": "object", "additionalProperties": {"type": "string"}}
_HEALTH: Final[Document] = {
    "type": "object",
    "properties": {
        "ready": {"type": "boolean"},
        "problems": _TEXTS,
        "seconds": {"type": "object", "additionalProperties": {"type": "integer", "minimum": 0}},
        "attention": _TEXTS,
        "worker": {"type": "string"},
    },
    "required": ["ready", "problems"],
    "additionalProperties": False,
}


def document(telegram_path: str, telegram_secret: str, *, now: int) -> Document:
    """Returns the document of a bot that gets updates of both platforms by HTTP. `now`: the requests' time in seconds since 1970."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "paperwire", "version": "1"},
        "paths": {
            "/health/live": {"get": _page({200: _json({"type": "object", "properties": {"live": {"const": True}}, "required": ["live"]})})},
            "/health/ready": {"get": _page({200: _json(_HEALTH), 503: _json(_HEALTH)})},
            "/metrics": {"get": _page({200: {"description": "metrics", "content": _LINE}})},
            telegram_path: {"post": _webhook(telegram_secret, now)},
            **{path: {"post": _slack()} for path in manifest.PATHS},
            INSTALL: {"get": _page({302: {"description": "on to Slack", "headers": {"location": _text_header(), "set-cookie": _text_header()}}})},
            manifest.REDIRECT: {"get": _page(_refusals(400), *(_parameter(name, "query", {"type": "string"}) for name in ("state", "code", "error")))},
        },
    }  # fmt: skip


def _webhook(secret: str, now: int) -> Document:
    """Returns the page for Telegram's updates (core.telegram.org/bots/api#update)."""
    person = _object({"id": _NUMBER, "is_bot": {"type": "boolean"}, "first_name": _TEXT, "language_code": _TEXT})
    chat = _object({"id": _NUMBER, "type": {"enum": ["private", "group", "supergroup", "channel"]}, "title": _TEXT})
    message = _object(
        {"message_id": _NUMBER, "date": {"enum": [now, 0]}, "chat": chat, "from": person, "text": _WORDS, "message_thread_id": _NUMBER}
    )  # fmt: skip
    pressed = _object({"id": _TEXT, "from": person, "data": _TEXT, "message": message})
    shape = _object({"update_id": _NUMBER})
    shape["properties"] |= {
        "message": message,
        "edited_message": message,
        "channel_post": message,
        "callback_query": pressed,
    }
    return {
        **_page(_refusals(400, 404, 413, 415), _parameter(HEADER, "header", {"enum": [secret]}, required=True)),
        "requestBody": _body({"application/json": shape}),
    }


def _slack() -> Document:
    """Returns the page for Slack's signed requests (docs.slack.dev, Events API, slash commands, interactivity)."""
    event = _object({"type": {"enum": ["message", "app_mention", "member_joined_channel", "tokens_revoked"]}, "channel": _TEXT, "user": _TEXT, "text": _TEXT, "ts": _TEXT})  # fmt: skip
    kinds: list[Document] = [
        _object({"type": {"const": "url_verification"}, "challenge": _TEXT}),
        _object(
            {"type": {"const": "event_callback"}, "team_id": {"enum": [TEAM, ""]}, "event_id": _TEXT, "event": event}
        ),
    ]
    payload = json.dumps({"type": "block_actions", "user": {"id": "U1"}, "actions": [{"type": "button", "value": "x"}]})
    form = _object({"command": {"const": "/paperwire"}, "text": _WORDS, "team_id": {"enum": [TEAM, ""]}, "channel_id": _TEXT, "user_id": _TEXT})  # fmt: skip
    pressed = _object({"payload": {"type": "string", "examples": [payload, "{", "[]"]}})
    return {
        **_page(
            _refusals(400, 401, 404, 413),
            _parameter(receiving.TIMESTAMP, "header", _TEXT, required=True),
            _parameter(receiving.SIGNATURE, "header", {"enum": [SIGNED, "v0=00"]}, required=True),
        ),
        "requestBody": _body(
            {"application/json": {"oneOf": kinds}, "application/x-www-form-urlencoded": {"anyOf": [form, pressed]}}
        ),
    }


_NUMBER: Final[Document] = {"type": "integer"}
_TEXT: Final[Document] = {"type": "string"}
_WORDS: Final[Document] = {
    "anyOf": [_TEXT, {"enum": ["/sub diffusion daily 9", "/list", "/export", "/find graphs", "list"]}]
}


def _object(fields: Document) -> Document:
    return {"type": "object", "properties": dict(fields), "required": list(fields)}


def _page(answers: dict[int, Document], *parameters: Document) -> Document:
    """Returns an operation. Any other method gets 405."""
    return {"parameters": list(parameters), "responses": {str(status): answer for status, answer in answers.items()}}


def _parameter(name: str, place: str, schema: Document, *, required: bool = False) -> Document:
    return {"name": name, "in": place, "schema": schema, "required": required}


def _body(kinds: dict[str, Document]) -> Document:
    return {"required": True, "content": {kind: {"schema": schema} for kind, schema in kinds.items()}}


def _json(schema: Document) -> Document:
    return {"description": "what is said", "content": {"application/json": {"schema": schema}}}


def _text_header() -> Document:
    return {"required": True, "schema": {"type": "string", "minLength": 1}}


def _refusals(*statuses: int) -> dict[int, Document]:
    """Returns answers with one line of text, and the empty answer."""
    lines = {status: {"description": _REFUSALS[status], "content": _LINE} for status in statuses}
    return {200: {"description": "taken"}, **lines}
