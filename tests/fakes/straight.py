"""Hands requests of conversations to the fake Telegram by a call, since HTTP is a third of the time of such a test.

Where something is to go wrong, or to take time, they go over HTTP, as in all tests outside of `tests/conversation`.
"""

import json
from typing import Any
from urllib.parse import unquote, urlsplit

from telegram.request import HTTPXRequest, RequestData

from tests.fakes.server import LoopbackServer
from tests.fakes.telegram import FakeTelegram, call_of

_over_http = HTTPXRequest.do_request


async def do_request(
    transport: HTTPXRequest, url: str, method: str, request_data: RequestData | None = None, **more: Any
) -> tuple[int, bytes]:
    """Replaces `HTTPXRequest.do_request`. Returns (status, body) of the answer."""
    where = urlsplit(url)
    fake = LoopbackServer.running.get(where.port or 0)
    given = request_data or RequestData()
    files: dict[str, Any] = {field: (file[0], file[1]) for field, file in given.multipart_data.items()}
    call = call_of(unquote(where.path), {**given.json_parameters}, files)
    if type(fake) is not FakeTelegram or not fake.answers_at_once(call):
        return await _over_http(transport, url, method, request_data, **more)
    response = fake.ask(call)
    return response.status, json.dumps(response.body).encode() if response.data is None else response.data
