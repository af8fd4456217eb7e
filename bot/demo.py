"""`paperwire demo`: the sample digests through the real pipeline to five example chats, without network or account.

Only two things are not the real ones: the channels, which keep what they are given, and the clock, which jumps from one
moment of the story to the next. Everything else is what `paperwire run` does on an ordinary day.
"""

import asyncio
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory
from typing import Final, Literal

from pydantic import SecretStr
from rich.console import Console

from bot.app import App, build_app
from bot.channels.gallery import GalleryChannel
from bot.errors import WrongUsage
from bot.pipeline import ingest
from bot.ports import Limits
from bot.rendering import Language
from bot.rendering.gallery import Ask, Exhibit, Frame, gallery_page
from bot.rendering.screen import show
from bot.settings import Settings
from subscriptions import (
    ChatAddress,
    ChatKind,
    Digest,
    Ingested,
    Sentence,
    Subscribed,
    Wish,
    cadence_text,
    set_setting,
    subscribe,
)

EVENING: Final = datetime(2026, 1, 22, 20, tzinfo=UTC)  # Thursday: everybody has subscribed
PAGES: Final = {"en": "index.html", "zh": "index.zh.html"}
_PLATFORMS: Final[tuple[Literal["telegram", "slack", "console"], ...]] = ("telegram", "slack", "console")
_UNPACED: Final = Limits(text=4096, per_second=0, per_lane=0)  # nobody waits in a gallery


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A sample digest that comes in."""

    at: datetime
    file: str  # in bot/samples
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """A chat of the example."""

    anchor: str
    platform: Literal["telegram", "slack", "console"]
    address: str
    who: Sentence
    remark: Sentence
    title: str  # in the platform's title bar
    detail: str = ""
    kind: ChatKind = ChatKind.PRIVATE
    settings: Mapping[str, str] = field(default_factory=dict)
    wishes: tuple[Wish, ...]

    @property
    def chat(self) -> ChatAddress:
        """Where it is."""
        return ChatAddress(self.platform, self.address)

    @property
    def chat_title(self) -> str:
        """What the platform calls it; a private chat has no title."""
        if self.kind is ChatKind.PRIVATE:
            return ""
        return f"#{self.title}" if self.platform == "slack" else self.title


ARRIVALS: Final[tuple[Arrival, ...]] = (
    Arrival(at=datetime(2026, 1, 23, 5, 0, tzinfo=UTC), file="arxiv_rss.xml", source="arxiv cs.AI"),
    Arrival(at=datetime(2026, 1, 23, 5, 40, tzinfo=UTC), file="daily_arxiv.md", source="daily arXiv"),
    Arrival(at=datetime(2026, 1, 23, 6, 10, tzinfo=UTC), file="bilingual.txt", source="bilingual list"),
    Arrival(at=datetime(2026, 1, 23, 6, 20, tzinfo=UTC), file="hf_papers.txt", source="trending papers"),
)
GUESTS: Final[tuple[Guest, ...]] = (
    Guest(
        anchor="researcher",
        platform="telegram",
        address="104517",
        who=Sentence("A researcher on Telegram"),
        remark=Sentence("Words, an exclusion, an author she follows. What matched is underlined."),
        title="paperwire",
        detail="bot",
        wishes=(
            Wish(text="diffusion -survey", every="daily", at="08:00", tz="Europe/Berlin"),
            Wish(text='author:"Trevor Darrell"', name="Trevor Darrell", every="daily", at="08:00"),
            Wish(text='"language model" agents', every="daily", at="08:00"),
        ),
    ),
    Guest(
        anchor="reader",
        platform="telegram",
        address="104518",
        who=Sentence("A reader in Shanghai"),
        remark=Sentence("The same papers, in the reader’s language wherever somebody wrote a summary in it."),
        title="paperwire",
        detail="机器人",
        settings={"lang": "zh"},
        wishes=(Wish(text="扩散 OR 视频生成", every="daily", at="18:00", tz="Asia/Shanghai"),),
    ),
    Guest(
        anchor="lab",
        platform="telegram",
        address="-1001045170001",
        who=Sentence("A lab’s group on Telegram"),
        remark=Sentence("One category, one message a day, without a sound."),
        title="Vision Lab",
        detail="14 members",
        kind=ChatKind.GROUP,
        wishes=(Wish(text="cs.CV", every="daily", at="09:00", tz="Europe/Berlin"),),
    ),
    Guest(
        anchor="reading-group",
        platform="slack",
        address="C0READING",
        who=Sentence("A reading group on Slack"),
        remark=Sentence("One line in the channel, the papers in its thread, and who asked for them."),
        title="reading-group",
        detail="23 members",
        kind=ChatKind.TEAM,
        wishes=(
            Wish(text="cs.CL", name="language", every="daily", at="09:00", tz="America/New_York", added_by="Lena"),
            Wish(text='"reinforcement learning" OR RLHF', name="RL", every="daily", at="09:00", added_by="Tomás"),
        ),
    ),
    Guest(
        anchor="terminal",
        platform="console",
        address="desk",
        who=Sentence("A terminal"),
        remark=Sentence("As soon as papers come. What an earlier digest brought does not come again."),
        title="Terminal",
        wishes=(Wish(text='agent* OR "tool use"', every="now"),),
    ),
)


class StoryClock:
    """Time that stands still between the moments of the story; whoever waits moves it."""

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._now = start

    def now(self) -> datetime:
        """See Clock."""
        return self._now

    def wall(self) -> datetime:
        """See Clock. The story has no other clock."""
        return self._now

    def monotonic(self) -> float:
        """See Clock."""
        return (self._now - self._start).total_seconds()

    async def sleep(self, seconds: float) -> None:
        """See Clock."""
        self._now += timedelta(seconds=seconds)

    def go_to(self, moment: datetime) -> None:
        """The next moment of the story; never back."""
        self._now = max(self._now, moment)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What happened, and to whom."""

    papers: int  # that were new
    digests: int
    repeated: tuple[str, ...]  # titles of papers that stood in more than one digest
    channels: Mapping[str, GalleryChannel]
    subscribed: Mapping[ChatAddress, tuple[Subscribed, ...]]
    undelivered: int  # messages that did not arrive

    @property
    def messages(self) -> int:
        """How many were posted."""
        return sum(len(channel.posts) for channel in self.channels.values())


def run_demo(out: Path, console: Console) -> int:
    """Tells the story, shows it on `console`, writes the gallery into `out`; returns the exit status.

    Raises WrongUsage when the gallery cannot be written.
    """
    with TemporaryDirectory(prefix="paperwire-demo-") as folder:
        story = asyncio.run(tell(Path(folder) / "demo.db"))
    page = write_gallery(story, out)
    language = Language("en", "UTC")
    for exhibit in exhibits(story, language):
        show(exhibit, console)
    console.print(_facts(story, language), markup=False, highlight=False)
    console.print(_source_of_texts(language), markup=False, highlight=False, style="dim")
    console.print()
    steps = ((language.say("Look at the gallery"), str(page)), *_steps(language, _program(), _sample()))
    for what, how in steps:
        console.print(f"{what + ':':<20} {how}", soft_wrap=True, markup=False, highlight=False)
    return 1 if story.undelivered else 0


async def tell(database: Path) -> Story:
    """Subscribes the guests, lets the digests come in, and delivers whatever is due at each moment."""
    clock = StoryClock(EVENING)
    channels: dict[str, GalleryChannel] = {name: GalleryChannel(name, _UNPACED, clock) for name in _PLATFORMS}
    settings = Settings(database_url=SecretStr(f"sqlite:///{database}"))
    app = build_app(settings, clock=clock, channels=channels)
    app.open()
    try:
        subscribed = {guest.chat: _subscribe(app, guest) for guest in GUESTS}
        due = {wish.first for wishes in subscribed.values() for wish in wishes if wish.first}
        taken: list[tuple[Digest, Ingested]] = []
        for moment in sorted(due | {arrival.at for arrival in ARRIVALS}):
            clock.go_to(moment)
            taken += [await _take_in(app, arrival) for arrival in ARRIVALS if arrival.at == moment]
            sent = await app.deliver()
    finally:
        await app.close()
    return Story(
        papers=sum(done.new for _, done in taken),
        digests=len(taken),
        repeated=_repeated([digest for digest, _ in taken]),
        channels=channels,
        subscribed=subscribed,
        undelivered=sent.waiting + sent.unclear + sent.dead,
    )


def _subscribe(app: App, guest: Guest) -> tuple[Subscribed, ...]:
    now = app.clock.now()
    done = [
        subscribe(app.store, guest.chat, wish, now=now, title=guest.chat_title, kind=guest.kind)
        for wish in guest.wishes
    ]
    for name, value in guest.settings.items():
        set_setting(app.store, guest.chat, name, value, now=now)
    return tuple(done)


async def _take_in(app: App, arrival: Arrival) -> tuple[Digest, Ingested]:
    data = files("bot").joinpath("samples", arrival.file).read_bytes()
    return await ingest(app.wire, data, arrival.file, source=arrival.source)


def _repeated(digests: Sequence[Digest]) -> tuple[str, ...]:
    """Titles of the papers that stand in more than one digest."""
    titles = {paper.key: paper.title for digest in digests for paper in digest.entries}
    times = Counter(key for digest in digests for key in {paper.key for paper in digest.entries})
    return tuple(titles[key] for key, count in times.items() if count > 1)


def exhibits(story: Story, language: Language) -> tuple[Exhibit, ...]:
    """The guests with what they received; `language` is that of the words about them."""
    return tuple(_exhibit(guest, story, language) for guest in GUESTS)


def _exhibit(guest: Guest, story: Story, language: Language) -> Exhibit:
    wishes = story.subscribed[guest.chat]
    zone = wishes[0].chat.settings.timezone
    when = cadence_text(wishes[0].subscription.cadence)
    return Exhibit(
        anchor=guest.anchor,
        platform=guest.platform,
        who=guest.who.say(language.translate),
        remark=guest.remark.say(language.translate),
        title=guest.title,
        detail=guest.detail,
        shared=guest.kind is not ChatKind.PRIVATE,
        language="zh" if guest.settings.get("lang") == "zh" else "en",
        timezone=zone,
        asks=tuple(Ask(query=wish.subscription.text, who=wish.subscription.added_by) for wish in wishes),
        when=f"{when} {zone}" if wishes[0].first else when,
        posts=story.channels[guest.platform].posts_in(guest.chat),
    )


def write_gallery(story: Story, out: Path) -> Path:
    """Writes the pages, one per language, and returns the English one. Raises WrongUsage when it cannot."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        for lang, name in PAGES.items():
            language = Language(lang, "UTC")
            page = gallery_page(exhibits(story, language), _frame(story, language), language)
            (out / name).write_text(page, encoding="utf-8")
    except OSError as error:
        raise WrongUsage(
            Sentence("The gallery cannot be written to {folder}: {why}.", {"folder": out, "why": error.strerror or ""}),
            Sentence("Name another folder: paperwire demo --out DIR"),
        ) from error
    return out / PAGES["en"]


def _frame(story: Story, language: Language) -> Frame:
    other = "en" if language.code == "zh" else "zh"
    return Frame(
        title=language.say("One day’s papers, as five chats received them"),
        lead=_facts(story, language),
        note=_source_of_texts(language),
        steps=_steps(language, "paperwire", "digest.md"),
        other=(other, PAGES[other], "English" if other == "en" else "中文"),
    )


def _facts(story: Story, language: Language) -> str:
    """What came of it, counted."""
    counted = language.say(
        "{papers} papers from {digests} digests, {messages} messages to {chats} chats.",
        papers=story.papers,
        digests=story.digests,
        messages=story.messages,
        chats=len(GUESTS),
    )
    if not story.repeated:
        return counted
    title = story.repeated[0].partition(":")[0]
    twice = language.say("“{title}” stood in two of the digests; nobody was told twice.", title=title)
    return language.say("{sentence} {next}", sentence=counted, next=twice)


def _source_of_texts(language: Language) -> str:
    return language.say(
        "Ids, titles, authors and categories are real, and links lead to arXiv; "
        "abstracts, translations and summaries were written for this demonstration."
    )


def _steps(language: Language, program: str, sample: str) -> tuple[tuple[str, str], ...]:
    """What one could do next, and the command for it."""
    return (
        (language.say("Try your own words"), f"{program} match 'diffusion -survey' {sample}"),
        (language.say("Connect a chat"), f"PAPERWIRE_TELEGRAM_TOKEN=… {program} run"),
    )


def _program() -> str:
    """How to call this program here: by its name where the shell finds it, else as it was called just now."""
    if which("paperwire"):
        return "paperwire"
    return "python -m bot" if Path(sys.argv[0]).name == "__main__.py" else sys.argv[0]


def _sample() -> str:
    """The path of a sample digest, as short as it can be written here."""
    path = Path(str(files("bot").joinpath("samples", "daily_arxiv.md")))
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
