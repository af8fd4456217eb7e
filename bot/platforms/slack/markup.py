"""What Slack shows: messages as blocks of mrkdwn; how long each part may be, and how many blocks.

Payload: {"text": titles for the notification, "blocks": […]}. Plain form: {"text": …}. Shapes: docs.slack.dev, Block Kit.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from bot.ports import channel
from bot.rendering import appearance, packing, views
from bot.rendering.addresses_of_papers import web_url
from bot.rendering.marked_hits import Passage
from bot.rendering.templating import macros
from subscriptions.texts import cutting

BUDGET = (
    10_000  # characters of all blocks as JSON; Slack refuses at some size over 11,000 (slackapi/bolt-js#2509, #2867)
)
BLOCKS = 50
SECTION = 3_000
HEADER = 150
FALLBACK = 3_000  # Slack allows 40,000, but no notification shows more than this
BUTTON_LABEL = 75
IN_ROW = 25  # elements of an actions block
IN_MENU = 5  # options of an overflow menu
_ROWS = 20  # rows of buttons under a message
_BLOCK = 80  # characters of JSON around the text of a section

Block = dict[str, object]


_URL = re.compile(r"(https?://[^\s<>|]+[^\s<>|.,;:!?)\]}'\"”])")
_IN_URL = re.compile(r"https?://\S*$")
_CALLING = re.compile(r"<(?=[!@#])")  # mentions in mrkdwn: <!channel>, <@U1>, <#C1>
_WORD_JOINER = "\u2060"  # invisible


class Mrkdwn(str):
    """Text that is mrkdwn and must not be escaped again."""

    __slots__ = ()


def escape(value: object) -> str:
    """Returns the value with & < > escaped, the only entities of Slack, and three or more backquotes replaced by one.

    Mrkdwn stays as it is.
    """
    if isinstance(value, Mrkdwn):
        return value
    text = str(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub("`{3,}", "`", text)


def link(url: str, label: str) -> Mrkdwn:
    """Returns a link <url|label>. The label is mrkdwn. A bar in the label would end it, so a similar character replaces it."""
    return Mrkdwn(f"<{escape(url)}|{label.replace('|', '∣')}>")


def bold(text: object) -> Mrkdwn:
    """Returns the text in bold. A text with an asterisk stays as it is, because the asterisk would end the bold."""
    plain = str(text)
    return Mrkdwn(escape(plain) if "*" in plain else f"*{escape(plain)}*")


def prose(passage: Passage) -> Mrkdwn:
    """Returns the passage with addresses as links, and its hits in bold unless one of them is part of an address."""
    pieces = passage.pieces
    if any(map(_IN_URL.search, pieces[:-1:2])):
        return linked(passage)
    return Mrkdwn(
        "".join(_bold(*pieces[at - 1 : at + 2]) if at % 2 else linked(text) for at, text in enumerate(pieces))
    )


def _bold(before: str, hit: str, after: str) -> str:
    """Returns the hit in bold if spaces or punctuation surround it. Slack shows no bold within a word."""
    inside_word = before[-1:].isalnum() or after[:1].isalnum()
    if "*" in hit or inside_word:
        return escape(hit)
    return f"*{escape(hit)}*"


def linked(text: object) -> Mrkdwn:
    """Returns the text with its addresses as links. The blocks are verbatim, so Slack itself adds no links."""
    parts = _URL.split(str(text))  # every second part is an address
    return Mrkdwn("".join(f"<{escape(part)}>" if place % 2 else escape(part) for place, part in enumerate(parts)))


_FILTERS = (("link", link), ("bold", bold), ("linked", linked), ("prose", prose), ("escaped", escape))


class Slack(packing.Medium):
    """The medium of Slack."""

    room = packing.Size((BUDGET - 1, BLOCKS))  # each block is counted with a comma; the two brackets add one more
    beside: packing.Beside = "in lists"

    def draw(self, view: object) -> packing.Fragment:
        """Returns the view as blocks: JSON objects separated by commas. Views of lines and code stay mrkdwn until `compose`."""
        name, drawn = packing.macro_name(view), macros("slack", "txt", filters=_FILTERS, escape=escape)
        text, small = (str(drawn[macro](view)).strip() if macro in drawn else "" for macro in (name, f"{name}_small"))
        whole = all(cutting.units(part) <= SECTION for part in (text, small))
        if isinstance(view, views.Line | views.Code):
            return packing.Fragment(
                view=view,
                markup=text,
                size=packing.Size((cutting.units(_json(text)) + _BLOCK, 1)),
                is_within_limits=whole,
            )
        beside = view.buttons if isinstance(view, views.PaperView) else views.CardButtons()
        blocks = []
        if isinstance(view, views.Head) and not view.small:
            blocks = [header(view.line)]
        if text:
            blocks += [{**section(text), **_accessory(beside)}]
        if small:
            blocks += [context(small)]
        markup = ",".join(map(_json, blocks))
        return packing.Fragment(
            view=view,
            markup=markup,
            size=packing.Size((cutting.units(markup) + 1, len(blocks))),
            is_within_limits=whole,
        )

    def beneath(self, buttons: channel.Buttons) -> packing.Size:
        """Returns the size of the rows of buttons as blocks."""
        blocks = actions(buttons)
        return packing.Size((sum(cutting.units(_json(block)) + 1 for block in blocks), len(blocks)))

    def compose(self, contents: packing.Contents) -> tuple[str, str]:
        """Returns (message, plain form). The message has blocks, and the titles for its notification; the plain form has a text."""
        blocks = [*_joined_blocks(contents.fragments), *map(_json, actions(contents.buttons))]
        written = packing.plain_page(contents.fragments)
        fallback = packing.notification_titles([*contents.fragments, *contents.titled]) or written
        shown = _json(escape(cutting.cut_units(fallback, FALLBACK)))
        return f'{{"text":{shown},"blocks":[{",".join(blocks)}]}}', _json({"text": escape(written)})


def section(text: str) -> Block:
    """Returns a section block: a paragraph of mrkdwn."""
    # Without `verbatim`, Slack makes links of cs.CL and of names after # and @.
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def plain_text_object(text: str, room: int) -> Block:
    """Returns a text object without markup, of at most `room` UTF-16 units. A name between colons does not become an emoji.

    Nothing is escaped, since Slack reads no markup in it. Mentions are still made ineffective, in case a client reads them.
    """
    shown = cutting.cut_units(_CALLING.sub(f"<{_WORD_JOINER}", text), room)
    # `emoji` is set only where it matters, to save space: a digest has five such texts for each paper.
    return {"type": "plain_text", "text": shown, **({"emoji": False} if ":" in shown else {})}


def actions(buttons: channel.Buttons) -> list[Block]:
    """Returns the rows of buttons as blocks. A press is identified by the button's value."""
    rows = [row[start : start + IN_ROW] for row in buttons for start in range(0, len(row), IN_ROW)]
    return [
        {
            "type": "actions",
            "elements": [element(one, f"{place}.{number}") for number, one in enumerate(row)],
        }
        for place, row in enumerate(rows[:_ROWS])
    ]


def element(button: channel.Button, action: str) -> Block:
    """Returns a button as an element, or as a menu if it has several options. `action` is an action id, unique in the block."""
    options = [option for option in button.options if not option.url]  # without links: the title is the link already
    if button.options:
        if len(options) == 1:
            return element(options[0], action)
        return overflow_menu(options, action)
    target = {"url": button.url} if button.url else {"value": button.data}
    return {"type": "button", "text": plain_text_object(button.label, BUTTON_LABEL), "action_id": action, **target}


def overflow_menu(options: Sequence[channel.Button], action: str) -> Block:
    """Returns an overflow menu of at most IN_MENU options."""
    shown = [
        {"text": plain_text_object(option.label, BUTTON_LABEL), "value": option.data} for option in options[:IN_MENU]
    ]
    return {"type": "overflow", "action_id": action, "options": shown}


def _accessory(card: views.CardButtons) -> Block:
    """Returns the accessory of a paper in a list: a menu, if a subscription brought the paper; else a button to its card."""
    if card.opens is None:
        return {}
    options = filter(None, map(card.named, ("more", "why", "save", "less", "similar")))
    whole = replace(card.opens, options=tuple(options) if card.named("less") else ())
    return {"accessory": element(whole, "paper")}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def context(text: str) -> Block:
    """Returns a context block: mrkdwn in small letters."""
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text, "verbatim": True}]}


def header(text: str) -> Block:
    """Returns a header block: plain text in large letters."""
    return {"type": "header", "text": plain_text_object(text, HEADER)}


def _joined_blocks(fragments: Sequence[packing.Fragment]) -> list[str]:
    """Returns the fragments as blocks in JSON. Adjacent lines share a section while they fit into it."""
    blocks: list[str] = []
    lines: list[str] = []
    for fragment in fragments:
        is_line = isinstance(fragment.view, views.Line | views.Code)
        if lines and not (is_line and cutting.units("\n".join([*lines, fragment.markup])) <= SECTION):
            blocks.append(_json(section("\n".join(lines))))
            lines = []
        if is_line:
            lines.append(fragment.markup)
        else:
            blocks.append(fragment.markup)
    if lines:
        return [*blocks, _json(section("\n".join(lines)))]
    return blocks


# The blocks of a message become paragraphs, and the marks of mrkdwn become HTML elements.

_FENCE = re.compile(r"```\n?(.*?)\n?```", re.DOTALL)
_QUOTE = "&gt; "
_INLINE = re.compile(
    r"<(?P<link>https?://[^<>|\s]+)(?:\|(?P<label>[^<>]*))?>"
    r"|(?<![\w`])`(?P<code>[^`\n]+)`(?![\w`])"
    r"|(?<![\w*])\*(?P<b>[^\s*](?:[^*\n]*[^\s*])?)\*(?![\w*])"
    r"|(?<!\w)_(?P<i>[^\s_](?:[^_\n]*[^\s_])?)_(?!\w)"
    r"|(?<![\w~])~(?P<s>[^\s~](?:[^~\n]*[^\s~])?)~(?![\w~])"
)


def html_of(mrkdwn: str) -> str:
    """Returns mrkdwn as HTML. Both escape the same characters, so these stay as they are."""
    return _INLINE.sub(_tagged, mrkdwn)


def _tagged(found: re.Match[str]) -> str:
    if url := found["link"]:
        return f'<a href="{url.replace(chr(34), "%22")}">{html_of(found["label"] or url)}</a>'
    tag = str(found.lastgroup)
    return f"<{tag}>{html_of(found[tag])}</{tag}>"


def _shown(block: Mapping[str, Any]) -> Iterator[appearance.Paragraph]:
    match block:
        case {"type": "header", "text": {"text": text}}:
            yield replace(appearance.plain(text), shape="header")
        case {"type": "divider"}:
            yield appearance.Paragraph(shape="rule")
        case {"type": "context", "elements": elements}:
            yield appearance.Paragraph(shape="small", html="  ".join(html_of(element["text"]) for element in elements))
        case {"type": "section", "text": {"text": text}}:
            first, *others = _paragraphs(text)
            yield replace(first, menu="accessory" in block)
            yield from others
        case {"type": kind} if kind != "actions":
            raise ValueError(f"a block of type {kind} cannot be shown")


def _paragraphs(mrkdwn: str) -> Iterator[appearance.Paragraph]:
    for number, part in enumerate(_FENCE.split(mrkdwn)):
        if number % 2:
            yield appearance.Paragraph(shape="code", html=part)
        elif number == 0 or part.strip():
            for quoted, lines in groupby(part.strip("\n").split("\n"), lambda line: line.startswith(_QUOTE)):
                html = html_of("\n".join(line.removeprefix(_QUOTE) for line in lines))
                yield appearance.Paragraph(shape="quote" if quoted else "text", html=html)


def _read(payload: object) -> appearance.Display:
    match payload:
        case {"blocks": list(blocks)}:
            rows = (block["elements"] for block in blocks if block["type"] == "actions")
            keys = tuple(tuple(_shown_button(element) for element in row) for row in rows)
            return appearance.Display(paragraphs=tuple(part for block in blocks for part in _shown(block)), keys=keys)
    raise ValueError("this is no message of the platform")


def _shown_button(element: Mapping[str, Any]) -> appearance.ShownButton:
    if element["type"] == "overflow":
        return appearance.ShownButton(text="⋯")
    return appearance.ShownButton(text=element["text"]["text"], link=web_url(element.get("url", "")))


MEDIUM = Slack()
LOOK = appearance.Appearance(style="feed", columns=100, read=_read, title_bar="Slack · #{title}")
