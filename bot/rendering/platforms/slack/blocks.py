"""Slack: blocks of mrkdwn, within Slack's limits (docs.slack.dev, Block Kit and chat.postMessage).

Payload: {"text": titles for the notification, "blocks": […]}. Plain form: {"text": …}.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from bot.ports.button import Button, Buttons
from bot.rendering.platforms.console import notification_titles, plain_page
from bot.rendering.templating import Macro, macros
from bot.rendering.text.marks import Passage
from bot.rendering.views.medium import name_of
from bot.rendering.views.packing import Fragment, Size
from bot.rendering.views.papers import PaperView
from bot.rendering.views.parts import Code, Head, Line
from subscriptions.cutting import cut_units, units

BUDGET = 10_000  # characters of all blocks as JSON; Slack refuses somewhere above 11,000 (slackapi/bolt-js#2509, #2867)
BLOCKS = 50
SECTION = 3_000
HEADER = 150
FALLBACK = 3_000  # of 40,000: no notification shows more
BUTTON_LABEL = 75
IN_ROW = 25  # elements of an actions block
IN_MENU = 5  # options of an overflow menu
_ROWS = 20  # of buttons under a message
_BLOCK = 80  # characters around the text of a section

Block = dict[str, object]


_URL = re.compile(r"(https?://[^\s<>|]+[^\s<>|.,;:!?)\]}'\"”])")
_IN_URL = re.compile(r"https?://\S*$")
_CALLING = re.compile(r"<(?=[!@#])")  # how Slack writes that somebody is called: <!channel>, <@U1>, <#C1>
_WORD_JOINER = "\u2060"  # unseen


class Mrkdwn(str):
    """Text that is mrkdwn already."""

    __slots__ = ()


def escape(value: object) -> str:
    """& < > and nothing else: Slack shows every other entity as it is written. Fences of code lose their force."""
    text = str(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub("`{3,}", "`", text)


def link(url: str, label: str) -> Mrkdwn:
    """<url|label>, the label being mrkdwn already; a bar in it would end the link."""
    return Mrkdwn(f"<{escape(url)}|{label.replace('|', '∣')}>")


def bold(text: object) -> Mrkdwn:
    """The text in bold, unless a star in it would end that."""
    plain = str(text)
    return Mrkdwn(escape(plain) if "*" in plain else f"*{escape(plain)}*")


def prose(passage: Passage) -> Mrkdwn:
    """The passage with its hit bold, unless that is part of an address; addresses are links."""
    if _IN_URL.search(passage.before):
        return linked(passage)
    return Mrkdwn(f"{linked(passage.before)}{_bold(passage)}{linked(passage.after)}")


def _bold(passage: Passage) -> str:
    """The hit, bold where Slack sees bold at all: between blanks and punctuation."""
    inside_word = passage.before[-1:].isalnum() or passage.after[:1].isalnum()
    plain = not passage.hit or "*" in passage.hit or inside_word
    return escape(passage.hit) if plain else f"*{escape(passage.hit)}*"


def linked(text: object) -> Mrkdwn:
    """Text whose addresses are links; the blocks are verbatim, so Slack makes none by itself."""
    parts = _URL.split(str(text))  # at odd places the addresses
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
    """A Slack channel, thread or direct message."""

    room = Size((BUDGET, BLOCKS))
    numbers = 0
    menus = True

    def draw(self, view: object) -> Fragment:
        """The view as blocks: JSON objects with commas between them. Lines stay text until they are composed."""
        name = name_of(view)
        text, small = (
            _macros()[macro](view).strip() if macro in _macros() else "" for macro in (name, f"{name}_small")
        )
        whole = all(units(part) <= SECTION for part in (text, small))
        if isinstance(view, Line | Code):
            return Fragment(view=view, markup=text, size=Size((units(_json(text)) + _BLOCK, 1)), whole=whole)
        menu = view.menu if isinstance(view, PaperView) else ()
        blocks = [header(view.line)] if isinstance(view, Head) and not view.small else []
        blocks += [{**section(text), **_accessory(menu)}] if text else []
        blocks += [context(small)] if small else []
        markup = ",".join(map(_json, blocks))
        return Fragment(view=view, markup=markup, size=Size((units(markup) + 1, len(blocks))), whole=whole)

    def beneath(self, buttons: Buttons) -> Size:
        """Their rows as blocks."""
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
        """Blocks, and as text what a notification shows: the titles."""
        blocks = [*_joined_blocks(fragments), *map(_json, actions(buttons))]
        written = plain_page(fragments)
        fallback = notification_titles([*fragments, *titled]) or written
        shown = _json(escape(cut_units(fallback, FALLBACK)))
        return f'{{"text":{shown},"blocks":[{",".join(blocks)}]}}', _json({"text": escape(written)})


def section(text: str) -> Block:
    """A paragraph of mrkdwn."""
    # verbatim: Slack would make links of cs.CL and of names behind # and @
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def plain_text_object(text: str, room: int) -> Block:
    """Text without any markup, cut where Slack would refuse it; a name between colons becomes no emoji.

    Nothing in it is escaped, since Slack reads no markup there. Should a client do so all the same, nobody is called.
    """
    shown = cut_units(_CALLING.sub(f"<{_WORD_JOINER}", text), room)
    # Said only where it matters: a digest has five such texts for each of its papers.
    return {"type": "plain_text", "text": shown, **({"emoji": False} if ":" in shown else {})}


def actions(buttons: Buttons, before: str = "") -> list[Block]:
    """Rows of buttons, each a block; what a pressed one means is looked up by its value. `before` their action ids."""
    rows = [row[start : start + IN_ROW] for row in buttons for start in range(0, len(row), IN_ROW)]
    return [_actions(row, f"{before}{place}") for place, row in enumerate(rows[:_ROWS])]


def _actions(row: Sequence[Button], place: str) -> Block:
    return {
        "type": "actions",
        "elements": [button_element(one, f"{place}.{number}") for number, one in enumerate(row)],
    }


def button_element(button: Button, action: str) -> Block:
    """A button; `action` is unique in its block."""
    target = {"url": button.url} if button.url else {"value": button.data}
    return {"type": "button", "text": plain_text_object(button.label, BUTTON_LABEL), "action_id": action, **target}


def overflow_menu(options: Sequence[Button], action: str) -> Block:
    """An overflow menu of at most IN_MENU options."""
    shown = [
        {"text": plain_text_object(option.label, BUTTON_LABEL), "value": option.data} for option in options[:IN_MENU]
    ]
    return {"type": "overflow", "action_id": action, "options": shown}


def _accessory(options: Sequence[Button]) -> Block:
    """What stands at the right of a section: a button, or a menu of several."""
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
    """Small letters of mrkdwn."""
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text, "verbatim": True}]}


def header(text: str) -> Block:
    """Large letters."""
    return {"type": "header", "text": plain_text_object(text, HEADER)}


def _joined_blocks(fragments: Sequence[Fragment]) -> list[str]:
    """Blocks as JSON; lines that stand together share a section as far as it holds them."""
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
