"""What the web shows: messages as HTML and as plain text; a chat's page with its messages by day (how many) and examples to press.

Payload: {"html": …, "text": …}.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import count
from typing import Any, Literal

from bot.platforms.web import FACTS
from bot.ports.conversation import PageFrame, reply_delivery
from bot.rendering import packing, pages
from bot.rendering.appearance import Appearance, Display, plain
from bot.rendering.dialects import draw_html, html_macros
from bot.rendering.papers import paper_view
from bot.rendering.views import CARD, Heading, PaperView, reader_of
from subscriptions.errors import Sentence
from subscriptions.language import Language, translator
from subscriptions.model import Chat, ChatAddress, ChatKind, Item
from subscriptions.service.conversation_state import known_or_new
from subscriptions.states import Signal
from subscriptions.store.database.store import Store
from subscriptions.store.page_messages import PageMessage, find_page_message, newest_page_messages
from subscriptions.store.signals import signals_of_papers


class Web(packing.Medium):
    """The medium of a web page. It accepts messages of any length."""

    beside: Literal["never", "in lists", "always"] = "always"

    def draw(self, view: object) -> packing.Fragment:
        """Returns the view as escaped HTML."""
        return packing.Fragment(view=view, markup=draw_html(FACTS.name, view))

    def compose(self, contents: packing.Contents) -> str:
        """Returns the message as HTML and as text.

        [subscribe] is above the papers, since below them it would be out of view.
        """
        papers = [at for at, one in enumerate(contents.fragments) if isinstance(one.view, PaperView | Heading)]
        above = []
        if papers:
            above = [button for row in contents.buttons for button in row if button.name == "subscribe"]
        below = [[button for button in row if button not in above] for row in contents.buttons]
        shown = [fragment.markup for fragment in contents.fragments]
        draw = html_macros(FACTS.name)["buttons"]
        if above:
            shown.insert(papers[0], str(draw(above)))
        html = "\n".join([*shown, *(str(draw(row)) for row in below if row)])
        return json.dumps({"html": html, "text": packing.plain_text(contents.fragments)}, ensure_ascii=False)


_TOKEN = re.compile(r' name="press" value="[^"]*"')  # of a button


def _read(payload: Mapping[str, Any]) -> Display:
    """Returns what a payload looks like. Its buttons do nothing without a chat that they belong to."""
    return Display(blocks=(plain(payload["text"]),), whole=_TOKEN.sub("", payload["html"]))


LOOK = Appearance(style="letter", columns=80, read=_read, title_bar="{title}")

SHOWN = 60  # messages on one page; a link leads to older ones
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
    "how": Sentence("Write as to a colleague, see what it finds, and press [subscribe]."),
    "examples": Sentence("For example:"),
    "newest_paper": Sentence("The newest paper"),
    "sample": Sentence("A sample"),
    "key_list": Sentence("Keys"),
    "key_move": Sentence("to the next and the previous paper"),
    "key_number": Sentence("to the paper with that number"),
    "key_open": Sentence("open it"),
    "key_save": Sentence("save it"),
    "key_less": Sentence("less of this"),
    "key_write": Sentence("write"),
    "unchosen": Sentence("Choose a paper first: j, k or its number."),
    "no_link": Sentence("This paper has no link."),
    "no_save": Sentence("Send your words first; then the papers in the answer can be saved."),
    "no_less": Sentence(
        "No subscription brought this paper. Subscribe first; then you can leave such papers out of it."
    ),
    "close": Sentence("close"),
    "lost": Sentence("The connection is lost. It is tried again."),
    "unsent": Sentence("That was not sent. Please try again."),
}
_SHOWS = re.compile(r' data-shows="((LIKED|DISLIKED|SAVED):(\d+))"')  # attribute of a button in a message, see Button
_PAPER = re.compile(r'<article class="paper"')
NEWEST = "/#end"  # the address of the newest message
_EXAMPLES = (
    Sentence("diffusion models, no surveys"),
    Sentence("agents cs.CL"),
    Sentence("reinforcement learning"),
)


ShownMessage = Mapping[str, object]  # a message as the page shows it


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatView:
    """The contents of a chat's page at one moment."""

    chat: Chat
    frame: PageFrame
    messages: tuple[ShownMessage, ...]
    change: int  # number of the chat's last change


def chat_of(name: str) -> ChatAddress:
    """Returns the address of a visitor's chat."""
    return ChatAddress(FACTS.name, name)


def look(store: Store, frame: PageFrame, *, before: int | None = None) -> ChatView:
    """Returns the page of the visitor's chat with the newest messages, or with those before message number `before`."""
    chat = chat_in(store, frame)
    found, change = newest_page_messages(store, chat.address, SHOWN, before=before)
    return ChatView(chat=chat, frame=frame, messages=shown(store, found, chat, frame), change=change)


def chat_in(store: Store, frame: PageFrame) -> Chat:
    """Returns the visitor's chat, or the chat that would be added now."""
    return known_or_new(store, chat_of(frame.visitor.name), ChatKind.PRIVATE, lang=frame.language)


def shown(store: Store, messages: Sequence[PageMessage], chat: Chat, frame: PageFrame) -> tuple[ShownMessage, ...]:
    """Returns the messages for the page: with times in the chat's zone, and buttons that show whether they are pressed."""
    language, contents = Language(frame.language, chat.settings.timezone), [json.loads(one.payload) for one in messages]
    pressed = _pressed(store, chat, "".join(content.get("html", "") for content in contents))
    return tuple(
        _shown(message, content, pressed, language) for message, content in zip(messages, contents, strict=True)
    )


def pressed_in(store: Store, chat_address: ChatAddress, number: int) -> Mapping[str, bool]:
    """Returns the signals that the buttons of a message show, and whether each one is set."""
    chat = known_or_new(store, chat_address, ChatKind.PRIVATE)
    return _pressed(store, chat, content_of(store, chat_address, number).get("html", ""))


def content_of(store: Store, chat: ChatAddress, number: int) -> Mapping[str, Any]:
    """Returns the content of the message with this number; {} if the chat has no such message."""
    found, _ = newest_page_messages(store, chat, 1, before=number + 1)
    return next((json.loads(one.payload) for one in found if one.number == number), {})


def _pressed(store: Store, chat: Chat, html: str) -> Mapping[str, bool]:
    buttons = _SHOWS.findall(html)
    if not buttons:
        return {}
    told = signals_of_papers(store, chat.id, {int(paper) for _, _, paper in buttons})
    return {shows: (int(paper), Signal[kind]) in told for shows, kind, paper in buttons}


def place_of(store: Store, chat: ChatAddress, update: str, *, number: int, pressed: str) -> str:
    """Returns the web address of the answer to an update: the page, with the first message of the answer as its fragment.

    If the answer is no message of its own, returns the address of message `number`, or of the paper there whose button
    `pressed` is.
    """
    answer = find_page_message(store, chat, delivery=reply_delivery(update), part=1)
    if answer is not None:
        return f"/#m{answer}"
    newest, _ = newest_page_messages(store, chat, SHOWN)
    content = content_of(store, chat, number)
    if not content:
        return NEWEST
    html = content.get("html", "")
    papers = 0
    if pressed:
        papers = len(_PAPER.findall(html.partition(f'value="{escape(pressed)}"')[0]))
    page = "/" if number >= newest[0].number else f"/?before={number + 1}"
    return f"{page}#m{number}p{papers}" if papers else f"{page}#m{number}"


def page(view: ChatView, said: str, once: str, *, is_newest: bool, example: str = "") -> str:
    """Returns the page as HTML.

    `said`: a few words about a pressed button. `once`: the id of the next message or press. `example`: a paper
    as HTML.
    """
    return pages.draw_page(
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
        examples=[example.say(translator(view.frame.language)) for example in _EXAMPLES],
        example=example,
    )


def fragment(messages: Sequence[ShownMessage], frame: PageFrame) -> str:
    """Returns messages as HTML for the page."""
    return pages.draw_part("messages.html", frame, words=_WORDS, messages=messages, once="", is_newest=False)


def draw_paper(item: Item, chat: Chat) -> str:
    """Returns a paper as HTML, at full length."""
    return MEDIUM.draw(paper_view(item, reader_of(chat), CARD)).markup


def _shown(
    message: PageMessage, content: Mapping[str, Any], pressed: Mapping[str, bool], language: Language
) -> ShownMessage:
    papers = count(1)

    def as_it_is(button: re.Match[str]) -> str:
        return f'{button[0]} aria-pressed="{"true" if pressed[button[1]] else "false"}"'

    def with_id(paper: re.Match[str]) -> str:
        return f'{paper[0]} id="m{message.number}p{next(papers)}"'

    local, html = language.local(message.at), _SHOWS.sub(as_it_is, content.get("html", ""))
    return {
        "number": message.number,
        "change": message.change,
        "is_own": message.is_own,
        "html": _PAPER.sub(with_id, html),  # safe, since we rendered it for this platform
        "text": content["text"],  # plain text, used if there is no HTML
        "file": content.get("file", {}).get("name", ""),
        "day_id": f"day-{local.date().isoformat()}",
        "day": language.day(local.date()),
        "time": f"{local:%H:%M}",
        "moment": local.isoformat(timespec="minutes"),
        "is_edited": message.is_edited,
    }


MEDIUM = Web()
