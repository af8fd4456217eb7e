"""Links in mail: each says in which chat it does what, signed with a key of the database, so none can be made up or changed."""

import hmac
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Literal

from subscriptions.model import Chat, ChatAddress
from subscriptions.store import key_value
from subscriptions.store.chats import chats_by_id, find_chat
from subscriptions.store.database.store import Transaction, reads, writes

PATH = "/mail"
_KEY = "mail-key"
_SIGNATURE = 16  # bytes: 128 bits of HMAC-SHA256
LONGEST = 4000  # characters of a link that is read

Does = Literal["press", "say", "talk"]  # presses a button, says a command, says what the person types on the page


@dataclass(frozen=True, slots=True)
class Link:
    """What a link does."""

    chat: int  # the id of the chat, which another one may have after it was erased
    address: str  # of the chat, so that a link is good for this one alone
    does: Does
    data: str  # of the button, or the text that is said
    label: str = ""  # what the page calls it


@dataclass(frozen=True, slots=True)
class Signer:
    """Writes links and reads them."""

    key: bytes
    root: str  # the address of the pages

    def url(self, link: Link) -> str:
        """Returns the address that a person opens."""
        return f"{self.root}{PATH}?link={self.token(link)}"

    def token(self, link: Link) -> str:
        """Returns the link as one word with its signature."""
        packed = json.dumps(
            [link.chat, link.address, link.does, link.data, link.label], ensure_ascii=False, separators=(",", ":")
        )
        body = urlsafe_b64encode(packed.encode()).rstrip(b"=")
        return f"{body.decode()}.{self._signature(body)}"

    def read(self, token: str) -> Link | None:
        """Returns the link of a word that `token` wrote; None for any other."""
        body, _, signature = token[:LONGEST].encode("ascii", "replace").partition(b".")
        if not hmac.compare_digest(signature, self._signature(body).encode()):
            return None
        return Link(*json.loads(urlsafe_b64decode(body + b"=" * (-len(body) % 4))))

    def _signature(self, body: bytes) -> str:
        digest = hmac.digest(self.key, body, "sha256")[:_SIGNATURE]
        return urlsafe_b64encode(digest).rstrip(b"=").decode()


@writes
def signer(transaction: Transaction, root: str) -> Signer:
    """Returns the signer with the key of this database, which is made once."""
    key = key_value.get_value(transaction, _KEY) or key_value.hold_value(transaction, _KEY, secrets.token_hex(32))
    return Signer(bytes.fromhex(key), root)


@reads
def chat_at(transaction: Transaction, address: ChatAddress) -> Chat | None:
    """The chat of an address; None if it was erased."""
    return find_chat(transaction, address, zone=transaction.zone)


@reads
def chat_with(transaction: Transaction, chat_id: int) -> Chat | None:
    """The chat with an id; None if it was erased."""
    return chats_by_id(transaction, [chat_id], zone=transaction.zone).get(chat_id)
