"""A badge for a web page: a small picture that links to a subscription."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Literal, Protocol

from rich.cells import cell_len

from bot.rendering.platforms.media import LOOKS
from bot.rendering.templating import page_environment
from bot.rendering.text.language import Language
from bot.rendering.views.appearance import Display, Look

if TYPE_CHECKING:
    from jinja2 import Template

_NAME = "paperwire"
_CELL, _SIDE, _HIGH = 7.2, 9, 22  # units: a cell of 11-pixel sans-serif, the room beside words, the height
_LONGEST = 40  # cells of a query


def badge(words: str) -> str:
    """Returns the badge as SVG: the name, and what the subscription is about."""
    shown = _cut(words)
    left, right = (cell_len(text) * _CELL + 2 * _SIDE for text in (_NAME, shown))
    wide, said = left + right, escape(f"{_NAME}: {words}")
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide:.0f}" height="{_HIGH}" role="img" aria-label="{said}">',
            f"<title>{said}</title>",
            f'<clipPath id="r"><rect width="{wide:.0f}" height="{_HIGH}" rx="4"/></clipPath>',
            (
                f'<g clip-path="url(#r)"><rect width="{left:.0f}" height="{_HIGH}" fill="#3a3835"/>'
                f'<rect x="{left:.0f}" width="{right:.0f}" height="{_HIGH}" fill="#a33b0f"/></g>'
            ),
            '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">',
            f'<text x="{left / 2:.0f}" y="15">{_NAME}</text>',
            f'<text x="{left + right / 2:.0f}" y="15">{escape(shown)}</text>',
            "</g></svg>\n",
        )
    )


def button(url: str, words: str) -> str:
    """Returns a button in HTML that leads to `url`."""
    style = (
        "display:inline-block;padding:.4em .9em;border-radius:8px;background:#a33b0f;color:#fff;text-decoration:none"
    )
    return f'<a href="{escape(url)}" style="{style}">{escape(words)}</a>'


def _cut(words: str) -> str:
    if cell_len(words) <= _LONGEST:
        return words
    kept = ""
    for sign in words:
        if cell_len(kept + sign) >= _LONGEST:
            break
        kept += sign
    return f"{kept}…"


# ---------------------------------------------------------------------------------------------------------------------
# The gallery: one HTML page that shows what chats received, each chat as its platform shows it.
#
# The page is one file without scripts and external resources. Messages are shown as `Display` values, which hold text, marks
# and checked links; Jinja escapes them.


class Posted(Protocol):
    """A message that was posted, as far as the gallery needs it."""

    @property
    def id(self) -> str:
        """The message's id, unique within its chat."""

    @property
    def payload(self) -> str:
        """The payload that the platform was given, as JSON."""

    @property
    def at(self) -> datetime:
        """When the message was posted, aware UTC."""

    @property
    def thread(self) -> str | None:
        """The id of the message whose thread this one is in; None outside threads."""

    @property
    def edited(self) -> bool:
        """Whether the message was edited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonMessage:
    """A message that the person of a private chat wrote to the bot."""

    text: str
    at: datetime  # aware UTC


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSubscription:
    """One subscription of a chat, as typed."""

    query: str
    who: str = ""  # who added it, in a team


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """One chat with the messages that it received."""

    anchor: str  # of the page: a–z and "-"
    platform: str  # a platform with a Look
    who: str  # "A researcher, in a private chat"
    remark: str  # what to look for in it
    title: str  # in the platform's own title bar
    detail: str = ""  # below it: "bot", "14 members"
    shared: bool = False  # a group, where every message names its sender
    language: Literal["en", "zh"] = "en"
    timezone: str = "UTC"
    asks: tuple[ShownSubscription, ...] = ()
    when: str = ""  # "daily 08:00 Europe/Berlin"
    posts: Sequence[Posted | PersonMessage] = ()
    pressed: frozenset[str] = frozenset()  # data of the buttons that were pressed

    @property
    def words(self) -> Language:
        """The chat's language in its time zone."""
        return Language(self.language, self.timezone)

    @property
    def look(self) -> Look:
        """What the platform's messages look like."""
        return LOOKS[self.platform]

    @property
    def title_bar(self) -> str:
        """The line above the messages: platform and title."""
        return self.look.title_bar(self.title, self.detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownMessage:
    """A message as displayed, with its time in the chat's zone."""

    display: Display
    day: str  # "Fri 23 Jan"
    time: str  # "09:00"
    moment: str  # ISO 8601
    edited: bool
    mine: bool = False  # the person wrote it
    replies: tuple["ShownMessage", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The texts of the page around the chats."""

    title: str
    lead: str  # below the title
    note: str  # in small letters below that
    steps: tuple[tuple[str, str], ...]  # (next step, its command)
    other: tuple[str, str, str]  # the page in another language: its code, its file beside this one, its name


def gallery_page(exhibits: Sequence[Exhibit], frame: Frame, language: Language) -> str:
    """Returns the page as HTML. `language` is that of the page's own words; every chat has its own."""
    drawn = [(exhibit, shown_messages(exhibit), exhibit.words) for exhibit in exhibits]
    return _template().render(frame=frame, language=language, exhibits=drawn)


def shown_messages(exhibit: Exhibit) -> tuple[ShownMessage, ...]:
    """Returns the messages of a chat, with the messages of a thread under its first one. Raises ValueError for a broken payload."""
    posts = [post for post in exhibit.posts if not isinstance(post, PersonMessage)]
    known = {post.id for post in posts}
    replies: dict[str, list[Posted]] = {}
    for post in posts:
        if post.thread in known:
            replies.setdefault(str(post.thread), []).append(post)
    return tuple(
        _shown_person_message(post, exhibit)
        if isinstance(post, PersonMessage)
        else _shown(post, exhibit, replies.get(post.id, ()))
        for post in exhibit.posts
        if isinstance(post, PersonMessage) or post.thread not in known
    )


def _shown(post: Posted, exhibit: Exhibit, replies: Iterable[Posted]) -> ShownMessage:
    day, time, moment = _when(post.at, exhibit.words)
    return ShownMessage(
        display=payload_display(exhibit.platform, post.payload, pressed=exhibit.pressed),
        day=day,
        time=time,
        moment=moment,
        edited=post.edited,
        replies=tuple(_shown(reply, exhibit, ()) for reply in replies),
    )


def _shown_person_message(message: PersonMessage, exhibit: Exhibit) -> ShownMessage:
    day, time, moment = _when(message.at, exhibit.words)
    return ShownMessage(
        display=exhibit.look.person(message.text), day=day, time=time, moment=moment, edited=False, mine=True
    )


def _when(at: datetime, language: Language) -> tuple[str, str, str]:
    local = language.local(at)
    return language.day(local.date()), f"{local:%H:%M}", local.isoformat(timespec="minutes")


def payload_display(platform: str, payload: str, *, pressed: Collection[str] = ()) -> Display:
    """Returns the message that `payload` makes on a platform. Raises ValueError if the platform cannot show it.

    `payload` is JSON as the platform's channel posts it; `pressed` is the data of the buttons that were pressed.
    """
    look = LOOKS.get(platform)
    display = look.read(json.loads(payload), pressed) if look else None
    if display is None:
        raise ValueError(f"this is no message for {platform}")
    return display


def _template() -> "Template":
    return page_environment().get_template("index.html")
