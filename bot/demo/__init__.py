"""`paperwire demo`: sends the sample digests through the real pipeline to example chats, without network or account.

Only the channels and the clock differ from `paperwire run` (see `story`). The messages of each chat are printed as its platform
shows them, and written into the gallery, an HTML page.

The page is one file without scripts and external resources. Each message is shown as a `Display` value, which contains
the HTML that our own templates wrote; Jinja escapes all other text.
"""

import asyncio
import sys
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory
from typing import Final, Literal

from rich.align import Align
from rich.box import ROUNDED
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.text import Text

from bot.commands.phrasing import cadence_words
from bot.demo.story import (
    DEMO_CHATS,
    ConversationLog,
    DemoChat,
    GalleryPost,
    PersonMessage,
    Story,
    run_story,
)
from bot.errors import WrongUsage
from bot.platforms.known import look_of
from bot.rendering import appearance
from bot.rendering.dialects import draw
from bot.rendering.pages import FACES, static_file
from bot.rendering.terminal import Flow, flows
from subscriptions.addresses import declared
from subscriptions.errors import PaperwireError, Sentence, disk_full, is_disk_full
from subscriptions.language import Language
from subscriptions.model import ChatKind

# The words of the page. Templates contain no words, so that all msgids are found in Python code.
_LABELS: Final = {
    "buttons": Sentence("Buttons"),
    "silent": Sentence("sent without a sound"),
    "edited": Sentence("edited"),
    "menu": Sentence("Menu: more about this paper"),
    "subscriptions": Sentence("Subscriptions"),
    "received": Sentence("What {chat} received"),
    "skip": Sentence("To the chats"),
    "chats": Sentence("Chats"),
    "turn": Sentence("Your turn"),
}


def run_demo(out: Path, console: Console) -> int:
    """Runs the story, shows it on `console` and writes the gallery into `out`. Returns the exit status.

    Raises WrongUsage if the gallery cannot be written.
    """
    with TemporaryDirectory(prefix="paperwire-demo-") as folder:
        story = asyncio.run(run_story(Path(folder) / "demo.db"))
    page = write_gallery(story, out)
    language = Language("en", "UTC")
    for exhibit in exhibits(story, language):
        print_exhibit(exhibit, console)
    console.print(story_counts(story, language), markup=False, highlight=False)
    console.print(source_of_texts(language), markup=False, highlight=False, style="dim")
    console.print()
    for what, how in (
        (language.say("Look at the gallery"), str(page)),
        *steps(language, program(), sample()),
    ):
        console.print(f"{what + ':':<20} {how}", soft_wrap=True, markup=False, highlight=False)
    return 1 if story.undelivered else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """One chat with the messages that it received."""

    anchor: str  # its anchor in the page, of a–z and "-"
    platform: str  # a platform that has a Look
    who: str  # "A researcher, in a private chat"
    remark: str  # what to look for in the chat
    title: str  # in the platform's own title bar
    detail: str = ""  # below it: "bot", "14 members"
    shared: bool = False  # a group, where every message names its sender
    language: Literal["en", "zh"] = "en"
    timezone: str = "UTC"
    asks: tuple[str, ...] = ()  # queries of its subscriptions, as typed
    when: str = ""  # "daily 08:00 Europe/Berlin"
    posts: Sequence[GalleryPost | PersonMessage] = ()
    pressed: frozenset[str] = frozenset()  # data of the buttons that were pressed

    @property
    def words(self) -> Language:
        """The chat's language and time zone."""
        return Language(self.language, self.timezone)

    @property
    def look(self) -> appearance.Appearance:
        """What the platform's messages look like."""
        look = look_of(self.platform)
        assert look is not None  # noqa: S101 - `platform` has a Look
        return look

    @property
    def title_bar(self) -> str:
        """The line above the messages: platform and title."""
        return self.look.title_bar.format(title=self.title, detail=f" ({self.detail})" if self.detail else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownMessage:
    """A message as displayed, with its time in the chat's zone."""

    display: appearance.Display
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
    note: str  # in small letters below the lead
    steps: tuple[tuple[str, str], ...]  # (next step, its command)
    other: tuple[str, str, str]  # the page in another language: (its code, its file in the same folder, its name)


def gallery_page(exhibits: Sequence[Exhibit], frame: Frame, language: Language) -> str:
    """Returns the page as HTML. `language` is the language of the page's own words; every chat has its own language."""
    drawn = [(exhibit, shown_messages(exhibit), exhibit.words) for exhibit in exhibits]
    return draw(
        "gallery",
        "index.html",
        frame=frame,
        language=language,
        exhibits=drawn,
        label=_label,
        faces={
            name: b64encode(static_file(f"fonts/{face}-latin.woff2")).decode()
            for name, face in zip(("Serif", "Sans"), FACES, strict=True)
        },
        papers_of_pages=_rules_of_papers(),
    )


def _label(language: Language, name: str, **values: object) -> str:
    """Returns the text of the page that has this name, in a language."""
    return language.say(_LABELS[name], **values)


def _rules_of_papers() -> str:
    """Returns the rules of the pages' style sheet for papers, by which the gallery shows a message of a page."""
    lines = static_file("style.css").decode().splitlines()
    begin, end = (
        next(n for n, line in enumerate(lines) if line.startswith(rule)) for rule in (".paper {", "/* The chat")
    )
    return "\n".join(lines[begin:end])


def shown_messages(exhibit: Exhibit) -> tuple[ShownMessage, ...]:
    """Returns the messages of a chat. Messages in a thread become `replies` of the thread's first message."""
    posts = [post for post in exhibit.posts if not isinstance(post, PersonMessage)]
    known = {post.id for post in posts}
    replies: dict[str, list[GalleryPost]] = {}
    for post in posts:
        if post.thread in known:
            replies.setdefault(str(post.thread), []).append(post)
    shown = []
    for one in exhibit.posts:
        if isinstance(one, PersonMessage):
            shown.append(_shown_person_message(one, exhibit))
        elif one.thread not in known:
            shown.append(_shown(one, exhibit, replies.get(one.id, ())))
    return tuple(shown)


def _shown(post: GalleryPost, exhibit: Exhibit, replies: Iterable[GalleryPost]) -> ShownMessage:
    day, time, moment = _when(post.at, exhibit.words)
    return ShownMessage(
        display=exhibit.look.display(post.payload),
        day=day,
        time=time,
        moment=moment,
        edited=post.edited,
        replies=tuple(_shown(reply, exhibit, ()) for reply in replies),
    )


def _shown_person_message(message: PersonMessage, exhibit: Exhibit) -> ShownMessage:
    day, time, moment = _when(message.at, exhibit.words)
    return ShownMessage(
        display=appearance.Display(blocks=(exhibit.look.person(message.text),)),
        day=day,
        time=time,
        moment=moment,
        edited=False,
        mine=True,
    )


def _when(at: datetime, language: Language) -> tuple[str, str, str]:
    local = language.local(at)
    return language.day(local.date()), f"{local:%H:%M}", local.isoformat(timespec="minutes")


PAGES: Final = {"en": "index.html", "zh": "index.zh.html"}


def exhibits(story: Story, language: Language) -> tuple[Exhibit, ...]:
    """Returns what the chats of this language received, with captions in it."""
    return tuple(_exhibit(chat, story, language) for chat in DEMO_CHATS if chat.language == language.code)


def _exhibit(demo_chat: DemoChat, story: Story, language: Language) -> Exhibit:
    subscribed = story.subscribed.get(demo_chat.chat, ())
    log = story.conversation_logs.get(demo_chat.chat, ConversationLog())
    zone, when = demo_chat.timezone, ""
    if subscribed:
        zone = subscribed[0].chat.settings.timezone
        when = cadence_words(
            subscribed[0].subscription.cadence, language, zone if subscribed[0].subscription.next_due_at else ""
        )
    posts: list[GalleryPost | PersonMessage] = [
        *log.messages,
        *story.channels[demo_chat.platform].posts_in(demo_chat.chat),
    ]
    return Exhibit(
        anchor=demo_chat.anchor,
        platform=demo_chat.platform,
        who=demo_chat.who.say(language.translate),
        remark=demo_chat.remark.say(language.translate),
        title=demo_chat.title,
        detail=demo_chat.detail,
        shared=demo_chat.kind is not ChatKind.PRIVATE,
        language=demo_chat.language,
        timezone=zone,
        asks=tuple(one.subscription.text for one in subscribed),
        when=when,
        posts=sorted(posts, key=lambda post: post.at),  # stable: a person's message stays before its reply
        pressed=log.pressed,
    )


def write_gallery(story: Story, out: Path) -> Path:
    """Writes one page per language and returns the path of the English one. Raises WrongUsage if that fails."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        for lang, name in PAGES.items():
            language = Language(lang, "UTC")
            page = gallery_page(exhibits(story, language), _frame(story, language), language)
            (out / name).write_text(page, encoding="utf-8")
    except OSError as error:
        if is_disk_full(error):
            raise PaperwireError(*disk_full(out)) from error
        raise WrongUsage(
            Sentence("The gallery cannot be written to {folder}: {why}.", {"folder": out, "why": error.strerror or ""}),
            Sentence("Name another folder: paperwire demo --out DIR"),
        ) from error
    return out / PAGES["en"]


def _frame(story: Story, language: Language) -> Frame:
    other = "en" if language.code == "zh" else "zh"
    return Frame(
        title=language.say("A week with paperwire"),
        lead=language.say(
            "On Thursday a search becomes a subscription. On Monday at eight its papers are there: in Telegram, in Slack, by mail and on a page."
        ),
        note=language.joined(story_counts(story, language), source_of_texts(language)),
        steps=steps(language, "paperwire", "digest.md"),
        other=(other, PAGES[other], "English" if other == "en" else "中文"),
    )


def story_counts(story: Story, language: Language) -> str:
    """Returns a sentence with the counts of the story."""
    counted = language.say(
        "{papers} papers came from {digests} digests.",
        papers=story.papers,
        digests=story.digests,
    )
    twice = language.count(
        "{count} paper was in two of the digests; no chat got it twice.",
        "{count} papers were in two of the digests; no chat got one twice.",
        story.repeated,
    )
    return language.joined(counted, twice)


def source_of_texts(language: Language) -> str:
    """Returns the sentence that says which parts of the texts are real."""
    return language.say(
        "Ids, titles, authors and categories are real, and links lead to arXiv; "
        "abstracts, translations and summaries were written for this demonstration."
    )


def steps(language: Language, program: str, sample: str) -> tuple[tuple[str, str], ...]:
    """Returns (what to do next, its command) pairs."""
    variable = next(facts.token_variable for facts in declared() if facts.token_variable)
    query = "扩散模型" if language.code == "zh" else "diffusion -survey"
    return (
        (language.say("Try your own words"), f"{program} match '{query}' {sample}"),
        (language.say("Connect a chat"), f"{variable}=… {program} run"),
    )


def program() -> str:
    """Returns how to call this program: its name if the shell finds it, otherwise the way in which it was called now."""
    if which("paperwire"):
        return "paperwire"
    if Path(sys.argv[0]).name == "__main__.py":
        return "python -m bot"
    return sys.argv[0]


def sample() -> str:
    """Returns the path of a sample digest, relative to the current folder if the digest is below that folder."""
    path = Path(str(files("bot").joinpath("samples", "daily_arxiv.md")))
    if path.is_relative_to(Path.cwd()):
        return str(path.relative_to(Path.cwd()))
    return str(path)


def print_exhibit(exhibit: Exhibit, console: Console) -> None:
    """Prints one chat: its people, subscriptions and messages. Nothing is shown by colour alone."""
    console.print(Text(exhibit.who, style="bold"))
    for ask in exhibit.asks:
        console.print(Text("  ").append(ask, style="bold"))
    if exhibit.when:
        console.print(Text(f"  {exhibit.when}", style="dim"))
    # In a file, a title cannot be a link, so addresses are written out.
    drawn = _drawn(exhibit, shown_messages(exhibit), written=not console.is_terminal)
    console.print(
        Panel(
            drawn,
            box=ROUNDED,
            title=Text(exhibit.title_bar),
            title_align="left",
            border_style="dim",
            width=min(console.width, exhibit.look.columns),
        )
    )
    console.print()


def _drawn(exhibit: Exhibit, messages: Sequence[ShownMessage], *, written: bool) -> RenderableType:
    words = exhibit.words
    parts: list[RenderableType] = []
    for number, message in enumerate(messages):
        if number == 0 or messages[number - 1].day != message.day:
            parts.append(Align.center(Text(message.day, style="dim")))
        else:
            parts.append(Text())
        match exhibit.look.style:
            case "feed":
                parts += _feed_post(message, words, written=written)
            case _ if message.mine:
                parts += [Align.right(flow) for flow in _flows(message, written=written)]
                parts.append(Align.right(Text(message.time, style="dim")))
            case _:
                if exhibit.shared:
                    parts += [Text("paperwire", style="bold")]
                parts += _flows(message, written=written)
                parts += _keys(message.display.keys)
                silent = ""
                if message.display.silent:
                    silent = f"{words.say('sent without a sound')} · "
                parts.append(Align.right(Text(silent + message.time, style="dim")))
    return Group(*parts)


def _feed_post(message: ShownMessage, words: Language, *, written: bool) -> Iterator[RenderableType]:
    yield Text("paperwire", style="bold").append("  APP  ", style="dim").append(message.time, style="dim")
    for place, block in enumerate(message.display.blocks):
        if place and block.shape != "small":
            yield Text()
        yield from flows(block, written=written)
    yield from _keys(message.display.keys)
    if message.replies:
        yield Text()
        yield Text(words.count("{count} reply", "{count} replies", len(message.replies)), style="bold")
    for reply in message.replies:
        yield Padding(Group(*_feed_post(reply, words, written=written)), (0, 0, 0, 3))


def _flows(message: ShownMessage, *, written: bool) -> Iterator[Flow]:
    for block in message.display.blocks:
        yield from flows(block, written=written)


def _keys(rows: Iterable[Sequence[appearance.Key]]) -> Iterator[RenderableType]:
    for row in rows:
        yield Text(" ".join(f"[{key.text}]" for key in row))
