"""Telegram's HTML within the limits of the Bot API (core.telegram.org/bots/api#sendmessage).

Payload: {"text": HTML, "silent": bool, "buttons": rows of {"text", "url"} or {"text", "data"}}; no "buttons" if there
are none. `open_message` reads it again when it is posted.
"""

import re
from collections.abc import Mapping
from html import escape
from typing import Any

from bot.platforms.base import read_message
from bot.rendering.buttons import web_url
from bot.rendering.dialects import Html, without_markup
from bot.rendering.packing import Block, Display, Fragment, Page, Renderer, Size, joined
from subscriptions.model import Message
from subscriptions.text.cutting import units

TEXT = 4096  # UTF-16 units without the markup (core.telegram.org/api/entities#entity-length)
ENTITIES = 100  # entities of a message; the server silently drops all further ones
_GAP = 2

_TAG = re.compile(r"</?[a-z][^>]*>")
_LINKED = re.compile(r"<(a|code|pre)\b.*?</\1>", re.DOTALL)
_FIXED_WIDTH = re.compile(r"<(code|pre)>(.*?)</\1>", re.DOTALL)
_FOUND_BY_SERVER = re.compile(r"\w[.:@]\w|\w://|[@#$/]\w|\d{12}")

_WORD_JOINER = "\u2060"  # invisible; breaks what the server would take for a name, tag, command or host
_ARCHIVE = r"(?:astro-ph|cond-mat|cs|econ|eess|math|nlin|physics|q-bio|q-fin|stat)"
_CATEGORY = re.compile(rf"(?<![\w./@])({_ARCHIVE}\.)(?=[A-Za-z]{{2}}(?!\w))")
# The characters before words that would become links. At the end of the text they count, too: a marked word may follow in
# another tag, and the server ignores tags.
_CALLING = re.compile(r"(?:[@#]|(?<![/<>])/|\$(?=[A-Z]|\Z))(?=\w|\Z)")
_NAMING = re.compile(r"(?:[@#]|\$(?=[A-Z]))(?=\w)")
# The part of an address that this matches stays unchanged. The server ends an address at any other character.
_ADDRESS = re.compile(r"(?<![^\s(\[\"'“])https?://(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}(?::\d+)?(?:[/?#][\w\-.~%+=&/?#@]*)?")


def without_mentions(text: str) -> str:
    """Return foreign text, changed so that @names, tags, commands and categories (cs.CL) do not become links.

    Telegram's server makes links of such words, and a @name in a group notifies that person. Web addresses still become
    links.
    """
    if not any(sign in text for sign in "@#/$."):
        return text
    parts, at = [], 0
    for address in _ADDRESS.finditer(text):
        parts += [_defused(text[at : address.start()]), address[0]]
        at = address.end()
    return "".join((*parts, _defused(text[at:])))


def without_hosts(text: str) -> str:
    """Return the text, changed so that categories (cs.CL) do not become links."""
    return _CATEGORY.sub(rf"\1{_WORD_JOINER}", text)


def own_words(text: str) -> str:
    """Return a line of the bot, changed so that @names and tags in it do not become links. Commands still do."""
    return without_hosts(_NAMING.sub(_broken, text))


def _defused(word: str) -> str:
    return without_hosts(_CALLING.sub(_broken, word))


def _broken(found: re.Match[str]) -> str:
    """Return the character with a joiner after it, unless it is inside a word.

    For the server, ¼ and ² belong to no word.
    """
    before = found.string[max(found.start() - 1, 0) : found.start()]
    is_inside = before.isalpha() or before.isdecimal() or before == "_"
    if is_inside:
        return found[0]
    return found[0] + _WORD_JOINER


class TelegramHtml(Html):
    """The HTML of Telegram."""

    has_bold_links = True
    hit = "<u>{}</u>"  # bold is the title
    category = (
        "<code>{}</code>"  # otherwise Telegram would make cs.CL a link to a host in Chile; a tap on code copies it
    )
    block = "<pre>{}</pre>"
    quotation = "<blockquote expandable>{}</blockquote>"

    def escape(self, text: str) -> str:
        """See Dialect."""
        return escape(without_mentions(text), quote=False)

    def own(self, text: str) -> str:
        """See Dialect."""
        return escape(own_words(text), quote=False)

    def verbatim(self, text: str) -> str:
        """See Dialect. The server finds no names in code."""
        return escape(text, quote=False)


HTML = TelegramHtml()


def plain_form(html: str) -> str:
    """Return a message without markup, with the addresses of its links. It calls nobody either."""
    calm = {"code": without_mentions, "pre": own_words}
    return without_markup(_FIXED_WIDTH.sub(lambda fixed: calm[fixed[1]](fixed[2]), html))


def size(html: str) -> Size:
    """Return (UTF-16 units of the plain form, which is never shorter than what people see; entities)."""
    found = _FOUND_BY_SERVER.findall(_TAG.sub("", _LINKED.sub(" ", html)))
    return Size(units(plain_form(html)) + _GAP, len(_TAG.findall(html)) // 2 + len(found))


class Telegram(Renderer):
    """The renderer of Telegram."""

    room = Size(TEXT, ENTITIES)
    has_numbers = True

    def draw(self, view: object) -> Fragment:
        """See Renderer."""
        html = HTML.draw(view)
        return Fragment(view, html, size=size(html))

    def compose(self, page: Page) -> dict[str, Any]:
        """See Renderer."""
        # A lock screen shows two lines, and an empty line below the head would waste one.
        text = joined([(one.view, one.markup) for one in page.fragments], under_head="\n")
        payload = {"text": text, "silent": page.silent}
        if page.buttons:
            payload["buttons"] = [
                [{"text": one.label, **({"url": one.url} if one.url else {"data": one.data})} for one in row]
                for row in page.buttons
            ]
        return payload

    def display(self, payload: Mapping[str, Any]) -> Display:
        """See Renderer."""
        html = payload["text"].replace("<blockquote expandable>", "<blockquote>")
        rows = payload.get("buttons", ())
        keys = tuple(tuple((one["text"], web_url(one.get("url", ""))) for one in row) for row in rows)
        return Display((Block(html),), keys=keys, silent=payload.get("silent", False))


def open_message(message: Message, *, plain: bool) -> tuple[dict[str, Any], bool]:
    """Return (what sendMessage and editMessageText show of a message, whether it is silent). Raise Rejected.

    The library leaves out arguments that are None. `plain`: its plain form, a text without markup and buttons.
    """
    content = read_message(message, "text")
    keys = [
        [{"callback_data" if name == "data" else name: value for name, value in key.items()} for key in row]
        for row in content.get("buttons", ())
    ]
    shown = {
        "text": plain_form(content["text"]) if plain else content["text"],
        "parse_mode": None if plain else "HTML",
        "link_preview_options": {"is_disabled": True},
        "reply_markup": {"inline_keyboard": keys} if keys and not plain else None,
    }
    return shown, bool(content.get("silent"))


RENDERER = Telegram()
