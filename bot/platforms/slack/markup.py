"""What Slack shows: messages as blocks of mrkdwn, forms as modals, and the home view, the tab Home of the app (docs.slack.dev, Block Kit).

Payload: {"text": titles for the notification, "blocks": […]}. Plain form: {"text": …}. The private_metadata of a modal is its
callback token and nothing else. Each field is a block with the field's name as id, so that an error can be shown beside it.
"""

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import groupby
from typing import Any

from bot.ports.channel import Button, Buttons, FormField, HomeItem, HomePanel, HomeView, Modal, Option
from bot.rendering import packing
from bot.rendering.appearance import Display, Look, Paragraph, ShownButton, plain
from bot.rendering.cleaning import Passage, web_url
from bot.rendering.packing import Beside, Contents, Fragment, Medium, Size
from bot.rendering.papers import CardButtons, PaperView
from bot.rendering.parts import Code, Head, Line
from bot.rendering.templating import Macro, macros
from subscriptions import cutting

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
    """Returns the passage with addresses as links, and its hits in bold unless one is part of an address."""
    pieces = passage.pieces
    if any(map(_IN_URL.search, pieces[:-1:2])):
        return linked(passage)
    return Mrkdwn(
        "".join(_bold(*pieces[at - 1 : at + 2]) if at % 2 else linked(text) for at, text in enumerate(pieces))
    )


def _bold(before: str, hit: str, after: str) -> str:
    """Returns the hit, in bold if spaces or punctuation surround it, since Slack reads no bold within a word."""
    inside_word = before[-1:].isalnum() or after[:1].isalnum()
    return escape(hit) if "*" in hit or inside_word else f"*{escape(hit)}*"


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


class Slack(Medium):
    """The medium of Slack."""

    room = Size((BUDGET - 1, BLOCKS))  # each block counts with its comma; the brackets take one more
    beside: Beside = "in lists"

    def draw(self, view: object) -> Fragment:
        """Returns the view as blocks: JSON objects with commas between. Lines and code stay mrkdwn until they are composed."""
        name = packing.macro_name(view)
        text, small = (
            _macros()[macro](view).strip() if macro in _macros() else "" for macro in (name, f"{name}_small")
        )
        whole = all(cutting.units(part) <= SECTION for part in (text, small))
        if isinstance(view, Line | Code):
            return Fragment(
                view=view, markup=text, size=Size((cutting.units(_json(text)) + _BLOCK, 1)), is_within_limits=whole
            )
        beside = view.buttons if isinstance(view, PaperView) else CardButtons()
        blocks = [header(view.line)] if isinstance(view, Head) and not view.small else []
        blocks += [{**section(text), **_accessory(beside)}] if text else []
        blocks += [context(small)] if small else []
        markup = ",".join(map(_json, blocks))
        return Fragment(
            view=view, markup=markup, size=Size((cutting.units(markup) + 1, len(blocks))), is_within_limits=whole
        )

    def beneath(self, buttons: Buttons) -> Size:
        """Returns the size of the rows as blocks."""
        blocks = actions(buttons)
        return Size((sum(cutting.units(_json(block)) + 1 for block in blocks), len(blocks)))

    def compose(self, contents: Contents) -> tuple[str, str]:
        """Returns the message as blocks, with the titles as the text of its notification; the plain form is the text alone."""
        blocks = [*_joined_blocks(contents.fragments), *map(_json, actions(contents.buttons))]
        written = packing.plain_page(contents.fragments)
        fallback = packing.notification_titles([*contents.fragments, *contents.titled]) or written
        shown = _json(escape(cutting.cut_units(fallback, FALLBACK)))
        return f'{{"text":{shown},"blocks":[{",".join(blocks)}]}}', _json({"text": escape(written)})


def section(text: str) -> Block:
    """Returns a section block: a paragraph of mrkdwn."""
    # verbatim: else Slack makes links of cs.CL and of names after # and @
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def plain_text_object(text: str, room: int) -> Block:
    """Returns a text object without markup, at most `room` UTF-16 units; a name between colons becomes no emoji.

    Nothing is escaped, since Slack reads no markup in it; mentions are broken up all the same, should a client read some.
    """
    shown = cutting.cut_units(_CALLING.sub(f"<{_WORD_JOINER}", text), room)
    # Only where it matters: a digest has five such texts for each paper.
    return {"type": "plain_text", "text": shown, **({"emoji": False} if ":" in shown else {})}


def actions(buttons: Buttons, before: str = "") -> list[Block]:
    """Returns the rows of buttons as blocks. `before` is a prefix of the action ids; a press is looked up by the button's value."""
    rows = [row[start : start + IN_ROW] for row in buttons for start in range(0, len(row), IN_ROW)]
    return [_actions(row, f"{before}{place}") for place, row in enumerate(rows[:_ROWS])]


def _actions(row: Sequence[Button], place: str) -> Block:
    return {
        "type": "actions",
        "elements": [element(one, f"{place}.{number}") for number, one in enumerate(row)],
    }


def element(button: Button, action: str) -> Block:
    """Returns a button as an element, ⋯ as its menu. `action` is its action id, unique in the block."""
    options = [option for option in button.options if not option.url]  # the title is the link
    if button.options:
        return element(options[0], action) if len(options) == 1 else overflow_menu(options, action)
    target = {"url": button.url} if button.url else {"value": button.data}
    return {"type": "button", "text": plain_text_object(button.label, BUTTON_LABEL), "action_id": action, **target}


def overflow_menu(options: Sequence[Button], action: str) -> Block:
    """Returns an overflow menu of at most IN_MENU options."""
    shown = [
        {"text": plain_text_object(option.label, BUTTON_LABEL), "value": option.data} for option in options[:IN_MENU]
    ]
    return {"type": "overflow", "action_id": action, "options": shown}


def _accessory(card: CardButtons) -> Block:
    """Returns the accessory of a paper in a list: a menu if a subscription brought it, else its number, which opens its card."""
    if card.opens is None:
        return {}
    whole = replace(card.opens, options=(*card.second[:-1], *card.rest) if card.named("exclude") else ())
    return {"accessory": element(whole, "paper")}


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
        if lines and not (is_line and cutting.units("\n".join([*lines, fragment.markup])) <= SECTION):
            blocks.append(_json(section("\n".join(lines))))
            lines = []
        if is_line:
            lines.append(fragment.markup)
        else:
            blocks.append(fragment.markup)
    return [*blocks, _json(section("\n".join(lines)))] if lines else blocks


BLOCKS_OF_VIEW = 100  # of a view
TITLE = 24  # characters of a modal's title and of its two buttons
LABEL = 2_000  # of a field, as of its hint
INPUT = 3_000  # of a text that is typed
OPTION = 75
CALLBACK_ID = "sheet"  # callback_id of our modals
_FEW = 5  # options that are shown as radio buttons, not as a menu
_ITEM = 240  # columns of a line in a home view
_NOTES = 2_800  # characters of the notes below a field


def modal_view(modal: Modal, callback_token: str) -> str:
    """Returns a form as the JSON of a modal, as views.open takes it."""
    blocks = [block for field in modal.fields for block in _field(field)]
    view: Block = {
        "type": "modal",
        "callback_id": CALLBACK_ID,
        "private_metadata": callback_token,
        "title": plain_text_object(modal.title, TITLE),
        "submit": plain_text_object(modal.submit_label, TITLE),
        "close": plain_text_object(modal.close_label, TITLE),
        "blocks": blocks[:BLOCKS_OF_VIEW],
    }
    return json.dumps(view, ensure_ascii=False, separators=(",", ":"))


def home_view(home: HomeView) -> str:
    """Returns a home view as JSON, as views.publish takes it."""
    blocks: list[Block] = []
    for number, panel in enumerate(home.panels):
        blocks += [{"type": "divider"}] if blocks else []
        blocks += _panel(panel, number)
    blocks += [context(escape(home.remark))] if home.remark else []
    return json.dumps({"type": "home", "blocks": blocks[:BLOCKS_OF_VIEW]}, ensure_ascii=False, separators=(",", ":"))


def _field(field: FormField) -> Iterator[Block]:
    block: Block = {
        "type": "input",
        "block_id": field.name,
        "label": plain_text_object(field.label, LABEL),
        "element": {**_element(field), "action_id": field.name},
    }
    if field.hint:
        block["hint"] = plain_text_object(field.hint, LABEL)
    if not field.required:
        block["optional"] = True
    if field.notifies_change:
        block["dispatch_action"] = True
    yield block
    if field.notes:
        notes = "\n".join(linked(note) for note in field.notes)
        yield {
            **section(notes if len(notes) <= _NOTES else escape(cutting.cut_units("\n".join(field.notes), _NOTES // 5)))
        }


def _element(field: FormField) -> Block:
    if field.is_clock:
        return {"type": "timepicker", "initial_time": field.value} if field.value else {"type": "timepicker"}
    if not field.options:
        return _text_input(field)
    options = [_option(option) for option in field.options]
    chosen = next(
        (shown for shown, option in zip(options, field.options, strict=True) if option.value == field.value), None
    )
    return {
        "type": "radio_buttons" if len(options) <= _FEW else "static_select",
        "options": options,
        **({"initial_option": chosen} if chosen else {}),
    }


def _text_input(field: FormField) -> Block:
    # Only Enter sends an event; else every character that is typed would.
    watched = {"dispatch_action_config": {"trigger_actions_on": ["on_enter_pressed"]}} if field.notifies_change else {}
    initial = {"initial_value": field.value[:INPUT]} if field.value else {}
    return {"type": "plain_text_input", "max_length": INPUT, **initial, **watched}


def _option(option: Option) -> Block:
    return {"text": plain_text_object(option.label, OPTION), "value": option.value}


def _panel(panel: HomePanel, number: int) -> Iterator[Block]:
    yield header(panel.title)
    if panel.lines:
        yield context("\n".join(escape(line) for line in panel.lines))
    for place, item in enumerate(panel.items):
        yield _item(item, f"{number}.{place}")
    yield from actions(panel.buttons, f"{number}.")


def _item(item: HomeItem, action: str) -> Block:
    remark = f"\n{escape(cutting.cut_at_word(item.remark, _ITEM))}" if item.remark else ""
    text = Mrkdwn(f"{bold(cutting.cut_at_word(item.text, _ITEM))}{remark}")
    return {**section(text), **({"accessory": overflow_menu(item.menu, action)} if item.menu else {})}


# ------------------------------------------------------------------------------------------- what a message looks like

# its blocks, with the marks of mrkdwn as HTML elements.

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
    """Returns mrkdwn as HTML; what Slack escapes is escaped there, too."""
    return _INLINE.sub(_tagged, mrkdwn)


def _tagged(found: re.Match[str]) -> str:
    if url := found["link"]:
        return f'<a href="{url.replace(chr(34), "%22")}">{html_of(found["label"] or url)}</a>'
    tag = str(found.lastgroup)
    return f"<{tag}>{html_of(found[tag])}</{tag}>"


def _shown(block: Mapping[str, Any]) -> Iterator[Paragraph]:
    match block:
        case {"type": "header", "text": {"text": text}}:
            yield replace(plain(text), shape="header")
        case {"type": "divider"}:
            yield Paragraph(shape="rule")
        case {"type": "context", "elements": elements}:
            yield Paragraph(shape="small", html="  ".join(html_of(element["text"]) for element in elements))
        case {"type": "section", "text": {"text": text}}:
            first, *others = _paragraphs(text)
            yield replace(first, menu="accessory" in block)
            yield from others
        case {"type": kind} if kind != "actions":
            raise ValueError(f"a block of type {kind} cannot be shown")


def _paragraphs(mrkdwn: str) -> Iterator[Paragraph]:
    for number, part in enumerate(_FENCE.split(mrkdwn)):
        if number % 2:
            yield Paragraph(shape="code", html=part)
        elif number == 0 or part.strip():
            for quoted, lines in groupby(part.strip("\n").split("\n"), lambda line: line.startswith(_QUOTE)):
                html = html_of("\n".join(line.removeprefix(_QUOTE) for line in lines))
                yield Paragraph(shape="quote" if quoted else "text", html=html)


def _read(payload: object, pressed: Collection[str]) -> Display | None:
    del pressed  # a pressed button looks like any other
    match payload:
        case {"blocks": list(blocks)}:
            rows = (block["elements"] for block in blocks if block["type"] == "actions")
            keys = tuple(tuple(_shown_button(element) for element in row) for row in rows)
            return Display(paragraphs=tuple(part for block in blocks for part in _shown(block)), keys=keys)
    return None


def _shown_button(element: Mapping[str, Any]) -> ShownButton:
    if element["type"] == "overflow":
        return ShownButton(text="⋯")
    return ShownButton(text=element["text"]["text"], link=web_url(element.get("url", "")))


MEDIUM = Slack()
LOOK = Look(style="feed", columns=100, read=_read, title_bar="Slack · #{title}")
