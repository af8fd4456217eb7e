"""What the web shows: messages as HTML, with a plain text beside, and a chat's page with its messages by day.

Payload: {"html": …, "text": …}.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from bot.platforms.web import WEB
from bot.ports.web_page import PageFrame
from bot.rendering import templating
from bot.rendering.language import Language
from bot.rendering.packing import Beside, Contents, Fragment, Medium, macro_name, plain_page
from bot.rendering.parts import Code
from bot.rendering.plots import rows_of_bars
from bot.rendering.templating import Macro
from subscriptions.errors import Sentence
from subscriptions.model import Chat, ChatAddress, ChatKind
from subscriptions.service.chat_status import known_or_new
from subscriptions.states import Signal
from subscriptions.store.conversations import PageMessage, newest_page_messages
from subscriptions.store.database.store import Store
from subscriptions.store.signals import signals_of_papers


@lru_cache
def _macros() -> Mapping[str, Macro]:
    return templating.macros("web", "html")


class Web(Medium):
    """The medium of a web page, which takes messages of any length."""

    beside: Beside = "always"

    def draw(self, view: object) -> Fragment:
        """Returns the view as HTML, escaped."""
        if isinstance(view, Code) and view.plot:
            return Fragment(view=view, markup=rows_of_bars(view.plot))
        return Fragment(view=view, markup=_macros()[macro_name(view)](view).strip("\n"))

    def compose(self, contents: Contents) -> tuple[str, str]:
        """Returns the message as HTML and as text; the plain form is the text alone."""
        html = "\n".join(
            [
                *(fragment.markup for fragment in contents.fragments),
                *(_macros()["buttons"](row) for row in contents.buttons),
            ]
        )
        text = plain_page(contents.fragments)
        return json.dumps({"html": html, "text": text}, ensure_ascii=False), json.dumps(
            {"text": text}, ensure_ascii=False
        )


SHOWN = 60  # messages on one page; older ones are a link away
_TITLE = Sentence("Chat")
_WORDS = {
    "messages": Sentence("Messages"),
    "say": Sentence("Your message"),
    "send": Sentence("send"),
    "attach": Sentence("send a file"),
    "attached": Sentence("A library (BibTeX, RIS, CSL JSON), or subscriptions as text"),
    "hint": Sentence("a topic, an author, or what you want"),
    "you": Sentence("You"),
    "edited": Sentence("edited"),
    "earlier": Sentence("show earlier messages"),
    "newest": Sentence("to the newest messages"),
    "show_new": Sentence("show what is new"),
    "file": Sentence("download"),
    "welcome": Sentence("What do you read about? New papers on it come here every day."),
    "examples": Sentence("For example:"),
    "newest_paper": Sentence("The newest paper"),
    "sample": Sentence("A sample"),
    "subscriptions": Sentence("Your subscriptions"),
    "suggestions": Sentence("Suggestions"),
    "key_list": Sentence("Keys"),
    "key_move": Sentence("to the next and the previous paper"),
    "key_number": Sentence("to the paper with that number"),
    "key_open": Sentence("open it"),
    "key_save": Sentence("save it"),
    "key_exclude": Sentence("exclude such papers"),
    "key_write": Sentence("write"),
    "close": Sentence("close"),
    "lost": Sentence("The connection is lost. It is tried again."),
    "unsent": Sentence("That was not sent. Please try again."),
    "full": Sentence(
        "Too many pages are open, so this one does not show by itself what is new. Load it again to see it."
    ),
}
_SHOWS = re.compile(r' data-shows="((LIKED|DISLIKED|SAVED):(\d+))"')  # of a button in a stored message, see Button
_EXAMPLES = ("diffusion models -survey", "cat:cs.CL agents", "reinforcement learning")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownMessage:
    """A message as the page shows it."""

    number: int
    change: int
    is_own: bool
    html: str  # of ours, as it was rendered for this platform
    text: str  # without markup, where there is no HTML
    file: str  # the name of a document, "" for none
    day_id: str
    day: str
    time: str
    moment: str
    is_edited: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatView:
    """The page of a chat at one moment."""

    chat: Chat
    frame: PageFrame
    messages: tuple[ShownMessage, ...]
    change: int  # the last one of the chat


def chat_of(name: str) -> ChatAddress:
    """Returns the chat of a visitor."""
    return ChatAddress(WEB.name, name)


def look(store: Store, frame: PageFrame, *, before: int | None = None) -> ChatView:
    """Returns the newest messages of the visitor's chat, or those before one with this number."""
    chat, frame = framed(store, frame)
    found, change = newest_page_messages(store, chat.address, SHOWN, before=before)
    return ChatView(chat=chat, frame=frame, messages=shown(store, found, chat, frame), change=change)


def framed(store: Store, frame: PageFrame) -> tuple[Chat, PageFrame]:
    """Returns the visitor's chat, and the frame in the chat's language unless the visitor has chosen one on a page."""
    chat = known_or_new(store, chat_of(frame.visitor.name), ChatKind.PRIVATE, lang=frame.language)
    if chat.id and not frame.has_chosen_language:
        frame = replace(frame, language=chat.settings.lang)
    return chat, frame


def shown(store: Store, messages: Sequence[PageMessage], chat: Chat, frame: PageFrame) -> tuple[ShownMessage, ...]:
    """Returns messages with their moments in the chat's zone, and with their buttons as they are now: pressed or not."""
    language, contents = Language(frame.language, chat.settings.timezone), [json.loads(one.payload) for one in messages]
    pressed = _pressed(store, chat, "".join(content.get("html", "") for content in contents))
    return tuple(
        _shown(message, content, pressed, language) for message, content in zip(messages, contents, strict=True)
    )


def pressed_in(store: Store, chat_address: ChatAddress, number: int) -> Mapping[str, bool]:
    """Returns the signals that the buttons of a message show, and whether each is set."""
    chat = known_or_new(store, chat_address, ChatKind.PRIVATE)
    found, _ = newest_page_messages(store, chat_address, 1, before=number + 1)
    return _pressed(store, chat, "".join(json.loads(one.payload).get("html", "") for one in found))


def _pressed(store: Store, chat: Chat, html: str) -> Mapping[str, bool]:
    buttons = _SHOWS.findall(html)
    told = signals_of_papers(store, chat.id, {int(paper) for _, _, paper in buttons}) if buttons else frozenset()
    return {shows: (int(paper), Signal[kind]) in told for shows, kind, paper in buttons}


def page(view: ChatView, said: str, once: str, *, is_newest: bool, panel: str = "", example: str = "") -> str:
    """Returns the page.

    `said`: a few words about the pressed button. `once`: the id of the next message or press. `panel`, `example`: the
    subscriptions and a paper as HTML.
    """
    return templating.draw_page(
        "chat.html",
        view.frame,
        _TITLE,
        words=_WORDS,
        messages=view.messages,
        change=view.change,
        said=said,
        once=once,
        is_newest=is_newest,
        has_earlier=len(view.messages) == SHOWN,
        examples=_EXAMPLES,
        panel=panel,
        example=example,
    )


def fragment(messages: Sequence[ShownMessage], frame: PageFrame) -> str:
    """Returns messages as HTML for the page."""
    return templating.draw_part("messages.html", frame, words=_WORDS, messages=messages, once="")


def _shown(
    message: PageMessage, content: Mapping[str, Any], pressed: Mapping[str, bool], language: Language
) -> ShownMessage:
    def as_it_is(button: re.Match[str]) -> str:
        return f'{button[0]} aria-pressed="{"true" if pressed[button[1]] else "false"}"'

    local = language.local(message.at)
    return ShownMessage(
        number=message.number,
        change=message.change,
        is_own=message.is_own,
        html=_SHOWS.sub(as_it_is, content.get("html", "")),
        text=content["text"],
        file=content.get("file", {}).get("name", ""),
        day_id=f"day-{local.date().isoformat()}",
        day=language.day(local.date()),
        time=f"{local:%H:%M}",
        moment=local.isoformat(timespec="minutes"),
        is_edited=message.is_edited,
    )


MEDIUM = Web()
