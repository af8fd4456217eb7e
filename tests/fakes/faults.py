"""Faults of a platform or of the connection to it. Each fault replaces one answer."""

import dataclasses
from collections.abc import Mapping

HTML = "text/html"
JSON = "application/json"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault. With `taken`, the platform accepts the message before the fault. Otherwise the message is lost."""

    status: int = 200
    body: str = ""
    content_type: str = HTML
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    taken: bool = False
    cut: str = ""  # "fin" or "rst" closes the connection instead of an answer, "half" in the middle of an answer
    hang: bool = False  # the usual answer comes only when the test releases the call


def _page(status: int, words: str) -> Fault:
    return Fault(status=status, body=f"<html><body><h1>{status} {words}</h1></body></html>")


FAULTS: dict[str, Fault] = {
    "302": Fault(status=302, body="<html></html>", headers={"Location": "{path}"}),
    "400 page": _page(400, "Bad Request"),
    "403 page": _page(403, "Forbidden"),
    "404 page": _page(404, "Not Found"),
    "413": _page(413, "Content Too Large"),
    "500": _page(500, "Internal Server Error"),
    "502": _page(502, "Bad Gateway"),
    "503": _page(503, "Service Unavailable"),
    # some proxies answer with the path of the request, which contains the bot's token
    "echo page": Fault(status=502, body="<html>Cannot POST {path}</html>"),
    "200 page": _page(200, "Welcome to this hotel's network"),
    "broken json": Fault(body='{"ok": true, "result": {"mess', content_type=JSON, taken=True),
    "new shape": Fault(
        body='{"ok": true, "result": {"message_id": 77, "chat": {"id": "a lane", "type": "stage"}, "entities": 3}}',
        content_type=JSON,
        taken=True,
    ),  # a later Bot API may describe an accepted message like this
    "no number": Fault(body='{"ok": true, "result": {"chat": {"id": 1}}}', content_type=JSON, taken=True),
    "no result": Fault(body='{"ok": true}', content_type=JSON, taken=True),
    "not ok": Fault(body='{"ok": false}', content_type=JSON, taken=True),
    "list": Fault(body="[]", content_type=JSON, taken=True),
    "text": Fault(body="ok", content_type="text/plain", taken=True),
    "empty": Fault(body="", content_type=JSON, taken=True),
    "cut before": Fault(cut="fin"),
    "cut after": Fault(cut="fin", taken=True),
    "reset before": Fault(cut="rst"),
    "reset after": Fault(cut="rst", taken=True),
    "cut in the answer": Fault(cut="half", taken=True),
    "hang before": Fault(hang=True),
    "hang after": Fault(hang=True, taken=True),
}
