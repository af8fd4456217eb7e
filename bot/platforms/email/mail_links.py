"""The links in mails: what each one does in which chat, signed so that no one can invent or change one."""

import re
import secrets
from dataclasses import dataclass
from functools import partial
from html import escape, unescape
from typing import Literal

from itsdangerous import BadData, URLSafeSerializer

from subscriptions.errors import sentences
from subscriptions.language import Language
from subscriptions.model import Chat, ChatAddress
from subscriptions.states import ChatState
from subscriptions.store import bot_state, stored_chats
from subscriptions.store.database.store import Transaction, reads, writes

PATH = "/mail"
LONGEST = 4000  # characters; a longer link is not read
Does = Literal["press", "say"]  # presses a button; says a command, or what the person types on the page
PRESS = re.compile(r'href="press:([^"]+)"([^>]*)>([^<]*)<')  # (data, style, label) of a button in a payload
FOOTER = sentences(
    {
        "/list": "change what comes",
        "/set": "change when",
        "/stop": "stop",
    }
)
AT_ONCE = "/pause"  # the command of List-Unsubscribe: it must work without a question, and /stop asks one
_KEY = "mail-key"


@dataclass(frozen=True, slots=True)
class Link:
    """What a link does, and in which chat."""

    chat: int  # the id of the chat; after the chat is erased, another chat may get this id
    address: str  # the address of the chat, so that the link works only for this chat
    does: Does
    data: str  # data of the button, or the text to say; "": what is typed
    label: str = ""  # the name of the action on the page


class Signer:
    """Writes and reads signed links. `root`: the web address of the pages."""

    def __init__(self, key: str, root: str) -> None:
        self.root = root
        self._signed = URLSafeSerializer(key)

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


@dataclass(frozen=True, slots=True)
class Reader:
    """The chat of a mail, and the signer of its links."""

    chat: Chat
    signer: Signer

    @property
    def language(self) -> Language:
        """The language and time zone of the chat."""
        return Language(self.chat.settings.lang, self.chat.settings.timezone)

    @property
    def is_confirmed(self) -> bool:
        """Whether the person has agreed.

        Before that, the address gets only the question whether to agree, so there is nothing to unsubscribe.
        """
        return self.chat.state is not ChatState.UNCONFIRMED

    def token(self, does: Does, data: str, label: str = "") -> str:
        """Returns the signed word of a link that does something in this chat."""
        return self.signer.token(Link(self.chat.id, str(self.chat.address), does, data, label))

    def link(self, does: Does, data: str, label: str) -> str:
        """Returns the web address of such a link."""
        return self.signer.url(self.token(does, data, label))

    def linked(self, html: str) -> str:
        """Returns the HTML of a payload with signed links for its buttons."""

        def signed(found: re.Match[str]) -> str:
            data, style, label = found.groups()
            return f'href="{escape(self.link("press", unescape(data), unescape(label)))}"{style}>{label}<'

        return PRESS.sub(signed, html)


@writes
def signer_of(transaction: Transaction, root: str) -> Signer:
    """Returns the signer with the key of this database. Makes the key at the first call."""
    return Signer(bot_state.made_value(transaction, _KEY, partial(secrets.token_hex, 32)), root)


@reads
def chat_at(transaction: Transaction, address: ChatAddress) -> Chat | None:
    """Returns the chat of an address; None if it was erased."""
    return stored_chats.find_chat(transaction, address)


@reads
def chat_with(transaction: Transaction, link: Link) -> Chat | None:
    """Returns the chat of a link; None if it was erased, even if another one has its id now."""
    found = stored_chats.chats_by_id(transaction, [link.chat]).get(link.chat)
    return found if found and str(found.address) == link.address else None
