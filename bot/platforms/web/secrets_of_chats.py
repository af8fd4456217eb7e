"""Keys of chats in messages on our pages: only the process that wrote such a message shows them, and only for a while.

The store keeps messages for weeks, but of a key only its hash (subscriptions/store/chat_keys.py). So a message is stored
with the beginning of the key in its place, and pages show the whole key while it is kept here.
"""

import re

from bot.ports.channel import Clock

KEPT_FOR = 600.0  # seconds
_KEY = re.compile(r"\b(?P<shown>feed_[\w-]{4})[\w-]{28}(?![\w-])", re.ASCII)


class SecretsOfChats:
    """The keys in messages of the last minutes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[str, tuple[str, float]] = {}  # what is stored → (the key, the monotonic second when it came)

    def hidden(self, text: str) -> str:
        """Returns a text with the beginning of each key in its place, and keeps the keys."""
        return _KEY.sub(self._keep, text)

    def _keep(self, found: re.Match[str]) -> str:
        stored = f"{found['shown']}…"
        self._kept[stored] = found[0], self._clock.monotonic()
        return stored

    def shown(self, text: str) -> str:
        """Returns a text in which the keys that are kept stand whole."""
        second = self._clock.monotonic()
        self._kept = {stored: kept for stored, kept in self._kept.items() if second - kept[1] <= KEPT_FOR}
        for stored, (key, _) in self._kept.items():
            text = text.replace(stored, key)
        return text
