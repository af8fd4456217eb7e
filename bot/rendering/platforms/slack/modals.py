"""Slack: forms as modals, and the home view, the tab Home of the app (docs.slack.dev, Block Kit, "Views").

The private_metadata of a modal is its callback token and nothing else. Each field is a block with the field's name as id,
so that an error can be shown beside it.
"""

import json
from collections.abc import Iterator

from bot.ports.reply import FormField, HomeItem, HomePanel, HomeView, Modal, Option
from bot.rendering.platforms.slack.blocks import (
    Block,
    Mrkdwn,
    actions,
    bold,
    context,
    escape,
    header,
    linked,
    overflow_menu,
    plain_text_object,
    section,
)
from subscriptions.cutting import cut_at_word, cut_units

BLOCKS = 100  # of a view
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
        "blocks": blocks[:BLOCKS],
    }
    return json.dumps(view, ensure_ascii=False, separators=(",", ":"))


def home_view(home: HomeView) -> str:
    """Returns a home view as JSON, as views.publish takes it."""
    blocks: list[Block] = []
    for number, panel in enumerate(home.panels):
        blocks += [{"type": "divider"}] if blocks else []
        blocks += _panel(panel, number)
    blocks += [context(escape(home.remark))] if home.remark else []
    return json.dumps({"type": "home", "blocks": blocks[:BLOCKS]}, ensure_ascii=False, separators=(",", ":"))


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
        yield {**section(notes if len(notes) <= _NOTES else escape(cut_units("\n".join(field.notes), _NOTES // 5)))}


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
    remark = f"\n{escape(cut_at_word(item.remark, _ITEM))}" if item.remark else ""
    text = Mrkdwn(f"{bold(cut_at_word(item.text, _ITEM))}{remark}")
    return {**section(text), **({"accessory": overflow_menu(item.menu, action)} if item.menu else {})}
