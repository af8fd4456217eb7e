"""Telegram: HTML within the limits of the Bot API (core.telegram.org/bots/api#sendmessage); which names, tags and hosts become no links.

Payload: {"text": HTML, "silent": bool, "buttons": rows of {"text", "url"} or {"text", "data"}}; no "buttons" if there are none.
Plain form: the same with a text without markup, sent without parse_mode.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape as html_escaped
from typing import Any

from bot.ports.channel import Button
from bot.rendering import appearance, packing, views
from bot.rendering.addresses_of_papers import web_url
from bot.rendering.templating import macros
from subscriptions.texts.cutting import units

TEXT = 4096  # UTF-16 units without the markup (core.telegram.org/api/entities#entity-length)
RAW = 32_768  # bytes with the markup
ENTITIES = 100  # entities of a message; the server silently drops all further ones
ENTITY_BYTES = 9_000  # the server refuses messages from about 9,500 bytes of entities on (tdlib/telegram-bot-api#165)
_GAP = 2
_ENTITY = 12  # bytes of an entity: kind, offset, length (Telegram's TL schema); a link also has its address
_LINK = 5

_TAG = re.compile(r"<(/?)([a-z]+)(?: href=\"([^\"]*)\"| expandable)?>")
_ESCAPED = re.compile(r"&(?:amp|lt|gt|#34|#39);")
_LINKED = re.compile(r"<(a|code|pre)\b.*?</\1>", re.DOTALL)
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
    """Returns foreign text, changed so that @names, tags, commands and categories (cs.CL) do not become links.

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
    """Returns the text, changed so that categories (cs.CL) do not become links."""
    return _CATEGORY.sub(rf"\1{_WORD_JOINER}", text)


def own_words(text: str) -> str:
    """Returns a line of the bot, changed so that @names and tags in it do not become links. Commands still do."""
    return without_hosts(_NAMING.sub(_broken, text))


def _defused(word: str) -> str:
    return without_hosts(_CALLING.sub(_broken, word))


def _broken(found: re.Match[str]) -> str:
    """Returns the character with a joiner after it, unless it is inside a word. For the server, ¼ and ² belong to no word."""
    before = found.string[max(found.start() - 1, 0) : found.start()]
    is_inside = before.isalpha() or before.isdecimal() or before == "_"
    if is_inside:
        return found[0]
    return found[0] + _WORD_JOINER


_FILTERS = (("calm", without_mentions), ("own", own_words))


def markup_size(markup: str, plain: str) -> packing.Size:
    """Returns (UTF-16 units, bytes, entities, bytes of entities, units of the plain form), with the gap above the text."""
    links = [link for slash, _, link in _TAG.findall(markup) if not slash]
    found = len(_FOUND_BY_SERVER.findall(_LINKED.sub(" ", markup)))
    entities = len(links) + found
    addresses = sum(len(link) + _LINK for link in links if link)
    return packing.Size(
        (
            units(_ESCAPED.sub(".", _TAG.sub("", markup))) + _GAP,
            len(markup.encode()) + _GAP,
            entities,
            entities * _ENTITY + addresses,
            units(plain) + _GAP,
        )
    )


class Telegram(packing.Medium):
    """The medium of Telegram."""

    room = packing.Size((TEXT, RAW, ENTITIES, ENTITY_BYTES, TEXT))
    numbers = packing.NUMBERS_IN_MESSAGE

    def draw(self, view: object) -> packing.Fragment:
        """Returns the view as HTML."""
        markup = packing.markup(view, macros("telegram", "html", filters=_FILTERS))
        return packing.Fragment(
            view=view, markup=markup, size=markup_size(markup, _calm(view, packing.short_text(view)))
        )

    def compose(self, contents: packing.Contents) -> tuple[str, str]:
        """Returns (message, plain form). The plain form shows addresses, and leaves out texts of papers if it is too long."""
        payload: dict[str, object] = {
            # A lock screen shows two lines, and an empty line below the head would waste one.
            "text": packing.joined_texts(
                [(fragment.view, fragment.markup) for fragment in contents.fragments], under_head="\n"
            ),
            "silent": contents.silent,
        }
        plain = _plain_page(contents.fragments, packing.plain_text)
        if units(plain) > TEXT:
            plain = _plain_page(contents.fragments, packing.short_text)
        plain_payload: dict[str, object] = {"text": plain, "silent": contents.silent}
        if contents.buttons:
            payload["buttons"] = plain_payload["buttons"] = [
                [_button(button) for button in row] for row in contents.buttons
            ]
        return json.dumps(payload, ensure_ascii=False), json.dumps(plain_payload, ensure_ascii=False)


def _plain_page(fragments: Sequence[packing.Fragment], text_of: Callable[[object], str]) -> str:
    """Returns the message without markup. The server finds names and commands in it just as in HTML."""
    return packing.joined_texts(
        [(fragment.view, _calm(fragment.view, text_of(fragment.view))) for fragment in fragments]
    )


def _calm(view: object, text: str) -> str:
    """Returns the text of a view, changed so that it notifies no one. In a line of the bot, commands stay links."""
    if isinstance(view, views.Line | views.Code | views.NoticeView):
        return own_words(text)
    return without_mentions(text)


def _button(button: Button) -> dict[str, str]:
    if button.url:
        return {"text": button.label, "url": button.url}
    return {"text": button.label, "data": button.data}


# The HTML of a message, split into blocks of quotations and code and the text between them, with commands marked.

_SHAPES: Mapping[str, appearance.Shape] = {"pre": "code", "blockquote expandable": "folded"}
_BLOCK = re.compile(r"\n?<(pre|blockquote expandable)>(.*?)</[a-z]+>\n?", re.DOTALL)
_COMMAND = re.compile(r"<(a|code)\b.*?</\1>|(?<![\w/<])(?P<command>/[A-Za-z]\w{0,31}(?:@\w{3,32})?)", re.DOTALL)


def _read(payload: object) -> appearance.Display:
    match payload:
        case {"text": str(text), **rest}:
            rows: Any = rest.get("buttons") or ()
            keys = tuple(tuple(_shown_button(button) for button in row) for row in rows)
            return appearance.Display(paragraphs=tuple(_paragraphs(text)), keys=keys, silent=rest.get("silent") is True)
    raise ValueError("this is no message of the platform")


def _paragraphs(html: str) -> Iterator[appearance.Paragraph]:
    parts = iter(["", "", *_BLOCK.split(html)])  # triples (tag of a block, its content, the text after it)
    for tag, content, text in zip(parts, parts, parts, strict=True):
        if tag:
            yield appearance.Paragraph(shape=_SHAPES[tag], html=content)
        if text.strip():
            yield _with_commands(text)


def _with_commands(html: str) -> appearance.Paragraph:
    return appearance.Paragraph(
        html=_COMMAND.sub(lambda found: f"<kbd>{found[0]}</kbd>" if found["command"] else found[0], html)
    )


def _shown_button(button: Mapping[str, str]) -> appearance.ShownButton:
    return appearance.ShownButton(text=button["text"], link=web_url(button.get("url", "")), data=button.get("data", ""))


def _person(text: str) -> appearance.Paragraph:
    return _with_commands(html_escaped(text, quote=False))


MEDIUM = Telegram()
# a phone is narrow
LOOK = appearance.Appearance(
    style="bubbles", columns=76, read=_read, title_bar="Telegram · {title}{detail}", person=_person
)
