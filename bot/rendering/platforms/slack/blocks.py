"""Slack: blocks of mrkdwn, within Slack's limits (docs.slack.dev, Block Kit and chat.postMessage).

Payload: {"text": titles for the notification, "blocks": […]}. Plain form: {"text": …}.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from bot.ports.reply import Button, Buttons
from bot.rendering.platforms.console import notification_titles, plain_page
from bot.rendering.templating import Macro, macros
from bot.rendering.text.cleaning import Passage
from bot.rendering.views.medium import macro_name
from bot.rendering.views.packing import Fragment, Size
from bot.rendering.views.papers import PaperView
from bot.rendering.views.parts import Code, Head, Line
from subscriptions.cutting import cut_units, units

BUDGET = 10_000  # characters of all blocks as JSON; Slack refuses somewhere above 11,000 (slackapi/bolt-js#2509, #2867)
BLOCKS = 50
SECTION = 3_000
HEADER = 150
FALLBACK = 3_000  # of 40,000 that are allowed; no notification shows more
BUTTON_LABEL = 75
IN_ROW = 25  # elements of an actions block
IN_MENU = 5  # options of an overflow menu
_ROWS = 20  # of buttons under a message
_BLOCK = 80  # characters of JSON around the text of a section

Block = dict[str, object]


_URL = re.compile(r"(https?://[^\s<>|]+[^\s<>|.,;:!?)\]}'\"”])")
_IN_URL = re.compile(r"https?://\S*$")
_CALLING = re.compile(r"<(?=[!@#])")  # mentions in mrkdwn: <!channel>, <@U1>, <#C1>
_WORD_JOINER = "\u2060"  # invisible


class Mrkdwn(str):
    """Text that is mrkdwn already and is not escaped again."""

    __slots__ = ()


def escape(value: object) -> str:
    """Returns the value with & < > escaped, the only entities that Slack reads; fences of code become single backquotes."""
    text = str(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub("`{3,}", "`", text)


def link(url: str, label: str) -> Mrkdwn:
    """Returns a link <url|label>. The label is mrkdwn; a bar would end it, so a similar character replaces it."""
    return Mrkdwn(f"<{escape(url)}|{label.replace('|', '∣')}>")


def bold(text: object) -> Mrkdwn:
    """Returns the text in bold; not in bold if it has a star, which would end that."""
    plain = str(text)
    return Mrkdwn(escape(plain) if "*" in plain else f"*{escape(plain)}*")


def prose(passage: Passage) -> Mrkdwn:
    """Returns the passage with addresses as links, and its hit in bold unless it is part of an address."""
    if _IN_URL.search(passage.before):
        return linked(passage)
    return Mrkdwn(f"{linked(passage.before)}{_bold(passage)}{linked(passage.after)}")


def _bold(passage: Passage) -> str:
    """Returns the hit, in bold if spaces or punctuation surround it, since Slack reads no bold within a word."""
    inside_word = passage.before[-1:].isalnum() or passage.after[:1].isalnum()
    plain = not passage.hit or "*" in passage.hit or inside_word
    return escape(passage.hit) if plain else f"*{escape(passage.hit)}*"


def linked(text: object) -> Mrkdwn:
    """Returns the text with its addresses as links. Blocks are verbatim, so Slack adds no links."""
    parts = _URL.split(str(text))  # every second part is an address
    return Mrkdwn("".join(f"<{escape(part)}>" if place % 2 else escape(part) for place, part in enumerate(parts)))


@lru_cache
def _macros() -> Mapping[str, Macro]:
    filters: Mapping[str, Callable[..., str]] = {
        "link": link,
        "bold": bold,
        "linked": linked,
        "prose": prose,
        "escaped": escape,
    }
    return macros("slack", "txt", filters=filters, escape=_finalize)


def _finalize(value: object) -> object:
    return value if isinstance(value, Mrkdwn) else escape(value)


class Slack:
    """The medium of Slack."""

    room = Size((BUDGET - 1, BLOCKS))  # each block counts with its comma; the brackets take one more
    numbers = 0
    menus = True

    def draw(self, view: object) -> Fragment:
        """Returns the view as blocks: JSON objects with commas between. Lines and code stay mrkdwn until they are composed."""
        name = macro_name(view)
        text, small = (
            _macros()[macro](view).strip() if macro in _macros() else "" for macro in (name, f"{name}_small")
        )
        whole = all(units(part) <= SECTION for part in (text, small))
        if isinstance(view, Line | Code):
            return Fragment(view=view, markup=text, size=Size((units(_json(text)) + _BLOCK, 1)), is_within_limits=whole)
        menu = view.menu if isinstance(view, PaperView) else ()
        blocks = [header(view.line)] if isinstance(view, Head) and not view.small else []
        blocks += [{**section(text), **_accessory(menu)}] if text else []
        blocks += [context(small)] if small else []
        markup = ",".join(map(_json, blocks))
        return Fragment(view=view, markup=markup, size=Size((units(markup) + 1, len(blocks))), is_within_limits=whole)

    def beneath(self, buttons: Buttons) -> Size:
        """Returns the size of the rows as blocks."""
        blocks = actions(buttons)
        return Size((sum(units(_json(block)) + 1 for block in blocks), len(blocks)))

    def compose(
        self,
        fragments: Sequence[Fragment],
        *,
        silent: bool,  # noqa: ARG002 - Slack has no silent messages
        buttons: Buttons = (),
        titled: Sequence[Fragment] = (),
    ) -> tuple[str, str]:
        """Returns the message as blocks, with the titles as the text of its notification; the plain form is the text alone."""
        blocks = [*_joined_blocks(fragments), *map(_json, actions(buttons))]
        written = plain_page(fragments)
        fallback = notification_titles([*fragments, *titled]) or written
        shown = _json(escape(cut_units(fallback, FALLBACK)))
        return f'{{"text":{shown},"blocks":[{",".join(blocks)}]}}', _json({"text": escape(written)})


def section(text: str) -> Block:
    """Returns a section block: a paragraph of mrkdwn."""
    # verbatim: else Slack makes links of cs.CL and of names after # and @
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def plain_text_object(text: str, room: int) -> Block:
    """Returns a text object without markup, at most `room` UTF-16 units; a name between colons becomes no emoji.

    Nothing is escaped, since Slack reads no markup in it; mentions are broken up all the same, should a client read some.
    """
    shown = cut_units(_CALLING.sub(f"<{_WORD_JOINER}", text), room)
    # Only where it matters: a digest has five such texts for each paper.
    return {"type": "plain_text", "text": shown, **({"emoji": False} if ":" in shown else {})}


def actions(buttons: Buttons, before: str = "") -> list[Block]:
    """Returns the rows of buttons as blocks. `before` is a prefix of the action ids; a press is looked up by the button's value."""
    rows = [row[start : start + IN_ROW] for row in buttons for start in range(0, len(row), IN_ROW)]
    return [_actions(row, f"{before}{place}") for place, row in enumerate(rows[:_ROWS])]


def _actions(row: Sequence[Button], place: str) -> Block:
    return {
        "type": "actions",
        "elements": [button_element(one, f"{place}.{number}") for number, one in enumerate(row)],
    }


def button_element(button: Button, action: str) -> Block:
    """Returns a button element. `action` is its action id, unique in the block."""
    target = {"url": button.url} if button.url else {"value": button.data}
    return {"type": "button", "text": plain_text_object(button.label, BUTTON_LABEL), "action_id": action, **target}


def overflow_menu(options: Sequence[Button], action: str) -> Block:
    """Returns an overflow menu of at most IN_MENU options."""
    shown = [
        {"text": plain_text_object(option.label, BUTTON_LABEL), "value": option.data} for option in options[:IN_MENU]
    ]
    return {"type": "overflow", "action_id": action, "options": shown}


def _accessory(options: Sequence[Button]) -> Block:
    """Returns the accessory of a section: one option as a button, several as a menu."""
    match options:
        case ():
            return {}
        case (one,):
            return {"accessory": button_element(one, "paper")}
        case _:
            return {"accessory": overflow_menu(options, "paper")}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def context(text: str) -> Block:
    """Returns a context block: mrkdwn in small letters."""
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text, "verbatim": True}]}


def header(text: str) -> Block:
    """Returns a header block: plain text in large letters."""
    return {"type": "header", "text": plain_text_object(text, HEADER)}


def _joined_blocks(fragments: Sequence[Fragment]) -> list[str]:
    """Returns the fragments as blocks of JSON; adjacent lines share a section as far as they fit."""
    blocks: list[str] = []
    lines: list[str] = []
    for fragment in fragments:
        is_line = isinstance(fragment.view, Line | Code)
        if lines and not (is_line and units("\n".join([*lines, fragment.markup])) <= SECTION):
            blocks.append(_json(section("\n".join(lines))))
            lines = []
        if is_line:
            lines.append(fragment.markup)
        else:
            blocks.append(fragment.markup)
    return [*blocks, _json(section("\n".join(lines)))] if lines else blocks
