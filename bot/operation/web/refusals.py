"""Refusals of the web address: a single line without any information about the bot."""

from collections.abc import Mapping

from starlette.responses import PlainTextResponse, Response

_WORDS = {
    400: "That cannot be read.",
    401: "This needs the password.",
    403: "Not from there.",
    404: "There is no such page.",
    405: "Not so.",
    408: "That took too long.",
    413: "That is too large.",
    415: "That is no JSON.",
    429: "Too often. Try again in a minute.",
    421: "Nobody is called so here. PAPERWIRE_WEB_HOSTS names the hosts of these pages.",
    503: "Not now.",
}


def line(status: int, headers: Mapping[str, str] | None = None) -> Response:
    """Returns the refusal with this status."""
    return PlainTextResponse(_WORDS.get(status, "That did not work.") + "\n", status_code=status, headers=headers)
