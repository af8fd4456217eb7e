"""The address of the webhook and its secret. Both are derived from the token, so that strangers cannot guess them."""

import hashlib
import hmac


def webhook_path(token: str) -> str:
    """Returns the path of the webhook on our web address. It changes only with the token."""
    return f"/telegram-{derive_secret(token, 'path')[:32]}"


def webhook_address(url: str, token: str) -> str:
    """Returns the full address to which Telegram sends updates."""
    return url.rstrip("/") + webhook_path(token)


def derive_secret(token: str, what: str) -> str:
    """Returns 64 hexadecimal characters that can only be computed with the token."""
    return hmac.new(token.encode(), f"paperwire webhook {what}".encode(), hashlib.sha256).hexdigest()
