"""E-mail: one mail for each delivery, to addresses whose owner has agreed; which addresses are one mailbox."""

import re

from subscriptions.chats.addresses import PlatformFacts
from subscriptions.errors import Sentence
from subscriptions.model import ChatAddress

# What RFC 5321 (4.5.3.1) and RFC 5322 (3.4.1) allow without quotation marks, except "/", which separates a topic in our addresses.
_WORD, _LABEL = r"[a-z0-9!#$%&'*+=?^_`{|}~-]+", r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ADDRESS = re.compile(rf"(?=.{{1,64}}@){_WORD}(?:\.{_WORD})*@(?:{_LABEL}\.)+[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])")
_LONGEST = 254  # characters


def read_address(text: str) -> ChatAddress | None:
    """Return the chat of an address in lower case, since no provider distinguishes case; None if it is no address."""
    plain = text.strip().lower()
    if len(plain) <= _LONGEST and _ADDRESS.fullmatch(plain):
        return ChatAddress("email", plain)
    return None


def mailbox_of(chat: ChatAddress) -> str:
    """Return the address without what follows a plus: a person can invent any number of such endings.

    Dots stay, since nearly all servers deliver a.b and ab to different people.
    """
    name, _, domain = chat.address.partition("@")
    return f"{name.partition('+')[0] or name}@{domain}"


FACTS = PlatformFacts(
    name="email",
    title="E-mail",
    address_form="email:ADDRESS",
    read_address=read_address,
    refusal=Sentence("“{text}” is no e-mail address."),
    refusal_hint=Sentence("Write email:me@lab.org."),
    token_variable="PAPERWIRE_SMTP_URL",  # noqa: S106 - the name of a setting
    confirms=True,
    resends_at_most_once=True,
    replies_in_page=True,
    mailbox_of=mailbox_of,
    shows_more=True,
)
