"""What a mail shows: subject, preview, rows of one HTML table, plain text, the links at its end, where it is cut; how links are signed.

Payload: {"subject": …, "about": …, "html": …, "text": …, "buttons": [[[label, data, url], …], …]}. In the HTML of a
payload, an action has the address press:DATA, which becomes a signed link when the mail is sent. A link contains its
action and its chat, signed with a key of the database, so that no one can invent or change a link. The headers are
those of RFC 5322, RFC 2919 (List-Id), RFC 2369 and 8058 (List-Unsubscribe), RFC 3834 (Auto-Submitted).
"""

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Any, Literal

from itsdangerous import BadData, HMACAlgorithm, URLSafeSerializer

from bot.rendering import packing
from bot.rendering.appearance import Appearance, Display, plain
from bot.rendering.dialects import draw_html
from bot.rendering.views import PaperView
from subscriptions.errors import Sentence
from subscriptions.model import Chat, ChatAddress
from subscriptions.store import bot_state, chats
from subscriptions.store.database import store
from subscriptions.store.database.store import Transaction

_LONGEST_SUBJECT = 150
_PREVIEWED = 3  # titles of papers that mail programs show beside the subject


class Email(packing.Medium):
    """The medium of e-mail. It accepts messages of any length."""

    beside: Literal["never", "in lists", "always"] = "always"

    def draw(self, view: object) -> packing.Fragment:
        """Returns the view as escaped rows of a table."""
        return packing.Fragment(view=view, markup=draw_html("email", view))

    def compose(self, contents: packing.Contents) -> str:
        """See Medium."""
        text = packing.plain_text(contents.fragments)
        titles = [str(one.view.title) for one in contents.fragments if isinstance(one.view, PaperView)]
        first = next((line.strip() for line in text.splitlines() if line.strip()), "paperwire")
        mail = {
            "subject": " ".join((contents.subject.text or first).split())[:_LONGEST_SUBJECT],
            "about": contents.subject.about,
            "preview": " · ".join(titles[:_PREVIEWED]),
            "html": "\n".join(fragment.markup for fragment in contents.fragments),
            "text": text,
            "buttons": [[[one.label, one.data, one.url] for one in row] for row in contents.buttons],
        }
        return json.dumps(mail, ensure_ascii=False)


MEDIUM = Email()


def _read(payload: Mapping[str, Any]) -> Display:
    """Returns what a payload looks like. Its links do nothing without a chat that they belong to."""
    html = PRESS.sub(r"\2>\3<", payload["html"]).replace("&nbsp;", "&#160;")
    return Display(blocks=(plain(payload["text"]),), subject=payload["subject"], whole=html)


LOOK = Appearance(style="letter", columns=80, read=_read, title_bar="{title}")


PATH = "/mail"
_KEY = "mail-key"
_SIGNATURE = 16  # bytes
LONGEST = 4000  # characters; a longer link is not read
Does = Literal["press", "say", "talk"]  # presses a button, says a command, says what the person types on the page
PRESS = re.compile(r'href="press:([^"]+)"([^>]*)>([^<]*)<')  # (data, style, label) of an action
FOOTER = {
    "/list": Sentence("change what comes"),
    "/set": Sentence("change when"),
    "/stop": Sentence("stop"),
}
AT_ONCE = "/pause"  # the command of List-Unsubscribe: it must work without a question, and /stop asks one
CUT_AFTER = 100_000  # bytes of HTML; Gmail hides what comes after 102,000, and with it the links below
LONGEST_LINE = 76  # characters of a line of a header
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
REASON = Sentence("You get this because {address} asked for it.")


@dataclass(frozen=True, slots=True)
class Link:
    """What a link does, and in which chat."""

    chat: int  # the id of the chat; after the chat is erased, another chat may get this id
    address: str  # the address of the chat, so that the link works only for this chat
    does: Does
    data: str  # data of the button, or the text to say
    label: str = ""  # the name of the action on the page


@dataclass(frozen=True, slots=True)
class Signer:
    """Writes and reads signed links."""

    key: bytes
    root: str  # the web address of the pages

    def url(self, token: str) -> str:
        """Returns the web address of a link."""
        return f"{self.root}{PATH}?link={token}"

    def token(self, link: Link) -> str:
        """Returns the link and its signature as one word."""
        return str(self._signed.dumps([link.chat, link.address, link.does, link.data, link.label]))

    def read(self, token: str) -> Link | None:
        """Returns the link in a word from `token`; None for any other word."""
        try:
            return Link(*self._signed.loads(token[:LONGEST]))
        except BadData:
            return None

    @property
    def _signed(self) -> URLSafeSerializer:
        named = {"sep": b".", "key_derivation": "none", "algorithm": _ShortHmac(sha256)}
        return URLSafeSerializer(self.key, signer_kwargs=named)


class _ShortHmac(HMACAlgorithm):
    """HMAC-SHA256, cut to 128 bits, since a mail has fifty links and mail programs cut long mails."""

    def get_signature(self, key: bytes, value: bytes) -> bytes:
        return super().get_signature(key, value)[:_SIGNATURE]


@store.writes
def signer(transaction: Transaction, root: str) -> Signer:
    """Returns the signer with the key of this database. Makes the key at the first call."""
    key = bot_state.made_value(transaction, _KEY, partial(secrets.token_hex, 32))
    return Signer(bytes.fromhex(key), root)


@store.reads
def chat_at(transaction: Transaction, address: ChatAddress) -> Chat | None:
    """Returns the chat of an address; None if it was erased."""
    return chats.find_chat(transaction, address)


@store.reads
def chat_with(transaction: Transaction, chat_id: int) -> Chat | None:
    """Returns the chat with an id; None if it was erased."""
    return chats.chats_by_id(transaction, [chat_id]).get(chat_id)
