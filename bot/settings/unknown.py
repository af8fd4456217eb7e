"""What to do about a variable that begins with PAPERWIRE_ and is no setting."""

from difflib import get_close_matches

from bot.settings import all_variables

_ALIKE = 0.85  # as alike a misspelt name is
_SOCKET_MODE = "Slack is heard by Socket Mode: set PAPERWIRE_SLACK_BOT_TOKEN and PAPERWIRE_SLACK_APP_TOKEN."
_POLLING = "Telegram is polled, and needs no public address."
_ENCODER = "Meaning needs the package paperwire[meaning] and no server."
_INSTEAD = {  # settings of earlier versions → what takes their place
    "PAPERWIRE_EMBEDDINGS_KEY": _ENCODER,
    "PAPERWIRE_EMBEDDINGS_MODEL": _ENCODER,
    "PAPERWIRE_EMBEDDINGS_URL": _ENCODER,
    "PAPERWIRE_METRICS_TOKEN": "/metrics has the password of the pages, PAPERWIRE_WEB_PASSWORD.",
    "PAPERWIRE_SECRET_KEY": _SOCKET_MODE,
    "PAPERWIRE_SLACK_CLIENT_ID": _SOCKET_MODE,
    "PAPERWIRE_SLACK_CLIENT_SECRET": _SOCKET_MODE,
    "PAPERWIRE_SLACK_SIGNING_SECRET": _SOCKET_MODE,
    "PAPERWIRE_TELEGRAM_WEBHOOK_SECRET": _POLLING,
    "PAPERWIRE_TELEGRAM_WEBHOOK_URL": _POLLING,
    "PAPERWIRE_WEB_HOSTS": "PAPERWIRE_WEB_URL names the host.",
    "PAPERWIRE_WEB_USER_HEADER": "PAPERWIRE_WEB_PASSWORD opens the pages.",
}


def instead_of(name: str) -> str:
    """Returns a sentence that says what to set in place of an unknown variable."""
    if sentence := _INSTEAD.get(name.removesuffix("_FILE")):
        return sentence
    near = get_close_matches(name, all_variables(), n=1, cutoff=_ALIKE)
    return f"Did you mean {near[0]}?" if near else "Remove it."
