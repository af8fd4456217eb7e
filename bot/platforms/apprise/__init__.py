"""Apprise: services that only receive messages, one for each [[destination]] of paperwire.toml.

Without a destination, the library of Apprise is not imported.
"""

import re

from subscriptions.chats.addresses import PlatformFacts
from subscriptions.errors import Sentence
from subscriptions.model import ChatAddress

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")


def read_address(text: str) -> ChatAddress | None:
    """Return the chat of a destination; None if no destination can have that name."""
    if _NAME.fullmatch(text):
        return ChatAddress("apprise", text)
    return None


FACTS = PlatformFacts(
    name="apprise",
    title="Apprise",
    address_form="apprise:NAME",
    read_address=read_address,
    refusal=Sentence("“{text}” is no destination."),
    refusal_hint=Sentence("Write apprise:team-feishu, by the name that it has in paperwire.toml."),
    describes_chats=True,
    has_only_named_chats=True,
    formats_differ=True,
    token_variable="[[destination]] in paperwire.toml",  # noqa: S106 - the name of a setting
)
