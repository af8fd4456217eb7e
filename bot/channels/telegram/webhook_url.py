"""Where Telegram sends updates to, and what it shows there: both follow from the token, and nobody else can guess them."""

import hashlib
import hmac


def webhook_path(token: str) -> str:
    """The path of the webhook on our web address: as long as the token is the same, and nobody else can guess it."""
    return f"/telegram-{derive_secret(token, 'path')[:32]}"


def webhook_address(url: str, token: str) -> str:
    """Where Telegram sends updates to."""
    return url.rstrip("/") + webhook_path(token)


def derive_secret(token: str, what: str) -> str:
    """64 hexadecimal characters that only those can make who have the token."""
    return hmac.new(token.encode(), f"paperwire webhook {what}".encode(), hashlib.sha256).hexdigest()
