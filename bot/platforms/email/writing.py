"""Writes a mail: HTML and text from a payload, the signed links in them, and the headers.

A link says in which chat it does what, signed with a key of the database, so none can be made up or changed. The headers are
those of RFC 5322, RFC 2919 (List-Id), RFC 2369 and 8058 (List-Unsubscribe), RFC 3834 (Auto-Submitted).
"""

import hmac
import json
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256
from html import escape, unescape
from typing import Any, Literal

from bot.rendering.language import Language
from bot.rendering.templating import draw
from subscriptions.errors import Sentence
from subscriptions.model import Chat, ChatAddress
from subscriptions.states import ChatState
from subscriptions.store import key_value
from subscriptions.store.chats import chats_by_id, find_chat
from subscriptions.store.database.store import Transaction, reads, writes

PATH = "/mail"
_KEY = "mail-key"
_SIGNATURE = 16  # bytes: 128 bits of HMAC-SHA256
LONGEST = 4000  # characters of a link that is read
Does = Literal["press", "say", "talk"]  # presses a button, says a command, says what the person types on the page
_PRESS = re.compile(r'href="press:([^"]+)"([^>]*)>([^<]*)<')  # its data, its style, its label
_FOOTER = {
    "/list": Sentence("change what comes"),
    "/set": Sentence("change when"),
    "/stop": Sentence("stop"),
}
_AT_ONCE = "/pause"  # what List-Unsubscribe says: it may ask nothing, as /stop does
_REASON = Sentence("You get this because {address} asked for it.")


@dataclass(frozen=True, slots=True)
class Link:
    """The action of a link."""

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


# ---------------------------------------------------------------------------------------------------------------- mails


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """The chat of a mail, and what signs its links."""

    chat: Chat
    signer: Signer

    @property
    def language(self) -> Language:
        """The chat's."""
        return Language(self.chat.settings.lang, self.chat.settings.timezone)

    @property
    def is_confirmed(self) -> bool:
        """Whether the address has said yes. Before that it gets the question alone, and there is nothing to stop."""
        return self.chat.state is not ChatState.UNCONFIRMED

    def link(self, does: Does, data: str, label: str) -> str:
        """Returns the address that does something in this chat."""
        return self.signer.url(Link(self.chat.id, str(self.chat.address), does, data, label))

    def linked(self, html: str) -> str:
        """Returns the HTML of a payload with the links of its actions."""

        def signed(found: re.Match[str]) -> str:
            data, style, label = found.groups()
            return f'href="{escape(self.link("press", unescape(data), unescape(label)))}"{style}>{label}<'

        return _PRESS.sub(signed, html)


def write_mail(
    payload: Mapping[str, Any], reader: Reader, *, sender: Address, message_id: str, thread: str, now: datetime
) -> EmailMessage:
    """Returns the mail of a payload. `thread` is the Message-ID that it answers, which need not exist."""
    language, mail = reader.language, EmailMessage(policy=SMTP)
    buttons = [
        [(label, url or reader.link("press", data, label)) for label, data, url in row] for row in payload["buttons"]
    ]
    said = {command: one.say(language.translate) for command, one in _FOOTER.items()} if reader.is_confirmed else {}
    footer = [(words, reader.link("say", command, words)) for command, words in said.items()]
    reason = language.say(_REASON.template, address=reader.chat.address.address) if footer else ""
    mail["From"], mail["To"] = sender, Address(addr_spec=reader.chat.address.address)
    mail["Subject"], mail["Date"], mail["Message-ID"] = payload["subject"], format_datetime(now), message_id
    mail["In-Reply-To"] = mail["References"] = thread
    mail["Auto-Submitted"], mail["Precedence"] = "auto-generated", "bulk"
    if footer:
        leave = reader.link("say", _AT_ONCE, footer[-1][0])
        mail["List-Id"], mail["List-Unsubscribe"] = f"paperwire <papers.{sender.domain}>", f"<{leave}>"
        if leave.startswith("https:"):  # as RFC 8058 asks for
            mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    below = "\n".join(f"{label}: {url}" for row in [*buttons, footer] for label, url in row)
    mail.set_content("\n\n".join(part for part in (payload["text"], reason, below) if part) + "\n")
    if payload["html"]:
        html = draw(
            "email",
            "mail.html",
            language=reader.chat.settings.lang,
            subject=payload["subject"],
            preview=payload["preview"],
            body=reader.linked(payload["html"]),
            buttons=buttons,
            footer=footer,
            reason=reason,
        )
        mail.add_alternative(html, subtype="html")
    return mail


def thread_of(chat: Chat, about: str, domain: str) -> str:
    """Returns the Message-ID that all mails about one subscription of a chat answer."""
    return f"<{sha256(f'{chat.id}:{about}'.encode()).hexdigest()[:24]}@{domain}>"
