"""What Slack shows: messages as blocks of mrkdwn; how long each part may be, and how many blocks.

Payload: {"text": titles for the notification, "blocks": […]}; `message_arguments` reads it again when it is posted.
Shapes: docs.slack.dev, Block Kit.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.messages import Button, Buttons
from bot.platforms.base import read_message
from bot.rendering import packing
from bot.rendering.buttons import web_url
from bot.rendering.dialects import Dialect, without_markup
from bot.rendering.views import CardButtons, Code, Head, Line, More, PaperView, Passage, Tail
from subscriptions.model import Message
from subscriptions.text.cutting import cut_units, units

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


class Mrkdwn(Dialect):
    """Slack's mrkdwn. It has no escape for its own marks, so a text that contains one is left without them."""

    is_markup = True
    bold = hit = "*{}*"
    struck = "~{}~"
    block = "```\n{}\n```"

    def escape(self, text: str) -> str:
        """See Dialect. & < > are the only entities of Slack. Three backquotes would begin a block."""
        return re.sub("`{3,}", "`", text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))

    def own(self, text: str) -> str:
        """See Dialect. Addresses are links. The blocks are verbatim, so Slack itself adds none."""
        parts = _URL.split(text)  # every second part is an address
        return "".join(f"<{self.escape(part)}>" if at % 2 else self.escape(part) for at, part in enumerate(parts))

    def around(self, pattern: str, text: str) -> str:
        """See Dialect."""
        is_possible = pattern.startswith("`") or pattern[0] not in text
        return pattern.format(text) if is_possible else text

    def link(self, label: str, address: str) -> str:
        """See Dialect. A bar in the label would end it, so a similar character replaces it."""
        return f"<{self.escape(address)}|{label.replace('|', '∣')}>"

    def prose(self, passage: Passage) -> str:
        """See Dialect. No hit is marked within an address or a word, where Slack shows no bold."""
        pieces = passage.pieces
        if any(map(_IN_URL.search, pieces[:-1:2])):
            return self.own(str(passage))
        return "".join(
            self._hit_between(*pieces[at - 1 : at + 2]) if at % 2 else self.own(text) for at, text in enumerate(pieces)
        )

    def _hit_between(self, before: str, hit: str, after: str) -> str:
        is_inside_word = before[-1:].isalnum() or after[:1].isalnum()
        return self.escape(hit) if is_inside_word else self.around(self.hit, self.escape(hit))

    def title(self, title: Passage | str) -> str:
        """See Dialect. Without hits, since some clients show a link with a bold label as plain text."""
        return self.escape(str(title))


MRKDWN = Mrkdwn()
escape = MRKDWN.escape


class Slack(packing.Renderer):
    """The renderer of Slack."""

    room = packing.Size(BUDGET - 1, BLOCKS)  # each block is counted with a comma; the two brackets add one more
    beside = "in lists"

    def draw(self, view: object) -> packing.Fragment:
        """Return the view as blocks: JSON objects separated by commas.

        Views of lines and code stay mrkdwn until `compose`.
        """
        if isinstance(view, Line | Code):
            text = MRKDWN.draw(view)
            return packing.Fragment(view, text, size=packing.Size(units(_json(text)) + _BLOCK, 1))
        blocks = [_json(block) for block in _blocks_of(view)]
        markup = ",".join(blocks)
        # a section may have only 3,000 characters, so one that is too long fits into no message
        length = units(markup) + 1 if units(max(blocks, key=len)) <= SECTION else BUDGET
        return packing.Fragment(view, markup, size=packing.Size(length, len(blocks)))

    def beneath(self, buttons: Buttons) -> packing.Size:
        """Return the size of the rows of buttons as blocks."""
        blocks = actions(buttons)
        return packing.Size(sum(units(_json(block)) + 1 for block in blocks), len(blocks))

    def compose(self, page: packing.Page) -> dict[str, Any]:
        """Return the message: its blocks, and the titles for its notification."""
        blocks = [*_joined_blocks(page.fragments), *actions(page.buttons)]
        titles = packing.notification_titles([*page.fragments, *page.titled])
        shown = cut_units(titles or packing.plain_text(page.fragments), FALLBACK)
        return {"text": escape(shown), "blocks": blocks}

    def display(self, payload: Mapping[str, Any]) -> packing.Display:
        """See Renderer."""
        blocks = payload["blocks"]
        rows = (block["elements"] for block in blocks if block["type"] == "actions")
        return packing.Display(
            tuple(part for block in blocks for part in _shown(block)),
            keys=tuple(tuple(map(_key, row)) for row in rows),
        )


def _blocks_of(view: object) -> Iterator[Block]:
    """Yield the blocks of a view: its text, and below it in small letters what matters less."""
    small = ""
    match view:
        case Head(small=False) as head:
            yield {"type": "header", "text": plain_text_object(head.line, HEADER)}
            small = escape(head.remark)
        case Head() | More() | Tail():
            small = MRKDWN.draw(view)
        case PaperView(form="card", why=why) as paper:
            yield {**section(MRKDWN.draw(replace(paper, why=""))), **_accessory(paper.buttons)}
            small = f"▸ {escape(why)}" if why else ""
        case PaperView() as paper:
            yield {**section(MRKDWN.draw(paper)), **_accessory(paper.buttons)}
        case _:
            yield section(MRKDWN.draw(view))
    if small:
        yield {"type": "context", "elements": [{"type": "mrkdwn", "text": small, "verbatim": True}]}


def plain_form(blocks: Iterable[Mapping[str, Any]]) -> str:
    """Return the text of blocks without markup, with the addresses of their links.

    Escaped, as Slack wants any text.
    """
    return escape("\n".join(without_markup(part.html) for block in blocks for part in _shown(block)))


def section(text: str) -> Block:
    """Return a section block: a paragraph of mrkdwn."""
    # Without `verbatim`, Slack makes links of cs.CL and of names after # and @.
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def plain_text_object(text: str, room: int) -> Block:
    """Return a text object without markup, of at most `room` UTF-16 units.

    A name between colons does not become an emoji.

    Nothing is escaped, since Slack reads no markup in it. Mentions are still made ineffective, in case a client reads
    them.
    """
    shown = cut_units(_CALLING.sub(f"<{_WORD_JOINER}", text), room)
    # `emoji` is set only where it matters, to save space: a digest has five such texts for each paper.
    return {"type": "plain_text", "text": shown, **({"emoji": False} if ":" in shown else {})}


def actions(buttons: Buttons) -> list[Block]:
    """Return the rows of buttons as blocks. A press is identified by the button's value."""
    rows = [row[start : start + IN_ROW] for row in buttons for start in range(0, len(row), IN_ROW)]
    return [
        {
            "type": "actions",
            "elements": [element(one, f"{place}.{number}") for number, one in enumerate(row)],
        }
        for place, row in enumerate(rows[:_ROWS])
    ]


def element(button: Button, action: str) -> Block:
    """Return a button as an element, or as a menu if it has several options.

    `action` is an action id, unique in the block.
    """
    options = [option for option in button.options if not option.url]  # without links: the title is the link already
    if button.options:
        if len(options) == 1:
            return element(options[0], action)
        menu = [
            {"text": plain_text_object(option.label, BUTTON_LABEL), "value": option.data}
            for option in options[:IN_MENU]
        ]
        return {"type": "overflow", "action_id": action, "options": menu}
    target = {"url": button.url} if button.url else {"value": button.data}
    return {"type": "button", "text": plain_text_object(button.label, BUTTON_LABEL), "action_id": action, **target}


def _accessory(card: CardButtons) -> Block:
    """Return the accessory of a paper in a list: a menu, if a subscription brought the paper.

    Else a button to its card.
    """
    if card.opens is None:
        return {}
    options = filter(None, map(card.named, ("more", "why", "save", "less", "similar")))
    whole = replace(card.opens, options=tuple(options) if card.named("less") else ())
    return {"accessory": element(whole, "paper")}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _joined_blocks(fragments: Sequence[packing.Fragment]) -> list[Block]:
    """Return the fragments as blocks. Adjacent lines share a section while they fit into it."""
    blocks: list[Block] = []
    lines = ""
    for fragment in fragments:
        is_line = isinstance(fragment.view, Line | Code)
        if lines and not (is_line and units(f"{lines}\n{fragment.markup}") <= SECTION):
            blocks.append(section(lines))
            lines = ""
        if is_line:
            lines += f"\n{fragment.markup}" if lines else fragment.markup
        else:
            blocks += json.loads(f"[{fragment.markup}]")
    return [*blocks, section(lines)] if lines else blocks


def message_arguments(message: Message, *, plain: bool) -> dict[str, Any]:
    """Return the arguments of chat.postMessage that show a message. Raise Rejected.

    `plain`: its plain form, a text without blocks and markup.
    """
    content = read_message(message, "text")
    blocks = content.get("blocks")
    if plain:
        return {"text": plain_form(blocks or ()).strip() or content["text"], "mrkdwn": False}
    return {"text": content["text"], **({"blocks": blocks} if blocks else {})}


# What it looks like: the marks of mrkdwn become HTML.

_INLINE = re.compile(
    r"```\n?(?P<pre>.*?)\n?```"
    r"|<(?P<link>https?://[^<>|\s]+)(?:\|(?P<label>[^<>]*))?>"
    r"|(?<![\w*])\*(?P<b>[^\s*](?:[^*\n]*[^\s*])?)\*(?![\w*])"
    r"|(?<![\w~])~(?P<s>[^\s~](?:[^~\n]*[^\s~])?)~(?![\w~])",
    re.DOTALL,
)


def html_of(mrkdwn: str) -> str:
    """Return mrkdwn as HTML. Both escape the same characters, so these stay as they are."""
    return _INLINE.sub(_tagged, mrkdwn)


def _tagged(found: re.Match[str]) -> str:
    if url := found["link"]:
        return f'<a href="{url.replace(chr(34), "%22")}">{html_of(found["label"] or url)}</a>'
    tag = str(found.lastgroup)
    return f"<{tag}>{found[tag] if tag == 'pre' else html_of(found[tag])}</{tag}>"


def _shown(block: Mapping[str, Any]) -> Iterator[packing.Block]:
    match block:
        case {"type": "header", "text": {"text": text}}:
            yield replace(packing.plain(text), shape="header")
        case {"type": "context", "elements": elements}:
            yield packing.Block(shape="small", html="  ".join(html_of(element["text"]) for element in elements))
        case {"type": "section", "text": {"text": text}}:
            yield packing.Block(html_of(text), has_menu="accessory" in block)


def _key(element: Mapping[str, Any]) -> packing.Key:
    if element["type"] == "overflow":
        return "⋯", ""
    return element["text"]["text"], web_url(element.get("url", ""))


RENDERER = Slack()
