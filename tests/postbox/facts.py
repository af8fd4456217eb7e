"""Declares the platform "postbox" to the product: its name, its addresses, and the form of its commands."""

import bot.platforms  # noqa: F401 - ours are declared first, in whatever order the tests of a process run
from subscriptions import addresses
from subscriptions.errors import Sentence
from subscriptions.model import ChatAddress, ChatKind


def _read_address(rest: str) -> ChatAddress | None:
    name, _, topic = rest.partition("/")
    address = addresses.read_name("postbox", name)
    return ChatAddress("postbox", address.address, topic) if address else None


def _kind_of(address: ChatAddress) -> ChatKind:
    """Returns GROUP for a street, because all who live there read its letters."""
    return ChatKind.GROUP if address.address.endswith("street") else ChatKind.PRIVATE


POSTBOX = addresses.PlatformFacts(
    name="postbox",
    title="Postbox",
    address_form="postbox:NAME",
    read_address=_read_address,
    refusal=Sentence("“{text}” is no postbox."),
    refusal_hint=Sentence("A postbox is postbox:NAME."),
    kind_of=_kind_of,
    command_prefix=lambda _: "Dear bot, ",
    token_variable="PAPERWIRE_POSTBOX_KEY",
    can_look_up=True,
)

addresses.declare(POSTBOX)
