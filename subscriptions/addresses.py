"""Chats as people write them (docs/commands.md, CHAT): the platform, a colon, and what the platform calls the chat."""

from dataclasses import replace

from subscriptions.errors import Refused, Sentence, listed
from subscriptions.model import ChatAddress
from subscriptions.platforms import declared, facts_of

LONGEST_NAME = 200  # characters of a name that a person chose; both databases can index as many

_LONGEST = 80  # characters that a refusal repeats
_NO_CHAT = Sentence("“{text}” is not a chat.")


def parse_address(text: str) -> ChatAddress:
    """Returns the chat that `platform:address/topic` names. Raises Refused."""
    platform, _, rest = text.strip().partition(":")
    address = facts_of(platform).read_address(rest)
    if address is None:
        raise _refused(text.strip(), platform)
    return address


def read_name(platform: str, rest: str) -> ChatAddress | None:
    """Returns the chat with a free name: printable, no spaces, at most LONGEST_NAME characters; None for others."""
    fits = rest.isprintable() and 0 < len(rest) <= LONGEST_NAME and " " not in rest
    return ChatAddress(platform, rest) if fits else None


def _refused(text: str, platform: str) -> Refused:
    shown = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    facts = facts_of(platform)
    return Refused(
        replace(facts.refusal or _NO_CHAT, values={"text": shown}), facts.refusal_hint or _how_chats_are_written()
    )


def _how_chats_are_written() -> Sentence:
    *others, last = (Sentence("{text}", {"text": facts.address_form}) for facts in declared() if facts.address_form)
    either = Sentence("{first} or {next}", {"first": listed(others), "next": last}) if others else last
    return Sentence("Write {forms}.", {"forms": either})
