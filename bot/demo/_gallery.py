"""The gallery of the demo: what came to each chat, as pages and as words about them."""

import sys
from importlib.resources import files
from pathlib import Path
from shutil import which
from typing import Final

from bot.commands.phrasing.cadence_words import cadence_words
from bot.demo._guests import CONVERSATIONS, DEMO_CHATS, DemoChat, DemoConversation
from bot.demo._story import Story
from bot.errors import WrongUsage
from bot.rendering.display.gallery import Exhibit, Frame, PersonMessage, Posted, ShownSubscription, gallery_page
from bot.rendering.text.language import Language
from subscriptions.errors import PaperwireError, Sentence, disk_full, is_disk_full
from subscriptions.model import ChatKind

PAGES: Final = {"en": "index.html", "zh": "index.zh.html"}


def exhibits(story: Story, language: Language) -> tuple[Exhibit, ...]:
    """The conversation in this language, then the guests with what they received, in words of this language."""
    talks = (_conversation(talk, story, language) for talk in CONVERSATIONS if talk.language == language.code)
    return (*talks, *(_exhibit(guest, story, language) for guest in DEMO_CHATS))


def _conversation(conversation: DemoConversation, story: Story, language: Language) -> Exhibit:
    spoken = story.conversation_logs[conversation.chat]
    posts: list[Posted | PersonMessage] = [
        *spoken.said,
        *story.channels[conversation.chat.platform].posts_in(conversation.chat),
    ]
    return Exhibit(
        anchor=conversation.anchor,
        platform="telegram",
        who=conversation.who.say(language.translate),
        remark=conversation.remark.say(language.translate),
        title=conversation.title,
        detail=conversation.detail,
        language=conversation.language,
        timezone=conversation.timezone,
        posts=sorted(posts, key=lambda post: post.at),  # what was said stands before its answer
        pressed=spoken.pressed,
    )


def _exhibit(guest: DemoChat, story: Story, language: Language) -> Exhibit:
    wishes = story.subscribed[guest.chat]
    zone = wishes[0].chat.settings.timezone
    when = cadence_words(wishes[0].subscription.cadence, language, zone if wishes[0].first else "")
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
        asks=tuple(ShownSubscription(query=wish.subscription.text, who=wish.subscription.added_by) for wish in wishes),
        when=when,
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
        title=language.say("One day’s papers, as five chats received them"),
        lead=story_counts(story, language),
        note=source_of_texts(language),
        steps=steps(language, "paperwire", "digest.md"),
        other=(other, PAGES[other], "English" if other == "en" else "中文"),
    )


def story_counts(story: Story, language: Language) -> str:
    """What came of it, counted."""
    counted = language.say(
        "{papers} papers from {digests} digests, {messages} messages to {chats} chats.",
        papers=story.papers,
        digests=story.digests,
        messages=story.messages,
        chats=len(DEMO_CHATS),
    )
    if not story.repeated:
        return counted
    title = story.repeated[0].partition(":")[0]
    twice = language.say("“{title}” stood in two of the digests; nobody was told twice.", title=title)
    return language.say("{sentence} {next}", sentence=counted, next=twice)


def source_of_texts(language: Language) -> str:
    return language.say(
        "Ids, titles, authors and categories are real, and links lead to arXiv; "
        "abstracts, translations and summaries were written for this demonstration."
    )


def steps(language: Language, program: str, sample: str) -> tuple[tuple[str, str], ...]:
    """What one could do next, and the command for it."""
    return (
        (language.say("Try your own words"), f"{program} match 'diffusion -survey' {sample}"),
        (language.say("Connect a chat"), f"PAPERWIRE_TELEGRAM_TOKEN=… {program} run"),
    )


def program() -> str:
    """How to call this program here: by its name where the shell finds it, else as it was called just now."""
    if which("paperwire"):
        return "paperwire"
    return "python -m bot" if Path(sys.argv[0]).name == "__main__.py" else sys.argv[0]


def sample() -> str:
    """The path of a sample digest, as short as it can be written here."""
    path = Path(str(files("bot").joinpath("samples", "daily_arxiv.md")))
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
