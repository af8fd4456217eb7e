"""`paperwire demo`: sends the sample digests through the real pipeline to example chats, without network or account.

Only the channels and the clock differ from `paperwire run` (see `story`). The messages of each chat are printed as its
platform shows them, and written into the gallery, an HTML page.

The page is one file without scripts and external resources. Each message is shown as a `Display` value, which contains
the HTML that our own templates wrote; Jinja escapes all other text.
"""

import asyncio
import json
import sys
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory

from rich.align import Align
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from bot.commands.phrasing import when_words
from bot.connections import renderer_of
from bot.demo.story import DEMO_CHATS, DemoChat, GalleryPost, Story, run_story
from bot.rendering.dialects import draw
from bot.rendering.packing import Display, plain
from bot.rendering.terminal import flows
from subscriptions.chats.addresses import declared, facts_of
from subscriptions.errors import PaperwireError, Sentence, WrongUsage, disk_full, is_disk_full, sentences
from subscriptions.language import LANGUAGES, Language

_COLUMNS = 80  # of the widest line of a message
_FACES = {
    "Serif": "source-serif-4",
    "Sans": "source-sans-3",
}  # variable fonts by Adobe, SIL Open Font License (fonts/OFL.txt)
PAGES = {"en": "index.html", "zh": "index.zh.html"}  # language → its page

# The words of the page. Templates contain no words, so that all msgids are found in Python code.
_LABELS = sentences(
    {
        "title": "A week with paperwire",
        "lead": "On Thursday a search becomes a subscription. On Monday at eight its papers are there: in Telegram, in Slack, by mail and on a page.",
        "buttons": "Buttons",
        "silent": "sent without a sound",
        "menu": "Menu: more about this paper",
        "subscriptions": "Subscriptions",
        "received": "What {chat} received",
        "skip": "To the chats",
        "turn": "Your turn",
    }
)

Exhibit = tuple[DemoChat, Sequence[GalleryPost]]  # a chat with its messages


def run_demo(out: Path, console: Console) -> int:
    """Run the story, show it on `console` and write the gallery into `out`. Return the exit status.

    Raise WrongUsage if the gallery cannot be written.
    """
    with TemporaryDirectory(prefix="paperwire-demo-") as folder:
        story = asyncio.run(run_story(Path(folder) / "demo.db"))
    page = write_gallery(story, out)
    language = Language("en", "UTC")
    for chat, posts in exhibits(story, language):
        print_exhibit(chat, posts, console, language)
    console.print(Text(told(story, language)), Text(), sep="\n")
    for what, how in ((language.say("Look at the gallery"), str(page)), *steps(language, program(), sample())):
        console.print(Text(f"{what + ':':<20} {how}"), soft_wrap=True)
    return 1 if story.undelivered else 0


def exhibits(story: Story, language: Language) -> tuple[Exhibit, ...]:
    """Return the chats of a language with their messages."""
    return tuple((one, story.posts[one.chat]) for one in DEMO_CHATS if one.language == language.code)


def told(story: Story, language: Language) -> str:
    """Return what the story counted, and which parts of its texts are real."""
    return language.joined(
        language.say("{papers} papers came from {digests} digests.", papers=story.papers, digests=story.digests),
        language.count(
            "{count} paper was in two of the digests; no chat got it twice.",
            "{count} papers were in two of the digests; no chat got one twice.",
            story.repeated,
        ),
        language.say(
            "Ids, titles, authors and categories are real, and links lead to arXiv; "
            "abstracts, translations and summaries were written for this demonstration."
        ),
    )


def steps(language: Language, program: str, sample: str) -> tuple[tuple[str, str], ...]:
    """Return (what to do next, its command) pairs."""
    variable = next(facts.token_variable for facts in declared() if facts.token_variable)
    query = "扩散模型" if language.code == "zh" else "diffusion -survey"
    return (
        (language.say("Try your own words"), f"{program} match '{query}' {sample}"),
        (language.say("Connect a chat"), f"{variable}=… {program} run"),
    )


def program() -> str:
    """Return how to call this program: its name if the shell finds it, else as it was called now."""
    if which("paperwire"):
        return "paperwire"
    return "python -m bot" if Path(sys.argv[0]).name == "__main__.py" else sys.argv[0]


def sample() -> str:
    """Return the path of a sample digest, relative to the current folder if the digest is below that folder."""
    path = Path(str(files("bot").joinpath("samples", "daily_arxiv.md")))
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


@dataclass(frozen=True, slots=True)
class ShownMessage:
    """A message as its platform shows it."""

    display: Display
    at: datetime  # in the chat's zone
    mine: bool  # the person wrote it


def shown_messages(chat: DemoChat, posts: Sequence[GalleryPost]) -> Sequence[ShownMessage]:
    """Return the messages of a chat."""
    renderer, words = renderer_of(chat.platform), chat.words
    shown = []
    for post in posts:
        display = Display((plain(post.said),)) if post.said else renderer.display(json.loads(post.payload))
        shown.append(ShownMessage(display=display, at=words.local(post.at), mine=bool(post.said)))
    return shown


def write_gallery(story: Story, out: Path) -> Path:
    """Write one page per language and return the path of the English one. Raise WrongUsage if that fails."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        for code, name in PAGES.items():
            language = Language(code, "UTC")
            page = gallery_page(exhibits(story, language), told(story, language), language)
            (out / name).write_text(page, encoding="utf-8")
    except OSError as error:
        if is_disk_full(error):
            raise PaperwireError(*disk_full(out)) from error
        raise WrongUsage(
            Sentence("The gallery cannot be written to {folder}: {why}.", {"folder": out, "why": error.strerror or ""}),
            Sentence("Name another folder: paperwire demo --out DIR"),
        ) from error
    return out / PAGES["en"]


def gallery_page(shown: Sequence[Exhibit], note: str, language: Language) -> str:
    """Return the page as HTML. `language` is the language of the page's own words; every chat has its own language."""
    other = "en" if language.code == "zh" else "zh"
    return draw(
        "gallery",
        "index.html",
        language=language,
        note=note,
        exhibits=[(one, shown_messages(one, posts), one.words) for one, posts in shown],
        steps=steps(language, "paperwire", "digest.md"),
        other=(other, PAGES[other], LANGUAGES[other]),
        label=lambda words, name, **values: words.say(_LABELS[name], **values),
        when=lambda one: when_words(one.when, language),
        faces={name: b64encode(_static_file(f"fonts/{face}-latin.woff2")).decode() for name, face in _FACES.items()},
        papers_of_pages=_static_file("papers.css").decode(),
    )


def _static_file(name: str) -> bytes:
    """Return a file that belongs to the pages, such as a style or a font."""
    return files("templates").joinpath("web/static", name).read_bytes()


def print_exhibit(chat: DemoChat, posts: Sequence[GalleryPost], console: Console, language: Language) -> None:
    """Print one chat: its people, its subscription and its messages. Nothing is shown by colour alone."""
    console.print(Text(language.say(chat.who), style="bold"))
    if chat.query:
        console.print(Text(f"  {chat.query} · {when_words(chat.when, language)}", style="dim"))
    title = f"{facts_of(chat.platform).title} · {chat.title}"
    # In a file, a title cannot be a link, so addresses are written out.
    drawn = _drawn(chat, shown_messages(chat, posts), written=not console.is_terminal)
    width = min(console.width, _COLUMNS)
    console.print(Panel(Group(*drawn), title=Text(title), title_align="left", border_style="dim", width=width))
    console.print()


def _drawn(chat: DemoChat, messages: Sequence[ShownMessage], *, written: bool) -> Iterator[RenderableType]:
    words = chat.words
    for number, message in enumerate(messages):
        if number:
            yield Text()
        parts: list[RenderableType] = []
        for block in message.display.blocks:
            parts += [Text()] if parts and block.shape != "small" else []
            parts += flows(block, written=written)
        parts += [Text(" ".join(f"[{label}]" for label, _ in row)) for row in message.display.keys]
        silent = f"{words.say(_LABELS['silent'])} · " if message.display.silent else ""
        parts.append(Text(f"{silent}{words.day(message.at.date())} {message.at:%H:%M}", style="dim"))
        yield from map(Align.right, parts) if message.mine else parts
