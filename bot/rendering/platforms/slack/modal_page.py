"""Reads the look of modals and home views (docs.slack.dev, Block Kit, "Views"), and makes an HTML page that shows some.

The page is used for the pictures in docs/. It is one file without scripts and external resources. The content of a view
is text, marks and checked links, which Jinja escapes.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from bot.rendering.platforms.slack.block_reader import slack_display
from bot.rendering.templating import page_environment
from bot.rendering.text.language import Language
from bot.rendering.views.appearance import Paragraph, ShownButton
from subscriptions.errors import Sentence

if TYPE_CHECKING:  # Jinja costs 50 ms, see bot/rendering/display/gallery.py
    from jinja2 import Template


_SLACKS_OWN = {
    "optional": Sentence("optional"),
    "home": Sentence("Home"),
    "messages": Sentence("Messages"),
    "about": Sentence("About"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownField:
    """A field of a form."""

    label: str
    kind: Literal["text", "select", "radio", "clock"]
    value: str = ""
    hint: str = ""
    optional: bool = False
    enter: bool = False  # whether Enter sends an event to the bot
    options: tuple[str, ...] = ()  # of radio buttons


@dataclass(frozen=True, slots=True, kw_only=True)
class ButtonRow:
    """Buttons in one row."""

    keys: tuple[ShownButton, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownView:
    """What a modal or home view looks like."""

    parts: tuple[ShownField | ButtonRow | Paragraph, ...]
    title: str = ""  # of a modal; "" for the tab Home
    send: str = ""
    leave: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewExhibit:
    """A view on the page."""

    anchor: str  # a–z and "-"
    who: str
    view: ShownView


def view_display(text: str) -> ShownView:
    """Returns what the view with this JSON looks like. Raises ValueError for a kind of view that we do not show."""
    match json.loads(text):
        case {"type": "modal", "blocks": list(blocks), **rest}:
            words = {name: _words(rest.get(name)) for name in ("title", "submit", "close")}
            parts = tuple(_parts(blocks))
            return ShownView(parts=parts, title=words["title"], send=words["submit"], leave=words["close"])
        case {"type": "home", "blocks": list(blocks)}:
            return ShownView(parts=tuple(_parts(blocks)))
        case _:
            raise ValueError("this is no view of Slack")


def views_page(shots: Sequence[ViewExhibit], language: Language) -> str:
    """Returns the views as one HTML page. `language` is that of Slack's own words around them."""
    words = {name: sentence.say(language.translate) for name, sentence in _SLACKS_OWN.items()}
    return _template().render(shots=shots, language=language, words=words)


def _parts(blocks: Sequence[object]) -> Iterator[ShownField | ButtonRow | Paragraph]:
    for block in blocks:
        match block:
            case {"type": "input", "element": dict(element), **rest}:
                yield _shown_field(element, rest)
            case _:
                shown = slack_display([block])
                yield from shown.paragraphs
                yield from (ButtonRow(keys=keys) for keys in shown.keys)


def _shown_field(element: Mapping[Any, Any], block: Mapping[Any, Any]) -> ShownField:
    label, hint = _words(block.get("label")), _words(block.get("hint"))
    optional = block.get("optional") is True
    chosen = _words((element.get("initial_option") or {}).get("text"))
    match element:
        case {"type": "plain_text_input", **rest}:
            value = str(rest.get("initial_value") or "")
            enter = block.get("dispatch_action") is True
            return ShownField(label=label, kind="text", value=value, hint=hint, optional=optional, enter=enter)
        case {"type": "timepicker", **rest}:
            value = str(rest.get("initial_time") or "")
            return ShownField(label=label, kind="clock", value=value, hint=hint, optional=optional)
        case {"type": "static_select"}:
            return ShownField(label=label, kind="select", value=chosen, hint=hint, optional=optional)
        case {"type": "radio_buttons", "options": list(options)}:
            words = tuple(_words(option.get("text")) for option in options)
            return ShownField(label=label, kind="radio", value=chosen, hint=hint, optional=optional, options=words)
        case _:
            raise ValueError(f"the gallery cannot show a field of type {element.get('type')}")


def _words(text: object) -> str:
    match text:
        case {"text": str(words)}:
            return words
        case _:
            return ""


@lru_cache
def _template() -> "Template":
    return page_environment().get_template("views.html")
