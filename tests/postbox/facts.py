"""What is known of the postbox without asking it."""

from functools import partial

from subscriptions.addresses import PlatformFacts, declare, read_name
from subscriptions.errors import Sentence
from subscriptions.model import ChatAddress, ChatKind


def _read_address(rest: str) -> ChatAddress | None:
    name, _, topic = rest.partition("/")
    address = partial(read_name, "postbox")(name)
    return ChatAddress("postbox", address.address, topic) if address else None


def _kind_of(address: ChatAddress) -> ChatKind:
    """A street is read by all who live there."""
    return ChatKind.GROUP if address.address.endswith("street") else ChatKind.PRIVATE


POSTBOX = PlatformFacts(
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

declare(POSTBOX)
