"""What a mail shows: rows of one HTML table, since some mail programs support little else, and a complete plain text.

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
from datetime import datetime
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from functools import partial
from hashlib import sha256
from html import escape, unescape
from typing import Any, Literal

from itsdangerous import BadData, HMACAlgorithm, URLSafeSerializer

from bot.rendering import packing
from bot.rendering.appearance import Display, Look, plain_lines
from bot.rendering.language import Language
from bot.rendering.templating import draw, macros
from bot.rendering.views import PaperView
from subscriptions import model
from subscriptions.errors import Sentence
from subscriptions.states import ChatState
from subscriptions.store import bot_state, chats
from subscriptions.store.database import store
from subscriptions.store.database.store import Transaction

_LONGEST_SUBJECT = 150
_PREVIEWED = 3  # titles of papers that mail programs show beside the subject


class Email(packing.Medium):
    """The medium of e-mail. It accepts messages of any length."""

    beside: packing.Beside = "always"

    def draw(self, view: object) -> packing.Fragment:
        """Returns the view as escaped rows of a table."""
        return packing.Fragment(view=view, markup=packing.markup(view, macros("email", "html")))

    def compose(self, contents: packing.Contents) -> tuple[str, str]:
        """Returns the mail and its plain form, which has no HTML."""
        text = packing.plain_page(contents.fragments)
        titles = [str(one.view.title) for one in contents.fragments if isinstance(one.view, PaperView)]
        first = next((line.strip() for line in text.splitlines() if line.strip()), "paperwire")
        mail = {
            "subject": " ".join((contents.subject.text or first).split())[:_LONGEST_SUBJECT],
            "about": contents.subject.about,
            "preview": " · ".join(titles[:_PREVIEWED]),
            "text": text,
            "buttons": [[[one.label, one.data, one.url] for one in row] for row in contents.buttons],
        }
        html = "\n".join(fragment.markup for fragment in contents.fragments)
        return json.dumps({**mail, "html": html}, ensure_ascii=False), json.dumps(
            {**mail, "html": ""}, ensure_ascii=False
        )


MEDIUM = Email()


def _read(payload: object) -> Display:
    """Returns what a payload looks like. Its links do nothing without a chat that they belong to."""
    match payload:
        case {"subject": str(subject), "text": str(text), "html": str(html)}:
            shown = _PRESS.sub(r"\2>\3<", html)
            return Display(paragraphs=plain_lines(text), subject=subject, whole=shown.replace("&nbsp;", "&#160;"))
    raise ValueError("it is no mail")


LOOK = Look(style="letter", columns=80, read=_read, title_bar="{title}")


# ------------------------------------------------------------------------ signed links, and the mails that contain them


PATH = "/mail"
_KEY = "mail-key"
_SIGNATURE = 16  # bytes
LONGEST = 4000  # characters; a longer link is not read
Does = Literal["press", "say", "talk"]  # presses a button, says a command, says what the person types on the page
_PRESS = re.compile(r'href="press:([^"]+)"([^>]*)>([^<]*)<')  # (data, style, label) of an action
_FOOTER = {
    "/list": Sentence("change what comes"),
    "/set": Sentence("change when"),
    "/stop": Sentence("stop"),
}
_AT_ONCE = "/pause"  # the command of List-Unsubscribe: it must work without a question, and /stop asks one
CUT_AFTER = 100_000  # bytes of HTML; Gmail hides what comes after 102,000, and with it the links below
_LONGEST_LINE = 76  # characters of a line of a header
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_REASON = Sentence("You get this because {address} asked for it.")


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

    def url(self, link: Link) -> str:
        """Returns the web address of a link."""
        return f"{self.root}{PATH}?link={self.token(link)}"

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
    key = bot_state.get_value(transaction, _KEY) or bot_state.hold_value(transaction, _KEY, secrets.token_hex(32))
    return Signer(bytes.fromhex(key), root)


@store.reads
def chat_at(transaction: Transaction, address: model.ChatAddress) -> model.Chat | None:
    """Returns the chat of an address; None if it was erased."""
    return chats.find_chat(transaction, address)


@store.reads
def chat_with(transaction: Transaction, chat_id: int) -> model.Chat | None:
    """Returns the chat with an id; None if it was erased."""
    return chats.chats_by_id(transaction, [chat_id]).get(chat_id)


# ---------------------------------------------------------------------------------------------------------------- mails


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """The chat of a mail, and the signer of its links."""

    chat: model.Chat
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

    def link(self, does: Does, data: str, label: str) -> str:
        """Returns the web address of a link that does something in this chat."""
        return self.signer.url(Link(self.chat.id, str(self.chat.address), does, data, label))

    def linked(self, html: str) -> str:
        """Returns the HTML of a payload with signed links for its actions."""

        def signed(found: re.Match[str]) -> str:
            data, style, label = found.groups()
            return f'href="{escape(self.link("press", unescape(data), unescape(label)))}"{style}>{label}<'

        return _PRESS.sub(signed, html)


def write_mail(
    payload: Mapping[str, Any], reader: Reader, *, sender: Address, message_id: str, thread: str, now: datetime
) -> bytes:
    """Returns the mail of a payload, as it is sent.

    `thread` is the Message-ID to which the mail replies; no mail with that id needs to exist.
    """
    language = reader.language
    buttons = [
        [(label, url or reader.link("press", data, label)) for label, data, url in row] for row in payload["buttons"]
    ]
    said = {command: one.say(language.translate) for command, one in _FOOTER.items()} if reader.is_confirmed else {}
    footer = [(words, reader.link("say", command, words)) for command, words in said.items()]
    reason = language.say(_REASON.template, address=reader.chat.address.address) if footer else ""
    headers = {
        "From": _mailbox(sender),
        "To": reader.chat.address.address,
        "Subject": _words("Subject", payload["subject"]),
        "Date": format_datetime(now),
        "Message-ID": message_id,
        "In-Reply-To": thread,
        "References": thread,
        "Auto-Submitted": "auto-generated",
        "Precedence": "bulk",
    }
    if footer:
        leave = reader.link("say", _AT_ONCE, footer[-1][0])
        headers |= {"List-Id": f"paperwire <papers.{sender.domain}>", "List-Unsubscribe": f"<{leave}>"}
        if leave.startswith("https:"):  # RFC 8058 requires it
            headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    content = EmailMessage(policy=SMTP)
    below = "\n".join(f"{label}: {url}" for row in [*buttons, footer] for label, url in row)
    content.set_content("\n\n".join(part for part in (payload["text"], reason, below) if part) + "\n")
    if payload["html"]:
        drawn = partial(
            draw,
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
        html = drawn(footer_first=False)
        if len(html.encode()) >= CUT_AFTER:
            html = drawn(footer_first=True)
        content.add_alternative(html, subtype="html")
    # The standard library would read these texts before it writes them: it decodes what looks encoded, with line ends,
    # and encodes long addresses of links. Each of its versions does so in another way.
    return b"".join(f"{name}: {value}\r\n".encode("ascii") for name, value in headers.items()) + content.as_bytes()


def _words(name: str, text: str) -> str:
    """Returns any text as the value of a header: folded, and encoded unless mail programs show it as it is."""
    plain = _one_line(text)
    can_be_folded = max(map(len, plain.split()), default=0) + len(f"{name}: ") <= _LONGEST_LINE
    charset = "us-ascii" if _is_shown_as_it_is(plain) and can_be_folded else "utf-8"
    return Header(plain, charset, header_name=name, maxlinelen=_LONGEST_LINE).encode(linesep="\r\n")


def _mailbox(sender: Address) -> str:
    """Returns the value of the header From."""
    name = _one_line(sender.display_name)
    if _is_shown_as_it_is(name):
        return formataddr((name, sender.addr_spec))  # in quotation marks if necessary
    return f"{_words('From', name)}\r\n <{sender.addr_spec}>"


def _one_line(text: str) -> str:
    return " ".join(_CONTROL.sub(" ", text).split())


def _is_shown_as_it_is(text: str) -> bool:
    """Returns whether no mail program decodes a part of the text; "=?" begins an encoded word (RFC 2047)."""
    return text.isascii() and "=?" not in text


def thread_of(chat: model.Chat, about: str, domain: str) -> str:
    """Returns the Message-ID to which all mails about one subscription of a chat reply."""
    return f"<{sha256(f'{chat.id}:{about}'.encode()).hexdigest()[:24]}@{domain}>"
